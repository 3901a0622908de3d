"""The bundle: several SKUs sold under one code. It has no stock of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from attrs import evolve, field, frozen

from oms_domain.catalog.sku import LONGEST_SPEC, LONGEST_TITLE, IsDeleted, Sku, SkuKind
from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Invalid, NotFound
from oms_domain.kernel.identity import BundleId, SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.kernel.text import checked_text

MOST_PARTS: Final = 50
MOST_UNITS_OF_A_PART: Final = 1000


@frozen(kw_only=True)
class BundleNotFound(NotFound):
    """The catalogue has no such bundle."""

    code: ClassVar[str] = "catalog.bundle_not_found"
    bundle: str


@frozen(kw_only=True)
class InvalidPart(Invalid):
    """A part of a bundle is 1 to 1,000 units of a SKU that is sold, each SKU once, 1 to 50 of them.

    ``why``: unknown, deleted, gift, bundle (none holds another), twice, quantity, none, too_many.
    """

    code: ClassVar[str] = "catalog.invalid_part"
    sku: str
    why: str


@frozen(kw_only=True)
class BundlePart:
    """Units of a SKU in one bundle."""

    sku: SkuCode
    quantity: Quantity


@frozen(kw_only=True)
class BundleEvent(Event):
    """A fact about a bundle. ``bundle`` is its code."""

    bundle_id: BundleId
    bundle: SkuCode

    @property
    def stream(self) -> UUID:
        return self.bundle_id


@frozen(kw_only=True)
class BundleAdded(BundleEvent):
    type: ClassVar[str] = "catalog.bundle_added"


@frozen(kw_only=True)
class BundleChanged(BundleEvent):
    type: ClassVar[str] = "catalog.bundle_changed"


@frozen(kw_only=True)
class BundleDeleted(BundleEvent):
    type: ClassVar[str] = "catalog.bundle_deleted"


@frozen(kw_only=True)
class BundleRestored(BundleEvent):
    type: ClassVar[str] = "catalog.bundle_restored"


@frozen(kw_only=True)
class BundleFacts:
    """What the merchant says of a bundle.

    Raises:
        InvalidText, InvalidPart: which field, and why.
    """

    title: str
    spec: str = ""
    parts: tuple[BundlePart, ...]

    def __attrs_post_init__(self) -> None:
        checked_text(self.title, field="title", longest=LONGEST_TITLE, allow_empty=False)
        checked_text(self.spec, field="spec", longest=LONGEST_SPEC)
        if not 1 <= len(self.parts) <= MOST_PARTS:
            raise InvalidPart(field="parts", sku="", why="too_many" if self.parts else "none")
        seen: set[SkuCode] = set()
        for place, part in enumerate(self.parts):
            if part.sku in seen:
                raise InvalidPart(field=f"parts[{place}].sku", sku=part.sku, why="twice")
            if not 1 <= part.quantity <= MOST_UNITS_OF_A_PART:
                raise InvalidPart(field=f"parts[{place}].quantity", sku=part.sku, why="quantity")
            seen.add(part.sku)

    def check_parts(self, skus: Mapping[SkuCode, Sku], bundles: Mapping[SkuCode, Bundle]) -> None:
        """Raises ``InvalidPart`` unless every part is a SKU of the catalogue that may be sold.

        Args:
            skus, bundles: what the catalogue has under the codes of the parts.
        """
        for place, part in enumerate(self.parts):
            why = "bundle" if part.sku in bundles else why_no_part(skus.get(part.sku))
            if why:
                raise InvalidPart(field=f"parts[{place}].sku", sku=part.sku, why=why)


def why_no_part(sku: Sku | None) -> str:
    """Return why a SKU cannot be sold in a bundle, empty if it can."""
    if sku is None:
        return "unknown"
    if sku.is_deleted:
        return "deleted"
    return "gift" if sku.kind is SkuKind.GIFT else ""


@frozen(kw_only=True)
class Bundle(BundleFacts):
    """Several SKUs sold under one code (组合商品). None is a part of another; they share the SKUs' list of codes."""

    id: BundleId
    code: SkuCode
    is_deleted: bool = False
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    @property
    def facts(self) -> BundleFacts:
        """What the merchant says of it."""
        return BundleFacts(title=self.title, spec=self.spec, parts=self.parts)

    def available(self, units: Mapping[SkuCode, int]) -> int:
        """Return how many bundles can be made of what is available of each SKU; what is not named is not there.

        >>> from uuid import UUID
        >>> from datetime import UTC, datetime
        >>> at, cup, tin = datetime(2026, 1, 1, tzinfo=UTC), SkuCode("CUP"), SkuCode("TIN")
        >>> parts = (BundlePart(sku=cup, quantity=Quantity(2)), BundlePart(sku=tin, quantity=Quantity(1)))
        >>> facts = {"title": "茶", "parts": parts, "created_at": at, "updated_at": at}
        >>> tea = Bundle(id=BundleId(UUID(int=1)), code=SkuCode("TEA"), **facts)
        >>> tea.available({cup: 7, tin: 5}), tea.available({cup: 7}), tea.available({cup: 1, tin: 5})
        (3, 0, 0)
        """
        return min(max(units.get(part.sku, 0), 0) // part.quantity for part in self.parts)

    def added(self, *, at: datetime) -> Change[Bundle]:
        """Return the new bundle with the fact that it was added."""
        return Change(self, (BundleAdded(bundle_id=self.id, bundle=self.code, at=at),))

    def changed(self, facts: BundleFacts, *, at: datetime) -> Change[Bundle]:
        """Let ``facts`` stand for orders to come; those there keep what they have. Raises ``IsDeleted``."""
        if self.is_deleted:
            raise IsDeleted(value=self.code)
        if facts == self.facts:
            return Change(self)
        changed = evolve(self, title=facts.title, spec=facts.spec, parts=facts.parts, updated_at=at)
        return Change(changed, (BundleChanged(bundle_id=self.id, bundle=self.code, at=at),))

    def deleted(self, *, at: datetime) -> Change[Bundle]:
        """Take it out of the catalogue; its code stays taken. Deleted already: nothing."""
        if self.is_deleted:
            return Change(self)
        gone = evolve(self, is_deleted=True, updated_at=at)
        return Change(gone, (BundleDeleted(bundle_id=self.id, bundle=self.code, at=at),))

    def restored(self, *, at: datetime) -> Change[Bundle]:
        """Put a deleted one back as it was. Not deleted: nothing. The parts are checked by the caller."""
        if not self.is_deleted:
            return Change(self)
        back = evolve(self, is_deleted=False, updated_at=at)
        return Change(back, (BundleRestored(bundle_id=self.id, bundle=self.code, at=at),))
