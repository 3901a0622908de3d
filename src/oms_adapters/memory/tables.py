"""What is stored: dicts under one lock. Rows are frozen values, so that whoever has read one may keep it."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from enum import StrEnum
from threading import RLock
from typing import Any, Final
from uuid import UUID

from attrs import define, field, frozen

from oms_app.access import ApiKey, Role
from oms_app.actor import Actor
from oms_app.journal import Head, LogEntry
from oms_app.ports.batches import Batch, BatchId, BatchRow
from oms_app.ports.differences import Difference
from oms_app.ports.jobs import Envelope
from oms_app.ports.reports import EarlyPush, KeptReport
from oms_app.ports.rules import KeptRule
from oms_app.ports.sourcing import KeptSourcing
from oms_app.ports.stock import StockDocument
from oms_app.ports.vault import Sealed
from oms_domain.aftersales.assignment import Turn
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.evidence import EvidenceFile
from oms_domain.aftersales.platform_aftersales import PlatformAftersales
from oms_domain.aftersales.returns import ReturnOrder
from oms_domain.aftersales.terms import AftersalesTerms
from oms_domain.aftersales.tickets import Ticket
from oms_domain.catalog.bundle import Bundle
from oms_domain.catalog.mapping import SkuMapping
from oms_domain.catalog.sku import Sku
from oms_domain.fulfilment.fulfilment_order import FulfilmentOrder
from oms_domain.fulfilment.reports import ReportId
from oms_domain.fulfilment.sending import Sending
from oms_domain.fulfilment.sourcing.records import CarrierRecord, ShippingRecord, StrategyRecord
from oms_domain.fulfilment.tracking import Trace
from oms_domain.fulfilment.wms_account import WmsAccount
from oms_domain.inventory.differences import StockDifference
from oms_domain.inventory.movements import Movement
from oms_domain.inventory.stock import Reservation, StockLevel
from oms_domain.inventory.warehouses import Warehouse
from oms_domain.kernel.identity import (
    EvidenceId,
    FulfilmentOrderId,
    OrderId,
    PackageId,
    ShopId,
    SkuCode,
    VaultId,
    WarehouseCode,
    WarehouseId,
)
from oms_domain.orders.platform_order import PlatformOrder
from oms_domain.orders.rules.blacklist import BlacklistEntry
from oms_domain.orders.rules.rule_set import RuleSet
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.refunds.ledger import LedgerEntry as RefundEntry
from oms_domain.refunds.refund_order import RefundOrder
from oms_domain.shops.shop import Shop

Place = tuple[SkuCode, WarehouseCode]


@frozen(kw_only=True)
class LedgerEntry:
    """A movement as it was entered."""

    id: UUID
    movement: Movement
    document: UUID
    actor: str
    at: datetime


@frozen(kw_only=True)
class Opening:
    """Somebody opened personal data."""

    vault_id: VaultId
    shop_id: ShopId
    order_id: OrderId | None
    purpose: str
    actor: str
    at: datetime


class JobState(StrEnum):
    READY = "ready"
    LEASED = "leased"
    PARKED = "parked"
    DONE = "done"


@frozen(kw_only=True)
class JobRow:
    """A piece of work. ``wakes_at`` is when it is due, or when its lease runs out."""

    id: UUID
    handler: str
    key: str
    envelope: Envelope | None
    state: JobState = JobState.READY
    wakes_at: datetime
    token: int = 0
    tries: int = 0
    error: str = ""
    shop_id: ShopId | None = None  # of a timer
    created_at: datetime

    def is_seen_by(self, actor: Actor) -> bool:
        """Whether it is of the actor's shops; what follows from none is seen by those who see all."""
        if actor.shops is None:
            return True
        shop_id = self.envelope.shop_id if self.envelope else self.shop_id
        return shop_id is not None and actor.sees(shop_id)

    @property
    def is_timer(self) -> bool:
        return self.envelope is None and self.shop_id is not None

    @property
    def lane(self) -> tuple[str, UUID]:
        """What runs one after the other: a handler's events of one stream. Other work stands alone."""
        return (self.handler, self.envelope.stream if self.envelope else self.id)


FIRST_WAREHOUSE: Final = Warehouse(
    id=WarehouseId(UUID("019b7ca9-8f2e-7e6a-8000-0000000a0001")),
    code=WarehouseCode("MAIN"),
    name="主仓",
    created_at=datetime(2026, 11, 26, tzinfo=UTC),
    updated_at=datetime(2026, 11, 26, tzinfo=UTC),
    version=1,
)
"""The warehouse that an installation begins with."""


