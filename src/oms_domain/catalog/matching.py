"""Finding what a platform's line is of ours: by the merchant's code first, then by the shop's mappings.

Nothing is guessed: what neither says is unmapped, and a person says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import frozen

from oms_domain.catalog.bundle import Bundle, why_no_part
from oms_domain.catalog.mapping import MappingKey, SkuMapping
from oms_domain.catalog.sku import LONGEST_SPEC, LONGEST_TITLE, Sku, SkuKind
from oms_domain.channels.standard import StandardLine
from oms_domain.kernel.codes import is_sku_code
from oms_domain.kernel.identity import SkuCode, SkuId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import LARGEST_QUANTITY, Quantity

UNKNOWN: Final = "unknown"  # neither the merchant's code nor a mapping says what it is
DELETED: Final = "deleted"  # what they say was deleted from the catalogue
GIFT_IS_SOLD: Final = "gift_is_sold"  # they say a gift, and the buyer pays for it
PART_IS_MISSING: Final = "part_is_missing"  # they say a bundle, a part of which may not be sold any more
TOO_MANY_UNITS: Final = "too_many_units"  # more units of a bundle's part than one order line holds


@frozen(kw_only=True)
class SoldPart:
    """One SKU of what a line sells: its units for the whole line, and the list price of one unit."""

    sku: SkuCode
    title: str
    spec: str
    quantity: Quantity
    list_price: Money


@frozen(kw_only=True)
class Sold:
    """What a platform's line is of ours: one SKU, called as the platform does, or a bundle's parts in their order."""

    parts: tuple[SoldPart, ...]
    bundle: SkuCode | None = None
    is_gift: bool = False


@frozen(kw_only=True)
class UnmappedSku:
    """A platform's SKU of which nobody has said what it is of ours (未对应商品). ``why`` is a word of this module."""

    line_no: str
    platform_sku_id: str = ""
    merchant_code: str = ""
    title: str = ""
    spec: str = ""
    why: str = UNKNOWN


@frozen(kw_only=True)
class KnownGoods:
    """What of the catalogue some lines need: deleted ones too. ``mappings`` are of the lines' shop, none removed."""

    skus: Mapping[SkuCode, Sku]
    bundles: Mapping[SkuCode, Bundle]
    mappings: Mapping[MappingKey, SkuMapping]


def platform_sku_of(line: StandardLine) -> str:
    """Return what the platform calls the goods of a line: the SKU's id, of an item without SKUs the item's."""
    return line.platform_sku_id or line.item_id


def merchant_code_of(line: StandardLine) -> str:
    """Return the code that the merchant has put on the goods at the platform, empty if none that could be one."""
    code = (line.sku or "").strip()
    return code if is_sku_code(code) else ""


def keys_of(platform_sku_id: str, merchant_code: str) -> tuple[MappingKey, ...]:
    """Return the keys under which a mapping may stand for some goods, the narrowest first.

    >>> keys_of("501", "A"), keys_of("501", "")
    ((('501', 'A'), ('501', ''), ('', 'A')), (('501', ''),))
    """
    keys = ((platform_sku_id, merchant_code), (platform_sku_id, ""), ("", merchant_code))
    return tuple(dict.fromkeys(key for key in keys if any(key)))


def match(line: StandardLine, known: KnownGoods) -> Sold | UnmappedSku:
    """Return what ``line`` sells of ours, or why that cannot be told."""
    target, why = _target(line, known)
    if target is None:
        return _unmapped(line, why)
    if (sku := known.skus.get(target)) is not None:
        if sku.kind is SkuKind.GIFT and line.payable.fen > 0:
            return _unmapped(line, GIFT_IS_SOLD)
        part = SoldPart(
            sku=sku.code, title=line.title, spec=line.spec, quantity=line.quantity, list_price=sku.list_price
        )
        return Sold(parts=(part,), is_gift=line.is_gift or sku.kind is SkuKind.GIFT)
    return _bundle(line, known.bundles[target], known.skus)


def first_seen(line: StandardLine, *, id: SkuId, at: datetime) -> Sku:
    """Return the SKU that an open catalogue takes a line's code for; the platform's words describe it."""
    code = merchant_code_of(line)
    return Sku(
        id=id,
        code=SkuCode(code),
        title=(line.title.strip() or code)[:LONGEST_TITLE],
        spec=line.spec[:LONGEST_SPEC],
        list_price=max(line.unit_price, Money(0, line.unit_price.currency)),
        created_at=at,
        updated_at=at,
    )


def _target(line: StandardLine, known: KnownGoods) -> tuple[SkuCode | None, str]:
    code, why = SkuCode(merchant_code_of(line)), UNKNOWN
    targets = [code] if code else []
    mappings = (known.mappings.get(key) for key in keys_of(platform_sku_of(line), code))
    for target in (*targets, *(mapping.target for mapping in mappings if mapping is not None)):
        found = known.skus.get(target) or known.bundles.get(target)
        if found is not None and not found.is_deleted:
            return target, ""
        why = DELETED if found is not None else why
    return None, why


def _bundle(line: StandardLine, bundle: Bundle, skus: Mapping[SkuCode, Sku]) -> Sold | UnmappedSku:
    parts = []
    for part in bundle.parts:
        sku, units = skus.get(part.sku), part.quantity * line.quantity
        if sku is None or why_no_part(sku):
            return _unmapped(line, PART_IS_MISSING)
        if units > LARGEST_QUANTITY:
            return _unmapped(line, TOO_MANY_UNITS)
        parts.append(
            SoldPart(sku=sku.code, title=sku.title, spec=sku.spec, quantity=Quantity(units), list_price=sku.list_price)
        )
    return Sold(parts=tuple(parts), bundle=bundle.code, is_gift=line.is_gift)


def _unmapped(line: StandardLine, why: str) -> UnmappedSku:
    return UnmappedSku(
        line_no=line.line_no,
        platform_sku_id=platform_sku_of(line),
        merchant_code=merchant_code_of(line),
        title=line.title,
        spec=line.spec,
        why=why,
    )
