"""Custody: what follows when goods are asked back, come, are stopped, or leave anew."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import frozen

from oms_app.aftersales import CaseService
from oms_app.case_commands import NoteDifference
from oms_app.case_following import AskStop, BookArrival, BookReplacement, BookStop, CaseFollowing
from oms_app.inventory import PostStock, StockService
from oms_app.ports.jobs import Job
from oms_app.ports.vault import Sealer
from oms_app.ports.wms import ReturnNotice, Wms
from oms_app.processes.claims import BY_AFTERSALES, asking, event_of
from oms_app.processes.orders import actor_of
from oms_app.queries.aftersales import AftersalesQueries
from oms_app.returns import ReadReturn, ReturnService
from oms_app.runner import Handler
from oms_domain.aftersales.events import CaseApproved, CaseEvent, CaseRefunded, PlatformDecided
from oms_domain.aftersales.returns import GoodsReceived, ReturnAsked, ReturnEvent, ReturnHandedOver
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.inventory.documents import DocumentKind, Units
from oms_domain.inventory.stock import Quality
from oms_domain.kernel.identity import SkuCode
from oms_domain.orders.events import (
    OrderCancelled,
    OrderEvent,
    OrderReplaced,
    OrderRestCancelled,
    OrderShipped,
    OrderShippedOutside,
    OrderStopRefused,
    OrderUnflagged,
    OrderUnreviewed,
)
from oms_domain.orders.flags import FlagKind

STOPS: Final = (
    OrderCancelled,
    OrderUnreviewed,
    OrderReplaced,
    OrderRestCancelled,
    OrderStopRefused,
    OrderShipped,
    OrderShippedOutside,
    OrderUnflagged,
)
"""What decides whether the goods of a case leave."""


@frozen(kw_only=True)
class GoodsProcess:
    """What follows for the warehouse, the stock and the case when goods are asked back, come, or leave anew."""

    cases: CaseService
    following: CaseFollowing
    returns: ReturnService
    stock: StockService
    wms: Wms
    sealer: Sealer
    queries: AftersalesQueries

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(name="returns.announce", run=self.announce, events=(ReturnAsked.type,)),
            Handler(name="returns.stock", run=self.book_stock, events=(GoodsReceived.type, ReturnHandedOver.type)),
            Handler(name="returns.case", run=self.go_on, events=(GoodsReceived.type,)),
            Handler(
                name="aftersales.ask_stop",
                run=self.ask_stop,
                events=(CaseApproved.type, PlatformDecided.type, CaseRefunded.type),
            ),
            Handler(name="aftersales.order_moved", run=self.order_moved, events=tuple(event.type for event in STOPS)),
        )

    def announce(self, job: Job) -> datetime | None:
        event, actor = event_of(job, ReturnAsked), actor_of(job, "returns")
        found = self.returns.to_announce(ReadReturn(return_id=event.return_id, by=asking(actor)))
        if found is None:
            return None
        answer = self.wms.expect_return(
            ReturnNotice(
                number=found.goods.number,
                warehouse=found.goods.warehouse,
                shipped_as=found.shipped_as,
                carrier=found.case.carrier,
                tracking_no=found.case.tracking_no,
                reason=found.case.reason,
                sender=self.sealer.open_receiver(found.sender),
                region=found.order.region,
                lines=tuple((line.sku, line.expected) for line in found.goods.lines),
            )
        )
        if not answer.accepted:
            note = NoteDifference(case_id=found.case.id, what="warehouse_refused", theirs=answer.reason, by=actor)
            self.cases.note_difference(note)
        return None

    def book_stock(self, job: Job) -> datetime | None:
        """Good units go back on the shelf, defective ones to their own; what is repaired is the buyer's."""
        event, actor = event_of(job, ReturnEvent), actor_of(job, "returns")
        assert isinstance(event, GoodsReceived | ReturnHandedOver)
        case = self.queries.case(actor, event.case_id).document
        lines = _to_stock(event)
        if lines and case.kind is not CaseKind.REPAIR:
            assert job.envelope is not None
            post = PostStock(
                kind=DocumentKind.RETURN_RECEIPT,
                warehouse=event.warehouse,
                lines=lines,
                reason=str(case.kind),
                reference=str(job.envelope.id),
                by=asking(actor),
            )
            self.stock.post(post)
        return None

    def go_on(self, job: Job) -> datetime | None:
        event = event_of(job, GoodsReceived)
        self.following.book_arrival(BookArrival(return_id=event.return_id, by=asking(actor_of(job, "returns"))))
        return None

    def ask_stop(self, job: Job) -> datetime | None:
        event, actor = event_of(job, CaseEvent), asking(actor_of(job, BY_AFTERSALES))
        if event.state is CaseState.AWAITING_STOP or isinstance(event, CaseRefunded):  # that may be too early
            self.following.ask_stop(AskStop(case_id=event.case_id, by=actor))
        return None

    def order_moved(self, job: Job) -> datetime | None:
        """Whether goods leave is decided, also new ones for a case. Most orders have no case at all."""
        event, actor = event_of(job, OrderEvent), asking(actor_of(job, BY_AFTERSALES))
        if isinstance(event, OrderUnflagged) and event.kind is not FlagKind.EARLIER_MAY_SHIP:
            return None
        refused = event.reason if isinstance(event, OrderStopRefused) else ""
        self.following.book_stop(BookStop(order_id=event.order_id, refused=refused, by=actor))
        reason = event.reason if isinstance(event, OrderCancelled) else ""
        self.following.book_replacement(BookReplacement(order_id=event.order_id, reason=reason, by=actor))
        return None


def _to_stock(event: GoodsReceived | ReturnHandedOver) -> tuple[Units, ...]:
    """Return what goes on shelves, each SKU and quality once."""
    sums: dict[tuple[SkuCode, Quality], int] = {}
    for quality, rows in ((Quality.GOOD, event.good), (Quality.DEFECTIVE, event.defective)):
        for _, sku, units in rows:
            sums[(sku, quality)] = sums.get((sku, quality), 0) + units
    return tuple(Units(sku=sku, quality=quality, units=units) for (sku, quality), units in sums.items())
