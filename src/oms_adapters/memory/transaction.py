"""A transaction on the dicts: it gathers, checks everything at commit under the lock, and only then stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TypeVar, cast
from uuid import UUID

from attrs import define, evolve, field

from oms_adapters.memory.aftersales import (
    MemoryAsks,
    MemoryCases,
    MemoryEvidence,
    MemoryRefundLedgers,
    MemoryRefunds,
    MemoryReturns,
    MemoryTerms,
    MemoryTickets,
)
from oms_adapters.memory.batches import MemoryBatches
from oms_adapters.memory.catalog import MemoryBundles, MemorySkuMappings, MemorySkus
from oms_adapters.memory.documents import (
    MemoryCursors,
    MemoryFulfilmentOrders,
    MemoryPlatformOrders,
    MemorySalesOrders,
    MemoryShops,
    MemoryVault,
)
from oms_adapters.memory.jobs import called_off, done_with, redriven, timer_set
from oms_adapters.memory.plain import plain
from oms_adapters.memory.rules import MemoryBlacklist, MemoryNeighbours, MemoryRuleSets
from oms_adapters.memory.sourcing import MemoryCarriers, MemoryShipping, MemorySourcings, MemoryStrategies
from oms_adapters.memory.stock import MemoryStock
from oms_adapters.memory.stock_documents import MemoryStockDocuments, MemoryWarehouses
from oms_adapters.memory.tables import JobState, Tables
from oms_adapters.memory.wms import MemoryInbox, MemorySendings, MemoryTraces, MemoryWmsAccounts
from oms_adapters.memory.work import Work
from oms_app.actor import Actor, KeyReused, Once
from oms_app.journal import Head, Journal
from oms_app.ports.differences import Difference
from oms_app.ports.transaction import (
    Clock,
    DifferenceNotListed,
    Duplicate,
    JobNotOpen,
    JobNotParked,
    NewId,
    OrderNotFound,
    StaleVersion,
)
from oms_domain.kernel.change import Event
from oms_domain.kernel.identity import OrderId, ShopId
from oms_domain.orders.events import OrderDiffers

Answer = TypeVar("Answer")


@define
class MemoryTransaction:
    """One transaction of one actor."""

    work: Work
    new_id: NewId
    shops: MemoryShops = field(init=False)
    skus: MemorySkus = field(init=False)
    bundles: MemoryBundles = field(init=False)
    sku_mappings: MemorySkuMappings = field(init=False)
    platform_orders: MemoryPlatformOrders = field(init=False)
    orders: MemorySalesOrders = field(init=False)
    fulfilments: MemoryFulfilmentOrders = field(init=False)
    warehouses: MemoryWarehouses = field(init=False)
    stock: MemoryStock = field(init=False)
    stock_documents: MemoryStockDocuments = field(init=False)
    carriers: MemoryCarriers = field(init=False)
    shipping: MemoryShipping = field(init=False)
    strategies: MemoryStrategies = field(init=False)
    sourcings: MemorySourcings = field(init=False)
    rule_sets: MemoryRuleSets = field(init=False)
    blacklist: MemoryBlacklist = field(init=False)
    neighbours: MemoryNeighbours = field(init=False)
    vault: MemoryVault = field(init=False)
    cursors: MemoryCursors = field(init=False)
    inbox: MemoryInbox = field(init=False)
    sendings: MemorySendings = field(init=False)
    wms_accounts: MemoryWmsAccounts = field(init=False)
    traces: MemoryTraces = field(init=False)
    batches: MemoryBatches = field(init=False)
    cases: MemoryCases = field(init=False)
    evidence: MemoryEvidence = field(init=False)
    refunds: MemoryRefunds = field(init=False)
    refund_ledgers: MemoryRefundLedgers = field(init=False)
    returns: MemoryReturns = field(init=False)
    platform_asks: MemoryAsks = field(init=False)
    tickets: MemoryTickets = field(init=False)
    aftersales_terms: MemoryTerms = field(init=False)
    answered: dict[tuple[str, str], tuple[str, object]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.shops = MemoryShops(self.work)
        self.skus = MemorySkus(self.work)
        self.bundles = MemoryBundles(self.work)
        self.sku_mappings = MemorySkuMappings(self.work)
        self.platform_orders = MemoryPlatformOrders(self.work)
        self.orders = MemorySalesOrders(self.work)
        self.fulfilments = MemoryFulfilmentOrders(self.work)
        self.warehouses = MemoryWarehouses(self.work)
        self.stock = MemoryStock(self.work, self.new_id)
        self.stock_documents = MemoryStockDocuments(self.work)
        self.carriers = MemoryCarriers(self.work)
        self.shipping = MemoryShipping(self.work)
        self.strategies = MemoryStrategies(self.work)
        self.sourcings = MemorySourcings(self.work)
        self.rule_sets = MemoryRuleSets(self.work, self.shops, self.new_id)
        self.blacklist = MemoryBlacklist(self.work)
        self.neighbours = MemoryNeighbours(self.work)
        self.vault = MemoryVault(self.work)
        self.cursors = MemoryCursors(self.work)
        self.inbox = MemoryInbox(self.work)
        self.sendings = MemorySendings(self.work)
        self.wms_accounts = MemoryWmsAccounts(self.work)
        self.traces = MemoryTraces(self.work)
        self.batches = MemoryBatches(self.work)
        self.cases = MemoryCases(self.work)
        self.evidence = MemoryEvidence(self.work)
        self.refunds = MemoryRefunds(self.work)
        self.refund_ledgers = MemoryRefundLedgers(self.work)
        self.returns = MemoryReturns(self.work)
        self.platform_asks = MemoryAsks(self.work)
        self.tickets = MemoryTickets(self.work)
        self.aftersales_terms = MemoryTerms(self.work, self.shops, self.new_id)

    @property
    def actor(self) -> Actor:
        return self.work.actor

    def publish(self, events: Sequence[Event]) -> None:
        self.work.live()
        self.work.journal.published(events)

    def report_difference(self, event: OrderDiffers, shop_id: ShopId) -> None:
        if not self.work.sees(shop_id):
            raise OrderNotFound(order_id=event.order_id)
        difference = Difference(
            id=self.new_id(),
            order_id=event.order_id,
            shop_id=shop_id,
            ours=event.state,
            theirs=event.theirs,
            what=event.what,
            at=event.at,
        )
        key = (event.order_id, str(event.state), event.theirs, event.what)

        def store(tables: Tables) -> None:
            known = tables.differences.get(key)
            if known is None:
                tables.differences[key] = difference
            elif known.id in tables.settled:
                tables.settled.discard(known.id)
                tables.differences[key] = evolve(known, at=event.at)

        self.work.write(lambda tables: lambda: store(tables))

    def difference(self, difference_id: UUID) -> Difference:
        with self.work.reading() as tables:
            return self._listed(tables, difference_id)

    def differences_of(self, order_id: OrderId, what: str) -> tuple[Difference, ...]:
        with self.work.reading() as tables:
            known = [each for each in tables.differences.values() if (each.order_id, each.what) == (order_id, what)]
            listed = [each for each in known if each.id not in tables.settled and self.work.sees(each.shop_id)]
        return tuple(sorted(listed, key=lambda each: (each.at, each.id)))

    def settle_difference(self, difference_id: UUID) -> None:
        def check(tables: Tables) -> Callable[[], None]:
            listed = self._listed(tables, difference_id)
            return lambda: tables.settled.add(listed.id)

        self.work.write(check)

    def _listed(self, tables: Tables, difference_id: UUID) -> Difference:
        found = next((each for each in tables.differences.values() if each.id == difference_id), None)
        if found is None or found.id in tables.settled or not self.work.sees(found.shop_id):
            raise DifferenceNotListed
        return found

    def recall(self, kind: type[Answer], row: str = "") -> Answer | None:
        with self.work.reading() as tables:
            once = self._once(row)
            known = once and (self.answered.get(_key(once)) or tables.answers.get(_key(once)))
        if not once or not known:
            return None
        digest, answer = known
        if digest != once.digest:
            raise KeyReused(key=once.key)
        return cast(Answer, answer)

    def remember(self, answer: object, row: str = "") -> None:
        self.work.live()
        if once := self._once(row):
            self.answered[_key(once)] = (once.digest, answer)

    def redrive(self, job_id: UUID, *, at: datetime) -> None:
        def check(tables: Tables) -> Callable[[], None]:
            row = tables.jobs.get(job_id)
            if row is None or row.state is not JobState.PARKED or not row.is_seen_by(self.actor):
                raise JobNotParked
            return redriven(tables, row, at)

        with self.work.reading() as tables:
            check(tables)
        self.work.write(check)

    def set_timer(self, handler: str, key: str, *, due_at: datetime, shop_id: ShopId | None) -> None:
        set_it = partial(
            timer_set,
            handler=handler,
            key=key,
            due_at=due_at,
            shop_id=shop_id,
            new_id=self.new_id,
            now=self.work.now(),
        )
        self.work.write(lambda tables: lambda: set_it(tables))

    def call_off(self, job_id: UUID, *, at: datetime) -> tuple[str, str]:
        def check(tables: Tables) -> Callable[[], None]:
            row = tables.jobs.get(job_id)
            if row is None or not row.is_seen_by(self.actor) or row.state is JobState.DONE:
                raise JobNotOpen
            if not row.is_timer and row.state is not JobState.PARKED:
                raise JobNotOpen
            return called_off(tables, row, self.actor.id)

        with self.work.reading() as tables:
            check(tables)
            row = tables.jobs[job_id]
        self.work.write(check)
        return row.handler, row.key

    def commit(self) -> None:
        self.work.live()
        self.work.over = True  # whatever comes of it
        self.work.journal.check()
        with self.work.tables.lock:
            stores = [check(self.work.tables) for check in self._checks()]
            for store in stores:
                store()

    def _checks(self) -> Iterator[Callable[[Tables], Callable[[], None]]]:
        yield self.shops.shelf.check
        yield self._check_codes
        yield self.skus.shelf.check
        yield self.bundles.shelf.check
        yield self.sku_mappings.shelf.check
        yield self.platform_orders.shelf.check
        yield self.orders.check
        yield self.fulfilments.shelf.check
        yield self.warehouses.shelf.check
        yield self.stock_documents.shelf.check
        yield self.wms_accounts.shelf.check
        yield self.carriers.shelf.check
        yield self.shipping.shelf.check
        yield self.strategies.shelf.check
        yield self.rule_sets.shelf.check
        yield self.blacklist.shelf.check
        yield self.cases.shelf.check
        yield self.refunds.shelf.check
        yield self.refund_ledgers.check
        yield self.returns.shelf.check
        yield self.platform_asks.shelf.check
        yield self.tickets.shelf.check
        yield self.aftersales_terms.shelf.check
        yield self._check_journal
        yield self._check_answers
        yield self._check_job
        yield self.stock.check
        yield from self.work.writes

    def _check_codes(self, tables: Tables) -> Callable[[], None]:
        """Each shelf looks at what is stored: that both want one code in this transaction is seen here alone."""
        skus = {sku.code for sku in self.skus.shelf.saved.values()}
        if any(bundle.code in skus for bundle in self.bundles.shelf.saved.values()):
            raise Duplicate(what="code")
        return lambda: None

    def _check_journal(self, tables: Tables) -> Callable[[], None]:
        journal = self.work.journal
        ends: dict[object, Head] = {}
        for entry in journal.entries:
            before = ends.get(entry.document_id) or tables.heads.get(entry.document_id, Head())
            if before != Head(entry.seq - 1, entry.prev_hash):
                raise StaleVersion(what=entry.document)
            ends[entry.document_id] = Head(entry.seq, entry.hash)

        def store() -> None:
            for entry in journal.entries:
                tables.log.setdefault(entry.document_id, []).append(entry)
                tables.heads[entry.document_id] = Head(entry.seq, entry.hash)
            tables.outbox.extend(journal.envelopes)

        return store

    def _check_answers(self, tables: Tables) -> Callable[[], None]:
        if any(key in tables.answers for key in self.answered):
            raise Duplicate(what="answers")
        return lambda: tables.answers.update(self.answered)

    def _check_job(self, tables: Tables) -> Callable[[], None]:
        claim = self.actor.job
        return done_with(tables, claim) if claim else lambda: None

    def _once(self, row: str) -> Once | None:
        once = self.actor.once
        return once.row(row) if once and row else once


@contextmanager
def opened(tables: Tables, actor: Actor, now: Clock, new_id: NewId) -> Iterator[MemoryTransaction]:
    """Open a transaction; left without ``commit``, nothing of it remains."""
    journal = Journal(actor=actor, new_id=new_id, encode=plain)
    work = Work(tables=tables, actor=actor, journal=journal, now=now)
    try:
        yield MemoryTransaction(work, new_id)
    finally:
        work.over = True


def _key(once: Once) -> tuple[str, str]:
    return (once.client, once.key)
