"""A refund is proposed by rule and explained; an operator changes it within cap, limit and reason."""

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_domain.kernel.errors import CurrencyMismatch, InvalidText
from oms_domain.kernel.money import Money
from oms_domain.orders.states import OrderState
from oms_domain.refunds.compensation import (
    Compensation,
    CompensationAboveLimit,
    CompensationKind,
    CompensationLimit,
    CompensationNotAllowed,
    compensate,
)
from oms_domain.refunds.ledger import Charge
from oms_domain.refunds.placing import PartialOrder, RefundUnits
from oms_domain.refunds.proposal import (
    AboveRefundable,
    AboveRoleLimit,
    AmountNotPositive,
    FreightRule,
    NothingToRefund,
    as_json,
    as_text,
    changed,
    freight_rule,
    propose,
    propose_goods_first,
)
from oms_domain.refunds.refundable import WhyNot
from oms_domain.testing.aftersales import OTHER_REFUND, REFUND, a_ledger, ledgers, some_wants
from oms_domain.testing.builders import LINE, NOW

FIRST = (RefundUnits(line_id=LINE, units=((0, 1),)),)


def a_proposal(**changes):
    return propose(**{"ledger": a_ledger(), "wants": FIRST, "freight": FreightRule.KEPT} | changes)


def test_the_rule_proposes_what_the_units_may_give_back():
    proposal = a_proposal()

    assert proposal.amount == proposal.refundable == Money(3000)
    assert proposal.by_tender == (("card", 666), ("", 2334))
    assert proposal.difference_fen == 0


def test_less_that_is_asked_for_is_proposed_and_the_difference_shown():
    proposal = a_proposal(asked_fen=1_000)

    assert (proposal.amount, proposal.refundable, proposal.difference_fen) == (Money(1_000), Money(3_000), -2_000)


def test_more_that_is_asked_for_is_not_proposed_and_the_difference_shown():
    proposal = a_proposal(asked_fen=3_333)

    assert (proposal.amount, proposal.difference_fen) == (Money(3_000), 333)


def test_units_that_gave_everything_back_are_refused_with_what_is_in_the_way():
    ledger = a_ledger().hold(REFUND, a_proposal().taken, at=NOW)

    with pytest.raises(NothingToRefund) as refused:
        a_proposal(ledger=ledger)

    assert refused.value.why == (WhyNot.DISCOUNTED, WhyNot.HELD, WhyNot.FREIGHT_KEPT)


@pytest.mark.parametrize("asked", [0, -1])
def test_an_ask_of_nothing_is_refused(asked):
    with pytest.raises(AmountNotPositive):
        a_proposal(asked_fen=asked)


# --- freight ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "policy", "operator", "rule"),
    [
        (OrderState.AWAITING_CS_REVIEW, False, False, FreightRule.BEFORE_SHIPMENT),
        (OrderState.IN_WAREHOUSE, False, False, FreightRule.BEFORE_SHIPMENT),
        (OrderState.CANCELLED, False, False, FreightRule.BEFORE_SHIPMENT),
        (OrderState.SHIPPED, False, False, FreightRule.KEPT),
        (OrderState.PARTIALLY_SHIPPED, False, False, FreightRule.KEPT),
        (OrderState.SIGNED, True, False, FreightRule.BY_POLICY),
        (OrderState.SIGNED, True, True, FreightRule.BY_POLICY),
        (OrderState.SIGNED, False, True, FreightRule.BY_OPERATOR),
    ],
)
def test_freight_goes_back_before_shipment_and_afterwards_by_policy_or_operator(state, policy, operator, rule):
    found = freight_rule(state, goes_back_after=policy, operator_says=operator)

    assert found is rule
    assert found.goes_back == (rule is not FreightRule.KEPT)


# --- what an operator may make of it ---------------------------------------------------------------------------------


def test_an_operator_may_lower_it_with_a_reason():
    proposal = changed(a_proposal(), Money(1_500), limit=Money(2_000), reason="外包装破损，协商退款")

    assert proposal.amount == Money(1_500)
    assert proposal.changed_because == "外包装破损，协商退款"
    assert proposal.by_tender == (("card", 333), ("", 1_167))


def test_an_operator_may_take_it_from_cash_first():
    proposal = changed(a_proposal(), Money(1_500), limit=None, reason="x", order=PartialOrder.CASH_FIRST)

    assert proposal.by_tender == (("", 1_500),)


@pytest.mark.parametrize(
    ("amount", "limit", "reason", "refusal"),
    [
        (Money(3_001), None, "x", AboveRefundable),
        (Money(2_001), Money(2_000), "x", AboveRoleLimit),
        (Money(0), None, "x", AmountNotPositive),
        (Money(-1), None, "x", AmountNotPositive),
        (Money(1_000), None, " ", InvalidText),
        (Money(1_000), None, "x" * 501, InvalidText),
        (Money(1_000, "USD"), None, "x", CurrencyMismatch),
    ],
    ids=["above the cap", "above the role's limit", "nothing", "below 0", "no reason", "long reason", "dollars"],
)
def test_an_operator_may_not(amount, limit, reason, refusal):
    with pytest.raises(refusal):
        changed(a_proposal(), amount, limit=limit, reason=reason)


def test_a_telephone_number_in_a_reason_is_masked():
    assert changed(a_proposal(), Money(1), limit=None, reason="打 10000000001").changed_because == "打 ***********"


