"""Every store's doctor finds every damage that is planted, names its invariant, and finds nothing in a sound store."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

import pytest
import sqlalchemy as sa
from attrs import evolve
from tests.adapters.db.stored import StoredWorld
from tests.app.world import ROOT

from oms_app.case_commands import ApproveCase, AskedLine, OpenCase
from oms_app.catalog import PutBundle
from oms_app.refunds import PayByHand
from oms_app.sku_mappings import MapSku
from oms_app.sourcing import PutCarrier, PutShipping, PutStrategy
from oms_domain.aftersales.states import CaseKind
from oms_domain.catalog.bundle import BundleFacts, BundlePart
from oms_domain.channels.standard import OrderKind, PlatformState
from oms_domain.fulfilment.carriers import Contract
from oms_domain.fulfilment.sourcing.records import ShippingTerms
from oms_domain.kernel.identity import OrderId, SkuCode, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.platform_order import Conversion
from oms_domain.orders.states import OrderState
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_order
from oms_domain.testing.sourcing import a_carrier, a_strategy


@pytest.fixture
def world(backend) -> StoredWorld:
    """A sound store: one order that holds its stock, one shipped, one without stock, one unpaid and split,
    one of virtual goods, which needs none."""
    world = StoredWorld(backend.store, backend.clock, backend.new_id)
    shop = world.a_shop()
    world.receive(SCARF, HAT, units=6)
    first = world.an_order(shop, a_standard_order(order_no="9100000000000000001", state=PlatformState.TO_SHIP))
    sent = world.at_warehouse(first)
    world.watch_warehouse()
    world.warehouse.ships(sent, world.clock())
    world.wait(minutes=1)
    for number in (2, 3, 4):
        order_no = f"910000000000000000{number}"
        world.an_order(shop, a_standard_order(order_no=order_no, state=PlatformState.TO_SHIP))
    unpaid = world.an_order(shop, a_standard_order(order_no="9100000000000000005", state=PlatformState.UNPAID))
    world.split(unpaid, {HAT: 1})
    world.sourcing.put_carrier(PutCarrier(terms=a_carrier(), by=ROOT))
    terms = ShippingTerms(contracts=(Contract(carrier=a_carrier().code),), shops=frozenset({shop.id}))
    world.sourcing.put_shipping(PutShipping(warehouse=MAIN, terms=terms, by=ROOT))
    world.sourcing.put_strategy(PutStrategy(terms=a_strategy(name="near"), by=ROOT))
    world.a_shop("tb-2", strategy="near", carriers=(a_carrier().code,))
    parts = (BundlePart(sku=SCARF, quantity=Quantity(2)),)
    world.catalog.put_bundle(PutBundle(code="SET", facts=BundleFacts(title="组合", parts=parts), by=ROOT))
    world.sku_mappings.map(MapSku(shop_id=shop.id, platform_sku_id="1", target="SET", by=ROOT))
    world.an_order(shop, a_standard_order(order_no="9100000000000000006", kind=OrderKind.VIRTUAL))
    refunded(world, first)
    return world


def refunded(world: StoredWorld, order_id: OrderId) -> None:
    """Let the hat of a shipped order be asked back and paid, and a scarf be asked back."""
    scarves, hat = world.order(order_id).lines
    asked = {"order_id": order_id, "kind": CaseKind.REFUND_ONLY, "reason": "x", "by": ROOT}
    paid = world.cases.open(OpenCase(lines=(AskedLine(line_id=hat.id, units=1),), **asked))
    world.cases.open(OpenCase(lines=(AskedLine(line_id=scarves.id, units=1),), **asked))
    world.cases.approve(ApproveCase(case_id=paid.id, by=ROOT))
    world.refunds.pay_by_hand(PayByHand(refund_id=paid.refund_id, by=ROOT))
    world.settle()


def found(world: StoredWorld) -> set[str]:
    return {finding.invariant for finding in world.findings()}


def forged(value: Any, **facts: Any) -> Any:
    """Return a changed copy, past the checks that a value is born with."""
    copied = copy(value)
    for name, fact in facts.items():
        object.__setattr__(copied, name, fact)
    return copied


def change(table: dict[Any, Any], key: Any, **facts: Any) -> None:
    table[key] = forged(table[key], **facts)


def holder(tables: Any) -> Any:
    """Return the id of an order that holds stock."""
    return next(id for id, order in tables.orders.items() if order.state is OrderState.AWAITING_CS_REVIEW)


def a_line_costs_more(tables: Any) -> None:
    id = holder(tables)
    first, *others = tables.orders[id].lines
    change(tables.orders, id, lines=(forged(first, payable=first.payable + Money(1)), *others))


def a_part(tables: Any) -> Any:
    """Return the id of the hat's part of the order that was split."""
    return next(id for id, order in tables.orders.items() if order.origins and order.lines[0].sku == HAT)


