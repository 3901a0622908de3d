"""Another shop's rows do not exist: not to be read, not to be written, not to be listed."""

import pytest
from attrs import evolve
from tests.contracts.rows import (
    ROOT,
    a_fulfilment,
    a_new_platform_order,
    a_new_shop,
    an_order,
    of,
    put,
    receive,
    store,
    transact,
)
from tests.contracts.sealed import a_sealed_row

from oms_app.ports.transaction import FulfilmentNotFound, OrderNotFound, PlatformOrderNotFound
from oms_app.ports.vault import VaultRowGone
from oms_app.queries.rows import OrderFilter
from oms_domain.kernel.errors import NotFound
from oms_domain.kernel.identity import WarehouseCode
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopNotFound, ShopPolicy
from oms_domain.testing.builders import MAIN


@pytest.fixture
def mine(backend):
    return family(backend)


@pytest.fixture
def foreign(backend):
    return family(backend)


def family(backend):
    """A shop with one document of every kind, a vault row, an account and a cursor."""
    shop = store(backend, a_new_shop(backend))
    platform_order = a_new_platform_order(backend, shop)
    order = an_order(backend, shop, state=OrderState.BACKORDERED)
    fulfilment = a_fulfilment(backend, order)
    sealed = a_sealed_row(backend, shop)

    def more(tx):
        tx.vault.put(sealed)
        tx.shops.save_account(shop.id, b"sealed")
        tx.cursors.move(shop.id, "orders", backend.clock.now)
        tx.report_difference(order.differs(theirs="shipped", what="state", at=backend.clock.now), shop.id)

    documents = store(backend, platform_order, order, fulfilment)
    transact(backend, more)
    return (shop, *documents, sealed)


def test_the_actors_own_rows_are_there(backend, mine, foreign):
    shop, platform_order, order, fulfilment, sealed = mine

    with backend.open(of(shop.id)) as tx:
        assert tx.shops.get(shop.id) == shop
        assert tx.shops.by_code(shop.code) == shop
        assert tx.shops.all() == (shop,)
        assert tx.shops.account(shop.id) == b"sealed"
        assert tx.platform_orders.get(platform_order.id) == platform_order
        assert tx.orders.get(order.id) == order
        assert tx.fulfilments.get(fulfilment.id) == fulfilment
        assert tx.vault.get(sealed.id) == sealed
        assert tx.cursors.get(shop.id, "orders") == backend.clock.now


def test_foreign_rows_are_not_found(backend, mine, foreign):
    shop, platform_order, order, fulfilment, sealed = foreign

    with backend.open(of(mine[0].id)) as tx:
        for read, refusal in (
            (lambda: tx.shops.get(shop.id), ShopNotFound),
            (lambda: tx.shops.by_code(shop.code), ShopNotFound),
            (lambda: tx.platform_orders.get(platform_order.id), PlatformOrderNotFound),
            (lambda: tx.orders.get(order.id), OrderNotFound),
            (lambda: tx.fulfilments.get(fulfilment.id), FulfilmentNotFound),
            (lambda: tx.vault.get(sealed.id), VaultRowGone),
        ):
            with pytest.raises(refusal):
                read()


def test_foreign_rows_are_missing_from_every_collection(backend, mine, foreign):
    shop, platform_order, order, _, _ = foreign

    with backend.open(of(mine[0].id)) as tx:
        assert tx.shops.all() == (mine[0],)
        assert tx.shops.account(shop.id) is None
        assert tx.platform_orders.by_order_no(shop.id, [platform_order.order_no]) == {}
        assert tx.orders.get_many([order.id, mine[2].id]) == {mine[2].id: mine[2]}
        assert tx.orders.waiting_for(order.lines[0].sku, MAIN, 1) == (mine[2].id,)
        assert tx.cursors.get(shop.id, "orders") is None


def test_foreign_documents_cannot_be_saved(backend, mine, foreign):
    for document in foreign[:4]:
        later = evolve(document, updated_at=backend.clock.forward(seconds=1))

        with pytest.raises(NotFound):
            transact(backend, lambda tx, later=later: put(tx, later, backend), of(mine[0].id))

    with backend.open(ROOT) as tx:
        assert tx.shops.get(foreign[0].id) == foreign[0]
        assert tx.orders.get(foreign[2].id) == foreign[2]


