"""A demand, its eligible places and a strategy, as numbers to search over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from attrs import field, frozen

from oms_domain.fulfilment.carriers.choose import CarrierRule, Lane, Offer, ranked
from oms_domain.fulfilment.carriers.packing import CarriedGoods
from oms_domain.fulfilment.sourcing.demand import Demand, DemandLine, SourcePlace
from oms_domain.fulfilment.sourcing.distance import Point, metres_between
from oms_domain.fulfilment.sourcing.strategy import RuleName, SourcingRule, Strategy

FARTHEST_M: Final = 20_015_115
"""Half the way round the globe: how far a place is whose point is not known."""

Taken = Mapping[int, tuple[int, ...]]
"""A plan in numbers: the places that ship, each with its units of every line."""

Score = tuple[int, ...]
"""One number a stage; the smaller tuple is the better plan."""


@frozen(kw_only=True)
class Costs:
    """What a rule, or a stage of weighted rules, adds up.

    Args:
        unit: for a unit of a line from a place, by line and place.
        part: for a place that ships, by place.
        parcels, freight, days: for each parcel, each minor unit of freight, each day until the last arrival.
    """

    unit: tuple[tuple[int, ...], ...]
    part: tuple[int, ...]
    parcels: int = 0
    freight: int = 0
    days: int = 0

    def of(self, taken: Taken, offers: Mapping[int, Offer], today: date) -> int:
        """Return what a whole plan scores."""
        score = sum(
            self.unit[line][place] * units for place, row in taken.items() for line, units in enumerate(row) if units
        )
        score += sum([self.part[place] for place in taken])
        score += self.parcels * sum([len(offer.parcels) for offer in offers.values()])
        score += self.freight * sum([offer.cost_fen for offer in offers.values()])
        return score + self.days * max([days_until(offer, today) for offer in offers.values()])


@frozen(kw_only=True)
class Candidate:
    """An eligible place with what can be got out of it.

    Args:
        stock: units by position of the SKU.
        lanes: carriers that deliver from there.
        admits: by line, the lanes that would take one unit of it, as bits; 0: the line cannot come from here.
    """

    place: SourcePlace
    stock: tuple[int, ...]
    lanes: tuple[Lane, ...]
    admits: tuple[int, ...]


@frozen(kw_only=True)
class Problem:
    """Numbers to search over. Lines are in the order of the search: those first that few places can serve.

    Args:
        wanted: units by position of the SKU.
        sku_of: by line, the position of its SKU: lines of one SKU share what a place has.
        can: by line, the places that may serve it (all of it, unless lines may be split), as bits.
    """

    demand: Demand
    strategy: Strategy
    today: date
    lines: tuple[DemandLine, ...]
    wanted: tuple[int, ...]
    sku_of: tuple[int, ...]
    candidates: tuple[Candidate, ...]
    can: tuple[int, ...]
    rules: tuple[tuple[SourcingRule, Costs], ...]
    stages: tuple[Costs, ...]
    _offers: dict[tuple[int, tuple[int, ...]], Offer | None] = field(factory=dict, eq=False, repr=False)

    def offer(self, place: int, units: tuple[int, ...]) -> Offer | None:
        """Return the chosen carrier's offer for what a place ships; None: no one carrier takes it all."""
        key = (place, units)
        if key not in self._offers:
            goods = [line.goods(count) for line, count in zip(self.lines, units, strict=True) if count]
            self._offers[key] = best_offer(self.candidates[place].lanes, goods, self.strategy.carriers)
        return self._offers[key]

    def offers(self, taken: Taken) -> dict[int, Offer] | None:
        """Return the offer of every place that ships; None: somewhere no carrier takes all of it."""
        found: dict[int, Offer] = {}
        for place, units in taken.items():
            offer = self.offer(place, units)
            if offer is None:
                return None
            found[place] = offer
        return found

    def score(self, taken: Taken) -> Score | None:
        """Return what a whole plan scores by stage; None: it cannot be shipped."""
        offers = self.offers(taken)
        return None if offers is None else tuple(stage.of(taken, offers, self.today) for stage in self.stages)

    def whole(self, place: int) -> Taken | None:
        """Return the plan that takes everything from one place, if that has it and can ship it."""
        taken = {place: tuple(line.quantity for line in self.lines)}
        is_there = all(units <= there for units, there in zip(self.wanted, self.candidates[place].stock, strict=True))
        return taken if is_there and self.offers(taken) is not None else None


def best_offer(lanes: Iterable[Lane], goods: Sequence[CarriedGoods], by: Sequence[CarrierRule]) -> Offer | None:
    """Return the first offer in order of choice, None if there is none."""
    offers = ranked((answer for lane in lanes if isinstance(answer := lane.offer(goods), Offer)), by)
    return offers[0] if offers else None


def days_until(offer: Offer, today: date) -> int:
    """Return the days until it arrives, never below 0."""
    return max((offer.promise.arrive_on - today).days, 0)


