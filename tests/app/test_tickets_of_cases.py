"""Every open case has an open ticket, and its time runs: whatever is answered, put away, or begins anew."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.app.claims import Claims
from tests.app.test_asks import money_only
from tests.app.world import ROOT

from oms_app.processes.tickets import WATCH_LIMITS
from oms_app.tickets import AnswerTicket, CustomerWrites, FinishTicket, ReopenTicket
from oms_domain.aftersales.limits import NO_LIMIT
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.states import CaseState as C
from oms_domain.aftersales.tickets import CaseIsOpen, TicketKind
from oms_domain.channels.aftersales import AskState, PlatformDecision
from oms_domain.kernel.money import Money


@pytest.fixture
def claims(world):
    return Claims(world).shipped()


def ticket(claims):
    (found,) = [each for each in claims.tickets if each.kind is TicketKind.CASE]
    return found


def tell(claims, name, command, **facts):
    getattr(claims.world.tickets, name)(command(ticket_id=ticket(claims).id, by=ROOT, **facts))
    claims.world.settle()


def rejected(claims):
    ask = money_only(claims)
    case_id = claims.hears(ask).case_id
    claims.reject(case_id)
    assert (claims.case().state, ticket(claims).state) == (C.CLOSED, "done")
    return claims.world.platform.asks[ask.refund_no]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"decision": PlatformDecision.FOR_BUYER}, C.AWAITING_REFUND),
        ({"state": AskState.AWAITING_SELLER, "refund": Money(5_000)}, C.AWAITING_REVIEW),
    ],
    ids=["the platform decides for the buyer", "the buyer asks again"],
)
def test_a_case_that_begins_anew_has_its_ticket_again_with_the_time_of_where_it_stands(claims, changes, state):
    there = rejected(claims)

    claims.hears_again(there, **changes)

    case, again = claims.case(), ticket(claims)
    assert (case.state, again.state, again.due) == (state, "open", case.due)
    assert again.due != NO_LIMIT


def test_a_case_that_had_ended_before_anybody_opened_its_ticket_has_one_when_it_begins_anew(claims):
    ask = money_only(claims, state=AskState.CLOSED)
    claims.hears(ask)
    assert claims.tickets == ()

    claims.hears_again(ask, state=AskState.AWAITING_SELLER)

    assert (claims.case().state, ticket(claims).state) == (C.AWAITING_REVIEW, "open")


def test_what_ended_and_began_anew_at_once_keeps_its_ticket(claims):
    ask = money_only(claims)
    claims.hears(ask)
    claims.hears(evolve(ask, modified_at=ask.modified_at + timedelta(minutes=1), state=AskState.CLOSED), settle=False)

    claims.hears(evolve(ask, modified_at=ask.modified_at + timedelta(minutes=2)))

    assert (claims.case().is_open, ticket(claims).state) == (True, "open")


def test_the_ticket_of_an_open_case_is_not_put_away(claims):
    case_id = claims.open(K.REFUND_ONLY, 1)

    with pytest.raises(CaseIsOpen) as refused:
        tell(claims, "finish", FinishTicket)

    assert refused.value.number == claims.case(case_id).number
    claims.reject(case_id)
    tell(claims, "reopen", ReopenTicket, reason="x")
    tell(claims, "finish", FinishTicket)
    assert ticket(claims).state == "done"


def test_an_answer_does_not_stop_the_time_of_the_case(claims):
    case_id = claims.open(K.REFUND_ONLY, 1)
    tell(claims, "answer", AnswerTicket, text="请稍候")

    claims.world.store.jobs.ensure(WATCH_LIMITS, "all", due_at=claims.world.clock())
    claims.world.clock.forward(hours=50)
    claims.world.wait(minutes=2)

    assert (ticket(claims).state, ticket(claims).level) == ("answered", 1)
    assert ticket(claims).due == claims.case(case_id).due


def test_a_customer_who_writes_does_not_move_the_time_of_the_case(claims):
    case_id = claims.open(K.REFUND_ONLY, 1)
    claims.world.clock.forward(hours=10)
    tell(claims, "answer", AnswerTicket, text="请稍候")

    tell(claims, "customer_writes", CustomerWrites)

    assert ticket(claims).due == claims.case(case_id).due
