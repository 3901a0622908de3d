"""A case from the ask to its end: whole values and whole events, and what each command refuses."""

from datetime import timedelta

import pytest
from attrs import evolve

from oms_domain.aftersales import events as e
from oms_domain.aftersales.case import BY_PLATFORM
from oms_domain.aftersales.limits import Due
from oms_domain.aftersales.refusals import (
    AgainstTheRules,
    MoneyUnderWay,
    NoSuchDifference,
    NotOverdue,
    RefundAboveCap,
    RefundNotPositive,
    SameKind,
)
from oms_domain.aftersales.states import CaseKind, CaseMove, CaseState
from oms_domain.aftersales.values import AGAINST_RULES, AskedBy, Closing, Difference, Responsibility
from oms_domain.kernel.errors import InvalidText
from oms_domain.kernel.money import Money
from oms_domain.testing.aftersales import CASE, KEFU, NEXT_CASE, a_case, a_granted_case
from oms_domain.testing.builders import LINE, NOW, ORDER, SCARF

S, M, K = CaseState, CaseMove, CaseKind
LATER = NOW + timedelta(hours=1)


def facts(state, kind=K.RETURN_AND_REFUND, at=LATER):
    return {"case_id": CASE, "order_id": ORDER, "kind": kind, "state": state, "at": at}


def test_opening_tells_what_is_asked_for_which_units():
    change = a_case().opened(at=LATER)

    assert change.state == a_case()
    assert change.events == (
        e.CaseOpened(
            number="A20261123-000001",
            reason="size",
            asked_by=AskedBy.BUYER,
            asked=Money(8900),
            units=((LINE, SCARF, ((0, 1),)),),
            **facts(S.AWAITING_REVIEW),
        ),
    )


def test_approving_waits_for_the_goods_and_tells_the_amount():
    change = a_case().approve(Money(500), cap=Money(800), by=KEFU, at=LATER)

    assert change.state == a_case(state=S.AWAITING_BUYER_RETURN, refund=Money(500), approved_by=KEFU, updated_at=LATER)
    assert change.events == (e.CaseApproved(refund=Money(500), by=KEFU, **facts(S.AWAITING_BUYER_RETURN)),)


def test_what_a_rule_refuses_is_not_granted_until_somebody_has_said_why():
    rule = Difference(what=AGAINST_RULES, theirs="return_and_refund", ours="aftersales.window_closed: 2026-11-21")
    case = a_case(differences=(rule,))

    with pytest.raises(AgainstTheRules) as refused:
        case.approve(Money(500), cap=Money(800), by=KEFU, at=LATER)
    with pytest.raises(InvalidText):
        case.settle_difference(AGAINST_RULES, reason="", at=LATER)
    settled = case.settle_difference(AGAINST_RULES, reason="老客户", at=LATER).state

    assert refused.value.fields() == {"case_id": CASE, "rule": rule.ours}
    assert settled.approve(Money(500), cap=Money(800), by=KEFU, at=LATER).state.refund == Money(500)


def test_no_more_is_granted_than_the_units_may_give_back():
    with pytest.raises(RefundAboveCap) as refused:
        a_case().approve(Money(801), cap=Money(800), by=KEFU, at=LATER)

    assert refused.value.fields() == {"case_id": CASE, "refund": Money(801), "cap": Money(800)}


@pytest.mark.parametrize(
    ("kind", "refund"),
    [(K.REFUND_ONLY, None), (K.REFUND_ONLY, Money(0)), (K.REFUND_ONLY, Money(-1)), (K.EXCHANGE, Money(1))],
    ids=["no amount", "nothing", "below 0", "an exchange gives none"],
)
def test_an_amount_is_granted_where_money_goes_back_and_nowhere_else(kind, refund):
    with pytest.raises(RefundNotPositive):
        a_case(kind=kind).approve(refund, cap=Money(800), by=KEFU, at=LATER)


def test_without_a_cap_nothing_is_granted():
    with pytest.raises(RefundAboveCap):
        a_case().approve(Money(1), by=KEFU, at=LATER)


def test_a_rejection_keeps_its_reason_and_masks_a_telephone_number():
    change = a_case().reject("打 10000000001 问", by=KEFU, at=LATER)

    assert change.state.closing == Closing(how=M.REJECT, reason="打 *********** 问", by=KEFU)
    assert change.events == (e.CaseClosed(how="reject", reason="打 *********** 问", by=KEFU, **facts(S.CLOSED)),)
    with pytest.raises(InvalidText):
        a_case().reject(" ", by=KEFU, at=LATER)