def test_new_documents_cannot_be_made_in_a_foreign_shop(backend, mine, foreign):
    shop = foreign[0]

    for document in (a_new_shop(backend), a_new_platform_order(backend, shop), an_order(backend, shop)):
        with pytest.raises(NotFound):
            transact(backend, lambda tx, document=document: put(tx, document, backend), of(mine[0].id))


def test_an_own_document_cannot_be_moved_into_a_foreign_shop_nor_a_foreign_one_taken_over(backend, mine, foreign):
    away, here = evolve(mine[2], shop_id=foreign[0].id), evolve(foreign[2], shop_id=mine[0].id)

    for stolen in (away, here):
        with pytest.raises(Exception, match=r"not_found|contended|stale|duplicate"):
            transact(backend, lambda tx, stolen=stolen: put(tx, stolen, backend), of(mine[0].id))

    with backend.open(ROOT) as tx:
        assert tx.orders.get(mine[2].id) == mine[2]
        assert tx.orders.get(foreign[2].id) == foreign[2]


def test_what_belongs_to_a_foreign_shop_cannot_be_written(backend, mine, foreign):
    shop, _, order, _, sealed = foreign
    differs = order.differs(theirs="closed_unpaid", what="state", at=backend.clock.now)

    for write in (
        lambda tx: tx.shops.save_account(shop.id, b"mine now"),
        lambda tx: tx.vault.put(a_sealed_row(backend, shop)),
        lambda tx: tx.vault.log_opening(sealed.id, order_id=order.id, purpose="curious"),
        lambda tx: tx.cursors.move(shop.id, "orders", backend.clock.forward(days=1)),
        lambda tx: tx.report_difference(differs, shop.id),
    ):
        with pytest.raises(NotFound):
            transact(backend, write, of(mine[0].id))


def test_lists_hold_only_the_actors_shops(backend, mine, foreign):
    actor, later = of(mine[0].id), backend.clock.forward(minutes=1)

    assert [row.id for row in backend.queries.orders(actor, OrderFilter(), after=None, limit=9, now=later)] == [
        mine[2].id
    ]
    assert backend.queries.count_orders(actor, OrderFilter()) == 1
    assert backend.queries.state_counts(actor)[OrderState.BACKORDERED] == 1
    assert [row.id for row in backend.queries.platform_orders(actor, conversion=None, after=None, limit=9)] == [
        mine[1].id
    ]
    assert [difference.order_id for difference in backend.queries.differences(actor, limit=9)] == [mine[2].id]
    assert backend.queries.order_id_by_number(actor, mine[2].number) == mine[2].id


def test_foreign_documents_cannot_be_looked_at(backend, mine, foreign):
    actor, later = of(mine[0].id), backend.clock.forward(minutes=1)
    wanted = OrderFilter(shop_id=foreign[0].id)

    assert backend.queries.orders(actor, wanted, after=None, limit=9, now=later) == ()
    assert backend.queries.count_orders(actor, wanted) == 0
    assert backend.queries.order_id_by_number(actor, foreign[2].number) is None
    with pytest.raises(OrderNotFound):
        backend.queries.order(actor, foreign[2].id)
    with pytest.raises(PlatformOrderNotFound):
        backend.queries.platform_order(actor, foreign[1].id)


def test_an_actor_without_shops_sees_nothing(backend, mine):
    nobody, later = of(), backend.clock.forward(minutes=1)

    assert backend.queries.orders(nobody, OrderFilter(), after=None, limit=9, now=later) == ()
    assert backend.queries.count_orders(nobody, OrderFilter()) == 0
    with backend.open(nobody) as tx:
        assert tx.shops.all() == ()


def test_stock_is_seen_where_the_actors_shops_ship_from(backend):
    east, west = WarehouseCode("EAST"), WarehouseCode("WEST")
    mine, foreign = (
        store(backend, a_new_shop(backend, policy=ShopPolicy(warehouse=warehouse))) for warehouse in (east, west)
    )
    for warehouse in (east, west, MAIN):
        receive(backend, "HAT-M", 1, warehouse)

    def seen(actor):
        return [level.warehouse for level in backend.queries.stock(actor, after=None, limit=10)]

    assert seen(of(mine.id)) == [east]
    assert seen(of(mine.id, foreign.id)) == [east, west]
    assert seen(of()) == []
    assert seen(ROOT) == [east, MAIN, west]
