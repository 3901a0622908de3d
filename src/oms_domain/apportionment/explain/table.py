"""The table behind every way of showing an apportionment: lines × steps, each row and column adding up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal

from attrs import frozen

from oms_domain.apportionment.units import LinePart
from oms_domain.apportionment.waterfall import Apportionment, Discount, Finding, FreightCharge, Reduction, Step, Tender

Sort = Literal["amount", "gift", "discount", "charge", "tender", "net", "cash"]
"""What a column is: ``net`` and ``cash`` are sums of what stands to their left, the others make them up."""

CASH: Final = "cash"
MOST_SINGLE_UNITS: Final = 50


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
    """A line, or units of it. Amounts are minor units, signed: what reduces is negative."""

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
    return explain_parts(
        [placed.step for placed in result.steps],
        result.parts(),
        titles={line.key: line.title for line in result.order.lines},
        gift_value=result.gift_value,
        currency=result.order.currency,
        unused=result.unused,
        findings=result.findings,
    )


def explain_units(result: Apportionment, key: str) -> Explanation:
    """Return how the amounts of each single unit of a line came about. Raises ``CannotApportion``.

    Of a line with many units those that carry the same stand in one row together.
    """
    return explain_part([placed.step for placed in result.steps], result.line(key), currency=result.order.currency)


def explain_part(steps: Sequence[Step], line: LinePart, *, currency: str = "CNY") -> Explanation:
    """Return how the amounts of each single unit of a line, or of a part of one, came about.

    Units are numbered as on the whole line, from 1. Of many those that carry the same stand in one row together.
    """
    numbers = [number for first, stop in line.runs for number in range(first, stop)] if _is_short(line) else []
    runs = [(number, number + 1) for number in numbers] or _alike(line)
    parts, titles = [], {}
    for first, stop in runs:
        part, _ = line.cut(((first, stop),))
        name = f"{line.key}/{first}"
        parts.append(LinePart(key=name, runs=part.runs, goods=part.goods, freight=part.freight))
        titles[name] = f"{line.key} #{first + 1}" if stop == first + 1 else f"{line.key} #{first + 1}–{stop}"
    return explain_parts(steps, parts, titles=titles, currency=currency)


def _is_short(line: LinePart) -> bool:
    return line.units <= MOST_SINGLE_UNITS


def _alike(line: LinePart) -> list[tuple[int, int]]:
    """Return runs of units that carry the same: a running net changes once at most, from one unit to the next."""
    ends = sorted({0, line.units, *(net % line.units for net in (*line.goods, *line.freight))})
    found, before = [], 0
    for first, stop in line.runs:  # the places of the units that are here, cut where an amount changes
        inside = [end - before + first for end in ends if before < end < before + stop - first]
        found += list(pairwise([first, *inside, stop]))
        before += stop - first
    return found


def explain_parts(
    steps: Sequence[Step],
    parts: Sequence[LinePart],
    *,
    titles: Mapping[str, str] | None = None,
    gift_value: Sequence[int] = (),
    currency: str = "CNY",
    unused: tuple[tuple[str, int], ...] = (),
    findings: tuple[Finding, ...] = (),
) -> Explanation:
    """Return how the amounts of parts of lines came about.

    Args:
        steps: what took something off, in the order of the parts' running nets; a freight charge is passed over.
        titles: by the key of a part; its key where there is none.
        gift_value: what gifts took of each part and gave to it, if anything.
    """
    taken: list[Reduction] = [step for step in steps if not isinstance(step, FreightCharge)]
    gifts = list(gift_value) if any(gift_value) else [0] * len(parts)
    off_goods = [[-part.taken[at] for part in parts] for at in range(len(taken))]
    off_freight = [[-part.freight_taken[at] for part in parts] for at in range(len(taken))]
    discounts = [at for at, step in enumerate(taken) if isinstance(step, Discount)]
    columns = [(Column(id="goods", title="goods", sort="amount"), _sum([part.goods[0] for part in parts], gifts, -1))]
    if any(gifts):
        columns.append((Column(id="gift_value", title="gift value", sort="gift"), gifts))
    columns += [(_column(taken[at], "discount"), off_goods[at]) for at in discounts if not any(off_freight[at])]
    if discounts:
        net = [part.goods[0] for part in parts]
        for at in discounts:
            net = _sum(net, off_goods[at])
        columns.append((Column(id="net", title="net", sort="net"), net))
    if any(part.freight[0] for part in parts):
        columns.append((Column(id="freight", title="freight", sort="charge"), [part.freight[0] for part in parts]))
    columns += [(_column(taken[at], "discount"), off_freight[at]) for at in discounts if any(off_freight[at])]
    columns += [
        (_column(step, "tender"), _sum(off_goods[at], off_freight[at]))
        for at, step in enumerate(taken)
        if isinstance(step, Tender)
    ]
    columns.append((Column(id=CASH, title=CASH, sort="cash"), [part.cash for part in parts]))
    names = titles or {}
    rows = tuple(
        ExplainRow(key=part.key, title=names.get(part.key) or part.key, units=part.units, amounts=tuple(amounts))
        for part, *amounts in zip(parts, *[values for _, values in columns], strict=True)
    )
    return Explanation(
        currency=currency, columns=tuple([column for column, _ in columns]), rows=rows, unused=unused, findings=findings
    )


def _sum(ours: Sequence[int], theirs: Sequence[int], sign: int = 1) -> list[int]:
    return [a + sign * b for a, b in zip(ours, theirs, strict=True)]


def _column(step: Reduction, sort: Sort) -> Column:
    return Column(id=step.id, title=step.name or str(step.kind), sort=sort, of=str(step.kind), funder=str(step.funder))
