"""The sales order, from payment to completion: what each command books and tells."""

from datetime import date, timedelta

import pytest
from attrs import evolve

from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import InvalidText, MoveNotAllowed
from oms_domain.kernel.identity import CarrierCode, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders import events as e
from oms_domain.orders.flags import Flag, FlagKind, NotFlagged, OrderFlaggedNow
from oms_domain.orders.moves import NothingToShip
from oms_domain.orders.sales_order import UNEXPLAINED, ShipsMoreThanOrdered
from oms_domain.orders.states import BEFORE_WAREHOUSE, OrderState
from oms_domain.testing.builders import (
    FULFILMENT,
    HAT,
    LINE,
    LINE_IDS,
    MAIN,
    NOW,
    ORDER,
    OTHER_LINE,
    PACKAGE,
    SCARF,
    a_sales_order,
    an_order_line,
)

S = OrderState
LATER = NOW + timedelta(hours=1)
HOLD = Flag(kind=FlagKind.HELD, reason="等买家改地址", by="kefu-1", at=NOW)
STOP = Flag(kind=FlagKind.INTERCEPTED, reason="黑名单", by="rule-7", at=NOW)


def facts(state):
    return {"order_id": ORDER, "state": state, "at": LATER}


def test_virtual_goods_go_on_without_a_warehouse_and_their_review_brings_no_fulfilment_order_about():
    order = a_sales_order(state=S.AWAITING_ALLOCATION, warehouse=MAIN)

    change = order.pass_on(at=LATER)
    approved = change.state.approve(business_review=False, fulfilment_id=FULFILMENT, at=LATER).state

    assert (change.state.is_virtual, change.state.warehouse, change.state.state) == (True, None, S.AWAITING_CS_REVIEW)
    assert change.events == (e.OrderAllocated(warehouse="", **facts(S.AWAITING_CS_REVIEW)),)
    assert (approved.state, approved.fulfilment_id) == (S.AWAITING_RELEASE, None)


def test_a_line_carries_its_goods_less_its_discounts():
    line = an_order_line(adjustment=Money(-100), order_discount=Money(200))

    assert (line.goods, line.payable) == (Money(19700), Money(18500))


def test_paying_books_the_amount_and_lets_it_be_allocated():
    change = a_sales_order(state=S.AWAITING_PAYMENT).pay(Money(24600), paid_at=NOW, at=LATER)

    assert change.state == a_sales_order(state=S.AWAITING_ALLOCATION, paid=Money(24600), paid_at=NOW, updated_at=LATER)
    assert change.events == (e.OrderPaid(paid=Money(24600), **facts(S.AWAITING_ALLOCATION)),)
    assert change.events[0].stream == ORDER


def test_allocating_takes_one_warehouse_for_the_whole_order():
    change = a_sales_order(state=S.AWAITING_ALLOCATION).allocate(MAIN, at=LATER)

    assert change.state == a_sales_order(state=S.AWAITING_CS_REVIEW, warehouse=MAIN, updated_at=LATER)
    assert change.events == (e.OrderAllocated(warehouse=MAIN, **facts(S.AWAITING_CS_REVIEW)),)


def test_allocating_takes_over_what_is_planned_and_losing_the_stock_gives_it_up():
    planned = {"carrier": CarrierCode("ZTO"), "arrival_on": date(2026, 11, 26)}
    change = a_sales_order(state=S.AWAITING_ALLOCATION).allocate(MAIN, ship_at=LATER, **planned, at=LATER)

    kept = {"carrier": "ZTO", "planned_ship_at": LATER, "planned_arrival_on": date(2026, 11, 26)}
    assert change.state == a_sales_order(state=S.AWAITING_CS_REVIEW, warehouse=MAIN, updated_at=LATER, **kept)
    assert change.events == (e.OrderAllocated(warehouse=MAIN, **planned, **facts(S.AWAITING_CS_REVIEW)),)
    lost = change.state.lose_stock(((SCARF, 2),), at=LATER).state
    assert lost == a_sales_order(state=S.BACKORDERED, warehouse=None, updated_at=LATER)


