"""Jobs as rows: relayed from the outbox, claimed under a lease with a fencing token, finished with their effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Connection

from oms_adapters.db.codec import decode_event
from oms_adapters.db.engine import Engines
from oms_adapters.db.errors import translated
from oms_adapters.db.journal import event, outbox
from oms_adapters.db.types import Id, Instant, code, table, text
from oms_adapters.db.work import Work
from oms_app.actor import Actor, JobClaim
from oms_app.ports.jobs import Envelope, Job, JobCounts
from oms_app.ports.transaction import Contended, Duplicate, JobNotOpen, JobNotParked, LeaseLost, NewId
from oms_domain.kernel.identity import EventId, ShopId

T = TypeVar("T")

OPEN: Final = "open"
DONE: Final = "done"
PARKED: Final = "parked"
TRIES: Final = 5

job = table(
    "job",
    sa.Column("id", Id, primary_key=True),
    sa.Column("handler", text(80), nullable=False),
    sa.Column("key", text(100), nullable=False),
    sa.Column("event_id", Id, nullable=True),
    sa.Column("stream", Id, nullable=True),
    sa.Column("seq", sa.Integer, nullable=True),
    sa.Column("state", code(), nullable=False),
    sa.Column("due_at", Instant, nullable=False),
    sa.Column("lease_until", Instant, nullable=True),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("error", text(500), nullable=False),
    sa.Column("shop_id", Id, nullable=True),  # of a timer: whose it is
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("done_at", Instant, nullable=True),
    sa.UniqueConstraint("handler", "key"),
    sa.Index("ix_job_due", "state", "due_at"),
    sa.Index("ix_job_stream", "stream", "handler", "seq"),
)

_earlier = job.alias("earlier")
_DUE = (
    sa.select(job)
    .where(
        job.c.state == OPEN,
        job.c.due_at <= sa.bindparam("now"),
        sa.or_(job.c.lease_until.is_(None), job.c.lease_until <= sa.bindparam("now")),
        ~sa.exists().where(
            _earlier.c.stream == job.c.stream,
            _earlier.c.handler == job.c.handler,
            _earlier.c.seq < job.c.seq,
            _earlier.c.state != DONE,
        ),
    )
    .order_by(job.c.due_at, job.c.id)
    .limit(sa.bindparam("most"))
)
_LEASE = (
    job.update()
    .where(job.c.id == sa.bindparam("key_id"), job.c.token == sa.bindparam("key_token"), job.c.state == OPEN)
    .values(lease_until=sa.bindparam("lease_until"), token=job.c.token + 1, tries=job.c.tries + 1)
)
_EVENTS = sa.select(event).where(event.c.id.in_(sa.bindparam("ids", expanding=True)))
_UNSENT = sa.select(outbox).order_by(outbox.c.id).limit(sa.bindparam("most"))
_LOWEST = (
    sa.select(outbox.c.stream, sa.func.min(outbox.c.seq).label("seq"))
    .where(outbox.c.stream.in_(sa.bindparam("streams", expanding=True)))
    .group_by(outbox.c.stream)
)
_SENT = outbox.delete().where(outbox.c.id == sa.bindparam("key_id"))
_MINE = (job.c.id == sa.bindparam("key_id"), job.c.token == sa.bindparam("key_token"), job.c.state == OPEN)
_FINISH = job.update().where(*_MINE).values(state=DONE, done_at=sa.bindparam("now"), lease_until=None, error="")

_AGAIN = job.update().where(job.c.state == PARKED).values(state=OPEN, tries=0, lease_until=None)
_PARKED_JOB = (
    sa.select(job.c.id, event.c.shop_id)
    .outerjoin(event, event.c.id == job.c.event_id)
    .where(job.c.id == sa.bindparam("id"), job.c.state == PARKED)
)
_DROPPABLE_JOB = (
    sa.select(job.c.handler, job.c.key, job.c.token, sa.func.coalesce(event.c.shop_id, job.c.shop_id).label("shop_id"))
    .outerjoin(event, event.c.id == job.c.event_id)
    .where(
        job.c.id == sa.bindparam("id"),
        sa.or_(
            job.c.state == PARKED,
            sa.and_(job.c.state == OPEN, job.c.event_id.is_(None), job.c.shop_id.is_not(None)),
        ),
    )
)


def finish_with_effect(connection: Connection, claim: JobClaim, now: datetime) -> None:
    """Mark a job done in the transaction of its effect. Raises ``LeaseLost`` if another worker holds it by now."""
    result = connection.execute(_FINISH, {"key_id": claim.job_id, "key_token": claim.token, "now": now})
    if result.rowcount != 1:
        raise LeaseLost(job_id=claim.job_id)


def redrive(work: Work, actor: Actor, job_id: UUID, at: datetime) -> None:
    """Gather that a parked job is due again. Raises ``JobNotParked``, at the latest when it is sent."""
    again = _AGAIN.where(job.c.id == job_id).values(due_at=at)

    def send(connection: Connection) -> None:
        if connection.execute(again).rowcount != 1:
            raise JobNotParked

    found = work.rows(_PARKED_JOB, {"id": job_id})
    if not found or (actor.shops is not None and found[0].shop_id not in actor.shops):
        raise JobNotParked
    work.last.append((("~job", job_id.hex), send))


def set_timer(work: Work, handler: str, key: str, *, due_at: datetime, shop_id: ShopId | None, id: UUID) -> None:
    """Gather that work is due at a time; whoever works on an earlier one of this key holds it no longer."""
    again = {"due_at": due_at, "state": OPEN, "lease_until": None, "tries": 0, "error": "", "done_at": None}
    move = job.update().where(job.c.handler == handler, job.c.key == key).values(token=job.c.token + 1, **again)
    row = {"id": id, "handler": handler, "key": key, "event_id": None, "stream": None, "seq": None, "token": 0}
    row |= again | {"shop_id": shop_id, "created_at": due_at}

    def send(connection: Connection) -> None:
        if connection.execute(move).rowcount == 0:
            connection.execute(job.insert(), row)

    work.last.append((("~job", handler, key), send))


def call_off(work: Work, actor: Actor, job_id: UUID, at: datetime) -> tuple[str, str]:
    """Gather that a timer, or a parked job, is dropped. Raises ``JobNotOpen``, at the latest when it is sent."""
    found = work.rows(_DROPPABLE_JOB, {"id": job_id})
    if not found or (actor.shops is not None and found[0].shop_id not in actor.shops):
        raise JobNotOpen
    drop = job.update().where(job.c.id == job_id, job.c.token == found[0].token, job.c.state != DONE)
    why = f"called off by {actor.id}"[:500]

    def send(connection: Connection) -> None:
        gone = drop.values(state=DONE, done_at=at, lease_until=None, token=job.c.token + 1, error=why)
        if connection.execute(gone).rowcount != 1:
            raise JobNotOpen

    work.last.append((("~job", job_id.hex), send))
    return found[0].handler, found[0].key


def envelope_of(row: Any) -> Envelope:
    return Envelope(
        id=EventId(row.id),
        stream=row.stream,
        seq=row.seq,
        shop_id=ShopId(row.shop_id) if row.shop_id else None,
        actor=row.actor,
        request_id=row.request_id,
        cause=EventId(row.cause) if row.cause else None,
        event=decode_event(row.type, row.version, row.data),
    )


@frozen
class JobStore:
    """``oms_app.ports.jobs.Jobs`` on a database."""

    engines: Engines
    new_id: NewId
    pause: Callable[[int], None]

    def relay(self, handlers: Mapping[str, Sequence[str]], *, now: datetime, limit: int) -> int:
        if self._nothing(sa.select(outbox.c.id).limit(1)):
            return 0
        return self._tried(lambda connection: self._relay(connection, handlers, now, limit))

    def claim(self, *, now: datetime, lease_until: datetime, limit: int) -> tuple[Job, ...]:
        if self._nothing(_DUE.with_only_columns(job.c.id), {"now": now, "most": 1}):
            return ()
        return self._tried(lambda connection: self._claim(connection, now, lease_until, limit))

    def finish(self, claim: JobClaim, *, again_at: datetime | None = None) -> None:
        values: dict[str, Any] = {"lease_until": None, "error": "", "tries": 0}
        values |= {"state": DONE} if again_at is None else {"due_at": again_at}
        self._change(claim, values)

    def fail(self, claim: JobClaim, *, error: str, retry_at: datetime | None, now: datetime) -> None:
        values: dict[str, Any] = {"lease_until": None, "error": error[:500]}
        values |= {"state": PARKED} if retry_at is None else {"due_at": retry_at}
        self._change(claim, values)

    def ensure(self, handler: str, key: str, *, due_at: datetime) -> None:
        row = self._row(handler, key, None, due_at)
        there = sa.select(job.c.id).where(job.c.handler == handler, job.c.key == key)

        def add(connection: Connection) -> None:
            if connection.execute(there).first() is None:
                connection.execute(job.insert(), row)

        self._tried(add)

    def redrive(self, job_id: UUID, *, now: datetime) -> bool:
        again = _AGAIN.where(job.c.id == job_id).values(due_at=now)
        return self._tried(lambda connection: connection.execute(again).rowcount == 1)

    def counts(self, *, now: datetime) -> JobCounts:
        leased = sa.and_(job.c.state == OPEN, job.c.lease_until > now)
        free = sa.or_(job.c.lease_until.is_(None), job.c.lease_until <= now)
        due = sa.and_(job.c.state == OPEN, job.c.due_at <= now, free)
        with translated(), self.engines.read.connect() as connection:
            waiting = connection.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one()
            row = connection.execute(
                sa.select(
                    sa.func.count(sa.case((due, 1))).label("due"),
                    sa.func.count(sa.case((leased, 1))).label("leased"),
                    sa.func.count(sa.case((job.c.state == PARKED, 1))).label("parked"),
                ).where(job.c.state != DONE)
            ).one()
        return JobCounts(outbox=waiting, ready=row.due, leased=row.leased, parked=row.parked)

    def _relay(self, connection: Connection, handlers: Mapping[str, Sequence[str]], now: datetime, limit: int) -> int:
        rows = list(connection.execute(self._locking(_UNSENT), {"most": limit}))
        if not rows:
            return 0
        streams = sorted({row.stream for row in rows}, key=lambda stream: stream.bytes)
        lowest = {row.stream: row.seq for row in connection.execute(_LOWEST, {"streams": streams})}
        sent = []
        for row in sorted(rows, key=lambda row: (row.stream.bytes, row.seq)):
            # Another relay may hold an earlier event of this stream: its turn comes after that one.
            if row.seq == lowest[row.stream]:
                sent.append(row)
                lowest[row.stream] += 1
        if not sent:
            return 0
        jobs = [self._row(name, str(row.id), row, now) for row in sent for name in handlers.get(row.type, ())]
        if jobs:
            connection.execute(job.insert(), jobs)
        connection.execute(event.insert(), [dict(row._mapping) for row in sent])
        connection.execute(_SENT, [{"key_id": row.id} for row in sent])
        return len(sent)

    def _claim(self, connection: Connection, now: datetime, lease_until: datetime, limit: int) -> tuple[Job, ...]:
        due = list(connection.execute(self._locking(_DUE), {"now": now, "most": limit}))
        if not due:
            return ()
        leases = [{"key_id": row.id, "key_token": row.token, "lease_until": lease_until} for row in due]
        if connection.execute(_LEASE, leases).rowcount != len(leases):
            raise Contended(what="job")
        ids = [row.event_id for row in due if row.event_id]
        events = {row.id: envelope_of(row) for row in connection.execute(_EVENTS, {"ids": ids})} if ids else {}
        return tuple(
            Job(
                claim=JobClaim(job_id=row.id, token=row.token + 1),
                handler=row.handler,
                key=row.key,
                tries=row.tries + 1,
                envelope=events.get(row.event_id),
            )
            for row in due
        )

    def _locking(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        if self.engines.dialect == "sqlite":
            return statement
        return statement.with_for_update(skip_locked=True, of=None)

    def _change(self, claim: JobClaim, values: dict[str, Any]) -> None:
        change = job.update().where(*_MINE).values(**values)
        self._tried(lambda connection: connection.execute(change, {"key_id": claim.job_id, "key_token": claim.token}))

    def _row(self, handler: str, key: str, envelope: Any, due_at: datetime) -> dict[str, Any]:
        return {
            "id": self.new_id(),
            "handler": handler,
            "key": key,
            "event_id": envelope.id if envelope is not None else None,
            "stream": envelope.stream if envelope is not None else None,
            "seq": envelope.seq if envelope is not None else None,
            "state": OPEN,
            "due_at": due_at,
            "lease_until": None,
            "token": 0,
            "tries": 0,
            "error": "",
            "shop_id": None,
            "created_at": due_at,
            "done_at": None,
        }

    def _nothing(self, statement: sa.Select[Any], parameters: dict[str, Any] | None = None) -> bool:
        """Whether there is nothing to do: asked without the write lock, so that an idle runner disturbs nobody."""
        with translated(), self.engines.read.connect() as connection:
            return connection.execute(statement, parameters or {}).first() is None

    def _tried(self, act: Callable[[Connection], T]) -> T:
        for attempt in range(2, TRIES + 1):
            try:
                return self._once(act)
            except (Contended, Duplicate):
                self.pause(attempt)
        return self._once(act)

    def _once(self, act: Callable[[Connection], T]) -> T:
        with writing(self.engines) as connection:
            return act(connection)


@contextmanager
def writing(engines: Engines) -> Iterator[Connection]:
    """Run a short write transaction of its own."""
    if engines.dialect == "sqlite":
        with engines.write_lock, translated(), engines.write.begin() as connection:
            yield connection
    else:
        with translated(), engines.write.begin() as connection:
            yield connection
