"""The first slice: shops, platform orders, sales orders, fulfilment, stock, vault, log, outbox, jobs, keys.

Revision: 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import create_index, create_table
from oms_adapters.db.types import Id, Instant, Json, blob, code, long_text, text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "api_key",
        sa.Column("id", Id, nullable=False),
        sa.Column("prefix", code(), nullable=False),
        sa.Column("secret_hash", text(200), nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("permissions", Json, nullable=False),
        sa.Column("shops", Json, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("revoked_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("prefix", name="uq_api_key_prefix"),
    )
    create_table(
        "document_counter",
        sa.Column("kind", code(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "day", name="pk_document_counter"),
    )
    create_table(
        "event",
        sa.Column("id", Id, nullable=False),
        sa.Column("type", text(80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("stream", Id, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("shop_id", Id, nullable=True),
        sa.Column("actor", text(100), nullable=False),
        sa.Column("cause", Id, nullable=True),
        sa.Column("request_id", text(100), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    create_index("ix_event_stream", "event", ["stream", "seq"])

    create_table(
        "idempotency",
        sa.Column("client", text(100), nullable=False),
        sa.Column("key", text(300), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("answer", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("client", "key", name="pk_idempotency"),
    )
    create_index("ix_idempotency_created_at", "idempotency", ["created_at"])

    create_table(
        "job",
        sa.Column("id", Id, nullable=False),
        sa.Column("handler", text(80), nullable=False),
        sa.Column("key", text(100), nullable=False),
        sa.Column("event_id", Id, nullable=True),
        sa.Column("stream", Id, nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("state", code(), nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("lease_until", Instant, nullable=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", text(500), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("done_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("handler", "key", name="uq_job_handler_key"),
    )
    create_index("ix_job_due", "job", ["state", "due_at"])
    create_index("ix_job_stream", "job", ["stream", "handler", "seq"])

    create_table(
        "operation_log",
        sa.Column("document_id", Id, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", code(), nullable=False),
        sa.Column("event_id", Id, nullable=False),
        sa.Column("kind", text(80), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("actor", text(100), nullable=False),
        sa.Column("request_id", text(100), nullable=False),
        sa.Column("cause", Id, nullable=True),
        sa.Column("shop_id", Id, nullable=True),
        sa.Column("reason", long_text(), nullable=False),
        sa.Column("changes", Json, nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("document_id", "seq", name="pk_operation_log"),
    )
    create_table(
        "outbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("type", text(80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("stream", Id, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("shop_id", Id, nullable=True),
        sa.Column("actor", text(100), nullable=False),
        sa.Column("cause", Id, nullable=True),
        sa.Column("request_id", text(100), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    create_index("ix_outbox_stream", "outbox", ["stream", "seq"])

    create_table(
        "pii_access",
        sa.Column("id", Id, nullable=False),
        sa.Column("vault_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=True),
        sa.Column("actor", text(100), nullable=False),
        sa.Column("purpose", text(200), nullable=False),
        sa.Column("request_id", text(100), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pii_access"),
    )
    create_index("ix_pii_access_at", "pii_access", ["at"])
    create_index("ix_pii_access_vault_id", "pii_access", ["vault_id"])

    create_table(
        "shop",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", text(32), nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("platform", text(40), nullable=False),
        sa.Column("authorisation", code(), nullable=False),
        sa.Column("policy", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_shop"),
        sa.UniqueConstraint("code", name="uq_shop_code"),
    )
    create_table(
        "stock",
        sa.Column("sku", text(64), nullable=False),
        sa.Column("warehouse", text(32), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("on_hand >= 0", name="ck_stock_on_hand"),
        sa.CheckConstraint("reserved <= on_hand", name="ck_stock_available"),
        sa.CheckConstraint("reserved >= 0", name="ck_stock_reserved"),
        sa.PrimaryKeyConstraint("sku", "warehouse", name="pk_stock"),
    )
    create_table(
        "stock_ledger",
        sa.Column("id", Id, nullable=False),
        sa.Column("sku", text(64), nullable=False),
        sa.Column("warehouse", text(32), nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("document_id", Id, nullable=False),
        sa.Column("actor", text(100), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stock_ledger"),
    )
    create_index("ix_stock_ledger_sku", "stock_ledger", ["sku", "warehouse", "at"])

    create_table(
        "channel_cursor",
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("name", code(), nullable=False),
        sa.Column("read_to", Instant, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_channel_cursor_shop_id"),
        sa.PrimaryKeyConstraint("shop_id", "name", name="pk_channel_cursor"),
    )
    create_table(
        "pii_vault",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("key_id", code(), nullable=False),
        sa.Column("sealed", blob(), nullable=False),
        sa.Column("mask", text(1000), nullable=False),
        sa.Column("phone_index", code(), nullable=True),
        sa.Column("phone4_index", code(), nullable=True),
        sa.Column("name_index", code(), nullable=True),
        sa.Column("whole_index", code(), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_pii_vault_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pii_vault"),
    )
    create_index(
        "ix_pii_vault_name",
        "pii_vault",
        ["name_index"],
        sqlite_where=sa.text("name_index IS NOT NULL"),
        postgresql_where=sa.text("name_index IS NOT NULL"),
    )
    create_index(
        "ix_pii_vault_phone",
        "pii_vault",
        ["phone_index"],
        sqlite_where=sa.text("phone_index IS NOT NULL"),
        postgresql_where=sa.text("phone_index IS NOT NULL"),
    )
    create_index(
        "ix_pii_vault_phone4",
        "pii_vault",
        ["phone4_index"],
        sqlite_where=sa.text("phone4_index IS NOT NULL"),
        postgresql_where=sa.text("phone4_index IS NOT NULL"),
    )
    create_index(
        "ix_pii_vault_whole",
        "pii_vault",
        ["whole_index"],
        sqlite_where=sa.text("whole_index IS NOT NULL"),
        postgresql_where=sa.text("whole_index IS NOT NULL"),
    )

    create_table(
        "platform_order",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", text(40), nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("platform", code(), nullable=False),
        sa.Column("order_no", text(64), nullable=False),
        sa.Column("standard", Json, nullable=True),
        sa.Column("modified_at", Instant, nullable=False),
        sa.Column("receiver_id", Id, nullable=False),
        sa.Column("receiver_mask", text(1000), nullable=False),
        sa.Column("receiver_digest", code(), nullable=False),
        sa.Column("buyer_id", Id, nullable=False),
        sa.Column("buyer_mask", text(1000), nullable=False),
        sa.Column("buyer_digest", code(), nullable=False),
        sa.Column("raw_id", Id, nullable=False),
        sa.Column("conversion", code(), nullable=False),
        sa.Column("trouble", Json, nullable=True),
        sa.Column("order_id", Id, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_platform_order_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_platform_order"),
        sa.UniqueConstraint("number", name="uq_platform_order_number"),
        sa.UniqueConstraint("shop_id", "order_no", name="uq_platform_order_shop_id_order_no"),
    )
    create_index("ix_platform_order_conversion", "platform_order", ["conversion", "created_at", "id"])
    create_index("ix_platform_order_created", "platform_order", ["created_at", "id"])

    create_table(
        "shop_account",
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("sealed", blob(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_shop_account_shop_id"),
        sa.PrimaryKeyConstraint("shop_id", name="pk_shop_account"),
    )
    create_table(
        "sales_order",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", text(40), nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("platform", code(), nullable=False),
        sa.Column("platform_order_id", Id, nullable=True),
        sa.Column("platform_order_no", text(64), nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("cash_on_delivery", sa.Boolean(), nullable=False),
        sa.Column("external", sa.Boolean(), nullable=False),
        sa.Column("state", code(), nullable=False),
        sa.Column("currency", code(), nullable=False),
        sa.Column("freight", sa.BigInteger(), nullable=False),
        sa.Column("services", sa.BigInteger(), nullable=False),
        sa.Column("cod_fee", sa.BigInteger(), nullable=False),
        sa.Column("payable", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("receiver_id", Id, nullable=False),
        sa.Column("receiver_mask", text(1000), nullable=False),
        sa.Column("receiver_digest", code(), nullable=False),
        sa.Column("buyer_id", Id, nullable=False),
        sa.Column("buyer_mask", text(1000), nullable=False),
        sa.Column("buyer_digest", code(), nullable=False),
        sa.Column("platform_buyer_id", text(512), nullable=False),
        sa.Column("buyer_handle", text(512), nullable=False),
        sa.Column("region", Json, nullable=False),
        sa.Column("buyer_remark", long_text(), nullable=False),
        sa.Column("seller_remark", long_text(), nullable=False),
        sa.Column("seller_flag", sa.Integer(), nullable=False),
        sa.Column("flags", Json, nullable=False),
        sa.Column("flag_count", sa.Integer(), nullable=False),
        sa.Column("progress", text(100), nullable=False),
        sa.Column("warehouse", text(32), nullable=True),
        sa.Column("fulfilment_id", Id, nullable=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("placed_at", Instant, nullable=False),
        sa.Column("paid_at", Instant, nullable=True),
        sa.Column("promised_ship_at", Instant, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("version > 0", name="ck_sales_order_version"),
        sa.ForeignKeyConstraint(["platform_order_id"], ["platform_order.id"], name="fk_sales_order_platform_order_id"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_sales_order_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sales_order"),
        sa.UniqueConstraint("number", name="uq_sales_order_number"),
    )
    create_index("ix_sales_order_created", "sales_order", ["created_at", "id"])
    create_index("ix_sales_order_platform_order_no", "sales_order", ["platform_order_no"])
    create_index("ix_sales_order_receiver", "sales_order", ["receiver_id"])
    create_index("ix_sales_order_shop", "sales_order", ["shop_id", "created_at", "id"])
    create_index("ix_sales_order_shop_state", "sales_order", ["shop_id", "state", "created_at", "id"])
    create_index("ix_sales_order_state", "sales_order", ["state", "created_at", "id"])
    create_index("ix_sales_order_updated", "sales_order", ["updated_at", "id"])

    create_table(
        "difference",
        sa.Column("id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("ours", code(), nullable=False),
        sa.Column("theirs", text(100), nullable=False),
        sa.Column("what", text(100), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_difference_order_id"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_difference_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_difference"),
        sa.UniqueConstraint("order_id", "ours", "theirs", "what", name="uq_difference_order_id_ours_theirs_what"),
    )
    create_table(
        "fulfilment_order",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", text(40), nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("warehouse", text(32), nullable=False),
        sa.Column("state", code(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("lines", Json, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_fulfilment_order_order_id"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_fulfilment_order_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_fulfilment_order"),
        sa.UniqueConstraint("number", name="uq_fulfilment_order_number"),
    )
    create_index("ix_fulfilment_order_order_id", "fulfilment_order", ["order_id"])
    create_index("ix_fulfilment_order_state", "fulfilment_order", ["state"])

    create_table(
        "reservation",
        sa.Column("line_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("sku", text(64), nullable=False),
        sa.Column("warehouse", text(32), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("held >= 0", name="ck_reservation_held"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_reservation_order_id"),
        sa.PrimaryKeyConstraint("line_id", name="pk_reservation"),
    )
    create_index("ix_reservation_order_id", "reservation", ["order_id"])

    create_table(
        "sales_order_line",
        sa.Column("id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("platform_line_no", text(64), nullable=False),
        sa.Column("sku", text(64), nullable=False),
        sa.Column("title", long_text(), nullable=False),
        sa.Column("spec", long_text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("adjustment", sa.BigInteger(), nullable=False),
        sa.Column("line_discount", sa.BigInteger(), nullable=False),
        sa.Column("order_discount", sa.BigInteger(), nullable=False),
        sa.Column("payable", sa.BigInteger(), nullable=False),
        sa.Column("refund", code(), nullable=False),
        sa.Column("is_gift", sa.Boolean(), nullable=False),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.Column("shipped", sa.Integer(), nullable=False),
        sa.CheckConstraint("shipped >= 0 AND shipped <= quantity", name="ck_sales_order_line_shipped"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_sales_order_line_order_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sales_order_line"),
    )
    create_index("ix_sales_order_line_order", "sales_order_line", ["order_id", "position"])
    create_index("ix_sales_order_line_sku", "sales_order_line", ["sku"])

    create_table(
        "package",
        sa.Column("id", Id, nullable=False),
        sa.Column("fulfilment_id", Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("carrier", text(40), nullable=False),
        sa.Column("tracking_no", text(64), nullable=False),
        sa.Column("contents", Json, nullable=False),
        sa.Column("shipped_at", Instant, nullable=False),
        sa.Column("write_back", code(), nullable=False),
        sa.Column("write_back_reason", text(500), nullable=False),
        sa.ForeignKeyConstraint(["fulfilment_id"], ["fulfilment_order.id"], name="fk_package_fulfilment_id"),
        sa.PrimaryKeyConstraint("id", name="pk_package"),
        sa.UniqueConstraint("fulfilment_id", "tracking_no", name="uq_package_fulfilment_id_tracking_no"),
    )
    create_index("ix_package_write_back", "package", ["write_back"])
