"""Orders that somebody else has: asked to stop, they are cancelled, go on, or wait; never both shipped and refunded."""

import pytest
from attrs import evolve
from tests.app.world import ROOT, later

from oms_adapters.wms.simulated import SimulatedWarehouse
from oms_app.fulfilment import BookAcceptance, ReadShipment, Shipment
from oms_app.order_moves import CancelRest, HandOverOrder, RefuseDelivery, UnreviewOrder
from oms_app.orders import ApproveOrder, CancelOrder, ReleaseOrder, SignOrder
from oms_app.ports.channels import AuthorisationExpired, RateLimited, RetryLater, Unreachable
from oms_app.ports.wms import DocumentNumber, Dropped, FellShort, Parcel, ParcelsLeft, Stop, StopAnswer
from oms_app.stopping import ANSWERED, ASK_BY_HAND, STOPPED_ALL_THE_SAME, BookStopped, ConfirmStop, RefuseStop
from oms_app.wms_accounts import ConnectWarehouse
from oms_domain.channels.standard import LineRefund, OrderKind, PlatformState
from oms_domain.fulfilment.fulfilment_order import FulfilmentState
from oms_domain.fulfilment.wms_account import WmsKind, WmsTerms
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.orders.flags import EarlierMayShip, OrderFlaggedNow
from oms_domain.orders.moves import LeftWithoutUs, NoStopAsked, NotForAWarehouse, NotPickedUp
from oms_domain.orders.states import OrderState as S
from oms_domain.orders.stopping import SILENT
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_order

P = PlatformState
NO_ANSWER = StopAnswer(outcome=Stop.NO_ANSWER, reason="timeout")
NOT_KNOWN = StopAnswer(outcome=Stop.NOT_KNOWN, reason="单据不存在")
GOES_ON = StopAnswer(outcome=Stop.NOT_STOPPED, reason="已出库")


