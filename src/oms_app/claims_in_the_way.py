"""Whether an order may go on as others (拆单, 合单, 改单): not while a claim rests on it, nor after a refund.

What was given back, and what is still to be, is counted by the units of one order: it stays the order that it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from attrs import frozen

from oms_app.ports.transaction import Transaction
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.refunds.states import RefundState


@frozen(kw_only=True)
class ClaimInTheWay(Refused):
    """An open claim or a refund rests on the order, so that it stays the order that it is."""

    code: ClassVar[str] = "aftersales.claim_in_the_way"
    order_id: OrderId
    document: str


def refuse_claimed(tx: Transaction, orders: Iterable[SalesOrder]) -> None:
    """Raises ``ClaimInTheWay`` if a claim or a refund rests on one of them."""
    for order in orders:
        if document := claim_on(tx, order):
            raise ClaimInTheWay(order_id=order.id, document=document)


def refuse_refunded(tx: Transaction, order: SalesOrder) -> None:
    """Raises ``ClaimInTheWay`` if another order would take this one's place, and money has gone back of it.

    What is only asked for moves on with the goods.
    """
    if order.state is OrderState.IN_WAREHOUSE and (document := refund_on(tx, order)):
        raise ClaimInTheWay(order_id=order.id, document=document)


def claim_on(tx: Transaction, order: SalesOrder) -> str | None:
    """Return the number of a claim or a refund that rests on an order."""
    open_ = (case.number for case in tx.cases.of_order(order.id) if case.is_open)
    return next(open_, None) or refund_on(tx, order)


def refund_on(tx: Transaction, order: SalesOrder) -> str | None:
    """Return the number of a refund of an order that has come further than a claim's proposal."""
    moved = (
        refund.number
        for refund in tx.refunds.of_order(order.id)
        if refund.state is not RefundState.CLOSED
        and (refund.state is not RefundState.PROPOSED or refund.case_id is None)
    )
    return next(moved, None)
