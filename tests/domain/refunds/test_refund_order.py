"""A refund order says where the money is: every state × command pair, and facts in any order, twice, or never."""

from datetime import timedelta
from itertools import permutations

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_domain.kernel.errors import InvalidText, MoveNotAllowed
from oms_domain.kernel.identity import OrderId
from oms_domain.kernel.money import Money
from oms_domain.kernel.states import check_table
from oms_domain.refunds import events as e
from oms_domain.refunds.compensation import (
    Compensation,
    CompensationAboveLimit,
    CompensationKind,
    CompensationLimit,
    CompensationSettled,
    NoSuchCompensation,
    Payout,
)
from oms_domain.refunds.ledger import EntryKind, HeldOtherwise, NotHeld
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.proposal import FreightRule, propose
from oms_domain.refunds.refund_order import (
    MayBeMoving,
    PlatformFact,
    PlatformPays,
    RefundDifference,
    TooManyTags,
    booked,
    check_held,
)
from oms_domain.refunds.states import (
    MAY_BE_MOVING,
    REFUND_ENDS,
    REFUND_ENTRIES,
    REFUND_TABLE,
    DocumentState,
    PlatformRefundState,
    RefundMove,
    RefundSource,
    RefundState,
)
from oms_domain.testing.aftersales import CASE, KEFU, REFUND, a_ledger, a_refund
from oms_domain.testing.builders import LINE, NOW, ORDER, OTHER_LINE, an_id

S, M, P = RefundState, RefundMove, PlatformRefundState
LATER = NOW + timedelta(hours=1)
FACTS = {"refund_id": REFUND, "order_id": ORDER, "case_id": CASE}
FIRST = (RefundUnits(line_id=LINE, units=((0, 1),)),)


def a_fact(state=P.SUCCEEDED, amount=3_000, minutes=0):
    return PlatformFact(state=state, amount=Money(amount), modified_at=NOW + timedelta(minutes=minutes))


def test_the_table_is_sound():
    assert check_table(REFUND_TABLE, entries=REFUND_ENTRIES, ends=REFUND_ENDS, moves=M) == ()


def test_money_that_may_be_moving_is_never_closed_on_our_word():
    assert {state for state, row in REFUND_TABLE.items() if M.CLOSE in row} == {S.PROPOSED, S.APPROVED}
    assert not MAY_BE_MOVING & {S.PROPOSED, S.APPROVED}


# --- every state × command -------------------------------------------------------------------------------------------

COMMANDS = {
    M.APPROVE: (lambda refund: refund.approve(by=KEFU, at=LATER)),
    M.SEND: (lambda refund: refund.send(at=LATER)),
    M.DOUBT: (lambda refund: refund.doubt("timeout", at=LATER)),
    M.FAIL: (lambda refund: refund.fail("余额不足", at=LATER)),
    M.SUCCEED: (lambda refund: refund.succeed(Money(3_000), moved_at=NOW, at=LATER)),
    M.CLOSE: (lambda refund: refund.close("买家撤销", by=KEFU, at=LATER)),
}
LATE = {
    (S.SUCCEEDED, M.SUCCEED),
    (S.SUCCEEDED, M.FAIL),
    (S.SUCCEEDED, M.DOUBT),
    (S.CLOSED, M.FAIL),
    (S.CLOSED, M.DOUBT),
}
"""Answers that come when it is over: they change nothing."""


@pytest.mark.parametrize("move", COMMANDS)
@pytest.mark.parametrize("state", S)
def test_a_command_moves_as_the_table_says_or_is_refused(state, move):
    refund = a_refund(state=state, moved=Money(3_000) if state is S.SUCCEEDED else None, closed_by="platform")

    if (state, move) in LATE:
        assert COMMANDS[move](refund).events == ()
        return
    if move not in REFUND_TABLE[state]:
        with pytest.raises(MayBeMoving if move is M.CLOSE and state in MAY_BE_MOVING else MoveNotAllowed):
            COMMANDS[move](refund)
        return
    change = COMMANDS[move](refund)
    assert change.state.state is REFUND_TABLE[state][move]
    assert [type(event).__name__ for event in change.events] == [
        {
            M.APPROVE: "RefundApproved",
            M.SEND: "RefundSent",
            M.DOUBT: "RefundInDoubt",
            M.FAIL: "RefundFailed",
            M.SUCCEED: "RefundSucceeded",
            M.CLOSE: "RefundClosed",
        }[move]
    ]


