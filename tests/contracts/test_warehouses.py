"""What every warehouse behind the port keeps: the simulated one and the one in memory alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import define, evolve
from tests.servers import FakeClock

from oms_adapters.memory.warehouse import MemoryWarehouse
from oms_adapters.wms.simulated import SimulatedWarehouse
from oms_app.ports.wms import ParcelLeft, ShipOrder, Wms
from oms_domain.channels.standard import Receiver, Region
from oms_domain.kernel.identity import FulfilmentOrderId, LineId
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import HAT, MAIN, REGION, SCARF, SHOP, an_id

RECEIVER = Receiver(name="测试员", mobile="10000000001", street="示例路1号", zip="000000")


@define
class Yard:
    """A warehouse, and how its work is brought to an end."""

    wms: Wms
    finish: Callable[[ShipOrder], None]
    refuse: Callable[[ShipOrder], ShipOrder]


@pytest.fixture(params=["memory", "simulated"])
def yard(request: pytest.FixtureRequest) -> Iterator[Yard]:
    yield from _memory() if request.param == "memory" else _simulated()


def _memory() -> Iterator[Yard]:
    clock, warehouse = FakeClock(), MemoryWarehouse()

    def refuse(order: ShipOrder) -> ShipOrder:
        warehouse.refuses = "closed"
        return order

    yield Yard(warehouse, lambda order: warehouse.ships(order, clock(), f"T-{order.number}"), refuse)


def _simulated() -> Iterator[Yard]:
    clock = FakeClock()
    warehouse = SimulatedWarehouse(clock)

    def finish(_: ShipOrder) -> None:
        clock.forward(minutes=1)

    yield Yard(warehouse, finish, lambda order: evolve(order, region=Region()))
    warehouse.close()


def an_order(number: int, **changes: Any) -> ShipOrder:
    facts: dict[str, Any] = {
        "fulfilment_id": FulfilmentOrderId(an_id(200 + number)),
        "number": f"F20261123-{number:06d}",
        "shop_id": SHOP,
        "warehouse": MAIN,
        "receiver": RECEIVER,
        "region": REGION,
        "lines": (
            (LineId(an_id(300 + number)), SCARF, Quantity(2)),
            (LineId(an_id(400 + number)), HAT, Quantity(1)),
        ),
    }
    return ShipOrder(**facts | changes)


def parcels(yard: Yard) -> list[ParcelLeft]:
    return [report for report in yard.wms.reports(100) if isinstance(report, ParcelLeft)]


def test_what_was_sent_leaves_in_parcels_that_hold_it(yard):
    order = an_order(1)
    assert yard.wms.send(order).accepted

    yard.finish(order)

    (parcel,) = parcels(yard)
    assert parcel.fulfilment_id == order.fulfilment_id
    assert parcel.contents == tuple((line_id, units) for line_id, _, units in order.lines)
    assert parcel.carrier
    assert parcel.tracking_no


def test_sent_twice_under_one_number_it_is_one_order(yard):
    order = an_order(1)
    assert yard.wms.send(order) == yard.wms.send(order)

    yard.finish(order)

    assert len(parcels(yard)) == 1
    assert yard.wms.send(order).accepted  # asked again after it has left: the same answer
    assert len(parcels(yard)) == 1


def test_what_it_refuses_it_gives_a_reason_for_and_does_not_ship(yard):
    order = yard.refuse(an_order(1))

    answer = yard.wms.send(order)

    assert not answer.accepted
    assert answer.reason
    assert yard.wms.reports(100) == ()


def test_reports_come_again_until_they_are_confirmed(yard):
    order = an_order(1)
    yard.wms.send(order)
    yard.finish(order)

    told = yard.wms.reports(100)
    assert yard.wms.reports(100) == told != ()

    yard.wms.confirm(tuple(report.report_id for report in told))
    yard.wms.confirm(tuple(report.report_id for report in told))
    yard.wms.confirm(("unheard-of",))
    assert yard.wms.reports(100) == ()


def test_no_more_reports_come_at_once_than_were_asked_for_the_oldest_first(yard):
    orders = [an_order(number) for number in (1, 2, 3)]
    for order in orders:
        yard.wms.send(order)
        yard.finish(order)

    whole = yard.wms.reports(100)

    assert yard.wms.reports(1) == whole[:1]
    assert yard.wms.reports(2) == whole[:2]
    assert [parcel.fulfilment_id for parcel in parcels(yard)] == [order.fulfilment_id for order in orders]
    assert len({report.report_id for report in whole}) == len(whole)
