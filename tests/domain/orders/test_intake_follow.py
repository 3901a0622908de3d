"""Following a platform order: facts that are the platform's are taken over, and what does not fit is told."""

from datetime import timedelta

import pytest
from attrs import evolve

from oms_domain.channels.standard import LineRefund, PlatformState
from oms_domain.kernel.change import Change
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders import events as e
from oms_domain.orders.flags import Flag, FlagKind
from oms_domain.orders.intake import PLATFORM_DIFFERS, follow
from oms_domain.orders.states import BEFORE_WAREHOUSE, OrderState
from oms_domain.orders.sub_orders import lost_lines
from oms_domain.testing.builders import (
    LINE,
    NOW,
    ORDER,
    OTHER_LINE,
    a_platform_order,
    a_presale,
    a_sales_order,
    a_standard_line,
    a_standard_order,
)

P, S = PlatformState, OrderState
LATER = NOW + timedelta(hours=1)
PAID_AT = NOW - timedelta(minutes=6)
HOLD = Flag(kind=FlagKind.HELD, reason="等买家改地址", by="kefu-1", at=NOW)


def following(order, standard, **parties):
    return follow(order, a_platform_order(standard=standard, **parties), at=LATER)


def facts(state):
    return {"order_id": ORDER, "state": state, "at": LATER}


def flags_of(order):
    return [(flag.kind, flag.reason) for flag in order.flags]


def differences(change):
    return [event.what for event in change.events if isinstance(event, e.OrderDiffers)]


# --- states ----------------------------------------------------------------------------------------------------------


def test_a_payment_is_booked_with_the_platforms_time():
    change = following(a_sales_order(state=S.AWAITING_PAYMENT), a_standard_order())

    assert change.state == a_sales_order(state=S.AWAITING_ALLOCATION, updated_at=LATER)
    assert change.state.paid_at == PAID_AT
    assert change.events[-1] == e.OrderPaid(paid=Money(23600), **facts(S.AWAITING_ALLOCATION))


def test_a_payment_without_a_time_of_the_platform_is_booked_now():
    change = following(a_sales_order(state=S.AWAITING_PAYMENT), a_standard_order(paid_at=None))

    assert change.state.paid_at == LATER


@pytest.mark.parametrize("ours", sorted(BEFORE_WAREHOUSE))
def test_an_order_that_somebody_else_has_shipped_follows_as_far_as_the_platform_is(ours):
    change = following(a_sales_order(state=ours), a_standard_order(state=P.FINISHED))

    told = [type(event) for event in change.events if isinstance(event, e.OrderPaid | e.OrderShippedOutside)]
    paid_first = [e.OrderPaid] if ours is S.AWAITING_PAYMENT else []
    assert (change.state.state, change.state.external, change.state.contents) == (S.COMPLETED, True, ())
    assert told == [*paid_first, e.OrderShippedOutside]
    assert [type(event) for event in change.events[-2:]] == [e.OrderSigned, e.OrderCompleted]


def test_cash_on_delivery_that_somebody_else_has_shipped_needs_no_payment_first():
    order = a_sales_order(state=S.AWAITING_PAYMENT, cash_on_delivery=True)

    change = following(order, a_standard_order(state=P.SHIPPED, cash_on_delivery=True))

    assert (change.state.state, change.state.paid) == (S.SHIPPED, Money(0))


def test_a_buyer_who_switches_to_cash_on_delivery_may_be_allocated_once_the_platform_says_so():
    order = a_sales_order(state=S.AWAITING_PAYMENT)

    waiting = following(order, a_standard_order(state=P.UNPAID, cash_on_delivery=True)).state
    to_ship = following(waiting, a_standard_order(cash_on_delivery=True)).state

    assert (waiting.state, waiting.cash_on_delivery) == (S.AWAITING_PAYMENT, True)
    assert (to_ship.state, to_ship.paid) == (S.AWAITING_ALLOCATION, Money(0))


def test_signed_at_the_platform_cash_on_delivery_is_booked():
    order = a_sales_order(state=S.SHIPPED, cash_on_delivery=True)

    change = following(order, a_standard_order(state=P.SIGNED, cash_on_delivery=True))

    assert (change.state.state, change.state.paid) == (S.SIGNED, Money(23600))


@pytest.mark.parametrize("ours", sorted(BEFORE_WAREHOUSE))
def test_an_order_refunded_at_the_platform_is_cancelled_and_no_second_refund_is_due(ours):
    change = following(a_sales_order(state=ours, flags=(HOLD,)), a_standard_order(state=P.CLOSED_REFUNDED))

    cancelled = e.OrderCancelled(previous=ours, reason="platform", refund_due=Money(0), **facts(S.CANCELLED))
    assert (change.state.state, change.state.flags) == (S.CANCELLED, ())
    assert cancelled in change.events