def test_a_refund_is_proposed_approved_sent_and_paid():
    refund = a_refund()
    approved = refund.approve(by=KEFU, at=LATER)
    sent = approved.state.send(at=LATER)
    done = sent.state.succeed(Money(3_000), moved_at=NOW, at=LATER)

    assert refund.proposed(at=NOW).events == (
        e.RefundProposed(
            number=refund.number,
            source=RefundSource.PLATFORM,
            amount=Money(3_000),
            asked=None,
            by_tender=(("card", 666), ("", 2_334)),
            state=S.PROPOSED,
            at=NOW,
            **FACTS,
        ),
    )
    assert approved.events == (e.RefundApproved(by=KEFU, state=S.APPROVED, at=LATER, **FACTS),)
    assert sent.events == (e.RefundSent(amount=Money(3_000), attempt=1, state=S.IN_FLIGHT, at=LATER, **FACTS),)
    assert done.events == (e.RefundSucceeded(amount=Money(3_000), state=S.SUCCEEDED, at=LATER, **FACTS),)
    assert done.state == evolve(
        refund, state=S.SUCCEEDED, attempts=1, moved=Money(3_000), finished_at=NOW, updated_at=LATER
    )


def test_a_lost_answer_is_asked_for_again_under_the_same_id():
    sent = a_refund(state=S.APPROVED).send(at=NOW).state
    doubted = sent.doubt("timeout", at=NOW)

    again = doubted.state.send(at=LATER)

    assert doubted.events == (e.RefundInDoubt(reason="timeout", state=S.IN_DOUBT, at=NOW, **FACTS),)
    assert again.events == (e.RefundSent(amount=Money(3_000), attempt=2, state=S.IN_FLIGHT, at=LATER, **FACTS),)
    assert again.state.id == sent.id


def test_a_no_leaves_it_approved_with_the_reason_and_twice_is_once():
    failed = a_refund(state=S.IN_FLIGHT).fail("余额不足", at=NOW).state

    assert (failed.state, failed.failure) == (S.APPROVED, "余额不足")
    assert failed.fail("余额不足", at=LATER).events == ()
    assert failed.send(at=LATER).state.failure == ""


def test_another_amount_that_moved_is_a_fact_and_a_discrepancy():
    change = a_refund(state=S.IN_FLIGHT).succeed(Money(2_999), moved_at=NOW, at=LATER)

    difference = RefundDifference(what="amount", theirs="29.99", ours="30.00")
    assert change.state.moved == Money(2_999)
    assert change.state.differences == (difference,)
    assert change.events[1] == e.RefundDiffers(
        what="amount", theirs="29.99", ours="30.00", state=S.SUCCEEDED, at=LATER, **FACTS
    )
    assert change.state.settle_difference("amount", at=LATER).state.differences == ()


def test_two_answers_that_say_two_amounts_leave_the_first_and_a_discrepancy():
    done = a_refund(state=S.IN_FLIGHT).succeed(Money(3_000), moved_at=NOW, at=LATER).state

    change = done.succeed(Money(4_000), moved_at=NOW, at=LATER)

    assert change.state.moved == Money(3_000)
    assert change.state.differences == (RefundDifference(what="amount", theirs="40.00", ours="30.00"),)
    assert change.state.succeed(Money(4_000), moved_at=NOW, at=LATER).events == ()


def test_money_that_moved_after_we_closed_is_a_fact_and_a_discrepancy():
    closed = a_refund().close("买家撤销", by=KEFU, at=NOW).state

    done = closed.succeed(Money(3_000), moved_at=NOW, at=LATER).state

    assert done.state is S.SUCCEEDED
    assert done.differences == (RefundDifference(what="succeeded_after_close", theirs="30.00", ours="买家撤销"),)
    assert (done.closed_because, done.closed_by) == ("", "")


def test_it_may_be_made_another_while_nobody_has_approved_it():
    proposal = propose(a_ledger(), FIRST, freight=FreightRule.BY_OPERATOR)

    change = a_refund().repropose(proposal, at=LATER)

    assert (change.state.amount, change.state.taken) == (Money(3_200), proposal.taken)
    assert change.events == (
        e.RefundReproposed(
            amount=Money(3_200),
            by_tender=(("card", 699), ("", 2_501)),
            reason="",
            state=S.PROPOSED,
            at=LATER,
            **FACTS,
        ),
    )
    with pytest.raises(MoveNotAllowed):
        a_refund(state=S.APPROVED).repropose(proposal, at=LATER)


