"""Work lists for people: what differs from what others state, and work that was given up for now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.paging import DEFAULT_PAGE, Limit, Page
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor, Permission
from oms_app.discrepancies import DiscrepancyService, SettleDifference
from oms_app.jobs import CallOffJob, JobService, RedriveJob
from oms_app.ports.differences import Difference
from oms_app.queries.rows import ParkedJob, Queries, Timer
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

    @get("/parked", operation_id="listParkedJobs", opt=needs(Permission.ADMIN), sync_to_thread=True)
    def parked(self, actor: Given[Actor], queries: Given[Queries], limit: Limit = DEFAULT_PAGE) -> Page[ParkedJobView]:
        """List work that was given up for now, oldest first."""
        return Page(items=[ParkedJobView.of(row) for row in queries.parked_jobs(actor, limit=limit)])

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
