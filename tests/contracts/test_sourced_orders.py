"""Orders that are sourced, on every store: whole, cut by warehouse, several at once; the doctor finds nothing."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest
from attrs import evolve
from tests.adapters.db.stored import StoredWorld
from tests.app.world import ROOT
from tests.contracts.test_races import at_once

from oms_app.allocation import Allocation
from oms_app.catalog import PutBundle, PutSku
from oms_app.editing import Replace
from oms_app.orders import AllocateOrder, CancelOrder
from oms_app.ports.transaction import Contended
from oms_app.sourcing import PutCarrier, PutShipping, PutStrategy, ReadOrderSourcing
from oms_app.transactions import record
from oms_app.warehouses import AddWarehouse
from oms_domain.catalog.bundle import BundleFacts, BundlePart
from oms_domain.catalog.sku import SkuFacts
from oms_domain.channels.standard import PlatformState
from oms_domain.fulfilment.carriers import Contract
from oms_domain.fulfilment.sourcing.records import ShippingTerms
from oms_domain.kernel.identity import WarehouseCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_line, a_standard_order
from oms_domain.testing.sourcing import a_carrier, a_strategy

EAST = WarehouseCode("EAST")
S = OrderState
MANY = 32


@pytest.fixture
def world(backend) -> StoredWorld:
    world = StoredWorld(backend.store, backend.clock, backend.new_id)
    world.warehouses.add(AddWarehouse(code=EAST, name="东仓", by=ROOT))
    world.sourcing.put_carrier(PutCarrier(terms=a_carrier(), by=ROOT))
    terms = ShippingTerms(contracts=(Contract(carrier=a_carrier().code),))
    for code in (MAIN, EAST):
        world.sourcing.put_shipping(PutShipping(warehouse=code, terms=terms, by=ROOT))
    terms = evolve(a_strategy("fewest_parcels", "cheapest_freight"), name="few", split_lines=True)
    world.sourcing.put_strategy(PutStrategy(terms=terms, by=ROOT))
    return world


def wants(number, *lines):
    sold = tuple(
        a_standard_line(line_no=str(at), sku=sku, quantity=Quantity(units), state=PlatformState.TO_SHIP)
        for at, (sku, units) in enumerate(lines, 1)
    )
    return a_standard_order(order_no=f"91000000000000{number:05d}", lines=sold, state=PlatformState.TO_SHIP)


def levels(world):
    found = world.store.queries.stock(ROOT, after=None, limit=50)
    return {(level.sku, level.warehouse): (level.on_hand, level.reserved) for level in found}


def test_an_order_is_cut_by_warehouse_and_each_part_holds_its_own(world):
    shop = world.a_shop(strategy="few")
    world.receive(SCARF, units=2)
    world.receive(HAT, units=3, warehouse=EAST)

    order_id = world.an_order(shop, wants(1, (SCARF, 2), (HAT, 1)))

    parent = world.order(order_id)
    parts = [world.order(heir) for heir in parent.heirs]
    assert parent.state is S.SPLIT
    assert {(part.state, part.warehouse, part.carrier) for part in parts} == {
        (S.AWAITING_CS_REVIEW, MAIN, "ZTO"),
        (S.AWAITING_CS_REVIEW, EAST, "ZTO"),
    }
    assert levels(world) == {(SCARF, MAIN): (2, 2), (HAT, EAST): (3, 1)}
    kept = world.sourcing.of_order(ReadOrderSourcing(order_id=parts[0].id, by=ROOT)).kept
    assert kept.order_id == order_id
    assert world.findings() == []
    world.give(CancelOrder, parts[0].id, reason="样例")
    assert sum(reserved for _, reserved in levels(world).values()) in (1, 2)
    assert world.findings() == []


def test_a_part_that_is_edited_holds_what_it_ships_now(world):
    shop = world.a_shop(strategy="few")
    world.catalog.put_sku(PutSku(code=HAT, facts=SkuFacts(title=HAT), by=ROOT))
    world.receive(SCARF, units=2)
    world.receive(HAT, units=3, warehouse=EAST)
    heirs = world.order(world.an_order(shop, wants(1, (SCARF, 2), (HAT, 1)))).heirs
    scarves = next(order_id for order_id in heirs if world.order(order_id).warehouse == MAIN)
    assert world.order(scarves).version == 1

    world.edit(scarves, replacements=(Replace(sku=SCARF, by=HAT),))

    part = world.order(scarves)
    assert (part.state, part.warehouse) == (S.AWAITING_CS_REVIEW, EAST)
    assert levels(world) == {(SCARF, MAIN): (2, 0), (HAT, EAST): (3, 3)}
    assert world.findings() == []


@pytest.mark.parametrize("strategy", ["few", ""])
def test_what_an_order_holds_goes_back_and_is_held_anew_in_one_transaction(world, strategy):
    shop = world.a_shop(strategy=strategy)
    world.receive(SCARF, units=2)
    order_id = world.an_order(shop, wants(1, (SCARF, 2)))

    def again(**by_hand):
        with world.store.open(ROOT) as tx:
            order = tx.orders.get(order_id)
            assert [(row.sku, row.warehouse, row.quantity) for row in tx.stock.held_by(order_id)] == [(SCARF, MAIN, 2)]
            numbers = world.orders.numbering.pool(0, "S")
            allocation = Allocation(tx=tx, numbers=numbers, new_id=world.new_id, at=world.clock())
            record(tx, tx.orders, allocation.again(order, **by_hand))
            tx.commit()
        return world.order(order_id)

    assert again().warehouse == MAIN
    assert levels(world) == {(SCARF, MAIN): (2, 2)}
    assert world.findings() == []
    world.receive(SCARF, units=5, warehouse=EAST)
    assert again(warehouse=EAST).warehouse == EAST
    assert levels(world) == {(SCARF, MAIN): (2, 0), (SCARF, EAST): (5, 2)}
    assert world.findings() == []


@pytest.mark.parametrize(("scarves", "hats"), [(40, 40), (7, 5)], ids=["plenty", "scarce"])
def test_bundles_and_single_goods_that_are_sourced_at_once_hold_no_more_than_there_is(world, scarves, hats):
    for sku in (SCARF, HAT):
        world.catalog.put_sku(PutSku(code=sku, facts=SkuFacts(title=sku), by=ROOT))
    parts = tuple(BundlePart(sku=sku, quantity=Quantity(1)) for sku in (SCARF, HAT))
    world.catalog.put_bundle(PutBundle(code="SET", facts=BundleFacts(title="组合", parts=parts), by=ROOT))
    shop = world.a_shop(strategy="few")
    orders = [world.an_order(shop, wants(number, (("SET", SCARF)[number % 2], 1))) for number in range(MANY)]
    assert {world.state(order_id) for order_id in orders} == {S.BACKORDERED}
    for sku, units in ((SCARF, scarves), (HAT, hats)):
        world.receive_quietly(sku, {MAIN: units // 2, EAST: units - units // 2})

    def allocate(n, barrier):
        barrier.wait()
        for _ in range(MANY):  # each that was too late has let another one through
            with suppress(Contended):
                return world.orders.allocate(AllocateOrder(order_id=orders[n], by=ROOT)).state
        raise AssertionError("it never came to its turn")

    states = at_once(MANY, allocate)

    held, served = Counter(), Counter()
    for (sku, _), (on_hand, reserved) in levels(world).items():
        assert reserved <= on_hand
        held[sku] += reserved
    for order_id, state in zip(orders, states, strict=True):
        assert state in (S.AWAITING_CS_REVIEW, S.SPLIT, S.BACKORDERED)
        served.update(line.sku for line in world.order(order_id).lines if state is not S.BACKORDERED)
    assert held == served
    if scarves == 40:
        assert S.BACKORDERED not in states
    else:
        assert held[SCARF] == scarves or held[HAT] == hats  # nobody waits for what is free
    assert world.findings() == []
