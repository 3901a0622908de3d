"""Whose turn it was last to get a ticket, by shop.

Revision: 0018, after 0017. Shops begin with the first of their desks.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import create_table
from oms_adapters.db.types import Id, text

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "ticket_turn",
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("agent", text(100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_ticket_turn_shop_id"),
        sa.PrimaryKeyConstraint("shop_id", name="pk_ticket_turn"),
    )
