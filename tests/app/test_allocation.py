"""Where orders ship from, through the use cases: by the shop's strategy, with its reasons, or when stock comes."""

from datetime import date

import pytest
from attrs import evolve
from tests.app.world import ROOT, World, later

from oms_app.actor import Actor, Once, Permission
from oms_app.allocation import Allocation
from oms_app.case_commands import AskedLine, OpenCase, RejectCase
from oms_app.catalog import PutSku
from oms_app.orders import AllocateOrder, CancelOrder
from oms_app.ports.transaction import OrderNotFound, VersionIsNot
from oms_app.processes import orders as processes
from oms_app.shops import ChangePolicy
from oms_app.sourcing import (
    MOST_TRIED_NODES,
    NothingToTry,
    NotSourced,
    PutCarrier,
    PutShipping,
    PutStrategy,
    ReadOrderSourcing,
    ReadSourcing,
    TooMuchToTry,
    TryStrategy,
    check_fit,
)
from oms_app.transactions import record
from oms_app.warehouses import AddWarehouse
from oms_domain.aftersales.states import CaseKind
from oms_domain.catalog.sku import MOST_VOLUME_CM3, SkuFacts
from oms_domain.channels.standard import PlatformState, Region
from oms_domain.fulfilment.carriers import Carrier, CarrierDoesNotFit, Contract, Limits, Rate, Regions, Tariff, Transit
from oms_domain.fulfilment.sourcing import Lack, SplitPolicy, Standing, read_strategy
from oms_domain.fulfilment.sourcing.records import (
    CarrierCodeTaken,
    CarrierNotFound,
    ShippingTerms,
    StrategyNameTaken,
    StrategyNotFound,
    UnknownCarrier,
    UnknownStrategy,
)
from oms_domain.inventory.stock import StockLevel, WarehouseNotFound
from oms_domain.inventory.warehouses import Place, WarehouseKind
from oms_domain.kernel.errors import Denied
from oms_domain.kernel.identity import CarrierCode, ShopId, WarehouseCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopNotFound, ShopPolicy
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_line, a_standard_order, an_id

EAST, NORTH = WarehouseCode("EAST"), WarehouseCode("NORTH")
ZTO, SF = CarrierCode("ZTO"), CarrierCode("SF")
HANGZHOU = Region(province="浙江省", city="杭州市", district="西湖区")
BEIJING = Region(province="北京市", city="北京市", district="朝阳区")
NEAR = read_strategy({"name": "near", "chain": [{"rule": "nearest"}]})
S = OrderState


def a_carrier(code, days=2, first_fen=800, **changes):
    tariff = Tariff(rates=(Rate(first_fen=first_fen),))
    return Carrier(code=CarrierCode(code), tariff=tariff, transit=(Transit(days=days),), **changes)


@pytest.fixture
def world():
    """A forward centre in Shanghai and a regional one in Beijing, both with two carriers; nothing of MAIN is said."""
    world = World()
    for code, kind, lat, lon in (
        (EAST, WarehouseKind.FDC, 31_230_000, 121_470_000),
        (NORTH, WarehouseKind.RDC, 39_900_000, 116_410_000),
    ):
        where = Place(latitude_e6=lat, longitude_e6=lon)
        world.warehouses.add(AddWarehouse(code=code, name=code, kind=kind, place=where, by=ROOT))
    for carrier in (a_carrier(ZTO), a_carrier(SF, days=1, first_fen=2000)):
        world.sourcing.put_carrier(PutCarrier(terms=carrier, by=ROOT))
    for code, division in ((EAST, "310115"), (NORTH, "110105")):
        ships(world, code, division=division)
    world.sourcing.put_strategy(PutStrategy(terms=NEAR, by=ROOT))
    return world


def ships(world, code, carriers=(ZTO, SF), **terms):
    contracts = tuple(Contract(carrier=each) for each in carriers)
    said = ShippingTerms(contracts=contracts, **terms)
    return world.sourcing.put_shipping(PutShipping(warehouse=code, terms=said, by=ROOT))


