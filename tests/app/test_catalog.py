"""The catalogue and the orders that need it: what is not mapped waits, and is converted by itself once it is."""

from contextlib import contextmanager

import pytest
from attrs import evolve
from tests.app.world import ROOT, later

from oms_app.actor import Actor, Once, Permission
from oms_app.catalog import (
    ChangeBundle,
    ChangeSku,
    DeleteBundle,
    DeleteSku,
    Kept,
    PutBundle,
    PutSku,
    RestoreBundle,
    RestoreSku,
)
from oms_app.conversion import Outcome
from oms_app.intake import ConvertWaiting
from oms_app.ports.transaction import StoreRefusedData, VersionIsNot
from oms_app.ports.wms import ParcelLeft
from oms_app.processes import catalog as process
from oms_app.shops import ChangePolicy
from oms_app.sku_mappings import ChangeMapping, MapSku, RemoveMapping
from oms_domain.catalog.bundle import BundleFacts, BundlePart, InvalidPart
from oms_domain.catalog.mapping import AlreadyMapped, UnknownTarget
from oms_domain.catalog.matching import UnmappedSku
from oms_domain.catalog.sku import CodeTaken, InBundles, SkuFacts, SkuKind
from oms_domain.channels.standard import PlatformState
from oms_domain.kernel.codes import InvalidSku
from oms_domain.kernel.errors import Denied
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.platform_order import Conversion
from oms_domain.orders.states import OrderState as S
from oms_domain.shops.shop import CataloguePolicy, ShopNotFound, ShopPolicy
from oms_domain.testing.builders import HAT, SCARF, a_standard_line, a_standard_order

SET, THEIRS = SkuCode("SET"), SkuCode("THEIRS")
STRICT = {"catalogue": CataloguePolicy.STRICT}


@pytest.fixture
def shop(world):
    return world.a_shop(**STRICT)


def add(world, *codes, price=9900, **facts):
    """Add SKUs to the catalogue; return the last one."""
    for code in codes:
        told = SkuFacts(**{"title": f"样例 {code}", "list_price": Money(price)} | facts)
        answer = world.catalog.put_sku(PutSku(code=code, facts=told, by=ROOT))
    world.settle()
    return answer.sku


def bundle(world, code="SET", **parts):
    """Add a bundle; by default of two scarves and a hat."""
    wanted = {SkuCode(sku): units for sku, units in parts.items()} or {SCARF: 2, HAT: 1}
    facts = BundleFacts(
        title="样例套装", parts=tuple(BundlePart(sku=s, quantity=Quantity(n)) for s, n in wanted.items())
    )
    answer = world.catalog.put_bundle(PutBundle(code=code, facts=facts, by=ROOT))
    world.settle()
    return answer.bundle


def map_sku(world, shop, target=SCARF, **key):
    mapping = world.sku_mappings.map(MapSku(shop_id=shop.id, target=target, by=ROOT, **key))
    world.settle()
    return mapping


def an_order(order_no="1", **line):
    facts = {"sku": THEIRS, "platform_sku_id": "5001", "title": "她的围巾", "spec": "红"}
    return a_standard_order(order_no=order_no, lines=(a_standard_line(**facts | line),))


def unmapped(world):
    rows = world.store.catalog_queries.unmapped(ROOT, shop_id=None, limit=50)
    return [(row.platform_sku_id, row.merchant_code, row.why, row.orders) for row in rows]


def platform_order(world, answer):
    return world.store.queries.platform_order(ROOT, answer.platform_order_id)


def became(world, answer):
    """The sales order that a platform order has become by now, None if none."""
    order_id = platform_order(world, answer).order_id
    return world.order(order_id) if order_id else None


# --- what is not mapped waits ----------------------------------------------------------------------------------------


def test_an_unmapped_sku_is_an_exception_that_names_it_and_stands_on_the_work_list(world, shop):
    (answer,) = world.take_in(shop, an_order())

    assert (answer.outcome, answer.order_id) == (Outcome.EXCEPTION, None)
    assert (answer.trouble.reason, answer.trouble.field, answer.trouble.why) == (
        "unmapped_sku",
        "line 1001",
        "她的围巾",
    )
    assert answer.trouble.unmapped == (
        UnmappedSku(line_no="1001", platform_sku_id="5001", merchant_code="THEIRS", title="她的围巾", spec="红"),
    )
    assert unmapped(world) == [("5001", "THEIRS", "unknown", 1)]


