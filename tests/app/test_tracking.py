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


OURS = {"company": "zhongtong", "carriers": ("ZTO",), "others": ("YTO", "SF")}
YTO = {"company": "yuantong", "carriers": ("YTO",), "others": ("ZTO", "SF")}
UNKNOWN = {"company": "x", "carriers": (), "others": ()}


def told(world, tracking_no, *traces, **carrier):
    """Book what a carrier tells: hours after now, and progress."""
    at = [
        Trace(at=world.clock() + timedelta(hours=hours), progress=progress, text=f"{progress} 10000000001")
        for hours, progress in traces
    ]
    return world.tracking.book(BookTraces(tracking_no=tracking_no, traces=tuple(at), **(OURS | carrier), by=ROOT))


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


# --- whose parcel it is ----------------------------------------------------------------------------------------------


def leave(world, order_id, *parcels):
    """The warehouse says that parcels have left: carrier, number, contents."""
    sent = world.at_warehouse(order_id)
    left = tuple(
        Parcel(carrier=carrier, tracking_no=number, contents=contents) for carrier, number, contents in parcels
    )
    number = DocumentNumber(sent.number)
    world.is_told(ParcelsLeft(report_id=f"of {number}", number=number, at=world.clock(), parcels=left))


ALL = ((SCARF, 2), (HAT, 1))


def test_another_carriers_parcel_of_the_same_number_is_left_alone(world, shop, order_id):
    signs_by_carrier(world, shop)
    other = world.an_order(shop, a_standard_order(order_no="other"))
    leave(world, other, ("YTO", "A", ALL))

    assert told(world, "A", (1, P.SIGNED), **YTO) == 1

    assert (world.state(other), world.state(order_id), shown(world, order_id)) == (S.SIGNED, S.SHIPPED, [])


def test_a_number_of_a_carrier_that_has_no_such_parcel_is_kept(world, order_id):
    assert told(world, "A", (1, P.SIGNED), **YTO) == 0
    assert shown(world, order_id) == []


def test_of_a_company_that_nobody_knows_the_number_alone_counts_if_one_parcel_has_it_and_that_is_said(
    world, shop, order_id
):
    assert told(world, "A", (1, P.PICKED_UP), **UNKNOWN) == 1
    (trace,) = world.store.queries.traces(ROOT, order_id)
    assert trace.trace.text.endswith("（仅按单号匹配）")

    other = world.an_order(shop, a_standard_order(order_no="other"))
    leave(world, other, ("YTO", "A", ALL))
    assert told(world, "A", (2, P.SIGNED), **UNKNOWN) == 0


def test_a_parcel_with_a_code_of_its_own_is_told_of_by_its_number(world, shop):
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    leave(world, order_id, ("OUR-VAN", "V", ALL))

    assert told(world, "V", (1, P.PICKED_UP)) == 1
    assert shown(world, order_id) == [("V", P.PICKED_UP)]


# --- told before it left ---------------------------------------------------------------------------------------------


def test_what_is_told_before_the_warehouse_does_is_taken_in_when_the_parcel_leaves(world, shop):
    signs_by_carrier(world, shop)
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    assert told(world, "N", (0, P.PICKED_UP)) == 0
    assert told(world, "N", (0, P.PICKED_UP), (1, P.SIGNED)) == 0

    leave(world, order_id, ("ZTO", "N", ALL))
    world.settle()

    assert shown(world, order_id) == [("N", P.PICKED_UP), ("N", P.SIGNED)]
    assert (world.state(order_id), world.parked()) == (S.SIGNED, [])
    with world.open(ROOT) as tx:
        assert tx.traces.kept("N") == ()


def test_what_was_told_of_another_carriers_parcel_waits_on(world, shop):
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    told(world, "N", (0, P.SIGNED), **YTO)

    leave(world, order_id, ("ZTO", "N", ALL))
    world.settle()

    assert shown(world, order_id) == []
    with world.open(ROOT) as tx:
        assert [push.company for push in tx.traces.kept("N")] == ["yuantong"]


def test_what_nobody_asks_for_in_a_week_is_kept_no_longer(world, shop):
    told(world, "N", (0, P.PICKED_UP))
    world.wait(days=7, seconds=1)

    told(world, "M", (0, P.PICKED_UP))

    with world.open(ROOT) as tx:
        assert (tx.traces.kept("N"), len(tx.traces.kept("M"))) == ((), 1)


# --- refused at the door ---------------------------------------------------------------------------------------------


def listed(world):
    return [(each.what, each.theirs) for each in world.store.queries.differences(ROOT, limit=10)]


@pytest.mark.parametrize("progress", [P.REFUSED, P.RETURNED, P.RETURNING])
def test_what_its_buyer_would_not_take_comes_back_where_the_carriers_word_counts(world, shop, order_id, progress):
    signs_by_carrier(world, shop)

    told(world, "A", (1, progress))
    assert (world.state(order_id), listed(world)) == (S.SHIPPED, [("delivery", progress)])
    told(world, "B", (2, P.REFUSED))

    assert world.state(order_id) is S.RETURNING


def test_else_a_refusal_is_a_discrepancy_once(world, order_id):
    told(world, "A", (1, P.REFUSED))
    told(world, "A", (1, P.REFUSED), (2, P.RETURNING))

    assert (world.state(order_id), listed(world)) == (S.SHIPPED, [("delivery", "refused")])
