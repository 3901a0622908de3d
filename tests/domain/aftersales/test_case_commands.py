"""Every kind × state × command: allowed by the table with its effect, or refused with the moves that there are."""

from datetime import timedelta

import pytest

from oms_domain.aftersales import events as e
from oms_domain.aftersales.case import BY_PLATFORM, AftersalesCase
from oms_domain.aftersales.limits import Due
from oms_domain.aftersales.refusals import AddressNotNeeded, AddressSettled, CaseInDispute, NotInDispute
from oms_domain.aftersales.states import CASE_TABLES, GIVES_MONEY_BACK, CaseKind, CaseMove, CaseState
from oms_domain.aftersales.values import Closing
from oms_domain.channels.standard import Region
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import VaultId
from oms_domain.kernel.money import Money
from oms_domain.testing.aftersales import KEFU, NEXT_CASE, RETURN, RETURN_TO, a_case
from oms_domain.testing.builders import NOW, ORDER, an_id

S, M, K = CaseState, CaseMove, CaseKind
LATER = NOW + timedelta(hours=1)


def approve(case: AftersalesCase):
    refund = Money(8900) if case.kind in GIVES_MONEY_BACK else None
    return case.approve(refund, cap=refund, by=KEFU, at=LATER)


def change_kind(case: AftersalesCase):
    to = K.REFUND_ONLY if case.kind is not K.REFUND_ONLY else K.EXCHANGE
    return case.change_kind(to, next_id=NEXT_CASE, by=KEFU, at=LATER)


COMMANDS = {
    M.APPROVE: (approve, e.CaseApproved),
    M.REJECT: (lambda case: case.reject("不符合条件", by=KEFU, at=LATER), e.CaseClosed),
    M.WITHDRAW: (lambda case: case.withdraw(at=LATER), e.CaseClosed),
    M.TIME_OUT: (lambda case: case.time_out(at=LATER), e.CaseClosed),
    M.CHANGE_KIND: (change_kind, e.CaseKindChanged),
    M.ASK_AGAIN: (lambda case: case.ask_again(Money(100), at=LATER), e.CaseAskedAgain),
    M.STOP: (lambda case: case.stopped(at=LATER), e.GoodsStopped),
    M.CANNOT_STOP: (lambda case: case.cannot_stop("已出库", at=LATER), e.CaseClosed),
    M.REVOKE: (lambda case: case.revoked(at=LATER), e.RightRevoked),
    M.CANNOT_REVOKE: (lambda case: case.cannot_revoke("已使用", at=LATER), e.CaseClosed),
    M.BUYER_SENDS: (lambda case: case.buyer_sends("SF", "SF0000000000001", at=LATER), e.BuyerSentGoods),
    M.RECEIVE: (lambda case: case.receive(at=LATER), e.GoodsAccepted),
    M.DISPUTE: (lambda case: case.dispute("少件", at=LATER), e.CaseDisputed),
    M.RECEIVE_UNPAID: (lambda case: case.receive(difference=Money(500), at=LATER), e.GoodsAccepted),
    M.PAY_DIFFERENCE: (lambda case: case.pay_difference(at=LATER), e.DifferencePaid),
    M.SHIP_EXCHANGE: (lambda case: case.ship_replacement(at=LATER), e.ReplacementShipped),
    M.SHIP_OWING: (lambda case: case.ship_replacement(owed=Money(500), at=LATER), e.ReplacementShipped),
    M.REPLACEMENT_OFF: (lambda case: case.replacement_called_off("缺货", at=LATER), e.ReplacementCalledOff),
    M.REFUND_FAILS: (lambda case: case.refund_failed("余额不足", at=LATER), e.CaseRefundFailed),
    M.REFUND_SUCCEEDS: (lambda case: case.refund_succeeded(Money(8900), at=LATER), e.CaseRefunded),
    M.PLATFORM_ORDERS_REFUND: (lambda case: case.platform_orders_refund(at=LATER), e.PlatformDecided),
    M.PLATFORM_DISMISSES: (lambda case: case.platform_dismisses(at=LATER), e.PlatformDecided),
}
"""Each move with the command that makes it and the event that it tells."""

OVERDUE = Due(at=NOW, warn_at=NOW)


def in_state(kind, state):
    closing = Closing(how=M.WITHDRAW, reason="", by=BY_PLATFORM) if state is S.CLOSED else None
    return a_case(kind=kind, state=state, due=OVERDUE, closing=closing)


def test_every_move_has_its_command():
    assert COMMANDS.keys() == set(M)


