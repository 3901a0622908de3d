"""Judging orders (审单): the rules that count for a shop, asked about an order with what is known around it."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve, frozen

from oms_app.merging import merge_waits_until
from oms_app.ports.transaction import Transaction
from oms_app.surroundings import Lookout
from oms_domain.orders.rules.decide import Decision, Outcome, decide
from oms_domain.orders.rules.facts import facts_of
from oms_domain.orders.rules.judging import judge_again_at
from oms_domain.orders.rules.rule import Rule, RuleKind
from oms_domain.orders.rules.rule_set import RuleSet
from oms_domain.orders.rules.templates import rules_of_policy
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.shops.shop import Shop

BY_POLICY = "policy-"
"""Begins the ids of rules that stand in a shop's policy: their version is the shop's."""


@frozen(kw_only=True)
class Judgement:
    """What rules say about an order, and when to ask them again if one of them lets it wait."""

    decision: Decision
    again_at: datetime | None = None


@frozen(kw_only=True)
class Judge:
    """Asks a shop's rules about its orders."""

    lookout: Lookout

    def judge(self, tx: Transaction, order: SalesOrder, *, at: datetime) -> Judgement | None:
        """Return what the rules of its shop say about an order; None where none has anything to say."""
        shop = tx.shops.get(order.shop_id)
        rules = rules_that_count(shop, tx.rule_sets.of(shop.id))
        if not rules:
            return None
        merges_at = merge_waits_until(tx, order, shop.policy, at)
        around = evolve(self.lookout.around(tx, order), merge_window_open=merges_at is not None)
        decision = decide(rules, facts_of(order, around), passed=order.passed_rules, at=at)
        if not decision.tells:
            return None
        turns = [judge_again_at(decision, at=at), *([merges_at] if merges_at else [])]
        return Judgement(decision=decision, again_at=min(turns) if decision.try_again else None)

    def intercepts(self, tx: Transaction, order: SalesOrder, at: datetime) -> Decision | None:
        """Return by which rules an order is intercepted that nobody has let it pass, None if by none.

        A person who reviews it must not be faster than the rules.
        """
        rules = [rule for rule in tx.rule_sets.of(order.shop_id).rules if rule.kind is RuleKind.INTERCEPTION]
        if not any(rule.is_active(at) for rule in rules):
            return None
        facts = facts_of(order, self.lookout.around(tx, order))
        decision = decide(rules, facts, passed=order.passed_rules, at=at)
        return decision if decision.outcome is Outcome.INTERCEPTED else None


def rules_that_count(shop: Shop, rule_set: RuleSet) -> tuple[Rule, ...]:
    """Return a shop's rules; without any of automatic review of its own, that of its policy is asked."""
    if any(rule.kind is RuleKind.AUTO_REVIEW for rule in rule_set.rules):
        return rule_set.rules
    of_policy = (
        evolve(rule, id=f"{BY_POLICY}{rule.id}", version=shop.version) for rule in rules_of_policy(shop.policy)
    )
    return (*rule_set.rules, *of_policy)
