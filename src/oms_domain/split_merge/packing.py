"""How few parcels units need under limits: the least number where that can be found, else how far off it may be."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final, Generic, TypeVar

from attrs import field, frozen

K = TypeVar("K", bound=Hashable)

MOST_NODES: Final = 20_000
"""Steps of the exact search; an order of a dozen units needs a few hundred."""

MOST_SEARCHED: Final = 100
"""Units; with more there is no exact search."""

_DIMENSIONS: Final = ("weight_g", "volume_cm3", "value_fen", "units")


def _positive(_limit: Any, _field: Any, value: int | None) -> None:
    if value is not None and (type(value) is not int or value < 1):
        raise ValueError("a limit is a whole number of at least 1, or None")


@frozen(kw_only=True)
class ParcelLimit:
    """What one parcel may hold; None: no limit. ``lines``: different lines, ``units``: pieces."""

    weight_g: int | None = field(default=None, validator=_positive)
    volume_cm3: int | None = field(default=None, validator=_positive)
    value_fen: int | None = field(default=None, validator=_positive)
    units: int | None = field(default=None, validator=_positive)
    lines: int | None = field(default=None, validator=_positive)

    @property
    def room(self) -> tuple[int | None, ...]:
        return tuple(getattr(self, name) for name in _DIMENSIONS)


@frozen(kw_only=True)
class Goods(Generic[K]):
    """``units`` of one line, each of a weight, a volume and a value."""

    key: K
    units: int
    weight_g: int = 0
    volume_cm3: int = 0
    value_fen: int = 0

    @property
    def size(self) -> tuple[int, ...]:
        """What one unit takes of each limit."""
        return (self.weight_g, self.volume_cm3, self.value_fen, 1)


@frozen(kw_only=True)
class Packing(Generic[K]):
    """Parcels by line and units. ``least``: fewer there cannot be; the gap is what might be saved."""

    parcels: tuple[tuple[tuple[K, int], ...], ...]
    least: int
    too_large: tuple[K, ...] = ()  # lines of which one unit alone is above a limit: each such unit goes alone

    @property
    def gap(self) -> int:
        return len(self.parcels) - self.least


def pack(goods: Sequence[Goods[K]], limit: ParcelLimit) -> Packing[K]:
    """Return parcels within ``limit``, as few as can be found.

    The largest units are taken first and go into the first parcel that has room, by each limit in turn. If that is not
    the least that the sums allow, all ways are tried, up to ``MOST_NODES`` steps; where that does not suffice, ``gap``
    says how many parcels too many there may be. A unit that is above a limit by itself goes alone.

    >>> crates = [Goods(key="a", units=3, weight_g=600), Goods(key="b", units=3, weight_g=400)]
    >>> packing = pack(crates, ParcelLimit(weight_g=1000))
    >>> len(packing.parcels), packing.gap
    (3, 0)
    """
    alone = [each for each in goods if each.units and not _fits(each.size, limit.room)]
    fitting = [each for each in goods if each.units and each not in alone]
    parcels = [((each.key, 1),) for each in alone for _ in range(each.units)]
    least = _least(fitting, limit)
    found = min((_first_fit(fitting, limit, by) for by in range(len(_DIMENSIONS))), key=len) if fitting else []
    if len(found) > least and sum(each.units for each in fitting) <= MOST_SEARCHED:
        searched = _Search(fitting, limit, len(found))
        if (better := searched.best()) is not None:
            found = better
        if searched.is_complete:
            least = len(found)
    return Packing(
        parcels=(*map(tuple, map(_joined, found)), *parcels),
        least=least + len(parcels),
        too_large=tuple(each.key for each in alone),
    )


def _fits(size: Sequence[int], room: Sequence[int | None]) -> bool:
    return all(limit is None or part <= limit for part, limit in zip(size, room, strict=True))


def _least(goods: Sequence[Goods[K]], limit: ParcelLimit) -> int:
    """Return a number of parcels that no way of packing can undercut."""
    if not goods:
        return 0
    sums = [sum(each.size[at] * each.units for each in goods) for at in range(len(_DIMENSIONS))]
    bounds = [-(-total // room) for total, room in zip(sums, limit.room, strict=True) if room is not None]
    # Units of more than half a limit: no two of them go together.
    for at, room in enumerate(limit.room):
        if room is not None:
            bounds.append(sum(each.units for each in goods if 2 * each.size[at] > room))
    if limit.lines is not None:
        bounds.append(-(-len(goods) // limit.lines))
    return max((1, *bounds))


Parcel = list[tuple[K, int]]


class _Open(Generic[K]):
    """A parcel being packed."""

    def __init__(self, limit: ParcelLimit) -> None:
        self.room = list(limit.room)
        self.lines = limit.lines
        self.contents: Parcel[K] = []

    def takes(self, each: Goods[K], units: int) -> int:
        """Return how many of so many units go in."""
        held = {key for key, _ in self.contents}
        if self.lines is not None and each.key not in held and len(held) >= self.lines:
            return 0
        rooms = zip(each.size, self.room, strict=True)
        return min((units, *(room // size for size, room in rooms if room is not None and size)))

    def put(self, each: Goods[K], units: int) -> None:
        self.contents.append((each.key, units))
        self.room = [
            None if room is None else room - size * units for size, room in zip(each.size, self.room, strict=True)
        ]


def _first_fit(goods: Sequence[Goods[K]], limit: ParcelLimit, by: int) -> list[Parcel[K]]:
    parcels: list[_Open[K]] = []
    for each in sorted(goods, key=lambda each: -each.size[by]):
        rest = each.units
        for parcel in parcels:
            if rest and (units := parcel.takes(each, rest)):
                parcel.put(each, units)
                rest -= units
        while rest:
            parcel = _Open(limit)
            units = parcel.takes(each, rest)
            parcel.put(each, units)
            parcels.append(parcel)
            rest -= units
    return [parcel.contents for parcel in parcels]


class _Search(Generic[K]):
    """All ways to put units into fewer parcels, the largest units first; like parcels are tried once."""

    def __init__(self, goods: Sequence[Goods[K]], limit: ParcelLimit, most: int) -> None:
        self.units = [each for each in sorted(goods, key=lambda g: g.size, reverse=True) for _ in range(each.units)]
        self.limit, self.most = limit, most
        self.nodes = 0
        self.is_complete = True

    def best(self) -> list[Parcel[K]] | None:
        """Return a packing with fewer than ``most`` parcels, the fewest found; None if none was found."""
        found: list[Parcel[K]] | None = None
        while (fewer := self._into(self.most - 1)) is not None:
            found, self.most = fewer, len(fewer)
        return found

    def _into(self, parcels: int) -> list[Parcel[K]] | None:
        return self._place(0, [_Open(self.limit) for _ in range(parcels)]) if parcels > 0 else None

    def _place(self, at: int, parcels: list[_Open[K]]) -> list[Parcel[K]] | None:
        if at == len(self.units):
            return [parcel.contents for parcel in parcels if parcel.contents]
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self.is_complete = False
            return None
        seen: set[tuple[Any, ...]] = set()
        each = self.units[at]
        for parcel in parcels:
            alike = (tuple(parcel.room), frozenset(key for key, _ in parcel.contents))
            if alike in seen or not parcel.takes(each, 1):
                continue
            seen.add(alike)
            room, contents = list(parcel.room), list(parcel.contents)
            parcel.put(each, 1)
            found = self._place(at + 1, parcels)
            if found is not None:
                return [list(each) for each in found]
            parcel.room, parcel.contents = room, contents
        return None


def _joined(parcel: Parcel[K]) -> Parcel[K]:
    units: dict[K, int] = {}
    for key, more in parcel:
        units[key] = units.get(key, 0) + more
    return list(units.items())
