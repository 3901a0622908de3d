"""What people do to orders: hold, cancel, wait for stock, ask twice, ask with a stale page."""

from contextlib import contextmanager
from typing import Any

import pytest
from attrs import evolve, frozen
from tests.app.world import ROOT, later

from oms_app.actor import Actor, KeyReused, Once, Permission
from oms_app.orders import ApproveOrder, CancelOrder, HoldOrder, PassInterception, ReleaseOrder, UnholdOrder
from oms_app.ports.transaction import OrderNotFound, StaleVersion, VersionIsNot
from oms_app.transactions import TRIES
from oms_domain.channels.standard import PlatformState
from oms_domain.fulfilment.fulfilment_order import FulfilmentState
from oms_domain.kernel.errors import Denied, MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.flags import NotFlagged, OrderFlaggedNow
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, SCARF, a_standard_line, a_standard_order


@pytest.fixture
def shop(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    return shop


@pytest.fixture
def order_id(world, shop):
    return world.an_order(shop, a_standard_order())


def a_scarf_order(order_no, units=1):
    return a_standard_order(order_no=order_no, lines=(a_standard_line(quantity=Quantity(units)),))


# --- hold ------------------------------------------------------------------------------------------------------------


def test_a_held_order_cannot_be_approved(world, order_id):
    held = world.give(HoldOrder, order_id, reason="等补款")

    with pytest.raises(OrderFlaggedNow) as refusal:
        world.give(ApproveOrder, order_id)

    assert held.flags == ("held",)
    assert (refusal.value.flags, refusal.value.reasons) == (("held",), ("等补款",))
    assert world.state(order_id) is S.AWAITING_CS_REVIEW


def test_an_order_goes_on_by_itself_when_it_is_held_no_more(world):
    shop = world.a_shop(auto_review=True)
    order_id = world.an_order(shop, a_scarf_order("1"))  # waits for stock
    world.give(HoldOrder, order_id, reason="等补款")
    world.receive(SCARF)
    assert world.state(order_id) is S.AWAITING_CS_REVIEW

    world.give(UnholdOrder, order_id, reason="已补款")

    assert world.state(order_id) is S.AWAITING_RELEASE


def test_an_order_that_is_not_held_cannot_be_let_go(world, order_id):
    with pytest.raises(NotFlagged):
        world.give(UnholdOrder, order_id)


# --- cancel ----------------------------------------------------------------------------------------------------------


def test_cancelling_frees_the_stock(world, order_id):
    assert world.units(SCARF) == (100, 2)

    world.give(CancelOrder, order_id, reason="买家不要了")

    assert (world.state(order_id), world.units(SCARF), world.units(HAT)) == (S.CANCELLED, (100, 0), (100, 0))
    assert world.detail(order_id).log[-1].reason == "买家不要了"


def test_cancelling_before_the_release_calls_the_fulfilment_off(world, order_id):
    world.give(ApproveOrder, order_id)

    world.give(CancelOrder, order_id, reason="买家不要了")

    assert (world.state(order_id), world.units(SCARF)) == (S.CANCELLED, (100, 0))
    assert world.detail(order_id).fulfilment.state is FulfilmentState.CANCELLED
    with pytest.raises(MoveNotAllowed):
        world.give(ReleaseOrder, order_id)
    assert world.warehouse.sent == []


def test_an_order_that_the_platform_closes_gives_its_stock_back(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    world.give(ApproveOrder, order_id)
    world.clock.forward(minutes=1)

    world.take_in(shop, later(standard, world.clock, state=PlatformState.CLOSED_REFUNDED))

    assert (world.state(order_id), world.units(SCARF)) == (S.CANCELLED, (100, 0))
    assert world.detail(order_id).fulfilment.state is FulfilmentState.CANCELLED


def test_an_order_that_was_shipped_outside_takes_its_stock_along(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    world.give(ApproveOrder, order_id)
    world.clock.forward(minutes=1)

    world.take_in(shop, later(standard, world.clock, state=PlatformState.SHIPPED))

    assert (world.state(order_id), world.units(SCARF)) == (S.SHIPPED, (98, 0))
    assert world.detail(order_id).fulfilment.state is FulfilmentState.CANCELLED


def test_a_line_that_is_refunded_before_shipment_gives_its_stock_back(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    world.clock.forward(minutes=1)
    lines = (standard.lines[0], evolve(standard.lines[1], state=PlatformState.CLOSED_REFUNDED))

    world.take_in(shop, later(standard, world.clock, lines=lines))

    assert (world.units(SCARF), world.units(HAT)) == ((100, 2), (100, 0))
    assert [line.is_closed for line in world.order(order_id).lines] == [False, True]


# --- waiting for stock -----------------------------------------------------------------------------------------------


def test_a_short_order_waits_and_holds_nothing(world):
    shop = world.a_shop()
    world.receive(SCARF)

    order_id = world.an_order(shop, a_standard_order())  # no hats

    assert (world.state(order_id), world.units(SCARF)) == (S.BACKORDERED, (100, 0))


def test_those_who_wait_are_served_oldest_first(world):
    shop = world.a_shop()
    waiting = []
    for n in range(3):
        waiting.append(world.an_order(shop, a_scarf_order(str(n))))
        world.clock.forward(minutes=1)

    world.receive(SCARF, units=2)

    assert [world.state(order_id) for order_id in waiting] == [
        S.AWAITING_CS_REVIEW,
        S.AWAITING_CS_REVIEW,
        S.BACKORDERED,
    ]
    assert world.units(SCARF) == (2, 2)


def test_a_large_order_does_not_keep_a_smaller_one_behind_it_waiting(world):
    shop = world.a_shop()
    large = world.an_order(shop, a_scarf_order("1", units=5))
    small = world.an_order(shop, a_scarf_order("2", units=1))

    world.receive(SCARF, units=2)

    assert (world.state(large), world.state(small)) == (S.BACKORDERED, S.AWAITING_CS_REVIEW)


# --- asking twice, asking with a stale page --------------------------------------------------------------------------


def test_the_same_ask_under_one_key_is_answered_alike_and_done_once(world, order_id):
    by = evolve(ROOT, once=Once(client="c", key="k", digest="d"))

    first = world.give(ApproveOrder, order_id, by=by)
    again = world.give(ApproveOrder, order_id, by=by)

    assert again == first
    assert world.facts(order_id).count("order_approved") == 1


def test_a_key_used_for_another_ask_is_refused(world, order_id):
    once = Once(client="c", key="k", digest="d")
    world.give(ApproveOrder, order_id, by=evolve(ROOT, once=once))

    with pytest.raises(KeyReused):
        world.give(ReleaseOrder, order_id, by=evolve(ROOT, once=evolve(once, digest="other")))


def test_an_edit_of_an_order_that_has_changed_since_is_refused(world, order_id):
    read = world.order(order_id).version
    world.give(HoldOrder, order_id, reason="等补款")

    with pytest.raises(VersionIsNot) as refusal:
        world.give(UnholdOrder, order_id, expected_version=read)

    assert (refusal.value.expected, refusal.value.current) == (read, read + 1)


def test_who_comes_second_reads_again_and_decides_again(world, order_id):
    rivals = [order_id]
    world.open = lambda actor: rival(world, actor, rivals.pop()) if rivals else world.store.open(actor)

    answer = world.give(ApproveOrder, order_id)

    assert world.pauses == [2]
    assert (answer.state, answer.version) == (S.AWAITING_RELEASE, world.order(order_id).version)
    assert world.facts(order_id)[-2:] == ["order_revised", "order_approved"]


def test_after_several_tries_the_caller_hears_of_it(world, order_id):
    world.open = lambda actor: rival(world, actor, order_id)

    with pytest.raises(StaleVersion):
        world.give(ApproveOrder, order_id)

    assert world.pauses == list(range(2, TRIES + 1))


@contextmanager
def rival(world, actor, order_id):
    """Open a transaction that has read the order just before somebody else changes it."""
    with world.store.open(actor) as tx:
        order = tx.orders.get(order_id)
        tx.orders = Read(tx.orders, order)
        change = order.revise(seller_flag=order.version, at=world.clock())
        with world.store.open(ROOT) as other:
            other.orders.get(order_id)
            other.orders.save(change.state)
            other.publish(change.events)
            other.commit()
        yield tx


@frozen
class Read:
    """Orders of which one was read a while ago."""

    orders: Any
    order: SalesOrder

    def get(self, order_id):
        return self.order

    def __getattr__(self, name):
        return getattr(self.orders, name)


# --- rights ----------------------------------------------------------------------------------------------------------


def test_without_the_permission_nothing_is_done(world, order_id):
    reader = Actor(id="key:r", permissions=frozenset({Permission.ORDERS_READ}))

    with pytest.raises(Denied) as refusal:
        world.give(ApproveOrder, order_id, by=reader)

    assert refusal.value.permission == Permission.ORDERS_WRITE
    assert world.state(order_id) is S.AWAITING_CS_REVIEW


def test_another_shops_order_does_not_exist(world, order_id):
    other = world.a_shop("tb-2")
    stranger = Actor(id="key:s", shops=frozenset({other.id}), permissions=frozenset(Permission))

    with pytest.raises(OrderNotFound):
        world.give(CancelOrder, order_id, by=stranger)


def test_an_intercepted_order_goes_on_when_a_person_has_looked(world):
    shop = world.a_shop(auto_review=True)
    world.receive(SCARF, HAT)
    standard = a_standard_order(state=PlatformState.PAID_ON_HOLD)
    order_id = world.an_order(shop, standard)
    assert (world.state(order_id), world.order(order_id).paid) == (S.AWAITING_CS_REVIEW, Money(23600))

    world.give(PassInterception, order_id, reason="看过了")

    assert world.state(order_id) is S.AWAITING_RELEASE
