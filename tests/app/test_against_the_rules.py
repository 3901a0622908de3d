"""What our rules refuse: a change of kind is judged as a new claim is, and the platform's word grants nothing."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.app.claims import Claims
from tests.app.test_asks import money_only

from oms_app.case_commands import ChangeKind, SettleDifference
from oms_app.orders import ApproveOrder
from oms_app.ports.wms import ParcelLeft
from oms_domain.aftersales.opening import KindNotNow, UnitsNotShippedAlike, WindowClosed
from oms_domain.aftersales.refusals import AgainstTheRules
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.channels.aftersales import AskKind, AskState
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.states import OrderState as S

RULE = "against_rules"


@pytest.fixture
def claims(world):
    return Claims(world)


def left_in_part(claims):
    """One scarf has left; the other one and the hat are still at the warehouse."""
    world, sent = claims.world, claims.at_the_warehouse()
    report = ParcelLeft(
        report_id="p-1",
        fulfilment_id=sent.fulfilment_id,
        carrier="SF",
        tracking_no="SF0000000000009",
        contents=((sent.lines[0][0], 1),),
        at=world.clock(),
    )
    world.warehouse.waiting.append(report)
    world.watch_warehouse()
    world.settle()
    assert claims.order.state is S.PARTIALLY_SHIPPED


def the_hat(claims):
    """A claim's line for the hat: 40.00."""
    return (evolve(claims.an_ask().lines[0], line_no=claims.standard.lines[-1].line_no, quantity=Quantity(1)),)


BRING: dict[S, object] = {
    S.AWAITING_CS_REVIEW: lambda claims: None,
    S.AWAITING_RELEASE: lambda claims: claims.world.give(ApproveOrder, claims.order_id),
    S.IN_WAREHOUSE: lambda claims: claims.at_the_warehouse(),
    S.PARTIALLY_SHIPPED: left_in_part,
}
OTHERS = [K.REFUND_ONLY, K.RETURN_AND_REFUND, K.EXCHANGE, K.REISSUE, K.REPAIR]


@pytest.mark.parametrize("to", OTHERS)
@pytest.mark.parametrize("state", BRING)
def test_before_shipment_a_claim_is_not_changed_to_a_kind_that_could_not_be_asked_for(claims, state, to):
    BRING[state](claims)
    case_id = claims.open(K.REFUND_BEFORE_SHIPMENT, 1)
    assert claims.order.state is state

    with pytest.raises((KindNotNow, UnitsNotShippedAlike)):
        claims.do("change_kind", ChangeKind, case_id, to=to)

    assert claims.case(case_id).state is C.AWAITING_REVIEW


@pytest.mark.parametrize("to", [kind for kind in OTHERS if kind is not K.REFUND_ONLY])
def test_after_shipment_it_is_changed_as_before(claims, to):
    case_id = claims.shipped().open(K.REFUND_ONLY, 1)

    next_id = claims.do("change_kind", ChangeKind, case_id, to=to).linked_id

    assert (claims.case(next_id).kind, claims.differences(next_id)) == (to, [])


def test_a_claim_that_was_made_in_time_may_be_changed_later_and_one_made_too_late_may_not(claims):
    world = claims.shipped().world
    world.clock.forward(days=6)
    first = claims.open(K.EXCHANGE, 1)
    world.clock.forward(days=3)
    second = claims.do("change_kind", ChangeKind, first, to=K.RETURN_AND_REFUND).linked_id
    third = claims.do("change_kind", ChangeKind, second, to=K.REFUND_ONLY).linked_id
    late = claims.hears(claims.an_ask()).case_id

    with pytest.raises(WindowClosed):
        claims.do("change_kind", ChangeKind, late, to=K.REFUND_ONLY)
    assert claims.case(third).state is C.AWAITING_REVIEW


@pytest.mark.parametrize("agreed", [AskState.AWAITING_SELLER, AskState.AWAITING_RESHIPMENT])
@pytest.mark.parametrize("state", [S.IN_WAREHOUSE, S.PARTIALLY_SHIPPED])
def test_the_platforms_change_that_a_rule_refuses_sends_no_goods_and_stops_the_order(claims, state, agreed):
    BRING[state](claims)
    first = claims.hears(money_only(claims, lines=the_hat(claims), refund=Money(4_000)))
    there = claims.world.platform.asks[first.refund_no]

    second = claims.hears_again(there, kind=AskKind.REISSUE, state=agreed)

    new = claims.case(second.case_id)
    assert (new.kind, new.state, new.replacement_id) == (K.REISSUE, C.AWAITING_REVIEW, None)
    assert [each.what for each in new.differences] == [RULE]
    assert [flag.kind for flag in claims.order.flags] == [FlagKind.IN_AFTERSALES]


def test_money_for_what_has_not_left_of_an_order_that_left_in_part_is_asked_before_shipment(claims):
    left_in_part(claims)

    claims.hears(money_only(claims, lines=the_hat(claims), refund=Money(4_000)))

    assert (claims.case().kind, claims.differences()) == (K.REFUND_BEFORE_SHIPMENT, [])


def test_a_claim_of_the_platform_after_the_window_says_so_and_waits_for_a_reason(claims):
    claims.shipped()
    ended = claims.order.ended_at
    claims.world.clock.forward(days=8)
    case_id = claims.hears(money_only(claims)).case_id

    assert claims.differences() == [
        (RULE, "refund_only", f"aftersales.window_closed: {(ended + timedelta(days=7)).isoformat()}")
    ]
    with pytest.raises(AgainstTheRules):
        claims.approve(case_id)
    claims.do("settle_difference", SettleDifference, case_id, what=RULE, reason="老客户")
    claims.approve(case_id)

    assert claims.case().state is C.SUCCEEDED


def test_a_claim_of_the_platform_for_a_unit_in_another_claim_names_that(claims):
    claims.shipped()
    ours = claims.case(claims.open(K.RETURN_AND_REFUND, 2))

    second = claims.hears(money_only(claims)).case_id

    assert claims.differences(second) == [(RULE, "refund_only", f"aftersales.units_in_another_case: {ours.number}")]
    assert [each.subject for each in claims.tickets if each.case_id == second and each.kind == "discrepancy"] != []
    with pytest.raises(AgainstTheRules):
        claims.approve(second)


def test_a_return_of_what_has_not_left_is_not_granted_by_the_platforms_word_and_ends_as_it_is_refused(claims):
    claims.at_the_warehouse()
    case_id = claims.hears(claims.an_ask(state=AskState.AWAITING_RETURN)).case_id

    assert (claims.case().kind, claims.case().state) == (K.RETURN_AND_REFUND, C.AWAITING_REVIEW)
    assert claims.differences() == [(RULE, "return_and_refund", "aftersales.kind_not_now: in_warehouse")]
    claims.reject(case_id)

    assert (claims.case().state, claims.order.flags) == (C.CLOSED, ())


def test_what_comes_in_time_has_nothing_against_it(claims):
    claims.shipped()
    early = money_only(claims)
    claims.world.clock.forward(days=8)  # we were down: it was asked for in time

    claims.hears(early)

    assert claims.differences() == []
