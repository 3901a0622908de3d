"""The transaction that a use case runs in, and the collections in it.

Writes are gathered and sent together at ``commit``: a stale version, a duplicate or a shortage may show at ``save``
or at ``commit``, and a use case relies on neither moment. Left without ``commit``, it undoes everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import ClassVar, Protocol, TypeVar
from uuid import UUID

from attrs import frozen

from oms_app.actor import Actor, Command
from oms_app.ports.aftersales import (
    Cases,
    EvidenceFiles,
    PlatformAsks,
    RefundLedgers,
    RefundOrders,
    ReturnOrders,
    ShopTerms,
    Tickets,
)
from oms_app.ports.batches import Batches
from oms_app.ports.catalog import Bundles, SkuMappings, Skus
from oms_app.ports.differences import Difference
from oms_app.ports.reports import Inbox, Sendings, Traces, WmsAccounts
from oms_app.ports.rules import Blacklist, Neighbours, RuleSets
from oms_app.ports.sourcing import Carriers, KeptSourcings, ShippingSettings, Strategies
from oms_app.ports.stock import Stock, StockDocuments, Warehouses
from oms_app.ports.vault import Vault
from oms_domain.fulfilment.fulfilment_order import FulfilmentOrder
from oms_domain.kernel.change import Event
from oms_domain.kernel.errors import NotFound, OmsError, Refused
from oms_domain.kernel.identity import (
    FulfilmentOrderId,
    OrderId,
    PlatformOrderId,
    ShopId,
    SkuCode,
    WarehouseCode,
)
from oms_domain.orders.events import OrderDiffers
from oms_domain.orders.platform_order import PlatformOrder
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.shops.shop import Shop

Answer = TypeVar("Answer")

Clock = Callable[[], datetime]
"""Aware UTC, microseconds."""

NewId = Callable[[], UUID]
"""A new UUIDv7."""


@frozen(kw_only=True)
class Contended(OmsError):
    """Somebody else was first: read again, decide again. Left to the caller only after several tries."""

    code: ClassVar[str] = "store.contended"
    what: str = ""


@frozen(kw_only=True)
class StaleVersion(Contended):
    """Another version was stored since this one was read."""

    code: ClassVar[str] = "store.stale_version"


@frozen(kw_only=True)
class Duplicate(Contended):
    """Somebody stored the same key since we looked."""

    code: ClassVar[str] = "store.duplicate"


@frozen(kw_only=True)
class StockMoved(Contended):
    """The units were taken since the level was read."""

    code: ClassVar[str] = "store.stock_moved"


@frozen(kw_only=True)
class LeaseLost(OmsError):
    """Another worker holds the job by now; what this one did must not be stored."""

    code: ClassVar[str] = "jobs.lease_lost"
    job_id: UUID


@frozen(kw_only=True)
class JobNotParked(NotFound):
    """No such job waits for a person."""

    code: ClassVar[str] = "jobs.not_parked"


@frozen(kw_only=True)
class JobNotOpen(NotFound):
    """No such timer is set, and no such job was given up for now."""

    code: ClassVar[str] = "jobs.not_open"


@frozen(kw_only=True)
class DifferenceNotListed(NotFound):
    """No such discrepancy waits for a person."""

    code: ClassVar[str] = "discrepancies.not_listed"


@frozen(kw_only=True)
class StoreUnavailable(OmsError):
    """The database does not answer, or has no room: nothing was stored."""

    code: ClassVar[str] = "store.unavailable"
    why: str


@frozen(kw_only=True)
class StoreRefusedData(OmsError):
    """The database refuses a value: a bug of ours, for the edges check them all. Nothing was stored."""

    code: ClassVar[str] = "store.refused_data"
    why: str


@frozen(kw_only=True)
class OrderNotFound(NotFound):
    """No such order, or it is not the caller's."""

    code: ClassVar[str] = "orders.not_found"
    order_id: UUID


@frozen(kw_only=True)
class PlatformOrderNotFound(NotFound):
    """No such platform order, or it is not the caller's."""

    code: ClassVar[str] = "platform_orders.not_found"
    platform_order_id: UUID


@frozen(kw_only=True)
class FulfilmentNotFound(NotFound):
    """No such fulfilment order, or it is not the caller's."""

    code: ClassVar[str] = "fulfilment.not_found"
    fulfilment_id: UUID


