"""The states of an aftersales case: one table for each kind, read by the code that acts and drawn in the docs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias


class CaseKind(StrEnum):
    """What the buyer asks for (售后类型)."""

    REFUND_BEFORE_SHIPMENT = "refund_before_shipment"  # 发货前退款
    REFUND_ONLY = "refund_only"  # 仅退款
    RETURN_AND_REFUND = "return_and_refund"  # 退货退款
    EXCHANGE = "exchange"  # 换货
    REISSUE = "reissue"  # 补发
    REPAIR = "repair"  # 维修
    VIRTUAL_REFUND = "virtual_refund"  # 虚拟商品退款


class CaseState(StrEnum):
    """Where a case stands."""

    AWAITING_REVIEW = "awaiting_review"  # 待审核
    AWAITING_STOP = "awaiting_stop"  # 待拦截: the warehouse has been asked
    AWAITING_REVOCATION = "awaiting_revocation"  # 待收回权益: the business system has been asked
    AWAITING_BUYER_RETURN = "awaiting_buyer_return"  # 待客户发货
    AWAITING_WAREHOUSE_RECEIPT = "awaiting_warehouse_receipt"  # 待退货入库
    AWAITING_DIFFERENCE = "awaiting_difference"  # 待补差价: the new goods are dearer
    AWAITING_EXCHANGE_SHIPMENT = "awaiting_exchange_shipment"  # 待换货出库
    AWAITING_REFUND = "awaiting_refund"  # 待退款
    SUCCEEDED = "succeeded"  # 售后成功
    CLOSED = "closed"  # 售后关闭


class CaseMove(StrEnum):
    """What can happen to a case."""

    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    TIME_OUT = "time_out"
    CHANGE_KIND = "change_kind"  # a linked case of another kind goes on
    ASK_AGAIN = "ask_again"  # the buyer changed what is asked, under the same number of the platform
    STOP = "stop"  # the warehouse has stopped it
    CANNOT_STOP = "cannot_stop"  # it has left
    REVOKE = "revoke"  # the right is taken back
    CANNOT_REVOKE = "cannot_revoke"
    BUYER_SENDS = "buyer_sends"
    RECEIVE = "receive"
    DISPUTE = "dispute"  # wrong or missing goods: an operator accepts or refuses
    RECEIVE_UNPAID = "receive_unpaid"  # received, and the new goods are dearer
    PAY_DIFFERENCE = "pay_difference"
    SHIP_EXCHANGE = "ship_exchange"
    SHIP_OWING = "ship_owing"  # shipped, and the new goods are cheaper
    REPLACEMENT_OFF = "replacement_off"  # the order that was to send the new goods is cancelled
    REFUND_FAILS = "refund_fails"
    REFUND_SUCCEEDS = "refund_succeeds"
    PLATFORM_ORDERS_REFUND = "platform_orders_refund"  # 平台判退: overrides us
    PLATFORM_DISMISSES = "platform_dismisses"  # 平台判不退: overrides us


S, M, K = CaseState, CaseMove, CaseKind

Row: TypeAlias = Mapping[CaseMove, CaseState]
Table: TypeAlias = Mapping[CaseState, Row]

# The buyer thinks better of it, or asks for something else; the platform decides. The table is not asked whether a
# refund is under way: the command is told, and refuses.
_ANY_TIME: Final[Row] = {
    M.WITHDRAW: S.CLOSED,
    M.CHANGE_KIND: S.CLOSED,
    M.ASK_AGAIN: S.AWAITING_REVIEW,
    M.PLATFORM_ORDERS_REFUND: S.AWAITING_REFUND,
    M.PLATFORM_DISMISSES: S.CLOSED,
    # Money that has moved is a fact, whatever we were waiting for.
    M.REFUND_SUCCEEDS: S.SUCCEEDED,
}
_REVIEW: Final[Row] = {M.REJECT: S.CLOSED, M.TIME_OUT: S.CLOSED, **_ANY_TIME}
_BUYER_RETURN: Final[Row] = {M.BUYER_SENDS: S.AWAITING_WAREHOUSE_RECEIPT, M.TIME_OUT: S.CLOSED, **_ANY_TIME}
_REFUND: Final[Row] = {M.REFUND_FAILS: S.AWAITING_REFUND, **_ANY_TIME}
# Settled, yet no end: the platform may have paid after we closed, and its word is final; or the buyer asks again.
_CLOSED: Final[Row] = {
    M.REFUND_SUCCEEDS: S.SUCCEEDED,
    M.ASK_AGAIN: S.AWAITING_REVIEW,
    M.PLATFORM_ORDERS_REFUND: S.AWAITING_REFUND,
}
_SETTLED: Final[Table] = {S.SUCCEEDED: {}, S.CLOSED: _CLOSED}

REFUND_BEFORE_SHIPMENT: Final[Table] = {
    # Even on the platform's order the goods are stopped first: never both shipped and refunded without a word.
    S.AWAITING_REVIEW: {M.APPROVE: S.AWAITING_STOP, **_REVIEW, M.PLATFORM_ORDERS_REFUND: S.AWAITING_STOP},
    S.AWAITING_STOP: {
        M.STOP: S.AWAITING_REFUND,
        M.CANNOT_STOP: S.CLOSED,
        **_ANY_TIME,
        M.PLATFORM_ORDERS_REFUND: S.AWAITING_STOP,
    },
    S.AWAITING_REFUND: _REFUND,
    S.SUCCEEDED: {},
    S.CLOSED: {**_CLOSED, M.PLATFORM_ORDERS_REFUND: S.AWAITING_STOP},
}

REFUND_ONLY: Final[Table] = {
    S.AWAITING_REVIEW: {M.APPROVE: S.AWAITING_REFUND, **_REVIEW},
    S.AWAITING_REFUND: _REFUND,
    **_SETTLED,
}

RETURN_AND_REFUND: Final[Table] = {
    S.AWAITING_REVIEW: {M.APPROVE: S.AWAITING_BUYER_RETURN, **_REVIEW},
    S.AWAITING_BUYER_RETURN: _BUYER_RETURN,
    S.AWAITING_WAREHOUSE_RECEIPT: {
        M.RECEIVE: S.AWAITING_REFUND,
        M.DISPUTE: S.AWAITING_WAREHOUSE_RECEIPT,
        M.REJECT: S.CLOSED,
        **_ANY_TIME,
    },
    S.AWAITING_REFUND: _REFUND,
    **_SETTLED,
}

EXCHANGE: Final[Table] = {
    S.AWAITING_REVIEW: {M.APPROVE: S.AWAITING_BUYER_RETURN, **_REVIEW},
    S.AWAITING_BUYER_RETURN: _BUYER_RETURN,
    S.AWAITING_WAREHOUSE_RECEIPT: {
        M.RECEIVE: S.AWAITING_EXCHANGE_SHIPMENT,
        M.RECEIVE_UNPAID: S.AWAITING_DIFFERENCE,
        M.DISPUTE: S.AWAITING_WAREHOUSE_RECEIPT,
        M.REJECT: S.CLOSED,
        **_ANY_TIME,
    },
    S.AWAITING_DIFFERENCE: {M.PAY_DIFFERENCE: S.AWAITING_EXCHANGE_SHIPMENT, M.REJECT: S.CLOSED, **_ANY_TIME},
    S.AWAITING_EXCHANGE_SHIPMENT: {
        M.SHIP_EXCHANGE: S.SUCCEEDED,
        M.SHIP_OWING: S.AWAITING_REFUND,
        M.REPLACEMENT_OFF: S.AWAITING_REVIEW,
        **_ANY_TIME,
    },
    S.AWAITING_REFUND: _REFUND,
    **_SETTLED,
}

REISSUE: Final[Table] = {
    S.AWAITING_REVIEW: {M.APPROVE: S.AWAITING_EXCHANGE_SHIPMENT, **_REVIEW},
    S.AWAITING_EXCHANGE_SHIPMENT: {
        M.SHIP_EXCHANGE: S.SUCCEEDED,
        M.REPLACEMENT_OFF: S.AWAITING_REVIEW,
        **_ANY_TIME,
    },
    S.AWAITING_REFUND: _REFUND,  # reached by the platform's decision alone
    **_SETTLED,
}

REPAIR: Final[Table] = {
    S.AWAITING_REVIEW: {M.APPROVE: S.AWAITING_BUYER_RETURN, **_REVIEW},
    S.AWAITING_BUYER_RETURN: _BUYER_RETURN,
    S.AWAITING_WAREHOUSE_RECEIPT: {
        M.RECEIVE: S.AWAITING_EXCHANGE_SHIPMENT,
        M.DISPUTE: S.AWAITING_WAREHOUSE_RECEIPT,
        M.REJECT: S.CLOSED,
        **_ANY_TIME,
    },
    S.AWAITING_EXCHANGE_SHIPMENT: {M.SHIP_EXCHANGE: S.SUCCEEDED, **_ANY_TIME},
    S.AWAITING_REFUND: _REFUND,  # reached by the platform's decision alone
    **_SETTLED,
}

VIRTUAL_REFUND: Final[Table] = {
    S.AWAITING_REVIEW: {M.APPROVE: S.AWAITING_REVOCATION, **_REVIEW},
    S.AWAITING_REVOCATION: {M.REVOKE: S.AWAITING_REFUND, M.CANNOT_REVOKE: S.CLOSED, **_ANY_TIME},
    S.AWAITING_REFUND: _REFUND,
    **_SETTLED,
}

CASE_TABLES: Final[Mapping[CaseKind, Table]] = {
    K.REFUND_BEFORE_SHIPMENT: REFUND_BEFORE_SHIPMENT,
    K.REFUND_ONLY: REFUND_ONLY,
    K.RETURN_AND_REFUND: RETURN_AND_REFUND,
    K.EXCHANGE: EXCHANGE,
    K.REISSUE: REISSUE,
    K.REPAIR: REPAIR,
    K.VIRTUAL_REFUND: VIRTUAL_REFUND,
}
CASE_ENTRIES: Final = frozenset({S.AWAITING_REVIEW})
CASE_ENDS: Final = frozenset({S.SUCCEEDED})

OPEN: Final = frozenset(S) - {S.SUCCEEDED, S.CLOSED}
"""States in which a case holds its units: none of them may be in another open case."""

GIVES_MONEY_BACK: Final = frozenset({K.REFUND_BEFORE_SHIPMENT, K.REFUND_ONLY, K.RETURN_AND_REFUND, K.VIRTUAL_REFUND})
"""Kinds that are approved for an amount, and make one refund order."""

ASKS_GOODS_BACK: Final = frozenset({K.RETURN_AND_REFUND, K.EXCHANGE, K.REPAIR})
"""Kinds that make a return order."""

SENDS_GOODS: Final = frozenset({K.EXCHANGE, K.REISSUE, K.REPAIR})
"""Kinds that end with a parcel to the buyer."""
