"""Work to do later, as rows: made from events, or of themselves at times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from attrs import frozen

from oms_app.actor import JobClaim
from oms_domain.kernel.change import Event
from oms_domain.kernel.identity import EventId, ShopId


@frozen(kw_only=True)
class Envelope:
    """A published fact with what is known about its publishing. ``seq`` is dense within ``stream``."""

    id: EventId
    stream: UUID
    seq: int
    shop_id: ShopId | None
    actor: str
    request_id: str
    cause: EventId | None
    event: Event


@frozen(kw_only=True)
class Job:
    """A claimed piece of work. ``envelope`` is None for work that comes of itself; ``key`` says on what."""

    claim: JobClaim
    handler: str
    key: str
    tries: int  # this one counted
    envelope: Envelope | None = None


@frozen(kw_only=True)
class JobCounts:
    """How much is to do. ``ready`` is due now and not being worked on; what is due later is not counted."""

    outbox: int
    ready: int
    leased: int
    parked: int


class Jobs(Protocol):
    """The rows of work. Each call is a short transaction of its own."""

    def relay(self, handlers: Mapping[str, Sequence[str]], *, now: datetime, limit: int) -> int:
        """Turn published events into one job per handler subscribed to their type; return how many events."""

    def claim(self, *, now: datetime, lease_until: datetime, limit: int) -> tuple[Job, ...]:
        """Take due work, or work whose lease has run out; of one handler and stream only the earliest open event."""

    def finish(self, claim: JobClaim, *, again_at: datetime | None = None) -> None:
        """Mark done, or due again at a time. Nothing if the claim is no longer the newest, or it is done."""

    def fail(self, claim: JobClaim, *, error: str, retry_at: datetime | None, now: datetime) -> None:
        """Give it back for another try, or park it (``retry_at`` None) for a person, with the reason."""

    def ensure(self, handler: str, key: str, *, due_at: datetime) -> None:
        """Have a job that comes of itself; if it is there already, nothing."""

    def redrive(self, job_id: UUID, *, now: datetime) -> bool:
        """Make a parked job due again; False if there is none such."""

    def counts(self, *, now: datetime) -> JobCounts: ...


JsonObject = dict[str, Any]
