"""From intake to the warehouse: allocation and release, each by the shop's policy."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

from attrs import frozen

from oms_app.actor import Actor, system
from oms_app.channels import FetchOrder, PullService
from oms_app.inventory import SettleOpen, StockService
from oms_app.merging import MergeService, MergeSiblings
from oms_app.orders import AllocateOrder, OrderService, ReleaseOrder
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Clock, OpenTransaction
from oms_app.processes.refusals import unless_refused
from oms_app.runner import Handler
from oms_app.splitting import BEFORE_ALLOCATION, SplitByRules, SplitService
from oms_app.timers import MERGE
from oms_domain.inventory.differences import DifferenceSettled
from oms_domain.inventory.documents import StockDocumentEvent
from oms_domain.inventory.drift import StockRepaired
from oms_domain.inventory.postings import StockBooked
from oms_domain.inventory.stocktakes import StocktakeApplied
from oms_domain.inventory.transfers import TransferClosed, TransferReceived
from oms_domain.kernel.change import Event
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import EventId, OrderId, SkuCode, WarehouseCode
from oms_domain.orders.events import (
    OrderApproved,
    OrderBalancePaid,
    OrderCancelled,
    OrderCreated,
    OrderEdited,
    OrderEvent,
    OrderLostStock,
    OrderPaid,
    OrderRestCancelled,
    OrderRevised,
    OrderShippedOutside,
    OrderSplitOff,
    OrderUnflagged,
    PlatformOrderAmbiguous,
)
from oms_domain.orders.states import OrderState
from oms_domain.split_merge.merging import may_be_merged, window_ends

FREEING: Final = tuple(
    event.type
    for event in (StockBooked, TransferReceived, TransferClosed, StocktakeApplied, DifferenceSettled, StockRepaired)
)
"""Events of stock that may leave more for sale."""
GIVING_BACK: Final = tuple(
    event.type
    for event in (OrderCancelled, OrderRestCancelled, OrderRevised, OrderEdited, OrderShippedOutside, OrderLostStock)
)
"""Events of orders that may have given units back: whole orders, single lines, what a count took away."""
FREEING_FACTS: Final = frozenset({"lines", "warehouse", "region"})
"""Facts of an order whose change may give units back."""
WAITING_ORDERS: Final = 200
"""Backordered orders that are looked up at a time to be tried again."""


@frozen(kw_only=True)
class OrderProcess:
    """What happens to an order by itself."""

    open: OpenTransaction
    orders: OrderService
    pulls: PullService
    stock: StockService
    splits: SplitService
    merges: MergeService
    now: Clock

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(
                name="orders.allocate",
                run=self.allocate,
                # A claim that was in the way of cutting it may have ended.
                events=(
                    OrderCreated.type,
                    OrderPaid.type,
                    OrderBalancePaid.type,
                    OrderSplitOff.type,
                    OrderUnflagged.type,
                ),
            ),
            Handler(name=MERGE, run=self.merge),
            Handler(
                name="orders.auto_release",
                run=self.release,
                events=(OrderApproved.type, OrderUnflagged.type, OrderBalancePaid.type),
            ),
            Handler(name="orders.retry_waiting", run=self.retry_waiting, events=FREEING),
            Handler(name="orders.retry_after_cancel", run=self.retry_after_cancel, events=GIVING_BACK),
            Handler(name="orders.fetch_again", run=self.fetch_again, events=(PlatformOrderAmbiguous.type,)),
        )

    def allocate(self, job: Job) -> datetime | None:
        event, actor = order_event(job), actor_of(job, "allocation")
        if event.state not in BEFORE_ALLOCATION:  # a part may be had of what is short as a whole
            return None
        if event.state is OrderState.AWAITING_ALLOCATION and not isinstance(event, OrderSplitOff):
            split = SplitByRules(order_id=event.order_id, by=actor)
            if unless_refused(lambda: self.splits.split_by_rules(split)) is not None:
                return None  # each part is allocated by itself
        unless_refused(lambda: self.orders.allocate(AllocateOrder(order_id=event.order_id, by=actor)))
        return None

    def merge(self, job: Job) -> datetime | None:
        """Put an order together with what waits beside it, once it has waited for the shop's window."""
        actor = system("merge")
        with self.open(actor) as tx:
            order = tx.orders.get(OrderId(UUID(job.key)))
            policy = tx.shops.get(order.shop_id).policy
        if not may_be_merged(order, policy):
            return None
        if (ends := window_ends(order, policy)) > self.now():
            return ends
        unless_refused(lambda: self.merges.merge_siblings(MergeSiblings(order_id=order.id, by=actor)))
        return None

    def release(self, job: Job) -> datetime | None:
        event, actor = order_event(job), actor_of(job, "auto_release")
        if event.state is not OrderState.AWAITING_RELEASE:
            return None
        with self.open(actor) as tx:
            order = tx.orders.get(event.order_id)
            wanted = tx.shops.get(order.shop_id).policy.auto_release
        if wanted:
            unless_refused(lambda: self.orders.release(ReleaseOrder(order_id=order.id, by=actor)))
        return None

    def retry_waiting(self, job: Job) -> datetime | None:
        """Stock came in, or was set free: those who wait for it are tried."""
        event, actor = _event(job), system("allocation", cause=_cause(job))
        if isinstance(event, StockRepaired):
            self._freed(event.sku, event.warehouse, actor)
        elif isinstance(event, StockDocumentEvent):
            for sku in event.freed:
                self._freed(sku, event.warehouse, actor)
        return None

    def retry_after_cancel(self, job: Job) -> datetime | None:
        """What an order held and holds no longer is free again: those who wait for it are tried."""
        event, actor = order_event(job), system("allocation", cause=_cause(job))
        if isinstance(event, OrderRevised | OrderEdited) and not FREEING_FACTS & set(event.what):
            return None
        with self.open(actor) as tx:
            places = tx.stock.places(event.order_id)
        for sku, warehouse in places:
            self._freed(sku, warehouse, actor)
        return None

    def _freed(self, sku: SkuCode, warehouse: WarehouseCode, actor: Actor) -> None:
        """Units that are gone are written off first: nobody is to wait for those."""
        while self.stock.settle_open(SettleOpen(sku=sku, warehouse=warehouse, by=actor)):
            pass
        self._retry(sku, warehouse, actor)

    def _retry(self, sku: SkuCode, warehouse: WarehouseCode, actor: Actor) -> None:
        """Try all waiting orders, oldest first, as long as there is something for sale."""
        after: OrderId | None = None
        while True:
            with self.open(actor) as tx:
                there = [levels[sku].available for levels in tx.stock.everywhere([sku]).values()]
                waiting = tx.orders.waiting_for(sku, warehouse, WAITING_ORDERS, after=after) if any(there) else ()
            for order_id in waiting:
                with suppress(Refused):
                    self.orders.allocate(AllocateOrder(order_id=order_id, by=actor))
            if len(waiting) < WAITING_ORDERS:
                return
            after = waiting[-1]

    def fetch_again(self, job: Job) -> datetime | None:
        event = _event(job)
        assert isinstance(event, PlatformOrderAmbiguous)
        self.pulls.fetch(FetchOrder(shop_id=event.shop_id, order_no=event.order_no, by=actor_of(job, "intake")))
        return None


def actor_of(job: Job, name: str) -> Actor:
    """Return the system actor that acts on a job: its transaction finishes the job with its effect."""
    return system(name, cause=_cause(job), job=job.claim)


def _cause(job: Job) -> EventId | None:
    return job.envelope.id if job.envelope else None


def _event(job: Job) -> Event:
    assert job.envelope is not None
    return job.envelope.event


def order_event(job: Job) -> OrderEvent:
    """Return the fact about an order that a job follows from."""
    event = _event(job)
    assert isinstance(event, OrderEvent)
    return event
