"""What the buyer sees of an order (买家视图): a projection of its state, never a second one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from attrs import frozen

from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState as S


class BuyerState(StrEnum):
    """Where an order stands for its buyer."""

    TO_PAY = "to_pay"  # 待付款
    TO_SHIP = "to_ship"  # 待发货
    TO_RECEIVE = "to_receive"  # 待收货
    SUCCEEDED = "succeeded"  # 交易成功
    CANCELLED = "cancelled"  # 已取消
    CLOSED = "closed"  # 交易关闭


class StepKind(StrEnum):
    """A step on an order's way that its buyer is told of (订单跟踪)."""

    PLACED = "placed"
    PAID = "paid"
    PREPARING = "preparing"
    ACCEPTED = "accepted"
    PICKED = "picked"
    CHECKED = "checked"
    PACKED = "packed"
    READY = "ready"
    SHIPPED = "shipped"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    SIGNED = "signed"
    PROBLEM = "problem"
    RETURNING = "returning"
    RETURNED = "returned"
    REFUSED = "refused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    CLOSED = "closed"


@frozen(kw_only=True)
class TrackingStep:
    """A line of what the buyer is told. ``text``: the carrier's own words, where it has told it."""

    at: datetime
    kind: StepKind
    warehouse: str = ""
    arrives_on: date | None = None
    carrier: str = ""
    tracking_no: str = ""
    place: str = ""
    text: str = ""


BUYER_SEES: Final[Mapping[S, BuyerState | None]] = {
    S.AWAITING_PAYMENT: BuyerState.TO_PAY,
    S.AWAITING_ALLOCATION: BuyerState.TO_SHIP,
    S.BACKORDERED: BuyerState.TO_SHIP,
    S.AWAITING_CS_REVIEW: BuyerState.TO_SHIP,
    S.AWAITING_BUSINESS_REVIEW: BuyerState.TO_SHIP,
    S.AWAITING_RELEASE: BuyerState.TO_SHIP,
    S.IN_WAREHOUSE: BuyerState.TO_SHIP,
    S.PARTIALLY_SHIPPED: BuyerState.TO_RECEIVE,
    S.SHIPPED: BuyerState.TO_RECEIVE,
    S.RETURNING: BuyerState.TO_RECEIVE,
    S.SIGNED: BuyerState.TO_RECEIVE,
    S.COMPLETED: BuyerState.SUCCEEDED,
    S.CANCELLED: BuyerState.CANCELLED,
    S.CLOSED: BuyerState.CLOSED,
    S.SPLIT: None,
    S.MERGED: None,
}
"""None: the orders that go on for it are what the buyer sees."""


def buyer_state(order: SalesOrder, *, cancelled_as_closed: bool = False) -> BuyerState | None:
    """Return where an order stands for its buyer; None if others go on for it, in whatever state it ended.

    Args:
        cancelled_as_closed: the shop's buyers see both ends as one (交易关闭).
    """
    seen = None if order.heirs else BUYER_SEES[order.state]
    return BuyerState.CLOSED if seen is BuyerState.CANCELLED and cancelled_as_closed else seen
