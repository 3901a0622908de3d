"""By what sealed personal data can be found, and what may be shown of them: alike whatever seals them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import attrs

from oms_app.ports.vault import IndexField
from oms_domain.addresses.shapes import has_house_number
from oms_domain.channels.standard import Buyer, Receiver
from oms_domain.kernel.identity import ShopId
from oms_domain.kernel.phones import half_width
from oms_domain.kernel.text import is_masked, mask_name, mask_phone, mask_street

Terms = tuple[tuple[IndexField, str], ...]
"""What a row is to be found by: field and plain value."""

SHORTEST_ADDRESS: Final = 4
"""Characters of a street that tell one address from another."""

_BLANKS: Final = str.maketrans("", "", " \t\r\n-")
_BRACKETS: Final = str.maketrans("", "", "()")
_MOBILE_FROM_ABROAD: Final = re.compile(r"^(?:(?:\+|00)?86|0)(?=1[0-9]{10}$)", re.ASCII)
"""What may stand before a mobile number and dials the same one."""
_BLANKS_OUTSIDE_NUMBERS: Final = re.compile(r"(?<![0-9A-Za-z])[ \t\r\n]+|[ \t\r\n]+(?![0-9A-Za-z])")


def receiver_terms(receiver: Receiver, shop_id: ShopId) -> Terms:
    """Return what a receiver is found by. Four digits are few: they count within one shop."""
    phone = receiver.mobile or receiver.phone
    return (
        (IndexField.PHONE, phone),
        (IndexField.PHONE2, receiver.phone if receiver.mobile else ""),
        (IndexField.PHONE4, f"{shop_id}{phone}" if _digits4(phone) else ""),
        (IndexField.NAME, receiver.name),
        (IndexField.WHOLE, "\x1f".join(attrs.astuple(receiver))),
        (IndexField.ADDRESS, receiver.street),
        (IndexField.PLAIN, "\x1f".join(attrs.astuple(receiver))),
    )


def buyer_terms(buyer: Buyer) -> Terms:
    """Return what a buyer is found by: whether all is the same as before, and nothing else."""
    return ((IndexField.WHOLE, "\x1f".join(attrs.astuple(buyer))),)


def has_door(receiver: Receiver) -> bool:
    """Return whether a carrier finds the door: by a house number, or the platform knows it and does not tell us."""
    return is_masked(receiver.street) or has_house_number(unicodedata.normalize("NFKC", receiver.street))


def receiver_mask(receiver: Receiver) -> str:
    """Return what may be shown of a receiver."""
    phone = receiver.mobile or receiver.phone
    masks = (mask_name(receiver.name), mask_phone(phone), mask_street(receiver.street))
    return " ".join(part for part in masks if part)


def _digits4(phone: str) -> str:
    last = phone[-4:]
    return last if len(last) == 4 and last.isascii() and last.isdigit() else ""


def alike(field: IndexField) -> IndexField:
    """Return the field whose digests those of ``field`` are compared with: they have one key."""
    return IndexField.PHONE if field is IndexField.PHONE2 else field


def normal_form(field: IndexField, value: str) -> str:
    """Return the form in which equal data are equal; empty if one cannot search by it (too short, masked).

    >>> normal_form(IndexField.PHONE, "+86 100-0000 0001"), normal_form(IndexField.NAME, "测*员")
    ('10000000001', '')
    """
    match field:
        case IndexField.PHONE | IndexField.PHONE2:
            bare = half_width(value).translate(_BLANKS).translate(_BRACKETS)
            bare = _MOBILE_FROM_ABROAD.sub("", bare)
            return bare if bare.isascii() and bare.isdigit() else ""
        case IndexField.PHONE4:
            return value[:36] + _digits4(value) if _digits4(value) else ""
        case IndexField.NAME:
            return "" if "*" in value else value.translate(_BLANKS).casefold()
        case IndexField.PLAIN:
            return "" if {"*", "＊"} & set(value) or not value.strip("\x1f") else normal_form(IndexField.WHOLE, value)
        case IndexField.WHOLE:
            # 1-12 is another door than 11-2: what parts two numbers stays.
            return _BLANKS_OUTSIDE_NUMBERS.sub("", value).casefold()
        case IndexField.ADDRESS:
            bare = _BLANKS_OUTSIDE_NUMBERS.sub("", unicodedata.normalize("NFKC", value)).casefold()
            return "" if "*" in bare or len(bare) < SHORTEST_ADDRESS else bare
        case IndexField.BUYER:
            return value
