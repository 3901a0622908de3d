"""Stock: reservations, movements with their ledger, and open differences, as one transaction sees them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from attrs import define, field, frozen
from sqlalchemy.engine import Connection

from oms_adapters.db.orders import sales_order
from oms_adapters.db.stock_drift import DRIFTS, WRONG_LINES, found_drifts
from oms_adapters.db.stock_rows import Place, level_of
from oms_adapters.db.stock_tables import reservation, stock_difference, stock_ledger, stock_level
from oms_adapters.db.work import Work
from oms_app.ports.transaction import Clock, NewId, StockMoved
from oms_domain.inventory.differences import DifferenceNotOpen, Holder, StockDifference
from oms_domain.inventory.documents import DocumentKind
from oms_domain.inventory.drift import Drift
from oms_domain.inventory.movements import COLUMNS, Movement, reserves, ships, unreserves
from oms_domain.inventory.stock import Handover, Reservation, StockLevel
from oms_domain.kernel.identity import LineId, OrderId, SkuCode, StockDocumentId, WarehouseCode
from oms_domain.orders.states import UNRELEASED

_LEVELS = (
    sa.select(stock_level)
    .where(
        stock_level.c.warehouse == sa.bindparam("warehouse"),
        stock_level.c.sku.in_(sa.bindparam("skus", expanding=True)),
    )
    .order_by(stock_level.c.sku, stock_level.c.bucket)
)
_EVERYWHERE = (
    sa.select(stock_level)
    .where(stock_level.c.sku.in_(sa.bindparam("skus", expanding=True)))
    .order_by(stock_level.c.sku, stock_level.c.warehouse, stock_level.c.bucket)
)
_HELD = sa.select(reservation).where(reservation.c.order_id == sa.bindparam("order_id"))
_HOLD = (
    reservation.update()
    .where(
        reservation.c.line_id == sa.bindparam("key_line"),
        reservation.c.held == sa.bindparam("key_held", type_=sa.BigInteger),
    )
    .values(
        held=sa.bindparam("held", type_=sa.BigInteger),
        sku=sa.bindparam("sku"),
        warehouse=sa.bindparam("warehouse"),
        attempt=sa.bindparam("attempt", type_=sa.Integer),
    )
)
_HOLDERS = (
    sa.select(reservation.c.order_id, sa.func.sum(reservation.c.held).label("units"))
    .join(sales_order, sales_order.c.id == reservation.c.order_id)
    .where(
        reservation.c.sku == sa.bindparam("sku"),
        reservation.c.warehouse == sa.bindparam("warehouse"),
        reservation.c.held > 0,
        sales_order.c.state.in_([str(state) for state in UNRELEASED]),
    )
    .group_by(reservation.c.order_id, sales_order.c.created_at)
    .order_by(sales_order.c.created_at.desc(), reservation.c.order_id.desc())
    .limit(sa.bindparam("most"))
)
_d = stock_difference.c
_DIFFERENCE = sa.select(stock_difference).where(_d.id == sa.bindparam("id"), _d.units > 0)
_DIFFERENCES = (
    sa.select(stock_difference)
    .where(_d.sku == sa.bindparam("sku"), _d.warehouse == sa.bindparam("warehouse"), _d.units > 0)
    .order_by(_d.at, _d.id)
)


@define
class _Held:
    sku: SkuCode
    warehouse: WarehouseCode
    units: int
    attempt: int


@frozen
class StockStore:
    """``oms_app.ports.stock.Stock`` on a database."""

    work: Work
    actor_id: str
    now: Clock
    new_id: NewId
    held: dict[OrderId, dict[LineId, _Held]] = field(factory=dict)

    def levels(self, warehouse: WarehouseCode, skus: Sequence[SkuCode]) -> dict[SkuCode, StockLevel]:
        if not skus:
            return {}
        parts: dict[SkuCode, list[Any]] = {}
        for row in self.work.rows(_LEVELS, {"warehouse": warehouse, "skus": list(skus)}):
            parts.setdefault(SkuCode(row.sku), []).append(row)
        levels = {sku: level_of(rows) for sku, rows in parts.items()}
        self.work.stock.buckets.update({(sku, warehouse): level.buckets for sku, level in levels.items()})
        return levels

    def everywhere(self, skus: Sequence[SkuCode]) -> dict[WarehouseCode, dict[SkuCode, StockLevel]]:
        if not skus:
            return {}
        parts: dict[Place, list[Any]] = {}
        for row in self.work.rows(_EVERYWHERE, {"skus": list(skus)}):
            parts.setdefault((SkuCode(row.sku), WarehouseCode(row.warehouse)), []).append(row)
        found: dict[WarehouseCode, dict[SkuCode, StockLevel]] = {}
        for (sku, warehouse), rows in parts.items():
            level = found.setdefault(warehouse, {})[sku] = level_of(rows)
            self.work.stock.buckets[sku, warehouse] = level.buckets
        return found

    def reserve(self, order_id: OrderId, reservations: Sequence[Reservation], *, attempt: int = 0) -> None:
        held = self._held(order_id)
        last = max((line.attempt for line in held.values()), default=0)
        if any(line.units for line in held.values()) or 0 < attempt <= last:
            return
        this = attempt or last + 1
        sums: dict[Place, int] = {}
        for wanted in reservations:
            values = {
                "sku": wanted.sku,
                "warehouse": wanted.warehouse,
                "held": wanted.quantity,
                "attempt": this,
            }
            if wanted.line_id in held:
                self._hold(wanted.line_id, 0, values)
            else:
                self.work.add(reservation, {"line_id": wanted.line_id, "order_id": order_id, **values})
            held[wanted.line_id] = _Held(wanted.sku, wanted.warehouse, wanted.quantity, this)
            place = (wanted.sku, wanted.warehouse)
            sums[place] = sums.get(place, 0) + wanted.quantity
        self.move((reserves(*place, units) for place, units in sums.items()), document=order_id)

    def release(self, order_id: OrderId, lines: Iterable[LineId] | None = None) -> None:
        wanted = None if lines is None else set(lines)
        chosen = {
            line_id: line.units for line_id, line in self._held(order_id).items() if wanted is None or line_id in wanted
        }
        sums = self._let_go(order_id, chosen)
        self.move((unreserves(*place, units) for place, units in sums.items()), document=order_id)

    def hand_over(self, handovers: Sequence[Handover]) -> None:
        left: dict[LineId, _Held] = {}
        before: dict[LineId, int] = {}
        for each in handovers:
            held = self._held(each.order_id).get(each.line_id)
            if held is None or not (units := min(held.units, each.units)):
                continue
            before.setdefault(each.line_id, held.units)
            held.units -= units
            left[each.line_id] = held
            taken = _Held(held.sku, held.warehouse, units, 0)
            self.held.setdefault(each.to_order, {})[each.to_line] = taken
            row = {"line_id": each.to_line, "order_id": each.to_order, "sku": taken.sku, "warehouse": taken.warehouse}
            self.work.add(reservation, row | {"held": units, "attempt": taken.attempt})
        for line_id, held in left.items():
            values = {"sku": held.sku, "warehouse": held.warehouse, "held": held.units, "attempt": held.attempt}
            self._hold(line_id, before[line_id], values)

    def consume(self, order_id: OrderId, lines: Iterable[tuple[LineId, int]] | None, *, document: UUID) -> None:
        chosen: dict[LineId, int] = {}
        if lines is None:
            chosen = {line_id: line.units for line_id, line in self._held(order_id).items()}
        else:
            for line_id, units in lines:
                chosen[line_id] = chosen.get(line_id, 0) + units
        sums = self._let_go(order_id, chosen)
        self.move((ships(*place, units) for place, units in sums.items()), document=document)

    def move(self, movements: Iterable[Movement], *, document: UUID) -> None:
        for movement in movements:
            self._enter(movement, document)
            self.work.stock.move(movement, document)

    def held_by(self, order_id: OrderId) -> tuple[Reservation, ...]:
        return tuple(
            Reservation(order_id=order_id, line_id=line_id, sku=line.sku, warehouse=line.warehouse, quantity=line.units)
            for line_id, line in sorted(self._held(order_id).items())
            if line.units
        )

    def places(self, order_id: OrderId) -> tuple[Place, ...]:
        return tuple(sorted({(line.sku, line.warehouse) for line in self._held(order_id).values()}))

    def holders(self, sku: SkuCode, warehouse: WarehouseCode, limit: int) -> tuple[Holder, ...]:
        rows = self.work.rows(_HOLDERS, {"sku": sku, "warehouse": warehouse, "most": limit})
        return tuple(Holder(OrderId(row.order_id), int(row.units)) for row in rows)

    def part(self, sku: SkuCode, warehouse: WarehouseCode, buckets: int) -> None:
        self.work.alive()
        self.work.stock.part((sku, warehouse), buckets)

    def open_difference(self, difference: StockDifference) -> None:
        self.work.add(
            stock_difference,
            {
                "id": difference.id,
                "document_id": difference.document_id,
                "number": difference.number,
                "kind": difference.kind,
                "sku": difference.sku,
                "warehouse": difference.warehouse,
                "units": difference.units,
                "at": difference.at,
            },
        )

    def difference(self, difference_id: UUID) -> StockDifference:
        rows = self.work.rows(_DIFFERENCE, {"id": difference_id})
        if not rows:
            raise DifferenceNotOpen(difference_id=difference_id)
        return difference_of(rows[0])

    def differences(self, sku: SkuCode, warehouse: WarehouseCode) -> tuple[StockDifference, ...]:
        rows = self.work.rows(_DIFFERENCES, {"sku": sku, "warehouse": warehouse})
        return tuple(difference_of(row) for row in rows)

    def settle(self, difference: StockDifference, *, units: int) -> None:
        before = difference.units + units
        settled = stock_difference.update().where(_d.id == difference.id, _d.units == before)

        def send(connection: Connection) -> None:
            if connection.execute(settled.values(units=difference.units)).rowcount != 1:
                raise StockMoved(what=f"difference {difference.id}")

        self.work.last.append((("difference", difference.id.hex), send))

    def drifts(self) -> tuple[Drift, ...]:
        return tuple(found_drifts(lambda statement: self.work.rows(DRIFTS)))

    def strays(self) -> tuple[tuple[OrderId, LineId], ...]:
        rows = self.work.rows(WRONG_LINES)
        return tuple((OrderId(row.order_id), LineId(row.line_id)) for row in rows if not row.due)

    def repair(self, drift: Drift, *, document: UUID) -> None:
        self._enter(drift.entry, document)
        self.work.stock.repair(drift)

    def _held(self, order_id: OrderId) -> dict[LineId, _Held]:
        """Return what the order holds, this transaction's own gathered changes counted."""
        if order_id not in self.held:
            rows = self.work.rows(_HELD, {"order_id": order_id})
            self.held[order_id] = {
                LineId(row.line_id): _Held(SkuCode(row.sku), WarehouseCode(row.warehouse), row.held, row.attempt)
                for row in rows
            }
        self.work.alive()
        return self.held[order_id]

    def _let_go(self, order_id: OrderId, chosen: dict[LineId, int]) -> dict[Place, int]:
        """Take units off the lines that hold them; return how many, by place."""
        sums: dict[Place, int] = {}
        for line_id, line in self._held(order_id).items():
            units = min(line.units, chosen.get(line_id, 0))
            if not units:
                continue
            left = line.units - units
            values = {"sku": line.sku, "warehouse": line.warehouse, "held": left, "attempt": line.attempt}
            self._hold(line_id, line.units, values)
            line.units = left
            place = (line.sku, line.warehouse)
            sums[place] = sums.get(place, 0) + units
        return sums

    def _hold(self, line_id: LineId, before: int, values: dict[str, Any]) -> None:
        def send(connection: Connection) -> None:
            parameters = {"key_line": line_id, "key_held": before, **values}
            if connection.execute(_HOLD, parameters).rowcount != 1:
                raise StockMoved(what=f"reservation of line {line_id}")

        self.work.last.append((("reservation", line_id.hex), send))

    def _enter(self, movement: Movement, document: UUID) -> None:
        self.work.add(
            stock_ledger,
            {
                "id": self.new_id(),
                "sku": movement.sku,
                "warehouse": movement.warehouse,
                "kind": movement.kind,
                **{name: getattr(movement, name) for name in COLUMNS},
                "document_id": document,
                "actor": self.actor_id,
                "at": self.now(),
            },
        )


def difference_of(row: Any) -> StockDifference:
    return StockDifference(
        id=row.id,
        document_id=StockDocumentId(row.document_id),
        number=row.number,
        kind=DocumentKind(row.kind),
        sku=SkuCode(row.sku),
        warehouse=WarehouseCode(row.warehouse),
        units=int(row.units),
        at=row.at,
    )
