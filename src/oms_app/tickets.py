"""Use cases of service tickets (服务单): one queue over all shops, who has what, and what becomes of it in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Final

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.case_flow import LETTERS
from oms_app.numbering import Numbering, NumberPool
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.aftersales.assignment import NobodyToAssign, by_load, by_turns, known_agent, loads
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.limits import NO_LIMIT, Due, sooner
from oms_domain.aftersales.states import CaseState
from oms_domain.aftersales.terms import AftersalesTerms, Assignment
from oms_domain.aftersales.tickets import Agent, CaseIsOpen, Ticket, TicketKind, TicketState
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import CaseId, OrderId, PlatformAftersalesId, ShopId, TicketId


@frozen(kw_only=True)
class OpenTicket:
    """Open a ticket for what a customer asks (新建服务单)."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    shop_id: ShopId
    kind: TicketKind
    subject: str
    customer: str = ""
    case_id: CaseId | None = None
    order_id: OrderId | None = None
    by: Actor


@frozen(kw_only=True)
class OpenCaseTicket:
    """A case waits for us: have somebody look after it, once."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    case_id: CaseId
    kind: TicketKind = TicketKind.CASE
    subject: str
    by: Actor


@frozen(kw_only=True)
class FinishCaseTickets:
    """A case has ended, or a discrepancy of it is settled (``settled``): nothing of it is left to do."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    case_id: CaseId
    settled: str = ""
    by: Actor


@frozen(kw_only=True)
class FollowCase:
    """A case stands elsewhere: its ticket has the time of that."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    case_id: CaseId
    by: Actor


@frozen(kw_only=True)
class FollowAsk:
    """The platform has told anew: the ticket has its time where that is sooner."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    platform_aftersales_id: PlatformAftersalesId
    by: Actor


@frozen(kw_only=True)
class TicketCommand:
    """An ask about one ticket."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    ticket_id: TicketId
    by: Actor
    acting: Agent | None = None  # in whose name; None: in one's own
    expected_version: int | None = None


@frozen(kw_only=True)
class AssignTicket(TicketCommand):
    """Give it to somebody (分配). ``to`` empty: to whom the shop's way of assignment finds."""

    to: Agent | None = None


@frozen(kw_only=True)
class HandOver(TicketCommand):
    """Pass on what one has, with a note (转交)."""

    to: Agent
    note: str


@frozen(kw_only=True)
class AnswerTicket(TicketCommand):
    """Answer the customer (回复). ``template``: the shop's own words are taken instead of ``text``."""

    text: str = ""
    template: str = ""


@frozen(kw_only=True)
class NoteTicket(TicketCommand):
    """Write a note that stays among us (备注)."""

    text: str


@frozen(kw_only=True)
class CustomerWrites(TicketCommand):
    """The customer wrote (客户来信)."""


@frozen(kw_only=True)
class EscalateTicket(TicketCommand):
    """Let it climb as far as its time says (升级)."""


@frozen(kw_only=True)
class FinishTicket(TicketCommand):
    """Nothing is left to do (完结)."""


@frozen(kw_only=True)
class ReopenTicket(TicketCommand):
    """Something is left to do after all (重开)."""

    reason: str


@frozen(kw_only=True)
class TicketAnswer:
    """What became of a ticket."""

    id: TicketId
    number: str
    state: TicketState
    assignee: Agent | None
    level: int
    version: int


GOES_ON: Final = "its case goes on"
"""Why a ticket is taken up again by itself."""

Step = Callable[[Transaction, Ticket], Change[Ticket]]


