"""Calling an order off or back: at once while it is ours, else by asking whoever has the goods to stop.

Until the answer the order is *pending*: it is neither refunded nor sent anew, and a parcel that leaves decides too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import evolve

from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import LineId, OrderId
from oms_domain.kernel.money import Money
from oms_domain.kernel.states import next_state
from oms_domain.orders import events as e
from oms_domain.orders.asks import Ask
from oms_domain.orders.flags import BY_PLATFORM, PENDING, Flag, FlagKind, checked_reason, is_set
from oms_domain.orders.moves import check
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import BEFORE_WAREHOUSE, ORDER_TABLE
from oms_domain.orders.states import OrderMove as M
from oms_domain.orders.states import OrderState as S

UNPAID: Final = "unpaid"
CLOSED_SHORT: Final = "warehouse_closed_short"
"""Why an order is intercepted whose warehouse will ship nothing more, although something is still to leave."""
SILENT: Final = "warehouse_silent"
"""Why one is whose warehouse has said nothing of it for too long: until it says something."""


def call_off(order: SalesOrder, *, reason: str, by: str, at: datetime) -> Change[SalesOrder]:
    """Cancel an order (取消), or ask the warehouse or the carrier to stop it.

    Where the platform does it, it gives the money back itself. An un-review that waits for the warehouse's answer
    becomes a cancellation that does.
    """
    check(order, Ask.CANCEL)
    if order.state in BEFORE_WAREHOUSE:
        return order.cancel(reason=reason, refunded=by == BY_PLATFORM, at=at)
    return _ask(order, FlagKind.CANCEL_PENDING, reason, by, at)


def called_off_at_platform(order: SalesOrder, *, at: datetime) -> Change[SalesOrder]:
    """Follow the platform, which has cancelled it and given the money back; while we wait for an answer: nothing.

    Whatever else the warehouse was asked to stop for, nothing is refunded a second time.
    """
    if order.state in BEFORE_WAREHOUSE:
        return order.cancel(reason=BY_PLATFORM, refunded=True, at=at)
    pending = order.pending
    if pending and (pending.kind, pending.by) == (FlagKind.CANCEL_PENDING, BY_PLATFORM):
        return Change(order)
    return _ask(order, FlagKind.CANCEL_PENDING, BY_PLATFORM, BY_PLATFORM, at)


def call_off_rest(order: SalesOrder, *, reason: str, by: str, at: datetime) -> Change[SalesOrder]:
    """Cancel what has not left (取消剩余), or ask the warehouse not to ship it; one that ships no more is not asked."""
    check(order, Ask.CANCEL_REST)
    if is_set(order.flags, FlagKind.INTERCEPTED, CLOSED_SHORT):
        return _rest_cancelled(order, reason, at)
    return _ask(order, FlagKind.CANCEL_PENDING, reason, by, at)


def call_back(order: SalesOrder, *, reason: str, by: str, at: datetime) -> Change[SalesOrder]:
    """Take an order back from review to change it (反审核), or ask the warehouse to stop it."""
    check(order, Ask.UNREVIEW)
    if order.state in BEFORE_WAREHOUSE:
        return _back_to_review(order, M.UNREVIEW, reason, at)
    return _ask(order, FlagKind.UNREVIEW_PENDING, reason, by, at)


def expire(order: SalesOrder, *, at: datetime) -> Change[SalesOrder]:
    """Cancel what was not paid in time (超时未付款)."""
    state = next_state(ORDER_TABLE, order.state, M.EXPIRE)
    return Change(evolve(order, state=state, flags=(), updated_at=at), (_cancelled(order, state, UNPAID, at),))


def stopped(order: SalesOrder, *, reason: str = "", at: datetime) -> Change[SalesOrder]:
    """Whoever was asked has stopped: what was asked for happens.

    A carrier may have stopped a parcel that nobody asked it to: then ``reason`` says why. An order to be changed goes
    back to review under its own number; where the warehouse does not take that again, it is ``replaced``.
    """
    check(order, Ask.CONFIRM_STOP)
    if order.state in BEFORE_WAREHOUSE:  # what was called off at the warehouse will not leave
        return order.unflag(FlagKind.EARLIER_MAY_SHIP, reason=reason, at=at)
    reason = order.pending.reason if order.pending else checked_reason(reason)
    if order.state is S.SHIPPED:
        state = next_state(ORDER_TABLE, order.state, M.CARRIER_STOP)
        event = e.OrderDeliveryStopped(order_id=order.id, state=state, reason=reason, at=at)
        return Change(_decided(order, state, at), (event,))
    if order.state is S.PARTIALLY_SHIPPED:
        return _rest_cancelled(order, reason, at)
    if order.flagged(FlagKind.UNREVIEW_PENDING):
        return _back_to_review(order, M.TAKE_BACK, reason, at)
    state = next_state(ORDER_TABLE, order.state, M.CANCEL)
    return Change(evolve(order, state=state, flags=(), updated_at=at), (_cancelled(order, state, reason, at),))


def replaced(
    order: SalesOrder, *, by: OrderId, number: str, line_ids: tuple[LineId, ...], at: datetime
) -> tuple[Change[SalesOrder], Change[SalesOrder]]:
    """End an order that the warehouse has stopped, and begin the one that takes its place, to be changed in review.

    Amounts, placements and the platform's lines are carried over unchanged, and so are flags that a person set.

    Args:
        by, number: of the new order.
        line_ids: of its lines, at least as many as the order has.

    Returns:
        The old order and the new one.
    """
    check(order, Ask.CONFIRM_STOP)
    assert order.pending is not None
    state = next_state(ORDER_TABLE, order.state, M.UNREVIEW)
    lines = tuple(evolve(line, id=id, from_line=line.id) for line, id in zip(order.lines, line_ids, strict=False))
    new = evolve(
        _decided(order, S.AWAITING_CS_REVIEW, at),
        id=by,
        number=number,
        lines=lines,
        fulfilment_id=None,
        origins=(order.id,),
        heirs=(),
        created_at=at,
        version=0,
    )
    old = evolve(order, state=state, flags=(), heirs=(by,), updated_at=at)
    told = e.OrderReplaced(
        order_id=order.id, state=state, replacement=by, number=number, reason=order.pending.reason, at=at
    )
    created = e.OrderCreated(
        order_id=by,
        state=new.state,
        number=number,
        platform_order_id=new.platform_order_id,
        payable=new.payable,
        paid=new.paid,
        at=at,
    )
    return Change(old, (told,)), Change(new, (created,))


def _ask(order: SalesOrder, kind: FlagKind, reason: str, by: str, at: datetime) -> Change[SalesOrder]:
    flag = Flag(kind=kind, reason=checked_reason(reason), by=by, at=at)
    assert order.fulfilment_id is not None  # or it would not be there
    others = tuple(old for old in order.flags if old.kind not in PENDING)
    event = e.OrderStopAsked(
        order_id=order.id,
        state=order.state,
        fulfilment_id=order.fulfilment_id,
        purpose=kind,
        reason=flag.reason,
        at=at,
    )
    return Change(evolve(order, flags=(*others, flag), updated_at=at), (event,))


def _back_to_review(order: SalesOrder, move: M, reason: str, at: datetime) -> Change[SalesOrder]:
    state = next_state(ORDER_TABLE, order.state, move)
    event = e.OrderUnreviewed(
        order_id=order.id, state=state, previous=order.state, reason=checked_reason(reason), at=at
    )
    return Change(evolve(_decided(order, state, at), fulfilment_id=None), (event,))


def _rest_cancelled(order: SalesOrder, reason: str, at: datetime) -> Change[SalesOrder]:
    state = next_state(ORDER_TABLE, order.state, M.CANCEL_REST)
    lines = tuple(evolve(line, called_off=line.called_off + line.to_ship) for line in order.lines)
    left = evolve(_decided(order, state, at), lines=lines)
    left = evolve(
        left,
        flags=tuple(flag for flag in left.flags if (flag.kind, flag.reason) != (FlagKind.INTERCEPTED, CLOSED_SHORT)),
    )
    event = e.OrderRestCancelled(
        order_id=order.id,
        state=state,
        units=tuple((line_id, units) for line_id, _, units in order.contents),
        reason=checked_reason(reason),
        refund_due=order.refundable - left.refundable,
        at=at,
    )
    return Change(left, (event,))


def _decided(order: SalesOrder, state: S, at: datetime) -> SalesOrder:
    """Return it in a state, pending no longer: whoever was asked has answered, so nobody need look why it is silent."""
    flags = tuple(flag for flag in order.flags if flag.kind not in PENDING and flag.reason != SILENT)
    return evolve(order, state=state, flags=flags, progress="", updated_at=at)


def _cancelled(order: SalesOrder, state: S, reason: str, at: datetime) -> e.OrderCancelled:
    refunded = order.pending is not None and order.pending.by == BY_PLATFORM
    due = Money(0, order.paid.currency) if refunded else order.refundable
    return e.OrderCancelled(order_id=order.id, state=state, previous=order.state, reason=reason, refund_due=due, at=at)
