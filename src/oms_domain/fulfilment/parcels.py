"""What is in which parcel, by our lines: a warehouse counts units by SKU, and need not count twice alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from attrs import frozen

from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import LineId, SkuCode
from oms_domain.kernel.quantity import Quantity

Units = Sequence[tuple[SkuCode, int]]
Open = Sequence[tuple[LineId, SkuCode, Quantity]]
Contents = tuple[tuple[LineId, Quantity], ...]


@frozen(kw_only=True)
class ShipsMoreThanAsked(Refused):
    """The warehouse ships a SKU that it was not asked for, or more units of it than are still to leave."""

    code: ClassVar[str] = "fulfilment.ships_more_than_asked"
    sku: str
    to_ship: int
    units: int


@frozen(kw_only=True)
class ContentsUnknown(Refused):
    """A part of an order has left, and the warehouse says neither what nor in which parcel."""

    code: ClassVar[str] = "fulfilment.contents_unknown"


@frozen(kw_only=True)
class ParcelDiffers(Refused):
    """A parcel is told again with other contents."""

    code: ClassVar[str] = "fulfilment.parcel_differs"
    tracking_no: str


def by_line(parcels: Sequence[Units], counted: Units | None, open_: Open, *, final: bool) -> tuple[Contents, ...]:
    """Return the contents of each parcel by line.

    What was counted is what left the shelf: it decides, where it is told. What the parcels hold beyond it is dropped;
    what they do not name goes into the first parcel that is told without contents, else into the last. Units of a SKU
    are taken from its lines in their order.

    Args:
        parcels: SKU and units of each parcel; empty where they are not told. At least one parcel.
        counted: SKU and units that left, None if that is not told either.
        open_: lines with SKU and units still to leave.
        final: nothing more will be told: with nothing counted and nothing in the parcels, all that is open has left.

    Raises:
        ShipsMoreThanAsked, ContentsUnknown.

    >>> from uuid import UUID
    >>> line = LineId(UUID(int=1))
    >>> hat, open_ = SkuCode("HAT"), [(line, SkuCode("HAT"), Quantity(3))]
    >>> [[units for _, units in parcel] for parcel in by_line([[(hat, 1)], []], [(hat, 3)], open_, final=True)]
    [[1], [2]]
    """
    left = _left(parcels, counted, open_, final=final)
    _check(left, open_)
    taken = [_take(left, units) for units in parcels]
    rest = next((place for place, units in enumerate(parcels) if not units), len(parcels) - 1)
    for sku, units in left.items():
        taken[rest][sku] = taken[rest].get(sku, 0) + units
    lines = {line_id: (sku, int(units)) for line_id, sku, units in open_}
    return tuple(_of_lines(lines, units) for units in taken)


def added_up(units: Iterable[tuple[SkuCode, int]]) -> dict[SkuCode, int]:
    """Return units by SKU.

    >>> added_up([(SkuCode("HAT"), 1), (SkuCode("HAT"), 2)])
    {'HAT': 3}
    """
    sums: dict[SkuCode, int] = {}
    for sku, count in units:
        sums[sku] = sums.get(sku, 0) + count
    return sums


def _left(parcels: Sequence[Units], counted: Units | None, open_: Open, *, final: bool) -> dict[SkuCode, int]:
    if counted is not None:
        return added_up(counted)
    told = added_up(item for units in parcels for item in units)
    if told:
        return told
    if not final:
        raise ContentsUnknown
    return added_up((sku, int(units)) for _, sku, units in open_)


def _check(left: dict[SkuCode, int], open_: Open) -> None:
    asked = added_up((sku, int(units)) for _, sku, units in open_)
    for sku, units in left.items():
        if units > asked.get(sku, 0):
            raise ShipsMoreThanAsked(sku=sku, to_ship=asked.get(sku, 0), units=units)


def _take(left: dict[SkuCode, int], units: Units) -> dict[SkuCode, int]:
    """Take out of ``left`` what a parcel holds, as far as it goes."""
    taken = {}
    for sku, count in added_up(units).items():
        taken[sku] = min(count, left.get(sku, 0))
        if sku in left:
            left[sku] -= taken[sku]
    return taken


def _of_lines(lines: dict[LineId, tuple[SkuCode, int]], units: dict[SkuCode, int]) -> Contents:
    """Take units out of the lines of their SKU, in the lines' order."""
    taken: dict[LineId, Quantity] = {}
    for line_id, (sku, free) in lines.items():
        count = min(free, units.get(sku, 0))
        if count:
            taken[line_id] = Quantity(count)
            units[sku] -= count
            lines[line_id] = (sku, free - count)
    return tuple(taken.items())
