"""Discrepancies that somebody has seen to.

Revision: 0009, after 0008.
"""

from __future__ import annotations

from oms_adapters.db.migrating import add_optional_column
from oms_adapters.db.types import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_optional_column("difference", "settled_at", Instant)
