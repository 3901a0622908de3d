"""How many parcels goods need under a carrier's limits: first fit, the largest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import field, frozen

from oms_domain.fulfilment.carriers.tariff import within

MOST_PARCELS: Final = 50
"""A carrier that would need more for one part does not take it: that is freight by lorry, for a person to arrange."""

UNLIMITED: Final = 10**15


@frozen(kw_only=True)
class Limits:
    """What one parcel may weigh and measure; None: no limit."""

    weight_g: int | None = field(default=None, validator=lambda *of: of[2] is None or within(1, 10**9)(*of))
    volume_cm3: int | None = field(default=None, validator=lambda *of: of[2] is None or within(1, 10**9)(*of))

    @property
    def room(self) -> tuple[int, int]:
        """The same as numbers to reckon with."""
        return (
            UNLIMITED if self.weight_g is None else self.weight_g,
            UNLIMITED if self.volume_cm3 is None else self.volume_cm3,
        )


@frozen(kw_only=True)
class CarriedGoods:
    """``units`` of one kind, each of a weight and a volume, with its marks."""

    units: int
    weight_g: int = 0
    volume_cm3: int = 0
    marks: frozenset[Any] = frozenset()


@frozen
class PackedParcel:
    """Weight and volume of what is packed together (包裹)."""

    weight_g: int
    volume_cm3: int


def pack(goods: Sequence[CarriedGoods], limits: Limits) -> tuple[PackedParcel, ...] | None:
    """Return the parcels, or None if a unit fits in none, or if there would be more than ``MOST_PARCELS``.

    CarriedGoods are taken heaviest first, then bulkiest; each unit goes into the first parcel that has room. First fit
    decreasing needs at most 11/9 of the least number and one more where weight alone limits; it is not the least.

    >>> crates = (CarriedGoods(units=3, weight_g=600), CarriedGoods(units=3, weight_g=400))
    >>> [parcel.weight_g for parcel in pack(crates, Limits(weight_g=1000)) or ()]
    [1000, 1000, 1000]
    """
    most_g, most_cm3 = limits.room
    weight, volume = sum(g.units * g.weight_g for g in goods), sum(g.units * g.volume_cm3 for g in goods)
    if weight <= most_g and volume <= most_cm3:
        return (PackedParcel(weight, volume),)
    packed: list[tuple[int, int]] = []
    for each in sorted(goods, key=lambda g: (-g.weight_g, -g.volume_cm3)):
        rest = each.units
        for at, (used_g, used_cm3) in enumerate(packed):
            fit = min(rest, _fitting(most_g - used_g, each.weight_g), _fitting(most_cm3 - used_cm3, each.volume_cm3))
            packed[at] = (used_g + fit * each.weight_g, used_cm3 + fit * each.volume_cm3)
            rest -= fit
        full = min(_fitting(most_g, each.weight_g), _fitting(most_cm3, each.volume_cm3))
        if rest and (not full or len(packed) - (-rest // full) > MOST_PARCELS):
            return None
        while rest:
            fit = min(rest, full)
            packed.append((fit * each.weight_g, fit * each.volume_cm3))
            rest -= fit
    return tuple(PackedParcel(*one) for one in packed)


def _fitting(room: int, each: int) -> int:
    return room // each if each else UNLIMITED
