"""Tables as plain text that stay aligned where a Chinese character is two columns wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from typing import Final

_WIDE: Final = frozenset("WF")
_NO_ROOM: Final = frozenset({"Mn", "Me", "Cf"})
LONGEST_CELL: Final = 40


def aligned(rows: Sequence[Sequence[str]], *, left: Collection[int] = (0,)) -> list[str]:
    """Return one line for each row, its cells in columns: numbers to the right, the columns in ``left`` to the left.

    Args:
        rows: cells by row, as many in each.
        left: 0-based columns of words.

    >>> print("\\n".join(aligned([["line", "units"], ["围巾", "2"], ["hat", "10"]])))
    line  units
    围巾      2
    hat      10
    """
    if not rows:
        return []
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            (flush_left if column in left else flush_right)(cell, widths[column]) for column, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]


def cells(texts: Sequence[str], longest: int = LONGEST_CELL) -> list[str]:
    """Return the texts of a row, each on one line and no longer than ``longest`` characters.

    >>> cells(["a\\nb", "x" * 50], longest=5)
    ['a b', 'xxxx…']
    """
    lines = map(one_line, texts)
    return [line if len(line) <= longest else f"{line[: longest - 1]}…" for line in lines]


def one_line(text: str) -> str:
    """Return a text without line breaks, and without what could steer a terminal or turn the writing around."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def width(cell: str) -> int:
    """Return how many columns of a terminal a text takes.

    >>> width("围巾"), width("hat"), width("e\\u0301")
    (4, 3, 1)
    """
    return sum(
        0 if unicodedata.category(c) in _NO_ROOM else 1 + (unicodedata.east_asian_width(c) in _WIDE) for c in cell
    )


def flush_left(cell: str, columns: int) -> str:
    """Return the text, filled up on its right."""
    return cell + " " * (columns - width(cell))


def flush_right(cell: str, columns: int) -> str:
    """Return the text, filled up on its left."""
    return " " * (columns - width(cell)) + cell
