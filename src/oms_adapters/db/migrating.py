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


def add_column(table: str, name: str, kind: sa.types.TypeEngine[Any] | type[Any], *, filled_with: str) -> None:
    """Add a column that may not be empty, unless it is there. ``filled_with`` stands in the rows that are there."""
    bind = op.get_bind()
    if name not in {column["name"] for column in sa.inspect(bind).get_columns(table)}:
        literal = f"'{filled_with}'"  # of MariaDB's long texts the default must be an expression, of SQLite's not
        default = sa.text(literal if bind.dialect.name == "sqlite" else f"({literal})")
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))


def add_optional_column(table: str, name: str, kind: sa.types.TypeEngine[Any] | type[Any]) -> None:
    """Add a column that may be empty, unless it is there."""
    if name not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, sa.Column(name, kind, nullable=True))


def create_index(name: str, table: str, columns: list[str], **options: Any) -> None:
    """Create an index, unless it is there."""
    if name not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}:
        op.create_index(name, table, columns, **options)


_OPTIONS = {"charset": "utf8mb4", "engine": "InnoDB"}