def test_mapping_it_converts_the_order_by_itself_and_its_stock_is_reserved(world, shop):
    add(world, SCARF)
    world.receive(SCARF, units=5)
    (answer,) = world.take_in(shop, an_order())

    map_sku(world, shop, platform_sku_id="5001")

    order = became(world, answer)
    assert (order.state, [line.sku for line in order.lines]) == (S.AWAITING_CS_REVIEW, [SCARF])
    assert (order.lines[0].title, order.lines[0].sold_as) == ("她的围巾", "THEIRS")
    assert world.units(SCARF) == (5, 2)
    assert platform_order(world, answer).conversion is Conversion.CONVERTED
    assert unmapped(world) == []


@pytest.mark.parametrize("key", [{"merchant_code": "THEIRS"}, {"platform_sku_id": "5001", "merchant_code": "THEIRS"}])
def test_a_mapping_may_go_by_the_merchants_code(world, shop, key):
    add(world, SCARF)
    (answer,) = world.take_in(shop, an_order())

    map_sku(world, shop, **key)

    assert became(world, answer) is not None


def test_what_waits_in_another_shop_goes_on_waiting(world, shop):
    other = world.a_shop("tb-2", **STRICT)
    add(world, SCARF)
    (waits,) = world.take_in(other, an_order())

    map_sku(world, shop, platform_sku_id="5001")

    assert became(world, waits) is None


@pytest.mark.parametrize("make", [add, bundle], ids=["sku", "bundle"])
def test_what_was_missing_is_added_and_the_order_of_every_shop_goes_on(world, shop, make):
    other = world.a_shop("tb-2", **STRICT)
    add(world, SCARF, HAT)
    answers = [world.take_in(each, an_order())[0] for each in (shop, other)]

    make(world, "THEIRS")

    assert all(became(world, answer) for answer in answers)


def test_an_order_waits_until_the_last_of_its_skus_is_known(world, shop):
    lines = tuple(a_standard_line(line_no=str(n), sku=SkuCode(f"S{n}"), platform_sku_id=str(n)) for n in (1, 2))
    (answer,) = world.take_in(shop, a_standard_order(lines=lines))

    add(world, "S1")

    assert unmapped(world) == [("2", "S2", "unknown", 1)]
    add(world, "S2")
    assert [line.sku for line in became(world, answer).lines] == ["S1", "S2"]


def test_many_that_wait_are_converted_in_chunks(world, shop, monkeypatch):
    monkeypatch.setattr(process, "CHUNK", 3)
    monkeypatch.setattr(process, "ONE_RUN", 7)
    add(world, SCARF)
    answers = world.take_in(shop, *(an_order(str(n)) for n in range(20)))

    map_sku(world, shop, platform_sku_id="5001")

    assert all(became(world, answer) for answer in answers)
    assert world.ended.count(("catalog.convert_waiting", "done")) >= 3


def test_chunks_that_do_not_help_come_to_an_end(world, shop, monkeypatch):
    monkeypatch.setattr(process, "CHUNK", 2)
    monkeypatch.setattr(process, "ONE_RUN", 4)
    gift = add(world, "GIFT", kind=SkuKind.GIFT)
    world.take_in(shop, *(an_order(str(n), sku=gift.code) for n in range(9)))

    map_sku(world, shop, target="GIFT", platform_sku_id="5001")

    assert unmapped(world) == [("5001", "GIFT", "gift_is_sold", 9)]


def test_one_that_the_store_refuses_holds_up_no_other(world, shop):
    add(world, SCARF)
    answers = world.take_in(shop, *(an_order(str(n)) for n in range(3)))
    world.open = refusing(world, "1")

    map_sku(world, shop, platform_sku_id="5001")

    assert [became(world, answer) is not None for answer in answers] == [True, False, True]


def refusing(world, order_no):
    """Return a store that refuses to convert one order."""

    @contextmanager
    def opened(actor):
        with world.store.open(actor) as tx:
            save = tx.platform_orders.shelf.save

            def checked(state):
                if state.order_no == order_no:
                    raise StoreRefusedData(why="22021")
                save(state)

            tx.platform_orders.shelf = Saving(tx.platform_orders.shelf, checked)
            yield tx

    return opened


class Saving:
    """A shelf whose ``save`` is another."""

    def __init__(self, inner, save):
        self.inner, self.save = inner, save

    def __getattr__(self, name):
        return getattr(self.inner, name)


