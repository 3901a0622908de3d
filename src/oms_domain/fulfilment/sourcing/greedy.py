"""Plans without a search: begin at one place, take all that it can give, go on with the place that suits best.

They are the alternatives that a plan is explained by, the start of the exact search, and the answer where an order is
too large for it.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from fractions import Fraction
from typing import Any, Final

from attrs import frozen

from oms_domain.fulfilment.sourcing.bounds import Bounds, Load
from oms_domain.fulfilment.sourcing.problem import Problem, Score, Taken

MOST_STEPS: Final = 200_000
"""Places looked at, times lines, for all starts together: of many places, only the fullest are begun with."""


@frozen
class Alternative:
    """A plan that begins at one place, and what it scores."""

    taken: Taken
    score: Score


@frozen
class _Gift:
    """What a place can give of the open units, how many these are, and the load that they make."""

    place: int
    units: tuple[int, ...]
    sum: int
    load: Load


_Choose = Callable[[Problem, Bounds, list[_Gift]], _Gift]
"""Says who of those that can give something goes on."""


def singles(problem: Problem) -> dict[int, Alternative]:
    """Return the plans that take everything from one place, by place."""
    plans = ((place, problem.whole(place)) for place in range(len(problem.candidates)))
    scored = ((place, taken, problem.score(taken)) for place, taken in plans if taken is not None)
    return {place: Alternative(taken, score) for place, taken, score in scored if score is not None}


def alternatives(problem: Problem, bounds: Bounds, whole: Mapping[int, Alternative]) -> dict[int, Alternative | None]:
    """Return for each place that is begun with the best plan found in which it gives all it can; None: none was found.

    Who goes on is the place that can give most. One plan more goes on with the lowest score for each unit, stage by
    stage, from its first place on.
    """
    gifts = _gifts(problem, bounds, _all(problem), taken=())
    fullest = sorted(gifts, key=lambda gift: (-gift.sum, gift.place))
    most = max(MOST_STEPS // (len(problem.candidates) * len(problem.lines)), 1)
    givers = {gift.place for gift in gifts}
    found: dict[int, Alternative | None] = {
        place: None for place in range(len(problem.candidates)) if place not in givers
    }
    found |= {
        gift.place: whole.get(gift.place) or _scored(problem, _filled(problem, bounds, gift, _most_units))
        for gift in fullest[:most]
    }
    first = _lowest_score(problem, bounds, gifts)
    by_score = _scored(problem, _filled(problem, bounds, first, _lowest_score))
    either = [plan for plan in (found.get(first.place), by_score) if plan is not None]
    return found | ({first.place: min(either, key=lambda plan: plan.score)} if either else {})


def _scored(problem: Problem, taken: Taken | None) -> Alternative | None:
    score = None if taken is None else problem.score(taken)
    return None if taken is None or score is None else Alternative(taken, score)


def _most_units(problem: Problem, bounds: Bounds, gifts: list[_Gift]) -> _Gift:
    most = max(gift.sum for gift in gifts)
    return min(
        (gift for gift in gifts if gift.sum == most), key=lambda gift: (_alone(problem, bounds, gift), gift.place)
    )


def _lowest_score(problem: Problem, bounds: Bounds, gifts: list[_Gift]) -> _Gift:
    def each_unit(gift: _Gift) -> Any:
        return [Fraction(score, gift.sum) for score in _alone(problem, bounds, gift)], gift.place

    return min(gifts, key=each_unit)


def _alone(problem: Problem, bounds: Bounds, gift: _Gift) -> Score:
    return bounds.alone(gift.place, gift.load, gift.units)


def _filled(problem: Problem, bounds: Bounds, gift: _Gift, choose: _Choose) -> Taken | None:
    taken: dict[int, tuple[int, ...]] = {}
    rest = _all(problem)
    while len(taken) < problem.strategy.most_places:
        taken[gift.place] = gift.units
        rest = [left - given for left, given in zip(rest, gift.units, strict=True)]
        if not any(rest):
            return taken
        gifts = _gifts(problem, bounds, rest, taken)
        if not gifts:
            return None
        gift = choose(problem, bounds, gifts)
    return None


def _all(problem: Problem) -> list[int]:
    return [line.quantity for line in problem.lines]


def _gifts(problem: Problem, bounds: Bounds, rest: list[int], taken: Container[int]) -> list[_Gift]:
    """Return what each place that ships nothing yet can give; those that can give nothing are left out."""
    places = (place for place in range(len(problem.candidates)) if place not in taken)
    return [gift for place in places if (gift := _gift(problem, bounds, place, rest)).sum]


def _gift(problem: Problem, bounds: Bounds, place: int, rest: list[int]) -> _Gift:
    """Return the open units that a place has and one carrier of its may take together, line by line."""
    candidate = problem.candidates[place]
    stock, units = list(candidate.stock), [0] * len(rest)
    load, total, may_split = bounds.nothing(place), 0, problem.strategy.split_lines
    for line, wanted in enumerate(rest):
        sku = problem.sku_of[line]
        given = min(wanted, stock[sku])
        if not given or (given < wanted and not may_split):
            continue
        trial = bounds.added(load, place, line, given)
        if trial.lanes:
            load, units[line] = trial, given
            stock[sku] -= given
            total += given
    return _Gift(place, tuple(units), total, load)
