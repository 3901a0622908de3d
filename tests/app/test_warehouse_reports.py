"""What warehouses push: kept once, booked once, and shown to a person where it does not fit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve
from tests.app.world import ROOT

from oms_app.catalog import PutSku
from oms_app.order_moves import UnreviewOrder
from oms_app.orders import ApproveOrder, CancelOrder, PassInterception, ReleaseOrder
from oms_app.ports.channels import RetryLater
from oms_app.ports.transaction import NumberUnknown
from oms_app.ports.wms import (
    Counted,
    DocumentNumber,
    Dropped,
    FellShort,
    Grade,
    Parcel,
    ParcelsLeft,
    ReturnReceived,
    StockDiffers,
    Stop,
    StopAnswer,
    StopOrder,
    Worked,
)
from oms_app.reports import BookKept
from oms_app.splitting import Wanted
from oms_app.stopping import ConfirmStop
from oms_domain.catalog.sku import SkuFacts
from oms_domain.fulfilment.fulfilment_order import FulfilmentState, WriteBack
from oms_domain.fulfilment.reports import ReportId, ReportNotFound
from oms_domain.kernel.errors import Denied
from oms_domain.kernel.identity import WarehouseCode
from oms_domain.orders.asks import Ask
from oms_domain.orders.flags import EarlierMayShip
from oms_domain.orders.moves import moves_of
from oms_domain.orders.states import OrderState as S
from oms_domain.orders.stopping import CLOSED_SHORT, SILENT
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_order, an_id


@pytest.fixture
def order_id(world):
    """An order of two scarves and a hat, with the warehouse."""
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    world.at_warehouse(order_id)
    return order_id


@pytest.fixture
def facts(world, order_id):
    """What every report about the order says."""
    return {"number": DocumentNumber(world.warehouse.sent[-1].number), "at": world.clock()}


def a_parcel(number, *contents):
    return Parcel(carrier="ZTO", tracking_no=f"T{number}", contents=contents)


def counted(*units):
    return tuple(Counted(sku=sku, units=count) for sku, count in units)


def packed(world, order_id):
    """Return the contents of the order's parcels by SKU, by tracking number."""
    detail = world.detail(order_id)
    skus = {line.id: line.sku for line in detail.order.lines}
    packages = detail.fulfilment.packages if detail.fulfilment else ()
    return {p.tracking_no: {skus[line_id]: int(units) for line_id, units in p.contents} for p in packages}


def flags(world, order_id):
    return {flag.reason for flag in world.order(order_id).flags}


# --- parcels ---------------------------------------------------------------------------------------------------------


def test_several_parcels_of_one_report_are_booked_together(world, order_id, facts):
    world.is_told(ParcelsLeft(report_id="1", parcels=(a_parcel(1, (SCARF, 2)), a_parcel(2, (HAT, 1))), **facts))

    assert world.state(order_id) is S.SHIPPED
    assert packed(world, order_id) == {"T1": {SCARF: 2}, "T2": {HAT: 1}}
    assert (world.units(SCARF), world.units(HAT)) == ((98, 0), (99, 0))
    assert [notice.tracking_no for notice in world.platform.notices] == ["T1", "T2"]
    assert world.kept() == [("booked", "")]


def test_parts_follow_each_other_and_the_order_is_shipped_with_the_last(world, order_id, facts):
    part = ParcelsLeft(report_id="1", parcels=(a_parcel(1, (SCARF, 1)),), final=False, **facts)

    world.is_told(part)
    assert (world.state(order_id), world.units(SCARF)) == (S.PARTIALLY_SHIPPED, (99, 1))
    world.is_told(evolve(part, report_id="2", parcels=(a_parcel(2, (SCARF, 1), (HAT, 1)),), final=True))

    assert world.state(order_id) is S.SHIPPED
    assert (world.units(SCARF), world.units(HAT)) == ((98, 0), (99, 0))
    assert flags(world, order_id) == set()