@pytest.mark.parametrize("move", M)
@pytest.mark.parametrize(("kind", "state"), [(kind, state) for kind, table in CASE_TABLES.items() for state in table])
def test_a_command_moves_as_the_table_says_or_is_refused(kind, state, move):
    command, told = COMMANDS[move]
    case, row = in_state(kind, state), CASE_TABLES[kind][state]

    # A difference is paid for an exchange only; of any other kind it is none of the table's business.
    asked = M.RECEIVE if move is M.RECEIVE_UNPAID and kind is not K.EXCHANGE else move
    if state is S.SUCCEEDED and move is M.REFUND_SUCCEEDS:
        assert command(case).state.state is S.SUCCEEDED  # a fact even there: the platform paid all the same
        return
    if asked not in row:
        with pytest.raises(MoveNotAllowed) as refused:
            command(case)
        assert refused.value.allowed == tuple(row)
        return
    change = command(case)

    assert change.state.state is row[asked]
    assert type(change.events[0]) is told
    assert (change.events[0].case_id, change.events[0].state) == (case.id, row[asked])
    assert change.state.updated_at == LATER


@pytest.mark.parametrize("kind", CaseKind)
def test_a_state_that_is_left_takes_its_due_time_with_it(kind):
    case = in_state(kind, S.AWAITING_REVIEW)

    assert approve(case).state.due == Due()
    assert case.ask_again(None, at=LATER).state.due == Due()  # it stays in review, whose time begins anew
    assert case.revise(reason="other", at=LATER).state.due == OVERDUE


@pytest.mark.parametrize("kind", [K.RETURN_AND_REFUND, K.EXCHANGE, K.REPAIR])
def test_goods_in_dispute_are_accepted_or_refused_by_a_person_only(kind):
    case = in_state(kind, S.AWAITING_WAREHOUSE_RECEIPT)
    disputed = case.dispute("少件", at=NOW).state

    with pytest.raises(CaseInDispute):
        disputed.receive(at=LATER)
    with pytest.raises(NotInDispute):
        case.accept_goods(by=KEFU, at=LATER)

    accepted = disputed.accept_goods(by=KEFU, at=LATER)
    assert (accepted.state.in_dispute, accepted.state.secured) == ("", True)
    assert accepted.events[0].by == KEFU
    assert disputed.reject("少件未补", by=KEFU, at=LATER).state.state is S.CLOSED


# --- addresses -------------------------------------------------------------------------------------------------------

ELSEWHERE = VaultId(an_id(71))
HANGZHOU = Region(province="浙江省", city="杭州市", district="西湖区")
TO_HANGZHOU = {"send_to": ELSEWHERE, "send_mask": "张*", "send_region": HANGZHOU}


def test_another_address_is_named_before_it_is_granted_and_the_same_again_changes_nothing():
    change = a_case(kind=CaseKind.EXCHANGE).readdress(at=LATER, **TO_HANGZHOU)

    case = change.state
    assert (case.send_to, case.send_mask, case.send_region, case.return_to) == (ELSEWHERE, "张*", HANGZHOU, RETURN_TO)
    assert [(event.type, event.what) for event in change.events] == [
        ("aftersales.case_revised", ("send_mask", "send_region", "send_to"))
    ]
    assert case.readdress(at=LATER, **TO_HANGZHOU).events == ()


@pytest.mark.parametrize(
    ("kind", "places", "field"),
    [
        (CaseKind.REFUND_ONLY, {"return_to": ELSEWHERE}, "return_to"),
        (CaseKind.RETURN_AND_REFUND, {"send_to": ELSEWHERE}, "send_to"),
        (CaseKind.REISSUE, {"return_to": ELSEWHERE}, "return_to"),
    ],
)
def test_an_address_that_no_goods_go_to_is_refused(kind, places, field):
    with pytest.raises(AddressNotNeeded) as refusal:
        a_case(kind=kind).readdress(at=LATER, **places)

    assert (refusal.value.field, refusal.value.kind) == (field, kind)


@pytest.mark.parametrize(
    ("facts", "places"),
    [
        ({"state": CaseState.AWAITING_BUYER_RETURN}, {"return_to": ELSEWHERE}),
        ({"return_id": RETURN}, {"return_to": ELSEWHERE}),
        ({"kind": CaseKind.REISSUE, "replacement_id": ORDER}, {"send_to": ELSEWHERE}),
    ],
)
def test_what_somebody_was_told_stays(facts, places):
    with pytest.raises(AddressSettled):
        a_case(**facts).readdress(at=LATER, **places)


def test_of_goods_on_their_way_back_the_address_of_the_new_ones_may_change():
    case = a_case(kind=CaseKind.EXCHANGE, return_id=RETURN)  # reviewed again

    assert case.readdress(at=LATER, **TO_HANGZHOU).state.send_region == HANGZHOU
