"""Sourcing: carriers, what warehouses ship with and whither, named strategies, kept plans; an order's planned carrier;
marks of goods.

Revision: 0007, after 0006.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from oms_adapters.db.migrating import add_column, add_optional_column, create_table
from oms_adapters.db.types import Id, Instant, Json, text

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_optional_column("sales_order", "carrier", text(32))
    add_optional_column("sales_order", "planned_ship_at", Instant())
    add_optional_column("sales_order", "planned_arrival_on", sa.Date())
    add_column("catalog_item", "marks", Json(), filled_with="[]")
    for name, key, length in (
        ("carrier", "code", 32),
        ("warehouse_shipping", "warehouse", 32),
        ("sourcing_strategy", "name", 64),
    ):
        create_table(
            name,
            sa.Column("id", Id, nullable=False),
            sa.Column(key, text(length), nullable=False),
            sa.Column("terms", Json, nullable=False),
            *_of_documents(),
            sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
            sa.UniqueConstraint(key, name=f"uq_{name}_{key}"),
        )
    create_table(
        "order_sourcing",
        sa.Column("order_id", Id, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("strategy", text(64), nullable=False),
        sa.Column("strategy_version", sa.Integer(), nullable=False),
        sa.Column("holdings", Json, nullable=False),
        sa.Column("found", Json, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_order_sourcing_order_id"),
        sa.PrimaryKeyConstraint("order_id", name="pk_order_sourcing"),
    )


def _of_documents() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("log_seq", sa.Integer(), nullable=False),
        sa.Column("log_hash", sa.String(64), nullable=False),
    )
