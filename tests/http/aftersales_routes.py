"""The routes of aftersales, with calls that fit them."""

from __future__ import annotations

from typing import Any

from tests.http.calls import ABSENT, Call

from oms_app.actor import Permission

READ, WRITE = Permission.AFTERSALES_READ, Permission.AFTERSALES_WRITE


def _on(kind: str, operation: str, path: str, /, **body: Any) -> Call:
    return Call(
        operation=operation,
        method="POST",
        path=f"/aftersales/{kind}/{ABSENT}/{path}",
        body=body or None,
        permission=WRITE,
        changes=True,
    )


def _many(kind: str, operation: str, path: str, /, **body: Any) -> Call:
    return Call(
        operation=operation,
        method="POST",
        path=f"/aftersales/{kind}/{path}",
        body={"ids": [ABSENT], **body},
        permission=WRITE,
        changes=True,
        scoped=200,
    )


def _read(kind: str, many: str, one: str) -> tuple[Call, Call]:
    return (
        Call(operation=many, path=f"/aftersales/{kind}", permission=READ, scoped=200),
        Call(operation=one, path=f"/aftersales/{kind}/{ABSENT}", permission=READ),
    )


_UNITS = [{"line_id": ABSENT, "runs": [[0, 1]]}]

AFTERSALES: tuple[Call, ...] = (
    *_read("cases", "listCases", "getCase"),
    Call(
        operation="openCase",
        method="POST",
        path="/aftersales/cases",
        body={
            "order_id": "{order_id}",
            "kind": "refund_before_shipment",
            "lines": [{"line_id": ABSENT, "units": 1}],
            "reason": "size",
        },
        permission=WRITE,
        changes=True,
    ),
    _on("cases", "readdressCase", "addresses", send_to={"text": "测试员 13000000001 浙江省杭州市西湖区示例路8号"}),
    _on("cases", "approveCase", "approval", reason="x"),
    _many("cases", "approveCases", "approvals", reason="x"),
    _on("cases", "rejectCase", "rejection", reason="x"),
    _many("cases", "rejectCases", "rejections", reason="x"),
    _on("cases", "withdrawCase", "withdrawal", reason="x"),
    _on("cases", "changeCaseKind", "kind-change", to="refund_only"),
    _on("cases", "noteCaseParcel", "buyer-parcel", carrier="SF", tracking_no="1"),
    _on("cases", "acceptCaseGoods", "goods-acceptance", reason="x"),
    _on("cases", "acceptReceivedGoods", "received-acceptance", refuse_missing="x"),
    Call(operation="previewReceivedGoods", path=f"/aftersales/cases/{ABSENT}/received", permission=READ),
    _on("cases", "noteCaseRevoked", "revocation"),
    _on("cases", "noteCaseNotRevoked", "revocation-failure", reason="x"),
    _on("cases", "noteCaseNotStopped", "stop-failure", reason="x"),
    _on("cases", "noteCaseDifferencePaid", "difference-payment"),
    _on("cases", "noteCaseReplacementSent", "replacement-shipment", carrier="SF", tracking_no="1", owed_fen=1),
    _on("cases", "oweCaseDifference", "difference-owed", amount_fen=1),
    _on("cases", "setCaseResponsibility", "responsibility", responsibility="shop"),
    _on("cases", "settleCaseDifference", "difference-settlement", what="refund", reason="x"),
    Call(
        operation="keepEvidence",
        method="POST",
        path="/orders/{order_id}/evidence",
        permission=WRITE,
        changes=True,
    ),
    _on("cases", "addCaseEvidence", "evidence"),
    Call(operation="listCaseEvidence", path=f"/aftersales/cases/{ABSENT}/evidence", permission=READ),
    Call(operation="openEvidence", path=f"/aftersales/evidence/{ABSENT}", permission=READ),
    *(
        Call(
            operation=operation,
            method="POST",
            path=f"/aftersales/terms/tb-1/{path}",
            body=body,
            permission=Permission.ADMIN,
            changes=True,
        )
        for operation, path, body in (
            ("putAftersalesReason", "reasons", {"code": "size", "title": "尺寸"}),
            ("retireAftersalesReason", "reasons/size/retirement", None),
            ("putReplyTemplate", "templates", {"code": "sorry", "title": "致歉", "text": "抱歉"}),
            ("retireReplyTemplate", "templates/sorry/retirement", None),
        )
    ),
    Call(operation="listRoles", path="/aftersales/roles", permission=READ, scoped=None),
    Call(
        operation="putRole",
        method="POST",
        path="/aftersales/roles/senior",
        body={"title": "资深客服"},
        permission=Permission.ADMIN,
        changes=True,
        scoped=403,
    ),
    Call(
        operation="retireRole",
        method="POST",
        path="/aftersales/roles/senior/retirement",
        permission=Permission.ADMIN,
        changes=True,
        scoped=403,
    ),
    *_read("refunds", "listRefunds", "getRefund"),
    Call(
        operation="explainRefundable",
        method="POST",
        path="/aftersales/refunds/refundable",
        body={"order_id": "{order_id}"},
        permission=READ,
    ),
    Call(
        operation="createRefund",
        method="POST",
        path="/aftersales/refunds",
        body={"order_id": "{order_id}", "units": _UNITS, "reason": "x"},
        permission=WRITE,
        changes=True,
    ),
    _on("refunds", "approveRefund", "approval"),
    _many("refunds", "approveRefunds", "approvals"),
    _on("refunds", "closeRefund", "closing", reason="x"),
    _on("refunds", "sendRefund", "sending"),
    _on("refunds", "payRefundByHand", "payment", paid_at="2026-11-23T10:00:00+08:00"),
    _on("refunds", "tagRefund", "tags", tags=["x"]),
    _many("refunds", "tagRefunds", "tags", tags=["x"]),
    _on("refunds", "untagRefund", "tag-removal", tags=["x"]),
    _many("refunds", "untagRefunds", "tag-removals", tags=["x"]),
    _on("refunds", "explainRefund", "internal-reason", reason="x"),
    _on("refunds", "payCompensation", "compensation-payments", line=1, how="by_hand"),
    _on("refunds", "compensateRefund", "compensations", kind="coupon", amount_fen=1, reason="x"),
    _on("refunds", "settleRefundDifference", "difference-settlement", what="amount"),
    *_read("returns", "listReturns", "getReturn"),
    _on("returns", "receiveReturn", "receipts", receipt="1", lines=[{"line_id": ABSENT, "good": 1}]),
    *_read("platform-documents", "listPlatformAftersales", "getPlatformAftersales"),
    _on("platform-documents", "convertPlatformAftersales", "conversion"),
    *_read("tickets", "listTickets", "getTicket"),
    Call(
        operation="openTicket",
        method="POST",
        path="/aftersales/tickets",
        body={"shop": "tb-1", "kind": "inquiry", "subject": "x"},
        permission=WRITE,
        changes=True,
    ),
    _on("tickets", "assignTicket", "assignment", to="kefu-1"),
    _many("tickets", "assignTickets", "assignments", to="kefu-1"),
    _on("tickets", "handOverTicket", "hand-over", to="kefu-1", note="x"),
    _on("tickets", "answerTicket", "answers", text="x"),
    _on("tickets", "noteTicket", "notes", text="x"),
    _on("tickets", "noteCustomerMessage", "customer-messages"),
    _on("tickets", "escalateTicket", "escalation"),
    _on("tickets", "finishTicket", "finishing"),
    _on("tickets", "reopenTicket", "reopening", reason="x"),
    Call(operation="exportRefunds", path="/aftersales/refunds/export", permission=READ, scoped=200),
    Call(operation="getAftersalesTerms", path="/aftersales/terms/tb-1", permission=READ),
    Call(
        operation="setAftersalesTerms",
        method="POST",
        path="/aftersales/terms/tb-1",
        body={"window_days": 15},
        permission=Permission.ADMIN,
        changes=True,
    ),
    Call(
        operation="previewDueDates",
        method="POST",
        path="/aftersales/terms/tb-1/due-dates",
        body={"since": "2026-11-27T17:00:00+08:00"},
        permission=READ,
    ),
    Call(operation="getAftersalesMetrics", path="/aftersales/metrics", permission=READ, scoped=200),
)
