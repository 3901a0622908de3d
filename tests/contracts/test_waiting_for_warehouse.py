"""A warehouse that cannot be reached: orders wait for it, are shown, and are sent when it is back; on every store."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.adapters.db.stored import StoredWorld
from tests.app.world import ROOT

from oms_app.actor import Once
from oms_app.jobs import RedriveParked
from oms_app.orders import ApproveOrder, CancelOrder, ReleaseOrder
from oms_app.ports.channels import AuthorisationExpired, Unreachable
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_order


@pytest.fixture
def world(backend):
    return StoredWorld(backend.store, backend.clock, backend.new_id)


@pytest.fixture
def release(world):
    """Return how to release an order to a warehouse that cannot be reached."""
    shop = world.a_shop()
    world.receive(SCARF, HAT)

    def released(number, *trouble):
        order_id = world.an_order(shop, a_standard_order(order_no=number))
        world.give(ApproveOrder, order_id)
        world.warehouse.trouble = list(trouble)
        world.give(ReleaseOrder, order_id)
        return order_id

    return released


def unreachable(times):
    return [Unreachable(reason="unreachable")] * times


def waiting(world, **wanted):
    rows = world.store.queries.waiting_for_warehouse(ROOT, limit=9, **wanted)
    return [(row.order_id, row.reason) for row in rows]


def test_an_outage_of_hours_is_waited_out_and_shown_meanwhile(world, release):
    order_id, begun = release("1", *unreachable(1_000)), world.clock()

    for _ in range(30):
        world.wait(minutes=10)

    (row,) = world.store.queries.waiting_for_warehouse(ROOT, limit=9)
    detail = world.detail(order_id)
    assert (row.order_id, row.number, row.fulfilment) == (order_id, detail.order.number, detail.fulfilment.number)
    assert (row.warehouse, row.shop_id, row.reason, row.since) == (MAIN, detail.order.shop_id, "unreachable", begun)
    assert timedelta(0) < row.next_at - world.clock() <= timedelta(minutes=10)
    assert (detail.waits.waits_since, detail.waits.reason, detail.waits.next_at) == (begun, "unreachable", row.next_at)
    assert world.parked() == []

    world.warehouse.trouble = []
    world.wait(minutes=10)

    assert (waiting(world), world.detail(order_id).waits) == ([], None)
    assert (world.order(order_id).progress, len(world.warehouse.sent)) == ("accepted", 1)


def test_the_list_is_by_warehouse_and_shop_and_without_what_is_called_off(world, release):
    first, second = release("1", *unreachable(1)), release("2", *unreachable(99))
    world.give(CancelOrder, second)

    assert world.state(second) is S.CANCELLED
    assert waiting(world) == waiting(world, warehouse=MAIN) == [(first, "unreachable")]
    assert waiting(world, warehouse="EAST") == []
    stranger = evolve(ROOT, shops=frozenset())
    assert world.store.queries.waiting_for_warehouse(stranger, limit=9) == ()


def test_what_a_person_must_see_to_says_so_and_many_are_sent_again_at_once(world, release):
    order_ids = [release(number, AuthorisationExpired(reason="25")) for number in "12"]
    rows = world.store.queries.waiting_for_warehouse(ROOT, limit=9)
    assert [(row.order_id, row.reason, row.next_at) for row in rows] == [(id, "25", None) for id in order_ids]
    assert [handler for handler, _ in world.parked()] == ["shipping.send"] * 2

    def again(**wanted):
        return world.job_service.redrive_parked(RedriveParked(by=wanted.pop("by", ROOT), **wanted)).count

    assert (again(handler="shipping.stop_short"), again(warehouse="EAST")) == (0, 0)
    by = evolve(ROOT, once=Once(client="c", key="k", digest="d"))
    assert again(handler="shipping.send", warehouse=MAIN, by=by) == 2
    assert again(handler="shipping.send", warehouse=MAIN, by=by) == 2  # the same ask, answered again
    world.settle()

    assert (again(), waiting(world), world.parked()) == (0, [], [])
    assert [world.order(id).progress for id in order_ids] == ["accepted", "accepted"]


def test_what_waits_for_the_warehouse_to_stop_is_work_about_that_warehouse(world, release):
    order_id = release("1")
    world.warehouse.trouble = unreachable(99)
    world.give(CancelOrder, order_id)
    for _ in range(9):
        world.wait(minutes=10)

    def about(warehouse):
        return [row.handler for row in world.store.queries.parked_jobs(ROOT, limit=9, warehouse=warehouse)]

    assert (about(MAIN), about("EAST")) == (["stopping.ask"], [])
