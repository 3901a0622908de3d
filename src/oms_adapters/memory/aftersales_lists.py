"""Lists of aftersales, read from the dicts. Every answer holds only the actor's shops."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from attrs import define

from oms_adapters.memory.tables import Tables
from oms_app.actor import Actor
from oms_app.ports.aftersales import AskNotFound, CaseNotFound, RefundNotFound, ReturnNotFound, TicketNotFound
from oms_app.queries.aftersales import AftersalesFilter, Logged, OrderFacts, Period
from oms_app.queries.rows import Position
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.metrics import SoldUnits
from oms_domain.aftersales.platform_aftersales import PlatformAftersales
from oms_domain.aftersales.returns import ReturnOrder
from oms_domain.aftersales.tickets import Ticket
from oms_domain.channels.standard import OrderKind
from oms_domain.kernel.calendar import BusinessCalendar
from oms_domain.kernel.errors import NotFound
from oms_domain.kernel.identity import (
    CaseId,
    OrderId,
    PlatformAftersalesId,
    RefundId,
    ReturnOrderId,
    ShopId,
    SkuCode,
    TicketId,
)
from oms_domain.refunds.ledger import Charge, EntryKind
from oms_domain.refunds.refund_order import RefundOrder
from oms_domain.refunds.sold import refunded_units_of

D = TypeVar("D")

_EQUAL: Final = (
    "kind",
    "shop_id",
    "order_id",
    "case_id",
    "number",
    "platform_order_no",
    "platform_refund_no",
    "platform_state",
    "document_state",
    "source",
    "tracking_no",
    "conversion",
    "refund_no",
    "order_no",
    "assignee",
)
_NOT_OF_CASES: Final = frozenset({"tracking_no"})
"""A case has the parcel's number too; it is looked for by its return order."""


