"""The SKU: the smallest unit of stock, and the gift, which is one that is never sold."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

import attrs
from attrs import evolve, field, frozen

from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import CurrencyMismatch, Invalid, InvalidAmount, NotFound, Refused
from oms_domain.kernel.identity import SkuCode, SkuId
from oms_domain.kernel.money import LARGEST_FEN, Money
from oms_domain.kernel.text import checked_text

LONGEST_TITLE: Final = 500
LONGEST_SPEC: Final = 2000
LONGEST_TAX_CATEGORY: Final = 40
LONGEST_CATEGORY: Final = 40
MOST_WEIGHT_G: Final = 10**8
MOST_VOLUME_CM3: Final = 10**9


class SkuKind(StrEnum):
    """What a SKU may be on an order."""

    GOODS = "goods"  # 商品: sold, alone or in a bundle
    GIFT = "gift"  # 赠品: put on orders for nothing, never sold
    VIRTUAL = "virtual"  # 虚拟商品: a course, a code, a right; needs no stock and no carrier


class GoodsMark(StrEnum):
    """What a carrier, or another article in the parcel, may not stand (商品属性)."""

    FRAGILE = "fragile"
    LIQUID = "liquid"
    COLD = "cold"
    OVERSIZE = "oversize"
    BATTERY = "battery"
    VALUABLE = "valuable"


@frozen(kw_only=True)
class InvalidMark(Invalid):
    """There is no such mark of goods."""

    code: ClassVar[str] = "catalog.invalid_mark"
    field: str = "marks"
    value: str


def goods_marks(texts: Iterable[str]) -> frozenset[GoodsMark]:
    """Read marks.

    Raises:
        InvalidMark: there is no such mark.

    >>> sorted(goods_marks(["liquid", "cold", "liquid"]))
    [<GoodsMark.COLD: 'cold'>, <GoodsMark.LIQUID: 'liquid'>]
    """
    marks = set()
    for text in texts:
        try:
            marks.add(GoodsMark(text))
        except ValueError:
            raise InvalidMark(value=str(text)[:40]) from None
    return frozenset(marks)


@frozen(kw_only=True)
class InvalidKind(Invalid):
    """A SKU is ``goods`` or a ``gift``."""

    code: ClassVar[str] = "catalog.invalid_kind"
    field: str = "kind"
    value: str


def sku_kind(text: str) -> SkuKind:
    """Read a kind.

    Raises:
        InvalidKind: there is no such kind.

    >>> sku_kind("gift").name
    'GIFT'
    """
    try:
        return SkuKind(text)
    except ValueError:
        raise InvalidKind(value=text[:40]) from None


@frozen(kw_only=True)
class SkuNotFound(NotFound):
    """The catalogue has no such SKU."""

    code: ClassVar[str] = "catalog.sku_not_found"
    sku: str


@frozen(kw_only=True)
class CodeTaken(Refused):
    """Another SKU or bundle has this code, perhaps a deleted one: they share one list of codes."""

    code: ClassVar[str] = "catalog.code_taken"
    value: str


@frozen(kw_only=True)
class IsDeleted(Refused):
    """It was deleted. Restore it first."""

    code: ClassVar[str] = "catalog.is_deleted"
    value: str


@frozen(kw_only=True)
class InBundles(Refused):
    """Bundles that are sold have this SKU as a part: it can neither be deleted nor become a gift."""

    code: ClassVar[str] = "catalog.in_bundles"
    sku: SkuCode
    bundles: tuple[SkuCode, ...]


@frozen(kw_only=True)
class InvalidMeasure(Invalid):
    """A weight or volume is a whole number from 0 to ``most``, or not told."""

    code: ClassVar[str] = "catalog.invalid_measure"
    value: str
    most: int


@frozen(kw_only=True)
class SkuEvent(Event):
    """A fact about a SKU. ``sku`` is its code."""

    sku_id: SkuId
    sku: SkuCode

    @property
    def stream(self) -> UUID:
        return self.sku_id


@frozen(kw_only=True)
class SkuAdded(SkuEvent):
    type: ClassVar[str] = "catalog.sku_added"


@frozen(kw_only=True)
class SkuChanged(SkuEvent):
    type: ClassVar[str] = "catalog.sku_changed"


@frozen(kw_only=True)
class SkuDeleted(SkuEvent):
    type: ClassVar[str] = "catalog.sku_deleted"


@frozen(kw_only=True)
class SkuRestored(SkuEvent):
    type: ClassVar[str] = "catalog.sku_restored"


@frozen(kw_only=True)
class SkuFacts:
    """What the merchant says of a SKU.

    Weights and volumes are of one unit with its packing, None: not told. All prices are of one unit and of one
    currency; ``list_price`` 0 means none (then it draws no share of a bundle's price).

    Raises:
        InvalidText, InvalidMeasure, InvalidAmount, CurrencyMismatch: which field, and why.
    """

    title: str
    spec: str = ""
    kind: SkuKind = SkuKind.GOODS
    weight_g: int | None = None
    volume_cm3: int | None = None
    list_price: Money = Money(0)  # 吊牌价
    floor_price: Money | None = None  # 底价: below it a line is held up
    purchase_cost: Money | None = None  # 采购价
    tax_category: str = ""
    category: str = ""  # 商品类目: what the merchant calls goods alike, for rules by category
    marks: frozenset[GoodsMark] = field(default=frozenset(), converter=goods_marks)

    def __attrs_post_init__(self) -> None:
        checked_text(self.title, field="title", longest=LONGEST_TITLE, allow_empty=False)
        checked_text(self.spec, field="spec", longest=LONGEST_SPEC)
        checked_text(self.tax_category, field="tax_category", longest=LONGEST_TAX_CATEGORY)
        checked_text(self.category, field="category", longest=LONGEST_CATEGORY)
        _check_measure(self.weight_g, "weight_g", MOST_WEIGHT_G)
        _check_measure(self.volume_cm3, "volume_cm3", MOST_VOLUME_CM3)
        for name in ("list_price", "floor_price", "purchase_cost"):
            _check_price(getattr(self, name), name, self.list_price.currency)


def _check_measure(value: int | None, name: str, most: int) -> None:
    if value is not None and (type(value) is not int or not 0 <= value <= most):
        raise InvalidMeasure(field=name, value=str(value)[:40], most=most)


def _check_price(price: Money | None, name: str, currency: str) -> None:
    if price is None:
        return
    if not 0 <= price.fen <= LARGEST_FEN:
        raise InvalidAmount(field=name, value=str(price)[:40])
    if price.currency != currency:
        raise CurrencyMismatch(field=name, left=currency, right=price.currency)


_FACTS: Final = tuple(attribute.name for attribute in attrs.fields(SkuFacts))


@frozen(kw_only=True)
class Sku(SkuFacts):
    """The smallest unit of stock (SKU). Its code is what stock, orders and warehouses call it, and never changes."""

    id: SkuId
    code: SkuCode
    is_deleted: bool = False
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)  # counted by the store, which refuses a stale one

    @property
    def facts(self) -> SkuFacts:
        """What the merchant says of it."""
        return SkuFacts(**{name: getattr(self, name) for name in _FACTS})

    def added(self, *, at: datetime) -> Change[Sku]:
        """Return the new SKU with the fact that it was added."""
        return Change(self, (SkuAdded(sku_id=self.id, sku=self.code, at=at),))

    def changed(self, facts: SkuFacts, *, bundles: Iterable[SkuCode] = (), at: datetime) -> Change[Sku]:
        """Let ``facts`` stand from now on; equal to what stands: nothing happens.

        Args:
            bundles: those sold that have it as a part.

        Raises:
            IsDeleted: restore it first.
            InBundles: it would become a gift, and is a part of what is sold.
        """
        if self.is_deleted:
            raise IsDeleted(value=self.code)
        if facts == self.facts:
            return Change(self)
        if facts.kind is SkuKind.GIFT:
            self._in_none_of(bundles)
        changes = {name: getattr(facts, name) for name in _FACTS}
        return Change(evolve(self, **changes, updated_at=at), (SkuChanged(sku_id=self.id, sku=self.code, at=at),))

    def deleted(self, *, bundles: Iterable[SkuCode] = (), at: datetime) -> Change[Sku]:
        """Take it out of the catalogue; its code stays taken. Deleted already: nothing. Raises ``InBundles``."""
        if self.is_deleted:
            return Change(self)
        self._in_none_of(bundles)
        gone = evolve(self, is_deleted=True, updated_at=at)
        return Change(gone, (SkuDeleted(sku_id=self.id, sku=self.code, at=at),))

    def restored(self, *, at: datetime) -> Change[Sku]:
        """Put a deleted one back as it was. Not deleted: nothing."""
        if not self.is_deleted:
            return Change(self)
        back = evolve(self, is_deleted=False, updated_at=at)
        return Change(back, (SkuRestored(sku_id=self.id, sku=self.code, at=at),))

    def _in_none_of(self, bundles: Iterable[SkuCode]) -> None:
        if found := tuple(sorted(bundles)):
            raise InBundles(sku=self.code, bundles=found)
