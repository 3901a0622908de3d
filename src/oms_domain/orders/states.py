"""The life cycle of a sales order: one table, read by the code that acts and drawn in the docs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class OrderState(StrEnum):
    """Where a sales order stands."""

    AWAITING_PAYMENT = "awaiting_payment"  # 待付款
    AWAITING_ALLOCATION = "awaiting_allocation"  # 待分仓
    BACKORDERED = "backordered"  # 缺货/预售截停
    AWAITING_CS_REVIEW = "awaiting_cs_review"  # 待客审
    AWAITING_BUSINESS_REVIEW = "awaiting_business_review"  # 待商审
    AWAITING_RELEASE = "awaiting_release"  # 待下发
    IN_WAREHOUSE = "in_warehouse"  # 仓库作业中
    PARTIALLY_SHIPPED = "partially_shipped"  # 部分发货
    SHIPPED = "shipped"  # 已发货
    RETURNING = "returning"  # 拒收退回中
    SIGNED = "signed"  # 已签收
    COMPLETED = "completed"  # 交易成功
    CANCELLED = "cancelled"  # 已取消
    CLOSED = "closed"  # 交易关闭
    SPLIT = "split"  # 已拆分
    MERGED = "merged"  # 已合并


class OrderMove(StrEnum):
    """What can happen to a sales order."""

    PAY = "pay"
    EXPIRE = "expire"  # unpaid past the shop's timeout
    ALLOCATE = "allocate"
    SHORTAGE = "shortage"
    RESTOCK = "restock"
    LOSE_STOCK = "lose_stock"  # what it held is gone, by a stocktake or by damage
    EDIT = "edit"
    APPROVE = "approve"  # the last review that the shop has
    APPROVE_TO_BUSINESS = "approve_to_business"  # customer service's, with business review to come
    REJECT = "reject"  # business review sends it back
    UNREVIEW = "unreview"
    TAKE_BACK = "take_back"  # un-reviewed, and the warehouse takes the number again that it has let go of
    RELEASE = "release"
    HAND_OVER = "hand_over"  # virtual goods, or a pickup at the counter
    WMS_REFUSE = "wms_refuse"
    WMS_SHORT = "wms_short"
    SHIP = "ship"
    SHIP_PART = "ship_part"
    CANCEL_REST = "cancel_rest"
    SHIP_OUTSIDE = "ship_outside"  # the platform says so, we did not do it
    SIGN = "sign"
    COMPLETE = "complete"
    REFUSE_DELIVERY = "refuse_delivery"  # 拒收
    CARRIER_STOP = "carrier_stop"  # cancelled under way, the carrier turns it round
    DELIVER_AGAIN = "deliver_again"
    RECEIVE_RETURN = "receive_return"
    LOSE = "lose"
    REFUND_ALL = "refund_all"
    CANCEL = "cancel"
    SPLIT = "split"
    MERGE = "merge"
    UNMERGE = "unmerge"  # a merged order is split by its sources again


S, M = OrderState, OrderMove

ORDER_TABLE: Final[Mapping[OrderState, Mapping[OrderMove, OrderState]]] = {
    S.AWAITING_PAYMENT: {
        M.PAY: S.AWAITING_ALLOCATION,
        M.SPLIT: S.SPLIT,
        M.EXPIRE: S.CANCELLED,
        M.CANCEL: S.CANCELLED,
        M.SHIP_OUTSIDE: S.SHIPPED,
    },
    S.AWAITING_ALLOCATION: {
        M.ALLOCATE: S.AWAITING_CS_REVIEW,
        M.SHORTAGE: S.BACKORDERED,
        M.SPLIT: S.SPLIT,
        M.CANCEL: S.CANCELLED,
        M.SHIP_OUTSIDE: S.SHIPPED,
    },
    S.BACKORDERED: {
        M.RESTOCK: S.AWAITING_ALLOCATION,
        M.SPLIT: S.SPLIT,
        M.CANCEL: S.CANCELLED,
        M.SHIP_OUTSIDE: S.SHIPPED,
    },
    S.AWAITING_CS_REVIEW: {
        M.APPROVE_TO_BUSINESS: S.AWAITING_BUSINESS_REVIEW,
        M.APPROVE: S.AWAITING_RELEASE,
        M.LOSE_STOCK: S.BACKORDERED,
        M.EDIT: S.AWAITING_CS_REVIEW,
        M.SPLIT: S.SPLIT,
        M.MERGE: S.MERGED,
        M.UNMERGE: S.SPLIT,
        M.CANCEL: S.CANCELLED,
        M.SHIP_OUTSIDE: S.SHIPPED,
    },
    S.AWAITING_BUSINESS_REVIEW: {
        M.APPROVE: S.AWAITING_RELEASE,
        M.REJECT: S.AWAITING_CS_REVIEW,
        M.UNREVIEW: S.AWAITING_CS_REVIEW,
        M.UNMERGE: S.SPLIT,
        M.LOSE_STOCK: S.BACKORDERED,
        M.CANCEL: S.CANCELLED,
        M.SHIP_OUTSIDE: S.SHIPPED,
    },
    S.AWAITING_RELEASE: {
        M.RELEASE: S.IN_WAREHOUSE,
        M.HAND_OVER: S.SIGNED,
        M.UNREVIEW: S.AWAITING_CS_REVIEW,
        M.UNMERGE: S.SPLIT,
        M.LOSE_STOCK: S.BACKORDERED,
        M.CANCEL: S.CANCELLED,
        M.SHIP_OUTSIDE: S.SHIPPED,
    },
    S.IN_WAREHOUSE: {
        M.WMS_REFUSE: S.AWAITING_RELEASE,
        M.WMS_SHORT: S.AWAITING_CS_REVIEW,
        M.SHIP: S.SHIPPED,
        M.SHIP_PART: S.PARTIALLY_SHIPPED,
        M.HAND_OVER: S.SIGNED,
        # All three only after the warehouse has said that it stopped: un-review puts a new order in this one's place.
        M.CANCEL: S.CANCELLED,
        M.UNREVIEW: S.CANCELLED,
        M.TAKE_BACK: S.AWAITING_CS_REVIEW,
    },
    S.PARTIALLY_SHIPPED: {
        M.SHIP_PART: S.PARTIALLY_SHIPPED,
        M.SHIP: S.SHIPPED,
        M.CANCEL_REST: S.SHIPPED,
    },
    S.SHIPPED: {
        M.SIGN: S.SIGNED,
        M.REFUSE_DELIVERY: S.RETURNING,
        M.CARRIER_STOP: S.RETURNING,
        M.LOSE: S.CLOSED,
        M.REFUND_ALL: S.CLOSED,
    },
    S.RETURNING: {
        M.DELIVER_AGAIN: S.SHIPPED,
        M.RECEIVE_RETURN: S.CLOSED,
        M.LOSE: S.CLOSED,
    },
    S.SIGNED: {M.COMPLETE: S.COMPLETED, M.REFUND_ALL: S.CLOSED},
    S.COMPLETED: {M.REFUND_ALL: S.CLOSED},  # settled, yet no end: the buyer may still claim within the window
    S.CANCELLED: {},
    S.CLOSED: {},
    S.SPLIT: {},
    S.MERGED: {},
}

ENTRIES: Final = frozenset(
    {
        S.AWAITING_PAYMENT,
        S.AWAITING_ALLOCATION,
        # First seen when it was over, or under way, without us: marked external.
        S.SHIPPED,
        S.SIGNED,
        S.COMPLETED,
        S.CLOSED,
        S.CANCELLED,
    }
)
"""States that an order may be born in at intake.

What takes another's place begins where that one stood, or under review."""

ENDS: Final = frozenset({S.CANCELLED, S.CLOSED, S.SPLIT, S.MERGED})

HOLDS_STOCK: Final = frozenset(
    {S.AWAITING_CS_REVIEW, S.AWAITING_BUSINESS_REVIEW, S.AWAITING_RELEASE, S.IN_WAREHOUSE, S.PARTIALLY_SHIPPED}
)
"""States in which an order's unshipped units are reserved (unless it is external)."""

BEFORE_WAREHOUSE: Final = frozenset(
    {
        S.AWAITING_PAYMENT,
        S.AWAITING_ALLOCATION,
        S.BACKORDERED,
        S.AWAITING_CS_REVIEW,
        S.AWAITING_BUSINESS_REVIEW,
        S.AWAITING_RELEASE,
    }
)
"""States in which nobody outside works on the order yet, so that it may be cancelled or changed on our word alone."""

UNRELEASED: Final = HOLDS_STOCK & BEFORE_WAREHOUSE
"""States in which an order holds units that it can still be made to give up."""