@frozen(kw_only=True)
class TicketService:
    """Use cases of tickets."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def open(self, command: OpenTicket) -> TicketAnswer:
        numbers = self.numbering.pool(1, LETTERS["ticket"])
        answer = self._open(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    def open_for_case(self, command: OpenCaseTicket) -> TicketAnswer | None:
        """None if the case has such a ticket that is not done, or has ended meanwhile; a discrepancy has its own."""
        numbers = self.numbering.pool(1, LETTERS["ticket"])
        answer = self._open_for_case(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    @one_transaction
    def finish_for_case(self, command: FinishCaseTickets) -> int:
        """Return how many tickets were finished. What was asked besides is finished by a person.

        None of a case that goes on by now.
        """
        with self.begin(command) as tx:
            goes_on = not command.settled and tx.cases.get(command.case_id).is_open
            tickets = () if goes_on else tx.tickets.of_case(command.case_id)
            open_ = [each for each in tickets if each.state is not TicketState.DONE and _is_over(each, command.settled)]
            for ticket in open_:
                record(tx, tx.tickets, ticket.finish(by=command.by.id, at=self.now()))
            tx.commit()
        return len(open_)

    @one_transaction
    def follow_case(self, command: FollowCase) -> int | None:
        """Have the ticket of a case follow it; one that was done is taken up again where the case goes on.

        Return how many tickets have another due time now; None where the case is open and never had one.
        """
        with self.begin(command) as tx:
            case = tx.cases.get(command.case_id)
            known = [each for each in tx.tickets.of_case(case.id) if each.kind is TicketKind.CASE]
            moved: int | None = self._followed(tx, case)
            if case.is_open and not known:
                moved = None
            elif case.is_open and all(each.state is TicketState.DONE for each in known):
                due = _case_due(tx, case)
                record(tx, tx.tickets, known[-1].reopen(GOES_ON, due, at=self.now()), since=known[-1])
                moved = 1
            tx.commit()
        return moved

    @one_transaction
    def follow_ask(self, command: FollowAsk) -> int:
        """Return how many tickets have another due time now."""
        with self.begin(command) as tx:
            ask = tx.platform_asks.get(command.platform_aftersales_id)
            moved = self._followed(tx, tx.cases.get(ask.case_id)) if ask.case_id is not None else 0
            tx.commit()  # also where nothing follows: the job that asked is done
        return moved

    @one_transaction
    def assign(self, command: AssignTicket) -> TicketAnswer:
        """Raises ``AlreadyTheirs``, ``NobodyToAssign``, ``AgentUnknown``."""

        def step(tx: Transaction, ticket: Ticket) -> Change[Ticket]:
            terms = tx.aftersales_terms.of(ticket.shop_id)
            if command.to:
                to, how = known_agent(command.to, terms.desks, field="to"), "by_hand"
            else:
                to, how = _found(tx, ticket, terms)
            return ticket.assign(to, how=how, at=self.now())

        return self._act(command, step)

    @one_transaction
    def hand_over(self, command: HandOver) -> TicketAnswer:
        """Raises ``NotTheirs``, ``AlreadyTheirs``, ``AgentUnknown``."""

        def step(tx: Transaction, ticket: Ticket) -> Change[Ticket]:
            to = known_agent(command.to, tx.aftersales_terms.of(ticket.shop_id).desks, field="to")
            return ticket.hand_over(to, by=_agent(tx, ticket, command), note=command.note, at=self.now())

        return self._act(command, step)

    @one_transaction
    def answer(self, command: AnswerTicket) -> TicketAnswer:
        """Raises ``TemplateUnknown``."""

        def step(tx: Transaction, ticket: Ticket) -> Change[Ticket]:
            text = command.text
            if command.template:
                text = tx.aftersales_terms.of(ticket.shop_id).template(command.template).text
            return ticket.answer(text, by=_agent(tx, ticket, command), at=self.now())

        return self._act(command, step)

    @one_transaction
    def note(self, command: NoteTicket) -> TicketAnswer:
        def step(tx: Transaction, ticket: Ticket) -> Change[Ticket]:
            return ticket.note(command.text, by=_agent(tx, ticket, command), at=self.now())

        return self._act(command, step)

    @one_transaction
    def customer_writes(self, command: CustomerWrites) -> TicketAnswer:
        def step(tx: Transaction, ticket: Ticket) -> Change[Ticket]:
            return ticket.customer_writes(_due_again(tx, ticket, self.now()), at=self.now())

        return self._act(command, step)

    @one_transaction
    def escalate(self, command: EscalateTicket) -> TicketAnswer:
        """Raises ``NotOverdueYet``."""
        return self._act(command, lambda tx, ticket: ticket.escalate(at=self.now()))

    @one_transaction
    def finish(self, command: FinishTicket) -> TicketAnswer:
        """Raises ``CaseIsOpen``."""

        def step(tx: Transaction, ticket: Ticket) -> Change[Ticket]:
            case = tx.cases.get(ticket.case_id) if ticket.kind is TicketKind.CASE and ticket.case_id else None
            if case is not None and case.is_open:
                raise CaseIsOpen(case_id=case.id, number=case.number)
            return ticket.finish(by=_agent(tx, ticket, command), at=self.now())

        return self._act(command, step)

    @one_transaction
    def reopen(self, command: ReopenTicket) -> TicketAnswer:
        def step(tx: Transaction, ticket: Ticket) -> Change[Ticket]:
            return ticket.reopen(command.reason, _due_again(tx, ticket, self.now()), at=self.now())

        return self._act(command, step)

    # -----------------------------------------------------------------------------------------------------------------

    @one_transaction
    def _open(self, command: OpenTicket, numbers: NumberPool) -> TicketAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(TicketAnswer):
                return done
            shop = tx.shops.get(command.shop_id)
            if command.case_id is not None:
                tx.cases.get(command.case_id)
            if command.order_id is not None:
                tx.orders.get(command.order_id)
            at = self.now()
            terms = tx.aftersales_terms.of(shop.id)
            ticket = Ticket(
                id=TicketId(self.new_id()),
                number=numbers.next(LETTERS["ticket"]),
                shop_id=shop.id,
                kind=command.kind,
                subject=command.subject,
                case_id=command.case_id,
                order_id=command.order_id,
                customer=command.customer,
                due=terms.ticket_due(command.kind, since=at),
                opened_at=at,
                updated_at=at,
            )
            answer = self._opened(tx, ticket, terms)
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def _open_for_case(self, command: OpenCaseTicket, numbers: NumberPool) -> TicketAnswer | None:
        numbers.start()
        with self.begin(command) as tx:
            case, at = tx.cases.get(command.case_id), self.now()
            tickets = tx.tickets.of_case(case.id)
            has_one = any(each.state is not TicketState.DONE and _is_for(each, command) for each in tickets)
            if has_one or (command.kind is TicketKind.CASE and not case.is_open):
                tx.commit()  # the job that asked is done
                return None
            terms = tx.aftersales_terms.of(case.shop_id)
            due = terms.ticket_due(command.kind, since=at)
            if command.kind is TicketKind.CASE and case.due != NO_LIMIT:
                due = case.due
            due = _due_of(tx, case, due)
            ticket = Ticket(
                id=TicketId(self.new_id()),
                number=numbers.next(LETTERS["ticket"]),
                shop_id=case.shop_id,
                kind=command.kind,
                subject=command.subject,
                case_id=case.id,
                order_id=case.order_id,
                due=due,
                opened_at=at,
                updated_at=at,
            )
            answer = self._opened(tx, ticket, terms)
            tx.commit()
        return answer

    def _followed(self, tx: Transaction, case: AftersalesCase) -> int:
        at, due = self.now(), _case_due(tx, case)
        open_ = [
            ticket
            for ticket in tx.tickets.of_case(case.id)
            if case.is_open and ticket.kind is TicketKind.CASE and ticket.state is not TicketState.DONE
        ]
        moved = [ticket for ticket in open_ if ticket.due != due]
        for ticket in moved:
            record(tx, tx.tickets, ticket.wait_until(due, at=at))
        return len(moved)

    def _opened(self, tx: Transaction, ticket: Ticket, terms: AftersalesTerms) -> TicketAnswer:
        """Store a new ticket, with whom it finds at once where the shop assigns by itself."""
        change = ticket.opened(at=self.now())
        if terms.assignment is not Assignment.BY_HAND:
            try:
                to, how = _found(tx, change.state, terms)
                change = change.then(change.state.assign(to, how=how, at=self.now()))
            except NobodyToAssign:
                pass  # it waits in the queue for somebody
        record(tx, tx.tickets, change)
        return answer_of(change.state)

    def _act(self, command: TicketCommand, step: Step) -> TicketAnswer:
        with self.begin(command) as tx:
            if done := tx.recall(TicketAnswer):
                return done
            ticket = tx.tickets.get(command.ticket_id)
            check_version(ticket, command.expected_version)
            change = step(tx, ticket)
            record(tx, tx.tickets, change, since=ticket)
            answer = answer_of(change.state)
            tx.remember(answer)
            tx.commit()
        return answer


def _case_due(tx: Transaction, case: AftersalesCase) -> Due:
    """Return until when a case must be looked after.

    What the platform has told is the time for its own step, which is over once we have taken ours.
    """
    return _due_of(tx, case, case.due) if case.state is CaseState.AWAITING_REVIEW else case.due


def _due_again(tx: Transaction, ticket: Ticket, at: datetime) -> Due:
    """Return until when somebody must act on a ticket that waits for us again: of an open case as long as that has."""
    case = tx.cases.get(ticket.case_id) if ticket.kind is TicketKind.CASE and ticket.case_id else None
    if case is not None and case.is_open:
        return _case_due(tx, case)
    return tx.aftersales_terms.of(ticket.shop_id).ticket_due(ticket.kind, since=at)


def _due_of(tx: Transaction, case: AftersalesCase, due: Due) -> Due:
    """Return ``due``, or the platform's time for the case where that is sooner."""
    ask = tx.platform_asks.by_refund_no(case.shop_id, case.platform_refund_no)
    return sooner(due, ask.standard.due_at) if ask is not None and ask.standard is not None else due


