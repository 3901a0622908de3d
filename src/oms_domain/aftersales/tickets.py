"""Service tickets (服务单): one queue of what people have to look after, over all shops and platforms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, NewType
from uuid import UUID

from attrs import evolve, field, frozen

from oms_domain.aftersales.limits import NO_LIMIT, Due
from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import CaseId, OrderId, ShopId, TicketId
from oms_domain.kernel.states import next_state
from oms_domain.kernel.text import checked_text, mask_digits

Agent = NewType("Agent", str)
"""Who works on tickets, by the name of their account."""

LONGEST_NOTE: Final = 2000
LONGEST_SUBJECT: Final = 200


class TicketKind(StrEnum):
    """What a ticket is about."""

    CASE = "case"  # an aftersales case that waits for us
    INQUIRY = "inquiry"  # 咨询
    COMPLAINT = "complaint"  # 投诉
    DISCREPANCY = "discrepancy"  # 差异: the platform's word does not fit ours


class TicketState(StrEnum):
    """Where a ticket stands."""

    OPEN = "open"  # 待处理
    ANSWERED = "answered"  # 已回复: the customer is to say more
    DONE = "done"  # 已完结


class TicketMove(StrEnum):
    """What can happen to a ticket."""

    ASSIGN = "assign"
    ANSWER = "answer"
    CUSTOMER_WRITES = "customer_writes"
    ESCALATE = "escalate"
    FINISH = "finish"
    REOPEN = "reopen"


S, M = TicketState, TicketMove

TICKET_TABLE: Final[Mapping[TicketState, Mapping[TicketMove, TicketState]]] = {
    S.OPEN: {M.ASSIGN: S.OPEN, M.ANSWER: S.ANSWERED, M.CUSTOMER_WRITES: S.OPEN, M.ESCALATE: S.OPEN, M.FINISH: S.DONE},
    S.ANSWERED: {
        M.ASSIGN: S.ANSWERED,
        M.ANSWER: S.ANSWERED,
        M.CUSTOMER_WRITES: S.OPEN,
        M.ESCALATE: S.ANSWERED,  # where its time is not that of the answer, see ``Ticket.is_timed``
        M.FINISH: S.DONE,
    },
    S.DONE: {M.REOPEN: S.OPEN, M.CUSTOMER_WRITES: S.OPEN},
}
TICKET_ENTRIES: Final = frozenset({S.OPEN})
SETTLED_TICKETS: Final = frozenset({S.DONE})
"""No end by the table: a customer may write again."""


@frozen(kw_only=True)
class AlreadyTheirs(Refused):
    """The ticket is with this agent already."""

    code: ClassVar[str] = "tickets.already_assigned"
    agent: Agent


@frozen(kw_only=True)
class NotTheirs(Refused):
    """Only who has the ticket hands it over; an overseer assigns it instead."""

    code: ClassVar[str] = "tickets.not_assigned_to"
    agent: Agent
    assignee: Agent | None


@frozen(kw_only=True)
class CaseIsOpen(Refused):
    """The ticket of a case is done when that ends: its case is decided, not the ticket put away."""

    code: ClassVar[str] = "tickets.case_is_open"
    case_id: CaseId
    number: str


@frozen(kw_only=True)
class NotOverdueYet(Refused):
    """The ticket has not climbed further than its level."""

    code: ClassVar[str] = "tickets.not_overdue"
    level: int


@frozen(kw_only=True)
class Note:
    """What somebody wrote on a ticket. ``to_customer``: it was sent; else it stays among us."""

    at: datetime
    by: str
    text: str
    to_customer: bool = False


@frozen(kw_only=True)
class TicketEvent(Event):
    """A fact about a ticket. ``state`` is the one that it led to."""

    ticket_id: TicketId
    state: TicketState

    @property
    def stream(self) -> UUID:
        return self.ticket_id


@frozen(kw_only=True)
class TicketOpened(TicketEvent):
    """Somebody must look after something."""

    type: ClassVar[str] = "tickets.opened"
    number: str
    kind: TicketKind
    shop_id: ShopId
    case_id: CaseId | None = None


@frozen(kw_only=True)
class TicketAssigned(TicketEvent):
    """It is with ``to`` now. ``how``: by_hand, round_robin, by_load or hand_over; ``previous`` had it before."""

    type: ClassVar[str] = "tickets.assigned"
    to: Agent
    how: str
    previous: Agent | None = None


@frozen(kw_only=True)
class TicketAnswered(TicketEvent):
    """The customer was answered. ``is_first``: for the first time."""

    type: ClassVar[str] = "tickets.answered"
    by: str
    is_first: bool


@frozen(kw_only=True)
class TicketNoted(TicketEvent):
    """Somebody wrote a note that stays among us."""

    type: ClassVar[str] = "tickets.noted"
    by: str


@frozen(kw_only=True)
class CustomerWrote(TicketEvent):
    """The customer wrote: it waits for us, whatever it did before."""

    type: ClassVar[str] = "tickets.customer_wrote"


@frozen(kw_only=True)
class TicketEscalated(TicketEvent):
    """Its time is up, and it climbs to the next who must know."""

    type: ClassVar[str] = "tickets.escalated"
    level: int


@frozen(kw_only=True)
class TicketDueChanged(TicketEvent):
    """Its case stands elsewhere, and has another time for that."""

    type: ClassVar[str] = "tickets.due_changed"
    due_at: datetime | None


@frozen(kw_only=True)
class TicketFinished(TicketEvent):
    """Nothing is left to do."""

    type: ClassVar[str] = "tickets.finished"
    by: str


@frozen(kw_only=True)
class TicketReopened(TicketEvent):
    """Something is left to do after all."""

    type: ClassVar[str] = "tickets.reopened"
    reason: str


@frozen(kw_only=True)
class Ticket:
    """Something that a person must look after (服务单): a case that waits for us, or what a customer asks."""

    id: TicketId
    number: str
    shop_id: ShopId
    kind: TicketKind
    subject: str
    state: TicketState = TicketState.OPEN
    case_id: CaseId | None = None
    order_id: OrderId | None = None
    customer: str = ""  # the platform's opaque id of who wrote
    assignee: Agent | None = None
    due: Due = NO_LIMIT
    level: int = 0  # how far it has climbed
    notes: tuple[Note, ...] = ()
    opened_at: datetime
    waiting_since: datetime | None = None  # since when the customer waits for us; None: it is answered or done
    first_answered_at: datetime | None = None
    finished_at: datetime | None = None
    updated_at: datetime
    version: int = field(default=0)

    @property
    def is_timed(self) -> bool:
        """Whether its time runs: to the first answer, and of a case or a discrepancy until that is dealt with."""
        goes_on = self.kind in (TicketKind.CASE, TicketKind.DISCREPANCY)
        return self.state is TicketState.OPEN or (self.state is TicketState.ANSWERED and goes_on)

    def opened(self, *, at: datetime) -> Change[Ticket]:
        """Return the new ticket, which waits for us from now on."""
        ticket = evolve(self, subject=_text(self.subject, "subject", LONGEST_SUBJECT), waiting_since=at)
        facts = {"number": self.number, "kind": self.kind, "shop_id": self.shop_id, "case_id": self.case_id}
        return self._told(TicketOpened, ticket, at, **facts)

    def assign(self, to: Agent, *, how: str, at: datetime) -> Change[Ticket]:
        """Give it to somebody. ``how``: by_hand, round_robin or by_load. Raises ``AlreadyTheirs``."""
        state = next_state(TICKET_TABLE, self.state, M.ASSIGN)
        if to == self.assignee:
            raise AlreadyTheirs(agent=to)
        ticket = evolve(self, state=state, assignee=to, updated_at=at)
        return self._told(TicketAssigned, ticket, at, to=to, how=how, previous=self.assignee)

    def hand_over(self, to: Agent, *, by: Agent, note: str, at: datetime) -> Change[Ticket]:
        """Pass it on with a note for who takes it.

        Raises:
            NotTheirs: ``by`` does not have it.
            AlreadyTheirs: it is handed to who has it.
        """
        if by != self.assignee:
            raise NotTheirs(agent=by, assignee=self.assignee)
        change = self.note(note, by=by, at=at)
        return change.then(change.state.assign(to, how="hand_over", at=at))

    def answer(self, text: str, *, by: str, at: datetime) -> Change[Ticket]:
        """Answer the customer; the text itself goes out by the channel's port."""
        state = next_state(TICKET_TABLE, self.state, M.ANSWER)
        is_first = self.first_answered_at is None
        ticket = evolve(
            self,
            state=state,
            notes=(*self.notes, Note(at=at, by=by, text=_text(text, "text", LONGEST_NOTE), to_customer=True)),
            first_answered_at=at if is_first else self.first_answered_at,
            waiting_since=None,
            updated_at=at,
        )
        return self._told(TicketAnswered, ticket, at, by=by, is_first=is_first)

    def note(self, text: str, *, by: str, at: datetime) -> Change[Ticket]:
        """Write a note that stays among us; possible in every state."""
        note = Note(at=at, by=by, text=_text(text, "text", LONGEST_NOTE))
        return self._told(TicketNoted, evolve(self, notes=(*self.notes, note), updated_at=at), at, by=by)

    def customer_writes(self, due: Due, *, at: datetime) -> Change[Ticket]:
        """The customer wrote: it waits for us, until ``due`` where it did not wait already."""
        state = next_state(TICKET_TABLE, self.state, M.CUSTOMER_WRITES)
        level = self.level if due == self.due else 0
        waits: dict[str, Any] = {} if self.waiting_since else {"waiting_since": at, "due": due, "level": level}
        return self._told(CustomerWrote, evolve(self, state=state, finished_at=None, updated_at=at, **waits), at)

    def escalate(self, *, at: datetime) -> Change[Ticket]:
        """Let it climb as far as its time says. Raises ``NotOverdueYet``."""
        state = next_state(TICKET_TABLE, self.state, M.ESCALATE)
        level = self.due.level(at)
        if level <= self.level or not self.is_timed:
            raise NotOverdueYet(level=self.level)
        return self._told(TicketEscalated, evolve(self, state=state, level=level, updated_at=at), at, level=level)

    def wait_until(self, due: Due, *, at: datetime) -> Change[Ticket]:
        """Follow the time of what it is about: it climbs anew from there. The same again changes nothing."""
        if due == self.due:
            return Change(self)
        ticket = evolve(self, due=due, level=0, updated_at=at)
        return self._told(TicketDueChanged, ticket, at, due_at=due.at)

    def finish(self, *, by: str, at: datetime) -> Change[Ticket]:
        """Nothing is left to do."""
        state = next_state(TICKET_TABLE, self.state, M.FINISH)
        ticket = evolve(self, state=state, finished_at=at, waiting_since=None, due=NO_LIMIT, updated_at=at)
        return self._told(TicketFinished, ticket, at, by=by)

    def reopen(self, reason: str, due: Due, *, at: datetime) -> Change[Ticket]:
        """Take it up again, until ``due``."""
        state = next_state(TICKET_TABLE, self.state, M.REOPEN)
        ticket = evolve(self, state=state, finished_at=None, waiting_since=at, due=due, level=0, updated_at=at)
        return self._told(TicketReopened, ticket, at, reason=_text(reason, "reason", LONGEST_NOTE))

    def _told(self, event: type[TicketEvent], after: Ticket, at: datetime, **facts: Any) -> Change[Ticket]:
        return Change(after, (event(ticket_id=self.id, state=after.state, at=at, **facts),))


def _text(text: str, field: str, longest: int) -> str:
    """Check a text; a phone number that somebody put into it is masked."""
    return mask_digits(checked_text(text, field=field, longest=longest, allow_empty=False))
