"""One order, all rules: intercepted, passed or waiting, with the rules that say so and what they saw."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.orders.rules.orders import a_line, a_rule, an_order, around
from tests.domain.orders.rules.test_rules import rules

from oms_domain.conditions.operators import Op
from oms_domain.conditions.tree import Check
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.money import Money
from oms_domain.orders.rules.decide import Outcome, decide, write_decision
from oms_domain.orders.rules.rule import InvalidRule, RuleAction, RuleKind
from oms_domain.orders.rules.templates import (
    TEMPLATES,
    UnknownParameter,
    UnknownTemplate,
    from_template,
    rules_of_policy,
)
from oms_domain.shops.shop import ShopPolicy
from oms_domain.testing.builders import NOW

ALWAYS = Check("line_count", Op.AT_LEAST, 0)
NEEDED = {"amount-too-high": {"limit_fen": 50000}, "keywords": {"words": ["加急", "改地址"]}}
INTERCEPTIONS = [name for name in TEMPLATES if name != "auto-review"]
ALL_INTERCEPTIONS = [rule for name in INTERCEPTIONS for rule in from_template(name, NEEDED.get(name, {}))]


def reviews(rule_id, action, *, priority=100, condition=ALWAYS):
    return a_rule(id=rule_id, kind=RuleKind.AUTO_REVIEW, action=action, priority=priority, condition=condition)


def told(decision):
    return decision.outcome, [answer.rule_id for answer in decision.matched]


# --- priority and conflicts ------------------------------------------------------------------------------------------


def test_without_rules_a_person_looks():
    decision = decide((), an_order(), at=NOW)

    assert told(decision) == (Outcome.WAITS, [])
    assert (decision.try_again, decision.missed, decision.rule, decision.tells) == (False, (), "", False)


def test_interception_comes_before_review_and_names_all_that_matched_the_first_priority_first():
    rules = (
        reviews("pass-all", RuleAction.PASS, priority=0),
        a_rule(id="b", condition=ALWAYS, priority=5),
        a_rule(id="a", condition=ALWAYS, priority=5),
        a_rule(id="c", condition=ALWAYS, priority=1),
        a_rule(id="dear"),
    )

    decision = decide(rules, an_order(), at=NOW)
    assert told(decision) == (Outcome.INTERCEPTED, ["c", "a", "b"])
    assert (decision.rule, decision.tells) == ("c@1", True)


def test_an_exemption_silences_the_interceptions_after_it_and_not_those_before():
    exempt = a_rule(
        id="regulars", condition=Check("buyer_orders", Op.AT_LEAST, 3), action=RuleAction.EXEMPT, priority=50
    )
    late, early = a_rule(id="late", condition=ALWAYS), a_rule(id="early", condition=ALWAYS, priority=10)

    assert told(decide((late, exempt), an_order(), at=NOW)) == (Outcome.WAITS, ["regulars"])
    assert told(decide((late, exempt, early), an_order(), at=NOW)) == (Outcome.INTERCEPTED, ["early", "regulars"])
    new_buyer = an_order(around=around(buyer_orders=0))
    assert told(decide((late, exempt), new_buyer, at=NOW)) == (Outcome.INTERCEPTED, ["late"])


def test_at_one_priority_the_careful_rule_wins():
    exempt = a_rule(id="a-exempt", condition=ALWAYS, action=RuleAction.EXEMPT)
    intercept = a_rule(id="z-intercept", condition=ALWAYS)
    review = [reviews(action, action) for action in (RuleAction.PASS, RuleAction.WAIT, RuleAction.LEAVE)]

    assert decide((exempt, intercept), an_order(), at=NOW).outcome is Outcome.INTERCEPTED
    assert told(decide(review, an_order(), at=NOW)) == (Outcome.WAITS, ["leave"])
    assert told(decide(review[:2], an_order(), at=NOW)) == (Outcome.WAITS, ["wait"])
    assert decide(review[:2], an_order(), at=NOW).try_again


def test_the_first_rule_of_review_that_holds_decides():
    rules = (reviews("leave", RuleAction.LEAVE, priority=2), reviews("pass", RuleAction.PASS, priority=1))

    assert told(decide(rules, an_order(), at=NOW)) == (Outcome.PASSED, ["pass"])


def test_only_rules_that_are_active_are_asked():
    off = a_rule(id="off", condition=ALWAYS, enabled=False)
    tomorrow = a_rule(id="tomorrow", condition=ALWAYS, active_from=NOW + timedelta(days=1))

    assert told(decide((off, tomorrow), an_order(), at=NOW)) == (Outcome.WAITS, [])
    assert told(decide((off, tomorrow), an_order(), at=NOW + timedelta(days=1))) == (Outcome.INTERCEPTED, ["tomorrow"])


@given(st.lists(rules(), max_size=5, unique_by=lambda rule: rule.id), st.randoms(use_true_random=False))
def test_the_order_in_which_rules_are_kept_means_nothing(given_rules, random):
    shuffled = list(given_rules)
    random.shuffle(shuffled)

    assert decide(shuffled, an_order(), at=NOW) == decide(given_rules, an_order(), at=NOW)


# --- the log ---------------------------------------------------------------------------------------------------------


def test_a_decision_is_logged_with_rule_version_and_the_condition_that_matched():
    dear = a_rule(version=4)

    decision = decide((dear,), an_order(payable_fen=61200), at=NOW)

    assert json.loads(json.dumps(write_decision(decision))) == {
        "outcome": "intercepted",
        "try_again": False,
        "matched": [
            {
                "rule_id": "dear",
                "rule_version": 4,
                "name": "金额过高",
                "action": "intercept",
                "reason": "请核实",
                "holds": True,
                "findings": [
                    {
                        "path": "",
                        "field": "payable_fen",
                        "op": "at_least",
                        "value": 50000,
                        "seen": 61200,
                        "held": True,
                    }
                ],
                "left_off": 0,
            }
        ],
        "missed": [],
        "let_pass": [],
    }


def test_what_kept_an_order_from_passing_is_logged():
    (wait, passes) = from_template("auto-review", {"up_to_fen": 10000})

    decision = decide((wait, passes), an_order(buyer_remark="请加急"), at=NOW)

    (missed,) = write_decision(decision)["missed"]
    assert missed["rule_id"] == "auto-review"
    assert [(finding["field"], finding["seen"]) for finding in missed["findings"]] == [
        ("payable_fen", 19600),
        ("buyer_remark", "请加急"),
    ]


def test_what_a_keyword_rule_found_and_on_which_line_is_logged():
    (keywords,) = from_template("keywords", {"words": ["加急", "改地址"]})
    (quantity,) = from_template("quantity-too-high", {"line_units": 2})

    decision = decide((keywords, quantity), an_order(seller_remark="客户要改地址"), at=NOW)

    found = [finding for answer in write_decision(decision)["matched"] for finding in answer["findings"]]
    assert [(f["path"], f.get("hits"), f.get("line")) for f in found] == [
        ("any[1]", ["改地址"], None),
        ("any[1].any_line", None, 0),
    ]


def test_a_buyers_id_leaves_no_trace_in_the_log():
    known = a_rule(condition=Check("buyer_id", Op.IN, ("buyer-77", "buyer-78")))

    decision = decide((known,), an_order(buyer_id="buyer-77"), at=NOW)

    (finding,) = write_decision(decision)["matched"][0]["findings"]
    assert (finding["seen"], "hits" in finding) == ("***", False)


# --- the built-in rules ----------------------------------------------------------------------------------------------


def test_an_ordinary_order_is_caught_by_none_of_them():
    assert told(decide(ALL_INTERCEPTIONS, an_order(), at=NOW)) == (Outcome.WAITS, [])


@pytest.mark.parametrize(
    ("order", "caught_by"),
    [
        (an_order(around=around(phone_blacklisted=True)), "blacklist"),
        (an_order(around=around(address_blacklisted=True)), "blacklist"),
        (an_order(around=around(buyer_blacklisted=True)), "blacklist"),
        (an_order(payable_fen=50000), "amount-too-high"),
        (an_order(lines=(a_line(units=50, net_fen=470000),)), "quantity-too-high"),
        (an_order(lines=(a_line(units=25, net_fen=235000),) * 4), "quantity-too-high"),
        (an_order(lines=(a_line(net_fen=15999),)), "price-guard"),
        (an_order(lines=(a_line(floor_fen=None, cost_fen=9401),)), "price-guard"),
        (an_order(buyer_remark="麻烦加急"), "keywords"),
        (an_order(seller_remark="要改地址"), "keywords"),
        (an_order(lines=(a_line(), a_line(is_mapped=False))), "unknown-sku"),
        (an_order(around=around(region_codes=("65", "6501", "650102"))), "remote-area"),
        (an_order(around=around(address_complete=False)), "address-incomplete"),
        (an_order(around=around(same_address_orders_24h=5)), "same-address"),
    ],
)
def test_each_risk_is_caught_by_its_rule_and_by_no_other(order, caught_by):
    assert told(decide(ALL_INTERCEPTIONS, order, at=NOW)) == (Outcome.INTERCEPTED, [caught_by])


@pytest.mark.parametrize(("hours", "field"), [(1, "1h"), (24, "24h"), (168, "7d")])
def test_same_address_orders_are_counted_over_the_window_that_is_asked_for(hours, field):
    (rule,) = from_template("same-address", {"orders": 3, "window_hours": hours})

    caught = decide((rule,), an_order(around=around(**{f"same_address_orders_{field}": 3})), at=NOW)

    assert caught.outcome is Outcome.INTERCEPTED


ON = from_template("auto-review", {"up_to_fen": 20000, "paid_minutes": 30, "allowed_words": ["谢谢"]})


@pytest.mark.parametrize(
    ("order", "outcome", "try_again"),
    [
        (an_order(), Outcome.PASSED, False),
        (an_order(buyer_remark="谢谢"), Outcome.PASSED, False),
        (an_order(cash_on_delivery=True, paid_at=None), Outcome.PASSED, False),
        (an_order(payable_fen=20001), Outcome.WAITS, False),
        (an_order(flags=("held",)), Outcome.WAITS, False),
        (an_order(around=around(address_complete=False)), Outcome.WAITS, False),
        (an_order(around=around(address_complete=None)), Outcome.WAITS, False),
        (an_order(buyer_remark="谢谢，加急"), Outcome.WAITS, False),
        (an_order(lines=(a_line(is_mapped=False),)), Outcome.WAITS, False),
        (an_order(paid_at=None), Outcome.WAITS, False),
        (an_order(paid_at=NOW - timedelta(minutes=30)), Outcome.WAITS, True),
        (an_order(paid_at=NOW + timedelta(minutes=1)), Outcome.WAITS, True),
        (an_order(around=around(merge_window_open=True)), Outcome.WAITS, True),
        (an_order(payable_fen=20001, around=around(merge_window_open=True)), Outcome.WAITS, False),
    ],
)
def test_automatic_review_passes_what_is_ordinary_and_waits_only_for_time(order, outcome, try_again):
    decision = decide(ON, order, at=NOW)

    assert (decision.outcome, decision.try_again) == (outcome, try_again)


def test_a_shops_policy_is_rules_too():
    passes = rules_of_policy(ShopPolicy(auto_review=True, auto_review_up_to=Money(19600)))

    assert rules_of_policy(ShopPolicy()) == ()
    assert decide(passes, an_order(), at=NOW).outcome is Outcome.PASSED
    assert decide(passes, an_order(payable_fen=19601), at=NOW).outcome is Outcome.WAITS
    assert decide(rules_of_policy(ShopPolicy(auto_review=True)), an_order(payable_fen=10**9), at=NOW).outcome is (
        Outcome.PASSED
    )


@pytest.mark.parametrize(
    ("name", "parameters", "refusal", "path"),
    [
        ("nonsense", {}, UnknownTemplate, "template"),
        ("blacklist", {"x": 1}, UnknownParameter, "parameters.x"),
        ("amount-too-high", {}, InvalidRule, "parameters.limit_fen"),
        ("amount-too-high", {"limit_fen": "500"}, InvalidRule, "parameters.limit_fen"),
        ("amount-too-high", {"limit_fen": -1}, InvalidRule, "parameters.limit_fen"),
        ("same-address", {"window_hours": 2}, InvalidRule, "parameters.window_hours"),
        ("keywords", {"words": "加急"}, InvalidRule, "parameters.words"),
        ("keywords", {"words": []}, Invalid, "rule.condition.any[0].value"),
        ("keywords", {"words": [" "]}, Invalid, "rule.condition.any[0].value[0]"),
    ],
)
def test_a_template_that_is_filled_in_wrongly_is_refused(name, parameters, refusal, path):
    with pytest.raises(refusal) as refused:
        from_template(name, parameters)

    assert refused.value.field == path


def test_interception_rules_that_did_not_hold_are_named_up_to_an_exemption():
    rules = (
        a_rule(id="a", version=3, condition=Check("line_count", Op.AT_LEAST, 99), priority=1),
        a_rule(id="free", condition=ALWAYS, action=RuleAction.EXEMPT, priority=2),
        a_rule(id="b", condition=Check("line_count", Op.AT_LEAST, 99), priority=3),
    )

    decision = decide(rules, an_order(), at=NOW)

    assert (decision.asked, decision.tells, write_decision(decision)["asked"]) == (("a@3",), True, ["a@3"])
