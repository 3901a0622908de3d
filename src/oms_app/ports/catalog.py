"""The catalogue in a transaction. SKUs and bundles belong to no shop; mappings are seen by those who see their shop."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from oms_domain.catalog.bundle import Bundle
from oms_domain.catalog.mapping import MappingKey, SkuMapping
from oms_domain.catalog.sku import Sku
from oms_domain.kernel.identity import BundleId, MappingId, ShopId, SkuCode, SkuId


class Skus(Protocol):
    """All SKUs, deleted ones too."""

    def get(self, sku_id: SkuId) -> Sku:
        """Raises ``SkuNotFound``."""

    def by_code(self, codes: Collection[SkuCode]) -> dict[SkuCode, Sku]:
        """Return those that there are."""

    def save(self, sku: Sku) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate`` (its code is taken)."""


class Bundles(Protocol):
    """All bundles, deleted ones too."""

    def get(self, bundle_id: BundleId) -> Bundle:
        """Raises ``BundleNotFound``."""

    def by_code(self, codes: Collection[SkuCode]) -> dict[SkuCode, Bundle]:
        """Return those that there are."""

    def with_part(self, sku: SkuCode) -> tuple[SkuCode, ...]:
        """Return the codes of those that are sold and have this part."""

    def save(self, bundle: Bundle) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate`` (its code is taken)."""


class SkuMappings(Protocol):
    """All mappings of the actor's shops, removed ones too; one per shop and key."""

    def get(self, mapping_id: MappingId) -> SkuMapping:
        """Raises ``MappingNotFound``."""

    def by_key(self, shop_id: ShopId, keys: Collection[MappingKey]) -> dict[MappingKey, SkuMapping]:
        """Return those that there are."""

    def to(self, target: SkuCode) -> tuple[SkuMapping, ...]:
        """Return those that stand for ``target`` now."""

    def save(self, mapping: SkuMapping) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate``."""
