"""What can be done to an aftersales case over HTTP, and what each asks for."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from oms_adapters.http.bodies import Body
from oms_adapters.http.doings import (
    Doing,
    Fen,
    Name,
    Text,
    checked,
    money,
    plain_facts,
    positive,
)
from oms_app import case_commands as use_cases
from oms_domain.aftersales.states import CaseKind
from oms_domain.aftersales.values import Responsibility
from oms_domain.kernel.identity import LineId, SkuCode


class ApprovalBody(Body):
    """Grant it, for another amount than the rule's where one is named; that needs a reason."""

    reason: Text = ""
    refund_fen: Fen | None = None
    with_freight: bool = False


class NeededReasonBody(Body):
    """Why; the buyer is shown it."""

    reason: Text


class ManyNeededReasonsBody(Body):
    """Which cases, at most 100, and why."""

    ids: list[UUID]
    reason: Text


class KindBody(Body):
    """Another kind, and what is to be sent instead of which line's goods."""

    to: CaseKind
    reason: Text = ""
    replacements: dict[UUID, Annotated[str, msgspec.Meta(max_length=64)]] = {}  # noqa: RUF012


class ParcelBody(Body):
    """How the goods come back."""

    carrier: Name
    tracking_no: Annotated[str, msgspec.Meta(max_length=64)]
    reason: Text = ""


class AcceptBody(Body):
    """``difference_fen``: what the new goods cost more."""

    reason: Text = ""
    difference_fen: Fen | None = None


class AcceptReceivedBody(Body):
    """``refuse_missing``: why the missing units are refused; empty: they only leave the case.

    ``refund_fen``: another amount than the rule's, with a reason. ``difference_fen``: what the new goods cost more.
    """

    reason: Text = ""
    refund_fen: Fen | None = None
    with_freight: bool = False
    difference_fen: Fen | None = None
    refuse_missing: Text = ""


class SentBody(Body):
    """How a person sent them; empty where their order has left. ``owed_fen``: what they cost less: it is refunded."""

    reason: Text = ""
    carrier: Annotated[str, msgspec.Meta(max_length=64)] = ""
    tracking_no: Annotated[str, msgspec.Meta(max_length=64)] = ""
    owed_fen: Fen | None = None


class OwedBody(Body):
    """What the new goods of an exchange cost less."""

    amount_fen: Fen
    reason: Text = ""


class ResponsibilityBody(Body):
    """Who is to blame (责任判定)."""

    responsibility: Responsibility
    reason: Text = ""


class CaseDifferenceBody(Body):
    """Which discrepancy is dealt with, and how."""

    what: Name
    reason: Text


def _granted(body: ApprovalBody) -> dict[str, Any]:
    refund = None if body.refund_fen is None else positive(body.refund_fen, "refund_fen")
    return {"reason": checked(body.reason, "reason"), "refund": refund, "with_freight": body.with_freight}


def _accepted(body: AcceptBody) -> dict[str, Any]:
    return {"reason": checked(body.reason, "reason"), "difference": money(body.difference_fen)}


def _received(body: AcceptReceivedBody) -> dict[str, Any]:
    refund = None if body.refund_fen is None else positive(body.refund_fen, "refund_fen")
    missing = checked(body.refuse_missing, "refuse_missing")
    return {"refund": refund, "with_freight": body.with_freight, "refuse_missing": missing} | {
        "reason": checked(body.reason, "reason"),
        "difference": money(body.difference_fen),
    }


def _sent(body: SentBody) -> dict[str, Any]:
    owed = money(body.owed_fen) if body.owed_fen else None
    return {"reason": checked(body.reason, "reason"), "owed": owed} | {
        "carrier": checked(body.carrier, "carrier"),
        "tracking_no": checked(body.tracking_no, "tracking_no"),
    }


def _owed(body: OwedBody) -> dict[str, Any]:
    return {"reason": checked(body.reason, "reason"), "amount": positive(body.amount_fen, "amount_fen")}


def _kind(body: KindBody) -> dict[str, Any]:
    replacements = tuple(
        (LineId(line_id), SkuCode(checked(sku, "replacements"))) for line_id, sku in body.replacements.items()
    )
    return {"to": body.to, "reason": checked(body.reason, "reason"), "replacements": replacements}


