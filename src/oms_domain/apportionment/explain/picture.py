"""An explanation as a picture (SVG, no dependency): one bar a line, cut into what each step took and what is paid."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from attrs import frozen

from oms_domain.apportionment.explain.table import Column, ExplainRow, Explanation
from oms_domain.apportionment.explain.written import amount, notes
from oms_domain.kernel.columns import one_line, width

WIDTH: Final = 960
MARGIN: Final = 16
BAR_AT: Final = 210
SUM: Final = 100
BAR: Final = 26
GAP: Final = 16
TERM_LINE: Final = 16
LEGEND: Final = 24
IN_LEGEND: Final = 5
NARROWEST: Final = 46  # a segment narrower than its amount goes without it; the terms below the bar have it
LONGEST_NAME: Final = 24  # columns of a terminal; a Chinese character takes two
LONGEST_TERM: Final = 30
TERMS_IN_A_LINE: Final = 118  # columns of a terminal, at the size of the terms

CASH_COLOUR: Final = "#2b6cb0"
COLOURS: Final = ("#c05621", "#b7791f", "#6b46c1", "#2c7a7b", "#c53030", "#4a5568", "#97266d", "#276749")
INK: Final = "#1a202c"
QUIET: Final = "#4a5568"


@frozen
class Term:
    """One number of the sum that ends in what is paid, with its name: ``− 20.00 coupon``."""

    said: str
    colour: str


def svg(explanation: Explanation) -> str:
    """Return a standalone SVG document. Each bar is a line's goods and freight; its pieces add up to it.

    >>> from oms_domain.apportionment.explain.table import explain
    >>> from oms_domain.apportionment.waterfall import PricedLine, PricedOrder, apportion
    >>> order = PricedOrder(lines=(PricedLine(key="a", units=1, goods_fen=100, title="<b>"),))
    >>> picture = svg(explain(apportion(order)))
    >>> picture.startswith("<svg"), "&lt;b&gt;" in picture, "<b>" in picture
    (True, True, False)
    """
    colours = _colours(explanation)
    legend = _legend(explanation, colours)
    body: list[str] = []
    top = 78 + LEGEND * ((len(colours) - 1) // IN_LEGEND + 1)
    whole = max((_whole(explanation, row) for row in explanation.rows), default=0) or 1
    body.append(_text(WIDTH - MARGIN, top - 8, "goods + freight", QUIET, 11, "end"))
    for row in explanation.rows:
        drawn, height = _row(explanation, row, colours, top, whole)
        body += drawn
        top += height
    if len(explanation.rows) > 1:
        body.append(f'<line x1="{MARGIN}" y1="{top - 8}" x2="{WIDTH - MARGIN}" y2="{top - 8}" stroke="#cbd5e0"/>')
        total = ExplainRow(key="", title="sum", units=0, amounts=explanation.sums)
        drawn, height = _row(explanation, total, colours, top, _whole(explanation, total) or 1)
        body += drawn
        top += height
    for note in notes(explanation):
        body.append(_text(MARGIN, top + 8, note, "#9b2c2c", 12))
        top += TERM_LINE
    height = top + 16
    said = escape(_said(explanation), {'"': "&quot;"})
    return "\n".join(
        [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
                f'height="{height}" role="img" aria-label="{said}" font-family="sans-serif" font-size="13">'
            ),
            f"<title>{said}</title>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            _text(MARGIN, 30, _said(explanation), INK, 16),
            *legend,
            *body,
            "</svg>",
        ]
    )


def _row(
    explanation: Explanation, row: ExplainRow, colours: dict[str, str], top: int, whole: int
) -> tuple[list[str], int]:
    """Draw a line and the sum below it; return how high that is, too. ``whole`` is what a full bar stands for."""
    units = f" × {row.units}" if row.units else ""
    middle = top + BAR // 2 + 5
    name = _shortened(one_line(row.title) or one_line(row.key), LONGEST_NAME - len(units)) + units
    drawn = [
        _text(MARGIN, middle, name, INK, 13),
        _text(WIDTH - MARGIN, middle, amount(_whole(explanation, row), explanation.currency), INK, 13, "end"),
        *_bar(explanation, row, colours, top, whole),
    ]
    lines = _terms(explanation, row, colours)
    for number, line in enumerate(lines, 1):
        spans = " ".join(f'<tspan fill="{term.colour}">{escape(term.said)}</tspan>' for term in line)
        drawn.append(f'<text x="{BAR_AT}" y="{top + BAR + number * TERM_LINE}" font-size="11">{spans}</text>')
    return drawn, BAR + len(lines) * TERM_LINE + GAP


def _bar(explanation: Explanation, row: ExplainRow, colours: dict[str, str], top: int, whole: int) -> list[str]:
    """Draw first what is paid in cash, then what each step took. Hundredths of a pixel, so that no float is near."""
    drawn: list[str] = []
    pairs = list(zip(explanation.columns, row.amounts, strict=True))
    pieces = [(column, fen) for column, fen in pairs if column.sort == "cash"]
    pieces += [(column, -fen) for column, fen in pairs if column.sort in ("discount", "tender")]
    x, room = BAR_AT * 100, (WIDTH - BAR_AT - SUM - MARGIN) * 100
    for column, fen in pieces:
        wide = fen * room // whole
        if not wide:
            continue
        drawn.append(
            f'<rect x="{_px(x)}" y="{top}" width="{_px(wide)}" height="{BAR}" fill="{colours[column.id]}">'
            f"<title>{escape(_term(explanation, column, fen))}</title></rect>"
        )
        if wide >= NARROWEST * 100:
            said = amount(fen, explanation.currency)
            drawn.append(_text(_px(x + wide // 2), top + BAR // 2 + 5, said, "#ffffff", 12, "middle"))
        x += wide
    return drawn


def _terms(explanation: Explanation, row: ExplainRow, colours: dict[str, str]) -> list[list[Term]]:
    """Return how what is paid came about: ``1.00 goods − 0.33 coupon = 0.67 cash``, in as many lines as it takes."""
    found = [
        Term(f"{'−' if fen < 0 else '+'} {_term(explanation, column, abs(fen))}", colours.get(column.id, QUIET))
        for column, fen in zip(explanation.columns, row.amounts, strict=True)
        if column.sort not in ("net", "cash") and fen
    ]
    if len(found) < 2:
        return []
    found[0] = Term(found[0].said.removeprefix("+ "), found[0].colour)
    found.append(Term(f"= {_term(explanation, explanation.columns[-1], row.amounts[-1])}", CASH_COLOUR))
    lines: list[list[Term]] = [[]]
    for term in found:
        if sum(width(one.said) + 1 for one in (*lines[-1], term)) > TERMS_IN_A_LINE:
            lines.append([])
        lines[-1].append(term)
    return lines


def _term(explanation: Explanation, column: Column, fen: int) -> str:
    return f"{amount(fen, explanation.currency)} {_shortened(one_line(column.title), LONGEST_TERM)}"


def _whole(explanation: Explanation, row: ExplainRow) -> int:
    """Return what a line's goods and freight cost before any step took something."""
    pairs = zip(explanation.columns, row.amounts, strict=True)
    return sum(fen for column, fen in pairs if column.sort in ("amount", "gift", "charge"))


