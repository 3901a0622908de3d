"""The decision about one order: intercepted, passed, or waiting, with the rules that say so and what they saw.

First the interception rules are asked, then those of automatic review. Rules of a kind are asked by priority (a lower
number first), at one priority the careful ones first, then by id; so no two rules can contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from attrs import evolve, frozen

from oms_domain.conditions.form import write_operand
from oms_domain.conditions.judge import Finding, Verdict, judge
from oms_domain.orders.rules.facts import OrderFacts
from oms_domain.orders.rules.fields import ORDER_FIELDS
from oms_domain.orders.rules.rule import Rule, RuleAction, RuleKind


class Outcome(StrEnum):
    """What was decided (审单结果)."""

    PASSED = "passed"
    INTERCEPTED = "intercepted"
    WAITS = "waits"  # for a person, or to be tried again


@frozen(kw_only=True)
class Answer:
    """What one rule said: by id and version, with the tests that settled it."""

    rule_id: str
    rule_version: int
    name: str
    action: RuleAction
    reason: str
    verdict: Verdict

    @property
    def key(self) -> tuple[str, int]:
        """The rule by id and version."""
        return self.rule_id, self.rule_version

    @property
    def named(self) -> str:
        """The rule as a log names it, such as ``blacklist@3``."""
        return f"{self.rule_id}@{self.rule_version}"


@frozen(kw_only=True)
class Decision:
    """What was decided about an order, and by which rules.

    ``matched`` hold, the one that decided first: every interception rule that held, or an exemption and the rule of
    automatic review. ``missed`` are rules that would have passed the order, with what was in the way. With neither, no
    rule passes it and a person must look. ``let_pass`` hold as well, and a person has let the order pass them.
    ``asked`` names the interception rules that did not hold.
    """

    outcome: Outcome
    try_again: bool = False  # a rule says not now
    matched: tuple[Answer, ...] = ()
    missed: tuple[Answer, ...] = ()
    let_pass: tuple[Answer, ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """The rule that decided first, as a log names it; empty if none did.

        >>> Decision(outcome=Outcome.WAITS).rule
        ''
        """
        return self.matched[0].named if self.matched else ""

    @property
    def tells(self) -> bool:
        """Whether any rule had something to say."""
        return bool(self.matched or self.missed or self.let_pass or self.asked)


def decide(
    rules: Iterable[Rule], facts: OrderFacts, *, passed: Iterable[tuple[str, int]] = (), at: datetime
) -> Decision:
    """Return what the rules that are active at ``at`` decide.

    Args:
        passed: interception rules by id and version that a person has let the order pass: these stop it no more.
    """
    active = sorted((rule for rule in rules if rule.is_active(at)), key=lambda rule: rule.turn)
    interception = [rule for rule in active if rule.kind is RuleKind.INTERCEPTION]
    review = [rule for rule in active if rule.kind is RuleKind.AUTO_REVIEW]
    holding, exempted, asked = _interception(interception, facts, at)
    known = frozenset(passed)
    let_pass = tuple(answer for answer in holding if answer.key in known)
    intercepted = [answer for answer in holding if answer.key not in known]
    if intercepted:
        matched = (*intercepted, *exempted)
        return Decision(outcome=Outcome.INTERCEPTED, matched=matched, let_pass=let_pass, asked=asked)
    return evolve(_review(review, facts, at, exempted), let_pass=let_pass, asked=asked)


def _interception(
    rules: list[Rule], facts: OrderFacts, at: datetime
) -> tuple[list[Answer], list[Answer], tuple[str, ...]]:
    """Return what intercepts, up to the first exemption, that exemption, and what did not hold."""
    intercepted, asked = list[Answer](), list[str]()
    for rule in rules:
        answer = ask(rule, facts, at=at)
        if answer.verdict.holds and rule.action is RuleAction.EXEMPT:
            return intercepted, [answer], tuple(asked)
        if answer.verdict.holds:
            intercepted.append(answer)
        else:
            asked.append(answer.named)
    return intercepted, [], tuple(asked)


def _review(rules: list[Rule], facts: OrderFacts, at: datetime, exempted: list[Answer]) -> Decision:
    """The first rule that holds decides."""
    missed: list[Answer] = []
    for rule in rules:
        answer = ask(rule, facts, at=at)
        if answer.verdict.holds:
            return Decision(
                outcome=Outcome.PASSED if rule.action is RuleAction.PASS else Outcome.WAITS,
                try_again=rule.action is RuleAction.WAIT,
                matched=(answer, *exempted),
                missed=tuple(missed),
            )
        missed += [answer] if rule.action is RuleAction.PASS else []
    return Decision(outcome=Outcome.WAITS, matched=tuple(exempted), missed=tuple(missed))


def ask(rule: Rule, facts: OrderFacts, *, at: datetime) -> Answer:
    """Return what one rule says, whether it is active or not."""
    return Answer(
        rule_id=rule.id,
        rule_version=rule.version,
        name=rule.name,
        action=rule.action,
        reason=rule.reason,
        verdict=judge(rule.condition, facts, ORDER_FIELDS, at=at),
    )


def write_decision(decision: Decision) -> dict[str, Any]:
    """Return what the log keeps of a decision, as JSON has it."""
    return {
        "outcome": str(decision.outcome),
        "try_again": decision.try_again,
        "matched": [write_answer(answer) for answer in decision.matched],
        "missed": [write_answer(answer) for answer in decision.missed],
        "let_pass": [write_answer(answer) for answer in decision.let_pass],
    } | ({"asked": list(decision.asked)} if decision.asked else {})


def write_answer(answer: Answer) -> dict[str, Any]:
    """Return what one rule said, as JSON has it."""
    return {
        "rule_id": answer.rule_id,
        "rule_version": answer.rule_version,
        "name": answer.name,
        "action": str(answer.action),
        "reason": answer.reason,
        "holds": answer.verdict.holds,
        "findings": [_finding(finding) for finding in answer.verdict.findings],
        "left_off": answer.verdict.left_off,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    form = {
        "path": finding.path,
        "field": finding.field,
        "op": str(finding.op),
        "value": write_operand(finding.value),
        "seen": write_operand(finding.seen),
        "held": finding.held,
    }
    form |= {"line": finding.line} if finding.line is not None else {}
    return form | ({"hits": list(finding.hits)} if finding.hits else {})
