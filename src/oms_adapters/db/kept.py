"""Documents that are kept whole: as JSON in ``content``, with columns beside it to find them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.codec import decode, encode
from oms_adapters.db.work import Saved, Work
from oms_app.actor import Actor
from oms_app.journal import Head
from oms_domain.kernel.errors import NotFound
from oms_domain.kernel.identity import ShopId


class Document(Protocol):
    """What each of them has."""

    @property
    def id(self) -> UUID: ...

    @property
    def shop_id(self) -> ShopId: ...

    @property
    def version(self) -> int: ...


D = TypeVar("D", bound=Document)
Parts = tuple[tuple[sa.Table, Callable[[Any, Any], list[dict[str, Any]]]], ...]


@lru_cache
def _by_id(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).where(table.c.id == sa.bindparam("id"))


@frozen(kw_only=True)
class Kept(Generic[D]):
    """How documents of one class are kept. ``columns``: what they are found by, with ``created_at``."""

    kind: str
    table: sa.Table
    cls: type[D]
    columns: Callable[[D], dict[str, Any]]
    missing: Callable[[UUID], NotFound]

    def row(self, document: D) -> dict[str, Any]:
        content = {name: value for name, value in encode(document).items() if name != "version"}
        return {"id": document.id, "shop_id": document.shop_id, "content": content} | self.columns(document)

    def document(self, row: Any) -> D:
        return cast(D, decode(row.content | {"version": row.version}, self.cls))


@frozen(kw_only=True)
class KeptStore(Generic[D]):
    """The documents of one class in a transaction. Statements to find them are the caller's, each built once."""

    kept: Kept[D]
    work: Work
    actor: Actor

    def find(self, document_id: UUID) -> D | None:
        if (saved := self.work.saved(document_id)) is not None:
            return cast(D, saved)
        found = self.rows(_by_id(self.kept.table), {"id": document_id})
        return found[0] if found else None

    def get(self, document_id: UUID) -> D:
        found = self.find(document_id)
        if found is None:
            raise self.kept.missing(document_id)
        return found

    def where(self, statement: sa.Select[Any], values: Mapping[str, Any], fits: Callable[[D], bool]) -> tuple[D, ...]:
        """Return what a statement finds, as this transaction has left it, and what it has made itself, oldest first."""
        found = {each.id: each for each in self.rows(statement, values)}
        for saved in self.work.documents.values():
            if saved.table is self.kept.table:
                found.pop(saved.state.id, None)
                if fits(saved.state):
                    found[saved.state.id] = saved.state
        return tuple(sorted(found.values(), key=lambda each: each.id))

    def rows(self, statement: sa.Select[Any], values: Mapping[str, Any]) -> list[D]:
        return [self._loaded(row) for row in self.work.rows(statement, values) if self.actor.sees(row.shop_id)]

    def save(self, document: D, parts: Parts = ()) -> None:
        """Gather it, with rows of other tables that are made of it as it was read and as it is."""
        if not self.actor.sees(document.shop_id):
            raise self.kept.missing(document.id)
        self.work.journal.saved(self.kept.kind, document.id, document.shop_id, document)
        before = self.work.loaded.get(document.id)
        self.work.save(Saved(self.kept.table, document, self.kept.row, parts, before))

    def _loaded(self, row: Any) -> D:
        found = self.kept.document(row)
        self.work.loaded.setdefault(found.id, found)
        self.work.tables[self.kept.kind] = self.kept.table
        head = Head(row.log_seq, row.log_hash)
        self.work.journal.loaded(self.kept.kind, found.id, found.shop_id, found, head)
        return found
