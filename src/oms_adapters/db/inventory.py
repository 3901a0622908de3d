"""Stock: quantities with the store's own conditions, reservations, and the ledger that only grows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from attrs import define, field, frozen
from sqlalchemy.engine import Connection

from oms_adapters.db.types import Id, Instant, code, table, text
from oms_adapters.db.work import Work
from oms_app.ports.transaction import Clock, NewId, StockMoved
from oms_domain.inventory.stock import LedgerKind, Reservation, StockBelowReserved, StockLevel
from oms_domain.kernel.identity import LineId, OrderId, SkuCode, WarehouseCode

stock = table(
    "stock",
    sa.Column("sku", text(64), primary_key=True),
    sa.Column("warehouse", text(32), primary_key=True),
    sa.Column("on_hand", sa.BigInteger, nullable=False),
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.CheckConstraint("on_hand >= 0", name="on_hand"),
    sa.CheckConstraint("reserved >= 0", name="reserved"),
    sa.CheckConstraint("reserved <= on_hand", name="available"),
)

stock_ledger = table(
    "stock_ledger",
    sa.Column("id", Id, primary_key=True),
    sa.Column("sku", text(64), nullable=False),
    sa.Column("warehouse", text(32), nullable=False),
    sa.Column("kind", code(), nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("document_id", Id, nullable=False),
    sa.Column("actor", text(100), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_stock_ledger_sku", "sku", "warehouse", "at"),
)

reservation = table(
    "reservation",
    sa.Column("line_id", Id, primary_key=True),
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), nullable=False, index=True),
    sa.Column("sku", text(64), nullable=False),
    sa.Column("warehouse", text(32), nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),
    sa.CheckConstraint("held >= 0", name="held"),
)

_LEVELS = sa.select(stock).where(
    stock.c.warehouse == sa.bindparam("warehouse"), stock.c.sku.in_(sa.bindparam("skus", expanding=True))
)
_HELD = sa.select(reservation).where(reservation.c.order_id == sa.bindparam("order_id"))
_KEY = (stock.c.sku == sa.bindparam("key_sku"), stock.c.warehouse == sa.bindparam("key_warehouse"))
_UNITS = sa.bindparam("units", type_=sa.BigInteger)
_RESERVE = (
    stock.update().where(*_KEY, stock.c.on_hand - stock.c.reserved >= _UNITS).values(reserved=stock.c.reserved + _UNITS)
)
_RELEASE = stock.update().where(*_KEY, stock.c.reserved >= _UNITS).values(reserved=stock.c.reserved - _UNITS)
# MariaDB assigns from left to right and would see its own new value: each column only reads itself.
_CONSUME = (
    stock.update()
    .where(*_KEY, stock.c.reserved >= _UNITS, stock.c.on_hand >= _UNITS)
    .values(reserved=stock.c.reserved - _UNITS, on_hand=stock.c.on_hand - _UNITS)
)
_CHANGE = (
    stock.update().where(*_KEY, stock.c.on_hand + _UNITS >= stock.c.reserved).values(on_hand=stock.c.on_hand + _UNITS)
)
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
    )
)


@define
class _Held:
    sku: str
    warehouse: str
    units: int


@frozen
class StockStore:
    """``oms_app.ports.transaction.Stock`` on a database."""

    work: Work
    actor_id: str
    now: Clock
    new_id: NewId
    held: dict[OrderId, dict[LineId, _Held]] = field(factory=dict)

    def levels(self, warehouse: WarehouseCode, skus: Sequence[SkuCode]) -> dict[SkuCode, StockLevel]:
        if not skus:
            return {}
        rows = self.work.rows(_LEVELS, {"warehouse": warehouse, "skus": list(skus)})
        return {SkuCode(row.sku): level_of(row) for row in rows}

    def reserve(self, order_id: OrderId, reservations: Sequence[Reservation]) -> None:
        held = self._held(order_id)
        if any(line.units for line in held.values()):
            return
        sums: dict[tuple[str, str], int] = {}
        for wanted in reservations:
            values = {"sku": wanted.sku, "warehouse": wanted.warehouse, "held": wanted.quantity}
            if wanted.line_id in held:
                self._hold(wanted.line_id, 0, values)
            else:
                self.work.add(reservation, {"line_id": wanted.line_id, "order_id": order_id, **values})
            held[wanted.line_id] = _Held(wanted.sku, wanted.warehouse, wanted.quantity)
            key = (wanted.sku, wanted.warehouse)
            sums[key] = sums.get(key, 0) + wanted.quantity
        for (sku, warehouse), units in sums.items():
            self._move(_RESERVE, sku, warehouse, units)

    def release(self, order_id: OrderId, lines: Iterable[LineId] | None = None) -> None:
        wanted = None if lines is None else set(lines)
        for line_id, line in self._held(order_id).items():
            if line.units and (wanted is None or line_id in wanted):
                self._let_go(line_id, line, line.units, _RELEASE)

    def consume(self, order_id: OrderId, lines: Iterable[tuple[LineId, int]] | None, *, document: UUID) -> None:
        wanted = None if lines is None else dict(lines)
        for line_id, line in self._held(order_id).items():
            units = line.units if wanted is None else min(line.units, wanted.get(line_id, 0))
            if units:
                self._let_go(line_id, line, units, _CONSUME)
                self._enter(line.sku, line.warehouse, -units, LedgerKind.SHIP, document)

    def change(self, sku: SkuCode, warehouse: WarehouseCode, units: int, *, kind: LedgerKind, document: UUID) -> None:
        self._enter(sku, warehouse, units, kind, document)
        if not self.levels(warehouse, [sku]):
            if units < 0:
                raise StockBelowReserved(sku=sku, warehouse=warehouse)
            self._begin(sku, warehouse, units)
            return
        below = StockBelowReserved(sku=sku, warehouse=warehouse)
        self._move(_CHANGE, sku, warehouse, units, refusal=below)

    def _begin(self, sku: str, warehouse: str, units: int) -> None:
        """Gather the first row of a SKU; a second receipt in this transaction adds to it."""
        for row in self.work.inserts.get(stock, ()):
            if (row["sku"], row["warehouse"]) == (sku, warehouse):
                row["on_hand"] += units
                return
        self.work.add(stock, {"sku": sku, "warehouse": warehouse, "on_hand": units, "reserved": 0})

    def _move(
        self, statement: sa.Update, sku: str, warehouse: str, units: int, refusal: Exception | None = None
    ) -> None:
        def send(connection: Connection) -> None:
            parameters = {"key_sku": sku, "key_warehouse": warehouse, "units": units}
            if connection.execute(statement, parameters).rowcount != 1:
                raise refusal or StockMoved(what=f"{sku}@{warehouse}")

        self.work.last.append((("stock", sku, warehouse), send))

    def _held(self, order_id: OrderId) -> dict[LineId, _Held]:
        """Return what the order holds, this transaction's own gathered changes counted."""
        if order_id not in self.held:
            rows = self.work.rows(_HELD, {"order_id": order_id})
            self.held[order_id] = {LineId(row.line_id): _Held(row.sku, row.warehouse, row.held) for row in rows}
        self.work.alive()
        return self.held[order_id]

    def _let_go(self, line_id: LineId, line: _Held, units: int, statement: sa.Update) -> None:
        left = line.units - units
        self._hold(line_id, line.units, {"sku": line.sku, "warehouse": line.warehouse, "held": left})
        self._move(statement, line.sku, line.warehouse, units)
        line.units = left

    def _hold(self, line_id: LineId, before: int, values: dict[str, Any]) -> None:
        def send(connection: Connection) -> None:
            parameters = {"key_line": line_id, "key_held": before, **values}
            if connection.execute(_HOLD, parameters).rowcount != 1:
                raise StockMoved(what=f"reservation of line {line_id}")

        self.work.last.append((("reservation", line_id.hex), send))

    def _enter(self, sku: str, warehouse: str, units: int, kind: LedgerKind, document: UUID) -> None:
        self.work.add(
            stock_ledger,
            {
                "id": self.new_id(),
                "sku": sku,
                "warehouse": warehouse,
                "kind": kind,
                "units": units,
                "document_id": document,
                "actor": self.actor_id,
                "at": self.now(),
            },
        )


def level_of(row: Any) -> StockLevel:
    return StockLevel(
        sku=SkuCode(row.sku), warehouse=WarehouseCode(row.warehouse), on_hand=row.on_hand, reserved=row.reserved
    )
