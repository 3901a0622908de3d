"""The buyer's side of an order: its state in the buyer's words, and one line for each step on its way."""

from __future__ import annotations

import pytest
from tests.app.test_tracking import told
from tests.app.world import ROOT

from oms_app.buyer import ReadBuyerView
from oms_app.orders import CancelOrder, CompleteOrder, SignOrder
from oms_app.ports.transaction import OrderNotFound
from oms_app.ports.wms import DocumentNumber, Parcel, ParcelsLeft, Worked
from oms_app.shops import ChangePolicy
from oms_domain.fulfilment.tracking import ParcelProgress as P
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.buyer import BuyerState as B
from oms_domain.orders.buyer import StepKind as K
from oms_domain.orders.buyer import TrackingStep
from oms_domain.shops.shop import ShopPolicy
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_order


@pytest.fixture
def shop(world):
    world.receive(SCARF, HAT)
    return world.a_shop()


@pytest.fixture
def order_id(world, shop):
    return world.an_order(shop, a_standard_order())


def seen(world, order_id):
    return world.buyer_views.of(ReadBuyerView(order_id=order_id, by=ROOT))


def steps(world, order_id):
    return [step.kind for step in seen(world, order_id).steps]


def test_an_order_in_preparation_says_where_and_the_buyer_awaits_shipment(world, order_id):
    view = seen(world, order_id)

    order = world.order(order_id)
    assert (view.state, view.in_aftersales) == (B.TO_SHIP, False)
    assert view.steps == (
        TrackingStep(at=order.placed_at, kind=K.PLACED),
        TrackingStep(at=order.paid_at, kind=K.PAID),
        TrackingStep(at=world.clock(), kind=K.PREPARING, warehouse=MAIN),
    )


def test_each_step_to_the_door_is_told_once(world, order_id):
    sent = world.at_warehouse(order_id)
    number = DocumentNumber(sent.number)
    for at, progress in enumerate(("accepted", "waved", "packed")):
        world.is_told(Worked(report_id=f"p{at}", number=number, at=world.clock(), progress=progress))
        world.clock.forward(minutes=1)
    parcel = Parcel(carrier="ZTO", tracking_no="A", contents=((SCARF, 2), (HAT, 1)))
    world.is_told(ParcelsLeft(report_id="1", number=number, at=world.clock(), parcels=(parcel,)))
    told(world, "A", (1, P.PICKED_UP), (2, P.SIGNED))
    world.clock.forward(hours=3)
    world.give(SignOrder, order_id)
    world.give(CompleteOrder, order_id)

    view = seen(world, order_id)

    assert view.state is B.SUCCEEDED
    assert steps(world, order_id) == [
        K.PLACED,
        K.PAID,
        K.PREPARING,
        K.ACCEPTED,
        K.PACKED,
        K.SHIPPED,
        K.PICKED_UP,
        K.SIGNED,
        K.COMPLETED,
    ]
    shipped = next(step for step in view.steps if step.kind is K.SHIPPED)
    assert (shipped.carrier, shipped.tracking_no) == ("ZTO", "A")


def test_what_the_carrier_has_not_told_we_tell(world, order_id):
    sent = world.at_warehouse(order_id)
    parcel = Parcel(carrier="ZTO", tracking_no="A", contents=((SCARF, 2), (HAT, 1)))
    world.is_told(ParcelsLeft(report_id="1", number=DocumentNumber(sent.number), at=world.clock(), parcels=(parcel,)))
    world.clock.forward(hours=1)

    world.give(SignOrder, order_id)

    assert steps(world, order_id)[-1] is K.SIGNED
    assert seen(world, order_id).steps[-1].at == world.clock()


def test_a_shop_may_show_what_was_cancelled_as_closed(world, shop, order_id):
    world.give(CancelOrder, order_id, reason="不要了")
    assert (seen(world, order_id).state, steps(world, order_id)[-1]) == (B.CANCELLED, K.CANCELLED)

    world.shops.change_policy(ChangePolicy(shop_id=shop.id, policy=ShopPolicy(cancelled_as_closed=True), by=ROOT))

    assert seen(world, order_id).state is B.CLOSED


def test_of_an_order_that_was_split_the_parts_are_seen(world, order_id):
    parts = world.split(order_id, {SCARF: 1})

    view = seen(world, order_id)

    assert (view.state, list(view.heirs)) == (None, parts)
    assert [seen(world, part).state for part in parts] == [B.TO_SHIP] * 2


def test_what_is_not_there_is_not_seen(world):
    with pytest.raises(OrderNotFound):
        seen(world, OrderId(world.new_id()))
