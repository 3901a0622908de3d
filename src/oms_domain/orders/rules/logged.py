"""What an order's log keeps of a decision, and reading it again as sentences.

A log row is small whatever rules there are: of a test only the first values that it compares with are kept, of a rule
the first tests that settled it, of a decision the first rules. The rule itself can be read again by id and version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import evolve, frozen

from oms_domain.conditions.errors import FactOutOfPlace, UnknownFact
from oms_domain.conditions.fields import FieldKind
from oms_domain.conditions.judge import Finding, Verdict
from oms_domain.conditions.operators import Op
from oms_domain.conditions.printing import MOST_PRINTED, Language, print_finding
from oms_domain.orders.rules.decide import Answer, Decision, Outcome, write_decision
from oms_domain.orders.rules.fields import ORDER_FIELDS
from oms_domain.orders.rules.trial import OUTCOMES

MOST_ANSWERS: Final = 20
"""Rules that are kept of those that matched, and as many of those that did not; ``left_off`` counts the others."""
MOST_FINDINGS: Final = 10


def log_decision(decision: Decision) -> dict[str, Any]:
    """Return what the log keeps of a decision, as JSON has it."""
    groups = (decision.matched, decision.missed, decision.let_pass)
    matched, missed, let_pass = (tuple(map(_kept, group[:MOST_ANSWERS])) for group in groups)
    left_off = sum(max(len(group) - MOST_ANSWERS, 0) for group in (*groups, decision.asked))
    asked = decision.asked[:MOST_ANSWERS]
    form = write_decision(evolve(decision, matched=matched, missed=missed, let_pass=let_pass, asked=asked))
    return form | ({"left_off": left_off} if left_off else {})


def _kept(answer: Answer) -> Answer:
    findings = answer.verdict.findings[:MOST_FINDINGS]
    left_off = answer.verdict.left_off + len(answer.verdict.findings) - len(findings)
    return evolve(
        answer,
        verdict=Verdict(
            holds=answer.verdict.holds,
            findings=tuple(
                evolve(finding, value=_first(finding.value), hits=_first(finding.hits)) for finding in findings
            ),
            left_off=left_off,
        ),
    )


def _first(value: Any) -> Any:
    return value[:MOST_PRINTED] if isinstance(value, tuple) else value


def print_answer(answer: Mapping[str, Any], language: Language = "zh") -> tuple[str, ...]:
    """Return a sentence for each test that a log keeps of a rule. Of a field that there is no more: its name."""
    return tuple(_sentence(form, language) for form in answer["findings"])


def print_decision(decision: Mapping[str, Any], language: Language = "zh") -> str:
    """Return what a log keeps of a decision as one sentence: the outcome, and what each rule saw that led to it."""
    words = _WORDS[language]
    led = decision["matched"] or decision["missed"]
    parts = [OUTCOMES[language][Outcome(decision["outcome"])]]
    parts += [_said(answer, language) for answer in led]
    parts += [words.let_pass.format(rule=_said(answer, language)) for answer in decision.get("let_pass", ())]
    if asked := decision.get("asked"):
        parts.append(words.asked.format(rules=words.comma.join(asked)))
    return words.semicolon.join(parts)


def _said(answer: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    rule = f"{answer['name']} v{answer['rule_version']}"
    return words.rule.format(rule=rule, saw=words.comma.join(print_answer(answer, language)))


@frozen
class _Words:
    rule: str
    let_pass: str
    asked: str
    comma: str
    semicolon: str


_WORDS: Final[Mapping[Language, _Words]] = {
    "zh": _Words("{rule}：{saw}", "已人工放行 {rule}", "拦截规则未命中 {rules}", "，", "；"),
    "en": _Words("{rule}: {saw}", "let pass by a person: {rule}", "not intercepted by {rules}", ", ", "; "),
}


def _sentence(form: Mapping[str, Any], language: Language) -> str:
    line = form.get("line")
    try:
        kind = ORDER_FIELDS.kind_of(form["field"], of_line=line is not None)
    except (UnknownFact, FactOutOfPlace):
        return f"{form['field']} {form['op']}"
    read = _READ.get(kind, _same)
    finding = Finding(
        path=form["path"],
        line=line,
        field=form["field"],
        op=Op(form["op"]),
        value=_read(form["value"], read),
        seen=_read(form["seen"], read),
        held=form["held"],
        hits=tuple(form.get("hits", ())),
    )
    return print_finding(finding, ORDER_FIELDS, language)


def _read(value: Any, read: Callable[[Any], Any]) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(read(one) for one in value)
    return read(value)


def _same(value: Any) -> Any:
    return value


def _instant(value: Any) -> Any:
    """An instant as it was written; minutes, which an age is compared with, stay."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


_READ: Final[Mapping[FieldKind, Callable[[Any], Any]]] = {FieldKind.INSTANT: _instant}