def _colours(explanation: Explanation) -> dict[str, str]:
    """Return the colour of each column that is a piece of a bar, what is paid in cash first."""
    steps = [column.id for column in explanation.columns if column.sort in ("discount", "tender")]
    return {explanation.columns[-1].id: CASH_COLOUR} | {id_: COLOURS[at % len(COLOURS)] for at, id_ in enumerate(steps)}


def _legend(explanation: Explanation, colours: dict[str, str]) -> list[str]:
    titles = {column.id: one_line(column.title) for column in explanation.columns}
    drawn = []
    for at, (id_, colour) in enumerate(colours.items()):
        x, y = MARGIN + at % IN_LEGEND * 186, 46 + at // IN_LEGEND * LEGEND
        drawn.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colour}"/>')
        drawn.append(_text(x + 18, y + 11, _shortened(titles[id_], LONGEST_NAME - 2), INK, 13))
    return drawn


def _said(explanation: Explanation) -> str:
    paid = amount(explanation.sums[-1], explanation.currency)
    lines = len(explanation.rows)
    return f"{explanation.currency} {paid} in cash over {lines} {'line' if lines == 1 else 'lines'}"


def _text(x: int | str, y: int, said: str, colour: str, size: int, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" font-size="{size}" text-anchor="{anchor}">{escape(said)}</text>'


def _px(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _shortened(title: str, columns: int) -> str:
    """Return a title that takes no more room than that."""
    if width(title) <= columns:
        return title
    while width(title) >= columns:
        title = title[:-1]
    return f"{title.rstrip()}…"
