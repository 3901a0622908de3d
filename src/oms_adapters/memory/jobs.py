"""Work to do later. Of one handler and stream only the first open job may run, and parked is open."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from attrs import define, evolve

from oms_adapters.memory.tables import JobRow, JobState, Tables
from oms_app.actor import JobClaim
from oms_app.ports.jobs import Envelope, Job, JobCounts
from oms_app.ports.transaction import Clock, LeaseLost, NewId
from oms_domain.kernel.identity import ShopId

WAKES: Final = (JobState.READY, JobState.LEASED)
OPEN: Final = (*WAKES, JobState.PARKED)


@define
class MemoryJobs:
    """The rows of work. Each call takes the lock once."""

    tables: Tables
    now: Clock
    new_id: NewId

    def relay(self, handlers: Mapping[str, Sequence[str]], *, now: datetime, limit: int) -> int:
        with self.tables.lock:
            count = min(limit, len(self.tables.outbox))
            for _ in range(count):
                envelope = self.tables.outbox.popleft()
                for handler in handlers.get(envelope.event.type, ()):
                    self._add(handler, str(envelope.id), envelope, now)
                self.tables.archive.append(envelope)
            return count

    def claim(self, *, now: datetime, lease_until: datetime, limit: int) -> tuple[Job, ...]:
        with self.tables.lock:
            claimed: list[Job] = []
            while len(claimed) < limit and self.tables.waiting and self.tables.waiting[0][0] <= now:
                wakes_at, _, job_id = heapq.heappop(self.tables.waiting)
                row = self.tables.jobs[job_id]
                if row.state not in WAKES or row.wakes_at != wakes_at or not _is_first(self.tables, row):
                    continue
                row = evolve(row, state=JobState.LEASED, wakes_at=lease_until, token=row.token + 1, tries=row.tries + 1)
                _put(self.tables, row)
                claimed.append(_job(row))
            return tuple(claimed)

    def finish(self, claim: JobClaim, *, again_at: datetime | None = None) -> None:
        with self.tables.lock:
            row = _held(self.tables, claim)
            if row is None:
                return
            if again_at is None:
                _put(self.tables, evolve(row, state=JobState.DONE))
            else:
                _put(self.tables, evolve(row, state=JobState.READY, wakes_at=again_at, tries=0, error=""))

    def fail(self, claim: JobClaim, *, error: str, retry_at: datetime | None, now: datetime) -> None:
        with self.tables.lock:
            row = _held(self.tables, claim)
            if row is None:
                return
            if retry_at is None:
                _put(self.tables, evolve(row, state=JobState.PARKED, error=error))
            else:
                _put(self.tables, evolve(row, state=JobState.READY, wakes_at=retry_at, error=error))

    def ensure(self, handler: str, key: str, *, due_at: datetime) -> None:
        with self.tables.lock:
            self._add(handler, key, None, due_at)

    def redrive(self, job_id: UUID, *, now: datetime) -> bool:
        with self.tables.lock:
            row = self.tables.jobs.get(job_id)
            if row is None or row.state is not JobState.PARKED:
                return False
            redriven(self.tables, row, now)()
            return True

    def counts(self, *, now: datetime) -> JobCounts:
        with self.tables.lock:
            rows = [row for row in self.tables.jobs.values() if row.state in OPEN]
            leased = sum(row.state is JobState.LEASED and row.wakes_at > now for row in rows)
            parked = sum(row.state is JobState.PARKED for row in rows)
            return JobCounts(
                outbox=len(self.tables.outbox),
                ready=sum(row.state is not JobState.PARKED and row.wakes_at <= now for row in rows),
                leased=leased,
                parked=parked,
            )

    def _add(self, handler: str, key: str, envelope: Envelope | None, due_at: datetime) -> None:
        if (handler, key) in self.tables.job_ids:
            return
        row = JobRow(
            id=self.new_id(), handler=handler, key=key, envelope=envelope, wakes_at=due_at, created_at=self.now()
        )
        self.tables.job_ids[handler, key] = row.id
        self.tables.lanes.setdefault(row.lane, deque()).append(row.id)
        _put(self.tables, row)


def redriven(tables: Tables, row: JobRow, now: datetime) -> Callable[[], None]:
    """Return how to make a parked job due."""
    due = evolve(row, state=JobState.READY, wakes_at=now, tries=0)
    return lambda: _put(tables, due)


def timer_set(
    tables: Tables, handler: str, key: str, *, due_at: datetime, shop_id: ShopId | None, new_id: NewId, now: datetime
) -> None:
    """Put a timer in place, or move it; whoever works on it holds it no longer."""
    job_id = tables.job_ids.get((handler, key))
    if job_id is None:
        row = JobRow(
            id=new_id(), handler=handler, key=key, envelope=None, wakes_at=due_at, shop_id=shop_id, created_at=now
        )
        tables.job_ids[handler, key] = row.id
    else:
        old = tables.jobs[job_id]
        row = evolve(old, state=JobState.READY, wakes_at=due_at, token=old.token + 1, tries=0, error="")
    lane = tables.lanes.setdefault(row.lane, deque())
    if row.id not in lane:
        lane.append(row.id)
    _put(tables, row)


def called_off(tables: Tables, row: JobRow, by: str) -> Callable[[], None]:
    """Return how to drop a job."""
    done = evolve(row, state=JobState.DONE, token=row.token + 1, error=f"called off by {by}")
    return lambda: _put(tables, done)


def done_with(tables: Tables, claim: JobClaim) -> Callable[[], None]:
    """Return how to mark the job done together with its effect. Raises ``LeaseLost``."""
    row = _held(tables, claim)
    if row is None:
        raise LeaseLost(job_id=claim.job_id)
    done = evolve(row, state=JobState.DONE)
    return lambda: _put(tables, done)


def _held(tables: Tables, claim: JobClaim) -> JobRow | None:
    """Return the job if the claim is the newest and the job is neither done nor parked."""
    row = tables.jobs.get(claim.job_id)
    return row if row and row.token == claim.token and row.state in WAKES else None


def _put(tables: Tables, row: JobRow) -> None:
    """Store a row, and let it, or the next one in its lane, be found when it is due."""
    tables.jobs[row.id] = row
    if row.state is JobState.DONE:
        lane = tables.lanes[row.lane]
        lane.remove(row.id)
        if lane:
            row = tables.jobs[lane[0]]
        else:
            del tables.lanes[row.lane]
    if row.state in WAKES and _is_first(tables, row):
        tables.turns += 1
        heapq.heappush(tables.waiting, (row.wakes_at, tables.turns, row.id))


def _is_first(tables: Tables, row: JobRow) -> bool:
    return tables.lanes[row.lane][0] == row.id


def _job(row: JobRow) -> Job:
    claim = JobClaim(job_id=row.id, token=row.token)
    return Job(claim=claim, handler=row.handler, key=row.key, tries=row.tries, envelope=row.envelope)
