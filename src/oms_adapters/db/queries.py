"""The read side in SQL: rows for lists, keyset pages by row values, scope built in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db import batches, driver, order_lists, stock_queries
from oms_adapters.db.engine import Engines
from oms_adapters.db.errors import translated
from oms_adapters.db.fulfilment import fulfilment_order, package
from oms_adapters.db.jobs import OPEN, PARKED, job
from oms_adapters.db.journal import difference, difference_of, event
from oms_adapters.db.order_detail import order_detail
from oms_adapters.db.orders import sales_order
from oms_adapters.db.platform_orders import platform_order, platform_order_of
from oms_adapters.db.shops import shop, shop_of
from oms_adapters.db.sourcing import SHIPPING, record_of
from oms_adapters.db.types import Id, Instant
from oms_adapters.db.wms import package_trace, report_of, sending, trace_of, wms_report
from oms_app.actor import Actor
from oms_app.ports.batches import Batch, BatchId, BatchRow
from oms_app.ports.differences import Difference
from oms_app.ports.reports import KeptReport
from oms_app.ports.stock import StockDocument
from oms_app.ports.transaction import OrderNotFound, PlatformOrderNotFound
from oms_app.queries.rows import (
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
from oms_app.queries.stock_scope import Places, seen_places
from oms_domain.fulfilment.fulfilment_order import FulfilmentState
from oms_domain.fulfilment.reports import ReportState
from oms_domain.inventory.differences import StockDifference
from oms_domain.inventory.documents import DocumentKind
from oms_domain.inventory.stock import StockLevel
from oms_domain.inventory.warehouses import Warehouse
from oms_domain.kernel.identity import OrderId, PlatformOrderId, ShopId, SkuCode, StockDocumentId, WarehouseCode
from oms_domain.orders.platform_order import Conversion, PlatformOrder
from oms_domain.orders.states import OrderState

_p = platform_order.c
_PLATFORM_COLUMNS = (
    _p.id,
    _p.number,
    _p.shop_id,
    _p.platform,
    _p.order_no,
    _p.conversion,
    _p.trouble,
    _p.order_id,
    _p.modified_at,
    _p.created_at,
)


@frozen
class SqlQueries:
    """``oms_app.queries.rows.Queries`` on a database."""

    engines: Engines

    def orders(
        self, actor: Actor, wanted: OrderFilter, *, after: Position | None, limit: int, now: datetime
    ) -> tuple[OrderRow, ...]:
        statement, values = order_lists.page(actor, wanted, after=after, limit=limit, now=now)
        return tuple(order_lists.order_row(row) for row in self._read(statement, values))

    def count_orders(self, actor: Actor, wanted: OrderFilter) -> int:
        return int(self._read(*order_lists.count(actor, wanted))[0].found)

    def order(self, actor: Actor, order_id: OrderId) -> OrderDetail:
        with translated(), self.engines.read.begin() as connection:
            found = order_detail(connection, self.engines.dialect, order_id)
        if found is None or not actor.sees(found.order.shop_id):
            raise OrderNotFound(order_id=order_id)
        return found

    def order_id_by_number(self, actor: Actor, number: str) -> OrderId | None:
        rows = self._read(*order_lists.ids(actor, OrderFilter(number=number)))
        return OrderId(rows[0].id) if rows else None

    def order_numbers(self, actor: Actor, order_ids: Collection[OrderId]) -> Mapping[OrderId, str]:
        c = sales_order.c
        named = sa.select(c.id, c.number).where(c.id.in_(sorted(set(order_ids))), *_scope(c.shop_id, actor))
        return {OrderId(row.id): row.number for row in self._rows(named)}

    def order_versions(self, actor: Actor, order_ids: Collection[OrderId]) -> Mapping[OrderId, int]:
        c = sales_order.c
        named = sa.select(c.id, c.version).where(c.id.in_(sorted(set(order_ids))), *_scope(c.shop_id, actor))
        return {OrderId(row.id): row.version for row in self._rows(named)}

    def platform_orders(
        self, actor: Actor, *, conversion: Conversion | None, after: Position | None, limit: int
    ) -> tuple[PlatformOrderRow, ...]:
        statement = sa.select(*_PLATFORM_COLUMNS).where(*_scope(_p.shop_id, actor))
        if conversion is not None:
            statement = statement.where(_p.conversion == conversion)
        if after is not None:
            statement = statement.where(sa.tuple_(_p.created_at, _p.id) < _position(after))
        statement = statement.order_by(_p.created_at.desc(), _p.id.desc()).limit(limit)
        return tuple(_platform_row(row) for row in self._rows(statement))

    def platform_order(self, actor: Actor, platform_order_id: PlatformOrderId) -> PlatformOrder:
        rows = self._rows(sa.select(platform_order).where(_p.id == platform_order_id))
        if not rows or not actor.sees(rows[0].shop_id):
            raise PlatformOrderNotFound(platform_order_id=platform_order_id)
        return platform_order_of(rows[0])

    def differences(self, actor: Actor, *, limit: int) -> tuple[Difference, ...]:
        c = difference.c
        listed = sa.select(difference).where(c.settled_at.is_(None), *_scope(c.shop_id, actor))
        return tuple(difference_of(row) for row in self._rows(listed.order_by(c.at, c.id).limit(limit)))

    def wms_reports(
        self, actor: Actor, *, states: Collection[ReportState], after: Position | None, limit: int
    ) -> tuple[KeptReport, ...]:
        if actor.shops is not None:
            return ()
        r = wms_report.c
        statement = sa.select(wms_report).order_by(r.received_at.desc(), r.id.desc()).limit(limit)
        if states:
            statement = statement.where(r.state.in_(states))
        if after is not None:
            statement = statement.where(sa.tuple_(r.received_at, r.id) < _position(after))
        return tuple(report_of(row) for row in self._rows(statement))

    def traces(self, actor: Actor, order_id: OrderId) -> tuple[ParcelTrace, ...]:
        self.order(actor, order_id)
        p, t = package.c, package_trace.c
        statement = (
            sa.select(package_trace, p.tracking_no)
            .join(package, p.id == t.package_id)
            .join(fulfilment_order, fulfilment_order.c.id == p.fulfilment_id)
            .where(fulfilment_order.c.order_id == order_id)
            .order_by(t.at, t.id)
        )
        return tuple(ParcelTrace(tracking_no=row.tracking_no, trace=trace_of(row)) for row in self._rows(statement))

    def parked_jobs(self, actor: Actor, *, limit: int, handler: str = "", warehouse: str = "") -> tuple[ParkedJob, ...]:
        parked = sa.select(job).where(job.c.state == PARKED)
        if handler:
            parked = parked.where(job.c.handler == handler)
        if warehouse:
            f = fulfilment_order.c
            there = (
                sa.select(f.id).where(f.warehouse == warehouse),
                sa.select(f.order_id).where(f.warehouse == warehouse),
            )
            parked = parked.where(sa.or_(*(job.c.stream.in_(ids) for ids in there)))
        if actor.shops is not None:
            of = sa.func.coalesce(event.c.shop_id, job.c.shop_id)
            parked = parked.outerjoin(event, event.c.id == job.c.event_id).where(*_scope(of, actor))
        rows = self._rows(parked.order_by(job.c.created_at, job.c.id).limit(limit))
        return tuple(
            ParkedJob(
                id=row.id,
                handler=row.handler,
                key=row.key,
                tries=row.tries,
                error=row.error,
                created_at=row.created_at,
            )
            for row in rows
        )

    def waiting_for_warehouse(self, actor: Actor, *, limit: int, warehouse: str = "") -> tuple[WaitingOrder, ...]:
        f, s, o = fulfilment_order.c, sending.c, sales_order.c
        statement = (
            sa.select(o.id, o.number, f.shop_id, f.number.label("fulfilment"), f.warehouse)
            .add_columns(s.waits_since, s.reason, s.next_at)
            .join_from(sending, fulfilment_order, f.id == s.fulfilment_id)
            .join(sales_order, o.id == f.order_id)
            .where(s.waits_since.is_not(None), f.state == FulfilmentState.PICKING, *_scope(f.shop_id, actor))
            .order_by(s.waits_since, f.number)
            .limit(limit)
        )
        if warehouse:
            statement = statement.where(f.warehouse == warehouse)
        return tuple(
            WaitingOrder(
                order_id=OrderId(row.id),
                number=row.number,
                shop_id=ShopId(row.shop_id),
                fulfilment=row.fulfilment,
                warehouse=WarehouseCode(row.warehouse),
                since=row.waits_since,
                reason=row.reason,
                next_at=row.next_at,
            )
            for row in self._rows(statement)
        )

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
        at = sa.literal(now, Instant)
        wakes = sa.case((sa.and_(job.c.state == OPEN, job.c.lease_until > at), job.c.lease_until), else_=job.c.due_at)
        stands = sa.case(
            (job.c.state == PARKED, str(JobStanding.PARKED)),
            (job.c.lease_until > at, str(JobStanding.RUNNING)),
            (job.c.due_at > at, str(JobStanding.WAITING)),
            else_=str(JobStanding.READY),
        )
        wanted = sa.select(job, sa.type_coerce(wakes, Instant).label("wakes_at"), stands.label("standing"))
        wanted = wanted.where(job.c.state.in_((OPEN, PARKED)))
        if standing is not None:
            wanted = wanted.where(stands == str(standing))
        if handler:
            wanted = wanted.where(job.c.handler == handler)
        if after is not None:
            wanted = wanted.where(sa.tuple_(wakes, job.c.id) > _position(after))
        if actor.shops is not None:
            of = sa.func.coalesce(event.c.shop_id, job.c.shop_id)
            wanted = wanted.outerjoin(event, event.c.id == job.c.event_id).where(*_scope(of, actor))
        rows = self._rows(wanted.order_by(wakes, job.c.id).limit(limit))
        return tuple(
            OpenJob(
                id=row.id,
                handler=row.handler,
                key=row.key,
                standing=JobStanding(row.standing),
                wakes_at=row.wakes_at,
                tries=row.tries,
                error=row.error,
                created_at=row.created_at,
            )
            for row in rows
        )

    def timers(self, actor: Actor, *, limit: int) -> tuple[Timer, ...]:
        wanted = sa.select(job).where(job.c.state == OPEN, job.c.event_id.is_(None), job.c.shop_id.is_not(None))
        if actor.shops is not None:
            wanted = wanted.where(*_scope(job.c.shop_id, actor))
        rows = self._rows(wanted.order_by(job.c.due_at, job.c.id).limit(limit))
        return tuple(
            Timer(id=row.id, handler=row.handler, key=row.key, due_at=row.due_at, tries=row.tries, error=row.error)
            for row in rows
        )

    def batches(self, actor: Actor, *, after: Position | None, limit: int) -> tuple[Batch, ...]:
        return batches.newest(self._read, actor, after, limit)

    def batch(self, actor: Actor, batch_id: BatchId) -> Batch:
        return batches.one(self._read, actor, batch_id)

    def batch_rows(
        self, actor: Actor, batch_id: BatchId, *, first: int, limit: int, refused: bool
    ) -> tuple[BatchRow, ...]:
        self.batch(actor, batch_id)
        return batches.page_of_rows(self._read, batch_id, first=first, limit=limit, refused=refused)

    def stock(self, actor: Actor, *, after: tuple[str, str] | None, limit: int) -> tuple[StockLevel, ...]:
        return stock_queries.levels(self._rows, self._places(actor), after, limit)

    def stock_ledger(
        self, actor: Actor, *, sku: SkuCode | None, warehouse: WarehouseCode | None, after: Position | None, limit: int
    ) -> tuple[LedgerRow, ...]:
        return stock_queries.ledger(self._rows, self._places(actor), sku, warehouse, after, limit)

    def stock_documents(
        self, actor: Actor, *, kind: DocumentKind | None, after: Position | None, limit: int
    ) -> tuple[StockDocument, ...]:
        return stock_queries.documents(self._rows, self._places(actor), kind, after, limit)

    def stock_document(self, actor: Actor, document_id: StockDocumentId) -> StockDocument:
        return stock_queries.document(self._rows, self._places(actor), document_id)

    def stock_document_id(self, actor: Actor, number: str) -> StockDocumentId | None:
        return stock_queries.document_id(self._rows, self._places(actor), number)

    def stock_differences(self, actor: Actor, *, limit: int) -> tuple[StockDifference, ...]:
        return stock_queries.differences(self._rows, self._places(actor), limit)

    def _places(self, actor: Actor) -> Places:
        if actor.shops is None:
            return None
        shops = [shop_of(row) for row in self._rows(sa.select(shop).where(*_scope(shop.c.id, actor)))]
        shipping = [record_of(SHIPPING, row) for row in self._rows(SHIPPING.all)]
        return seen_places(actor, shops, shipping)

    def warehouses(self) -> tuple[Warehouse, ...]:
        return stock_queries.warehouses(self._rows)

    def merge_candidates(
        self, actor: Actor, *, shop_id: ShopId | None, after: MergePlace | None = None, limit: int
    ) -> MergeCandidates:
        rows = self._rows(order_lists.merge_candidates(actor, shop_id, after, limit))
        return order_lists.merge_groups(rows, limit)

    def state_counts(self, actor: Actor) -> Mapping[OrderState, int]:
        return {state: self.count_orders(actor, OrderFilter(states=(state,))) for state in OrderState}

    def _read(self, statement: sa.Select[Any], values: Mapping[str, Any]) -> list[Any]:
        """Run a statement that is built once."""
        with translated(), self.engines.read.connect() as connection:
            return driver.rows(connection, self.engines.dialect, statement, values)

    def _rows(self, statement: sa.Select[Any]) -> list[Any]:
        with translated(), self.engines.read.connect() as connection:
            return list(connection.execute(statement))


def _scope(column: sa.ColumnElement[Any], actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    if actor.shops is None:
        return ()
    return (column.in_(sorted(actor.shops, key=lambda shop_id: shop_id.bytes)),)


def _position(after: Position) -> sa.ColumnElement[Any]:
    return sa.tuple_(sa.literal(after.at, Instant), sa.literal(after.id, Id))


def _platform_row(row: Any) -> PlatformOrderRow:
    return PlatformOrderRow(
        id=PlatformOrderId(row.id),
        number=row.number,
        shop_id=ShopId(row.shop_id),
        platform=row.platform,
        order_no=row.order_no,
        conversion=Conversion(row.conversion),
        reason=row.trouble["reason"] if row.trouble else "",
        order_id=OrderId(row.order_id) if row.order_id else None,
        modified_at=row.modified_at,
        created_at=row.created_at,
    )