def test_an_order_in_review_takes_another_warehouse_after_it_was_changed():
    planned = {"carrier": CarrierCode("ZTO"), "arrival_on": date(2026, 11, 26)}
    change = a_sales_order(warehouse=MAIN).reallocate(WarehouseCode("EAST"), ship_at=LATER, **planned, at=LATER)

    kept = {"carrier": "ZTO", "planned_ship_at": LATER, "planned_arrival_on": date(2026, 11, 26)}
    assert change.state == a_sales_order(warehouse="EAST", updated_at=LATER, **kept)
    assert change.events == (e.OrderAllocated(warehouse="EAST", **planned, **facts(S.AWAITING_CS_REVIEW)),)


def test_an_order_that_falls_short_waits_and_tells_what_is_missing():
    short = a_sales_order(state=S.AWAITING_ALLOCATION).fall_short(((SCARF, 1),), at=LATER)
    again = short.state.restock(at=LATER)

    assert short.events == (e.OrderBackordered(missing=((SCARF, 1),), **facts(S.BACKORDERED)),)
    assert again.state == a_sales_order(state=S.AWAITING_ALLOCATION, updated_at=LATER)
    assert again.events == (e.OrderRestocked(**facts(S.AWAITING_ALLOCATION)),)


def test_an_order_whose_stock_is_gone_waits_again_and_belongs_to_no_warehouse():
    reviewed = a_sales_order(state=S.AWAITING_RELEASE, fulfilment_id=FULFILMENT)

    lost = reviewed.lose_stock(((SCARF, 2),), at=LATER)

    assert lost.state == evolve(reviewed, state=S.BACKORDERED, warehouse=None, fulfilment_id=None, updated_at=LATER)
    assert lost.events == (e.OrderLostStock(missing=((SCARF, 2),), **facts(S.BACKORDERED)),)


def test_the_only_review_brings_about_the_fulfilment_order():
    change = a_sales_order().approve(business_review=False, fulfilment_id=FULFILMENT, rule="shop_policy", at=LATER)

    assert change.state == a_sales_order(state=S.AWAITING_RELEASE, fulfilment_id=FULFILMENT, updated_at=LATER)
    assert change.events == (e.OrderApproved(rule="shop_policy", **facts(S.AWAITING_RELEASE)),)


def test_with_business_review_the_second_review_brings_it_about():
    first = a_sales_order().approve(business_review=True, fulfilment_id=FULFILMENT, at=LATER)
    second = first.state.approve(business_review=True, fulfilment_id=FULFILMENT, at=LATER)

    assert (first.state.state, first.state.fulfilment_id) == (S.AWAITING_BUSINESS_REVIEW, None)
    assert (second.state.state, second.state.fulfilment_id) == (S.AWAITING_RELEASE, FULFILMENT)


def test_releasing_sends_it_to_the_warehouse():
    change = a_sales_order(state=S.AWAITING_RELEASE).release(at=LATER)

    assert change.state == a_sales_order(state=S.IN_WAREHOUSE, progress="sent", updated_at=LATER)
    assert change.events == (e.OrderReleased(fulfilment_id=FULFILMENT, **facts(S.IN_WAREHOUSE)),)


def test_an_order_with_every_line_refunded_has_nothing_to_ship():
    lines = tuple(evolve(line, is_closed=True) for line in a_sales_order().lines)

    with pytest.raises(NothingToShip):
        a_sales_order(state=S.AWAITING_RELEASE, lines=lines).release(at=LATER)


@pytest.mark.parametrize(
    "move",
    [
        lambda: a_sales_order(flags=(HOLD, STOP)).approve(business_review=False, fulfilment_id=FULFILMENT, at=LATER),
        lambda: a_sales_order(state=S.AWAITING_RELEASE, flags=(HOLD, STOP)).release(at=LATER),
    ],
)
def test_a_flagged_order_does_not_move_towards_the_warehouse(move):
    with pytest.raises(OrderFlaggedNow) as refusal:
        move()

    assert refusal.value.fields() == {"flags": ("held", "intercepted"), "reasons": ("等买家改地址", "黑名单")}


