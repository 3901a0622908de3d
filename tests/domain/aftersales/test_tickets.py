"""Tickets: every state × command pair, hand-over, notes, climbing, and who gets the next one."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.aftersales.assignment import AgentUnknown, Desk, NobodyToAssign, by_load, by_turns, known_agent, loads
from oms_domain.aftersales.limits import NO_LIMIT, Due
from oms_domain.aftersales.metrics import queue
from oms_domain.aftersales.tickets import (
    TICKET_TABLE,
    AlreadyTheirs,
    CustomerWrote,
    Note,
    NotOverdueYet,
    NotTheirs,
    TicketAnswered,
    TicketAssigned,
    TicketDueChanged,
    TicketEscalated,
    TicketFinished,
    TicketKind,
    TicketMove,
    TicketNoted,
    TicketOpened,
    TicketReopened,
    TicketState,
)
from oms_domain.kernel.errors import InvalidText, MoveNotAllowed
from oms_domain.testing.aftersales import AGENT, CASE, OTHER_AGENT, TICKET, a_ticket
from oms_domain.testing.builders import NOW, SHOP, an_id

S, M = TicketState, TicketMove
LATER = NOW + timedelta(hours=1)
DUE = Due(at=NOW, warn_at=NOW, climbs_at=(NOW, LATER))
FACTS = {"ticket_id": TICKET, "at": LATER}

COMMANDS = {
    M.ASSIGN: (lambda ticket: ticket.assign(AGENT, how="by_hand", at=LATER), TicketAssigned),
    M.ANSWER: (lambda ticket: ticket.answer("已为您登记", by=AGENT, at=LATER), TicketAnswered),
    M.CUSTOMER_WRITES: (lambda ticket: ticket.customer_writes(DUE, at=LATER), CustomerWrote),
    M.ESCALATE: (lambda ticket: ticket.escalate(at=LATER), TicketEscalated),
    M.FINISH: (lambda ticket: ticket.finish(by=AGENT, at=LATER), TicketFinished),
    M.REOPEN: (lambda ticket: ticket.reopen("未解决", DUE, at=LATER), TicketReopened),
}


@pytest.mark.parametrize("move", M)
@pytest.mark.parametrize("state", S)
def test_a_command_moves_as_the_table_says_or_is_refused(state, move):
    command, told = COMMANDS[move]
    ticket = a_ticket(state=state, due=DUE)

    if move not in TICKET_TABLE[state]:
        with pytest.raises(MoveNotAllowed):
            command(ticket)
        return
    change = command(ticket)
    assert change.state.state is TICKET_TABLE[state][move]
    assert [type(event) for event in change.events] == [told]
    assert change.events[0].state is TICKET_TABLE[state][move]


def test_a_ticket_waits_for_us_from_its_opening():
    change = a_ticket().opened(at=LATER)

    assert change.state.waiting_since == LATER
    assert change.events == (
        TicketOpened(
            number="K20261123-000001", kind=TicketKind.CASE, shop_id=SHOP, case_id=CASE, state=S.OPEN, **FACTS
        ),
    )
    with pytest.raises(InvalidText):
        a_ticket(subject="").opened(at=LATER)


def test_the_first_answer_is_told_as_such_and_ends_the_wait():
    first = a_ticket(waiting_since=NOW).answer("已为您登记", by=AGENT, at=LATER)
    second = first.state.answer("打 10000000001", by=AGENT, at=LATER)

    assert first.events == (TicketAnswered(by=AGENT, is_first=True, state=S.ANSWERED, **FACTS),)
    assert second.events == (TicketAnswered(by=AGENT, is_first=False, state=S.ANSWERED, **FACTS),)
    assert (second.state.first_answered_at, second.state.waiting_since) == (LATER, None)
    assert second.state.notes[1] == Note(at=LATER, by=AGENT, text="打 ***********", to_customer=True)


def test_a_customer_who_writes_again_waits_anew_but_not_twice():
    answered = a_ticket(state=S.ANSWERED, level=2)

    waits = answered.customer_writes(DUE, at=LATER).state
    again = waits.customer_writes(NO_LIMIT, at=LATER + timedelta(hours=1)).state

    assert (waits.waiting_since, waits.due, waits.level) == (LATER, DUE, 0)
    assert (again.waiting_since, again.due) == (LATER, DUE)


def test_a_ticket_climbs_as_far_as_its_time_says_and_no_level_twice():
    ticket = a_ticket(due=DUE)

    first = ticket.escalate(at=NOW)
    second = first.state.escalate(at=LATER)

    assert [first.events[0].level, second.events[0].level] == [1, 2]
    assert ticket.escalate(at=LATER).events[0].level == 2  # both at once, where nobody looked in between
    with pytest.raises(NotOverdueYet):
        first.state.escalate(at=NOW)
    with pytest.raises(NotOverdueYet):
        a_ticket().escalate(at=LATER)


@pytest.mark.parametrize(
    ("kind", "goes_on"),
    [
        (TicketKind.CASE, True),
        (TicketKind.DISCREPANCY, True),
        (TicketKind.INQUIRY, False),
        (TicketKind.COMPLAINT, False),
    ],
)
def test_an_answer_ends_the_time_for_the_answer_and_not_that_of_a_case(kind, goes_on):
    ticket = a_ticket(kind=kind, due=DUE, state=S.ANSWERED)

    assert ticket.is_timed == goes_on
    if goes_on:
        assert (ticket.escalate(at=LATER).state.level, ticket.escalate(at=LATER).state.state) == (2, S.ANSWERED)
    else:
        with pytest.raises(NotOverdueYet):
            ticket.escalate(at=LATER)
    (row,) = queue([ticket], LATER)
    assert row.overdue == goes_on
    assert not a_ticket(kind=kind, due=DUE, state=S.DONE).is_timed


def test_who_writes_again_within_the_same_time_is_where_it_had_climbed():
    answered = a_ticket(state=S.ANSWERED, due=DUE, level=2)

    assert answered.customer_writes(DUE, at=LATER).state.level == 2


def test_a_shop_that_names_its_agents_knows_no_others():
    desks = (Desk(agent=AGENT),)

    assert known_agent(AGENT, desks, field="to") == AGENT
    assert known_agent(OTHER_AGENT, (), field="to") == OTHER_AGENT
    with pytest.raises(AgentUnknown) as refusal:
        known_agent(OTHER_AGENT, desks, field="to")
    assert (refusal.value.field, refusal.value.agent) == ("to", OTHER_AGENT)


def test_a_hand_over_is_the_holders_and_has_a_note():
    ticket = a_ticket(assignee=AGENT)

    change = ticket.hand_over(OTHER_AGENT, by=AGENT, note="客户催过两次", at=LATER)

    assert change.state.assignee == OTHER_AGENT
    assert change.events == (
        TicketNoted(by=AGENT, state=S.OPEN, **FACTS),
        TicketAssigned(to=OTHER_AGENT, how="hand_over", previous=AGENT, state=S.OPEN, **FACTS),
    )
    with pytest.raises(NotTheirs):
        ticket.hand_over(AGENT, by=OTHER_AGENT, note="x", at=LATER)
    with pytest.raises(AlreadyTheirs):
        ticket.hand_over(AGENT, by=AGENT, note="x", at=LATER)
    with pytest.raises(InvalidText):
        ticket.hand_over(OTHER_AGENT, by=AGENT, note="", at=LATER)


@pytest.mark.parametrize("state", S)
def test_a_note_is_possible_in_every_state_and_moves_nothing(state):
    noted = a_ticket(state=state).note("已联系仓库", by=AGENT, at=LATER).state

    assert noted == a_ticket(state=state, notes=(Note(at=LATER, by=AGENT, text="已联系仓库"),), updated_at=LATER)


def test_a_ticket_that_is_done_waits_for_nobody_until_it_is_taken_up_again():
    done = a_ticket(due=DUE, waiting_since=NOW).finish(by=AGENT, at=LATER).state
    again = done.reopen("未解决", DUE, at=LATER).state

    assert (done.finished_at, done.waiting_since, done.due) == (LATER, None, NO_LIMIT)
    assert (again.finished_at, again.waiting_since, again.due) == (None, LATER, DUE)


# --- who gets the next one -------------------------------------------------------------------------------------------

DESKS = tuple(Desk(agent=name) for name in ("a", "b", "c"))


def test_turns_go_round_in_the_given_order():
    last, got = None, []
    for _ in range(5):
        last = by_turns(a_ticket(), DESKS, {}, last=last)
        got.append(last)

    assert got == ["a", "b", "c", "a", "b"]


def test_who_has_it_already_is_passed_over_without_changing_the_order():
    assert by_turns(a_ticket(assignee="b"), DESKS, {}, last="b") == "c"
    assert by_turns(a_ticket(assignee="b"), DESKS, {}, last="a") == "c"
    with pytest.raises(NobodyToAssign):
        by_turns(a_ticket(assignee="a"), DESKS[:1], {}, last="a")


@given(absent=st.sets(st.sampled_from("abc")), last=st.sampled_from(["a", "b", "c", "gone", None]))
def test_who_is_away_is_skipped_and_nobody_comes_twice_before_all_others(absent, last):
    desks = tuple(evolve(desk, is_present=desk.agent not in absent) for desk in DESKS)
    present = [desk.agent for desk in desks if desk.is_present]
    if not present:
        with pytest.raises(NobodyToAssign):
            by_turns(a_ticket(), desks, {}, last=last)
        return

    got = []
    for _ in present:
        last = by_turns(a_ticket(), desks, {}, last=last)
        got.append(last)

    assert sorted(got) == present


@given(load=st.dictionaries(st.sampled_from("abc"), st.integers(0, 5)))
def test_who_has_least_gets_it_the_first_of_equals(load):
    got = by_load(a_ticket(), DESKS, load)

    assert load.get(got, 0) == min(load.get(name, 0) for name in "abc")
    assert got == next(name for name in "abc" if load.get(name, 0) == load.get(got, 0))


def test_by_load_many_tickets_end_up_evenly():
    tickets = []
    for number in range(10):
        agent = by_load(a_ticket(), DESKS, loads(tickets))
        tickets.append(a_ticket(id=an_id(200 + number), assignee=agent))

    assert loads([*tickets, a_ticket(state=S.DONE, assignee="a"), a_ticket()]) == {"a": 4, "b": 3, "c": 3}


@pytest.mark.parametrize(
    ("desk", "takes"),
    [
        (Desk(agent="a"), True),
        (Desk(agent="a", is_present=False), False),
        (Desk(agent="a", shops={SHOP}), True),
        (Desk(agent="a", shops={an_id(99)}), False),
        (Desk(agent="a", kinds={TicketKind.COMPLAINT}), False),
        (Desk(agent="a", most_open=2), True),
        (Desk(agent="a", most_open=1), False),
    ],
)
def test_an_agent_takes_what_they_serve_and_have_room_for(desk, takes):
    assert desk.takes(a_ticket(), 1) is takes
    for assign in (by_load, lambda *args: by_turns(*args, last=None)):
        if takes:
            assert assign(a_ticket(), (desk,), {"a": 1}) == "a"
        else:
            with pytest.raises(NobodyToAssign):
                assign(a_ticket(), (desk,), {"a": 1})


def test_a_ticket_has_the_time_of_what_it_is_about():
    ticket = evolve(a_ticket(), level=2)
    due = Due(at=LATER + timedelta(days=1))

    change = ticket.wait_until(due, at=LATER)

    assert (change.state.due, change.state.level, change.state.state) == (due, 0, ticket.state)
    assert change.events == (TicketDueChanged(ticket_id=ticket.id, state=ticket.state, due_at=due.at, at=LATER),)
    assert change.state.wait_until(due, at=LATER).events == ()
