"""Engines with the settings that make commits durable and writers safe; unsafe servers are refused at start."""

from __future__ import annotations

import sqlite3
from threading import RLock
from typing import Any, ClassVar, Final

import sqlalchemy as sa
from attrs import define, frozen
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.pool import QueuePool

from oms_adapters.db import json_text
from oms_domain.kernel.errors import OmsError

PG_OPTIONS: Final = (
    "-c timezone=UTC -c lock_timeout=3s -c statement_timeout=15s -c idle_in_transaction_session_timeout=30s"
)


@frozen(kw_only=True)
class SchemaAhead(OmsError):
    """The database's schema is one that this program does not know: a newer program has migrated it."""

    code: ClassVar[str] = "store.schema_ahead"
    found: str
    known: str


@frozen(kw_only=True)
class UnsafeDatabase(OmsError):
    """The database is set so that a commit may be lost, or text mangled. ``how`` says what to set."""

    code: ClassVar[str] = "store.unsafe_database"
    setting: str
    found: str
    wanted: str


@frozen(kw_only=True)
class BadDatabaseUrl(OmsError):
    """Not a database that we work on."""

    code: ClassVar[str] = "store.bad_url"
    why: str


@define
class Engines:
    """One engine for transactions, one for reads outside them; on SQLite a lock for the one writer."""

    write: Engine
    read: Engine
    write_lock: RLock

    @property
    def dialect(self) -> str:
        return "mysql" if self.write.dialect.name == "mariadb" else self.write.dialect.name

    def dispose(self) -> None:
        self.write.dispose()
        self.read.dispose()


def connect(url: str, *, pool: int = 4) -> Engines:
    """Make the engines. Nothing is opened yet.

    Raises:
        BadDatabaseUrl: not SQLite (a file), PostgreSQL or MySQL/MariaDB.
    """
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise BadDatabaseUrl(why="cannot be read; for example sqlite:///oms.db") from error
    try:
        return _engines(parsed, pool)
    except ModuleNotFoundError as error:
        extra = "postgres" if parsed.get_backend_name() == "postgresql" else "mysql"
        raise BadDatabaseUrl(why=f"{error.name} is not installed; it needs: pip install 'oms[{extra}]'") from error


def _engines(parsed: URL, pool: int) -> Engines:
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed, pool)
        case "postgresql":
            return _postgres(parsed.set(drivername="postgresql+psycopg"), pool)
        case "mysql" | "mariadb":
            return _mysql(parsed.set(drivername="mysql+pymysql"), pool)
        case other:
            raise BadDatabaseUrl(why=f"{other} is none of sqlite, postgresql, mysql")


def _sqlite(url: URL, pool: int) -> Engines:
    if not url.database or ":memory:" in url.database or url.query.get("mode") == "memory":
        raise BadDatabaseUrl(why="SQLite needs a file, such as sqlite:///oms.db")
    arguments = {"check_same_thread": False, "timeout": 5}
    write = sa.create_engine(url, poolclass=QueuePool, pool_size=1, max_overflow=0, connect_args=arguments)
    read = sa.create_engine(url, poolclass=QueuePool, pool_size=pool, max_overflow=0, connect_args=arguments)
    for engine, begin in ((write, "BEGIN IMMEDIATE"), (read, "BEGIN")):
        sa.event.listen(engine, "connect", _pin_sqlite)
        sa.event.listen(engine, "checkin", _leave_nothing_open)
        sa.event.listen(engine, "begin", lambda connection, begin=begin: connection.exec_driver_sql(begin))
    return Engines(write, read, RLock())


def _pin_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own deferred BEGIN loses updates; ours is explicit
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _leave_nothing_open(connection: Any, record: Any) -> None:
    """End what a commit that failed has left: SQLAlchemy does not, and the one writer would be stuck in it."""
    if connection is None or not connection.in_transaction:
        return
    try:
        connection.rollback()
    except sqlite3.Error:
        record.invalidate()


def _postgres(url: URL, pool: int) -> Engines:
    arguments = {"options": PG_OPTIONS, "connect_timeout": 5, "client_encoding": "utf8"}
    # No ping before use: a connection that died in the pool is a lost transaction, and those are tried again.
    common: dict[str, Any] = {
        "pool_size": pool,
        "max_overflow": 0,
        "connect_args": arguments,
        "json_deserializer": json_text.decode,
    }
    write = sa.create_engine(url, isolation_level="READ COMMITTED", **common)
    read = sa.create_engine(url, isolation_level="AUTOCOMMIT", **common)
    return Engines(write, read, RLock())


def _mysql(url: URL, pool: int) -> Engines:
    # READ COMMITTED, or a retry reads the same old row again; strict, or values are cut in silence.
    arguments = {
        "init_command": "SET SESSION sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone='+00:00', "
        "innodb_lock_wait_timeout=3",
        "connect_timeout": 5,
        "charset": "utf8mb4",
    }
    common: dict[str, Any] = {
        "pool_size": pool,
        "max_overflow": 0,
        "connect_args": arguments,
        "json_deserializer": json_text.decode,
    }
    write = sa.create_engine(url, isolation_level="READ COMMITTED", **common)
    read = sa.create_engine(url, isolation_level="AUTOCOMMIT", **common)
    return Engines(write, read, RLock())


def check_safety(engines: Engines) -> None:
    """Refuse a database on which an acknowledged commit could be lost.

    Raises:
        UnsafeDatabase: names the setting, what was found and what is wanted.
    """
    with engines.read.connect() as connection:
        for setting, query, wanted in _CHECKS[engines.dialect]:
            found = str(connection.exec_driver_sql(query).scalar_one()).lower()
            if found not in wanted:
                raise UnsafeDatabase(setting=setting, found=found, wanted=" or ".join(wanted))
        if engines.dialect == "mysql" and str(connection.exec_driver_sql("SELECT @@log_bin").scalar_one()) == "1":
            found = str(connection.exec_driver_sql("SELECT @@sync_binlog").scalar_one())
            if found != "1":
                raise UnsafeDatabase(setting="sync_binlog", found=found, wanted="1")
        if engines.dialect == "postgresql":
            version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
            if version < 150000:
                raise UnsafeDatabase(setting="server_version", found=str(version), wanted="15 or newer")


_CHECKS: Final[dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]]] = {
    "sqlite": (
        ("journal_mode", "PRAGMA journal_mode", ("wal",)),
        ("synchronous", "PRAGMA synchronous", ("2", "3")),
        ("foreign_keys", "PRAGMA foreign_keys", ("1",)),
    ),
    "postgresql": (
        ("fsync", "SHOW fsync", ("on",)),
        ("full_page_writes", "SHOW full_page_writes", ("on",)),
        ("synchronous_commit", "SHOW synchronous_commit", ("on", "remote_apply")),
        ("server_encoding", "SHOW server_encoding", ("utf8",)),
    ),
    "mysql": (
        ("innodb_flush_log_at_trx_commit", "SELECT @@innodb_flush_log_at_trx_commit", ("1",)),
        ("character_set_database", "SELECT @@character_set_database", ("utf8mb4",)),
        ("character_set_connection", "SELECT @@character_set_connection", ("utf8mb4",)),
    ),
}