# --- the two states of the document ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "platform", "document"),
    [
        (S.PROPOSED, P.PENDING, DocumentState.PENDING_REVIEW),
        (S.APPROVED, P.PENDING, DocumentState.PROCESSED),
        (S.IN_DOUBT, P.PENDING, DocumentState.PROCESSED),
        (S.SUCCEEDED, P.SUCCEEDED, DocumentState.PROCESSED),
        (S.CLOSED, P.CLOSED, DocumentState.PROCESSED),
    ],
)
def test_a_document_made_by_hand_shows_our_own_state_as_the_platforms(state, platform, document):
    refund = a_refund(state=state, source=RefundSource.MANUAL)

    assert (refund.platform_state, refund.document_state) == (platform, document)


def test_a_document_of_the_platform_shows_its_word_and_before_shipment_no_state_of_ours():
    refund = a_refund(state=S.APPROVED, heard=a_fact(P.SUCCEEDED), after_shipment=False)

    assert (refund.platform_state, refund.document_state) == (P.SUCCEEDED, None)


def test_it_follows_its_units_to_another_order_wherever_its_money_is():
    wants = (RefundUnits(line_id=OTHER_LINE, units=((0, 1),)),)
    taken = tuple(evolve(each, line_id=OTHER_LINE) for each in a_refund().taken)

    change = a_refund(state=S.IN_DOUBT).goes_on_with(OrderId(an_id(77)), wants, taken, at=NOW)

    assert change.state == a_refund(state=S.IN_DOUBT, order_id=OrderId(an_id(77)), wants=wants, taken=taken)
    assert [event.what for event in change.events] == [("order_id", "taken", "wants")]


def test_it_takes_the_number_that_the_platform_gives_it():
    change = a_refund(platform_refund_no="").asked_at_platform("97001", at=NOW)

    assert change.state == a_refund(platform_refund_no="97001")
    assert change.state.asked_at_platform("97001", at=NOW).events == ()


def test_tags_and_the_internal_reason_stand_beside_the_state():
    refund = a_refund().tag("尺码", "加急", at=NOW).state
    reasoned = refund.explain_internally("批次问题", at=NOW)

    assert refund.tags == ("尺码", "加急")
    assert refund.tag("尺码", at=NOW).events == ()
    assert refund.untag("加急", "没有", at=NOW).state.tags == ("尺码",)
    assert reasoned.events == (e.RefundRevised(what=("internal_reason",), state=S.PROPOSED, at=NOW, **FACTS),)
    with pytest.raises(TooManyTags):
        refund.tag(*(f"t{n}" for n in range(19)), at=NOW)
    with pytest.raises(InvalidText):
        refund.tag("", at=NOW)


# --- the platform's word ---------------------------------------------------------------------------------------------


def test_an_older_word_changes_nothing_and_the_same_again_neither():
    heard = a_refund().hear(a_fact(P.PENDING, minutes=5), at=NOW).state

    assert heard.hear(a_fact(P.SUCCEEDED, minutes=4), at=LATER).events == ()
    assert heard.hear(a_fact(P.PENDING, minutes=5), at=LATER).events == ()


def test_of_two_words_with_one_time_the_one_further_along_counts():
    heard = a_refund().hear(a_fact(P.PENDING), at=NOW).state

    assert heard.hear(a_fact(P.SUCCEEDED), at=NOW).state.state is S.SUCCEEDED
    assert heard.hear(a_fact(P.SUCCEEDED), at=NOW).state.hear(a_fact(P.PENDING), at=NOW).events == ()


def test_equal_in_time_and_state_but_of_another_amount_must_be_fetched_again():
    heard = a_refund().hear(a_fact(P.PENDING), at=NOW).state

    assert heard.hear(a_fact(P.PENDING, amount=1), at=NOW).events == (
        e.RefundAmbiguous(state=S.PROPOSED, at=NOW, **FACTS),
    )


@pytest.mark.parametrize("state", [S.PROPOSED, S.APPROVED, S.IN_FLIGHT, S.IN_DOUBT])
def test_what_the_platform_closed_has_not_moved_and_will_not(state):
    closed = a_refund(state=state).hear(a_fact(P.CLOSED), at=NOW).state

    assert (closed.state, closed.closed_by) == (S.CLOSED, "platform")
    assert closed.fail("refused", at=LATER).events == ()
    assert closed.doubt("timeout", at=LATER).events == ()


