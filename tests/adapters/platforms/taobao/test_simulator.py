"""The fake platform keeps the real one's rules: signatures, clock, sessions, limits, traps."""

from __future__ import annotations

import json
import threading
from random import Random

import pytest

from oms_adapters.platforms.taobao.fake_moves import NotPossible
from oms_adapters.platforms.taobao.fake_platform import FakeTaobao, Faults
from oms_adapters.platforms.taobao.fake_trades import OrderDiscount, Person, Wanted
from oms_adapters.platforms.taobao.fake_wire import answer
from oms_adapters.platforms.taobao.scenario import Traffic
from oms_adapters.platforms.taobao.signing import SignMethod, sign
from oms_adapters.platforms.taobao.simulator import serve
from oms_adapters.platforms.taobao.translate import translate
from oms_domain.channels.standard import OrderKind, PlatformState
from oms_domain.kernel.money import Money

LIST = {
    "method": "taobao.trades.sold.increment.get",
    "fields": "tid,tid_str,modified,promotion_details",
    "start_modified": "2026-01-02 09:30:00",
    "end_modified": "2026-01-02 10:00:00",
}


def a_form(secret="testsecret", **changes):
    form = {
        "app_key": "12345678",
        "session": "test-session",
        "sign_method": "md5",
        "timestamp": "2026-01-02 10:00:00",
        "format": "json",
        "v": "2.0",
    }
    form |= LIST | changes
    return list((form | {"sign": sign(form, secret, SignMethod.MD5)}).items())


def reply(platform, form):
    return json.loads(answer(platform, form)[1])


def refusal(platform, form):
    error = reply(platform, form)["error_response"]
    return error["code"], error.get("sub_code", "")


@pytest.fixture
def platform(clock):
    return FakeTaobao(clock)


def read(platform, tid):
    translation = translate(json.dumps(platform.trade(tid)).encode())
    assert translation.mismatches == ()
    return translation.order


def test_a_well_signed_call_is_answered(platform, item):
    number = platform.place([Wanted(item=item)])

    assert reply(platform, a_form()) == {
        "trades_sold_increment_get_response": {
            "total_results": 1,
            "trades": {"trade": [{"tid": int(number), "tid_str": number, "modified": "2026-01-02 10:00:00"}]},
            "request_id": "fake00000001",
        }
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"secret": "wrong"}, (25, "isv.sign-check-failure")),
        ({"app_key": "1"}, (29, "isv.appkey-not-exists")),
        ({"session": ""}, (26, "")),
        ({"session": "stranger"}, (27, "invalid-sessionkey")),
        ({"timestamp": "2026-01-02 09:49:59"}, (31, "isv.timestamp-limit-error")),
        ({"timestamp": "2026-01-02 10:10:01"}, (31, "isv.timestamp-limit-error")),
        ({"timestamp": "now"}, (41, "isv.invalid-parameter:timestamp")),
        ({"method": "taobao.trades.sold.get"}, (22, "")),
        ({"method": ""}, (21, "")),
        ({"sign_method": "sha1"}, (41, "isv.invalid-parameter")),
        ({"fields": ""}, (40, "isv.missing-parameter:fields")),
        ({"page_size": "101"}, (41, "isv.invalid-parameter:page_size")),
        ({"page_no": "0"}, (41, "isv.invalid-parameter:page_no")),
        ({"start_modified": "2026-01-01 09:59:59"}, (41, "isv.invalid-parameter:end_modified")),
        ({"start_modified": "2026-01-02 10:00:00"}, (41, "isv.invalid-parameter:end_modified")),
    ],
)
def test_what_the_real_platform_refuses_is_refused(platform, changes, expected):
    assert refusal(platform, a_form(**changes)) == expected


def test_a_call_is_no_good_later(platform, clock):
    form = a_form()
    clock.move(minutes=11)

    assert refusal(platform, form) == (31, "isv.timestamp-limit-error")


@pytest.mark.parametrize("name", ["start_modified", "session", "timestamp"])
def test_a_call_that_was_changed_on_its_way_is_refused(platform, name):
    form = [(key, value + "0" if key == name else value) for key, value in a_form()]

    assert refusal(platform, form) == (25, "isv.sign-check-failure")


def test_a_name_twice_is_refused(platform):
    assert refusal(platform, [*a_form(), ("tid", "1"), ("tid", "2")])[0] == 43


def test_rows_of_the_list_lack_what_only_the_detail_tells(platform, item):
    platform.place([Wanted(item=item, discount_fen=1)])

    (row,) = reply(platform, a_form())["trades_sold_increment_get_response"]["trades"]["trade"]

    assert set(row) == {"tid", "tid_str", "modified"}


def test_paging_by_has_next_tells_no_total(platform, item):
    for _ in range(3):
        platform.place([Wanted(item=item)])

    first, last = (
        reply(platform, a_form(use_has_next="true", page_size="2", page_no=page))["trades_sold_increment_get_response"]
        for page in ("1", "2")
    )

    assert (first["has_next"], len(first["trades"]["trade"]), "total_results" in first) == (True, 2, False)
    assert (last["has_next"], len(last["trades"]["trade"])) == (False, 1)


def test_an_order_that_changes_moves_to_the_end(platform, item, clock):
    numbers = [platform.place([Wanted(item=item)]) for _ in range(3)]
    clock.move(seconds=30)

    platform.change_memo(numbers[0], "改发顺丰", flag=1)

    rows = reply(platform, a_form(end_modified="2026-01-02 10:30:00"))["trades_sold_increment_get_response"]
    assert [row["tid_str"] for row in rows["trades"]["trade"]] == [numbers[1], numbers[2], numbers[0]]


