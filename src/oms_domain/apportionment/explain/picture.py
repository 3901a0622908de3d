"""An explanation as a picture (SVG, no dependency): one bar a line, cut into what each step took and what is paid."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

from attrs import frozen

from oms_domain.apportionment.explain.table import Column, ExplainRow, Explanation
from oms_domain.apportionment.explain.written import amount

WIDTH: Final = 960
TITLE: Final = 190
SUM: Final = 110
BAR: Final = 26
GAP: Final = 14
TERM_LINE: Final = 15
MOST_IN_A_LINE: Final = 96  # characters of the small print under a bar
LEGEND: Final = 24
NARROWEST: Final = 46  # a segment narrower than its amount goes without it; the table below has it
LONGEST: Final = 14

CASH_COLOUR: Final = "#2b6cb0"
COLOURS: Final = ("#dd6b20", "#d69e2e", "#805ad5", "#319795", "#e53e3e", "#718096", "#97266d", "#4a5568")


@frozen
class Segment:
    """A piece of a bar."""

    column: Column
    fen: int
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
    shown = [column for column in explanation.columns if column.id in colours]
    legend = _legend_rows(shown)
    rows = (*explanation.rows, _total(explanation)) if len(explanation.rows) > 1 else explanation.rows
    widest = max((_whole(explanation, row) for row in explanation.rows), default=0) or 1
    printed = [_small_print(explanation, row) for row in rows]
    height = 72 + len(legend) * LEGEND + sum(map(_height, printed))
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            f'role="img" aria-label="{_attribute(_said(explanation))}" font-family="sans-serif" font-size="13">'
        ),
        f"<title>{escape(_said(explanation))}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="28" font-size="16" fill="#1a202c">{escape(_said(explanation))}</text>',
        *_legend(legend, colours),
    ]
    top = 52 + len(legend) * LEGEND
    for at, row in enumerate(rows):
        is_total = at == len(explanation.rows)
        scale = _whole(explanation, row) if is_total else widest
        parts += _bar(explanation, row, colours, top, scale or 1, is_total)
        for number, line in enumerate(printed[at], 1):
            y = top + BAR + number * TERM_LINE
            parts.append(f'<text x="{TITLE}" y="{y}" font-size="11" fill="#4a5568">{line}</text>')
        top += _height(printed[at])
    return "\n".join([*parts, "</svg>"])


def _height(printed: list[str]) -> int:
    return BAR + len(printed) * TERM_LINE + GAP


def _small_print(explanation: Explanation, row: ExplainRow) -> list[str]:
    """Return how what is paid came about, to the minor unit: ``1.00 − 0.33 = 0.67``, in as many lines as it takes."""
    terms = [
        f"{'−' if fen < 0 else '+'} {amount(abs(fen), explanation.currency)}"
        for column, fen in zip(explanation.columns, row.amounts, strict=True)
        if column.sort not in ("net", "cash") and fen
    ]
    if len(terms) < 2:
        return []
    paid = amount(row.amounts[-1], explanation.currency)
    lines = [terms[0].removeprefix("+ ")]
    for term in (*terms[1:], f"= {paid}"):
        if len(lines[-1]) + len(term) < MOST_IN_A_LINE:
            lines[-1] += f" {term}"
        else:
            lines.append(term)
    return lines


def _bar(
    explanation: Explanation, row: ExplainRow, colours: dict[str, str], top: int, scale: int, is_total: bool
) -> list[str]:
    room = WIDTH - TITLE - SUM - 32
    middle = top + BAR // 2 + 5
    weight = ' font-weight="bold"' if is_total else ""
    units = "" if is_total else f" × {row.units}"
    found = [
        f'<text x="16" y="{middle}" fill="#1a202c"{weight}>{escape(_short(row.title))}{units}</text>',
        (
            f'<text x="{WIDTH - 16}" y="{middle}" text-anchor="end" fill="#1a202c"{weight}>'
            f"{amount(_whole(explanation, row), explanation.currency)}</text>"
        ),
    ]
    x = TITLE * 100
    for segment in _segments(explanation, row, colours):
        width = segment.fen * room * 100 // scale
        said = f"{_printable(segment.column.title)}: {amount(segment.fen, explanation.currency)}"
        found.append(
            f'<rect x="{_px(x)}" y="{top}" width="{_px(width)}" height="{BAR}" fill="{segment.colour}">'
            f"<title>{escape(said)}</title></rect>"
        )
        if width >= NARROWEST * 100:
            found.append(
                f'<text x="{_px(x + width // 2)}" y="{middle}" text-anchor="middle" fill="#ffffff" font-size="12">'
                f"{amount(segment.fen, explanation.currency)}</text>"
            )
        x += width
    return found


def _px(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _segments(explanation: Explanation, row: ExplainRow, colours: dict[str, str]) -> list[Segment]:
    """Return the pieces of a bar: first what is paid in cash, then what each step took."""
    pairs = list(zip(explanation.columns, row.amounts, strict=True))
    cash = [Segment(column, fen, CASH_COLOUR) for column, fen in pairs if column.sort == "cash"]
    taken = [
        Segment(column, -fen, colours[column.id]) for column, fen in pairs if column.sort in ("discount", "tender")
    ]
    return [segment for segment in (*cash, *taken) if segment.fen]


def _whole(explanation: Explanation, row: ExplainRow) -> int:
    """Return what a line's goods and freight cost before any step took something."""
    pairs = zip(explanation.columns, row.amounts, strict=True)
    return sum(fen for column, fen in pairs if column.sort in ("amount", "gift", "charge"))


def _total(explanation: Explanation) -> ExplainRow:
    units = sum(row.units for row in explanation.rows)
    return ExplainRow(key="", title="sum", units=units, amounts=explanation.sums)


def _colours(explanation: Explanation) -> dict[str, str]:
    steps = [column.id for column in explanation.columns if column.sort in ("discount", "tender")]
    found = {id_: COLOURS[at % len(COLOURS)] for at, id_ in enumerate(steps)}
    return {"cash": CASH_COLOUR} | found


def _legend_rows(columns: list[Column]) -> list[list[Column]]:
    ordered = sorted(columns, key=lambda column: column.sort != "cash")
    return [ordered[at : at + 5] for at in range(0, len(ordered), 5)]


def _legend(rows: list[list[Column]], colours: dict[str, str]) -> list[str]:
    found = []
    for line, row in enumerate(rows):
        for place, column in enumerate(row):
            x, y = 16 + place * 184, 44 + line * LEGEND
            found.append(f'<rect x="{x}" y="{y}" width="12" height="12" fill="{colours[column.id]}"/>')
            label = escape(_short(column.title))
            found.append(f'<text x="{x + 18}" y="{y + 11}" fill="#2d3748">{label}</text>')
    return found


def _said(explanation: Explanation) -> str:
    sums = dict(zip((column.id for column in explanation.columns), explanation.sums, strict=True))
    paid = amount(sums["cash"], explanation.currency)
    return f"{explanation.currency} {paid} in cash over {len(explanation.rows)} lines"


def _short(title: str) -> str:
    title = _printable(title)
    wide = sum(not character.isascii() for character in title)
    most = LONGEST - wide // 3 if wide else LONGEST + 8
    return title if len(title) <= most else f"{title[: most - 1]}…"


def _printable(title: str) -> str:
    """Return a title that XML can hold."""
    return "".join(character for character in " ".join(title.split()) if character.isprintable())


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"})
