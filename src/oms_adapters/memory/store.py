"""The store in memory: what the databases offer, as objects over one set of dicts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from uuid import UUID

from attrs import define, evolve, field

from oms_adapters.memory.aftersales_lists import MemoryAftersalesQueries
from oms_adapters.memory.catalog import MemoryCatalogQueries
from oms_adapters.memory.doctor import MemoryDoctor
from oms_adapters.memory.jobs import MemoryJobs
from oms_adapters.memory.queries import MemoryQueries
from oms_adapters.memory.tables import Tables
from oms_adapters.memory.transaction import opened
from oms_app.access import ApiKey, Role
from oms_app.actor import Actor
from oms_app.ports.transaction import Clock, NewId, Transaction


@define
class MemoryNumbers:
    """Counters per kind and day."""

    tables: Tables

    def take(self, kind: str, day: date, count: int) -> Sequence[int]:
        with self.tables.lock:
            last = self.tables.counters.get((kind, day.isoformat()), 0)
            self.tables.counters[kind, day.isoformat()] = last + count
        return range(last + 1, last + count + 1)


@define
class MemoryApiKeys:
    """All API keys."""

    tables: Tables

    def add(self, key: ApiKey) -> None:
        with self.tables.lock:
            self.tables.keys[key.id] = key

    def by_prefix(self, prefix: str) -> ApiKey | None:
        return next((key for key in self.all() if key.prefix == prefix), None)

    def all(self) -> tuple[ApiKey, ...]:
        with self.tables.lock:
            return tuple(sorted(self.tables.keys.values(), key=lambda key: (key.created_at, key.id)))

    def revoke(self, key_id: UUID, *, at: datetime) -> bool:
        with self.tables.lock:
            key = self.tables.keys.get(key_id)
            if key is None or key.revoked_at is not None:
                return False
            self.tables.keys[key_id] = evolve(key, revoked_at=at)
            return True

    def roles(self) -> tuple[Role, ...]:
        with self.tables.lock:
            return tuple(sorted(self.tables.roles.values(), key=lambda role: role.code))

    def put_role(self, role: Role, *, by: str, at: datetime) -> None:
        del by, at  # kept on a database
        with self.tables.lock:
            self.tables.roles[role.code] = role


@define
class MemoryStore:
    """Everything that the use cases need to be stored. ``tables`` are open to tests."""

    now: Clock
    new_id: NewId
    tables: Tables = field(factory=Tables)
    jobs: MemoryJobs = field(init=False)
    numbers: MemoryNumbers = field(init=False)
    queries: MemoryQueries = field(init=False)
    catalog_queries: MemoryCatalogQueries = field(init=False)
    aftersales_queries: MemoryAftersalesQueries = field(init=False)
    keys: MemoryApiKeys = field(init=False)
    doctor: MemoryDoctor = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.jobs = MemoryJobs(self.tables, self.now, self.new_id)
        self.numbers = MemoryNumbers(self.tables)
        self.queries = MemoryQueries(self.tables)
        self.catalog_queries = MemoryCatalogQueries(self.tables)
        self.aftersales_queries = MemoryAftersalesQueries(self.tables)
        self.keys = MemoryApiKeys(self.tables)
        self.doctor = MemoryDoctor(self.tables)

    def open(self, actor: Actor) -> AbstractContextManager[Transaction]:
        """Open a transaction, whatever the actor may do."""
        return opened(self.tables, actor, self.now, self.new_id)
