"""Aftersales: cases, refund orders with their ledger, return orders, platforms' documents, tickets, shops' terms.

Revision: 0008, after 0007.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import create_index, create_table
from oms_adapters.db.types import Id, Instant, Json, code, text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "aftersales_case",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", text(40), nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(64), nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("state", code(), nullable=False),
        sa.Column("platform_refund_no", text(64), nullable=False),
        sa.Column("replacement_id", Id, nullable=True),
        sa.Column("difference_count", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_aftersales_case_order_id"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_aftersales_case_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_aftersales_case"),
        sa.UniqueConstraint("number", name="uq_aftersales_case_number"),
    )
    create_index("ix_aftersales_case_created", "aftersales_case", ["created_at", "id"])
    create_index("ix_aftersales_case_due", "aftersales_case", ["due_at", "id"])
    create_index("ix_aftersales_case_order_id", "aftersales_case", ["order_id"])
    create_index("ix_aftersales_case_platform_refund_no", "aftersales_case", ["platform_refund_no"])
    create_index("ix_aftersales_case_replacement_id", "aftersales_case", ["replacement_id"])
    create_index("ix_aftersales_case_shop", "aftersales_case", ["shop_id", "created_at", "id"])
    create_index("ix_aftersales_case_state", "aftersales_case", ["state", "created_at", "id"])
    create_table(
        "refund_order",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", text(40), nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("case_id", Id, nullable=True),
        sa.Column("platform_order_no", text(64), nullable=False),
        sa.Column("platform_refund_no", text(64), nullable=False),
        sa.Column("after_shipment", sa.Boolean(), nullable=False),
        sa.Column("source", code(), nullable=False),
        sa.Column("state", code(), nullable=False),
        sa.Column("platform_state", code(), nullable=False),
        sa.Column("document_state", code(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("tags", Json, nullable=False),
        sa.Column("difference_count", sa.Integer(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_refund_order_order_id"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_refund_order_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_refund_order"),
        sa.UniqueConstraint("number", name="uq_refund_order_number"),
    )
    create_index("ix_refund_order_case_id", "refund_order", ["case_id"])
    create_index("ix_refund_order_list", "refund_order", ["after_shipment", "created_at", "id"])
    create_index("ix_refund_order_order_id", "refund_order", ["order_id"])
    create_index("ix_refund_order_platform_order_no", "refund_order", ["platform_order_no"])
    create_index("ix_refund_order_platform_refund_no", "refund_order", ["platform_refund_no"])
    create_index("ix_refund_order_shop", "refund_order", ["shop_id", "created_at", "id"])
    create_index("ix_refund_order_state", "refund_order", ["state", "created_at", "id"])
    create_table(
        "refund_entry",
        sa.Column("order_id", Id, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("refund_id", Id, nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("taken", Json, nullable=False),
        sa.Column("excess_fen", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_refund_entry_order_id"),
        sa.PrimaryKeyConstraint("order_id", "seq", name="pk_refund_entry"),
    )
    create_index("ix_refund_entry_refund_id", "refund_entry", ["refund_id"])
    create_table(
        "refund_cap",
        sa.Column("order_id", Id, nullable=False),
        sa.Column("line_id", Id, nullable=False),
        sa.Column("charge", code(), nullable=False),
        sa.Column("tender", text(100), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("gone_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("gone_fen >= 0 AND gone_fen <= paid_fen", name="ck_refund_cap_gone"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_refund_cap_order_id"),
        sa.PrimaryKeyConstraint("order_id", "line_id", "charge", "tender", name="pk_refund_cap"),
    )
    create_table(
        "return_order",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", text(40), nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(64), nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("case_id", Id, nullable=False),
        sa.Column("state", code(), nullable=False),
        sa.Column("warehouse", text(32), nullable=False),
        sa.Column("tracking_no", text(64), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["aftersales_case.id"], name="fk_return_order_case_id"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_return_order_order_id"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_return_order_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_return_order"),
        sa.UniqueConstraint("number", name="uq_return_order_number"),
    )
    create_index("ix_return_order_case_id", "return_order", ["case_id"])
    create_index("ix_return_order_created", "return_order", ["created_at", "id"])
    create_index("ix_return_order_order_id", "return_order", ["order_id"])
    create_index("ix_return_order_shop", "return_order", ["shop_id", "created_at", "id"])
    create_index("ix_return_order_state", "return_order", ["state", "created_at", "id"])
    create_index("ix_return_order_tracking_no", "return_order", ["tracking_no"])
    create_table(
        "platform_aftersales",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", text(40), nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(64), nullable=False),
        sa.Column("platform", code(), nullable=False),
        sa.Column("refund_no", text(64), nullable=False),
        sa.Column("order_no", text(64), nullable=False),
        sa.Column("conversion", code(), nullable=False),
        sa.Column("case_id", Id, nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_platform_aftersales_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_platform_aftersales"),
        sa.UniqueConstraint("number", name="uq_platform_aftersales_number"),
        sa.UniqueConstraint("shop_id", "refund_no", name="uq_platform_aftersales_shop_id_refund_no"),
    )
    create_index("ix_platform_aftersales_conversion", "platform_aftersales", ["conversion", "created_at", "id"])
    create_index("ix_platform_aftersales_created", "platform_aftersales", ["created_at", "id"])
    create_index("ix_platform_aftersales_order_no", "platform_aftersales", ["shop_id", "order_no"])
    create_index("ix_platform_aftersales_shop", "platform_aftersales", ["shop_id", "created_at", "id"])
    create_table(
        "ticket",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", text(40), nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(64), nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("state", code(), nullable=False),
        sa.Column("case_id", Id, nullable=True),
        sa.Column("order_id", Id, nullable=True),
        sa.Column("assignee", text(100), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_ticket_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
        sa.UniqueConstraint("number", name="uq_ticket_number"),
    )
    create_index("ix_ticket_assignee", "ticket", ["assignee"])
    create_index("ix_ticket_case_id", "ticket", ["case_id"])
    create_index("ix_ticket_created", "ticket", ["created_at", "id"])
    create_index("ix_ticket_due", "ticket", ["due_at", "id"])
    create_index("ix_ticket_order_id", "ticket", ["order_id"])
    create_index("ix_ticket_shop", "ticket", ["shop_id", "created_at", "id"])
    create_index("ix_ticket_state", "ticket", ["state", "created_at", "id"])
    create_table(
        "aftersales_terms",
        sa.Column("id", Id, nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_aftersales_terms_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_aftersales_terms"),
        sa.UniqueConstraint("shop_id", name="uq_aftersales_terms_shop_id"),
    )