def test_companies_are_listed(platform):
    body = reply(platform, a_form(method="taobao.logistics.companies.get"))["logistics_companies_get_response"]

    companies = {row["code"]: row["name"] for row in body["logistics_companies"]["logistics_company"]}
    assert companies["LE04284890"] == "JD快递"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"out_sid": ""}, (40, "isv.missing-parameter:out_sid")),
        ({"company_code": "TELEPORT"}, (15, "isv.logistics-offline-service-error:CD06")),
        ({"is_split": "1"}, (41, "isv.invalid-parameter:sub_tid")),
        ({"tid": "x"}, (15, "isv.logistics-offline-service-error:ORDER_NOT_FOUND_ERROR")),
    ],
)
def test_a_shipment_that_makes_no_sense_is_refused(platform, item, changes, expected):
    number = platform.place([Wanted(item=item)])
    platform.pay(number)
    good = {"method": "taobao.logistics.offline.send", "tid": number, "out_sid": "YT1", "company_code": "YTO"}

    assert refusal(platform, a_form(**(good | changes))) == expected


def test_faults_come_as_they_were_seeded(clock):
    def codes(seed):
        faults = Faults(random=Random(seed), failures_percent=30, garbage_percent=30, rate_limit_every=5)
        platform = FakeTaobao(clock, faults=faults)
        return [answer(platform, a_form())[1] for _ in range(20)]

    assert codes(1) == codes(1)
    assert len(set(codes(1))) > 3


def test_an_order_goes_its_way(platform, item, clock):
    number = platform.place([Wanted(item=item)], post_fee_fen=8_00)
    states = [read(platform, number)]
    platform.pay(number)
    states.append(read(platform, number))
    platform.ship(number, company="YTO快递", out_sid="YT1")
    states.append(read(platform, number))
    clock.move(days=2)
    platform.confirm(number)
    states.append(read(platform, number))

    assert [(order.state, order.paid) for order in states] == [
        (PlatformState.UNPAID, Money(0)),
        (PlatformState.TO_SHIP, Money(207_00)),
        (PlatformState.SHIPPED, Money(207_00)),
        (PlatformState.FINISHED, Money(207_00)),
    ]
    assert states[-1].modified_at == states[-1].ended_at == clock.at


def test_a_presale_is_paid_in_two_steps(platform, item):
    number = platform.place([Wanted(item=item)], sort="step", deposit_fen=50_00)
    paid = []
    for _ in range(2):
        platform.pay(number)
        paid.append(read(platform, number))

    assert [(order.kind, order.state, order.paid) for order in paid] == [
        (OrderKind.PRESALE, PlatformState.UNPAID, Money(50_00)),
        (OrderKind.PRESALE, PlatformState.TO_SHIP, Money(199_00)),
    ]


def test_refunds_close_their_lines_and_the_last_one_the_order(platform, item):
    number = platform.place([Wanted(item=item), Wanted(item=item)])
    first, second = str(int(number) + 1), str(int(number) + 2)
    platform.pay(number)
    platform.ask_refund(number, first)
    platform.withdraw_refund(number, first)
    for oid in (first, second):
        platform.ask_refund(number, oid)
        platform.pay_refund(number, oid)

    order = read(platform, number)
    assert (order.state, {line.state for line in order.lines}) == (
        PlatformState.CLOSED_REFUNDED,
        {PlatformState.CLOSED_REFUNDED},
    )


def test_the_seller_may_change_the_price_and_the_buyer_the_address_before_it_is_too_late(platform, item):
    number = platform.place([Wanted(item=item)], order_discounts=[OrderDiscount(name="券", promotion_id="c", fen=1)])
    platform.change_adjustment(number, number, -9_70)
    platform.change_address(number, Person(city="广州市"))
    platform.pay(number)

    order = read(platform, number)

    assert (order.payable, order.region.city) == (Money(189_29), "广州市")
    with pytest.raises(NotPossible):
        platform.change_adjustment(number, number, 0)


def test_what_the_platform_would_not_allow_is_refused_and_changes_nothing(platform, item):
    number = platform.place([Wanted(item=item)])
    before = platform.trade(number)

    with pytest.raises(NotPossible):
        platform.confirm(number)

    assert platform.trade(number) == before


def test_its_trades_outlive_it(tmp_path, clock, item):
    path = tmp_path / "taobao.sqlite"
    first = FakeTaobao(clock, path=path)
    number = first.place([Wanted(item=item)])
    first.pay(number)
    Traffic(first).step()
    kept = first.trades()
    first.close_file()

    second = FakeTaobao(clock, path=path)

    assert second.trades() == kept
    assert second.recall("traffic:1:样例旗舰店") == first.recall("traffic:1:样例旗舰店")
    assert second.place([Wanted(item=item)]) not in {trade["tid_str"] for trade in kept}
    second.close_file()


def test_many_threads_place_orders_with_numbers_of_their_own(platform, item):
    threads = [
        threading.Thread(target=lambda: [platform.place([Wanted(item=item)]) for _ in range(20)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(platform.trades()) == 160


def test_it_serves_and_stops(platform):
    with serve(platform) as first, serve(platform) as second:
        assert first != second
    assert not [thread for thread in threading.enumerate() if thread.name == "fake-taobao"]