def test_what_left_the_shelf_counts_and_not_what_the_parcels_say(world, order_id, facts):
    report = ParcelsLeft(
        report_id="1",
        parcels=(a_parcel(1, (SCARF, 5)),),
        counted=counted((SCARF, 2), (HAT, 1)),
        **facts,
    )

    world.is_told(report)

    assert packed(world, order_id) == {"T1": {SCARF: 2, HAT: 1}}
    assert world.state(order_id) is S.SHIPPED


def test_the_same_report_again_does_nothing_and_is_no_news(world, order_id, facts):
    report = ParcelsLeft(report_id="1", parcels=(a_parcel(1),), **facts)

    assert world.is_told(report, report, evolve(report, at=world.clock())) == [True, False, False]

    assert world.units(SCARF) == (98, 0)
    assert world.kept() == [("booked", "")]


def test_the_same_parcels_under_another_code_are_booked_once(world, order_id, facts):
    report = ParcelsLeft(report_id="1", parcels=(a_parcel(1, (SCARF, 2), (HAT, 1)),), **facts)

    world.is_told(report, evolve(report, report_id="2"))

    assert world.units(SCARF) == (98, 0)
    assert world.kept() == [("booked", ""), ("booked", "")]
    assert world.differences() == []


def test_a_warehouse_that_tells_all_again_with_each_part_is_understood(world, order_id, facts):
    first = a_parcel(1, (SCARF, 1))
    world.is_told(ParcelsLeft(report_id="1", parcels=(first,), counted=counted((SCARF, 1)), final=False, **facts))

    world.is_told(
        ParcelsLeft(
            report_id="2",
            parcels=(first, a_parcel(2, (SCARF, 1), (HAT, 1))),
            counted=counted((SCARF, 2), (HAT, 1)),
            **facts,
        )
    )

    assert packed(world, order_id) == {"T1": {SCARF: 1}, "T2": {SCARF: 1, HAT: 1}}
    assert world.state(order_id) is S.SHIPPED


def test_a_parcel_with_other_contents_than_before_is_a_discrepancy(world, order_id, facts):
    report = ParcelsLeft(report_id="1", parcels=(a_parcel(1, (SCARF, 1)),), final=False, **facts)
    world.is_told(report)

    world.is_told(evolve(report, report_id="2", parcels=(a_parcel(1, (SCARF, 2)),)))

    assert world.differences() == [(order_id, "partially_shipped", "parcels_left", "fulfilment.parcel_differs")]
    assert world.kept()[-1] == ("refused", "fulfilment.parcel_differs (tracking_no=T1)")
    assert world.units(SCARF) == (99, 1)


def test_more_than_was_asked_for_is_refused_whole(world, order_id, facts):
    before = world.order(order_id)

    world.is_told(ParcelsLeft(report_id="1", parcels=(a_parcel(1, (SCARF, 2)), a_parcel(2, (HAT, 2))), **facts))

    assert world.order(order_id) == before
    assert world.units(SCARF) == (100, 2)
    assert world.differences() == [(order_id, "in_warehouse", "parcels_left", "fulfilment.ships_more_than_asked")]
    assert world.kept() == [("refused", "fulfilment.ships_more_than_asked (sku=HAT-M, to_ship=1, units=2)")]


def test_a_part_of_which_nobody_knows_what_it_is_is_refused(world, order_id, facts):
    world.is_told(ParcelsLeft(report_id="1", parcels=(a_parcel(1),), final=False, **facts))

    assert world.state(order_id) is S.IN_WAREHOUSE
    assert world.kept() == [("refused", "fulfilment.contents_unknown")]


def test_a_parcel_without_contents_is_kept_and_the_platform_not_told_that_it_is_the_order(world, order_id, facts):
    world.is_told(ParcelsLeft(report_id="1", parcels=(a_parcel(1, (SCARF, 2), (HAT, 1)), a_parcel(2)), **facts))

    assert world.state(order_id) is S.SHIPPED
    assert packed(world, order_id) == {"T2": {}, "T1": {SCARF: 2, HAT: 1}}
    assert [notice.tracking_no for notice in world.platform.notices] == ["T1"]
    unknown, known = world.detail(order_id).fulfilment.packages
    assert (unknown.write_back, unknown.write_back_reason) == (WriteBack.REFUSED, "parcel_without_contents")
    assert known.write_back is WriteBack.DONE


