"""The standard ask: one form for the refunds and returns that buyers ask for at every platform. No personal data."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from oms_domain.channels.standard import AmountMismatch, Platform, PlatformState
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity


class AskKind(StrEnum):
    """What the buyer asks for, in words common to all platforms."""

    REFUND = "refund"
    RETURN = "return"  # goods back, then money
    EXCHANGE = "exchange"
    REPAIR = "repair"
    REISSUE = "reissue"
    OTHER = "other"


class AskState(StrEnum):
    """Where an ask stands at the platform, in the order in which it goes on."""

    AWAITING_SELLER = "awaiting_seller"
    REFUSED = "refused"  # by the seller; the buyer may change it or call the platform in
    AWAITING_RETURN = "awaiting_return"
    AWAITING_RECEIPT = "awaiting_receipt"
    AWAITING_RESHIPMENT = "awaiting_reshipment"
    AWAITING_BUYER = "awaiting_buyer"  # who is to confirm the new goods
    CLOSED = "closed"
    SUCCEEDED = "succeeded"


ASK_RANK: Final = {state: rank for rank, state in enumerate(AskState)}
"""Of two messages with one modified time the one further along is newer."""


class PlatformDecision(StrEnum):
    """Whether the platform steps in (平台介入)."""

    NONE = "none"
    ASKED = "asked"
    FOR_BUYER = "for_buyer"
    FOR_SELLER = "for_seller"


class GoodsAt(StrEnum):
    """Where the goods are, as the buyer says (货物状态)."""

    UNKNOWN = "unknown"
    NOT_RECEIVED = "not_received"
    WITH_BUYER = "with_buyer"
    SENT_BACK = "sent_back"


@frozen(kw_only=True)
class StandardAskLine:
    """Units of one sub-order that are asked back or paid for."""

    line_no: str
    item_id: str = ""
    platform_sku_id: str = ""
    sku: SkuCode | None = None
    title: str = ""
    spec: str = ""
    quantity: Quantity
    unit_price: Money
    payable: Money  # of the whole sub-order, as the platform states it here


@frozen(kw_only=True)
class StandardAftersales:
    """A platform's aftersales ask in the standard form. All times are UTC, all amounts of one currency.

    ``refund`` is the only amount that moves. ``version`` must be sent back unchanged with an answer: a platform
    refuses an answer to an ask that has changed since.
    """

    platform: Platform
    refund_no: str
    order_no: str
    kind: AskKind
    state: AskState
    decision: PlatformDecision = PlatformDecision.NONE
    lines: tuple[StandardAskLine, ...]
    refund: Money
    kept: Money  # what the seller keeps of the lines
    returns_goods: bool = False
    goods_at: GoodsAt = GoodsAt.UNKNOWN
    order_state: PlatformState
    reason: str = ""  # in the platform's words
    description: str = ""  # runs of digits masked
    carrier: str = ""  # with which the buyer sent the goods back
    tracking_no: str = ""
    created_at: datetime
    modified_at: datetime
    returned_at: datetime | None = None
    due_at: datetime | None = None  # until when the platform waits for the next step
    phase: str = ""  # in the platform's words: before or after the trade is done
    version: str = ""

    @property
    def order_key(self) -> tuple[datetime, int]:
        """What orders two messages about this ask: (modified, state rank)."""
        return (self.modified_at, ASK_RANK[self.state])


@frozen(kw_only=True)
class AskTranslation:
    """A payload in standard form. With mismatches it is kept as an exception, never dropped."""

    ask: StandardAftersales
    raw: bytes = field(default=b"", repr=False)
    mismatches: tuple[AmountMismatch, ...] = ()
