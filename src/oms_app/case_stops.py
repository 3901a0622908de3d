"""Stopping goods for a case: who has them is asked through the order, and the order's answer decides the case.

Nothing is refunded while nobody knows whether the goods leave.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve

from oms_app.case_flow import GIVEN_UP, NEVER_LEAVES, CaseFlow, leaving, never_leaves, shown_number
from oms_app.claims import take_along
from oms_app.orders import save as save_order
from oms_app.refunds import follow_money
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.late_stops import awaits_stop, left_refunded, stopped_late
from oms_domain.aftersales.states import CaseState
from oms_domain.aftersales.values import CaseLine
from oms_domain.apportionment.units import count
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Refused
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.orders.stopping import call_back, call_off, call_off_rest
from oms_domain.refunds.states import RefundState

LEFT: Final = "left"
REPLACED: Final = "order replaced"
PART_OF_THE_REST: Final = "part_of_the_rest"


def stop_for(flow: CaseFlow, case: AftersalesCase) -> AftersalesCase:
    """Have the goods of a case stopped: all of an order cancelled, a part of one taken back to be sent anew.

    Of an order that left in part only all the rest can be stopped; what is less is left to a person.
    """
    order = flow.tx.orders.get(case.order_id)
    if order.state is OrderState.CANCELLED and order.heirs:
        return _moved_to_heir(flow, case, order)
    if _waits_for_the_earlier(order):
        return case
    about: dict[str, Any] = {"reason": shown_number(case), "by": flow.by, "at": flow.at}
    whole = _covers_all(case, order)
    if (why := None if whole else _stays(flow, order)) is not None:
        return flow.settle(case.differs("stop", theirs=why, ours=str(case.state), at=flow.at), before=case)
    try:
        if order.state is OrderState.IN_WAREHOUSE:
            save_order(flow.tx, call_off(order, **about) if whole else call_back(order, **about))
        elif order.state is OrderState.PARTIALLY_SHIPPED and whole:
            save_order(flow.tx, call_off_rest(order, **about))
        elif order.state not in NEVER_LEAVES:
            return flow.settle(_left(case, LEFT, flow), before=case)
    except Refused:
        return case  # it was asked to stop before, for somebody else: that answer decides this too
    return _stays_here(flow, case)


def stop_is_decided(flow: CaseFlow, case: AftersalesCase, *, refused: str) -> bool:
    """Let a case go on by where its order stands; return whether it did. One that waits for no stop only moves on."""
    order = flow.tx.orders.get(case.order_id)
    if order.state is OrderState.CANCELLED and order.heirs:
        _moved_to_heir(flow, case, order)
        return True
    if case.state is not CaseState.AWAITING_STOP and not awaits_stop(case):
        return False
    if never_leaves(order):
        _stays_here(flow, case)
        return True
    if order.pending is not None or _waits_for_the_earlier(order):
        return False
    rest_is_called_off = not order.contents and any(line.called_off for line in order.lines)
    if order.state is OrderState.SHIPPED and rest_is_called_off and _covers_called_off(case, order):
        flow.settle(stopped_late(case, at=flow.at) if awaits_stop(case) else case.stopped(at=flow.at), before=case)
    else:
        flow.settle(_left(case, refused or LEFT, flow), before=case)
    return True


def _waits_for_the_earlier(order: SalesOrder) -> bool:
    """Whether nobody knows yet if an earlier fulfilment order of it, which was called off, leaves all the same."""
    return order.state in NEVER_LEAVES and order.flagged(FlagKind.EARLIER_MAY_SHIP)


def _stays_here(flow: CaseFlow, case: AftersalesCase) -> AftersalesCase:
    """Let a case go on whose goods no warehouse has; what was paid for already is taken out of what is to leave."""
    after = flow.settle(Change(case), before=case)
    if after.state is CaseState.SUCCEEDED:
        follow_money(flow.tx, after, at=flow.at)
    return after


def _left(case: AftersalesCase, reason: str, flow: CaseFlow) -> Change[AftersalesCase]:
    if awaits_stop(case):
        return left_refunded(case, reason, at=flow.at)
    return case.cannot_stop(reason, at=flow.at)


def _moved_to_heir(flow: CaseFlow, case: AftersalesCase, order: SalesOrder) -> AftersalesCase:
    """Let a case go on with the order that took the place of its own: with the same units, and a refund of its own.

    A refund that may have moved, or is about to, goes along as it is.
    """
    heir, refund = flow.tx.orders.get(order.heirs[0]), flow.refund(case)
    if refund is not None and refund.state in GIVEN_UP:
        flow.give_up(refund, REPLACED)
    elif refund is not None and refund.state is not RefundState.CLOSED:
        take_along(flow.tx, order, [heir], at=flow.at)
        return flow.tx.cases.get(case.id)
    ours = {line.from_line: line for line in heir.lines}
    lines = tuple(
        CaseLine(line_id=ours[line.line_id].id, sku=line.sku, units=line.units)
        for line in case.lines
        if line.line_id in ours
    )
    moved = case.revise(order_id=heir.id, lines=lines, at=flow.at)
    change = leaving(moved, evolve(moved.state, refund_id=None))
    if case.state is CaseState.AWAITING_STOP:
        change = change.then(change.state.stopped(at=flow.at))
    return flow.settle(change, before=case)


def _stays(flow: CaseFlow, order: SalesOrder) -> str | None:
    """Return why no part of an order can be taken back from the warehouse."""
    if order.state is OrderState.PARTIALLY_SHIPPED:
        return PART_OF_THE_REST
    return None


def _covers_all(case: AftersalesCase, order: SalesOrder) -> bool:
    """Whether a case names every unit that is still to leave."""
    named = {line.line_id: count(line.units) for line in case.lines}
    return all(named.get(line_id, 0) >= units for line_id, _, units in order.contents)


def _covers_called_off(case: AftersalesCase, order: SalesOrder) -> bool:
    called_off = {line.id: line.called_off for line in order.lines}
    return all(count(line.units) <= called_off.get(line.line_id, 0) for line in case.lines)
