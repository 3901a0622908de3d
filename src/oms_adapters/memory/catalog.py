"""The catalogue in the dicts: its collections in a transaction, and its lists."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from attrs import define, evolve, field

from oms_adapters.memory.shelves import Shelf
from oms_adapters.memory.tables import Tables
from oms_adapters.memory.work import Work
from oms_app.actor import Actor
from oms_app.queries.catalog import CatalogFilter, UnmappedRow
from oms_domain.catalog.bundle import Bundle, BundleNotFound
from oms_domain.catalog.mapping import MappingKey, MappingNotFound, SkuMapping
from oms_domain.catalog.sku import Sku, SkuNotFound
from oms_domain.inventory.stock import StockLevel
from oms_domain.kernel.identity import BundleId, MappingId, ShopId, SkuCode, SkuId
from oms_domain.shops.shop import ShopNotFound


@define
class MemorySkus:
    """All SKUs."""

    work: Work
    shelf: Shelf[Sku] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="sku",
            stored=self.work.tables.skus,
            index=self.work.tables.catalog_codes,
            shop_of=lambda sku: None,
            key_of=lambda sku: sku.code,
            not_found=lambda id: SkuNotFound(sku=str(id)),
        )

    def get(self, sku_id: SkuId) -> Sku:
        return self.shelf.get(sku_id)

    def by_code(self, codes: Collection[SkuCode]) -> dict[SkuCode, Sku]:
        return {code: sku for code in codes if (sku := self.shelf.by_key(code))}

    def save(self, sku: Sku) -> None:
        self.shelf.save(sku)


@define
class MemoryBundles:
    """All bundles."""

    work: Work
    shelf: Shelf[Bundle] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="bundle",
            stored=self.work.tables.bundles,
            index=self.work.tables.catalog_codes,
            shop_of=lambda bundle: None,
            key_of=lambda bundle: bundle.code,
            not_found=lambda id: BundleNotFound(bundle=str(id)),
        )

    def get(self, bundle_id: BundleId) -> Bundle:
        return self.shelf.get(bundle_id)

    def by_code(self, codes: Collection[SkuCode]) -> dict[SkuCode, Bundle]:
        return {code: bundle for code in codes if (bundle := self.shelf.by_key(code))}

    def with_part(self, sku: SkuCode) -> tuple[SkuCode, ...]:
        with self.work.reading() as tables:
            found = [
                bundle.code
                for bundle in tables.bundles.values()
                if not bundle.is_deleted and any(part.sku == sku for part in bundle.parts)
            ]
        return tuple(sorted(found))

    def save(self, bundle: Bundle) -> None:
        self.shelf.save(bundle)


@define
class MemorySkuMappings:
    """All mappings of the actor's shops."""

    work: Work
    shelf: Shelf[SkuMapping] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="sku_mapping",
            stored=self.work.tables.mappings,
            index=self.work.tables.mapping_keys,
            shop_of=lambda mapping: mapping.shop_id,
            key_of=lambda mapping: (mapping.shop_id, mapping.key),
            not_found=lambda id: MappingNotFound(mapping_id=id),
        )

    def get(self, mapping_id: MappingId) -> SkuMapping:
        return self.shelf.get(mapping_id)

    def by_key(self, shop_id: ShopId, keys: Collection[MappingKey]) -> dict[MappingKey, SkuMapping]:
        return {key: mapping for key in keys if (mapping := self.shelf.by_key((shop_id, key)))}

    def to(self, target: SkuCode) -> tuple[SkuMapping, ...]:
        with self.work.reading() as tables:
            ids = sorted(m.id for m in tables.mappings.values() if m.target == target and not m.is_deleted)
            return tuple(self.shelf.many(ids))

    def save(self, mapping: SkuMapping) -> None:
        if not self.work.sees(mapping.shop_id):
            raise ShopNotFound(shop=str(mapping.shop_id))
        self.shelf.save(mapping)


