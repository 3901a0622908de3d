"""How far sending to a warehouse has come: whether it may have arrived, and why it waits.

Revision: 0020, after 0019. Of what was released before nothing is kept: nobody knows then whether it is there.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import create_table
from oms_adapters.db.types import Id, Instant, text

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "sending",
        sa.Column("fulfilment_id", Id, nullable=False),
        sa.Column("tried_at", Instant, nullable=True),
        sa.Column("is_under_way", sa.Boolean(), nullable=False),
        sa.Column("may_be_there", sa.Boolean(), nullable=False),
        sa.Column("waits_since", Instant, nullable=True),
        sa.Column("reason", text(300), nullable=False),
        sa.Column("next_at", Instant, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("fulfilment_id", name="pk_sending"),
        sa.ForeignKeyConstraint(
            ["fulfilment_id"], ["fulfilment_order.id"], name="fk_sending_fulfilment_id_fulfilment_order"
        ),
        sa.Index("ix_sending_waits_since", "waits_since"),
    )
