"""Layers: an amount for each unit of a line, as runs. The ledger's arithmetic never loops over units.

What a unit paid with one tender, what went back of it and what is left are layers of one line. They have few runs:
three for what was paid, a few more for each refund that took a part of its units.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from oms_domain.apportionment.units import LinePart, Runs

Layer = tuple[tuple[int, int, int], ...]
"""(first, stop, minor units each): half-open runs of unit numbers, in order, none overlapping, none of 0."""


def layer_of(net: int, less: int, units: int) -> Layer:
    """Return what each unit has of the difference of two running nets, ``less`` not above ``net``.

    Of a net N over n units, unit k has ``N div n``, and one more while ``k < N mod n``: so the difference has at most
    three runs, and is nowhere negative.

    >>> layer_of(10, 9, 3), layer_of(9, 8, 3), layer_of(1_000_001, 0, 1_000_000)
    (((0, 1, 1),), ((2, 3, 1),), ((0, 1, 2), (1, 1000000, 1)))
    """
    if not units:
        return ()
    (each, over), (each_less, over_less) = divmod(net, units), divmod(less, units)
    edges = sorted({0, over, over_less, units})
    return _tidy(
        (first, stop, each + (first < over) - each_less - (first < over_less)) for first, stop in pairwise(edges)
    )


def paid_layers(part: LinePart) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
    """Return what each step took of each unit of a whole line, and last what is left in cash: of goods, and of freight.

    The line must be whole: its units are numbered from 0.
    """
    return _chain(part.goods, part.units), _chain(part.freight, part.units)


def _chain(nets: Sequence[int], units: int) -> tuple[Layer, ...]:
    steps = [layer_of(net, less, units) for net, less in pairwise(nets)]
    return (*steps, layer_of(nets[-1], 0, units))


def total(layer: Layer, runs: Runs | None = None) -> int:
    """Return what a layer has, of all units or of some.

    >>> total(((0, 2, 5), (2, 9, 1))), total(((0, 2, 5), (2, 9, 1)), ((1, 4),))
    (17, 7)
    """
    found = layer if runs is None else within(layer, runs)
    return sum((stop - first) * each for first, stop, each in found)


def within(layer: Layer, runs: Runs) -> Layer:
    """Return what a layer has of some units."""
    found = ((max(first, start), min(stop, end), each) for first, stop, each in layer for start, end in runs)
    return _tidy(run for run in found if run[0] < run[1])


def plus(*layers: Layer) -> Layer:
    """Return the sum of layers."""
    return _sum((layer, 1) for layer in layers)


def minus(layer: Layer, other: Layer) -> Layer:
    """Return a layer less another. Where that has more, a run is negative: see ``lowest``."""
    return _sum(((layer, 1), (other, -1)))


def lowest(layer: Layer) -> int:
    """Return the least that a unit has; units that no run names have 0.

    >>> lowest(((0, 2, 5),)), lowest(((0, 1, 5), (4, 5, -1)))
    (0, -1)
    """
    return min((0, *(each for _, _, each in layer)))


def spread(amount: int, room: Layer) -> Layer:
    """Hand an amount out over units as evenly as their room allows, units first in order getting what is left over.

    Args:
        amount: not negative, at most what the room has.

    >>> spread(4, ((0, 3, 3),)), spread(7, ((0, 1, 1), (1, 3, 5)))
    (((0, 1, 2), (1, 3, 1)), ((0, 1, 1), (1, 3, 3)))
    """
    level, over = _level(amount, room)
    found: list[tuple[int, int, int]] = []
    for first, stop, each in room:
        more = min(over, stop - first) if each > level else 0
        over -= more
        found += [(first, first + more, level + 1), (first + more, stop, min(each, level))]
    return _tidy(run for run in found if run[0] < run[1])


def _level(amount: int, room: Layer) -> tuple[int, int]:
    """Return up to where every unit is filled that has so much room, and how many get one more."""
    level, left = 0, amount
    for height in sorted({each for _, _, each in room}):
        units = sum(stop - first for first, stop, each in room if each > level)
        if left < (height - level) * units:
            return level + left // units, left % units
        left -= (height - level) * units
        level = height
    assert not left, "more is handed out than there is room for"
    return level, 0


def _sum(signed: Iterable[tuple[Layer, int]]) -> Layer:
    steps: dict[int, int] = {}
    for layer, sign in signed:
        for first, stop, each in layer:
            steps[first] = steps.get(first, 0) + sign * each
            steps[stop] = steps.get(stop, 0) - sign * each
    found, height, before = [], 0, 0
    for at in sorted(steps):
        found.append((before, at, height))
        height, before = height + steps[at], at
    return _tidy(found)


def _tidy(runs: Iterable[tuple[int, int, int]]) -> Layer:
    found: list[tuple[int, int, int]] = []
    for first, stop, each in runs:
        if not each or first == stop:
            continue
        if found and found[-1][1] == first and found[-1][2] == each:
            found[-1] = (found[-1][0], stop, each)
        else:
            found.append((first, stop, each))
    return tuple(found)
