"""A pasted text with name, telephone number, divisions and street, in any order (智能粘贴): what of it will do."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import field, frozen

from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.pieces import DoubtKind
from oms_domain.addresses.recognise import recognise
from oms_domain.channels.standard import Region
from oms_domain.kernel.errors import Invalid

UNUSABLE: Final = frozenset({DoubtKind.AMBIGUOUS_REGION, DoubtKind.REGION_CONFLICT, DoubtKind.MASKED})


@frozen(kw_only=True)
class AddressDoubtful(Invalid):
    """A pasted text does not say for sure where it is; name the divisions and what is masked apart from it."""

    code: ClassVar[str] = "orders.address_doubtful"
    field: str = "address.text"
    doubts: tuple[str, ...]


@frozen(kw_only=True)
class Pasted:
    """What a text says of a receiver, by field: also an empty one, where the old value must not stay beside the new.

    ``region`` None: it says nothing of where.
    """

    said: dict[str, str] = field(repr=False)
    region: Region | None
    doubts: tuple[str, ...]


def read_pasted(text: str, *, named: bool, field: str) -> Pasted:
    """Return what a text says of who and where; ``named``: the divisions are said apart from it.

    Raises:
        AddressDoubtful: it leaves open where it is, or says neither where nor how to call.
    """
    found = recognise(text, bundled_divisions())
    kinds = [doubt.kind for doubt in found.doubts]
    if not (found.region or found.phones or named):
        raise AddressDoubtful(field=field, doubts=tuple(dict.fromkeys(map(str, kinds))))
    if unusable := [kind for kind in kinds if kind in UNUSABLE and (kind is DoubtKind.MASKED or not named)]:
        raise AddressDoubtful(field=field, doubts=tuple(unusable))
    said = {"name": found.name, "street": found.street, "zip": found.zip}
    said |= {"mobile": str(found.mobile or ""), "phone": str(found.landline or "")}
    # The old number does not stay beside a new one, nor the old zip beside a new street: they are somebody else's.
    together = ({"mobile", "phone"} if found.mobile or found.landline else set()) | ({"zip"} if found.street else set())
    region = Region(province=found.province, city=found.city, district=found.district, town=found.town)
    return Pasted(
        said={name: value for name, value in said.items() if value or name in together},
        region=region if found.region else None,
        doubts=tuple(dict.fromkeys(map(str, kinds))),
    )


def divisions_named(**named: str | None) -> dict[str, str]:
    """Return the divisions that are named, larger ones first; one that is named anew takes the smaller ones along.

    >>> divisions_named(province=None, city="北京市", district=None)
    {'city': '北京市', 'district': ''}
    """
    found: dict[str, str] = {}
    for name, value in named.items():
        if value is not None or found:
            found[name] = value or ""
    return found
