"""What is owed is asked for: once goods that were paid for will never leave, and again when a case in the way ends."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen

from oms_app.owing import AskOwed, OwingService
from oms_app.ports.jobs import Job
from oms_app.processes.orders import actor_of
from oms_app.runner import Handler
from oms_domain.aftersales.events import CaseClosed, CaseEvent, CaseKindChanged, CaseRefunded, PlatformDecided
from oms_domain.aftersales.states import OPEN
from oms_domain.orders.events import (
    OrderCancelled,
    OrderEdited,
    OrderEvent,
    OrderLost,
    OrderRestCancelled,
    OrderReturned,
)
from oms_domain.orders.flags import BY_PLATFORM

REASONS: Final = {
    OrderCancelled.type: "order_cancelled",
    OrderEdited.type: "order_edited",
    OrderRestCancelled.type: "rest_cancelled",
    OrderReturned.type: "order_returned",
    OrderLost.type: "order_lost",
}
CASE_ENDED: Final = "case_ended"
ENDS: Final = (CaseClosed, CaseRefunded, CaseKindChanged, PlatformDecided)
"""Ends of a case, after which what it held may be owed."""


@frozen(kw_only=True)
class OwingProcess:
    """From goods that stay here to the refund of what was paid for them."""

    owing: OwingService

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(name="aftersales.ask_owed", run=self.ask, events=tuple(REASONS)),
            Handler(name="aftersales.ask_owed_again", run=self.ask_again, events=tuple(each.type for each in ENDS)),
        )

    def ask(self, job: Job) -> datetime | None:
        event = job.envelope.event if job.envelope else None
        assert isinstance(event, OrderEvent)
        if isinstance(event, OrderCancelled) and not event.refund_due.fen and event.reason == BY_PLATFORM:
            return None  # the platform has given the money back, and tells of it
        self.owing.ask(AskOwed(order_id=event.order_id, reason=REASONS[event.type], by=actor_of(job, "owing")))
        return None

    def ask_again(self, job: Job) -> datetime | None:
        event = job.envelope.event if job.envelope else None
        assert isinstance(event, CaseEvent)
        if event.state not in OPEN:
            self.owing.ask(AskOwed(order_id=event.order_id, reason=CASE_ENDED, by=actor_of(job, "owing")))
        return None