def wants(number, *lines, region=HANGZHOU):
    """Return a platform's paid order of (SKU, units)."""
    sold = tuple(
        a_standard_line(line_no=str(at), sku=sku, quantity=Quantity(units), state=PlatformState.TO_SHIP)
        for at, (sku, units) in enumerate(lines or [(SCARF, 1)], 1)
    )
    return a_standard_order(
        order_no=f"910000000000000000{number}", lines=sold, region=region, state=PlatformState.TO_SHIP
    )


def answer(world, order_id, by=ROOT):
    return world.sourcing.of_order(ReadOrderSourcing(order_id=order_id, by=by)).kept


def standings(world, order_id):
    return {each.place: each.standing for each in answer(world, order_id).found.verdicts}


def sound(world):
    return list(world.store.doctor.findings(lambda name, found: None)) == []


# --- by the shop's strategy -------------------------------------------------------------------------------------------


def test_an_order_ships_from_where_the_strategy_says_with_its_carrier_and_promise(world):
    shop = world.a_shop(strategy="near", carriers=(SF,))
    for warehouse in (EAST, NORTH):
        world.receive(SCARF, warehouse=warehouse)

    near, far = world.an_order(shop, wants(1)), world.an_order(shop, wants(2, region=BEIJING))

    order = world.order(near)
    assert (order.state, order.warehouse, order.carrier) == (S.AWAITING_CS_REVIEW, EAST, SF)
    assert order.planned_ship_at.date() == date(2026, 11, 23)
    assert order.planned_arrival_on == date(2026, 11, 24)
    assert world.order(far).warehouse == NORTH
    assert standings(world, near) == {EAST: "chosen", NORTH: "outranked", MAIN: "no_stock"}
    assert (answer(world, near).strategy, answer(world, near).strategy_version) == ("near", 1)
    assert world.store.tables.levels[SCARF, EAST].reserved == 1
    assert sound(world)


def test_the_warehouse_is_asked_to_ship_with_the_planned_carrier(world):
    shop = world.a_shop(strategy="near")
    world.receive(SCARF, warehouse=EAST)

    sent = world.at_warehouse(world.an_order(shop, wants(1)))

    assert (sent.warehouse, sent.carrier) == (EAST, ZTO)


def test_a_shop_without_a_strategy_ships_from_its_warehouse_whatever_is_said_of_it(world):
    shop = world.a_shop()
    world.receive(SCARF, warehouse=EAST)
    waiting = world.an_order(shop, wants(1))
    assert world.state(waiting) is S.BACKORDERED

    world.receive(SCARF)

    order = world.order(waiting)
    assert (order.state, order.warehouse, order.carrier) == (S.AWAITING_CS_REVIEW, MAIN, None)
    with pytest.raises(NotSourced):
        answer(world, waiting)


def test_the_built_in_strategy_has_a_name_and_one_that_is_kept_under_it_goes_first(world):
    shop = world.a_shop(strategy="default")
    world.receive(SCARF, warehouse=EAST)
    first = world.an_order(shop, wants(1))
    world.sourcing.put_strategy(PutStrategy(terms=evolve(NEAR, name="default"), by=ROOT))
    second = world.an_order(shop, wants(2))

    versions = [answer(world, each).strategy_version for each in (first, second)]

    assert versions == [0, 1]


def test_the_weight_of_what_is_ordered_counts(world):
    shop = world.a_shop(strategy="near")
    world.catalog.put_sku(PutSku(code=SCARF, facts=SkuFacts(title="围巾", weight_g=2_000), by=ROOT))
    light = a_carrier(ZTO, limits=Limits(weight_g=1_000))
    world.sourcing.put_carrier(PutCarrier(terms=light, by=ROOT))
    world.receive(SCARF, warehouse=EAST)

    order_id = world.an_order(shop, wants(1))

    assert world.order(order_id).carrier == SF
    (chosen,) = answer(world, order_id).found.parts
    assert [(loss.carrier, loss.why) for loss in chosen.choice.losses] == [(ZTO, "unit_too_large")]


