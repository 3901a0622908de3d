"""What became of the orders that send new goods for a case, and what that means for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import SkuCode
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import BEFORE_WAREHOUSE, OrderState

STILL_HERE: Final = BEFORE_WAREHOUSE | {OrderState.IN_WAREHOUSE, OrderState.PARTIALLY_SHIPPED}
UNSENT: Final = "replacement_unsent"
"""The discrepancy of a case some of whose new goods left, and some never will."""


def all_left(orders: Iterable[SalesOrder]) -> bool:
    """Whether all new goods that will ever leave have left, and some have."""
    orders = tuple(orders)
    return not _any_here(orders) and any(order.state is not OrderState.CANCELLED for order in orders)


def followed(
    case: AftersalesCase, orders: Iterable[SalesOrder], *, reason: str, at: datetime
) -> Change[AftersalesCase]:
    """Let a case follow the orders that send its new goods, once none of them is here any more.

    Args:
        orders: those that stand: what was split, merged or replaced is told by what came of it.
        reason: why the last of them was cancelled, if it was.
    """
    orders = tuple(orders)
    if _any_here(orders):
        return Change(case)
    if not all_left(orders):
        return case.replacement_called_off(reason, at=at)
    change = case.ship_replacement(at=at)
    if not (unsent := _unsent(orders)):
        return change
    theirs = ", ".join(f"{sku} × {units}" for sku, units in unsent)
    return change.then(change.state.differs(UNSENT, theirs=theirs[:100], ours=str(change.state.state), at=at))


def _any_here(orders: Iterable[SalesOrder]) -> bool:
    return any(order.state in STILL_HERE for order in orders)


def _unsent(orders: Iterable[SalesOrder]) -> tuple[tuple[SkuCode, int], ...]:
    found = (
        (line.sku, int(line.quantity) if order.state is OrderState.CANCELLED else line.called_off)
        for order in orders
        for line in order.lines
    )
    return tuple(each for each in found if each[1])
