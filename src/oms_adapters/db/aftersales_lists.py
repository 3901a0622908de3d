"""Lists of aftersales in SQL, and the facts that figures are made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.aftersales import (
    ASKS,
    CASES,
    RETURNS,
    TERMS,
    TICKETS,
    aftersales_case,
    aftersales_terms,
    ticket,
)
from oms_adapters.db.codec import decode
from oms_adapters.db.engine import Engines
from oms_adapters.db.errors import translated
from oms_adapters.db.journal import entry_of, operation_log
from oms_adapters.db.json_lists import holds
from oms_adapters.db.kept import Document, Kept
from oms_adapters.db.orders import sales_order, sales_order_line
from oms_adapters.db.refunds import REFUNDS, refund_entry
from oms_adapters.db.shops import shop
from oms_app.actor import Actor
from oms_app.queries.aftersales import AftersalesFilter, Logged, OrderFacts, Period
from oms_app.queries.rows import Position
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.metrics import SoldUnits
from oms_domain.aftersales.platform_aftersales import PlatformAftersales
from oms_domain.aftersales.returns import ReturnOrder
from oms_domain.aftersales.tickets import Ticket, TicketState
from oms_domain.channels.standard import OrderKind
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
from oms_domain.refunds.ledger import Charge, EntryKind, Taken
from oms_domain.refunds.refund_order import RefundOrder
from oms_domain.refunds.sold import refunded_units_of

D = TypeVar("D", bound=Document)

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


@frozen
class SqlAftersalesQueries:
    """``oms_app.queries.aftersales.AftersalesQueries`` on a database."""

    engines: Engines

    def cases(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[AftersalesCase, ...]:
        return self._page(CASES, actor, wanted, after, limit)

    def case(self, actor: Actor, case_id: CaseId) -> Logged[AftersalesCase]:
        return self._one(CASES, actor, case_id)

    def refunds(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[RefundOrder, ...]:
        return self._page(REFUNDS, actor, wanted, after, limit)

    def refund(self, actor: Actor, refund_id: RefundId) -> Logged[RefundOrder]:
        return self._one(REFUNDS, actor, refund_id)

    def returns(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[ReturnOrder, ...]:
        return self._page(RETURNS, actor, wanted, after, limit)

    def return_order(self, actor: Actor, return_id: ReturnOrderId) -> Logged[ReturnOrder]:
        return self._one(RETURNS, actor, return_id)

    def asks(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[PlatformAftersales, ...]:
        return self._page(ASKS, actor, wanted, after, limit)

    def ask(self, actor: Actor, ask_id: PlatformAftersalesId) -> Logged[PlatformAftersales]:
        return self._one(ASKS, actor, ask_id)

    def tickets(
        self, actor: Actor, wanted: AftersalesFilter, *, after: Position | None, limit: int
    ) -> tuple[Ticket, ...]:
        return self._page(TICKETS, actor, wanted, after, limit)

    def ticket(self, actor: Actor, ticket_id: TicketId) -> Logged[Ticket]:
        return self._one(TICKETS, actor, ticket_id)

    def tickets_of(self, actor: Actor, period: Period) -> tuple[Ticket, ...]:
        c = ticket.c
        opened = sa.and_(c.created_at >= period.start, c.created_at < period.stop)
        chosen = sa.or_(opened, c.state != TicketState.DONE, c.updated_at >= period.start)
        statement = sa.select(ticket).where(chosen, *_scope(ticket, actor, period.shop_id)).order_by(c.id)
        # When it was answered and done stands in the ticket alone: what changed since may have been.
        return tuple(filter(period.concerns, map(TICKETS.document, self._rows(statement))))

    def order_facts(self, actor: Actor, order_ids: Collection[OrderId]) -> Mapping[OrderId, OrderFacts]:
        o, line = sales_order.c, sales_order_line.c
        ids = sorted(order_ids, key=_bytes)
        heads = (
            sa.select(o.id, o.number, shop.c.code)
            .join(shop, shop.c.id == o.shop_id)
            .where(o.id.in_(ids), *_scope(sales_order, actor, None))
        )
        skus: dict[UUID, dict[LineId, SkuCode]] = {}
        for row in self._rows(sa.select(line.id, line.order_id, line.sku).where(line.order_id.in_(ids))):
            skus.setdefault(row.order_id, {})[LineId(row.id)] = SkuCode(row.sku)
        return {
            OrderId(row.id): OrderFacts(shop=row.code, number=row.number, skus=skus.get(row.id, {}))
            for row in self._rows(heads)
        }

    def hours_of(self, actor: Actor, shop_id: ShopId | None) -> Mapping[ShopId, BusinessCalendar]:
        statement = sa.select(aftersales_terms).where(*_scope(aftersales_terms, actor, shop_id))
        return {terms.shop_id: terms.calendar for terms in map(TERMS.document, self._rows(statement))}

    def reasons_of(self, actor: Actor, period: Period) -> tuple[str, ...]:
        c = aftersales_case.c
        opened = (c.created_at >= period.start, c.created_at < period.stop)
        statement = sa.select(c.content).where(*opened, *_scope(aftersales_case, actor, period.shop_id)).order_by(c.id)
        asked = (row.content for row in self._rows(statement))
        return tuple(content["reason"] for content in asked if content.get("linked_to") is None)

    def sold_in(self, actor: Actor, period: Period) -> tuple[SoldUnits, ...]:
        o, line = sales_order.c, sales_order_line.c
        sold = (
            sa.select(line.id, line.sku, line.quantity, o.shop_id, o.id.label("order_id"))
            .join(sales_order, o.id == line.order_id)
            .where(o.paid_at >= period.start, o.paid_at < period.stop, o.kind != OrderKind.REISSUE)
            .where(o.heirs.is_(None))  # what goes on elsewhere counts there
            .where(*_scope(sales_order, actor, period.shop_id))
        )
        lines = self._rows(sold)
        gone = self._refunded({row.order_id for row in lines})
        sums: dict[tuple[ShopId, SkuCode], tuple[int, int]] = {}
        for row in lines:
            key = (ShopId(row.shop_id), SkuCode(row.sku))
            units, back = sums.get(key, (0, 0))
            sums[key] = (units + row.quantity, back + gone.get(LineId(row.id), 0))
        rows = sorted(sums.items(), key=lambda item: (item[0][0].bytes, item[0][1]))
        return tuple(SoldUnits(shop_id=shop, sku=sku, sold=s, refunded=r) for (shop, sku), (s, r) in rows)

    def _refunded(self, order_ids: set[UUID]) -> dict[LineId, int]:
        """Return how many units of each line gave money back."""
        e = refund_entry.c
        statement = sa.select(e.taken).where(e.kind == EntryKind.DONE, e.order_id.in_(sorted(order_ids, key=_bytes)))
        entries = (decode(row.taken, tuple[Taken, ...]) for row in self._rows(statement))
        return refunded_units_of(each for taken in entries for each in taken if each.charge is Charge.GOODS)

    def _page(
        self, kept: Kept[D], actor: Actor, wanted: AftersalesFilter, after: Position | None, limit: int
    ) -> tuple[D, ...]:
        c = kept.table.c
        statement = sa.select(kept.table).where(*_conditions(kept.table, wanted), *_scope(kept.table, actor, None))
        if after is not None:
            place = sa.tuple_(sa.literal(after.at, c.created_at.type), sa.literal(after.id, c.id.type))
            statement = statement.where(sa.tuple_(c.created_at, c.id) < place)
        rows = self._rows(statement.order_by(c.created_at.desc(), c.id.desc()).limit(limit))
        return tuple(map(kept.document, rows))

    def _one(self, kept: Kept[D], actor: Actor, document_id: UUID) -> Logged[D]:
        rows = self._rows(sa.select(kept.table).where(kept.table.c.id == document_id))
        if not rows or not actor.sees(rows[0].shop_id):
            raise kept.missing(document_id)
        entries = sa.select(operation_log).where(operation_log.c.document_id == document_id)
        log = self._rows(entries.order_by(operation_log.c.seq))
        return Logged(document=kept.document(rows[0]), log=tuple(map(entry_of, log)))

    def _rows(self, statement: sa.Select[Any]) -> list[Any]:
        with translated(), self.engines.read.connect() as connection:
            return list(connection.execute(statement))


def _conditions(table: sa.Table, wanted: AftersalesFilter) -> list[sa.ColumnElement[bool]]:
    c = table.c
    given = ((name, getattr(wanted, name)) for name in _EQUAL)
    found = [c[name] == value for name, value in given if value not in (None, "") and name in c]
    if wanted.states and "state" in c:
        found.append(c.state.in_(wanted.states))
    if wanted.after_shipment is not None and "after_shipment" in c:
        found.append(c.after_shipment == sa.literal(wanted.after_shipment))
    if wanted.differs is not None and "difference_count" in c:
        found.append(c.difference_count > 0 if wanted.differs else c.difference_count == 0)
    if wanted.tag and "tags" in c:
        found.append(holds(c.tags, wanted.tag))
    if wanted.due_by is not None and "due_at" in c:
        found.append(c.due_at <= wanted.due_by)
    return found


def _scope(table: sa.Table, actor: Actor, shop_id: ShopId | None) -> list[sa.ColumnElement[bool]]:
    conditions = [] if shop_id is None else [table.c.shop_id == shop_id]
    if actor.shops is not None:
        conditions.append(table.c.shop_id.in_(sorted(actor.shops, key=_bytes)))
    return conditions


def _bytes(id: UUID) -> bytes:
    return id.bytes
