"""What every platform behind the port keeps: Taobao (its simulator, over HTTP) and the platform in memory alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from attrs import define, evolve
from tests.servers import FakeClock

from oms_adapters.memory.platform import MemoryPlatform
from oms_adapters.platforms.taobao.account import TaobaoAccount
from oms_adapters.platforms.taobao.fake_platform import APP_KEY, APP_SECRET, SESSION, FakeTaobao
from oms_adapters.platforms.taobao.fake_trades import Item, Wanted
from oms_adapters.platforms.taobao.gateway import TaobaoGateway
from oms_adapters.platforms.taobao.simulator import serve
from oms_app.ports.channels import (
    ChannelError,
    ChannelGateway,
    NotConnected,
    OrderGone,
    PlatformRefused,
    ShipmentNotice,
    ShippedLine,
)
from oms_domain.channels.capabilities import Capability
from oms_domain.channels.standard import Platform, PlatformState, UnreadablePayload
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import SHOP, a_standard_order

ITEM = Item(code="SCARF-RED", title="【样例】围巾", price_fen=99_00, num_iid=600000000001, sku_id="5000000000001")


@define
class Market:
    """A platform with our gateway to it. ``sell``: a paid order is there, its number; ``shipped``: what it knows."""

    gateway: ChannelGateway
    clock: FakeClock
    sell: Callable[[], str]
    shipped: Callable[[str], list[str]]


@pytest.fixture(params=["memory", "taobao"])
def market(request: pytest.FixtureRequest) -> Iterator[Market]:
    yield from _memory() if request.param == "memory" else _taobao()


def _memory() -> Iterator[Market]:
    clock, platform = FakeClock(), MemoryPlatform()

    def sell() -> str:
        order_no = f"9100000000000{len(platform.orders):06d}"
        platform.sells(a_standard_order(order_no=order_no, state=PlatformState.TO_SHIP, modified_at=clock()))
        return order_no

    def shipped(order_no: str) -> list[str]:
        return [notice.tracking_no for notice in platform.notices if notice.order_no == order_no]

    yield Market(platform, clock, sell, shipped)


def _taobao() -> Iterator[Market]:
    clock = FakeClock()
    platform = FakeTaobao(clock)

    def sell() -> str:
        order_no: str = platform.place([Wanted(item=ITEM, num=2)])
        platform.pay(order_no)
        return order_no

    with serve(platform) as url, httpx2.Client() as http:
        account = TaobaoAccount(app_key=APP_KEY, app_secret=APP_SECRET, session=SESSION, base_url=url)
        gateway = TaobaoGateway(account=account, http=http, now=clock, sleep=lambda _: None)

        def shipped(order_no: str) -> list[str]:
            lines = gateway.translate(gateway.fetch_order(order_no)).order.lines
            return sorted({line.tracking_no for line in lines if line.tracking_no})

        yield Market(gateway, clock, sell, shipped)


def listed(market: Market, since: Any, until: Any) -> list[str]:
    pages = market.gateway.changed_orders(since, until)
    return [ref.order_no for page in pages for ref in page]


def test_it_says_which_platform_it_is_and_what_it_can(market):
    assert market.gateway.platform in Platform
    assert market.gateway.capabilities <= frozenset(Capability)
    assert market.gateway.capabilities


def test_an_order_is_fetched_as_bytes_that_it_can_translate(market):
    order_no = market.sell()

    raw = market.gateway.fetch_order(order_no)
    translation = market.gateway.translate(raw)

    assert isinstance(raw, bytes)
    assert translation.order.order_no == order_no
    assert translation.order.platform is market.gateway.platform
    assert translation.order.state is PlatformState.TO_SHIP
    assert translation.personal.raw == raw
    assert translation.mismatches == ()
    assert market.gateway.translate(raw) == translation


def test_what_is_no_payload_of_its_is_unreadable(market):
    for raw in (b"", b"\x00", b"[]", b"{}", "样例".encode()):
        with pytest.raises(UnreadablePayload):
            market.gateway.translate(raw)


def test_an_order_that_there_is_not_is_gone(market):
    with pytest.raises(OrderGone) as gone:
        market.gateway.fetch_order("9199999999999999999")

    assert gone.value.reason


def test_what_changed_in_a_window_is_listed_with_its_edges_and_nothing_else(market):
    numbers, times = [], []
    for _ in range(5):
        market.clock.forward(minutes=10)
        numbers.append(market.sell())
        times.append(market.clock())
    market.clock.forward(minutes=10)

    assert sorted(listed(market, times[1], times[3])) == sorted(numbers[1:4])
    assert listed(market, times[4] + timedelta(seconds=1), market.clock()) == []


def test_a_window_of_any_length_is_listed_whole(market):
    first, begun = market.sell(), market.clock()
    market.clock.forward(days=20)
    last = market.sell()

    assert {first, last} <= set(listed(market, begun, market.clock()))


def test_what_is_listed_tells_when_it_was_modified(market):
    order_no = market.sell()
    window = (market.clock() - timedelta(minutes=1), market.clock())

    refs = [ref for page in market.gateway.changed_orders(*window) for ref in page if ref.order_no == order_no]

    modified_at = market.gateway.translate(market.gateway.fetch_order(order_no)).order.modified_at
    assert {ref.modified_at for ref in refs} == {modified_at}


def test_a_shipment_told_twice_happens_once(market):
    order_no = market.sell()
    notice = ShipmentNotice(order_no=order_no, carrier="YTO", tracking_no="YT0000000000001")

    market.gateway.write_shipment(notice)
    market.gateway.write_shipment(notice)

    assert market.shipped(order_no) == ["YT0000000000001"]


def test_a_parcel_with_some_of_the_lines_is_told(market):
    order_no = market.sell()
    line = market.gateway.translate(market.gateway.fetch_order(order_no)).order.lines[0]
    lines = (ShippedLine(line_no=line.line_no, quantity=Quantity(1)),)

    market.gateway.write_shipment(
        ShipmentNotice(order_no=order_no, carrier="YTO", tracking_no="YT0000000000002", lines=lines)
    )

    assert market.shipped(order_no) == ["YT0000000000002"]


def test_a_shipment_of_an_order_that_there_is_not_is_refused(market):
    notice = ShipmentNotice(order_no="9199999999999999999", carrier="YTO", tracking_no="YT0000000000003")

    with pytest.raises(PlatformRefused):
        market.gateway.write_shipment(notice)


def test_all_that_a_call_raises_is_an_error_of_the_port(market):
    for act in (
        lambda: market.gateway.fetch_order(""),
        lambda: market.gateway.fetch_order("x" * 200),
        lambda: market.gateway.write_shipment(ShipmentNotice(order_no="", carrier="", tracking_no="")),
    ):
        with pytest.raises(ChannelError):
            act()


def test_a_shop_without_an_account_is_not_connected():
    platform = MemoryPlatform(unconnected={SHOP})

    with pytest.raises(NotConnected):
        platform.of(SHOP)
    assert evolve(platform, unconnected=set()).of(SHOP).platform is Platform.TAOBAO
