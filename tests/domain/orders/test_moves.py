"""What is said to be open is open, and what is said to be in the way is: for every state, command and flag."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.channels.standard import OrderKind
from oms_domain.kernel.errors import MoveNotAllowed, Refused
from oms_domain.kernel.money import Money
from oms_domain.orders.asks import STATES_OF, STOPPABLE, Ask
from oms_domain.orders.balance import NoBalanceDue, balance_due, pay_balance
from oms_domain.orders.delivering import deliver_again, hand_over, lose, receive_return, refuse_delivery, reject
from oms_domain.orders.flags import (
    BLOCKS,
    PENDING,
    EarlierMayShip,
    Flag,
    FlagKind,
    NotFlagged,
    OrderFlaggedNow,
)
from oms_domain.orders.groups import group_stands
from oms_domain.orders.marks import DeliveryMode
from oms_domain.orders.moves import (
    LeftWithoutUs,
    NeedsAWarehouse,
    NoStopAsked,
    NotForAWarehouse,
    NothingToShip,
    NotPickedUp,
    check,
    moves_of,
    obstacle,
)
from oms_domain.orders.payment import pay_by_hand, payment_due
from oms_domain.orders.states import BEFORE_WAREHOUSE, UNRELEASED, OrderState
from oms_domain.orders.stopping import call_back, call_off, call_off_rest, stopped
from oms_domain.testing.builders import FULFILMENT, MAIN, NOW, a_sales_order, an_order_line
from oms_domain.testing.strategies import sales_orders

S = OrderState
LATER = NOW + timedelta(hours=1)
WHO = {"reason": "样例", "by": "kefu-1", "at": LATER}


def allocate(order):
    ready = order.restock(at=LATER).state if order.state is S.BACKORDERED else order
    return ready.allocate(MAIN, at=LATER)


COMMANDS = {
    Ask.PAY: lambda o: pay_by_hand(
        (o,), payment_due(o), paid_at=max(LATER, o.placed_at), reference="", reason="", at=max(LATER, o.placed_at)
    ),
    Ask.ALLOCATE: allocate,
    Ask.HOLD: lambda o: o.flag(FlagKind.HELD, **WHO),
    Ask.UNHOLD: lambda o: o.unflag(FlagKind.HELD, reason="", at=LATER),
    Ask.GROUP_STANDS: lambda o: group_stands(o, reason="", at=LATER),
    Ask.PASS_INTERCEPTION: lambda o: o.unflag(FlagKind.INTERCEPTED, reason="", at=LATER),
    Ask.WAIT: lambda o: o.flag(FlagKind.NOT_BEFORE, until=LATER + timedelta(days=1), **WHO),
    Ask.PAY_BALANCE: lambda o: pay_balance(o, balance_due(o), at=LATER),
    Ask.APPROVE: lambda o: o.approve(business_review=False, fulfilment_id=FULFILMENT, at=LATER),
    Ask.REJECT: lambda o: reject(o, reason="样例", at=LATER),
    Ask.UNREVIEW: lambda o: call_back(o, **WHO),
    Ask.RELEASE: lambda o: o.release(at=LATER),
    Ask.HAND_OVER: lambda o: hand_over(o, at=LATER),
    Ask.CANCEL: lambda o: call_off(o, **WHO),
    Ask.CANCEL_REST: lambda o: call_off_rest(o, **WHO),
    Ask.CONFIRM_STOP: lambda o: stopped(o, reason="样例", at=LATER),
    Ask.REFUSE_STOP: lambda o: o.not_stopped("样例", at=LATER),
    Ask.SIGN: lambda o: o.sign(at=LATER),
    Ask.COMPLETE: lambda o: o.complete(at=LATER),
    Ask.REFUSE_DELIVERY: lambda o: refuse_delivery(o, reason="样例", at=LATER),
    Ask.DELIVER_AGAIN: lambda o: deliver_again(o, at=LATER),
    Ask.RECEIVE_RETURN: lambda o: receive_return(o, at=LATER),
    Ask.LOSE: lambda o: lose(o, reason="样例", at=LATER),
}
OTHERS = {Ask.EDIT, Ask.SPLIT, Ask.MERGE, Ask.UNMERGE}
"""Commands with modules of their own, which ask ``check`` themselves."""


def a_flag(kind):
    return Flag(kind=kind, reason="在先", by="x", at=NOW)


def an_order(state, *flags, **changes):
    facts = {"fulfilment_id": FULFILMENT} if state not in BEFORE_WAREHOUSE or state is S.AWAITING_RELEASE else {}
    if state is S.PARTIALLY_SHIPPED:
        facts["lines"] = (an_order_line(shipped=1),)
    return a_sales_order(**{"state": state, "flags": tuple(map(a_flag, flags))} | facts | changes)


def said_and_done(order, ask):
    """Return what is said to be in the way of a command, and what it says itself."""
    try:
        COMMANDS[ask](order)
    except Refused as refusal:
        return obstacle(order, ask), refusal
    return obstacle(order, ask), None


def alike(said, done):
    return (type(said), said and said.fields()) == (type(done), done and done.fields())


def test_every_command_is_tried():
    assert set(COMMANDS) | OTHERS == set(Ask)


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("ask", COMMANDS)
def test_what_is_said_of_a_command_is_what_it_does_in_every_state_under_every_flag(state, ask):
    for flags in ((), *((kind,) for kind in FlagKind), (FlagKind.HELD, FlagKind.CANCEL_PENDING)):
        if set(flags) & PENDING and state not in STOPPABLE:
            continue
        for kind, delivery in product((OrderKind.NORMAL, OrderKind.VIRTUAL, OrderKind.PRESALE), DeliveryMode):
            order = an_order(state, *flags, kind=kind, delivery=delivery)

            said, done = said_and_done(order, ask)

            assert alike(said, done), (flags, kind, delivery)
            assert state in STATES_OF[ask] or isinstance(done, MoveNotAllowed)


@given(sales_orders(), st.sampled_from(list(COMMANDS)))
def test_what_is_said_of_a_command_is_what_it_does_to_any_order(order, ask):
    assert alike(*said_and_done(order, ask))


@given(sales_orders())
def test_every_command_is_either_open_or_has_a_reason(order):
    moves = moves_of(order)

    assert sorted((*moves.open, *(ask for ask, _ in moves.closed))) == sorted(Ask)
    for ask in moves.open:
        check(order, ask)
    for ask, refusal in moves.closed:
        with pytest.raises(type(refusal)):
            check(order, ask)


@pytest.mark.parametrize("kind", FlagKind)
def test_a_flag_is_in_the_way_of_what_it_says_and_of_nothing_else(kind):
    for ask in Ask:
        states = STATES_OF[ask] & (STOPPABLE if kind in PENDING else frozenset(S))
        for order in (an_order(state, kind) for state in states):
            blocked = isinstance(obstacle(order, ask), OrderFlaggedNow | EarlierMayShip)
            assert blocked == (ask in BLOCKS[kind] and obstacle(an_order(order.state), ask) is None)


@pytest.mark.parametrize(
    ("order", "ask", "refusal"),
    [
        (an_order(S.AWAITING_CS_REVIEW, lines=(an_order_line(is_closed=True),)), Ask.APPROVE, NothingToShip()),
        (an_order(S.AWAITING_RELEASE, kind=OrderKind.VIRTUAL), Ask.RELEASE, NotForAWarehouse()),
        (an_order(S.AWAITING_RELEASE), Ask.HAND_OVER, NeedsAWarehouse()),
        (an_order(S.AWAITING_RELEASE, delivery=DeliveryMode.PICKUP), Ask.HAND_OVER, NeedsAWarehouse()),
        (an_order(S.IN_WAREHOUSE), Ask.HAND_OVER, NotPickedUp()),
        (an_order(S.IN_WAREHOUSE, delivery=DeliveryMode.SAME_CITY), Ask.HAND_OVER, NotPickedUp()),
        *(
            (
                an_order(S.IN_WAREHOUSE, kind, delivery=DeliveryMode.PICKUP),
                Ask.HAND_OVER,
                OrderFlaggedNow(flags=(str(kind),), reasons=("在先",)),
            )
            for kind in sorted(PENDING)
        ),
        *(
            (an_order(state, FlagKind.EARLIER_MAY_SHIP), ask, EarlierMayShip(number="在先"))
            for ask in (Ask.RELEASE, Ask.CANCEL, Ask.SPLIT, Ask.MERGE, Ask.UNMERGE)
            for state in sorted(STATES_OF[ask] & UNRELEASED)
            if obstacle(an_order(state), ask) is None
        ),
        (an_order(S.AWAITING_RELEASE), Ask.CONFIRM_STOP, NoStopAsked()),
        (an_order(S.AWAITING_RELEASE), Ask.UNHOLD, NotFlagged(kind=FlagKind.HELD)),
        (an_order(S.AWAITING_RELEASE), Ask.PAY_BALANCE, NoBalanceDue()),
        (an_order(S.IN_WAREHOUSE), Ask.CONFIRM_STOP, NoStopAsked()),
        (an_order(S.SHIPPED), Ask.REFUSE_STOP, NoStopAsked()),
        (an_order(S.SHIPPED, external=True), Ask.CANCEL, LeftWithoutUs()),
        (an_order(S.SHIPPED, fulfilment_id=None), Ask.CANCEL, LeftWithoutUs()),
        (
            an_order(S.IN_WAREHOUSE, FlagKind.CANCEL_PENDING),
            Ask.CANCEL,
            OrderFlaggedNow(flags=("cancel_pending",), reasons=("在先",)),
        ),
    ],
)
def test_what_is_in_the_way_is_told(order, ask, refusal):
    assert alike(obstacle(order, ask), refusal)


@pytest.mark.parametrize(
    ("order", "ask"),
    [
        (an_order(S.IN_WAREHOUSE, delivery=DeliveryMode.PICKUP), Ask.HAND_OVER),
        (an_order(S.AWAITING_RELEASE, FlagKind.EARLIER_MAY_SHIP), Ask.CONFIRM_STOP),
        (an_order(S.AWAITING_CS_REVIEW, FlagKind.EARLIER_MAY_SHIP), Ask.APPROVE),
        (an_order(S.AWAITING_RELEASE, kind=OrderKind.PRESALE, paid=Money(1)), Ask.PAY_BALANCE),
        (an_order(S.AWAITING_RELEASE, kind=OrderKind.VIRTUAL), Ask.HAND_OVER),
        (an_order(S.AWAITING_CS_REVIEW, FlagKind.NOT_BEFORE), Ask.APPROVE),
        (an_order(S.IN_WAREHOUSE, FlagKind.UNREVIEW_PENDING), Ask.CANCEL),
        (an_order(S.SHIPPED), Ask.CONFIRM_STOP),
        (an_order(S.SHIPPED), Ask.CANCEL),
    ],
)
def test_what_is_open_although_one_might_not_think_so(order, ask):
    assert obstacle(order, ask) is None
