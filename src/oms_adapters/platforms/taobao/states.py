"""The platform's codes in our words. A code that stands in no table is refused as ``unmapped``, never guessed.

Source: TOP documentation of taobao.trade.fullinfo.get, fields ``status``, ``step_trade_status``, ``refund_status``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from oms_domain.channels.standard import LineRefund, PlatformState

S = PlatformState

STATES: Final[Mapping[str, PlatformState]] = {
    "TRADE_NO_CREATE_PAY": S.UNPAID,
    "WAIT_BUYER_PAY": S.UNPAID,
    "PAY_PENDING": S.UNPAID,
    "WAIT_PRE_AUTH_CONFIRM": S.UNPAID,
    "PAID_FORBID_CONSIGN": S.PAID_ON_HOLD,
    "WAIT_SELLER_SEND_GOODS": S.TO_SHIP,
    "SELLER_CONSIGNED_PART": S.PARTLY_SHIPPED,
    "WAIT_BUYER_CONFIRM_GOODS": S.SHIPPED,
    "TRADE_BUYER_SIGNED": S.SIGNED,
    "TRADE_FINISHED": S.FINISHED,
    "TRADE_CLOSED": S.CLOSED_REFUNDED,  # closed after payment
    "TRADE_CLOSED_BY_TAOBAO": S.CLOSED_UNPAID,  # closed before payment: never to be shipped
}

UNPAID_STATES: Final = frozenset({S.UNPAID, S.CLOSED_UNPAID})
CLOSED_STATES: Final = frozenset({S.CLOSED_UNPAID, S.CLOSED_REFUNDED})
SHIPPED_STATES: Final = frozenset({S.SHIPPED, S.SIGNED, S.FINISHED})

REFUNDS: Final[Mapping[str, LineRefund]] = {
    "NO_REFUND": LineRefund.NONE,
    "WAIT_SELLER_AGREE": LineRefund.OPEN,
    "WAIT_BUYER_RETURN_GOODS": LineRefund.OPEN,
    "WAIT_SELLER_CONFIRM_GOODS": LineRefund.OPEN,
    "SELLER_REFUSE_BUYER": LineRefund.REFUSED,
    "CLOSED": LineRefund.CLOSED,
    "SUCCESS": LineRefund.SUCCEEDED,
}


class Step(StrEnum):
    """How far a presale (预售) is paid."""

    NOTHING = "nothing"
    DEPOSIT = "deposit"
    ALL = "all"
    FORFEITED = "forfeited"  # the balance never came, the seller keeps the deposit


STEPS: Final[Mapping[str, Step]] = {
    "FRONT_NOPAID_FINAL_NOPAID": Step.NOTHING,
    "FRONT_PAID_FINAL_NOPAID": Step.DEPOSIT,
    "FRONT_PAID_FINAL_PAID": Step.ALL,
    "FRONT_PAID_FRONT_FORFEITED": Step.FORFEITED,
}