def test_the_marks_of_what_is_ordered_count_and_a_great_volume_is_no_obstacle(world):
    shop = world.a_shop(strategy="near")
    facts = SkuFacts(title="香水", marks=["liquid"], volume_cm3=MOST_VOLUME_CM3)
    world.catalog.put_sku(PutSku(code=SCARF, facts=facts, by=ROOT))
    world.sourcing.put_carrier(PutCarrier(terms=a_carrier(ZTO, refuses=["liquid"]), by=ROOT))
    world.receive(SCARF, warehouse=EAST)

    order_id = world.an_order(shop, wants(1))

    assert world.order(order_id).carrier == SF
    (chosen,) = answer(world, order_id).found.parts
    assert [(loss.carrier, loss.why) for loss in chosen.choice.losses] == [(ZTO, "goods_refused")]


def test_only_carriers_that_the_platform_allows_are_planned(world):
    shop = world.a_shop(strategy="near", carriers_allowed=(SF,))
    world.receive(SCARF, warehouse=EAST)

    assert world.order(world.an_order(shop, wants(1))).carrier == SF


def test_what_one_place_ships_for_some_shops_only_is_not_anothers(world):
    mine, other = world.a_shop("tb-1", strategy="near"), world.a_shop("tb-2", strategy="near")
    ships(world, EAST, shops=frozenset({mine.id}))
    world.receive(SCARF, warehouse=EAST)

    orders = [world.an_order(mine, wants(1)), world.an_order(other, wants(2))]

    assert [world.state(each) for each in orders] == [S.AWAITING_CS_REVIEW, S.BACKORDERED]
    assert standings(world, orders[1])[EAST] is Standing.SHOP_NOT_SERVED


def test_who_sees_some_shops_only_sees_no_stock_of_warehouses_that_ship_for_others(world):
    mine, other = world.a_shop("tb-1", strategy="near"), world.a_shop("tb-2", strategy="near")
    ships(world, EAST, shops=frozenset({other.id}))
    for warehouse in (EAST, NORTH):
        world.receive(SCARF, warehouse=warehouse)
    order_id = world.an_order(mine, wants(1))
    scoped = Actor(id="k", shops=frozenset({mine.id}), permissions=frozenset(Permission))

    kept = answer(world, order_id, by=scoped)

    assert [each.place for each in kept.found.verdicts] == [MAIN, NORTH]
    assert [place for place, _ in kept.holdings] == [NORTH]
    assert [place for place, _ in answer(world, order_id).holdings] == [EAST, NORTH]


# --- when there is too little -----------------------------------------------------------------------------------------


def test_an_order_that_cannot_be_had_waits_and_says_why_for_each_place(world):
    shop = world.a_shop(strategy="near")
    ships(world, NORTH, regions=Regions(served=("11",)))
    world.receive(HAT, warehouse=NORTH)
    world.receive(SCARF, units=1, warehouse=EAST)

    order_id = world.an_order(shop, wants(1, (SCARF, 3), (HAT, 1)))

    assert world.state(order_id) is S.BACKORDERED
    found = answer(world, order_id).found
    assert {(each.sku, each.short, each.why) for each in found.missing} == {
        (SCARF, 2, Lack.NOT_ENOUGH),
        (HAT, 1, Lack.NOT_ENOUGH),
    }
    assert standings(world, order_id) == {EAST: "cannot_serve_all", NORTH: "region_not_served", MAIN: "no_stock"}


def test_orders_that_wait_are_tried_wherever_stock_comes_in_oldest_first(world):
    shop = world.a_shop(strategy="near")
    orders = []
    for number in (1, 2, 3):
        orders.append(world.an_order(shop, wants(number)))
        world.wait(minutes=1)

    world.receive(SCARF, units=1, warehouse=NORTH)
    world.receive(SCARF, units=1, warehouse=EAST)

    assert [(world.state(each), world.order(each).warehouse) for each in orders] == [
        (S.AWAITING_CS_REVIEW, NORTH),
        (S.AWAITING_CS_REVIEW, EAST),
        (S.BACKORDERED, None),
    ]
    assert sound(world)


def test_however_many_wait_in_vain_one_that_can_be_served_is(world, monkeypatch):
    monkeypatch.setattr(processes, "WAITING_ORDERS", 2)
    shop = world.a_shop(strategy="near")
    large = [world.an_order(shop, wants(number, (SCARF, 9))) for number in range(1, 6)]
    small = world.an_order(shop, wants(6))

    world.receive(SCARF, units=1, warehouse=NORTH)

    assert {world.state(each) for each in large} == {S.BACKORDERED}
    assert (world.state(small), world.order(small).warehouse) == (S.AWAITING_CS_REVIEW, NORTH)
    assert sound(world)