def test_what_was_mapped_while_an_order_was_taken_in_is_found_all_the_same(world, shop):
    """The mapping's job finds nothing, for the order is not stored yet; so the order itself is looked at once more."""
    add(world, SCARF)

    def map_before_the_commit():
        world.open = world.store.open
        map_sku(world, shop, platform_sku_id="5001")

    world.open = before_commit(world, map_before_the_commit)
    (answer,) = world.take_in(shop, an_order())

    assert answer.outcome is Outcome.EXCEPTION
    assert became(world, answer) is not None


def test_control_without_the_second_look_it_would_wait_for_ever(world, shop):
    add(world, SCARF)
    handlers = {name: handler for name, handler in world.runner.handlers.items() if name != "catalog.look_again"}
    world.runner = evolve(world.runner, handlers=handlers)

    def map_before_the_commit():
        world.open = world.store.open
        map_sku(world, shop, platform_sku_id="5001")

    world.open = before_commit(world, map_before_the_commit)
    (answer,) = world.take_in(shop, an_order())

    assert became(world, answer) is None
    assert unmapped(world) == [("5001", "THEIRS", "unknown", 1)]


def before_commit(world, act):
    """Return a store in which ``act`` happens between the decisions of a transaction and its commit."""

    @contextmanager
    def opened(actor):
        with world.store.open(actor) as tx:
            yield Late(tx, act)

    return opened


class Late:
    """A transaction that something comes before when it is committed."""

    def __init__(self, tx, act):
        self.tx, self.act = tx, act

    def __getattr__(self, name):
        return getattr(self.tx, name)

    def commit(self):
        self.act()
        self.tx.commit()


def test_converting_again_what_is_as_it_was_writes_nothing(world, shop):
    (answer,) = world.take_in(shop, an_order())
    before = platform_order(world, answer)
    facts = len(world.store.tables.log[before.id])

    again = world.intake.convert_waiting(ConvertWaiting(platform_order_ids=(before.id,), by=ROOT))

    assert [(each.outcome, each.trouble) for each in again] == [(Outcome.EXCEPTION, before.trouble)]
    assert platform_order(world, answer) == before
    assert len(world.store.tables.log[before.id]) == facts


def test_what_does_not_wait_any_more_is_left_alone(world, shop):
    add(world, SCARF)
    (answer,) = world.take_in(shop, an_order(sku=SCARF))

    assert world.intake.convert_waiting(ConvertWaiting(platform_order_ids=(answer.platform_order_id,), by=ROOT)) == ()


# --- an open catalogue -----------------------------------------------------------------------------------------------


def test_an_open_catalogue_takes_an_unknown_code_for_a_sku_of_its_own(world):
    shop = world.a_shop(catalogue=CataloguePolicy.OPEN)

    answers = world.take_in(shop, an_order("1"), an_order("2"))

    (sku,) = world.store.tables.skus.values()
    assert [became(world, answer).lines[0].sku for answer in answers] == [THEIRS, THEIRS]
    assert (sku.code, sku.title, sku.spec, sku.list_price) == (THEIRS, "她的围巾", "红", Money(9900))
    assert [entry.kind for entry in world.store.tables.log[sku.id]] == ["catalog.sku_added"]


def test_an_open_catalogue_still_cannot_guess_what_has_no_code(world):
    shop = world.a_shop(catalogue=CataloguePolicy.OPEN)

    (answer,) = world.take_in(shop, an_order(sku=None))

    assert answer.outcome is Outcome.EXCEPTION
    assert unmapped(world) == [("5001", "", "unknown", 1)]


def test_an_open_catalogue_does_not_revive_what_was_deleted(world):
    shop = world.a_shop(catalogue=CataloguePolicy.OPEN)
    gone = add(world, "THEIRS")
    world.catalog.delete_sku(DeleteSku(sku_id=gone.id, by=ROOT))

    (answer,) = world.take_in(shop, an_order())
    assert unmapped(world) == [("5001", "THEIRS", "deleted", 1)]

    world.catalog.restore_sku(RestoreSku(sku_id=gone.id, by=ROOT))
    world.settle()
    assert became(world, answer) is not None


def test_in_an_open_catalogue_a_mapping_still_comes_before_a_new_sku(world):
    shop = world.a_shop(catalogue=CataloguePolicy.OPEN)
    add(world, SCARF)
    map_sku(world, shop, merchant_code="THEIRS")

    (answer,) = world.take_in(shop, an_order())

    assert became(world, answer).lines[0].sku == SCARF
    assert [sku.code for sku in world.store.tables.skus.values()] == [SCARF]


