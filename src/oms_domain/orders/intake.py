"""Intake (接单): a platform order becomes a sales order, and later versions of it are followed.

What the platform says is never lost: it moves the order by the state table, or it is a discrepancy for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final

from attrs import evolve

from oms_domain.channels.standard import LineRefund, PlatformState, StandardLine, StandardOrder
from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.identity import LineId, OrderId
from oms_domain.orders import events as e
from oms_domain.orders.platform_order import PlatformOrder, Trouble
from oms_domain.orders.sales_order import FlagKind, OrderLine, PartyRef, SalesOrder
from oms_domain.orders.states import BEFORE_WAREHOUSE
from oms_domain.orders.states import OrderState as S

P = PlatformState

FIRST_STATE: Final = {
    P.UNPAID: S.AWAITING_PAYMENT,
    P.PAID_ON_HOLD: S.AWAITING_ALLOCATION,
    P.TO_SHIP: S.AWAITING_ALLOCATION,
    # Partly gone without us: what is left is not ours to guess.
    P.PARTLY_SHIPPED: S.SHIPPED,
    P.SHIPPED: S.SHIPPED,
    P.SIGNED: S.SIGNED,
    P.FINISHED: S.COMPLETED,
    P.CLOSED_UNPAID: S.CANCELLED,
    P.CLOSED_REFUNDED: S.CLOSED,
}
"""The state that an order enters in when it is first seen (cash on delivery waits to ship from the start)."""

EXTERNAL: Final = frozenset({S.SHIPPED, S.SIGNED, S.COMPLETED, S.CLOSED, S.CANCELLED})

PLATFORM_HOLD: Final = "platform_forbids_shipping"
REFUND_ASKED: Final = "refund_asked_at_platform"
BY_PLATFORM: Final = "platform"


class Freshness(Enum):
    """How a message stands to what is stored."""

    NEWER = "newer"
    SAME = "same"
    OLDER = "older"
    AMBIGUOUS = "ambiguous"  # equal in time and state, different in content


def compare(stored: PlatformOrder, standard: StandardOrder, *, receiver: PartyRef, buyer: PartyRef) -> Freshness:
    """Order two versions by the platform's (modified, state rank), never by when they reached us."""
    if stored.standard is None or standard.order_key > stored.standard.order_key:
        return Freshness.NEWER
    if standard.order_key < stored.standard.order_key:
        return Freshness.OLDER
    equal = (
        standard == stored.standard
        and receiver.digest == stored.receiver.digest
        and buyer.digest == stored.buyer.digest
    )
    return Freshness.SAME if equal else Freshness.AMBIGUOUS


def trouble_of(standard: StandardOrder) -> Trouble | None:
    """Return why a platform order whose amounts fit still cannot become a sales order, or None."""
    bare = next((line for line in _live_lines(standard) if line.sku is None), None)
    return Trouble(reason="no_sku", field=f"line {bare.line_no}", why=bare.title) if bare else None


def begin(
    platform_order: PlatformOrder, *, order_id: OrderId, number: str, line_ids: Sequence[LineId], at: datetime
) -> Change[SalesOrder]:
    """Make the sales order of a platform order that is free of trouble.

    Args:
        line_ids: at least as many as the platform order has lines.
    """
    standard = platform_order.standard
    assert standard is not None
    state = FIRST_STATE[standard.state]
    order = SalesOrder(
        id=order_id,
        number=number,
        shop_id=platform_order.shop_id,
        platform=platform_order.platform,
        platform_order_id=platform_order.id,
        platform_order_no=platform_order.order_no,
        external=state in EXTERNAL,
        state=state,
        placed_at=standard.created_at,
        created_at=at,
        updated_at=at,
        receiver=platform_order.receiver,
        buyer=platform_order.buyer,
        lines=tuple(_line(line, id) for line, id in zip(_live_lines(standard), line_ids, strict=False)),
        **_amounts(standard),
        **_descriptive(standard),
    )
    created = e.OrderCreated(
        order_id=order_id,
        state=state,
        number=number,
        platform_order_id=platform_order.id,
        payable=order.payable,
        paid=order.paid,
        at=at,
    )
    return _follow_flags(Change(order, (created,)), standard, at)


def follow(order: SalesOrder, platform_order: PlatformOrder, *, at: datetime) -> Change[SalesOrder]:
    """Bring ``order`` up to a newer version of its platform order.

    Facts that are the platform's to say are taken over, moves that the table allows are made, and anything else is
    published as ``OrderDiffers`` and leaves the order as it is.
    """
    standard = platform_order.standard
    assert standard is not None
    change = _follow_facts(Change(order), platform_order, standard, at)
    change = _follow_state(change, standard, at)
    return _follow_flags(change, standard, at)