@define
class MemoryCatalogQueries:
    """``oms_app.queries.catalog.CatalogQueries`` on the dicts."""

    tables: Tables

    def skus(self, wanted: CatalogFilter, *, after: SkuCode | None, limit: int) -> tuple[Sku, ...]:
        skus = [sku for sku in self._all(self.tables.skus) if wanted.kind in (None, sku.kind)]
        return _page(skus, wanted, after, limit)

    def sku(self, sku_id: SkuId) -> Sku:
        with self.tables.lock:
            found = self.tables.skus.get(sku_id)
        if found is None:
            raise SkuNotFound(sku=str(sku_id))
        return found

    def bundles(self, wanted: CatalogFilter, *, after: SkuCode | None, limit: int) -> tuple[Bundle, ...]:
        return _page(self._all(self.tables.bundles), wanted, after, limit)

    def bundle(self, bundle_id: BundleId) -> Bundle:
        with self.tables.lock:
            found = self.tables.bundles.get(bundle_id)
        if found is None:
            raise BundleNotFound(bundle=str(bundle_id))
        return found

    def levels(self, actor: Actor, skus: Collection[SkuCode]) -> tuple[StockLevel, ...]:
        places = {shop.policy.warehouse for shop in self._all(self.tables.shops) if actor.sees(shop.id)}
        levels = [
            level
            for level in self._all(self.tables.levels)
            if level.sku in skus and (actor.shops is None or level.warehouse in places)
        ]
        return tuple(sorted(levels, key=lambda level: (level.warehouse, level.sku)))

    def mappings(
        self, actor: Actor, *, shop_id: ShopId | None, after: MappingId | None, limit: int
    ) -> tuple[SkuMapping, ...]:
        found = [
            mapping
            for mapping in self._all(self.tables.mappings)
            if actor.sees(mapping.shop_id)
            and shop_id in (None, mapping.shop_id)
            and not mapping.is_deleted
            and (after is None or mapping.id > after)
        ]
        return tuple(sorted(found, key=lambda mapping: mapping.id)[:limit])

    def mapping(self, actor: Actor, mapping_id: MappingId) -> SkuMapping:
        with self.tables.lock:
            found = self.tables.mappings.get(mapping_id)
        if found is None or not actor.sees(found.shop_id):
            raise MappingNotFound(mapping_id=mapping_id)
        return found

    def unmapped(self, actor: Actor, *, shop_id: ShopId | None, limit: int) -> tuple[UnmappedRow, ...]:
        found: dict[tuple[ShopId, str, str], UnmappedRow] = {}
        for order in self._all(self.tables.platform_orders):
            if not actor.sees(order.shop_id) or shop_id not in (None, order.shop_id):
                continue
            goods = {(each.platform_sku_id, each.merchant_code) for each in _unmapped(order)}
            for each in _unmapped(order):
                key = (order.shop_id, each.platform_sku_id, each.merchant_code)
                counts = (each.platform_sku_id, each.merchant_code) in goods  # an order counts once
                goods.discard((each.platform_sku_id, each.merchant_code))
                found[key] = _counted(found.get(key), order.shop_id, each, order.created_at, int(counts))
        rows = sorted(found.items(), key=lambda item: (-item[1].orders, item[0]))
        return tuple(row for _, row in rows[:limit])

    def _all(self, table: dict[Any, Any]) -> list[Any]:
        with self.tables.lock:
            return list(table.values())


def _unmapped(order: Any) -> tuple[Any, ...]:
    return order.trouble.unmapped if order.trouble else ()


def _counted(row: UnmappedRow | None, shop_id: ShopId, each: Any, at: datetime, orders: int) -> UnmappedRow:
    """As SQL groups them: of texts that differ the last in order is shown."""
    if row is None:
        return UnmappedRow(
            shop_id=shop_id,
            platform_sku_id=each.platform_sku_id,
            merchant_code=each.merchant_code,
            title=each.title,
            spec=each.spec,
            why=each.why,
            orders=orders,
            waiting_since=at,
        )
    return evolve(
        row,
        title=max(row.title, each.title),
        spec=max(row.spec, each.spec),
        why=max(row.why, each.why),
        orders=row.orders + orders,
        waiting_since=min(row.waiting_since, at),
    )


def _page(items: list[Any], wanted: CatalogFilter, after: SkuCode | None, limit: int) -> tuple[Any, ...]:
    found = [
        item
        for item in items
        if wanted.code in ("", item.code)
        and item.is_deleted == wanted.is_deleted
        and (after is None or item.code > after)
    ]
    return tuple(sorted(found, key=lambda item: item.code)[:limit])
