"""The seeded life of the fake platform: the same every time, sound to the fen, and of nobody."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

from oms_adapters.platforms.taobao.fake_platform import FakeTaobao
from oms_adapters.platforms.taobao.scenario import ITEMS, SCENARIO_SKUS, Traffic, make_trades
from oms_adapters.platforms.taobao.translate import translate
from oms_domain.channels.standard import OrderKind, PlatformState

AT = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_same_seed_makes_the_same_trades():
    assert make_trades(1, 50, AT) == make_trades(1, 50, AT)
    assert make_trades(1, 50, AT) != make_trades(2, 50, AT)


def test_seeded_trades_are_sound_varied_and_of_nobody():
    translations = [translate(json.dumps(trade).encode()) for trade in make_trades(3, 400, AT)]
    orders = [translation.order for translation in translations]

    assert [translation.mismatches for translation in translations] == [()] * 400
    assert {order.state for order in orders} >= {
        PlatformState.UNPAID,
        PlatformState.TO_SHIP,
        PlatformState.SHIPPED,
        PlatformState.FINISHED,
        PlatformState.CLOSED_UNPAID,
    }
    assert {len(order.lines) for order in orders} >= {1, 2, 3, 4}
    assert {order.kind for order in orders} == {OrderKind.NORMAL, OrderKind.PRESALE}
    assert {line.sku for order in orders for line in order.lines} == {code for code, _, _ in SCENARIO_SKUS}
    assert any(line.is_gift for order in orders for line in order.lines)
    assert any(order.cash_on_delivery for order in orders)
    assert {translation.personal.receiver.name for translation in translations} == {"测**"}
    assert all(translation.personal.receiver.mobile.startswith("*******") for translation in translations)


def test_traffic_comes_is_paid_and_is_confirmed_when_it_was_shipped(clock):
    def a_life():
        clock.at = AT
        platform = FakeTaobao(clock)
        traffic = Traffic(platform, 5)
        for _ in range(300):
            clock.move(seconds=1)
            traffic.step()
            for number in platform.standing_at("WAIT_SELLER_SEND_GOODS"):
                platform.ship(number, company="YTO快递", out_sid="YT" + number)
        return platform.trades()

    trades = a_life()

    statuses = Counter(trade["status"] for trade in trades)
    assert 50 < len(trades) < 110
    assert statuses["TRADE_FINISHED"] > len(trades) // 2
    assert [translate(json.dumps(trade).encode()).mismatches for trade in trades] == [()] * len(trades)
    assert a_life() == trades


def test_after_a_long_pause_traffic_does_not_catch_up_with_the_backlog(clock):
    platform = FakeTaobao(clock)
    traffic = Traffic(platform)
    traffic.step()
    clock.move(days=1)

    assert traffic.step() < 25
    clock.move(seconds=1)
    assert traffic.step() < 5


def test_the_scenarios_articles_have_codes_of_their_own():
    assert len({item.code for item in ITEMS}) == len({item.num_iid for item in ITEMS}) == len(SCENARIO_SKUS)
