"""Whether claims stand on an order: then its lines must stay the ones that claims and money are counted by."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from oms_app.ports.transaction import Transaction
from oms_domain.kernel.errors import Refused
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.refunds.states import RefundState


@frozen(kw_only=True)
class HasClaims(Refused):
    """A case is open for the order, or money went back for it or is about to: its units are counted by its lines.

    So it is neither split nor merged, and nothing is taken off it.
    """

    code: ClassVar[str] = "orders.has_claims"
    number: str


def has_claims(tx: Transaction, order: SalesOrder) -> bool:
    """Whether a case is open for it, or money went back or is about to."""
    return bool(tx.refund_ledgers.of(order).standing) or any(case.is_open for case in tx.cases.of_order(order.id))


def check_no_claims(tx: Transaction, *orders: SalesOrder) -> None:
    """Raises ``HasClaims``."""
    for order in orders:
        if has_claims(tx, order):
            raise HasClaims(number=order.number)


def has_refunds(tx: Transaction, order: SalesOrder) -> bool:
    """Whether money went back for it or is about to. What a case only proposes moves on with the goods."""
    return any(
        refund.state is not RefundState.CLOSED and (refund.state is not RefundState.PROPOSED or refund.case_id is None)
        for refund in tx.refunds.of_order(order.id)
    )


def check_replaceable(tx: Transaction, order: SalesOrder) -> None:
    """Raises ``HasClaims`` if another order would take the place of one for which money went back."""
    if order.state is OrderState.IN_WAREHOUSE and has_refunds(tx, order):
        raise HasClaims(number=order.number)
