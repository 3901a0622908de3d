"""Use cases of background work: what was given up for now is made due again, or dropped; timers are dropped."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin, Clock
from oms_app.transactions import Pause, one_transaction


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
class JobService:
    """Use cases of background work."""

    begin: Begin
    now: Clock
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

    @one_transaction
    def call_off(self, command: CallOffJob) -> CalledOff:
        """Raises ``JobNotOpen``, also for one of another's shops."""
        with self.begin(command) as tx:
            if done := tx.recall(CalledOff):
                return done
            tx.call_off(command.job_id, at=self.now())
            answer = CalledOff(id=command.job_id)
            tx.remember(answer)
            tx.commit()
        return answer
