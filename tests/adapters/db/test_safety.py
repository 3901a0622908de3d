"""Connections are set so that a commit lasts and writers do not lose updates; where they cannot be, the start stops."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import make_url
from tests.contracts.rows import level, receive
from tests.servers import Backend, FakeClock, ids

from oms_adapters.db.database import Database
from oms_adapters.db.engine import BadDatabaseUrl, UnsafeDatabase, check_safety, connect
from oms_app.ports.transaction import StoreUnavailable
from oms_domain.kernel.identity import SkuCode

only_sqlite = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
only_postgres = pytest.mark.parametrize("kind", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
only_mariadb = pytest.mark.parametrize("kind", [pytest.param("mariadb", marks=pytest.mark.mariadb)], indirect=True)


def opened(url: str) -> Database:
    clock = FakeClock()
    return Database.connect(url, now=clock, new_id=ids(clock))


def refused(url: str) -> tuple[str, str, str]:
    """Return what the refusal of an unsafe database says: the setting, what it is and what it must be."""
    database = opened(url)
    with closing(database), pytest.raises(UnsafeDatabase) as refusal:
        database.check_safety()
    return refusal.value.setting, refusal.value.found, refusal.value.wanted


def every_connection(engine: sa.Engine, *queries: str) -> set[tuple[Any, ...]]:
    """Ask each connection that the pool gives out, all at once; return the different answers."""
    with ExitStack() as stack:
        connections = [stack.enter_context(engine.connect()) for _ in range(engine.pool.size())]
        return {tuple(c.exec_driver_sql(query).scalar_one() for query in queries) for c in connections}


# --- unsafe databases ------------------------------------------------------------------------------------------------


def test_a_database_as_it_is_made_is_safe(empty):
    empty.check_safety()


@only_postgres
def test_postgres_without_synchronous_commit_is_refused(url):
    change(url, "ALTER DATABASE {name} SET synchronous_commit = off")

    assert refused(url) == ("synchronous_commit", "off", "on or remote_apply")


@only_postgres
def test_postgres_with_another_encoding_is_refused(url):
    made = make_url(url)
    other = made.set(database=f"{made.database}_ascii")
    change(url, f"CREATE DATABASE {other.database} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")

    try:
        found = refused(other.render_as_string(hide_password=False))
    finally:
        change(url, f"DROP DATABASE {other.database} WITH (FORCE)")

    assert found == ("server_encoding", "sql_ascii", "utf8")


@only_mariadb
def test_mariadb_with_another_charset_is_refused(url):
    change(url, "ALTER DATABASE {name} CHARACTER SET latin1")

    assert refused(url) == ("character_set_database", "latin1", "utf8mb4")


@only_mariadb
def test_mariadb_with_three_byte_utf8_is_refused(url):
    change(url, "ALTER DATABASE {name} CHARACTER SET utf8mb3")

    assert refused(url) == ("character_set_database", "utf8mb3", "utf8mb4")


def change(url: str, statement: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement.format(name=make_url(url).database))
    engine.dispose()


SAFE = {
    "postgresql": {
        "SHOW fsync": "on",
        "SHOW full_page_writes": "on",
        "SHOW synchronous_commit": "on",
        "SHOW server_encoding": "UTF8",
        "SHOW server_version_num": "150000",
    },
    "mysql": {
        "SELECT @@innodb_flush_log_at_trx_commit": 1,
        "SELECT @@character_set_database": "utf8mb4",
        "SELECT @@character_set_connection": "utf8mb4",
        "SELECT @@log_bin": 1,
        "SELECT @@sync_binlog": 1,
    },
    "sqlite": {"PRAGMA journal_mode": "wal", "PRAGMA synchronous": 2, "PRAGMA foreign_keys": 1},
}


@frozen
class AnsweringServer:
    """Engines on a server whose settings we make up: those of a whole server are not ours to change in a test."""

    dialect: str
    settings: dict[str, Any]

    read = property(lambda self: self)
    connect = __enter__ = lambda self: self

    def __exit__(self, *error: object) -> None:
        pass

    def exec_driver_sql(self, query: str) -> AnsweringServer:
        return AnsweringServer(self.dialect, {"": self.settings[query]})

    def scalar_one(self) -> Any:
        return self.settings[""]


@pytest.mark.parametrize("dialect", SAFE)
def test_a_server_with_safe_settings_is_taken(dialect):
    check_safety(AnsweringServer(dialect, SAFE[dialect]))


@pytest.mark.parametrize(
    ("dialect", "query", "found", "setting"),
    [
        ("postgresql", "SHOW fsync", "off", "fsync"),
        ("postgresql", "SHOW full_page_writes", "off", "full_page_writes"),
        ("postgresql", "SHOW synchronous_commit", "off", "synchronous_commit"),
        ("postgresql", "SHOW server_encoding", "LATIN1", "server_encoding"),
        ("postgresql", "SHOW server_version_num", "149999", "server_version"),
        ("mysql", "SELECT @@innodb_flush_log_at_trx_commit", 0, "innodb_flush_log_at_trx_commit"),
        ("mysql", "SELECT @@innodb_flush_log_at_trx_commit", 2, "innodb_flush_log_at_trx_commit"),
        ("mysql", "SELECT @@character_set_connection", "latin1", "character_set_connection"),
        ("mysql", "SELECT @@sync_binlog", 0, "sync_binlog"),
        ("mysql", "SELECT @@sync_binlog", 1000, "sync_binlog"),
        ("sqlite", "PRAGMA journal_mode", "delete", "journal_mode"),
        ("sqlite", "PRAGMA synchronous", 1, "synchronous"),
        ("sqlite", "PRAGMA foreign_keys", 0, "foreign_keys"),
    ],
)
def test_one_unsafe_setting_and_the_server_is_refused_by_its_name(dialect, query, found, setting):
    server = AnsweringServer(dialect, SAFE[dialect] | {query: found})

    with pytest.raises(UnsafeDatabase) as refusal:
        check_safety(server)

    assert (refusal.value.setting, refusal.value.found) == (setting, str(found).lower())


def test_without_a_binary_log_its_sync_does_not_matter():
    check_safety(AnsweringServer("mysql", SAFE["mysql"] | {"SELECT @@log_bin": 0, "SELECT @@sync_binlog": 0}))


# --- what is pinned --------------------------------------------------------------------------------------------------


@only_sqlite
def test_every_connection_to_sqlite_is_pinned(empty):
    pragmas = [f"PRAGMA {name}" for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")]

    assert every_connection(empty.engines.write, *pragmas) == {("wal", 2, 1, 5000)}
    assert every_connection(empty.engines.read, *pragmas) == {("wal", 2, 1, 5000)}

    for engine in (empty.engines.write, empty.engines.read):
        with engine.connect() as connection:
            connection.invalidate()
        assert every_connection(engine, *pragmas) == {("wal", 2, 1, 5000)}


@only_postgres
def test_every_connection_to_postgres_is_pinned(empty):
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "timezone")
    shown = [f"SHOW {name}" for name in (*names, "transaction_isolation", "client_encoding")]

    for engine in (empty.engines.write, empty.engines.read):
        assert every_connection(engine, *shown) == {("3s", "15s", "30s", "UTC", "read committed", "UTF8")}


@only_mariadb
def test_every_connection_to_mariadb_is_pinned(empty):
    names = ("sql_mode", "innodb_lock_wait_timeout", "time_zone", "character_set_connection", "tx_isolation")
    shown = [f"SELECT @@{name}" for name in names]

    (written,) = every_connection(empty.engines.write, *shown)
    (read,) = every_connection(empty.engines.read, *shown)

    assert set(written[0].split(",")) == {"STRICT_ALL_TABLES", "NO_ENGINE_SUBSTITUTION"}
    assert written[1:] == (3, "+00:00", "utf8mb4", "READ-COMMITTED")
    assert read[:4] == written[:4]


def test_an_update_counts_the_rows_that_it_matched_though_it_changed_none(backend):
    receive(backend, "A", 5)
    same = sa.text("UPDATE stock_level SET on_hand = 5 WHERE sku = 'A'")

    with backend.store.engines.write.begin() as connection:
        assert [connection.execute(same).rowcount for _ in range(2)] == [1, 1]


# --- writers on SQLite -----------------------------------------------------------------------------------------------


def add_one(connection: Any, barrier: Barrier | None = None) -> None:
    """Read a number and write the next one: what is lost when two do it at once."""
    number = connection.execute(sa.text("SELECT on_hand FROM stock_level WHERE sku = 'A'")).scalar_one()
    if barrier is not None:
        barrier.wait()
    connection.execute(sa.text("UPDATE stock_level SET on_hand = :next WHERE sku = 'A'"), {"next": number + 1})


@only_sqlite
def test_writers_in_threads_neither_wait_in_vain_nor_lose_an_update(backend):
    receive(backend, "A", 1)

    def write(_: int) -> None:
        for _ in range(10):
            receive(backend, "A", 1)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))

    assert level(backend, SkuCode("A")).on_hand == 81


@only_sqlite
def test_writers_of_two_processes_neither_wait_in_vain_nor_lose_an_update(backend):
    receive(backend, "A", 1)
    url = str(backend.engine.url)
    databases = [opened(url) for _ in range(2)]  # two engines, so two locks: as good as two processes

    def write(database: Database) -> None:
        for _ in range(20):
            with database.engines.write.begin() as connection:
                add_one(connection)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, databases))

    for database in databases:
        database.close()
    assert level(backend, SkuCode("A")).on_hand == 41


@only_sqlite
def test_control_the_drivers_own_deferred_begin_refuses_or_loses_an_update(backend):
    receive(backend, "A", 1)
    barrier, path = Barrier(2, timeout=30), backend.engine.url.database

    def write(_: int) -> str:
        with closing(sqlite3.connect(path, timeout=1)) as connection:
            try:
                connection.execute("BEGIN")
                (number,) = connection.execute("SELECT on_hand FROM stock_level WHERE sku = 'A'").fetchone()
                barrier.wait()
                connection.execute("UPDATE stock_level SET on_hand = ? WHERE sku = 'A'", (number + 1,))
                connection.commit()
            except sqlite3.OperationalError as error:
                return str(error)
        return "stored"

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(write, range(2)))

    assert outcomes == ["database is locked", "stored"]
    assert level(backend, SkuCode("A")).on_hand == 2


@only_sqlite
def test_readers_do_not_wait_for_a_writer(backend):
    receive(backend, "A", 1)

    with backend.store.engines.write.begin() as connection:
        add_one(connection)
        with backend.store.engines.read.connect() as reader:
            seen = reader.scalar(sa.text("SELECT on_hand FROM stock_level"))

    assert seen == 1
    assert level(backend, SkuCode("A")).on_hand == 2


# --- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("sqlite://", "SQLite needs a file, such as sqlite:///oms.db"),
        ("sqlite:///", "SQLite needs a file, such as sqlite:///oms.db"),
        ("sqlite:///:memory:", "SQLite needs a file, such as sqlite:///oms.db"),
        ("sqlite:///file::memory:?uri=true", "SQLite needs a file, such as sqlite:///oms.db"),
        ("sqlite:///file:any?mode=memory&uri=true", "SQLite needs a file, such as sqlite:///oms.db"),
        ("mssql+pyodbc://sa@127.0.0.1/oms", "mssql is none of sqlite, postgresql, mysql"),
        ("oracle://127.0.0.1/oms", "oracle is none of sqlite, postgresql, mysql"),
        ("", "cannot be read; for example sqlite:///oms.db"),
        ("oms.db", "cannot be read; for example sqlite:///oms.db"),
        ("://", "cannot be read; for example sqlite:///oms.db"),
        ("postgresql://127.0.0.1:port/oms", "cannot be read; for example sqlite:///oms.db"),
    ],
)
def test_an_address_that_is_no_database_of_ours_is_refused(url, why):
    with pytest.raises(BadDatabaseUrl) as refusal:
        connect(url)

    assert refusal.value.why == why


@pytest.mark.parametrize("url", ["oracle://user:p4ssw0rd@127.0.0.1/oms", "postgresql://user:p4ssw0rd@127.0.0.1:port/"])
def test_a_refused_address_does_not_show_its_password(url):
    with pytest.raises(BadDatabaseUrl) as refusal:
        connect(url)

    assert "p4ssw0rd" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "dialect", "driver"),
    [
        ("sqlite:///oms.db", "sqlite", "pysqlite"),
        ("postgresql://127.0.0.1/oms", "postgresql", "psycopg"),
        ("postgres+psycopg2://127.0.0.1/oms", "postgresql", "psycopg"),
        ("postgresql+asyncpg://127.0.0.1/oms", "postgresql", "psycopg"),
        ("mysql://127.0.0.1/oms", "mysql", "pymysql"),
        ("mariadb+mariadbconnector://127.0.0.1/oms", "mysql", "pymysql"),
    ],
)
def test_whatever_driver_is_asked_for_ours_is_used(url, dialect, driver):
    if url.startswith("postgres+"):
        url = url.replace("postgres+", "postgresql+", 1)

    engines = connect(url)

    assert (engines.dialect, engines.write.dialect.driver, engines.read.dialect.driver) == (dialect, driver, driver)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////no/such/folder/oms.db",
        pytest.param("postgresql://nobody@127.0.0.1:1/oms", marks=pytest.mark.postgres),
        pytest.param("mysql://nobody@127.0.0.1:1/oms", marks=pytest.mark.mariadb),
    ],
)
def test_a_database_that_is_not_there_is_unavailable(url):
    database = opened(url)

    with closing(database):
        with pytest.raises(StoreUnavailable):
            database.check_safety()
        with pytest.raises(StoreUnavailable):
            database.revision()
        with pytest.raises(StoreUnavailable):
            database.migrate()
        assert not database.answers()


def test_a_file_that_is_no_database_is_unavailable(tmp_path):
    path = tmp_path / "oms.db"
    path.write_bytes(b"this is no database, and long enough to be told from an empty one" * 100)
    database = opened(f"sqlite:///{path}")

    with closing(database), pytest.raises(StoreUnavailable):
        database.revision()


def test_a_database_answers(empty):
    assert empty.answers()


def test_the_backend_is_what_its_name_says(backend: Backend, kind):
    names = {"sqlite": "sqlite", "postgres": "postgresql", "mariadb": "mysql"}

    assert backend.store.engines.dialect == names[kind]
