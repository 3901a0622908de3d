"""The read side of aftersales: lists of documents, one with its log, and the facts that figures are made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from attrs import field, frozen

from oms_app.actor import Actor
from oms_app.journal import LogEntry
from oms_app.queries.rows import Position
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.metrics import SoldUnits
from oms_domain.aftersales.platform_aftersales import PlatformAftersales
from oms_domain.aftersales.returns import ReturnOrder
from oms_domain.aftersales.tickets import Agent, Ticket, TicketState
from oms_domain.kernel.calendar import BusinessCalendar
from oms_domain.kernel.identity import (
    CaseId,
    LineId,
    OrderId,
    PlatformAftersalesId,
    RefundId,
    ReturnOrderId,
    ShopId,
    SkuCode,
    TicketId,
)
from oms_domain.refunds.refund_order import RefundOrder

D = TypeVar("D")


@frozen(kw_only=True)
class AftersalesFilter:
    """Which documents a list holds. Empty or None means all; what a kind of document has not is not looked at.

    ``differs``: with a discrepancy that nobody has dealt with. ``due_by``: due then or before.
    """

    states: tuple[str, ...] = ()
    kind: str = ""
    shop_id: ShopId | None = None
    order_id: OrderId | None = None
    case_id: CaseId | None = None
    number: str = ""
    platform_order_no: str = ""
    platform_refund_no: str = ""
    platform_state: str = ""
    document_state: str = ""
    source: str = ""
    after_shipment: bool | None = None
    tag: str = ""
    differs: bool | None = None
    tracking_no: str = ""
    conversion: str = ""
    refund_no: str = ""
    order_no: str = ""
    assignee: Agent | None = None
    due_by: datetime | None = None


@frozen(kw_only=True)
class OrderFacts:
    """What documents of aftersales show of their order."""

    shop: str = ""  # its code
    number: str = ""
    skus: Mapping[LineId, SkuCode] = field(factory=dict)


@frozen(kw_only=True)
class Logged(Generic[D]):
    """A document with its operation log, oldest first."""

    document: D
    log: tuple[LogEntry, ...]


@frozen(kw_only=True)
class Period:
    """A half-open period, of all shops or one."""

    start: datetime
    stop: datetime
    shop_id: ShopId | None = None

    def holds(self, at: datetime | None) -> bool:
        """Whether an instant lies in it; what has not happened lies in none."""
        return at is not None and self.start <= at < self.stop

    def concerns(self, ticket: Ticket) -> bool:
        """Whether a ticket counts: it is not done, or was opened, answered or done in it."""
        times = (ticket.opened_at, ticket.first_answered_at, ticket.finished_at)
        return ticket.state is not TicketState.DONE or any(map(self.holds, times))


class AftersalesQueries(Protocol):
    """Reads outside any transaction of a use case. Every answer holds only the actor's shops; lists newest first."""

    def cases(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[AftersalesCase, ...]: ...

    def case(self, actor: Actor, case_id: CaseId) -> Logged[AftersalesCase]:
        """Raises ``CaseNotFound``."""

    def refunds(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[RefundOrder, ...]: ...

    def refund(self, actor: Actor, refund_id: RefundId) -> Logged[RefundOrder]:
        """Raises ``RefundNotFound``."""

    def returns(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[ReturnOrder, ...]: ...

    def return_order(self, actor: Actor, return_id: ReturnOrderId) -> Logged[ReturnOrder]:
        """Raises ``ReturnNotFound``."""

    def asks(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[PlatformAftersales, ...]: ...

    def ask(self, actor: Actor, ask_id: PlatformAftersalesId) -> Logged[PlatformAftersales]:
        """Raises ``AskNotFound``."""

    def tickets(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[Ticket, ...]: ...

    def ticket(self, actor: Actor, ticket_id: TicketId) -> Logged[Ticket]:
        """Raises ``TicketNotFound``."""

    def tickets_of(self, actor: Actor, period: Period) -> tuple[Ticket, ...]:
        """Return the tickets that were opened, first answered or done in a period, or are not done."""

    def order_facts(self, actor: Actor, order_ids: Collection[OrderId]) -> Mapping[OrderId, OrderFacts]:
        """Return what there is of some orders, at most a page of them."""

    def hours_of(self, actor: Actor, shop_id: ShopId | None) -> Mapping[ShopId, BusinessCalendar]:
        """Return when shops work, of those that have said so."""

    def reasons_of(self, actor: Actor, period: Period) -> tuple[str, ...]:
        """Return the reasons of the cases opened in a period, one for each case; one that goes on for another: none."""

    def sold_in(self, actor: Actor, period: Period) -> tuple[SoldUnits, ...]:
        """Return what was sold in a period by shop and SKU, and of it what was refunded since. Nothing unpaid."""
