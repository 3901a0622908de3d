"""What every warehouse behind the port keeps: in memory, simulated in our process, and over Qimen with its server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from attrs import define, evolve, field, frozen
from tests.servers import FakeClock

from oms_adapters.memory.warehouse import MemoryWarehouse
from oms_adapters.wms.qimen.account import QimenAccount
from oms_adapters.wms.qimen.client import QimenClient
from oms_adapters.wms.qimen.fake_warehouse import APP_KEY, CUSTOMER, SECRET, FakeQimen, Mood, Stopping
from oms_adapters.wms.qimen.inbound import QimenCallbacks
from oms_adapters.wms.qimen.simulator import serve
from oms_adapters.wms.qimen.warehouse import QimenWarehouse
from oms_adapters.wms.simulated import SimulatedWarehouse
from oms_app.ports.wms import (
    EntryNotice,
    NumberedReport,
    ParcelLeft,
    ParcelsLeft,
    ReturnNotice,
    ShipOrder,
    Stop,
    StopOrder,
    Wms,
    WmsReport,
)
from oms_app.reports import TakeReport
from oms_domain.channels.standard import Receiver, Region
from oms_domain.kernel.identity import FulfilmentOrderId, LineId, SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import HAT, MAIN, REGION, SCARF, SHOP, an_id

RECEIVER = Receiver(name="测试员", mobile="10000000001", street="示例路1号", zip="000000")


@frozen
class Left:
    """A parcel as any warehouse tells of it: of which order, and how many units of each SKU."""

    number: str
    carrier: str
    tracking_no: str
    contents: tuple[tuple[SkuCode, int], ...]


@define
class Yard:
    """A warehouse, how its work is brought to an end, and what it has told and nobody has confirmed."""

    wms: Wms
    finish: Callable[[ShipOrder], None]
    refuse: Callable[[ShipOrder], ShipOrder]
    stock: Callable[[SkuCode, int], None] | None = None
    sent: dict[FulfilmentOrderId, ShipOrder] = field(factory=dict)
    pushed: list[NumberedReport] = field(factory=list)

    def send(self, order: ShipOrder) -> Any:
        self.sent[order.fulfilment_id] = order
        return self.wms.send(order)

    def reports(self) -> tuple[WmsReport | NumberedReport, ...]:
        """Return what it has told: what can be fetched, and what it has pushed."""
        return (*self.wms.reports(100), *self.pushed)

    def parcels(self) -> list[Left]:
        return [left for report in self.reports() for left in self._left(report)]

    def _left(self, report: WmsReport | NumberedReport) -> Iterator[Left]:
        if isinstance(report, ParcelsLeft):
            for parcel in report.parcels:
                yield Left(report.number, parcel.carrier, parcel.tracking_no, parcel.contents)
        if isinstance(report, ParcelLeft):
            order = self.sent[report.fulfilment_id]
            skus = {line_id: sku for line_id, sku, _ in order.lines}
            contents = tuple((skus[line_id], int(units)) for line_id, units in report.contents)
            yield Left(order.number, report.carrier, report.tracking_no, contents)


@pytest.fixture(params=["memory", "simulated", "qimen"])
def yard(request: pytest.FixtureRequest) -> Iterator[Yard]:
    yield from {"memory": _memory, "simulated": _simulated, "qimen": _qimen}[request.param]()


def _memory() -> Iterator[Yard]:
    clock, warehouse = FakeClock(), MemoryWarehouse()

    def refuse(order: ShipOrder) -> ShipOrder:
        warehouse.refuses = "closed"
        return order

    yield Yard(
        warehouse,
        lambda order: warehouse.ships(order, clock(), f"T-{order.number}"),
        refuse,
        lambda sku, units: warehouse.stock.update({sku: units}),
    )


def _simulated() -> Iterator[Yard]:
    clock = FakeClock()
    warehouse = SimulatedWarehouse(clock)

    def finish(_: ShipOrder) -> None:
        clock.forward(minutes=1)

    yield Yard(warehouse, finish, lambda order: evolve(order, region=Region()))
    warehouse.close()


def _qimen() -> Iterator[Yard]:
    """Over HTTP on the loopback, both ways signed."""
    clock = FakeClock()
    fake = FakeQimen(clock, warehouse=MAIN, pace=timedelta(seconds=10))
    with serve(fake) as url, httpx2.Client() as http:
        account = QimenAccount(warehouse=MAIN, app_key=APP_KEY, secret=SECRET, customer_id=CUSTOMER, base_url=url)
        yard = Yard(
            QimenWarehouse(client=QimenClient(account=account, http=http, now=clock)),
            lambda order: finish(),
            lambda order: evolve(order, region=Region()),
            lambda sku, units: fake.stock.update({sku: units}),
        )

        def take(command: TakeReport) -> None:
            yard.pushed.append(command.report)

        callbacks = QimenCallbacks(accounts=lambda app_key, customer_id: [account], take=take, now=clock)

        def finish() -> None:
            clock.forward(minutes=1)
            fake.push(callbacks.answer)

        yield yard


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


def to_stop(order: ShipOrder) -> StopOrder:
    return StopOrder(number=order.number, warehouse=order.warehouse, reason="买家申请退款")


# --- sending ---------------------------------------------------------------------------------------------------------


def test_what_was_sent_leaves_in_parcels_that_hold_it(yard):
    order = an_order(1)
    assert yard.send(order).accepted

    yard.finish(order)

    (parcel,) = yard.parcels()
    assert parcel.number == order.number
    assert parcel.contents == ((SCARF, 2), (HAT, 1))
    assert parcel.carrier
    assert parcel.tracking_no


def test_sent_twice_under_one_number_it_is_one_order(yard):
    order = an_order(1)
    assert yard.send(order) == yard.send(order)

    yard.finish(order)

    assert len(yard.parcels()) == 1
    assert yard.send(order).accepted  # asked again after it has left: the same answer
    assert len(yard.parcels()) == 1


def test_what_it_refuses_it_gives_a_reason_for_and_does_not_ship(yard):
    order = yard.refuse(an_order(1))

    answer = yard.send(order)

    assert not answer.accepted
    assert answer.reason
    assert yard.reports() == ()


# --- stopping --------------------------------------------------------------------------------------------------------


def test_what_is_stopped_in_time_does_not_leave_and_asking_again_says_so_again(yard):
    order = an_order(1)
    yard.send(order)

    first, again = yard.wms.stop(to_stop(order)), yard.wms.stop(to_stop(order))
    if not isinstance(yard.wms, MemoryWarehouse):  # it ships when it is told to
        yard.finish(order)

    assert first.outcome is again.outcome is Stop.STOPPED
    assert yard.parcels() == []


def test_what_has_left_is_not_stopped_and_it_says_why(yard):
    order = an_order(1)
    yard.send(order)
    yard.finish(order)

    answer = yard.wms.stop(to_stop(order))

    assert answer.outcome is Stop.NOT_STOPPED
    assert answer.reason
    assert len(yard.parcels()) == 1


def test_what_was_stopped_is_not_taken_again_under_its_number(yard):
    order = an_order(1)
    yard.send(order)
    yard.wms.stop(to_stop(order))

    answer = yard.send(order)
    if not isinstance(yard.wms, MemoryWarehouse):
        yard.finish(order)

    assert not answer.accepted
    assert yard.parcels() == []


# --- stock, and what comes in ----------------------------------------------------------------------------------------


def test_it_says_what_it_has_of_what_it_knows_and_leaves_out_the_rest(yard):
    assert yard.wms.levels(MAIN, (SCARF, HAT)) == ()
    if yard.stock is None:
        return  # it keeps no stock

    yard.stock(SCARF, 7)

    assert [(level.sku, level.free) for level in yard.wms.levels(MAIN, (SCARF, HAT))] == [(SCARF, 7)]


def test_goods_that_come_back_are_announced_once_however_often_it_is_said(yard):
    notice = ReturnNotice(number="R1", warehouse=MAIN, sender=RECEIVER, region=REGION, lines=((SCARF, Quantity(2)),))

    assert yard.wms.expect_return(notice) == yard.wms.expect_return(notice)
    assert yard.wms.expect_return(notice).accepted
    yard_reports = [report for report in yard.reports() if getattr(report, "kind", "") == "return_received"]
    assert len(yard_reports) <= 1


def test_a_suppliers_goods_are_announced(yard):
    notice = EntryNotice(number="E1", warehouse=MAIN, purchase_no="PO1", lines=((SCARF, Quantity(60)),))

    assert yard.wms.expect_entry(notice).accepted
    assert yard.wms.expect_entry(notice).accepted


# --- reports that are fetched ----------------------------------------------------------------------------------------

fetched = pytest.mark.parametrize("yard", ["memory", "simulated"], indirect=True)


@fetched
def test_reports_come_again_until_they_are_confirmed(yard):
    order = an_order(1)
    yard.send(order)
    yard.finish(order)

    told = yard.wms.reports(100)
    assert yard.wms.reports(100) == told != ()

    yard.wms.confirm(tuple(report.report_id for report in told))
    yard.wms.confirm(tuple(report.report_id for report in told))
    yard.wms.confirm(("unheard-of",))
    assert yard.wms.reports(100) == ()


@fetched
def test_no_more_reports_come_at_once_than_were_asked_for_the_oldest_first(yard):
    orders = [an_order(number) for number in (1, 2, 3)]
    for order in orders:
        yard.send(order)
        yard.finish(order)

    whole = yard.wms.reports(100)

    assert yard.wms.reports(1) == whole[:1]
    assert yard.wms.reports(2) == whole[:2]
    assert [parcel.number for parcel in yard.parcels()] == [order.number for order in orders]
    assert len({report.report_id for report in whole}) == len(whole)


# --- what only a warehouse over the wire can do ----------------------------------------------------------------------


def test_a_warehouse_that_says_nothing_when_it_is_asked_to_stop_is_no_answer():
    clock = FakeClock()
    fake = FakeQimen(clock, mood=lambda number: Mood(stopping=Stopping.SILENT), warehouse=MAIN)
    with serve(fake) as url, httpx2.Client() as http:
        account = QimenAccount(warehouse=MAIN, app_key=APP_KEY, secret=SECRET, customer_id=CUSTOMER, base_url=url)
        wms = QimenWarehouse(client=QimenClient(account=account, http=http, now=clock))
        order = an_order(1)
        wms.send(order)

        answer = wms.stop(to_stop(order))

    assert answer.outcome is Stop.NO_ANSWER
    assert answer.reason == "http_504"


@pytest.mark.parametrize("yard", ["qimen"], indirect=True)
def test_a_pushing_warehouse_has_nothing_to_fetch(yard):
    assert yard.wms.reports(100) == ()
    yard.wms.confirm(("whatever",))
