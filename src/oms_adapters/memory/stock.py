"""Stock: steps are gathered, and decided at commit on what stands then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from attrs import define, evolve, field

from oms_adapters.memory.stock_drift import found_drifts, wrong_lines
from oms_adapters.memory.tables import LedgerEntry, Place, Tables
from oms_adapters.memory.work import Work
from oms_app.ports.transaction import NewId, StockMoved
from oms_domain.inventory.buckets import split
from oms_domain.inventory.differences import DifferenceNotOpen, Holder, StockDifference
from oms_domain.inventory.drift import Drift
from oms_domain.inventory.movements import Movement, moved, no_stock, reserves, ships, unreserves
from oms_domain.inventory.stock import Handover, LedgerKind, Reservation, ReservationState, StockLevel
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import LineId, OrderId, SkuCode, WarehouseCode
from oms_domain.orders.states import UNRELEASED

LIVE = ReservationState.LIVE
OF_ORDERS = frozenset({LedgerKind.RESERVE, LedgerKind.UNRESERVE, LedgerKind.SHIP})


@define
class Draft:
    """What stock is after a transaction's steps; stored only if all of them succeed."""

    tables: Tables
    at: datetime
    actor: str
    new_id: NewId
    levels: dict[Place, StockLevel] = field(factory=dict)
    reservations: dict[OrderId, tuple[Reservation, ...]] = field(factory=dict)
    attempts: dict[OrderId, int] = field(factory=dict)
    differences: dict[UUID, StockDifference] = field(factory=dict)
    ledger: list[LedgerEntry] = field(factory=list)

    def reserve(self, order_id: OrderId, wanted: Sequence[Reservation], attempt: int) -> None:
        last = self.attempts.get(order_id, self.tables.attempts.get(order_id, 0))
        if self._held(order_id) or 0 < attempt <= last:
            return
        for place, units in _by_place(wanted):
            self.move(reserves(*place, units), order_id)
        self.attempts[order_id] = attempt or last + 1
        self.reservations[order_id] = (*self._rows(order_id), *wanted)

    def release(self, order_id: OrderId, lines: frozenset[LineId] | None) -> None:
        gone = [row for row in self._held(order_id) if lines is None or row.line_id in lines]
        self.reservations[order_id] = tuple(
            evolve(row, state=ReservationState.RELEASED) if row in gone else row for row in self._rows(order_id)
        )
        for place, units in _by_place(gone):
            self.move(unreserves(*place, units), order_id)

    def hand_over(self, handovers: Sequence[Handover]) -> None:
        for each in handovers:
            held = next((row for row in self._held(each.order_id) if row.line_id == each.line_id), None)
            if held is None or not (units := min(held.quantity, each.units)):
                continue
            left = evolve(held, quantity=held.quantity - units)
            if not left.quantity:
                left = evolve(held, state=ReservationState.RELEASED)
            rows = (left if row is held else row for row in self._rows(each.order_id))
            self.reservations[each.order_id] = tuple(rows)
            taken = evolve(held, order_id=each.to_order, line_id=each.to_line, quantity=units)
            self.reservations[each.to_order] = (*self._rows(each.to_order), taken)

    def consume(self, order_id: OrderId, lines: Sequence[tuple[LineId, int]] | None, document: UUID) -> None:
        held = self._held(order_id)
        wanted = {row.line_id: row.quantity for row in held} if lines is None else _sums(lines)
        gone: list[Reservation] = []

        def consumed(row: Reservation) -> Reservation:
            units = min(row.quantity, wanted.get(row.line_id, 0)) if row.state is LIVE else 0
            if not units:
                return row
            gone.append(evolve(row, quantity=units))
            if units == row.quantity:
                return evolve(row, state=ReservationState.CONSUMED)
            return evolve(row, quantity=row.quantity - units)

        self.reservations[order_id] = tuple(consumed(row) for row in self._rows(order_id))
        for place, units in _by_place(gone):
            self.move(ships(*place, units), document)

    def move(self, movement: Movement, document: UUID) -> None:
        level = self._level(movement.place)
        if movement.safety_was not in (None, level.safety):
            raise StockMoved(what=movement.sku)
        try:
            self.levels[movement.place] = moved(level, movement)
        except Refused as refusal:
            if movement.kind in OF_ORDERS:
                raise StockMoved(what=movement.sku) from refusal
            raise
        self._enter(movement, document)

    def part(self, place: Place, buckets: int) -> None:
        level = self._level(place)
        split(level, buckets)  # as strict as a database, which lays them out
        if place not in self.levels and place not in self.tables.levels:
            raise StockMoved(what=place[0])
        self.levels[place] = evolve(level, buckets=buckets)

    def settle(self, difference: StockDifference, units: int) -> None:
        known = self.differences.get(difference.id) or self.tables.stock_differences.get(difference.id)
        if known is None or known.units != difference.units + units:
            raise StockMoved(what=f"difference {difference.id}")
        self.differences[difference.id] = difference

    def repair(self, drift: Drift, document: UUID) -> None:
        place = (drift.stands.sku, drift.stands.warehouse)
        level = self._level(place)
        if evolve(level, buckets=0) != evolve(drift.stands, buckets=0):
            raise StockMoved(what=place[0])
        self.levels[place] = evolve(drift.should, buckets=0)
        self._enter(drift.entry, document)

    def store(self) -> None:
        self.tables.levels.update(self.levels)
        self.tables.reservations.update(self.reservations)
        self.tables.attempts.update(self.attempts)
        self.tables.stock_differences.update(self.differences)
        self.tables.ledger.extend(self.ledger)

    def _enter(self, movement: Movement, document: UUID) -> None:
        entry = LedgerEntry(id=self.new_id(), movement=movement, document=document, actor=self.actor, at=self.at)
        self.ledger.append(entry)

    def _rows(self, order_id: OrderId) -> tuple[Reservation, ...]:
        stored = self.tables.reservations.get(order_id, ())
        return self.reservations.get(order_id, stored)

    def _held(self, order_id: OrderId) -> tuple[Reservation, ...]:
        return tuple(row for row in self._rows(order_id) if row.state is LIVE)

    def _level(self, place: Place) -> StockLevel:
        return self.levels.get(place) or self.tables.levels.get(place) or no_stock(*place)


