"""Timers among the jobs; units of a line that will not leave; batches.

Revision: 0011, after 0010.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import add_column, add_optional_column, create_index, create_table
from oms_adapters.db.types import Id, Instant, Json, code, text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_optional_column("job", "shop_id", Id)
    add_column("sales_order_line", "called_off", sa.Integer(), filled_with="0")
    create_table(
        "batch",
        sa.Column("id", Id, nullable=False),
        sa.Column("command", code(), nullable=False),
        sa.Column("reason", text(500), nullable=False),
        sa.Column("until", Instant, nullable=True),
        sa.Column("actor", text(100), nullable=False),
        sa.Column("shops", Json, nullable=True),
        sa.Column("permissions", Json, nullable=False),
        sa.Column("state", code(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("blocks", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
    )
    create_index("ix_batch_created", "batch", ["created_at", "id"])
    create_table(
        "batch_block",
        sa.Column("batch_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_ids", Json, nullable=False),
        sa.Column("answers", Json, nullable=True),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_batch_block_batch_id"),
        sa.PrimaryKeyConstraint("batch_id", "number", name="pk_batch_block"),
    )
