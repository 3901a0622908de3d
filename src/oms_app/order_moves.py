"""Use cases of sales orders beside review and release: sent back, taken back, handed over, and on their way back.

Each public method is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import frozen

from oms_app.coming_back import ComingBack, lost, planned_loss, planned_return, receive
from oms_app.numbering import Numbering, NumberPool
from oms_app.orders import OrderAnswer, OrderCommand, about_one, give_back, save
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.stopping import end_rest
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.inventory.documents import LETTERS, DocumentKind
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import StockDocumentId, WarehouseCode
from oms_domain.orders import delivering, groups, stopping
from oms_domain.orders.coming_back import Inspected
from oms_domain.orders.flags import GROUP_FAILED, FlagKind
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState


@frozen(kw_only=True)
class WaitUntil(OrderCommand):
    """Let it not leave before a time (预约发货); it may be reviewed meanwhile. Without one: not any more."""

    until: datetime | None = None


@frozen(kw_only=True)
class RejectOrder(OrderCommand):
    """Send it back from business review to customer service's (驳回)."""


@frozen(kw_only=True)
class UnreviewOrder(OrderCommand):
    """Take it back to change it (反审核). A warehouse that has it is asked to stop first."""


@frozen(kw_only=True)
class HandOverOrder(OrderCommand):
    """The buyer has it without a parcel (当面交付): virtual goods, or at a store's counter."""


@frozen(kw_only=True)
class CancelRest(OrderCommand):
    """Cancel what has not left (取消剩余). A warehouse that may still ship it is asked to stop first."""


@frozen(kw_only=True)
class RefuseDelivery(OrderCommand):
    """The buyer would not take it (拒收)."""


@frozen(kw_only=True)
class DeliverAgain(OrderCommand):
    """The carrier brings it once more (再投)."""


@frozen(kw_only=True)
class ReceiveReturn(OrderCommand):
    """What came back is with us (退回入库), and goes to stock.

    ``came``: what did, as it was inspected; what is not named has not. None: everything, and all of it good.
    ``warehouse``: where it came, None: where it had left from.
    """

    came: tuple[Inspected, ...] | None = None
    warehouse: WarehouseCode | None = None


@frozen(kw_only=True)
class LoseOrder(OrderCommand):
    """The carrier has lost it (丢件)."""


@frozen(kw_only=True)
class StandGroup(OrderCommand):
    """Enough have joined its group (成团): it may leave."""


@frozen(kw_only=True)
class FailGroup(OrderCommand):
    """Too few have joined its group in time: call it off."""


@frozen(kw_only=True)
class ExpireOrder(OrderCommand):
    """Cancel what was not paid in time (超时未付款)."""


@frozen(kw_only=True)
class LiftFlags(OrderCommand):
    """Lift the flags whose time is over."""


