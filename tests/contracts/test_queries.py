"""Lists: every filter, pages that neither skip nor repeat, counts with a cap."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.contracts.rows import (
    ROOT,
    a_fulfilment,
    a_new_platform_order,
    a_new_shop,
    an_order,
    change_order,
    of,
    put,
    receive,
    store,
    transact,
    units,
)
from tests.contracts.sealed import a_sealed_row

from oms_app.ports.transaction import OrderNotFound, PlatformOrderNotFound
from oms_app.ports.vault import IndexField
from oms_app.queries.rows import COUNT_CAP, LAG_S, OrderFilter, OrderRow, PlatformOrderRow, Position
from oms_domain.kernel.identity import CarrierCode, SkuCode, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.orders.flags import Flag, FlagKind
from oms_domain.orders.marks import Business, DeliveryMode, OrderSource
from oms_domain.orders.platform_order import Conversion, Trouble
from oms_domain.orders.sales_order import PartyRef
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopPolicy
from oms_domain.testing.builders import MAIN, NOW, RECEIVER


def page(backend, wanted, *, after=None, limit=200, now=None):
    now = now or backend.clock.now + timedelta(minutes=1)
    return backend.queries.orders(ROOT, wanted, after=after, limit=limit, now=now)


def found(backend, **wanted):
    """Return the ids of a whole list, checked against its count."""
    ids = [row.id for row in page(backend, OrderFilter(**wanted))]
    assert backend.queries.count_orders(ROOT, OrderFilter(**wanted)) == len(ids)
    return ids


@pytest.fixture
def shop(backend):
    return store(backend, a_new_shop(backend))


# --- one row ---------------------------------------------------------------------------------------------------------


def test_a_row_shows_the_order(backend, shop):
    flags = (
        Flag(kind=FlagKind.HELD, reason="等", by="t", at=backend.clock.now),
        Flag(kind=FlagKind.IN_AFTERSALES, reason="退", by="t", at=backend.clock.now),
    )
    order = store(backend, an_order(backend, shop, flags=flags, paid=Money(100), updated_at=backend.clock.now))

    assert page(backend, OrderFilter()) == (
        OrderRow(
            id=order.id,
            number=order.number,
            shop_id=shop.id,
            platform="taobao",
            platform_order_no=order.platform_order_no,
            state=order.state,
            flags=("held", "in_aftersales"),
            payable=order.payable,
            paid=Money(100),
            receiver_mask=RECEIVER.mask,
            units=3,
            created_at=order.created_at,
            updated_at=order.updated_at,
            version=1,
        ),
    )


def test_a_platform_orders_row_shows_it(backend, shop):
    trouble = Trouble(reason="no_sku", field="line 1", why="样例围巾")
    platform_order = store(
        backend, a_new_platform_order(backend, shop, conversion=Conversion.EXCEPTION, trouble=trouble)
    )

    assert backend.queries.platform_orders(ROOT, conversion=None, after=None, limit=10) == (
        PlatformOrderRow(
            id=platform_order.id,
            number=platform_order.number,
            shop_id=shop.id,
            platform="taobao",
            order_no=platform_order.order_no,
            conversion=Conversion.EXCEPTION,
            reason="no_sku",
            order_id=None,
            modified_at=platform_order.modified_at,
            created_at=platform_order.created_at,
        ),
    )
    assert backend.queries.platform_order(ROOT, platform_order.id) == platform_order


def test_a_platform_order_that_cannot_be_read_is_listed(backend, shop):
    unread = store(backend, a_new_platform_order(backend, shop, standard=None))

    (row,) = backend.queries.platform_orders(ROOT, conversion=None, after=None, limit=10)

    assert (row.id, row.reason, row.modified_at) == (unread.id, "", unread.modified_at)


def test_the_detail_shows_the_order_its_fulfilment_and_its_log(backend, shop):
    order = an_order(backend, shop, state=OrderState.AWAITING_RELEASE)
    fulfilment = a_fulfilment(backend, order, id=order.fulfilment_id)
    order, fulfilment = store(backend, order, fulfilment)
    order = change_order(backend, order, buyer_remark="改")

    detail = backend.queries.order(ROOT, order.id)

    assert (detail.order, detail.fulfilment) == (order, fulfilment)
    assert [(entry.seq, entry.document_id) for entry in detail.log] == [(1, order.id), (2, order.id)]


def test_an_order_without_a_fulfilment_has_none_in_its_detail(backend, shop):
    order = store(backend, an_order(backend, shop))

    assert backend.queries.order(ROOT, order.id).fulfilment is None


def test_what_is_not_there_is_not_found(backend):
    with pytest.raises(OrderNotFound):
        backend.queries.order(ROOT, backend.new_id())
    with pytest.raises(PlatformOrderNotFound):
        backend.queries.platform_order(ROOT, backend.new_id())
    assert backend.queries.order_id_by_number(ROOT, "S20261123-000001") is None


# --- filters ---------------------------------------------------------------------------------------------------------


def test_orders_are_found_by_state_shop_number_and_flag(backend, shop):
    other = store(backend, a_new_shop(backend))
    flag = Flag(kind=FlagKind.HELD, reason="等", by="t", at=backend.clock.now)
    first = store(backend, an_order(backend, shop, state=OrderState.BACKORDERED))
    backend.clock.forward(seconds=1)
    second = store(backend, an_order(backend, other, flags=(flag,)))
    backend.clock.forward(seconds=1)
    third = store(backend, an_order(backend, other, state=OrderState.SHIPPED))

    assert found(backend) == [third.id, second.id, first.id]
    assert found(backend, states=(OrderState.SHIPPED,)) == [third.id]
    assert found(backend, states=(OrderState.SHIPPED, OrderState.BACKORDERED)) == [third.id, first.id]
    assert found(backend, states=(OrderState.CANCELLED,)) == []
    assert found(backend, shop_id=other.id) == [third.id, second.id]
    assert found(backend, shop_id=shop.id, states=(OrderState.SHIPPED,)) == []
    assert found(backend, number=second.number) == [second.id]
    assert found(backend, platform_order_no=first.platform_order_no) == [first.id]
    assert found(backend, flagged=True) == [second.id]
    assert found(backend, flagged=False) == [third.id, first.id]
    assert backend.queries.order_id_by_number(ROOT, second.number) == second.id


def test_orders_are_found_by_the_digest_of_a_phone(backend, shop):
    sealed = a_sealed_row(backend, shop, indexes=((IndexField.PHONE, "p" * 32), (IndexField.PHONE4, "q" * 32)))
    other = a_sealed_row(backend, shop, indexes=((IndexField.PHONE, "r" * 32), (IndexField.NAME, "p" * 32)))
    transact(backend, lambda tx: [tx.vault.put(row) for row in (sealed, other)])
    mine = store(backend, an_order(backend, shop, receiver=evolve(RECEIVER, vault_id=sealed.id)))
    store(backend, an_order(backend, shop, receiver=evolve(RECEIVER, vault_id=other.id)))
    store(backend, an_order(backend, shop))

    assert found(backend, phone_digest="p" * 32) == [mine.id]
    assert found(backend, phone_digest="q" * 32) == [mine.id]
    assert found(backend, phone_digest="x" * 32) == []


def test_platform_orders_are_found_by_conversion(backend, shop):
    pending = store(backend, a_new_platform_order(backend, shop))
    backend.clock.forward(seconds=1)
    trouble = Trouble(reason="no_sku")
    stuck = store(backend, a_new_platform_order(backend, shop, conversion=Conversion.EXCEPTION, trouble=trouble))

    def ids(conversion):
        return [row.id for row in backend.queries.platform_orders(ROOT, conversion=conversion, after=None, limit=10)]

    assert ids(None) == [stuck.id, pending.id]
    assert ids(Conversion.PENDING) == [pending.id]
    assert ids(Conversion.EXCEPTION) == [stuck.id]
    assert ids(Conversion.CONVERTED) == []


# --- pages -----------------------------------------------------------------------------------------------------------


def walk(fetch, limit, between=lambda: None):
    """Return the ids of all pages, with something happening between two of them."""
    ids, after = [], None
    while rows := fetch(after, limit):
        assert len(rows) <= limit
        ids += [row.id for row in rows]
        after = Position(rows[-1].created_at, rows[-1].id)
        between()
    return ids


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_hold_every_order_once_while_new_ones_arrive(backend, shop, limit):
    orders = []
    for n in range(7):
        orders.append(store(backend, an_order(backend, shop)))
        if n % 3 == 0:  # several were created at the same instant
            backend.clock.forward(microseconds=1)

    def arrive():
        backend.clock.forward(microseconds=1)
        store(backend, an_order(backend, shop))

    ids = walk(lambda after, limit: page(backend, OrderFilter(), after=after, limit=limit), limit, arrive)

    assert ids == sorted((order.id for order in orders), reverse=True)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pages_hold_every_platform_order_once_while_new_ones_arrive(backend, shop, limit):
    stored = [store(backend, a_new_platform_order(backend, shop)) for _ in range(5)]

    def arrive():
        backend.clock.forward(microseconds=1)
        store(backend, a_new_platform_order(backend, shop))

    def fetch(after, limit):
        return backend.queries.platform_orders(ROOT, conversion=None, after=after, limit=limit)

    assert walk(fetch, limit, arrive) == sorted((row.id for row in stored), reverse=True)


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_pages_of_stock_hold_every_level_once_in_byte_order(backend, limit):
    places = [(sku, place) for sku in ("a", "A", "B", "b", "Á", "样例", "Ａ") for place in ("MAIN", "east", "华东")]
    for sku, place in places:
        receive(backend, sku, 1, WarehouseCode(place))

    levels, after = [], None
    while rows := backend.queries.stock(ROOT, after=after, limit=limit):
        levels += [(level.sku, level.warehouse) for level in rows]
        after = levels[-1]

    assert levels == sorted(places)


def test_what_was_updated_comes_least_recent_first_in_pages(backend, shop):
    begin = backend.clock.now
    orders = [store(backend, an_order(backend, shop)) for _ in range(5)]
    for order in (orders[3], orders[0], orders[4]):
        change_order(backend, order, updated_at=backend.clock.forward(seconds=1))
    wanted = OrderFilter(updated_after=begin)

    ids, after = [], None
    while rows := page(backend, wanted, after=after, limit=1):
        ids += [row.id for row in rows]
        after = Position(rows[-1].updated_at, rows[-1].id)

    assert ids == [orders[3].id, orders[0].id, orders[4].id]


def test_what_was_updated_just_now_is_held_back(backend, shop):
    begin = backend.clock.now
    order = store(backend, an_order(backend, shop, updated_at=backend.clock.forward(seconds=1)))
    wanted, settled = OrderFilter(updated_after=begin), order.updated_at + timedelta(seconds=LAG_S)

    assert page(backend, wanted, now=settled - timedelta(microseconds=1)) == ()
    assert [row.id for row in page(backend, wanted, now=settled)] == [order.id]


# --- counts ----------------------------------------------------------------------------------------------------------


def test_states_are_counted(backend, shop):
    for state, count in ((OrderState.BACKORDERED, 2), (OrderState.SHIPPED, 1)):
        for _ in range(count):
            store(backend, an_order(backend, shop, state=state))

    counts = backend.queries.state_counts(ROOT)

    assert {state: count for state, count in counts.items() if count} == {
        OrderState.BACKORDERED: 2,
        OrderState.SHIPPED: 1,
    }


def test_counts_end_one_above_the_cap(backend, shop):
    def many(tx):
        for _ in range(COUNT_CAP + 2):
            put(tx, an_order(backend, shop, state=OrderState.SHIPPED), backend)

    transact(backend, many)

    assert backend.queries.count_orders(ROOT, OrderFilter()) == COUNT_CAP + 1
    assert backend.queries.state_counts(ROOT)[OrderState.SHIPPED] == COUNT_CAP + 1


# --- who waits -------------------------------------------------------------------------------------------------------


def test_backordered_orders_wait_oldest_first(backend, shop):
    hat = SkuCode("HAT-M")
    waiting = []
    for _ in range(3):
        waiting.append(store(backend, an_order(backend, shop, state=OrderState.BACKORDERED)))
        backend.clock.forward(seconds=1)
    store(backend, an_order(backend, shop))

    with backend.open(ROOT) as tx:
        assert tx.orders.waiting_for(hat, MAIN, 10) == tuple(order.id for order in waiting)
        assert tx.orders.waiting_for(hat, MAIN, 2) == tuple(order.id for order in waiting[:2])
        assert tx.orders.waiting_for(SkuCode("OTHER"), MAIN, 10) == ()
        assert tx.orders.waiting_for(hat, MAIN, 1, after=waiting[0].id) == (waiting[1].id,)
        assert tx.orders.waiting_for(hat, MAIN, 10, after=waiting[2].id) == ()


def test_orders_of_one_moment_wait_by_id(backend, shop):
    waiting = sorted(store(backend, an_order(backend, shop, state=OrderState.BACKORDERED)).id for _ in range(3))

    with backend.open(ROOT) as tx:
        assert tx.orders.waiting_for(SkuCode("HAT-M"), MAIN, 10, after=waiting[0]) == tuple(waiting[1:])


def test_an_order_waits_no_longer_when_it_has_moved_on(backend, shop):
    order = store(backend, an_order(backend, shop, state=OrderState.BACKORDERED))
    change_order(backend, order, state=OrderState.AWAITING_CS_REVIEW)

    with backend.open(ROOT) as tx:
        assert tx.orders.waiting_for(SkuCode("HAT-M"), MAIN, 10) == ()


def test_orders_do_not_wait_for_another_shops_warehouse(backend, shop):
    store(backend, an_order(backend, shop, state=OrderState.BACKORDERED))

    with backend.open(ROOT) as tx:
        assert tx.orders.waiting_for(SkuCode("HAT-M"), WarehouseCode("ELSEWHERE"), 10) == ()
    assert units(backend, "HAT-M") == (0, 0)


def test_an_order_waits_for_the_warehouse_that_it_was_given_and_one_of_a_strategy_for_any(backend, shop):
    east, state = WarehouseCode("EAST"), OrderState.BACKORDERED
    given = store(backend, an_order(backend, shop, state=state, warehouse=east))
    by_strategy = store(backend, a_new_shop(backend, policy=ShopPolicy(strategy="near")))
    anywhere = store(backend, an_order(backend, by_strategy, state=state))

    def waiting(warehouse):
        with backend.open(ROOT) as tx:
            return tx.orders.waiting_for(SkuCode("HAT-M"), warehouse, 10)

    assert waiting(east) == (given.id, anywhere.id)
    assert waiting(MAIN) == (anywhere.id,)


# --- what may be merged ----------------------------------------------------------------------------------------------


def test_orders_that_may_be_merged_are_listed_in_groups(backend):
    shop, elsewhere = store(backend, a_new_shop(backend), a_new_shop(backend))

    def one(digest, in_shop=shop, plain="p", **changes):
        indexes = ((IndexField.WHOLE, digest), *([(IndexField.PLAIN, plain)] if plain else []))
        sealed = a_sealed_row(backend, in_shop, indexes=indexes)
        transact(backend, lambda tx: tx.vault.put(sealed))
        receiver = PartyRef(vault_id=sealed.id, digest=digest)
        return store(backend, an_order(backend, in_shop, **{"buyer_id": "b-1", "receiver": receiver} | changes))

    first = one("r-1", placed_at=NOW - timedelta(hours=1))
    second = one("r-1", placed_at=NOW)
    there = [one("r-1", elsewhere), one("r-1", elsewhere)]
    for _ in range(2):
        one("r-2", plain="")  # told by masks alone
    one("r-1", buyer_id="b-2")
    one("r-1", state=OrderState.AWAITING_RELEASE)
    one("r-1", carrier=CarrierCode("SF"))
    one("r-1", business=Business.DISTRIBUTION)
    one("r-1", delivery=DeliveryMode.SAME_CITY)
    one("r-1", source=OrderSource.MANUAL)

    def listed(actor, **wanted):
        page = backend.queries.merge_candidates(actor, **{"shop_id": None, "limit": 10} | wanted)
        return [[row.id for row in group] for group in page.groups]

    mine = [[first.id, second.id]]
    theirs = [sorted(order.id for order in there)]
    assert sorted(listed(ROOT)) == sorted(mine + theirs)
    assert listed(ROOT, shop_id=shop.id) == listed(of(shop.id)) == mine
    assert listed(ROOT, shop_id=shop.id, limit=1) == []


def test_what_may_be_merged_is_listed_page_by_page_and_what_was_put_in_by_hand_by_its_receiver(backend):
    shop = store(backend, a_new_shop(backend))

    def one(digest, **changes):
        sealed = a_sealed_row(backend, shop, indexes=((IndexField.WHOLE, digest), (IndexField.PLAIN, "p")))
        transact(backend, lambda tx: tx.vault.put(sealed))
        receiver = PartyRef(vault_id=sealed.id, digest=digest)
        manual = {"source": OrderSource.MANUAL, "buyer_id": "", "platform_order_id": None}
        return store(backend, an_order(backend, shop, receiver=receiver, **manual | changes))

    groups = [sorted(one(f"r-{at}").id for _ in range(2)) for at in range(5)]
    for _ in range(2):
        one("r-9", source=OrderSource.PLATFORM)  # of a platform, and nobody knows whose

    found, after, pages = [], None, 0
    while True:
        page = backend.queries.merge_candidates(ROOT, shop_id=shop.id, after=after, limit=5)
        found += [sorted(row.id for row in group) for group in page.groups]
        pages, after = pages + 1, page.next
        if after is None:
            break

    assert (found, pages) == (groups, 3)
