"""Stock: its tables. A SKU's row lies in parts (buckets); what a level shows is their sum."""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.types import Id, Instant, Json, code, document_columns, table, text

stock_level = table(
    "stock_level",
    sa.Column("sku", text(64), primary_key=True),
    sa.Column("warehouse", text(32), primary_key=True),
    sa.Column("bucket", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("on_hand", sa.BigInteger, nullable=False),
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.Column("defective", sa.BigInteger, nullable=False),
    sa.Column("safety", sa.BigInteger, nullable=False),
    sa.Column("locked", sa.BigInteger, nullable=False),
    sa.Column("in_transit", sa.BigInteger, nullable=False),
    sa.Column("buckets", sa.Integer, nullable=False),
    sa.CheckConstraint("on_hand >= 0", name="on_hand"),
    sa.CheckConstraint("reserved >= 0", name="reserved"),
    sa.CheckConstraint("reserved <= on_hand", name="available"),
    sa.CheckConstraint("defective >= 0", name="defective"),
    sa.CheckConstraint("safety >= 0", name="safety"),
    sa.CheckConstraint("locked >= 0", name="locked"),
    sa.CheckConstraint("in_transit >= 0", name="in_transit"),
)

stock_ledger = table(
    "stock_ledger",
    sa.Column("id", Id, primary_key=True),
    sa.Column("sku", text(64), nullable=False),
    sa.Column("warehouse", text(32), nullable=False),
    sa.Column("kind", code(), nullable=False),
    sa.Column("on_hand", sa.BigInteger, nullable=False),
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.Column("defective", sa.BigInteger, nullable=False),
    sa.Column("safety", sa.BigInteger, nullable=False),
    sa.Column("locked", sa.BigInteger, nullable=False),
    sa.Column("in_transit", sa.BigInteger, nullable=False),
    sa.Column("document_id", Id, nullable=False),
    sa.Column("actor", text(100), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_stock_ledger_sku", "sku", "warehouse", "at"),
    sa.Index("ix_stock_ledger_document", "document_id"),
)

reservation = table(
    "reservation",
    sa.Column("line_id", Id, primary_key=True),
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), nullable=False, index=True),
    sa.Column("sku", text(64), nullable=False),
    sa.Column("warehouse", text(32), nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.CheckConstraint("held >= 0", name="held"),
    sa.Index("ix_reservation_place", "sku", "warehouse"),
)

stock_difference = table(
    "stock_difference",
    sa.Column("id", Id, primary_key=True),
    sa.Column("document_id", Id, nullable=False),
    sa.Column("number", text(40), nullable=False),
    sa.Column("kind", code(), nullable=False),
    sa.Column("sku", text(64), nullable=False),
    sa.Column("warehouse", text(32), nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.CheckConstraint("units >= 0", name="units"),
    sa.Index("ix_stock_difference_place", "sku", "warehouse"),
)

warehouse = table(
    "warehouse",
    sa.Column("id", Id, primary_key=True),
    sa.Column("code", text(32), nullable=False, unique=True),
    sa.Column("name", text(100), nullable=False),
    sa.Column("kind", code(), nullable=False),
    sa.Column("province", text(50), nullable=False),
    sa.Column("city", text(50), nullable=False),
    sa.Column("district", text(50), nullable=False),
    sa.Column("latitude_e6", sa.Integer, nullable=True),
    sa.Column("longitude_e6", sa.Integer, nullable=True),
    sa.Column("active", sa.Boolean, nullable=False),
    *document_columns(),
)

stock_document = table(
    "stock_document",
    sa.Column("id", Id, primary_key=True),
    sa.Column("number", text(40), nullable=False, unique=True),
    sa.Column("kind", code(), nullable=False),
    sa.Column("state", code(), nullable=False),
    sa.Column("warehouse", text(32), nullable=False),
    sa.Column("reference", text(64), nullable=True),
    sa.Column("content", Json, nullable=False),
    *document_columns(),
    sa.UniqueConstraint("kind", "reference"),
    sa.Index("ix_stock_document_created", "created_at", "id"),
)
