"""What a batch asks of each of its orders, where it is not the same of all: sealed, until it is answered.

Revision: 0014, after 0013. Batches that are there already ask the same of all.
"""

from __future__ import annotations

from oms_adapters.db.migrating import add_optional_column
from oms_adapters.db.types import blob

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_optional_column("batch_block", "asked", blob())
