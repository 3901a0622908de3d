"""Calling an order off or back: at once, or by asking whoever has the goods; never both shipped and refunded."""

from datetime import timedelta

import pytest
from attrs import evolve

from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import LineId, PackageId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders import events as e
from oms_domain.orders.delivering import hand_over, lose, receive_return, refuse_delivery, reject, ship_earlier
from oms_domain.orders.flags import BY_PLATFORM, Flag, FlagKind, OrderFlaggedNow
from oms_domain.orders.marks import DeliveryMode
from oms_domain.orders.moves import NoStopAsked, StopPending
from oms_domain.orders.states import UNRELEASED, OrderState
from oms_domain.orders.stopping import (
    CLOSED_SHORT,
    SILENT,
    call_back,
    call_off,
    call_off_rest,
    called_off_at_platform,
    expire,
    replaced,
    stopped,
)
from oms_domain.testing.builders import (
    FULFILMENT,
    LINE,
    NOW,
    ORDER,
    OTHER_LINE,
    PACKAGE,
    a_sales_order,
    an_id,
    an_order_line,
)

S = OrderState
LATER = NOW + timedelta(hours=1)
HELD = Flag(kind=FlagKind.HELD, reason="等买家", by="kefu-1", at=NOW)
SHORT = Flag(kind=FlagKind.INTERCEPTED, reason=CLOSED_SHORT, by="warehouse", at=NOW)
NEW = an_id(77)


def asked(kind=FlagKind.CANCEL_PENDING, by="kefu-1"):
    return Flag(kind=kind, reason="买家取消", by=by, at=NOW)


def in_warehouse(*flags, **changes):
    return a_sales_order(state=S.IN_WAREHOUSE, flags=flags, progress="picked", **changes)


def shipped(*flags, **changes):
    return a_sales_order(state=S.SHIPPED, flags=flags, fulfilment_id=FULFILMENT, **changes)


def half_shipped(*flags, **changes):
    """One of two scarves has left; each carries 9,800 fen."""
    line = an_order_line(quantity=Quantity(2), shipped=1, adjustment=Money(0), line_discount=Money(0))
    return a_sales_order(state=S.PARTIALLY_SHIPPED, lines=(line,), flags=flags, **changes)


def facts(state):
    return {"order_id": ORDER, "state": state, "at": LATER}


def a_parcel(order, units):
    (line_id, _, _), *_ = order.contents
    return order.ship(PACKAGE, ((line_id, Quantity(units)),), carrier="SF", tracking_no="SF1", at=LATER)


# --- cancelling ------------------------------------------------------------------------------------------------------


def test_before_the_warehouse_it_is_cancelled_at_once():
    change = call_off(a_sales_order(flags=(HELD,)), reason="买家取消", by="kefu-1", at=LATER)

    assert (change.state.state, change.state.flags) == (S.CANCELLED, ())
    assert change.events[0].refund_due == a_sales_order().paid


def test_what_the_platform_calls_off_it_refunds_itself():
    at_once = call_off(a_sales_order(), reason="", by=BY_PLATFORM, at=LATER)
    later = stopped(in_warehouse(asked(by=BY_PLATFORM)), at=LATER)

    assert [change.events[0].refund_due for change in (at_once, later)] == [Money(0), Money(0)]


@pytest.mark.parametrize("order", [in_warehouse(), shipped()], ids=["warehouse", "carrier"])
def test_whoever_has_the_goods_is_asked_and_the_order_waits_for_the_answer(order):
    change = call_off(order, reason="买家取消", by="kefu-1", at=LATER)

    flag = evolve(asked(), at=LATER)
    assert change.state == evolve(order, flags=(flag,), updated_at=LATER)
    assert change.events == (
        e.OrderStopAsked(
            fulfilment_id=FULFILMENT, purpose=FlagKind.CANCEL_PENDING, reason="买家取消", **facts(order.state)
        ),
    )


def test_who_has_stopped_has_it_cancelled_and_the_refund_is_due():
    change = stopped(in_warehouse(asked(), HELD), at=LATER)

    assert (change.state.state, change.state.flags) == (S.CANCELLED, ())
    assert change.events == (
        e.OrderCancelled(
            previous=S.IN_WAREHOUSE, reason="买家取消", refund_due=in_warehouse().paid, **facts(S.CANCELLED)
        ),
    )


