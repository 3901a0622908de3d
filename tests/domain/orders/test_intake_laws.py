"""Laws of intake: whatever the platform says in whatever order, its newest word stands or somebody is told."""

from datetime import timedelta
from itertools import permutations, product

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.channels.standard import LineRefund, OrderKind, PlatformState
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.events import OrderDiffers
from oms_domain.orders.flags import Flag, FlagKind
from oms_domain.orders.intake import Freshness, compare, follow, trouble_of
from oms_domain.orders.platform_order import Conversion
from oms_domain.orders.states import BEFORE_WAREHOUSE, ENDS, ORDER_TABLE, OrderState
from oms_domain.testing.builders import (
    BUYER,
    FULFILMENT,
    HAT,
    NOW,
    ORDER,
    RAW,
    RECEIVER,
    SCARF,
    a_platform_order,
    a_sales_order,
    a_standard_line,
    a_standard_order,
    begun_as_named,
)

P, S = PlatformState, OrderState
LATER = NOW + timedelta(hours=1)

TO_SHIP_OR_GONE = BEFORE_WAREHOUSE - {S.AWAITING_PAYMENT} | {
    S.IN_WAREHOUSE,
    S.PARTIALLY_SHIPPED,
    S.SHIPPED,
    S.RETURNING,
    S.SIGNED,
    S.COMPLETED,
}
AGREES = {
    P.UNPAID: {S.AWAITING_PAYMENT},
    P.PAID_ON_HOLD: TO_SHIP_OR_GONE,
    P.TO_SHIP: TO_SHIP_OR_GONE,
    P.PARTLY_SHIPPED: {S.PARTIALLY_SHIPPED, S.SHIPPED, S.RETURNING, S.SIGNED, S.COMPLETED},
    P.SHIPPED: {S.SHIPPED, S.RETURNING, S.SIGNED, S.COMPLETED},
    P.SIGNED: {S.SIGNED, S.COMPLETED},
    P.FINISHED: {S.COMPLETED},
    P.CLOSED_UNPAID: {S.CANCELLED},
    P.CLOSED_REFUNDED: {S.CANCELLED, S.CLOSED},
}
"""In which of our states an order agrees with each of the platform's. Cash on delivery is to be shipped unpaid."""


def agrees(order, standard):
    allowed = AGREES[standard.state]
    if standard.state is P.UNPAID and standard.cash_on_delivery:
        allowed = allowed | TO_SHIP_OR_GONE
    asked = standard.state is P.CLOSED_REFUNDED and order.flagged(FlagKind.CANCEL_PENDING)
    return order.state in allowed or (asked and order.state is S.IN_WAREHOUSE)


def told(change, what="state"):
    return any(isinstance(event, OrderDiffers) and event.what == what for event in change.events)


# --- any of our states against any of the platform's -----------------------------------------------------------------

flag = st.builds(
    Flag, kind=st.sampled_from(FlagKind), reason=st.sampled_from(["a", "b"]), by=st.just("x"), at=st.just(NOW)
)
some_flags = st.lists(flag, max_size=3, unique_by=lambda f: (f.kind, f.reason)).map(tuple)
skus = st.sampled_from([SCARF, HAT])


@st.composite
def trade_lines(draw, line_no):
    """A sub-order in any state, at one of a few prices, so that versions often agree and often differ."""
    return a_standard_line(
        line_no=line_no,
        sku=draw(skus),
        quantity=draw(st.sampled_from([1, 2]).map(Quantity)),
        unit_price=Money(draw(st.sampled_from([0, 5000, 9900]))),
        line_discount=Money(0),
        state=draw(st.sampled_from(P)),
        refund=draw(st.sampled_from(LineRefund)),
    )


@st.composite
def versions(draw, modified_second=None):
    """A version of one trade: sub-orders come and go, prices change, states jump about."""
    line_nos = draw(st.lists(st.sampled_from(["1001", "1002", "1003"]), min_size=1, unique=True))
    second = draw(st.integers(0, 5)) if modified_second is None else modified_second
    return a_standard_order(
        state=draw(st.sampled_from(P)),
        kind=draw(st.sampled_from(OrderKind)),
        cash_on_delivery=draw(st.sampled_from([False, False, True])),
        modified_at=NOW + timedelta(seconds=second),
        lines=tuple(draw(trade_lines(line_no)) for line_no in line_nos),
        freight=Money(draw(st.sampled_from([0, 800]))),
        seller_remark=draw(st.sampled_from(["", "送贺卡"])),
    )


@st.composite
def our_orders(draw):
    standard = draw(versions())
    order = begun_as_named(a_platform_order(standard=standard), at=NOW).state
    state = draw(st.sampled_from(S))
    facts = {"state": state, "flags": draw(some_flags), "external": draw(st.booleans())}
    return evolve(order, fulfilment_id=FULFILMENT if state is S.IN_WAREHOUSE else None, **facts)


