"""Payments by hand: manual orders that wait for them, parts that are paid together, and what comes too late."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.app.test_manual_orders import line, shop, wanted
from tests.app.world import ROOT

from oms_app.actor import Once
from oms_app.orders import CancelOrder
from oms_app.paying import PayOrder
from oms_app.timers import EXPIRE_UNPAID
from oms_domain.channels.standard import OrderKind, PlatformState
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.orders.manual import CannotWaitForPayment
from oms_domain.orders.payment import PaymentDiffers
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, SCARF, a_standard_order

__all__ = ["shop"]  # a fixture


@pytest.fixture
def unpaid(world, shop):
    """A manual order of 50.00 that is not paid yet."""
    answer = world.manual.create(wanted(shop, paid=False))
    world.settle()
    return answer.order.id


def timers(world):
    return [timer.handler for timer in world.store.queries.timers(ROOT, limit=100)]


def test_an_order_that_is_put_in_unpaid_waits_and_is_paid_by_hand(world, unpaid):
    assert (world.state(unpaid), world.order(unpaid).paid, timers(world)) == (
        S.AWAITING_PAYMENT,
        Money(0),
        [EXPIRE_UNPAID],
    )

    world.give(PayOrder, unpaid, paid=Money(5_000), reference="BANK-20260101", reason="银行到账")

    order = world.order(unpaid)
    assert (order.state, order.paid, order.paid_at) == (S.AWAITING_CS_REVIEW, Money(5_000), world.clock())
    world.wait(minutes=31)
    assert world.state(unpaid) is S.AWAITING_CS_REVIEW


def test_it_is_cancelled_after_half_an_hour_or_by_a_person(world, shop, unpaid):
    other = world.manual.create(wanted(shop, paid=False, platform_order_no="M-2")).order.id
    world.give(CancelOrder, other)
    assert world.state(other) is S.CANCELLED

    world.wait(minutes=30)

    assert world.state(unpaid) is S.CANCELLED
    with pytest.raises(MoveNotAllowed):
        world.give(PayOrder, unpaid, paid=Money(5_000))


def test_another_amount_is_refused_with_both_sums_and_pays_nothing(world, unpaid):
    with pytest.raises(PaymentDiffers) as refusal:
        world.give(PayOrder, unpaid, paid=Money(4_999))

    assert refusal.value.fields() == {
        "due": Money(5_000),
        "paid": Money(4_999),
        "orders": (world.order(unpaid).number,),
    }
    assert (world.state(unpaid), world.order(unpaid).paid) == (S.AWAITING_PAYMENT, Money(0))


def test_a_time_of_payment_or_a_free_order_does_not_go_with_waiting_for_it(world, shop):
    for changes in ({"paid_at": world.clock()}, {"lines": (line("CUP", 1, 0),)}):
        with pytest.raises(CannotWaitForPayment):
            world.manual.preview(wanted(shop, paid=False, **changes))


def test_parts_of_what_was_split_unpaid_are_paid_by_one_payment(world):
    world.receive(SCARF, HAT)
    order_id = world.an_order(world.a_shop("tb-9"), a_standard_order(state=PlatformState.UNPAID))
    whole = world.order(order_id)
    parts = world.split(order_id, {HAT: 1})
    smaller = world.split(parts[1], {SCARF: 1})
    live = [parts[0], *smaller]

    with pytest.raises(PaymentDiffers):
        world.give(PayOrder, live[0], paid=world.order(live[0]).payable)
    assert [world.state(id) for id in live] == [S.AWAITING_PAYMENT] * 3
    world.give(PayOrder, live[2], paid=whole.payable)

    assert [world.order(id).paid for id in live] == [world.order(id).payable for id in live]
    assert [world.state(id) for id in live] == [S.AWAITING_CS_REVIEW] * 3
    assert list(world.store.doctor.findings(lambda name, count: None)) == []


def test_a_part_that_was_cancelled_is_not_paid_with_the_others(world):
    order_id = world.an_order(world.a_shop("tb-9"), a_standard_order(state=PlatformState.UNPAID))
    hat, scarves = world.split(order_id, {HAT: 1})
    world.give(CancelOrder, hat)

    world.give(PayOrder, scarves, paid=world.order(scarves).payable)

    assert (world.state(hat), world.order(hat).paid, world.state(scarves)) == (S.CANCELLED, Money(0), S.BACKORDERED)


def test_the_same_payment_under_its_key_is_booked_once(world, unpaid):
    by = evolve(ROOT, once=Once(client="c", key="k", digest="d"))
    command = PayOrder(order_id=unpaid, paid=Money(5_000), paid_at=world.clock() - timedelta(minutes=1), by=by)

    first, again = world.payments.pay(command), world.payments.pay(command)

    assert first == again
    assert world.facts(unpaid).count("order_paid") == 1


def test_a_presale_that_is_paid_at_once_may_wait_as_well(world, shop):
    answer = world.manual.create(wanted(shop, paid=False, kind=OrderKind.PRESALE))

    world.give(PayOrder, answer.order.id, paid=answer.payable)

    assert world.state(answer.order.id) is S.AWAITING_CS_REVIEW