def test_who_has_not_stopped_has_it_go_on():
    change = in_warehouse(asked(), HELD).not_stopped("已打包", at=LATER)

    assert change.state == evolve(in_warehouse(HELD), updated_at=LATER)
    assert change.events == (e.OrderStopRefused(reason="已打包", **facts(S.IN_WAREHOUSE)),)


def test_a_parcel_that_leaves_meanwhile_decides():
    whole = a_parcel(evolve(half_shipped(asked()), state=S.PARTIALLY_SHIPPED), 1)
    part = in_warehouse(asked()).ship(PACKAGE, ((LINE, Quantity(1)),), carrier="SF", tracking_no="1", at=LATER)

    for change, state in ((whole, S.SHIPPED), (part, S.PARTIALLY_SHIPPED)):
        assert (change.state.state, change.state.pending) == (state, None)
        assert [type(event) for event in change.events] == [e.OrderShipped, e.OrderStopRefused]
        with pytest.raises(NoStopAsked):
            change.state.not_stopped("", at=LATER)


def test_a_warehouse_that_is_asked_to_stop_neither_gives_it_back_nor_falls_short():
    for act in (
        lambda o: o.refused_by_warehouse("超区", at=LATER),
        lambda o: o.short_in_warehouse("缺货", number="F1", at=LATER),
    ):
        with pytest.raises(StopPending) as refusal:
            act(in_warehouse(asked()))
        assert refusal.value.flags == ("cancel_pending",)


def test_it_is_asked_once_and_an_un_review_may_become_a_cancellation():
    with pytest.raises(OrderFlaggedNow):
        call_off(in_warehouse(asked()), reason="", by="kefu-2", at=LATER)

    change = call_off(in_warehouse(asked(FlagKind.UNREVIEW_PENDING), HELD), reason="", by="kefu-2", at=LATER)

    assert [flag.kind for flag in change.state.flags] == [FlagKind.HELD, FlagKind.CANCEL_PENDING]


def test_the_platforms_refund_is_never_paid_again():
    by_us = called_off_at_platform(in_warehouse(asked()), at=LATER)
    again = called_off_at_platform(by_us.state, at=LATER)
    before = called_off_at_platform(a_sales_order(), at=LATER)

    assert stopped(by_us.state, at=LATER).events[0].refund_due == Money(0)
    assert again.events == ()
    assert (before.state.state, before.events[0].refund_due) == (S.CANCELLED, Money(0))


def test_unpaid_in_time_it_is_cancelled_and_nothing_is_due():
    change = expire(a_sales_order(state=S.AWAITING_PAYMENT), at=LATER)

    assert change.state.state is S.CANCELLED
    assert change.events == (
        e.OrderCancelled(previous=S.AWAITING_PAYMENT, reason="unpaid", refund_due=Money(0), **facts(S.CANCELLED)),
    )


# --- the rest --------------------------------------------------------------------------------------------------------