def answer_of(ticket: Ticket) -> TicketAnswer:
    """Return the answer about a ticket that this transaction stores as its next version."""
    return TicketAnswer(
        id=ticket.id,
        number=ticket.number,
        state=ticket.state,
        assignee=ticket.assignee,
        level=ticket.level,
        version=ticket.version + 1,
    )


def _agent(tx: Transaction, ticket: Ticket, command: TicketCommand) -> Agent:
    """Return in whose name something is done: who has the ticket, or another whom the shop names."""
    if command.acting is None or command.acting == ticket.assignee:
        return command.acting or Agent(command.by.name)
    return known_agent(command.acting, tx.aftersales_terms.of(ticket.shop_id).desks, field="as")


def _found(tx: Transaction, ticket: Ticket, terms: AftersalesTerms) -> tuple[Agent, str]:
    """Return whose turn it is, or who has least to do, among the shop's desks. Raises ``NobodyToAssign``."""
    unfinished = [each for each in tx.tickets.unfinished(ticket.shop_id) if each.id != ticket.id]
    if terms.assignment is Assignment.ROUND_ROBIN:
        turn = tx.tickets.turn(ticket.shop_id)
        agent = by_turns(ticket, terms.desks, loads(unfinished), last=turn.last)
        tx.tickets.take_turn(turn, agent)
        return agent, str(Assignment.ROUND_ROBIN)
    others = [desk for desk in terms.desks if desk.agent != ticket.assignee]
    return by_load(ticket, others, loads(unfinished)), str(Assignment.BY_LOAD)


def _is_for(ticket: Ticket, command: OpenCaseTicket) -> bool:
    """Whether a ticket is of the same sort; of discrepancies, of the same one: each ends with its own."""
    what, ours = (subject.partition(": ")[0] for subject in (command.subject, ticket.subject))
    return ticket.kind is command.kind and (ticket.kind is not TicketKind.DISCREPANCY or what == ours)


def _is_over(ticket: Ticket, settled: str) -> bool:
    """Whether a ticket ends with its case, or with the discrepancy that is settled."""
    if not settled:
        return ticket.kind is TicketKind.CASE
    return ticket.kind is TicketKind.DISCREPANCY and ticket.subject.startswith(f"{settled}: ")
