"""What lists show, and how they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from attrs import frozen

from oms_app.actor import Actor
from oms_app.journal import LogEntry
from oms_app.ports.batches import Batch, BatchId, BatchRow
from oms_app.ports.differences import Difference
from oms_app.ports.reports import KeptReport
from oms_app.ports.stock import StockDocument
from oms_domain.fulfilment.fulfilment_order import FulfilmentOrder
from oms_domain.fulfilment.reports import ReportState
from oms_domain.fulfilment.sending import Sending
from oms_domain.fulfilment.tracking import Trace
from oms_domain.inventory.differences import StockDifference
from oms_domain.inventory.documents import DocumentKind
from oms_domain.inventory.drift import Drift
from oms_domain.inventory.movements import Movement
from oms_domain.inventory.stock import StockLevel
from oms_domain.inventory.warehouses import Warehouse
from oms_domain.kernel.identity import OrderId, PlatformOrderId, ShopId, SkuCode, StockDocumentId, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.orders.platform_order import Conversion, PlatformOrder
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState

LARGEST_PAGE: Final = 200
DEFAULT_PAGE: Final = 50
COUNT_CAP: Final = 1000
"""Totals are counted to here; more shows as ``1,000+``."""

LAG_S: Final = 5
"""Lists by ``updated_after`` end this long before now, so that a late commit is not skipped."""


@frozen
class Position:
    """Where a list goes on: after this row, by (time, id) descending — ascending where ``updated_after`` is asked."""

    at: datetime
    id: UUID


@frozen(kw_only=True)
class OrderFilter:
    """Which orders a list holds. Empty means all."""

    states: tuple[OrderState, ...] = ()
    shop_id: ShopId | None = None
    platform_order_no: str = ""
    number: str = ""
    flagged: bool | None = None
    phone_digest: str = ""
    updated_after: datetime | None = None


@frozen(kw_only=True)
class OrderRow:
    """A sales order in a list. Personal data only as its mask."""

    id: OrderId
    number: str
    shop_id: ShopId
    platform: str
    platform_order_no: str
    state: OrderState
    flags: tuple[str, ...]
    payable: Money
    paid: Money
    receiver_mask: str
    units: int
    created_at: datetime
    updated_at: datetime
    version: int


@frozen(kw_only=True)
class PlatformOrderRow:
    """A platform order in a list."""

    id: PlatformOrderId
    number: str
    shop_id: ShopId
    platform: str
    order_no: str
    conversion: Conversion
    reason: str
    order_id: OrderId | None
    modified_at: datetime
    created_at: datetime


@frozen(kw_only=True)
class LedgerRow:
    """An entry of the stock ledger: what changed, by which document, who did it and when."""

    id: UUID
    movement: Movement
    document_id: UUID
    actor: str
    at: datetime


@frozen(kw_only=True)
class ParkedJob:
    """Work that was given up for now, with the reason (可重新执行)."""

    id: UUID
    handler: str
    key: str
    tries: int
    error: str
    created_at: datetime


@frozen(kw_only=True)
class WaitingOrder:
    """An order that could not be sent to its warehouse yet (待送仓). ``next_at`` None: a person must see to it."""

    order_id: OrderId
    number: str
    shop_id: ShopId
    fulfilment: str  # number of the fulfilment order
    warehouse: WarehouseCode
    since: datetime
    reason: str
    next_at: datetime | None


@frozen(kw_only=True)
class Timer:
    """Work that becomes due by itself (定时任务), on what ``key`` names. ``error``: why it failed the last time."""

    id: UUID
    handler: str
    key: str
    due_at: datetime
    tries: int
    error: str


class JobStanding(StrEnum):
    """How a piece of background work stands (任务状态)."""

    WAITING = "waiting"  # due later
    READY = "ready"  # due, and nobody works on it
    RUNNING = "running"
    PARKED = "parked"  # given up for now


@frozen(kw_only=True)
class OpenJob:
    """Background work that is not done. ``wakes_at``: when it is due, of what runs when its lease runs out."""

    id: UUID
    handler: str
    key: str
    standing: JobStanding
    wakes_at: datetime
    tries: int
    error: str
    created_at: datetime


@frozen(kw_only=True)
class OrderDetail:
    """All there is to show of one order."""

    order: SalesOrder
    fulfilment: FulfilmentOrder | None
    log: tuple[LogEntry, ...]
    waits: Sending | None = None  # where it could not be sent to its warehouse until now


@frozen(kw_only=True)
class ParcelTrace:
    """One thing that a carrier told of one of an order's parcels."""

    tracking_no: str
    trace: Trace


MergePlace = tuple[ShopId, str]
"""Where a list of orders that may be merged goes on: after a shop and a receiver's digest."""


@frozen(kw_only=True)
class MergeCandidates:
    """A page of orders that may be merged (可合单), in groups. ``next``: where the next one begins; None: the last."""

    groups: tuple[tuple[OrderRow, ...], ...]
    next: MergePlace | None = None


