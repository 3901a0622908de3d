"""Return orders and platforms' aftersales documents: lists, one with its log, receipts by hand, conversion."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import Provide
from litestar.params import FromPath, FromQuery

from oms_adapters.http.aftersales_lists import log_of, page_of, wanted_of
from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.cases import READ, Unit
from oms_adapters.http.doings import Desk, Doing, DoneView, checked, put_on
from oms_adapters.http.order_views import LogView
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Signer, States
from oms_adapters.http.shops import KnownShops
from oms_adapters.http.views import Given, MoneyView, View
from oms_app.actor import Actor
from oms_app.asks import AskAnswer, AskService, ConvertAsk
from oms_app.queries.aftersales import AftersalesQueries
from oms_app.returns import ReceiveReturn, ReturnAnswer, ReturnService
from oms_domain.aftersales.platform_aftersales import PlatformAftersales
from oms_domain.aftersales.returns import Inspected, ReturnOrder
from oms_domain.kernel.identity import LineId, PlatformAftersalesId, ReturnOrderId


class InspectedBody(Body):
    """Units of a line as they were found."""

    line_id: UUID
    good: Unit = 0
    defective: Unit = 0
    wrong: Unit = 0


class ReturnReceiptBody(Body):
    """What has come (退货收货). ``receipt``: your own number of it, once; ``last``: nothing more is to come."""

    receipt: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    lines: Annotated[list[InspectedBody], msgspec.Meta(max_length=500)] = []  # noqa: RUF012
    last: bool = True


class ReturnLineView(View):
    """Units of an order line that are to come back, what has come, and what is missing or more than was asked back."""

    line_id: UUID
    sku: str
    expected: int
    good: int
    defective: int
    wrong: int
    missing: int
    over: int


class ReturnView(View):
    """Goods that come back (退货单)."""

    id: UUID
    number: str
    case_id: UUID
    order_id: UUID
    shop_id: UUID
    warehouse: str
    state: str
    lines: list[ReturnLineView]
    carrier: str
    tracking_no: str
    in_dispute: str
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, goods: ReturnOrder) -> ReturnView:
        return cls(
            id=goods.id,
            number=goods.number,
            case_id=goods.case_id,
            order_id=goods.order_id,
            shop_id=goods.shop_id,
            warehouse=goods.warehouse,
            state=goods.state,
            lines=[
                ReturnLineView(
                    line_id=e.line_id,
                    sku=e.sku,
                    expected=e.expected,
                    good=e.good,
                    defective=e.defective,
                    wrong=e.wrong,
                    missing=e.short,
                    over=e.over,
                )
                for e in goods.lines
            ],
            carrier=goods.carrier,
            tracking_no=goods.tracking_no,
            in_dispute=goods.in_dispute,
            created_at=goods.created_at,
            updated_at=goods.updated_at,
            version=goods.version,
        )


class ReturnDetailView(View):
    """A return order with its operation log."""

    return_order: ReturnView
    log: list[LogView]


class AskView(View):
    """A platform's aftersales document (平台售后单), and what became of it."""

    id: UUID
    number: str
    shop_id: UUID
    platform: str
    refund_no: str
    order_no: str
    conversion: str
    trouble: str
    case_id: UUID | None
    kind: str
    state: str
    decision: str
    refund: MoneyView | None
    modified_at: datetime | None
    due_at: datetime | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, ask: PlatformAftersales) -> AskView:
        there = ask.standard
        return cls(
            id=ask.id,
            number=ask.number,
            shop_id=ask.shop_id,
            platform=ask.platform,
            refund_no=ask.refund_no,
            order_no=ask.order_no,
            conversion=ask.conversion,
            trouble=ask.trouble.reason if ask.trouble else "",
            case_id=ask.case_id,
            kind=there.kind if there else "",
            state=there.state if there else "",
            decision=there.decision if there else "",
            refund=MoneyView.of(there.refund) if there else None,
            modified_at=there.modified_at if there else None,
            due_at=there.due_at if there else None,
            created_at=ask.created_at,
            version=ask.version,
        )


class AskDetailView(View):
    """A platform's document with its operation log."""

    platform_aftersales: AskView
    log: list[LogView]


class AskAnswerView(View):
    """What became of a platform's document."""

    id: UUID
    refund_no: str
    outcome: str
    case_id: UUID | None
    reason: str

    @classmethod
    def of(cls, answer: AskAnswer) -> AskAnswerView:
        return cls(
            id=answer.id,
            refund_no=answer.refund_no,
            outcome=answer.outcome,
            case_id=answer.case_id,
            reason=answer.reason,
        )


