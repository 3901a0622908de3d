"""Orders that are stopped, replaced and handed over, on every store: what is stored holds together afterwards."""

import pytest
from tests.adapters.db.stored import StoredWorld
from tests.app.world import ROOT

from oms_app.order_moves import CancelRest, HandOverOrder, UnreviewOrder
from oms_app.orders import CancelOrder, HoldOrder
from oms_app.ports.wms import DocumentNumber, Parcel, ParcelsLeft, Stop, StopAnswer
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, SCARF, a_standard_order

PICKED_UP = "5"


@pytest.fixture
def world(backend):
    return StoredWorld(backend.store, backend.clock, backend.new_id)


@pytest.fixture
def at_warehouse(world):
    """Return how to bring an order of two scarves and a hat to the warehouse."""
    shop = world.a_shop()
    world.receive(SCARF, HAT)

    def bring(number):
        if number == PICKED_UP:
            order_id = world.a_pickup(shop)
        else:
            order_id = world.an_order(shop, a_standard_order(order_no=number))
        if world.state(order_id) is S.AWAITING_ALLOCATION:
            world.settle()
        world.at_warehouse(order_id)
        return order_id

    return bring


def test_what_is_stored_holds_together_whatever_was_stopped(world, at_warehouse):
    cancelled, replaced, waiting, part, handed = map(at_warehouse, ("1", "2", "3", "4", PICKED_UP))
    parcel = Parcel(carrier="ZTO", tracking_no="T1", contents=((SCARF, 2),))
    number = world.detail(part).fulfilment.number
    world.is_told(
        ParcelsLeft(report_id="1", number=DocumentNumber(number), at=world.clock(), parcels=(parcel,), final=True)
    )

    world.give(CancelOrder, cancelled, reason="不要了")
    world.give(UnreviewOrder, replaced, reason="改地址")
    world.give(CancelRest, part, reason="缺货")
    world.give(HandOverOrder, handed)
    world.warehouse.stops = StopAnswer(outcome=Stop.NO_ANSWER, reason="timeout")
    world.give(CancelOrder, waiting)

    (new,) = world.order(replaced).heirs
    states = {world.state(order_id) for order_id in (cancelled, replaced)}
    assert states == {S.CANCELLED}
    assert (world.state(new), world.order(new).origins) == (S.AWAITING_CS_REVIEW, (replaced,))
    assert [line.from_line for line in world.order(new).lines] == [line.id for line in world.order(replaced).lines]
    assert (world.state(part), [line.called_off for line in world.order(part).lines]) == (S.SHIPPED, [0, 1])
    assert world.state(handed) is S.SIGNED
    assert [str(flag.kind) for flag in world.order(waiting).flags] == ["cancel_pending"]
    assert (world.units(SCARF), world.units(HAT)) == ((96, 4), (99, 2))
    assert world.findings() == []


def test_a_flag_with_an_end_is_stored_with_it(world, at_warehouse):
    order_id = world.an_order(world.a_shop("tb-2"), a_standard_order(order_no="9"))
    until = world.clock.now.replace(year=2030)

    world.give(HoldOrder, order_id, reason="等", until=until)

    (flag,) = world.order(order_id).flags
    assert (flag.until, flag.by) == (until, ROOT.id)
