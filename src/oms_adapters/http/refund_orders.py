"""Refund orders: both lists, one with its log, what may go back and why not more, and what can be done."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from oms_adapters.http.aftersales_lists import log_of, page_of, wanted_of
from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.cases import READ, CaseDifferenceView, Unit
from oms_adapters.http.doings import Desk, Doing, DoneView, Fen, Name, Text, checked, positive, put_on
from oms_adapters.http.order_views import LogView
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Signer, States, instant
from oms_adapters.http.refund_export import refund_csv
from oms_adapters.http.shops import KnownShops
from oms_adapters.http.views import Given, MoneyView, View
from oms_app import refunds as use_cases
from oms_app.actor import Actor, Permission
from oms_app.queries.aftersales import AftersalesQueries
from oms_app.queries.rows import Queries
from oms_app.refunds import CreateRefund, RefundAnswer, RefundService, RefundUnitsCommand
from oms_domain.apportionment.units import joined
from oms_domain.kernel.identity import LineId, OrderId, RefundId
from oms_domain.refunds.compensation import CompensationKind, Payout
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.proposal import as_json
from oms_domain.refunds.refund_order import LONGEST_TAG, MOST_TAGS, RefundOrder

CSV: Final = "text/csv"
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_TAG)]
Tags = Annotated[list[Tag], msgspec.Meta(min_length=1, max_length=MOST_TAGS)]


class UnitsBody(Body):
    """Units of an order line, as half-open runs counted from 0."""

    line_id: UUID
    runs: Annotated[list[tuple[Unit, Unit]], msgspec.Meta(min_length=1, max_length=500)]


class RefundableBody(Body):
    """Of which units something is to go back; none named: of all."""

    order_id: UUID
    units: Annotated[list[UnitsBody], msgspec.Meta(max_length=500)] = []  # noqa: RUF012
    with_freight: bool = False
    amount_fen: Fen | None = None


class CreateRefundBody(Body):
    """A refund by hand, without a case (手工创建)."""

    order_id: UUID
    units: Annotated[list[UnitsBody], msgspec.Meta(min_length=1, max_length=500)]
    reason: Text
    amount_fen: Fen | None = None
    with_freight: bool = False


class PaymentBody(Body):
    """When it was paid by hand; left out: now. ``not_by_platform``: why the platform, which pays it, will not."""

    reason: Text = ""
    paid_at: datetime | None = None
    not_by_platform: Text = ""


class TagsBody(Body):
    """Tags to add, or to take away."""

    tags: Tags


class ManyTagsBody(Body):
    """Which refunds, at most 100, and which tags."""

    ids: list[UUID]
    tags: Tags


class WhyBody(Body):
    """Why it was refunded, for ourselves (内部原因)."""

    reason: Text


class RefundDifferenceBody(Body):
    """Which discrepancy is dealt with."""

    what: Name


class CompensationBody(Body):
    """What is given beside the refund (补偿)."""

    kind: CompensationKind
    amount_fen: Fen
    reason: Text


class CompensationPaymentBody(Body):
    """Which line of compensation, counted from 1, is with the buyer, and how it got there."""

    line: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    how: Payout
    reason: Text = ""


class CompensationView(View):
    """What was given beside the refund. ``state``: given, until somebody has paid it out; paid; void."""

    line: int
    state: str
    paid_at: datetime | None
    paid_by: str
    paid_how: str | None
    paid_because: str
    kind: str
    amount: MoneyView
    reason: str
    by: str
    at: datetime


class TenderView(View):
    """What goes back to a tender; cash is named ``cash``."""

    tender: str
    fen: int


class RefundLineView(View):
    """What goes back of an order line."""

    line_id: UUID
    runs: list[tuple[int, int]]
    fen: int


class RefundView(View):
    """Money on its way back (退款单). ``document_state`` is there after shipment only."""

    id: UUID
    number: str
    shop_id: UUID
    order_id: UUID
    case_id: UUID | None
    platform_order_no: str
    platform_refund_no: str
    source: str
    after_shipment: bool
    state: str
    platform_state: str
    document_state: str | None
    amount: MoneyView
    asked: MoneyView | None
    moved: MoneyView | None
    excess_fen: int
    lines: list[RefundLineView]
    by_tender: list[TenderView]
    changed_because: str
    paid_by: str
    paid_because: str
    not_by_platform: str
    attempts: int
    failure: str
    closed_because: str
    differences: list[CaseDifferenceView]
    compensations: list[CompensationView]
    tags: list[str]
    internal_reason: str
    asked_at: datetime
    finished_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, refund: RefundOrder) -> RefundView:
        taken: dict[UUID, int] = {}
        for each in refund.taken:
            taken[each.line_id] = taken.get(each.line_id, 0) + each.fen
        return cls(
            id=refund.id,
            number=refund.number,
            shop_id=refund.shop_id,
            order_id=refund.order_id,
            case_id=refund.case_id,
            platform_order_no=refund.platform_order_no,
            platform_refund_no=refund.platform_refund_no,
            source=refund.source,
            after_shipment=refund.after_shipment,
            state=refund.state,
            platform_state=refund.platform_state,
            document_state=refund.document_state,
            amount=MoneyView.of(refund.amount),
            asked=MoneyView.maybe(refund.asked),
            moved=MoneyView.maybe(refund.moved),
            excess_fen=refund.excess_fen,
            lines=[
                RefundLineView(line_id=want.line_id, runs=list(want.units), fen=taken.get(want.line_id, 0))
                for want in refund.wants
            ],
            by_tender=[TenderView(tender=tender or "cash", fen=fen) for tender, fen in refund.by_tender],
            changed_because=refund.changed_because,
            paid_by=refund.paid_by,
            paid_because=refund.paid_because,
            not_by_platform=refund.not_by_platform,
            attempts=refund.attempts,
            failure=refund.failure,
            closed_because=refund.closed_because,
            differences=[CaseDifferenceView(what=e.what, theirs=e.theirs, ours=e.ours) for e in refund.differences],
            compensations=[
                CompensationView(
                    line=line,
                    state=e.standing,
                    paid_at=e.paid_at,
                    paid_by=e.paid_by,
                    paid_how=e.paid_how,
                    paid_because=e.paid_because,
                    kind=e.kind,
                    amount=MoneyView.of(e.amount),
                    reason=e.reason,
                    by=e.by,
                    at=e.at,
                )
                for line, e in enumerate(refund.compensations, start=1)
            ],
            tags=list(refund.tags),
            internal_reason=refund.internal_reason,
            asked_at=refund.asked_at,
            finished_at=refund.finished_at,
            created_at=refund.created_at,
            updated_at=refund.updated_at,
            version=refund.version,
        )


class RelatedView(View):
    """A document that belongs to it: ``type`` sales_order, fulfilment_order, case or return_order."""

    type: str
    id: UUID
    number: str
    state: str


class RefundDetailView(View):
    """A refund order with its operation log, and the documents that belong to it (关联单据)."""

    refund: RefundView
    log: list[LogView]
    related: list[RelatedView] = []  # noqa: RUF012


class RefundableView(View):
    """What may go back now, explained: amounts in fen, by tender, by funder, and why not more."""

    proposal: dict[str, Any]


def related_to(refund: RefundOrder, actor: Actor, orders: Queries, aftersales: AftersalesQueries) -> list[RelatedView]:
    """Return the documents that belong to a refund: its order, what ships it, its case, what comes back."""
    detail = orders.order(actor, refund.order_id)
    found: list[tuple[str, Any]] = [("sales_order", detail.order), ("fulfilment_order", detail.fulfilment)]
    if refund.case_id is not None:
        case = aftersales.case(actor, refund.case_id).document
        found.append(("case", case))
        if case.return_id is not None:
            found.append(("return_order", aftersales.return_order(actor, case.return_id).document))
    return [
        RelatedView(type=type, id=each.id, number=each.number, state=each.state)
        for type, each in found
        if each is not None
    ]


def answer_view(answer: RefundAnswer) -> DoneView:
    facts = {
        "amount_fen": answer.amount.fen,
        "order_id": str(answer.order_id),
        "case_id": str(answer.case_id) if answer.case_id else None,
    }
    return DoneView(id=answer.id, number=answer.number, state=answer.state, version=answer.version, facts=facts)


def units_of(units: list[UnitsBody]) -> tuple[RefundUnits, ...]:
    return tuple(RefundUnits(line_id=LineId(each.line_id), units=joined(each.runs)) for each in units)


def _paid(body: PaymentBody) -> dict[str, Any]:
    return {
        "reason": checked(body.reason, "reason"),
        "paid_at": instant(body.paid_at, field="paid_at"),
        "not_by_platform": checked(body.not_by_platform, "not_by_platform"),
    }


def _given(body: CompensationBody) -> dict[str, Any]:
    amount = positive(body.amount_fen, "amount_fen")
    return {"kind": body.kind, "amount": amount, "reason": checked(body.reason, "reason")}


def _paid_out(body: CompensationPaymentBody) -> dict[str, Any]:
    return {"line": body.line, "how": body.how, "reason": checked(body.reason, "reason")}


_u = use_cases
DOINGS: Final = (
    Doing(
        path="approval",
        operation="approveRefund",
        summary="Let a refund without a case be paid (审核)",
        command=_u.ApproveRefund,
        method="approve",
        many="approvals",
        many_operation="approveRefunds",
    ),
    Doing(
        path="closing",
        operation="closeRefund",
        summary="Give a refund without a case up (关闭)",
        command=_u.CloseRefund,
        method="close",
    ),
    Doing(
        path="sending",
        operation="sendRefund",
        summary="Have the platform asked to pay, also again (发起退款)",
        command=_u.SendRefund,
        method="send",
    ),
    Doing(
        path="payment",
        operation="payRefundByHand",
        summary="Book that it was paid by hand (手工退款)",
        command=_u.PayByHand,
        method="pay_by_hand",
        body=PaymentBody,
        facts=_paid,
    ),
    Doing(
        path="tags",
        operation="tagRefund",
        summary="Add tags (打标签)",
        command=_u.TagRefund,
        method="tag",
        body=TagsBody,
        many="tags",
        many_operation="tagRefunds",
        many_body=ManyTagsBody,
    ),
    Doing(
        path="tag-removal",
        operation="untagRefund",
        summary="Take tags away (去标签)",
        command=_u.UntagRefund,
        method="untag",
        body=TagsBody,
        many="tag-removals",
        many_operation="untagRefunds",
        many_body=ManyTagsBody,
    ),
    Doing(
        path="internal-reason",
        operation="explainRefund",
        summary="Save why, for ourselves (内部原因)",
        command=_u.ExplainRefund,
        method="explain",
        body=WhyBody,
    ),
    Doing(
        path="compensations",
        operation="compensateRefund",
        summary="Give something beside it, within the role's limit (补偿)",
        command=_u.Compensate,
        method="compensate",
        body=CompensationBody,
        facts=_given,
    ),
    Doing(
        path="compensation-payments",
        operation="payCompensation",
        summary="Book that a compensation is with the buyer (补偿已发)",
        command=_u.PayCompensation,
        method="pay_compensation",
        body=CompensationPaymentBody,
        facts=_paid_out,
    ),
    Doing(
        path="difference-settlement",
        operation="settleRefundDifference",
        summary="A discrepancy is dealt with (差异已处理)",
        command=_u.SettleRefundDifference,
        method="settle_difference",
        body=RefundDifferenceBody,
    ),
)


def _service(refunds: Given[RefundService]) -> RefundService:
    return refunds


class RefundsController(Controller):
    """Refund orders."""

    path = "/aftersales/refunds"
    tags = ("Refunds",)
    dependencies = {"service": Provide(_service, sync_to_thread=False)}  # noqa: RUF012

    @get("/", operation_id="listRefunds", opt=READ, sync_to_thread=True)
    def refunds(
        self,
        actor: Given[Actor],
        aftersales_queries: Given[AftersalesQueries],
        signer: Given[Signer],
        known_shops: Given[KnownShops],
        after_shipment: Annotated[
            bool | None, QueryParameter(description="the list before shipment, or the one after; left out: both")
        ] = None,
        states: States = None,
        platform_state: FromQuery[str | None] = None,
        document_state: FromQuery[str | None] = None,
        source: FromQuery[str | None] = None,
        tag: FromQuery[str | None] = None,
        shop: FromQuery[str | None] = None,
        order_id: FromQuery[UUID | None] = None,
        case_id: FromQuery[UUID | None] = None,
        number: FromQuery[str | None] = None,
        platform_order_no: FromQuery[str | None] = None,
        platform_refund_no: FromQuery[str | None] = None,
        differs: FromQuery[bool | None] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[RefundView]:
        """List refund orders, newest first (发货前/发货后退款单)."""
        wanted = wanted_of(
            actor,
            known_shops,
            shop,
            states,
            after_shipment=after_shipment,
            platform_state=platform_state,
            document_state=document_state,
            source=source,
            tag=tag,
            order_id=order_id,
            case_id=case_id,
            number=number,
            platform_order_no=platform_order_no,
            platform_refund_no=platform_refund_no,
            differs=differs,
        )
        given: Any = {"actor": actor, "signer": signer, "cursor": cursor, "limit": limit}
        return page_of(aftersales_queries.refunds, RefundView.of, wanted, name="refunds", **given)

    @get("/export", operation_id="exportRefunds", opt=READ, media_type=CSV, sync_to_thread=True)
    def export(
        self,
        actor: Given[Actor],
        aftersales_queries: Given[AftersalesQueries],
        known_shops: Given[KnownShops],
        after_shipment: Annotated[
            bool | None, QueryParameter(description="the list before shipment, or the one after; left out: both")
        ] = None,
        states: States = None,
        platform_state: FromQuery[str | None] = None,
        document_state: FromQuery[str | None] = None,
        source: FromQuery[str | None] = None,
        tag: FromQuery[str | None] = None,
        shop: FromQuery[str | None] = None,
        order_id: FromQuery[UUID | None] = None,
        case_id: FromQuery[UUID | None] = None,
        number: FromQuery[str | None] = None,
        platform_order_no: FromQuery[str | None] = None,
        platform_refund_no: FromQuery[str | None] = None,
        differs: FromQuery[bool | None] = None,
    ) -> Stream:
        """Download refund orders as a table (导出退款单): CSV with the list's filters, newest first, all of them."""
        wanted = wanted_of(
            actor,
            known_shops,
            shop,
            states,
            after_shipment=after_shipment,
            platform_state=platform_state,
            document_state=document_state,
            source=source,
            tag=tag,
            order_id=order_id,
            case_id=case_id,
            number=number,
            platform_order_no=platform_order_no,
            platform_refund_no=platform_refund_no,
            differs=differs,
        )
        named = {"Content-Disposition": 'attachment; filename="refunds.csv"'}
        return Stream(refund_csv(aftersales_queries, actor, wanted), media_type=CSV, headers=named)

    @get("/{id:uuid}", operation_id="getRefund", opt=READ, sync_to_thread=True)
    def refund(
        self,
        id: FromPath[UUID],
        actor: Given[Actor],
        queries: Given[Queries],
        aftersales_queries: Given[AftersalesQueries],
    ) -> Response[RefundDetailView]:
        """Show one refund order with its log, and the documents that belong to it."""
        found = aftersales_queries.refund(actor, RefundId(id))
        related = related_to(found.document, actor, queries, aftersales_queries)
        view = RefundDetailView(refund=RefundView.of(found.document), log=log_of(found.log), related=related)
        return Response(content=view, headers={"ETag": f'"{found.document.version}"'})

    @post(
        "/refundable",
        operation_id="explainRefundable",
        opt=needs(Permission.AFTERSALES_READ),
        status_code=200,
        sync_to_thread=True,
    )
    def refundable(
        self, data: JSONBody[RefundableBody], actor: Given[Actor], refunds: Given[RefundService]
    ) -> RefundableView:
        """Say what may go back of units now, to which tender, and why not more (现可退)."""
        command = RefundUnitsCommand(
            order_id=OrderId(data.order_id),
            units=units_of(data.units),
            with_freight=data.with_freight,
            amount=None if data.amount_fen is None else positive(data.amount_fen, "amount_fen"),
            by=actor,
        )
        return RefundableView(proposal=as_json(refunds.refundable(command)))

    @post(
        "/",
        operation_id="createRefund",
        opt=needs(CreateRefund.permission, changes=True),
        status_code=201,
        sync_to_thread=True,
    )
    def create(
        self, data: JSONBody[CreateRefundBody], actor: Given[Actor], refunds: Given[RefundService]
    ) -> Response[DoneView]:
        """Make a refund by hand, without a case (手工创建退款)."""
        command = CreateRefund(
            order_id=OrderId(data.order_id),
            units=units_of(data.units),
            amount=None if data.amount_fen is None else positive(data.amount_fen, "amount_fen"),
            with_freight=data.with_freight,
            reason=checked(data.reason, "reason"),
            by=actor,
        )
        view = answer_view(refunds.create(command))
        return Response(content=view, status_code=201, headers={"ETag": f'"{view.version}"'})


put_on(RefundsController, Desk(key="refund_id", view=answer_view), DOINGS)
