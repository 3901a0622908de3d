"""Which units are in open cases, and which are still to be had. Runs only: never a loop over the units of a line."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.apportionment.units import Runs
from oms_domain.kernel.identity import LineId


def taken_units(cases: Iterable[AftersalesCase], line_id: LineId) -> Runs:
    """Return the units of a line that are in open cases."""
    return union(
        run for case in cases if case.is_open for line in case.lines if line.line_id == line_id for run in line.units
    )


def free_units(quantity: int, taken: Runs, wanted: int) -> Runs:
    """Return the first ``wanted`` units of a line that are not taken; fewer where there are not so many.

    For asks that name a number and no units, as platforms do.

    >>> free_units(10, ((0, 2), (5, 6)), 5)
    ((2, 5), (6, 8))
    """
    found, at = [], 0
    for first, stop in (*taken, (quantity, quantity)):
        take = min(first - at, wanted)
        if take > 0:
            found.append((at, at + take))
            wanted -= take
        at = stop
    return tuple(found)


def lie_on(units: Runs, quantity: int) -> bool:
    """Whether these are runs of a line, in order, none touching the next, and at least one."""
    in_order = all(first < stop for first, stop in units) and all(
        before[1] < after[0] for before, after in pairwise(units)
    )
    return bool(units) and in_order and units[0][0] >= 0 and units[-1][1] <= quantity


def union(runs: Iterable[tuple[int, int]]) -> Runs:
    """Return runs in any order as runs in order, also where they overlap: two cases that a platform opened may."""
    found: list[tuple[int, int]] = []
    for first, stop in sorted(runs):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((first, stop))
    return tuple(found)


def common(ours: Runs, theirs: Runs) -> Runs:
    """Return the units that are in both."""
    found = [(max(a, c), min(b, d)) for a, b in ours for c, d in theirs]
    return union(run for run in found if run[0] < run[1])


def first_numbers(runs: Runs, most: int) -> tuple[int, ...]:
    """Return the numbers of the first ``most`` units."""
    numbers = (number for first, stop in runs for number in range(first, min(stop, first + most)))
    return tuple(number for number, _ in zip(numbers, range(most), strict=False))
