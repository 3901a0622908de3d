"""Rules are tried on orders of the past before anybody switches them on."""

import json
from datetime import timedelta

from tests.domain.orders.rules.orders import a_rule, an_order

from oms_domain.conditions.operators import Op
from oms_domain.conditions.tree import Check
from oms_domain.orders.rules.decide import Outcome
from oms_domain.orders.rules.templates import from_template
from oms_domain.orders.rules.trial import PastOrder, print_trial, try_rules, write_trial
from oms_domain.testing.builders import NOW

PAST = [
    PastOrder(facts=an_order(order_no="S1", payable_fen=61200), at=NOW),
    PastOrder(facts=an_order(order_no="S2"), at=NOW),
    PastOrder(facts=an_order(order_no="S3", buyer_remark="急，加急"), at=NOW - timedelta(days=30)),
]
RULES = (a_rule(), *from_template("keywords", {"words": ["加急"]}))


def test_a_trial_counts_and_lists_what_would_have_been_caught():
    trial = try_rules(RULES, iter(PAST))

    assert (trial.caught, trial.orders, trial.left_off) == (2, 3, 0)
    assert dict(trial.outcomes) == {Outcome.INTERCEPTED: 2, Outcome.WAITS: 1, Outcome.PASSED: 0}
    assert trial.by_rule == (("dear", 1), ("keywords", 1))
    assert [(row.order_no, [answer.rule_id for answer in row.matched]) for row in trial.rows] == [
        ("S1", ["dear"]),
        ("S3", ["keywords"]),
    ]


def test_a_trial_is_a_table_for_people():
    assert print_trial(try_rules(RULES, PAST)) == (
        "会拦截 2 单，共 3 单\n"
        "订单号  结果  规则           命中条件\n"
        "S1      拦截  金额过高 v1    应付金额 ≥ 500.00（实为 612.00）\n"
        "S3      拦截  备注关键词 v1  买家留言 含 “加急” 之一（命中 “加急”）"
    )
    assert print_trial(try_rules(RULES, PAST[:1]), "en") == (
        "would have caught 1 of 1\n"
        "order  outcome      rule         what matched\n"
        "S1     intercepted  金额过高 v1  amount payable ≥ 500.00 (it is 612.00)"
    )
    assert print_trial(try_rules(RULES, PAST[1:2])) == "会拦截 0 单，共 1 单"


def test_a_trial_is_json_for_programs():
    form = json.loads(json.dumps(write_trial(try_rules(RULES, PAST))))

    assert {name: form[name] for name in ("orders", "caught", "outcomes", "by_rule", "left_off")} == {
        "orders": 3,
        "caught": 2,
        "outcomes": {"passed": 0, "intercepted": 2, "waits": 1},
        "by_rule": {"dear": 1, "keywords": 1},
        "left_off": 0,
    }
    assert form["rows"][0]["order_no"] == "S1"
    assert form["rows"][0]["matched"][0]["findings"][0]["seen"] == 61200


def test_what_is_not_switched_on_yet_is_tried_all_the_same():
    off = a_rule(enabled=False, active_from=NOW + timedelta(days=9), condition=Check("units", Op.AT_LEAST, 1))

    assert try_rules((off,), PAST).caught == 3


def test_a_long_trial_lists_so_many_and_counts_the_rest():
    trial = try_rules((a_rule(condition=Check("units", Op.AT_LEAST, 1)),), PAST * 4, most_rows=5)

    assert (trial.caught, len(trial.rows), trial.left_off) == (12, 5, 7)
    assert print_trial(trial).endswith("另有 7 单未列出")


def test_an_order_that_is_asked_about_tells_what_was_in_the_way_of_each_rule():
    trial = try_rules(RULES, PAST[:2], explain=True)

    assert [
        (row.order_no, [answer.rule_id for answer in row.matched], [answer.rule_id for answer in row.missed])
        for row in trial.rows
    ] == [("S1", ["dear"], ["keywords"]), ("S2", [], ["dear", "keywords"])]
    assert print_trial(trial).splitlines()[-1].startswith("S2      等待  ✗ 备注关键词 v1  ")
    (missed,) = write_trial(trial)["rows"][0]["missed"]
    assert (missed["rule_id"], missed["holds"]) == ("keywords", False)
