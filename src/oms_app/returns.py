"""Use cases of return orders: what warehouses report of goods that come back, and what they are told beforehand."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin, Clock, Transaction
from oms_app.ports.vault import Sealed
from oms_app.ports.wms import Grade, ReturnReceived
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.receiving import CountedUnits, inspected_of
from oms_domain.aftersales.returns import Inspected, ReturnOrder, ReturnState
from oms_domain.kernel.identity import CaseId, OrderId, ReturnOrderId
from oms_domain.orders.sales_order import SalesOrder

AWAITED: Final = frozenset({ReturnState.ASKED_BACK, ReturnState.SENT})


@frozen(kw_only=True)
class ReturnCommand:
    """An ask about one return order."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    return_id: ReturnOrderId
    by: Actor
    expected_version: int | None = None


@frozen(kw_only=True)
class ReceiveReturn(ReturnCommand):
    """Book what has come and how it is, by hand (退货收货). ``receipt``: the report's own number, once."""

    receipt: str
    inspected: tuple[Inspected, ...]
    last: bool = True


@frozen(kw_only=True)
class ReadReturn(ReturnCommand):
    """Read what a warehouse must be told; opening the sender is logged."""


@frozen(kw_only=True)
class ReturnAnswer:
    """What became of a return order."""

    id: ReturnOrderId
    number: str
    state: ReturnState
    case_id: CaseId
    order_id: OrderId
    in_dispute: str
    version: int


@frozen(kw_only=True)
class Announcement:
    """A return order with what the warehouse must know of it."""

    goods: ReturnOrder
    case: AftersalesCase
    order: SalesOrder
    sender: Sealed
    shipped_as: str


@frozen(kw_only=True)
class ReturnService:
    """Use cases of return orders."""

    begin: Begin
    now: Clock
    pause: Pause

    @one_transaction
    def receive(self, command: ReceiveReturn) -> ReturnAnswer:
        """Raises ``InvalidReceipt``. The case goes on by the fact that this publishes."""
        with self.begin(command) as tx:
            if done := tx.recall(ReturnAnswer):
                return done
            goods = tx.returns.get(command.return_id)
            check_version(goods, command.expected_version)
            change = goods.receive(command.receipt, command.inspected, last=command.last, at=self.now())
            record(tx, tx.returns, change)
            answer = answer_of(change.state, goods.version + bool(change.events))
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def to_announce(self, command: ReadReturn) -> Announcement | None:
        """Return what the warehouse must be told, None if nothing need come any more; logs the opening."""
        with self.begin(command) as tx:
            goods = tx.returns.get(command.return_id)
            if goods.state not in AWAITED:
                return None
            order, case = tx.orders.get(goods.order_id), tx.cases.get(goods.case_id)
            sender = tx.vault.get(order.receiver.vault_id)
            tx.vault.log_opening(sender.id, order_id=order.id, purpose="return")
            left_as = tx.fulfilments.get(order.fulfilment_id).number if order.fulfilment_id else ""
            tx.commit()
        return Announcement(goods=goods, case=case, order=order, sender=sender, shipped_as=left_as)


def book_returned(tx: Transaction, report: ReturnReceived, goods: ReturnOrder, *, now: Clock) -> None:
    """Book a warehouse's report of goods that came back, in its own transaction. The same report again is nothing."""
    counted = (
        CountedUnits(sku=each.sku, units=each.units, is_good=each.grade is Grade.GOOD)
        for each in report.counted
        if each.units > 0 and each.grade is not Grade.IN_TRANSIT
    )
    change = goods.receive(report.report_id, inspected_of(goods, counted), last=report.final, at=now())
    record(tx, tx.returns, change)


def answer_of(goods: ReturnOrder, version: int) -> ReturnAnswer:
    return ReturnAnswer(
        id=goods.id,
        number=goods.number,
        state=goods.state,
        case_id=goods.case_id,
        order_id=goods.order_id,
        in_dispute=goods.in_dispute,
        version=version,
    )