def test_two_that_see_a_code_first_at_once_agree_on_one_sku(world):
    shop = world.a_shop(catalogue=CataloguePolicy.OPEN)
    others = []

    def another_is_first():
        world.open = world.store.open
        others.extend(world.take_in(shop, an_order("2")))

    world.open = before_commit(world, another_is_first)
    (answer,) = world.take_in(shop, an_order("1"))

    assert [became(world, each).lines[0].sku for each in (answer, *others)] == [THEIRS, THEIRS]
    assert [sku.code for sku in world.store.tables.skus.values()] == [THEIRS]
    assert world.pauses == [2]  # the slower one had to try again


def test_a_shop_that_opens_its_catalogue_converts_what_waits(world, shop):
    (answer,) = world.take_in(shop, an_order())

    world.shops.change_policy(ChangePolicy(shop_id=shop.id, policy=ShopPolicy(), by=ROOT))
    world.settle()

    assert became(world, answer) is not None


# --- bundles ---------------------------------------------------------------------------------------------------------


def test_a_bundle_reserves_all_of_its_parts(world, shop):
    add(world, SCARF)
    add(world, HAT, price=5000)
    bundle(world)
    world.receive(SCARF, HAT, units=10)

    (answer,) = world.take_in(shop, an_order(sku=SET, quantity=Quantity(3)))

    order = became(world, answer)
    assert [(line.sku, line.quantity, line.bundle.quantity) for line in order.lines] == [(SCARF, 6, 3), (HAT, 3, 3)]
    assert order.state is S.AWAITING_CS_REVIEW
    assert (world.units(SCARF), world.units(HAT)) == ((10, 6), (10, 3))


def test_a_bundle_short_of_one_part_reserves_none(world, shop):
    add(world, SCARF, HAT)
    bundle(world)
    world.receive(SCARF, units=10)
    world.receive(HAT, units=2)

    (answer,) = world.take_in(shop, an_order(sku=SET, quantity=Quantity(3)))

    assert became(world, answer).state is S.BACKORDERED
    assert (world.units(SCARF), world.units(HAT)) == ((10, 0), (2, 0))
    world.receive(HAT, units=1)
    assert (world.units(SCARF), world.units(HAT)) == ((10, 6), (3, 3))


def test_one_sku_on_two_lines_and_in_a_bundle_is_reserved_for_all_of_them(world, shop):
    add(world, SCARF, HAT)
    bundle(world)
    world.receive(SCARF, units=5)
    world.receive(HAT, units=1)
    lines = (
        a_standard_line(line_no="1", sku=SCARF, quantity=Quantity(1)),
        a_standard_line(line_no="2", sku=SET, quantity=Quantity(1)),
        a_standard_line(line_no="3", sku=SCARF, quantity=Quantity(2)),
    )

    (answer,) = world.take_in(shop, a_standard_order(lines=lines))

    order = became(world, answer)
    assert [(line.platform_line_no, line.sku, line.quantity) for line in order.lines] == [
        ("1", SCARF, 1),
        ("2", SCARF, 2),
        ("2", HAT, 1),
        ("3", SCARF, 2),
    ]
    assert order.state is S.AWAITING_CS_REVIEW
    assert (world.units(SCARF), world.units(HAT)) == ((5, 5), (1, 1))
    assert sum(line.payable.fen for line in order.lines) + 800 == order.payable.fen


def test_a_parcel_with_some_parts_of_bundles_is_told_in_the_platforms_units(world, shop):
    add(world, SCARF, HAT)
    bundle(world)
    world.receive(SCARF, HAT, units=10)
    world.watch_warehouse()
    (answer,) = world.take_in(shop, an_order(sku=SET, quantity=Quantity(3)))
    order = became(world, answer)
    sent = world.at_warehouse(order.id)

    parcel = ParcelLeft(
        report_id="r1",
        fulfilment_id=sent.fulfilment_id,
        carrier="SF",
        tracking_no="T1",
        contents=((order.lines[0].id, Quantity(3)),),
        at=world.clock(),
    )
    world.warehouse.waiting.append(parcel)
    world.wait(seconds=2)

    (notice,) = world.platform.notices
    assert [(line.line_no, line.quantity) for line in notice.lines] == [("1001", 2)]


