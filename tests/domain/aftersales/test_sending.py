"""What the orders that send new goods mean for their case."""

import pytest
from attrs import evolve

from oms_domain.aftersales import events as e
from oms_domain.aftersales.refusals import RefundNotPositive
from oms_domain.aftersales.sending import UNSENT, all_left, followed
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.aftersales.values import BY_ORDER, Sent
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.aftersales import CASE, KEFU, a_granted_case
from oms_domain.testing.builders import HAT, NOW, ORDER, SCARF, a_sales_order


def waiting(**changes):
    facts = {"kind": K.EXCHANGE, "replacement_id": ORDER} | changes
    return a_granted_case(facts.pop("state", C.AWAITING_EXCHANGE_SHIPMENT), **facts)


def order(state, **changes):
    return a_sales_order(state=state, **changes)


def test_as_long_as_anything_is_here_a_case_waits():
    orders = [order(S.SHIPPED), order(S.PARTIALLY_SHIPPED), order(S.CANCELLED)]

    assert not all_left(orders)
    assert followed(waiting(), orders, reason="", at=NOW).events == ()


def test_when_all_have_left_the_case_ends():
    change = followed(waiting(), iter([order(S.SHIPPED), order(S.SIGNED)]), reason="", at=NOW)

    facts = {"case_id": CASE, "order_id": ORDER, "kind": K.EXCHANGE, "at": NOW}
    assert change.events == (e.ReplacementShipped(state=C.SUCCEEDED, **facts),)
    assert change.state.sent == BY_ORDER


def test_when_none_will_leave_a_person_says_how_it_goes_on():
    change = followed(waiting(), [order(S.CANCELLED)], reason="缺货", at=NOW)

    facts = {"case_id": CASE, "order_id": ORDER, "kind": K.EXCHANGE, "at": NOW}
    assert change.events == (
        e.ReplacementCalledOff(state=C.AWAITING_REVIEW, replacement_id=ORDER, reason="缺货", **facts),
    )
    assert (change.state.approved_by, change.state.replacement_id) == ("", ORDER)
    assert not all_left([])


def test_what_will_never_leave_is_told_beside_what_did():
    left = order(S.SHIPPED)
    scarves, hats = left.lines
    left = evolve(left, lines=(evolve(scarves, called_off=1), hats))

    change = followed(waiting(), [left, order(S.CANCELLED)], reason="", at=NOW)

    (told,) = change.state.differences
    assert (told.what, told.theirs, told.ours) == (UNSENT, f"{SCARF} × 1, {SCARF} × 2, {HAT} × 1", "succeeded")


def test_what_was_owed_goes_back_when_they_leave_by_the_word_of_who_granted_it():
    owing = waiting().owe(Money(500), by="other", at=NOW)
    facts = {"case_id": CASE, "order_id": ORDER, "kind": K.EXCHANGE, "at": NOW}
    assert owing.events == (
        e.DifferenceOwed(state=C.AWAITING_EXCHANGE_SHIPMENT, amount=Money(500), by="other", **facts),
    )

    by_itself = followed(owing.state, [order(S.SHIPPED)], reason="", at=NOW).state
    by_hand = owing.state.ship_replacement(Sent(carrier="SF", tracking_no="1"), owed=Money(400), by="other", at=NOW)

    assert (by_itself.state, by_itself.refund, by_itself.approved_by) == (C.AWAITING_REFUND, Money(500), KEFU)
    assert (by_hand.state.refund, by_hand.state.approved_by, by_hand.state.sent.by_hand) == (Money(400), "other", True)
    assert by_hand.events[0].tracking_no == "1"


@pytest.mark.parametrize("state", [C.AWAITING_REFUND, C.SUCCEEDED, C.CLOSED])
def test_what_has_left_or_ended_owes_nothing_more(state):
    with pytest.raises(MoveNotAllowed):
        waiting(state=state).owe(Money(1), by=KEFU, at=NOW)


@pytest.mark.parametrize(("kind", "fen"), [(K.REISSUE, 1), (K.EXCHANGE, 0), (K.EXCHANGE, -1)])
def test_only_an_exchange_owes_and_more_than_nothing(kind, fen):
    with pytest.raises(RefundNotPositive):
        waiting(kind=kind).owe(Money(fen), by=KEFU, at=NOW)
