"""What follows from a parcel's leaving: what its carrier told of it before is taken in."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen

from oms_app.actor import system
from oms_app.ports.jobs import Job
from oms_app.runner import Handler
from oms_app.tracking import TakeEarlyPushes, TrackingService
from oms_domain.orders.events import OrderShipped

BY_CARRIERS: Final = "tracking"


@frozen(kw_only=True)
class TrackingProcess:
    """Carriers are faster than warehouses."""

    tracking: TrackingService

    def handlers(self) -> tuple[Handler, ...]:
        return (Handler(name="tracking.take_early", run=self.take_early, events=(OrderShipped.type,)),)

    def take_early(self, job: Job) -> datetime | None:
        assert job.envelope is not None
        event = job.envelope.event
        assert isinstance(event, OrderShipped)
        by = system(BY_CARRIERS, cause=job.envelope.id)
        self.tracking.take_early(TakeEarlyPushes(tracking_no=event.tracking_no, by=by))
        return None
