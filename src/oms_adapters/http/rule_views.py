"""What answers show of rules, and of what they decided: as data, and in words of both languages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from oms_adapters.http.views import View
from oms_app.ports.rules import KeptRule
from oms_domain.conditions.form import write_condition
from oms_domain.conditions.printing import print_condition
from oms_domain.orders.rules.fields import ORDER_FIELDS
from oms_domain.orders.rules.logged import print_answer
from oms_domain.orders.rules.rule import Rule
from oms_domain.orders.rules.templates import Parameter, Template


class Words(View):
    """A text in both languages."""

    zh: str
    en: str


class Sentences(View):
    """Texts in both languages, each in its place."""

    zh: list[str]
    en: list[str]


class RuleView(View):
    """A rule of review or interception. ``words``: its condition."""

    id: str
    version: int
    name: str
    kind: str
    condition: dict[str, Any]
    words: Words
    action: str
    reason: str
    priority: int
    active_from: datetime | None
    active_to: datetime | None
    enabled: bool

    @classmethod
    def of(cls, rule: Rule) -> RuleView:
        condition = rule.condition
        return cls(
            id=rule.id,
            version=rule.version,
            name=rule.name,
            kind=rule.kind,
            condition=write_condition(condition),
            words=Words(
                zh=print_condition(condition, ORDER_FIELDS, "zh"), en=print_condition(condition, ORDER_FIELDS, "en")
            ),
            action=rule.action,
            reason=rule.reason,
            priority=rule.priority,
            active_from=rule.active_from,
            active_to=rule.active_to,
            enabled=rule.enabled,
        )


class KeptRuleView(View):
    """A version of a rule, with who put it and when."""

    rule: RuleView
    at: datetime
    by: str

    @classmethod
    def of(cls, kept: KeptRule) -> KeptRuleView:
        return cls(rule=RuleView.of(kept.rule), at=kept.at, by=kept.by)


class ParameterView(View):
    """What can be set of a template; ``default`` null: it must be."""

    name: str
    sort: str
    default: Any
    words: Words

    @classmethod
    def of(cls, parameter: Parameter) -> ParameterView:
        default = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
        words = Words(zh=parameter.zh, en=parameter.en)
        return cls(name=parameter.name, sort=parameter.sort.name.lower(), default=default, words=words)


class TemplateView(View):
    """A known risk, or the usual automatic review, to be filled in (规则模板)."""

    name: str
    words: Words
    parameters: list[ParameterView]

    @classmethod
    def of(cls, template: Template) -> TemplateView:
        return cls(
            name=template.name,
            words=Words(zh=template.zh, en=template.en),
            parameters=[ParameterView.of(each) for each in template.parameters],
        )


class RuleAnswerView(View):
    """What one rule said of an order: the tests that settled it, as data and in words."""

    rule_id: str
    rule_version: int
    name: str
    action: str
    reason: str
    holds: bool
    findings: list[dict[str, Any]]
    words: Sentences
    left_off: int

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> RuleAnswerView:
        return cls(
            rule_id=answer["rule_id"],
            rule_version=answer["rule_version"],
            name=answer["name"],
            action=answer["action"],
            reason=answer["reason"],
            holds=answer["holds"],
            findings=list(answer["findings"]),
            words=Sentences(zh=list(print_answer(answer, "zh")), en=list(print_answer(answer, "en"))),
            left_off=answer["left_off"],
        )


class DecisionView(View):
    """What rules decided (审单决定).

    ``matched`` hold, the one that decided first; ``missed`` would have passed the order, with what was in the way;
    ``let_pass`` hold too, and a person has let the order pass them.
    """

    outcome: str
    try_again: bool
    matched: list[RuleAnswerView]
    missed: list[RuleAnswerView]
    let_pass: list[RuleAnswerView]
    left_off: int

    @classmethod
    def of(cls, decision: Mapping[str, Any]) -> DecisionView:
        return cls(
            outcome=decision["outcome"],
            try_again=decision["try_again"],
            matched=[RuleAnswerView.of(answer) for answer in decision["matched"]],
            missed=[RuleAnswerView.of(answer) for answer in decision["missed"]],
            let_pass=[RuleAnswerView.of(answer) for answer in decision["let_pass"]],
            left_off=decision.get("left_off", 0),
        )


class TrialRowView(View):
    """An order of the past that a rule matched. ``missed``: the rules that did not, of orders that were named."""

    order_no: str
    outcome: str
    matched: list[RuleAnswerView]
    missed: list[RuleAnswerView]


class TrialView(View):
    """What rules would have decided (试算): of ``orders`` orders ``caught`` would have been intercepted."""

    orders: int
    caught: int
    outcomes: dict[str, int]
    by_rule: dict[str, int]
    rows: list[TrialRowView]
    left_off: int

    @classmethod
    def of(cls, trial: Mapping[str, Any]) -> TrialView:
        rows = [
            TrialRowView(
                order_no=row["order_no"],
                outcome=row["outcome"],
                matched=[RuleAnswerView.of(answer) for answer in row["matched"]],
                missed=[RuleAnswerView.of(answer) for answer in row["missed"]],
            )
            for row in trial["rows"]
        ]
        return cls(
            orders=trial["orders"],
            caught=trial["caught"],
            outcomes=trial["outcomes"],
            by_rule=trial["by_rule"],
            rows=rows,
            left_off=trial["left_off"],
        )
