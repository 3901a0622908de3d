"""What happens to orders when their time has come, and what does not when something else came first."""

from datetime import timedelta

import pytest
from tests.app.world import ROOT, later

from oms_app.jobs import CallOffJob, EndsAFlag
from oms_app.order_moves import WaitUntil
from oms_app.orders import ApproveOrder, CompleteOrder, HoldOrder, ReleaseOrder, SignOrder
from oms_app.ports.transaction import JobNotOpen
from oms_app.shops import ChangePolicy
from oms_app.timers import COMPLETE, EXPIRE_UNPAID, LIFT_FLAGS
from oms_domain.channels.standard import PlatformState
from oms_domain.kernel.money import Money
from oms_domain.orders.flags import NotFlagged, OrderFlaggedNow
from oms_domain.orders.states import OrderState as S
from oms_domain.shops.shop import ShopPolicy
from oms_domain.testing.builders import HAT, SCARF, a_standard_order

UNPAID = {"state": PlatformState.UNPAID}


@pytest.fixture
def shop(world):
    shop = world.a_shop(unpaid_minutes=30)
    world.receive(SCARF, HAT)
    return shop


def timers(world):
    return [timer.handler for timer in world.store.queries.timers(ROOT, limit=100)]


def unpaid(world, shop):
    return world.an_order(shop, a_standard_order(**UNPAID, created_at=world.clock(), modified_at=world.clock()))


# --- payment ---------------------------------------------------------------------------------------------------------


def test_an_order_that_nobody_pays_is_cancelled_in_time_and_not_before(world, shop):
    order_id = unpaid(world, shop)

    world.wait(minutes=29)
    assert (world.state(order_id), timers(world)) == (S.AWAITING_PAYMENT, [EXPIRE_UNPAID])
    world.wait(minutes=1)

    assert (world.state(order_id), timers(world)) == (S.CANCELLED, [])
    assert world.detail(order_id).log[-1].actor == "system:timers"


def test_an_order_that_is_paid_is_not(world, shop):
    standard = a_standard_order(**UNPAID, created_at=world.clock(), modified_at=world.clock())
    order_id = world.an_order(shop, standard)
    world.clock.forward(minutes=1)
    world.take_in(shop, later(a_standard_order(created_at=standard.created_at), world.clock))

    world.wait(minutes=60)

    assert (world.state(order_id), timers(world)) == (S.AWAITING_CS_REVIEW, [])


def test_an_order_with_a_deposit_waits_for_its_balance(world, shop):
    standard = a_standard_order(**UNPAID, paid=Money(1_000), created_at=world.clock(), modified_at=world.clock())
    order_id = world.an_order(shop, standard)

    world.wait(days=1)

    assert (world.state(order_id), timers(world)) == (S.AWAITING_PAYMENT, [])


def test_a_platforms_order_waits_as_long_as_the_platform_lets_it_unless_the_shop_says_otherwise(world):
    order_id = unpaid(world, world.a_shop("tb-2"))

    world.wait(days=2)

    assert (world.state(order_id), timers(world)) == (S.AWAITING_PAYMENT, [])


@pytest.mark.parametrize(("minutes", "state"), [(0, S.AWAITING_PAYMENT), (50, S.AWAITING_PAYMENT), (40, S.CANCELLED)])
def test_the_shops_policy_of_then_counts(world, shop, minutes, state):
    order_id = unpaid(world, shop)
    policy = ShopPolicy(unpaid_minutes=minutes)
    world.shops.change_policy(ChangePolicy(shop_id=shop.id, policy=policy, by=ROOT))

    world.wait(minutes=30)
    world.wait(minutes=15)

    assert world.state(order_id) is state


# --- flags -----------------------------------------------------------------------------------------------------------


def test_a_held_order_goes_on_by_itself(world):
    shop = world.a_shop(auto_review=True)
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order(buyer_remark="请核对"))
    world.give(HoldOrder, order_id, reason="等买家", until=world.clock() + timedelta(hours=2))
    world.give(HoldOrder, order_id, reason="等颜色", until=world.clock() + timedelta(hours=1))

    world.wait(hours=1)
    assert [flag.reason for flag in world.order(order_id).flags] == ["等买家"]
    with pytest.raises(OrderFlaggedNow):
        world.give(ApproveOrder, order_id)
    world.wait(hours=1)

    assert (world.order(order_id).flags, timers(world)) == ((), [])
    world.give(ApproveOrder, order_id)


def test_a_longer_hold_lets_no_earlier_timer_lift_it(world, shop):
    order_id = world.an_order(shop, a_standard_order())
    world.give(HoldOrder, order_id, reason="等买家", until=world.clock() + timedelta(hours=1))
    world.give(HoldOrder, order_id, reason="等买家", until=world.clock() + timedelta(hours=3))

    world.wait(hours=2)

    assert len(world.order(order_id).flags) == 1
    assert timers(world) == [LIFT_FLAGS]