@frozen(kw_only=True)
class NumberUnknown(NotFound):
    """No fulfilment order has this number, or it is not the caller's."""

    code: ClassVar[str] = "fulfilment.number_unknown"
    number: str


@frozen(kw_only=True)
class VersionIsNot(Refused):
    """The document has changed since the caller read it."""

    code: ClassVar[str] = "http.version_is_not"
    expected: int
    current: int


@frozen(kw_only=True)
class UnmappedGoods:
    """Goods of a platform that nobody has said what they are of ours. What is None or empty does not matter."""

    shop_id: ShopId | None = None
    platform_sku_id: str = ""
    merchant_code: str = ""


class Shops(Protocol):
    """All shops that the actor sees."""

    def get(self, shop_id: ShopId) -> Shop:
        """Raises ``ShopNotFound``."""

    def by_code(self, code: str) -> Shop:
        """Raises ``ShopNotFound``."""

    def all(self) -> tuple[Shop, ...]: ...

    def save(self, shop: Shop) -> None:
        """Store ``shop`` as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate`` (code)."""

    def account(self, shop_id: ShopId) -> bytes | None:
        """Return the sealed account at the platform, None if it has none."""

    def save_account(self, shop_id: ShopId, sealed: bytes) -> None:
        """Put a sealed account in place."""


class PlatformOrders(Protocol):
    """All platform orders, one per (shop, order number)."""

    def get(self, platform_order_id: PlatformOrderId) -> PlatformOrder:
        """Raises ``PlatformOrderNotFound``."""

    def get_many(self, ids: Sequence[PlatformOrderId]) -> dict[PlatformOrderId, PlatformOrder]:
        """Return those that there are."""

    def by_order_no(self, shop_id: ShopId, order_nos: Sequence[str]) -> dict[str, PlatformOrder]:
        """Return those that are known."""

    def waiting_for(
        self, wanted: UnmappedGoods, *, after: PlatformOrderId | None, limit: int
    ) -> tuple[PlatformOrderId, ...]:
        """Return exceptions with such unmapped goods, by id, those behind ``after``."""

    def save(self, platform_order: PlatformOrder) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate``."""


class SalesOrders(Protocol):
    """All sales orders."""

    def get(self, order_id: OrderId) -> SalesOrder:
        """Raises ``OrderNotFound``."""

    def get_many(self, order_ids: Sequence[OrderId]) -> dict[OrderId, SalesOrder]:
        """Return those that there are."""

    def waiting_for(
        self, sku: SkuCode, warehouse: WarehouseCode, limit: int, *, after: OrderId | None = None
    ) -> tuple[OrderId, ...]:
        """Return backordered orders with this SKU that may ship from this warehouse, oldest first, those behind one.

        One that was given a warehouse by hand waits for that one, others of a shop without a strategy for the shop's;
        those of a shop with a strategy wait for whichever warehouse.
        """

    def siblings(self, order: SalesOrder, limit: int) -> tuple[OrderId, ...]:
        """Return others of its shop that await review, of the same buyer to the same receiver, oldest first."""

    def number_holder(self, shop_id: ShopId, order_no: str) -> OrderId | None:
        """Return the order that was put in by hand under an order number of a shop."""

    def claim_number(self, order: SalesOrder, *, instead_of: OrderId | None = None) -> None:
        """Let no other order that is put in by hand have this one's order number at its shop.

        Args:
            instead_of: the order that has it until now.

        Raises ``Duplicate``, here or at ``commit``: another has it.
        """

    def save(self, order: SalesOrder) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``."""


