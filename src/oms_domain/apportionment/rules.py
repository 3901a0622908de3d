"""The family of rules by which an amount is shared over weighted lines (分摊规则).

A rule is a value: in which order the lines come, how an exact share is rounded, and where the rest goes. Calling it
gives the shares of a total that is not negative, unchecked; ``allocate`` is the door with the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, Protocol

from attrs import field, frozen


class Order(StrEnum):
    """In which order the lines come (分摊顺序)."""

    GIVEN = "given"
    ASCENDING = "ascending"  # by weight, smallest first; equal weights as given


class Rounding(StrEnum):
    """How an exact share becomes whole quanta (舍入方式)."""

    FLOOR = "floor"
    HALF_UP = "half_up"
    HALF_DOWN = "half_down"
    HALF_EVEN = "half_even"


class Rest(StrEnum):
    """Where goes what rounding leaves over, or hands out too much (尾差处理).

    The first four give one quantum to each line in turn, or take it back where too much was handed out.
    """

    LARGEST_FRACTION = "largest_fraction"  # to what was rounded down most; back from what was rounded up most
    LARGEST_WEIGHT = "largest_weight"
    FIRST = "first"  # first to last
    LAST = "last"  # last to first
    LAST_TAKES_REST = "last_takes_rest"  # each takes its share out of what is still left, the last line the rest
    CARRY = "carry"  # the error is carried on to the next line: the sums so far are rounded, not the shares
    SEQUENTIAL = "sequential"  # last to first, each its share of what is left among those that are left
    APART = "apart"  # given back beside the shares, as one more element; may be negative


class AllocationRule(Protocol):
    """What ``allocate`` takes as a rule: one of the family, or a plain function of this form."""

    def __call__(self, total: int, weights: Sequence[int], quantum: int, /) -> Sequence[int]:
        """Share ``total`` (not negative; above 0 only if some weight is) over ``weights`` (none negative).

        One share for each weight, adding up to ``total``; a weight of 0 takes 0.
        """


@frozen
class Rule:
    """A point of the family. The words of the enumerations do as well.

    >>> Rule(rounding="half_up", rest="last_takes_rest", order="ascending") == ASCENDING_REST
    True
    >>> LARGEST_REMAINDER(100, (1, 1, 1), 1), Rule(rest="apart")(100, (1, 1, 1), 1)
    ((34, 33, 33), (33, 33, 33, 1))
    """

    rounding: Rounding = field(default=Rounding.FLOOR, converter=Rounding)
    rest: Rest = field(default=Rest.LARGEST_FRACTION, converter=Rest)
    order: Order = field(default=Order.GIVEN, converter=Order)
    _way: Way = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if (self.rounding, self.rest, self.order) == (Rounding.FLOOR, Rest.LARGEST_FRACTION, Order.GIVEN):
            object.__setattr__(self, "_way", _largest_remainder)
        else:
            object.__setattr__(self, "_way", _WAYS.get(self.rest, _one_each))

    def __call__(self, total: int, weights: Sequence[int], quantum: int = 1, /) -> tuple[int, ...]:
        """Share ``total``, unchecked: it must not be negative, nor a weight; if it is above 0, so is some weight."""
        if not total:
            return (0,) * (len(weights) + (self.rest is Rest.APART))
        return tuple(self._way(self, total, weights, quantum))

    def __str__(self) -> str:
        return f"{self.order}·{self.rounding}·{self.rest}"

    def lines(self, weights: Sequence[int]) -> list[int]:
        """Return the places of the lines that may take something, in the rule's order."""
        places = [place for place, weight in enumerate(weights) if weight]
        return sorted(places, key=weights.__getitem__) if self.order is Order.ASCENDING else places


Way = Callable[[Rule, int, Sequence[int], int], list[int]]


def rounded(rounding: Rounding, numerator: int, denominator: int) -> int:
    """Return ``numerator / denominator`` as a whole number. Neither is negative.

    >>> [rounded(rounding, 5, 2) for rounding in Rounding], [rounded(rounding, 7, 2) for rounding in Rounding]
    ([2, 3, 2, 2], [3, 4, 3, 4])
    """
    match rounding:
        case Rounding.FLOOR:
            return numerator // denominator
        case Rounding.HALF_UP:
            return (2 * numerator + denominator) // (2 * denominator)
        case Rounding.HALF_DOWN:
            return (2 * numerator + denominator - 1) // (2 * denominator)
        case Rounding.HALF_EVEN:  # pragma: no branch (the last of them)
            whole, over = divmod(numerator, denominator)
            return whole + (2 * over > denominator or (2 * over == denominator and whole % 2 == 1))


