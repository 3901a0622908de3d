"""Cutting an order's lines: what units of a line carry of each of its amounts, taken from what is placed on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from attrs import evolve, frozen

from oms_domain.apportionment.parts import net_of
from oms_domain.apportionment.units import LinePart, Runs, joined
from oms_domain.apportionment.waterfall import Reduction
from oms_domain.kernel.identity import LineId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.lines import OrderLine


def piece_of(line: OrderLine, part: LinePart, steps: Sequence[Reduction], *, id: LineId) -> OrderLine:
    """Return the units of ``part``, which was cut from the line's own part, as a line of which none was called off.

    Whatever way a line is cut, and its pieces again, each amount of the pieces adds up to the line's.

    Args:
        steps: the order's, one for each running net behind the first.
    """
    currency = line.payable.currency
    payable = Money(net_of(steps, part), currency)
    goods = Money(part.goods[0], currency)
    line_discount = goods - Money(_after_line_discount(line, part.runs), currency)
    return evolve(
        line,
        id=id,
        quantity=Quantity(part.units),
        adjustment=goods - line.unit_price * part.units,
        line_discount=line_discount,
        order_discount=goods - line_discount - payable,
        payable=payable,
        part=part,
        called_off=0,
    )


def seen_from(other: LinePart, units: Runs, part: LinePart) -> Runs:
    """Return units of a part of a line by the numbers that they have in another one; what that has not is left out.

    Each part numbers its own units from 0.

    >>> whole = LinePart(key="a", runs=((0, 5),), goods=(5,))
    >>> seen_from(LinePart(key="a", runs=((0, 1), (3, 5)), goods=(3,)), ((0, 4),), whole)
    ((0, 2),)
    """
    there, at = list[tuple[int, int]](), 0
    for first, stop in part.runs:
        there += _shifted(units, (at, at + stop - first), first - at)
        at += stop - first
    found, at = list[tuple[int, int]](), 0
    for first, stop in other.runs:
        found += _shifted(there, (first, stop), at - first)
        at += stop - first
    return joined(found)


def _shifted(runs: Iterable[tuple[int, int]], within: tuple[int, int], by: int) -> list[tuple[int, int]]:
    inside = ((max(first, within[0]), min(stop, within[1])) for first, stop in runs)
    return [(first + by, stop + by) for first, stop in inside if first < stop]


@frozen
class Dealt:
    """What a line has that must be found again in the lines that its units went into, amounts in minor units."""

    runs: Runs
    payable_fen: int
    cash_fen: int
    freight_fen: int

    @classmethod
    def of(cls, part: LinePart, payable_fen: int) -> Dealt:
        return cls(part.runs, payable_fen, part.cash, part.freight[0])


def misdealt(line: Dealt, heirs: Iterable[Dealt]) -> str | None:
    """Return in what the lines that a line's units went into are not that line again, None if in nothing."""
    found = tuple(heirs)
    units = sorted(run for heir in found for run in heir.runs)
    if any(first < before for (_, before), (first, _) in pairwise(units)):
        return "units are in two of them"
    if joined(units) != line.runs:
        return "units are in none of them, or were not its own"
    for what in ("payable_fen", "cash_fen", "freight_fen"):
        if (there := sum(getattr(heir, what) for heir in found)) != getattr(line, what):
            return f"{what.removesuffix('_fen')} is {getattr(line, what)}, theirs add up to {there}"
    return None


def _after_line_discount(line: OrderLine, runs: Runs) -> int:
    """Return what units cost after the line's own discount: a running net of its own, cut as the others are."""
    net = (line.goods - line.line_discount).fen
    return evolve(line.part, goods=(net,), freight=(0,)).cut(runs)[0].goods[0]
