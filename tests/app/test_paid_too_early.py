"""The platform pays before anybody has stopped the goods: they are stopped late, or a person takes them back."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.app.claims import Claims
from tests.app.test_against_the_rules import BRING, left_in_part, the_hat
from tests.app.test_asks import money_only
from tests.app.test_never_both import findings

from oms_app.case_commands import SettleDifference
from oms_app.order_moves import CancelRest
from oms_app.ports.wms import Stop, StopAnswer
from oms_domain.aftersales.states import CaseState as C
from oms_domain.channels.aftersales import AskKind, AskState
from oms_domain.kernel.money import Money
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, SCARF

NO = StopAnswer(outcome=Stop.NOT_STOPPED, reason="picked")
LATER = StopAnswer(outcome=Stop.NO_ANSWER, reason="")


@pytest.fixture
def claims(world):
    return Claims(world)


def lines_for(claims, *lines):
    return tuple(evolve(claims.an_ask().lines[0], line_no=line.line_no, quantity=line.quantity) for line in lines)


def whole(claims, **changes):
    """An ask for everything: 236.00 with the freight."""
    return money_only(claims, lines=lines_for(claims, *claims.standard.lines), refund=Money(23_600), **changes)


def flags(claims):
    return [flag.kind for flag in claims.order.flags]


def test_while_the_warehouse_has_it_the_flag_stays_until_the_warehouse_has_answered(claims):
    sent = claims.at_the_warehouse()
    claims.world.warehouse.stops = LATER

    claims.hears(whole(claims, state=AskState.SUCCEEDED))

    assert (claims.case().state, claims.case().secured) == (C.SUCCEEDED, False)
    assert flags(claims) == [FlagKind.IN_AFTERSALES, FlagKind.CANCEL_PENDING]
    claims.world.warehouse.stops = None
    claims.world.wait(hours=1)
    assert (claims.order.state, claims.case().secured) == (S.CANCELLED, True)
    assert [stop.number for stop in claims.world.warehouse.stopped] == [sent.number]
    assert claims.given_back() == Money(23_600)
    assert findings(claims.world) == []


def test_what_is_stopped_is_cancelled_and_nothing_is_owed_besides(claims):
    claims.at_the_warehouse()

    claims.hears(whole(claims, state=AskState.SUCCEEDED))

    assert (claims.order.state, claims.world.units(SCARF)[1], flags(claims)) == (S.CANCELLED, 0, [])
    assert [each[0] for each in claims.differences()] == ["refunded_before_stop"]
    assert claims.given_back() == Money(23_600)
    assert findings(claims.world) == []


def test_a_part_of_what_the_warehouse_has_is_taken_back_and_goes_out_without_the_units(claims):
    world = claims.world
    claims.at_the_warehouse()
    ask = money_only(claims)
    claims.hears(ask)

    claims.hears_again(ask, state=AskState.SUCCEEDED)

    (heir,) = world.order(claims.order_id).heirs
    claims.order_id = heir
    assert (claims.order.state, flags(claims), claims.case().order_id) == (S.AWAITING_CS_REVIEW, [], heir)
    sent = claims.at_the_warehouse()
    assert [(sku, units) for _, sku, units in sent.lines] == [(SCARF, 1), (HAT, 1)]
    assert claims.given_back() == Money(9_400)
    assert findings(world) == []


@pytest.mark.parametrize("everything", [True, False])
def test_what_is_not_stopped_is_for_a_person_to_take_back(claims, everything):
    claims.at_the_warehouse()
    claims.world.warehouse.stops = NO
    ask = whole(claims) if everything else money_only(claims)
    claims.hears(ask)

    claims.hears_again(ask, state=AskState.SUCCEEDED)

    assert (claims.order.state, flags(claims)) == (S.IN_WAREHOUSE, [])
    assert claims.differences() == [("shipped_and_refunded", str(ask.refund), "picked")]
    (ticket,) = [each for each in claims.tickets if each.kind == "discrepancy" and each.state == "open"]
    assert ticket.subject.startswith("shipped_and_refunded: ")
    claims.do("settle_difference", SettleDifference, claims.case().id, what="shipped_and_refunded", reason="已追回")
    assert flags(claims) == []


def test_a_part_of_what_is_still_to_leave_is_left_to_a_person_and_flagged_until_it_has_left(claims):
    left_in_part(claims)

    ask = money_only(claims, lines=the_hat(claims), refund=Money(4_000), state=AskState.SUCCEEDED)
    case_id = claims.hears(ask).case_id

    assert (claims.order.state, flags(claims)) == (S.PARTIALLY_SHIPPED, [FlagKind.IN_AFTERSALES])
    assert [each[:2] for each in claims.differences()] == [
        ("refunded_before_stop", "40.00"),
        ("stop", "part_of_the_rest"),
    ]
    claims.world.give(CancelRest, claims.order_id, reason="x")
    claims.world.settle()
    assert (claims.order.state, claims.case(case_id).secured, flags(claims)) == (S.SHIPPED, True, [])


@pytest.mark.parametrize("kind", [AskKind.REFUND, AskKind.RETURN])
@pytest.mark.parametrize("state", [S.AWAITING_CS_REVIEW, S.AWAITING_RELEASE])
def test_before_the_warehouse_has_it_the_units_stay_here_from_the_moment_that_is_heard(claims, state, kind):
    BRING[state](claims)

    ask = money_only(claims, kind=kind)
    claims.hears(ask)

    claims.hears(
        evolve(ask, modified_at=ask.modified_at + timedelta(minutes=1), state=AskState.SUCCEEDED), settle=False
    )

    assert [(sku, units) for _, sku, units in claims.order.contents] == [(SCARF, 1), (HAT, 1)]
    assert (claims.case().secured, claims.order.flagged(FlagKind.IN_AFTERSALES)) == (True, False)
    claims.world.settle()
    assert findings(claims.world) == []


@pytest.mark.parametrize("kind", [AskKind.RETURN, AskKind.EXCHANGE])
def test_money_for_a_return_of_what_has_not_left_stops_it_as_well(claims, kind):
    claims.at_the_warehouse()
    claims.world.warehouse.stops = NO

    claims.hears(claims.an_ask(kind=kind, state=AskState.SUCCEEDED))

    assert [each[0] for each in claims.differences() if each[0] == "shipped_and_refunded"] != []
