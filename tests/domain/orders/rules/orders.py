"""Facts and rules that the tests of rules start from."""

from datetime import timedelta
from typing import Any

from attrs import evolve

from oms_domain.conditions.operators import Op
from oms_domain.conditions.tree import Check
from oms_domain.orders.rules.facts import LineFacts, OrderFacts, Surroundings
from oms_domain.orders.rules.rule import Rule, RuleAction, RuleKind
from oms_domain.testing.builders import NOW

QUIET = Surroundings(
    address_complete=True,
    merge_window_open=False,
    phone_blacklisted=False,
    address_blacklisted=False,
    buyer_blacklisted=False,
    same_address_orders_1h=0,
    same_address_orders_24h=0,
    same_address_orders_7d=0,
    buyer_orders=3,
    region_codes=("44", "4403", "440305"),
)
"""Nothing out of the ordinary."""


def a_line(**changes: Any) -> LineFacts:
    return evolve(LineFacts(sku="SCARF-RED", units=2, net_fen=18800, floor_fen=8000, cost_fen=5000), **changes)


def an_order(*, around: Surroundings = QUIET, **changes: Any) -> OrderFacts:
    """An ordinary order of 196.00, paid an hour ago."""
    facts: dict[str, Any] = {
        "order_no": "S20261123-000001",
        "payable_fen": 19600,
        "paid_fen": 19600,
        "lines": (a_line(),),
        "placed_at": NOW - timedelta(minutes=70),
        "paid_at": NOW - timedelta(minutes=60),
        "around": around,
    }
    return OrderFacts(**facts | changes)


def around(**changes: Any) -> Surroundings:
    return evolve(QUIET, **changes)


def a_rule(**changes: Any) -> Rule:
    """Intercepts from 500.00."""
    facts: dict[str, Any] = {
        "id": "dear",
        "name": "金额过高",
        "kind": RuleKind.INTERCEPTION,
        "condition": Check("payable_fen", Op.AT_LEAST, 50000),
        "action": RuleAction.INTERCEPT,
        "reason": "请核实",
    }
    return Rule(**facts | changes)
