"""What a decision does to an order, and what a person who lets it pass does to the next one."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.domain.orders.rules.orders import a_rule

from oms_domain.conditions.operators import Op
from oms_domain.conditions.tree import AllOf, AnyOf, Check
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.orders.events import OrderFlagged, OrderJudged, OrderUnflagged
from oms_domain.orders.flags import Flag, FlagKind, NotFlagged
from oms_domain.orders.rules.decide import Outcome, decide
from oms_domain.orders.rules.facts import Surroundings, facts_of
from oms_domain.orders.rules.judging import LOOK_AGAIN, judge_again_at, judged, let_pass, reasons_of
from oms_domain.orders.rules.logged import log_decision
from oms_domain.orders.rules.rule import RuleAction, RuleKind
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import NOW, a_sales_order

LATER = NOW + timedelta(minutes=1)
DEAR = a_rule(condition=Check("payable_fen", Op.AT_LEAST, 1))
MANY = a_rule(id="many", name="数量过高", reason="", condition=Check("units", Op.AT_LEAST, 1), version=4)


def asked(order, *rules, at=LATER):
    return decide(rules, facts_of(order, Surroundings()), passed=order.passed_rules, at=at)


def flag_of(rule, reason):
    return Flag(kind=FlagKind.INTERCEPTED, reason=reason, by="rule", at=LATER, rule=(rule.id, rule.version))


def test_every_rule_that_intercepts_sets_a_flag_and_the_decision_is_noted_once():
    order = a_sales_order()
    decision = asked(order, DEAR, MANY)

    change = judged(order, decision, at=LATER)

    flags = (flag_of(DEAR, "请核实"), flag_of(MANY, "数量过高"))
    assert change.state == evolve(order, flags=flags, updated_at=LATER)
    about = {"order_id": order.id, "state": S.AWAITING_CS_REVIEW, "at": LATER}
    assert change.events == (
        OrderJudged(outcome="intercepted", rule="dear@1", decision=log_decision(decision), **about),
        OrderFlagged(kind="intercepted", reason="请核实", **about),
        OrderFlagged(kind="intercepted", reason="数量过高", **about),
    )


def test_why_an_order_is_intercepted_is_told_by_rule():
    assert reasons_of(asked(a_sales_order(), DEAR, MANY)) == ("请核实", "数量过高")


def test_a_flag_that_stands_already_is_not_set_again():
    order = judged(a_sales_order(), asked(a_sales_order(), DEAR), at=LATER).state

    assert judged(order, asked(order, DEAR), at=LATER).events == ()
    more = judged(order, asked(order, DEAR, MANY), at=LATER)
    assert [flag.rule for flag in more.state.flags] == [("dear", 1), ("many", 4)]


def test_a_decision_that_does_not_intercept_is_noted_and_changes_nothing_else():
    order = a_sales_order()
    leave = a_rule(kind=RuleKind.AUTO_REVIEW, action=RuleAction.LEAVE, condition=DEAR.condition)

    change = judged(order, asked(order, leave), at=LATER)

    assert change.state == evolve(order, updated_at=LATER)
    assert [(event.type, event.outcome, event.rule) for event in change.events] == [
        ("orders.order_judged", "waits", "dear@1")
    ]


def test_where_no_review_is_due_nothing_is_judged():
    order = a_sales_order(state=S.AWAITING_RELEASE)

    with pytest.raises(MoveNotAllowed):
        judged(order, asked(order, DEAR), at=LATER)


def test_a_person_lets_pass_what_intercepted_and_the_same_version_never_stops_it_again():
    order = judged(a_sales_order(), asked(a_sales_order(), DEAR, MANY), at=LATER).state

    change = let_pass(order, reason="已核实", at=LATER)

    assert (change.state.flags, change.state.passed_rules) == ((), (("dear", 1), ("many", 4)))
    assert change.events == (
        OrderUnflagged(order_id=order.id, state=S.AWAITING_CS_REVIEW, kind="intercepted", reason="已核实", at=LATER),
    )
    again = asked(change.state, DEAR, MANY)
    assert (again.outcome, again.matched, [answer.key for answer in again.let_pass]) == (
        Outcome.WAITS,
        (),
        [("dear", 1), ("many", 4)],
    )
    newer = asked(change.state, evolve(DEAR, version=2), MANY)
    assert newer.outcome is Outcome.INTERCEPTED
    assert [answer.named for answer in (*newer.matched, *newer.let_pass)] == ["dear@2", "many@4"]


def test_of_a_rule_the_newest_version_that_was_let_pass_counts_and_other_flags_are_lifted_too():
    wms = Flag(kind=FlagKind.INTERCEPTED, reason="地址不详", by="warehouse", at=NOW)
    order = a_sales_order(flags=(wms, flag_of(MANY, "x")), passed_rules=(("many", 3), ("dear", 1)))

    assert let_pass(order, reason="", at=LATER).state.passed_rules == (("dear", 1), ("many", 4))
    with pytest.raises(NotFlagged):
        let_pass(a_sales_order(), reason="", at=LATER)


def waits(condition):
    return a_rule(kind=RuleKind.AUTO_REVIEW, action=RuleAction.WAIT, condition=condition)


def test_an_order_that_waits_is_judged_again_when_an_age_is_reached_and_never_much_later():
    paid = a_sales_order(paid_at=NOW, placed_at=NOW - timedelta(hours=1))
    young = Check("paid_at", Op.WITHIN_MINUTES, 3)
    older = Check("placed_at", Op.OLDER_THAN_MINUTES, 10)

    def again(*rules):
        return judge_again_at(asked(paid, *rules), at=LATER) - LATER

    assert again(waits(young)) == timedelta(minutes=2, seconds=1)
    assert again(waits(AllOf((young, older)))) == timedelta(minutes=2, seconds=1)
    assert again(waits(older)) == LOOK_AGAIN
    assert again(waits(Check("paid_at", Op.WITHIN_MINUTES, 60))) == LOOK_AGAIN
    assert again(waits(AnyOf((Check("units", Op.AT_LEAST, 1), Check("paid_at", Op.IS_EMPTY))))) == LOOK_AGAIN