def test_an_order_for_later_is_reviewed_now_and_leaves_when_its_time_has_come(world):
    shop = world.a_shop(auto_release=True)
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    world.give(WaitUntil, order_id, reason="预约", until=world.clock() + timedelta(days=3))
    world.give(ApproveOrder, order_id)

    with pytest.raises(OrderFlaggedNow):
        world.give(ReleaseOrder, order_id)
    assert world.state(order_id) is S.AWAITING_RELEASE
    world.wait(days=3)

    assert world.state(order_id) is S.IN_WAREHOUSE


def test_a_date_is_taken_back_wherever_the_order_waits_for_it(world):
    shop = world.a_shop(auto_release=True)
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    world.give(WaitUntil, order_id, reason="预约", until=world.clock() + timedelta(days=3))
    world.give(WaitUntil, order_id, reason="不用等了")
    assert world.order(order_id).flags == ()
    world.give(WaitUntil, order_id, reason="预约", until=world.clock() + timedelta(days=3))
    world.give(ApproveOrder, order_id)

    world.give(WaitUntil, order_id, reason="买家要求尽快")

    assert (world.state(order_id), world.order(order_id).flags) == (S.IN_WAREHOUSE, ())
    with pytest.raises(NotFlagged):
        world.give(WaitUntil, order_id)
    world.wait(days=3)
    assert world.state(order_id) is S.IN_WAREHOUSE


# --- completion ------------------------------------------------------------------------------------------------------


@pytest.fixture
def signed(world, shop):
    order_id = world.an_order(shop, a_standard_order(state=PlatformState.SHIPPED))
    world.give(SignOrder, order_id)
    return order_id


def test_a_signed_order_is_settled_after_the_shops_days(world, shop, signed):
    world.wait(days=9)
    assert (world.state(signed), timers(world)) == (S.SIGNED, [COMPLETE])
    world.wait(days=1)

    assert (world.state(signed), timers(world)) == (S.COMPLETED, [])


def test_the_days_count_from_when_the_buyer_had_it_whatever_is_said_of_it_since(world, signed):
    world.wait(days=9)
    with world.open(ROOT) as tx:
        change = tx.orders.get(signed).revise(at=world.clock(), seller_remark="送贺卡")
        tx.orders.save(change.state)
        tx.publish(change.events)
        tx.commit()

    world.wait(days=1)

    assert world.state(signed) is S.COMPLETED


def test_settled_before_it_rings_for_nothing(world, signed):
    world.give(CompleteOrder, signed)

    world.wait(days=10)

    assert (world.facts(signed).count("order_completed"), timers(world)) == (1, [])


def test_while_the_buyer_asks_for_money_back_it_is_not_settled(world, shop, signed):
    with world.open(ROOT) as tx:
        order = tx.orders.get(signed)
        change = order.flag("in_aftersales", reason="退款", by="kefu-1", at=world.clock())
        tx.orders.save(change.state)
        tx.publish(change.events)
        tx.commit()

    world.wait(days=11)

    assert (world.state(signed), timers(world)) == (S.SIGNED, [COMPLETE])


# --- calling them off ------------------------------------------------------------------------------------------------


def test_a_timer_that_is_called_off_does_not_ring(world, shop):
    order_id = unpaid(world, shop)
    (timer,) = world.store.queries.timers(ROOT, limit=10)

    assert world.job_service.call_off(CallOffJob(job_id=timer.id, by=ROOT)).id == timer.id
    with pytest.raises(JobNotOpen):
        world.job_service.call_off(CallOffJob(job_id=timer.id, by=ROOT))
    world.wait(days=1)

    assert (world.state(order_id), timers(world)) == (S.AWAITING_PAYMENT, [])


def test_what_a_hold_ends_by_is_not_dropped(world, shop):
    order_id = world.an_order(shop, a_standard_order(order_no="held"))
    world.give(HoldOrder, order_id, reason="等电话", until=world.clock() + timedelta(hours=1))
    (timer,) = [each for each in world.store.queries.timers(ROOT, limit=10) if each.handler == LIFT_FLAGS]

    with pytest.raises(EndsAFlag):
        world.job_service.call_off(CallOffJob(job_id=timer.id, by=ROOT))
    world.wait(hours=1, seconds=1)

    assert world.order(order_id).flags == ()


def test_parts_of_an_unpaid_order_are_cancelled_in_time_as_well(world, shop):
    order_id = unpaid(world, shop)
    world.split(order_id, {HAT: 1})
    parts = world.order(order_id).heirs

    world.wait(minutes=30)

    assert len(parts) == 2
    assert {world.state(part) for part in parts} == {S.CANCELLED}
