"""Asking whoever has the goods to stop: the warehouse, or the carriers of what has left. Safe to repeat.

What is asked is kept before the call, as the order's flag with the fulfilment order's number: asked again, it is the
same ask.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, Final

from attrs import evolve, frozen

from oms_app.ports.carriers import Carriers, ParcelToStop
from oms_app.ports.channels import RetryLater
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Clock
from oms_app.ports.wms import Stop, StopAnswer, StopOrder, Wms
from oms_app.processes.orders import actor_of, order_event
from oms_app.runner import Handler
from oms_app.stopping import BookStopped, BookStopRefused, NoteByHand, ReadStop, SettleByHand, StopService, ToStop
from oms_domain.orders.events import (
    OrderClosed,
    OrderDeliveryRefused,
    OrderDeliveryStopped,
    OrderStopAsked,
    OrderStopRefused,
)

DECIDED: Final = tuple(
    event.type for event in (OrderStopRefused, OrderDeliveryStopped, OrderDeliveryRefused, OrderClosed)
)
"""What decides whether a carrier stops what has left: its word, or the buyer's."""
ASK_AGAIN_S: Final = 30
"""How long the second asking waits; each further one so much longer: a quarter of an hour until a person is asked."""


@frozen(kw_only=True)
class StopProcess:
    """What follows when an order is to be stopped."""

    stops: StopService
    wms: Wms
    carriers: Carriers
    now: Clock

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(name="stopping.ask", run=self.ask, events=(OrderStopAsked.type,)),
            Handler(name="stopping.settle_by_hand", run=self.settle_by_hand, events=DECIDED),
        )

    def ask(self, job: Job) -> datetime | None:
        """Ask, and book the answer; without one, again later, until a person must see to it."""
        event, actor = job.envelope.event if job.envelope else None, actor_of(job, "stop")
        assert isinstance(event, OrderStopAsked)
        about: Any = {"order_id": event.order_id, "fulfilment_id": event.fulfilment_id}
        to_stop = self.stops.to_ask(ReadStop(**about, by=evolve(actor, job=None)))
        if to_stop is None or self.stops.settle_unsent(BookStopped(**about, by=actor)):
            return None
        self._wait_for(to_stop)
        answer = self._of_carriers(to_stop) if to_stop.by_carrier else self._of_warehouse(to_stop)
        match answer:
            case None:
                self.stops.note_by_hand(NoteByHand(**about, carrier=_carrier(to_stop), by=actor))
            case StopAnswer(outcome=Stop.STOPPED):
                self.stops.book_stopped(BookStopped(**about, by=actor))
            case StopAnswer(outcome=Stop.NOT_STOPPED):
                self.stops.book_refused(BookStopRefused(**about, reason=answer.reason, by=actor))
            case StopAnswer(reason=reason):
                raise RetryLater(reason=reason, after_s=ASK_AGAIN_S * job.tries)
        return None

    def settle_by_hand(self, job: Job) -> datetime | None:
        command = SettleByHand(order_id=order_event(job).order_id, by=actor_of(job, "stop"))
        self.stops.settle_by_hand(command)
        return None

    def _of_warehouse(self, to_stop: ToStop) -> StopAnswer:
        fulfilment = to_stop.fulfilment
        answer = self.wms.stop(
            StopOrder(number=fulfilment.number, warehouse=fulfilment.warehouse, reason=to_stop.reason)
        )
        if answer.outcome is Stop.NOT_KNOWN:
            # What it took and does not know any more it may have shipped; what it never took it will not.
            return evolve(answer, outcome=Stop.NOT_STOPPED if fulfilment.accepted else Stop.STOPPED)
        return answer

    def _wait_for(self, to_stop: ToStop) -> None:
        """Raises ``RetryLater`` while it may be on its way to the warehouse, which does not know it yet then."""
        now = self.now()
        if to_stop.not_before is not None and now < to_stop.not_before:
            wait = to_stop.not_before - now
            raise RetryLater(reason="being_sent", after_s=math.ceil(wait.total_seconds()))

    def _of_carriers(self, to_stop: ToStop) -> StopAnswer | None:
        """Ask for every parcel: one that is delivered all the same lets the whole order go on."""
        answers = [
            self.carriers.intercept(
                ParcelToStop(carrier=package.carrier, tracking_no=package.tracking_no, reason=to_stop.reason)
            )
            for package in to_stop.fulfilment.packages
        ]
        told = [answer for answer in answers if answer is not None]
        if len(told) < len(answers) or not told:
            return None
        worst = (Stop.NO_ANSWER, Stop.NOT_STOPPED, Stop.STOPPED)
        return min(told, key=lambda answer: worst.index(answer.outcome))


def _carrier(to_stop: ToStop) -> str:
    return ", ".join(sorted({package.carrier for package in to_stop.fulfilment.packages}))