def test_an_order_that_is_tried_in_vain_stays_as_it_is_but_tells_of_the_newest_look(world):
    shop = world.a_shop(strategy="near")
    order_id = world.an_order(shop, wants(1, (SCARF, 5)))
    before = world.order(order_id)

    world.receive(SCARF, units=4, warehouse=EAST)

    assert world.order(order_id) == before
    assert world.facts(order_id) == ["order_created", "order_backordered"]
    (missing,) = answer(world, order_id).found.missing
    assert (missing.short, missing.there) == (1, ((EAST, 4),))
    assert world.give(AllocateOrder, order_id).state is S.BACKORDERED


def test_a_cancelled_orders_units_go_to_one_that_waits_in_its_warehouse(world):
    shop = world.a_shop(strategy="near")
    world.receive(SCARF, units=1, warehouse=NORTH)
    first, second = world.an_order(shop, wants(1)), world.an_order(shop, wants(2))

    world.give(CancelOrder, first, reason="样例")

    assert world.order(second).warehouse == NORTH
    assert sound(world)


# --- from several places ----------------------------------------------------------------------------------------------


def children(world, order_id):
    """Return the orders that an order was split into, by warehouse."""
    parent = world.order(order_id)
    assert (parent.state, parent.warehouse) == (S.SPLIT, None)
    return {child.warehouse: child for child in map(world.order, parent.heirs)}


def test_an_order_with_a_claim_is_not_cut_and_waits_for_one_place(world):
    shop = world.a_shop(strategy="near")
    order_id = world.an_order(shop, wants(1, (SCARF, 1), (HAT, 1)))
    line = world.order(order_id).lines[0]
    asked = (AskedLine(line_id=line.id, units=1),)
    case = world.cases.open(
        OpenCase(order_id=order_id, kind=CaseKind.REFUND_BEFORE_SHIPMENT, lines=asked, reason="样例", by=ROOT)
    )

    world.receive(SCARF, units=1, warehouse=EAST)
    world.receive(HAT, units=1, warehouse=NORTH)
    assert world.state(order_id) is S.BACKORDERED

    world.cases.reject(RejectCase(case_id=case.id, reason="样例", by=ROOT))
    world.give(AllocateOrder, order_id)
    assert set(children(world, order_id)) == {EAST, NORTH}
    assert sound(world)


def held(world):
    return {place: level.reserved for place, level in world.store.tables.levels.items()}


def test_what_no_place_has_alone_becomes_an_order_for_each_place(world):
    shop = world.a_shop(strategy="near")
    world.receive(SCARF, warehouse=EAST)
    world.receive(HAT, warehouse=NORTH)

    order_id = world.an_order(shop, wants(1, (SCARF, 2), (HAT, 1)))

    parts = children(world, order_id)
    assert {place: [(line.sku, line.quantity) for line in part.lines] for place, part in parts.items()} == {
        EAST: [(SCARF, 2)],
        NORTH: [(HAT, 1)],
    }
    assert {(part.state, part.carrier) for part in parts.values()} == {(S.AWAITING_CS_REVIEW, ZTO)}
    assert [part.split_reasons for part in parts.values()] == [("warehouse EAST",), ("warehouse NORTH",)]
    assert sum(part.payable.fen for part in parts.values()) == world.order(order_id).payable.fen
    assert held(world) == {(SCARF, EAST): 2, (HAT, NORTH): 1}
    assert sound(world)
    explained = world.sourcing.of_order(ReadOrderSourcing(order_id=parts[EAST].id, by=ROOT))
    assert (explained.kept.order_id, explained.asked.id) == (order_id, order_id)


def test_each_part_goes_its_own_way(world):
    shop = world.a_shop(strategy="near")
    world.receive(SCARF, warehouse=EAST)
    world.receive(HAT, warehouse=NORTH)
    parts = children(world, world.an_order(shop, wants(1, (SCARF, 2), (HAT, 1))))

    sent = world.at_warehouse(parts[EAST].id)
    world.give(CancelOrder, parts[NORTH].id, reason="样例")

    assert [(sku, units) for _, sku, units in sent.lines] == [(SCARF, 2)]
    assert held(world) == {(SCARF, EAST): 2, (HAT, NORTH): 0}
    assert sound(world)


