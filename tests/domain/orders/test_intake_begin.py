"""Intake: which version of a platform order is newer, and the sales order that it begins."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.channels.standard import AmountMismatch, LineRefund, PlatformState
from oms_domain.kernel.change import Change
from oms_domain.kernel.money import Money
from oms_domain.orders import events as e
from oms_domain.orders.flags import Flag, FlagKind
from oms_domain.orders.intake import FIRST_STATE, Freshness, compare, trouble_of
from oms_domain.orders.platform_order import Trouble
from oms_domain.orders.states import ENTRIES, OrderState
from oms_domain.testing.builders import (
    BUYER,
    LINE,
    NOW,
    ORDER,
    OTHER_LINE,
    PLATFORM_ORDER,
    RECEIVER,
    SCARF,
    a_platform_order,
    a_presale,
    a_sales_order,
    a_standard_line,
    a_standard_order,
    an_order_line,
    begun_as_named,
    counts,
)
from oms_domain.testing.strategies import standard_orders

P, S = PlatformState, OrderState
AT = NOW
ANY_TWO = st.tuples(standard_orders(), standard_orders())


def begun(**changes):
    standard = a_standard_order(**changes)
    return begun_as_named(a_platform_order(standard=standard), at=AT)


def freshness(stored, standard, receiver=RECEIVER, buyer=BUYER):
    return compare(a_platform_order(standard=stored), standard, receiver=receiver, buyer=buyer)


# --- which version is newer ------------------------------------------------------------------------------------------


@given(ANY_TWO)
def test_of_two_versions_the_later_by_the_platforms_time_and_state_is_newer(versions):
    one, other = versions
    expected = {
        one.order_key < other.order_key: Freshness.NEWER,
        one.order_key > other.order_key: Freshness.OLDER,
    }.get(True, Freshness.SAME if one == other else Freshness.AMBIGUOUS)

    assert freshness(one, other) is expected


def test_the_same_message_again_is_the_same():
    assert freshness(a_standard_order(), a_standard_order()) is Freshness.SAME


@pytest.mark.parametrize(
    "change",
    [
        {"standard": a_standard_order(seller_flag=1)},
        {"receiver": evolve(RECEIVER, digest="receiver-2")},
        {"buyer": evolve(BUYER, digest="buyer-2")},
    ],
)
def test_equal_in_time_and_state_but_not_in_content_it_must_be_fetched_again(change):
    facts = {"standard": a_standard_order()} | change

    assert freshness(a_standard_order(), **facts) is Freshness.AMBIGUOUS


def test_another_handle_of_the_same_personal_data_is_no_difference():
    sealed_again = evolve(RECEIVER, vault_id=BUYER.vault_id, mask="")

    assert freshness(a_standard_order(), a_standard_order(), receiver=sealed_again) is Freshness.SAME


def test_whatever_can_be_read_is_newer_than_what_could_not():
    assert freshness(None, a_standard_order()) is Freshness.NEWER


# --- what stands in the way ------------------------------------------------------------------------------------------


def test_amounts_that_do_not_add_up_are_trouble_with_both_sums():
    mismatch = AmountMismatch(rule="payable", stated=Money(1), computed=Money(23600))

    assert trouble_of(a_standard_order(payable=Money(1))) == Trouble(
        reason="amounts_do_not_fit", mismatches=(mismatch,)
    )


def test_a_line_that_was_closed_unpaid_needs_neither_sku_nor_place_in_the_sum():
    closed = a_standard_line(line_no="1003", sku=None, state=P.CLOSED_UNPAID)

    assert trouble_of(a_standard_order(lines=(a_standard_line(), closed))) is None


@given(standard_orders())
def test_a_platform_order_without_trouble_always_begins_a_sales_order(standard):
    standard = evolve(standard, lines=tuple(evolve(line, sku=line.sku or SCARF) for line in standard.lines))

    order = begun_as_named(a_platform_order(standard=standard), at=AT).state

    assert trouble_of(standard) is None
    assert order.state in ENTRIES
    assert [line.platform_line_no for line in order.lines] == [
        line.line_no for line in standard.lines if counts(line, standard.state)
    ]
    assert (order.payable, order.paid) == (standard.payable, standard.paid)


# --- the sales order that begins -------------------------------------------------------------------------------------


def test_a_paid_order_begins_awaiting_allocation_with_everything_that_the_platform_told():
    change = begun()

    order = a_sales_order(state=S.AWAITING_ALLOCATION, number="S1")
    created = e.OrderCreated(
        order_id=ORDER,
        state=S.AWAITING_ALLOCATION,
        number="S1",
        platform_order_id=PLATFORM_ORDER,
        payable=Money(23600),
        paid=Money(23600),
        at=AT,
    )
    assert change == Change(order, (created,))


@pytest.mark.parametrize("theirs", P)
def test_an_order_first_seen_under_way_or_over_enters_there_and_is_marked(theirs):
    order = begun(state=theirs).state

    assert order.state is FIRST_STATE[theirs]
    assert order.external == (order.state not in (S.AWAITING_PAYMENT, S.AWAITING_ALLOCATION))
    assert order.ended_at == (order.created_at if order.state in (S.SIGNED, S.COMPLETED) else None)
    assert (order.paid_at is None) == (theirs in (P.UNPAID, P.CLOSED_UNPAID))


def test_first_seen_shipped_nothing_is_left_to_ship():
    assert begun(state=P.SHIPPED).state == a_sales_order(state=S.SHIPPED, number="S1", external=True)


def test_first_seen_partly_shipped_each_line_knows_whether_it_has_left():
    lines = (a_standard_line(state=P.SHIPPED), a_standard_line(line_no="1002"))

    order = begun(state=P.PARTLY_SHIPPED, lines=lines).state

    assert (order.state, order.external, [line.shipped for line in order.lines]) == (S.SHIPPED, True, [2, 0])


def test_an_order_that_may_not_be_shipped_yet_is_intercepted_but_may_be_allocated():
    change = begun(state=P.PAID_ON_HOLD)

    flag = Flag(kind=FlagKind.INTERCEPTED, reason="platform_forbids_shipping", by="platform", at=AT)
    assert (change.state.state, change.state.flags) == (S.AWAITING_ALLOCATION, (flag,))
    assert change.events[1:] == (
        e.OrderFlagged(
            kind="intercepted",
            reason="platform_forbids_shipping",
            order_id=ORDER,
            state=S.AWAITING_ALLOCATION,
            at=AT,
        ),
    )


def test_an_open_refund_on_a_line_marks_the_order_as_in_aftersales():
    lines = (a_standard_line(refund=LineRefund.OPEN),)

    assert begun(lines=lines).state.flags == (
        Flag(kind=FlagKind.IN_AFTERSALES, reason="refund_asked_at_platform", by="platform", at=AT),
    )


@pytest.mark.parametrize("theirs", [P.UNPAID, P.TO_SHIP])
def test_cash_on_delivery_does_not_wait_for_payment(theirs):
    order = begun(state=theirs, cash_on_delivery=True).state

    assert (order.state, order.paid, order.paid_at) == (S.AWAITING_ALLOCATION, Money(0), None)


def test_a_presale_waits_for_its_balance_with_the_deposit_booked():
    platform_order = a_platform_order(standard=a_presale())

    order = begun_as_named(platform_order, at=AT).state

    assert (order.state, order.paid, order.paid_at) == (S.AWAITING_PAYMENT, Money(5000), None)


def test_a_line_that_was_refunded_before_we_saw_it_is_never_shipped():
    refunded = a_standard_line(line_no="1002", state=P.CLOSED_REFUNDED, refund=LineRefund.SUCCEEDED)

    order = begun(lines=(a_standard_line(), refunded)).state

    assert [(line.id, line.is_closed, line.to_ship) for line in order.lines] == [
        (LINE, False, 2),
        (OTHER_LINE, True, 0),
    ]


def test_a_line_that_was_closed_unpaid_is_not_the_orders():
    closed = a_standard_line(line_no="1000", state=P.CLOSED_UNPAID)

    alone = a_sales_order(lines=(an_order_line(),))
    assert begun(lines=(closed, a_standard_line())).state.lines == alone.lines


def test_a_trade_that_was_closed_unpaid_keeps_all_its_lines():
    assert len(begun(state=P.CLOSED_UNPAID).state.lines) == 2
