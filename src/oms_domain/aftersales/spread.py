"""An ask whose units lie in several orders by now, since theirs was split: each order's part of it (拆单后的售后)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from attrs import evolve, frozen

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.intake import lines_of
from oms_domain.aftersales.states import CaseMove
from oms_domain.apportionment.allocate import shares
from oms_domain.apportionment.rules import LARGEST_REMAINDER
from oms_domain.channels.aftersales import StandardAftersales, StandardAskLine
from oms_domain.kernel.identity import CaseId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.sales_order import SalesOrder


@frozen
class PartOfAsk:
    """What an ask is for of one order; the amount is shared over the parts by ``shared``."""

    order: SalesOrder
    lines: tuple[StandardAskLine, ...]


def all_of(order: SalesOrder, line_no: str) -> int:
    """Return how many units of a platform's line an order has."""
    return sum(int(line.quantity) for line in lines_of(order, line_no))


def spread(
    standard: StandardAftersales, orders: Sequence[SalesOrder], *, room: Callable[[SalesOrder, str], int] = all_of
) -> tuple[PartOfAsk, ...]:
    """Share the units of an ask out to the orders that have its lines, in their order.

    Args:
        room: how many units of a platform's line an order may give.

    Returns:
        At least two parts; none where one order has it all, or all of them together have not.
    """
    found: dict[int, list[StandardAskLine]] = {}
    for asked in standard.lines:
        left = int(asked.quantity)
        for at, order in enumerate(orders):
            units = min(left, room(order, asked.line_no))
            left -= units
            if units:
                found.setdefault(at, []).append(evolve(asked, quantity=Quantity(units)))
        if left:
            return ()
    parts = tuple(PartOfAsk(orders[at], tuple(lines)) for at, lines in sorted(found.items()))
    return parts if len(parts) > 1 else ()


def shared(amount: Money, weights: Sequence[int]) -> tuple[Money, ...]:
    """Share the amount of an ask over its parts, to the fen; where nothing tells them apart, evenly.

    >>> [each.fen for each in shared(Money(100), (2, 1))], [each.fen for each in shared(Money(5), (0, 0))]
    ([67, 33], [3, 2])
    """
    even = weights if any(weights) else (1,) * len(weights)
    return tuple(Money(fen, amount.currency) for fen in shares(amount.fen, even, LARGEST_REMAINDER))


def cases_of(cases: Iterable[AftersalesCase], refund_no: str, lead: CaseId) -> tuple[AftersalesCase, ...]:
    """Return the cases that an ask became, the leading one first; a case that another goes on for is none of them."""
    own = [case for case in cases if case.platform_refund_no == refund_no]
    now = [case for case in own if case.closing is None or case.closing.how is not CaseMove.CHANGE_KIND]
    return tuple(sorted(now, key=lambda case: (case.id != lead, case.opened_at, case.id)))