def test_an_order_that_waits_is_split_when_the_rest_comes_in_elsewhere(world):
    shop = world.a_shop(strategy="near")
    world.receive(SCARF, warehouse=EAST)
    order_id = world.an_order(shop, wants(1, (SCARF, 2), (HAT, 1)))
    assert world.state(order_id) is S.BACKORDERED

    world.receive(HAT, warehouse=NORTH)

    assert set(children(world, order_id)) == {EAST, NORTH}
    assert world.facts(order_id) == ["order_created", "order_backordered", "order_restocked", "order_split"]


def test_units_of_one_line_come_from_several_places_if_the_strategy_says_so(world):
    world.sourcing.put_strategy(PutStrategy(terms=evolve(NEAR, name="units", split_lines=True), by=ROOT))
    shop = world.a_shop(strategy="units")
    for warehouse in (EAST, NORTH):
        world.receive(SCARF, units=2, warehouse=warehouse)

    parts = children(world, world.an_order(shop, wants(1, (SCARF, 3))))

    assert {place: part.lines[0].quantity for place, part in parts.items()} == {EAST: 2, NORTH: 1}
    assert held(world) == {(SCARF, EAST): 2, (SCARF, NORTH): 1}
    assert sound(world)


def test_an_order_is_not_split_where_the_strategy_says_never(world):
    never = evolve(NEAR, name="whole", split=SplitPolicy.NEVER)
    world.sourcing.put_strategy(PutStrategy(terms=never, by=ROOT))
    shop = world.a_shop(strategy="whole")
    world.receive(SCARF, warehouse=EAST)
    world.receive(HAT, warehouse=NORTH)

    order_id = world.an_order(shop, wants(1, (SCARF, 2), (HAT, 1)))

    assert world.state(order_id) is S.BACKORDERED
    assert {each.why for each in answer(world, order_id).found.missing} == {Lack.NOT_TOGETHER}
    assert world.facts(order_id)[-1] == "order_backordered"


def test_a_split_that_is_asked_for_twice_under_one_key_happens_once(world):
    shop = world.a_shop(strategy="near")
    order_id = world.an_order(shop, wants(1, (SCARF, 2), (HAT, 1)))
    levels = world.store.tables.levels
    for place in ((SCARF, EAST), (HAT, NORTH)):
        levels[place] = StockLevel(sku=place[0], warehouse=place[1], on_hand=5, reserved=0)
    by = Actor(id="k", permissions=frozenset(Permission), once=Once(client="k", key="1", digest="d"))

    first, again = (world.orders.allocate(AllocateOrder(order_id=order_id, by=by)) for _ in range(2))

    assert first == again
    assert first.state is S.SPLIT
    assert len(world.store.tables.orders) == 3
    numbers = sorted(order.number for order in world.store.tables.orders.values())
    assert [number[-6:] for number in numbers] == ["000001", "000002", "000003"]


# --- again, after a change -------------------------------------------------------------------------------------------


def again(world, order_id, numbers=0, by_hand=None, **changes):
    """Change an order in review, and have it allocated anew in the same transaction, as editing does."""
    pool = world.orders.numbering.pool(numbers, "S")
    with world.store.open(ROOT) as tx:
        order = tx.orders.get(order_id)
        allocation = Allocation(tx=tx, numbers=pool, new_id=world.new_id, at=world.clock())
        edited = order.revise(at=world.clock(), **changes)
        record(tx, tx.orders, edited.then(allocation.again(edited.state, **by_hand or {})))
        tx.commit()
    world.settle()
    return world.order(order_id)


@pytest.mark.parametrize("strategy", ["near", ""])
def test_an_order_in_review_keeps_the_last_units_that_it_held_itself(world, strategy):
    shop = world.a_shop(strategy=strategy, warehouse=EAST)
    world.receive(SCARF, units=1, warehouse=EAST)
    order_id = world.an_order(shop, wants(1))

    order = again(world, order_id, seller_remark="样例")

    assert (order.state, order.warehouse) == (S.AWAITING_CS_REVIEW, EAST)
    assert held(world) == {(SCARF, EAST): 1}
    assert sound(world)


