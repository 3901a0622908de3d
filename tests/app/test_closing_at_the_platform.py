"""What the platform closes, in part or as a whole, is never sent and holds no stock: mistakes that got through."""

import pytest
from attrs import evolve
from tests.app.world import ROOT, later

from oms_app.conversion import Outcome
from oms_app.intake import TakeIn
from oms_app.orders import ApproveOrder, CancelOrder, PassInterception, ReleaseOrder
from oms_domain.channels.standard import AmountMismatch, LineRefund, Platform, PlatformState
from oms_domain.kernel.money import Money
from oms_domain.orders.flags import OrderFlaggedNow
from oms_domain.orders.intake import PLATFORM_DIFFERS
from oms_domain.orders.moves import NothingToShip
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, SCARF, a_standard_order

P = PlatformState


@pytest.fixture
def shop(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    return shop


def refunded(standard, clock, *places, **changes):
    """Return a newer version in which the lines at these places are refunded and closed."""
    clock.forward(minutes=1)
    newer = later(standard, clock, **changes)
    lines = tuple(
        evolve(line, state=P.CLOSED_REFUNDED, refund=LineRefund.SUCCEEDED) if place in places else line
        for place, line in enumerate(newer.lines)
    )
    return evolve(newer, lines=lines)


def take(world, shop, *standards, mismatches=()):
    arrivals = tuple(
        world.preparation.prepare(
            world.platform.sells(standard, *mismatches), world.platform.translate, shop_id=shop.id
        )
        for standard in standards
    )
    answers = world.intake.take_in(TakeIn(shop_id=shop.id, platform=Platform.TAOBAO, arrivals=arrivals, by=ROOT))
    world.settle()
    return answers


def test_a_line_refunded_and_then_the_order_closed_in_one_chunk_give_all_stock_back(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    part = refunded(standard, world.clock, 0)
    whole = refunded(part, world.clock, 0, 1, state=P.CLOSED_REFUNDED)

    answers = take(world, shop, part, whole)

    assert [answer.outcome for answer in answers] == [Outcome.UPDATED, Outcome.UPDATED]
    assert world.state(order_id) is S.CANCELLED
    assert (world.units(SCARF), world.units(HAT)) == ((100, 0), (100, 0))


def test_of_a_refunded_line_nothing_has_left_when_the_rest_was_shipped_outside(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    left = standard.lines[1].quantity

    take(world, shop, refunded(standard, world.clock, 0, state=P.SHIPPED))

    assert world.state(order_id) is S.SHIPPED
    assert (world.units(SCARF), world.units(HAT)) == ((100, 0), (100 - left, 0))


def test_a_version_that_cannot_be_followed_stops_the_order(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    mismatch = AmountMismatch(rule="T7", stated=Money(1), computed=Money(2))

    take(world, shop, refunded(standard, world.clock, 0, 1, state=P.CLOSED_REFUNDED), mismatches=(mismatch,))

    assert [flag.reason for flag in world.order(order_id).flags] == [PLATFORM_DIFFERS]
    with pytest.raises(OrderFlaggedNow):
        world.give(ApproveOrder, order_id)


def test_what_was_closed_while_the_warehouse_had_it_is_cancelled_when_the_warehouse_refuses(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    world.give(ApproveOrder, order_id)
    world.warehouse.refuses = "no_room"
    world.orders.release(ReleaseOrder(order_id=order_id, by=ROOT))
    newer = refunded(standard, world.clock, 0, 1, state=P.CLOSED_REFUNDED)
    arrival = world.preparation.prepare(world.platform.sells(newer), world.platform.translate, shop_id=shop.id)
    world.intake.take_in(TakeIn(shop_id=shop.id, platform=Platform.TAOBAO, arrivals=(arrival,), by=ROOT))

    world.settle()

    assert world.state(order_id) is S.CANCELLED
    assert (world.units(SCARF), world.units(HAT)) == ((100, 0), (100, 0))


def test_an_order_with_nothing_left_to_ship_goes_nowhere(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)

    take(world, shop, refunded(standard, world.clock, 0, 1))

    if world.order(order_id).flags:
        world.give(PassInterception, order_id)
    with pytest.raises(NothingToShip):
        world.give(ApproveOrder, order_id)


def test_what_a_cancelled_order_held_goes_to_those_who_wait(world):
    shop = world.a_shop()
    standard = a_standard_order()
    for line in standard.lines:
        world.receive(line.sku, units=line.quantity)
    first = world.an_order(shop, evolve(standard, order_no="1"))
    waiting = world.an_order(shop, evolve(standard, order_no="2"))
    assert world.state(waiting) is S.BACKORDERED

    world.give(CancelOrder, first)

    assert world.state(waiting) is S.AWAITING_CS_REVIEW
