"""What a carrier tells of a parcel before its warehouse does is kept until the parcel leaves.

Revision: 0021, after 0020.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import create_table
from oms_adapters.db.types import Id, Instant, Json, text

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "early_push",
        sa.Column("id", Id, nullable=False),
        sa.Column("tracking_no", text(64), nullable=False),
        sa.Column("company", text(64), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_early_push"),
        sa.UniqueConstraint("tracking_no", "company", name="uq_early_push_tracking_no_company"),
        sa.Index("ix_early_push_received_at", "received_at"),
    )
