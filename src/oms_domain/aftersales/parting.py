"""The units of a case, parted into those whose goods came back and those whose goods are missing."""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.returns import ReturnOrder
from oms_domain.aftersales.values import CaseLine, Parted
from oms_domain.apportionment.units import Runs, count
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import CaseId, LineId, SkuCode


@frozen(kw_only=True)
class NothingCame(Refused):
    """Of the goods of the case none is here: it can only be refused, or accepted whole."""

    code: ClassVar[str] = "aftersales.nothing_came"
    case_id: CaseId


@frozen(kw_only=True)
class NothingMissing(Refused):
    """Every unit of the case is here: there is nothing to leave out."""

    code: ClassVar[str] = "aftersales.nothing_missing"
    case_id: CaseId


def parted(case: AftersalesCase, goods: ReturnOrder) -> Parted:
    """Part the units of a case by what came: of each line the first so many are here. Defective goods are here too.

    Raises:
        NothingCame, NothingMissing.
    """
    here = {line.line_id: line.right for line in goods.lines}
    kept, missing = list[CaseLine](), list[CaseLine]()
    for line in case.lines:
        first, rest = _cut(line.units, here.get(line.line_id, 0))
        kept += [evolve(line, units=first)] if first else []
        missing += [evolve(line, units=rest)] if rest else []
    if not kept:
        raise NothingCame(case_id=case.id)
    if not missing:
        raise NothingMissing(case_id=case.id)
    return Parted(kept=tuple(kept), missing=tuple(missing))


def unclaimed(case: AftersalesCase, goods: ReturnOrder) -> tuple[tuple[LineId, SkuCode, int], ...]:
    """Return what came of a return order beyond the units of its case: all of it where the case is closed."""
    units = {line.line_id: count(line.units) for line in case.lines} if case.claims_goods else {}
    found = ((line.line_id, line.sku, line.right - units.get(line.line_id, 0)) for line in goods.lines)
    return tuple(each for each in found if each[2] > 0)


def _cut(runs: Runs, units: int) -> tuple[Runs, Runs]:
    """Cut runs after so many units.

    >>> _cut(((0, 2), (5, 8)), 3)
    (((0, 2), (5, 6)), ((6, 8),))
    """
    first, rest = list[tuple[int, int]](), list[tuple[int, int]]()
    for start, stop in runs:
        edge = start + min(stop - start, units)
        units -= edge - start
        first += [(start, edge)] if start < edge else []
        rest += [(edge, stop)] if edge < stop else []
    return tuple(first), tuple(rest)
