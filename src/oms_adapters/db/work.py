"""The writes of one transaction: gathered, and sent together at commit in one fixed order.

Order: documents (by table, then id), new rows (parents first), stock (by SKU, warehouse, bucket), the job. Every
transaction locks in this order, so none waits for another in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
from attrs import define, field
from sqlalchemy.engine import Connection

from oms_adapters.db import bulk, driver
from oms_adapters.db.errors import translated
from oms_adapters.db.stock_rows import Steps
from oms_app.journal import Journal
from oms_app.ports.transaction import StaleVersion

Row = Mapping[str, Any]
Doc = TypeVar("Doc")
ToRow = Callable[[Any], dict[str, Any]]


@define
class Saved:
    """A document to be stored: its table, its newest state, and how it becomes rows."""

    table: sa.Table
    state: Any
    rows: ToRow
    parts: tuple[tuple[sa.Table, Callable[[Any, Any], list[dict[str, Any]]]], ...]
    before: Any  # as loaded, None for a new one


@define
class Work:
    """What one transaction has read and wants to write."""

    connection: Connection
    dialect: str
    journal: Journal
    loaded: dict[UUID, Any] = field(factory=dict)
    documents: dict[UUID, Saved] = field(factory=dict)
    inserts: dict[sa.Table, list[dict[str, Any]]] = field(factory=dict)
    last: list[tuple[tuple[Any, ...], Callable[[Connection], object]]] = field(factory=list)
    """Conditional statements to be sent after the rows, by their lock key."""
    tables: dict[str, sa.Table] = field(factory=dict)
    """Document kind → table, of the documents that were read."""
    stock: Steps = field(init=False)
    over: bool = False

    def __attrs_post_init__(self) -> None:
        self.stock = Steps(self.dialect)

    def alive(self) -> None:
        """Raises ``RuntimeError`` once the transaction has ended, however it did."""
        if self.over:
            raise RuntimeError("this transaction is over")

    def rows(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        """Read now. The statement is one that a module builds once."""
        self.alive()
        with translated():
            return driver.rows(self.connection, self.dialect, statement, parameters or {})

    def add(self, table: sa.Table, row: dict[str, Any]) -> None:
        """Gather a new row."""
        self.alive()
        self.inserts.setdefault(table, []).append(row)

    def saved(self, document_id: UUID) -> Any:
        """Return what this transaction has saved of a document, None if nothing."""
        self.alive()
        found = self.documents.get(document_id)
        return found.state if found else None

    def save(self, saved: Saved) -> None:
        """Gather a document; saved again, the newest state counts, once."""
        self.alive()
        earlier = self.documents.get(saved.state.id)
        if earlier is not None:
            earlier.state = saved.state
        else:
            self.documents[saved.state.id] = saved

    def flush(self) -> None:
        """Send everything."""
        updates, gone = self._documents_as_rows()
        grown = [document_id for document_id in self.loaded if self._has_only_grown(document_id)]
        alone = not (updates or gone or grown or self.last) and bulk.is_one_statement(self.dialect, self.inserts)
        with translated(committing=alone):
            if alone and self._sent_at_once():
                return
            driver.begin(self.connection, self.dialect)
            for table, row_id in gone:
                self.connection.execute(table.delete().where(table.c.id == row_id))
            first = self._pointed_to(updates)
            if first:
                bulk.insert(self.connection, self.dialect, self.inserts, first)
            self._send_updates(updates)
            self._send_heads(grown)
            rest = [table for table in _sorted(self.inserts) if table not in first]
            bulk.insert(self.connection, self.dialect, self.inserts, rest)
            if self.stock.gathered:
                self.last.append((("stock",), self.stock.send))
            for _, send in sorted(self.last, key=lambda item: item[0]):
                send(self.connection)

    def _pointed_to(self, updates: Mapping[sa.Table, list[dict[str, Any]]]) -> list[sa.Table]:
        """Return the tables whose new rows a changed row points to by now: they are there before it is.

        As where a claim goes on with the order that takes the place of its own.
        """
        found: set[sa.Table] = set()
        for table, rows in updates.items():
            for key in table.foreign_keys:
                new = {row[key.column.name] for row in self.inserts.get(key.column.table, ())}
                if new and any(row.get(key.parent.name) in new for row in rows):
                    found.add(key.column.table)
        open_ = list(found)
        while open_:
            parents = {key.column.table for key in open_.pop().foreign_keys} & self.inserts.keys() - found
            found |= parents
            open_ += parents
        return _sorted(dict.fromkeys(found))

    def _sent_at_once(self) -> bool:
        """Send rows and movements as one statement, which is a transaction by itself.

        False: it cannot be, or a movement did not fit. Nothing was done then, and one after the other they will tell.
        """
        updates = self.stock.folded()
        if updates is None:
            return False
        return bulk.insert_with(self.connection, self.dialect, self.inserts, _sorted(self.inserts), updates)

    def _documents_as_rows(self) -> tuple[dict[sa.Table, list[dict[str, Any]]], list[tuple[sa.Table, UUID]]]:
        """Gather the new rows of documents; return the changed ones by table, and those that are gone."""
        updates: dict[sa.Table, list[dict[str, Any]]] = {}
        gone: list[tuple[sa.Table, UUID]] = []
        for saved in self.documents.values():
            row = saved.rows(saved.state)
            head = self.journal.head(saved.state.id)
            row |= {"version": saved.state.version + 1, "log_seq": head.seq, "log_hash": head.hash}
            if saved.state.version == 0:
                self.add(saved.table, row)
            else:
                # The shop is part of the key: a foreign document cannot be taken over by naming it one's own.
                row |= {"key_id": row.pop("id"), "key_version": saved.state.version}
                if "shop_id" in row:
                    row["key_shop"] = row.pop("shop_id")
                updates.setdefault(saved.table, []).append(row)
            for part, rows in saved.parts:
                for part_row in rows(saved.before, saved.state):
                    if part_row.pop("is_new", True):
                        self.add(part, part_row)
                    elif part_row.pop("is_gone", False):
                        gone.append((part, part_row["id"]))
                    else:
                        part_row["key_id"] = part_row.pop("id")
                        updates.setdefault(part, []).append(part_row)
        return updates, gone

    def _send_updates(self, updates: dict[sa.Table, list[dict[str, Any]]]) -> None:
        for table in _sorted(updates):
            rows_ = sorted(updates[table], key=lambda row: row["key_id"].bytes)
            versioned = "key_version" in rows_[0]
            result = self.connection.execute(_update(table, versioned), rows_)
            if versioned and result.rowcount != len(rows_):
                raise StaleVersion(what=table.name)

    def _has_only_grown(self, document_id: UUID) -> bool:
        """Whether there is a fact about a document that did not change itself: only its log has grown."""
        before, after = self.journal.heads(document_id)
        return after != before and document_id not in self.documents

    def _send_heads(self, grown: list[UUID]) -> None:
        for document_id in grown:
            before, after = self.journal.heads(document_id)
            table = self.tables[self.journal.kind(document_id)]
            grow = table.update().where(table.c.id == document_id, table.c.log_seq == before.seq)
            if self.connection.execute(grow.values(log_seq=after.seq, log_hash=after.hash)).rowcount != 1:
                raise StaleVersion(what=table.name)


_UPDATES: Final[dict[sa.Table, sa.Update]] = {}
_RANKS: Final[dict[sa.Table, int]] = {}


def _sorted(tables: Mapping[sa.Table, Any]) -> list[sa.Table]:
    if not _RANKS:
        from oms_adapters.db.types import metadata

        _RANKS.update({table: rank for rank, table in enumerate(metadata.sorted_tables)})
    return sorted(tables, key=_RANKS.__getitem__)


def _update(table: sa.Table, versioned: bool) -> sa.Update:
    if table not in _UPDATES:
        statement = table.update().where(table.c.id == sa.bindparam("key_id", type_=table.c.id.type))
        if versioned:
            statement = statement.where(table.c.version == sa.bindparam("key_version", type_=sa.Integer))
            if "shop_id" in table.c:
                statement = statement.where(table.c.shop_id == sa.bindparam("key_shop", type_=table.c.id.type))
        _UPDATES[table] = statement.values(
            {column.name: sa.bindparam(column.name) for column in table.c if column.name not in ("id", "shop_id")}
        )
    return _UPDATES[table]