def test_a_case_times_out_once_its_time_is_up_and_not_before():
    case = a_case().wait_until(Due(at=LATER, warn_at=NOW))

    with pytest.raises(NotOverdue):
        case.time_out(at=LATER - timedelta(microseconds=1))
    with pytest.raises(NotOverdue):
        a_case().time_out(at=LATER)
    assert case.time_out(at=LATER).state.closing == Closing(
        how=M.TIME_OUT, reason="no step in awaiting_review", by="system"
    )


@pytest.mark.parametrize(
    "command",
    [
        lambda case: case.withdraw(money_under_way=True, at=LATER),
        lambda case: case.change_kind(K.EXCHANGE, next_id=NEXT_CASE, by=KEFU, money_under_way=True, at=LATER),
    ],
    ids=["withdraw", "change kind"],
)
def test_while_a_refund_is_under_way_a_case_is_neither_closed_nor_changed(command):
    with pytest.raises(MoneyUnderWay):
        command(a_granted_case(S.AWAITING_REFUND))


def test_another_kind_closes_it_and_names_the_case_that_goes_on():
    change = a_case().change_kind(K.EXCHANGE, next_id=NEXT_CASE, by=KEFU, at=LATER)

    assert change.state.closing == Closing(how=M.CHANGE_KIND, reason="exchange", by=KEFU)
    assert change.events == (e.CaseKindChanged(to=K.EXCHANGE, next_id=NEXT_CASE, **facts(S.CLOSED)),)
    with pytest.raises(SameKind):
        a_case().change_kind(K.RETURN_AND_REFUND, next_id=NEXT_CASE, by=KEFU, at=LATER)


def test_what_is_asked_anew_voids_what_was_granted():
    again = a_granted_case(S.AWAITING_BUYER_RETURN).ask_again(Money(7000), at=LATER).state

    assert again == a_case(asked=Money(7000), updated_at=LATER)


def test_dearer_goods_wait_for_the_difference_and_cheaper_ones_end_with_a_refund():
    received = a_case(kind=K.EXCHANGE, state=S.AWAITING_WAREHOUSE_RECEIPT, replacement_id=ORDER)

    dearer = received.receive(difference=Money(500), at=LATER).state
    cheaper = received.receive(difference=Money(-500), at=LATER).state
    owing = cheaper.ship_replacement(owed=Money(500), by=KEFU, at=LATER).state

    assert dearer.state is S.AWAITING_DIFFERENCE
    assert dearer.pay_difference(at=LATER).state.state is S.AWAITING_EXCHANGE_SHIPMENT
    assert (owing.state, owing.refund, owing.replacement_id) == (S.AWAITING_REFUND, Money(500), ORDER)
    assert owing.refund_succeeded(Money(500), at=LATER).state.differences == ()


# --- money -----------------------------------------------------------------------------------------------------------


def test_the_refund_that_was_granted_ends_the_case():
    change = a_granted_case(S.AWAITING_REFUND, secured=True).refund_succeeded(Money(8900), at=LATER)

    assert (change.state.state, change.state.refunded, change.state.differences) == (S.SUCCEEDED, Money(8900), ())
    assert change.events == (e.CaseRefunded(amount=Money(8900), **facts(S.SUCCEEDED)),)
    assert change.state.refund_succeeded(Money(8900), at=LATER).events == ()


