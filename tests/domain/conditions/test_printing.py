"""Conditions are read by people: in Chinese and in English."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.conditions.facts import CATALOGUE, Facts, Row, facts

from oms_domain.conditions.judge import judge
from oms_domain.conditions.operators import OPERATORS, Op
from oms_domain.conditions.printing import print_condition, print_verdict
from oms_domain.conditions.tree import AllLines, AllOf, AnyLine, AnyOf, Check, CountLines, Not
from oms_domain.testing.builders import NOW
from oms_domain.testing.conditions import conditions

DEAR = Check("payable_fen", Op.AT_LEAST, 50000)
URGENT = Check("remark", Op.CONTAINS_ANY, ("加急", "急"))
GIFT = Check("is_gift", Op.EQUALS, True)


@pytest.mark.parametrize(
    ("condition", "zh", "en"),
    [
        (DEAR, "应付金额 ≥ 500.00", "payable ≥ 500.00"),
        (URGENT, "买家留言 含 “加急”、“急” 之一", 'remark contains one of "加急", "急"'),
        (
            AllOf((DEAR, AnyOf((URGENT, Check("remark", Op.IS_EMPTY))))),
            "应付金额 ≥ 500.00 且 (买家留言 含 “加急”、“急” 之一 或 买家留言 为空)",
            'payable ≥ 500.00 and (remark contains one of "加急", "急" or remark is empty)',
        ),
        (Not(DEAR), "非（应付金额 ≥ 500.00）", "not (payable ≥ 500.00)"),
        (AnyLine(GIFT), "任一行（赠品 = 是）", "any line (gift = yes)"),
        (AllLines(Not(GIFT)), "每一行（非（赠品 = 是））", "every line (not (gift = yes))"),
        (CountLines(GIFT, 1, 2), "满足（赠品 = 是）的行数 ≥ 1 且 ≤ 2", "number of lines with (gift = yes) ≥ 1 and ≤ 2"),
        (CountLines(GIFT, 0, 2), "满足（赠品 = 是）的行数 ≤ 2", "number of lines with (gift = yes) ≤ 2"),
        (Check("orders", Op.BETWEEN, (1, 3)), "订单数 在 1 至 3 之间", "orders is between 1 and 3"),
        (Check("paid_at", Op.AT_LEAST, NOW), "付款时间 ≥ 2026-11-23 10:00:00", "paid at ≥ 2026-11-23 10:00:00"),
        (Check("paid_at", Op.WITHIN_MINUTES, 30), "付款时间 距今不超过 30 分钟", "paid at is at most 30 minutes ago"),
        (
            Check("orders", Op.IN, tuple(range(12))),
            "订单数 是 0、1、2、3、4、5、6、7、8、9等 12 项 之一",
            "orders is one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and others, 12 in all",
        ),
    ],
)
def test_a_condition_is_a_sentence(condition, zh, en):
    assert print_condition(condition, CATALOGUE) == zh
    assert print_condition(condition, CATALOGUE, "en") == en


def test_what_was_found_is_a_sentence_with_what_was_seen():
    condition = AllOf((DEAR, URGENT, AnyLine(Check("units", Op.AT_LEAST, 3)), Not(Check("remark", Op.IS_EMPTY))))
    order = Facts(payable_fen=61200, remark="急用", rows=(Row(units=1), Row(units=4)))

    verdict = judge(condition, order, CATALOGUE, at=NOW)

    assert print_verdict(verdict, CATALOGUE) == (
        "应付金额 ≥ 500.00（实为 612.00）",
        "买家留言 含 “加急”、“急” 之一（命中 “急”）",
        "第 2 行：件数 ≥ 3（实为 4）",
        "买家留言 为空（实为 “急用”）",
    )
    assert print_verdict(verdict, CATALOGUE, "en")[2] == "line 2: units ≥ 3 (it is 4)"


def test_what_is_not_known_is_said_so():
    verdict = judge(Check("orders", Op.AT_LEAST, 3), Facts(orders=None), CATALOGUE, at=NOW)

    assert print_verdict(verdict, CATALOGUE) == ("订单数 ≥ 3（实为 未知）",)


@given(conditions(CATALOGUE), facts, st.sampled_from(["zh", "en"]))
def test_whatever_can_be_judged_can_be_printed(condition, given_facts, language):
    verdict = judge(condition, given_facts, CATALOGUE, at=NOW + timedelta(days=1))

    assert print_condition(condition, CATALOGUE, language)
    assert all(print_verdict(verdict, CATALOGUE, language))


@pytest.mark.parametrize("op", sorted({op for tests in OPERATORS.values() for op in tests}))
def test_every_test_has_words_in_both_languages(op):
    kind, field = next((f.kind, f) for f in CATALOGUE.fields if op in OPERATORS[f.kind])
    check = Check(field.name, op, (1, 2) if op is Op.BETWEEN else None)

    texts = {print_condition(check, CATALOGUE, language) for language in ("zh", "en")}

    assert kind
    assert len(texts) == 2


def test_of_an_empty_field_nothing_is_seen():
    empty = Check("remark", Op.IS_EMPTY)

    held = judge(empty, Facts(remark=""), CATALOGUE, at=NOW)
    missed = judge(empty, Facts(remark="急用"), CATALOGUE, at=NOW)

    assert print_verdict(held, CATALOGUE) == ("买家留言 为空",)
    assert print_verdict(missed, CATALOGUE) == ("买家留言 为空（实为 “急用”）",)
