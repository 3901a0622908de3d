"""Aftersales: tables, mapping and stores of cases, returns, platforms' documents, tickets and shops' terms."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from attrs import define, field
from sqlalchemy.engine import Connection

from oms_adapters.db.kept import Kept, KeptStore
from oms_adapters.db.shops import ShopStore
from oms_adapters.db.types import Id, Instant, Json, code, document_columns, table, text
from oms_adapters.db.work import Work
from oms_app.actor import Actor
from oms_app.ports.aftersales import (
    AskNotFound,
    CaseNotFound,
    ReturnNotFound,
    ReturnNumberUnknown,
    TicketNotFound,
)
from oms_app.ports.transaction import Clock, NewId, StaleVersion
from oms_domain.aftersales.assignment import Turn
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.platform_aftersales import PlatformAftersales
from oms_domain.aftersales.returns import ReturnOrder
from oms_domain.aftersales.terms import AftersalesTerms
from oms_domain.aftersales.tickets import Agent, Ticket, TicketState
from oms_domain.kernel.identity import CaseId, OrderId, PlatformAftersalesId, ReturnOrderId, ShopId, TicketId
from oms_domain.shops.shop import ShopNotFound


def _document(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return table(
        name,
        sa.Column("id", Id, primary_key=True),
        sa.Column("number", text(40), nullable=False, unique=True),
        sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False),
        sa.Column("content", Json, nullable=False),
        *document_columns(),
        *columns,
        sa.Index(f"ix_{name}_shop", "shop_id", "created_at", "id"),
        sa.Index(f"ix_{name}_created", "created_at", "id"),
    )


aftersales_case = _document(
    "aftersales_case",
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), nullable=False, index=True),
    sa.Column("kind", code(), nullable=False),
    sa.Column("state", code(), nullable=False),
    sa.Column("platform_refund_no", text(64), nullable=False, index=True),
    sa.Column("replacement_id", Id, nullable=True, index=True),
    sa.Column("difference_count", sa.Integer, nullable=False),
    sa.Column("due_at", Instant, nullable=True),
    sa.Index("ix_aftersales_case_state", "state", "created_at", "id"),
    sa.Index("ix_aftersales_case_due", "due_at", "id"),
)

return_order = _document(
    "return_order",
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), nullable=False, index=True),
    sa.Column("case_id", Id, sa.ForeignKey("aftersales_case.id"), nullable=False, index=True),
    sa.Column("state", code(), nullable=False),
    sa.Column("warehouse", text(32), nullable=False),
    sa.Column("tracking_no", text(64), nullable=False, index=True),
    sa.Index("ix_return_order_state", "state", "created_at", "id"),
)

platform_aftersales = _document(
    "platform_aftersales",
    sa.Column("platform", code(), nullable=False),
    sa.Column("refund_no", text(64), nullable=False),
    sa.Column("order_no", text(64), nullable=False),
    sa.Column("conversion", code(), nullable=False),
    sa.Column("case_id", Id, nullable=True),
    sa.UniqueConstraint("shop_id", "refund_no"),
    sa.Index("ix_platform_aftersales_order_no", "shop_id", "order_no"),
    sa.Index("ix_platform_aftersales_conversion", "conversion", "created_at", "id"),
)

ticket = _document(
    "ticket",
    sa.Column("kind", code(), nullable=False),
    sa.Column("state", code(), nullable=False),
    sa.Column("case_id", Id, nullable=True, index=True),
    sa.Column("order_id", Id, nullable=True, index=True),
    sa.Column("assignee", text(100), nullable=True, index=True),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("due_at", Instant, nullable=True),
    sa.Index("ix_ticket_state", "state", "created_at", "id"),
    sa.Index("ix_ticket_due", "due_at", "id"),
)

ticket_turn = table(
    "ticket_turn",
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("agent", text(100), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
)

aftersales_terms = table(
    "aftersales_terms",
    sa.Column("id", Id, primary_key=True),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False, unique=True),
    sa.Column("content", Json, nullable=False),
    *document_columns(),
)

CASES: Final = Kept(
    kind="aftersales_case",
    table=aftersales_case,
    cls=AftersalesCase,
    columns=lambda case: {
        "number": case.number,
        "order_id": case.order_id,
        "kind": case.kind,
        "state": case.state,
        "platform_refund_no": case.platform_refund_no,
        "replacement_id": case.replacement_id,
        "difference_count": len(case.differences),
        "due_at": case.due.at,
        "created_at": case.opened_at,
        "updated_at": case.updated_at,
    },
    missing=lambda id: CaseNotFound(case_id=id),
)

RETURNS: Final = Kept(
    kind="return_order",
    table=return_order,
    cls=ReturnOrder,
    columns=lambda goods: {
        "number": goods.number,
        "order_id": goods.order_id,
        "case_id": goods.case_id,
        "state": goods.state,
        "warehouse": goods.warehouse,
        "tracking_no": goods.tracking_no,
        "created_at": goods.created_at,
        "updated_at": goods.updated_at,
    },
    missing=lambda id: ReturnNotFound(return_id=id),
)

ASKS: Final = Kept(
    kind="platform_aftersales",
    table=platform_aftersales,
    cls=PlatformAftersales,
    columns=lambda ask: {
        "number": ask.number,
        "platform": ask.platform,
        "refund_no": ask.refund_no,
        "order_no": ask.order_no,
        "conversion": ask.conversion,
        "case_id": ask.case_id,
        "created_at": ask.created_at,
        "updated_at": ask.updated_at,
    },
    missing=lambda id: AskNotFound(platform_aftersales_id=id),
)

TICKETS: Final = Kept(
    kind="ticket",
    table=ticket,
    cls=Ticket,
    columns=lambda each: {
        "number": each.number,
        "kind": each.kind,
        "state": each.state,
        "case_id": each.case_id,
        "order_id": each.order_id,
        "assignee": each.assignee,
        "level": each.level,
        "due_at": each.due.at,
        "created_at": each.opened_at,
        "updated_at": each.updated_at,
    },
    missing=lambda id: TicketNotFound(ticket_id=id),
)

TERMS: Final = Kept(
    kind="aftersales_terms",
    table=aftersales_terms,
    cls=AftersalesTerms,
    columns=lambda terms: {"created_at": terms.created_at, "updated_at": terms.updated_at},
    missing=lambda id: ShopNotFound(shop=str(id)),
)


def by(table_: sa.Table, *names: str) -> sa.Select[Any]:
    """Return the statement that finds documents by columns."""
    return sa.select(table_).where(*(table_.c[name] == sa.bindparam(name) for name in names)).order_by(table_.c.id)


_CASES_OF_ORDER = by(aftersales_case, "order_id")
_CASE_BY_REPLACEMENT = by(aftersales_case, "replacement_id")
_RETURN_BY_NUMBER = by(return_order, "number")
_ASK_BY_REFUND_NO = by(platform_aftersales, "shop_id", "refund_no")
_TICKETS_OF_CASE = by(ticket, "case_id")
_TICKETS_UNFINISHED = by(ticket, "shop_id").where(ticket.c.state != TicketState.DONE)
_TURN = sa.select(ticket_turn).where(ticket_turn.c.shop_id == sa.bindparam("shop_id"))
_TERMS_OF = by(aftersales_terms, "shop_id")


@define
class CaseStore:
    """``oms_app.ports.aftersales.Cases`` on a database."""

    work: Work
    actor: Actor
    _kept: KeptStore[AftersalesCase] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptStore(kept=CASES, work=self.work, actor=self.actor)

    def get(self, case_id: CaseId) -> AftersalesCase:
        return self._kept.get(case_id)

    def of_order(self, order_id: OrderId) -> tuple[AftersalesCase, ...]:
        return self._kept.where(_CASES_OF_ORDER, {"order_id": order_id}, lambda case: case.order_id == order_id)

    def by_replacement(self, order_id: OrderId) -> AftersalesCase | None:
        values = {"replacement_id": order_id}
        found = self._kept.where(_CASE_BY_REPLACEMENT, values, lambda case: case.replacement_id == order_id)
        return found[0] if found else None

    def save(self, case: AftersalesCase) -> None:
        self._kept.save(case)


@define
class ReturnStore:
    """``oms_app.ports.aftersales.ReturnOrders`` on a database."""

    work: Work
    actor: Actor
    _kept: KeptStore[ReturnOrder] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptStore(kept=RETURNS, work=self.work, actor=self.actor)

    def get(self, return_id: ReturnOrderId) -> ReturnOrder:
        return self._kept.get(return_id)

    def by_number(self, number: str) -> ReturnOrder:
        found = self._kept.where(_RETURN_BY_NUMBER, {"number": number}, lambda goods: goods.number == number)
        if not found:
            raise ReturnNumberUnknown(number=number)
        return found[0]

    def save(self, return_order: ReturnOrder) -> None:
        self._kept.save(return_order)


@define
class AskStore:
    """``oms_app.ports.aftersales.PlatformAsks`` on a database."""

    work: Work
    actor: Actor
    _kept: KeptStore[PlatformAftersales] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptStore(kept=ASKS, work=self.work, actor=self.actor)

    def get(self, ask_id: PlatformAftersalesId) -> PlatformAftersales:
        return self._kept.get(ask_id)

    def by_refund_no(self, shop_id: ShopId, refund_no: str) -> PlatformAftersales | None:
        def fits(ask: PlatformAftersales) -> bool:
            return (ask.shop_id, ask.refund_no) == (shop_id, refund_no)

        found = self._kept.where(_ASK_BY_REFUND_NO, {"shop_id": shop_id, "refund_no": refund_no}, fits)
        return found[0] if found else None

    def save(self, ask: PlatformAftersales) -> None:
        self._kept.save(ask)


@define
class TicketStore:
    """``oms_app.ports.aftersales.Tickets`` on a database."""

    work: Work
    actor: Actor
    _kept: KeptStore[Ticket] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptStore(kept=TICKETS, work=self.work, actor=self.actor)

    def get(self, ticket_id: TicketId) -> Ticket:
        return self._kept.get(ticket_id)

    def of_case(self, case_id: CaseId) -> tuple[Ticket, ...]:
        return self._kept.where(_TICKETS_OF_CASE, {"case_id": case_id}, lambda each: each.case_id == case_id)

    def unfinished(self, shop_id: ShopId) -> tuple[Ticket, ...]:
        def fits(each: Ticket) -> bool:
            return each.shop_id == shop_id and each.state is not TicketState.DONE

        return self._kept.where(_TICKETS_UNFINISHED, {"shop_id": shop_id}, fits)

    def turn(self, shop_id: ShopId) -> Turn:
        rows = self.work.rows(_TURN, {"shop_id": shop_id}) if self.actor.sees(shop_id) else []
        if not rows:
            return Turn(shop_id=shop_id)
        return Turn(shop_id=shop_id, last=Agent(rows[0].agent), number=rows[0].number)

    def take_turn(self, turn: Turn, to: Agent) -> None:
        if not self.actor.sees(turn.shop_id):
            raise ShopNotFound(shop=str(turn.shop_id))
        if not turn.number:
            self.work.add(ticket_turn, {"shop_id": turn.shop_id, "agent": to, "number": 1})
            return
        taken = (
            ticket_turn.update()
            .where(ticket_turn.c.shop_id == turn.shop_id, ticket_turn.c.number == turn.number)
            .values(agent=to, number=turn.number + 1)
        )

        def send(connection: Connection) -> None:
            if connection.execute(taken).rowcount != 1:
                raise StaleVersion(what="ticket_turn")

        self.work.last.append((("ticket_turn", turn.shop_id.hex), send))

    def save(self, ticket: Ticket) -> None:
        self._kept.save(ticket)


@define
class TermsStore:
    """``oms_app.ports.aftersales.ShopTerms`` on a database."""

    work: Work
    actor: Actor
    shops: ShopStore
    now: Clock
    new_id: NewId
    _kept: KeptStore[AftersalesTerms] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptStore(kept=TERMS, work=self.work, actor=self.actor)

    def of(self, shop_id: ShopId) -> AftersalesTerms:
        found = self._kept.where(_TERMS_OF, {"shop_id": shop_id}, lambda terms: terms.shop_id == shop_id)
        return found[0] if found else usual(self.shops.get(shop_id).id, self.new_id(), self.now)

    def save(self, terms: AftersalesTerms) -> None:
        self._kept.save(terms)


def usual(shop_id: ShopId, id: UUID, now: Clock) -> AftersalesTerms:
    """Return the terms of a shop that has set none."""
    at = now()
    return AftersalesTerms(id=id, shop_id=shop_id, created_at=at, updated_at=at)
