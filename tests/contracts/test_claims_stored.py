"""Claims that come too early, too late or in parts, on every store: what is stored holds together afterwards."""

import pytest
from attrs import evolve
from tests.adapters.db.stored import StoredWorld
from tests.app.claims import Claims
from tests.app.test_asks import money_only
from tests.app.test_asks_in_parts import cases, given_back, in_two, shipped_in_two, two_scarves

from oms_app.ports.wms import Stop, StopAnswer
from oms_domain.aftersales.states import CaseState as C
from oms_domain.channels.aftersales import AskState
from oms_domain.kernel.money import Money
from oms_domain.orders.states import OrderState as S


@pytest.fixture
def claims(backend):
    return Claims(StoredWorld(backend.store, backend.clock, backend.new_id))


def test_of_a_claim_in_parts_each_ledger_has_its_share_and_the_platform_pays_once(claims):
    shipped_in_two(claims)
    answer = claims.hears(two_scarves(claims, 18_799))

    for case in cases(claims):
        claims.approve(case.id)

    assert claims.world.platform.paid == [(answer.refund_no, Money(18_799))]
    assert sum(given_back(claims, case.order_id) for case in cases(claims)) == 18_799
    assert {case.state for case in cases(claims)} == {C.SUCCEEDED}
    assert claims.world.findings() == []


def test_a_claim_in_parts_that_was_paid_before_anybody_knew_of_it_is_stopped_in_each_order(claims):
    parts = in_two(claims)
    for part in parts:
        claims.world.at_warehouse(part)

    claims.hears(two_scarves(claims, state=AskState.SUCCEEDED))

    assert claims.world.state(parts[0]) is S.CANCELLED
    assert len(claims.world.warehouse.stopped) == 2
    assert sum(refund.moved.fen for refund in claims.refunds) == 18_800
    assert claims.world.findings() == []


@pytest.mark.parametrize("stops", [None, StopAnswer(outcome=Stop.NOT_STOPPED, reason="picked")])
def test_a_part_that_was_paid_before_it_was_stopped(claims, stops):
    claims.at_the_warehouse()
    claims.world.warehouse.stops = stops
    ask = money_only(claims)
    case_id = claims.hears(ask).case_id

    claims.hears_again(ask, state=AskState.SUCCEEDED)

    (what,) = [what for what, _, _ in claims.differences(case_id)]
    assert (claims.case(case_id).secured, what) == (
        (True, "refunded_before_stop") if stops is None else (False, "shipped_and_refunded")
    )
    assert claims.world.findings() == []


def test_a_case_that_begins_anew_has_its_ticket_again(claims):
    claims.shipped()
    ask = money_only(claims)
    claims.reject(claims.hears(ask).case_id)
    there = claims.world.platform.asks[ask.refund_no]

    claims.hears_again(evolve(there, state=AskState.AWAITING_SELLER), refund=Money(5_000))

    (ticket,) = claims.tickets
    assert (claims.case().state, ticket.state, ticket.due) == (C.AWAITING_REVIEW, "open", claims.case().due)
