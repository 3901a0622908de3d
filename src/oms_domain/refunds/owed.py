"""What is owed (应退): money for units that will never leave, of a cancelled order or one that was made smaller.

It follows from the order and its ledger alone, so that it may be asked any number of times: what went back, or is held
for a refund, is not owed again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from attrs import evolve

from oms_domain.apportionment.units import Runs, count
from oms_domain.kernel.identity import LineId
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.refunds.layers import total
from oms_domain.refunds.ledger import CASH, Charge, RefundLedger
from oms_domain.refunds.placing import RefundUnits, charges
from oms_domain.refunds.proposal import FreightRule, NothingToRefund, Proposal, freight_rule, propose
from oms_domain.refunds.refundable import refunded_units

OVER: Final = frozenset({OrderState.CANCELLED, OrderState.CLOSED})
"""States in which nothing of an order is with the buyer, or will be, that was not refunded."""


def owed(
    order: SalesOrder,
    ledger: RefundLedger,
    *,
    asked: Callable[[LineId], Runs],
    kept_back: Callable[[LineId], Runs],
    settled: Collection[LineId],
    freight_goes_back_after: bool = False,
) -> Proposal | None:
    """Return what must go back that nobody has asked for, None for nothing.

    Of a presale, or with cash on delivery, it is what came in beyond what the buyer owes for the units that stay.

    Args:
        asked: units of a line that a case is about.
        kept_back: units of a line whose money went back, or will, because they do not leave.
        settled: lines whose money the platform gives back by itself.
        freight_goes_back_after: whether freight goes back although the goods had left.
    """
    unpaid = not order.paid.fen and order.paid_at is None and not order.cash_on_delivery
    if order.heirs or unpaid or ledger.is_refunded_whole:
        return None
    rule = _freight(order, freight_goes_back_after)
    wants = []
    for line in order.lines:
        if line.id not in settled:
            units = without(_given_up(order, line, ledger, kept_back(line.id)), asked(line.id))
            if any(_left(ledger, line.id, charge, units) for charge in charges(rule.goes_back)):
                wants.append(RefundUnits(line_id=line.id, units=units))
    if not wants:
        return None
    stays = 0 if order.state in OVER else _cash_of_the_rest(ledger, wants)
    spare = evolve(ledger, collected_fen=ledger.collected_fen - stays)
    try:
        return propose(spare, wants, freight=rule)
    except NothingToRefund:  # all that came in is for what stays
        return None


def without(runs: Runs, others: Runs) -> Runs:
    """Return units that are not among others.

    >>> without(((0, 5), (7, 9)), ((1, 2), (4, 8)))
    ((0, 1), (2, 4), (8, 9))
    """
    found = []
    for first, stop in runs:
        for start, end in sorted(others):
            if first < start < stop:
                found.append((first, start))
            if start < stop:
                first = max(first, end)
        if first < stop:
            found.append((first, stop))
    return tuple(found)


def _given_up(order: SalesOrder, line: OrderLine, ledger: RefundLedger, kept_back: Runs) -> Runs:
    """Return units of a line that will never leave: the first ones leave first, so of a rest it is the last ones."""
    whole = ((0, int(line.quantity)),)
    if order.state in OVER or line.is_closed:
        return whole
    free = without(whole, (*kept_back, *refunded_units(ledger, line.id)))
    return _last(free, max(line.called_off - count(kept_back), 0))


def _last(runs: Runs, units: int) -> Runs:
    found: list[tuple[int, int]] = []
    for first, stop in reversed(runs):
        take = min(stop - first, units)
        if take:
            found.insert(0, (stop - take, stop))
        units -= take
    return tuple(found)


def _freight(order: SalesOrder, goes_back_after: bool) -> FreightRule:
    """Return whether freight goes back: of what goes on in part, the parcel of the rest uses it."""
    if order.state in OVER:
        return freight_rule(order.state, goes_back_after=goes_back_after)
    return FreightRule.KEPT


def _cash_of_the_rest(ledger: RefundLedger, wants: Collection[RefundUnits]) -> int:
    """Return what the buyer pays in cash for everything that is not given up, freight with it."""
    gone = {want.line_id: want.units for want in wants}
    goods = sum(
        total(ledger.left(line.line_id, Charge.GOODS, CASH), without(((0, line.units),), gone.get(line.line_id, ())))
        for line in ledger.lines
    )
    return goods + sum(total(ledger.left(line.line_id, Charge.FREIGHT, CASH)) for line in ledger.lines)


def _left(ledger: RefundLedger, line_id: LineId, charge: Charge, units: Runs) -> int:
    return sum(total(ledger.left(line_id, charge, tender), units) for tender in ledger.tenders)
