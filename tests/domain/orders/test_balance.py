"""The second payment of a presale: what is due, what a coupon does to it, and that the order waits for it."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_domain.apportionment.order import Discount
from oms_domain.channels.standard import DiscountKind, OrderKind
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.money import Money, total
from oms_domain.orders.asks import Ask
from oms_domain.orders.balance import (
    BalanceDiffers,
    BalanceDue,
    CouponAboveBalance,
    CouponUsedOnDeposit,
    NoBalanceDue,
    balance_due,
    pay_balance,
)
from oms_domain.orders.editing import refund_due
from oms_domain.orders.events import OrderBalancePaid
from oms_domain.orders.moves import obstacle
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import NOW, a_sales_order

LATER = NOW + timedelta(days=1)


def a_presale(paid=5_000, **changes):
    """A presale of 236.00, of which the deposit is paid."""
    return a_sales_order(**{"kind": OrderKind.PRESALE, "paid": Money(paid), "state": S.AWAITING_RELEASE} | changes)


def test_what_is_due_is_what_was_not_paid_of_a_presale_alone():
    assert balance_due(a_presale()) == Money(18_600)
    assert balance_due(a_presale(paid=23_600)) == Money(0)
    assert balance_due(a_presale(kind=OrderKind.NORMAL)) == Money(0)
    assert balance_due(a_presale(cash_on_delivery=True)) == Money(0)
    order = a_presale()
    closed = evolve(order.lines[1], is_closed=True)
    assert balance_due(evolve(order, lines=(order.lines[0], closed))) == Money(18_600) - closed.payable


@pytest.mark.parametrize("paid", [5_000, 18_800, 20_000, 23_600])
def test_of_what_is_given_up_goes_back_what_was_paid_beyond_the_rest(paid):
    order = a_presale(paid=paid)
    closed = evolve(order.lines[0], is_closed=True)
    fewer = evolve(order, lines=(closed, *order.lines[1:]))

    left_to_cost = order.payable - closed.payable
    assert refund_due(order, fewer) == max(order.paid - left_to_cost, Money(0))
    assert order.paid - refund_due(order, fewer) + balance_due(fewer) == left_to_cost
    assert fewer.refundable == min(order.paid, left_to_cost)


def test_of_cash_on_delivery_that_was_collected_all_can_go_back_that_was_paid():
    order = a_sales_order(state=S.SHIPPED, cash_on_delivery=True, paid=Money(0))
    fewer = evolve(order, lines=(evolve(order.lines[0], is_closed=True), *order.lines[1:]))

    signed = fewer.sign(at=LATER).state

    assert (fewer.refundable, signed.refundable) == (Money(0), signed.paid)


def test_a_presale_does_not_leave_before_its_balance_is_paid():
    order = a_presale()
    in_the_way = obstacle(order, Ask.RELEASE)
    assert isinstance(in_the_way, BalanceDue)
    assert in_the_way.due == Money(18_600)

    change = pay_balance(order, Money(18_600), at=LATER)

    assert change.state == evolve(order, paid=Money(23_600), updated_at=LATER)
    assert change.events == (
        OrderBalancePaid(order_id=order.id, state=S.AWAITING_RELEASE, paid=Money(18_600), coupon=Money(0), at=LATER),
    )
    assert obstacle(change.state, Ask.RELEASE) is None


def test_a_coupon_on_the_balance_is_placed_on_the_lines():
    order = a_presale()

    settled = pay_balance(order, Money(17_600), coupon=Money(1_000), at=LATER).state

    assert (settled.payable, settled.paid, balance_due(settled)) == (Money(22_600), Money(22_600), Money(0))
    off = [old.payable - new.payable for old, new in zip(order.lines, settled.lines, strict=True)]
    assert total(off) == Money(1_000)
    assert settled.steps[-1] == Discount(id=f"{order.number}/balance", kind=DiscountKind.COUPON, amount_fen=1_000)


@settings(max_examples=30)
@given(coupon=st.integers(1, 18_600))
def test_whatever_a_coupon_takes_off_the_amounts_add_up(coupon):
    settled = pay_balance(a_presale(), Money(18_600 - coupon), coupon=Money(coupon), at=LATER).state

    assert total(line.payable for line in settled.lines) + settled.freight == settled.payable == settled.paid
    assert min(line.payable for line in settled.lines) >= Money(0)


def test_what_cannot_be_paid_is_refused_with_the_reason():
    used = pay_balance(a_presale(), Money(17_600), coupon=Money(1_000), at=LATER).state
    with pytest.raises(NoBalanceDue):
        pay_balance(used, Money(1), at=LATER)
    with pytest.raises(CouponUsedOnDeposit):
        pay_balance(evolve(used, paid=Money(5_000)), Money(16_600), coupon=Money(1_000), at=LATER)
    with pytest.raises(CouponAboveBalance):
        pay_balance(a_presale(), Money(0), coupon=Money(18_601), at=LATER)
    with pytest.raises(BalanceDiffers) as refused:
        pay_balance(a_presale(), Money(18_000), coupon=Money(100), at=LATER)
    assert (refused.value.due, refused.value.paid) == (Money(18_500), Money(18_000))
    for state in (S.AWAITING_PAYMENT, S.SHIPPED, S.CANCELLED):
        with pytest.raises(MoveNotAllowed):
            pay_balance(a_presale(state=state), Money(18_600), at=LATER)