def test_an_order_that_goes_elsewhere_now_ships_from_elsewhere(world):
    shop = world.a_shop(strategy="near")
    for warehouse in (EAST, NORTH):
        world.receive(SCARF, warehouse=warehouse)
    order_id = world.an_order(shop, wants(1))

    world.take_in(shop, later(wants(1), world.clock, region=BEIJING))

    order = world.order(order_id)
    assert order.warehouse == NORTH
    assert held(world) == {(SCARF, EAST): 0, (SCARF, NORTH): 1}
    assert world.facts(order_id)[-2:] == ["order_revised", "order_allocated"]
    assert sound(world)


def test_a_warehouse_without_stock_that_is_chosen_by_hand_is_waited_for(world):
    shop = world.a_shop(strategy="near")
    world.receive(SCARF, warehouse=EAST)
    order_id = world.an_order(shop, wants(1))

    waiting = again(world, order_id, by_hand={"warehouse": NORTH, "carrier": SF})

    assert (waiting.state, waiting.warehouse, waiting.carrier) == (S.BACKORDERED, NORTH, SF)
    assert held(world)[SCARF, EAST] == 0
    world.receive(SCARF, warehouse=NORTH)
    order = world.order(order_id)
    assert (order.state, order.warehouse, order.carrier) == (S.AWAITING_CS_REVIEW, NORTH, SF)
    assert sound(world)


def test_an_order_in_review_that_comes_from_several_places_now_is_split(world):
    shop = world.a_shop(strategy="near")
    for sku in (SCARF, HAT):
        world.receive(sku, units=2, warehouse=EAST)
    world.receive(HAT, units=5, warehouse=NORTH)
    order_id = world.an_order(shop, wants(1, (SCARF, 2), (HAT, 2)))
    assert world.order(order_id).warehouse == EAST
    orders = world.store.tables.orders
    ships(world, EAST, carriers=(ZTO,))
    world.sourcing.put_carrier(PutCarrier(terms=a_carrier(ZTO, limits=Limits(weight_g=1)), by=ROOT))
    world.catalog.put_sku(PutSku(code=HAT, facts=SkuFacts(title="帽子", weight_g=500), by=ROOT))

    again(world, order_id, numbers=2, seller_remark="样例")

    parts = {orders[heir].warehouse: orders[heir] for heir in orders[order_id].heirs}
    assert {place: [line.sku for line in part.lines] for place, part in parts.items()} == {EAST: [SCARF], NORTH: [HAT]}
    assert {part.state for part in parts.values()} == {S.AWAITING_CS_REVIEW}
    assert held(world) == {(SCARF, EAST): 2, (HAT, EAST): 0, (HAT, NORTH): 2}
    assert sound(world)


# --- chosen by hand ---------------------------------------------------------------------------------------------------


def by_hand(world, order_id, **facts):
    """Give a waiting order a warehouse or a carrier, as editing does."""
    orders = world.store.tables.orders
    orders[order_id] = evolve(orders[order_id], **facts)


def test_a_warehouse_and_a_carrier_that_were_chosen_by_hand_are_binding(world):
    shop = world.a_shop(strategy="near")
    order_id = world.an_order(shop, wants(1))
    by_hand(world, order_id, warehouse=NORTH, carrier=SF)

    world.receive(SCARF, warehouse=EAST)
    assert world.state(order_id) is S.BACKORDERED
    assert standings(world, order_id)[EAST] is Standing.NOT_CHOSEN_BY_HAND
    world.receive(SCARF, warehouse=NORTH)

    order = world.order(order_id)
    assert (order.warehouse, order.carrier) == (NORTH, SF)


def test_an_order_of_a_shop_without_a_strategy_waits_for_the_warehouse_that_it_was_given(world):
    order_id = world.an_order(world.a_shop(), wants(1))
    by_hand(world, order_id, warehouse=EAST, carrier=ZTO)

    world.receive(SCARF)
    assert world.state(order_id) is S.BACKORDERED
    world.receive(SCARF, warehouse=EAST)

    order = world.order(order_id)
    assert (order.state, order.warehouse, order.carrier) == (S.AWAITING_CS_REVIEW, EAST, ZTO)