def test_a_flagged_order_is_allocated_all_the_same_so_that_it_does_not_lose_its_stock():
    change = a_sales_order(state=S.AWAITING_ALLOCATION, flags=(STOP,)).allocate(MAIN, at=LATER)

    assert (change.state.state, change.state.flags) == (S.AWAITING_CS_REVIEW, (STOP,))


def test_a_flag_tells_kind_and_reason_and_is_set_once():
    change = a_sales_order().flag(FlagKind.HELD, reason="等买家改地址", by="kefu-1", at=NOW)

    assert change.state == a_sales_order(flags=(HOLD,))
    assert change.events == (
        e.OrderFlagged(kind="held", reason="等买家改地址", order_id=ORDER, state=S.AWAITING_CS_REVIEW, at=NOW),
    )
    assert change.state.flag(FlagKind.HELD, reason="等买家改地址", by="kefu-2", at=LATER) == Change(change.state)


@pytest.mark.parametrize("state", sorted(set(S) - BEFORE_WAREHOUSE))
def test_an_order_past_our_own_hands_cannot_be_held_but_can_be_marked(state):
    order = a_sales_order(state=state)

    with pytest.raises(MoveNotAllowed):
        order.flag(FlagKind.HELD, reason="", by="kefu-1", at=NOW)

    assert order.flag(FlagKind.IN_AFTERSALES, reason="退款", by="platform", at=NOW).state.flagged(
        FlagKind.IN_AFTERSALES
    )


def test_lifting_a_flag_may_name_the_reason_that_it_was_set_for():
    other = evolve(STOP, reason="金额过高")
    order = a_sales_order(flags=(HOLD, STOP, other))

    change = order.unflag(FlagKind.INTERCEPTED, reason="已核实", only="黑名单", at=LATER)

    assert change.state == evolve(order, flags=(HOLD, other), updated_at=LATER)
    assert change.events == (e.OrderUnflagged(kind="intercepted", reason="已核实", **facts(S.AWAITING_CS_REVIEW)),)


def test_a_flag_that_is_not_there_cannot_be_lifted():
    with pytest.raises(NotFlagged) as refusal:
        a_sales_order(flags=(HOLD,)).unflag(FlagKind.INTERCEPTED, reason="", at=LATER)

    assert refusal.value.fields() == {"kind": "intercepted"}


@pytest.mark.parametrize(
    "command",
    [
        lambda order: order.flag(FlagKind.HELD, reason="x" * 501, by="", at=LATER),
        lambda order: order.unflag(FlagKind.HELD, reason="\0", at=LATER),
        lambda order: order.cancel(reason="\ud800", at=LATER),
    ],
)
def test_a_reason_is_text_that_every_store_can_hold(command):
    with pytest.raises(InvalidText):
        command(a_sales_order(flags=(HOLD,)))


def test_refused_by_the_warehouse_it_waits_for_release_and_for_a_person():
    change = a_sales_order(state=S.IN_WAREHOUSE, progress="sent").refused_by_warehouse("地址超区", at=LATER)

    flag = Flag(kind=FlagKind.INTERCEPTED, reason="地址超区", by="warehouse", at=LATER)
    assert change.state == a_sales_order(state=S.AWAITING_RELEASE, flags=(flag,), updated_at=LATER)
    assert change.events == (e.OrderRefusedByWarehouse(reason="地址超区", **facts(S.AWAITING_RELEASE)),)


@pytest.mark.parametrize("said", ["", "  "])
def test_a_warehouse_that_does_not_say_why_it_refuses_is_shown_as_such(said):
    change = a_sales_order(state=S.IN_WAREHOUSE).refused_by_warehouse(said, at=LATER)

    assert [flag.reason for flag in change.state.flags] == [UNEXPLAINED]
    assert [event.reason for event in change.events] == [UNEXPLAINED]


def test_a_refusal_for_a_reason_that_is_flagged_already_adds_no_second_flag():
    change = a_sales_order(state=S.IN_WAREHOUSE, flags=(STOP,)).refused_by_warehouse("黑名单", at=LATER)

    assert change.state.flags == (STOP,)