def test_a_warehouse_that_closes_an_order_short_leaves_the_rest_to_a_person(world, order_id, facts):
    world.is_told(ParcelsLeft(report_id="1", parcels=(a_parcel(1, (SCARF, 2)),), **facts))

    assert (world.state(order_id), flags(world, order_id)) == (S.PARTIALLY_SHIPPED, {CLOSED_SHORT})


def test_the_rest_that_is_found_after_all_needs_nobody_any_more(world, order_id, facts):
    report = ParcelsLeft(report_id="1", parcels=(a_parcel(1, (SCARF, 2)),), **facts)

    world.is_told(report, evolve(report, report_id="2", parcels=(a_parcel(2, (HAT, 1)),)))

    assert (world.state(order_id), flags(world, order_id)) == (S.SHIPPED, set())


# --- milestones, shortage, letting go --------------------------------------------------------------------------------


def test_milestones_told_out_of_order_never_go_back(world, order_id, facts):
    for place, progress in enumerate(("picked", "accepted", "packed", "printed")):
        world.is_told(Worked(report_id=str(place), progress=progress, **facts))

    assert world.order(order_id).progress == "packed"
    assert world.facts(order_id).count("order_progressed") == 3


def test_a_milestone_told_after_the_parcel_changes_nothing(world, order_id, facts):
    world.is_told(ParcelsLeft(report_id="1", parcels=(a_parcel(1),), **facts))
    before = world.order(order_id)

    world.is_told(Worked(report_id="2", progress="packed", **facts))

    assert world.order(order_id) == before
    assert world.kept()[-1] == ("booked", "")


def test_a_shortage_sends_the_order_back_to_review_and_stops_the_warehouse(world, order_id, facts):
    world.is_told(FellShort(report_id="1", missing=((HAT, 1),), reason="系统报缺", **facts))

    order = world.order(order_id)
    assert (order.state, flags(world, order_id), order.fulfilment_id) == (S.AWAITING_CS_REVIEW, {"系统报缺"}, None)
    (fulfilment,) = world.store.tables.fulfilments.values()
    assert fulfilment.state is FulfilmentState.CANCELLED
    assert world.warehouse.stopped == [StopOrder(number=fulfilment.number, warehouse=MAIN, reason="系统报缺")]
    assert world.units(HAT) == (100, 1)  # still held: the order is alive


@pytest.fixture
def not_stopped(world, order_id, facts):
    """The order, short in a warehouse that would not stop, and approved anew."""
    world.warehouse.stops = StopAnswer(outcome=Stop.NOT_STOPPED, reason="已出库")
    world.is_told(FellShort(report_id="1", missing=((HAT, 1),), reason="系统报缺", **facts))
    world.give(PassInterception, order_id, reason="已补货")
    world.give(ApproveOrder, order_id)
    assert [(theirs, what) for _, _, theirs, what in world.differences()] == [("已出库", "fulfilment.not_stopped")]
    return order_id


def test_what_a_warehouse_would_not_stop_is_not_released_a_second_time(world, not_stopped, facts):
    with pytest.raises(EarlierMayShip) as refusal:
        world.give(ReleaseOrder, not_stopped)
    with pytest.raises(EarlierMayShip):
        world.give(CancelOrder, not_stopped)

    assert refusal.value.number == facts["number"]
    closed = dict(moves_of(world.order(not_stopped)).closed)
    assert (type(closed[Ask.RELEASE]), closed[Ask.RELEASE].fields()) == (EarlierMayShip, refusal.value.fields())
    assert len(world.warehouse.sent) == 1
    world.give(UnreviewOrder, not_stopped)
    with pytest.raises(EarlierMayShip):
        world.split(not_stopped, {SCARF: 1})
    with pytest.raises(EarlierMayShip):  # or units would be given back that leave
        world.edit(not_stopped, quantities=(Wanted(sku=SCARF, units=1),))


