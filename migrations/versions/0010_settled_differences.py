"""Discrepancies that somebody has seen to.

Revision: 0010, after 0011.
"""

from __future__ import annotations

from oms_adapters.db.migrating import add_optional_column
from oms_adapters.db.types import Instant

revision = "0010"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_optional_column("difference", "settled_at", Instant)