@pytest.mark.parametrize("ours", S)
@pytest.mark.parametrize("theirs", P)
def test_following_moves_by_the_table_until_it_agrees_or_tells_that_it_cannot(ours, theirs):
    for cod, kind, external in product((False, True), OrderKind, (False, True)):
        order = a_sales_order(state=ours, cash_on_delivery=cod, kind=kind, external=external)
        standard = a_standard_order(state=theirs, cash_on_delivery=cod, kind=kind)

        change = follow(order, a_platform_order(standard=standard), at=LATER)

        assert agrees(change.state, standard) or told(change)
        assert change.state.state is ours or reachable(ours, change.state.state)
        assert not told(change) or change.state.state not in BEFORE_WAREHOUSE or change.state.flags


def reachable(start, end):
    seen, open_ = set(), [start]
    while open_:
        for target in ORDER_TABLE[open_.pop()].values():
            if target not in seen:
                seen.add(target)
                open_.append(target)
    return end in seen


@given(our_orders(), versions())
def test_following_never_fails_and_keeps_the_amounts_together(order, standard):
    change = follow(order, a_platform_order(standard=standard), at=LATER)

    after = change.state
    assert agrees(after, standard) or told(change)
    assert after.payable == total(line.payable for line in after.lines) + after.freight + after.services + after.cod_fee
    assert after.payable == standard.payable or told(change, "payable") or told(change, "lines") or not counts(standard)
    assert order.state not in ENDS or after.state is order.state
    assert (after == order) == (not [event for event in change.events if not isinstance(event, OrderDiffers)])


def counts(standard):
    """Closed unpaid, nothing is sold any more, and its amounts are of no interest."""
    return standard.state is not P.CLOSED_UNPAID


@given(our_orders(), versions())
def test_following_the_same_version_again_changes_nothing_more(order, standard):
    platform_order = a_platform_order(standard=standard)
    once = follow(order, platform_order, at=LATER).state

    again = follow(once, platform_order, at=LATER + timedelta(hours=1))

    assert again.state == once
    assert all(isinstance(event, OrderDiffers) for event in again.events)


@given(our_orders(), versions())
def test_nothing_that_differs_moves_on_towards_the_warehouse(order, standard):
    change = follow(order, a_platform_order(standard=standard), at=LATER)

    differs = any(isinstance(event, OrderDiffers) for event in change.events)
    assert not differs or change.state.state not in BEFORE_WAREHOUSE or change.state.flagged(FlagKind.INTERCEPTED)


# --- any order of delivery -------------------------------------------------------------------------------------------


def deliver(stored, order, standard):
    """What intake does with one message: stored platform order, sales order, and what the last newer one told."""
    if stored is None:
        stored = a_platform_order(standard=standard)
    elif compare(stored, standard, receiver=RECEIVER, buyer=BUYER) is not Freshness.NEWER:
        return stored, order, None
    else:
        stored = stored.updated(standard, receiver=RECEIVER, buyer=BUYER, raw=RAW, at=LATER).state
    if trouble := trouble_of(standard):
        return stored.failed(trouble, at=LATER).state, order, None
    if order is None:
        change = begun_as_named(stored, at=LATER)
        return stored.converted(ORDER, at=LATER).state, change.state, change
    change = follow(order, stored, at=LATER)
    return stored, change.state, change


def deliver_all(messages):
    stored = order = last = None
    for message in messages:
        stored, order, change = deliver(stored, order, message)
        last = change or last
    return stored, order, last


@given(st.data())
def test_however_messages_come_the_newest_stands_and_the_order_agrees_or_somebody_is_told(data):
    seconds = data.draw(st.lists(st.integers(0, 9), min_size=1, max_size=6, unique=True))
    history = [data.draw(versions(second)) for second in seconds]
    repeats = data.draw(st.lists(st.sampled_from(history), max_size=4))
    newest = max(history, key=lambda standard: standard.order_key)

    stored, order, last = deliver_all(data.draw(st.permutations(history + repeats)))

    assert stored.standard == newest
    assert (stored.conversion, stored.order_id) == (Conversion.CONVERTED, ORDER)
    assert agrees(order, newest) or told(last)


def test_every_order_of_the_messages_of_one_trade_ends_in_the_same_state():
    states = (P.UNPAID, P.PAID_ON_HOLD, P.TO_SHIP, P.SHIPPED, P.SIGNED, P.FINISHED)
    history = [
        a_standard_order(state=state, modified_at=NOW + timedelta(seconds=second))
        for state, second in zip(states, (0, 1, 2, 2, 3, 3), strict=True)  # two pairs share a second
    ]

    ends = {
        (stored.standard.state, order.state, order.payable, order.paid, order.flags)
        for stored, order, _ in map(deliver_all, permutations(history))
    }

    assert ends == {(P.FINISHED, S.COMPLETED, Money(23600), Money(23600), ())}


def test_with_an_order_that_applied_older_messages_too_the_law_would_break():
    newest, older = a_standard_order(state=P.SHIPPED, modified_at=LATER), a_standard_order()
    _, order, _ = deliver_all([newest])

    careless = follow(order, a_platform_order(standard=older), at=LATER)

    assert told(careless)
