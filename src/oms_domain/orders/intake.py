"""Intake (接单): a platform order becomes a sales order, and later versions of it are followed.

What the platform says is never lost: it moves the order by the state table, or it is a discrepancy for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from itertools import chain
from typing import Any, Final, assert_never

from oms_domain.apportionment.policy import ApportionmentPolicy
from oms_domain.catalog.matching import Sold
from oms_domain.channels.standard import AmountMismatch, LineRefund, PlatformState, StandardLine, StandardOrder
from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.identity import LineId, OrderId
from oms_domain.kernel.money import Money, total
from oms_domain.orders import events as e
from oms_domain.orders.asks import Ask
from oms_domain.orders.flags import BY_PLATFORM, FlagKind
from oms_domain.orders.moves import obstacle
from oms_domain.orders.placement import BY_DEFAULT, place
from oms_domain.orders.platform_order import PlatformOrder, Trouble
from oms_domain.orders.sales_order import AddressAtPlatform, PartyRef, SalesOrder
from oms_domain.orders.selling import lines_of
from oms_domain.orders.shares import Share, described, whole
from oms_domain.orders.states import BEFORE_WAREHOUSE, ENDS
from oms_domain.orders.states import OrderState as S
from oms_domain.orders.stopping import call_back, called_off_at_platform
from oms_domain.orders.sub_orders import (
    CLOSED,
    NOTHING_SOLD,
    followed_lines,
    live_lines,
    refunded_on_its_way,
    repriced,
)

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
"""The state that an order enters in when it is first seen. Cash on delivery does not wait for payment."""

EXTERNAL: Final = frozenset({S.SHIPPED, S.SIGNED, S.COMPLETED, S.CLOSED, S.CANCELLED})

ON_ITS_WAY: Final = frozenset({S.IN_WAREHOUSE, S.PARTIALLY_SHIPPED, S.SHIPPED})
GONE: Final = frozenset({S.PARTIALLY_SHIPPED, S.SHIPPED, S.RETURNING, S.SIGNED, S.COMPLETED})

PLATFORM_HOLD: Final = "platform_forbids_shipping"
PLATFORM_DIFFERS: Final = "platform_differs"
REFUND_ASKED: Final = "refund_asked_at_platform"
REVIEWED: Final = frozenset({S.AWAITING_BUSINESS_REVIEW, S.AWAITING_RELEASE})
NEW_ADDRESS: Final = "new_address_at_platform"
LINE_REFUNDED: Final = "line_refunded_at_platform"


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
    """Return why a platform order cannot become a sales order or be followed by one, or None."""
    lines = live_lines(standard)
    if wrong := tuple(mismatch for line in lines for mismatch in _line_mismatch(line)):
        return Trouble(reason="amounts_do_not_fit", mismatches=wrong)
    computed = total((line.payable for line in lines), standard.payable.currency)
    computed += standard.freight + standard.services + standard.cod_fee
    if computed != standard.payable:
        mismatch = AmountMismatch(rule="payable", stated=standard.payable, computed=computed)
        return Trouble(reason="amounts_do_not_fit", mismatches=(mismatch,))
    return None


def _line_mismatch(line: StandardLine) -> Iterator[AmountMismatch]:
    """Yield what is wrong with a line's own amounts. None may be negative, but the seller's change of price."""
    goods = line.unit_price * line.quantity + line.adjustment
    computed, zero = goods - line.line_discount - line.order_discount, Money(0, line.payable.currency)
    if computed != line.payable or min(goods, line.line_discount, line.order_discount, line.payable) < zero:
        yield AmountMismatch(rule="line", line_no=line.line_no, stated=line.payable, computed=computed)


def begin(
    platform_order: PlatformOrder,
    *,
    order_id: OrderId,
    number: str,
    sold: Mapping[str, Sold],
    line_ids: Sequence[LineId],
    policy: ApportionmentPolicy = BY_DEFAULT,
    at: datetime,
) -> Change[SalesOrder]:
    """Make the sales order of a platform order that is free of trouble.

    Args:
        sold: what each of its lines that count is of ours, by sub-order number.
        line_ids: at least as many as there are parts of what was sold.
        policy: how amounts are shared that the platform left open.
    """
    standard = platform_order.standard
    assert standard is not None
    lines, ids = live_lines(standard), iter(line_ids)
    state, placement = _first_state(standard), place(standard, lines, policy)
    sold_lines = [
        lines_of(line, what, part, placement.steps, [next(ids) for _ in what.parts])
        for line, part in zip(lines, placement.parts, strict=True)
        for what in [sold[line.line_no]]
    ]
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
        paid_at=None if state is S.AWAITING_PAYMENT else standard.paid_at,
        ended_at=at if state in (S.SIGNED, S.COMPLETED) else None,
        created_at=at,
        updated_at=at,
        receiver=platform_order.receiver,
        buyer=platform_order.buyer,
        region=standard.region,
        lines=tuple(chain.from_iterable(sold_lines)),
        steps=placement.steps,
        **_amounts(standard),
        **described([standard]),
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
    asked = any(line.refund is LineRefund.OPEN for line in standard.lines)
    return _follow_flags(Change(order, (created,)), standard, at, asked=asked)


def follow(
    order: SalesOrder,
    platform_order: PlatformOrder,
    *,
    share: Share | None = None,
    sold: Mapping[str, Sold] = NOTHING_SOLD,
    policy: ApportionmentPolicy = BY_DEFAULT,
    at: datetime,
) -> Change[SalesOrder]:
    """Bring ``order`` up to a newer version of its platform order.

    Facts that are the platform's to say are taken over, moves that the table allows are made, and anything else is
    published as ``OrderDiffers`` and leaves the order as it is.

    Args:
        share: what the platform says of this order, where it is not all that the platform order is.
        sold: what the lines of ``lines_to_match`` are of ours, by sub-order number.
    """
    assert platform_order.standard is not None
    share = share or whole(order, platform_order.standard)
    change = _follow_facts(Change(order), platform_order, share, policy, sold, at)
    change = _follow_state(change, share.standard, at)
    return _follow_flags(change, share.standard, at, asked=share.refund_asked)


def _first_state(standard: StandardOrder) -> S:
    if standard.cash_on_delivery and standard.state is P.UNPAID:
        return S.AWAITING_ALLOCATION
    return FIRST_STATE[standard.state]


def _follow_facts(
    change: Change[SalesOrder],
    platform_order: PlatformOrder,
    share: Share,
    policy: ApportionmentPolicy,
    sold: Mapping[str, Sold],
    at: datetime,
) -> Change[SalesOrder]:
    standard = share.standard
    change = _then(change, lambda o: o.revise(at=at, **described([standard])))
    change = _follow_parties(change, platform_order, standard, at)
    if change.state.state is S.AWAITING_PAYMENT and standard.state is not P.CLOSED_UNPAID and share.is_whole:
        return _follow_unpaid(change, share, policy, sold, at)
    change = _then(change, lambda o: o.revise(at=at, lines=followed_lines(o, share.theirs)))
    if share.payable_differs and standard.state is not P.CLOSED_UNPAID:
        change = _differs(change, standard, "payable", at)
    if share.lines_differ:
        change = _differs(change, standard, "lines", at)
    if standard.state not in CLOSED and refunded_on_its_way(change.state, share.theirs):
        change = _differs(change, standard, "refund", at)
        if obstacle(change.state, Ask.UNREVIEW) is None:  # what is left of it is sent anew, if the warehouse stops
            change = _then(change, lambda o: call_back(o, reason=LINE_REFUNDED, by=BY_PLATFORM, at=at))
    return change


def _follow_parties(
    change: Change[SalesOrder], platform_order: PlatformOrder, standard: StandardOrder, at: datetime
) -> Change[SalesOrder]:
    """Take over who gets it and who bought it, until the warehouse has printed it."""
    order, facts = change.state, dict[str, Any]()
    theirs = AddressAtPlatform(digest=platform_order.receiver.digest, region=standard.region)
    ours = AddressAtPlatform(digest=order.receiver.digest, region=order.region)
    if theirs not in (ours, *order.addresses_at_platform):  # where a person has said otherwise, that is no news
        facts |= {"receiver": platform_order.receiver, "region": standard.region, "addresses_at_platform": ()}
    if facts and (order.state in ON_ITS_WAY or len(order.sources) > 1):  # of several, only one goes elsewhere now
        return _differs(change, standard, "receiver", at)
    if facts and order.state in REVIEWED and obstacle(order, Ask.UNREVIEW) is None:
        # What was passed was another address: rules and people look again, and it may ship from elsewhere.
        change = _then(change, lambda o: call_back(o, reason=NEW_ADDRESS, by=BY_PLATFORM, at=at))
    if order.buyer.digest != platform_order.buyer.digest:
        facts |= {"buyer": platform_order.buyer}
    return _then(change, lambda o: o.revise(at=at, **facts)) if order.state in BEFORE_WAREHOUSE else change


def _follow_unpaid(
    change: Change[SalesOrder],
    share: Share,
    policy: ApportionmentPolicy,
    sold: Mapping[str, Sold],
    at: datetime,
) -> Change[SalesOrder]:
    """Take lines and amounts anew while nothing is paid. A sub-order that we do not have cannot be taken in."""
    standard = share.standard
    placement = place(standard, live_lines(standard), policy) if trouble_of(standard) is None else None
    lines = repriced(change.state, standard, placement, sold) if placement else None
    if placement is None or lines is None:
        change = _differs(change, standard, "lines", at)
        return _then(change, lambda o: o.revise(at=at, lines=followed_lines(o, share.theirs)))
    return _then(change, lambda o: o.revise(at=at, lines=lines, steps=placement.steps, **_amounts(standard)))


def _follow_state(change: Change[SalesOrder], standard: StandardOrder, at: datetime) -> Change[SalesOrder]:
    while True:
        step = _step(change.state, standard, at)
        if step is None:
            return change
        if isinstance(step, Event):
            return change.then(Change(change.state, (step,)))
        change = change.then(step)


def _step(order: SalesOrder, standard: StandardOrder, at: datetime) -> Change[SalesOrder] | Event | None:
    """Return the next move towards the platform's state, a discrepancy where the table has none, None when there."""
    theirs, ours = standard.state, order.state
    paid = standard.paid_at or at
    to_pay = ours is S.AWAITING_PAYMENT and not order.cash_on_delivery
    # What left without us and is to be shipped after all has gone backwards: that is a person's to judge.
    under_way = ours in BEFORE_WAREHOUSE or ours is S.IN_WAREHOUSE or (ours in GONE and not order.external)
    match theirs:
        case P.UNPAID:
            agrees = ours is S.AWAITING_PAYMENT or (order.cash_on_delivery and under_way)
            return None if agrees else order.differs(theirs=theirs, what="state", at=at)
        case P.PAID_ON_HOLD | P.TO_SHIP:
            if ours is S.AWAITING_PAYMENT:
                return order.pay(standard.paid, paid_at=paid, at=at)
            return None if under_way else order.differs(theirs=theirs, what="state", at=at)
        case P.PARTLY_SHIPPED:
            if to_pay:
                return order.pay(standard.paid, paid_at=paid, at=at)
            return None if ours in GONE else order.differs(theirs=theirs, what="state", at=at)
        case P.SHIPPED | P.SIGNED | P.FINISHED:
            return _step_shipped(order, theirs, standard, at)
        case P.CLOSED_UNPAID:
            if ours is S.AWAITING_PAYMENT:  # a presale's deposit is forfeited or given back by the platform
                return order.cancel(reason=BY_PLATFORM, refunded=True, at=at)
            return None if ours is S.CANCELLED else order.differs(theirs=theirs, what="state", at=at)
        case P.CLOSED_REFUNDED:
            if ours in BEFORE_WAREHOUSE or ours is S.IN_WAREHOUSE:
                return _step_called_off(order, at)
            if ours in (S.SHIPPED, S.SIGNED, S.COMPLETED):
                return order.close(reason=BY_PLATFORM, at=at)
            return None if ours in (S.CANCELLED, S.CLOSED) else order.differs(theirs=theirs, what="state", at=at)
        case _:
            assert_never(theirs)


