"""What carriers tell of parcels: kept once, shown on the order, and signing it only where the shop wants that."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.app.world import ROOT

from oms_app.ports.wms import DocumentNumber, Parcel, ParcelsLeft
from oms_app.shops import ChangePolicy
from oms_app.tracking import BookTraces
from oms_domain.fulfilment.tracking import ParcelProgress as P
from oms_domain.fulfilment.tracking import Trace
from oms_domain.orders.states import OrderState as S
from oms_domain.shops.shop import ShopPolicy
from oms_domain.testing.builders import HAT, SCARF, a_standard_order


@pytest.fixture
def shop(world):
    return world.a_shop()


@pytest.fixture
def order_id(world, shop):
    """An order that has left in two parcels, A and B."""
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    sent = world.at_warehouse(order_id)
    parcels = (
        Parcel(carrier="ZTO", tracking_no="A", contents=((SCARF, 2),)),
        Parcel(carrier="ZTO", tracking_no="B", contents=((HAT, 1),)),
    )
    world.is_told(ParcelsLeft(report_id="1", number=DocumentNumber(sent.number), at=world.clock(), parcels=parcels))
    return order_id


def told(world, tracking_no, *traces):
    """Book what a carrier tells: hours after now, and progress."""
    at = [
        Trace(at=world.clock() + timedelta(hours=hours), progress=progress, text=f"{progress} 10000000001")
        for hours, progress in traces
    ]
    return world.tracking.book(BookTraces(tracking_no=tracking_no, traces=tuple(at), by=ROOT))


def signs_by_carrier(world, shop):
    world.shops.change_policy(ChangePolicy(shop_id=shop.id, policy=ShopPolicy(sign_by_carrier=True), by=ROOT))


def shown(world, order_id):
    return [(each.tracking_no, each.trace.progress) for each in world.store.queries.traces(ROOT, order_id)]


def test_the_whole_history_told_again_and_again_stands_once(world, order_id):
    told(world, "A", (1, P.PICKED_UP))
    told(world, "A", (1, P.PICKED_UP), (2, P.IN_TRANSIT))
    told(world, "A", (1, P.PICKED_UP), (2, P.IN_TRANSIT))

    assert shown(world, order_id) == [("A", P.PICKED_UP), ("A", P.IN_TRANSIT)]
    assert world.order(order_id).progress == "in_transit"
    assert world.facts(order_id).count("order_progressed") == 3  # accepted by the warehouse, and two of the carrier


def test_numbers_in_a_carriers_text_are_masked(world, order_id):
    told(world, "A", (1, P.OUT_FOR_DELIVERY))

    (trace,) = world.store.queries.traces(ROOT, order_id)
    assert trace.trace.text == "out_for_delivery ***********"


def test_what_is_told_late_does_not_set_the_order_back(world, order_id):
    told(world, "A", (3, P.OUT_FOR_DELIVERY))

    told(world, "A", (1, P.PICKED_UP))

    assert world.order(order_id).progress == "out_for_delivery"
    assert shown(world, order_id) == [("A", P.PICKED_UP), ("A", P.OUT_FOR_DELIVERY)]


def test_a_carriers_word_signs_nothing_unless_the_shop_wants_it(world, order_id):
    told(world, "A", (1, P.SIGNED))
    told(world, "B", (1, P.SIGNED))

    assert (world.state(order_id), world.order(order_id).progress) == (S.SHIPPED, "signed")


def test_an_order_is_signed_when_its_last_parcel_is(world, shop, order_id):
    signs_by_carrier(world, shop)

    told(world, "A", (1, P.SIGNED))
    assert world.state(order_id) is S.SHIPPED
    told(world, "B", (2, P.SIGNED))

    assert world.state(order_id) is S.SIGNED


def test_a_parcel_that_comes_back_after_all_is_not_signed(world, shop, order_id):
    signs_by_carrier(world, shop)
    told(world, "A", (1, P.SIGNED), (2, P.RETURNING))

    told(world, "B", (3, P.SIGNED))

    assert world.state(order_id) is S.SHIPPED


def test_an_order_that_is_over_keeps_its_state_and_the_traces_all_the_same(world, shop, order_id):
    signs_by_carrier(world, shop)
    told(world, "A", (1, P.SIGNED))
    told(world, "B", (1, P.SIGNED))
    before = world.order(order_id)

    told(world, "B", (2, P.PROBLEM))

    assert world.order(order_id) == before
    assert ("B", P.PROBLEM) in shown(world, order_id)


def test_the_last_life_of_a_tracking_number_is_none_of_ours(world, order_id):
    told(world, "A", (-24 * 30, P.SIGNED), (1, P.PICKED_UP))

    assert shown(world, order_id) == [("A", P.PICKED_UP)]


def test_a_number_that_nobody_knows_is_nobodys(world, order_id):
    assert told(world, "Z", (1, P.SIGNED)) == 0
    assert told(world, "A", (1, P.PICKED_UP)) == 1
