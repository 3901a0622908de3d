"""A transaction stores everything or nothing, and is dead afterwards."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.contracts.rows import (
    ROOT,
    a_line,
    a_new_shop,
    a_stored_order,
    an_order,
    change_order,
    load_order,
    put,
    receive,
    received,
    relay,
    reservations,
    revised,
    store,
    transact,
    units,
)
from tests.contracts.sealed import a_sealed_row

from oms_app.actor import Once, system
from oms_app.ports.transaction import OrderNotFound, StaleVersion, StockMoved
from oms_app.queries.rows import OrderFilter
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.shops.shop import ShopNotFound
from oms_domain.testing.builders import MAIN

KEYED = evolve(system("tests"), once=Once(client="c", key="k", digest="d"))


def write_everything(tx, backend, shop, order):
    """Use every kind of write there is."""
    new = an_order(backend, shop)
    put(tx, new, backend)
    put(tx, evolve(tx.orders.get(order.id), buyer_remark="改"), backend)
    tx.shops.save_account(shop.id, b"sealed")
    tx.stock.move((received("NEW", 3),), document=backend.new_id())
    tx.stock.reserve(order.id, reservations(order))
    sealed = a_sealed_row(backend, shop)
    tx.vault.put(sealed)
    tx.cursors.move(shop.id, "orders", backend.clock.now)
    tx.report_difference(order.differs(theirs="shipped", what="state", at=backend.clock.now), shop.id)
    tx.remember(order.id)
    return new, sealed


def nothing_of_it_is_there(backend, shop, order, new, sealed):
    with backend.open(KEYED) as tx:
        assert tx.orders.get(order.id) == order
        assert tx.orders.get_many([new.id]) == {}
        assert tx.shops.account(shop.id) is None
        assert tx.stock.levels(MAIN, [SkuCode("NEW")]) == {}
        assert tx.cursors.get(shop.id, "orders") is None
        assert tx.recall(type(order.id)) is None
    assert units(backend, order.lines[0].sku) == (100, 0)
    assert backend.queries.differences(ROOT, limit=10) == ()
    assert len(backend.queries.order(ROOT, order.id).log) == 1
    assert relay(backend) == 2  # the shop's and the order's own


@pytest.fixture
def shop(backend):
    return store(backend, a_new_shop(backend))


@pytest.fixture
def order(backend, shop):
    stored = store(backend, an_order(backend, shop))
    for line in stored.lines:
        receive(backend, line.sku, 100)
    return stored


def test_without_commit_nothing_is_stored(backend, shop, order):
    with backend.open(KEYED) as tx:
        written = write_everything(tx, backend, shop, order)

    nothing_of_it_is_there(backend, shop, order, *written)


def test_an_error_half_way_leaves_nothing(backend, shop, order):
    written = []

    def fail(tx):
        written.extend(write_everything(tx, backend, shop, order))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transact(backend, fail, KEYED)
    nothing_of_it_is_there(backend, shop, order, *written)


def test_a_refusal_at_commit_leaves_nothing(backend, shop, order):
    written = []

    def take_too_much(tx):
        written.extend(write_everything(tx, backend, shop, order))
        much = an_order(backend, shop, lines=(a_line(backend, sku=order.lines[0].sku, quantity=Quantity(99)),))
        put(tx, much, backend)
        tx.stock.reserve(much.id, reservations(much))  # 99 and 2 of 100

    with pytest.raises(StockMoved):
        transact(backend, take_too_much, KEYED)
    nothing_of_it_is_there(backend, shop, order, *written)


def test_with_commit_everything_is_stored(backend, shop, order):
    with backend.open(KEYED) as tx:
        new, sealed = write_everything(tx, backend, shop, order)
        tx.commit()

    with backend.open(KEYED) as tx:
        assert tx.orders.get(order.id) == evolve(order, buyer_remark="改", version=2)
        assert tx.orders.get(new.id) == evolve(new, version=1)
        assert tx.shops.account(shop.id) == b"sealed"
        assert tx.vault.get(sealed.id) == sealed
        assert tx.cursors.get(shop.id, "orders") == backend.clock.now
        assert tx.recall(type(order.id)) == order.id
    assert units(backend, "NEW") == (3, 0)
    assert units(backend, order.lines[0].sku) == (100, 2)
    assert len(backend.queries.differences(ROOT, limit=10)) == 1


def uses(tx, backend, order):
    """Every way to use a transaction."""
    return (
        lambda: tx.shops.all(),
        lambda: tx.shops.get(order.shop_id),
        lambda: tx.shops.account(order.shop_id),
        lambda: tx.shops.save_account(order.shop_id, b"late"),
        lambda: tx.orders.get(order.id),
        lambda: tx.orders.get_many([order.id]),
        lambda: tx.orders.save(order),
        lambda: tx.platform_orders.by_order_no(order.shop_id, ["1"]),
        lambda: tx.fulfilments.get(order.id),
        lambda: tx.stock.levels(MAIN, [SkuCode("NEW")]),
        lambda: tx.stock.reserve(order.id, reservations(order)),
        lambda: tx.stock.release(order.id),
        lambda: tx.stock.move((received("NEW", 1),), document=order.id),
        lambda: tx.vault.get(order.receiver.vault_id),
        lambda: tx.cursors.get(order.shop_id, "orders"),
        lambda: tx.cursors.move(order.shop_id, "orders", backend.clock.now),
        lambda: tx.publish((revised(order, backend),)),
        lambda: tx.recall(str),
        lambda: tx.remember("late"),
        lambda: tx.commit(),
    )


def all_dead(tx, backend, order):
    for use in uses(tx, backend, order):
        with pytest.raises(RuntimeError):
            use()


def test_a_transaction_is_dead_after_its_commit(backend, shop, order):
    with backend.open(KEYED) as tx:
        tx.commit()

        all_dead(tx, backend, order)

    all_dead(tx, backend, order)


def test_a_transaction_is_dead_when_it_was_left(backend, shop, order):
    with backend.open(KEYED) as tx:
        pass

    all_dead(tx, backend, order)


def test_a_transaction_is_dead_after_a_commit_that_failed(backend, shop, order):
    changed = change_order(backend, order, buyer_remark="先到")

    with backend.open(KEYED) as tx:
        tx.orders.get(order.id)
        put(tx, evolve(order, buyer_remark="后到"), backend)
        with pytest.raises(StaleVersion):
            tx.commit()

        all_dead(tx, backend, order)

    assert load_order(backend, order) == changed


def test_a_read_that_found_nothing_leaves_the_transaction_alive(backend, shop, order):
    with backend.open(ROOT) as tx:
        with pytest.raises(OrderNotFound):
            tx.orders.get(backend.new_id())
        with pytest.raises(ShopNotFound):
            tx.shops.by_code("no-such-shop")
        put(tx, evolve(tx.orders.get(order.id), buyer_remark="改"), backend)
        tx.commit()

    assert load_order(backend, order).buyer_remark == "改"


def test_lists_show_only_what_is_committed(backend):
    order = a_stored_order(backend)
    later = backend.clock.now + timedelta(minutes=1)

    found = backend.queries.orders(ROOT, OrderFilter(), after=None, limit=10, now=later)

    assert [row.id for row in found] == [order.id]
