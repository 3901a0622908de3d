"""A rule is data: read, checked, put into a shop's versioned set, and taken out again."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.orders.rules.orders import a_rule

from oms_domain.conditions.errors import EmptyGroup, UnknownFact
from oms_domain.conditions.operators import Op
from oms_domain.conditions.tree import AllOf, Check
from oms_domain.kernel.errors import Invalid, InvalidText, InvalidTime
from oms_domain.orders.rules.fields import ORDER_FIELDS
from oms_domain.orders.rules.form import UnknownRuleKey, read_rule, write_rule
from oms_domain.orders.rules.rule import (
    ACTIONS,
    ActionDoesNotFit,
    InvalidRule,
    Rule,
    RuleAction,
    RuleKind,
    checked_rule,
)
from oms_domain.orders.rules.rule_set import (
    MOST_RULES,
    RuleNotFound,
    RulePut,
    RuleRemoved,
    RuleSet,
    RuleSetId,
    TooManyRules,
)
from oms_domain.testing.builders import NOW, SHOP, an_id
from oms_domain.testing.conditions import conditions
from oms_domain.testing.values import instants

SET = RuleSet(id=RuleSetId(an_id(90)), shop_id=SHOP, created_at=NOW, updated_at=NOW)
LATER = NOW + timedelta(hours=1)
FORM = {
    "id": "dear",
    "name": "金额过高",
    "kind": "interception",
    "condition": {"field": "payable_fen", "op": "at_least", "value": 50000},
    "action": "intercept",
    "reason": "请核实",
}


@st.composite
def rules(draw):
    kind = draw(st.sampled_from(RuleKind))
    first, last = sorted(draw(st.lists(instants(), min_size=2, max_size=2, unique=True)))
    return Rule(
        id=draw(st.from_regex(r"[a-z0-9][a-z0-9_\-]{0,9}", fullmatch=True)),
        name=draw(st.sampled_from(["金额过高", "x"])),
        kind=kind,
        condition=draw(conditions(ORDER_FIELDS, most=4)),
        action=draw(st.sampled_from(ACTIONS[kind])),
        reason=draw(st.sampled_from(["", "请核实"])),
        priority=draw(st.integers(0, 1000)),
        active_from=draw(st.none() | st.just(first)),
        active_to=draw(st.none() | st.just(last)),
        enabled=draw(st.booleans()),
    )


@given(rules())
def test_a_rule_comes_back_from_json_as_it_was(rule):
    assert read_rule(json.loads(json.dumps(write_rule(rule)))) == rule


def test_what_is_not_said_has_a_default():
    assert read_rule(FORM) == a_rule()


@pytest.mark.parametrize(
    ("changes", "refusal", "path"),
    [
        ({"id": "No Id"}, InvalidRule, "rule.id"),
        ({"id": 1}, InvalidRule, "rule.id"),
        ({"name": " "}, InvalidText, "rule.name"),
        ({"name": "长" * 101}, InvalidText, "rule.name"),
        ({"reason": "a\0"}, InvalidText, "rule.reason"),
        ({"kind": "gift"}, InvalidRule, "rule.kind"),
        ({"action": "pass"}, ActionDoesNotFit, "rule.action"),
        ({"action": "explode"}, InvalidRule, "rule.action"),
        ({"priority": -1}, InvalidRule, "rule.priority"),
        ({"priority": 1.0}, InvalidRule, "rule.priority"),
        ({"enabled": 1}, InvalidRule, "rule.enabled"),
        ({"active_from": "soon"}, InvalidRule, "rule.active_from"),
        ({"active_from": 5}, InvalidRule, "rule.active_from"),
        ({"active_from": NOW.isoformat(), "active_to": NOW.isoformat()}, InvalidRule, "rule.active_to"),
        ({"condition": None}, Invalid, "rule.condition"),
        ({"condition": {"all": []}}, EmptyGroup, "rule.condition.all"),
        ({"condition": {"field": "x", "op": "is_empty"}}, UnknownFact, "rule.condition.field"),
        ({"version": 3}, UnknownRuleKey, "rule.version"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(changes, refusal, path):
    with pytest.raises(refusal) as refused:
        read_rule(FORM | changes)

    assert refused.value.field == path


@pytest.mark.parametrize("data", [None, [], "rule"])
def test_what_is_no_object_is_refused(data):
    with pytest.raises(InvalidRule):
        read_rule(data)


def test_a_rule_made_in_code_is_checked_as_one_that_was_read():
    with pytest.raises(EmptyGroup):
        SET.put(a_rule(condition=AllOf(())), at=NOW)
    with pytest.raises(InvalidTime):
        checked_rule(a_rule(active_to=NOW.replace(tzinfo=None)))


def test_a_rule_is_active_from_its_first_instant_and_before_its_last():
    rule = a_rule(active_from=NOW, active_to=LATER)

    asked = [rule.is_active(at) for at in (NOW - timedelta(seconds=1), NOW, LATER - timedelta(seconds=1), LATER)]

    assert asked == [False, True, True, False]
    assert not a_rule(enabled=False).is_active(NOW)


# --- the set ---------------------------------------------------------------------------------------------------------


def test_putting_a_rule_tells_so():
    change = SET.put(a_rule(version=7), at=LATER)

    assert change.state.rules == (a_rule(version=1),)
    assert change.state.updated_at == LATER
    assert change.events == (
        RulePut(
            rule_set_id=SET.id,
            shop_id=SHOP,
            rule_id="dear",
            rule_version=1,
            name="金额过高",
            kind=RuleKind.INTERCEPTION,
            action=RuleAction.INTERCEPT,
            enabled=True,
            at=LATER,
        ),
    )
    assert change.events[0].stream == SET.id


def test_a_rule_that_says_the_same_changes_nothing_and_one_that_does_not_is_the_next_version():
    first = SET.put(a_rule(), at=NOW).state

    assert first.put(a_rule(), at=LATER).events == ()
    assert first.put(a_rule(priority=5), at=LATER).state.rule("dear") == a_rule(priority=5, version=2)


def test_no_version_ever_means_two_conditions_also_when_a_rule_comes_back():
    twice = SET.put(a_rule(), at=NOW).state.put(a_rule(priority=5), at=NOW).state

    gone = twice.remove("dear", at=LATER)
    back = gone.state.put(a_rule(condition=Check("units", Op.AT_LEAST, 3)), at=LATER).state

    assert gone.events == (RuleRemoved(rule_set_id=SET.id, shop_id=SHOP, rule_id="dear", rule_version=2, at=LATER),)
    assert gone.state.rules == ()
    assert (back.rule("dear").version, back.removed) == (3, ())


def test_a_rule_that_is_not_there_cannot_be_removed():
    with pytest.raises(RuleNotFound):
        SET.remove("dear", at=NOW)


def test_a_shop_has_so_many_rules_and_no_more():
    full = SET
    for number in range(MOST_RULES):
        full = full.put(a_rule(id=f"r{number}"), at=NOW).state

    with pytest.raises(TooManyRules):
        full.put(a_rule(), at=NOW)
    assert full.put(a_rule(id="r7", priority=1), at=NOW).state.rule("r7").version == 2
