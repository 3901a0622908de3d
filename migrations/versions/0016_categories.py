"""What the merchant calls goods alike, and when an order ended: the days in which claims are taken go by both.

Revision: 0016, after 0015. SKUs that are there already have no category; orders that have ended already tell no time of
it, and count from their last change as before.
"""

from __future__ import annotations

from oms_adapters.db.migrating import add_column, add_optional_column
from oms_adapters.db.types import Instant, text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_column("catalog_item", "category", text(40), filled_with="")
    add_optional_column("sales_order", "ended_at", Instant())
