"""The simulated warehouse: takes an order once, works at its pace, and reports until it is confirmed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.servers import FakeClock

from oms_adapters.wms.simulated import SimulatedWarehouse
from oms_app.ports.wms import Milestone, ParcelLeft, ShipOrder, Stop, StopOrder, WmsAnswer
from oms_domain.channels.standard import Receiver, Region
from oms_domain.kernel.identity import FulfilmentOrderId
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import FULFILMENT, HAT, LINE, MAIN, NOW, OTHER_LINE, REGION, SCARF, SHOP, an_id

TAKEN = WmsAnswer(accepted=True)
RECEIVER = Receiver(name="测试员", mobile="10000000001", street="示例路1号", zip="000000")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "warehouse.db"


@pytest.fixture
def warehouse(clock, path):
    opened = SimulatedWarehouse(clock, path)
    yield opened
    opened.close()


def ship_order(number=1, **changes):
    facts = {
        "fulfilment_id": FULFILMENT if number == 1 else FulfilmentOrderId(an_id(100 + number)),
        "number": f"F20261123-{number:06d}",
        "shop_id": SHOP,
        "warehouse": MAIN,
        "receiver": RECEIVER,
        "region": REGION,
        "lines": ((LINE, SCARF, Quantity(2)), (OTHER_LINE, HAT, Quantity(1))),
    }
    return ShipOrder(**facts | changes)


def milestone(step, after_s, number=1):
    id = ship_order(number).fulfilment_id
    at = NOW + timedelta(seconds=after_s)
    return Milestone(report_id=f"F20261123-{number:06d}/{step}", fulfilment_id=id, progress=step, at=at)


def parcel(number=1):
    return ParcelLeft(
        report_id=f"F20261123-{number:06d}/shipped",
        fulfilment_id=ship_order(number).fulfilment_id,
        carrier="YTO",
        tracking_no=f"YT261123{number:07d}",
        contents=((LINE, Quantity(2)), (OTHER_LINE, Quantity(1))),
        at=NOW + timedelta(seconds=3),
    )


WORK = (milestone("picked", 1), milestone("packed", 2), parcel())


def test_it_reports_each_step_when_its_time_has_come(warehouse, clock):
    assert warehouse.send(ship_order()) == TAKEN

    told = [warehouse.reports(10)]
    for _ in range(4):
        clock.forward(seconds=1)
        told.append(warehouse.reports(10))

    assert told == [(), WORK[:1], WORK[:2], WORK, WORK]


def test_reports_come_again_until_they_are_confirmed(warehouse, clock):
    warehouse.send(ship_order())
    clock.forward(seconds=3)

    left = []
    for report in WORK:
        left.append(warehouse.reports(10))
        warehouse.confirm((report.report_id,))
        warehouse.confirm((report.report_id,))
    left.append(warehouse.reports(10))

    assert left == [WORK, WORK[1:], WORK[2:], ()]


def test_several_are_confirmed_together(warehouse, clock):
    warehouse.send(ship_order())
    clock.forward(seconds=3)

    warehouse.confirm(tuple(report.report_id for report in WORK))

    assert warehouse.reports(10) == ()


def test_an_order_sent_twice_is_one(warehouse, clock):
    warehouse.send(ship_order())
    clock.forward(seconds=1)

    assert warehouse.send(ship_order()) == TAKEN

    clock.forward(seconds=2)
    assert warehouse.reports(10) == WORK


def test_an_order_sent_again_after_it_was_shipped_is_not_shipped_again(warehouse, clock):
    warehouse.send(ship_order())
    clock.forward(seconds=3)
    warehouse.confirm(tuple(report.report_id for report in WORK))

    assert warehouse.send(ship_order()) == TAKEN

    clock.forward(days=1)
    assert warehouse.reports(10) == ()


def test_an_order_sent_at_once_by_many_is_one(warehouse, clock):
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: warehouse.send(ship_order()), range(16)))

    clock.forward(seconds=3)
    assert answers == [TAKEN] * 16
    assert warehouse.reports(100) == WORK


def test_without_a_province_it_takes_nothing(warehouse, clock):
    answer = warehouse.send(ship_order(region=Region(city="深圳市")))

    clock.forward(days=1)
    assert answer == WmsAnswer(accepted=False, reason="address_incomplete")
    assert warehouse.reports(10) == ()


def test_an_order_that_was_refused_is_taken_once_its_address_is_whole(warehouse, clock):
    warehouse.send(ship_order(region=Region()))

    assert warehouse.send(ship_order()) == TAKEN

    clock.forward(seconds=3)
    assert warehouse.reports(10) == WORK


def test_the_oldest_order_is_reported_first_and_no_more_than_was_asked_for(warehouse, clock):
    for number in (1, 2, 3):
        warehouse.send(ship_order(number))
    clock.forward(seconds=3)

    found = warehouse.reports(4)

    assert found == (*WORK, milestone("picked", 1, number=2))
    assert len(warehouse.reports(100)) == 9
    assert warehouse.reports(0) == ()


def test_two_orders_have_tracking_numbers_of_their_own(warehouse, clock):
    warehouse.send(ship_order(1))
    warehouse.send(ship_order(2))
    clock.forward(seconds=3)

    parcels = [report for report in warehouse.reports(10) if isinstance(report, ParcelLeft)]

    assert parcels == [parcel(1), parcel(2)]


def test_it_goes_on_after_a_restart_where_it_stopped(warehouse, clock, path):
    warehouse.send(ship_order(1))
    clock.forward(seconds=2)
    warehouse.confirm((WORK[0].report_id,))
    warehouse.close()

    again = SimulatedWarehouse(clock, path)

    clock.forward(seconds=1)
    assert again.reports(10) == WORK[1:]
    assert again.send(ship_order(1)) == TAKEN
    assert again.reports(10) == WORK[1:]
    again.close()


def test_its_file_holds_nobodys_name_phone_or_street(warehouse, clock, path):
    warehouse.send(ship_order(remark="请放门口"))
    warehouse.close()

    stored = b"".join(file.read_bytes() for file in path.parent.iterdir())

    assert b"F20261123-000001" in stored
    for plain in (RECEIVER.name, RECEIVER.mobile, RECEIVER.street, "请放门口"):
        assert plain.encode() not in stored


def test_what_the_buyer_fetches_lies_ready_and_leaves_with_no_carrier(warehouse, clock):
    warehouse.send(ship_order(pickup=True))
    clock.forward(minutes=1)

    told = warehouse.reports(10)
    assert told == (milestone("picked", 1), milestone("packed", 2), milestone("ready", 3))
    warehouse.confirm(tuple(report.report_id for report in told))
    assert warehouse.reports(10) == ()


def test_what_lies_ready_at_the_counter_can_be_stopped(warehouse, clock):
    warehouse.send(ship_order(pickup=True))
    clock.forward(minutes=1)

    answer = warehouse.stop(StopOrder(number=ship_order().number, warehouse=MAIN))

    assert answer.outcome is Stop.STOPPED
    assert warehouse.reports(10) == ()
