"""Down to the single unit, in closed form: what a run of units carries of a line's amounts.

A line has *running nets*: its goods, then what is left of them after each discount and tender. Of a running net N
over n units, unit k (from 0) carries ``N div n``, and one minor unit more while ``k < N mod n``. A discount's share of
a unit is the difference of two successive running nets of that unit; so no unit's share or net is ever negative, and
any way of cutting a line adds up to it. A run of such units, or any of them in order, is such a sequence itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice, pairwise
from operator import add, sub
from typing import ClassVar

from attrs import field, frozen

from oms_domain.kernel.errors import Invalid, Refused

Runs = tuple[tuple[int, int], ...]
"""Units as half-open runs of their numbers on the source line, in order, none touching the next."""


@frozen(kw_only=True)
class UnitsOutOfRange(Invalid):
    """The run does not lie on the line: ``0 <= first <= stop <= units``."""

    code: ClassVar[str] = "apportionment.units_out_of_range"
    field: str = "units"
    first: int
    stop: int
    units: int


@frozen(kw_only=True)
class UnitsNamedTwice(Invalid):
    """One unit stands twice in what is asked for. ``unit`` is its number on the line, from 0."""

    code: ClassVar[str] = "apportionment.units_named_twice"
    field: str = "units"
    unit: int


@frozen(kw_only=True)
class UnitsGone(Refused):
    """Units that are not there any more: they were split off, cancelled or refunded before. Numbers count from 0."""

    code: ClassVar[str] = "apportionment.units_gone"
    line: str
    gone: tuple[int, ...]


def of_units(net: int, units: int, first: int, stop: int) -> int:
    """Return what units ``first`` to ``stop - 1`` carry of ``net``, at a cost that does not grow with their number.

    Args:
        net: minor units of the whole line, not negative.
        units: units on the line, at least 1.
        first, stop: half-open run of unit numbers, ``0 <= first <= stop <= units``.

    Raises:
        UnitsOutOfRange: the run does not lie on the line.

    >>> of_units(100, 3, 0, 1), of_units(100, 3, 1, 3), of_units(100, 10**6, 99, 10**6)
    (34, 66, 1)
    """
    if not 0 <= first <= stop <= units:
        raise UnitsOutOfRange(first=first, stop=stop, units=units)
    each, over = divmod(net, units)
    return each * (stop - first) + min(stop, over) - min(first, over)


def as_runs(numbers: Iterable[int]) -> Runs:
    """Return unit numbers, in any order, as runs.

    >>> as_runs([3, 0, 1, 4, 9])
    ((0, 2), (3, 5), (9, 10))
    """
    return joined((number, number + 1) for number in numbers)


def joined(runs: Iterable[tuple[int, int]]) -> Runs:
    """Return runs in order, with those that touch made one.

    Raises:
        UnitsNamedTwice: two of them overlap.
    """
    found: list[tuple[int, int]] = []
    for first, stop in sorted(run for run in runs if run[0] < run[1]):
        if found and first < found[-1][1]:
            raise UnitsNamedTwice(unit=first)
        if found and first == found[-1][1]:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((first, stop))
    return tuple(found)


def count(runs: Runs) -> int:
    """Return how many units there are."""
    return sum([stop - first for first, stop in runs])


@frozen(kw_only=True)
class LinePart:
    """Units of a line with what they carry of each of its running nets: a whole line, or what was cut from one.

    ``goods``: the running nets of the goods, the first before any discount, the last what is paid in cash.
    ``freight``: the same of the freight; the first is the freight placed here.
    """

    key: str
    runs: Runs
    goods: tuple[int, ...]
    freight: tuple[int, ...] = field(default=(0,))

    @property
    def units(self) -> int:
        return count(self.runs)

    @property
    def taken(self) -> tuple[int, ...]:
        """What each step on the goods takes of these units."""
        return tuple(before - after for before, after in pairwise(self.goods))

    @property
    def freight_taken(self) -> tuple[int, ...]:
        """What each step on the freight takes of these units."""
        return tuple(before - after for before, after in pairwise(self.freight))

    @property
    def cash(self) -> int:
        """What is paid in cash for these units, their freight with it."""
        return self.goods[-1] + self.freight[-1]

    def first(self, units: int) -> Runs:
        """Return the runs of the first ``units`` that are here. Raises ``UnitsOutOfRange``."""
        if not 0 <= units <= self.units:
            raise UnitsOutOfRange(first=0, stop=units, units=self.units)
        found: list[tuple[int, int]] = []
        for first, stop in self.runs:
            take = min(stop - first, units)
            if take:
                found.append((first, first + take))
            units -= take
        return tuple(found)

    def cut(self, wanted: Runs) -> tuple[LinePart, LinePart]:
        """Return the part with ``wanted`` units, in whatever order their runs are named, and the rest.

        Raises:
            UnitsOutOfRange: a run ends before it begins, or is not of whole numbers.
            UnitsGone: some of them are not here; the first ten are named.
            UnitsNamedTwice: one of them stands there twice.

        >>> line = LinePart(key="a", runs=((0, 3),), goods=(100, 80))
        >>> taken, rest = line.cut(((1, 2),))
        >>> taken.goods, rest.goods, rest.runs
        ((33, 27), (67, 53), ((0, 1), (2, 3)))
        """
        for first, stop in wanted:
            if type(first) is not int or type(stop) is not int or first > stop:
                raise UnitsOutOfRange(first=first, stop=stop, units=self.units)
        wanted = joined(wanted)
        places = self._places(wanted)
        units, taken = self.units, count(wanted)
        goods = tuple([_of_places(net, units, places, taken) for net in self.goods])
        freight = tuple([_of_places(net, units, places, taken) for net in self.freight])
        rest = LinePart(
            key=self.key,
            runs=_without(self.runs, wanted),
            goods=tuple(map(sub, self.goods, goods)),
            freight=tuple(map(sub, self.freight, freight)),
        )
        return LinePart(key=self.key, runs=wanted, goods=goods, freight=freight), rest

    def joined_with(self, other: LinePart) -> LinePart:
        """Return both parts of one line as one.

        Raises:
            ValueError: they are not parts of one line.
            UnitsNamedTwice: a unit is in both.
        """
        if (self.key, len(self.goods), len(self.freight)) != (other.key, len(other.goods), len(other.freight)):
            raise ValueError(f"{self.key} and {other.key} are not parts of one line")
        return LinePart(
            key=self.key,
            runs=joined((*self.runs, *other.runs)),
            goods=_sums(self.goods, other.goods),
            freight=_sums(self.freight, other.freight),
        )

    def _places(self, wanted: Runs) -> list[tuple[int, int]]:
        """Return where the wanted runs stand among the units that are here."""
        found, before, open_ = [], 0, list(wanted)
        for first, stop in self.runs:
            while open_ and first <= open_[0][0] and open_[0][1] <= stop:
                start, end = open_.pop(0)
                found.append((before + start - first, before + end - first))
            before += stop - first
        if open_:
            missing = chain.from_iterable(range(first, stop) for first, stop in _without(wanted, self.runs))
            raise UnitsGone(line=self.key, gone=tuple(islice(missing, 10)))
        return found


def whole_line(key: str, units: int, goods: Sequence[int], freight: Sequence[int] = (0,)) -> LinePart:
    """Return a line with all its units. ``goods`` and ``freight`` are its running nets."""
    return LinePart(key=key, runs=((0, units),) if units else (), goods=tuple(goods), freight=tuple(freight))


def _of_places(net: int, units: int, places: list[tuple[int, int]], taken: int) -> int:
    """``of_units`` for several runs at once, which have ``taken`` units in all."""
    if not taken:
        return 0
    each, over = divmod(net, units)
    return each * taken + sum([min(stop, over) - min(first, over) for first, stop in places])


def _without(runs: Runs, others: Runs) -> Runs:
    """Return the units of runs that are not in others."""
    found: list[tuple[int, int]] = []
    for first, stop in runs:
        for start, end in others:
            if end <= first or stop <= start:
                continue
            if first < start:
                found.append((first, start))
            first = min(end, stop)
        if first < stop:
            found.append((first, stop))
    return tuple(found)


def _sums(ours: tuple[int, ...], theirs: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(add, ours, theirs))