def test_what_we_closed_and_the_platform_closes_too_keeps_our_reason():
    ours = a_refund().close("重复", by=KEFU, at=NOW).state

    closed = ours.hear(a_fact(P.CLOSED), at=LATER).state

    assert (closed.state, closed.closed_because, closed.closed_by) == (S.CLOSED, "重复", KEFU)


def test_closed_at_the_platform_after_we_saw_the_money_move_is_a_discrepancy():
    done = a_refund(state=S.IN_FLIGHT).succeed(Money(3_000), moved_at=NOW, at=NOW).state

    change = done.hear(a_fact(P.CLOSED, minutes=9), at=LATER)

    assert change.state.state is S.SUCCEEDED
    assert change.state.differences == (RefundDifference(what="closed_after_success", theirs="closed", ours="30.00"),)


def test_asked_for_again_after_the_platform_closed_it_begins_anew_and_what_we_closed_stays():
    theirs = a_refund().hear(a_fact(P.CLOSED), at=NOW).state
    ours = a_refund().close("重复", by=KEFU, at=NOW).state

    again = theirs.hear(a_fact(P.PENDING, minutes=1), at=LATER)

    assert again.state.state is S.PROPOSED
    assert again.events[-1] == e.RefundReopened(state=S.PROPOSED, at=LATER, **FACTS)
    assert ours.hear(a_fact(P.PENDING, minutes=1), at=LATER).state.state is S.CLOSED


SEVEN = (
    a_fact(P.PENDING, minutes=0),
    a_fact(P.PENDING, minutes=1, amount=2_500),
    a_fact(P.CLOSED, minutes=2, amount=2_500),
    a_fact(P.PENDING, minutes=3),
    a_fact(P.CLOSED, minutes=4),
    a_fact(P.PENDING, minutes=5),
    a_fact(P.SUCCEEDED, minutes=5),
)


def test_all_5040_orders_of_arrival_of_seven_messages_end_in_one_result():
    results = set()
    for order in permutations(SEVEN):
        refund = a_refund()
        for fact in order:
            refund = refund.hear(fact, at=NOW).state
        results.add(refund)

    (only,) = results
    assert (only.state, only.moved, only.heard) == (S.SUCCEEDED, Money(3_000), SEVEN[-1])


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_the_answer_and_the_messages_in_any_order_twice_or_never_have_one_effect(data):
    """The answer to our own ask says the same as the platform's last message; either may be lost, or come twice."""
    answer = "answer"
    told = [answer, *SEVEN[:2], SEVEN[-1]]
    arrivals = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=4))))
    lost = data.draw(st.sampled_from([None, answer, SEVEN[-1]]))
    refund, ledger = a_refund(state=S.IN_FLIGHT), booked(a_ledger(), a_refund(), at=NOW)
    effects = 0

    for arrival in (each for each in arrivals if each is not lost):
        if arrival is answer:
            change = refund.succeed(Money(3_000), moved_at=NOW + timedelta(minutes=5), at=LATER)
        else:
            change = refund.hear(arrival, at=LATER)
        effects += sum(isinstance(event, e.RefundSucceeded) for event in change.events)
        refund, ledger = change.state, booked(ledger, change.state, at=LATER)

    assert effects == 1
    assert (refund.state, refund.moved, refund.differences) == (S.SUCCEEDED, Money(3_000), ())
    assert [entry.kind for entry in ledger.entries] == [EntryKind.HELD, EntryKind.DONE]
    assert ledger.standing[REFUND].fen == 3_000


# --- in step with the ledger -----------------------------------------------------------------------------------------


def test_the_ledger_holds_while_it_lives_books_what_moved_and_lets_go_what_will_not():
    held = booked(a_ledger(), a_refund(), at=NOW)
    closed = booked(held, a_refund(state=S.CLOSED), at=NOW)
    done = booked(held, a_refund(state=S.SUCCEEDED, moved=Money(3_000)), at=NOW)

    assert held.standing[REFUND].taken == a_refund().taken
    assert closed.standing == {}
    assert done.standing[REFUND].kind is EntryKind.DONE