def test_whether_a_carrier_fits_a_warehouse_can_be_asked(world):
    ships(world, EAST, carriers=(ZTO,))
    with world.store.open(ROOT) as tx:
        check_fit(tx, EAST, ZTO)
        for warehouse, carrier in ((EAST, SF), (MAIN, ZTO)):
            with pytest.raises(CarrierDoesNotFit):
                check_fit(tx, warehouse, carrier)


# --- past orders by another strategy ----------------------------------------------------------------------------------

LAST_RESORT = read_strategy({"name": "far", "chain": [{"rule": "region_priority", "regions": {"": ["NORTH"]}}]})


def tried(world, *orders, strategy=LAST_RESORT, by=ROOT):
    return world.sourcing.try_out(TryStrategy(order_ids=orders, strategy=strategy, by=by))


def test_past_orders_are_sourced_with_what_there_was_then(world):
    shop, plain = world.a_shop("tb-1", strategy="near"), world.a_shop("tb-2")
    for warehouse in (EAST, NORTH):
        world.receive(SCARF, units=1, warehouse=warehouse)
    world.receive(HAT, units=1)
    ships(world, MAIN, carriers=(ZTO,))
    orders = [world.an_order(shop, wants(1)), world.an_order(shop, wants(2)), world.an_order(plain, wants(3, (HAT, 1)))]
    assert [world.order(each).warehouse for each in orders] == [EAST, NORTH, MAIN]
    before = dict(world.store.tables.orders)

    trial = tried(world, *orders, orders[0])

    assert [(row.before.places, row.after.places if row.after else None, row.is_changed) for row in trial.rows] == [
        ((EAST,), (NORTH,), True),
        ((NORTH,), (NORTH,), False),
        ((MAIN,), (MAIN,), False),
    ]
    assert (trial.before, trial.after) == ("near, one warehouse", "far")
    assert trial.sums.cost_fen == (2_400, 2_400)
    assert world.store.tables.orders == before


def test_an_order_that_has_left_is_tried_as_it_was_ordered(world):
    shop = world.a_shop(strategy="near")
    world.receive(SCARF, units=2, warehouse=EAST)
    order_id = world.an_order(shop, wants(1, (SCARF, 2)))
    sent = world.at_warehouse(order_id)
    world.watch_warehouse()
    world.warehouse.ships(sent, world.clock())
    world.wait(seconds=2)
    assert world.state(order_id) is S.SHIPPED

    (row,) = tried(world, order_id).rows

    assert row.before.places == row.after.places == (EAST,)


def test_what_cannot_be_tried_is_refused(world):
    shop = world.a_shop(strategy="near")
    order_id = world.an_order(shop, wants(1))
    stranger = Actor(id="k", shops=frozenset({ShopId(an_id(7))}), permissions=frozenset(Permission))

    for orders in ((), tuple(an_id(number) for number in range(101))):
        with pytest.raises(NothingToTry):
            tried(world, *orders)
    with pytest.raises(OrderNotFound):
        tried(world, order_id, by=stranger)
    thorough = evolve(NEAR, most_nodes=MOST_TRIED_NODES)
    assert len(tried(world, order_id, strategy=thorough).rows) == 1
    with pytest.raises(TooMuchToTry) as refused:
        tried(world, order_id, world.an_order(shop, wants(2)), strategy=thorough)
    assert refused.value.most == MOST_TRIED_NODES // 2
    with pytest.raises(OrderNotFound):
        answer(world, order_id, by=stranger)


# --- what sourcing goes by --------------------------------------------------------------------------------------------


def test_what_is_put_is_read_and_a_repeat_or_the_same_changes_nothing(world):
    once = Actor(id="k", permissions=frozenset(Permission), once=Once(client="k", key="1", digest="d"))
    first = world.sourcing.put_carrier(PutCarrier(terms=a_carrier("YTO"), is_new=True, by=once))

    again = world.sourcing.put_carrier(PutCarrier(terms=a_carrier("YTO"), is_new=True, by=once))
    same = world.sourcing.put_carrier(PutCarrier(terms=a_carrier("YTO"), by=ROOT))

    assert first == again == same
    assert first.version == 1
    read = ReadSourcing(by=ROOT)
    assert world.sourcing.carrier(read, CarrierCode("YTO")) == first
    assert [each.terms.code for each in world.sourcing.carriers(read)] == ["SF", "YTO", "ZTO"]
    assert world.sourcing.strategy(read, "near").terms == NEAR
    assert [each.terms.name for each in world.sourcing.strategies(read)] == ["near"]
    assert world.sourcing.shipping(read, EAST).terms.division == "310115"
    assert world.sourcing.shipping(read, MAIN).version == 0


