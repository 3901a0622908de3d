"""A database with everything on it: the one door that bootstrap and the tests come through."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from attrs import define, field

from oms_adapters.db.aftersales_lists import SqlAftersalesQueries
from oms_adapters.db.catalog_lists import SqlCatalogQueries
from oms_adapters.db.doctor import SqlDoctor
from oms_adapters.db.engine import Engines, SchemaAhead, check_safety, connect
from oms_adapters.db.errors import translated
from oms_adapters.db.jobs import JobStore
from oms_adapters.db.numbers import ApiKeyStore, NumberStore
from oms_adapters.db.queries import SqlQueries
from oms_adapters.db.transaction import SqlTransactions
from oms_app.ports.transaction import Clock, NewId

LONGEST_WAIT_S: Final = 0.5


def wait_with_jitter(attempt: int) -> None:
    """Wait 2–20 ms before the second try, twice as long before each further one, up to half a second."""
    time.sleep(min(random.uniform(0.002, 0.02) * 2 ** (attempt - 2), LONGEST_WAIT_S))


@define
class Database:
    """Everything that is stored, behind its ports."""

    engines: Engines
    transactions: SqlTransactions
    jobs: JobStore
    numbers: NumberStore
    keys: ApiKeyStore
    queries: SqlQueries
    catalog_queries: SqlCatalogQueries
    aftersales_queries: SqlAftersalesQueries
    doctor: SqlDoctor
    _listeners: list[Callable[[], None]] = field(factory=list)

    @classmethod
    def connect(
        cls, url: str, *, now: Clock, new_id: NewId, pool: int = 4, pause: Callable[[int], None] = wait_with_jitter
    ) -> Database:
        """Raises ``BadDatabaseUrl``. Nothing is opened yet."""
        engines = connect(url, pool=pool)
        listeners: list[Callable[[], None]] = []

        def told() -> None:
            for listener in listeners:
                listener()

        return cls(
            engines=engines,
            transactions=SqlTransactions(engines, now, new_id, told),
            jobs=JobStore(engines, new_id, pause),
            numbers=NumberStore(engines, pause),
            keys=ApiKeyStore(engines),
            queries=SqlQueries(engines),
            catalog_queries=SqlCatalogQueries(engines),
            aftersales_queries=SqlAftersalesQueries(engines),
            doctor=SqlDoctor(engines),
            listeners=listeners,
        )

    @property
    def open(self) -> Any:
        """``oms_app.ports.transaction.OpenTransaction``."""
        return self.transactions.open

    def on_publish(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called after each commit that published events."""
        self._listeners.append(listener)

    def check_safety(self) -> None:
        """Raises ``UnsafeDatabase``, ``StoreUnavailable``."""
        with translated():
            check_safety(self.engines)

    def check_known(self) -> None:
        """Raises ``SchemaAhead``, ``StoreUnavailable``."""
        found, head = self.revision()
        known = {step.revision for step in ScriptDirectory.from_config(migration_config()).walk_revisions()}
        if found is not None and found not in known:
            raise SchemaAhead(found=found, known=head or "")

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema to a revision. Each step may be run again. Raises ``SchemaAhead``."""
        self.check_known()
        with translated(), self.engines.write.connect() as connection:
            config = migration_config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()

    def revision(self) -> tuple[str | None, str | None]:
        """Return the schema's revision and the newest one known: equal means up to date."""
        with translated(), self.engines.read.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        return current, ScriptDirectory.from_config(migration_config()).get_current_head()

    def answers(self) -> bool:
        """Whether the database answers now."""
        try:
            with self.engines.read.connect() as connection:
                connection.execute(sa.text("SELECT 1"))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        self.engines.dispose()


def migration_config() -> Config:
    """Return Alembic's configuration: the migrations in the wheel, or those of the tree of an editable install."""
    here = Path(__file__).resolve().parent
    places = (here / "migrations", here.parents[2] / "migrations")
    folder = next(place for place in places if (place / "env.py").is_file())
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
