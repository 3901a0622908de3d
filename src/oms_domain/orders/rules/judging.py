"""What a decision does to an order: it is noted in its log, and flags it if a rule intercepts (拦截)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from attrs import evolve

from oms_domain.conditions.operators import Op
from oms_domain.kernel.change import Change
from oms_domain.kernel.states import next_state
from oms_domain.orders.events import OrderFlagged, OrderJudged
from oms_domain.orders.flags import Flag, FlagKind
from oms_domain.orders.rules.decide import Answer, Decision, Outcome
from oms_domain.orders.rules.logged import log_decision
from oms_domain.orders.rules.rule import RuleAction
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import ORDER_TABLE, OrderMove

BY_RULE: Final = "rule"
LOOK_AGAIN: Final = timedelta(minutes=5)
"""When an order that a rule lets wait is judged again, if the rule does not say when it will hold no more."""
_AGES: Final = (Op.OLDER_THAN_MINUTES, Op.WITHIN_MINUTES)


def judged(order: SalesOrder, decision: Decision, *, at: datetime) -> Change[SalesOrder]:
    """Note what rules have decided about an order that waits for its review.

    Every rule that intercepts sets a flag of its own; those that stand already change nothing, and are not noted again.
    """
    next_state(ORDER_TABLE, order.state, OrderMove.APPROVE)  # a review is due, or there is nothing to judge
    flags = _flags(order, decision, at)
    if decision.outcome is Outcome.INTERCEPTED and not flags:
        return Change(order)
    noted = OrderJudged(
        order_id=order.id,
        state=order.state,
        outcome=str(decision.outcome),
        rule=decision.rule,
        decision=log_decision(decision),
        at=at,
    )
    set_ = (
        OrderFlagged(order_id=order.id, state=order.state, kind=flag.kind, reason=flag.reason, at=at) for flag in flags
    )
    return Change(evolve(order, flags=(*order.flags, *flags), updated_at=at), (noted, *set_))


def reasons_of(decision: Decision) -> tuple[str, ...]:
    """Return why a decision intercepts, one reason for each rule that does."""
    return tuple(_reason_of(answer) for answer in decision.matched if answer.action is RuleAction.INTERCEPT)


def _reason_of(answer: Answer) -> str:
    return answer.reason.strip() or answer.name


def _flags(order: SalesOrder, decision: Decision, at: datetime) -> tuple[Flag, ...]:
    """Return the flags that are to be set. Two rules with one reason set two: each is let pass by its version."""
    standing = {flag.rule for flag in order.flags}
    return tuple(
        Flag(kind=FlagKind.INTERCEPTED, reason=_reason_of(answer), by=BY_RULE, at=at, rule=answer.key)
        for answer in decision.matched
        if answer.action is RuleAction.INTERCEPT and answer.key not in standing
    )


def let_pass(order: SalesOrder, *, reason: str, at: datetime) -> Change[SalesOrder]:
    """Lift all interceptions: a person has looked (拦截放行). These versions of the rules intercept it no more.

    Raises:
        NotFlagged: it is not intercepted.
    """
    lifted = order.unflag(FlagKind.INTERCEPTED, reason=reason, at=at)
    passed = dict(order.passed_rules) | dict(flag.rule for flag in order.flags if flag.rule is not None)
    return Change(evolve(lifted.state, passed_rules=tuple(sorted(passed.items()))), lifted.events)


def judge_again_at(decision: Decision, *, at: datetime) -> datetime:
    """Return when an order that a rule lets wait is to be judged again: when one of the ages it tested is reached.

    That is never longer than ``LOOK_AGAIN``, for whatever else the rule tested may change without a notice.
    """
    turns = [
        finding.seen + timedelta(minutes=finding.value, seconds=1)
        for answer in decision.matched
        for finding in answer.verdict.findings
        if finding.op in _AGES and isinstance(finding.seen, datetime) and isinstance(finding.value, int)
    ]
    return min((turn for turn in turns if at < turn < at + LOOK_AGAIN), default=at + LOOK_AGAIN)
