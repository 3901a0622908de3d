"""Rows for people (tables) or for scripts (``--json``: one object a line)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for scripts.")


def show(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, title: str = "") -> int:
    """Print rows; return how many."""
    count = 0
    if as_json:
        for count, row in enumerate(rows, 1):  # noqa: B007 - the last count is returned
            print(json_line(row))
        return count
    table = Table(title=title or None, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in _NUMBERS else "left", overflow="fold")
    for count, row in enumerate(rows, 1):  # noqa: B007
        table.add_row(*(Text(_text(row.get(column, ""))) for column in columns))  # no markup: it is data
    console().print(table)
    return count


def console() -> Console:
    """Standard output, wide enough for a table where it is no terminal."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160)


def json_line(row: Mapping[str, Any]) -> str:
    """Return a row as JSON, in letters that standard output can take."""
    wide = (sys.stdout.encoding or "").lower().startswith("utf")
    return printable(json.dumps(row, ensure_ascii=not wide, default=str))


def printable(text: str) -> str:
    """Return a text that any terminal and file can take: what came in as broken bytes is shown escaped."""
    return text.encode("utf-8", "backslashreplace").decode()


def _text(value: Any) -> str:
    if value is None:
        return ""
    return printable(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))


_NUMBERS = {
    "payable",
    "paid",
    "on_hand",
    "reserved",
    "available",
    "defective",
    "safety",
    "locked",
    "in_transit",
    "quantity",
    "units",
    "amount",
}