def _largest_remainder(rule: Rule, total: int, weights: Sequence[int], quantum: int) -> list[int]:
    """The default in its own words, because it is what nearly everybody runs: equal to ``_one_each``, by a test."""
    whole = sum(weights) * quantum
    shares = [total * weight // whole for weight in weights]
    if quantum > 1:
        shares = [share * quantum for share in shares]
    rest = total - sum(shares)
    if rest:
        fractions = [-(total * weight % whole) for weight in weights]
        for place in sorted(range(len(shares)), key=fractions.__getitem__):  # pragma: no branch (ends at 0)
            if rest <= quantum:
                shares[place] += rest
                break
            shares[place] += quantum
            rest -= quantum
    return shares


def _one_each(rule: Rule, total: int, weights: Sequence[int], quantum: int) -> list[int]:
    """Round each share; then give one quantum to, or take it from, each line in turn."""
    whole, lines = sum(weights) * quantum, rule.lines(weights)
    shares = [0] * len(weights)
    for line in lines:
        shares[line] = rounded(rule.rounding, total * weights[line], whole) * quantum
    rest = total - sum(shares)
    if not rest:
        return shares
    too_much = rest < 0
    for line in _in_turn(rule, lines, total, weights, shares, too_much):  # pragma: no branch (ends at 0)
        step = -min(quantum, shares[line], -rest) if too_much else min(quantum, rest)
        shares[line] += step
        rest -= step
        if not rest:
            break
    return shares


def _in_turn(
    rule: Rule, lines: list[int], total: int, weights: Sequence[int], shares: list[int], too_much: bool
) -> list[int]:
    match rule.rest:
        case Rest.LARGEST_FRACTION:
            whole = sum(weights)
            missing = {line: total * weights[line] - shares[line] * whole for line in lines}
            return sorted(lines, key=missing.__getitem__, reverse=False) if too_much else _descending(lines, missing)
        case Rest.LARGEST_WEIGHT:
            return _descending(lines, {line: weights[line] for line in lines})
        case Rest.LAST:
            return lines[::-1]
        case _:
            return lines


def _descending(lines: list[int], by: dict[int, int]) -> list[int]:
    """Sort with the largest first; of equal ones the earlier."""
    return sorted(lines, key=lambda line: -by[line])


def _last_takes_rest(rule: Rule, total: int, weights: Sequence[int], quantum: int) -> list[int]:
    whole, lines = sum(weights) * quantum, rule.lines(weights)
    shares, left = [0] * len(weights), total
    for line in lines[:-1]:
        shares[line] = min(rounded(rule.rounding, total * weights[line], whole) * quantum, left)
        left -= shares[line]
    shares[lines[-1]] = left
    return shares


def _carry(rule: Rule, total: int, weights: Sequence[int], quantum: int) -> list[int]:
    whole, lines = sum(weights) * quantum, rule.lines(weights)
    shares, running, reached = [0] * len(weights), 0, 0
    for line in lines[:-1]:
        running += weights[line]
        sum_so_far = min(total, rounded(rule.rounding, total * running, whole) * quantum)
        shares[line], reached = sum_so_far - reached, sum_so_far
    shares[lines[-1]] = total - reached
    return shares


def _sequential(rule: Rule, total: int, weights: Sequence[int], quantum: int) -> list[int]:
    lines, weight_left = rule.lines(weights), sum(weights)
    shares, left = [0] * len(weights), total
    for line in reversed(lines[1:]):
        share = rounded(rule.rounding, left * weights[line], weight_left * quantum) * quantum
        shares[line] = min(share, left)
        left -= shares[line]
        weight_left -= weights[line]
    shares[lines[0]] = left
    return shares


def _apart(rule: Rule, total: int, weights: Sequence[int], quantum: int) -> list[int]:
    whole = sum(weights) * quantum
    shares = [rounded(rule.rounding, total * weight, whole) * quantum for weight in weights]
    return [*shares, total - sum(shares)]


_WAYS: Final[dict[Rest, Way]] = {
    Rest.LAST_TAKES_REST: _last_takes_rest,
    Rest.CARRY: _carry,
    Rest.SEQUENTIAL: _sequential,
    Rest.APART: _apart,
}

LARGEST_REMAINDER: Final = Rule()
"""Hamilton's method: floor of the exact share, the rest one quantum each to the largest fractions."""

ASCENDING_REST: Final = Rule(Rounding.HALF_UP, Rest.LAST_TAKES_REST, Order.ASCENDING)
"""Smallest weight first, each its share rounded half up out of what is still left; the largest takes the rest."""

LAST_TAKES_REST: Final = Rule(Rounding.HALF_UP, Rest.LAST_TAKES_REST)
"""As given, each its share rounded half up out of what is still left; the last takes the rest."""

CUMULATIVE: Final = Rule(Rounding.HALF_UP, Rest.CARRY)
"""Differences of the rounded running sums: cutting a line in two moves no other line's share."""


def family() -> tuple[Rule, ...]:
    """Return every rule there is: 2 orders × 4 roundings × 8 ways for the rest.

    >>> len(family()), LARGEST_REMAINDER in family()
    (64, True)
    """
    return tuple(Rule(rounding, rest, order) for order in Order for rounding in Rounding for rest in Rest)
