"""What a warehouse counted of returned goods, put on the lines of the return order."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import evolve, frozen

from oms_domain.aftersales.returns import Inspected, ReturnOrder
from oms_domain.kernel.identity import LineId, SkuCode


@frozen(kw_only=True)
class CountedUnits:
    """Units of a SKU as the warehouse found them."""

    sku: SkuCode
    units: int
    is_good: bool = True


def inspected_of(goods: ReturnOrder, counted: Iterable[CountedUnits]) -> tuple[Inspected, ...]:
    """Put counted units on the lines that wait for this SKU, first what they still lack; other goods are wrong ones.

    More than is asked back goes on the SKU's last line; what no line has at all on the first, as wrong.
    """
    found = {line.line_id: Inspected(line_id=line.line_id) for line in goods.lines}
    short = {line.line_id: line.short for line in goods.lines}
    for each in counted:
        lines = [line.line_id for line in goods.lines if line.sku == each.sku]
        if not lines:
            first = goods.lines[0].line_id
            found[first] = evolve(found[first], wrong=found[first].wrong + each.units)
            continue
        left, what = each.units, "good" if each.is_good else "defective"
        for line_id in lines:
            units = left if line_id == lines[-1] else min(left, short[line_id])
            short[line_id] -= min(units, short[line_id])
            left -= units
            found[line_id] = _more(found, line_id, what, units)
    return tuple(each for each in found.values() if each.good or each.defective or each.wrong)


def _more(found: dict[LineId, Inspected], line_id: LineId, what: str, units: int) -> Inspected:
    return evolve(found[line_id], **{what: getattr(found[line_id], what) + units})