def answer_view(answer: ReturnAnswer) -> DoneView:
    facts = {
        "case_id": str(answer.case_id),
        "order_id": str(answer.order_id),
        "in_dispute": answer.in_dispute,
    }
    return DoneView(id=answer.id, number=answer.number, state=answer.state, version=answer.version, facts=facts)


def _received(body: ReturnReceiptBody) -> dict[str, Any]:
    lines = (
        Inspected(line_id=LineId(each.line_id), good=each.good, defective=each.defective, wrong=each.wrong)
        for each in body.lines
    )
    return {"receipt": checked(body.receipt, "receipt"), "inspected": tuple(lines), "last": body.last}


DOINGS: Final = (
    Doing(
        path="receipts",
        operation="receiveReturn",
        summary="Book what has come back and how it is (退货收货)",
        command=ReceiveReturn,
        method="receive",
        body=ReturnReceiptBody,
        facts=_received,
    ),
)


def _service(returns: Given[ReturnService]) -> ReturnService:
    return returns


class ReturnsController(Controller):
    """Return orders."""

    path = "/aftersales/returns"
    tags = ("Returns",)
    dependencies = {"service": Provide(_service, sync_to_thread=False)}  # noqa: RUF012

    @get("/", operation_id="listReturns", opt=READ, sync_to_thread=True)
    def returns(
        self,
        actor: Given[Actor],
        aftersales_queries: Given[AftersalesQueries],
        signer: Given[Signer],
        known_shops: Given[KnownShops],
        states: States = None,
        shop: FromQuery[str | None] = None,
        order_id: FromQuery[UUID | None] = None,
        case_id: FromQuery[UUID | None] = None,
        number: FromQuery[str | None] = None,
        tracking_no: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[ReturnView]:
        """List return orders, newest first."""
        named: Any = {"order_id": order_id, "case_id": case_id, "number": number, "tracking_no": tracking_no}
        wanted = wanted_of(actor, known_shops, shop, states, **named)
        given: Any = {"actor": actor, "signer": signer, "cursor": cursor, "limit": limit}
        return page_of(aftersales_queries.returns, ReturnView.of, wanted, name="returns", **given)

    @get("/{id:uuid}", operation_id="getReturn", opt=READ, sync_to_thread=True)
    def return_order(
        self,
        id: FromPath[UUID],
        actor: Given[Actor],
        aftersales_queries: Given[AftersalesQueries],
    ) -> Response[ReturnDetailView]:
        """Show one return order with its log."""
        found = aftersales_queries.return_order(actor, ReturnOrderId(id))
        view = ReturnDetailView(return_order=ReturnView.of(found.document), log=log_of(found.log))
        return Response(content=view, headers={"ETag": f'"{found.document.version}"'})


put_on(ReturnsController, Desk(key="return_id", view=answer_view), DOINGS)


class PlatformAftersalesController(Controller):
    """Platforms' aftersales documents."""

    path = "/aftersales/platform-documents"
    tags = ("Aftersales",)

    @get("/", operation_id="listPlatformAftersales", opt=READ, sync_to_thread=True)
    def asks(
        self,
        actor: Given[Actor],
        aftersales_queries: Given[AftersalesQueries],
        signer: Given[Signer],
        known_shops: Given[KnownShops],
        conversion: FromQuery[str | None] = None,
        shop: FromQuery[str | None] = None,
        refund_no: FromQuery[str | None] = None,
        order_no: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[AskView]:
        """List platforms' refunds and returns, newest first; ``conversion=exception`` is the work list."""
        named: Any = {"conversion": conversion, "refund_no": refund_no, "order_no": order_no}
        wanted = wanted_of(actor, known_shops, shop, None, **named)
        given: Any = {"actor": actor, "signer": signer, "cursor": cursor, "limit": limit}
        return page_of(aftersales_queries.asks, AskView.of, wanted, name="asks", **given)

    @get("/{id:uuid}", operation_id="getPlatformAftersales", opt=READ, sync_to_thread=True)
    def ask(
        self,
        id: FromPath[UUID],
        actor: Given[Actor],
        aftersales_queries: Given[AftersalesQueries],
    ) -> AskDetailView:
        """Show one document with its log."""
        found = aftersales_queries.ask(actor, PlatformAftersalesId(id))
        return AskDetailView(platform_aftersales=AskView.of(found.document), log=log_of(found.log))

    @post(
        "/{id:uuid}/conversion",
        operation_id="convertPlatformAftersales",
        opt=needs(ConvertAsk.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def convert(
        self,
        id: FromPath[UUID],
        actor: Given[Actor],
        asks: Given[AskService],
    ) -> AskAnswerView:
        """Try to make its case again (重新转单)."""
        command = ConvertAsk(platform_aftersales_id=PlatformAftersalesId(id), by=actor)
        return AskAnswerView.of(asks.convert(command))
