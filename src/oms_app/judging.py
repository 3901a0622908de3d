"""Judging orders (审单): the rules that count for a shop, asked about an order with what is known around it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve, frozen

from oms_app.ports.transaction import Transaction
from oms_app.surroundings import Lookout
from oms_domain.orders.rules.decide import Decision, decide
from oms_domain.orders.rules.facts import facts_of
from oms_domain.orders.rules.rule import Rule, RuleKind
from oms_domain.orders.rules.rule_set import RuleSet
from oms_domain.orders.rules.templates import rules_of_policy
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.shops.shop import Shop

BY_POLICY = "policy-"
"""Begins the ids of rules that stand in a shop's policy: their version is the shop's."""


@frozen(kw_only=True)
class Judge:
    """Asks a shop's rules about its orders."""

    lookout: Lookout

    def decision(self, tx: Transaction, order: SalesOrder, *, at: datetime) -> Decision | None:
        """Return what the rules of its shop say about an order; None where it has none."""
        rules = rules_that_count(tx.shops.get(order.shop_id), tx.rule_sets.of(order.shop_id))
        return self.asked(tx, order, rules, at=at) if rules else None

    def asked(self, tx: Transaction, order: SalesOrder, rules: Sequence[Rule], *, at: datetime) -> Decision:
        """Return what these rules say."""
        facts = facts_of(order, self.lookout.around(tx, order))
        return decide(rules, facts, passed=order.passed_rules, at=at)


def rules_that_count(shop: Shop, rule_set: RuleSet) -> tuple[Rule, ...]:
    """Return a shop's rules; without any of automatic review of its own, that of its policy is asked."""
    if any(rule.kind is RuleKind.AUTO_REVIEW for rule in rule_set.rules):
        return rule_set.rules
    of_policy = (
        evolve(rule, id=f"{BY_POLICY}{rule.id}", version=shop.version) for rule in rules_of_policy(shop.policy)
    )
    return (*rule_set.rules, *of_policy)