def test_progress_is_kept_and_told_once():
    change = a_sales_order(state=S.IN_WAREHOUSE).progressed("picked", at=LATER)

    assert change.state == a_sales_order(state=S.IN_WAREHOUSE, progress="picked", updated_at=LATER)
    assert change.events == (e.OrderProgressed(progress="picked", **facts(S.IN_WAREHOUSE)),)
    assert change.state.progressed("picked", at=LATER) == Change(change.state)


def test_a_first_parcel_ships_a_part_and_the_last_one_the_rest():
    order = a_sales_order(state=S.IN_WAREHOUSE, progress="packed")

    first = order.ship(PACKAGE, ((LINE, Quantity(2)),), carrier="SF", tracking_no="SF1", at=LATER)
    last = first.state.ship(PACKAGE, ((OTHER_LINE, Quantity(1)),), carrier="SF", tracking_no="SF2", at=LATER)

    assert (first.state.state, first.state.progress) == (S.PARTIALLY_SHIPPED, "packed")
    assert first.state.contents == ((OTHER_LINE, HAT, 1),)
    assert last.events == (
        e.OrderShipped(
            package_id=PACKAGE,
            carrier="SF",
            tracking_no="SF2",
            contents=((OTHER_LINE, Quantity(1)),),
            **facts(S.SHIPPED),
        ),
    )
    assert (last.state.state, last.state.progress, last.state.contents) == (S.SHIPPED, "", ())


@pytest.mark.parametrize(
    ("contents", "refused"),
    [
        (((LINE, Quantity(3)),), {"line_id": LINE, "to_ship": 2, "quantity": 3}),
        (((LINE, Quantity(1)), (LINE, Quantity(2))), {"line_id": LINE, "to_ship": 1, "quantity": 2}),
        (((LINE_IDS[3], Quantity(1)),), {"line_id": LINE_IDS[3], "to_ship": 0, "quantity": 1}),
    ],
)
def test_no_parcel_holds_more_than_is_still_to_leave(contents, refused):
    with pytest.raises(ShipsMoreThanOrdered) as refusal:
        a_sales_order(state=S.IN_WAREHOUSE).ship(PACKAGE, contents, carrier="SF", tracking_no="SF1", at=LATER)

    assert refusal.value.fields() == refused


def test_a_closed_line_is_never_shipped_and_not_waited_for():
    open_line, closed = a_sales_order(state=S.IN_WAREHOUSE).lines
    order = a_sales_order(state=S.IN_WAREHOUSE, lines=(open_line, evolve(closed, is_closed=True)))

    change = order.ship(PACKAGE, ((LINE, Quantity(2)),), carrier="SF", tracking_no="SF1", at=LATER)

    assert order.contents == ((LINE, SCARF, 2),)
    assert change.state.state is S.SHIPPED


def test_shipped_outside_nothing_is_left_to_ship_and_it_is_marked():
    open_line, closed = a_sales_order().lines
    order = a_sales_order(lines=(open_line, evolve(closed, is_closed=True)))

    change = order.ship_outside(at=LATER)

    gone = (evolve(open_line, shipped=2), evolve(closed, is_closed=True))
    assert change.state == evolve(order, state=S.SHIPPED, external=True, lines=gone, updated_at=LATER)
    assert change.events == (e.OrderShippedOutside(previous=S.AWAITING_CS_REVIEW, **facts(S.SHIPPED)),)
    assert change.state.contents == ()


def test_signing_and_completing_tell_so():
    signed = a_sales_order(state=S.SHIPPED).sign(at=LATER)
    completed = signed.state.complete(at=LATER + timedelta(days=10))

    told = a_sales_order(state=S.SIGNED, ended_at=LATER, updated_at=LATER)
    assert signed == Change(told, (e.OrderSigned(**facts(S.SIGNED)),))
    end = LATER + timedelta(days=10)
    assert completed.state == a_sales_order(state=S.COMPLETED, ended_at=end, updated_at=end)
    assert completed.events == (e.OrderCompleted(**facts(S.COMPLETED) | {"at": end}),)


def test_cash_on_delivery_is_booked_when_it_is_signed_for():
    shipped = a_sales_order(state=S.SHIPPED, cash_on_delivery=True)

    signed = shipped.sign(at=LATER).state

    assert (shipped.paid, shipped.paid_at) == (Money(0), None)
    assert (signed.paid, signed.paid_at) == (shipped.payable, LATER)


