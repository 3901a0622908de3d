"""Work lists for people: what differs from what others state, and work that was given up for now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Pages, Signer, by_time
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor, Permission
from oms_app.discrepancies import DiscrepancyService, SettleDifference
from oms_app.jobs import CallOffJob, JobService, RedriveJob, RedriveParked
from oms_app.ports.differences import Difference
from oms_app.ports.transaction import Clock
from oms_app.queries.rows import JobStanding, OpenJob, ParkedJob, Queries, Timer, WaitingOrder
from oms_domain.orders.flags import LONGEST_REASON


class DifferenceView(View):
    """What the platform or the warehouse states, and where we stood (差异)."""

    id: UUID
    order_id: UUID
    shop_id: UUID
    ours: str
    theirs: str
    what: str
    at: datetime

    @classmethod
    def of(cls, row: Difference) -> DifferenceView:
        return cls(
            id=row.id,
            order_id=row.order_id,
            shop_id=row.shop_id,
            ours=row.ours,
            theirs=row.theirs,
            what=row.what,
            at=row.at,
        )


class ParkedJobView(View):
    """Work that waits for a person, with the reason."""

    id: UUID
    handler: str
    key: str
    tries: int
    error: str
    created_at: datetime

    @classmethod
    def of(cls, row: ParkedJob) -> ParkedJobView:
        return cls(
            id=row.id, handler=row.handler, key=row.key, tries=row.tries, error=row.error, created_at=row.created_at
        )


class TimerView(View):
    """Work that becomes due by itself, on what ``key`` names."""

    id: UUID
    handler: str
    key: str
    due_at: datetime
    tries: int
    error: str

    @classmethod
    def of(cls, row: Timer) -> TimerView:
        return cls(id=row.id, handler=row.handler, key=row.key, due_at=row.due_at, tries=row.tries, error=row.error)


class OpenJobView(View):
    """Background work that is not done. ``wakes_at``: when it is due, of what runs when its lease runs out."""

    id: UUID
    handler: str
    key: str
    state: str  # waiting, ready, running, parked
    wakes_at: datetime
    tries: int
    error: str
    created_at: datetime

    @classmethod
    def of(cls, row: OpenJob) -> OpenJobView:
        return cls(
            id=row.id,
            handler=row.handler,
            key=row.key,
            state=row.standing,
            wakes_at=row.wakes_at,
            tries=row.tries,
            error=row.error,
            created_at=row.created_at,
        )


class CalledOffView(View):
    """A job that will not be done."""

    id: UUID
    state: str


class Settlement(Body):
    """What was done about a discrepancy."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]


class SettledView(View):
    """A discrepancy that is off the list."""

    id: UUID


class RedrivenView(View):
    """A job that is due again."""

    id: UUID
    state: str


class WhichJobs(Body):
    """Which parked work: what is empty does not matter."""

    handler: Annotated[str, msgspec.Meta(max_length=80)] = ""
    warehouse: Annotated[str, msgspec.Meta(max_length=32)] = ""


class RedrivenManyView(View):
    """How many jobs are due again, of 10,000 at most."""

    count: int


class WaitingOrderView(View):
    """An order that could not be sent to its warehouse until now. ``next_at`` null: a person must see to it."""

    order_id: UUID
    number: str
    shop_id: UUID
    fulfilment: str
    warehouse: str
    since: datetime
    reason: str
    next_at: datetime | None

    @classmethod
    def of(cls, row: WaitingOrder) -> WaitingOrderView:
        return cls(
            order_id=row.order_id,
            number=row.number,
            shop_id=row.shop_id,
            fulfilment=row.fulfilment,
            warehouse=row.warehouse,
            since=row.since,
            reason=row.reason,
            next_at=row.next_at,
        )


OfHandler: TypeAlias = Annotated[str, msgspec.Meta(max_length=80, description="Only of this kind of work.")]
OfWarehouse: TypeAlias = Annotated[str, msgspec.Meta(max_length=32, description="Only about what this one ships.")]


class WaitingOrdersController(Controller):
    """Orders that their warehouse has not been told of."""

    path = "/wms/waiting"
    tags = ("Work lists",)

    @get("/", operation_id="listOrdersWaitingForWarehouse", opt=needs(Permission.ORDERS_READ), sync_to_thread=True)
    def waiting(
        self, actor: Given[Actor], queries: Given[Queries], limit: Limit = DEFAULT_PAGE, warehouse: OfWarehouse = ""
    ) -> Page[WaitingOrderView]:
        """List orders that could not be sent to their warehouse until now, those that wait longest first (待送仓)."""
        found = queries.waiting_for_warehouse(actor, limit=limit, warehouse=warehouse)
        return Page(items=[WaitingOrderView.of(row) for row in found])


