"""Documents of one kind, as one transaction sees them: what is stored, under what it has saved itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from attrs import define, evolve, field

from oms_adapters.memory.tables import Tables
from oms_adapters.memory.work import Work
from oms_app.journal import Head
from oms_app.ports.transaction import Duplicate, StaleVersion
from oms_domain.kernel.errors import NotFound
from oms_domain.kernel.identity import ShopId


class Document(Protocol):
    """What every aggregate has."""

    @property
    def id(self) -> UUID: ...

    @property
    def version(self) -> int: ...


D = TypeVar("D", bound=Document)


@define(kw_only=True)
class Shelf(Generic[D]):
    """The documents of one kind. ``index`` finds the id by the unique ``key``."""

    work: Work
    kind: str
    stored: dict[UUID, D]
    index: dict[Any, UUID]
    shop_of: Callable[[D], ShopId | None]  # None: of no shop, for whoever may ask
    key_of: Callable[[D], Hashable]
    not_found: Callable[[UUID], NotFound]
    saved: dict[UUID, D] = field(factory=dict)

    def find(self, id: UUID) -> D | None:
        """Return the document if there is one and it is the actor's."""
        with self.work.reading() as tables:
            document = self.saved.get(id) or self.stored.get(id)
            if document is None or not self._is_seen(document):
                return None
            head = tables.heads.get(id, Head())
            self.work.journal.loaded(self.kind, id, self.shop_of(document), document, head)
            return document

    def get(self, id: UUID) -> D:
        document = self.find(id)
        if document is None:
            raise self.not_found(id)
        return document

    def by_key(self, key: Hashable) -> D | None:
        with self.work.reading():
            mine = next((id for id, document in self.saved.items() if self.key_of(document) == key), None)
            id = mine or self.index.get(key)
            return self.find(id) if id else None

    def many(self, ids: Iterable[UUID]) -> list[D]:
        with self.work.reading():
            return [document for id in ids if (document := self.find(id))]

    def all(self) -> list[D]:
        with self.work.reading():
            return self.many({**self.stored, **self.saved})

    def save(self, document: D) -> None:
        """Gather ``document`` to be stored as its next version. Saved several times, the last counts, once."""
        with self.work.reading():
            known = self.stored.get(document.id, document)
            if not self._is_seen(document) or not self._is_seen(known):
                raise self.not_found(document.id)
            self.work.journal.saved(self.kind, document.id, self.shop_of(document), document)
            self.saved[document.id] = document

    def _is_seen(self, document: D) -> bool:
        shop_id = self.shop_of(document)
        return shop_id is None or self.work.sees(shop_id)

    def check(self, tables: Tables) -> Callable[[], None]:
        keys: dict[Hashable, UUID] = {}
        for id, document in self.saved.items():
            known = self.stored.get(id)
            if document.version != (known.version if known else 0):
                raise StaleVersion(what=self.kind)
            key = self.key_of(document)
            if keys.setdefault(key, id) != id or self.index.get(key, id) != id:
                raise Duplicate(what=self.kind)

        def store() -> None:
            for id, document in self.saved.items():
                anything: Any = document
                self.stored[id] = evolve(anything, version=document.version + 1)
                self.index[self.key_of(document)] = id

        return store
