"""Rules as JSON, both ways: a closed form. ``docs/reference/rules.md`` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, TypeVar

from attrs import frozen

from oms_domain.conditions.form import read_condition, write_condition
from oms_domain.kernel.errors import Invalid, InvalidTime
from oms_domain.kernel.time import utc
from oms_domain.orders.rules.fields import ORDER_FIELDS
from oms_domain.orders.rules.rule import InvalidRule, Rule, RuleAction, RuleKind, checked_rule

Word = TypeVar("Word", bound=StrEnum)

_KEYS: Final = (
    "id",
    "name",
    "kind",
    "condition",
    "action",
    "reason",
    "priority",
    "active_from",
    "active_to",
    "enabled",
)


@frozen(kw_only=True)
class UnknownRuleKey(Invalid):
    """The form of a rule is closed: it has no such key. ``known`` lists what it has."""

    code: ClassVar[str] = "rules.unknown_key"
    known: tuple[str, ...]


def read_rule(data: Any, *, path: str = "rule") -> Rule:
    """Read a rule; its version is counted by the rule set that it is put into.

    Raises:
        InvalidRule, UnknownRuleKey, ActionDoesNotFit, InvalidText, and what ``read_condition`` raises: ``field`` is the
            path of what is wrong, below ``path``.
    """
    if not isinstance(data, Mapping):
        raise InvalidRule(field=path, why="not_an_object")
    for name in data:
        if name not in _KEYS:
            raise UnknownRuleKey(field=f"{path}.{str(name)[:40]}", known=_KEYS)
    fields = _Fields(data, path)
    rule = Rule(
        id=fields.text("id"),
        name=fields.text("name"),
        kind=fields.word("kind", RuleKind),
        condition=read_condition(data.get("condition"), ORDER_FIELDS, path=f"{path}.condition"),
        action=fields.word("action", RuleAction),
        reason=fields.text("reason", ""),
        priority=fields.whole("priority", 100),
        active_from=fields.instant("active_from"),
        active_to=fields.instant("active_to"),
        enabled=fields.truth("enabled", True),
    )
    return checked_rule(rule, path=path)


def write_rule(rule: Rule) -> dict[str, Any]:
    """Return the form of a rule: the inverse of ``read_rule``, its version apart."""
    form: dict[str, Any] = {
        "id": rule.id,
        "name": rule.name,
        "kind": str(rule.kind),
        "condition": write_condition(rule.condition),
        "action": str(rule.action),
        "reason": rule.reason,
        "priority": rule.priority,
    }
    form |= {"active_from": rule.active_from.isoformat()} if rule.active_from else {}
    form |= {"active_to": rule.active_to.isoformat()} if rule.active_to else {}
    return form | {"enabled": rule.enabled}


@frozen
class _Fields:
    """The plain fields of a rule, each by its kind."""

    values: Mapping[str, Any]
    path: str

    def wrong(self, name: str, why: str) -> InvalidRule:
        return InvalidRule(field=f"{self.path}.{name}", why=why)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.values.get(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, "not_a_text")
        return value

    def word(self, name: str, words: type[Word]) -> Word:
        try:
            return words(self.text(name))
        except ValueError:
            raise self.wrong(name, "unknown_word") from None

    def whole(self, name: str, default: int) -> int:
        value = self.values.get(name, default)
        if type(value) is not int:
            raise self.wrong(name, "not_a_whole_number")
        return value

    def truth(self, name: str, default: bool) -> bool:
        value = self.values.get(name, default)
        if type(value) is not bool:
            raise self.wrong(name, "not_true_or_false")
        return value

    def instant(self, name: str) -> datetime | None:
        value = self.values.get(name)
        if value is None:
            return None
        try:
            return utc(datetime.fromisoformat(value[:40]), field=name)
        except (TypeError, ValueError, OverflowError, InvalidTime):
            raise self.wrong(name, "not_an_instant") from None