# --- for people and for machines -------------------------------------------------------------------------------------


def test_a_proposal_in_words():
    ledger = a_ledger().hold(REFUND, a_proposal(asked_fen=500).taken, at=NOW)

    proposal = propose(ledger, FIRST, freight=FreightRule.BY_OPERATOR, asked_fen=3_000)

    assert as_text(changed(proposal, Money(2_000), limit=None, reason="协商")) == (
        "cost                                         35.34\n"
        "- discounted coupon shop                     -3.34\n"
        f"- held {REFUND}  -5.00\n"
        "refundable now                               27.00\n"
        "asked for                                    30.00\n"
        "difference                                    3.00\n"
        "proposed (freight: by_operator)              20.00\n"
        "  to card                                     4.35\n"
        "  to cash                                    15.65\n"
        "because: 协商"
    )


def test_a_proposal_that_nobody_named_an_amount_for_or_exactly_it_shows_no_difference():
    assert "asked for" not in as_text(a_proposal())
    exact = as_text(a_proposal(asked_fen=3_000))
    assert "asked for" in exact
    assert "difference" not in exact


@settings(max_examples=60, deadline=None)
@given(ledger=ledgers(), data=st.data())
def test_a_proposal_as_json_adds_up(ledger, data):
    freight = data.draw(st.sampled_from(FreightRule))
    try:
        proposal = propose(ledger, data.draw(some_wants(ledger)), freight=freight)
    except NothingToRefund:
        return

    found = as_json(proposal)

    assert found["cost_fen"] == found["refundable_fen"] + sum(row["fen"] for row in found["not_more"])
    assert found["amount_fen"] == sum(row["fen"] for row in found["taken"])
    assert found["amount_fen"] == sum(row["fen"] for row in found["by_tender"])
    for row in found["taken"]:
        assert row["fen"] == sum((stop - first) * each for first, stop, each in row["by_unit"])


# --- compensation ----------------------------------------------------------------------------------------------------

SUBSIDY = Compensation(
    refund_id=REFUND,
    kind=CompensationKind.FREIGHT_SUBSIDY,
    amount=Money(1_000),
    reason="退货运费",
    by="kefu-1",
    role="agent",
    at=NOW,
)
LIMITS = (
    CompensationLimit(role="agent", kind=CompensationKind.FREIGHT_SUBSIDY, most=Money(1_500)),
    CompensationLimit(role="lead", kind=CompensationKind.FREIGHT_SUBSIDY, most=Money(5_000)),
)


def test_compensation_stands_beside_the_refund_and_within_its_roles_limit():
    assert compensate(SUBSIDY, given=(), limits=LIMITS) == SUBSIDY


def test_two_small_gifts_are_one_large_one_whoever_gives_them():
    by_the_lead = evolve(SUBSIDY, refund_id=OTHER_REFUND, role="lead", by="lead-1")

    with pytest.raises(CompensationAboveLimit) as refused:
        compensate(SUBSIDY, given=(by_the_lead,), limits=LIMITS)

    assert (refused.value.given, refused.value.limit) == (Money(1_000), Money(1_500))
    assert compensate(evolve(SUBSIDY, role="lead"), given=(by_the_lead,), limits=LIMITS).amount == Money(1_000)


def test_what_never_went_out_and_what_is_of_another_kind_does_not_count():
    void = evolve(SUBSIDY, is_void=True)
    coupon = evolve(SUBSIDY, kind=CompensationKind.COUPON, amount=Money(9_999))

    assert compensate(SUBSIDY, given=(void, coupon), limits=LIMITS) == SUBSIDY


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"kind": CompensationKind.GOODWILL}, CompensationNotAllowed),
        ({"role": "guest"}, CompensationNotAllowed),
        ({"amount": Money(0)}, AmountNotPositive),
        ({"reason": ""}, InvalidText),
        ({"amount": Money(1_501)}, CompensationAboveLimit),
    ],
    ids=["kind without a limit", "role without a limit", "nothing", "no reason", "above"],
)
def test_compensation_that_is_refused(changes, refusal):
    with pytest.raises(refusal):
        compensate(evolve(SUBSIDY, **changes), given=(), limits=LIMITS)


# --- goods first -----------------------------------------------------------------------------------------------------


def goods_first(asked_fen, freight=FreightRule.BEFORE_SHIPMENT):
    wants = [RefundUnits(line_id=LINE, units=((0, 3),))]
    return propose_goods_first(a_ledger(), wants, freight=freight, asked_fen=asked_fen)


def test_an_amount_that_the_goods_cover_takes_nothing_from_the_freight():
    assert {each.charge for each in goods_first(9_000).taken} == {Charge.GOODS}
    assert {each.charge for each in goods_first(9_001).taken} == {Charge.GOODS, Charge.FREIGHT}
    assert goods_first(None).amount == Money(9_600)
    assert goods_first(9_600, FreightRule.KEPT).amount == Money(9_000)


def test_of_units_whose_goods_are_back_what_is_asked_is_freight():
    wants = [RefundUnits(line_id=LINE, units=((0, 3),))]
    ledger = a_ledger().moved(OTHER_REFUND, goods_first(9_000).taken, at=NOW)

    found = propose_goods_first(ledger, wants, freight=FreightRule.BEFORE_SHIPMENT, asked_fen=500)

    assert {each.charge for each in found.taken} == {Charge.FREIGHT}