def test_what_a_bundle_becomes_later_leaves_the_orders_that_are_there(world, shop):
    add(world, SCARF, HAT)
    made = bundle(world)
    (answer,) = world.take_in(shop, an_order(sku=SET))
    before = became(world, answer)

    facts = evolve(made.facts, parts=made.parts[:1])
    world.catalog.change_bundle(ChangeBundle(bundle_id=made.id, facts=facts, by=ROOT))
    world.clock.forward(minutes=1)
    world.take_in(shop, later(an_order(sku=SET), world.clock, seller_flag=3))

    after = became(world, answer)
    assert [line.sku for line in after.lines] == [line.sku for line in before.lines] == [SCARF, HAT]
    assert (after.seller_flag, after.flags) == (3, ())


def test_a_mapping_that_is_changed_later_leaves_the_orders_that_are_there(world, shop):
    add(world, SCARF, HAT)
    mapping = map_sku(world, shop, platform_sku_id="5001")
    (answer,) = world.take_in(shop, an_order())

    world.sku_mappings.change(ChangeMapping(mapping_id=mapping.id, target=HAT, by=ROOT))
    world.clock.forward(minutes=1)
    world.take_in(shop, later(an_order(), world.clock, seller_flag=3))

    assert (became(world, answer).lines[0].sku, became(world, answer).flags) == (SCARF, ())


# --- goods that change before payment --------------------------------------------------------------------------------


def test_other_goods_of_an_unpaid_order_are_matched_anew(world, shop):
    add(world, SCARF, HAT)
    unpaid = an_order(sku=SCARF, state=PlatformState.UNPAID)
    unpaid = evolve(unpaid, state=PlatformState.UNPAID, paid=Money(0), paid_at=None)
    (answer,) = world.take_in(shop, unpaid)
    world.clock.forward(minutes=1)

    other = evolve(unpaid, lines=(evolve(unpaid.lines[0], sku=THEIRS),))
    (waits,) = world.take_in(shop, later(other, world.clock, state=PlatformState.UNPAID))

    order = became(world, answer)
    assert (waits.outcome, waits.trouble.reason) == (Outcome.EXCEPTION, "unmapped_sku")
    assert (order.lines[0].sku, [flag.kind for flag in order.flags]) == (SCARF, [FlagKind.INTERCEPTED])

    map_sku(world, shop, target=HAT, merchant_code="THEIRS")
    order = became(world, answer)
    assert (order.lines[0].sku, order.flags) == (HAT, ())
    assert platform_order(world, answer).conversion is Conversion.CONVERTED


# --- keeping the catalogue -------------------------------------------------------------------------------------------


def put(world, code=SCARF, by=ROOT, **more):
    facts = more.pop("facts", SkuFacts(title="样例"))
    return world.catalog.put_sku(PutSku(code=code, facts=facts, by=by, **more))


def test_a_sku_is_put_changed_and_left_as_it_is(world):
    added, same = put(world), put(world)
    changed = put(world, facts=SkuFacts(title="新名"), expected_version=1)

    assert [each.kept for each in (added, same, changed)] == [Kept.ADDED, Kept.UNCHANGED, Kept.CHANGED]
    assert [each.sku.version for each in (added, same, changed)] == [1, 1, 2]
    assert world.store.catalog_queries.sku(added.sku.id) == changed.sku


def test_a_code_that_is_taken_is_refused_to_whoever_adds(world):
    put(world)
    put(world, HAT)
    bundle(world)

    for act in (
        lambda: put(world, only_new=True),
        lambda: put(world, SET),
        lambda: bundle(world, SCARF, **{HAT: 1}),
        lambda: world.catalog.put_bundle(
            PutBundle(code=SET, facts=BundleFacts(title="x", parts=a_part(HAT)), only_new=True, by=ROOT)
        ),
    ):
        with pytest.raises(CodeTaken):
            act()


def a_part(sku):
    return (BundlePart(sku=SkuCode(sku), quantity=Quantity(1)),)


def test_a_code_that_is_none_is_refused(world):
    with pytest.raises(InvalidSku) as refused:
        put(world, " A")

    assert refused.value.field == "code"


def test_an_edit_of_another_version_is_refused(world):
    sku = put(world).sku
    facts = SkuFacts(title="新名")

    for act in (
        lambda: put(world, facts=facts, expected_version=2),
        lambda: put(world, HAT, expected_version=1),
        lambda: world.catalog.change_sku(ChangeSku(sku_id=sku.id, facts=facts, expected_version=9, by=ROOT)),
        lambda: world.catalog.delete_sku(DeleteSku(sku_id=sku.id, expected_version=9, by=ROOT)),
        lambda: world.catalog.restore_sku(RestoreSku(sku_id=sku.id, expected_version=9, by=ROOT)),
    ):
        with pytest.raises(VersionIsNot):
            act()


