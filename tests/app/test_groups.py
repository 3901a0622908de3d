"""Group buying: nothing leaves before the group stands, and what fails in time is cancelled and paid back."""

from datetime import timedelta

import pytest
from tests.app.claims import ALL
from tests.app.test_manual_orders import shop, wanted
from tests.app.world import ROOT, later

from oms_app.order_moves import StandGroup
from oms_app.orders import ApproveOrder, HoldOrder, ReleaseOrder, UnholdOrder
from oms_domain.channels.standard import OrderKind, PlatformState
from oms_domain.kernel.money import Money
from oms_domain.orders.flags import GROUP_OPEN, NotFlagged, NotInTheFuture, OrderFlaggedNow
from oms_domain.orders.manual import NoGroup
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, SCARF, a_standard_order

__all__ = ["shop"]  # a fixture


@pytest.fixture
def in_group(world, shop):
    """A paid order of 50.00 whose group must stand within a day."""
    until = world.clock() + timedelta(days=1)
    answer = world.manual.create(wanted(shop, kind=OrderKind.GROUP_BUY, group_until=until))
    world.settle()
    return answer.order.id


def reasons(world, order_id):
    return [flag.reason for flag in world.order(order_id).flags]


def test_an_order_of_an_open_group_holds_its_stock_and_is_not_passed(world, in_group):
    assert (world.state(in_group), reasons(world, in_group)) == (S.AWAITING_CS_REVIEW, [GROUP_OPEN])
    assert world.units("CUP") == (100, 2)

    with pytest.raises(OrderFlaggedNow):
        world.give(ApproveOrder, in_group)


def test_once_the_group_stands_it_goes_on_and_its_time_means_nothing_any_more(world, in_group):
    world.give(StandGroup, in_group)
    world.give(ApproveOrder, in_group)
    world.give(ReleaseOrder, in_group)

    world.wait(days=1)

    assert world.state(in_group) is S.IN_WAREHOUSE
    with pytest.raises(NotFlagged):
        world.give(StandGroup, in_group)


def test_a_group_that_fails_in_time_is_cancelled_and_its_money_asked_back(world, in_group):
    world.wait(hours=23)
    assert world.state(in_group) is S.AWAITING_CS_REVIEW
    world.wait(hours=1)

    (case,) = world.store.aftersales_queries.cases(ROOT, ALL, after=None, limit=10)
    assert (world.state(in_group), world.units("CUP")) == (S.CANCELLED, (100, 0))
    assert (case.order_id, case.refund) == (in_group, Money(5_000))


def test_parts_of_it_wait_for_the_same_group(world, in_group):
    parts = world.split(in_group, {"TIN": 1})
    assert [reasons(world, id) for id in parts] == [[GROUP_OPEN]] * 2

    world.wait(days=1)

    assert [world.state(id) for id in parts] == [S.CANCELLED] * 2


def test_what_a_person_holds_it_for_is_lifted_by_itself(world, in_group):
    with pytest.raises(NotFlagged):
        world.give(UnholdOrder, in_group)
    world.give(HoldOrder, in_group, reason="等买家")

    world.give(UnholdOrder, in_group)

    assert reasons(world, in_group) == [GROUP_OPEN]


def test_only_an_order_of_a_group_waits_for_one_and_until_a_time_to_come(world, shop):
    soon = world.clock() + timedelta(days=1)
    with pytest.raises(NoGroup):
        world.manual.preview(wanted(shop, group_until=soon))
    with pytest.raises(NotInTheFuture):
        world.manual.preview(wanted(shop, kind=OrderKind.GROUP_BUY, group_until=world.clock()))


def test_a_platforms_group_holds_the_order_until_the_platform_lets_it_go(world):
    world.receive(SCARF, HAT)
    at = world.a_shop("tb-9")
    open_ = a_standard_order(state=PlatformState.PAID_ON_HOLD)
    order_id = world.an_order(at, open_)
    with pytest.raises(OrderFlaggedNow):
        world.give(ApproveOrder, order_id)

    world.clock.forward(minutes=1)
    world.take_in(at, later(open_, world.clock, state=PlatformState.TO_SHIP))

    assert reasons(world, order_id) == []
