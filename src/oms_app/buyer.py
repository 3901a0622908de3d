"""What the buyer sees of an order (买家视图), with the line of its tracking (订单跟踪).

Our moves, the warehouse's milestones and the carrier's word, in one row. Nothing is kept: it is read off what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Final

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin
from oms_app.queries.rows import OrderDetail, ParcelTrace, Queries
from oms_domain.fulfilment.tracking import ParcelProgress
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.buyer import BuyerState, StepKind, TrackingStep, buyer_state
from oms_domain.orders.events import (
    OrderAllocated,
    OrderCancelled,
    OrderClosed,
    OrderCompleted,
    OrderProgressed,
    OrderSigned,
)
from oms_domain.orders.flags import FlagKind

AT_WAREHOUSE: Final = frozenset({"accepted", "picked", "checked", "packed", "ready"})
"""What a warehouse tells that is news to a buyer."""
TOLD: Final = {
    OrderSigned.type: StepKind.SIGNED,
    OrderCompleted.type: StepKind.COMPLETED,
    OrderCancelled.type: StepKind.CANCELLED,
    OrderClosed.type: StepKind.CLOSED,
}


@frozen(kw_only=True)
class ReadBuyerView:
    """Tell what the buyer sees of an order."""

    permission: ClassVar[Permission] = Permission.ORDERS_READ
    order_id: OrderId
    by: Actor


@frozen(kw_only=True)
class BuyerView:
    """An order as its buyer sees it. ``state`` is None where others go on for it: ``heirs``."""

    id: OrderId
    number: str
    state: BuyerState | None
    in_aftersales: bool
    heirs: tuple[OrderId, ...]
    steps: tuple[TrackingStep, ...]


@frozen(kw_only=True)
class BuyerViews:
    """Reads orders as their buyers see them."""

    begin: Begin
    queries: Queries

    def of(self, command: ReadBuyerView) -> BuyerView:
        """Raises ``OrderNotFound``."""
        detail = self.queries.order(command.by, command.order_id)
        order = detail.order
        with self.begin(command) as tx:
            policy = tx.shops.get(order.shop_id).policy
        return BuyerView(
            id=order.id,
            number=order.number,
            state=buyer_state(order, cancelled_as_closed=policy.cancelled_as_closed),
            in_aftersales=order.flagged(FlagKind.IN_AFTERSALES),
            heirs=order.heirs,
            steps=tracking_line(detail, self.queries.traces(command.by, order.id)),
        )


def tracking_line(detail: OrderDetail, traces: Sequence[ParcelTrace]) -> tuple[TrackingStep, ...]:
    """Return what the buyer is told of an order, oldest first.

    Of several allocations only the last is told. That it was signed for is told once: by the carrier, if it has.
    """
    signed = any(each.trace.progress is ParcelProgress.SIGNED for each in traces)
    steps = (*_of_order(detail, signed=signed), *_of_parcels(detail), *_of_carriers(traces))
    return tuple(sorted(steps, key=lambda step: step.at))


def _of_order(detail: OrderDetail, *, signed: bool) -> Iterator[TrackingStep]:
    order = detail.order
    yield TrackingStep(at=order.placed_at, kind=StepKind.PLACED)
    if order.paid_at is not None:
        yield TrackingStep(at=order.paid_at, kind=StepKind.PAID)
    allocated = [entry.at for entry in detail.log if entry.kind == OrderAllocated.type]
    if allocated and order.warehouse is not None:
        yield TrackingStep(
            at=allocated[-1],
            kind=StepKind.PREPARING,
            warehouse=order.warehouse,
            arrives_on=order.planned_arrival_on,
        )
    for entry in detail.log:
        progress = entry.changes["progress"][1] if entry.kind == OrderProgressed.type else None
        if progress in AT_WAREHOUSE:
            yield TrackingStep(at=entry.at, kind=StepKind(progress))
        told = TOLD.get(entry.kind)
        if told is not None and not (signed and told is StepKind.SIGNED):
            yield TrackingStep(at=entry.at, kind=told)


def _of_parcels(detail: OrderDetail) -> Iterator[TrackingStep]:
    for package in detail.fulfilment.packages if detail.fulfilment else ():
        yield TrackingStep(
            at=package.shipped_at,
            kind=StepKind.SHIPPED,
            carrier=package.carrier,
            tracking_no=package.tracking_no,
        )


def _of_carriers(traces: Iterable[ParcelTrace]) -> Iterator[TrackingStep]:
    for each in traces:
        yield TrackingStep(
            at=each.trace.at,
            kind=StepKind(each.trace.progress),
            tracking_no=each.tracking_no,
            place=each.trace.place,
            text=each.trace.text,
        )