def problem_of(
    demand: Demand, open_places: Sequence[tuple[SourcePlace, tuple[Lane, ...]]], strategy: Strategy, *, today: date
) -> Problem:
    """Put a demand and its eligible places, by code, into numbers."""
    skus = {sku: at for at, sku in enumerate(demand.by_sku)}
    stocks = [tuple(place.stock.get(sku, 0) for sku in skus) for place, _ in open_places]

    all_lanes = [lanes for _, lanes in open_places]
    admits = {line.id: tuple(_admits(all_lanes, line)) for line in demand.lines}

    def able(line: DemandLine) -> list[int]:
        needed = 1 if strategy.split_lines else line.quantity
        sku = skus[line.sku]
        return [at for at, stock in enumerate(stocks) if stock[sku] >= needed and admits[line.id][at]]

    can = {line.id: able(line) for line in demand.lines}
    lines = sorted(demand.lines, key=lambda line: (len(can[line.id]), -line.quantity, line.id))
    candidates = tuple(
        Candidate(place=place, stock=stocks[at], lanes=lanes, admits=tuple(admits[line.id][at] for line in lines))
        for at, (place, lanes) in enumerate(open_places)
    )
    rules = tuple(
        (rule, _costs(rule, demand, lines, candidates, [skus[line.sku] for line in lines]))
        for stage in strategy.chain
        for rule in stage
    )
    by_name = {rule.name: costs for rule, costs in rules}
    return Problem(
        demand=demand,
        strategy=strategy,
        today=today,
        lines=tuple(lines),
        wanted=tuple(demand.by_sku.values()),
        sku_of=tuple(skus[line.sku] for line in lines),
        candidates=candidates,
        can=tuple(sum(1 << at for at in can[line.id]) for line in lines),
        rules=rules,
        stages=tuple(_added([(rule.weight, by_name[rule.name]) for rule in stage]) for stage in strategy.chain),
    )


def _admits(all_lanes: Sequence[tuple[Lane, ...]], line: DemandLine) -> Iterator[int]:
    """Yield for each place the lanes that would take one unit of a line, as bits."""
    goods = line.goods(1)
    for lanes in all_lanes:
        yield sum(1 << at for at, lane in enumerate(lanes) if lane.refusal(goods) is None)


def _costs(
    rule: SourcingRule, demand: Demand, lines: Sequence[DemandLine], candidates: Sequence[Candidate], sku_of: list[int]
) -> Costs:
    """Return what one rule adds up, without its weight."""
    places = [candidate.place for candidate in candidates]
    per_unit: Sequence[int] = [0] * len(places)
    per_part: Sequence[int] = [0] * len(places)
    unit: tuple[tuple[int, ...], ...] | None = None
    match rule.name:
        case RuleName.TIERS:
            per_unit = [_position(place.tier, rule.tiers) for place in places]
        case RuleName.REGION_PRIORITY:
            listed = _listed(rule, demand.destination.division)
            per_unit = [_position(place.code, listed) for place in places]
        case RuleName.OWN_WAREHOUSE:
            per_unit = [int(demand.shop not in place.shops) for place in places]
        case RuleName.MANUAL:
            per_unit = [int(demand.place not in (None, place.code)) for place in places]
        case RuleName.NEAREST:
            per_part = [_metres(place.point, demand.destination.point) for place in places]
        case RuleName.STOCK_BALANCE:
            unit = tuple(tuple(10_000 // max(candidate.stock[sku], 1) for candidate in candidates) for sku in sku_of)
    return Costs(
        unit=unit or (tuple(per_unit),) * len(lines),
        part=tuple(per_part),
        parcels=int(rule.name is RuleName.FEWEST_PARCELS),
        freight=int(rule.name is RuleName.CHEAPEST_FREIGHT),
        days=int(rule.name is RuleName.LOWEST_PROMISE),
    )


def _position(one: str, listed: Sequence[str]) -> int:
    return listed.index(one) if one in listed else len(listed)


def _listed(rule: SourcingRule, destination: str) -> tuple[str, ...]:
    """Return the list of the smallest region that holds the destination; no such region: the rule is silent."""
    matching = [each for each in rule.regions if destination.startswith(each.region)]
    return max(matching, key=lambda each: len(each.region)).places if matching else ()


def _metres(place: Point | None, destination: Point | None) -> int:
    """Return the distance; where nobody knows the destination's point, the rule is silent."""
    if destination is None:
        return 0
    return FARTHEST_M if place is None else metres_between(place, destination)


def _added(weighted: Sequence[tuple[int, Costs]]) -> Costs:
    """Return a stage: its rules' costs times their weights."""
    first = weighted[0][1]
    return Costs(
        unit=tuple(
            tuple(sum(weight * costs.unit[line][place] for weight, costs in weighted) for place in range(len(row)))
            for line, row in enumerate(first.unit)
        ),
        part=tuple(sum(weight * costs.part[place] for weight, costs in weighted) for place in range(len(first.part))),
        parcels=sum(weight * costs.parcels for weight, costs in weighted),
        freight=sum(weight * costs.freight for weight, costs in weighted),
        days=sum(weight * costs.days for weight, costs in weighted),
    )