class FulfilmentOrders(Protocol):
    """All fulfilment orders."""

    def get(self, fulfilment_id: FulfilmentOrderId) -> FulfilmentOrder:
        """Raises ``FulfilmentNotFound``."""

    def by_number(self, number: str) -> FulfilmentOrder:
        """Return the one that people and warehouses call by this number. Raises ``NumberUnknown``."""

    def by_tracking_no(self, tracking_no: str) -> tuple[FulfilmentOrder, ...]:
        """Return those with a parcel of this number, by id; a carrier gives a number out again after a while."""

    def save(self, fulfilment: FulfilmentOrder) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``."""


class Cursors(Protocol):
    """How far something outside has been read."""

    def get(self, shop_id: ShopId, name: str) -> datetime | None: ...

    def move(self, shop_id: ShopId, name: str, to: datetime) -> None:
        """Never backwards."""


class Transaction(Protocol):
    """One transaction of one actor."""

    @property
    def actor(self) -> Actor: ...

    @property
    def shops(self) -> Shops: ...

    @property
    def skus(self) -> Skus: ...

    @property
    def bundles(self) -> Bundles: ...

    @property
    def sku_mappings(self) -> SkuMappings: ...

    @property
    def platform_orders(self) -> PlatformOrders: ...

    @property
    def orders(self) -> SalesOrders: ...

    @property
    def fulfilments(self) -> FulfilmentOrders: ...

    @property
    def warehouses(self) -> Warehouses: ...

    @property
    def stock(self) -> Stock: ...

    @property
    def stock_documents(self) -> StockDocuments: ...

    @property
    def carriers(self) -> Carriers: ...

    @property
    def shipping(self) -> ShippingSettings: ...

    @property
    def strategies(self) -> Strategies: ...

    @property
    def sourcings(self) -> KeptSourcings: ...

    @property
    def rule_sets(self) -> RuleSets: ...

    @property
    def blacklist(self) -> Blacklist: ...

    @property
    def neighbours(self) -> Neighbours: ...

    @property
    def vault(self) -> Vault: ...

    @property
    def cursors(self) -> Cursors: ...

    @property
    def inbox(self) -> Inbox: ...

    @property
    def sendings(self) -> Sendings: ...

    @property
    def wms_accounts(self) -> WmsAccounts: ...

    @property
    def traces(self) -> Traces: ...

    @property
    def batches(self) -> Batches: ...

    @property
    def cases(self) -> Cases: ...

    @property
    def evidence(self) -> EvidenceFiles: ...

    @property
    def refunds(self) -> RefundOrders: ...

    @property
    def refund_ledgers(self) -> RefundLedgers: ...

    @property
    def returns(self) -> ReturnOrders: ...

    @property
    def platform_asks(self) -> PlatformAsks: ...

    @property
    def tickets(self) -> Tickets: ...

    @property
    def aftersales_terms(self) -> ShopTerms: ...

    def publish(self, events: Sequence[Event]) -> None:
        """Put facts into the outbox and the operation log; the changes of the document since then go with the first.

        ``commit`` refuses a saved document whose change nobody published.
        """

    def report_difference(self, event: OrderDiffers, shop_id: ShopId) -> None:
        """Put a discrepancy on the work list; the same one twice stands there once, settled it comes back."""

    def difference(self, difference_id: UUID) -> Difference:
        """Return a discrepancy that stands on the work list. Raises ``DifferenceNotListed``."""

    def differences_of(self, order_id: OrderId, what: str) -> tuple[Difference, ...]:
        """Return the discrepancies of one kind that stand on the work list of an order, oldest first."""

    def settle_difference(self, difference_id: UUID) -> None:
        """Take it off. Raises ``DifferenceNotListed``, here or at ``commit``."""

    def recall(self, kind: type[Answer], row: str = "") -> Answer | None:
        """Return what was answered to the actor's key before. Raises ``KeyReused``. None without a key."""

    def remember(self, answer: object, row: str = "") -> None:
        """Keep the answer under the actor's key. Nothing without one."""

    def redrive(self, job_id: UUID, *, at: datetime) -> None:
        """Make a parked job of the actor's shops due again. Raises ``JobNotParked``."""

    def set_timer(self, handler: str, key: str, *, due_at: datetime, shop_id: ShopId | None) -> None:
        """Have work done at a time; one that is set on this key already is moved there, also after it was done.

        ``shop_id``: whose timer it is, to be listed and dropped; None: it is work of a document that is listed itself.
        """

    def call_off(self, job_id: UUID, *, at: datetime) -> tuple[str, str]:
        """Drop a timer, or work that was given up for now, of the actor's shops; return its handler and key.

        Raises:
            JobNotOpen.
        """

    def commit(self) -> None:
        """Store everything, or nothing. Raises ``Contended``, ``LeaseLost``, ``StoreUnavailable``."""


class OpenTransaction(Protocol):
    """Opens a transaction for an actor, whatever the actor may do."""

    def __call__(self, actor: Actor) -> AbstractContextManager[Transaction]: ...


@frozen
class Begin:
    """Opens the transaction of a command, if its actor may give it."""

    open: OpenTransaction

    def __call__(self, command: Command) -> AbstractContextManager[Transaction]:
        """Raises ``Denied``."""
        command.by.must(command.permission)
        return self.open(command.by)
