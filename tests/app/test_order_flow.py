"""One order from the platform to the buyer, by hand and by itself."""

from attrs import evolve
from tests.app.world import later

from oms_adapters.memory.platform import RECEIVER
from oms_app.journal import entry_hash
from oms_app.orders import ApproveOrder, HoldOrder, ReleaseOrder, UnholdOrder
from oms_app.ports.channels import ShipmentNotice, ShippedLine
from oms_app.ports.wms import Milestone, ParcelLeft
from oms_domain.channels.standard import PlatformState
from oms_domain.fulfilment.fulfilment_order import FulfilmentState, WriteBack
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, SCARF, a_standard_order


def test_an_order_goes_by_hand_from_intake_to_completion(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    standard = a_standard_order()

    order_id = world.an_order(shop, standard)
    assert world.state(order_id) is S.AWAITING_CS_REVIEW
    assert (world.units(SCARF), world.units(HAT)) == ((100, 2), (100, 1))

    world.give(ApproveOrder, order_id)
    assert world.state(order_id) is S.AWAITING_RELEASE
    assert world.detail(order_id).fulfilment.state is FulfilmentState.APPROVED

    world.give(ReleaseOrder, order_id)
    assert (world.state(order_id), world.order(order_id).progress) == (S.IN_WAREHOUSE, "accepted")
    (sent,) = world.warehouse.sent
    assert (sent.receiver, sent.region) == (RECEIVER, standard.region)
    assert [(sku, units) for _, sku, units in sent.lines] == [(SCARF, 2), (HAT, 1)]

    world.warehouse.ships(sent, world.clock())
    world.watch_warehouse()
    world.settle()
    assert world.state(order_id) is S.SHIPPED
    assert (world.units(SCARF), world.units(HAT)) == ((98, 0), (99, 0))
    assert world.platform.notices == [
        ShipmentNotice(order_no=standard.order_no, carrier="SF", tracking_no="SF0000000000001")
    ]
    (parcel,) = world.detail(order_id).fulfilment.packages
    assert parcel.write_back is WriteBack.DONE

    world.clock.forward(days=3)
    world.take_in(shop, later(standard, world.clock, state=PlatformState.FINISHED))
    assert world.state(order_id) is S.COMPLETED
    assert world.facts(order_id) == [
        "order_created",
        "order_allocated",
        "order_approved",
        "order_released",
        "order_progressed",
        "order_shipped",
        "order_signed",
        "order_completed",
    ]


def test_an_order_goes_by_itself_where_the_shop_wants_it(world):
    shop = world.a_shop(auto_review=True, auto_release=True)
    world.receive(SCARF, HAT)
    world.watch_warehouse()

    order_id = world.an_order(shop, a_standard_order())

    assert world.state(order_id) is S.IN_WAREHOUSE
    world.warehouse.ships(world.warehouse.sent[-1], world.clock())
    world.wait(seconds=1)
    assert world.state(order_id) is S.SHIPPED
    assert len(world.platform.notices) == 1
    assert world.parked() == []


def test_the_log_of_the_whole_flow_is_chained_and_says_who(world):
    shop = world.a_shop(auto_review=True, auto_release=True)
    world.receive(SCARF, HAT)

    log = world.detail(world.an_order(shop, a_standard_order())).log

    assert [entry.seq for entry in log] == [1, 2, 3, 4, 5, 6]
    assert all(entry.hash == entry_hash(entry) for entry in log)
    assert [entry.prev_hash for entry in log] == ["", *(entry.hash for entry in log[:-1])]
    assert [entry.actor for entry in log] == [
        "system:tests",
        "system:allocation",
        "system:auto_review",
        "system:auto_review",
        "system:auto_release",
        "system:release",
    ]
    assert [entry.reason for entry in log[2:4]] == ["policy-auto-review@1"] * 2
    assert [entry.cause for entry in log[1:5]] == [log[at].event_id for at in (0, 1, 1, 3)]


def missed(entry):
    """What was in the way of the automatic review, by the log: field, and what was seen."""
    _, decision = entry.changes["decision"]
    return [(finding["field"], finding["seen"]) for answer in decision["missed"] for finding in answer["findings"]]


def test_an_order_that_is_dearer_than_the_limit_waits_for_a_person(world):
    shop = world.a_shop(auto_review=True, auto_review_up_to=Money(23599))
    world.receive(SCARF, HAT)

    order_id = world.an_order(shop, a_standard_order())

    assert world.order(order_id).payable == Money(23600)
    assert world.state(order_id) is S.AWAITING_CS_REVIEW
    left = world.detail(order_id).log[-1]
    assert (left.kind, left.actor, left.reason) == ("orders.order_judged", "system:auto_review", "")
    assert missed(left) == [("payable_fen", 23600)]


def test_an_order_that_is_judged_again_has_each_judgement_in_its_log(world):
    shop = world.a_shop(auto_review=True)
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order(buyer_remark="请用样例包装"))

    world.give(HoldOrder, order_id, reason="等买家")
    world.give(UnholdOrder, order_id)

    judged = [missed(entry) for entry in world.detail(order_id).log if entry.kind == "orders.order_judged"]
    assert judged == [[("buyer_remark", "请用样例包装")]] * 2
    assert world.state(order_id) is S.AWAITING_CS_REVIEW


