"""Trying rules on orders of the past: what they would have caught, order by order, with the condition that matched."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import evolve, frozen

from oms_domain.conditions.printing import Language, print_verdict
from oms_domain.orders.rules.decide import Answer, Outcome, ask, decide, write_answer
from oms_domain.orders.rules.facts import OrderFacts
from oms_domain.orders.rules.fields import ORDER_FIELDS
from oms_domain.orders.rules.rule import Rule

MOST_ROWS: Final = 1_000
"""Orders that a trial lists; the counts are of all."""


@frozen(kw_only=True)
class PastOrder:
    """An order as rules would have seen it at ``at``."""

    facts: OrderFacts
    at: datetime


@frozen(kw_only=True)
class TrialRow:
    """An order that at least one rule matched, with the answers. ``missed``: of the rules that did not, if asked."""

    order_no: str
    outcome: Outcome
    matched: tuple[Answer, ...]
    missed: tuple[Answer, ...] = ()


@frozen(kw_only=True)
class Trial:
    """What rules would have decided (试算). ``by_rule``: orders that each rule matched, 0 included."""

    orders: int
    outcomes: tuple[tuple[Outcome, int], ...]
    by_rule: tuple[tuple[str, int], ...]
    rows: tuple[TrialRow, ...]
    left_off: int

    @property
    def caught(self) -> int:
        """Orders that would have been intercepted."""
        return dict(self.outcomes)[Outcome.INTERCEPTED]


def try_rules(
    rules: Sequence[Rule], orders: Iterable[PastOrder], *, most_rows: int = MOST_ROWS, explain: bool = False
) -> Trial:
    """Return what the rules would have decided about each order, one by one and in bounded memory.

    They are tried as if each were enabled and active: what is tried is often not switched on yet.

    Args:
        explain: list every order, with what was in the way of each rule that did not hold.
    """
    tried = tuple(evolve(rule, enabled=True, active_from=None, active_to=None) for rule in rules)
    outcomes: Counter[Outcome] = Counter()
    by_rule: Counter[str] = Counter()
    rows: list[TrialRow] = []
    matching = 0
    for order in orders:
        decision = decide(tried, order.facts, at=order.at)
        outcomes[decision.outcome] += 1
        by_rule.update(answer.rule_id for answer in decision.matched)
        is_listed = explain or bool(decision.matched)
        matching += is_listed
        if is_listed and len(rows) < most_rows:
            answers = [ask(rule, order.facts, at=order.at) for rule in tried] if explain else []
            row = TrialRow(
                order_no=order.facts.order_no,
                outcome=decision.outcome,
                matched=decision.matched,
                missed=tuple(answer for answer in answers if not answer.verdict.holds),
            )
            rows.append(row)
    return Trial(
        orders=outcomes.total(),
        outcomes=tuple((outcome, outcomes[outcome]) for outcome in Outcome),
        by_rule=tuple((rule.id, by_rule[rule.id]) for rule in tried),
        rows=tuple(rows),
        left_off=matching - len(rows),
    )


def write_trial(trial: Trial) -> dict[str, Any]:
    """Return a trial as JSON has it."""
    return {
        "orders": trial.orders,
        "caught": trial.caught,
        "outcomes": {str(outcome): count for outcome, count in trial.outcomes},
        "by_rule": dict(trial.by_rule),
        "rows": [
            {
                "order_no": row.order_no,
                "outcome": str(row.outcome),
                "matched": [write_answer(answer) for answer in row.matched],
                "missed": [write_answer(answer) for answer in row.missed],
            }
            for row in trial.rows
        ],
        "left_off": trial.left_off,
    }


_TEXTS: Final[dict[Language, tuple[str, str, tuple[str, str, str, str]]]] = {
    "zh": ("会拦截 {caught} 单，共 {orders} 单", "另有 {n} 单未列出", ("订单号", "结果", "规则", "命中条件")),
    "en": (
        "would have caught {caught} of {orders}",
        "{n} more are not listed",
        ("order", "outcome", "rule", "what matched"),
    ),
}
OUTCOMES: Final[dict[Language, dict[Outcome, str]]] = {
    "zh": {Outcome.PASSED: "通过", Outcome.INTERCEPTED: "拦截", Outcome.WAITS: "等待"},
    "en": {Outcome.PASSED: "passed", Outcome.INTERCEPTED: "intercepted", Outcome.WAITS: "waits"},
}


def print_trial(trial: Trial, language: Language = "zh") -> str:
    """Return a trial as a table of text, which stays aligned where a Chinese character is two columns wide."""
    head, more, columns = _TEXTS[language]
    cells = [columns]
    for row in trial.rows:
        for answer in (*row.matched, *row.missed):
            found = "; ".join(print_verdict(answer.verdict, ORDER_FIELDS, language))
            outcome = OUTCOMES[language][row.outcome]
            cells.append((row.order_no, outcome, f"{_mark(answer)}{answer.name} v{answer.rule_version}", found))
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    lines = [head.format(caught=trial.caught, orders=trial.orders)]
    lines += ["  ".join(map(_padded, row, widths)).rstrip() for row in cells] if trial.rows else []
    return "\n".join([*lines, more.format(n=trial.left_off)] if trial.left_off else lines)


def _mark(answer: Answer) -> str:
    return "" if answer.verdict.holds else "✗ "


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
