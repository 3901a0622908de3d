"""Taking units away that are gone, also from orders that hold them; what released orders hold stays open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from attrs import define, evolve, field, frozen

from oms_app.orders import give_back
from oms_app.ports.transaction import NewId, Transaction
from oms_app.transactions import record
from oms_domain.inventory.differences import Holder, StockDifference, take
from oms_domain.inventory.documents import DocumentKind
from oms_domain.inventory.movements import Movement, no_stock
from oms_domain.inventory.stock import LedgerKind, StockLevel
from oms_domain.kernel.identity import OrderId, SkuCode, StockDocumentId, WarehouseCode

WHY = "stock_is_gone"


@frozen(kw_only=True)
class Gone:
    """Good units of a SKU that are gone; ``defective`` of them still lie there, but cannot be sold."""

    sku: SkuCode
    units: int
    kind: LedgerKind
    defective: int = 0


@define(kw_only=True)
class Shortfall:
    """What one document takes away. An order that has given up for one SKU holds nothing for the next."""

    tx: Transaction
    document_id: StockDocumentId
    number: str
    kind: DocumentKind
    warehouse: WarehouseCode
    at: datetime
    new_id: NewId
    opened: list[StockDifference] = field(factory=list)
    _gave_up: set[OrderId] = field(factory=set)

    def take_all(self, losses: Iterable[Gone]) -> tuple[Movement, ...]:
        """Have orders give up what must be, put what stays open on the work list, and return the entries."""
        losses = tuple(losses)
        levels = self.tx.stock.levels(self.warehouse, [gone.sku for gone in losses])
        entries: list[Movement] = []
        for gone in losses:
            entries += self._take(gone, levels.get(gone.sku) or no_stock(gone.sku, self.warehouse))
        return tuple(entries)

    def _take(self, gone: Gone, level: StockLevel) -> Iterable[Movement]:
        holders: tuple[Holder, ...] = ()
        if level.free < gone.units:
            holders = self.tx.stock.holders(gone.sku, self.warehouse, gone.units + len(self._gave_up))
        given = sum(holder.units for holder in holders if holder.order_id in self._gave_up)
        left = tuple(holder for holder in holders if holder.order_id not in self._gave_up)
        taking = take(evolve(level, reserved=level.reserved - given), gone.units, left)
        units = {holder.order_id: holder.units for holder in left}
        for order_id in taking.gives_up:
            self._give_up(order_id, gone.sku, units[order_id])
        taken = Movement(
            sku=gone.sku,
            warehouse=self.warehouse,
            kind=gone.kind,
            on_hand=-taking.taken,
            defective=gone.defective,
        )
        entries = (taken,) if taken.changes else ()
        return (*entries, self._stays_open(gone.sku, taking.open)) if taking.open else entries

    def _give_up(self, order_id: OrderId, sku: SkuCode, units: int) -> None:
        order = self.tx.orders.get(order_id)
        change = order.lose_stock(((str(sku), units),), at=self.at)
        give_back(self.tx, order, reason=WHY, now=lambda: self.at)
        record(self.tx, self.tx.orders, change)
        self._gave_up.add(order_id)

    def _stays_open(self, sku: SkuCode, units: int) -> Movement:
        difference = StockDifference(
            id=self.new_id(),
            document_id=self.document_id,
            number=self.number,
            kind=self.kind,
            sku=sku,
            warehouse=self.warehouse,
            units=units,
            at=self.at,
        )
        self.tx.stock.open_difference(difference)
        self.opened.append(difference)
        return Movement(sku=sku, warehouse=self.warehouse, kind=LedgerKind.DIFFERENCE, locked=units)
