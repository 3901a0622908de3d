"""Whose turn it is to get a ticket is stored: it goes on after the queue was empty, and several at once share it."""

import pytest
from tests.contracts.rows import ROOT, a_new_shop, of, store
from tests.contracts.test_races import at_once, kinds, no_pause, overlapping

from oms_app.aftersales_terms import SetTerms, TermsService
from oms_app.numbering import Numbering
from oms_app.ports.transaction import Begin, Duplicate, StaleVersion
from oms_app.tickets import AssignTicket, FinishTicket, OpenTicket, TicketAnswer, TicketService
from oms_domain.aftersales.assignment import Desk, Turn
from oms_domain.aftersales.terms import Assignment
from oms_domain.aftersales.tickets import Agent, TicketKind
from oms_domain.shops.shop import ShopNotFound

ANNA, BEN, CLEO = Agent("anna"), Agent("ben"), Agent("cleo")


def by_turns_of(backend, *agents):
    """Return the tickets of a shop whose agents take turns, and how one of it is opened."""
    shop = store(backend, a_new_shop(backend))
    begin = Begin(backend.open)
    facts = {"assignment": Assignment.ROUND_ROBIN, "desks": tuple(Desk(agent=agent) for agent in agents)}
    terms = TermsService(begin=begin, now=backend.clock, pause=no_pause)
    terms.change(SetTerms(shop_id=shop.id, facts=facts, by=ROOT))
    numbering = Numbering(backend.numbers, backend.clock)
    shared = {"begin": begin, "now": backend.clock, "new_id": backend.new_id, "pause": no_pause}
    tickets = TicketService(numbering=numbering, **shared)
    command = OpenTicket(shop_id=shop.id, kind=TicketKind.INQUIRY, subject="物流", by=ROOT)
    return tickets, lambda: tickets.open(command), shop


def test_the_turn_goes_on_after_everything_was_done(backend):
    tickets, open_one, _ = by_turns_of(backend, ANNA, BEN, CLEO)
    got = []
    for _ in range(4):
        opened = open_one()
        got.append(opened.assignee)
        tickets.finish(FinishTicket(ticket_id=opened.id, by=ROOT))

    assert got == [ANNA, BEN, CLEO, ANNA]


def test_a_ticket_that_is_assigned_anew_takes_the_next_turn(backend):
    tickets, open_one, _ = by_turns_of(backend, ANNA, BEN, CLEO)
    first = open_one()

    again = tickets.assign(AssignTicket(ticket_id=first.id, by=ROOT))

    assert (first.assignee, again.assignee, open_one().assignee) == (ANNA, BEN, CLEO)


def test_turns_are_counted_shop_by_shop_and_only_for_who_sees_it(backend):
    _, open_one, shop = by_turns_of(backend, ANNA, BEN)
    other = store(backend, a_new_shop(backend))
    open_one()

    with backend.open(ROOT) as tx:
        assert tx.tickets.turn(shop.id) == Turn(shop_id=shop.id, last=ANNA, number=1)
        assert tx.tickets.turn(other.id) == Turn(shop_id=other.id)
    with backend.open(of(other.id)) as tx:
        assert tx.tickets.turn(shop.id) == Turn(shop_id=shop.id)
        with pytest.raises(ShopNotFound):
            tx.tickets.take_turn(Turn(shop_id=shop.id, last=ANNA, number=1), BEN)


@pytest.mark.parametrize("before", [0, 1])
def test_of_two_who_take_one_turn_only_the_first_has_it(backend, before):
    _, open_one, shop = by_turns_of(backend, ANNA, BEN)
    for _ in range(before):
        open_one()
    turn = Turn(shop_id=shop.id, last=ANNA if before else None, number=before)

    def take(n, barrier):
        if not overlapping(backend):
            barrier.wait()
        with backend.open(ROOT) as tx:
            found = tx.tickets.turn(shop.id)
            if overlapping(backend):
                assert found == turn
                barrier.wait()
            tx.tickets.take_turn(turn, BEN)
            tx.commit()

    results = kinds(at_once(2, take))

    assert results[type(None)] == 1
    assert results[StaleVersion] + results[Duplicate] == 1
    with backend.open(ROOT) as tx:
        assert tx.tickets.turn(shop.id) == Turn(shop_id=shop.id, last=BEN, number=before + 1)


def test_several_who_open_at_once_share_the_turns_evenly(backend):
    _, open_one, shop = by_turns_of(backend, ANNA, BEN)
    open_one()  # the shop has a row by now: the first one of all is a race of its own, see above

    def several(n, barrier):
        barrier.wait()
        return [open_one() for _ in range(3)]

    answers = [answer for found in at_once(2, several) for answer in found]

    assert {type(answer) for answer in answers} == {TicketAnswer}
    got = [answer.assignee for answer in answers]
    assert (got.count(ANNA), got.count(BEN)) == (3, 3)
    with backend.open(ROOT) as tx:
        assert tx.tickets.turn(shop.id).number == 7
