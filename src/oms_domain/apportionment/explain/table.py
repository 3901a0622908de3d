"""The table behind every way of showing an apportionment: lines × steps, each row and column adding up."""

from __future__ import annotations

from typing import Final, Literal

from attrs import frozen

from oms_domain.apportionment.units import LinePart
from oms_domain.apportionment.waterfall import Apportionment, Discount, Finding, Tender

Sort = Literal["amount", "gift", "discount", "charge", "tender", "net", "cash"]
"""What a column is: ``net`` and ``cash`` are sums of what stands to their left, the others make them up."""

CASH: Final = "cash"


@frozen(kw_only=True)
class Column:
    """A step, or a sum. ``of`` is its kind in the waterfall's words; ``funder`` who pays for it."""

    id: str
    title: str
    sort: Sort
    of: str = ""
    funder: str = ""


@frozen(kw_only=True)
class ExplainRow:
    """A line, or a unit of it. Amounts are minor units, signed: what reduces is negative."""

    key: str
    title: str
    units: int
    amounts: tuple[int, ...]


@frozen(kw_only=True)
class Explanation:
    """Lines × steps. Of each row the amounts before ``cash`` that are no sums add up to ``cash``."""

    currency: str
    columns: tuple[Column, ...]
    rows: tuple[ExplainRow, ...]
    unused: tuple[tuple[str, int], ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def sums(self) -> tuple[int, ...]:
        """Return the sum of each column."""
        return tuple(sum(row.amounts[at] for row in self.rows) for at in range(len(self.columns)))


def explain(result: Apportionment) -> Explanation:
    """Return how each line's amounts came about.

    >>> from oms_domain.apportionment.waterfall import PricedLine, PricedOrder, apportion
    >>> found = explain(apportion(PricedOrder(lines=(PricedLine(key="a", units=2, goods_fen=100),), freight_fen=10)))
    >>> [column.id for column in found.columns], found.sums
    (['goods', 'freight', 'cash'], (100, 10, 110))
    """
    columns = [Column(id="goods", title="goods", sort="amount")]
    values = [[line.goods_fen for line in result.order.lines]]
    if any(result.gift_value):
        columns.append(Column(id="gift_value", title="gift value", sort="gift"))
        values.append(list(result.gift_value))
    discounts = [(placed.step, placed) for placed in result.steps if isinstance(placed.step, Discount)]
    for step, placed in discounts:
        if any(placed.goods) or not any(placed.freight):
            columns.append(_column(step, "discount"))
            values.append([-share for share in placed.goods])
    if discounts:
        columns.append(Column(id="net", title="net", sort="net"))
        values.append(list(result.nets))
    if result.order.freight_fen:
        columns.append(Column(id="freight", title="freight", sort="charge"))
        values.append(list(result.freight))
    for step, placed in discounts:
        if any(placed.freight):
            columns.append(_column(step, "discount"))
            values.append([-share for share in placed.freight])
    for placed in result.steps:
        if isinstance(placed.step, Tender):
            columns.append(_column(placed.step, "tender"))
            values.append([-(goods + freight) for goods, freight in zip(placed.goods, placed.freight, strict=True)])
    columns.append(Column(id=CASH, title=CASH, sort="cash"))
    values.append(list(result.cash))
    rows = tuple(
        ExplainRow(key=line.key, title=line.title or line.key, units=line.units, amounts=tuple(amounts))
        for line, *amounts in zip(result.order.lines, *values, strict=True)
    )
    return Explanation(
        currency=result.order.currency,
        columns=tuple(columns),
        rows=rows,
        unused=result.unused,
        findings=result.findings,
    )


def explain_units(result: Apportionment, key: str) -> Explanation:
    """Return how the amounts of each single unit of a line came about. Raises ``CannotApportion``."""
    line = result.line(key)
    steps = [placed.step for placed in result.steps if isinstance(placed.step, Discount | Tender)]
    columns = [Column(id="goods", title="goods", sort="amount")]
    columns += [_column(step, "discount" if isinstance(step, Discount) else "tender") for step in steps]
    columns += [Column(id="freight", title="freight", sort="charge"), Column(id=CASH, title=CASH, sort="cash")]
    singles = [line.cut(((number, number + 1),))[0] for number in range(line.units)]
    rows = tuple(
        ExplainRow(key=f"{key}/{at}", title=f"{key} #{at + 1}", units=1, amounts=_of_unit(single))
        for at, single in enumerate(singles)
    )
    return Explanation(currency=result.order.currency, columns=tuple(columns), rows=rows)


def _of_unit(unit: LinePart) -> tuple[int, ...]:
    taken = [-(goods + freight) for goods, freight in zip(unit.taken, unit.freight_taken, strict=True)]
    return (unit.goods[0], *taken, unit.freight[0], unit.cash)


def _column(step: Discount | Tender, sort: Sort) -> Column:
    return Column(id=step.id, title=step.name or str(step.kind), sort=sort, of=str(step.kind), funder=str(step.funder))
