"""Statements of ours straight through the driver, in the transaction that SQLAlchemy has open (docs/adr/0005).

SQLAlchemy compiles a statement once; then it costs several times the database to send it anew and to wrap what comes
back, the more the wider the row. Here the compiled text goes to the driver, and rows come back as named tuples of
what the column types say. What needs more (lists of any length, MariaDB) stays with SQLAlchemy.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg as postgres
from sqlalchemy.engine import Connection

from oms_adapters.db import json_text
from oms_adapters.db.types import Id, Instant, Json

Convert = Callable[[Any], Any]


@frozen
class Prepared:
    """A statement as the driver takes it, and how its rows are read."""

    text: str
    binds: tuple[tuple[str, Convert | None], ...]  # in the order of their places
    constants: Mapping[str, Any]
    row: Callable[[list[Any]], Any]
    reads: tuple[tuple[int, Convert], ...]  # the places whose values are not yet ours

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        given = {**self.constants, **parameters}
        return [_converted(convert, given[name]) for name, convert in self.binds]

    def read(self, values: tuple[Any, ...]) -> Any:
        changed = list(values)
        for place, convert in self.reads:
            changed[place] = _converted(convert, changed[place])
        return self.row(changed)


def rows(connection: Connection, dialect: str, statement: Any, parameters: Mapping[str, Any]) -> list[Any]:
    """Return the rows of a statement that is built once and used often.

    Raises:
        DBAPIError: as SQLAlchemy would.
    """
    ready = _prepared(dialect, statement)
    if ready is None or (dialect == "postgresql" and connection.dialect.driver != "psycopg"):
        return list(connection.execute(statement, parameters))
    with raising(connection) as driver:
        if dialect == "sqlite":
            found = driver.execute(ready.text, ready.values(parameters)).fetchall()
        else:
            with raw_cursor(driver) as cursor:
                found = cursor.execute(ready.text, ready.values(parameters)).fetchall()
    return [ready.read(row) for row in found]


def raw_cursor(driver: Any) -> Any:
    """Return a cursor of psycopg that takes $1, $2 … as they are; the other one would parse a long statement anew."""
    import psycopg  # of the extra `postgres`: here, because this module serves SQLite as well

    return psycopg.RawCursor(driver)


@contextmanager
def raising(connection: Connection) -> Iterator[Any]:
    """Give the driver's own connection; what it raises comes out as SQLAlchemy would raise it."""
    driver: Any = connection.connection.driver_connection
    root = _root_of_errors(driver)
    try:
        yield driver
    except root as error:
        if getattr(driver, "closed", False):
            connection.exec_driver_sql("SELECT 1")  # fails: so SQLAlchemy sees it too, and empties its pool
        raise sa.exc.DBAPIError.instance("", None, error, root, dialect=connection.dialect) from error


@contextmanager
def each_by_itself(connection: Connection, dialect: str) -> Iterator[None]:
    """Let each statement be its own transaction until ``begin``: what reads first need not say so to PostgreSQL.

    Under READ COMMITTED every statement has a snapshot of its own anyway; two round trips are saved.
    """
    if dialect != "postgresql" or connection.dialect.driver != "psycopg":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.autocommit = True
    try:
        yield
    finally:
        if driver.closed or driver.info.transaction_status:  # lost, or it could not be rolled back
            connection.invalidate()
        else:
            driver.autocommit = False


def begin(connection: Connection, dialect: str) -> None:
    """Open the transaction that ``each_by_itself`` has put off."""
    if dialect == "postgresql" and connection.dialect.driver == "psycopg":
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL READ COMMITTED")


def to_driver(kind: sa.types.TypeEngine[Any], dialect: str) -> Convert | None:
    """Return what a column type does to a value on its way in, None if nothing."""
    if isinstance(kind, Json):
        return json_text.encode
    if isinstance(kind, sa.String):
        return str  # of our enumerations the value
    if dialect != "sqlite":
        return None
    return next((convert for type_, convert in _INTO_SQLITE.items() if isinstance(kind, type_)), None)


def from_driver(kind: sa.types.TypeEngine[Any], dialect: str) -> Convert | None:
    """Return what a column type does to a value on its way out, None if nothing."""
    readers = _OUT_OF_SQLITE if dialect == "sqlite" else _OUT_OF_POSTGRES
    return next((convert for type_, convert in readers.items() if isinstance(kind, type_)), None)


def _into_sqlite(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _out_of_sqlite(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


_INTO_SQLITE: Final[dict[type, Convert]] = {Id: lambda id_: id_.bytes, Instant: _into_sqlite, sa.Date: date.isoformat}
_OUT_OF_SQLITE: Final[dict[type, Convert]] = {
    Id: lambda data: UUID(bytes=data),
    Instant: _out_of_sqlite,
    Json: json_text.decode,
    sa.Boolean: bool,
    sa.Date: date.fromisoformat,
}
_OUT_OF_POSTGRES: Final[dict[type, Convert]] = {Instant: _utc, Json: json_text.decode}

_DIALECTS: Final = {"sqlite": sqlite.dialect(), "postgresql": postgres.dialect(paramstyle="numeric_dollar")}  # type: ignore[no-untyped-call]
_PREPARED: Final[dict[str, WeakKeyDictionary[Any, Prepared | None]]] = {name: WeakKeyDictionary() for name in _DIALECTS}


def _prepared(dialect: str, statement: Any) -> Prepared | None:
    known = _PREPARED.get(dialect)
    if known is None:
        return None
    if statement not in known:
        known[statement] = _prepare(dialect, statement)
    return known[statement]


def _prepare(dialect: str, statement: Any) -> Prepared | None:
    """Compile a statement, None if its text depends on its parameters."""
    compiled = statement.compile(dialect=_DIALECTS[dialect])
    if compiled.post_compile_params:
        return None
    columns = list(statement.selected_columns)
    row: Any = namedtuple("Row", " ".join(column.key for column in columns))  # type: ignore[misc]
    readers = [from_driver(column.type, dialect) for column in columns]
    return Prepared(
        text=compiled.string,
        binds=tuple((name, to_driver(compiled.binds[name].type, dialect)) for name in compiled.positiontup or ()),
        constants={name: value for name, value in compiled.params.items() if value is not None},
        row=row._make,
        reads=tuple((place, reader) for place, reader in enumerate(readers) if reader is not None),
    )


def _converted(convert: Convert | None, value: Any) -> Any:
    return value if convert is None or value is None else convert(value)


def _root_of_errors(driver: Any) -> Any:
    if isinstance(driver, sqlite3.Connection):
        return sqlite3.Error
    import psycopg

    return psycopg.Error
