"""Stock: steps are gathered, and decided at commit on what stands then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from attrs import define, evolve, field

from oms_adapters.memory.tables import LedgerEntry, Place, Tables
from oms_adapters.memory.work import Work
from oms_app.ports.transaction import StockMoved
from oms_domain.inventory.stock import LedgerKind, Reservation, ReservationState, StockBelowReserved, StockLevel
from oms_domain.kernel.identity import LineId, OrderId, SkuCode, WarehouseCode

LIVE = ReservationState.LIVE


@define
class Draft:
    """What stock is after a transaction's steps; stored only if all of them succeed."""

    tables: Tables
    at: datetime
    levels: dict[Place, StockLevel] = field(factory=dict)
    reservations: dict[OrderId, tuple[Reservation, ...]] = field(factory=dict)
    ledger: list[LedgerEntry] = field(factory=list)

    def reserve(self, order_id: OrderId, wanted: Sequence[Reservation]) -> None:
        if self._held(order_id):
            return
        for row in sorted(wanted, key=lambda r: (r.sku, r.warehouse)):
            level = self._level(row.sku, row.warehouse)
            if level.available < row.quantity:
                raise StockMoved(what=row.sku)
            self._put(evolve(level, reserved=level.reserved + row.quantity))
        self.reservations[order_id] = (*self._rows(order_id), *wanted)

    def release(self, order_id: OrderId, lines: frozenset[LineId] | None) -> None:
        def released(row: Reservation) -> Reservation:
            if row.state is not LIVE or (lines is not None and row.line_id not in lines):
                return row
            self._free(row, row.quantity)
            return evolve(row, state=ReservationState.RELEASED)

        self.reservations[order_id] = tuple(released(row) for row in self._rows(order_id))

    def consume(self, order_id: OrderId, lines: Sequence[tuple[LineId, int]] | None, document: UUID) -> None:
        held = self._held(order_id)
        wanted = {row.line_id: row.quantity for row in held} if lines is None else _sums(lines)
        gone: dict[Place, int] = {}

        def consumed(row: Reservation) -> Reservation:
            units = min(row.quantity, wanted.get(row.line_id, 0)) if row.state is LIVE else 0
            if not units:
                return row
            self._free(row, units)
            gone[row.sku, row.warehouse] = gone.get((row.sku, row.warehouse), 0) + units
            if units == row.quantity:
                return evolve(row, state=ReservationState.CONSUMED)
            return evolve(row, quantity=row.quantity - units)

        self.reservations[order_id] = tuple(consumed(row) for row in self._rows(order_id))
        for (sku, warehouse), units in sorted(gone.items()):
            self.change(sku, warehouse, -units, LedgerKind.SHIP, document)

    def change(self, sku: SkuCode, warehouse: WarehouseCode, units: int, kind: LedgerKind, document: UUID) -> None:
        level = self._level(sku, warehouse)
        if level.available + units < 0:
            raise StockBelowReserved(sku=sku, warehouse=warehouse)
        self._put(evolve(level, on_hand=level.on_hand + units))
        entry = LedgerEntry(sku=sku, warehouse=warehouse, units=units, kind=kind, document=document, at=self.at)
        self.ledger.append(entry)

    def store(self) -> None:
        self.tables.levels.update(self.levels)
        self.tables.reservations.update(self.reservations)
        self.tables.ledger.extend(self.ledger)

    def _rows(self, order_id: OrderId) -> tuple[Reservation, ...]:
        stored = self.tables.reservations.get(order_id, ())
        return self.reservations.get(order_id, stored)

    def _held(self, order_id: OrderId) -> tuple[Reservation, ...]:
        return tuple(row for row in self._rows(order_id) if row.state is LIVE)

    def _level(self, sku: SkuCode, warehouse: WarehouseCode) -> StockLevel:
        nothing = StockLevel(sku=sku, warehouse=warehouse, on_hand=0, reserved=0)
        return self.levels.get((sku, warehouse)) or self.tables.levels.get((sku, warehouse), nothing)

    def _put(self, level: StockLevel) -> None:
        self.levels[level.sku, level.warehouse] = level

    def _free(self, row: Reservation, units: int) -> None:
        level = self._level(row.sku, row.warehouse)
        self._put(evolve(level, reserved=level.reserved - units))


@define
class MemoryStock:
    """Quantities, reservations and the ledger."""

    work: Work
    steps: list[Callable[[Draft], None]] = field(factory=list)

    def levels(self, warehouse: WarehouseCode, skus: Sequence[SkuCode]) -> dict[SkuCode, StockLevel]:
        with self.work.reading() as tables:
            found = {sku: tables.levels.get((sku, warehouse)) for sku in skus}
        return {sku: level for sku, level in found.items() if level is not None}

    def reserve(self, order_id: OrderId, reservations: Sequence[Reservation]) -> None:
        rows = tuple(reservations)
        self._step(lambda draft: draft.reserve(order_id, rows))

    def release(self, order_id: OrderId, lines: Iterable[LineId] | None = None) -> None:
        chosen = None if lines is None else frozenset(lines)
        self._step(lambda draft: draft.release(order_id, chosen))

    def consume(self, order_id: OrderId, lines: Iterable[tuple[LineId, int]] | None, *, document: UUID) -> None:
        chosen = None if lines is None else tuple(lines)
        self._step(lambda draft: draft.consume(order_id, chosen, document))

    def change(self, sku: SkuCode, warehouse: WarehouseCode, units: int, *, kind: LedgerKind, document: UUID) -> None:
        self._step(lambda draft: draft.change(sku, warehouse, units, kind, document))

    def check(self, tables: Tables) -> Callable[[], None]:
        draft = Draft(tables, self.work.now())
        for step in self.steps:
            step(draft)
        return draft.store

    def _step(self, step: Callable[[Draft], None]) -> None:
        self.work.live()
        self.steps.append(step)


def _sums(lines: Sequence[tuple[LineId, int]]) -> dict[LineId, int]:
    sums: dict[LineId, int] = {}
    for line_id, units in lines:
        sums[line_id] = sums.get(line_id, 0) + units
    return sums