@define
class MemoryAftersalesQueries:
    """``oms_app.queries.aftersales.AftersalesQueries`` in memory."""

    tables: Tables

    def cases(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[AftersalesCase, ...]:
        return self._page(self.tables.cases, actor, wanted, after, limit)

    def case(self, actor: Actor, case_id: CaseId) -> Logged[AftersalesCase]:
        return self._one(self.tables.cases, actor, case_id, lambda id: CaseNotFound(case_id=id))

    def refunds(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[RefundOrder, ...]:
        return self._page(self.tables.refunds, actor, wanted, after, limit)

    def refund(self, actor: Actor, refund_id: RefundId) -> Logged[RefundOrder]:
        return self._one(self.tables.refunds, actor, refund_id, lambda id: RefundNotFound(refund_id=id))

    def returns(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[ReturnOrder, ...]:
        return self._page(self.tables.returns, actor, wanted, after, limit)

    def return_order(self, actor: Actor, return_id: ReturnOrderId) -> Logged[ReturnOrder]:
        return self._one(self.tables.returns, actor, return_id, lambda id: ReturnNotFound(return_id=id))

    def asks(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[PlatformAftersales, ...]:
        return self._page(self.tables.asks, actor, wanted, after, limit)

    def ask(self, actor: Actor, ask_id: PlatformAftersalesId) -> Logged[PlatformAftersales]:
        return self._one(self.tables.asks, actor, ask_id, lambda id: AskNotFound(platform_aftersales_id=id))

    def tickets(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[Ticket, ...]:
        return self._page(self.tables.tickets, actor, wanted, after, limit)

    def ticket(self, actor: Actor, ticket_id: TicketId) -> Logged[Ticket]:
        return self._one(self.tables.tickets, actor, ticket_id, lambda id: TicketNotFound(ticket_id=id))

    def tickets_of(self, actor: Actor, period: Period) -> tuple[Ticket, ...]:
        found = self._in(self.tables.tickets, actor, period.shop_id)
        return tuple(filter(period.concerns, found))

    def order_facts(self, actor: Actor, order_ids: Collection[OrderId]) -> Mapping[OrderId, OrderFacts]:
        found = (order for order in self._in(self.tables.orders, actor, None) if order.id in order_ids)
        return {
            order.id: OrderFacts(
                shop=self.tables.shops[order.shop_id].code,
                number=order.number,
                skus={line.id: line.sku for line in order.lines},
            )
            for order in found
        }

    def hours_of(self, actor: Actor, shop_id: ShopId | None) -> Mapping[ShopId, BusinessCalendar]:
        return {terms.shop_id: terms.calendar for terms in self._in(self.tables.terms, actor, shop_id)}

    def reasons_of(self, actor: Actor, period: Period) -> tuple[str, ...]:
        found = self._in(self.tables.cases, actor, period.shop_id)
        asked = (case for case in found if case.linked_to is None)
        return tuple(case.reason for case in asked if _is_in(period, case.opened_at))

    def sold_in(self, actor: Actor, period: Period) -> tuple[SoldUnits, ...]:
        sums: dict[tuple[ShopId, SkuCode], tuple[int, int]] = {}
        for order in self._in(self.tables.orders, actor, period.shop_id):
            counts = order.kind is not OrderKind.REISSUE and not order.heirs  # what goes on elsewhere counts there
            if order.paid_at is None or not _is_in(period, order.paid_at) or not counts:
                continue
            entries = self.tables.refund_entries.get(order.id, ())
            done = (each for entry in entries if entry.kind is EntryKind.DONE for each in entry.taken)
            gone = refunded_units_of(each for each in done if each.charge is Charge.GOODS)
            for line in order.lines:
                sold, back = sums.get((order.shop_id, line.sku), (0, 0))
                sums[order.shop_id, line.sku] = (sold + line.quantity, back + gone.get(line.id, 0))
        rows = sorted(sums.items(), key=lambda item: (item[0][0].bytes, item[0][1]))
        return tuple(SoldUnits(shop_id=shop, sku=sku, sold=s, refunded=r) for (shop, sku), (s, r) in rows)

    def _in(self, table: Mapping[UUID, D], actor: Actor, shop_id: ShopId | None) -> list[Any]:
        with self.tables.lock:
            found: list[Any] = [each for _, each in sorted(table.items())]
        return [each for each in found if actor.sees(each.shop_id) and shop_id in (None, each.shop_id)]

    def _page(
        self, table: Mapping[UUID, D], actor: Actor, wanted: AftersalesFilter, after: Position | None, limit: int
    ) -> tuple[Any, ...]:
        found = [each for each in self._in(table, actor, None) if _fits(each, wanted)]
        found.sort(key=_place, reverse=True)
        return tuple(each for each in found if after is None or _place(each) < (after.at, after.id))[:limit]

    def _one(
        self, table: Mapping[UUID, D], actor: Actor, document_id: UUID, missing: Callable[[UUID], NotFound]
    ) -> Logged[D]:
        with self.tables.lock:
            found: Any = table.get(document_id)
            log = tuple(self.tables.log.get(document_id, ()))
        if found is None or not actor.sees(found.shop_id):
            raise missing(document_id)
        return Logged(document=found, log=log)


def _fits(document: Any, wanted: AftersalesFilter) -> bool:
    equal = [name for name in _EQUAL if hasattr(document, name)]
    if isinstance(document, AftersalesCase):
        equal = [name for name in equal if name not in _NOT_OF_CASES]
    return (
        all(getattr(wanted, name) in (None, "", getattr(document, name)) for name in equal)
        and (not wanted.states or str(getattr(document, "state", wanted.states[0])) in wanted.states)
        and wanted.after_shipment in (None, getattr(document, "after_shipment", wanted.after_shipment))
        and wanted.differs in (None, bool(getattr(document, "differences", wanted.differs)))
        and (not wanted.tag or wanted.tag in getattr(document, "tags", (wanted.tag,)))
        and _is_due(document, wanted.due_by)
    )


def _is_due(document: Any, by: datetime | None) -> bool:
    if by is None or not hasattr(document, "due"):
        return True
    return document.due.at is not None and document.due.at <= by


def _place(document: Any) -> tuple[datetime, UUID]:
    return (getattr(document, "created_at", None) or document.opened_at, document.id)


def _is_in(period: Period, at: datetime) -> bool:
    return period.start <= at < period.stop
