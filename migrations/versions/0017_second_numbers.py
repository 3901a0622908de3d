"""Receivers found by their second telephone number.

Revision: 0017, after 0016. Of those that were sealed before, the first number is known alone.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import add_optional_column, create_index
from oms_adapters.db.types import code

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_optional_column("pii_vault", "phone2_index", code())
    filled = sa.text("phone2_index IS NOT NULL")
    create_index("ix_pii_vault_phone2", "pii_vault", ["phone2_index"], sqlite_where=filled, postgresql_where=filled)
