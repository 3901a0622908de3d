"""Facts about aftersales cases, as they are published. Names and fields never change within a version."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, TypedDict
from uuid import UUID

from attrs import frozen

from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.channels.standard import Platform
from oms_domain.kernel.change import Event
from oms_domain.kernel.identity import CaseId, EvidenceId, LineId, OrderId, PlatformAftersalesId, ShopId, SkuCode
from oms_domain.kernel.money import Money

Units = tuple[tuple[int, int], ...]


class AskFacts(TypedDict):
    """What every fact about a platform's aftersales document names."""

    platform_aftersales_id: PlatformAftersalesId
    shop_id: ShopId
    platform: Platform
    refund_no: str
    modified_at: datetime


@frozen(kw_only=True)
class AskEvent(Event):
    """A fact about a platform's aftersales document."""

    platform_aftersales_id: PlatformAftersalesId
    shop_id: ShopId
    platform: Platform
    refund_no: str
    modified_at: datetime

    @property
    def stream(self) -> UUID:
        return self.platform_aftersales_id


@frozen(kw_only=True)
class AskReceived(AskEvent):
    """An ask of the platform was seen for the first time."""

    type: ClassVar[str] = "platform_aftersales.received"


@frozen(kw_only=True)
class AskUpdated(AskEvent):
    """A newer version of the ask took the place of the stored one."""

    type: ClassVar[str] = "platform_aftersales.updated"


@frozen(kw_only=True)
class AskConverted(AskEvent):
    """The ask now stands for this case."""

    type: ClassVar[str] = "platform_aftersales.converted"
    case_id: CaseId


@frozen(kw_only=True)
class AskNotConverted(AskEvent):
    """The ask waits on the work list of exceptions."""

    type: ClassVar[str] = "platform_aftersales.conversion_failed"
    reason: str


@frozen(kw_only=True)
class AskAmbiguous(AskEvent):
    """Two messages, equal in modified time and state, differ in content: it must be fetched again."""

    type: ClassVar[str] = "platform_aftersales.ambiguous"


@frozen(kw_only=True)
class CaseEvent(Event):
    """A fact about a case. ``state`` is the one that it led to."""

    case_id: CaseId
    order_id: OrderId
    kind: CaseKind
    state: CaseState

    @property
    def stream(self) -> UUID:
        return self.case_id


@frozen(kw_only=True)
class CaseOpened(CaseEvent):
    """A case began. ``units`` by order line: line, SKU, runs of unit numbers."""

    type: ClassVar[str] = "aftersales.case_opened"
    number: str
    reason: str
    asked_by: str
    asked: Money | None
    units: tuple[tuple[LineId, SkuCode, Units], ...]
    linked_to: CaseId | None = None
    override: str = ""  # why an operator opened it although the rules say no


@frozen(kw_only=True)
class CaseApproved(CaseEvent):
    """The ask was granted. ``by`` is the operator, or the platform."""

    type: ClassVar[str] = "aftersales.case_approved"
    refund: Money | None
    by: str


@frozen(kw_only=True)
class CaseClosed(CaseEvent):
    """It ends without what was asked. ``how``: reject, withdraw, time_out, cannot_stop, cannot_revoke, …"""

    type: ClassVar[str] = "aftersales.case_closed"
    how: str
    reason: str
    by: str


@frozen(kw_only=True)
class CaseKindChanged(CaseEvent):
    """It ends, and a linked case of another kind goes on with its units."""

    type: ClassVar[str] = "aftersales.case_kind_changed"
    to: CaseKind
    next_id: CaseId


@frozen(kw_only=True)
class CaseAskedAgain(CaseEvent):
    """The buyer changed what is asked: it is reviewed anew."""

    type: ClassVar[str] = "aftersales.case_asked_again"
    asked: Money | None


@frozen(kw_only=True)
class GoodsStopped(CaseEvent):
    """Nothing will leave: the money may go back. Also where nothing had been released."""

    type: ClassVar[str] = "aftersales.goods_stopped"


@frozen(kw_only=True)
class RightRevoked(CaseEvent):
    """The business system has taken the right back: the money may go back."""

    type: ClassVar[str] = "aftersales.right_revoked"


