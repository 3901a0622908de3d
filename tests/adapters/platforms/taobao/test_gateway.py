"""Our gateway against the fake platform, over loopback HTTP."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx2
import pytest
from attrs import evolve

from oms_adapters.platforms.taobao.capabilities import CAPABILITIES
from oms_adapters.platforms.taobao.carriers import COMPANY_CODES
from oms_adapters.platforms.taobao.fake_trades import OrderDiscount, Wanted
from oms_adapters.platforms.taobao.fake_wire import COMPANIES
from oms_adapters.platforms.taobao.gateway import TaobaoGateway
from oms_adapters.platforms.taobao.scenario import make_trades
from oms_adapters.platforms.taobao.translate import translate
from oms_app.ports.channels import (
    AuthorisationExpired,
    ChannelGateway,
    PlatformRefused,
    RateLimited,
    RetryLater,
    ShipmentNotice,
    ShippedLine,
)
from oms_domain.channels.capabilities import Capability
from oms_domain.channels.standard import Platform, PlatformState
from oms_domain.kernel.quantity import Quantity


def a_notice(order_no, *line_nos, **changes):
    lines = tuple(ShippedLine(line_no=line_no, quantity=Quantity(1)) for line_no in line_nos)
    return evolve(ShipmentNotice(order_no=order_no, carrier="YTO", tracking_no="YT0001", lines=lines), **changes)


@pytest.fixture
def paid(shop, item):
    """The number of a paid order of two lines."""
    number = shop.platform.place(
        [Wanted(item=item, num=2, discount_fen=40_00), Wanted(item=item, adjust_fen=-9_70)],
        order_discounts=[OrderDiscount(name="店铺满减", promotion_id="mjs-1", fen=80_00)],
        post_fee_fen=10_00,
        message="请用样例包装",
    )
    shop.platform.pay(number)
    return number


def line_nos(order_no):
    return str(int(order_no) + 1), str(int(order_no) + 2)


def standing(shop, order_no):
    order = shop.gateway.translate(shop.gateway.fetch_order(order_no)).order
    return order.state, [(line.state, line.tracking_no) for line in order.lines]


def reason(act):
    with pytest.raises(PlatformRefused) as caught:
        act()
    return caught.value.reason


def test_it_is_a_channel_gateway_and_declares_what_it_implements(shop):
    gateway: ChannelGateway = shop.gateway
    behind = {
        Capability.PULL_ORDERS: "changed_orders",
        Capability.FETCH_ORDER: "fetch_order",
        Capability.WRITE_SHIPMENT: "write_shipment",
        Capability.WRITE_SPLIT_SHIPMENT: "write_shipment",
        Capability.PULL_AFTERSALES: "changed_asks",
        Capability.DECIDE_AFTERSALES: "agree_refund",
        Capability.UPDATE_REMARK: "update_remark",
        Capability.UPDATE_STOCK: "update_stock",
        Capability.DECRYPT_BUYER: "decrypt_buyer",
        Capability.RECEIVE_PUSH: "receive_push",
        Capability.DOWNLOAD_BILLS: "download_bills",
        Capability.LIST_GOODS: "list_goods",
    }

    implemented = {capability for capability in Capability if hasattr(TaobaoGateway, behind[capability])}

    assert gateway.capabilities == CAPABILITIES == implemented
    assert gateway.platform is Platform.TAOBAO


def test_a_fetched_order_is_the_platforms_trade(shop, paid):
    translation = shop.gateway.translate(shop.gateway.fetch_order(paid))

    whole = translate(json.dumps(shop.platform.trade(paid)).encode())
    assert translation.order == whole.order
    assert translation.personal == evolve(whole.personal, raw=translation.personal.raw)
    assert translation.mismatches == ()


def test_nothing_is_lost_by_the_fields_we_ask_for(shop):
    for trade in make_trades(7, 30, datetime(2026, 1, 1, tzinfo=UTC)):
        shop.platform.add(trade)

        fetched = shop.gateway.translate(shop.gateway.fetch_order(trade["tid_str"]))

        assert fetched.order == translate(json.dumps(trade).encode()).order
        assert fetched.mismatches == ()


def test_an_order_that_is_not_there_is_refused(shop):
    assert reason(lambda: shop.gateway.fetch_order("9100000000000099900")) == "isv.trade-not-exist"


def test_a_parcel_of_the_whole_order_is_written_back(shop, paid):
    shop.gateway.write_shipment(a_notice(paid))

    shipped = (PlatformState.SHIPPED, "YT0001")
    assert standing(shop, paid) == (PlatformState.SHIPPED, [shipped, shipped])


def test_parcels_of_parts_are_written_back_one_by_one(shop, paid):
    first, second = line_nos(paid)

    shop.gateway.write_shipment(a_notice(paid, second))
    partly = standing(shop, paid)
    shop.gateway.write_shipment(a_notice(paid, first, first, carrier="JD", tracking_no="JD0002"))

    assert partly == (
        PlatformState.PARTLY_SHIPPED,
        [(PlatformState.TO_SHIP, ""), (PlatformState.SHIPPED, "YT0001")],
    )
    assert standing(shop, paid) == (
        PlatformState.SHIPPED,
        [(PlatformState.SHIPPED, "JD0002"), (PlatformState.SHIPPED, "YT0001")],
    )
    assert shop.platform.trade(paid)["orders"]["order"][0]["logistics_company"] == "JD快递"


@pytest.mark.parametrize("refuses_repeats", [False, True])
@pytest.mark.parametrize("split", [False, True])
def test_told_twice_a_parcel_leaves_once(shop, paid, clock, refuses_repeats, split):
    shop.platform.faults.refuses_repeats = refuses_repeats
    notice = a_notice(paid, *line_nos(paid)[: int(split)])
    shop.gateway.write_shipment(notice)
    once = shop.platform.trade(paid)
    clock.move(minutes=1)

    shop.gateway.write_shipment(notice)

    assert shop.platform.trade(paid) == once


def test_a_write_that_was_applied_and_not_confirmed_succeeds_when_it_is_told_again(shop, paid):
    shop.platform.faults.late_failures_percent, shop.platform.faults.refuses_repeats = 100, True
    with pytest.raises(RetryLater):
        shop.gateway.write_shipment(a_notice(paid))
    once = shop.platform.trade(paid)
    shop.platform.faults.late_failures_percent = 0

    shop.gateway.write_shipment(a_notice(paid))

    assert shop.platform.trade(paid) == once
    assert once["status"] == "WAIT_BUYER_CONFIRM_GOODS"


def test_another_parcel_for_what_has_left_is_refused(shop, paid):
    shop.gateway.write_shipment(a_notice(paid))

    found = reason(lambda: shop.gateway.write_shipment(a_notice(paid, tracking_no="YT0002")))

    assert found == "isv.logistics-offline-service-error:AT0112"
    assert standing(shop, paid)[1][0] == (PlatformState.SHIPPED, "YT0001")


def test_an_order_that_must_not_ship_is_refused(shop, paid):
    shop.platform.close(paid)

    assert reason(lambda: shop.gateway.write_shipment(a_notice(paid))) == "isv.logistics-offline-service-error:AT0112"


def test_an_order_that_is_not_there_cannot_ship(shop):
    found = reason(lambda: shop.gateway.write_shipment(a_notice("9100000000000099900")))

    assert found == "isv.logistics-offline-service-error:ORDER_NOT_FOUND_ERROR"


def test_a_line_of_another_order_cannot_ship(shop, paid):
    found = reason(lambda: shop.gateway.write_shipment(a_notice(paid, "1")))

    assert found == "isv.logistics-offline-service-error:ORDER_NOT_FOUND_ERROR"


def test_a_refunded_line_is_no_part_of_the_parcel(shop, paid):
    shop.platform.faults.refuses_repeats = True
    shop.platform.ask_refund(paid, line_nos(paid)[0])
    shop.platform.pay_refund(paid, line_nos(paid)[0])

    shop.gateway.write_shipment(a_notice(paid))
    shop.gateway.write_shipment(a_notice(paid))

    assert standing(shop, paid) == (
        PlatformState.SHIPPED,
        [(PlatformState.CLOSED_REFUNDED, ""), (PlatformState.SHIPPED, "YT0001")],
    )


def test_a_carrier_without_the_platforms_code_is_refused_before_any_call(shop, paid):
    calls = []
    shop.before_call.append(lambda: calls.append(1))

    assert reason(lambda: shop.gateway.write_shipment(a_notice(paid, carrier="JTSD"))) == "carrier_unmapped"
    assert calls == []


def test_the_carriers_that_every_shop_uses_have_a_code():
    assert {"YTO", "ZTO", "SF", "STO", "YUNDA", "EMS", "JD"} <= set(COMPANY_CODES)
    assert len(set(COMPANY_CODES.values())) == len(COMPANY_CODES) == len(COMPANIES)


def test_a_parcel_of_more_lines_than_one_call_takes_is_told_in_several(shop, item):
    number = shop.platform.place([Wanted(item=item)] * 60)
    shop.platform.pay(number)
    lines = [str(int(number) + at) for at in range(1, 61)]

    shop.gateway.write_shipment(a_notice(number, *lines))

    assert standing(shop, number) == (PlatformState.SHIPPED, [(PlatformState.SHIPPED, "YT0001")] * 60)


def test_a_lost_authorisation_is_told(shop, paid):
    shop.platform.sessions = {}

    with pytest.raises(AuthorisationExpired):
        shop.gateway.fetch_order(paid)


def test_the_flow_limit_says_how_long_to_wait(shop, paid):
    shop.platform.faults.rate_limit_every = 2

    shop.gateway.fetch_order(paid)
    with pytest.raises(RateLimited) as caught:
        shop.gateway.fetch_order(paid)

    assert caught.value.after_s == 1


def test_a_platform_that_is_down_may_come_back(clock, shop):
    account = evolve(shop.gateway.account, base_url="http://127.0.0.1:1")
    with httpx2.Client() as http:
        gateway = TaobaoGateway(account=account, http=http, now=clock, sleep=lambda _s: None)

        with pytest.raises(RetryLater) as caught:
            gateway.fetch_order("1")

    assert caught.value.reason == "transport"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"total_results": "3"},
        {"total_results": 10**7},
        {"total_results": 1, "trades": 5},
        {"total_results": 1, "trades": {"trade": [{"tid": 1}]}},
    ],
)
def test_a_list_that_cannot_be_read_is_never_taken_for_an_empty_one(shop, clock, body):
    reply = {"trades_sold_increment_get_response": body}
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _request: httpx2.Response(200, json=reply)))

    with pytest.raises(RetryLater) as caught:
        list(evolve(shop.gateway, http=http).changed_orders(clock.at, clock.at))

    assert caught.value.reason == "unreadable_reply"


def test_an_answer_without_a_trade_is_no_order(shop):
    reply = {"trade_fullinfo_get_response": {"request_id": "r"}}
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _request: httpx2.Response(200, json=reply)))

    with pytest.raises(RetryLater):
        evolve(shop.gateway, http=http).fetch_order("1")


@pytest.mark.parametrize(
    ("shipping", "expected"),
    [({"is_success": False}, PlatformRefused(reason="not_successful")), (None, RetryLater(reason="unreadable_reply"))],
)
def test_a_shipment_counts_only_when_the_platform_says_so(shop, shipping, expected):
    reply = {"logistics_offline_send_response": {"shipping": shipping}}
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _request: httpx2.Response(200, json=reply)))

    with pytest.raises(type(expected)) as caught:
        evolve(shop.gateway, http=http).write_shipment(a_notice("1"))

    assert caught.value.reason == expected.reason
