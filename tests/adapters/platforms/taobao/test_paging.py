"""Lists of changed orders while orders change: read from the last page back, none is lost; read forwards, some are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from oms_adapters.platforms.taobao.fake_trades import Wanted
from oms_adapters.platforms.taobao.gateway import LIST_ORDERS, PAGE_SIZE, TaobaoGateway
from oms_app.ports.channels import OrderRef, RetryLater
from oms_domain.kernel.time import print_china_time

COUNT = 4 * PAGE_SIZE + 30


@pytest.fixture
def busy(shop, clock, item):
    """A shop with orders of many seconds, whose oldest order changes before every call, past the end of the window."""
    numbers = []
    for _ in range(COUNT):
        numbers.append(shop.platform.place([Wanted(item=item)]))
        clock.move(seconds=5)
    untouched = iter(numbers)

    def oldest_orders_change():
        clock.move(seconds=1)
        for _ in range(7):
            shop.platform.change_memo(next(untouched), "已联系")

    shop.before_call.append(oldest_orders_change)
    return shop, set(numbers)


def backwards(gateway, start, end):
    return {ref.order_no for page in gateway.changed_orders(start, end) for ref in page}


def forwards(gateway: TaobaoGateway, start, end):
    """What a careless reader does: first page to last."""
    found, page_no, rows = set(), 0, None
    while rows is None or rows:
        page_no += 1
        params = {
            "fields": "tid,modified",
            "start_modified": print_china_time(start),
            "end_modified": print_china_time(end),
            "page_no": str(page_no),
            "page_size": str(PAGE_SIZE),
        }
        rows = gateway._client.read(LIST_ORDERS, params).body.objects("trades", "trade")
        found |= {row.number("tid") for row in rows}
    return found


def read_in_two_windows(read, shop, clock):
    """The second window begins where the first ended: what left the first by a change stands in the second."""
    end = clock.at
    start = end - timedelta(minutes=29)
    found = read(shop.gateway, start, end)
    shop.before_call.clear()
    return found | read(shop.gateway, end, clock.at)


def test_read_from_the_last_page_back_no_order_is_lost(busy, clock):
    shop, numbers = busy

    assert read_in_two_windows(backwards, shop, clock) == numbers


def test_read_forwards_over_the_same_changes_orders_are_lost(busy, clock):
    shop, numbers = busy

    assert numbers - read_in_two_windows(forwards, shop, clock)


def test_a_long_window_is_cut_to_half_hours_and_still_finds_all(shop, clock, item):
    start, placed = clock.at, []
    for _ in range(20):
        placed.append(OrderRef(order_no=shop.platform.place([Wanted(item=item)]), modified_at=clock.at))
        clock.move(minutes=17)
    calls = []
    shop.before_call.append(lambda: calls.append(1))

    found = [ref for page in shop.gateway.changed_orders(start, clock.at) for ref in page]

    assert sorted(set(found), key=lambda ref: ref.order_no) == placed
    assert len(calls) == 12  # 340 minutes


def test_a_window_of_one_instant_is_asked_and_one_that_ends_before_its_start_is_empty(shop, clock, item):
    number = shop.platform.place([Wanted(item=item)])
    ref = OrderRef(order_no=number, modified_at=clock.at)

    assert list(shop.gateway.changed_orders(clock.at, clock.at)) == [(ref,)]
    assert list(shop.gateway.changed_orders(clock.at, clock.at - timedelta(seconds=1))) == []


def test_a_page_that_fails_for_good_tells_so_after_the_pages_before_it(shop, clock, item):
    for _ in range(PAGE_SIZE + 1):
        shop.platform.place([Wanted(item=item)])
    pages = shop.gateway.changed_orders(clock.at - timedelta(minutes=1), clock.at)

    first = next(pages)
    shop.platform.faults.failures_percent = 100

    assert len(first) == 1  # the last page
    with pytest.raises(RetryLater):
        next(pages)


def test_orders_of_another_shop_are_not_listed(shop, clock, item):
    shop.platform.place([Wanted(item=item)], shop="别家店")

    assert list(shop.gateway.changed_orders(clock.at - timedelta(minutes=1), clock.at)) == []
