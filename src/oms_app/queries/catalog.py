"""Lists of the catalogue, and the work list of what nobody has mapped yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Protocol

from attrs import frozen

from oms_app.actor import Actor
from oms_domain.catalog.bundle import Bundle
from oms_domain.catalog.mapping import SkuMapping
from oms_domain.catalog.sku import Sku, SkuKind
from oms_domain.inventory.stock import StockLevel
from oms_domain.kernel.identity import BundleId, MappingId, ShopId, SkuCode, SkuId, WarehouseCode


@frozen(kw_only=True)
class CatalogFilter:
    """Which SKUs or bundles a list holds. Empty means all; deleted ones only when asked."""

    code: str = ""
    kind: SkuKind | None = None  # of SKUs
    is_deleted: bool = False


@frozen(kw_only=True)
class UnmappedRow:
    """A platform's SKU that orders wait for (未对应清单), as the platform describes it. ``why`` is matching's word."""

    shop_id: ShopId
    platform_sku_id: str
    merchant_code: str
    title: str
    spec: str
    why: str
    orders: int
    waiting_since: datetime


def bundle_stock(bundle: Bundle, levels: Iterable[StockLevel]) -> tuple[tuple[WarehouseCode, int], ...]:
    """Return how many of a bundle each warehouse could ship, by warehouse: of the parts that it has to spare."""
    spare: dict[WarehouseCode, dict[SkuCode, int]] = {}
    for level in levels:
        spare.setdefault(level.warehouse, {})[level.sku] = level.available
    return tuple((warehouse, bundle.available(units)) for warehouse, units in sorted(spare.items()))


class CatalogQueries(Protocol):
    """Reads outside any transaction of a use case. The catalogue is every shop's; mappings are the actor's shops'."""

    def skus(self, wanted: CatalogFilter, *, after: SkuCode | None, limit: int) -> tuple[Sku, ...]:
        """Return a page by code."""

    def sku(self, sku_id: SkuId) -> Sku:
        """Raises ``SkuNotFound``."""

    def bundles(self, wanted: CatalogFilter, *, after: SkuCode | None, limit: int) -> tuple[Bundle, ...]:
        """Return a page by code."""

    def bundle(self, bundle_id: BundleId) -> Bundle:
        """Raises ``BundleNotFound``."""

    def levels(self, actor: Actor, skus: Collection[SkuCode]) -> tuple[StockLevel, ...]:
        """Return what is there of these SKUs, by warehouse, SKU; in warehouses that the actor's shops ship from."""

    def mappings(
        self, actor: Actor, *, shop_id: ShopId | None, after: MappingId | None, limit: int
    ) -> tuple[SkuMapping, ...]:
        """Return a page of those that stand, by id: oldest first."""

    def mapping(self, actor: Actor, mapping_id: MappingId) -> SkuMapping:
        """Raises ``MappingNotFound``."""

    def unmapped(self, actor: Actor, *, shop_id: ShopId | None, limit: int) -> tuple[UnmappedRow, ...]:
        """Return what orders wait for, what most wait for first."""
