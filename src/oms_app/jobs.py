"""Use cases of background work: what was given up for now is made due again, or dropped; timers are dropped."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar, Final
from uuid import UUID

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin, Clock, JobNotParked
from oms_app.queries.rows import Queries
from oms_app.timers import LIFT_FLAGS, end_of_flags
from oms_app.transactions import Pause, one_transaction
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import OrderId

MOST_REDRIVEN: Final = 10_000
"""Parked jobs that are made due at once."""


@frozen(kw_only=True)
class RedriveJob:
    """Make a parked job due again (重新执行)."""

    permission: ClassVar[Permission] = Permission.ADMIN
    job_id: UUID
    by: Actor


@frozen(kw_only=True)
class Redriven:
    """A job that is due again."""

    id: UUID


@frozen(kw_only=True)
class RedriveParked:
    """Make many parked jobs due again: all that the actor sees, or those of a handler, or about a warehouse."""

    permission: ClassVar[Permission] = Permission.ADMIN
    handler: str = ""
    warehouse: str = ""
    by: Actor


@frozen(kw_only=True)
class RedrivenMany:
    """How many jobs are due again."""

    count: int


@frozen(kw_only=True)
class CallOffJob:
    """Drop a timer, or work that was given up for now (取消任务)."""

    permission: ClassVar[Permission] = Permission.ADMIN
    job_id: UUID
    by: Actor


@frozen(kw_only=True)
class CalledOff:
    """A job that will not be done."""

    id: UUID


@frozen(kw_only=True)
class EndsAFlag(Refused):
    """A flag of an order ends by it, and would stand for ever: lift the flag, or give it another time."""

    code: ClassVar[str] = "jobs.ends_a_flag"
    number: str


@frozen(kw_only=True)
class JobService:
    """Use cases of background work."""

    begin: Begin
    now: Clock
    queries: Queries
    pause: Pause

    @one_transaction
    def redrive(self, command: RedriveJob) -> Redriven:
        """Raises ``JobNotParked``, also for one of another's shops."""
        with self.begin(command) as tx:
            if done := tx.recall(Redriven):
                return done
            tx.redrive(command.job_id, at=self.now())
            answer = Redriven(id=command.job_id)
            tx.remember(answer)
            tx.commit()
        return answer

    def redrive_parked(self, command: RedriveParked) -> RedrivenMany:
        """Each is a transaction of its own; what somebody else has made due meanwhile is left to them."""
        with self.begin(command) as tx:
            if done := tx.recall(RedrivenMany):
                return done
        by, count = evolve(command.by, once=None), 0
        found = self.queries.parked_jobs(by, limit=MOST_REDRIVEN, handler=command.handler, warehouse=command.warehouse)
        for job in found:
            with suppress(JobNotParked):
                self.redrive(RedriveJob(job_id=job.id, by=by))
                count += 1
        answer = RedrivenMany(count=count)
        with self.begin(command) as tx:
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def call_off(self, command: CallOffJob) -> CalledOff:
        """Raises ``JobNotOpen``, also for one of another's shops; ``EndsAFlag``."""
        with self.begin(command) as tx:
            if done := tx.recall(CalledOff):
                return done
            handler, key = tx.call_off(command.job_id, at=self.now())
            if handler == LIFT_FLAGS and end_of_flags(order := tx.orders.get(OrderId(UUID(key)))) is not None:
                raise EndsAFlag(number=order.number)
            answer = CalledOff(id=command.job_id)
            tx.remember(answer)
            tx.commit()
        return answer
