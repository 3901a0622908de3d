"""An explanation in words: aligned text, Markdown, and what JSON can hold."""

from __future__ import annotations

from typing import Any, Final

from oms_domain.apportionment.explain.table import ExplainRow, Explanation
from oms_domain.kernel.columns import aligned, cells, one_line
from oms_domain.kernel.money import Money, print_money


def text(explanation: Explanation) -> str:
    """Return a table that stays aligned where a Chinese character is two columns wide.

    >>> from oms_domain.apportionment.explain.table import explain
    >>> from oms_domain.apportionment.waterfall import Discount, PricedLine, PricedOrder, apportion
    >>> from oms_domain.channels.standard import DiscountKind
    >>> order = PricedOrder(
    ...     lines=(PricedLine(key="a", units=1, goods_fen=100, title="围巾"),
    ...            PricedLine(key="b", units=2, goods_fen=200, title="hat")),
    ...     discounts=(Discount(id="c", name="满减", kind=DiscountKind.FULL_REDUCTION, amount_fen=100),))
    >>> print(text(explain(apportion(order))))
    line  units  goods   满减   net  cash
    围巾      1   1.00  -0.33  0.67  0.67
    hat       2   2.00  -0.67  1.33  1.33
    sum       3   3.00  -1.00  2.00  2.00
    """
    return "\n".join([*aligned(_cells(explanation)), *notes(explanation)])


def markdown(explanation: Explanation) -> str:
    """Return a Markdown table. Titles cannot break out of their cells."""
    head, *rows = [[_escaped(cell) for cell in row] for row in _cells(explanation)]
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
    noted = [f"- {_escaped(note)}" for note in notes(explanation)]
    return "\n".join([*lines, "", *noted]) if noted else "\n".join(lines)


def as_json(explanation: Explanation) -> dict[str, Any]:
    """Return what JSON can hold: amounts in minor units, and as text for people."""
    return {
        "currency": explanation.currency,
        "columns": [
            {"id": column.id, "title": column.title, "sort": column.sort, "kind": column.of, "funder": column.funder}
            for column in explanation.columns
        ],
        "rows": [
            {"key": row.key, "title": row.title, "units": row.units, "amounts_fen": list(row.amounts)}
            for row in explanation.rows
        ],
        "sums_fen": list(explanation.sums),
        "kept": [{"name": name, "fen": fen} for name, fen in explanation.kept],
        "unused": [{"id": step, "fen": amount} for step, amount in explanation.unused],
        "findings": [
            {
                "what": finding.what,
                "step": finding.step,
                "line": finding.line,
                "stated_fen": finding.stated_fen,
                "ours_fen": finding.ours_fen,
            }
            for finding in explanation.findings
        ],
    }


def amount(fen: int, currency: str) -> str:
    """Return an amount as text, without its currency."""
    return print_money(Money(fen, currency))


def _cells(explanation: Explanation) -> list[list[str]]:
    head = ["line", "units", *(column.title for column in explanation.columns)]
    rows = [_row(row, explanation.currency) for row in explanation.rows]
    units = sum(row.units for row in explanation.rows)
    total = ExplainRow(key="", title="sum", units=units, amounts=explanation.sums)
    return [cells(row) for row in (head, *rows, _row(total, explanation.currency))]


def _row(row: ExplainRow, currency: str) -> list[str]:
    return [one_line(row.title) or one_line(row.key), str(row.units), *(amount(fen, currency) for fen in row.amounts)]


def notes(explanation: Explanation) -> list[str]:
    """Return what was not used, and where the platform says something else, a sentence each."""
    called = {column.id: column.title for column in explanation.columns}
    found = [f"{name}, on no line: {amount(fen, explanation.currency)}" for name, fen in explanation.kept]
    found += [
        f"not used of {called.get(step, step)}: {amount(fen, explanation.currency)}" for step, fen in explanation.unused
    ]
    for finding in explanation.findings:
        words = {
            "step": called.get(finding.step, finding.step),
            "line": finding.line,
            "stated": amount(finding.stated_fen, explanation.currency),
            "ours": amount(finding.ours_fen, explanation.currency),
        }
        found.append(_SAID[finding.what].format(**words))
    return [one_line(note) for note in found]


_SAID: Final = {
    "placed_above_owed": "{step}: the platform placed {stated} on line {line}, of which it owes {ours}",
    "placed_above_amount": "{step}: the platform placed {stated} in all, the amount is {ours}",
    "not_placed": "{step}: of {stated} only {ours} finds a line that owes it",
    "stated_net": "line {line}: after all discounts the platform says {stated}, ours is {ours}",
}


def _escaped(cell: str) -> str:
    for mark in "\\`*_[]<>|":
        cell = cell.replace(mark, f"\\{mark}")
    return cell
