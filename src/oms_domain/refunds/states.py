"""The states of a refund order: where the money is. It knows nothing of goods."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class RefundState(StrEnum):
    """Where the money is."""

    PROPOSED = "proposed"  # 待审核
    APPROVED = "approved"  # 待退款: may be sent
    IN_FLIGHT = "in_flight"  # 退款中: sent, no answer yet
    IN_DOUBT = "in_doubt"  # 结果不明: the answer is lost, it is asked for and never guessed
    SUCCEEDED = "succeeded"  # 退款成功
    CLOSED = "closed"  # 退款关闭: nothing will move


class RefundMove(StrEnum):
    """What can happen to a refund order."""

    APPROVE = "approve"
    SEND = "send"
    DOUBT = "doubt"
    FAIL = "fail"  # the answer is no: nothing has moved
    SUCCEED = "succeed"
    PAY = "pay"  # by hand: our decision, where SUCCEED is what somebody tells of
    CLOSE = "close"
    REOPEN = "reopen"  # asked for again under the same number: closed at the platform, or granted and not yet sent


class PlatformRefundState(StrEnum):
    """Where the refund stands at the platform (平台退款状态)."""

    PENDING = "pending"  # 待退款
    CLOSED = "closed"  # 退款关闭
    SUCCEEDED = "succeeded"  # 退款成功


class DocumentState(StrEnum):
    """Whether somebody here has dealt with it (单据状态)."""

    PENDING_REVIEW = "pending_review"  # 待审核
    PROCESSED = "processed"  # 已处理


class RefundSource(StrEnum):
    """Where the document comes from (单据来源)."""

    PLATFORM = "platform"  # 平台推送
    MANUAL = "manual"  # 手工创建


S, M = RefundState, RefundMove

REFUND_TABLE: Final[Mapping[RefundState, Mapping[RefundMove, RefundState]]] = {
    # The platform may pay before we have asked it to: money that has moved is a fact in every state.
    S.PROPOSED: {M.APPROVE: S.APPROVED, M.SUCCEED: S.SUCCEEDED, M.CLOSE: S.CLOSED},
    S.APPROVED: {
        M.SEND: S.IN_FLIGHT,
        M.SUCCEED: S.SUCCEEDED,
        M.PAY: S.SUCCEEDED,
        M.CLOSE: S.CLOSED,
        M.REOPEN: S.PROPOSED,
    },
    # Once sent it is not closed on our word: the money may be moving.
    S.IN_FLIGHT: {M.SUCCEED: S.SUCCEEDED, M.FAIL: S.APPROVED, M.DOUBT: S.IN_DOUBT},
    # Asked again under the same id, so that what has been paid is not paid again.
    S.IN_DOUBT: {M.SEND: S.IN_FLIGHT, M.SUCCEED: S.SUCCEEDED, M.FAIL: S.APPROVED, M.DOUBT: S.IN_DOUBT},
    S.SUCCEEDED: {},
    S.CLOSED: {M.SUCCEED: S.SUCCEEDED, M.REOPEN: S.PROPOSED},
}
REFUND_ENTRIES: Final = frozenset({S.PROPOSED})
REFUND_ENDS: Final = frozenset({S.SUCCEEDED})

MAY_BE_MOVING: Final = frozenset({S.IN_FLIGHT, S.IN_DOUBT})
"""States in which nobody may say that the money has not moved."""

HOLDS_MONEY: Final = frozenset({S.PROPOSED, S.APPROVED, S.IN_FLIGHT, S.IN_DOUBT})
"""States in which the ledger holds the amount for it."""

PLATFORM_RANK: Final = {state: rank for rank, state in enumerate(PlatformRefundState)}
"""Of two messages with one modified time the one further along is newer; money that moved is furthest."""
