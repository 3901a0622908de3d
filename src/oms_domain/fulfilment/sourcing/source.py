"""Where an order is shipped from (寻源): the best plan, and what became of every place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from oms_domain.fulfilment.carriers.carrier import Carrier
from oms_domain.fulfilment.carriers.choose import choose
from oms_domain.fulfilment.sourcing.bounds import Bounds
from oms_domain.fulfilment.sourcing.demand import Demand, SourcePlace, checked_places
from oms_domain.fulfilment.sourcing.examine import Examined, examine, verdict
from oms_domain.fulfilment.sourcing.greedy import Alternative, alternatives, singles
from oms_domain.fulfilment.sourcing.plan import Gap, PlaceVerdict, Plan, PlanPart, RuleScore, Sourced, Standing
from oms_domain.fulfilment.sourcing.problem import Problem, Score, Taken, problem_of
from oms_domain.fulfilment.sourcing.search import Found, search
from oms_domain.fulfilment.sourcing.shortage import is_short, shortage
from oms_domain.fulfilment.sourcing.strategy import RuleName, SplitPolicy, Strategy
from oms_domain.kernel.time import utc


def source(
    demand: Demand, places: Sequence[SourcePlace], carriers: Sequence[Carrier], strategy: Strategy, *, at: datetime
) -> Sourced:
    """Return the best plan under a strategy, or what is missing.

    The plan is best by the strategy's chain as long as the search stays within ``strategy.most_nodes``; otherwise it
    names its gap. Nothing depends on the order of lines, places and carriers.

    Args:
        places: with what they may promise now. Two lines of one SKU share it.
        at: when the order can be worked on; promises are reckoned from it.

    Raises:
        InvalidPlaces: two places have one code, or there are more than ``MOST_PLACES``.
        InvalidTime: ``at`` has no zone.
    """
    examined = tuple(examine(place, demand, carriers, strategy, at) for place in checked_places(tuple(places)))
    open_places = [(each.place, each.lanes) for each in examined if each.out is None]
    problem = problem_of(demand, open_places, strategy, today=utc(at).astimezone(demand.zone).date())
    if is_short(problem):
        return shortage(problem, examined)
    whole = singles(problem)
    is_single = strategy.most_places == 1 or strategy.split is SplitPolicy.NEVER
    is_single = is_single or (bool(whole) and strategy.split is SplitPolicy.WHEN_NEEDED)
    tried: Mapping[int, Alternative | None] = whole
    if is_single:
        found = _best_of(whole)
    else:
        bounds = Bounds(problem)
        tried = alternatives(problem, bounds, whole)
        begun = _best_of(tried)
        found = search(problem, bounds, begun.taken, begun.score)
    if found.taken is None or found.score is None:
        return shortage(problem, examined, is_proven=found.is_proven, nodes=found.nodes)
    return Plan(
        parts=_parts(problem, found.taken, examined),
        scores=_scores(problem, found.taken),
        verdicts=_verdicts(problem, examined, found.taken, found.score, tried, is_single),
        gap=_gap(problem, found.score, found.bound or found.score),
        nodes=found.nodes,
        strategy=strategy.name,
    )


def _best_of(tried: Mapping[int, Alternative | None]) -> Found:
    """Return the best of what was tried, the first place of those that score alike."""
    plans = [plan for _, plan in sorted(tried.items()) if plan is not None]
    if not plans:
        return Found(taken=None, score=None, bound=None, nodes=0)
    best = min(plans, key=lambda plan: plan.score)
    return Found(taken=best.taken, score=best.score, bound=best.score, nodes=len(plans))


def _parts(problem: Problem, taken: Taken, examined: Sequence[Examined]) -> tuple[PlanPart, ...]:
    without = {each.place.code: each.without for each in examined}
    parts = []
    for place in sorted(taken):
        candidate = problem.candidates[place]
        shipped = [(line, units) for line, units in zip(problem.lines, taken[place], strict=True) if units]
        goods = [line.goods(units) for line, units in shipped]
        code = candidate.place.code
        choice = choose(candidate.lanes, goods, by=problem.strategy.carriers, lost=without[code])
        best = choice.offers[0]
        parts.append(
            PlanPart(
                place=code,
                carrier=best.carrier,
                lines=tuple(sorted((line.id, units) for line, units in shipped)),
                parcels=best.parcels,
                cost_fen=best.cost_fen,
                promise=best.promise,
                choice=choice,
            )
        )
    return tuple(parts)


def _scores(problem: Problem, taken: Taken) -> tuple[RuleScore, ...]:
    offers = problem.offers(taken)
    assert offers is not None, "a plan that was scored can be shipped"
    return tuple(
        RuleScore(rule=rule.name, value=costs.of(taken, offers, problem.today)) for rule, costs in problem.rules
    )


def _verdicts(
    problem: Problem,
    examined: Sequence[Examined],
    taken: Taken,
    best: Score,
    tried: Mapping[int, Alternative | None],
    is_single: bool,
) -> tuple[PlaceVerdict, ...]:
    """Return what became of each place, by code."""
    at = {candidate.place.code: number for number, candidate in enumerate(problem.candidates)}
    found = []
    for each in examined:
        if each.out is not None:
            found.append(verdict(each, each.out))
            continue
        place = at[each.place.code]
        alternative = tried.get(place)
        if place in taken:
            found.append(verdict(each, Standing.CHOSEN, scores=_scores(problem, taken)))
        elif alternative is not None:
            stage = _first_difference(alternative.score, best)
            found.append(
                verdict(
                    each,
                    Standing.TIED if stage is None else Standing.OUTRANKED,
                    scores=_scores(problem, alternative.taken),
                    decided_by=() if stage is None else _names(problem, stage),
                )
            )
        elif is_single:
            found.append(verdict(each, Standing.CANNOT_SERVE_ALL))
        else:
            found.append(verdict(each, Standing.NO_PLAN if place in tried else Standing.NOT_EXAMINED))
    return tuple(found)


def _gap(problem: Problem, score: Score, bound: Score) -> Gap | None:
    stage = _first_difference(score, bound)
    if stage is None:
        return None
    return Gap(stage=stage, rules=_names(problem, stage), found=score[stage], bound=bound[stage])


def _first_difference(one: Score, other: Score) -> int | None:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), None)


def _names(problem: Problem, stage: int) -> tuple[RuleName, ...]:
    return tuple(rule.name for rule in problem.strategy.chain[stage])