def test_what_it_ships_all_the_same_is_the_orders_and_nothing_goes_in_its_place(world, not_stopped, facts):
    second = world.order(not_stopped).fulfilment_id

    world.is_told(ParcelsLeft(report_id="2", parcels=(a_parcel(1, (SCARF, 2)), a_parcel(2, (HAT, 1))), **facts))

    order = world.order(not_stopped)
    assert (order.state, order.contents, order.flags) == (S.SHIPPED, (), ())
    assert [package.tracking_no for package in world.detail(not_stopped).fulfilment.packages] == ["T1", "T2"]
    assert world.store.tables.fulfilments[second].state is FulfilmentState.CANCELLED
    assert (world.units(SCARF), world.units(HAT)) == ((98, 0), (99, 0))
    assert [notice.tracking_no for notice in world.platform.notices] == ["T1", "T2"]
    assert world.kept()[-1] == ("booked", "")


@pytest.mark.parametrize("say", ["a person", "the warehouse lets go"])
def test_known_not_to_leave_it_is_in_nobodys_way(world, not_stopped, facts, say):
    if say == "a person":
        world.give(ConfirmStop, not_stopped, reason="仓库来电")
    else:
        world.is_told(Dropped(report_id="2", reason="已关单", **facts))

    world.warehouse.stops = None
    world.give(ReleaseOrder, not_stopped)

    assert world.state(not_stopped) is S.IN_WAREHOUSE
    assert len(world.warehouse.sent) == 2


def test_what_leaves_when_another_goes_in_its_place_is_a_discrepancy_with_its_number(world, not_stopped, facts):
    world.give(ConfirmStop, not_stopped, reason="仓库来电")
    world.give(ReleaseOrder, not_stopped)

    world.is_told(ParcelsLeft(report_id="2", parcels=(a_parcel(1),), **facts))

    assert world.state(not_stopped) is S.IN_WAREHOUSE
    assert world.differences()[-1][2:] == (f"parcels_left {facts['number']}", "states.move_not_allowed")
    assert world.units(HAT) == (100, 1)


def test_what_leaves_in_part_although_it_was_called_off_is_a_discrepancy(world, not_stopped, facts):
    world.is_told(ParcelsLeft(report_id="2", parcels=(a_parcel(1, (SCARF, 2)),), final=False, **facts))

    assert world.state(not_stopped) is S.AWAITING_RELEASE
    assert world.kept()[-1][0] == "refused"


def test_what_leaves_from_where_the_order_holds_nothing_any_more_is_a_discrepancy(world, not_stopped, facts):
    order = world.store.tables.orders[not_stopped]
    world.store.tables.orders[not_stopped] = evolve(order, warehouse=WarehouseCode("EAST"))

    world.is_told(ParcelsLeft(report_id="2", parcels=(a_parcel(1),), **facts))

    assert world.state(not_stopped) is S.AWAITING_RELEASE
    assert world.kept()[-1][0] == "refused"


def test_once_the_warehouse_has_stopped_it_is_released_anew(world, order_id, facts):
    world.is_told(FellShort(report_id="1", missing=((HAT, 1),), reason="系统报缺", **facts))
    assert flags(world, order_id) == {"系统报缺"}  # it has stopped: only the shortage is to be looked at

    world.give(PassInterception, order_id, reason="已补货")
    world.give(ApproveOrder, order_id)
    world.give(ReleaseOrder, order_id)

    assert len({order.number for order in world.warehouse.sent}) == 2


def test_a_warehouse_that_does_not_say_whether_it_stopped_is_asked_again(world, order_id, facts):
    world.warehouse.stops = StopAnswer(outcome=Stop.NO_ANSWER, reason="timeout")
    world.is_told(FellShort(report_id="1", missing=((HAT, 1),), **facts))
    assert ("shipping.stop_short", "retry") in world.ended

    world.warehouse.stops = None
    world.wait(minutes=10)

    assert len(world.warehouse.stopped) == 1
    assert world.parked() == []


def test_a_warehouse_that_lets_go_of_an_order_gives_it_back(world, order_id, facts):
    world.is_told(Worked(report_id="1", progress="picked", **facts))

    world.is_told(Dropped(report_id="2", reason="包材不足", **facts))

    assert (world.state(order_id), flags(world, order_id)) == (S.AWAITING_RELEASE, {"包材不足"})
    world.give(PassInterception, order_id, reason="换箱")
    world.give(ReleaseOrder, order_id)
    assert world.state(order_id) is S.IN_WAREHOUSE


