"""What is missing where, when there is no plan (缺货)."""

from __future__ import annotations

from collections.abc import Sequence

from oms_domain.fulfilment.sourcing.demand import DemandLine, SourcePlace
from oms_domain.fulfilment.sourcing.examine import Examined, verdict
from oms_domain.fulfilment.sourcing.plan import Lack, Missing, Shortage, Standing
from oms_domain.fulfilment.sourcing.problem import Problem


def is_short(problem: Problem) -> bool:
    """Whether a look at each line and each SKU shows already that there is no plan."""
    stocks = [candidate.stock for candidate in problem.candidates]
    return not all(problem.can) or any(
        sum(units) < wanted for units, wanted in zip(zip(*stocks, strict=True), problem.wanted, strict=True)
    )


def shortage(problem: Problem, examined: Sequence[Examined], *, is_proven: bool = True, nodes: int = 0) -> Shortage:
    """Return the lines that cannot be had each by itself; if each can, all of them: together they cannot."""
    found = [_missing(problem, at, line, examined) for at, line in enumerate(problem.lines)]
    alone = [each for each in found if each.why is not Lack.NOT_TOGETHER]
    return Shortage(
        missing=tuple(sorted(alone or found, key=lambda each: each.line)),
        verdicts=tuple(verdict(each, each.out or Standing.CANNOT_SERVE_ALL) for each in examined),
        is_proven=is_proven,
        nodes=nodes,
        strategy=problem.strategy.name,
    )


def _missing(problem: Problem, at: int, line: DemandLine, examined: Sequence[Examined]) -> Missing:
    in_question = [each.place for each in examined if each.out in (None, Standing.NO_CARRIER)]
    there = tuple((place.code, units) for place in in_question if (units := place.stock.get(line.sku, 0)))
    short = max(problem.demand.by_sku[line.sku] - sum(units for _, units in there), 0)
    return Missing(
        line=line.id,
        sku=line.sku,
        wanted=line.quantity,
        short=short,
        why=Lack.NOT_ENOUGH if short else _lack(problem, at, line),
        there=there,
    )


def _lack(problem: Problem, at: int, line: DemandLine) -> Lack:
    deliverable = [_units(each.place, line) for each in problem.candidates if each.admits[at]]
    if sum(deliverable) < line.quantity:
        return Lack.NOT_DELIVERABLE
    if not problem.strategy.split_lines and max(deliverable) < line.quantity:
        return Lack.NOT_IN_ONE_PLACE
    return Lack.NOT_TOGETHER


def _units(place: SourcePlace, line: DemandLine) -> int:
    return place.stock.get(line.sku, 0)
