"""The catalogue: SKUs and bundles in one table, since they share one list of codes; parts of bundles; mappings."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar
from uuid import uuid5

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.types import Id, Json, code, document_columns, long_text, table, text
from oms_adapters.db.work import Saved, Work
from oms_app.actor import Actor
from oms_app.journal import Head
from oms_domain.catalog.bundle import Bundle, BundleNotFound, BundlePart
from oms_domain.catalog.mapping import MappingKey, MappingNotFound, SkuMapping
from oms_domain.catalog.sku import Sku, SkuKind, SkuNotFound, goods_marks
from oms_domain.kernel.identity import BundleId, MappingId, ShopId, SkuCode, SkuId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.shops.shop import ShopNotFound

D = TypeVar("D", Sku, Bundle, SkuMapping)

BUNDLE = "bundle"
"""``kind`` of a bundle's row; a SKU's is that of ``SkuKind``."""

catalog_item = table(
    "catalog_item",
    sa.Column("id", Id, primary_key=True),
    sa.Column("code", text(64), nullable=False, unique=True),
    sa.Column("kind", code(), nullable=False),
    sa.Column("title", long_text(), nullable=False),
    sa.Column("spec", long_text(), nullable=False),
    sa.Column("weight_g", sa.BigInteger, nullable=True),
    sa.Column("volume_cm3", sa.BigInteger, nullable=True),
    sa.Column("currency", code(), nullable=False),
    sa.Column("list_price", sa.BigInteger, nullable=False),
    sa.Column("floor_price", sa.BigInteger, nullable=True),
    sa.Column("purchase_cost", sa.BigInteger, nullable=True),
    sa.Column("tax_category", text(40), nullable=False),
    sa.Column("category", text(40), nullable=False),
    sa.Column("marks", Json, nullable=False),
    sa.Column("is_deleted", sa.Boolean, nullable=False),
    *document_columns(),
)

bundle_part = table(
    "bundle_part",
    sa.Column("id", Id, primary_key=True),
    sa.Column("bundle_id", Id, sa.ForeignKey("catalog_item.id"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("sku", text(64), nullable=False, index=True),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.UniqueConstraint("bundle_id", "sku"),
    sa.CheckConstraint("quantity > 0", name="quantity"),
)

sku_mapping = table(
    "sku_mapping",
    sa.Column("id", Id, primary_key=True),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False),
    sa.Column("platform_sku_id", text(64), nullable=False),
    sa.Column("merchant_code", text(64), nullable=False),
    sa.Column("target", text(64), nullable=False, index=True),
    sa.Column("is_deleted", sa.Boolean, nullable=False),
    *document_columns(),
    sa.UniqueConstraint("shop_id", "platform_sku_id", "merchant_code"),
)

_i, _p, _m = catalog_item.c, bundle_part.c, sku_mapping.c
_IS_SKU = _i.kind != BUNDLE
_IS_BUNDLE = _i.kind == BUNDLE
_CODES: Any = sa.bindparam("codes", expanding=True)
_SKU = sa.select(catalog_item).where(_i.id == sa.bindparam("id"), _IS_SKU)
_SKUS = sa.select(catalog_item).where(_i.code.in_(_CODES), _IS_SKU)
_ONE_SKU = sa.select(catalog_item).where(_i.code == sa.bindparam("code"), _IS_SKU)
_BUNDLE = sa.select(catalog_item).where(_i.id == sa.bindparam("id"), _IS_BUNDLE)
_BUNDLES = sa.select(catalog_item).where(_i.code.in_(_CODES), _IS_BUNDLE)
PARTS = (
    sa.select(bundle_part)
    .where(_p.bundle_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(_p.bundle_id, _p.position)
)
_WITH_PART = (
    sa.select(_i.code)
    .join(bundle_part, _p.bundle_id == _i.id)
    .where(_p.sku == sa.bindparam("sku"), _i.is_deleted == sa.false())
    .order_by(_i.code)
)
_MAPPING = sa.select(sku_mapping).where(_m.id == sa.bindparam("id"))
_MAPPINGS = sa.select(sku_mapping).where(
    _m.shop_id == sa.bindparam("shop_id"),
    _m.platform_sku_id.in_(sa.bindparam("platform_skus", expanding=True)),
    _m.merchant_code.in_(sa.bindparam("merchant_codes", expanding=True)),
)
_TO = sa.select(sku_mapping).where(_m.target == sa.bindparam("target"), _m.is_deleted == sa.false()).order_by(_m.id)


def sku_of(row: Any) -> Sku:
    def money(fen: int | None) -> Money | None:
        return Money(fen, row.currency) if fen is not None else None

    return Sku(
        id=SkuId(row.id),
        code=SkuCode(row.code),
        title=row.title,
        spec=row.spec,
        kind=SkuKind(row.kind),
        weight_g=row.weight_g,
        volume_cm3=row.volume_cm3,
        list_price=Money(row.list_price, row.currency),
        floor_price=money(row.floor_price),
        purchase_cost=money(row.purchase_cost),
        tax_category=row.tax_category,
        category=row.category,
        marks=goods_marks(row.marks),
        is_deleted=bool(row.is_deleted),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def sku_row(state: Sku) -> dict[str, Any]:
    return {
        "id": state.id,
        "code": state.code,
        "kind": state.kind,
        "title": state.title,
        "spec": state.spec,
        "weight_g": state.weight_g,
        "volume_cm3": state.volume_cm3,
        "currency": state.list_price.currency,
        "list_price": state.list_price.fen,
        "floor_price": state.floor_price.fen if state.floor_price is not None else None,
        "purchase_cost": state.purchase_cost.fen if state.purchase_cost is not None else None,
        "tax_category": state.tax_category,
        "category": state.category,
        "marks": sorted(state.marks),
        "is_deleted": state.is_deleted,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
    }


def bundle_of(row: Any, parts: Sequence[Any]) -> Bundle:
    return Bundle(
        id=BundleId(row.id),
        code=SkuCode(row.code),
        title=row.title,
        spec=row.spec,
        parts=tuple(BundlePart(sku=SkuCode(part.sku), quantity=Quantity(part.quantity)) for part in parts),
        is_deleted=bool(row.is_deleted),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def bundle_row(state: Bundle) -> dict[str, Any]:
    return {
        "id": state.id,
        "code": state.code,
        "kind": BUNDLE,
        "title": state.title,
        "spec": state.spec,
        "weight_g": None,
        "volume_cm3": None,
        "currency": "CNY",  # of the prices that a bundle has none of
        "list_price": 0,
        "floor_price": None,
        "purchase_cost": None,
        "tax_category": "",
        "category": "",
        "marks": [],
        "is_deleted": state.is_deleted,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
    }


def changed_parts(before: Bundle | None, after: Bundle) -> list[dict[str, Any]]:
    """Return the rows of new, changed and gone parts. A part's row is named after its bundle and SKU."""
    old = {part.sku: (part, place) for place, part in enumerate(before.parts)} if before else {}
    rows: list[dict[str, Any]] = [
        {
            "id": uuid5(after.id, part.sku),
            "bundle_id": after.id,
            "position": place,
            "sku": part.sku,
            "quantity": part.quantity,
            "is_new": part.sku not in old,
        }
        for place, part in enumerate(after.parts)
        if old.get(part.sku) != (part, place)
    ]
    kept = {part.sku for part in after.parts}
    return rows + [{"id": uuid5(after.id, sku), "is_new": False, "is_gone": True} for sku in old if sku not in kept]