def test_a_shortage_after_a_parcel_has_left_is_a_discrepancy(world, order_id, facts):
    world.is_told(ParcelsLeft(report_id="1", parcels=(a_parcel(1, (SCARF, 2)),), final=False, **facts))

    world.is_told(FellShort(report_id="2", missing=((HAT, 1),), **facts))

    assert world.state(order_id) is S.PARTIALLY_SHIPPED
    assert world.differences() == [(order_id, "partially_shipped", "fell_short", "states.move_not_allowed")]


# --- documents that are not ours, and kinds that nobody books --------------------------------------------------------


def test_a_report_of_a_number_that_is_not_ours_is_kept_for_a_person(world, order_id, facts):
    world.is_told(Worked(report_id="1", progress="picked", **facts | {"number": DocumentNumber("F0")}))

    assert world.kept() == [("unplaced", NumberUnknown.code)]


def test_a_warehouse_does_not_speak_for_another(world, order_id, facts):
    world.is_told(Dropped(report_id="1", reason="x", **facts), warehouse=WarehouseCode("EAST"))

    assert world.kept() == [("unplaced", "fulfilment.other_warehouse")]
    assert world.state(order_id) is S.IN_WAREHOUSE


def test_one_report_id_of_two_warehouses_is_two_reports(world, order_id, facts):
    report = Worked(report_id="1", progress="picked", **facts)

    assert world.is_told(report) == world.is_told(report, warehouse=WarehouseCode("EAST")) == [True]


def test_a_return_that_nobody_asked_for_is_kept_for_a_person(world, facts):
    world.is_told(ReturnReceived(report_id="1", counted=counted((SCARF, 1)), **facts))

    assert world.kept() == [("unplaced", "returns.number_unknown")]


# --- stock -----------------------------------------------------------------------------------------------------------


def test_what_a_count_finds_or_misses_is_booked_once(world, facts):
    world.is_told(
        StockDiffers(
            report_id="1",
            counted=(
                Counted(sku=SCARF, units=3),
                Counted(sku=HAT, units=-1),
                Counted(sku=HAT, units=5, grade=Grade.DEFECTIVE),
            ),
            **facts,
        )
    )

    assert (world.units(SCARF), world.units(HAT)) == ((103, 2), (99, 1))
    assert world.kept() == [("booked", "")]


def test_a_count_below_what_is_held_is_refused_whole_and_can_be_booked_later(world, facts):
    report = StockDiffers(report_id="1", counted=(Counted(sku=SCARF, units=5), Counted(sku=HAT, units=-100)), **facts)
    world.is_told(report)
    assert world.kept() == [("refused", "inventory.stock_below_reserved (sku=HAT-M, warehouse=MAIN)")]
    assert (world.units(SCARF), world.units(HAT)) == ((100, 2), (100, 1))

    world.receive(HAT, units=50)
    (kept,) = world.store.tables.reports.values()
    answer = world.reports.book(BookKept(report_id=kept.id, by=ROOT))

    assert (answer.state, answer.reason) == ("booked", "")
    assert (world.units(SCARF), world.units(HAT)) == ((105, 2), (50, 1))
    world.reports.book(BookKept(report_id=kept.id, by=ROOT))  # booked already
    assert world.units(HAT) == (50, 1)


def test_a_count_of_what_nobody_knows_makes_no_stock_and_waits_until_somebody_does(world, order_id, facts):
    world.is_told(StockDiffers(report_id="1", counted=counted((SCARF, 3), ("NEW", 7), ("NEWER", 9)), **facts))

    assert world.kept() == [("refused", "wms.unknown_items (skus=[NEW, NEWER])")]
    assert world.all_units() == {SCARF: (103, 2), HAT: (100, 1)}

    (kept,) = world.store.tables.reports.values()
    for known, reason, units in (
        ("NEW", "wms.unknown_items (skus=[NEWER])", [(7, 0), (0, 0)]),
        ("NEWER", "", [(7, 0), (9, 0)]),
    ):
        world.catalog.put_sku(PutSku(code=known, facts=SkuFacts(title="样例"), by=ROOT))
        for _ in range(2):
            answer = world.reports.book(BookKept(report_id=kept.id, by=ROOT))
        assert (answer.state, answer.reason) == ("refused" if reason else "booked", reason)
        assert [world.units(sku) for sku in ("NEW", "NEWER")] == units
    assert world.units(SCARF) == (103, 2)  # once


