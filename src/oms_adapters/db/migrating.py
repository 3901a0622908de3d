"""Steps of migrations that may be run again: MariaDB keeps what a broken migration had done already."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op


def create_table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """Create a table, unless it is there."""
    if not sa.inspect(op.get_bind()).has_table(name):
        options: Any = {f"{kind}_{key}": value for kind in ("mysql", "mariadb") for key, value in _OPTIONS.items()}
        op.create_table(name, *parts, **options)


def create_index(name: str, table: str, columns: list[str], **options: Any) -> None:
    """Create an index, unless it is there."""
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns, **options)


_OPTIONS = {"charset": "utf8mb4", "engine": "InnoDB"}
