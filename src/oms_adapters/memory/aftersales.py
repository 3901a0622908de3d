"""Aftersales of one transaction, in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attrs import define, evolve, field

from oms_adapters.memory.documents import MemoryShops
from oms_adapters.memory.shelves import Document, Shelf
from oms_adapters.memory.tables import Tables
from oms_adapters.memory.work import Work
from oms_app.ports.aftersales import (
    AskNotFound,
    CaseNotFound,
    EvidenceNotFound,
    RefundNotFound,
    ReturnNotFound,
    ReturnNumberUnknown,
    TicketNotFound,
)
from oms_app.ports.transaction import Duplicate, NewId, OrderNotFound, StaleVersion
from oms_domain.aftersales.assignment import Turn
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.evidence import EvidenceFile
from oms_domain.aftersales.platform_aftersales import PlatformAftersales
from oms_domain.aftersales.returns import ReturnOrder
from oms_domain.aftersales.terms import AftersalesTerms
from oms_domain.aftersales.tickets import Agent, Ticket, TicketState
from oms_domain.kernel.identity import (
    CaseId,
    EvidenceId,
    OrderId,
    PlatformAftersalesId,
    RefundId,
    ReturnOrderId,
    ShopId,
    TicketId,
)
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.refunds.ledger import RefundLedger
from oms_domain.refunds.opening import ledger_of_order
from oms_domain.refunds.refund_order import RefundOrder
from oms_domain.shops.shop import ShopNotFound

D = TypeVar("D", bound=Document)


def _found(shelf: Shelf[D], fits: Callable[[D], bool]) -> tuple[D, ...]:
    """Return the documents that fit, oldest first."""
    with shelf.work.reading():
        ids = {id for id, each in {**shelf.stored, **shelf.saved}.items() if fits(each)}
    return tuple(shelf.many(sorted(ids)))


@define
class MemoryCases:
    """``oms_app.ports.aftersales.Cases``."""

    work: Work
    shelf: Shelf[AftersalesCase] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="aftersales_case",
            stored=self.work.tables.cases,
            index=self.work.tables.case_numbers,
            shop_of=lambda case: case.shop_id,
            key_of=lambda case: case.number,
            not_found=lambda id: CaseNotFound(case_id=id),
        )

    def get(self, case_id: CaseId) -> AftersalesCase:
        return self.shelf.get(case_id)

    def of_order(self, order_id: OrderId) -> tuple[AftersalesCase, ...]:
        return _found(self.shelf, lambda case: case.order_id == order_id)

    def by_replacement(self, order_id: OrderId) -> AftersalesCase | None:
        found = _found(self.shelf, lambda case: case.replacement_id == order_id)
        return found[0] if found else None

    def save(self, case: AftersalesCase) -> None:
        self.shelf.save(case)


@define
class MemoryEvidence:
    """``oms_app.ports.aftersales.EvidenceFiles``."""

    work: Work

    def get(self, evidence_id: EvidenceId) -> EvidenceFile:
        with self.work.reading() as tables:
            file = tables.evidence.get(evidence_id)
        if file is None or not self.work.sees(file.shop_id):
            raise EvidenceNotFound(evidence_id=evidence_id)
        return file

    def of_order(self, order_id: OrderId) -> tuple[EvidenceFile, ...]:
        with self.work.reading() as tables:
            found = [file for file in tables.evidence.values() if file.order_id == order_id]
        return tuple(sorted((file for file in found if self.work.sees(file.shop_id)), key=lambda file: file.id))

    def add(self, file: EvidenceFile) -> None:
        if not self.work.sees(file.shop_id):
            raise EvidenceNotFound(evidence_id=file.id)

        def check(tables: Tables) -> Callable[[], None]:
            if any((each.order_id, each.digest) == (file.order_id, file.digest) for each in tables.evidence.values()):
                raise Duplicate(what="evidence_file")
            return lambda: tables.evidence.update({file.id: file})

        self.work.write(check)


@define
class MemoryRefunds:
    """``oms_app.ports.aftersales.RefundOrders``."""

    work: Work
    shelf: Shelf[RefundOrder] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="refund_order",
            stored=self.work.tables.refunds,
            index=self.work.tables.refund_numbers,
            shop_of=lambda refund: refund.shop_id,
            key_of=lambda refund: refund.number,
            not_found=lambda id: RefundNotFound(refund_id=id),
        )

    def get(self, refund_id: RefundId) -> RefundOrder:
        return self.shelf.get(refund_id)

    def of_order(self, order_id: OrderId) -> tuple[RefundOrder, ...]:
        return _found(self.shelf, lambda refund: refund.order_id == order_id)

    def save(self, refund: RefundOrder) -> None:
        self.shelf.save(refund)


@define
class MemoryRefundLedgers:
    """``oms_app.ports.aftersales.RefundLedgers``: of two who add to one ledger the first succeeds."""

    work: Work
    saved: dict[OrderId, RefundLedger] = field(factory=dict)

    def of(self, order: SalesOrder) -> RefundLedger:
        if not self.work.sees(order.shop_id):
            raise OrderNotFound(order_id=order.id)
        fresh = ledger_of_order(order)
        with self.work.reading() as tables:
            entries = tables.refund_entries.get(order.id, ())
        known = self.saved.get(order.id)
        if known is not None:
            return evolve(known, collected_fen=fresh.collected_fen)
        return evolve(fresh, entries=entries, version=len(entries))

    def save(self, ledger: RefundLedger) -> None:
        self.work.live()
        self.saved[ledger.order_id] = ledger

    def check(self, tables: Tables) -> Callable[[], None]:
        new = {id: ledger.entries for id, ledger in self.saved.items() if len(ledger.entries) > ledger.version}
        if any(len(tables.refund_entries.get(id, ())) != self.saved[id].version for id in new):
            raise StaleVersion(what="refund_entry")
        return lambda: tables.refund_entries.update(new)


@define
class MemoryReturns:
    """``oms_app.ports.aftersales.ReturnOrders``."""

    work: Work
    shelf: Shelf[ReturnOrder] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="return_order",
            stored=self.work.tables.returns,
            index=self.work.tables.return_numbers,
            shop_of=lambda goods: goods.shop_id,
            key_of=lambda goods: goods.number,
            not_found=lambda id: ReturnNotFound(return_id=id),
        )

    def get(self, return_id: ReturnOrderId) -> ReturnOrder:
        return self.shelf.get(return_id)

    def by_number(self, number: str) -> ReturnOrder:
        found = self.shelf.by_key(number)
        if found is None:
            raise ReturnNumberUnknown(number=number)
        return found

    def save(self, return_order: ReturnOrder) -> None:
        self.shelf.save(return_order)


@define
class MemoryAsks:
    """``oms_app.ports.aftersales.PlatformAsks``."""

    work: Work
    shelf: Shelf[PlatformAftersales] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="platform_aftersales",
            stored=self.work.tables.asks,
            index=self.work.tables.refund_nos,
            shop_of=lambda ask: ask.shop_id,
            key_of=lambda ask: (ask.shop_id, ask.refund_no),
            not_found=lambda id: AskNotFound(platform_aftersales_id=id),
        )

    def get(self, ask_id: PlatformAftersalesId) -> PlatformAftersales:
        return self.shelf.get(ask_id)

    def by_refund_no(self, shop_id: ShopId, refund_no: str) -> PlatformAftersales | None:
        return self.shelf.by_key((shop_id, refund_no))

    def save(self, ask: PlatformAftersales) -> None:
        self.shelf.save(ask)


@define
class MemoryTickets:
    """``oms_app.ports.aftersales.Tickets``."""

    work: Work
    shelf: Shelf[Ticket] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="ticket",
            stored=self.work.tables.tickets,
            index=self.work.tables.ticket_numbers,
            shop_of=lambda ticket: ticket.shop_id,
            key_of=lambda ticket: ticket.number,
            not_found=lambda id: TicketNotFound(ticket_id=id),
        )

    def get(self, ticket_id: TicketId) -> Ticket:
        return self.shelf.get(ticket_id)

    def of_case(self, case_id: CaseId) -> tuple[Ticket, ...]:
        return _found(self.shelf, lambda ticket: ticket.case_id == case_id)

    def unfinished(self, shop_id: ShopId) -> tuple[Ticket, ...]:
        return _found(self.shelf, lambda each: each.shop_id == shop_id and each.state is not TicketState.DONE)

    def turn(self, shop_id: ShopId) -> Turn:
        with self.work.reading() as tables:
            found = tables.turns_of.get(shop_id)
        return found if found is not None and self.work.sees(shop_id) else Turn(shop_id=shop_id)

    def take_turn(self, turn: Turn, to: Agent) -> None:
        if not self.work.sees(turn.shop_id):
            raise ShopNotFound(shop=str(turn.shop_id))
        taken = Turn(shop_id=turn.shop_id, last=to, number=turn.number + 1)

        def check(tables: Tables) -> Callable[[], None]:
            if tables.turns_of.get(turn.shop_id, Turn(shop_id=turn.shop_id)).number != turn.number:
                raise StaleVersion(what="ticket_turn")
            return lambda: tables.turns_of.update({turn.shop_id: taken})

        self.work.write(check)

    def save(self, ticket: Ticket) -> None:
        self.shelf.save(ticket)


@define
class MemoryTerms:
    """``oms_app.ports.aftersales.ShopTerms``."""

    work: Work
    shops: MemoryShops
    new_id: NewId
    shelf: Shelf[AftersalesTerms] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="aftersales_terms",
            stored=self.work.tables.terms,
            index=self.work.tables.terms_of,
            shop_of=lambda terms: terms.shop_id,
            key_of=lambda terms: terms.shop_id,
            not_found=lambda id: ShopNotFound(shop=str(id)),
        )

    def of(self, shop_id: ShopId) -> AftersalesTerms:
        found, at = self.shelf.by_key(shop_id), self.work.now()
        if found is not None:
            return found
        id = self.new_id()
        return AftersalesTerms(id=id, shop_id=self.shops.get(shop_id).id, created_at=at, updated_at=at)

    def save(self, terms: AftersalesTerms) -> None:
        self.shelf.save(terms)
