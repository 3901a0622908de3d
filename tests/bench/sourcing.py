"""Sourcing in memory: how long an order takes, and how far greedy is from the best plan. Seeded: always the same."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from random import Random

from attrs import evolve
from tests.bench.timing import percentile

from oms_domain.fulfilment.carriers import Carrier, Rate, Tariff
from oms_domain.fulfilment.sourcing import DEFAULT_STRATEGY, Plan, Point, SplitPolicy, Strategy, source
from oms_domain.testing.sourcing import AT, Case, a_carrier, a_demand, a_line, a_place, a_strategy

LINES = 10
PLACES = 20
ORDERS = 30
LIKELIHOODS = (100, 70, 50, 30)  # in a hundred, that a place has a SKU at all

STRATEGIES = {
    "default": DEFAULT_STRATEGY,
    "default, units split": evolve(DEFAULT_STRATEGY, split_lines=True),
    "tiers first, split when better": a_strategy("tiers", "fewest_parcels", "cheapest_freight", split="when_better"),
    "freight alone, split when better": a_strategy("cheapest_freight", split="when_better"),
    "weighted, split when better": a_strategy(
        (("cheapest_freight", 1), ("lowest_promise", 300), ("fewest_parcels", 200)), split=SplitPolicy.WHEN_BETTER
    ),
}


def figures() -> Iterator[str]:
    """Print-ready lines."""
    most = DEFAULT_STRATEGY.most_nodes
    yield f"sourcing {LINES} lines × {PLACES} places, {ORDERS} orders each, exact up to {most:,} partial plans:"
    for name, strategy in STRATEGIES.items():
        for likelihood in LIKELIHOODS:
            yield from _speed(name, strategy, likelihood)
    yield "greedy alone against the best plan, in the first stage where they differ:"
    for name, strategy in STRATEGIES.items():
        yield _gap(name, strategy)


def _speed(name: str, strategy: Strategy, likelihood: int) -> Iterator[str]:
    millis, nodes, proven = [], [], 0
    for seed in range(ORDERS):
        case = an_order(seed, likelihood, strategy)
        begun = time.process_time()
        found = source(case.demand, case.places, case.carriers, strategy, at=AT)
        millis.append((time.process_time() - begun) * 1e3)
        nodes.append(found.nodes)
        proven += found.gap is None if isinstance(found, Plan) else found.is_proven
    yield (
        f"  {name:<33} each SKU at {likelihood:>3} % of the places: p50 {statistics.median(millis):6.1f} ms, "
        f"p90 {percentile(millis, 0.9):7.1f}, most {max(millis):7.1f}; nodes p50 {statistics.median(nodes):7.0f}; "
        f"proven {proven} of {ORDERS}"
    )


def _gap(name: str, strategy: Strategy) -> str:
    """Compare on orders of 6 lines and 8 places, all of which the search proves."""
    best, within, gaps = 0, 0, []
    for seed in range(100):
        case = an_order(seed, 50, strategy, lines=6, places=8)
        exact, greedy = (
            source(case.demand, case.places, case.carriers, evolve(strategy, most_nodes=nodes), at=AT)
            for nodes in (1_000_000, 0)
        )
        if not isinstance(exact, Plan) or not isinstance(greedy, Plan):
            continue
        one, other = _stages(strategy, exact), _stages(strategy, greedy)
        gap = greedy.gap
        within += one == other if gap is None else one >= (*other[: gap.stage], gap.bound)
        worse = next(((least, found) for least, found in zip(one, other, strict=True) if least != found), None)
        best += worse is None
        gaps += [] if worse is None else [(worse[1] - worse[0]) * 100 // max(worse[0], 1)]
    total = best + len(gaps)
    most = f"off by {statistics.median(gaps):.0f} % (median), {max(gaps)} % (most)" if gaps else "never off"
    return f"  {name:<33} best in {best} of {total}; else {most}; stated bound held in {within} of {total}"


def _stages(strategy: Strategy, plan: Plan) -> tuple[int, ...]:
    values = {each.rule: each.value for each in plan.scores}
    return tuple(sum(rule.weight * values[rule.name] for rule in stage) for stage in strategy.chain)


def an_order(seed: int, likelihood: int, strategy: Strategy, lines: int = LINES, places: int = PLACES) -> Case:
    """An order to Hangzhou, with places all over the country and three carriers."""
    pick = Random(seed).randint
    return Case(
        demand=a_demand(
            *(a_line(at + 1, f"S{at}", pick(1, 3), weight_g=pick(1, 20) * 100) for at in range(lines)),
        ),
        places=tuple(
            a_place(
                f"W{number:02}",
                " ".join(f"C{at}" for at in range(3) if at == 0 or pick(1, 100) <= 80),
                tier=("fdc", "rdc")[pick(0, 1)],
                point=Point(pick(22, 40) * 1_000_000, pick(100, 122) * 1_000_000),
                stock={f"S{at}": pick(1, 30) for at in range(lines) if pick(1, 100) <= likelihood},
            )
            for number in range(places)
        ),
        carriers=tuple(_carrier(f"C{at}", pick(1, 4), pick(5, 12), pick(1, 4)) for at in range(3)),
        strategy=strategy,
    )


def _carrier(code: str, days: int, first: int, following: int) -> Carrier:
    rate = Rate(first_fen=first * 100, next_fen=following * 100)
    return a_carrier(code, days=days, tariff=Tariff(rates=(rate,), divisor=6000))