def test_the_rest_is_cancelled_at_once_where_the_warehouse_has_closed_it_short():
    change = call_off_rest(half_shipped(SHORT, HELD), reason="缺货", by="kefu-1", at=LATER)

    (line,) = change.state.lines
    assert (change.state.state, change.state.flags, line.called_off, line.to_ship) == (S.SHIPPED, (HELD,), 1, 0)
    half = Money(line.payable.fen // 2)
    assert change.events == (
        e.OrderRestCancelled(units=((LINE, 1),), reason="缺货", refund_due=half, **facts(S.SHIPPED)),
    )
    assert line.given_up == half
    assert change.state.refundable == change.state.paid - line.given_up


def test_else_the_warehouse_is_asked_not_to_ship_the_rest():
    change = call_off_rest(half_shipped(), reason="买家取消", by="kefu-1", at=LATER)

    assert change.state.state is S.PARTIALLY_SHIPPED
    assert [type(event) for event in change.events] == [e.OrderStopAsked]
    assert stopped(change.state, at=LATER).state.state is S.SHIPPED


def test_what_was_called_off_is_not_paid_in_cash_either():
    order = half_shipped(SHORT, cash_on_delivery=True)
    left = call_off_rest(order, reason="缺货", by="kefu-1", at=LATER)

    signed = left.state.sign(at=LATER).state

    assert left.events[0].refund_due == Money(0)
    assert signed.paid == order.payable - left.state.lines[0].given_up


# --- taking it back from review --------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.AWAITING_BUSINESS_REVIEW, S.AWAITING_RELEASE])
def test_not_released_it_goes_back_to_review_under_its_own_number(state):
    order = a_sales_order(state=state)

    change = call_back(order, reason="改地址", by="kefu-1", at=LATER)

    assert change.state == evolve(order, state=S.AWAITING_CS_REVIEW, fulfilment_id=None, updated_at=LATER)
    assert change.events == (e.OrderUnreviewed(previous=state, reason="改地址", **facts(S.AWAITING_CS_REVIEW)),)


def test_released_the_warehouse_is_asked_and_may_take_the_number_again():
    change = call_back(in_warehouse(), reason="改地址", by="kefu-1", at=LATER)
    back = stopped(change.state, at=LATER)

    assert change.state.pending.kind is FlagKind.UNREVIEW_PENDING
    assert (back.state.state, back.state.number, back.state.flags) == (S.AWAITING_CS_REVIEW, in_warehouse().number, ())
    assert (back.state.fulfilment_id, back.state.progress) == (None, "")


def test_else_another_order_takes_its_place_with_all_that_it_carries():
    order = in_warehouse(asked(FlagKind.UNREVIEW_PENDING), HELD)
    ids = (an_id(78), an_id(79))

    old, new = replaced(order, by=NEW, number="S20261123-000009", line_ids=ids, at=LATER)

    assert old.state == evolve(order, state=S.CANCELLED, flags=(), heirs=(NEW,), updated_at=LATER)
    assert old.events == (
        e.OrderReplaced(replacement=NEW, number="S20261123-000009", reason="买家取消", **facts(S.CANCELLED)),
    )
    assert new.state == evolve(
        order,
        id=NEW,
        number="S20261123-000009",
        state=S.AWAITING_CS_REVIEW,
        lines=tuple(evolve(line, id=id, from_line=line.id) for line, id in zip(order.lines, ids, strict=True)),
        flags=(HELD,),
        progress="",
        fulfilment_id=None,
        origins=(ORDER,),
        created_at=LATER,
        updated_at=LATER,
    )
    assert [type(event) for event in new.events] == [e.OrderCreated]
    assert (new.events[0].paid, new.events[0].order_id) == (order.paid, NEW)


def test_who_answers_is_silent_no_longer():
    silent = Flag(kind=FlagKind.INTERCEPTED, reason=SILENT, by="warehouse", at=NOW)

    assert stopped(in_warehouse(asked(FlagKind.UNREVIEW_PENDING), silent), at=LATER).state.flags == ()


def test_business_review_may_send_it_back():
    change = reject(a_sales_order(state=S.AWAITING_BUSINESS_REVIEW), reason="毛利过低", at=LATER)

    assert change.state == a_sales_order(state=S.AWAITING_CS_REVIEW, updated_at=LATER)
    assert change.events == (e.OrderRejected(reason="毛利过低", **facts(S.AWAITING_CS_REVIEW)),)


# --- on its way ------------------------------------------------------------------------------------------------------


def test_a_carrier_that_turns_it_round_brings_it_back_and_nothing_is_refunded_yet():
    change = stopped(shipped(asked()), at=LATER)
    unasked = stopped(shipped(), reason="快递来电", at=LATER)

    assert change.state == evolve(shipped(), state=S.RETURNING, updated_at=LATER)
    assert change.events == (e.OrderDeliveryStopped(reason="买家取消", **facts(S.RETURNING)),)
    assert unasked.events == (e.OrderDeliveryStopped(reason="快递来电", **facts(S.RETURNING)),)


def test_a_buyer_who_signs_meanwhile_has_it():
    change = shipped(asked()).sign(at=LATER)

    assert (change.state.state, change.state.flags) == (S.SIGNED, ())
    assert [type(event) for event in change.events] == [e.OrderStopRefused, e.OrderSigned]


@pytest.mark.parametrize(
    "act", [lambda o: refuse_delivery(o, reason="", at=LATER), lambda o: lose(o, reason="", at=LATER)]
)
def test_what_comes_back_or_is_lost_waits_for_no_carrier(act):
    assert act(shipped(asked(), HELD)).state.flags == (HELD,)


def test_closed_by_the_platform_it_waits_for_nobody():
    assert shipped(asked(), HELD).close(reason="", at=LATER).state.flags == (HELD,)


def test_back_with_us_or_lost_the_buyer_gets_back_what_was_paid():
    returned = receive_return(a_sales_order(state=S.RETURNING), at=LATER)
    lost = lose(a_sales_order(state=S.RETURNING), reason="丢件", at=LATER)
    cash = receive_return(a_sales_order(state=S.RETURNING, cash_on_delivery=True), at=LATER)

    paid = a_sales_order(state=S.RETURNING).paid
    assert [change.events[0].refund_due for change in (returned, lost, cash)] == [paid, paid, Money(0)]


def test_handed_over_the_buyer_has_all_of_it_and_has_paid_the_cash():
    order = in_warehouse(cash_on_delivery=True, delivery=DeliveryMode.PICKUP)

    change = hand_over(order, at=LATER)

    assert (change.state.state, change.state.paid, change.state.contents) == (S.SIGNED, order.payable, ())
    assert [type(event) for event in change.events] == [e.OrderHandedOver]
    assert change.events[0].contents == ((LINE, 2), (OTHER_LINE, 1))


def test_an_order_with_the_buyer_is_not_called_off():
    with pytest.raises(MoveNotAllowed):
        call_off(a_sales_order(state=S.SIGNED), reason="", by="kefu-1", at=LATER)


# --- what was called off at the warehouse, and leaves all the same ---------------------------------------------------

EARLIER = Flag(kind=FlagKind.EARLIER_MAY_SHIP, reason="F1", by="warehouse", at=NOW)
PARCELS = (
    (PACKAGE, ((LINE, Quantity(2)),), "ZTO", "T1"),
    (PackageId(an_id(99)), ((OTHER_LINE, Quantity(1)),), "ZTO", "T2"),
)


def short(state=S.AWAITING_RELEASE, *flags, **changes):
    return a_sales_order(**{"state": state, "flags": flags, "fulfilment_id": None} | changes)


@pytest.mark.parametrize("state", sorted(UNRELEASED))
def test_what_leaves_although_it_was_called_off_is_booked_whole(state):
    change = ship_earlier(short(state, HELD, EARLIER), FULFILMENT, "F1", PARCELS, at=LATER)

    order = change.state
    assert (order.state, order.contents, order.flags, order.external) == (S.SHIPPED, (), (HELD,), False)
    assert order.fulfilment_id == FULFILMENT
    assert [(event.tracking_no, event.contents, event.state) for event in change.events] == [
        ("T1", ((LINE, 2),), S.SHIPPED),
        ("T2", ((OTHER_LINE, 1),), S.SHIPPED),
    ]


@pytest.mark.parametrize(
    ("order", "parcels"),
    [
        (short(S.AWAITING_RELEASE), PARCELS),  # known dead
        (short(S.AWAITING_RELEASE, evolve(EARLIER, reason="F2")), PARCELS),  # it is of another one
        (short(S.BACKORDERED, EARLIER), PARCELS),  # it holds nothing
        (short(S.AWAITING_RELEASE, EARLIER), PARCELS[:1]),
        (short(S.AWAITING_RELEASE, EARLIER), ((PACKAGE, ((LineId(an_id(98)), Quantity(1)),), "ZTO", "T1"),)),
    ],
)
def test_what_does_not_fit_is_not_booked(order, parcels):
    with pytest.raises(MoveNotAllowed):
        ship_earlier(order, FULFILMENT, "F1", parcels, at=LATER)


def test_what_is_known_not_to_leave_stands_in_nobodys_way():
    change = stopped(short(S.AWAITING_CS_REVIEW, EARLIER), reason="仓库来电", at=LATER)

    assert (change.state.state, change.state.flags) == (S.AWAITING_CS_REVIEW, ())
    assert [type(event) for event in change.events] == [e.OrderUnflagged]