@frozen(kw_only=True)
class OrderMoveService:
    """More use cases of sales orders."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    @one_transaction
    def wait_until(self, command: WaitUntil) -> OrderAnswer:
        """Raises ``NotInTheFuture``; without a time ``NotFlagged`` where none stands."""

        def step(tx: Transaction, order: SalesOrder) -> Change[SalesOrder]:
            kind, at = FlagKind.NOT_BEFORE, self.now()
            if command.until is None:
                return order.unflag(kind, reason=command.reason, at=at)
            return order.flag(kind, reason=command.reason, by=command.by.id, until=command.until, at=at)

        return self._act(command, step)

    @one_transaction
    def reject(self, command: RejectOrder) -> OrderAnswer:
        return self._act(command, lambda tx, o: delivering.reject(o, reason=command.reason, at=self.now()))

    @one_transaction
    def unreview(self, command: UnreviewOrder) -> OrderAnswer:
        def step(tx: Transaction, order: SalesOrder) -> Change[SalesOrder]:
            change = stopping.call_back(order, reason=command.reason, by=command.by.id, at=self.now())
            if order.fulfilment_id is not None and change.state.fulfilment_id is None:
                made = tx.fulfilments.get(order.fulfilment_id)
                record(tx, tx.fulfilments, made.cancel(command.reason or "unreviewed", at=self.now()))
            return change

        return self._act(command, step)

    @one_transaction
    def hand_over(self, command: HandOverOrder) -> OrderAnswer:
        def step(tx: Transaction, order: SalesOrder) -> Change[SalesOrder]:
            change = delivering.hand_over(order, at=self.now())
            if order.fulfilment_id is not None:  # of virtual goods there is none
                handed = tx.fulfilments.get(order.fulfilment_id).hand_over(at=self.now())
                record(tx, tx.fulfilments, handed)
                tx.stock.consume(order.id, None, document=order.fulfilment_id)
            return change

        return self._act(command, step)

    @one_transaction
    def cancel_rest(self, command: CancelRest) -> OrderAnswer:
        def step(tx: Transaction, order: SalesOrder) -> Change[SalesOrder]:
            change = stopping.call_off_rest(order, reason=command.reason, by=command.by.id, at=self.now())
            if change.state.state is OrderState.SHIPPED:
                end_rest(tx, order, command.reason, at=self.now())
            return change

        return self._act(command, step)

    @one_transaction
    def refuse_delivery(self, command: RefuseDelivery) -> OrderAnswer:
        return self._act(command, lambda tx, o: delivering.refuse_delivery(o, reason=command.reason, at=self.now()))

    @one_transaction
    def deliver_again(self, command: DeliverAgain) -> OrderAnswer:
        return self._act(command, lambda tx, o: delivering.deliver_again(o, at=self.now()))

    def receive_return(self, command: ReceiveReturn) -> OrderAnswer:
        """Raises ``MoreCameThanLeft``, ``UnknownWarehouse``."""
        letter = LETTERS[DocumentKind.RETURN_RECEIPT]
        return self.numbering.run(lambda numbers: self._receive_return(command, numbers), letter, first=1)

    def plan_return(self, command: ReceiveReturn) -> ComingBack:
        """Return what ``receive_return`` would book; nothing is stored. Raises as it does."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            check_version(order, command.expected_version)
            return planned_return(tx, order, command.came, command.warehouse)

    def plan_loss(self, command: LoseOrder) -> ComingBack:
        """Return what ``lose`` would claim; nothing is stored. Raises as it does."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            check_version(order, command.expected_version)
            return planned_loss(order)

    @one_transaction
    def lose(self, command: LoseOrder) -> OrderAnswer:
        return self._act(command, lambda tx, o: lost(tx, o, reason=command.reason, at=self.now()))

    @one_transaction
    def group_stands(self, command: StandGroup) -> OrderAnswer:
        return self._act(command, lambda tx, o: groups.group_stands(o, reason=command.reason, at=self.now()))

    @one_transaction
    def group_fails(self, command: FailGroup) -> OrderAnswer:
        def step(tx: Transaction, order: SalesOrder) -> Change[SalesOrder]:
            change = groups.group_fails(order, at=self.now())
            give_back(tx, order, reason=GROUP_FAILED, now=self.now)
            return change

        return self._act(command, step)

    @one_transaction
    def expire(self, command: ExpireOrder) -> OrderAnswer:
        return self._act(command, lambda tx, o: stopping.expire(o, at=self.now()))

    @one_transaction
    def lift_flags(self, command: LiftFlags) -> OrderAnswer:
        return self._act(command, lambda tx, o: o.lift_expired(at=self.now()))

    @one_transaction
    def _receive_return(self, command: ReceiveReturn, numbers: NumberPool) -> OrderAnswer:
        numbers.start()

        def step(tx: Transaction, order: SalesOrder) -> Change[SalesOrder]:
            return receive(
                tx,
                order,
                planned_return(tx, order, command.came, command.warehouse),
                document_id=StockDocumentId(self.new_id()),
                number=numbers.next(LETTERS[DocumentKind.RETURN_RECEIPT]),
                at=self.now(),
            )

        return self._act(command, step)

    def _act(self, command: OrderCommand, step: Callable[[Transaction, SalesOrder], Change[SalesOrder]]) -> OrderAnswer:
        return about_one(self.begin, command, lambda tx, order: save(tx, step(tx, order)))