@frozen(kw_only=True)
class BuyerSentGoods(CaseEvent):
    """The buyer told how the goods come back."""

    type: ClassVar[str] = "aftersales.buyer_sent_goods"
    carrier: str
    tracking_no: str


@frozen(kw_only=True)
class CaseDisputed(CaseEvent):
    """What arrived is not what was to come back: an operator accepts or refuses."""

    type: ClassVar[str] = "aftersales.case_disputed"
    reason: str


@frozen(kw_only=True)
class GoodsPartlyAccepted(CaseEvent):
    """The units that came stay in the case, those that are missing leave it. Line, SKU, units.

    ``refund``: what is given back for the units that came; ``refused_as``: the case in which the missing are refused.
    """

    type: ClassVar[str] = "aftersales.goods_partly_accepted"
    units: tuple[tuple[LineId, SkuCode, tuple[tuple[int, int], ...]], ...]
    missing: tuple[tuple[LineId, SkuCode, tuple[tuple[int, int], ...]], ...]
    refund: Money | None
    refused_as: CaseId | None
    by: str


@frozen(kw_only=True)
class GoodsAccepted(CaseEvent):
    """The goods are back. ``by`` an operator where they were in dispute, empty otherwise."""

    type: ClassVar[str] = "aftersales.goods_accepted"
    by: str = ""


@frozen(kw_only=True)
class DifferencePaid(CaseEvent):
    """The buyer has paid what the new goods cost more."""

    type: ClassVar[str] = "aftersales.difference_paid"


@frozen(kw_only=True)
class ReplacementShipped(CaseEvent):
    """New, forgotten or repaired goods are on their way to the buyer.

    ``carrier``, ``tracking_no``: where a person sent them, past any order of ours.
    """

    type: ClassVar[str] = "aftersales.replacement_shipped"
    carrier: str = ""
    tracking_no: str = ""


@frozen(kw_only=True)
class ReplacementCalledOff(CaseEvent):
    """The order that was to send new goods is cancelled: a person grants it anew, refuses it, or changes its kind."""

    type: ClassVar[str] = "aftersales.replacement_called_off"
    replacement_id: OrderId | None
    reason: str


@frozen(kw_only=True)
class DifferenceOwed(CaseEvent):
    """The new goods of an exchange cost less: when they leave, this goes back."""

    type: ClassVar[str] = "aftersales.difference_owed"
    amount: Money
    by: str


@frozen(kw_only=True)
class CaseRefunded(CaseEvent):
    """The money is back with the buyer."""

    type: ClassVar[str] = "aftersales.case_refunded"
    amount: Money


@frozen(kw_only=True)
class CaseRefundFailed(CaseEvent):
    """The money did not move; it may be tried again."""

    type: ClassVar[str] = "aftersales.case_refund_failed"
    reason: str


@frozen(kw_only=True)
class PlatformDecided(CaseEvent):
    """The platform stepped in (平台介入) and overrode us: ``decision`` is for_buyer or for_seller."""

    type: ClassVar[str] = "aftersales.platform_decided"
    decision: str
    previous: CaseState


@frozen(kw_only=True)
class ResponsibilitySet(CaseEvent):
    """Who is to blame, in an operator's judgement."""

    type: ClassVar[str] = "aftersales.responsibility_set"
    responsibility: str
    reason: str


@frozen(kw_only=True)
class EvidenceAdded(CaseEvent):
    """A file was put to the case that shows what is claimed."""

    type: ClassVar[str] = "aftersales.evidence_added"
    evidence_id: EvidenceId
    by: str


@frozen(kw_only=True)
class CaseRevised(CaseEvent):
    """Facts that are the buyer's or the platform's to say changed: ``what`` names them."""

    type: ClassVar[str] = "aftersales.case_revised"
    what: tuple[str, ...]


@frozen(kw_only=True)
class CaseDiffers(CaseEvent):
    """The platform's word does not fit ours: for a person, with both sides."""

    type: ClassVar[str] = "aftersales.case_differs"
    what: str
    theirs: str
    ours: str


@frozen(kw_only=True)
class CaseDifferenceSettled(CaseEvent):
    """An operator has dealt with a discrepancy."""

    type: ClassVar[str] = "aftersales.difference_settled"
    what: str
    reason: str
