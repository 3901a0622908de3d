"""Files of evidence of aftersales cases.

Revision: 0015, after 0014. Their bytes are rows of the vault.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import create_table
from oms_adapters.db.types import Id, Instant, Json, code, text

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "evidence_file",
        sa.Column("id", Id, nullable=False),
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.Column("digest", text(64), nullable=False),
        sa.Column("name", text(120), nullable=False),
        sa.Column("media_type", code(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("pieces", Json, nullable=False),
        sa.Column("actor", text(100), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_evidence_file_shop_id"),
        sa.ForeignKeyConstraint(["order_id"], ["sales_order.id"], name="fk_evidence_file_order_id"),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_file"),
        sa.UniqueConstraint("order_id", "digest", name="uq_evidence_file_order_id_digest"),
    )
