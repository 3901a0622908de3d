"""Service tickets: the queue, one with its log, opened by hand, and what can be done to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from oms_adapters.http.aftersales_lists import log_of, page_of, wanted_of
from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.cases import READ, DueView
from oms_adapters.http.doings import Desk, Doing, DoneView, LongText, Name, Text, checked, plain_facts, put_on
from oms_adapters.http.order_views import LogView
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Signer, States, instant
from oms_adapters.http.shops import KnownShops
from oms_adapters.http.views import Given, View
from oms_app import tickets as use_cases
from oms_app.actor import Actor
from oms_app.queries.aftersales import AftersalesQueries
from oms_app.tickets import OpenTicket, TicketAnswer, TicketService
from oms_domain.aftersales.tickets import LONGEST_SUBJECT, Agent, Ticket, TicketKind
from oms_domain.kernel.identity import CaseId, OrderId, TicketId


class OpenTicketBody(Body):
    """What a customer asks, or what somebody must look after (新建服务单)."""

    shop: Annotated[str, msgspec.Meta(max_length=32)]
    kind: TicketKind
    subject: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_SUBJECT)]
    customer: Name = ""
    case_id: UUID | None = None
    order_id: UUID | None = None


class AssignBody(Body):
    """Who is to have it; left out: whom the shop's way of assignment finds."""

    to: Name = ""


class ManyAssignBody(Body):
    """Which tickets, at most 100, and who is to have them."""

    ids: list[UUID]
    to: Name = ""


class HandOverBody(Body):
    """Who is to go on with it, and what they must know."""

    to: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    note: LongText


class AnswerBody(Body):
    """What the customer is answered; with ``template`` the shop's own words."""

    text: LongText = ""
    template: Name = ""


class NoteBody(Body):
    """A note that stays among us."""

    text: LongText


class ReopenBody(Body):
    """What is left to do after all."""

    reason: Text


class NothingBody(Body):
    """Nothing is to be said."""


class NoteView(View):
    """What somebody wrote. ``to_customer``: it was sent."""

    at: datetime
    by: str
    text: str
    to_customer: bool


class TicketView(View):
    """Something that a person must look after (服务单)."""

    id: UUID
    number: str
    shop_id: UUID
    kind: str
    subject: str
    state: str
    case_id: UUID | None
    order_id: UUID | None
    customer: str
    assignee: str | None
    level: int
    due: DueView
    notes: list[NoteView]
    opened_at: datetime
    waiting_since: datetime | None
    first_answered_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, ticket: Ticket) -> TicketView:
        return cls(
            id=ticket.id,
            number=ticket.number,
            shop_id=ticket.shop_id,
            kind=ticket.kind,
            subject=ticket.subject,
            state=ticket.state,
            case_id=ticket.case_id,
            order_id=ticket.order_id,
            customer=ticket.customer,
            assignee=ticket.assignee,
            level=ticket.level,
            due=DueView(at=ticket.due.at, warn_at=ticket.due.warn_at),
            notes=[NoteView(at=e.at, by=e.by, text=e.text, to_customer=e.to_customer) for e in ticket.notes],
            opened_at=ticket.opened_at,
            waiting_since=ticket.waiting_since,
            first_answered_at=ticket.first_answered_at,
            finished_at=ticket.finished_at,
            updated_at=ticket.updated_at,
            version=ticket.version,
        )


class TicketDetailView(View):
    """A ticket with its operation log."""

    ticket: TicketView
    log: list[LogView]


def answer_view(answer: TicketAnswer) -> DoneView:
    facts = {"assignee": answer.assignee, "level": answer.level}
    return DoneView(id=answer.id, number=answer.number, state=answer.state, version=answer.version, facts=facts)


def _assigned(body: Any) -> dict[str, Any]:
    return {"to": Agent(checked(body.to, "to")) if body.to else None}


def _handed(body: HandOverBody) -> dict[str, Any]:
    return {"to": Agent(checked(body.to, "to")), "note": checked(body.note, "note")}