def _step_called_off(order: SalesOrder, at: datetime) -> Change[SalesOrder] | None:
    """Cancel it, or have the warehouse asked to stop, once: then its answer decides."""
    change = called_off_at_platform(order, at=at)
    return change if change.events else None


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


def _follow_flags(
    change: Change[SalesOrder], standard: StandardOrder, at: datetime, *, asked: bool
) -> Change[SalesOrder]:
    ours = change.state.state
    held = standard.state is P.PAID_ON_HOLD and ours not in ENDS
    differs = ours in BEFORE_WAREHOUSE and any(isinstance(event, e.OrderDiffers) for event in change.events)
    for wanted, kind, reason in (
        (held, FlagKind.INTERCEPTED, PLATFORM_HOLD),
        (differs, FlagKind.INTERCEPTED, PLATFORM_DIFFERS),
        (asked, FlagKind.IN_AFTERSALES, REFUND_ASKED),
    ):
        order = change.state
        standing = any(flag.kind is kind and flag.reason == reason for flag in order.flags)
        if wanted and not standing:
            change = change.then(order.flag(kind, reason=reason, by=BY_PLATFORM, at=at))
        elif standing and not wanted:
            change = change.then(order.unflag(kind, reason=reason, only=reason, at=at))
    return change


def _then(change: Change[SalesOrder], step: Callable[[SalesOrder], Change[SalesOrder]]) -> Change[SalesOrder]:
    return change.then(step(change.state))


def _differs(change: Change[SalesOrder], standard: StandardOrder, what: str, at: datetime) -> Change[SalesOrder]:
    event = change.state.differs(theirs=standard.state, what=what, at=at)
    return change.then(Change(change.state, (event,)))


def _amounts(standard: StandardOrder) -> dict[str, Any]:
    return {
        "freight": standard.freight,
        "services": standard.services,
        "cod_fee": standard.cod_fee,
        "payable": standard.payable,
        "paid": standard.paid,
    }