class DiscrepanciesController(Controller):
    """Discrepancies."""

    path = "/discrepancies"
    tags = ("Work lists",)

    @get("/", operation_id="listDiscrepancies", opt=needs(Permission.ORDERS_READ), sync_to_thread=True)
    def differences(
        self, actor: Given[Actor], queries: Given[Queries], limit: Limit = DEFAULT_PAGE
    ) -> Page[DifferenceView]:
        """List what differs, oldest first."""
        return Page(items=[DifferenceView.of(row) for row in queries.differences(actor, limit=limit)])

    @post(
        "/{difference_id:uuid}/settlement",
        operation_id="settleDiscrepancy",
        opt=needs(SettleDifference.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def settle(
        self,
        difference_id: FromPath[UUID],
        data: JSONBody[Settlement],
        actor: Given[Actor],
        discrepancies: Given[DiscrepancyService],
    ) -> SettledView:
        """Take a discrepancy off the list, once somebody has seen to it (核销差异). Stated anew it comes back."""
        command = SettleDifference(difference_id=difference_id, reason=data.reason, by=actor)
        return SettledView(id=discrepancies.settle(command).id)


class JobsController(Controller):
    """Background work."""

    path = "/jobs"
    tags = ("Work lists",)

    @get("/", operation_id="listJobs", opt=needs(Permission.ADMIN), sync_to_thread=True)
    def jobs(
        self,
        actor: Given[Actor],
        queries: Given[Queries],
        signer: Given[Signer],
        now: Given[Clock],
        standing: Annotated[JobStanding | None, QueryParameter(name="state")] = None,
        handler: Annotated[str, QueryParameter(max_length=80)] = "",
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[OpenJobView]:
        """List the work that is not done (后台任务), what wakes next first: all, or as it stands, or of a handler."""
        pages = Pages(signer, ("jobs", str(standing or ""), handler))
        after = pages.position(cursor)
        rows = queries.open_jobs(actor, standing=standing, handler=handler, after=after, limit=limit + 1, now=now())
        return pages.page(rows, limit, OpenJobView.of, lambda row: by_time(row.wakes_at, row.id))

    @get("/parked", operation_id="listParkedJobs", opt=needs(Permission.ADMIN), sync_to_thread=True)
    def parked(
        self,
        actor: Given[Actor],
        queries: Given[Queries],
        limit: Limit = DEFAULT_PAGE,
        handler: OfHandler = "",
        warehouse: OfWarehouse = "",
    ) -> Page[ParkedJobView]:
        """List work that was given up for now, oldest first: all, of a handler, or about what a warehouse ships."""
        found = queries.parked_jobs(actor, limit=limit, handler=handler, warehouse=warehouse)
        return Page(items=[ParkedJobView.of(row) for row in found])

    @post(
        "/redrives",
        operation_id="redriveParkedJobs",
        opt=needs(RedriveParked.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def redrive_parked(
        self, data: JSONBody[WhichJobs], actor: Given[Actor], job_service: Given[JobService]
    ) -> RedrivenManyView:
        """Make all parked work due again, or that of a handler, or about what a warehouse ships (批量重新执行)."""
        command = RedriveParked(handler=data.handler, warehouse=data.warehouse, by=actor)
        return RedrivenManyView(count=job_service.redrive_parked(command).count)

    @post(
        "/{job_id:uuid}/redrive",
        operation_id="redriveJob",
        opt=needs(RedriveJob.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def redrive(self, job_id: FromPath[UUID], actor: Given[Actor], job_service: Given[JobService]) -> RedrivenView:
        """Make parked work due again (重新执行)."""
        return RedrivenView(id=job_service.redrive(RedriveJob(job_id=job_id, by=actor)).id, state="ready")

    @get("/timers", operation_id="listTimers", opt=needs(Permission.ADMIN), sync_to_thread=True)
    def timers(self, actor: Given[Actor], queries: Given[Queries], limit: Limit = DEFAULT_PAGE) -> Page[TimerView]:
        """List what becomes due by itself, the next one first."""
        return Page(items=[TimerView.of(row) for row in queries.timers(actor, limit=limit)])

    @post(
        "/{job_id:uuid}/cancellation",
        operation_id="callOffJob",
        opt=needs(CallOffJob.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def call_off(self, job_id: FromPath[UUID], actor: Given[Actor], job_service: Given[JobService]) -> CalledOffView:
        """Drop a timer, or work that was given up for now (取消任务)."""
        return CalledOffView(id=job_service.call_off(CallOffJob(job_id=job_id, by=actor)).id, state="called_off")
