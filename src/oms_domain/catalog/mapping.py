"""Which of our SKUs or bundles a platform's SKU is, said by a person, shop by shop."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final, TypedDict
from uuid import UUID

from attrs import evolve, field, frozen

from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Invalid, NotFound, Refused
from oms_domain.kernel.identity import MappingId, ShopId, SkuCode
from oms_domain.kernel.text import checked_text

LONGEST_PLATFORM_SKU: Final = 64

MappingKey = tuple[str, str]
"""The platform's SKU id and the merchant's code there; one of both may be empty: then it does not matter."""


@frozen(kw_only=True)
class MappingNotFound(NotFound):
    """There is no such mapping, or it is another shop's."""

    code: ClassVar[str] = "catalog.mapping_not_found"
    mapping_id: UUID


@frozen(kw_only=True)
class MappingWithoutKey(Invalid):
    """A mapping names the platform's SKU id, the merchant's code there, or both."""

    code: ClassVar[str] = "catalog.mapping_without_key"
    field: str = "platform_sku_id"


@frozen(kw_only=True)
class UnknownTarget(Invalid):
    """The catalogue has no SKU or bundle of this code, or it was deleted."""

    code: ClassVar[str] = "catalog.unknown_target"
    field: str = "target"
    value: str


@frozen(kw_only=True)
class AlreadyMapped(Refused):
    """The platform's SKU is mapped to something else already: change that mapping instead."""

    code: ClassVar[str] = "catalog.already_mapped"
    mapping_id: MappingId
    target: SkuCode


@frozen(kw_only=True)
class MappingEvent(Event):
    """A fact about a mapping."""

    mapping_id: MappingId
    shop_id: ShopId
    platform_sku_id: str
    merchant_code: str
    target: SkuCode

    @property
    def stream(self) -> UUID:
        return self.mapping_id


@frozen(kw_only=True)
class SkuMapped(MappingEvent):
    type: ClassVar[str] = "catalog.sku_mapped"


@frozen(kw_only=True)
class SkuUnmapped(MappingEvent):
    type: ClassVar[str] = "catalog.sku_unmapped"


class _Facts(TypedDict):
    mapping_id: MappingId
    shop_id: ShopId
    platform_sku_id: str
    merchant_code: str
    target: SkuCode


@frozen(kw_only=True)
class SkuMapping:
    """A shop's word on what a platform's SKU is (平台 SKU 对应). Of an item without SKUs the item's id stands for one.

    Raises:
        MappingWithoutKey, InvalidText: it names nothing at the platform, or not in a way that can be stored.
    """

    id: MappingId
    shop_id: ShopId
    platform_sku_id: str = ""
    merchant_code: str = ""
    target: SkuCode
    is_deleted: bool = False
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    def __attrs_post_init__(self) -> None:
        for name in ("platform_sku_id", "merchant_code"):
            checked_text(getattr(self, name), field=name, longest=LONGEST_PLATFORM_SKU)
        if not (self.platform_sku_id or self.merchant_code):
            raise MappingWithoutKey

    @property
    def key(self) -> MappingKey:
        """What it is found by, in its shop."""
        return (self.platform_sku_id, self.merchant_code)

    def added(self, *, at: datetime) -> Change[SkuMapping]:
        """Return the new mapping with the fact that it stands."""
        return Change(self, (self._mapped(at),))

    def mapped_to(self, target: SkuCode, *, at: datetime) -> Change[SkuMapping]:
        """Let it stand for ``target`` from now on, also where it was removed. As it stands already: nothing."""
        if self.target == target and not self.is_deleted:
            return Change(self)
        changed = evolve(self, target=target, is_deleted=False, updated_at=at)
        return Change(changed, (changed._mapped(at),))

    def removed(self, *, at: datetime) -> Change[SkuMapping]:
        """Let it stand no longer; orders that are there keep what they have. Removed already: nothing."""
        if self.is_deleted:
            return Change(self)
        return Change(evolve(self, is_deleted=True, updated_at=at), (SkuUnmapped(at=at, **self._facts()),))

    def _mapped(self, at: datetime) -> SkuMapped:
        return SkuMapped(at=at, **self._facts())

    def _facts(self) -> _Facts:
        return {
            "mapping_id": self.id,
            "shop_id": self.shop_id,
            "platform_sku_id": self.platform_sku_id,
            "merchant_code": self.merchant_code,
            "target": self.target,
        }