def test_what_is_expected_to_be_there_or_not_is_checked(world):
    service = world.sourcing
    with pytest.raises(CarrierCodeTaken):
        service.put_carrier(PutCarrier(terms=a_carrier(ZTO), is_new=True, by=ROOT))
    with pytest.raises(CarrierNotFound):
        service.put_carrier(PutCarrier(terms=a_carrier("YTO"), is_new=False, by=ROOT))
    with pytest.raises(VersionIsNot):
        service.put_carrier(PutCarrier(terms=a_carrier(ZTO), expected_version=2, by=ROOT))
    with pytest.raises(StrategyNameTaken):
        service.put_strategy(PutStrategy(terms=NEAR, is_new=True, by=ROOT))
    with pytest.raises(StrategyNotFound):
        service.put_strategy(PutStrategy(terms=evolve(NEAR, name="x"), is_new=False, by=ROOT))
    with pytest.raises(VersionIsNot):
        service.put_shipping(PutShipping(warehouse=EAST, terms=ShippingTerms(), expected_version=0, by=ROOT))
    with pytest.raises(CarrierNotFound):
        service.carrier(ReadSourcing(by=ROOT), CarrierCode("YTO"))
    with pytest.raises(StrategyNotFound):
        service.strategy(ReadSourcing(by=ROOT), "x")


def test_what_is_named_must_be_there(world):
    with pytest.raises(UnknownCarrier):
        ships(world, EAST, carriers=("YTO",))
    with pytest.raises(WarehouseNotFound):
        ships(world, WarehouseCode("WEST"))
    with pytest.raises(ShopNotFound):
        ships(world, EAST, shops=frozenset({ShopId(an_id(7))}))
    with pytest.raises(UnknownStrategy):
        world.a_shop(strategy="x")
    shop = world.a_shop(strategy="near")
    for wrong in ({"carriers": ("YTO",)}, {"carriers_allowed": ("YTO",)}, {"strategy": "x"}):
        with pytest.raises((UnknownCarrier, UnknownStrategy)):
            world.shops.change_policy(ChangePolicy(shop_id=shop.id, policy=ShopPolicy(**wrong), by=ROOT))


def test_only_who_sees_every_shop_says_what_sourcing_goes_by(world):
    one_shop = Actor(id="k", shops=frozenset({ShopId(an_id(7))}), permissions=frozenset(Permission))
    for put, command in (
        (world.sourcing.put_carrier, PutCarrier(terms=a_carrier(ZTO), by=one_shop)),
        (world.sourcing.put_shipping, PutShipping(warehouse=EAST, terms=ShippingTerms(), by=one_shop)),
        (world.sourcing.put_strategy, PutStrategy(terms=NEAR, by=one_shop)),
    ):
        with pytest.raises(Denied):
            put(command)


def test_an_order_that_a_claim_keeps_whole_is_tried_again_when_the_claim_ends(world):
    """Only two places have all of it together, and what claims are counted by is not cut."""
    shop = world.a_shop(strategy="near")
    order_id = world.an_order(shop, wants(1, (SCARF, 1), (HAT, 1)))
    line = world.order(order_id).lines[0]
    asked = OpenCase(
        order_id=order_id,
        kind=CaseKind.REFUND_BEFORE_SHIPMENT,
        lines=(AskedLine(line_id=line.id, units=1),),
        reason="x",
        by=ROOT,
    )
    case = world.cases.open(asked)
    world.receive(SCARF, warehouse=EAST)
    world.receive(HAT, warehouse=NORTH)
    assert world.state(order_id) is S.BACKORDERED

    world.cases.reject(RejectCase(case_id=case.id, reason="x", by=ROOT))
    world.settle()

    parts = [world.order(id) for id in world.order(order_id).heirs]
    assert {part.warehouse for part in parts} == {EAST, NORTH}