@pytest.mark.parametrize("ours", [S.SHIPPED, S.SIGNED, S.COMPLETED])
def test_an_order_refunded_after_shipment_is_closed(ours):
    change = following(a_sales_order(state=ours), a_standard_order(state=P.CLOSED_REFUNDED))

    assert change.events[-1] == e.OrderClosed(reason="platform", **facts(S.CLOSED))


def test_an_order_that_the_buyer_never_paid_is_cancelled_as_it_stands():
    order = a_sales_order(state=S.AWAITING_PAYMENT)
    # Closed, the platform lists what the buyer had dropped before, too.
    lines = (*a_standard_order().lines, a_standard_line(line_no="1003"))

    change = following(order, a_standard_order(state=P.CLOSED_UNPAID, lines=lines))

    cancelled = e.OrderCancelled(
        previous=S.AWAITING_PAYMENT, reason="platform", refund_due=Money(0), **facts(S.CANCELLED)
    )
    assert change == Change(evolve(order, state=S.CANCELLED, updated_at=LATER), (cancelled,))


def test_a_forfeited_deposit_is_not_given_back_by_us():
    order = a_sales_order(state=S.AWAITING_PAYMENT, kind="presale", paid=Money(5000))

    change = following(order, a_presale(state=P.CLOSED_UNPAID))

    assert (change.state.state, change.events[-1].refund_due) == (S.CANCELLED, Money(0))


def test_a_presale_books_its_deposit_and_then_its_balance():
    order = a_sales_order(state=S.AWAITING_PAYMENT)

    deposit = following(order, a_presale()).state
    balance = following(deposit, a_presale(state=P.TO_SHIP, paid=Money(23600))).state

    assert (deposit.state, deposit.kind, deposit.paid, deposit.paid_at) == (
        S.AWAITING_PAYMENT,
        "presale",
        Money(5000),
        None,
    )
    assert (balance.state, balance.paid) == (S.AWAITING_ALLOCATION, Money(23600))


@pytest.mark.parametrize("theirs", [P.PAID_ON_HOLD, P.TO_SHIP])
def test_paid_after_we_had_cancelled_is_for_a_person_to_judge(theirs):
    change = following(a_sales_order(state=S.CANCELLED), a_standard_order(state=theirs))

    assert change.events == (e.OrderDiffers(theirs=theirs, what="state", **facts(S.CANCELLED)),)
    assert change.state == a_sales_order(state=S.CANCELLED)


def test_an_order_that_goes_backwards_at_the_platform_is_kept_from_the_warehouse():
    backwards = following(a_sales_order(), a_standard_order(state=P.UNPAID))
    forwards = following(backwards.state, a_standard_order())

    assert differences(backwards) == ["state"]
    assert (backwards.state.state, flags_of(backwards.state)) == (
        S.AWAITING_CS_REVIEW,
        [(FlagKind.INTERCEPTED, PLATFORM_DIFFERS)],
    )
    assert forwards.state.flags == ()


def test_an_order_that_left_without_us_and_is_to_be_shipped_after_all_is_for_a_person():
    order = a_sales_order(state=S.SHIPPED, external=True)

    assert differences(following(order, a_standard_order())) == ["state"]
    assert differences(following(evolve(order, external=False), a_standard_order())) == []  # not written back yet


@pytest.mark.parametrize("ours", sorted(BEFORE_WAREHOUSE))
def test_partly_shipped_by_somebody_else_it_is_kept_from_the_warehouse(ours):
    change = following(a_sales_order(state=ours), a_standard_order(state=P.PARTLY_SHIPPED))

    assert change.state.state is (S.AWAITING_ALLOCATION if ours is S.AWAITING_PAYMENT else ours)
    assert differences(change) == ["state"]
    assert flags_of(change.state) == [(FlagKind.INTERCEPTED, PLATFORM_DIFFERS)]


# --- lines and amounts -----------------------------------------------------------------------------------------------


def test_a_price_that_the_seller_changes_before_payment_is_taken_over():
    order = a_sales_order(state=S.AWAITING_PAYMENT)
    cheaper = (a_standard_line(adjustment=Money(-800)), a_standard_order().lines[1])

    change = following(order, a_standard_order(state=P.UNPAID, lines=cheaper, freight=Money(0)))

    assert [(line.id, line.payable) for line in change.state.lines] == [(LINE, Money(18000)), (OTHER_LINE, Money(4000))]
    assert (change.state.freight, change.state.payable) == (Money(0), Money(22000))
    assert change.events == (e.OrderRevised(what=("freight", "lines", "payable"), **facts(S.AWAITING_PAYMENT)),)


def test_a_line_that_the_buyer_drops_before_payment_leaves_the_order():
    dropped = (a_standard_line(), a_standard_line(line_no="1002", state=P.CLOSED_UNPAID))

    change = following(a_sales_order(state=S.AWAITING_PAYMENT), a_standard_order(lines=dropped))

    assert [line.id for line in change.state.lines] == [LINE]
    assert (change.state.state, change.state.payable) == (S.AWAITING_ALLOCATION, Money(19600))
    assert differences(change) == []