_u = use_cases
DOINGS: Final = (
    Doing(
        path="assignment",
        operation="assignTicket",
        summary="Give it to somebody (分配)",
        command=_u.AssignTicket,
        method="assign",
        body=AssignBody,
        facts=_assigned,
        many="assignments",
        many_operation="assignTickets",
        many_body=ManyAssignBody,
    ),
    Doing(
        path="hand-over",
        operation="handOverTicket",
        summary="Pass on what one has, with a note (转交)",
        command=_u.HandOver,
        method="hand_over",
        body=HandOverBody,
        facts=_handed,
    ),
    Doing(
        path="answers",
        operation="answerTicket",
        summary="Answer the customer (回复)",
        command=_u.AnswerTicket,
        method="answer",
        body=AnswerBody,
    ),
    Doing(
        path="notes",
        operation="noteTicket",
        summary="Write a note that stays among us (备注)",
        command=_u.NoteTicket,
        method="note",
        body=NoteBody,
    ),
    Doing(
        path="customer-messages",
        operation="noteCustomerMessage",
        summary="The customer wrote (客户来信)",
        command=_u.CustomerWrites,
        method="customer_writes",
        body=NothingBody,
    ),
    Doing(
        path="escalation",
        operation="escalateTicket",
        summary="Let it climb as far as its time says (升级)",
        command=_u.EscalateTicket,
        method="escalate",
        body=NothingBody,
    ),
    Doing(
        path="finishing",
        operation="finishTicket",
        summary="Nothing is left to do (完结)",
        command=_u.FinishTicket,
        method="finish",
        body=NothingBody,
    ),
    Doing(
        path="reopening",
        operation="reopenTicket",
        summary="Something is left to do after all (重开)",
        command=_u.ReopenTicket,
        method="reopen",
        body=ReopenBody,
        facts=plain_facts,
    ),
)


def _service(tickets: Given[TicketService]) -> TicketService:
    return tickets


class TicketsController(Controller):
    """Service tickets."""

    path = "/aftersales/tickets"
    tags = ("Tickets",)
    dependencies = {"service": Provide(_service, sync_to_thread=False)}  # noqa: RUF012

    @get("/", operation_id="listTickets", opt=READ, sync_to_thread=True)
    def tickets(
        self,
        actor: Given[Actor],
        aftersales_queries: Given[AftersalesQueries],
        signer: Given[Signer],
        known_shops: Given[KnownShops],
        states: States = None,
        kind: FromQuery[str | None] = None,
        assignee: FromQuery[str | None] = None,
        shop: FromQuery[str | None] = None,
        case_id: FromQuery[UUID | None] = None,
        order_id: FromQuery[UUID | None] = None,
        number: FromQuery[str | None] = None,
        due_by: Annotated[
            datetime | None, QueryParameter(description="due then or before: now for the overdue")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[TicketView]:
        """List tickets over all shops, newest first."""
        wanted = wanted_of(
            actor,
            known_shops,
            shop,
            states,
            kind=kind,
            assignee=assignee,
            case_id=case_id,
            order_id=order_id,
            number=number,
            due_by=instant(due_by, field="due_by"),
        )
        given: Any = {"actor": actor, "signer": signer, "cursor": cursor, "limit": limit}
        return page_of(aftersales_queries.tickets, TicketView.of, wanted, name="tickets", **given)

    @get("/{id:uuid}", operation_id="getTicket", opt=READ, sync_to_thread=True)
    def ticket(
        self,
        id: FromPath[UUID],
        actor: Given[Actor],
        aftersales_queries: Given[AftersalesQueries],
    ) -> Response[TicketDetailView]:
        """Show one ticket with its log."""
        found = aftersales_queries.ticket(actor, TicketId(id))
        view = TicketDetailView(ticket=TicketView.of(found.document), log=log_of(found.log))
        return Response(content=view, headers={"ETag": f'"{found.document.version}"'})

    @post(
        "/",
        operation_id="openTicket",
        opt=needs(OpenTicket.permission, changes=True),
        status_code=201,
        sync_to_thread=True,
    )
    def open(
        self,
        data: JSONBody[OpenTicketBody],
        actor: Given[Actor],
        tickets: Given[TicketService],
        known_shops: Given[KnownShops],
    ) -> Response[DoneView]:
        """Open a ticket (新建服务单)."""
        command = OpenTicket(
            shop_id=known_shops.of(data.shop, actor).id,
            kind=data.kind,
            subject=checked(data.subject, "subject"),
            customer=checked(data.customer, "customer"),
            case_id=CaseId(data.case_id) if data.case_id else None,
            order_id=OrderId(data.order_id) if data.order_id else None,
            by=actor,
        )
        view = answer_view(tickets.open(command))
        return Response(content=view, status_code=201, headers={"ETag": f'"{view.version}"'})


put_on(TicketsController, Desk(key="ticket_id", view=answer_view), DOINGS)