class Queries(Protocol):
    """Reads outside any transaction of a use case. Every answer holds only the actor's shops."""

    def orders(
        self, actor: Actor, wanted: OrderFilter, *, after: Position | None, limit: int, now: datetime
    ) -> tuple[OrderRow, ...]:
        """Return a page, newest created first; with ``updated_after`` least recently updated first."""

    def count_orders(self, actor: Actor, wanted: OrderFilter) -> int:
        """Return how many there are, counted to ``COUNT_CAP + 1``."""

    def order(self, actor: Actor, order_id: OrderId) -> OrderDetail:
        """Raises ``OrderNotFound``."""

    def order_id_by_number(self, actor: Actor, number: str) -> OrderId | None:
        """Return the order that people call by this number."""

    def order_numbers(self, actor: Actor, order_ids: Collection[OrderId]) -> Mapping[OrderId, str]:
        """Return the numbers of those that there are, in one go."""

    def order_versions(self, actor: Actor, order_ids: Collection[OrderId]) -> Mapping[OrderId, int]:
        """Return at which version those that there are stand now, in one go."""

    def platform_orders(
        self, actor: Actor, *, conversion: Conversion | None, after: Position | None, limit: int
    ) -> tuple[PlatformOrderRow, ...]:
        """Return a page, newest first."""

    def platform_order(self, actor: Actor, platform_order_id: PlatformOrderId) -> PlatformOrder:
        """Raises ``PlatformOrderNotFound``."""

    def differences(self, actor: Actor, *, limit: int) -> tuple[Difference, ...]: ...

    def wms_reports(
        self, actor: Actor, *, states: Collection[ReportState], after: Position | None, limit: int
    ) -> tuple[KeptReport, ...]:
        """Return a page of what warehouses have pushed, newest first; nothing for an actor of some shops only."""

    def traces(self, actor: Actor, order_id: OrderId) -> tuple[ParcelTrace, ...]:
        """Return what carriers told of the order's parcels, oldest first. Raises ``OrderNotFound``."""

    def parked_jobs(self, actor: Actor, *, limit: int, handler: str = "", warehouse: str = "") -> tuple[ParkedJob, ...]:
        """Return what was given up for now, oldest first: all, or of a handler, or about what a warehouse ships."""

    def waiting_for_warehouse(self, actor: Actor, *, limit: int, warehouse: str = "") -> tuple[WaitingOrder, ...]:
        """Return the orders that could not be sent to their warehouse until now, those that wait longest first."""

    def open_jobs(
        self,
        actor: Actor,
        *,
        standing: JobStanding | None = None,
        handler: str = "",
        after: Position | None = None,
        limit: int,
        now: datetime,
    ) -> tuple[OpenJob, ...]:
        """Return a page of the work that is not done: all, or as it stands, or of a handler; by when it wakes."""

    def timers(self, actor: Actor, *, limit: int) -> tuple[Timer, ...]:
        """Return the timers that are set, the next one first."""

    def batches(self, actor: Actor, *, after: Position | None, limit: int) -> tuple[Batch, ...]:
        """Return a page of the actor's batches (of all, if the actor sees all shops), newest first."""

    def batch(self, actor: Actor, batch_id: BatchId) -> Batch:
        """Raises ``BatchNotFound``."""

    def batch_rows(
        self, actor: Actor, batch_id: BatchId, *, first: int, limit: int, refused: bool
    ) -> tuple[BatchRow, ...]:
        """Return rows from position ``first`` on, or of them only the refused ones. Raises ``BatchNotFound``."""

    def stock(self, actor: Actor, *, after: tuple[str, str] | None, limit: int) -> tuple[StockLevel, ...]:
        """Return a page of levels by SKU, warehouse: of the warehouses that the actor's shops ship from."""

    def stock_ledger(
        self, actor: Actor, *, sku: SkuCode | None, warehouse: WarehouseCode | None, after: Position | None, limit: int
    ) -> tuple[LedgerRow, ...]:
        """Return a page of the ledger, newest first: of the warehouses of ``stock``, as all below."""

    def stock_documents(
        self, actor: Actor, *, kind: DocumentKind | None, after: Position | None, limit: int
    ) -> tuple[StockDocument, ...]:
        """Return a page of stock documents, newest first."""

    def stock_document(self, actor: Actor, document_id: StockDocumentId) -> StockDocument:
        """Raises ``StockDocumentNotFound``."""

    def stock_document_id(self, actor: Actor, number: str) -> StockDocumentId | None:
        """Return the stock document that people call by this number."""

    def stock_differences(self, actor: Actor, *, limit: int) -> tuple[StockDifference, ...]:
        """Return the open differences, oldest first."""

    def warehouses(self) -> tuple[Warehouse, ...]:
        """Return all warehouses, by code."""

    def merge_candidates(
        self, actor: Actor, *, shop_id: ShopId | None, after: MergePlace | None = None, limit: int
    ) -> MergeCandidates:
        """Return orders that may be merged, in groups, the oldest of a group first; about ``limit`` orders a page.

        What goes to one receiver is on one page, unless that alone is more than a page.
        """

    def state_counts(self, actor: Actor) -> Mapping[OrderState, int]:
        """Return how many orders stand in each state, each counted to ``COUNT_CAP + 1``."""


@frozen(kw_only=True)
class Finding:
    """A broken invariant (reliability rules I1 to I16): which, where, and what was seen."""

    invariant: str
    where: str
    seen: str


class Doctor(Protocol):
    """Checks the invariants on what is stored."""

    def findings(self, tell: Callable[[str, int], None]) -> Iterable[Finding]:
        """Yield what is broken; ``tell`` hears the invariant being checked and how many rows were read."""


def drift_findings(drift: Drift) -> Iterable[Finding]:
    """Return what a drifted row breaks: I5 of reserved units, I4 of all others, and the entry that compensates it."""
    where = f"{drift.stands.sku}@{drift.stands.warehouse}"
    for name, stands, should in drift.differs:
        yield Finding(
            invariant="I5" if name == "reserved" else "I4", where=where, seen=f"{name} {stands}, should be {should}"
        )
    for name, units in drift.entry.changes.items():
        yield Finding(invariant="I5", where=where, seen=f"ledger of {name} is off, compensating entry {units:+d}")


def wrong_line_finding(number: str, state: str, sku: str, *, due: int, held: int) -> Finding:
    """Return that a line holds another number of units than its order's state wants."""
    return Finding(invariant="I5", where=number, seen=f"in {state}, {sku}: should hold {due}, holds {held}")
