"""Order numbers that people have given to orders put in by hand.

Revision: 0013, after 0012. Those that are there already are looked for among the orders.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import create_table
from oms_adapters.db.types import Id, text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "own_number",
        sa.Column("shop_id", Id, nullable=False),
        sa.Column("order_no", text(64), nullable=False),
        sa.Column("order_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_own_number_shop_id"),
        sa.PrimaryKeyConstraint("shop_id", "order_no", name="pk_own_number"),
    )
