"""A plan, a shortage, in words: aligned text, and what JSON can hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oms_domain.fulfilment.sourcing.plan import PlaceVerdict, Plan, PlanPart, RuleScore, Shortage, Sourced, Standing
from oms_domain.kernel.columns import aligned, cells
from oms_domain.kernel.money import Money, print_money

Names = Mapping[Any, str]
"""What things are called on paper: titles by line id, names by code of a place or a carrier. What is missing in it is
called by its id or code."""


def text(found: Sourced, names: Names | None = None, *, currency: str = "CNY") -> str:
    """Return tables: what ships from where, every candidate by rule, and what is not proven or missing."""
    called = _caller(names or {})
    if isinstance(found, Shortage):
        return "\n".join([*_missing(found, called), "", *_candidates(found.verdicts, called)])
    return "\n".join([*_parts(found, called, currency), *_proof(found), "", *_candidates(found.verdicts, called)])


def as_json(found: Sourced) -> dict[str, Any]:
    """Return what JSON can hold: amounts in minor units, instants and days as ISO 8601."""
    verdicts = [_verdict_json(verdict) for verdict in found.verdicts]
    if isinstance(found, Shortage):
        return {
            "sourced": False,
            "strategy": found.strategy,
            "missing": [
                {
                    "line": str(each.line),
                    "sku": each.sku,
                    "wanted": each.wanted,
                    "short": each.short,
                    "why": str(each.why),
                    "there": [{"place": place, "units": units} for place, units in each.there],
                }
                for each in found.missing
            ],
            "proven": found.is_proven,
            "nodes": found.nodes,
            "candidates": verdicts,
        }
    gap = found.gap
    return {
        "sourced": True,
        "strategy": found.strategy,
        "parcels": found.parcels,
        "cost_fen": found.cost_fen,
        "arrive_on": found.arrive_on.isoformat(),
        "parts": [_part_json(part) for part in found.parts],
        "scores": _scores_json(found.scores),
        "proven": gap is None,
        "gap": gap
        and {"stage": gap.stage, "rules": [str(r) for r in gap.rules], "found": gap.found, "bound": gap.bound},
        "nodes": found.nodes,
        "candidates": verdicts,
    }


def _part_json(part: PlanPart) -> dict[str, Any]:
    return {
        "place": part.place,
        "carrier": part.carrier,
        "lines": [{"line": str(line), "units": units} for line, units in part.lines],
        "parcels": [{"weight_g": parcel.weight_g, "volume_cm3": parcel.volume_cm3} for parcel in part.parcels],
        "cost_fen": part.cost_fen,
        "ship_at": part.promise.ship_at.isoformat(),
        "arrive_on": part.promise.arrive_on.isoformat(),
        "other_carriers": [
            {
                "carrier": offer.carrier,
                "parcels": len(offer.parcels),
                "cost_fen": offer.cost_fen,
                "arrive_on": offer.promise.arrive_on.isoformat(),
            }
            for offer in part.choice.offers[1:]
        ],
        "without": [{"carrier": loss.carrier, "why": str(loss.why)} for loss in part.choice.losses],
    }


def _verdict_json(verdict: PlaceVerdict) -> dict[str, Any]:
    return {
        "place": verdict.place,
        "standing": str(verdict.standing),
        "holds": verdict.holds,
        "scores": _scores_json(verdict.scores),
        "decided_by": [str(rule) for rule in verdict.decided_by],
        "without": [{"carrier": loss.carrier, "why": str(loss.why)} for loss in verdict.without],
    }


def _scores_json(scores: Sequence[RuleScore]) -> dict[str, int]:
    return {str(each.rule): each.value for each in scores}


def _caller(names: Names) -> Callable[[Any], str]:
    return lambda each: names.get(each, str(each))


def _parts(plan: Plan, called: Callable[[Any], str], currency: str) -> list[str]:
    rows = [["from", "carrier", "goods", "units", "parcels", "freight", "arrives"]]
    for part in plan.parts:
        for at, (line, units) in enumerate(part.lines):
            whole = [str(len(part.parcels)), print_money(Money(part.cost_fen, currency)), str(part.promise.arrive_on)]
            head = [called(part.place), called(part.carrier)] if at == 0 else ["", ""]
            rows.append([*head, called(line), str(units), *(whole if at == 0 else ["", "", ""])])
    sums = [str(plan.parcels), print_money(Money(plan.cost_fen, currency)), str(plan.arrive_on)]
    rows.append(["sum", "", "", str(sum(units for part in plan.parts for _, units in part.lines)), *sums])
    return aligned([cells(row) for row in rows], left=(0, 1, 2))


def _proof(plan: Plan) -> list[str]:
    gap = plan.gap
    if gap is None:
        return [f"no better plan exists; partial plans looked at: {plan.nodes}"]
    rules = " + ".join(gap.rules)
    return [
        f"not proven, partial plans looked at: {plan.nodes}; {rules} is {gap.found}, no plan has less than {gap.bound}"
    ]


def _candidates(verdicts: Sequence[PlaceVerdict], called: Callable[[Any], str]) -> list[str]:
    rules = next((tuple(score.rule for score in each.scores) for each in verdicts if each.scores), ())
    rows = [["candidate", "holds", *rules, "why"]]
    for verdict in verdicts:
        scores = [str(score.value) for score in verdict.scores] or [""] * len(rules)
        rows.append([called(verdict.place), str(verdict.holds), *scores, _why(verdict)])
    return aligned([[*cells(row[:-1]), row[-1]] for row in rows], left=(0, len(rules) + 2))


def _why(verdict: PlaceVerdict) -> str:
    by = f" by {' + '.join(verdict.decided_by)}" if verdict.decided_by else ""
    losses = ", ".join(f"{loss.carrier}: {loss.why}" for loss in verdict.without)
    return f"{verdict.standing}{by}{f' ({losses})' if verdict.standing is Standing.NO_CARRIER else ''}"


def _missing(shortage: Shortage, called: Callable[[Any], str]) -> list[str]:
    rows = [["goods", "sku", "wanted", "short", "why", "there"]]
    for each in shortage.missing:
        there = ", ".join(f"{called(place)} {units}" for place, units in each.there) or "nowhere"
        rows.append([*cells([called(each.line), each.sku, str(each.wanted), str(each.short), each.why]), there])
    known = (
        []
        if shortage.is_proven
        else [f"no plan was found, partial plans looked at: {shortage.nodes}; there may be one"]
    )
    return [*aligned(rows, left=(0, 1, 4, 5)), *known]
