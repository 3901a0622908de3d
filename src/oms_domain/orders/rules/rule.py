"""A rule (规则): a condition, and what follows when it holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from attrs import frozen

from oms_domain.conditions.form import checked
from oms_domain.conditions.tree import Condition
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.text import checked_text
from oms_domain.kernel.time import utc
from oms_domain.orders.rules.fields import ORDER_FIELDS

LONGEST_NAME: Final = 100
LONGEST_REASON: Final = 200
LAST_PRIORITY: Final = 1_000
"""Priorities are 0 to ``LAST_PRIORITY``; a lower number is asked first."""

_ID: Final = re.compile(r"[a-z0-9][a-z0-9_\-]{0,63}", re.ASCII)


class RuleKind(StrEnum):
    """What a rule is for (规则类型)."""

    INTERCEPTION = "interception"
    AUTO_REVIEW = "auto_review"


class RuleAction(StrEnum):
    """What follows when a rule holds (动作)."""

    INTERCEPT = "intercept"  # a person looks before the order moves on
    EXEMPT = "exempt"  # no interception rule of a later priority is asked
    LEAVE = "leave"  # a person reviews
    WAIT = "wait"  # not now: it is tried again
    PASS = "pass"


ACTIONS: Final[Mapping[RuleKind, tuple[RuleAction, ...]]] = {
    RuleKind.INTERCEPTION: (RuleAction.INTERCEPT, RuleAction.EXEMPT),
    RuleKind.AUTO_REVIEW: (RuleAction.LEAVE, RuleAction.WAIT, RuleAction.PASS),
}
"""The actions of each kind, the careful ones first: that is how rules of one priority are asked."""


@frozen(kw_only=True)
class InvalidRule(Invalid):
    """A part of a rule that is missing, of another kind or out of bounds."""

    code: ClassVar[str] = "rules.invalid"
    why: str


@frozen(kw_only=True)
class ActionDoesNotFit(Invalid):
    """Rules of this kind have no such action. ``allowed`` lists theirs."""

    code: ClassVar[str] = "rules.action_does_not_fit"
    action: str
    rule_kind: str
    allowed: tuple[str, ...]


@frozen(kw_only=True)
class Rule:
    """A rule of interception or automatic review. ``version`` is counted by its rule set.

    It is asked from ``active_from`` on and before ``active_to``; None: no bound.
    """

    id: str
    name: str
    kind: RuleKind
    condition: Condition
    action: RuleAction
    reason: str = ""  # for the people who see what it decided
    priority: int = 100
    active_from: datetime | None = None
    active_to: datetime | None = None
    enabled: bool = True
    version: int = 1

    def is_active(self, at: datetime) -> bool:
        """Whether it is asked at all."""
        begun = self.active_from is None or self.active_from <= at
        return self.enabled and begun and (self.active_to is None or at < self.active_to)

    @property
    def turn(self) -> tuple[int, int, str]:
        """What rules of one kind are asked by: priority, then the careful ones, then the id."""
        return (self.priority, ACTIONS[self.kind].index(self.action), self.id)


def checked_rule(rule: Rule, *, path: str = "rule") -> Rule:
    """Return the rule if it can be asked.

    Raises:
        InvalidRule, ActionDoesNotFit, InvalidText: ``field`` is the path below ``path``.
        Invalid: whatever ``conditions.form.read_condition`` refuses.
    """
    if not _ID.fullmatch(rule.id):
        raise InvalidRule(field=f"{path}.id", why="not_an_id")
    checked_text(rule.name, field=f"{path}.name", longest=LONGEST_NAME, allow_empty=False)
    checked_text(rule.reason, field=f"{path}.reason", longest=LONGEST_REASON)
    if rule.action not in ACTIONS[rule.kind]:
        allowed = tuple(map(str, ACTIONS[rule.kind]))
        raise ActionDoesNotFit(
            field=f"{path}.action", action=str(rule.action), rule_kind=str(rule.kind), allowed=allowed
        )
    if not 0 <= rule.priority <= LAST_PRIORITY:
        raise InvalidRule(field=f"{path}.priority", why="out_of_bounds")
    for name, at in (("active_from", rule.active_from), ("active_to", rule.active_to)):
        if at is not None:
            utc(at, field=f"{path}.{name}")
    if rule.active_from and rule.active_to and rule.active_from >= rule.active_to:
        raise InvalidRule(field=f"{path}.active_to", why="not_after_active_from")
    checked(rule.condition, ORDER_FIELDS, path=f"{path}.condition")
    return rule
