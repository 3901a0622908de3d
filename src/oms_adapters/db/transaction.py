"""The unit of work: begin, gather, commit; after an error it is dead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from attrs import define, field, frozen

from oms_adapters.db import journal as rows
from oms_adapters.db.aftersales import AskStore, CaseStore, ReturnStore, TermsStore, TicketStore
from oms_adapters.db.batches import BatchStore
from oms_adapters.db.catalog import BundleStore, SkuMappingStore, SkuStore
from oms_adapters.db.codec import encode
from oms_adapters.db.driver import each_by_itself
from oms_adapters.db.engine import Engines
from oms_adapters.db.errors import translated
from oms_adapters.db.evidence import EvidenceStore
from oms_adapters.db.fulfilment import FulfilmentStore
from oms_adapters.db.inventory import StockStore
from oms_adapters.db.jobs import call_off, finish_with_effect, redrive, set_timer
from oms_adapters.db.orders import SalesOrderStore
from oms_adapters.db.platform_orders import PlatformOrderStore
from oms_adapters.db.refunds import LedgerStore, RefundStore
from oms_adapters.db.rules import BlacklistStore, NeighbourStore, RuleSetStore
from oms_adapters.db.shops import ShopStore
from oms_adapters.db.sourcing import CARRIERS, SHIPPING, STRATEGIES, KeptSourcingStore, RecordStore
from oms_adapters.db.stock_documents import StockDocumentStore
from oms_adapters.db.vault import VaultStore
from oms_adapters.db.warehouses import WarehouseStore
from oms_adapters.db.wms import InboxStore, SendingStore, TraceStore, WmsAccountStore
from oms_adapters.db.work import Work
from oms_app.actor import Actor
from oms_app.journal import Journal
from oms_app.ports.differences import Difference
from oms_app.ports.transaction import Clock, NewId
from oms_domain.fulfilment.sourcing.records import CarrierRecord, ShippingRecord, StrategyRecord
from oms_domain.kernel.change import Event
from oms_domain.kernel.identity import OrderId, ShopId
from oms_domain.orders.events import OrderDiffers
from oms_domain.shops.shop import ShopNotFound

Answer = TypeVar("Answer")


@define
class SqlTransaction:
    """``oms_app.ports.transaction.Transaction`` on a database."""

    actor: Actor
    now: Clock
    new_id: NewId
    _work: Work
    shops: ShopStore = field(init=False)
    skus: SkuStore = field(init=False)
    bundles: BundleStore = field(init=False)
    sku_mappings: SkuMappingStore = field(init=False)
    platform_orders: PlatformOrderStore = field(init=False)
    orders: SalesOrderStore = field(init=False)
    fulfilments: FulfilmentStore = field(init=False)
    warehouses: WarehouseStore = field(init=False)
    stock: StockStore = field(init=False)
    stock_documents: StockDocumentStore = field(init=False)
    carriers: RecordStore[CarrierRecord] = field(init=False)
    shipping: RecordStore[ShippingRecord] = field(init=False)
    strategies: RecordStore[StrategyRecord] = field(init=False)
    sourcings: KeptSourcingStore = field(init=False)
    rule_sets: RuleSetStore = field(init=False)
    blacklist: BlacklistStore = field(init=False)
    neighbours: NeighbourStore = field(init=False)
    vault: VaultStore = field(init=False)
    cursors: rows.CursorStore = field(init=False)
    inbox: InboxStore = field(init=False)
    sendings: SendingStore = field(init=False)
    wms_accounts: WmsAccountStore = field(init=False)
    traces: TraceStore = field(init=False)
    batches: BatchStore = field(init=False)
    cases: CaseStore = field(init=False)
    evidence: EvidenceStore = field(init=False)
    refunds: RefundStore = field(init=False)
    refund_ledgers: LedgerStore = field(init=False)
    returns: ReturnStore = field(init=False)
    platform_asks: AskStore = field(init=False)
    tickets: TicketStore = field(init=False)
    aftersales_terms: TermsStore = field(init=False)
    published: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        work, actor = self._work, self.actor
        self.shops = ShopStore(work, actor)
        self.skus = SkuStore(work)
        self.bundles = BundleStore(work)
        self.sku_mappings = SkuMappingStore(work, actor)
        self.platform_orders = PlatformOrderStore(work, actor)
        self.orders = SalesOrderStore(work, actor)
        self.fulfilments = FulfilmentStore(work, actor)
        self.warehouses = WarehouseStore(work)
        self.stock = StockStore(work, actor.id, self.now, self.new_id)
        self.stock_documents = StockDocumentStore(work)
        self.carriers = RecordStore(work, CARRIERS)
        self.shipping = RecordStore(work, SHIPPING)
        self.strategies = RecordStore(work, STRATEGIES)
        self.sourcings = KeptSourcingStore(work, actor)
        self.rule_sets = RuleSetStore(work, actor, self.shops, self.now, self.new_id)
        self.blacklist = BlacklistStore(work, actor)
        self.neighbours = NeighbourStore(work, actor)
        self.vault = VaultStore(work, actor, self.now, self.new_id)
        self.cursors = rows.CursorStore(work, actor)
        self.inbox = InboxStore(work)
        self.sendings = SendingStore(work)
        self.wms_accounts = WmsAccountStore(work)
        self.traces = TraceStore(work, self.new_id)
        self.batches = BatchStore(work, actor)
        self.cases = CaseStore(work, actor)
        self.evidence = EvidenceStore(work, actor)
        self.refunds = RefundStore(work, actor)
        self.refund_ledgers = LedgerStore(work, actor)
        self.returns = ReturnStore(work, actor)
        self.platform_asks = AskStore(work, actor)
        self.tickets = TicketStore(work, actor)
        self.aftersales_terms = TermsStore(work, actor, self.shops, self.now, self.new_id)

    def publish(self, events: Sequence[Event]) -> None:
        self._work.alive()
        self._work.journal.published(events)

    def report_difference(self, event: OrderDiffers, shop_id: ShopId) -> None:
        if not self.actor.sees(shop_id):
            raise ShopNotFound(shop=str(shop_id))
        rows.add_difference(self._work, event, shop_id, self.new_id)

    def difference(self, difference_id: UUID) -> Difference:
        return rows.listed_difference(self._work, self.actor, difference_id)

    def differences_of(self, order_id: OrderId, what: str) -> tuple[Difference, ...]:
        return rows.listed_differences(self._work, self.actor, order_id, what)

    def settle_difference(self, difference_id: UUID) -> None:
        rows.settle_difference(self._work, difference_id, self.now())

    def recall(self, kind: type[Answer], row: str = "") -> Answer | None:
        return rows.remembered(self._work, self.actor, kind, row)

    def remember(self, answer: object, row: str = "") -> None:
        rows.remember(self._work, self.actor, answer, row, self.now())

    def redrive(self, job_id: UUID, *, at: datetime) -> None:
        redrive(self._work, self.actor, job_id, at)

    def set_timer(self, handler: str, key: str, *, due_at: datetime, shop_id: ShopId | None) -> None:
        self._work.alive()
        set_timer(self._work, handler, key, due_at=due_at, shop_id=shop_id, id=self.new_id())

    def call_off(self, job_id: UUID, *, at: datetime) -> tuple[str, str]:
        return call_off(self._work, self.actor, job_id, at)

    def commit(self) -> None:
        self._work.alive()
        try:
            self._commit()
        finally:
            self._work.over = True  # also after an error: nothing more may be sent through it

    def _commit(self) -> None:
        work, journal = self._work, self._work.journal
        journal.check()
        for entry in journal.entries:
            work.add(rows.operation_log, rows.log_row(entry))
        for envelope in journal.envelopes:
            work.add(rows.outbox, rows.envelope_row(envelope))
        if self.actor.job is not None:
            claim = self.actor.job
            work.last.append((("~job",), lambda connection: finish_with_effect(connection, claim, self.now())))
        work.flush()
        with translated(committing=True):
            work.connection.get_transaction().commit()  # type: ignore[union-attr]
        self.published = bool(journal.envelopes)


@frozen
class SqlTransactions:
    """Opens transactions; ``told`` hears of every commit that published something, to wake the runner."""

    engines: Engines
    now: Clock
    new_id: NewId
    told: Callable[[], None]

    @contextmanager
    def open(self, actor: Actor) -> Iterator[SqlTransaction]:
        with self._alone(), translated():
            connection = self.engines.write.connect()
            try:
                begun = connection.begin()
                journal = Journal(actor, self.new_id, encode)
                transaction = SqlTransaction(
                    actor, self.now, self.new_id, Work(connection, self.engines.dialect, journal)
                )
                with each_by_itself(connection, self.engines.dialect):
                    try:
                        yield transaction
                    finally:
                        transaction._work.over = True
                        if begun.is_active:
                            begun.rollback()
            finally:
                connection.close()
        if transaction.published:
            self.told()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """On SQLite writers queue here, in this process, rather than on the file's lock."""
        if self.engines.dialect != "sqlite":
            yield
            return
        with self.engines.write_lock:
            yield
