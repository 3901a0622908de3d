"""Timers among the jobs; units of a line that will not leave.

Revision: 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import add_column, add_optional_column
from oms_adapters.db.types import Id

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_optional_column("job", "shop_id", Id)
    add_column("sales_order_line", "called_off", sa.Integer(), filled_with="0")