def log_of_holder(tables: Any) -> Any:
    return tables.log[holder(tables)]


def a_line_lost_a_fen(tables: Any) -> None:
    id = holder(tables)
    first, *others = tables.orders[id].lines
    goods = (first.part.goods[0], *(net - 1 for net in first.part.goods[1:]))
    change(tables.orders, id, lines=(forged(first, part=forged(first.part, goods=goods)), *others))


def one(table: dict[Any, Any]) -> Any:
    """Return the key of the one row of a table."""
    (key,) = table
    return key


Plant = tuple[str, Callable[[Any], object], tuple[str, ...]]
ONE = "(SELECT id FROM (SELECT id FROM sales_order WHERE state = 'awaiting_cs_review' ORDER BY id LIMIT 1) one)"
PLANTS: dict[str, Plant] = {
    "money that no entry of the ledger explains": (
        "I2",
        lambda t: [t.refund_entries.update({id: entries[:1]}) for id, entries in list(t.refund_entries.items())],
        ("DELETE FROM refund_entry WHERE kind = 'done'",),
    ),
    "more given back than was paid": (
        "I2",
        lambda t: [
            t.refund_entries.update({id: tuple(forged(e, taken=e.taken * 3) for e in entries)})
            for id, entries in list(t.refund_entries.items())
        ],
        ("UPDATE refund_cap SET paid_fen = 0, gone_fen = 0",),
    ),
    "a line that costs more": (
        "I1",
        a_line_costs_more,
        (f"UPDATE sales_order_line SET payable = payable + 1 WHERE order_id = {ONE} AND position = 0",),
    ),
    "a fen that is placed nowhere": (
        "I1",
        a_line_lost_a_fen,
        (f"UPDATE sales_order_line SET part = REPLACE(part, ',18800]', ',18799]') WHERE order_id = {ONE}",),
    ),
    "an order that costs more": (
        "I1",
        lambda t: change(t.orders, holder(t), payable=t.orders[holder(t)].payable + Money(1)),
        (f"UPDATE sales_order SET payable = payable + 1 WHERE id = {ONE}",),
    ),
    "units that no receipt explains": (
        "I4",
        lambda t: [change(t.levels, place, on_hand=level.on_hand + 1) for place, level in list(t.levels.items())],
        ("UPDATE stock_level SET on_hand = on_hand + 1",),
    ),
    "more reserved than there is": (
        "I4",
        lambda t: [change(t.levels, place, on_hand=0, reserved=1) for place in list(t.levels)],
        ("UPDATE stock_level SET on_hand = 0, reserved = 1",),
    ),
    "reserved units that nobody holds": (
        "I5",
        lambda t: [change(t.levels, place, reserved=level.reserved - 1) for place, level in list(t.levels.items())],
        ("UPDATE stock_level SET reserved = reserved - 1",),
    ),
    "an order that lost its units": (
        "I5",
        lambda t: t.reservations.pop(holder(t)),
        (f"DELETE FROM reservation WHERE order_id = {ONE}",),
    ),
    "a state that may not hold units": (
        "I5",
        lambda t: change(t.orders, holder(t), state=OrderState.BACKORDERED),
        (f"UPDATE sales_order SET state = 'backordered' WHERE id = {ONE}",),
    ),
    "an exception without a reason": (
        "I7",
        lambda t: [change(t.platform_orders, id, conversion=Conversion.EXCEPTION) for id in list(t.platform_orders)],
        ("UPDATE platform_order SET conversion = 'exception'",),
    ),
    "an order of another platform order": (
        "I7",
        lambda t: change(t.orders, holder(t), platform_order_id=None),
        (f"UPDATE sales_order SET platform_order_id = NULL WHERE id = {ONE}",),
    ),
    "a unit that no part has": (
        "I6",
        lambda t: change(t.orders, a_part(t), lines=(forged(t.orders[a_part(t)].lines[0], from_line=None),)),
        ("UPDATE sales_order_line SET from_line = NULL WHERE from_line IS NOT NULL",),
    ),
    "a split order that goes on beside its parts": (
        "I6",
        lambda t: change(t.orders, t.orders[a_part(t)].origins[0], heirs=()),
        ("UPDATE sales_order SET heirs = NULL WHERE state = 'split'",),
    ),
    "two orders of one platform order": (
        "I6",
        lambda t: [change(t.orders, id, origins=()) for id, order in list(t.orders.items()) if order.origins],
        ("UPDATE sales_order SET origins = NULL WHERE origins IS NOT NULL",),
    ),
    "a state that there is not": (
        "I8",
        lambda t: change(t.orders, holder(t), state="lost"),
        (f"UPDATE sales_order SET state = 'lost' WHERE id = {ONE}",),
    ),
    "events that are gone": ("I11", lambda t: t.archive.clear(), ("DELETE FROM event",)),
    "an entry by somebody else": (
        "I12",
        lambda t: log_of_holder(t).__setitem__(1, evolve(log_of_holder(t)[1], actor="somebody else")),
        (f"UPDATE operation_log SET actor = 'somebody else' WHERE document_id = {ONE} AND seq = 2",),
    ),
    "an entry that is gone": (
        "I12",
        lambda t: log_of_holder(t).pop(0),
        (f"DELETE FROM operation_log WHERE document_id = {ONE} AND seq = 1",),
    ),
    "the last entry gone": (
        "I12",
        lambda t: log_of_holder(t).pop(),
        (
            (
                f"DELETE FROM operation_log WHERE document_id = {ONE} "
                f"AND seq = (SELECT log_seq FROM sales_order WHERE id = {ONE})"
            ),
        ),
    ),
    "a bundle of what there is not": (
        "I14",
        lambda t: change(t.bundles, one(t.bundles), parts=(BundlePart(sku=SkuCode("GONE"), quantity=Quantity(1)),)),
        ("UPDATE bundle_part SET sku = 'GONE'",),
    ),
    "a mapping to what there is not": (
        "I14",
        lambda t: change(t.mappings, one(t.mappings), target=SkuCode("GONE")),
        ("UPDATE sku_mapping SET target = 'GONE'",),
    ),
    "a contract with a carrier that there is not": (
        "I14",
        lambda t: t.carrier_codes.clear(),
        ("DELETE FROM carrier",),
    ),
    "a shop whose strategy there is not": (
        "I14",
        lambda t: t.strategy_names.clear(),
        ("DELETE FROM sourcing_strategy",),
    ),
    "a warehouse that there is not": (
        "I14",
        lambda t: change(t.shipping, one(t.shipping), warehouse=WarehouseCode("GONE")),
        ("UPDATE warehouse_shipping SET warehouse = 'GONE'",),
    ),
    "a carrier's log gone": (
        "I12",
        lambda t: t.log.pop(one(t.carriers)),
        ("DELETE FROM operation_log WHERE document = 'carrier'",),
    ),
    "a whole log gone": (
        "I12",
        lambda t: t.log.pop(holder(t)),
        (f"DELETE FROM operation_log WHERE document_id = {ONE}",),
    ),
}


