"""The catalogue in every store: one list of codes, parts of bundles, mappings by shop, and what waits to be mapped."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.rows import (
    ROOT,
    STORED,
    a_line,
    a_new_platform_order,
    a_new_shop,
    an_order,
    load_order,
    of,
    receive,
    store,
    transact,
)

from oms_app.ports.transaction import Duplicate, StaleVersion, UnmappedGoods
from oms_app.queries.catalog import CatalogFilter, UnmappedRow, bundle_stock
from oms_domain.catalog.bundle import BundleNotFound, BundlePart
from oms_domain.catalog.mapping import MappingNotFound
from oms_domain.catalog.matching import UnmappedSku
from oms_domain.catalog.sku import GoodsMark, SkuFacts, SkuKind, SkuNotFound
from oms_domain.kernel.identity import SkuCode, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.lines import FromBundle
from oms_domain.orders.platform_order import Conversion, unmapped_trouble
from oms_domain.shops.shop import ShopNotFound, ShopPolicy
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_bundle, a_mapping, a_sku
from oms_domain.testing.values import amounts, texts

SET = SkuCode("SET")
EVERYTHING = CatalogFilter()


def keep(tx, item, at):
    """Save an item of the catalogue with a fact that tells of it."""
    many = tx.bundles if hasattr(item, "parts") else tx.sku_mappings if hasattr(item, "target") else tx.skus
    many.save(item)
    tx.publish(item.added(at=at).events)


def kept(backend, *items, by=ROOT):
    """Store new items in one transaction; return them (one: it) as they are stored."""

    def act(tx):
        for item in items:
            keep(tx, item, backend.clock.now)

    transact(backend, act, by)
    stored = tuple(evolve(item, version=1) for item in items)
    return stored[0] if len(stored) == 1 else stored


def change(backend, many, item, changed):
    """Save a change of an item that was read in a transaction of its own."""

    def act(tx):
        collection = getattr(tx, many)
        collection.get(item.id)
        collection.save(changed.state)
        tx.publish(changed.events)

    transact(backend, act)
    return evolve(changed.state, version=item.version + 1)


def read(backend, ask, by=ROOT):
    with backend.open(by) as tx:
        return ask(tx)


def mapping_of(backend, shop, **changes):
    return a_mapping(**{"id": backend.new_id(), "shop_id": shop.id} | changes)


# --- SKUs ------------------------------------------------------------------------------------------------------------


@given(data=st.data())
@STORED
def test_what_is_kept_of_a_sku_is_read_equal(backend, data):
    backend.wipe()
    maybe = st.none() | amounts(0)
    facts = SkuFacts(
        title=data.draw(texts().filter(str.strip)),
        spec=data.draw(texts()),
        kind=data.draw(st.sampled_from(SkuKind)),
        weight_g=data.draw(st.none() | st.integers(0, 10**8)),
        volume_cm3=data.draw(st.none() | st.integers(0, 10**9)),
        list_price=data.draw(amounts(0)),
        floor_price=data.draw(maybe),
        purchase_cost=data.draw(maybe),
        tax_category=data.draw(st.sampled_from(["", "1040201"])),
        category=data.draw(st.sampled_from(["", "服饰"])),
        marks=data.draw(st.frozensets(st.sampled_from(GoodsMark))),
    )
    sku = a_sku(SCARF, **{name: getattr(facts, name) for name in SkuFacts.__annotations__})

    stored = kept(backend, sku)

    assert read(backend, lambda tx: tx.skus.get(sku.id)) == stored
    assert backend.catalog_queries.sku(sku.id) == stored


def test_skus_are_found_by_code_deleted_ones_too(backend):
    scarf, hat = kept(backend, a_sku(SCARF), a_sku(HAT, is_deleted=True))

    found = read(backend, lambda tx: (tx.skus.by_code([SCARF, HAT, SET]), tx.skus.by_code([]), tx.skus.by_code([HAT])))

    assert found == ({SCARF: scarf, HAT: hat}, {}, {HAT: hat})


def test_codes_are_told_apart_by_case_and_accent(backend):
    kept(backend, a_sku("Ab"), a_sku("AB"), a_sku("Äb"))

    found = read(backend, lambda tx: tx.skus.by_code([SkuCode("AB"), SkuCode("ab")]))

    assert list(found) == ["AB"]


def test_a_transaction_sees_its_own_new_sku_and_bundle(backend):
    with backend.open(ROOT) as tx:
        keep(tx, a_sku(SCARF), backend.clock.now)
        keep(tx, a_bundle(), backend.clock.now)

        assert tx.skus.by_code([SCARF, SET]) == {SCARF: a_sku(SCARF)}
        assert tx.bundles.by_code([SCARF, SET]) == {SET: a_bundle()}
        assert (tx.skus.get(a_sku(SCARF).id), tx.bundles.get(a_bundle().id)) == (a_sku(SCARF), a_bundle())


def test_a_changed_sku_is_the_next_version_and_a_stale_one_is_refused(backend):
    sku = kept(backend, a_sku())
    later = sku.changed(evolve(sku.facts, title="新名"), at=backend.clock.now)

    stored = change(backend, "skus", sku, later)

    assert read(backend, lambda tx: tx.skus.get(sku.id)) == stored
    with pytest.raises(StaleVersion):
        transact(backend, lambda tx: (tx.skus.save(later.state), tx.publish(later.events)))


@pytest.mark.parametrize("other", [a_sku(SET, id=a_sku("other").id), a_bundle("SET")], ids=["sku", "bundle"])
def test_a_code_is_one_items(backend, other):
    kept(backend, a_sku(SET))

    with pytest.raises(Duplicate):
        kept(backend, other)


def test_two_items_of_one_transaction_cannot_share_a_code(backend):
    with pytest.raises(Duplicate):
        kept(backend, a_sku(SET), a_bundle("SET"))


def test_a_bundle_is_no_sku_and_a_sku_no_bundle(backend):
    sku, bundle = kept(backend, a_sku(SCARF), a_bundle("SET"))

    with pytest.raises(SkuNotFound):
        read(backend, lambda tx: tx.skus.get(bundle.id))
    with pytest.raises(BundleNotFound):
        read(backend, lambda tx: tx.bundles.get(sku.id))
    with pytest.raises(SkuNotFound):
        backend.catalog_queries.sku(bundle.id)
    with pytest.raises(BundleNotFound):
        backend.catalog_queries.bundle(sku.id)
    assert read(backend, lambda tx: (tx.skus.by_code([SET]), tx.bundles.by_code([SCARF]))) == ({}, {})


# --- bundles ---------------------------------------------------------------------------------------------------------


def test_a_bundle_is_read_with_its_parts_in_their_order(backend):
    bundle = kept(backend, a_bundle(parts={HAT: 3, SCARF: 1, "BAG": 1000}, spec="三件"))

    assert read(backend, lambda tx: tx.bundles.get(bundle.id)) == bundle
    assert read(backend, lambda tx: tx.bundles.by_code([SET])) == {SET: bundle}
    assert backend.catalog_queries.bundle(bundle.id) == bundle


@given(
    before=st.dictionaries(st.sampled_from("ABCD"), st.integers(1, 3), min_size=1),
    after=st.dictionaries(st.sampled_from("ABCD"), st.integers(1, 3), min_size=1),
)
@STORED
def test_changed_parts_take_the_place_of_the_old_ones(backend, before, after):
    backend.wipe()
    bundle = kept(backend, a_bundle(parts=before))
    parts = tuple(BundlePart(sku=SkuCode(sku), quantity=Quantity(units)) for sku, units in after.items())
    changed = bundle.changed(evolve(bundle.facts, parts=parts), at=backend.clock.now)
    if not changed.events:
        return

    stored = change(backend, "bundles", bundle, changed)

    assert read(backend, lambda tx: tx.bundles.get(bundle.id)) == stored
    assert backend.catalog_queries.bundle(bundle.id) == stored


def test_bundles_that_are_sold_are_found_by_their_parts(backend):
    kept(
        backend,
        a_bundle("B", {SCARF: 1}),
        a_bundle("A", {HAT: 1, SCARF: 2}),
        a_bundle("C", {HAT: 1}),
        a_bundle("D", {SCARF: 1}, is_deleted=True),
    )

    assert read(backend, lambda tx: tx.bundles.with_part(SCARF)) == ("A", "B")
    assert read(backend, lambda tx: tx.bundles.with_part(SkuCode("BAG"))) == ()


def test_each_warehouse_could_ship_as_many_as_it_has_parts_for(backend):
    east = WarehouseCode("EAST")
    shop = store(backend, a_new_shop(backend, policy=ShopPolicy(warehouse=east)))
    bundle = a_bundle(parts={SCARF: 2, HAT: 1})
    for sku, warehouse, count in ((SCARF, MAIN, 7), (HAT, MAIN, 5), (SCARF, east, 9)):
        receive(backend, sku, count, warehouse)
    codes = [part.sku for part in bundle.parts]

    def available(actor):
        return bundle_stock(bundle, backend.catalog_queries.levels(actor, codes))

    assert available(ROOT) == (("EAST", 0), ("MAIN", 3))
    assert available(of(shop.id)) == (("EAST", 0),)
    assert available(of()) == ()


# --- mappings --------------------------------------------------------------------------------------------------------


def test_a_mapping_is_found_by_any_of_its_keys_in_its_shop_alone(backend):
    shop, other = store(backend, a_new_shop(backend), a_new_shop(backend))
    by_id, by_code, by_both, foreign = kept(
        backend,
        mapping_of(backend, shop),
        mapping_of(backend, shop, platform_sku_id="", merchant_code="A", target=HAT),
        mapping_of(backend, shop, merchant_code="A"),
        mapping_of(backend, other, merchant_code="B"),
    )
    keys = [("5001", "A"), ("5001", ""), ("", "A"), ("5001", "B")]

    assert read(backend, lambda tx: tx.sku_mappings.by_key(shop.id, keys)) == {
        ("5001", ""): by_id,
        ("", "A"): by_code,
        ("5001", "A"): by_both,
    }
    assert read(backend, lambda tx: tx.sku_mappings.by_key(other.id, keys)) == {("5001", "B"): foreign}
    assert read(backend, lambda tx: tx.sku_mappings.by_key(shop.id, [])) == {}


def test_one_key_is_mapped_once_in_a_shop(backend):
    shop, other = store(backend, a_new_shop(backend), a_new_shop(backend))
    kept(backend, mapping_of(backend, shop), mapping_of(backend, other))

    with pytest.raises(Duplicate):
        kept(backend, mapping_of(backend, shop, target=HAT))


def test_a_changed_mapping_is_read_as_it_stands(backend):
    shop = store(backend, a_new_shop(backend))
    mapping = kept(backend, mapping_of(backend, shop))

    moved = change(backend, "sku_mappings", mapping, mapping.mapped_to(HAT, at=backend.clock.now))
    gone = change(backend, "sku_mappings", moved, moved.removed(at=backend.clock.now))

    assert read(backend, lambda tx: tx.sku_mappings.get(mapping.id)) == gone
    assert backend.catalog_queries.mapping(ROOT, mapping.id) == gone


def test_mappings_to_a_code_are_those_that_stand(backend):
    shop = store(backend, a_new_shop(backend))
    one, _, other = kept(
        backend,
        mapping_of(backend, shop),
        mapping_of(backend, shop, platform_sku_id="5002", is_deleted=True),
        mapping_of(backend, shop, platform_sku_id="5003"),
    )

    assert read(backend, lambda tx: tx.sku_mappings.to(SCARF)) == (one, other)
    assert read(backend, lambda tx: tx.sku_mappings.to(HAT)) == ()


def test_another_shops_mappings_do_not_exist(backend):
    shop, other = store(backend, a_new_shop(backend), a_new_shop(backend))
    foreign = kept(backend, mapping_of(backend, other))
    mine = of(shop.id)

    with pytest.raises(MappingNotFound):
        read(backend, lambda tx: tx.sku_mappings.get(foreign.id), mine)
    with pytest.raises(MappingNotFound):
        backend.catalog_queries.mapping(mine, foreign.id)
    with pytest.raises((ShopNotFound, MappingNotFound)):
        kept(backend, mapping_of(backend, other, platform_sku_id="6"), by=mine)
    assert read(backend, lambda tx: tx.sku_mappings.by_key(other.id, [foreign.key]), mine) == {}
    assert read(backend, lambda tx: tx.sku_mappings.to(SCARF), mine) == ()
    assert backend.catalog_queries.mappings(mine, shop_id=None, after=None, limit=9) == ()


# --- lists -----------------------------------------------------------------------------------------------------------


def test_lists_go_by_code_page_by_page(backend):
    kept(backend, a_sku("B"), a_sku("A", kind=SkuKind.GIFT), a_sku("C", is_deleted=True), a_bundle("SET"), a_sku("D"))
    queries = backend.catalog_queries

    def codes(wanted, after=None, limit=9):
        return [sku.code for sku in queries.skus(wanted, after=after, limit=limit)]

    assert codes(EVERYTHING) == ["A", "B", "D"]
    assert codes(EVERYTHING, after=SkuCode("A"), limit=1) == ["B"]
    assert codes(CatalogFilter(kind=SkuKind.GIFT)) == ["A"]
    assert codes(CatalogFilter(is_deleted=True)) == ["C"]
    assert codes(CatalogFilter(code="D")) == ["D"]
    assert [bundle.code for bundle in queries.bundles(EVERYTHING, after=None, limit=9)] == ["SET"]
    assert queries.bundles(EVERYTHING, after=SET, limit=9) == ()


def test_mappings_are_listed_oldest_first_page_by_page(backend):
    shop, other = store(backend, a_new_shop(backend), a_new_shop(backend))
    first, second, third, _ = kept(
        backend,
        mapping_of(backend, shop),
        mapping_of(backend, other),
        mapping_of(backend, shop, platform_sku_id="9"),
        mapping_of(backend, shop, platform_sku_id="8", is_deleted=True),
    )
    queries = backend.catalog_queries

    assert queries.mappings(ROOT, shop_id=None, after=None, limit=2) == (first, second)
    assert queries.mappings(ROOT, shop_id=None, after=second.id, limit=2) == (third,)
    assert queries.mappings(ROOT, shop_id=shop.id, after=None, limit=9) == (first, third)


# --- what waits to be mapped -----------------------------------------------------------------------------------------


def goods(line_no="1", **changes):
    facts = {"platform_sku_id": "5001", "merchant_code": "A", "title": "样例", "spec": "红"}
    return UnmappedSku(line_no=line_no, **facts | changes)


def waiting(backend, shop, *unmapped):
    """Store a platform order that fell out for its goods."""
    trouble = unmapped_trouble(unmapped)
    return store(backend, a_new_platform_order(backend, shop, conversion=Conversion.EXCEPTION, trouble=trouble))


def ids_waiting(backend, by=ROOT, after=None, limit=9, **wanted):
    return read(
        backend, lambda tx: tx.platform_orders.waiting_for(UnmappedGoods(**wanted), after=after, limit=limit), by
    )


def test_what_waits_is_found_by_what_is_told(backend):
    shop, other = store(backend, a_new_shop(backend), a_new_shop(backend))
    one = waiting(backend, shop, goods(), goods("2", merchant_code="B"))
    two = waiting(backend, shop, goods(platform_sku_id="5002"))
    three = waiting(backend, other, goods())

    assert ids_waiting(backend, merchant_code="A") == (one.id, two.id, three.id)
    assert ids_waiting(backend, shop_id=shop.id, platform_sku_id="5001") == (one.id,)
    assert ids_waiting(backend, shop_id=shop.id, platform_sku_id="5001", merchant_code="B") == (one.id,)
    assert ids_waiting(backend, shop_id=other.id) == (three.id,)
    assert ids_waiting(backend, merchant_code="A", after=one.id, limit=1) == (two.id,)
    assert ids_waiting(backend, merchant_code="C") == ()
    assert ids_waiting(backend, of(shop.id), merchant_code="A") == (one.id, two.id)
    assert read(backend, lambda tx: tx.platform_orders.get_many([one.id, three.id]), of(shop.id)) == {one.id: one}
    assert read(backend, lambda tx: tx.platform_orders.get_many([])) == {}


def test_what_is_mapped_by_now_waits_no_longer(backend):
    shop = store(backend, a_new_shop(backend))
    order = waiting(backend, shop, goods(), goods("2", merchant_code="B"), goods("3", merchant_code="C"))

    def less(tx):
        stored = tx.platform_orders.get(order.id)
        left = (goods("2", merchant_code="B", title="新名"), goods("4", merchant_code="D"))
        failed = stored.failed(unmapped_trouble(left), at=backend.clock.now)
        tx.platform_orders.save(failed.state)
        tx.publish(failed.events)

    def none(tx):
        mended = tx.platform_orders.get(order.id).mended(at=backend.clock.now)
        tx.platform_orders.save(mended.state)
        tx.publish(mended.events)

    transact(backend, less)
    assert [ids_waiting(backend, merchant_code=code) for code in "ABCD"] == [(), (order.id,), (), (order.id,)]
    rows = backend.catalog_queries.unmapped(ROOT, shop_id=shop.id, limit=9)
    assert [(row.merchant_code, row.title) for row in rows] == [("B", "新名"), ("D", "样例")]

    transact(backend, none)
    assert ids_waiting(backend, shop_id=shop.id) == ()
    assert backend.catalog_queries.unmapped(ROOT, shop_id=shop.id, limit=9) == ()


def test_the_work_list_counts_orders_by_goods_and_shop(backend):
    shop, other = store(backend, a_new_shop(backend), a_new_shop(backend))
    since = backend.clock.now
    waiting(
        backend, shop, goods(merchant_code="B"), goods("2", platform_sku_id="5009"), goods("3", platform_sku_id="5009")
    )
    backend.clock.forward(minutes=1)
    waiting(backend, shop, goods(merchant_code="B", title="样例二"))
    waiting(backend, other, goods(why="deleted"))
    queries = backend.catalog_queries

    mine = queries.unmapped(of(shop.id), shop_id=None, limit=9)

    facts = {"shop_id": shop.id, "spec": "红", "why": "unknown", "waiting_since": since}
    assert mine == (
        UnmappedRow(platform_sku_id="5001", merchant_code="B", title="样例二", orders=2, **facts),
        UnmappedRow(platform_sku_id="5009", merchant_code="A", title="样例", orders=1, **facts),
    )
    assert [row.why for row in queries.unmapped(ROOT, shop_id=other.id, limit=9)] == ["deleted"]
    assert len(queries.unmapped(ROOT, shop_id=None, limit=2)) == 2


# --- what orders keep of it ------------------------------------------------------------------------------------------


def test_a_line_keeps_the_bundle_that_it_came_from_and_what_the_platform_calls_it(backend):
    shop = store(backend, a_new_shop(backend))
    bundle = FromBundle(code=SET, quantity=Quantity(2), list_price_fen=9900, whole=4)
    lines = (a_line(backend, bundle=bundle, sold_as="THEIRS"), a_line(backend))
    order = store(backend, an_order(backend, shop, lines=lines))

    loaded = load_order(backend, order)

    assert loaded == order
    assert [(line.bundle, line.sold_as) for line in loaded.lines] == [(bundle, "THEIRS"), (None, "")]
    assert backend.queries.order(ROOT, order.id).order == order


def test_money_of_a_price_is_read_in_its_currency(backend):
    sku = kept(backend, a_sku(list_price=Money(5, "JPY"), floor_price=Money(4, "JPY"), purchase_cost=None))

    assert read(backend, lambda tx: tx.skus.get(sku.id)) == sku
