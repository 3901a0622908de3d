"""The table behind every way of showing an apportionment: lines × steps, each row and column adding up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from attrs import evolve, frozen

from oms_domain.apportionment.parts import net_of
from oms_domain.apportionment.units import LinePart
from oms_domain.apportionment.waterfall import Apportionment, Discount, Finding, FreightCharge, Reduction, Tender

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
    kept: tuple[tuple[str, int], ...] = ()  # what stands on the order and on no line

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
    found = explain_parts(
        [step for placed in result.steps if not isinstance(step := placed.step, FreightCharge)],
        result.parts(),
        [line.title for line in result.order.lines],
        result.gift_value,
        currency=result.order.currency,
    )
    return evolve(found, unused=result.unused, findings=result.findings)


def explain_units(result: Apportionment, key: str) -> Explanation:
    """Return how the amounts of each single unit of a line came about. Raises ``CannotApportion``."""
    steps = [step for placed in result.steps if not isinstance(step := placed.step, FreightCharge)]
    return explain_part(steps, result.line(key), currency=result.order.currency)


def explain_part(steps: Sequence[Reduction], part: LinePart, *, currency: str) -> Explanation:
    """Return how the amounts of each single unit of a line, or of a part of one, came about."""
    numbers = [number for first, stop in part.runs for number in range(first, stop)]
    singles = [part.cut(((number, number + 1),))[0] for number in numbers]
    return explain_parts(steps, singles, [f"{part.key} #{number + 1}" for number in numbers], currency=currency)


def explain_parts(
    steps: Sequence[Reduction],
    parts: Sequence[LinePart],
    titles: Sequence[str],
    gift_value: Sequence[int] = (),
    *,
    currency: str,
) -> Explanation:
    """Return how the amounts of lines, or of parts of them, came about.

    Args:
        steps: what took something off, in the order of the parts' running nets.
        titles: one for each part; an empty one shows its key.
        gift_value: of each part, what gifts took of its goods.
    """
    gifts = list(gift_value) or [0] * len(parts)
    off = [(step, [part.taken[at] for part in parts]) for at, step in enumerate(steps)]
    off_freight = [(step, [part.freight_taken[at] for part in parts]) for at, step in enumerate(steps)]
    has_freight = {step.id for step, row in off_freight if any(row)}
    table: list[tuple[Column, list[int]]] = [
        (_named("goods", "amount"), [part.goods[0] - gift for part, gift in zip(parts, gifts, strict=True)])
    ]
    if any(gifts):
        table.append((Column(id="gift_value", title="gift value", sort="gift"), gifts))
    table += [
        (_column(step), [-fen for fen in row])
        for step, row in off
        if isinstance(step, Discount) and (any(row) or step.id not in has_freight)
    ]
    if any(isinstance(step, Discount) for step in steps):
        table.append((_named("net", "net"), [net_of(steps, part) for part in parts]))
    if any(part.freight[0] for part in parts):
        table.append((_named("freight", "charge"), [part.freight[0] for part in parts]))
    table += [
        (_column(step), [-fen for fen in row])
        for step, row in off_freight
        if isinstance(step, Discount) and step.id in has_freight
    ]
    table += [
        (_column(step), [-(goods + freight) for goods, freight in zip(row, freight_row, strict=True)])
        for (step, row), (_, freight_row) in zip(off, off_freight, strict=True)
        if isinstance(step, Tender)
    ]
    table.append((_named(CASH, "cash"), [part.cash for part in parts]))
    columns, values = zip(*table, strict=True)
    rows = tuple(
        ExplainRow(key=part.key, title=title or part.key, units=part.units, amounts=tuple(amounts))
        for part, title, *amounts in zip(parts, titles, *values, strict=True)
    )
    return Explanation(currency=currency, columns=columns, rows=rows)


def _named(word: str, sort: Sort) -> Column:
    return Column(id=word, title=word, sort=sort)


def _column(step: Reduction) -> Column:
    return Column(
        id=step.id,
        title=step.name or str(step.kind),
        sort="discount" if isinstance(step, Discount) else "tender",
        of=str(step.kind),
        funder=str(step.funder),
    )