def plant(backend: Any, name: str) -> None:
    _, in_memory, statements = PLANTS[name]
    if backend.engine is None:
        in_memory(backend.store.tables)
        return
    with backend.engine.begin() as connection:
        for statement in statements:
            assert connection.execute(sa.text(statement)).rowcount > 0


def test_in_a_sound_store_nothing_is_found(world):
    assert world.findings() == []


@pytest.mark.parametrize("name", PLANTS)
def test_a_damage_is_found_by_its_invariant(world, backend, name):
    if name == "more reserved than there is" and backend.engine is not None:
        with pytest.raises(sa.exc.DBAPIError, match=r"(?i)check|constraint"):  # the databases do not even take it
            plant(backend, name)
        return
    plant(backend, name)

    assert PLANTS[name][0] in found(world)


def test_each_check_tells_its_name_and_how_much_it_found(world, backend):
    plant(backend, "a whole log gone")
    told: dict[str, int] = {}

    list(backend.store.doctor.findings(told.__setitem__))

    assert told == {
        "I1 amounts": 0,
        "I4 I5 stock": 0,
        "I6 I7 conversion": 0,
        "I6 splits and merges": 0,
        "I8 states": 0,
        "I11 events": 0,
        "I12 log": 1,
        "I2 refunds": 0,
        "I14 names": 0,
    }


def test_a_finding_says_where_and_what_in_the_same_words_everywhere(world, backend):
    plant(backend, "units that no receipt explains")

    seen = {(finding.where, finding.seen) for finding in world.findings()}

    assert seen == {(f"{SCARF}@MAIN", "on_hand 5, should be 4"), (f"{HAT}@MAIN", "on_hand 6, should be 5")}
