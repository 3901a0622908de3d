"""The queue of tickets kept in step with the cases, and the look for what is overdue."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, TypeVar

from attrs import frozen

from oms_app.actor import system
from oms_app.aftersales import CaseService
from oms_app.case_commands import TimeOutCase
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Clock
from oms_app.processes.claims import asking, event_of
from oms_app.processes.orders import actor_of
from oms_app.queries.aftersales import AftersalesFilter, AftersalesQueries
from oms_app.queries.rows import LARGEST_PAGE, Position
from oms_app.runner import Handler
from oms_app.tickets import (
    EscalateTicket,
    FinishCaseTickets,
    FollowAsk,
    FollowCase,
    OpenCaseTicket,
    OpenTicket,
    TicketService,
)
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.events import (
    AskUpdated,
    BuyerSentGoods,
    CaseApproved,
    CaseAskedAgain,
    CaseClosed,
    CaseDifferenceSettled,
    CaseDiffers,
    CaseEvent,
    CaseKindChanged,
    CaseOpened,
    CaseRefunded,
    DifferencePaid,
    GoodsAccepted,
    GoodsStopped,
    PlatformDecided,
    ReplacementCalledOff,
    ReplacementShipped,
    RightRevoked,
)
from oms_domain.aftersales.states import OPEN, CaseState
from oms_domain.aftersales.tickets import Ticket, TicketKind, TicketState
from oms_domain.kernel.errors import Refused
from oms_domain.refunds.events import RefundDiffers

WATCH_LIMITS: Final = "aftersales.watch_limits"
STEPS: Final = (
    CaseApproved,
    CaseAskedAgain,
    GoodsStopped,
    RightRevoked,
    BuyerSentGoods,
    GoodsAccepted,
    DifferencePaid,
    ReplacementCalledOff,
    ReplacementShipped,
    PlatformDecided,
)
"""Steps of a case to a state that has another time."""


@frozen(kw_only=True)
class TicketProcess:
    """Keeps the queue of tickets in step with the cases, and looks for what is overdue."""

    cases: CaseService
    tickets: TicketService
    queries: AftersalesQueries
    now: Clock
    look_every: timedelta = timedelta(minutes=1)

    def handlers(self) -> tuple[Handler, ...]:
        ends = (CaseClosed, CaseRefunded, CaseKindChanged, PlatformDecided, ReplacementShipped)
        return (
            # One handler, so that what differs and what is settled come in their order.
            Handler(
                name="tickets.open",
                run=self.open,
                events=(CaseOpened.type, CaseDiffers.type, CaseDifferenceSettled.type),
            ),
            Handler(name="tickets.open_for_refund", run=self.open_for_refund, events=(RefundDiffers.type,)),
            Handler(name="tickets.follow", run=self.follow, events=tuple(event.type for event in STEPS)),
            Handler(name="tickets.follow_platform", run=self.follow_platform, events=(AskUpdated.type,)),
            Handler(name="tickets.finish", run=self.finish, events=tuple(event.type for event in ends)),
            Handler(name=WATCH_LIMITS, run=self.watch),
        )

    def open(self, job: Job) -> datetime | None:
        event, actor = event_of(job, CaseEvent), asking(actor_of(job, "tickets"))
        if isinstance(event, CaseDifferenceSettled):
            self.tickets.finish_for_case(FinishCaseTickets(case_id=event.case_id, settled=event.what, by=actor))
            return None
        if isinstance(event, CaseDiffers):
            kind, subject = TicketKind.DISCREPANCY, f"{event.what}: {event.theirs} / {event.ours}"
        else:
            kind, subject = TicketKind.CASE, str(event.kind)
        opened = OpenCaseTicket(case_id=event.case_id, kind=kind, subject=subject[:200], by=actor)
        self.tickets.open_for_case(opened)
        return None

    def open_for_refund(self, job: Job) -> datetime | None:
        """Have somebody see to what differs of a refund without a case; of another the case has the ticket."""
        event, actor = event_of(job, RefundDiffers), actor_of(job, "tickets")
        if event.case_id is None:
            refund = self.queries.refund(actor, event.refund_id).document
            subject = f"{event.what}: {event.theirs} / {event.ours}"[:200]
            opened = OpenTicket(
                shop_id=refund.shop_id,
                kind=TicketKind.DISCREPANCY,
                subject=subject,
                order_id=refund.order_id,
                by=actor,
            )
            self.tickets.open(opened)
        return None

    def follow(self, job: Job) -> datetime | None:
        event = event_of(job, CaseEvent)
        actor = asking(actor_of(job, "tickets"))
        if self.tickets.follow_case(FollowCase(case_id=event.case_id, by=actor)) is None:
            self.tickets.open_for_case(OpenCaseTicket(case_id=event.case_id, subject=str(event.kind), by=actor))
        return None

    def follow_platform(self, job: Job) -> datetime | None:
        event, actor = event_of(job, AskUpdated), asking(actor_of(job, "tickets"))
        self.tickets.follow_ask(FollowAsk(platform_aftersales_id=event.platform_aftersales_id, by=actor))
        return None

    def finish(self, job: Job) -> datetime | None:
        event = event_of(job, CaseEvent)
        if event.state not in OPEN:
            done = FinishCaseTickets(case_id=event.case_id, by=asking(actor_of(job, "tickets")))
            self.tickets.finish_for_case(done)
        return None

    def watch(self, job: Job) -> datetime | None:
        """Close cases whose time is up and that close by that; let overdue tickets climb."""
        actor, now = system("time_limits"), self.now()
        overdue = AftersalesFilter(states=tuple(map(str, _TIMED)), due_by=now)
        for case in _all(lambda after: self.queries.cases(actor, overdue, after=after, limit=LARGEST_PAGE)):
            with suppress(Refused):
                self.cases.time_out(TimeOutCase(case_id=case.id, by=actor))
        waiting = AftersalesFilter(states=(str(TicketState.OPEN), str(TicketState.ANSWERED)), due_by=now)
        for ticket in _all(lambda after: self.queries.tickets(actor, waiting, after=after, limit=LARGEST_PAGE)):
            if ticket.is_timed and ticket.due.level(now) > ticket.level:
                with suppress(Refused):
                    self.tickets.escalate(EscalateTicket(ticket_id=ticket.id, by=actor))
        return now + self.look_every


_TIMED: Final = (CaseState.AWAITING_REVIEW, CaseState.AWAITING_BUYER_RETURN)
"""States that may close by their time."""

D = TypeVar("D", AftersalesCase, Ticket)


def _all(page: Callable[[Position | None], tuple[D, ...]]) -> tuple[D, ...]:
    """Return every row of a list: gathered first, since what is done to them takes them out of it."""
    found, after = list[D](), None
    while rows := page(after):
        found += rows
        after = Position(rows[-1].opened_at, rows[-1].id)
    return tuple(found)
