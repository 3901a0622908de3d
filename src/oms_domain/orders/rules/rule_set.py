"""The rules of a shop (规则集), versioned: a decision names the version of the set and of the rule."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final, NewType
from uuid import UUID

from attrs import evolve, field, frozen

from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import NotFound, Refused
from oms_domain.kernel.identity import ShopId
from oms_domain.orders.rules.rule import Rule, RuleAction, RuleKind, checked_rule

RuleSetId = NewType("RuleSetId", UUID)

MOST_RULES: Final = 200
"""Rules of one shop. Each order asks them all."""


@frozen(kw_only=True)
class RuleNotFound(NotFound):
    """The shop has no such rule."""

    code: ClassVar[str] = "rules.not_found"
    rule_id: str


@frozen(kw_only=True)
class TooManyRules(Refused):
    """The shop has as many rules as it may have. Remove one first."""

    code: ClassVar[str] = "rules.too_many"
    most: int


@frozen(kw_only=True)
class RuleSetEvent(Event):
    """A fact about the rules of a shop."""

    rule_set_id: RuleSetId
    shop_id: ShopId
    rule_id: str
    rule_version: int

    @property
    def stream(self) -> UUID:
        return self.rule_set_id


@frozen(kw_only=True)
class RulePut(RuleSetEvent):
    """A rule was added, or changed."""

    type: ClassVar[str] = "rules.rule_put"
    name: str
    kind: RuleKind
    action: RuleAction
    enabled: bool


@frozen(kw_only=True)
class RuleRemoved(RuleSetEvent):
    """A rule was taken out. Its last version is kept, so that no version ever means two conditions."""

    type: ClassVar[str] = "rules.rule_removed"


@frozen(kw_only=True)
class RuleSet:
    """The rules of a shop, by id. ``removed`` keeps the last version of each rule that was taken out."""

    id: RuleSetId
    shop_id: ShopId
    rules: tuple[Rule, ...] = ()
    removed: tuple[tuple[str, int], ...] = ()
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)  # counted by the store

    def rule(self, rule_id: str) -> Rule:
        """Raises RuleNotFound."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise RuleNotFound(rule_id=rule_id[:64])

    def put(self, rule: Rule, *, at: datetime) -> Change[RuleSet]:
        """Add the rule, or put it in the place of the one with its id, as the next version of it.

        A rule that says what it said before changes nothing.

        Raises:
            TooManyRules: it would be one more than ``MOST_RULES``.
            Invalid: whatever ``checked_rule`` refuses.
        """
        before = next((one for one in self.rules if one.id == rule.id), None)
        last = before.version if before else dict(self.removed).get(rule.id, 0)
        if before and evolve(rule, version=last) == before:
            return Change(self)
        if not before and len(self.rules) >= MOST_RULES:
            raise TooManyRules(most=MOST_RULES)
        put = evolve(checked_rule(rule), version=last + 1)
        others = [one for one in self.rules if one.id != rule.id]
        rules = tuple(sorted([*others, put], key=lambda one: one.id))
        removed = tuple(pair for pair in self.removed if pair[0] != rule.id)
        event = RulePut(
            rule_set_id=self.id,
            shop_id=self.shop_id,
            rule_id=put.id,
            rule_version=put.version,
            name=put.name,
            kind=put.kind,
            action=put.action,
            enabled=put.enabled,
            at=at,
        )
        return Change(evolve(self, rules=rules, removed=removed, updated_at=at), (event,))

    def remove(self, rule_id: str, *, at: datetime) -> Change[RuleSet]:
        """Take a rule out. Raises RuleNotFound."""
        gone = self.rule(rule_id)
        rules = tuple(rule for rule in self.rules if rule.id != rule_id)
        removed = tuple(sorted([*self.removed, (gone.id, gone.version)]))
        event = RuleRemoved(
            rule_set_id=self.id, shop_id=self.shop_id, rule_id=gone.id, rule_version=gone.version, at=at
        )
        return Change(evolve(self, rules=rules, removed=removed, updated_at=at), (event,))
