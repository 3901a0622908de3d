"""What is asked of a case: commands of people, and the answer to them."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.case_addresses import CaseAddress
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.aftersales.values import Responsibility
from oms_domain.apportionment.units import Runs
from oms_domain.kernel.identity import CaseId, EvidenceId, LineId, OrderId, RefundId, ReturnOrderId, SkuCode
from oms_domain.kernel.money import Money


@frozen(kw_only=True)
class AskedLine:
    """Units of a line that are asked for: how many (then the first that are free), or which ones."""

    line_id: LineId
    units: int = 0
    runs: Runs = ()
    replacement: SkuCode | None = None


@frozen(kw_only=True)
class OpenCase:
    """Open a case for a buyer (新建售后)."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    order_id: OrderId
    kind: CaseKind
    lines: tuple[AskedLine, ...] | None  # None: everything that is free
    reason: str
    description: str = ""
    evidence: tuple[EvidenceId, ...] = ()
    asked: Money | None = None
    send_to: CaseAddress | None = None  # None: where the order went
    return_to: CaseAddress | None = None  # None: where the shop's goods go back to
    override: str = ""  # why, although the window has closed
    by: Actor


@frozen(kw_only=True)
class CaseCommand:
    """An ask about one case. ``expected_version``: refuse if it has changed since the caller read it."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    case_id: CaseId
    by: Actor
    reason: str = ""
    expected_version: int | None = None


@frozen(kw_only=True)
class ApproveCase(CaseCommand):
    """Grant it (审核通过). ``refund``: another amount than the rule's, with a reason; ``with_freight``: freight too."""

    refund: Money | None = None
    with_freight: bool = False


@frozen(kw_only=True)
class RejectCase(CaseCommand):
    """Refuse it with a reason (审核拒绝), or what came back."""


@frozen(kw_only=True)
class WithdrawCase(CaseCommand):
    """The buyer thinks better of it (买家撤销)."""


@frozen(kw_only=True)
class ReaddressCase(CaseCommand):
    """Name another address for the new goods, or for those that come back (变更地址)."""

    send_to: CaseAddress | None = None
    return_to: CaseAddress | None = None


@frozen(kw_only=True)
class ChangeKind(CaseCommand):
    """Close it, and open a linked case of another kind (变更类型)."""

    to: CaseKind
    replacements: tuple[tuple[LineId, SkuCode], ...] = ()


@frozen(kw_only=True)
class NoteParcel(CaseCommand):
    """Note how the goods come back (登记退货物流)."""

    carrier: str
    tracking_no: str


@frozen(kw_only=True)
class AcceptGoods(CaseCommand):
    """Accept what came although it is in dispute (接受退货). ``difference``: what the new goods cost more."""

    difference: Money | None = None


@frozen(kw_only=True)
class AcceptReceived(CaseCommand):
    """Accept the units that came and let the missing ones go (只接受已收到的). ``reason``: why another amount.

    ``refuse_missing``: why the missing units are refused, in a case of their own; empty: nothing is said about them.
    """

    refund: Money | None = None
    with_freight: bool = False
    difference: Money | None = None
    refuse_missing: str = ""


@frozen(kw_only=True)
class PreviewReceived:
    """What accepting the units that came would give back (收货退款试算)."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_READ
    case_id: CaseId
    with_freight: bool = False
    by: Actor


@frozen(kw_only=True)
class NoteRevoked(CaseCommand):
    """The right is taken back: the course closed, the code void (权益已收回)."""


@frozen(kw_only=True)
class NoteNotRevoked(CaseCommand):
    """The right has been used (权益已使用)."""


@frozen(kw_only=True)
class NoteStopped(CaseCommand):
    """The warehouse will not ship it (拦截成功)."""


@frozen(kw_only=True)
class NoteNotStopped(CaseCommand):
    """It has left (拦截失败)."""


@frozen(kw_only=True)
class NoteDifferencePaid(CaseCommand):
    """The buyer has paid what the new goods cost more (已补差价)."""


@frozen(kw_only=True)
class NoteReplacementSent(CaseCommand):
    """New or repaired goods have left (已发出). ``owed``: what the new goods of an exchange cost less.

    ``carrier``, ``tracking_no``: how a person sent them; an order of ours that was to send them is called off.
    """

    carrier: str = ""
    tracking_no: str = ""
    owed: Money | None = None


@frozen(kw_only=True)
class OweDifference(CaseCommand):
    """The new goods of an exchange cost less: give it back when they leave (应退差价)."""

    amount: Money


@frozen(kw_only=True)
class SetResponsibility(CaseCommand):
    """Say who is to blame (责任判定)."""

    responsibility: Responsibility


@frozen(kw_only=True)
class SettleDifference(CaseCommand):
    """A discrepancy is dealt with (差异已处理)."""

    what: str


@frozen(kw_only=True)
class NoteDifference(CaseCommand):
    """Somebody outside says otherwise, or would not do what was asked: for a person."""

    what: str
    theirs: str


@frozen(kw_only=True)
class TimeOutCase(CaseCommand):
    """Close it if its time is up, and its state closes by that."""


@frozen(kw_only=True)
class CaseAnswer:
    """What became of a case."""

    id: CaseId
    number: str
    kind: CaseKind
    state: CaseState
    order_id: OrderId
    refund_id: RefundId | None
    return_id: ReturnOrderId | None
    replacement_id: OrderId | None
    version: int
    linked_id: CaseId | None = None


def answer_of(case: AftersalesCase, before: AftersalesCase | None) -> CaseAnswer:
    """Return the answer about a case that this transaction stores."""
    return CaseAnswer(
        id=case.id,
        number=case.number,
        kind=case.kind,
        state=case.state,
        order_id=case.order_id,
        refund_id=case.refund_id,
        return_id=case.return_id,
        replacement_id=case.replacement_id,
        version=case.version + (before is None or case != before),
    )