def _follow_facts(
    change: Change[SalesOrder], platform_order: PlatformOrder, standard: StandardOrder, at: datetime
) -> Change[SalesOrder]:
    order = change.state
    change = _then(change, lambda o: o.revise(at=at, **_descriptive(standard)))
    if order.receiver.digest != platform_order.receiver.digest or order.buyer.digest != platform_order.buyer.digest:
        if order.state in BEFORE_WAREHOUSE:
            change = _then(
                change, lambda o: o.revise(at=at, receiver=platform_order.receiver, buyer=platform_order.buyer)
            )
        elif order.receiver.digest != platform_order.receiver.digest:
            change = _differs(change, standard, "receiver", at)
    if order.state is S.AWAITING_PAYMENT:
        return _then(change, lambda o: o.revise(at=at, lines=_repriced(o, standard), **_amounts(standard)))
    if _amounts(standard)["payable"] != order.payable:
        change = _differs(change, standard, "payable", at)
    return _then(change, lambda o: o.revise(at=at, lines=_refunds_followed(o, standard)))


def _follow_state(change: Change[SalesOrder], standard: StandardOrder, at: datetime) -> Change[SalesOrder]:
    while True:
        step = _step(change.state, standard, at)
        if step is None:
            return change
        if isinstance(step, Event):
            return Change(change.state, (*change.events, step))
        change = Change(step.state, (*change.events, *step.events))


def _step(order: SalesOrder, standard: StandardOrder, at: datetime) -> Change[SalesOrder] | Event | None:
    """Return the next move towards the platform's state, a discrepancy where the table has none, None when there."""
    theirs, ours = standard.state, order.state
    paid = standard.paid_at or at
    gone = {S.SHIPPED, S.PARTIALLY_SHIPPED, S.SIGNED, S.COMPLETED, S.RETURNING}
    match theirs:
        case P.UNPAID:
            agrees = ours in (S.AWAITING_PAYMENT,) or (order.cash_on_delivery and ours in BEFORE_WAREHOUSE)
            return None if agrees else order.differs(theirs=theirs, what="state", at=at)
        case P.PAID_ON_HOLD | P.TO_SHIP:
            if ours is S.AWAITING_PAYMENT:
                return order.pay(standard.paid, paid_at=paid, at=at)
            agrees = ours in BEFORE_WAREHOUSE or ours in gone or ours is S.IN_WAREHOUSE
            return None if agrees else order.differs(theirs=theirs, what="state", at=at)
        case P.PARTLY_SHIPPED:
            return None if ours in gone else order.differs(theirs=theirs, what="state", at=at)
        case P.SHIPPED | P.SIGNED | P.FINISHED:
            return _step_shipped(order, theirs, standard, at)
        case P.CLOSED_UNPAID:
            if ours is S.AWAITING_PAYMENT:
                return order.cancel(reason=BY_PLATFORM, at=at)
            return None if ours is S.CANCELLED else order.differs(theirs=theirs, what="state", at=at)
        case P.CLOSED_REFUNDED:
            if ours in BEFORE_WAREHOUSE:
                return order.cancel(reason=BY_PLATFORM, refunded=True, at=at)
            if ours in (S.SHIPPED, S.SIGNED, S.COMPLETED):
                return order.close(reason=BY_PLATFORM, at=at)
            return None if ours in (S.CANCELLED, S.CLOSED) else order.differs(theirs=theirs, what="state", at=at)


def _step_shipped(
    order: SalesOrder, theirs: PlatformState, standard: StandardOrder, at: datetime
) -> Change[SalesOrder] | Event | None:
    ours = order.state
    if ours is S.AWAITING_PAYMENT and not order.cash_on_delivery:
        return order.pay(standard.paid, paid_at=standard.paid_at or at, at=at)
    if ours in BEFORE_WAREHOUSE:
        return order.ship_outside(at=at)
    if ours is S.SHIPPED and theirs in (P.SIGNED, P.FINISHED):
        return order.sign(at=at)
    if ours is S.SIGNED and theirs is P.FINISHED:
        return order.complete(at=at)
    agrees = {
        P.SHIPPED: (S.SHIPPED, S.SIGNED, S.COMPLETED, S.RETURNING),
        P.SIGNED: (S.SIGNED, S.COMPLETED),
        P.FINISHED: (S.COMPLETED,),
    }[theirs]
    return None if ours in agrees else order.differs(theirs=theirs, what="state", at=at)


