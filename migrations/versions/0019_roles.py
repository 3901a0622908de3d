"""Roles that the merchant names, and which of them a key has.

Revision: 0019, after 0018. Keys that are there already have none: their rights say what they are, as before.
"""

from __future__ import annotations

import sqlalchemy as sa

from oms_adapters.db.migrating import add_column, create_table
from oms_adapters.db.types import Instant, code, text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "role",
        sa.Column("code", code(), nullable=False),
        sa.Column("title", text(100), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("actor", text(100), nullable=False),
        sa.Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_role"),
    )
    add_column("api_key", "role", text(40), filled_with="")