@define
class MemoryStock:
    """Quantities, reservations and the ledger."""

    work: Work
    new_id: NewId
    steps: list[Callable[[Draft], None]] = field(factory=list)

    def levels(self, warehouse: WarehouseCode, skus: Sequence[SkuCode]) -> dict[SkuCode, StockLevel]:
        with self.work.reading() as tables:
            found = {sku: tables.levels.get((sku, warehouse)) for sku in skus}
        return {sku: level for sku, level in found.items() if level is not None}

    def everywhere(self, skus: Sequence[SkuCode]) -> dict[WarehouseCode, dict[SkuCode, StockLevel]]:
        found: dict[WarehouseCode, dict[SkuCode, StockLevel]] = {}
        with self.work.reading() as tables:
            for (sku, warehouse), level in tables.levels.items():
                if sku in skus:
                    found.setdefault(warehouse, {})[sku] = level
        return found

    def reserve(self, order_id: OrderId, reservations: Sequence[Reservation], *, attempt: int = 0) -> None:
        rows = tuple(reservations)
        self._step(lambda draft: draft.reserve(order_id, rows, attempt))

    def release(self, order_id: OrderId, lines: Iterable[LineId] | None = None) -> None:
        chosen = None if lines is None else frozenset(lines)
        self._step(lambda draft: draft.release(order_id, chosen))

    def hand_over(self, handovers: Sequence[Handover]) -> None:
        rows = tuple(handovers)
        self._step(lambda draft: draft.hand_over(rows))

    def consume(self, order_id: OrderId, lines: Iterable[tuple[LineId, int]] | None, *, document: UUID) -> None:
        chosen = None if lines is None else tuple(lines)
        self._step(lambda draft: draft.consume(order_id, chosen, document))

    def move(self, movements: Iterable[Movement], *, document: UUID) -> None:
        rows = tuple(movements)

        def step(draft: Draft) -> None:
            for movement in rows:
                draft.move(movement, document)

        self._step(step)

    def held_by(self, order_id: OrderId) -> tuple[Reservation, ...]:
        with self.work.reading() as tables:
            held = [row for row in tables.reservations.get(order_id, ()) if row.state is LIVE]
        return tuple(sorted(held, key=lambda row: row.line_id))

    def places(self, order_id: OrderId) -> tuple[Place, ...]:
        with self.work.reading() as tables:
            return tuple(sorted({(row.sku, row.warehouse) for row in tables.reservations.get(order_id, ())}))

    def holders(self, sku: SkuCode, warehouse: WarehouseCode, limit: int) -> tuple[Holder, ...]:
        held: dict[OrderId, int] = {}
        with self.work.reading() as tables:
            for rows in tables.reservations.values():
                for row in rows:
                    if row.state is LIVE and (row.sku, row.warehouse) == (sku, warehouse):
                        held[row.order_id] = held.get(row.order_id, 0) + row.quantity
            orders = [tables.orders[id] for id in held if tables.orders[id].state in UNRELEASED]
        orders.sort(key=lambda order: (order.created_at, order.id), reverse=True)
        return tuple(Holder(order.id, held[order.id]) for order in orders[:limit])

    def part(self, sku: SkuCode, warehouse: WarehouseCode, buckets: int) -> None:
        self._step(lambda draft: draft.part((sku, warehouse), buckets))

    def open_difference(self, difference: StockDifference) -> None:
        self._step(lambda draft: draft.differences.update({difference.id: difference}))

    def difference(self, difference_id: UUID) -> StockDifference:
        with self.work.reading() as tables:
            found = tables.stock_differences.get(difference_id)
        if found is None or not found.units:
            raise DifferenceNotOpen(difference_id=difference_id)
        return found

    def differences(self, sku: SkuCode, warehouse: WarehouseCode) -> tuple[StockDifference, ...]:
        with self.work.reading() as tables:
            found = [
                each
                for each in tables.stock_differences.values()
                if each.units and (each.sku, each.warehouse) == (sku, warehouse)
            ]
        return tuple(sorted(found, key=lambda each: (each.at, each.id)))

    def settle(self, difference: StockDifference, *, units: int) -> None:
        self._step(lambda draft: draft.settle(difference, units))

    def drifts(self) -> tuple[Drift, ...]:
        with self.work.reading() as tables:
            return tuple(found_drifts(tables))

    def strays(self) -> tuple[tuple[OrderId, LineId], ...]:
        with self.work.reading() as tables:
            return tuple((order.id, line.id) for order, line, due, _ in wrong_lines(tables) if not due)

    def repair(self, drift: Drift, *, document: UUID) -> None:
        self._step(lambda draft: draft.repair(drift, document))

    def check(self, tables: Tables) -> Callable[[], None]:
        draft = Draft(tables, self.work.now(), self.work.actor.id, self.new_id)
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


def _by_place(rows: Iterable[Reservation]) -> list[tuple[Place, int]]:
    """Add up units by place, in the one lock order."""
    sums: dict[Place, int] = {}
    for row in rows:
        sums[row.sku, row.warehouse] = sums.get((row.sku, row.warehouse), 0) + row.quantity
    return sorted(sums.items())
