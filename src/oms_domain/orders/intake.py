"""Intake (接单): a platform order becomes a sales order, and later versions of it are followed.

What the platform says is never lost: it moves the order by the state table, or it is a discrepancy for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final, assert_never

from attrs import evolve

from oms_domain.apportionment.policy import ApportionmentPolicy
from oms_domain.apportionment.units import LinePart
from oms_domain.channels.standard import AmountMismatch, LineRefund, PlatformState, StandardLine, StandardOrder
from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.identity import LineId, OrderId
from oms_domain.kernel.money import Money, total
from oms_domain.orders import events as e
from oms_domain.orders.placement import BY_DEFAULT, Placement, place
from oms_domain.orders.platform_order import PlatformOrder, Trouble
from oms_domain.orders.sales_order import FlagKind, OrderLine, PartyRef, SalesOrder
from oms_domain.orders.states import BEFORE_WAREHOUSE, ENDS
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
"""The state that an order enters in when it is first seen. Cash on delivery does not wait for payment."""

EXTERNAL: Final = frozenset({S.SHIPPED, S.SIGNED, S.COMPLETED, S.CLOSED, S.CANCELLED})

ON_ITS_WAY: Final = frozenset({S.IN_WAREHOUSE, S.PARTIALLY_SHIPPED, S.SHIPPED})
GONE: Final = frozenset({S.PARTIALLY_SHIPPED, S.SHIPPED, S.RETURNING, S.SIGNED, S.COMPLETED})
LEFT: Final = frozenset({P.SHIPPED, P.SIGNED, P.FINISHED})
CLOSED: Final = frozenset({P.CLOSED_UNPAID, P.CLOSED_REFUNDED})

PLATFORM_HOLD: Final = "platform_forbids_shipping"
PLATFORM_DIFFERS: Final = "platform_differs"
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
    """Return why a platform order cannot become a sales order or be followed by one, or None."""
    lines = _live_lines(standard)
    if wrong := tuple(mismatch for line in lines for mismatch in _line_mismatch(line)):
        return Trouble(reason="amounts_do_not_fit", mismatches=wrong)
    computed = total((line.payable for line in lines), standard.payable.currency)
    computed += standard.freight + standard.services + standard.cod_fee
    if computed != standard.payable:
        mismatch = AmountMismatch(rule="payable", stated=standard.payable, computed=computed)
        return Trouble(reason="amounts_do_not_fit", mismatches=(mismatch,))
    bare = next((line for line in lines if line.sku is None), None)
    return Trouble(reason="no_sku", field=f"line {bare.line_no}", why=bare.title) if bare else None


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
    line_ids: Sequence[LineId],
    policy: ApportionmentPolicy = BY_DEFAULT,
    at: datetime,
) -> Change[SalesOrder]:
    """Make the sales order of a platform order that is free of trouble.

    Args:
        line_ids: at least as many as the platform order has lines.
        policy: how amounts are shared that the platform left open.
    """
    standard = platform_order.standard
    assert standard is not None
    lines = _live_lines(standard)
    assert len(lines) <= len(line_ids)
    state, placement = _first_state(standard), place(standard, lines, policy)
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
        created_at=at,
        updated_at=at,
        receiver=platform_order.receiver,
        buyer=platform_order.buyer,
        region=standard.region,
        lines=tuple(map(_line, lines, line_ids, placement.parts)),
        steps=placement.steps,
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


def follow(
    order: SalesOrder, platform_order: PlatformOrder, *, policy: ApportionmentPolicy = BY_DEFAULT, at: datetime
) -> Change[SalesOrder]:
    """Bring ``order`` up to a newer version of its platform order.

    Facts that are the platform's to say are taken over, moves that the table allows are made, and anything else is
    published as ``OrderDiffers`` and leaves the order as it is.
    """
    standard = platform_order.standard
    assert standard is not None
    change = _follow_facts(Change(order), platform_order, standard, policy, at)
    change = _follow_state(change, standard, at)
    return _follow_flags(change, standard, at)


def _first_state(standard: StandardOrder) -> S:
    if standard.cash_on_delivery and standard.state is P.UNPAID:
        return S.AWAITING_ALLOCATION
    return FIRST_STATE[standard.state]


def _follow_facts(
    change: Change[SalesOrder],
    platform_order: PlatformOrder,
    standard: StandardOrder,
    policy: ApportionmentPolicy,
    at: datetime,
) -> Change[SalesOrder]:
    change = _then(change, lambda o: o.revise(at=at, **_descriptive(standard)))
    change = _follow_parties(change, platform_order, standard, at)
    if change.state.state is S.AWAITING_PAYMENT and standard.state is not P.CLOSED_UNPAID:
        return _follow_unpaid(change, standard, policy, at)
    change = _then(change, lambda o: o.revise(at=at, lines=_lines_followed(o, standard)))
    if standard.payable != change.state.payable and standard.state is not P.CLOSED_UNPAID:
        change = _differs(change, standard, "payable", at)
    if _goods_differ(change.state, standard):
        change = _differs(change, standard, "lines", at)
    if _refunded_on_its_way(change.state, standard):
        change = _differs(change, standard, "refund", at)
    return change


def _follow_parties(
    change: Change[SalesOrder], platform_order: PlatformOrder, standard: StandardOrder, at: datetime
) -> Change[SalesOrder]:
    """Take over who gets it and who bought it, until the warehouse has printed it."""
    order, facts = change.state, dict[str, Any]()
    if order.receiver.digest != platform_order.receiver.digest or order.region != standard.region:
        facts |= {"receiver": platform_order.receiver, "region": standard.region}
    if order.state in ON_ITS_WAY and facts:
        return _differs(change, standard, "receiver", at)
    if order.buyer.digest != platform_order.buyer.digest:
        facts |= {"buyer": platform_order.buyer}
    return _then(change, lambda o: o.revise(at=at, **facts)) if order.state in BEFORE_WAREHOUSE else change


def _follow_unpaid(
    change: Change[SalesOrder], standard: StandardOrder, policy: ApportionmentPolicy, at: datetime
) -> Change[SalesOrder]:
    """Take lines and amounts anew while nothing is paid. A sub-order that we do not have cannot be taken in."""
    known = {line.platform_line_no for line in change.state.lines}
    strange = any(line.line_no not in known for line in _live_lines(standard))
    if strange or trouble_of(standard) is not None:
        change = _differs(change, standard, "lines", at)
        return _then(change, lambda o: o.revise(at=at, lines=_lines_followed(o, standard)))
    placement = place(standard, _live_lines(standard), policy)
    lines = _repriced(change.state, standard, placement)
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
            if ours in BEFORE_WAREHOUSE:
                return order.cancel(reason=BY_PLATFORM, refunded=True, at=at)
            if ours in (S.SHIPPED, S.SIGNED, S.COMPLETED):
                return order.close(reason=BY_PLATFORM, at=at)
            return None if ours in (S.CANCELLED, S.CLOSED) else order.differs(theirs=theirs, what="state", at=at)
        case _:
            assert_never(theirs)


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
    ours = change.state.state
    held = standard.state is P.PAID_ON_HOLD and ours not in ENDS
    differs = ours in BEFORE_WAREHOUSE and any(isinstance(event, e.OrderDiffers) for event in change.events)
    asked = any(line.refund is LineRefund.OPEN for line in standard.lines)
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


def _live_lines(standard: StandardOrder) -> tuple[StandardLine, ...]:
    """Leave out sub-orders that were closed unpaid inside a trade that lives: they are in none of its sums."""
    if standard.state is P.CLOSED_UNPAID:
        return standard.lines
    return tuple(line for line in standard.lines if line.state is not P.CLOSED_UNPAID)


def _line(line: StandardLine, id: LineId, part: LinePart) -> OrderLine:
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
        part=part,
        refund=line.refund,
        is_gift=line.is_gift,
        is_closed=line.state is P.CLOSED_REFUNDED,
        shipped=line.quantity if line.state in LEFT else 0,
    )


def _repriced(order: SalesOrder, standard: StandardOrder, placement: Placement) -> tuple[OrderLine, ...]:
    """Take the lines anew while nothing is paid. Ids are kept by sub-order number."""
    ids = {line.platform_line_no: line.id for line in order.lines}
    lines = _live_lines(standard)
    return tuple(_line(line, ids[line.line_no], part) for line, part in zip(lines, placement.parts, strict=True))


def _lines_followed(order: SalesOrder, standard: StandardOrder) -> tuple[OrderLine, ...]:
    """Take over refunds by line, and, where somebody else ships, what has left."""
    theirs = {line.line_no: line for line in standard.lines}

    def followed(line: OrderLine) -> OrderLine:
        there = theirs.get(line.platform_line_no)
        if there is None:
            return line
        closed = order.state in BEFORE_WAREHOUSE and there.state is P.CLOSED_REFUNDED
        left = order.external and there.state in LEFT and not line.is_closed
        return evolve(
            line,
            refund=there.refund,
            is_closed=line.is_closed or closed,
            shipped=line.quantity if left else line.shipped,
        )

    return tuple(followed(line) for line in order.lines)


def _goods_differ(order: SalesOrder, standard: StandardOrder) -> bool:
    """Whether the platform sells other goods by now: a sub-order came, went, or has another SKU or quantity."""
    if order.state in ENDS or standard.state in CLOSED:
        return False
    theirs = {line.line_no: (line.sku, line.quantity) for line in _live_lines(standard)}
    return theirs != {line.platform_line_no: (line.sku, line.quantity) for line in order.lines}


def _refunded_on_its_way(order: SalesOrder, standard: StandardOrder) -> bool:
    """Whether the warehouse is about to ship a line whose money went back."""
    if order.state not in (S.IN_WAREHOUSE, S.PARTIALLY_SHIPPED) or standard.state in CLOSED:
        return False
    to_ship = {line.platform_line_no for line in order.lines if line.to_ship}
    return any(line.line_no in to_ship and line.state is P.CLOSED_REFUNDED for line in standard.lines)


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
        "buyer_remark": standard.buyer_remark,
        "seller_remark": standard.seller_remark,
        "seller_flag": standard.seller_flag,
        "promised_ship_at": standard.promised_ship_at,
    }


def lost_lines(before: SalesOrder, after: SalesOrder) -> tuple[LineId, ...]:
    """Return the lines that were closed between two versions: what they have reserved goes back."""
    open_before = {line.id for line in before.lines if not line.is_closed}
    return tuple(line.id for line in after.lines if line.is_closed and line.id in open_before)
