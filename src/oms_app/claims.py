"""Whether claims stand on an order: then its lines must stay the ones that claims and money are counted by."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from oms_app.ports.transaction import Transaction
from oms_domain.kernel.errors import Refused
from oms_domain.orders.sales_order import SalesOrder


@frozen(kw_only=True)
class HasClaims(Refused):
    """A case is open for the order, or money went back for it or is about to: its units are counted by its lines.

    So it is neither split nor merged, and nothing is taken off it.
    """

    code: ClassVar[str] = "orders.has_claims"
    number: str


def has_claims(tx: Transaction, order: SalesOrder) -> bool:
    """Whether a case is open for it, or money went back or is about to."""
    return bool(tx.refund_ledgers.of(order).entries) or any(case.is_open for case in tx.cases.of_order(order.id))


def check_no_claims(tx: Transaction, *orders: SalesOrder) -> None:
    """Raises ``HasClaims``."""
    for order in orders:
        if has_claims(tx, order):
            raise HasClaims(number=order.number)