@pytest.mark.parametrize(
    ("case", "what"),
    [
        (
            a_case(state=S.CLOSED, closing=Closing(how=M.REJECT, reason="x", by=KEFU), secured=True),
            "refunded_after_close",
        ),
        (
            a_case(state=S.CLOSED, closing=Closing(how=M.TIME_OUT, reason="x", by="system"), secured=True),
            "refunded_after_close",
        ),
        (a_granted_case(S.AWAITING_BUYER_RETURN), "refunded_before_receipt"),
        (a_case(kind=K.EXCHANGE, state=S.AWAITING_BUYER_RETURN, secured=True), "refunded_instead"),
        (a_granted_case(S.AWAITING_EXCHANGE_SHIPMENT, kind=K.REISSUE), "refunded_instead"),
        (a_granted_case(S.AWAITING_STOP, kind=K.REFUND_BEFORE_SHIPMENT), "refunded_before_stop"),
        (a_granted_case(S.AWAITING_REVOCATION, kind=K.VIRTUAL_REFUND), "refunded_before_revocation"),
        (a_granted_case(S.AWAITING_REFUND, secured=True, refund=Money(8000)), "refund"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refund_that_we_did_not_wait_for_is_a_fact_and_a_discrepancy(case, what):
    change = case.refund_succeeded(Money(8900), at=LATER)

    assert change.state.state is S.SUCCEEDED
    assert [each.what for each in change.state.differences] == [what]
    assert [type(event) for event in change.events] == [e.CaseRefunded, e.CaseDiffers]
    assert change.state.closing is None


def test_a_refund_that_only_the_platform_knew_of_counts_as_granted_by_it():
    done = a_case(kind=K.REFUND_ONLY).refund_succeeded(Money(8900), at=LATER).state

    assert (done.refund, done.approved_by, done.differences) == (Money(8900), BY_PLATFORM, ())


def test_another_amount_told_later_leaves_the_first_and_a_discrepancy():
    done = a_granted_case(S.AWAITING_REFUND, secured=True).refund_succeeded(Money(8900), at=LATER).state

    change = done.refund_succeeded(Money(9000), at=LATER)

    assert change.state.refunded == Money(8900)
    assert change.state.differences == (Difference(what="refund", theirs="90.00", ours="89.00"),)


# --- the platform decides --------------------------------------------------------------------------------------------


def test_the_platforms_decision_overrides_us_and_is_told_as_such():
    change = a_granted_case(S.AWAITING_BUYER_RETURN).platform_orders_refund(at=LATER)

    assert change.events == (
        e.PlatformDecided(decision="for_buyer", previous=S.AWAITING_BUYER_RETURN, **facts(S.AWAITING_REFUND)),
    )
    assert (change.state.refund, change.state.approved_by) == (Money(8900), KEFU)


def test_what_the_platform_orders_unasked_is_granted_for_what_was_asked():
    ordered = a_case().platform_orders_refund(at=LATER).state

    assert (ordered.state, ordered.refund, ordered.approved_by) == (S.AWAITING_REFUND, Money(8900), BY_PLATFORM)


def test_the_platform_reopens_what_we_had_closed():
    closed = a_case().reject("x", by=KEFU, at=NOW).state

    assert closed.platform_orders_refund(at=LATER).state.closing is None
    assert a_case().platform_dismisses(at=LATER).state.closing == Closing(
        how=M.PLATFORM_DISMISSES, reason="", by=BY_PLATFORM
    )


# --- beside the state ------------------------------------------------------------------------------------------------


def test_responsibility_is_set_with_a_reason_and_the_same_again_changes_nothing():
    change = a_case().blame(Responsibility.CARRIER, reason="外箱破损", at=LATER)

    assert change.state.responsibility is Responsibility.CARRIER
    assert change.events == (
        e.ResponsibilitySet(responsibility="carrier", reason="外箱破损", **facts(S.AWAITING_REVIEW)),
    )
    assert change.state.blame(Responsibility.CARRIER, reason="again", at=LATER).events == ()


def test_a_discrepancy_stays_until_a_person_has_dealt_with_it():
    differs = a_case().differs("state", theirs="closed", ours="awaiting_review", at=LATER).state

    assert differs.differs("state", theirs="closed", ours="awaiting_review", at=LATER).events == ()
    newer = differs.differs("state", theirs="succeeded", ours="awaiting_review", at=LATER).state
    assert newer.differences == (Difference(what="state", theirs="succeeded", ours="awaiting_review"),)
    settled = newer.settle_difference("state", reason="已核对", at=LATER)
    assert settled.events == (e.CaseDifferenceSettled(what="state", reason="已核对", **facts(S.AWAITING_REVIEW)),)
    with pytest.raises(NoSuchDifference):
        settled.state.settle_difference("state", reason="x", at=LATER)


def test_facts_that_do_not_change_are_not_told():
    assert a_case().revise(reason="size", at=LATER).events == ()
    assert a_case().revise(reason="color", at=LATER).events == (
        e.CaseRevised(what=("reason",), **facts(S.AWAITING_REVIEW)),
    )


@pytest.mark.parametrize("state", S)
def test_a_case_is_open_until_it_ends(state):
    assert evolve(a_case(), state=state).is_open == (state not in (S.SUCCEEDED, S.CLOSED))


def test_a_case_says_whether_it_waits_for_the_money():
    assert [state for state in CaseState if a_case(state=state).waits_for_money] == [CaseState.AWAITING_REFUND]