def test_a_count_of_nothing_but_what_nobody_knows_is_booked_when_it_is_known(world, facts):
    world.is_told(StockDiffers(report_id="1", counted=counted(("NEW", 7)), **facts))
    world.catalog.put_sku(PutSku(code="NEW", facts=SkuFacts(title="样例"), by=ROOT))

    (kept,) = world.store.tables.reports.values()
    assert world.reports.book(BookKept(report_id=kept.id, by=ROOT)).state == "booked"
    assert world.units("NEW") == (7, 0)


def test_another_content_under_the_same_id_is_kept_for_a_person_and_not_booked(world, order_id, facts):
    first = StockDiffers(report_id="1", counted=counted((SCARF, 3)), **facts)
    other = evolve(first, counted=counted((SCARF, 30)))
    later = evolve(first, at=world.clock() + timedelta(minutes=1))  # a message without a time, sent again

    assert world.is_told(first, later, other, other) == [True, False, False, False]

    assert world.kept() == [("booked", ""), ("refused", "wms.other_content")]
    assert world.units(SCARF) == (103, 2)
    shown = world.store.tables.reports
    (wrong,) = [kept for kept in shown.values() if kept.state == "refused"]
    assert wrong.report.counted == other.counted
    world.reports.book(BookKept(report_id=wrong.id, by=ROOT))  # a person has looked
    assert world.units(SCARF) == (133, 2)


def test_units_that_a_count_finds_are_what_a_waiting_order_waits_for(world):
    shop = world.a_shop()
    world.receive(SCARF, units=1)
    world.catalog.put_sku(PutSku(code=HAT, facts=SkuFacts(title="样例"), by=ROOT))
    order_id = world.an_order(shop, a_standard_order())
    assert world.state(order_id) is S.BACKORDERED

    world.is_told(
        StockDiffers(
            report_id="1", number=DocumentNumber("CK1"), at=world.clock(), counted=counted((SCARF, 2), (HAT, 1))
        )
    )

    assert world.state(order_id) is S.AWAITING_CS_REVIEW


# --- silence, and who may --------------------------------------------------------------------------------------------


def test_a_warehouse_that_says_nothing_for_two_days_is_shown_until_it_speaks(world, order_id, facts):
    world.watch_silence()
    world.wait(hours=47)
    assert flags(world, order_id) == set()

    world.wait(hours=2)
    assert (world.state(order_id), flags(world, order_id)) == (S.IN_WAREHOUSE, {SILENT})

    world.is_told(Worked(report_id="1", progress="picked", **facts))
    assert flags(world, order_id) == set()


def test_an_order_that_was_never_taken_is_shown_too(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    world.warehouse.trouble = [RetryLater(reason="timeout")] * 100
    world.watch_silence()
    world.give(ApproveOrder, order_id)
    world.give(ReleaseOrder, order_id)

    for _ in range(60):
        world.wait(hours=1)

    assert flags(world, order_id) == {SILENT}
    assert world.parked() == []  # it is tried on


def test_only_those_who_see_every_shop_book_reports(world, order_id, facts):
    world.is_told(Worked(report_id="1", progress="picked", **facts))
    (kept,) = world.store.tables.reports.values()
    stranger = evolve(ROOT, shops=frozenset())

    with pytest.raises(Denied):
        world.reports.book(BookKept(report_id=kept.id, by=stranger))
    assert world.store.queries.wms_reports(stranger, states=(), after=None, limit=10) == ()


def test_a_report_that_is_not_there_is_not_found(world):
    with pytest.raises(ReportNotFound):
        world.reports.book(BookKept(report_id=ReportId(an_id(9)), by=ROOT))
