"""Evaluation: whether a condition holds, with the tests that settled it.

Each test is asked once for the whole, or once a line: the cost grows with tests × lines, and not with how they nest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar, assert_never

from attrs import evolve, frozen

from oms_domain.conditions.fields import HIDDEN, Catalogue, Field, Value
from oms_domain.conditions.operators import Op, Operand, hits, passes
from oms_domain.conditions.tree import AllLines, AllOf, AnyLine, AnyOf, Check, Condition, CountLines, Not

MOST_FINDINGS: Final = 100
"""Tests that a verdict names; ``left_off`` counts the others."""
LONGEST_SEEN: Final = 80
MOST_SEEN: Final = 20

Whole = TypeVar("Whole")
Line = TypeVar("Line")


@frozen(kw_only=True)
class Finding:
    """A test that settled a verdict: where it stands, and what it saw. Personal values are masked."""

    path: str  # such as ``all[1].any_line``; empty for the root
    line: int | None = None  # position of the line, from 0
    field: str
    op: Op
    value: Operand
    seen: Value
    held: bool
    hits: tuple[str, ...] = ()  # which of several texts were found


@frozen(kw_only=True)
class Verdict:
    """Whether a condition holds, and the tests that settle it: whatever the other tests say, it stays.

    A verdict that holds is settled by what matched, one that does not by what is in the way.
    """

    holds: bool
    findings: tuple[Finding, ...]
    left_off: int = 0


@frozen
class _Causes:
    holds: bool
    findings: tuple[Finding, ...]
    count: int


def judge(condition: Condition, facts: Whole, catalogue: Catalogue[Whole, Line], *, at: datetime) -> Verdict:
    """Return whether ``condition`` holds for ``facts``.

    Args:
        condition: read or checked with the same catalogue (``form``).
        at: the instant that ages are counted to.
    """
    root = _Scope(catalogue.whole_field, facts, None)
    causes = _Judge(catalogue, catalogue.lines(facts), at).settle(condition, "", root)
    findings = causes.findings[:MOST_FINDINGS]
    return Verdict(holds=causes.holds, findings=findings, left_off=causes.count - len(findings))


@frozen
class _Scope:
    """What a test is about: the whole, or one line."""

    field: Callable[[str], Field[Any]]
    subject: Any
    line: int | None


@frozen
class _Judge:
    catalogue: Catalogue[Any, Any]
    lines: Sequence[Any]
    at: datetime

    def settle(self, condition: Condition, path: str, scope: _Scope) -> _Causes:
        match condition:
            case Check():
                return self._check(condition, path, scope)
            case AllOf(of=parts):
                each = [self.settle(part, f"{_dot(path)}all[{n}]", scope) for n, part in enumerate(parts)]
                return _joined(each, all_of=True)
            case AnyOf(of=parts):
                each = [self.settle(part, f"{_dot(path)}any[{n}]", scope) for n, part in enumerate(parts)]
                return _joined(each, all_of=False)
            case Not(of=part):
                settled = self.settle(part, f"{_dot(path)}not", scope)
                return evolve(settled, holds=not settled.holds)
            case AnyLine(of=part):
                return _joined(self._each_line(part, f"{_dot(path)}any_line"), all_of=False)
            case AllLines(of=part):
                return _joined(self._each_line(part, f"{_dot(path)}all_lines"), all_of=True)
            case CountLines(of=part):
                return _counted(condition, self._each_line(part, f"{_dot(path)}count_lines"))
            case _:
                assert_never(condition)

    def _each_line(self, condition: Condition, path: str) -> list[_Causes]:
        scopes = (_Scope(self.catalogue.line_field, line, number) for number, line in enumerate(self.lines))
        return [self.settle(condition, path, scope) for scope in scopes]

    def _check(self, check: Check, path: str, scope: _Scope) -> _Causes:
        field = scope.field(check.field)
        seen = field.read(scope.subject)
        held = passes(field.kind, check.op, seen, check.value, self.at)
        finding = Finding(
            path=path,
            line=scope.line,
            field=check.field,
            op=check.op,
            value=check.value,
            seen=_shown(seen, field),
            held=held,
            hits=() if field.mask or not held else hits(field.kind, check.op, seen, check.value, self.at),
        )
        return _Causes(held, (finding,), 1)


def _dot(path: str) -> str:
    return f"{path}." if path else ""


def _gathered(holds: bool, parts: Sequence[_Causes]) -> _Causes:
    """Join what settles: only the first findings are carried on, so that deep trees over long orders stay cheap."""
    findings: list[Finding] = []
    for part in parts:
        if len(findings) >= MOST_FINDINGS:
            break
        findings += part.findings
    return _Causes(holds, tuple(findings[:MOST_FINDINGS]), sum(part.count for part in parts))


def _joined(parts: Sequence[_Causes], *, all_of: bool) -> _Causes:
    """All of them: settled by all that hold, or by those alone that do not. Any of them: the other way round."""
    against = [part for part in parts if part.holds is not all_of]
    return _gathered(not all_of, against) if against else _gathered(all_of, parts)


def _counted(condition: CountLines, parts: Sequence[_Causes]) -> _Causes:
    held = [part for part in parts if part.holds]
    if len(held) < condition.at_least:
        return _gathered(False, [part for part in parts if not part.holds])
    if condition.at_most is None:
        return _gathered(True, held)
    return _gathered(True, parts) if len(held) <= condition.at_most else _gathered(False, held)


def _shown(seen: Value, field: Field[Any]) -> Value:
    """Return what was seen, short enough for a log, and masked where it is somebody's."""
    if isinstance(seen, str):
        text = field.mask(seen) if field.mask else seen
        return text if len(text) <= LONGEST_SEEN else text[: LONGEST_SEEN - 1] + "…"
    if isinstance(seen, tuple):
        codes = tuple(field.mask(code) for code in seen) if field.mask else seen
        return codes if len(codes) <= MOST_SEEN else (*codes[:MOST_SEEN], "…")
    return HIDDEN if field.mask and seen is not None else seen