def _follow_flags(change: Change[SalesOrder], standard: StandardOrder, at: datetime) -> Change[SalesOrder]:
    held = standard.state is P.PAID_ON_HOLD
    asked = any(line.refund is LineRefund.OPEN for line in standard.lines)
    for wanted, kind, reason in (
        (held, FlagKind.INTERCEPTED, PLATFORM_HOLD),
        (asked, FlagKind.IN_AFTERSALES, REFUND_ASKED),
    ):
        order = change.state
        standing = any(flag.kind is kind and flag.reason == reason for flag in order.flags)
        if wanted and not standing:
            done = order.flag(kind, reason=reason, by=BY_PLATFORM, at=at)
            change = Change(done.state, (*change.events, *done.events))
        elif standing and not wanted:
            done = order.unflag(kind, reason=reason, only=reason, at=at)
            change = Change(done.state, (*change.events, *done.events))
    return change


def _then(change: Change[SalesOrder], step: Callable[[SalesOrder], Change[SalesOrder]]) -> Change[SalesOrder]:
    done = step(change.state)
    return Change(done.state, (*change.events, *done.events))


def _differs(change: Change[SalesOrder], standard: StandardOrder, what: str, at: datetime) -> Change[SalesOrder]:
    event = change.state.differs(theirs=standard.state, what=what, at=at)
    return Change(change.state, (*change.events, event))


def _live_lines(standard: StandardOrder) -> tuple[StandardLine, ...]:
    """Leave out sub-orders that were closed unpaid inside a trade that lives: they are in none of its sums."""
    if standard.state is P.CLOSED_UNPAID:
        return standard.lines
    return tuple(line for line in standard.lines if line.state is not P.CLOSED_UNPAID)


def _line(line: StandardLine, id: LineId) -> OrderLine:
    assert line.sku is not None
    return OrderLine(
        id=id,
        platform_line_no=line.line_no,
        sku=line.sku,
        title=line.title,
        spec=line.spec,
        quantity=line.quantity,
        unit_price=line.unit_price,
        adjustment=line.adjustment,
        line_discount=line.line_discount,
        order_discount=line.order_discount,
        payable=line.payable,
        refund=line.refund,
        is_gift=line.is_gift,
        is_closed=line.state is P.CLOSED_REFUNDED,
        shipped=line.quantity if line.state in (P.SHIPPED, P.SIGNED, P.FINISHED) else 0,
    )


def _repriced(order: SalesOrder, standard: StandardOrder) -> tuple[OrderLine, ...]:
    """Take the lines anew while nothing is paid. Ids are kept by sub-order number."""
    ids = {line.platform_line_no: line.id for line in order.lines}
    return tuple(_line(line, ids[line.line_no]) for line in _live_lines(standard) if line.line_no in ids)


def _refunds_followed(order: SalesOrder, standard: StandardOrder) -> tuple[OrderLine, ...]:
    theirs = {line.line_no: line for line in standard.lines}

    def followed(line: OrderLine) -> OrderLine:
        there = theirs.get(line.platform_line_no)
        if there is None:
            return line
        closed = order.state in BEFORE_WAREHOUSE and there.state is P.CLOSED_REFUNDED
        return evolve(line, refund=there.refund, is_closed=line.is_closed or closed)

    return tuple(followed(line) for line in order.lines)


def _amounts(standard: StandardOrder) -> dict[str, Any]:
    return {
        "freight": standard.freight,
        "services": standard.services,
        "cod_fee": standard.cod_fee,
        "payable": standard.payable,
        "paid": standard.paid,
    }


def _descriptive(standard: StandardOrder) -> dict[str, Any]:
    return {
        "kind": standard.kind,
        "cash_on_delivery": standard.cash_on_delivery,
        "buyer_id": standard.buyer_id,
        "buyer_handle": standard.buyer_handle,
        "region": standard.region,
        "buyer_remark": standard.buyer_remark,
        "seller_remark": standard.seller_remark,
        "seller_flag": standard.seller_flag,
        "promised_ship_at": standard.promised_ship_at,
    }


def lost_lines(before: SalesOrder, after: SalesOrder) -> tuple[LineId, ...]:
    """Return the lines that were closed between two versions: what they have reserved goes back."""
    open_before = {line.id for line in before.lines if not line.is_closed}
    return tuple(line.id for line in after.lines if line.is_closed and line.id in open_before)
