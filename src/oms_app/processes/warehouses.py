"""What follows when warehouses report by themselves, and when they do not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from oms_app.actor import system
from oms_app.booking import BY_WAREHOUSE
from oms_app.fulfilment import FulfilmentService, NoteSilence
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Clock
from oms_app.processes.orders import actor_of
from oms_app.queries.rows import LARGEST_PAGE, OrderFilter, Position, Queries
from oms_app.reports import BookKept, ReportService
from oms_app.runner import Handler
from oms_domain.fulfilment.reports import ReportReceived
from oms_domain.orders.states import OrderState

WATCH_SILENCE: Final = "shipping.watch_silence"
_BEGINNING: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@frozen(kw_only=True)
class ReportProcess:
    """Books what warehouses have pushed, and looks for orders that a warehouse says nothing of."""

    reports: ReportService
    fulfilment: FulfilmentService
    queries: Queries
    now: Clock
    patience: timedelta = timedelta(hours=48)
    look_every: timedelta = timedelta(minutes=10)

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(name="shipping.book_report", run=self.book, events=(ReportReceived.type,)),
            Handler(name=WATCH_SILENCE, run=self.watch),
        )

    def book(self, job: Job) -> datetime | None:
        event = job.envelope.event if job.envelope else None
        assert isinstance(event, ReportReceived)
        self.reports.book(BookKept(report_id=event.report_id, by=actor_of(job, BY_WAREHOUSE)))
        return None

    def watch(self, job: Job) -> datetime | None:
        """Intercept orders that are with a warehouse, and of which nothing was heard for longer than ``patience``."""
        actor, now, after = system(BY_WAREHOUSE), self.now(), None
        wanted = OrderFilter(states=(OrderState.IN_WAREHOUSE,), flagged=False, updated_after=_BEGINNING)
        while rows := self.queries.orders(actor, wanted, after=after, limit=LARGEST_PAGE, now=now):
            for row in rows:
                if row.updated_at > now - self.patience:
                    return now + self.look_every
                note = NoteSilence(order_id=row.id, silent_since=now - self.patience, by=actor)
                self.fulfilment.note_silence(note)
            after = Position(rows[-1].updated_at, rows[-1].id)
        return now + self.look_every