def _batch_approval(body: Any) -> dict[str, Any]:
    return _granted(body) if isinstance(body, ApprovalBody) else plain_facts(body)


_u = use_cases
DOINGS: Final = (
    Doing(
        path="approval",
        operation="approveCase",
        summary="Grant what is asked (审核通过)",
        command=_u.ApproveCase,
        method="approve",
        body=ApprovalBody,
        facts=_batch_approval,
        many="approvals",
        many_operation="approveCases",
    ),
    Doing(
        path="rejection",
        operation="rejectCase",
        summary="Refuse it with a reason (审核拒绝)",
        command=_u.RejectCase,
        method="reject",
        body=NeededReasonBody,
        many="rejections",
        many_operation="rejectCases",
        many_body=ManyNeededReasonsBody,
    ),
    Doing(
        path="withdrawal",
        operation="withdrawCase",
        summary="The buyer thinks better of it (买家撤销)",
        command=_u.WithdrawCase,
        method="withdraw",
    ),
    Doing(
        path="kind-change",
        operation="changeCaseKind",
        summary="Go on as another kind, in a linked case (变更类型)",
        command=_u.ChangeKind,
        method="change_kind",
        body=KindBody,
        facts=_kind,
    ),
    Doing(
        path="buyer-parcel",
        operation="noteCaseParcel",
        summary="Note how the goods come back (登记退货物流)",
        command=_u.NoteParcel,
        method="note_parcel",
        body=ParcelBody,
    ),
    Doing(
        path="goods-acceptance",
        operation="acceptCaseGoods",
        summary="Accept what came although it is in dispute (接受退货)",
        command=_u.AcceptGoods,
        method="accept_goods",
        body=AcceptBody,
        facts=_accepted,
    ),
    Doing(
        path="received-acceptance",
        operation="acceptReceivedGoods",
        summary="Accept the units that came, the missing ones leave the case (只接受已收到的)",
        command=_u.AcceptReceived,
        method="accept_received",
        body=AcceptReceivedBody,
        facts=_received,
    ),
    Doing(
        path="revocation",
        operation="noteCaseRevoked",
        summary="The right is taken back (权益已收回)",
        command=_u.NoteRevoked,
        method="note_revoked",
    ),
    Doing(
        path="revocation-failure",
        operation="noteCaseNotRevoked",
        summary="The right has been used (权益已使用)",
        command=_u.NoteNotRevoked,
        method="note_not_revoked",
        body=NeededReasonBody,
    ),
    Doing(
        path="stop-failure",
        operation="noteCaseNotStopped",
        summary="The goods have left (拦截失败)",
        command=_u.NoteNotStopped,
        method="note_not_stopped",
        body=NeededReasonBody,
    ),
    Doing(
        path="difference-payment",
        operation="noteCaseDifferencePaid",
        summary="The buyer has paid what new goods cost more (已补差价)",
        command=_u.NoteDifferencePaid,
        method="note_difference_paid",
    ),
    Doing(
        path="replacement-shipment",
        operation="noteCaseReplacementSent",
        summary="New or repaired goods have left by hand (已发出)",
        command=_u.NoteReplacementSent,
        method="note_replacement_sent",
        body=SentBody,
        facts=_sent,
    ),
    Doing(
        path="difference-owed",
        operation="oweCaseDifference",
        summary="New goods cost less: give it back when they leave (应退差价)",
        command=_u.OweDifference,
        method="owe_difference",
        body=OwedBody,
        facts=_owed,
    ),
    Doing(
        path="responsibility",
        operation="setCaseResponsibility",
        summary="Say who is to blame (责任判定)",
        command=_u.SetResponsibility,
        method="set_responsibility",
        body=ResponsibilityBody,
    ),
    Doing(
        path="difference-settlement",
        operation="settleCaseDifference",
        summary="A discrepancy is dealt with (差异已处理)",
        command=_u.SettleDifference,
        method="settle_difference",
        body=CaseDifferenceBody,
    ),
)