@pytest.fixture
def shop(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    return shop


@pytest.fixture
def order_id(world, shop):
    """An order of two scarves and a hat, with the warehouse."""
    order_id = world.an_order(shop, a_standard_order())
    world.at_warehouse(order_id)
    return order_id


def report(world, kind, **facts):
    number = DocumentNumber(world.warehouse.sent[-1].number)
    return kind(**{"report_id": "1", "number": number, "at": world.clock()} | facts)


def parcels(world, *contents, final=True, number="T1"):
    return report(
        world, ParcelsLeft, parcels=(Parcel(carrier="ZTO", tracking_no=number, contents=contents),), final=final
    )


def pending(world, order_id):
    flag = world.order(order_id).pending
    return flag and str(flag.kind)


def refunds(world, order_id):
    """Return what was told to be due to the buyer."""
    told = [envelope.event for envelope in world.store.tables.archive if envelope.stream == order_id]
    return [event.refund_due for event in told if hasattr(event, "refund_due")]


# --- the warehouse ---------------------------------------------------------------------------------------------------


def test_a_warehouse_that_stops_has_the_order_cancelled(world, order_id):
    answer = world.give(CancelOrder, order_id, reason="买家不要了")

    assert (answer.state, answer.flags) == (S.IN_WAREHOUSE, ("cancel_pending",))
    assert (world.state(order_id), world.units(SCARF)) == (S.CANCELLED, (100, 0))
    assert world.detail(order_id).fulfilment.state is FulfilmentState.CANCELLED
    assert refunds(world, order_id) == [world.order(order_id).paid]
    assert world.facts(order_id)[-2:] == ["order_stop_asked", "order_cancelled"]
    assert [stop.reason for stop in world.warehouse.stopped] == ["买家不要了"]


def test_a_warehouse_that_does_not_has_the_order_go_on(world, order_id):
    world.warehouse.stops = GOES_ON

    world.give(CancelOrder, order_id, reason="买家不要了")

    order = world.order(order_id)
    assert (order.state, order.flags, world.units(SCARF)) == (S.IN_WAREHOUSE, (), (100, 2))
    assert world.detail(order_id).log[-1].reason == "已出库"
    assert refunds(world, order_id) == []
    world.give(CancelOrder, order_id)  # and may be asked again
    assert world.facts(order_id).count("order_stop_asked") == 2


def test_without_an_answer_it_waits_is_asked_again_and_ends_on_a_work_list(world, order_id):
    world.warehouse.stops = NO_ANSWER
    world.give(CancelOrder, order_id)

    with pytest.raises(OrderFlaggedNow):
        world.give(CancelOrder, order_id)
    with pytest.raises(OrderFlaggedNow):
        world.give(UnreviewOrder, order_id)
    for _ in range(10):
        world.wait(minutes=10)

    assert (world.state(order_id), pending(world, order_id)) == (S.IN_WAREHOUSE, "cancel_pending")
    assert [handler for handler, _ in world.parked()] == ["stopping.ask"]
    assert world.ended.count(("stopping.ask", "retry")) == 7
    assert refunds(world, order_id) == []


@pytest.mark.parametrize(
    ("say", "state", "units"),
    [(ConfirmStop, S.CANCELLED, (100, 0)), (RefuseStop, S.IN_WAREHOUSE, (100, 2))],
)
def test_a_person_may_have_the_answer_by_telephone(world, order_id, say, state, units):
    world.warehouse.stops = NO_ANSWER
    world.give(CancelOrder, order_id)

    world.give(say, order_id, reason="仓库来电")

    assert (world.state(order_id), pending(world, order_id), world.units(SCARF)) == (state, None, units)
    with pytest.raises((NoStopAsked, MoveNotAllowed)):
        world.give(say, order_id)
    world.wait(minutes=1)
    assert world.parked() == []  # what was to be asked is settled


def test_a_parcel_that_leaves_before_the_answer_decides(world, order_id):
    world.warehouse.stops = NO_ANSWER
    world.give(CancelOrder, order_id)
    world.is_told(parcels(world))

    world.warehouse.stops = None
    world.wait(minutes=1)

    assert (world.state(order_id), pending(world, order_id)) == (S.SHIPPED, None)
    assert refunds(world, order_id) == []
    assert world.warehouse.stopped == []
    assert world.facts(order_id)[-1] == "order_stop_refused"


def test_a_warehouse_that_lets_go_of_it_has_answered(world, order_id):
    world.warehouse.stops = NO_ANSWER
    world.give(CancelOrder, order_id)

    world.is_told(report(world, Dropped, reason="拒单"))

    assert (world.state(order_id), world.units(SCARF)) == (S.CANCELLED, (100, 0))
    world.wait(minutes=5)
    assert world.parked() == []


def test_that_it_is_short_is_no_answer(world, order_id):
    world.warehouse.stops = NO_ANSWER
    world.give(CancelOrder, order_id)

    world.is_told(report(world, FellShort, missing=((HAT, 1),)))

    assert (world.state(order_id), pending(world, order_id)) == (S.IN_WAREHOUSE, "cancel_pending")
    assert [what for *_, what in world.differences()] == ["orders.stop_pending"]
    world.warehouse.stops = None
    world.wait(minutes=1)
    assert world.state(order_id) is S.CANCELLED


# --- what is only on its way to the warehouse ------------------------------------------------------------------------


@pytest.fixture
def released(world, shop):
    """Return how to release an order to a warehouse that answers the first try to send it so."""

    def release(*trouble):
        order_id = world.an_order(shop, a_standard_order())
        world.give(ApproveOrder, order_id)
        world.warehouse.trouble = list(trouble)
        world.give(ReleaseOrder, order_id)
        assert world.warehouse.sent == []
        return order_id

    return release


@pytest.mark.parametrize(
    "trouble",
    [Unreachable(reason="unreachable"), RateLimited(reason="7", after_s=9), AuthorisationExpired(reason="25")],
    ids=lambda trouble: trouble.code,
)
def test_what_never_reached_the_warehouse_is_stopped_at_once_and_never_sent(world, released, trouble):
    order_id = released(trouble)

    world.give(CancelOrder, order_id, reason="买家不要了")

    assert (world.state(order_id), world.units(SCARF)) == (S.CANCELLED, (100, 0))
    assert refunds(world, order_id) == [world.order(order_id).paid]
    for job in world.store.queries.parked_jobs(ROOT, limit=9):
        world.store.jobs.redrive(job.id, now=world.clock())
    world.wait(minutes=20)
    assert (world.warehouse.sent, world.warehouse.stopped, world.parked()) == ([], [], [])


def test_what_never_reached_the_warehouse_is_taken_back_at_once(world, released):
    order_id = released(Unreachable(reason="unreachable"))

    world.give(UnreviewOrder, order_id)

    (heir,) = world.order(order_id).heirs
    assert (world.state(order_id), world.state(heir)) == (S.CANCELLED, S.AWAITING_CS_REVIEW)
    assert world.warehouse.stopped == []


def test_what_may_be_there_is_not_sent_while_it_is_to_be_stopped_and_the_warehouse_is_asked(world, released):
    order_id = released(RetryLater(reason="timeout"))
    world.give(CancelOrder, order_id)

    world.wait(minutes=2)
    assert (world.warehouse.sent, world.warehouse.stopped) == ([], [])  # it may still be on its way there
    assert pending(world, order_id) == "cancel_pending"
    world.wait(minutes=1)

    (asked,) = world.warehouse.stopped
    assert asked.number == world.detail(order_id).fulfilment.number
    assert (world.state(order_id), world.units(SCARF), world.warehouse.sent) == (S.CANCELLED, (100, 0), [])
    assert world.parked() == []


def test_one_try_that_may_have_arrived_is_not_undone_by_later_ones_that_did_not(world, released):
    order_id = released(RetryLater(reason="timeout"), Unreachable(reason="unreachable"))
    world.wait(seconds=2)
    world.give(CancelOrder, order_id)

    assert pending(world, order_id) == "cancel_pending"
    world.wait(minutes=3)
    assert (world.state(order_id), len(world.warehouse.stopped)) == (S.CANCELLED, 1)


def test_what_the_warehouse_does_not_stop_goes_on_and_is_sent(world, released):
    order_id = released(RetryLater(reason="timeout"))
    world.warehouse.stops = GOES_ON
    world.give(CancelOrder, order_id)

    world.wait(minutes=3)
    assert (world.state(order_id), pending(world, order_id)) == (S.IN_WAREHOUSE, None)
    world.wait(minutes=1)

    assert [order.number for order in world.warehouse.sent] == [world.detail(order_id).fulfilment.number]
    assert (world.order(order_id).progress, refunds(world, order_id)) == ("accepted", [])


def test_what_the_warehouse_does_not_know_never_came_there(world, released):
    order_id = released(RetryLater(reason="timeout"))
    world.warehouse.stops = NOT_KNOWN
    world.give(CancelOrder, order_id)

    world.wait(minutes=3)

    assert (world.state(order_id), world.warehouse.sent) == (S.CANCELLED, [])


def test_what_the_warehouse_took_and_does_not_know_any_more_goes_on(world, order_id):
    world.warehouse.stops = NOT_KNOWN

    world.give(CancelOrder, order_id)

    assert (world.state(order_id), pending(world, order_id), refunds(world, order_id)) == (S.IN_WAREHOUSE, None, [])


def test_a_try_that_was_lost_with_its_worker_may_have_arrived(world, released):
    order_id = released(Unreachable(reason="unreachable"))
    begin_to_send(world, order_id)
    world.give(CancelOrder, order_id)

    world.wait(minutes=2)
    assert (pending(world, order_id), world.warehouse.stopped) == ("cancel_pending", [])
    world.wait(minutes=1)

    assert (world.state(order_id), len(world.warehouse.stopped)) == (S.CANCELLED, 1)


@pytest.mark.parametrize(
    ("stops", "differences"),
    [(None, []), (GOES_ON, ["fulfilment.not_stopped"]), (NOT_KNOWN, ["fulfilment.not_stopped"])],
)
def test_taken_after_it_was_called_off_the_warehouse_is_asked_to_stop(world, released, stops, differences):
    order_id = released(Unreachable(reason="unreachable"))
    begin_to_send(world, order_id)
    world.warehouse.trouble = [RetryLater(reason="timeout")]
    world.give(CancelOrder, order_id)
    world.give(ConfirmStop, order_id, reason="仓库来电")  # they cannot know: it is on its way to them
    world.warehouse.trouble, world.warehouse.stops = [], stops

    fulfilment_id = world.detail(order_id).fulfilment.id
    world.fulfilment.book_acceptance(BookAcceptance(fulfilment_id=fulfilment_id, by=ROOT))
    world.settle()

    assert world.state(order_id) is S.CANCELLED
    assert [what for *_, what in world.differences()] == differences
    assert len(world.warehouse.stopped) == (0 if stops else 1)


def test_taken_after_it_was_taken_back_nothing_goes_in_its_place_until_the_warehouse_has_stopped(world, released):
    order_id = released(Unreachable(reason="unreachable"))
    begin_to_send(world, order_id)
    world.give(UnreviewOrder, order_id)
    world.give(ConfirmStop, order_id, reason="仓库来电")
    (heir,) = world.order(order_id).heirs
    world.warehouse.stops = NO_ANSWER

    fulfilment_id = world.detail(order_id).fulfilment.id
    world.fulfilment.book_acceptance(BookAcceptance(fulfilment_id=fulfilment_id, by=ROOT))
    world.settle()
    world.give(ApproveOrder, heir)
    with pytest.raises(EarlierMayShip):
        world.give(ReleaseOrder, heir)
    world.warehouse.stops = None
    world.wait(minutes=1)

    assert world.order(heir).flags == ()
    world.give(ReleaseOrder, heir)
    assert world.state(heir) is S.IN_WAREHOUSE


def begin_to_send(world, order_id):
    """Have a worker begin to send an order, of whom nothing is heard any more."""
    fulfilment_id = world.detail(order_id).fulfilment.id
    assert isinstance(world.fulfilment.to_send(ReadShipment(fulfilment_id=fulfilment_id, by=ROOT)), Shipment)


# --- what is told too late -------------------------------------------------------------------------------------------


def test_an_answer_that_comes_when_it_goes_on_is_a_discrepancy(world, order_id):
    world.warehouse.stops = NO_ANSWER
    world.give(CancelOrder, order_id)
    fulfilment_id = world.order(order_id).fulfilment_id
    world.give(RefuseStop, order_id, reason="仓库来电")

    world.stops.book_stopped(BookStopped(order_id=order_id, fulfilment_id=fulfilment_id, by=ROOT))

    assert world.differences() == [(order_id, "in_warehouse", STOPPED_ALL_THE_SAME, STOPPED_ALL_THE_SAME)]


def test_an_order_that_the_warehouse_is_silent_about_is_cancelled_likewise(world, order_id):
    world.watch_silence()
    world.wait(hours=49)
    assert {flag.reason for flag in world.order(order_id).flags} == {SILENT}

    world.give(CancelOrder, order_id)

    assert world.state(order_id) is S.CANCELLED


# --- the rest --------------------------------------------------------------------------------------------------------


def test_of_what_the_warehouse_closed_short_the_rest_is_cancelled_at_once(world, order_id):
    world.is_told(parcels(world, (SCARF, 2)))

    world.give(CancelRest, order_id, reason="缺货")

    assert (world.state(order_id), world.units(HAT)) == (S.SHIPPED, (100, 0))
    assert world.detail(order_id).fulfilment.state is FulfilmentState.SHIPPED
    (due,) = refunds(world, order_id)
    assert Money(0) < due < world.order(order_id).paid
    assert world.warehouse.stopped == []


def test_what_the_rest_held_goes_to_those_who_wait(world):
    shop = world.a_shop()
    world.receive(SCARF, units=4)
    world.receive(HAT, units=1)
    order_id = world.an_order(shop, a_standard_order())
    world.at_warehouse(order_id)
    waiting = world.an_order(shop, a_standard_order(order_no="2"))
    assert world.state(waiting) is S.BACKORDERED
    world.is_told(parcels(world, (SCARF, 2)))

    world.give(CancelRest, order_id, reason="缺货")

    assert world.state(waiting) is S.AWAITING_CS_REVIEW


@pytest.mark.parametrize(("stops", "state"), [(None, S.SHIPPED), (GOES_ON, S.PARTIALLY_SHIPPED)])
def test_else_the_warehouse_is_asked(world, order_id, stops, state):
    world.is_told(parcels(world, (SCARF, 2), final=False))
    world.warehouse.stops = stops

    world.give(CancelRest, order_id, reason="买家不要了")

    assert (world.state(order_id), pending(world, order_id)) == (state, None)
    assert len(refunds(world, order_id)) == (state is S.SHIPPED)
    assert world.units(HAT) == (100, int(state is not S.SHIPPED))


# --- taking it back --------------------------------------------------------------------------------------------------


def test_not_released_it_goes_back_to_review_and_may_be_approved_again(world, shop):
    order_id = world.an_order(shop, a_standard_order())
    world.give(ApproveOrder, order_id)
    first = world.order(order_id).fulfilment_id

    world.give(UnreviewOrder, order_id, reason="改地址")

    assert (world.state(order_id), world.units(SCARF)) == (S.AWAITING_CS_REVIEW, (100, 2))
    with world.open(ROOT) as tx:
        assert tx.fulfilments.get(first).state is FulfilmentState.CANCELLED
    world.at_warehouse(order_id)
    assert world.order(order_id).fulfilment_id != first


def test_released_another_order_takes_its_place_with_its_stock_and_its_platform_order(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    world.at_warehouse(order_id)

    world.give(UnreviewOrder, order_id, reason="改地址")

    old = world.order(order_id)
    new = world.order(old.heirs[0])
    assert (old.state, new.state, new.origins) == (S.CANCELLED, S.AWAITING_CS_REVIEW, (order_id,))
    assert (new.paid, new.payable, world.units(SCARF)) == (old.paid, old.payable, (100, 2))
    assert refunds(world, order_id) == []
    assert new.number != old.number
    world.clock.forward(minutes=1)
    world.take_in(shop, later(standard, world.clock, buyer_remark="送人"))
    assert world.order(new.id).buyer_remark == "送人"  # the platform's word goes to the new one
    assert world.at_warehouse(new.id).number != world.warehouse.sent[0].number


def test_a_warehouse_that_takes_the_number_again_gives_the_order_itself_back(world, order_id):
    terms = WmsTerms(kind=WmsKind.SIMULATED, reuses_numbers=True)
    world.wms_accounts.connect(ConnectWarehouse(warehouse=MAIN, terms=terms, by=ROOT))

    world.give(UnreviewOrder, order_id, reason="改地址")

    order = world.order(order_id)
    assert (order.state, order.flags, order.heirs) == (S.AWAITING_CS_REVIEW, (), ())
    assert world.units(SCARF) == (100, 2)


def test_asked_for_to_be_changed_it_may_be_cancelled_after_all(world, order_id):
    world.warehouse.stops = NO_ANSWER
    world.give(UnreviewOrder, order_id)
    world.give(CancelOrder, order_id, reason="不要了")

    world.warehouse.stops = None
    world.wait(minutes=1)

    assert (world.state(order_id), world.order(order_id).heirs) == (S.CANCELLED, ())
    assert refunds(world, order_id) == [world.order(order_id).paid]


# --- the platform ----------------------------------------------------------------------------------------------------


def closed_at_the_platform(world, shop, standard):
    world.clock.forward(minutes=1)
    world.take_in(shop, later(standard, world.clock, state=P.CLOSED_REFUNDED))


def test_what_the_platform_closes_the_warehouse_is_asked_to_stop_and_nothing_is_refunded_twice(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    world.at_warehouse(order_id)

    closed_at_the_platform(world, shop, standard)

    assert (world.state(order_id), world.units(SCARF)) == (S.CANCELLED, (100, 0))
    assert refunds(world, order_id) == [Money(0)]
    assert world.differences() == []


def test_not_stopped_although_the_platform_has_refunded_it_is_a_discrepancy(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    world.at_warehouse(order_id)
    world.warehouse.stops = GOES_ON

    closed_at_the_platform(world, shop, standard)

    assert world.state(order_id) is S.IN_WAREHOUSE
    assert world.differences() == [(order_id, "in_warehouse", "已出库", "fulfilment.not_stopped")]


def test_shipped_although_the_platform_has_refunded_it_is_a_discrepancy(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    world.at_warehouse(order_id)
    world.warehouse.stops = NO_ANSWER
    closed_at_the_platform(world, shop, standard)

    world.is_told(parcels(world))

    assert (world.state(order_id), pending(world, order_id)) == (S.SHIPPED, None)
    assert world.differences() == [(order_id, "in_warehouse", "left", "fulfilment.not_stopped")]


def test_what_is_left_of_it_is_sent_anew_when_the_platform_refunds_a_line(world, shop):
    standard = a_standard_order()
    order_id = world.an_order(shop, standard)
    world.at_warehouse(order_id)
    world.clock.forward(minutes=1)
    newer = later(standard, world.clock)
    first, *rest = newer.lines
    gone = evolve(first, state=P.CLOSED_REFUNDED, refund=LineRefund.SUCCEEDED)

    world.take_in(shop, evolve(newer, lines=(gone, *rest)))

    new = world.order(world.order(order_id).heirs[0])
    assert (new.state, [line.is_closed for line in new.lines]) == (S.AWAITING_CS_REVIEW, [True, False])
    assert (world.units(SCARF), world.units(HAT)) == ((100, 0), (100, 1))


# --- the carrier -----------------------------------------------------------------------------------------------------


def test_a_carrier_that_turns_it_round_brings_it_back_and_then_the_refund_is_due(world, order_id):
    world.is_told(parcels(world))

    world.give(CancelOrder, order_id, reason="买家不要了")

    assert world.state(order_id) is S.RETURNING
    assert [(parcel.carrier, parcel.tracking_no) for parcel in world.carriers.asked] == [("ZTO", "T1")]
    assert refunds(world, order_id) == []


def test_one_parcel_that_is_delivered_all_the_same_lets_the_whole_order_go_on(world, order_id):
    world.is_told(parcels(world, (SCARF, 2), final=False))
    world.is_told(evolve(parcels(world, (HAT, 1), number="T2"), report_id="2"))
    world.carriers.delivered = {"T2"}

    world.give(CancelOrder, order_id)

    assert (world.state(order_id), pending(world, order_id)) == (S.SHIPPED, None)
    assert world.detail(order_id).log[-1].reason == "delivered"


def test_a_carrier_that_only_a_person_can_ask_is_put_on_a_work_list(world, order_id):
    world.is_told(parcels(world))
    world.carriers.answers = {"T1": None}

    world.give(CancelOrder, order_id)

    assert world.differences() == [(order_id, "shipped", "ZTO", ASK_BY_HAND)]
    assert pending(world, order_id) == "cancel_pending"
    world.give(ConfirmStop, order_id)
    assert (world.state(order_id), world.differences()) == (S.RETURNING, [])
    assert [entry.reason for entry in world.detail(order_id).log if "settled" in entry.kind] == [ANSWERED]


@pytest.mark.parametrize(("act", "more"), [(RefuseStop, {"reason": "已派送"}), (SignOrder, {}), (RefuseDelivery, {})])
def test_nobody_need_ask_the_carrier_any_more_when_it_is_decided(world, order_id, act, more):
    world.is_told(parcels(world))
    world.carriers.answers = {"T1": None}
    world.give(CancelOrder, order_id)

    world.give(act, order_id, **more)

    assert world.differences() == []


@pytest.mark.parametrize(("act", "state"), [(SignOrder, S.SIGNED), (RefuseDelivery, S.RETURNING)])
def test_what_becomes_of_it_meanwhile_decides(world, order_id, act, state):
    world.is_told(parcels(world))
    world.carriers.answers = {"T1": NO_ANSWER}
    world.give(CancelOrder, order_id)

    world.give(act, order_id)
    world.wait(minutes=5)

    assert (world.state(order_id), pending(world, order_id), world.parked()) == (state, None, [])


def test_what_left_without_us_can_only_be_stopped_where_it_left(world, shop):
    order_id = world.an_order(shop, a_standard_order(state=P.SHIPPED))

    with pytest.raises(LeftWithoutUs):
        world.give(CancelOrder, order_id)


# --- at the counter --------------------------------------------------------------------------------------------------


def test_virtual_goods_wait_for_whoever_delivers_them_and_no_warehouse_hears_of_them(world):
    shop = world.a_shop(auto_review=True, auto_release=True)
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order(kind=OrderKind.VIRTUAL))
    assert (world.state(order_id), world.warehouse.sent) == (S.AWAITING_RELEASE, [])
    with pytest.raises(NotForAWarehouse):
        world.give(ReleaseOrder, order_id)

    world.give(HandOverOrder, order_id)

    assert (world.state(order_id), world.units(SCARF)) == (S.SIGNED, (100, 0))


@pytest.fixture
def at_store(world, shop):
    """An order of two scarves and a hat that the buyer picks up, with the store."""
    order_id = world.a_pickup(shop)
    world.at_warehouse(order_id)
    return order_id


def test_a_store_is_told_what_the_buyer_fetches_and_the_simulated_one_has_it_lie_ready(world, shop):
    simulated = world.wms = SimulatedWarehouse(world.clock)
    world.wire()
    world.watch_warehouse()
    order_id = world.a_pickup(shop)
    world.give(ApproveOrder, order_id)
    world.give(ReleaseOrder, order_id)

    for _ in range(5):
        world.wait(seconds=1)
    assert (world.state(order_id), world.order(order_id).progress) == (S.IN_WAREHOUSE, "ready")
    world.give(HandOverOrder, order_id)

    assert (world.state(order_id), world.units(SCARF)) == (S.SIGNED, (98, 0))
    simulated.close()


def test_what_a_carrier_brings_is_not_handed_over(world, order_id):
    with pytest.raises(NotPickedUp):
        world.give(HandOverOrder, order_id)

    assert (world.state(order_id), world.units(SCARF)) == (S.IN_WAREHOUSE, (100, 2))


def test_what_a_store_was_asked_to_stop_is_not_handed_over_before_it_has_answered(world, at_store):
    world.warehouse.stops = NO_ANSWER
    world.give(CancelOrder, at_store)

    with pytest.raises(OrderFlaggedNow):
        world.give(HandOverOrder, at_store)

    world.give(ConfirmStop, at_store, reason="店员来电")
    assert world.state(at_store) is S.CANCELLED


def test_what_a_store_hands_over_is_with_the_buyer_and_off_the_shelf(world, at_store):
    order_id = at_store
    world.give(HandOverOrder, order_id)

    assert (world.state(order_id), world.units(SCARF), world.units(HAT)) == (S.SIGNED, (98, 0), (99, 0))
    assert world.detail(order_id).fulfilment.state is FulfilmentState.SHIPPED
    assert world.platform.notices == []
