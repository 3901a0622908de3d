"""What a log keeps of a decision: small, and read again as sentences in both languages."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from tests.domain.orders.rules.orders import a_line, a_rule, an_order, around
from tests.domain.orders.rules.test_rules import rules

from oms_domain.conditions.operators import Op
from oms_domain.conditions.printing import print_verdict
from oms_domain.conditions.tree import AnyLine, AnyOf, Check
from oms_domain.orders.rules.decide import decide, write_decision
from oms_domain.orders.rules.fields import ORDER_FIELDS
from oms_domain.orders.rules.logged import MOST_ANSWERS, MOST_FINDINGS, log_decision, print_answer, print_decision
from oms_domain.orders.rules.rule import RuleAction, RuleKind
from oms_domain.testing.builders import NOW

ALWAYS = Check("line_count", Op.AT_LEAST, 0)


def logged(*rules, order=None, **more):
    """What a log keeps, as it comes back out of JSON."""
    return json.loads(json.dumps(log_decision(decide(rules, order or an_order(), at=NOW, **more))))


def test_a_small_decision_is_kept_whole():
    decision = decide((a_rule(),), an_order(payable_fen=61_200), at=NOW)

    assert log_decision(decision) == write_decision(decision)


def test_of_a_large_decision_the_first_rules_tests_and_values_are_kept():
    words = tuple(f"词{n}" for n in range(100))
    many = AnyOf(tuple(Check("buyer_remark", Op.CONTAINS_ANY, words) for _ in range(MOST_FINDINGS + 3)))
    found = [a_rule(id=f"r{n:02}", condition=many) for n in range(MOST_ANSWERS + 2)]

    kept = logged(*found, order=an_order(buyer_remark="".join(words)))

    assert [answer["rule_id"] for answer in kept["matched"]] == [rule.id for rule in found[:MOST_ANSWERS]]
    assert kept["left_off"] == 2
    answer = kept["matched"][0]
    assert (len(answer["findings"]), answer["left_off"]) == (MOST_FINDINGS, 3)
    assert answer["findings"][0]["value"] == answer["findings"][0]["hits"] == list(words[:10])


@settings(max_examples=50)
@given(rule=rules())
def test_what_was_kept_reads_as_what_was_seen(rule):
    decision = decide((rule,), an_order(), at=NOW)

    for answer, kept in zip(decision.matched, logged(rule)["matched"], strict=True):
        for language in ("zh", "en"):
            assert print_answer(kept, language) == print_verdict(answer.verdict, ORDER_FIELDS, language)[:MOST_FINDINGS]


def test_instants_and_ages_are_read_again():
    rule = a_rule(
        condition=AnyOf(
            (
                Check("placed_at", Op.BETWEEN, (NOW - timedelta(days=1), NOW)),
                Check("paid_at", Op.OLDER_THAN_MINUTES, 30),
            )
        )
    )

    assert print_answer(logged(rule)["matched"][0]) == (
        "下单时间 在 2026-11-22 10:00:00 至 2026-11-23 10:00:00 之间（实为 2026-11-23 08:50:00）",
        "付款时间 距今超过 30 分钟（实为 2026-11-23 09:00:00）",
    )


def test_a_field_that_there_is_no_more_is_named():
    kept = logged(a_rule(condition=AnyLine(Check("units", Op.AT_LEAST, 1))))["matched"][0]
    gone = kept | {"findings": [{**kept["findings"][0], "field": "colour"}, {**kept["findings"][0], "line": None}]}

    assert print_answer(gone) == ("colour at_least", "总件数 ≥ 1（实为 2）")


def test_a_decision_is_told_in_one_sentence():
    order = an_order(payable_fen=61_200)
    assert print_decision(logged(a_rule(), order=order)) == "拦截；金额过高 v1：应付金额 ≥ 500.00（实为 612.00）"
    assert print_decision(logged(a_rule(), order=order), "en") == (
        "intercepted; 金额过高 v1: amount payable ≥ 500.00 (it is 612.00)"
    )


def test_what_a_person_let_pass_and_what_was_in_the_way_is_told():
    review = a_rule(
        id="review",
        name="自动审核",
        kind=RuleKind.AUTO_REVIEW,
        action=RuleAction.PASS,
        condition=Check("buyer_orders", Op.AT_LEAST, 5),
    )
    order = an_order(payable_fen=61_200, around=around(buyer_orders=1), lines=(a_line(),))

    assert print_decision(logged(a_rule(), review, order=order, passed=[("dear", 1)])) == (
        "等待；自动审核 v1：买家此前订单数 ≥ 5（实为 1）；已人工放行 金额过高 v1：应付金额 ≥ 500.00（实为 612.00）"
    )


def test_nothing_but_the_outcome_is_told_where_no_rule_said_anything():
    assert print_decision(logged(), "en") == "waits"


@pytest.mark.parametrize(("language", "said"), [("zh", "拦截规则未命中 a@3"), ("en", "not intercepted by a@3")])
def test_rules_that_did_not_intercept_are_named(language, said):
    rules = (a_rule(id="a", version=3, condition=Check("line_count", Op.AT_LEAST, 99)),)

    kept = log_decision(decide(rules, an_order(), at=NOW))

    assert print_decision(kept, language).endswith(said)
