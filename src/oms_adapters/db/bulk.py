"""New rows straight through the driver, in the transaction that SQLAlchemy has open.

SQLAlchemy's own executemany costs more than the database does (docs/adr/0005). Few rows on PostgreSQL go as one
statement, many by COPY; on SQLite one executemany a table; elsewhere Core.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from oms_adapters.db.driver import Convert, raising, raw_cursor, to_driver
from oms_adapters.db.stock_rows import RowUpdate

Rows = Mapping[sa.Table, Sequence[Mapping[str, Any]]]

MOST_IN_ONE_STATEMENT: Final = 60
"""Rows; above it COPY is cheaper than binding every value by itself."""

DID_NOT_FIT: Final = "22012"
"""A division by zero: how the one statement undoes itself."""

_STATEMENTS: Final[dict[Any, str]] = {}
_COLUMNS: Final[dict[tuple[str, sa.Table], list[tuple[str, Convert | None]]]] = {}


def insert(connection: Connection, dialect: str, rows: Rows, order: Sequence[sa.Table]) -> None:
    """Insert the rows of each table, parents first."""
    if not order:
        return
    if dialect == "sqlite":
        _sqlite(connection, rows, order)
    elif dialect == "postgresql" and connection.dialect.driver == "psycopg":
        _postgres(connection, rows, order)
    else:
        for table in order:
            connection.execute(table.insert().inline(), [dict(row) for row in rows[table]])


def insert_with(
    connection: Connection, dialect: str, rows: Rows, order: Sequence[sa.Table], updates: Sequence[RowUpdate]
) -> bool:
    """Insert rows and apply movements in one statement on PostgreSQL: all of it, or, if one does not fit, nothing.

    The lock of a stock row is so held for one statement only (docs/reference/performance). False: nothing was done.
    """
    if not updates:
        insert(connection, dialect, rows, order)
        return True
    if connection.dialect.driver != "psycopg":
        return False
    try:
        with raising(connection) as driver, raw_cursor(driver) as cursor:
            _one_statement(cursor, rows, order, updates)
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == DID_NOT_FIT:
            return False
        raise
    return True


def is_one_statement(dialect: str, rows: Rows) -> bool:
    """Whether ``insert`` would send all of it as one statement, which is a transaction by itself."""
    return dialect == "postgresql" and sum(map(len, rows.values())) <= MOST_IN_ONE_STATEMENT


def _sqlite(connection: Connection, rows: Rows, order: Sequence[sa.Table]) -> None:
    for table in order:
        key = ("sqlite", table)
        if key not in _STATEMENTS:
            names = [column.name for column in table.c]
            _STATEMENTS[key] = f"INSERT INTO {table.name} ({_quoted(names)}) VALUES ({', '.join('?' * len(names))})"
        values = _values("sqlite", table, rows[table])
        connection.exec_driver_sql(_STATEMENTS[key], values if len(values) > 1 else values[0])


def _postgres(connection: Connection, rows: Rows, order: Sequence[sa.Table]) -> None:
    with raising(connection) as driver, raw_cursor(driver) as cursor:
        if is_one_statement("postgresql", rows):
            _one_statement(cursor, rows, order)
        else:
            _copy(cursor, rows, order)


def _copy(cursor: Any, rows: Rows, order: Sequence[sa.Table]) -> None:
    for table in order:
        names = _quoted(column.name for column in table.c)
        with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
            for value in _values("postgresql", table, rows[table]):
                copy.write_row(value)


def _one_statement(cursor: Any, rows: Rows, order: Sequence[sa.Table], updates: Sequence[RowUpdate] = ()) -> None:
    """All tables in one round trip. Foreign keys are checked at the statement's end, so the order does not matter."""
    shape = (tuple((table, len(rows[table])) for table in order), tuple(update.shape for update in updates))
    if shape not in _STATEMENTS:
        _STATEMENTS[shape] = _statement(shape[0], updates)
    values = [value for table in order for row in _values("postgresql", table, rows[table]) for value in row]
    for update in updates:
        values += update.text(1)[1]
    cursor.execute(_STATEMENTS[shape], values)


def _statement(shape: tuple[tuple[sa.Table, int], ...], updates: Sequence[RowUpdate]) -> str:
    parts, mark = [], 1
    for place, (table, rows_) in enumerate(shape):
        names = [column.name for column in table.c]
        rows = ", ".join(
            f"({', '.join(f'${mark + row * len(names) + n}' for n in range(len(names)))})" for row in range(rows_)
        )
        mark += rows_ * len(names)
        counted = " RETURNING 1" if updates else ""
        parts.append(f"i{place} AS (INSERT INTO {table.name} ({_quoted(names)}) VALUES {rows}{counted})")
    inserted = " + ".join(f"(SELECT count(*) FROM i{place})" for place in range(len(shape)))
    for place, update in enumerate(updates):
        text, values = update.text(mark)
        mark += len(values)
        # Each waits for the one before it: so rows are locked in their order, as late as can be, and one that does not
        # fit stops the rest.
        after = f" AND EXISTS (SELECT 1 FROM s{place - 1})" if place else f" AND {inserted or 1} > 0"
        parts.append(f"s{place} AS ({text}{after} RETURNING 1)")
    fits = f"(SELECT count(*) FROM s{len(updates) - 1})" if updates else "1"
    return f"WITH {', '.join(parts)} SELECT 1 / {fits}"


def _values(dialect: str, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    key = (dialect, table)
    if key not in _COLUMNS:
        _COLUMNS[key] = [(column.name, to_driver(column.type, dialect)) for column in table.c]
    columns = [
        [row[name] for row in rows]
        if convert is None
        else [None if (value := row[name]) is None else convert(value) for row in rows]
        for name, convert in _COLUMNS[key]
    ]
    return list(zip(*columns, strict=True))


def _quoted(names: Any) -> str:
    return ", ".join(f'"{name}"' for name in names)
