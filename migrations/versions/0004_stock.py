"""Stock: all quantities with their ledger, parts of hot rows, warehouses, stock documents, open differences.

Revision: 0004, after 0003. What is reserved at this moment is entered into the ledger, and every warehouse that is
named anywhere gets its record.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa
from alembic import op

from oms_adapters.db.migrating import create_index, create_table
from oms_adapters.db.types import Id, Instant, Json, code, text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

QUANTITIES = ("on_hand", "reserved", "defective", "safety", "locked", "in_transit")
BEGUN_AT = datetime(2026, 11, 26, tzinfo=UTC)
ALWAYS = ("MAIN", "主仓")
"""The warehouse that an installation begins with."""


def upgrade() -> None:
    _create_warehouses()
    _create_documents()
    _widen_ledger()
    _widen_reservations()
    _move_levels()
    _name_warehouses()


def _create_warehouses() -> None:
    create_table(
        "warehouse",
        sa.Column("id", Id, nullable=False),
        sa.Column("code", text(32), nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("province", text(50), nullable=False),
        sa.Column("city", text(50), nullable=False),
        sa.Column("district", text(50), nullable=False),
        sa.Column("latitude_e6", sa.Integer(), nullable=True),
        sa.Column("longitude_e6", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        *_of_documents(),
        sa.PrimaryKeyConstraint("id", name="pk_warehouse"),
        sa.UniqueConstraint("code", name="uq_warehouse_code"),
    )


def _create_documents() -> None:
    create_table(
        "stock_document",
        sa.Column("id", Id, nullable=False),
        sa.Column("number", text(40), nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("state", code(), nullable=False),
        sa.Column("warehouse", text(32), nullable=False),
        sa.Column("reference", text(64), nullable=True),
        sa.Column("content", Json, nullable=False),
        *_of_documents(),
        sa.PrimaryKeyConstraint("id", name="pk_stock_document"),
        sa.UniqueConstraint("number", name="uq_stock_document_number"),
        sa.UniqueConstraint("kind", "reference", name="uq_stock_document_kind_reference"),
    )
    create_index("ix_stock_document_created", "stock_document", ["created_at", "id"])
    create_table(
        "stock_difference",
        sa.Column("id", Id, nullable=False),
        sa.Column("document_id", Id, nullable=False),
        sa.Column("number", text(40), nullable=False),
        sa.Column("kind", code(), nullable=False),
        sa.Column("sku", text(64), nullable=False),
        sa.Column("warehouse", text(32), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.CheckConstraint("units >= 0", name="ck_stock_difference_units"),
        sa.PrimaryKeyConstraint("id", name="pk_stock_difference"),
    )
    create_index("ix_stock_difference_place", "stock_difference", ["sku", "warehouse"])


def _widen_ledger() -> None:
    """An entry says what becomes of each quantity; so far it was the units on hand alone."""
    columns = _columns("stock_ledger")
    if "on_hand" not in columns:
        op.alter_column(
            "stock_ledger", "units", new_column_name="on_hand", existing_type=sa.BigInteger(), existing_nullable=False
        )
    for name in QUANTITIES[1:]:
        if name not in columns:
            op.add_column("stock_ledger", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    create_index("ix_stock_ledger_document", "stock_ledger", ["document_id"])
    op.execute(sa.text("UPDATE stock_ledger SET kind = 'purchase_receipt' WHERE kind = 'receipt'"))
    # Reserved units had no entries: what is held now enters as one, and earlier shipments leave reserved units alone.
    op.execute(
        sa.text(
            "INSERT INTO stock_ledger (id, sku, warehouse, kind, on_hand, reserved, defective, safety, locked, "
            "in_transit, document_id, actor, at) "
            "SELECT r.line_id, r.sku, r.warehouse, 'reserve', 0, r.held, 0, 0, 0, 0, r.order_id, "
            "'system:migration', o.updated_at FROM reservation r JOIN sales_order o ON o.id = r.order_id "
            "WHERE r.held > 0 AND NOT EXISTS (SELECT 1 FROM stock_ledger l WHERE l.id = r.line_id)"
        )
    )


def _widen_reservations() -> None:
    if "attempt" not in _columns("reservation"):
        op.add_column("reservation", sa.Column("attempt", sa.Integer(), nullable=False, server_default="1"))
    create_index("ix_reservation_place", "reservation", ["sku", "warehouse"])


def _move_levels() -> None:
    create_table(
        "stock_level",
        sa.Column("sku", text(64), nullable=False),
        sa.Column("warehouse", text(32), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in QUANTITIES),
        sa.Column("buckets", sa.Integer(), nullable=False),
        sa.CheckConstraint("on_hand >= 0", name="ck_stock_level_on_hand"),
        sa.CheckConstraint("reserved >= 0", name="ck_stock_level_reserved"),
        sa.CheckConstraint("reserved <= on_hand", name="ck_stock_level_available"),
        sa.CheckConstraint("defective >= 0", name="ck_stock_level_defective"),
        sa.CheckConstraint("safety >= 0", name="ck_stock_level_safety"),
        sa.CheckConstraint("locked >= 0", name="ck_stock_level_locked"),
        sa.CheckConstraint("in_transit >= 0", name="ck_stock_level_in_transit"),
        sa.PrimaryKeyConstraint("sku", "warehouse", "bucket", name="pk_stock_level"),
    )
    if sa.inspect(op.get_bind()).has_table("stock"):
        op.execute(
            sa.text(
                "INSERT INTO stock_level (sku, warehouse, bucket, on_hand, reserved, defective, safety, locked, "
                "in_transit, buckets) SELECT s.sku, s.warehouse, 0, s.on_hand, s.reserved, 0, 0, 0, 0, 0 FROM stock s "
                "WHERE NOT EXISTS (SELECT 1 FROM stock_level l WHERE l.sku = s.sku AND l.warehouse = s.warehouse)"
            )
        )
        op.drop_table("stock")


def _name_warehouses() -> None:
    """Give a record to the first warehouse and to every one that stock, an order or a shop's policy names."""
    connection = op.get_bind()
    named = dict([ALWAYS])
    for (found,) in connection.execute(
        sa.text(
            "SELECT warehouse FROM stock_level UNION SELECT warehouse FROM fulfilment_order "
            "UNION SELECT warehouse FROM sales_order WHERE warehouse IS NOT NULL"
        )
    ):
        named.setdefault(found, found)
    for (policy,) in connection.execute(sa.text("SELECT policy FROM shop")):
        if found := json.loads(policy).get("warehouse"):
            named.setdefault(found, found)
    table = _warehouse_table()
    known = set(connection.execute(sa.select(table.c.code)).scalars())
    rows = [_warehouse_row(each, name) for each, name in named.items() if each not in known]
    if rows:
        connection.execute(table.insert(), rows)


def _warehouse_table() -> sa.Table:
    return sa.Table(
        "warehouse",
        sa.MetaData(),
        sa.Column("id", Id),
        *(sa.Column(name, text(100)) for name in ("code", "name", "province", "city", "district")),
        sa.Column("kind", code()),
        sa.Column("active", sa.Boolean()),
        *_of_documents(),
    )


def _warehouse_row(warehouse: str, name: str) -> dict[str, Any]:
    return {
        "id": uuid5(NAMESPACE_URL, f"warehouse:{warehouse}"),
        "code": warehouse,
        "name": name,
        "kind": "rdc",
        "province": "",
        "city": "",
        "district": "",
        "active": True,
        "created_at": BEGUN_AT,
        "updated_at": BEGUN_AT,
        "version": 1,
        "log_seq": 0,
        "log_hash": "",
    }


def _columns(table: str) -> set[str]:
    return {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def _of_documents() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(length=64), nullable=False),
    )
