"""New goods that buyers ask for at a platform: what no call of ours does there stands on a list until it is done."""

import pytest
from attrs import evolve
from tests.app.claims import Claims
from tests.app.test_goods_that_come_back import comes
from tests.app.world import ROOT

from oms_app.case_commands import NoteReplacementSent, OweDifference
from oms_app.refunds import PayByHand
from oms_domain.aftersales.at_platform import AGREE, CONFIRM_RECEIPT, REFUSE, SHIP
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.channels.aftersales import AskKind, AskState
from oms_domain.kernel.money import Money
from oms_domain.refunds.states import RefundState as R
from oms_domain.testing.builders import SCARF


@pytest.fixture
def claims(world):
    return Claims(world).shipped()


def an_exchange(claims):
    """An exchange that the buyer asks for at the platform."""
    ask = claims.an_ask(kind=AskKind.EXCHANGE, returns_goods=True)
    claims.hears(ask)
    assert (claims.case().kind, claims.case().state) == (K.EXCHANGE, C.AWAITING_REVIEW)
    return ask


def points(claims):
    return [what for what, _, _ in claims.differences()]


def test_each_step_of_an_exchange_is_done_at_the_platform_by_a_person_and_seen_there(claims):
    ask = an_exchange(claims)
    claims.approve(claims.case().id)
    assert claims.differences() == [(AGREE, "awaiting_seller", "awaiting_buyer_return")]
    assert there(claims, ask) is AskState.AWAITING_SELLER  # the call that agrees to returns is none for exchanges
    assert [(each.kind, each.state) for each in tickets(claims, AGREE)] == [("discrepancy", "open")]
    claims.hears_again(ask, state=AskState.AWAITING_RETURN)
    assert (points(claims), [each.state for each in tickets(claims, AGREE)]) == ([], ["done"])
    assert [each.state for each in claims.tickets if each.kind == "case"] == ["open"]

    comes(claims, (SCARF, 1))
    assert points(claims) == [CONFIRM_RECEIPT]
    ask = claims.an_ask(kind=AskKind.EXCHANGE, returns_goods=True)
    claims.hears(later(claims, ask, AskState.AWAITING_RESHIPMENT))
    assert points(claims) == []

    claims.do("note_replacement_sent", NoteReplacementSent, claims.case().id, carrier="SF", tracking_no="SF-9")
    assert claims.differences() == [(SHIP, "SF SF-9", "succeeded")]
    claims.hears(later(claims, ask, AskState.AWAITING_BUYER))
    assert points(claims) == []


def tickets(claims, what):
    return [ticket for ticket in claims.tickets if ticket.subject.startswith(what)]


def there(claims, ask):
    return claims.world.platform.asks[ask.refund_no].state


def later(claims, ask, state):
    claims.world.clock.forward(minutes=5)
    return evolve(ask, state=state, modified_at=claims.world.clock())


def test_an_exchange_is_refused_there_by_a_person_and_not_by_the_call_for_refunds(claims):
    ask = an_exchange(claims)

    claims.reject(claims.case().id, "不符合换货条件")

    assert claims.differences() == [(REFUSE, "不符合换货条件", "closed")]
    assert there(claims, ask) is AskState.AWAITING_SELLER


def test_what_is_done_there_before_is_no_point(claims):
    ask = an_exchange(claims)
    claims.hears_again(ask, state=AskState.AWAITING_RETURN)

    assert (claims.case().state, points(claims)) == (C.AWAITING_BUYER_RETURN, [])


def test_what_new_goods_cost_less_is_paid_by_hand(claims):
    an_exchange(claims)
    claims.approve(claims.case().id)
    comes(claims, (SCARF, 1))
    claims.do("owe_difference", OweDifference, claims.case().id, amount=Money(500))
    claims.do("note_replacement_sent", NoteReplacementSent, claims.case().id, carrier="SF", tracking_no="SF-9")

    assert (claims.refund.state, claims.world.platform.paid) == (R.APPROVED, [])
    claims.world.refunds.pay_by_hand(PayByHand(refund_id=claims.refund.id, by=ROOT))
    claims.world.settle()
    assert claims.case().state is C.SUCCEEDED


def test_what_was_asked_for_by_hand_has_nothing_to_do_there(claims):
    case_id = claims.open(K.EXCHANGE, 1)
    claims.approve(case_id)

    assert points(claims) == []