@define
class Tables:
    """All rows. Whoever reads or writes holds ``lock``."""

    lock: Any = field(factory=RLock)

    shops: dict[UUID, Shop] = field(factory=dict)
    shop_codes: dict[Any, UUID] = field(factory=dict)
    accounts: dict[ShopId, bytes] = field(factory=dict)
    skus: dict[UUID, Sku] = field(factory=dict)
    bundles: dict[UUID, Bundle] = field(factory=dict)
    catalog_codes: dict[Any, UUID] = field(factory=dict)  # SKUs and bundles share them
    mappings: dict[UUID, SkuMapping] = field(factory=dict)
    mapping_keys: dict[Any, UUID] = field(factory=dict)
    platform_orders: dict[UUID, PlatformOrder] = field(factory=dict)
    order_nos: dict[Any, UUID] = field(factory=dict)
    orders: dict[UUID, SalesOrder] = field(factory=dict)
    backordered: dict[UUID, None] = field(factory=dict)
    fulfilments: dict[UUID, FulfilmentOrder] = field(factory=dict)
    fulfilment_numbers: dict[Any, UUID] = field(factory=dict)

    levels: dict[Place, StockLevel] = field(factory=dict)
    reservations: dict[OrderId, tuple[Reservation, ...]] = field(factory=dict)
    attempts: dict[OrderId, int] = field(factory=dict)
    ledger: list[LedgerEntry] = field(factory=list)
    stock_differences: dict[UUID, StockDifference] = field(factory=dict)
    stock_documents: dict[UUID, StockDocument] = field(factory=dict)
    stock_references: dict[Any, UUID] = field(factory=dict)
    warehouses: dict[UUID, Warehouse] = field(factory=lambda: {FIRST_WAREHOUSE.id: FIRST_WAREHOUSE})
    warehouse_codes: dict[Any, UUID] = field(factory=lambda: {FIRST_WAREHOUSE.code: FIRST_WAREHOUSE.id})

    carriers: dict[UUID, CarrierRecord] = field(factory=dict)
    carrier_codes: dict[Any, UUID] = field(factory=dict)
    shipping: dict[UUID, ShippingRecord] = field(factory=dict)
    shipping_warehouses: dict[Any, UUID] = field(factory=dict)
    strategies: dict[UUID, StrategyRecord] = field(factory=dict)
    strategy_names: dict[Any, UUID] = field(factory=dict)
    sourcings: dict[OrderId, KeptSourcing] = field(factory=dict)

    rule_sets: dict[UUID, RuleSet] = field(factory=dict)
    rule_sets_of: dict[Any, UUID] = field(factory=dict)
    rule_versions: dict[tuple[ShopId, str], list[KeptRule]] = field(factory=dict)
    blacklist: dict[UUID, BlacklistEntry] = field(factory=dict)
    blacklisted: dict[Any, UUID] = field(factory=dict)

    vault: dict[VaultId, Sealed] = field(factory=dict)
    openings: list[Opening] = field(factory=list)
    wms_accounts: dict[UUID, WmsAccount] = field(factory=dict)
    wms_warehouses: dict[Any, UUID] = field(factory=dict)
    wms_secrets: dict[UUID, bytes] = field(factory=dict)
    reports: dict[ReportId, KeptReport] = field(factory=dict)
    report_keys: dict[tuple[str, str, str], ReportId] = field(factory=dict)
    sendings: dict[FulfilmentOrderId, Sending] = field(factory=dict)
    traces: dict[PackageId, tuple[Trace, ...]] = field(factory=dict)
    early_pushes: dict[tuple[str, str], EarlyPush] = field(factory=dict)

    cases: dict[UUID, AftersalesCase] = field(factory=dict)
    case_numbers: dict[Any, UUID] = field(factory=dict)
    evidence: dict[EvidenceId, EvidenceFile] = field(factory=dict)
    refunds: dict[UUID, RefundOrder] = field(factory=dict)
    refund_numbers: dict[Any, UUID] = field(factory=dict)
    refund_entries: dict[OrderId, tuple[RefundEntry, ...]] = field(factory=dict)
    returns: dict[UUID, ReturnOrder] = field(factory=dict)
    return_numbers: dict[Any, UUID] = field(factory=dict)
    asks: dict[UUID, PlatformAftersales] = field(factory=dict)
    refund_nos: dict[Any, UUID] = field(factory=dict)
    tickets: dict[UUID, Ticket] = field(factory=dict)
    ticket_numbers: dict[Any, UUID] = field(factory=dict)
    turns_of: dict[ShopId, Turn] = field(factory=dict)
    terms: dict[UUID, AftersalesTerms] = field(factory=dict)
    terms_of: dict[Any, UUID] = field(factory=dict)

    batches: dict[BatchId, Batch] = field(factory=dict)
    batch_rows: dict[BatchId, list[BatchRow]] = field(factory=dict)
    batch_asked: dict[BatchId, dict[int, bytes]] = field(factory=dict)

    cursors: dict[tuple[ShopId, str], datetime] = field(factory=dict)
    answers: dict[tuple[str, str], tuple[str, object]] = field(factory=dict)
    own_numbers: dict[tuple[ShopId, str], OrderId] = field(factory=dict)
    differences: dict[tuple[OrderId, str, str, str], Difference] = field(factory=dict)
    settled: set[UUID] = field(factory=set)  # of the differences: those that are off the list

    heads: dict[UUID, Head] = field(factory=dict)
    log: dict[UUID, list[LogEntry]] = field(factory=dict)
    outbox: deque[Envelope] = field(factory=deque)
    archive: list[Envelope] = field(factory=list)

    jobs: dict[UUID, JobRow] = field(factory=dict)
    job_ids: dict[tuple[str, str], UUID] = field(factory=dict)
    lanes: dict[tuple[str, UUID], deque[UUID]] = field(factory=dict)
    waiting: list[tuple[datetime, int, UUID]] = field(factory=list)  # a heap; rows that have moved on are skipped
    turns: int = 0

    counters: dict[tuple[str, str], int] = field(factory=dict)
    keys: dict[UUID, ApiKey] = field(factory=dict)
    roles: dict[str, Role] = field(factory=dict)
