"""Rewrites the generated parts of the docs: ``.venv/bin/python docs/generate.py``.

A part stands between ``<!-- generated: name -->`` and ``<!-- end -->``; everything around it is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from oms_domain.fulfilment.fulfilment_order import FULFILMENT_ENDS, FULFILMENT_TABLE, FulfilmentState
from oms_domain.kernel.states import mermaid
from oms_domain.orders.states import ENDS, ENTRIES, ORDER_TABLE

DOCS: Final = Path(__file__).parent
PAGES: Final = (DOCS / "reference" / "states.md",)

FULFILMENT_ENTRIES: Final = frozenset({FulfilmentState.APPROVED})

Table = Mapping[Any, Mapping[Any, Any]]  # any state × any move

_PART: Final = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WORD: Final = re.compile(r"\| ([^|]+) \| `(\w+\.\w+)` \|")


def words() -> dict[str, str]:
    """Return the Chinese of every member, such as ``OrderState.SHIPPED``, from the glossary."""
    glossary = (DOCS / "glossary.md").read_text(encoding="utf-8")
    return {code: chinese for chinese, code in _WORD.findall(glossary)}


def diagram(table: Table, entries: Collection[StrEnum], ends: Collection[StrEnum]) -> str:
    """Return the table as a picture."""
    return f"```mermaid\n{mermaid(table, entries=entries, ends=ends)}\n```"


def rows(table: Table) -> str:
    """Return a row for each state: what it is called, and how it is left."""
    chinese = words()

    def called(member: StrEnum) -> str:
        return chinese[f"{type(member).__name__}.{member.name}"]

    lines = ["| state | 中文 | leaves by |", "|---|---|---|"]
    for state, row in table.items():
        ways = (f"`{move}` {called(move)} → {called(target)}" for move, target in row.items())
        lines.append(f"| `{state}` | {called(state)} | {'; '.join(ways) or 'end'} |")
    return "\n".join(lines)


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "order-diagram": lambda: diagram(ORDER_TABLE, ENTRIES, ENDS),
    "order-states": lambda: rows(ORDER_TABLE),
    "fulfilment-diagram": lambda: diagram(FULFILMENT_TABLE, FULFILMENT_ENTRIES, FULFILMENT_ENDS),
    "fulfilment-states": lambda: rows(FULFILMENT_TABLE),
}


def rewritten(page: str) -> str:
    """Return a page with its generated parts made anew."""
    return _PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]]()}\n\n{part[3]}", page)


def main() -> None:
    """Rewrite all pages in place."""
    for page in PAGES:
        page.write_text(rewritten(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