@pytest.mark.parametrize("theirs", [P.UNPAID, P.TO_SHIP])
def test_a_new_sub_order_cannot_be_taken_in_and_keeps_the_order_from_the_warehouse(theirs):
    lines = (*a_standard_order().lines, a_standard_line(line_no="1003"))

    change = following(a_sales_order(state=S.AWAITING_PAYMENT), a_standard_order(state=theirs, lines=lines))

    assert differences(change) == ["lines"]
    assert change.state.lines == a_sales_order().lines
    assert change.state.state is (S.AWAITING_PAYMENT if theirs is P.UNPAID else S.AWAITING_ALLOCATION)
    assert flags_of(change.state) == [(FlagKind.INTERCEPTED, PLATFORM_DIFFERS)]


@pytest.mark.parametrize(
    "trouble", [{"payable": Money(1)}, {"lines": (a_standard_line(sku=None), a_standard_line(line_no="1002"))}]
)
def test_a_version_that_is_itself_in_trouble_changes_no_amount(trouble):
    order = a_sales_order(state=S.AWAITING_PAYMENT)

    change = following(order, a_standard_order(state=P.UNPAID, **trouble))

    assert differences(change) == ["lines"]
    assert (change.state.lines, change.state.payable) == (order.lines, order.payable)


@pytest.mark.parametrize("ours", [S.AWAITING_ALLOCATION, S.AWAITING_CS_REVIEW, S.IN_WAREHOUSE])
def test_once_paid_another_total_is_for_a_person(ours):
    change = following(a_sales_order(state=ours), a_standard_order(freight=Money(900)))

    assert differences(change) == ["payable"]
    assert change.state.payable == Money(23600)
    assert change.state.flagged(FlagKind.INTERCEPTED) == (ours in BEFORE_WAREHOUSE)


@pytest.mark.parametrize(
    "lines",
    [
        (a_standard_line(),),  # one went
        (*a_standard_order().lines, a_standard_line(line_no="1003", unit_price=Money(0), line_discount=Money(0))),
        (a_standard_line(sku="SCARF-BLUE"), a_standard_order().lines[1]),
        (a_standard_line(quantity=Quantity(4), unit_price=Money(4950)), a_standard_order().lines[1]),
    ],
)
@pytest.mark.parametrize("ours", [S.AWAITING_CS_REVIEW, S.IN_WAREHOUSE])
def test_once_paid_other_goods_are_for_a_person(ours, lines):
    change = following(a_sales_order(state=ours), a_standard_order(lines=lines, payable=Money(23600)))

    assert differences(change) == ["lines"]
    assert change.state.lines == a_sales_order(state=ours).lines
    assert change.state.flagged(FlagKind.INTERCEPTED) == (ours in BEFORE_WAREHOUSE)


def test_a_line_refunded_before_release_is_never_shipped_and_its_stock_goes_back():
    before = a_sales_order()
    refunded = a_standard_line(state=P.CLOSED_REFUNDED, refund=LineRefund.SUCCEEDED)

    after = following(before, a_standard_order(lines=(refunded, before_line("1002")))).state

    assert [(line.refund, line.is_closed) for line in after.lines] == [("succeeded", True), ("none", False)]
    assert lost_lines(before, after) == (LINE,)
    assert lost_lines(after, after) == ()
    assert [line_id for line_id, _, _ in after.contents] == [OTHER_LINE]


def before_line(line_no):
    return next(line for line in a_standard_order().lines if line.line_no == line_no)


@pytest.mark.parametrize("ours", [S.IN_WAREHOUSE, S.PARTIALLY_SHIPPED])
def test_a_line_refunded_while_the_warehouse_works_on_it_is_for_a_person(ours):
    refunded = a_standard_line(state=P.CLOSED_REFUNDED, refund=LineRefund.SUCCEEDED)

    change = following(a_sales_order(state=ours), a_standard_order(lines=(refunded, before_line("1002"))))

    assert differences(change) == ["refund"]
    assert [(line.refund, line.is_closed) for line in change.state.lines] == [("succeeded", False), ("none", False)]


def test_what_leaves_without_us_is_noted_line_by_line():
    order = a_sales_order(state=S.SHIPPED, external=True)
    first, second = (evolve(line, shipped=0) for line in order.lines)
    lines = (a_standard_line(state=P.SHIPPED), before_line("1002"))

    change = following(evolve(order, lines=(first, second)), a_standard_order(state=P.PARTLY_SHIPPED, lines=lines))

    assert [line.shipped for line in change.state.lines] == [2, 0]


def test_a_line_that_the_platform_no_longer_shows_stays():
    order = a_sales_order(state=S.COMPLETED)

    change = following(order, a_standard_order(state=P.FINISHED, lines=(before_line("1002"),), payable=Money(23600)))

    assert change.state == order
    assert differences(change) == ["lines"]