def test_an_order_that_was_refunded_after_shipment_is_closed():
    change = a_sales_order(state=S.COMPLETED).close(reason="全额退款", at=LATER)

    assert change.events == (e.OrderClosed(reason="全额退款", **facts(S.CLOSED)),)
    assert change.state.state is S.CLOSED


def test_cancelling_lifts_all_flags_and_names_what_must_go_back():
    change = a_sales_order(flags=(HOLD, STOP)).cancel(reason="买家取消", at=LATER)

    assert change.state == a_sales_order(state=S.CANCELLED, warehouse=MAIN, updated_at=LATER)
    assert change.events == (
        e.OrderCancelled(
            previous=S.AWAITING_CS_REVIEW, reason="买家取消", refund_due=Money(23600), **facts(S.CANCELLED)
        ),
    )


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"state": S.AWAITING_PAYMENT}, Money(0)),
        ({"state": S.AWAITING_PAYMENT, "paid": Money(5000)}, Money(5000)),  # a presale's deposit
        ({"cash_on_delivery": True}, Money(0)),
        ({"cash_on_delivery": True, "paid": Money(100)}, Money(100)),  # a gift card, say
        # The second line's 50.00 went back when it was closed.
        (
            {"lines": (an_order_line(), an_order_line(id=OTHER_LINE, unit_price=Money(3000), is_closed=True))},
            Money(19600),
        ),
        ({"lines": (an_order_line(is_closed=True),), "freight": Money(0), "paid": Money(10)}, Money(0)),
    ],
)
def test_no_more_goes_back_than_was_paid_and_not_given_back_yet(changes, due):
    (event,) = a_sales_order(**changes).cancel(reason="", at=LATER).events

    assert event.refund_due == due


def test_what_the_platform_has_refunded_is_not_due_again():
    (event,) = a_sales_order().cancel(reason="platform", refunded=True, at=LATER).events

    assert event.refund_due == Money(0)


def test_facts_that_changed_are_named_and_those_that_did_not_are_not():
    order = a_sales_order()

    change = order.revise(at=LATER, buyer_remark="请用样例包装", seller_remark="", seller_flag=2)

    assert change.state == evolve(order, buyer_remark="请用样例包装", seller_flag=2, updated_at=LATER)
    assert change.events == (e.OrderRevised(what=("buyer_remark", "seller_flag"), **facts(S.AWAITING_CS_REVIEW)),)
    assert order.revise(at=LATER, buyer_remark="") == Change(order)


def test_a_discrepancy_leaves_the_order_as_it_is():
    event = a_sales_order().differs(theirs="unpaid", what="state", at=LATER)

    assert event == e.OrderDiffers(theirs="unpaid", what="state", **facts(S.AWAITING_CS_REVIEW))


def test_what_another_may_leave_for_is_kept_back_once():
    kept = a_sales_order().kept_back("F20261123-000001", at=LATER)

    (flag,) = kept.state.flags
    assert (flag.kind, flag.reason) == (FlagKind.EARLIER_MAY_SHIP, "F20261123-000001")
    assert [(event.kind, event.reason) for event in kept.events] == [(FlagKind.EARLIER_MAY_SHIP, flag.reason)]
    assert kept.state.kept_back("F20261123-000001", at=LATER).state.flags == (flag,)


def test_a_warehouse_that_falls_short_gives_the_order_back_to_review_and_a_person():
    change = a_sales_order(state=S.IN_WAREHOUSE).short_in_warehouse(
        "仓库缺货", ((SCARF, Quantity(1)),), number="F1", at=NOW
    )

    assert (change.state.state, change.state.fulfilment_id) == (S.AWAITING_CS_REVIEW, None)
    assert [(flag.kind, flag.reason) for flag in change.state.flags] == [
        (FlagKind.INTERCEPTED, "仓库缺货"),
        (FlagKind.EARLIER_MAY_SHIP, "F1"),
    ]
    assert change.events[0].missing == ((SCARF, 1),)
