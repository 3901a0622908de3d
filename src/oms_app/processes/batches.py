"""Works on batches, a few blocks at a time, so that they stand in nobody's way."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import frozen

from oms_app.batches import WORK, BatchService
from oms_app.ports.batches import BatchId
from oms_app.ports.jobs import Job
from oms_app.runner import Handler


@frozen(kw_only=True)
class BatchProcess:
    """What happens to batches by itself."""

    batches: BatchService

    def handlers(self) -> tuple[Handler, ...]:
        return (Handler(name=WORK, run=self.work),)

    def work(self, job: Job) -> datetime | None:
        return self.batches.work(BatchId(UUID(job.key)))
