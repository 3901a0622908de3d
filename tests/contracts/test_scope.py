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
from oms_domain.fulfilment.sourcing.records import ShippingId, ShippingRecord, ShippingTerms
from oms_domain.inventory.differences import StockDifference
from oms_domain.inventory.documents import DocumentKind, StockDocumentNotFound, Units
from oms_domain.inventory.postings import Posting
from oms_domain.kernel.errors import NotFound
from oms_domain.kernel.identity import SkuCode, StockDocumentId, WarehouseCode
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
    both = (mine[2].id, foreign[2].id, backend.new_id())
    assert backend.queries.order_numbers(actor, both) == {mine[2].id: mine[2].number}
    assert backend.queries.order_numbers(ROOT, both) == {order.id: order.number for order in (mine[2], foreign[2])}
    assert backend.queries.order_numbers(actor, ()) == {}
    assert backend.queries.order_versions(actor, both) == {mine[2].id: 1}
    assert backend.queries.order_versions(ROOT, both) == {mine[2].id: 1, foreign[2].id: 1}


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


def test_ledger_documents_and_differences_are_seen_where_the_actors_shops_ship_from(backend):
    east, west = WarehouseCode("EAST"), WarehouseCode("WEST")
    mine = store(backend, a_new_shop(backend, policy=ShopPolicy(warehouse=east)))
    documents = {}
    for number, warehouse in enumerate((east, west)):
        receive(backend, "HAT-M", 1, warehouse)
        documents[warehouse] = a_booked_document(backend, f"I20261123-00000{number}", warehouse)

    def seen(actor):
        q, page = backend.queries, {"after": None, "limit": 10}
        return (
            {row.movement.warehouse for row in q.stock_ledger(actor, sku=None, warehouse=None, **page)},
            {row.warehouse for row in q.stock_documents(actor, kind=None, **page)},
            {row.warehouse for row in q.stock_differences(actor, limit=10)},
        )

    assert seen(of(mine.id)) == ({east}, {east}, {east})
    assert seen(ROOT) == ({east, west}, {east, west}, {east, west})
    assert seen(of()) == (set(), set(), set())
    for warehouse, document in documents.items():
        number, is_mine = document.number, warehouse == east
        assert (backend.queries.stock_document_id(of(mine.id), number) == document.id) is is_mine
        if is_mine:
            assert backend.queries.stock_document(of(mine.id), document.id).number == number
        else:
            with pytest.raises(StockDocumentNotFound):
                backend.queries.stock_document(of(mine.id), document.id)
    assert backend.queries.stock_ledger(of(mine.id), sku=None, warehouse=west, after=None, limit=10) == ()


def a_booked_document(backend, number, warehouse):
    """Store a receipt, and a difference that is open in the same warehouse."""
    at, id = backend.clock.now, StockDocumentId(backend.new_id())
    posting = Posting(
        id=id,
        number=number,
        kind=DocumentKind.PURCHASE_RECEIPT,
        warehouse=warehouse,
        lines=(Units(sku=SkuCode("HAT-M"), units=1),),
        created_at=at,
        updated_at=at,
    )
    difference = StockDifference(
        id=backend.new_id(),
        document_id=id,
        number=number,
        kind=DocumentKind.STOCKTAKE,
        sku=SkuCode("HAT-M"),
        warehouse=warehouse,
        units=1,
        at=at,
    )

    def act(tx):
        tx.stock_documents.save(posting)
        tx.publish(posting.booked((), at=at).events)
        tx.stock.open_difference(difference)

    transact(backend, act)
    return posting


def test_a_shop_with_a_strategy_sees_the_stock_of_whoever_ships_for_it(backend):
    shops = [store(backend, a_new_shop(backend, policy=ShopPolicy(strategy="near"))) for _ in range(2)]
    places = {"EAST": (), "WEST": (shops[0].id,), "NORTH": (shops[1].id,)}
    for code, served in places.items():
        warehouse, at = WarehouseCode(code), backend.clock.now
        terms = ShippingTerms(shops=frozenset(served))
        record = ShippingRecord(
            id=ShippingId(backend.new_id()), warehouse=warehouse, terms=terms, created_at=at, updated_at=at
        )
        change = record.put(terms, at=at)

        def act(tx, change=change):
            tx.shipping.save(change.state)
            tx.publish(change.events)

        transact(backend, act)
        receive(backend, "HAT-M", 1, warehouse)
    receive(backend, "HAT-M", 1, WarehouseCode("SOUTH"))

    seen = backend.queries.stock(of(shops[0].id), after=None, limit=10)

    assert [level.warehouse for level in seen] == ["EAST", "WEST"]
