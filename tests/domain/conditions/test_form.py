"""The form of a condition is closed: whatever does not fit is refused, with its path and a code of its own."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.conditions.facts import CATALOGUE

from oms_domain.conditions import errors as e
from oms_domain.conditions.form import read_condition, write_condition
from oms_domain.conditions.operators import Op
from oms_domain.conditions.tree import MOST_CHARACTERS, MOST_DEPTH, MOST_NODES, AnyLine, Check, CountLines
from oms_domain.kernel.errors import Invalid, InvalidText
from oms_domain.testing.builders import NOW
from oms_domain.testing.conditions import conditions

DEAR = {"field": "payable_fen", "op": "at_least", "value": 50000}
GIFT = {"field": "is_gift", "op": "equals", "value": True}


def read(data):
    return read_condition(data, CATALOGUE)


def deep(levels):
    return DEAR if levels == 1 else {"not": deep(levels - 1)}


def test_a_condition_of_every_sort_is_read():
    data = {
        "all": [
            {"any": [DEAR, {"field": "tags", "op": "contains_any", "value": ["vip"]}]},
            {"not": {"field": "remark", "op": "is_empty"}},
            {"any_line": GIFT},
            {"all_lines": {"field": "units", "op": "between", "value": [1, 2]}},
            {"count_lines": {"of": GIFT, "at_most": 2}},
            {"field": "paid_at", "op": "at_most", "value": "2026-11-23T10:00:00+08:00"},
        ]
    }

    condition = read(data)

    assert condition.of[0].of[0] == Check("payable_fen", Op.AT_LEAST, 50000)
    assert condition.of[2] == AnyLine(Check("is_gift", Op.EQUALS, True))
    assert condition.of[4] == CountLines(Check("is_gift", Op.EQUALS, True), 0, 2)
    assert condition.of[5] == Check("paid_at", Op.AT_MOST, NOW)


@given(conditions(CATALOGUE))
def test_a_condition_comes_back_from_json_as_it_was(condition):
    assert read(json.loads(json.dumps(write_condition(condition)))) == condition


REFUSED = [
    (None, e.MalformedCondition, "condition"),
    ([], e.MalformedCondition, "condition"),
    ({}, e.MalformedCondition, "condition"),
    ({"all": [DEAR], "any": [DEAR]}, e.MalformedCondition, "condition"),
    ({"all": DEAR}, e.MalformedCondition, "condition.all"),
    ({"all": [DEAR, 1]}, e.MalformedCondition, "condition.all[1]"),
    ({"count_lines": GIFT}, e.MalformedCondition, "condition.count_lines"),
    ({"field": 1, "op": "at_least"}, e.MalformedCondition, "condition"),
    ({"field": "orders"}, e.MalformedCondition, "condition"),
    ({"every": [DEAR]}, e.UnknownKey, "condition.every"),
    ({"all": [DEAR], "name": "x"}, e.UnknownKey, "condition.name"),
    (DEAR | {"values": 1}, e.UnknownKey, "condition.values"),
    ({"count_lines": {"of": GIFT, "at_least": 1, "exactly": 1}}, e.UnknownKey, "condition.count_lines.exactly"),
    ({"field": "paid_fen", "op": "at_least", "value": 1}, e.UnknownFact, "condition.field"),
    ({"any_line": {"field": "nothing", "op": "is_empty"}}, e.UnknownFact, "condition.any_line.field"),
    (GIFT, e.FactOutOfPlace, "condition.field"),
    ({"any_line": {"not": DEAR}}, e.FactOutOfPlace, "condition.any_line.not.field"),
    ({"field": "payable_fen", "op": "contains_any", "value": ["1"]}, e.OpDoesNotFit, "condition.op"),
    ({"field": "payable_fen", "op": "~", "value": 1}, e.OpDoesNotFit, "condition.op"),
    ({"field": "payable_fen", "op": "at_least"}, e.InvalidOperand, "condition.value"),
    (DEAR | {"value": "500.00"}, e.InvalidOperand, "condition.value"),
    (DEAR | {"value": True}, e.InvalidOperand, "condition.value"),
    (DEAR | {"value": 1.5}, e.InvalidOperand, "condition.value"),
    (DEAR | {"value": 10**16}, e.InvalidOperand, "condition.value"),
    (DEAR | {"op": "between", "value": [2, 1]}, e.InvalidOperand, "condition.value"),
    (DEAR | {"op": "between", "value": [1]}, e.InvalidOperand, "condition.value"),
    (DEAR | {"op": "in", "value": [1, "2"]}, e.InvalidOperand, "condition.value[1]"),
    ({"field": "tags", "op": "contains_any", "value": []}, e.InvalidOperand, "condition.value"),
    ({"field": "tags", "op": "contains_any", "value": "vip"}, e.InvalidOperand, "condition.value"),
    ({"field": "tags", "op": "contains_any", "value": [1]}, e.InvalidOperand, "condition.value[0]"),
    ({"field": "tags", "op": "is_empty", "value": None}, e.InvalidOperand, "condition.value"),
    ({"field": "is_new", "op": "equals", "value": 1}, e.InvalidOperand, "condition.value"),
    ({"field": "paid_at", "op": "at_least", "value": 1}, e.InvalidOperand, "condition.value"),
    ({"field": "paid_at", "op": "at_least", "value": "2026-11-23"}, e.InvalidOperand, "condition.value"),
    ({"field": "paid_at", "op": "at_least", "value": "9999-12-31T23:59:59-12:00"}, e.InvalidOperand, "condition.value"),
    ({"field": "paid_at", "op": "at_least", "value": "1066-10-14T00:00:00Z"}, e.InvalidOperand, "condition.value"),
    ({"field": "paid_at", "op": "within_minutes", "value": -1}, e.InvalidOperand, "condition.value"),
    ({"count_lines": {"of": GIFT}}, e.InvalidOperand, "condition.count_lines"),
    ({"count_lines": {"of": GIFT, "at_least": 2, "at_most": 1}}, e.InvalidOperand, "condition.count_lines.at_most"),
    ({"field": "remark", "op": "equals", "value": " "}, InvalidText, "condition.value"),
    ({"field": "remark", "op": "in", "value": ["a\0"]}, InvalidText, "condition.value[0]"),
    ({"field": "remark", "op": "in", "value": ["长" * 101]}, InvalidText, "condition.value[0]"),
    ({"not": {"any": []}}, e.EmptyGroup, "condition.not.any"),
    ({"any_line": {"all": [{"any_line": GIFT}]}}, e.LinesWithinLines, "condition.any_line.all[0].any_line"),
    (deep(MOST_DEPTH + 1), e.ConditionTooDeep, "condition" + ".not" * MOST_DEPTH),
    ({"all": [DEAR] * MOST_NODES}, e.ConditionTooLarge, f"condition.all[{MOST_NODES - 1}]"),
    (
        {"field": "tags", "op": "contains_any", "value": ["x" * 100] * (MOST_CHARACTERS // 100 + 1)},
        e.ConditionTooLarge,
        f"condition.value[{MOST_CHARACTERS // 100}]",
    ),
]


@pytest.mark.parametrize(("data", "refusal", "path"), REFUSED)
def test_what_does_not_fit_is_refused_with_its_path(data, refusal, path):
    with pytest.raises(Invalid) as refused:
        read(data)

    assert type(refused.value) is refusal
    assert refused.value.field == path


def test_every_refusal_of_a_condition_is_shown_here():
    mine = {
        cls for cls in vars(e).values() if isinstance(cls, type) and issubclass(cls, Invalid) and cls is not Invalid
    }

    assert mine <= {refusal for _, refusal, _ in REFUSED}


def test_the_limits_themselves_are_allowed():
    assert read(deep(MOST_DEPTH))
    assert read({"all": [DEAR] * (MOST_NODES - 1)})


json_like = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["payable_fen", "sku"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "any_line", "count_lines", "of", "field", "op", "value", "at_least"]),
            inner,
            max_size=3,
        )
    ),
)


@given(json_like)
def test_whatever_comes_is_read_or_refused(data):
    try:
        condition = read(data)
    except Invalid:
        return
    assert read(write_condition(condition)) == condition


def test_a_nest_of_thousands_is_refused_and_not_followed():
    nest = DEAR
    for _ in range(5_000):
        nest = {"not": nest}

    with pytest.raises(e.ConditionTooDeep):
        read(nest)
