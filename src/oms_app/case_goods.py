"""The orders that send new goods for a case: one, or what it was split into, merged into or replaced by since."""

from __future__ import annotations

from collections.abc import Iterator

from oms_app.ports.transaction import Transaction
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.orders.sales_order import SalesOrder


def live(tx: Transaction, order: SalesOrder) -> Iterator[SalesOrder]:
    """Give the orders that go on for an order: itself, where none has taken its place."""
    if not order.heirs:
        yield order
    for heir in order.heirs:
        yield from live(tx, tx.orders.get(heir))


def replacements(tx: Transaction, case: AftersalesCase) -> tuple[SalesOrder, ...]:
    """Return the orders that send new goods for a case, as they stand."""
    return tuple(live(tx, tx.orders.get(case.replacement_id))) if case.replacement_id else ()


def sent_by(tx: Transaction, order: SalesOrder) -> Iterator[AftersalesCase]:
    """Give the cases that an order sends goods for: most orders for none."""
    if (case := tx.cases.by_replacement(order.id)) is not None:
        yield case
    for origin in order.origins:
        yield from sent_by(tx, tx.orders.get(origin))
