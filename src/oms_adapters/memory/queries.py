"""Lists for screens, read from the dicts. Every answer holds only the actor's shops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from attrs import define

from oms_adapters.memory.batches import is_seen, seen
from oms_adapters.memory.tables import JobRow, JobState, Tables
from oms_app.actor import Actor
from oms_app.ports.batches import Batch, BatchId, BatchRow
from oms_app.ports.differences import Difference
from oms_app.ports.reports import KeptReport
from oms_app.ports.stock import StockDocument
from oms_app.ports.transaction import OrderNotFound, PlatformOrderNotFound
from oms_app.ports.vault import IndexField
from oms_app.queries.rows import (
    COUNT_CAP,
    LAG_S,
    JobStanding,
    LedgerRow,
    MergeCandidates,
    MergePlace,
    OpenJob,
    OrderDetail,
    OrderFilter,
    OrderRow,
    ParcelTrace,
    ParkedJob,
    PlatformOrderRow,
    Position,
    Timer,
    WaitingOrder,
)
from oms_app.queries.stock_scope import seen_places
from oms_domain.fulfilment.fulfilment_order import FulfilmentState
from oms_domain.fulfilment.reports import ReportState
from oms_domain.inventory.differences import StockDifference
from oms_domain.inventory.documents import DocumentKind, StockDocumentNotFound
from oms_domain.inventory.stock import StockLevel
from oms_domain.inventory.warehouses import Warehouse
from oms_domain.kernel.identity import OrderId, PlatformOrderId, ShopId, SkuCode, StockDocumentId, WarehouseCode
from oms_domain.orders.marks import OrderSource
from oms_domain.orders.platform_order import Conversion, PlatformOrder
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.split_merge.merging import ALIKE

Row = TypeVar("Row")


@define
class MemoryQueries:
    """Reads outside any transaction of a use case."""

    tables: Tables

    def orders(
        self, actor: Actor, wanted: OrderFilter, *, after: Position | None, limit: int, now: datetime
    ) -> tuple[OrderRow, ...]:
        if wanted.updated_after is None:
            found = _page(self._orders(actor, wanted), _created, after, limit, newest_first=True)
        else:
            settled = now - timedelta(seconds=LAG_S)
            orders = (order for order in self._orders(actor, wanted) if order.updated_at <= settled)
            found = _page(orders, _updated, after, limit, newest_first=False)
        return tuple(_order_row(order) for order in found)

    def count_orders(self, actor: Actor, wanted: OrderFilter) -> int:
        return sum(1 for _ in islice(self._orders(actor, wanted), COUNT_CAP + 1))

    def order(self, actor: Actor, order_id: OrderId) -> OrderDetail:
        with self.tables.lock:
            order = self.tables.orders.get(order_id)
            if order is None or not actor.sees(order.shop_id):
                raise OrderNotFound(order_id=order_id)
            fulfilment = self.tables.fulfilments.get(order.fulfilment_id) if order.fulfilment_id else None
            sending = self.tables.sendings.get(order.fulfilment_id) if order.fulfilment_id else None
            waits = sending if sending and sending.waits_since else None
            log = tuple(self.tables.log.get(order_id, ()))
            return OrderDetail(order=order, fulfilment=fulfilment, log=log, waits=waits)

    def order_id_by_number(self, actor: Actor, number: str) -> OrderId | None:
        return next((order.id for order in self._orders(actor, OrderFilter(number=number))), None)

    def order_numbers(self, actor: Actor, order_ids: Collection[OrderId]) -> Mapping[OrderId, str]:
        wanted = set(order_ids)
        found = (order for order in self._all(self.tables.orders) if order.id in wanted and actor.sees(order.shop_id))
        return {order.id: order.number for order in found}

    def order_versions(self, actor: Actor, order_ids: Collection[OrderId]) -> Mapping[OrderId, int]:
        wanted = set(order_ids)
        found = (order for order in self._all(self.tables.orders) if order.id in wanted and actor.sees(order.shop_id))
        return {order.id: order.version for order in found}

    def platform_orders(
        self, actor: Actor, *, conversion: Conversion | None, after: Position | None, limit: int
    ) -> tuple[PlatformOrderRow, ...]:
        found = (
            platform_order
            for platform_order in self._all(self.tables.platform_orders)
            if actor.sees(platform_order.shop_id) and conversion in (None, platform_order.conversion)
        )
        page = _page(found, _created, after, limit, newest_first=True)
        return tuple(_platform_order_row(platform_order) for platform_order in page)

    def platform_order(self, actor: Actor, platform_order_id: PlatformOrderId) -> PlatformOrder:
        with self.tables.lock:
            found = self.tables.platform_orders.get(platform_order_id)
        if found is None or not actor.sees(found.shop_id):
            raise PlatformOrderNotFound(platform_order_id=platform_order_id)
        return found

    def differences(self, actor: Actor, *, limit: int) -> tuple[Difference, ...]:
        listed = [each for each in self._all(self.tables.differences) if each.id not in self.tables.settled]
        found = [difference for difference in listed if actor.sees(difference.shop_id)]
        return tuple(sorted(found, key=lambda difference: (difference.at, difference.id)))[:limit]

    def wms_reports(
        self, actor: Actor, *, states: Collection[ReportState], after: Position | None, limit: int
    ) -> tuple[KeptReport, ...]:
        if actor.shops is not None:
            return ()
        found = [kept for kept in self._all(self.tables.reports) if not states or kept.state in states]
        return tuple(_page(found, lambda kept: (kept.received_at, kept.id), after, limit, newest_first=True))

    def traces(self, actor: Actor, order_id: OrderId) -> tuple[ParcelTrace, ...]:
        self.order(actor, order_id)
        with self.tables.lock:
            found = [
                ParcelTrace(tracking_no=package.tracking_no, trace=trace)
                for fulfilment in self.tables.fulfilments.values()
                if fulfilment.order_id == order_id
                for package in fulfilment.packages
                for trace in self.tables.traces.get(package.id, ())
            ]
        return tuple(sorted(found, key=lambda told: told.trace.at))

    def parked_jobs(self, actor: Actor, *, limit: int, handler: str = "", warehouse: str = "") -> tuple[ParkedJob, ...]:
        rows = [
            row
            for row in self._all(self.tables.jobs)
            if row.state is JobState.PARKED
            and row.is_seen_by(actor)
            and handler in ("", row.handler)
            and (not warehouse or self._is_about(row, warehouse))
        ]
        rows.sort(key=lambda row: (row.created_at, row.id))
        return tuple(
            ParkedJob(
                id=row.id,
                handler=row.handler,
                key=row.key,
                tries=row.tries,
                error=row.error,
                created_at=row.created_at,
            )
            for row in rows[:limit]
        )

    def _is_about(self, row: JobRow, warehouse: str) -> bool:
        stream = row.envelope.stream if row.envelope else None
        there = (each for each in self._all(self.tables.fulfilments) if each.warehouse == warehouse)
        return any(stream in (each.id, each.order_id) for each in there)

    def waiting_for_warehouse(self, actor: Actor, *, limit: int, warehouse: str = "") -> tuple[WaitingOrder, ...]:
        rows = []
        for sending in self._all(self.tables.sendings):
            fulfilment = self.tables.fulfilments[sending.fulfilment_id]
            if sending.waits_since is None or not actor.sees(fulfilment.shop_id):
                continue
            if fulfilment.state is not FulfilmentState.PICKING or warehouse not in ("", fulfilment.warehouse):
                continue
            rows.append(
                WaitingOrder(
                    order_id=fulfilment.order_id,
                    number=self.tables.orders[fulfilment.order_id].number,
                    shop_id=fulfilment.shop_id,
                    fulfilment=fulfilment.number,
                    warehouse=fulfilment.warehouse,
                    since=sending.waits_since,
                    reason=sending.reason,
                    next_at=sending.next_at,
                )
            )
        rows.sort(key=lambda row: (row.since, row.fulfilment))
        return tuple(rows[:limit])

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
        found = [
            OpenJob(
                id=row.id,
                handler=row.handler,
                key=row.key,
                standing=_standing(row, now),
                wakes_at=row.wakes_at,
                tries=row.tries,
                error=row.error,
                created_at=row.created_at,
            )
            for row in self._all(self.tables.jobs)
            if row.state is not JobState.DONE and row.is_seen_by(actor) and handler in ("", row.handler)
        ]
        found = [each for each in found if standing in (None, each.standing)]
        found.sort(key=lambda each: (each.wakes_at, each.id))
        return tuple(each for each in found if after is None or (each.wakes_at, each.id) > (after.at, after.id))[:limit]

    def timers(self, actor: Actor, *, limit: int) -> tuple[Timer, ...]:
        set_ = [
            row
            for row in self._all(self.tables.jobs)
            if row.is_timer and row.state in (JobState.READY, JobState.LEASED) and row.is_seen_by(actor)
        ]
        set_.sort(key=lambda row: (row.wakes_at, row.id))
        return tuple(
            Timer(id=row.id, handler=row.handler, key=row.key, due_at=row.wakes_at, tries=row.tries, error=row.error)
            for row in set_[:limit]
        )

    def batches(self, actor: Actor, *, after: Position | None, limit: int) -> tuple[Batch, ...]:
        found = [batch for batch in self._all(self.tables.batches) if is_seen(batch, actor)]
        found.sort(key=lambda batch: (batch.created_at, batch.id), reverse=True)
        return tuple(b for b in found if after is None or (b.created_at, b.id) < (after.at, after.id))[:limit]

    def batch(self, actor: Actor, batch_id: BatchId) -> Batch:
        with self.tables.lock:
            return seen(self.tables, batch_id, actor)

    def batch_rows(
        self, actor: Actor, batch_id: BatchId, *, first: int, limit: int, refused: bool
    ) -> tuple[BatchRow, ...]:
        self.batch(actor, batch_id)
        with self.tables.lock:
            rows = self.tables.batch_rows[batch_id][first:]
        wanted = (row for row in rows if not refused or (row.answer is not None and row.answer.outcome != "done"))
        return tuple(islice(wanted, limit))

    def stock(self, actor: Actor, *, after: tuple[str, str] | None, limit: int) -> tuple[StockLevel, ...]:
        is_seen = self._is_seen_by(actor)
        seen = (row for row in self._all(self.tables.levels) if is_seen(row.warehouse))
        levels = sorted(seen, key=lambda level: (level.sku, level.warehouse))
        return tuple(level for level in levels if after is None or (level.sku, level.warehouse) > after)[:limit]

    def stock_ledger(
        self, actor: Actor, *, sku: SkuCode | None, warehouse: WarehouseCode | None, after: Position | None, limit: int
    ) -> tuple[LedgerRow, ...]:
        is_seen = self._is_seen_by(actor)
        with self.tables.lock:
            entries = [
                entry
                for entry in self.tables.ledger
                if sku in (None, entry.movement.sku)
                and warehouse in (None, entry.movement.warehouse)
                and is_seen(entry.movement.warehouse)
            ]
        page = _page(entries, lambda entry: (entry.at, entry.id), after, limit, newest_first=True)
        return tuple(
            LedgerRow(id=e.id, movement=e.movement, document_id=e.document, actor=e.actor, at=e.at) for e in page
        )

    def stock_documents(
        self, actor: Actor, *, kind: DocumentKind | None, after: Position | None, limit: int
    ) -> tuple[StockDocument, ...]:
        found = (each for each in self._stock_documents(actor) if kind in (None, each.kind))
        return tuple(_page(found, _created, after, limit, newest_first=True))

    def stock_document(self, actor: Actor, document_id: StockDocumentId) -> StockDocument:
        found = next((each for each in self._stock_documents(actor) if each.id == document_id), None)
        if found is None:
            raise StockDocumentNotFound(document_id=document_id)
        return found

    def stock_document_id(self, actor: Actor, number: str) -> StockDocumentId | None:
        return next((each.id for each in self._stock_documents(actor) if each.number == number), None)

    def stock_differences(self, actor: Actor, *, limit: int) -> tuple[StockDifference, ...]:
        is_seen = self._is_seen_by(actor)
        found = [each for each in self._all(self.tables.stock_differences) if each.units and is_seen(each.warehouse)]
        return tuple(sorted(found, key=lambda each: (each.at, each.id)))[:limit]

    def _stock_documents(self, actor: Actor) -> list[StockDocument]:
        is_seen = self._is_seen_by(actor)
        return [each for each in self._all(self.tables.stock_documents) if is_seen(each.warehouse)]

    def _is_seen_by(self, actor: Actor) -> Callable[[WarehouseCode], bool]:
        places = seen_places(actor, self._all(self.tables.shops), self._all(self.tables.shipping))
        return lambda warehouse: places is None or warehouse in places

    def warehouses(self) -> tuple[Warehouse, ...]:
        return tuple(sorted(self._all(self.tables.warehouses), key=lambda each: each.code))

    def merge_candidates(
        self, actor: Actor, *, shop_id: ShopId | None, after: MergePlace | None = None, limit: int
    ) -> MergeCandidates:
        wanted = OrderFilter(states=(OrderState.AWAITING_CS_REVIEW,), shop_id=shop_id, flagged=False)
        groups: dict[tuple[Any, ...], list[SalesOrder]] = {}
        with self.tables.lock:
            for order in sorted(self._orders(actor, wanted), key=_to_merge):
                sealed = self.tables.vault.get(order.receiver.vault_id)
                known = order.buyer_id or order.source is not OrderSource.PLATFORM
                if known and order.receiver.digest and sealed is not None and sealed.digest(IndexField.PLAIN):
                    alike = tuple(of(order) for of in ALIKE.values())
                    groups.setdefault(alike, []).append(order)
        several = [order for group in groups.values() if len(group) > 1 for order in group]
        listed = sorted((order for order in several if after is None or _to_merge(order)[:2] > after), key=_to_merge)
        shown, next_ = listed, None
        if len(listed) > limit:
            cut = _to_merge(listed[limit])[:2]
            shown = [order for order in listed[:limit] if _to_merge(order)[:2] != cut] or listed[:limit]
            next_ = _to_merge(shown[-1])[:2]
        kept = {order.id for order in shown}
        found = (tuple(_order_row(order) for order in group if order.id in kept) for group in groups.values())
        return MergeCandidates(groups=tuple(group for group in found if len(group) > 1), next=next_)

    def state_counts(self, actor: Actor) -> Mapping[OrderState, int]:
        counts = Counter(order.state for order in self._orders(actor, OrderFilter()))
        return {state: min(counts[state], COUNT_CAP + 1) for state in OrderState}

    def _orders(self, actor: Actor, wanted: OrderFilter) -> Iterable[SalesOrder]:
        return (o for o in self._all(self.tables.orders) if actor.sees(o.shop_id) and self._fits(o, wanted))

    def _fits(self, order: SalesOrder, wanted: OrderFilter) -> bool:
        return (
            (not wanted.states or order.state in wanted.states)
            and wanted.shop_id in (None, order.shop_id)
            and wanted.platform_order_no in ("", order.platform_order_no)
            and wanted.number in ("", order.number)
            and wanted.flagged in (None, bool(order.flags))
            and (wanted.updated_after is None or order.updated_at > wanted.updated_after)
            and (not wanted.phone_digest or self._has_phone(order, wanted.phone_digest))
        )

    def _has_phone(self, order: SalesOrder, digest: str) -> bool:
        sealed = self.tables.vault.get(order.receiver.vault_id)
        return sealed is not None and digest in (*sealed.phones, sealed.digest(IndexField.PHONE4))

    def _all(self, table: dict[Any, Row]) -> list[Row]:
        with self.tables.lock:
            return list(table.values())


def _page(
    rows: Iterable[Row],
    place: Callable[[Any], tuple[datetime, UUID]],
    after: Position | None,
    limit: int,
    *,
    newest_first: bool,
) -> list[Row]:
    ordered = sorted(rows, key=place, reverse=newest_first)
    if after is not None:
        last = (after.at, after.id)
        ordered = [row for row in ordered if (place(row) < last if newest_first else place(row) > last)]
    return ordered[:limit]


def _standing(row: JobRow, now: datetime) -> JobStanding:
    if row.state is JobState.PARKED:
        return JobStanding.PARKED
    if row.wakes_at <= now:
        return JobStanding.READY
    return JobStanding.RUNNING if row.state is JobState.LEASED else JobStanding.WAITING


def _to_merge(order: SalesOrder) -> tuple[ShopId, str, datetime, UUID]:
    return (order.shop_id, order.receiver.digest, order.placed_at, order.id)


def _created(row: Any) -> tuple[datetime, UUID]:
    return (row.created_at, row.id)


def _updated(row: Any) -> tuple[datetime, UUID]:
    return (row.updated_at, row.id)


def _order_row(order: SalesOrder) -> OrderRow:
    return OrderRow(
        id=order.id,
        number=order.number,
        shop_id=order.shop_id,
        platform=order.platform,
        platform_order_no=order.platform_order_no,
        state=order.state,
        flags=tuple(str(flag.kind) for flag in order.flags),
        payable=order.payable,
        paid=order.paid,
        receiver_mask=order.receiver.mask,
        units=sum(line.quantity for line in order.lines),
        created_at=order.created_at,
        updated_at=order.updated_at,
        version=order.version,
    )


def _platform_order_row(row: PlatformOrder) -> PlatformOrderRow:
    return PlatformOrderRow(
        id=row.id,
        number=row.number,
        shop_id=row.shop_id,
        platform=row.platform,
        order_no=row.order_no,
        conversion=row.conversion,
        reason=row.trouble.reason if row.trouble else "",
        order_id=row.order_id,
        modified_at=row.modified_at,
        created_at=row.created_at,
    )