@pytest.mark.parametrize("state", [S.PROPOSED, S.APPROVED, S.IN_FLIGHT, S.IN_DOUBT, S.SUCCEEDED, S.CLOSED])
def test_booking_twice_is_booking_once(state):
    refund = a_refund(state=state, moved=Money(3_000) if state is S.SUCCEEDED else None)
    once = booked(booked(a_ledger(), a_refund(), at=NOW), refund, at=NOW)

    assert booked(once, refund, at=LATER) is once


def test_another_proposal_takes_the_place_of_the_first():
    held = booked(a_ledger(), a_refund(), at=NOW)
    proposal = propose(held.release(REFUND, at=NOW), FIRST, freight=FreightRule.BY_OPERATOR)

    changed = booked(held, a_refund().repropose(proposal, at=NOW).state, at=NOW)

    assert changed.standing[REFUND].fen == 3_200


def test_what_has_moved_is_not_held_for_anything_else():
    done = booked(booked(a_ledger(), a_refund(), at=NOW), a_refund(state=S.SUCCEEDED, moved=Money(3_000)), at=NOW)
    other = propose(a_ledger(), (RefundUnits(line_id=LINE, units=((1, 2),)),), freight=FreightRule.KEPT)

    with pytest.raises(HeldOtherwise):
        done.hold(REFUND, other.taken, at=NOW)


# --- given beside it -------------------------------------------------------------------------------------------------


def a_compensation(amount=1_000):
    return Compensation(
        refund_id=REFUND,
        kind=CompensationKind.FREIGHT_SUBSIDY,
        amount=Money(amount),
        reason="质量问题",
        by=KEFU,
        role="agent",
        at=NOW,
    )


MOST_15 = (CompensationLimit(role="agent", kind=CompensationKind.FREIGHT_SUBSIDY, most=Money(1_500)),)


def test_compensation_is_a_line_of_its_own_beside_the_refund():
    change = a_refund().compensate(a_compensation(), given=(), limits=MOST_15, at=NOW)

    assert change.state == evolve(a_refund(), compensations=(a_compensation(),))
    assert change.state.amount == a_refund().amount  # never hidden in the goods
    assert change.events == (
        e.CompensationGiven(
            **FACTS, state=S.PROPOSED, kind="freight_subsidy", amount=Money(1_000), reason="质量问题", by=KEFU, at=NOW
        ),
    )


def test_a_compensation_is_paid_once_by_hand_or_by_coupon():
    refund = a_refund(compensations=(a_compensation(), a_compensation(2_000)))

    change = refund.pay_compensation(2, Payout.COUPON, reason="满减券", by=KEFU, at=LATER)

    first, second = change.state.compensations
    paid = {"paid_at": LATER, "paid_by": KEFU, "paid_how": Payout.COUPON, "paid_because": "满减券"}
    assert (first, second) == (a_compensation(), evolve(a_compensation(2_000), **paid))
    assert (first.standing, second.standing) == ("given", "paid")
    facts = {"line": 2, "kind": "freight_subsidy", "amount": Money(2_000), "how": "coupon", "by": KEFU, "at": LATER}
    assert change.events == (e.CompensationPaid(**FACTS, state=S.PROPOSED, **facts),)
    with pytest.raises(CompensationSettled):
        change.state.pay_compensation(2, Payout.BY_HAND, reason="", by=KEFU, at=LATER)
    void = evolve(a_compensation(), is_void=True)
    assert void.standing == "void"
    with pytest.raises(CompensationSettled):
        a_refund(compensations=(void,)).pay_compensation(1, Payout.BY_HAND, reason="", by=KEFU, at=LATER)


@pytest.mark.parametrize("line", [-1, 0, 2])
def test_only_a_compensation_that_there_is_is_paid(line):
    with pytest.raises(NoSuchCompensation):
        a_refund(compensations=(a_compensation(),)).pay_compensation(line, Payout.BY_HAND, reason="", by=KEFU, at=LATER)


def test_what_the_order_was_given_before_counts():
    with pytest.raises(CompensationAboveLimit):
        a_refund().compensate(a_compensation(), given=(a_compensation(501),), limits=MOST_15, at=NOW)


