"""What plans score at the least that are not worked out yet. Never more than the truth: that keeps the search exact.

The search decides first which places ship, then which line comes from which of them. So two bounds are needed: for all
plans from so many places, and for all ways to complete a plan from given places.
Freight is bounded twice, and the larger holds: by a straight line under the rates of each place; and by what is placed
already at the true rates, which leave room up to their next step, where what is open goes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd
from typing import Final

from attrs import frozen

from oms_domain.fulfilment.carriers.choose import CarrierRule, Lane
from oms_domain.fulfilment.carriers.packing import MOST_PARCELS
from oms_domain.fulfilment.carriers.tariff import Rate
from oms_domain.fulfilment.sourcing.problem import Candidate, Problem, Score

FINE: Final = 1_000_000
"""Parts of a minor unit that slopes are reckoned in, so that rounding down many small ones loses little."""


@frozen
class Load:
    """What a place ships so far: the lanes that would take all of it, as bits, and its weight and volume."""

    lanes: int
    weight_g: int
    volume_cm3: int


@frozen
class Least:
    """What a place has at the least for its load or more; ``room_g``: weight that may come on top for nothing."""

    parcels: int
    fen: int
    days: int
    room_g: int


@frozen(kw_only=True)
class Under:
    """A straight line under a rate: parcels of ``g`` grams together never cost less than ``base + slope(g)``, fine."""

    base: int
    slope_fen: int
    slope_g: int

    def slope(self, weight_g: int) -> int:
        """Return what the weight adds."""
        return FINE * self.slope_fen * weight_g // self.slope_g


def under(rate: Rate) -> Under:
    """Return the straight line under a rate.

    >>> line = under(Rate(first_fen=800, next_fen=200))
    >>> line.base // FINE, line.slope(3000) // FINE
    (600, 600)
    """
    beyond = rate.next_fen * rate.first_g
    if rate.first_fen * rate.next_g >= beyond:
        base = FINE * (rate.first_fen * rate.next_g - beyond) // rate.next_g
        return Under(base=base, slope_fen=rate.next_fen, slope_g=rate.next_g)
    return Under(base=0, slope_fen=rate.first_fen, slope_g=rate.first_g)  # many light parcels would be cheaper


def least_fen(rate: Rate, charged_g: int) -> int:
    """Return what goods that are charged by ``charged_g`` cost at the least, in however many parcels."""
    if charged_g <= rate.first_g:
        return rate.first_fen
    if is_even(rate):
        return rate.cost_fen(charged_g)
    if rate.first_fen * rate.next_g >= rate.next_fen * rate.first_g:
        return rate.first_fen + rate.next_fen * (charged_g - rate.first_g) // rate.next_g
    return max(rate.first_fen, rate.first_fen * charged_g // rate.first_g)


def is_even(rate: Rate) -> bool:
    """Whether a rate has steps from the first gram on, and does not reward many light parcels: nearly every one does.

    Then ``cost_fen`` of the sum bounds what the parcels cost together, step by step.
    """
    return rate.first_fen * rate.next_g >= rate.next_fen * rate.first_g and rate.first_g % rate.next_g == 0


def room_g(rate: Rate, charged_g: int) -> int:
    """Return the weight up to the next step of an even rate.

    >>> rate = Rate(first_fen=800, next_fen=200, next_g=500)
    >>> room_g(rate, 300), room_g(rate, 1000), room_g(rate, 1001)
    (700, 0, 499)
    """
    return rate.first_g - charged_g if charged_g <= rate.first_g else (rate.first_g - charged_g) % rate.next_g


def choosable(problem: Problem, candidate: Candidate) -> int:
    """Return the lanes that may turn out to be chosen, as bits.

    Where a rule that does not look at the goods comes first (priority, fastest), nobody behind a lane that takes
    everything there is to ship is ever chosen.
    """
    by = problem.strategy.carriers
    fixed = by[: by.index(CarrierRule.CHEAPEST)] if CarrierRule.CHEAPEST in by else by
    units = sum(line.quantity for line in problem.lines)

    def key(lane: Lane) -> tuple[int, ...]:
        keys = {CarrierRule.PRIORITY: lane.position, CarrierRule.FASTEST: lane.promise.arrive_on.toordinal()}
        return tuple(keys[rule] for rule in fixed)

    takes_all = [
        lane
        for at, lane in enumerate(candidate.lanes)
        if all(admits >> at & 1 for admits in candidate.admits)
        and (units <= MOST_PARCELS or (lane.limits.weight_g is None and lane.limits.volume_cm3 is None))
    ]
    best = min(map(key, takes_all), default=None)
    return sum(1 << at for at, lane in enumerate(candidate.lanes) if best is None or key(lane) <= best)


class Bounds:
    """The bounds of one problem, with what they look up again and again."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._least: dict[tuple[int, Load], Least] = {}
        self.open = [choosable(problem, candidate) for candidate in problem.candidates]
        self.admits = [
            [admits & self.open[place] for admits in candidate.admits]
            for place, candidate in enumerate(problem.candidates)
        ]
        lines = [[under(lane.rate) for lane in candidate.lanes] for candidate in problem.candidates]
        self.base = [
            min((line.base for at, line in enumerate(each) if self.open[place] >> at & 1), default=0)
            for place, each in enumerate(lines)
        ]
        self.slopes = [
            [
                min((each.slope(line.weight_g) for at, each in enumerate(lines[place]) if admits >> at & 1), default=0)
                for line, admits in zip(problem.lines, self.admits[place], strict=True)
            ]
            for place in range(len(lines))
        ]
        self.gram = [
            min(
                (
                    FINE * lane.rate.next_fen // lane.rate.next_g if is_even(lane.rate) else 0
                    for at, lane in enumerate(candidate.lanes)
                    if self.open[place] >> at & 1
                ),
                default=0,
            )
            for place, candidate in enumerate(problem.candidates)
        ]
        rates = [lane.rate for candidate in problem.candidates for lane in candidate.lanes]
        self._step_fen = gcd(*(fen for rate in rates for fen in (rate.first_fen, rate.next_fen))) or 1

    def nothing(self, place: int) -> Load:
        """Return the load of a place that ships nothing yet."""
        return Load(self.open[place], 0, 0)

    def added(self, load: Load, place: int, line: int, units: int) -> Load:
        """Return a load with units of a line on top. ``lanes`` is 0 where no one carrier takes it all."""
        goods = self.problem.lines[line]
        return Load(
            load.lanes & self.admits[place][line],
            load.weight_g + units * goods.weight_g,
            load.volume_cm3 + units * goods.volume_cm3,
        )

    def least(self, place: int, load: Load) -> Least:
        """Return what a place has at the least for its load or more."""
        key = (place, load)
        found = self._least.get(key)
        if found is None:
            lanes = self.problem.candidates[place].lanes
            fitting = [lane for at, lane in enumerate(lanes) if load.lanes >> at & 1]
            charged = [lane.tariff.charged_g(load.weight_g, load.volume_cm3) for lane in fitting]
            found = self._least[key] = Least(
                min(_parcels(lane, load) for lane in fitting),
                min(least_fen(lane.rate, g) for lane, g in zip(fitting, charged, strict=True)),
                min(max((lane.promise.arrive_on - self.problem.today).days, 0) for lane in fitting),
                max(room_g(lane.rate, g) + g - load.weight_g for lane, g in zip(fitting, charged, strict=True)),
            )
        return found

    def alone(self, place: int, load: Load, units: Sequence[int]) -> Score:
        """Return what units from one place score by themselves, at the least."""
        least = self.least(place, load)
        return tuple(
            sum([stage.unit[line][place] * count for line, count in enumerate(units) if count])
            + stage.part[place]
            + stage.parcels * least.parcels
            + stage.freight * least.fen
            + stage.days * least.days
            for stage in self.problem.stages
        )

    def from_places(self, count: int) -> Score:
        """Return the bound of all plans from ``count`` places or more."""
        places = range(len(self.problem.candidates))
        alone = [self.least(place, self.nothing(place)) for place in places]
        days = sorted(least.days for least in alone)[count - 1]
        rest = Rest(self, tuple(places), tuple(range(len(self.problem.lines))))
        slope = sum(sorted(self.base)[:count]) + rest.slope(0, self.problem.lines[0].quantity)
        cheapest = max(sum(sorted(least.fen for least in alone)[:count]), self.freight(slope))
        return tuple(
            rest.of(at, 0, self.problem.lines[0].quantity)
            + sum(sorted(stage.part)[:count])
            + stage.parcels * count
            + stage.freight * cheapest
            + stage.days * days
            for at, stage in enumerate(self.problem.stages)
        )

    def freight(self, fine: int) -> int:
        """Return the least freight that a sum of slopes allows: every freight is a multiple of the rates' steps."""
        step = FINE * self._step_fen
        return -(-fine // step) * self._step_fen

    def fewest_places(self) -> int:
        """Return a number of places that every plan needs: lines that have no place in common need one each."""
        taken, count = 0, 0
        for can in self.problem.can:
            if not can & taken:
                taken |= can
                count += 1
        return count


class Rest:
    """What the lines that are still open score at the least, when certain places ship and no others.

    Args:
        order: positions of lines, in the order in which they are placed.
    """

    def __init__(self, bounds: Bounds, places: tuple[int, ...], order: tuple[int, ...]) -> None:
        problem = bounds.problem
        self.bounds, self.places = bounds, places
        able = [[place for place in places if problem.can[line] >> place & 1] for line in order]
        self._units = [
            [min(stage.unit[line][place] for place in each) for line, each in zip(order, able, strict=True)]
            for stage in problem.stages
        ]
        self._slopes = [
            min(bounds.slopes[place][line] for place in each) for line, each in zip(order, able, strict=True)
        ]
        quantities = [problem.lines[line].quantity for line in order]
        self._units_after = [_sums_from(units, quantities) for units in self._units]
        self._slopes_after = _sums_from(self._slopes, quantities)
        self._parts = [sum(stage.part[place] for place in places) for stage in problem.stages]
        self._base = sum(bounds.base[place] for place in places)
        self._weights = [problem.lines[line].weight_g for line in order]
        self._weights_after = _sums_from(self._weights, quantities)
        self._gram = min(bounds.gram[place] for place in places)

    def of(self, stage: int, at: int, open_units: int) -> int:
        """Return what is open in a stage, without parcels, freight and days: ``open_units`` of the ``at``-th line."""
        units = self._units[stage]
        return self._units_after[stage][at + 1] + units[at] * open_units if at < len(units) else 0

    def slope(self, at: int, open_units: int) -> int:
        """Return the slopes of what is open."""
        return self._slopes_after[at + 1] + self._slopes[at] * open_units if at < len(self._slopes) else 0

    def weight_g(self, at: int, open_units: int) -> int:
        """Return the weight of what is open."""
        return self._weights_after[at + 1] + self._weights[at] * open_units if at < len(self._weights) else 0

    def bound(
        self, loads: Mapping[int, Load], placed: Score, sloped: int, at: int, open_units: int, best: Score | None
    ) -> Score | None:
        """Return what a plan from all of the places scores at the least, None if that is not better than ``best``.

        Args:
            loads: what each place ships so far.
            placed: what is placed so far scores, by stage, without parts, parcels, freight and days.
            sloped: the slopes of what is placed so far.
        """
        least = [self.bounds.least(place, loads[place]) for place in self.places]
        parcels = sum(each.parcels for each in least)
        days = max(each.days for each in least)
        beyond_g = max(self.weight_g(at, open_units) - sum(each.room_g for each in least), 0)
        freight = self.bounds.freight(
            max(
                FINE * sum(each.fen for each in least) + self._gram * beyond_g,
                self._base + sloped + self.slope(at, open_units),
            )
        )
        found = []
        may_be_beaten = best is not None
        for number, stage in enumerate(self.bounds.problem.stages):
            value = placed[number] + self.of(number, at, open_units) + self._parts[number]
            value += stage.parcels * parcels + stage.freight * freight + stage.days * days
            if may_be_beaten and best is not None and value != best[number]:
                if value > best[number]:
                    return None
                may_be_beaten = False
            found.append(value)
        return None if may_be_beaten else tuple(found)


def _parcels(lane: Lane, load: Load) -> int:
    most_g, most_cm3 = lane.limits.room
    return max(1, -(-load.weight_g // most_g), -(-load.volume_cm3 // most_cm3))


def _sums_from(values: Sequence[int], quantities: Sequence[int]) -> list[int]:
    """Return for each position the sum of value times quantity from there on, and 0 at the end."""
    sums = [0] * (len(values) + 1)
    for at in reversed(range(len(values))):
        sums[at] = sums[at + 1] + values[at] * quantities[at]
    return sums
