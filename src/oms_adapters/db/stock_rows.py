"""Movements on the rows of stock: each a conditional UPDATE, sent in SKU, warehouse, bucket order.

A row in one part takes one statement. Of a row in several, a reservation takes one too: an UPDATE of the bucket that
it begins with. Only if that has too few units, and for whatever else happens to such a row, are its parts locked (in
their order) and the units spread by ``oms_domain.inventory.buckets``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from attrs import define, evolve, field, frozen
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.engine import Connection

from oms_adapters.db.stock_tables import stock_level
from oms_app.ports.transaction import StockMoved
from oms_domain.inventory.buckets import Part, split, spread
from oms_domain.inventory.drift import Drift
from oms_domain.inventory.movements import COLUMNS, Movement, moved, no_stock
from oms_domain.inventory.stock import LedgerKind, StockLevel
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import SkuCode, WarehouseCode

Place = tuple[SkuCode, WarehouseCode]
Shape = tuple[tuple[str, ...], bool, bool, bool, bool]

OF_ORDERS: Final = frozenset({LedgerKind.RESERVE, LedgerKind.UNRESERVE, LedgerKind.SHIP})
"""Kinds whose units were seen before: if they are not there now, somebody else was first."""

_c = stock_level.c
_KEY = (_c.sku == sa.bindparam("key_sku"), _c.warehouse == sa.bindparam("key_warehouse"))
_PART = (*_KEY, _c.bucket == sa.bindparam("key_bucket", type_=sa.Integer))
_PARTS = sa.select(stock_level).where(*_KEY).order_by(_c.bucket)
_LOCKED_PARTS = _PARTS.with_for_update()
_NO_OTHER_PARTS = stock_level.delete().where(*_KEY, _c.bucket > 0)
_AS_IT_IS = ("on_hand", "reserved", "defective", "safety", "locked", "in_transit", "buckets")
_PUT = (
    stock_level.update()
    .where(*_PART)
    .values({name: sa.bindparam(name, type_=stock_level.c[name].type) for name in _AS_IT_IS})
)
_ZERO: Final = sa.literal_column("0", sa.BigInteger)
_UPDATES: Final[dict[Shape, sa.Update]] = {}
_TEXTS: Final[dict[Shape, tuple[str, tuple[str, ...]]]] = {}
_POSTGRES: Final = psycopg.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_MARK: Final = re.compile(r"\$(\d+)")


def level_of(rows: Sequence[Any]) -> StockLevel:
    """Return the level of a SKU in a warehouse from its parts."""
    sums = {name: sum(int(getattr(row, name)) for row in rows) for name in COLUMNS}
    first = rows[0]
    buckets = max(int(row.buckets) for row in rows)
    return StockLevel(sku=SkuCode(first.sku), warehouse=WarehouseCode(first.warehouse), buckets=buckets, **sums)


@frozen
class RowUpdate:
    """A movement of one part, as a statement with its values."""

    shape: Shape
    values: dict[str, Any]

    @classmethod
    def of(cls, movement: Movement, bucket: int) -> RowUpdate:
        changes = movement.changes
        shape = (
            tuple(changes),
            movement.takes_free,
            movement.takes_sellable,
            movement.safety_was is not None,
            bucket > 0,
        )
        values = {"key_sku": movement.sku, "key_warehouse": movement.warehouse, "key_bucket": bucket}
        values |= {f"by_{name}": units for name, units in changes.items()}
        return cls(shape, values | ({"safety_was": movement.safety_was} if shape[3] else {}))

    @property
    def statement(self) -> sa.Update:
        if self.shape not in _UPDATES:
            _UPDATES[self.shape] = _update(self.shape)
        return _UPDATES[self.shape]

    def text(self, first: int) -> tuple[str, list[Any]]:
        """Return the statement for PostgreSQL with marks from ``$first`` on, and its values in their order."""
        if self.shape not in _TEXTS:
            compiled = self.statement.compile(dialect=_POSTGRES)
            _TEXTS[self.shape] = (compiled.string, tuple(compiled.positiontup or ()))
        text, names = _TEXTS[self.shape]
        shifted = _MARK.sub(lambda mark: f"${int(mark[1]) + first - 1}", text)
        return shifted, [self.values[name] for name in names]


def _update(shape: Shape) -> sa.Update:
    columns, takes_free, takes_sellable, sees_safety, is_bucket = shape
    by = {name: sa.bindparam(f"by_{name}", type_=sa.BigInteger) for name in columns}
    after: dict[str, sa.ColumnElement[int]] = {
        name: stock_level.c[name] + by[name] if name in by else stock_level.c[name] for name in COLUMNS
    }
    free = after["on_hand"] - after["reserved"] - after["locked"]
    where: list[sa.ColumnElement[bool]] = [*_PART, *(after[name] >= _ZERO for name in columns)]
    if not is_bucket:
        where.append(_c.buckets == _ZERO)
    if {"on_hand", "reserved"} & set(columns):
        where.append(after["on_hand"] >= after["reserved"])
    if takes_free:
        where.append(free >= _ZERO)
    if takes_sellable:
        where.append(free >= after["safety"])
    if sees_safety:
        where.append(_c.safety == sa.bindparam("safety_was", type_=sa.BigInteger))
    # MariaDB assigns from left to right and would see its own new value: each column only reads itself.
    return stock_level.update().where(*where).values({name: after[name] for name in columns})


@define
class Step:
    """Something to be done to one row. ``movement`` None: more than one movement can say."""

    place: Place
    start: int
    movement: Movement | None = None
    other: Callable[[Connection, Place], None] | None = None


@define
class Steps:
    """What one transaction does to stock, and how it is sent. ``buckets``: of rows that were read, in how many."""

    dialect: str
    gathered: list[Step] = field(factory=list)
    buckets: dict[Place, int] = field(factory=dict)

    def move(self, movement: Movement, document: UUID) -> None:
        if movement.changes:
            self.gathered.append(Step(movement.place, document.int, movement))

    def folded(self) -> list[RowUpdate] | None:
        """Return the updates if one statement can do all of them: each row once, and none in need of a look first."""
        ordered = sorted(self.gathered, key=lambda step: step.place)
        if len({step.place for step in ordered}) != len(ordered):
            return None
        updates = []
        for step in ordered:
            buckets = self.buckets.get(step.place, 0)
            if step.movement is None or (buckets and not step.movement.takes_sellable):
                return None
            updates.append(RowUpdate.of(step.movement, _bucket(step.start, buckets)))
        return updates

    def send(self, connection: Connection) -> None:
        """Raises ``StockMoved``, ``StockBelowReserved``, ``NotThatMany``."""
        for step in sorted(self.gathered, key=lambda step: step.place):
            if step.other is not None:
                step.other(connection, step.place)
            elif step.movement is not None:
                self._send(connection, step.movement, step.start)

    def part(self, place: Place, buckets: int) -> None:
        def send(connection: Connection, place: Place) -> None:
            rows = self._rows(connection, place)
            if not rows:
                raise StockMoved(what=f"{place[0]}@{place[1]}")
            level = level_of(rows)
            _lay_out(connection, level, split(level, buckets))

        self.gathered.append(Step(place, 0, other=send))

    def repair(self, drift: Drift) -> None:
        """Put a row right; it is in one part afterwards."""

        def send(connection: Connection, place: Place) -> None:
            rows = self._rows(connection, place)
            stands = level_of(rows) if rows else no_stock(*place)
            if evolve(stands, buckets=0) != evolve(drift.stands, buckets=0):
                raise StockMoved(what=f"{place[0]}@{place[1]}")
            should = evolve(drift.should, buckets=0)
            if rows:
                _lay_out(connection, should, (Part(0, should.on_hand, should.reserved),))
            else:
                _insert(connection, should)

        self.gathered.append(Step((drift.stands.sku, drift.stands.warehouse), 0, other=send))

    def _send(self, connection: Connection, movement: Movement, start: int) -> None:
        buckets = self.buckets.get(movement.place, 0)
        if not buckets and _done(connection, RowUpdate.of(movement, 0)):
            return
        if buckets and movement.takes_sellable and _done(connection, RowUpdate.of(movement, _bucket(start, buckets))):
            return
        rows = self._rows(connection, movement.place)
        level = level_of(rows) if rows else no_stock(*movement.place)
        self.buckets[movement.place] = level.buckets
        after = _judged(level, movement)
        if not rows:
            _insert(connection, after)
        elif level.buckets:
            _put(connection, after, rows, spread(_parts(level, rows), movement, start=start))
        elif not _done(connection, RowUpdate.of(movement, 0)):  # we hold its lock by now
            raise StockMoved(what=f"{movement.sku}@{movement.warehouse}")

    def _rows(self, connection: Connection, place: Place) -> list[Any]:
        """Read the parts of a row and lock them, in their order.

        Raises:
            StockMoved: they were laid out anew while we waited for them.
        """
        statement = _PARTS if self.dialect == "sqlite" else _LOCKED_PARTS
        rows = list(connection.execute(statement, {"key_sku": place[0], "key_warehouse": place[1]}))
        if rows and len(rows) != rows[0].buckets + 1:
            raise StockMoved(what=f"{place[0]}@{place[1]}")
        return rows


def _bucket(start: int, buckets: int) -> int:
    return 1 + start % buckets if buckets else 0


def _done(connection: Connection, update: RowUpdate) -> bool:
    return connection.execute(update.statement, update.values).rowcount == 1


def _judged(level: StockLevel, movement: Movement) -> StockLevel:
    """Return the level after a movement, or say why it cannot be."""
    try:
        after = moved(level, movement)
    except Refused as refusal:
        if movement.kind in OF_ORDERS:
            raise StockMoved(what=f"{movement.sku}@{movement.warehouse}") from refusal
        raise
    if movement.safety_was not in (None, level.safety):
        raise StockMoved(what=f"{movement.sku}@{movement.warehouse}")
    return after


def _insert(connection: Connection, level: StockLevel) -> None:
    """Begin a row. Another transaction may have been first: then the key is there, and the use case is run again."""
    values = {name: getattr(level, name) for name in COLUMNS}
    row = {"sku": level.sku, "warehouse": level.warehouse, "bucket": 0, "buckets": 0, **values}
    connection.execute(stock_level.insert(), row)


def _put(connection: Connection, level: StockLevel, rows: Sequence[Any], parts: Sequence[Part]) -> None:
    """Store what has changed of the parts of a row, which is locked."""
    place = {"key_sku": level.sku, "key_warehouse": level.warehouse}
    for row, part in zip(rows, parts, strict=True):
        main = {name: getattr(level, name) if not part.number else 0 for name in COLUMNS}
        values = {**main, "on_hand": part.on_hand, "reserved": part.reserved, "buckets": level.buckets}
        if any(getattr(row, name) != value for name, value in values.items()):
            connection.execute(_PUT, {**place, "key_bucket": part.number, **values})


def _lay_out(connection: Connection, level: StockLevel, parts: Sequence[Part]) -> None:
    """Let the row lie in these parts from now on; it is locked."""
    place = {"key_sku": level.sku, "key_warehouse": level.warehouse}
    buckets = len(parts) - 1
    connection.execute(_NO_OTHER_PARTS, place)
    main = {name: getattr(level, name) for name in COLUMNS}
    main |= {"on_hand": parts[0].on_hand, "reserved": parts[0].reserved, "buckets": buckets}
    connection.execute(_PUT, {**place, "key_bucket": 0, **main})
    nothing = {**dict.fromkeys(COLUMNS, 0), "sku": level.sku, "warehouse": level.warehouse, "buckets": buckets}
    others = [
        {**nothing, "bucket": part.number, "on_hand": part.on_hand, "reserved": part.reserved} for part in parts[1:]
    ]
    if others:
        connection.execute(stock_level.insert(), others)


def _parts(level: StockLevel, rows: Sequence[Any]) -> tuple[Part, ...]:
    kept = level.safety + level.locked
    return tuple(Part(row.bucket, row.on_hand, row.reserved, 0 if row.bucket else kept) for row in rows)
