"""State machines as one table each: state × move → state. The code that acts reads it, and docs are drawn from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from oms_domain.kernel.errors import MoveNotAllowed

S = TypeVar("S", bound=StrEnum)
M = TypeVar("M", bound=StrEnum)


def next_state(table: Mapping[S, Mapping[M, S]], state: S, move: M) -> S:
    """Return where ``move`` leads from ``state``.

    Raises:
        MoveNotAllowed: the table has no such move; the moves that it has are listed.
    """
    row = table[state]
    if move not in row:
        raise MoveNotAllowed(state=state, move=move, allowed=tuple(row))
    return row[move]


def check_table(
    table: Mapping[S, Mapping[M, S]],
    *,
    entries: Collection[S],
    ends: Collection[S],
    moves: Iterable[M],
    states: Iterable[S] | None = None,
) -> tuple[str, ...]:
    """Return what is wrong with a table, one finding a line; an empty tuple means sound.

    Sound is: every state is a key; every state is reachable from an entry; the states with an empty row are exactly
    the declared ends; an end can be reached from every state; every move is used.

    Args:
        moves: those that the table must use, usually the whole enum.
        states: those that it must have; by default the whole enum. A table that shares its words with others has
            some of them only.
    """
    states = set(type(next(iter(table))) if states is None else states)
    findings = [f"{state}: stands in the table, but is none of its states" for state in sorted(set(table) - states)]
    findings += [f"{state}: not in the table" for state in sorted(states - set(table))]
    findings += [f"{state}: cannot be reached" for state in sorted(states - _reached(table, set(entries)))]
    dead = {state for state, row in table.items() if not row}
    findings += [f"{state}: no way out, but not declared an end" for state in sorted(dead - set(ends))]
    findings += [f"{state}: declared an end, but has moves" for state in sorted(set(ends) - dead)]
    backwards: dict[S, dict[S, S]] = {}
    for state, row in table.items():
        for target in row.values():
            backwards.setdefault(target, {})[state] = state
    findings += [f"{state}: no end can be reached" for state in sorted(states - _reached(backwards, dead))]
    used = {move for row in table.values() for move in row}
    findings += [f"{move}: a move that no state has" for move in sorted(set(moves) - used)]
    return tuple(findings)


def _reached(table: Mapping[S, Mapping[Any, S]], start: set[S]) -> set[S]:
    seen, open_ = set(start), list(start)
    while open_:
        for target in table.get(open_.pop(), {}).values():
            if target not in seen:
                seen.add(target)
                open_.append(target)
    return seen


def mermaid(table: Mapping[S, Mapping[M, S]], *, entries: Collection[S], ends: Collection[S]) -> str:
    """Return the table as a Mermaid state diagram, moves between the same two states on one arrow."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {state}" for state in table if state in entries]
    for state, row in table.items():
        arrows: dict[S, list[str]] = {}
        for move, target in row.items():
            arrows.setdefault(target, []).append(move)
        lines += [f"    {state} --> {target} : {', '.join(moves)}" for target, moves in arrows.items()]
    lines += [f"    {state} --> [*]" for state in table if state in ends]
    return "\n".join(lines)
