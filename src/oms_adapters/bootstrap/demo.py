"""The demo: a simulated Taobao with buyers, a shop connected to it, stock, and a simulated warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from attrs import define

from oms_adapters.bootstrap.clock import system_now
from oms_adapters.bootstrap.commands_shops import connect
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.session import operator
from oms_adapters.platforms.taobao.account import TaobaoAccount
from oms_adapters.platforms.taobao.fake_platform import APP_KEY, APP_SECRET, SESSION
from oms_adapters.platforms.taobao.scenario import (
    BOX,
    BOX_PARTS,
    GIFT,
    NEW_AT_THE_PLATFORM,
    SCENARIO_SKUS,
    Traffic,
    make_trades,
)
from oms_adapters.platforms.taobao.simulator import FakeTaobao, serve
from oms_app.access import MakeKey
from oms_app.actor import Permission
from oms_app.catalog import PutBundle, PutSku
from oms_app.inventory import ReceiveStock
from oms_app.queries.catalog import CatalogFilter
from oms_app.review_rules import PutTemplate, ReadRules
from oms_app.shops import AddShop, FindShop
from oms_app.sourcing import PutCarrier, PutShipping, PutStrategy, ReadSourcing
from oms_app.warehouses import AddWarehouse, ChangeWarehouse
from oms_domain.catalog.bundle import BundleFacts, BundlePart
from oms_domain.catalog.sku import SkuFacts, SkuKind
from oms_domain.channels.standard import Platform
from oms_domain.fulfilment.carriers import Carrier, Contract, Limits, Rate, Regions, Tariff, Transit
from oms_domain.fulfilment.sourcing import read_strategy
from oms_domain.fulfilment.sourcing.records import ShippingTerms
from oms_domain.inventory.warehouses import Place, WarehouseKind
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.identity import CarrierCode, ShopId, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import quantity
from oms_domain.shops.shop import CataloguePolicy, ShopNotFound, ShopPolicy

SHOP: Final = "demo"
WAREHOUSE: Final = WarehouseCode("MAIN")
FORWARD: Final = WarehouseCode("EAST")
FIRST_STOCK: Final = 500
FORWARD_STOCK: Final = 100
FORWARD_SERVES: Final = Regions(served=("31", "32", "33", "34", "35", "36", "41", "42", "44"))
CARRIERS: Final = (
    Carrier(
        code=CarrierCode("YTO"),
        name="圆通",
        regions=Regions(but_not=("81", "82", "71")),
        limits=Limits(weight_g=30_000),
        tariff=Tariff(rates=(Rate(first_fen=800, next_fen=200), Rate(destination="54", first_fen=1800, next_fen=1200))),
        transit=(Transit(days=3), *(Transit(origin="31", destination=to, days=1) for to in FORWARD_SERVES.served)),
    ),
    Carrier(
        code=CarrierCode("SF"),
        name="顺丰",
        limits=Limits(weight_g=30_000),
        tariff=Tariff(rates=(Rate(first_fen=1800, next_fen=500),)),
        transit=(Transit(days=2), *(Transit(origin="31", destination=to, days=1) for to in FORWARD_SERVES.served)),
    ),
)
STRATEGY: Final = read_strategy(
    {
        "name": "near first",
        "chain": [
            {"rule": "fewest_parcels"},
            {"rule": "tiers", "tiers": ["fdc", "rdc"]},
            {"rule": "nearest"},
            {"rule": "cheapest_freight"},
        ],
    }
)
AUTO_REVIEW_UP_TO: Final = Money(100_000)
RULES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("amount-too-high", {"limit_fen": AUTO_REVIEW_UP_TO.fen}),
    ("keywords", {"words": ["价格单"]}),
)
"""Templates of interception, filled in."""
WEIGHT_G: Final = 400
VOLUME_CM3: Final = 3_000
"""Of one unit of anything, with its packing."""

SEED: Final = 20261123
FIRST_TRADES: Final = 12
"""Orders that are there already when the demo starts for the first time."""

KEY_NAME: Final = "demo"


@define
class Demo:
    """A running demo: its buyers act at each ``step``."""

    traffic: Traffic
    platform_url: str

    def step(self) -> None:
        """Let the buyers do what is due."""
        self.traffic.step()


@contextmanager
def running_demo(container: Container) -> Iterator[Demo]:
    """Serve the simulated platform and have the demo shop connected to it. A second start keeps all data."""
    folder = Path(container.settings().data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    platform = FakeTaobao(system_now, path=folder / "simulated-taobao.db")
    try:
        with serve(platform) as url:
            _sourcing(container)
            shop_id = _shop(container)
            account = TaobaoAccount(app_key=APP_KEY, app_secret=APP_SECRET, session=SESSION, base_url=url)
            connect(container, shop_id, account)
            _rules(container, shop_id)
            _catalogue(container)
            _stock(container)
            if not platform.trades():
                for trade in make_trades(SEED, FIRST_TRADES, system_now() - FIRST_TRADES * timedelta(minutes=1)):
                    platform.add(trade)
            yield Demo(Traffic(platform, seed=SEED), url)
    finally:
        platform.close_file()


def fresh_key(container: Container) -> str:
    """Make an API key for this start, and revoke those of earlier ones."""
    keys = container.database().keys
    for key in keys.all():
        if key.name == KEY_NAME and key.revoked_at is None:
            keys.revoke(key.id, at=system_now())
    command = MakeKey(name=KEY_NAME, permissions=frozenset(Permission), shops=None, by=operator())
    return str(container.access().make(command))


def _shop(container: Container) -> ShopId:
    try:
        return container.shops().find(FindShop(code=SHOP, by=operator())).id
    except ShopNotFound:
        policy = ShopPolicy(
            warehouse=WAREHOUSE,
            strategy=STRATEGY.name,
            carriers=(CARRIERS[0].code,),
            auto_review=True,
            auto_review_up_to=AUTO_REVIEW_UP_TO,
            auto_release=True,
            catalogue=CataloguePolicy.STRICT,
        )
        add = AddShop(code=SHOP, name="样例旗舰店", platform=Platform.TAOBAO, policy=policy, by=operator())
        return container.shops().add(add).id


def _rules(container: Container, shop_id: ShopId) -> None:
    """Have a person look at dear orders, and at those whose buyers do not want the price in the parcel."""
    rules = container.review_rules()
    if rules.all(ReadRules(shop_id=shop_id, by=operator())).version:
        return
    for template, parameters in RULES:
        rules.put_template(PutTemplate(shop_id=shop_id, template=template, parameters=parameters, by=operator()))


def _sourcing(container: Container) -> None:
    """Have a forward centre beside the warehouse that an installation begins with, two carriers, and a strategy."""
    sourcing, read = container.sourcing(), ReadSourcing(by=operator())
    if sourcing.carriers(read):
        return
    for carrier in CARRIERS:
        sourcing.put_carrier(PutCarrier(terms=carrier, by=operator()))
    if not any(each.code == FORWARD for each in container.queries().warehouses()):
        where = Place(latitude_e6=31_230_000, longitude_e6=121_470_000)
        new = AddWarehouse(code=FORWARD, name="华东前置仓", kind=WarehouseKind.FDC, place=where, by=operator())
        container.warehouses().add(new)
    first = next(each for each in container.queries().warehouses() if each.code == WAREHOUSE)
    if first.place == Place():
        north = Place(latitude_e6=39_900_000, longitude_e6=116_410_000)
        facts = {"name": first.name, "kind": first.kind, "active": first.active}
        container.warehouses().change(ChangeWarehouse(code=WAREHOUSE, place=north, by=operator(), **facts))
    contracts = tuple(Contract(carrier=carrier.code) for carrier in CARRIERS)
    for code, terms in (
        (WAREHOUSE, ShippingTerms(division="110105", contracts=contracts)),
        (FORWARD, ShippingTerms(division="310115", regions=FORWARD_SERVES, contracts=contracts)),
    ):
        sourcing.put_shipping(PutShipping(warehouse=code, terms=terms, by=operator()))
    sourcing.put_strategy(PutStrategy(terms=STRATEGY, by=operator()))


def _catalogue(container: Container) -> None:
    """Have all that the shop sells in the catalogue, but for what somebody forgot: its orders wait to be mapped."""
    for code, title, fen in SCENARIO_SKUS:
        if code in (BOX, NEW_AT_THE_PLATFORM) or _is_known(container, code):
            continue
        kind = SkuKind.GIFT if code == GIFT.code else SkuKind.GOODS
        facts = SkuFacts(title=title, kind=kind, weight_g=WEIGHT_G, volume_cm3=VOLUME_CM3, list_price=Money(fen))
        container.catalog().put_sku(PutSku(code=code, facts=facts, by=operator()))
    wanted = (CatalogFilter(code=BOX, is_deleted=is_deleted) for is_deleted in (False, True))
    if not any(container.catalog_queries().bundles(each, after=None, limit=1) for each in wanted):
        parts = tuple(BundlePart(sku=sku_code(sku), quantity=quantity(units)) for sku, units in BOX_PARTS)
        title = next(title for code, title, _ in SCENARIO_SKUS if code == BOX)
        container.catalog().put_bundle(PutBundle(code=BOX, facts=BundleFacts(title=title, parts=parts), by=operator()))


def _is_known(container: Container, code: str) -> bool:
    wanted = (CatalogFilter(code=code, is_deleted=is_deleted) for is_deleted in (False, True))
    return any(container.catalog_queries().skus(each, after=None, limit=1) for each in wanted)


def _stock(container: Container) -> None:
    """Have everything in the first warehouse, and half of it in the forward centre as well."""
    levels = container.queries().stock(operator(), after=None, limit=200)
    there = {(level.sku, level.warehouse) for level in levels}
    sold = [sku_code(code) for code, _, _ in SCENARIO_SKUS if code not in (BOX, NEW_AT_THE_PLATFORM)]
    for warehouse, skus, units in ((WAREHOUSE, sold, FIRST_STOCK), (FORWARD, sold[::2], FORWARD_STOCK)):
        for sku in skus:
            if (sku, warehouse) not in there:
                receipt = ReceiveStock(
                    sku=sku, warehouse=warehouse, quantity=quantity(units), reason="demo", by=operator()
                )
                container.stock().receive(receipt)