def test_a_grant_that_was_not_sent_is_reviewed_anew_where_something_else_is_asked():
    again = a_refund(state=S.APPROVED, failure="no").ask_again(at=LATER)

    assert again.state == a_refund(state=S.PROPOSED, updated_at=LATER)
    assert [event.type for event in again.events] == ["refunds.reopened"]
    for state in (S.PROPOSED, S.IN_FLIGHT, S.SUCCEEDED, S.CLOSED):
        with pytest.raises(MoveNotAllowed):
            a_refund(state=state).ask_again(at=LATER)


# --- by hand ---------------------------------------------------------------------------------------------------------


def paid(refund, **changes):
    facts = {"platform_pays": False, "reason": "转账", "paid_at": NOW, "by": KEFU, "at": LATER}
    return refund.pay_by_hand(**facts | changes)


@pytest.mark.parametrize("state", S)
def test_only_what_was_approved_is_paid_by_hand(state):
    refund = a_refund(state=state)

    if state is not S.APPROVED:
        with pytest.raises(MayBeMoving if state in MAY_BE_MOVING else MoveNotAllowed):
            paid(refund)
        return
    change = paid(refund)
    assert change.state == evolve(
        refund,
        state=S.SUCCEEDED,
        moved=Money(3_000),
        paid_by=KEFU,
        paid_because="转账",
        finished_at=NOW,
        updated_at=LATER,
    )
    assert change.events == (e.RefundSucceeded(amount=Money(3_000), by=KEFU, state=S.SUCCEEDED, at=LATER, **FACTS),)


def test_what_a_platform_pays_is_paid_by_hand_only_with_the_reason_why_it_will_not():
    refund = a_refund(state=S.APPROVED, platform_refund_no="97001")

    with pytest.raises(PlatformPays) as refusal:
        paid(refund, platform_pays=True)

    assert (refusal.value.refund_id, refusal.value.platform_refund_no) == (REFUND, "97001")
    assert paid(refund, platform_pays=True, not_by_platform="通道关闭").state.not_by_platform == "通道关闭"
    assert paid(refund, not_by_platform="通道关闭").state.not_by_platform == ""


def test_what_the_platform_pays_of_what_was_paid_by_hand_is_excess_once():
    refund = paid(a_refund(state=S.APPROVED)).state
    ledger = booked(booked(a_ledger(), a_refund(), at=NOW), refund, at=NOW)

    twice = refund.hear(a_fact(), at=LATER)
    again = twice.state.hear(a_fact(minutes=1), at=LATER)
    more = again.state.hear(a_fact(amount=3_100, minutes=2), at=LATER)

    assert (twice.state.moved, twice.state.paid_besides) == (Money(3_000), Money(3_000))
    assert twice.state.differences == (RefundDifference(what="paid_twice", theirs="30.00", ours="30.00"),)
    assert again.state.differences == twice.state.differences
    assert (more.state.paid_besides, more.state.differences[1:]) == (
        Money(3_000),
        (RefundDifference(what="amount", theirs="31.00", ours="30.00"),),
    )
    done = booked(ledger, twice.state, at=LATER)
    assert (done.standing[REFUND].fen, done.excess_fen) == (3_000, 3_000)
    assert booked(done, again.state, at=LATER) is done


def test_what_the_platform_closes_that_was_paid_by_hand_is_as_it_should_be():
    refund = paid(a_refund(state=S.APPROVED)).state

    closed = refund.hear(a_fact(P.CLOSED), at=LATER).state
    twice = closed.hear(a_fact(minutes=1), at=LATER).state

    assert (closed.state, closed.differences) == (S.SUCCEEDED, ())
    assert twice.hear(a_fact(P.CLOSED, minutes=2), at=LATER).state.differences[-1].what == "closed_after_success"


@pytest.mark.parametrize("short", [True, False])
def test_what_is_not_held_whole_is_not_to_be_paid(short):
    refund = a_refund(state=S.APPROVED)
    held = booked(a_ledger(), refund, at=NOW)
    check_held(held, refund)

    with pytest.raises(NotHeld):
        check_held(held if short else a_ledger(), evolve(refund, amount=Money(3_001)))
    with pytest.raises(NotHeld):
        check_held(held.moved(REFUND, refund.taken, at=NOW), refund)


def test_excess_stands_beside_what_has_moved_alone():
    held = booked(a_ledger(), a_refund(), at=NOW)

    with pytest.raises(NotHeld):
        held.moved_besides(REFUND, 5, at=NOW)
    with pytest.raises(NotHeld):
        a_ledger().moved_besides(REFUND, 5, at=NOW)
