"""Use cases of stock."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin, Clock, NewId
from oms_app.transactions import Pause, one_transaction
from oms_domain.inventory.stock import LedgerKind, StockReceived
from oms_domain.kernel.errors import Denied
from oms_domain.kernel.identity import SkuCode, WarehouseCode
from oms_domain.kernel.quantity import Quantity


@frozen(kw_only=True)
class ReceiveStock:
    """Units came into a warehouse (入库)."""

    permission: ClassVar[Permission] = Permission.STOCK_WRITE
    sku: SkuCode
    warehouse: WarehouseCode
    quantity: Quantity
    reason: str = ""
    by: Actor


@frozen(kw_only=True)
class ReceiptAnswer:
    """The booked receipt and what is there now."""

    id: UUID
    sku: SkuCode
    warehouse: WarehouseCode
    quantity: int


@frozen(kw_only=True)
class StockService:
    """Use cases of stock."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause

    @one_transaction
    def receive(self, command: ReceiveStock) -> ReceiptAnswer:
        """Book a receipt; orders that wait for the SKU are tried again afterwards, oldest first."""
        if command.by.shops is not None:
            raise Denied(permission=command.permission)  # a warehouse serves every shop
        with self.begin(command) as tx:
            if done := tx.recall(ReceiptAnswer):
                return done
            receipt = self.new_id()
            tx.stock.change(command.sku, command.warehouse, command.quantity, kind=LedgerKind.RECEIPT, document=receipt)
            event = StockReceived(
                receipt_id=receipt,
                sku=command.sku,
                warehouse=command.warehouse,
                quantity=command.quantity,
                reason=command.reason,
                at=self.now(),
            )
            tx.publish((event,))
            answer = ReceiptAnswer(id=receipt, sku=command.sku, warehouse=command.warehouse, quantity=command.quantity)
            tx.remember(answer)
            tx.commit()
        return answer
