"""Lists of the catalogue in SQL, and the work list of what nobody has mapped."""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db import driver
from oms_adapters.db.catalog import (
    BUNDLE,
    PARTS,
    bundle_of,
    catalog_item,
    mapping_of,
    parts_by_bundle,
    sku_mapping,
    sku_of,
)
from oms_adapters.db.engine import Engines
from oms_adapters.db.errors import translated
from oms_adapters.db.platform_orders import platform_order, unmapped_sku
from oms_adapters.db.shops import shop, shop_of
from oms_adapters.db.stock_rows import level_of
from oms_adapters.db.stock_tables import stock_level
from oms_app.actor import Actor
from oms_app.queries.catalog import CatalogFilter, UnmappedRow
from oms_domain.catalog.bundle import Bundle, BundleNotFound
from oms_domain.catalog.mapping import MappingNotFound, SkuMapping
from oms_domain.catalog.sku import Sku, SkuNotFound
from oms_domain.inventory.stock import StockLevel
from oms_domain.kernel.identity import BundleId, MappingId, ShopId, SkuCode, SkuId

_i, _m, _u = catalog_item.c, sku_mapping.c, unmapped_sku.c


@frozen
class SqlCatalogQueries:
    """``oms_app.queries.catalog.CatalogQueries`` on a database."""

    engines: Engines

    def skus(self, wanted: CatalogFilter, *, after: SkuCode | None, limit: int) -> tuple[Sku, ...]:
        statement = _items(wanted, after, limit).where(_i.kind != BUNDLE)
        if wanted.kind is not None:
            statement = statement.where(_i.kind == wanted.kind)
        return tuple(sku_of(row) for row in self._rows(statement))

    def sku(self, sku_id: SkuId) -> Sku:
        rows = self._rows(sa.select(catalog_item).where(_i.id == sku_id, _i.kind != BUNDLE))
        if not rows:
            raise SkuNotFound(sku=str(sku_id))
        return sku_of(rows[0])

    def bundles(self, wanted: CatalogFilter, *, after: SkuCode | None, limit: int) -> tuple[Bundle, ...]:
        return self._bundles(_items(wanted, after, limit).where(_i.kind == BUNDLE))

    def bundle(self, bundle_id: BundleId) -> Bundle:
        found = self._bundles(sa.select(catalog_item).where(_i.id == bundle_id, _i.kind == BUNDLE))
        if not found:
            raise BundleNotFound(bundle=str(bundle_id))
        return found[0]

    def levels(self, actor: Actor, skus: Collection[SkuCode]) -> tuple[StockLevel, ...]:
        c = stock_level.c
        statement = sa.select(stock_level).where(c.sku.in_(sorted(skus)))
        if actor.shops is not None:
            shops = self._rows(sa.select(shop).where(*_scope(shop.c.id, actor, None)))
            statement = statement.where(c.warehouse.in_(sorted({shop_of(row).policy.warehouse for row in shops})))
        rows = self._rows(statement.order_by(c.warehouse, c.sku, c.bucket))
        return tuple(level_of(tuple(parts)) for _, parts in groupby(rows, key=lambda row: (row.warehouse, row.sku)))

    def mappings(
        self, actor: Actor, *, shop_id: ShopId | None, after: MappingId | None, limit: int
    ) -> tuple[SkuMapping, ...]:
        statement = sa.select(sku_mapping).where(_m.is_deleted == sa.false(), *_scope(_m.shop_id, actor, shop_id))
        if after is not None:
            statement = statement.where(_m.id > after)
        return tuple(mapping_of(row) for row in self._rows(statement.order_by(_m.id).limit(limit)))

    def mapping(self, actor: Actor, mapping_id: MappingId) -> SkuMapping:
        rows = self._rows(sa.select(sku_mapping).where(_m.id == mapping_id))
        if not rows or not actor.sees(rows[0].shop_id):
            raise MappingNotFound(mapping_id=mapping_id)
        return mapping_of(rows[0])

    def unmapped(self, actor: Actor, *, shop_id: ShopId | None, limit: int) -> tuple[UnmappedRow, ...]:
        goods = (_u.shop_id, _u.platform_sku_id, _u.merchant_code)
        orders = sa.func.count(_u.platform_order_id.distinct())
        statement = (
            sa.select(
                *goods,
                sa.func.max(_u.title).label("title"),
                sa.func.max(_u.spec).label("spec"),
                sa.func.max(_u.why).label("why"),
                orders.label("orders"),
                sa.func.min(platform_order.c.created_at).label("waiting_since"),
            )
            .join(platform_order, platform_order.c.id == _u.platform_order_id)
            .where(*_scope(_u.shop_id, actor, shop_id))
            .group_by(*goods)
            .order_by(orders.desc(), *goods)
            .limit(limit)
        )
        return tuple(
            UnmappedRow(
                shop_id=ShopId(row.shop_id),
                platform_sku_id=row.platform_sku_id,
                merchant_code=row.merchant_code,
                title=row.title,
                spec=row.spec,
                why=row.why,
                orders=row.orders,
                waiting_since=row.waiting_since,
            )
            for row in self._rows(statement)
        )

    def _bundles(self, statement: sa.Select[Any]) -> tuple[Bundle, ...]:
        with translated(), self.engines.read.connect() as connection:
            rows = list(connection.execute(statement))
            ids = {"ids": [row.id for row in rows]}
            parts = parts_by_bundle(driver.rows(connection, self.engines.dialect, PARTS, ids)) if rows else {}
        return tuple(bundle_of(row, parts.get(row.id, [])) for row in rows)

    def _rows(self, statement: sa.Select[Any]) -> list[Any]:
        with translated(), self.engines.read.connect() as connection:
            return list(connection.execute(statement))


def _items(wanted: CatalogFilter, after: SkuCode | None, limit: int) -> sa.Select[Any]:
    statement = sa.select(catalog_item).where(_i.is_deleted == sa.literal(wanted.is_deleted))
    if wanted.code:
        statement = statement.where(_i.code == wanted.code)
    if after is not None:
        statement = statement.where(_i.code > after)
    return statement.order_by(_i.code).limit(limit)


def _scope(column: sa.ColumnElement[Any], actor: Actor, shop_id: ShopId | None) -> list[sa.ColumnElement[bool]]:
    conditions = [] if shop_id is None else [column == shop_id]
    if actor.shops is not None:
        conditions.append(column.in_(sorted(actor.shops, key=lambda each: each.bytes)))
    return conditions