def test_a_part_is_a_sku_of_the_catalogue(world):
    put(world, HAT)
    bundle(world, "INNER", **{HAT: 1})

    with pytest.raises(InvalidPart) as unknown:
        bundle(world, "SET", **{HAT: 1, "NONE": 1})
    with pytest.raises(InvalidPart) as nested:
        bundle(world, "SET", INNER=1)

    assert (unknown.value.field, unknown.value.why) == ("parts[1].sku", "unknown")
    assert nested.value.why == "bundle"


def test_a_part_of_what_is_sold_stays_in_the_catalogue(world):
    hat = put(world, HAT).sku
    made = bundle(world, **{HAT: 1})

    with pytest.raises(InBundles):
        world.catalog.delete_sku(DeleteSku(sku_id=hat.id, by=ROOT))
    with pytest.raises(InBundles):
        put(world, HAT, facts=SkuFacts(title="样例", kind=SkuKind.GIFT))

    world.catalog.delete_bundle(DeleteBundle(bundle_id=made.id, by=ROOT))
    assert world.catalog.delete_sku(DeleteSku(sku_id=hat.id, by=ROOT)).kept is Kept.CHANGED
    with pytest.raises(InvalidPart) as refused:
        world.catalog.restore_bundle(RestoreBundle(bundle_id=made.id, by=ROOT))
    assert refused.value.why == "deleted"


def test_the_catalogue_is_every_shops_and_no_shops_alone_to_change(world, shop):
    mine = Actor(id="key:1", shops=frozenset({shop.id}), permissions=frozenset({Permission.STOCK_WRITE}))

    with pytest.raises(Denied):
        put(world, by=mine)
    with pytest.raises(Denied):
        put(world, by=evolve(mine, shops=None, permissions=frozenset({Permission.STOCK_READ})))


def test_the_same_ask_under_one_key_is_done_once(world, shop):
    by = evolve(ROOT, once=Once(client="c", key="k", digest="d"))
    first = put(world, by=by)
    put(world, facts=SkuFacts(title="新名"))

    assert put(world, by=by) == first

    map_by = evolve(ROOT, once=Once(client="c", key="m", digest="d"))
    ask = MapSku(shop_id=shop.id, merchant_code="X", target=SCARF, by=map_by)
    assert world.sku_mappings.map(ask) == world.sku_mappings.map(ask)


# --- mappings --------------------------------------------------------------------------------------------------------


def test_a_mapping_stands_for_something_in_the_catalogue(world, shop):
    gone = put(world).sku
    world.catalog.delete_sku(DeleteSku(sku_id=gone.id, by=ROOT))

    for target in ("NONE", SCARF):
        with pytest.raises(UnknownTarget):
            map_sku(world, shop, target=target, platform_sku_id="5001")


def test_saying_the_same_again_changes_nothing_and_something_else_is_refused(world, shop):
    put(world)
    put(world, HAT)
    mapping = map_sku(world, shop, platform_sku_id=" 5001 ")

    assert map_sku(world, shop, platform_sku_id="5001") == mapping
    with pytest.raises(AlreadyMapped) as refused:
        map_sku(world, shop, target=HAT, platform_sku_id="5001")
    assert refused.value.fields() == {"mapping_id": mapping.id, "target": SCARF}


def test_a_removed_mapping_says_nothing_until_it_is_said_again(world, shop):
    put(world)
    mapping = map_sku(world, shop, platform_sku_id="5001")
    removed = world.sku_mappings.remove(RemoveMapping(mapping_id=mapping.id, expected_version=1, by=ROOT))
    (answer,) = world.take_in(shop, an_order())
    assert (removed.is_deleted, removed.version, answer.outcome) == (True, 2, Outcome.EXCEPTION)

    again = map_sku(world, shop, platform_sku_id="5001")

    assert (again.id, again.version) == (mapping.id, 3)
    assert became(world, answer) is not None


def test_another_shops_mappings_are_not_ones_own(world, shop):
    other = world.a_shop("tb-2")
    put(world)
    by = Actor(id="key:1", shops=frozenset({other.id}), permissions=frozenset({Permission.STOCK_WRITE}))

    with pytest.raises(ShopNotFound):
        world.sku_mappings.map(MapSku(shop_id=shop.id, merchant_code="A", target=SCARF, by=by))