def test_where_the_shop_has_no_automatic_review_there_is_nothing_to_tell(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)

    order_id = world.an_order(shop, a_standard_order(buyer_remark="请用样例包装"))

    assert world.facts(order_id) == ["order_created", "order_allocated"]


def test_a_business_review_comes_second(world):
    shop = world.a_shop(business_review=True)
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())

    first = world.give(ApproveOrder, order_id)
    second = world.give(ApproveOrder, order_id)

    assert (first.state, second.state) == (S.AWAITING_BUSINESS_REVIEW, S.AWAITING_RELEASE)


def test_an_unpaid_order_is_allocated_when_it_is_paid(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    unpaid = a_standard_order(state=PlatformState.UNPAID)
    order_id = world.an_order(shop, unpaid)
    assert (world.state(order_id), world.units(SCARF)) == (S.AWAITING_PAYMENT, (100, 0))

    world.clock.forward(minutes=1)
    paid = {"state": PlatformState.TO_SHIP, "paid": unpaid.payable, "paid_at": world.clock()}
    world.take_in(shop, later(unpaid, world.clock, **paid))

    assert (world.state(order_id), world.units(SCARF)) == (S.AWAITING_CS_REVIEW, (100, 2))


def test_an_order_leaves_in_two_parcels(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    sent = world.at_warehouse(order_id)
    (scarf, _, _), (hat, _, _) = sent.lines
    facts = {"fulfilment_id": sent.fulfilment_id, "carrier": "SF", "at": world.clock()}
    world.watch_warehouse()

    first = ParcelLeft(report_id="1", tracking_no="SF1", contents=((scarf, Quantity(1)), (hat, Quantity(1))), **facts)
    world.warehouse.waiting.append(first)
    world.wait(seconds=1)
    assert (world.state(order_id), world.units(SCARF), world.units(HAT)) == (S.PARTIALLY_SHIPPED, (99, 1), (99, 0))

    world.warehouse.waiting.append(evolve(first, report_id="2", tracking_no="SF2", contents=((scarf, Quantity(1)),)))
    world.wait(seconds=1)
    assert (world.state(order_id), world.units(SCARF)) == (S.SHIPPED, (98, 0))
    assert [notice.lines for notice in world.platform.notices] == [
        (ShippedLine(line_no="1001", quantity=1), ShippedLine(line_no="1002", quantity=1)),
        (ShippedLine(line_no="1001", quantity=1),),
    ]


def test_a_report_that_comes_twice_has_one_effect(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    world.warehouse.ships(world.at_warehouse(order_id), world.clock())
    (report,) = world.warehouse.waiting
    world.watch_warehouse()
    world.settle()

    world.warehouse.waiting.append(evolve(report, report_id="again"))
    world.wait(seconds=1)

    assert world.units(SCARF) == (98, 0)
    assert len(world.platform.notices) == 1
    assert world.differences() == []
    assert world.warehouse.waiting == []


def test_milestones_of_the_warehouse_are_kept(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order())
    sent = world.at_warehouse(order_id)
    for progress in ("picked", "packed"):
        world.warehouse.waiting.append(
            Milestone(report_id=progress, fulfilment_id=sent.fulfilment_id, progress=progress, at=world.clock())
        )

    world.watch_warehouse()
    world.settle()

    assert (world.state(order_id), world.order(order_id).progress) == (S.IN_WAREHOUSE, "packed")
    assert world.facts(order_id)[-3:] == ["order_progressed"] * 3
