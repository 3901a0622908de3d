"""What aftersales needs of a transaction: cases, refunds with their ledger, returns, platform documents, tickets."""

from __future__ import annotations

from typing import ClassVar, Protocol
from uuid import UUID

from attrs import frozen

from oms_domain.aftersales.assignment import Turn
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.evidence import EvidenceFile
from oms_domain.aftersales.platform_aftersales import PlatformAftersales
from oms_domain.aftersales.returns import ReturnOrder
from oms_domain.aftersales.terms import AftersalesTerms
from oms_domain.aftersales.tickets import Agent, Ticket
from oms_domain.kernel.errors import NotFound
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
from oms_domain.refunds.refund_order import RefundOrder


@frozen(kw_only=True)
class CaseNotFound(NotFound):
    """No such case, or it is not the caller's."""

    code: ClassVar[str] = "aftersales.not_found"
    case_id: UUID


@frozen(kw_only=True)
class RefundNotFound(NotFound):
    """No such refund order, or it is not the caller's."""

    code: ClassVar[str] = "refunds.not_found"
    refund_id: UUID


@frozen(kw_only=True)
class ReturnNotFound(NotFound):
    """No such return order, or it is not the caller's."""

    code: ClassVar[str] = "returns.not_found"
    return_id: UUID


@frozen(kw_only=True)
class ReturnNumberUnknown(NotFound):
    """No return order has this number, or it is not the caller's."""

    code: ClassVar[str] = "returns.number_unknown"
    number: str


@frozen(kw_only=True)
class AskNotFound(NotFound):
    """No such aftersales document of a platform, or it is not the caller's."""

    code: ClassVar[str] = "platform_aftersales.not_found"
    platform_aftersales_id: UUID


@frozen(kw_only=True)
class TicketNotFound(NotFound):
    """No such ticket, or it is not the caller's."""

    code: ClassVar[str] = "tickets.not_found"
    ticket_id: UUID


@frozen(kw_only=True)
class EvidenceNotFound(NotFound):
    """No such file of evidence, or it is not the caller's."""

    code: ClassVar[str] = "aftersales.evidence_not_found"
    evidence_id: UUID


class Cases(Protocol):
    """All aftersales cases."""

    def get(self, case_id: CaseId) -> AftersalesCase:
        """Raises ``CaseNotFound``."""

    def of_order(self, order_id: OrderId) -> tuple[AftersalesCase, ...]:
        """Return an order's cases, oldest first."""

    def by_replacement(self, order_id: OrderId) -> AftersalesCase | None:
        """Return the case that this order sends new goods for."""

    def save(self, case: AftersalesCase) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``."""


class RefundOrders(Protocol):
    """All refund orders."""

    def get(self, refund_id: RefundId) -> RefundOrder:
        """Raises ``RefundNotFound``."""

    def of_order(self, order_id: OrderId) -> tuple[RefundOrder, ...]:
        """Return an order's refunds, oldest first."""

    def save(self, refund: RefundOrder) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``."""


class RefundLedgers(Protocol):
    """The refund ledgers, one for each order. They only grow."""

    def of(self, order: SalesOrder) -> RefundLedger:
        """Return the order's ledger: what it paid, and every entry since."""

    def save(self, ledger: RefundLedger) -> None:
        """Store the entries that are new.

        Of two who add to one ledger only the first succeeds, and whatever is read: no line gives back more than it paid
        with a tender. Raises ``StaleVersion`` or ``Duplicate``, here or at commit.
        """


class EvidenceFiles(Protocol):
    """The files of evidence of all orders, as far as they can be told of; their bytes lie in the vault, in pieces."""

    def get(self, evidence_id: EvidenceId) -> EvidenceFile:
        """Raises ``EvidenceNotFound``."""

    def of_order(self, order_id: OrderId) -> tuple[EvidenceFile, ...]:
        """Return what was stored of an order before this transaction, oldest first."""

    def add(self, file: EvidenceFile) -> None:
        """Store a new one. Raises ``Duplicate``, here or at commit, if its order has the same content already."""


class ReturnOrders(Protocol):
    """All return orders."""

    def get(self, return_id: ReturnOrderId) -> ReturnOrder:
        """Raises ``ReturnNotFound``."""

    def by_number(self, number: str) -> ReturnOrder:
        """Raises ``ReturnNumberUnknown``."""

    def save(self, return_order: ReturnOrder) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``."""


class PlatformAsks(Protocol):
    """All aftersales documents of platforms, one per (shop, refund number)."""

    def get(self, ask_id: PlatformAftersalesId) -> PlatformAftersales:
        """Raises ``AskNotFound``."""

    def by_refund_no(self, shop_id: ShopId, refund_no: str) -> PlatformAftersales | None:
        """Return the one that is known."""

    def save(self, ask: PlatformAftersales) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate``."""


class Tickets(Protocol):
    """All service tickets."""

    def get(self, ticket_id: TicketId) -> Ticket:
        """Raises ``TicketNotFound``."""

    def of_case(self, case_id: CaseId) -> tuple[Ticket, ...]:
        """Return a case's tickets, oldest first."""

    def unfinished(self, shop_id: ShopId) -> tuple[Ticket, ...]:
        """Return the shop's tickets that are not done, oldest first."""

    def turn(self, shop_id: ShopId) -> Turn:
        """Return whose turn it was last at a shop; number 0 where there was none, or the shop is not the actor's."""

    def take_turn(self, turn: Turn, to: Agent) -> None:
        """Store that the turn after ``turn`` is ``to``'s.

        Of two who take the same one only the first succeeds. Raises ``StaleVersion`` or ``Duplicate``, here or at
        commit.
        """

    def save(self, ticket: Ticket) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``."""


class ShopTerms(Protocol):
    """How each shop takes claims."""

    def of(self, shop_id: ShopId) -> AftersalesTerms:
        """Return the shop's terms; the usual ones (version 0) where nobody has set any. Raises ``ShopNotFound``."""

    def save(self, terms: AftersalesTerms) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate``."""
