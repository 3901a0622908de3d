"""How long one order takes from submit to stored, reserved and in the outbox, alone on the machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from tests.bench.sample import ACTOR, Bench, fresh, payloads
from tests.bench.timing import percentile

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.platforms.taobao.scenario import SCENARIO_SKUS
from oms_app.inventory import PostStock, StockService
from oms_app.numbering import Numbering
from oms_app.orders import AllocateOrder
from oms_app.shops import ChangePolicy, ShopService
from oms_app.sourcing import PutCarrier, PutShipping, SourcingService
from oms_app.warehouses import AddWarehouse, WarehouseService
from oms_domain.fulfilment.carriers import Carrier, Contract, Rate, Tariff, Transit
from oms_domain.fulfilment.sourcing import DEFAULT_STRATEGY
from oms_domain.fulfilment.sourcing.records import ShippingTerms
from oms_domain.inventory.documents import DocumentKind, Units
from oms_domain.kernel.identity import CarrierCode, SkuCode, WarehouseCode
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopPolicy

ORDERS = 300
PLACES = 20
CARRIERS = tuple(
    Carrier(
        code=CarrierCode(code),
        tariff=Tariff(rates=tuple(Rate(destination=str(to), first_fen=first + to) for to in range(11, 66))),
        transit=(Transit(days=days),),
    )
    for code, first, days in (("YTO", 800, 3), ("ZTO", 820, 3), ("SF", 1800, 1))
)


def network(bench: Bench) -> None:
    """Have more warehouses with everything in them, carriers, and let the shop go by the built-in strategy."""
    sourcing, warehouses = SourcingService(**bench.shared), WarehouseService(**bench.shared)
    stock = StockService(numbering=Numbering(bench.database.numbers, system_now), **bench.shared)
    for carrier in CARRIERS:
        sourcing.put_carrier(PutCarrier(terms=carrier, by=ACTOR))
    terms = ShippingTerms(division="31", contracts=tuple(Contract(carrier=carrier.code) for carrier in CARRIERS))
    for number in range(PLACES):
        code = WarehouseCode(f"W{number}" if number else "MAIN")
        if number:
            warehouses.add(AddWarehouse(code=code, name=code, by=ACTOR))
            lines = tuple(Units(sku=SkuCode(sku), units=1_000) for sku, _, _ in SCENARIO_SKUS)
            receipt = PostStock(kind=DocumentKind.PURCHASE_RECEIPT, warehouse=code, lines=lines, by=ACTOR)
            stock.post(receipt)
        sourcing.put_shipping(PutShipping(warehouse=code, terms=terms, by=ACTOR))
    policy = ShopPolicy(strategy=DEFAULT_STRATEGY.name)
    ShopService(**bench.shared).change_policy(ChangePolicy(shop_id=bench.shop_id, policy=policy, by=ACTOR))


def figures(name: str, url: str) -> Iterator[str]:
    """Print-ready lines: submit (payload bytes → stored, in the outbox), and submit with the reservation."""
    bench = fresh(url, stock_units=1_000_000)
    submits, wholes, alone = [], [], []
    for raw in payloads(ORDERS + 50):
        begun = time.perf_counter()
        answer = bench.take(tuple(bench.arrivals([raw])))[0]
        submits.append(time.perf_counter() - begun)
        if answer.state is OrderState.AWAITING_ALLOCATION:
            submitted = time.perf_counter()
            bench.orders.allocate(AllocateOrder(order_id=answer.order_id, by=ACTOR))
            wholes.append(time.perf_counter() - begun)
            alone.append(time.perf_counter() - submitted)
    submits, wholes = submits[50:], wholes[20:]
    for what, budget, found in (("submit", 100, submits), ("submit and reserve", 300, wholes)):
        yield (
            f"{name}: {what}: p50 {median(found) * 1000:.1f} ms, p99 {percentile(found, 0.99) * 1000:.1f} ms "
            f"of {len(found)} orders (a large platform's budget: {budget} ms)"
        )
    network(bench)
    sourced = []
    for raw in payloads(2 * ORDERS + 50)[ORDERS + 50 :]:
        answer = bench.take(tuple(bench.arrivals([raw])))[0]
        if answer.state is OrderState.AWAITING_ALLOCATION:
            begun = time.perf_counter()
            bench.orders.allocate(AllocateOrder(order_id=answer.order_id, by=ACTOR))
            sourced.append(time.perf_counter() - begun)
    yield (
        f"{name}: allocate by a strategy over {PLACES} warehouses and {len(CARRIERS)} carriers: "
        f"p50 {median(sourced[20:]) * 1000:.1f} ms, p99 {percentile(sourced[20:], 0.99) * 1000:.1f} ms "
        f"of {len(sourced[20:])} orders (from the shop's one warehouse: p50 {median(alone[20:]) * 1000:.1f} ms)"
    )
    relayed = bench.database.jobs.relay({}, now=system_now(), limit=10_000)
    yield f"{name}: {relayed} events were in the outbox"
