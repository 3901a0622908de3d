"""The demo: a simulated Taobao with buyers, a shop connected to it, stock, and a simulated warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

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
from oms_app.shops import AddShop, FindShop
from oms_domain.catalog.bundle import BundleFacts, BundlePart
from oms_domain.catalog.sku import SkuFacts, SkuKind
from oms_domain.channels.standard import Platform
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.identity import ShopId, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import quantity
from oms_domain.shops.shop import CataloguePolicy, ShopNotFound, ShopPolicy

SHOP: Final = "demo"
WAREHOUSE: Final = WarehouseCode("MAIN")
FIRST_STOCK: Final = 500
AUTO_REVIEW_UP_TO: Final = Money(100_000)
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
            shop_id = _shop(container)
            account = TaobaoAccount(app_key=APP_KEY, app_secret=APP_SECRET, session=SESSION, base_url=url)
            connect(container, shop_id, account)
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
            auto_review=True,
            auto_review_up_to=AUTO_REVIEW_UP_TO,
            auto_release=True,
            catalogue=CataloguePolicy.STRICT,
        )
        add = AddShop(code=SHOP, name="样例旗舰店", platform=Platform.TAOBAO, policy=policy, by=operator())
        return container.shops().add(add).id


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
    there = {level.sku for level in container.queries().stock(operator(), after=None, limit=200)}
    for code, _, _ in SCENARIO_SKUS:
        sku = sku_code(code)
        if sku not in there and code not in (BOX, NEW_AT_THE_PLATFORM):
            receipt = ReceiveStock(
                sku=sku, warehouse=WAREHOUSE, quantity=quantity(FIRST_STOCK), reason="demo", by=operator()
            )
            container.stock().receive(receipt)