def parts_by_bundle(rows: Sequence[Any]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(row.bundle_id, []).append(row)
    return found


def mapping_of(row: Any) -> SkuMapping:
    return SkuMapping(
        id=MappingId(row.id),
        shop_id=ShopId(row.shop_id),
        platform_sku_id=row.platform_sku_id,
        merchant_code=row.merchant_code,
        target=SkuCode(row.target),
        is_deleted=bool(row.is_deleted),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def mapping_row(state: SkuMapping) -> dict[str, Any]:
    return {
        "id": state.id,
        "shop_id": state.shop_id,
        "platform_sku_id": state.platform_sku_id,
        "merchant_code": state.merchant_code,
        "target": state.target,
        "is_deleted": state.is_deleted,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
    }


@frozen
class SkuStore:
    """``oms_app.ports.catalog.Skus`` on a database."""

    work: Work

    def get(self, sku_id: SkuId) -> Sku:
        if isinstance(saved := self.work.saved(sku_id), Sku):
            return saved
        rows = self.work.rows(_SKU, {"id": sku_id})
        if not rows:
            raise SkuNotFound(sku=str(sku_id))
        return self._loaded(rows[0])

    def by_code(self, codes: Collection[SkuCode]) -> dict[SkuCode, Sku]:
        if not codes:
            return {}
        if len(wanted := set(codes)) == 1:
            rows = self.work.rows(_ONE_SKU, {"code": next(iter(wanted))})
        else:
            rows = self.work.rows(_SKUS, {"codes": sorted(wanted)})
        found = {SkuCode(row.code): self._loaded(row) for row in rows}
        return found | {sku.code: sku for sku in _saved(self.work, Sku) if sku.code in codes}

    def save(self, sku: Sku) -> None:
        self.work.journal.saved("sku", sku.id, None, sku)
        self.work.save(Saved(catalog_item, sku, sku_row, (), self.work.loaded.get(sku.id)))

    def _loaded(self, row: Any) -> Sku:
        return _loaded(self.work, "sku", sku_of(row), row, catalog_item, None)


@frozen
class BundleStore:
    """``oms_app.ports.catalog.Bundles`` on a database."""

    work: Work

    def get(self, bundle_id: BundleId) -> Bundle:
        if isinstance(saved := self.work.saved(bundle_id), Bundle):
            return saved
        rows = self.work.rows(_BUNDLE, {"id": bundle_id})
        if not rows:
            raise BundleNotFound(bundle=str(bundle_id))
        return self._all_loaded(rows)[0]

    def by_code(self, codes: Collection[SkuCode]) -> dict[SkuCode, Bundle]:
        if not codes:
            return {}
        rows = self.work.rows(_BUNDLES, {"codes": sorted(set(codes))})
        found = {bundle.code: bundle for bundle in self._all_loaded(rows)}
        return found | {bundle.code: bundle for bundle in _saved(self.work, Bundle) if bundle.code in codes}

    def with_part(self, sku: SkuCode) -> tuple[SkuCode, ...]:
        return tuple(SkuCode(row.code) for row in self.work.rows(_WITH_PART, {"sku": sku}))

    def save(self, bundle: Bundle) -> None:
        self.work.journal.saved("bundle", bundle.id, None, bundle)
        parts = ((bundle_part, changed_parts),)
        self.work.save(Saved(catalog_item, bundle, bundle_row, parts, self.work.loaded.get(bundle.id)))

    def _all_loaded(self, rows: Sequence[Any]) -> list[Bundle]:
        if not rows:
            return []
        parts = parts_by_bundle(self.work.rows(PARTS, {"ids": [row.id for row in rows]}))
        return [_loaded(self.work, "bundle", bundle_of(row, parts[row.id]), row, catalog_item, None) for row in rows]


@frozen
class SkuMappingStore:
    """``oms_app.ports.catalog.SkuMappings`` on a database."""

    work: Work
    actor: Actor

    def get(self, mapping_id: MappingId) -> SkuMapping:
        if isinstance(saved := self.work.saved(mapping_id), SkuMapping):
            return saved
        rows = self.work.rows(_MAPPING, {"id": mapping_id})
        if not rows or not self.actor.sees(rows[0].shop_id):
            raise MappingNotFound(mapping_id=mapping_id)
        return self._loaded(rows[0])

    def by_key(self, shop_id: ShopId, keys: Collection[MappingKey]) -> dict[MappingKey, SkuMapping]:
        if not keys or not self.actor.sees(shop_id):
            return {}
        platform_skus, merchant_codes = (sorted(set(each)) for each in zip(*keys, strict=True))
        values = {"shop_id": shop_id, "platform_skus": platform_skus, "merchant_codes": merchant_codes}
        found = [self._loaded(row) for row in self.work.rows(_MAPPINGS, values)]
        saved = [mapping for mapping in _saved(self.work, SkuMapping) if mapping.shop_id == shop_id]
        return {mapping.key: mapping for mapping in (*found, *saved) if mapping.key in keys}

    def to(self, target: SkuCode) -> tuple[SkuMapping, ...]:
        return tuple(
            self._loaded(row) for row in self.work.rows(_TO, {"target": target}) if self.actor.sees(row.shop_id)
        )

    def save(self, mapping: SkuMapping) -> None:
        if not self.actor.sees(mapping.shop_id):
            raise ShopNotFound(shop=str(mapping.shop_id))
        self.work.journal.saved("sku_mapping", mapping.id, mapping.shop_id, mapping)
        self.work.save(Saved(sku_mapping, mapping, mapping_row, (), self.work.loaded.get(mapping.id)))

    def _loaded(self, row: Any) -> SkuMapping:
        return _loaded(self.work, "sku_mapping", mapping_of(row), row, sku_mapping, ShopId(row.shop_id))


def _saved(work: Work, kind: type[Any]) -> list[Any]:
    """Return what this transaction has saved of a kind, so that it sees its own writes."""
    return [saved.state for saved in work.documents.values() if isinstance(saved.state, kind)]


def _loaded(work: Work, kind: str, found: D, row: Any, stored_in: sa.Table, shop_id: ShopId | None) -> D:
    work.loaded.setdefault(found.id, found)
    work.tables[kind] = stored_in
    work.journal.loaded(kind, found.id, shop_id, found, Head(row.log_seq, row.log_hash))
    return found
