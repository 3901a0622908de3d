"""Aftersales cases: lists, one with its log, opened by hand, and what can be done to them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import Provide
from litestar.params import FromPath, FromQuery, JSONBody

from oms_adapters.http.aftersales_lists import log_of, page_of, wanted_of
from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.case_doings import DOINGS
from oms_adapters.http.doings import (
    Desk,
    DoneView,
    Fen,
    LongText,
    Text,
    checked,
    positive,
    put_on,
)
from oms_adapters.http.edits import AddressBody
from oms_adapters.http.idempotency import IfMatch, expected_version
from oms_adapters.http.order_views import LogView
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Signer, States
from oms_adapters.http.refusals import FieldInvalid
from oms_adapters.http.shops import KnownShops
from oms_adapters.http.views import Given, MoneyView, View
from oms_app.actor import Actor, Permission
from oms_app.aftersales import CaseService
from oms_app.case_addresses import return_address, sending_address
from oms_app.case_commands import AskedLine, CaseAnswer, OpenCase, PreviewReceived, ReaddressCase
from oms_app.case_grants import Received
from oms_app.ports.transaction import NewId
from oms_app.ports.vault import Sealer
from oms_app.queries.aftersales import AftersalesQueries
from oms_app.queries.rows import Queries
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.states import CaseKind
from oms_domain.aftersales.values import CaseLine
from oms_domain.apportionment.units import joined
from oms_domain.channels.standard import Region
from oms_domain.kernel.identity import CaseId, EvidenceId, LineId, OrderId, ShopId, SkuCode
from oms_domain.refunds.proposal import as_json

READ: Final = needs(Permission.AFTERSALES_READ)
MOST_LINES: Final = 500
MOST_UNITS: Final = 10**6
Unit = Annotated[int, msgspec.Meta(ge=0, le=MOST_UNITS)]


class AskedLineBody(Body):
    """Units of an order line: how many (``units``), or which (``runs``: half-open, counted from 0); never both."""

    line_id: UUID
    units: Unit = 0
    runs: Annotated[list[tuple[Unit, Unit]], msgspec.Meta(max_length=MOST_LINES)] = []  # noqa: RUF012
    replacement: Annotated[str, msgspec.Meta(max_length=64)] = ""

    def asked(self) -> AskedLine:
        if self.units and self.runs:
            raise FieldInvalid(field="lines", why="units_or_runs")
        return AskedLine(
            line_id=LineId(self.line_id),
            units=self.units,
            runs=joined(self.runs),
            replacement=SkuCode(checked(self.replacement, "replacement")) if self.replacement else None,
        )


class OpenCaseBody(Body):
    """What the buyer asks for (新建售后).

    ``send_to``: where the new goods go, if not where the order went; ``return_to``: where the goods come back to, if
    not to the shop's usual address. Each is a whole address, or one pasted ``text``; sealed at once, shown as a mask.
    """

    order_id: UUID
    kind: CaseKind
    lines: Annotated[list[AskedLineBody], msgspec.Meta(max_length=MOST_LINES)]
    reason: Text
    description: LongText = ""
    evidence: Annotated[list[UUID], msgspec.Meta(max_length=20)] = []  # noqa: RUF012
    asked_fen: Fen | None = None
    override: Text = ""
    send_to: AddressBody | None = None
    return_to: AddressBody | None = None


class CaseAddressesBody(Body):
    """Where new goods go, or where goods come back to: a whole address, or one pasted ``text``; sealed at once."""

    send_to: AddressBody | None = None
    return_to: AddressBody | None = None


class CaseLineView(View):
    """Units of an order line that the claim is about: half-open runs, counted from 0."""

    line_id: UUID
    sku: str
    runs: list[tuple[int, int]]
    replacement: str | None

    @classmethod
    def of(cls, line: CaseLine) -> CaseLineView:
        return cls(line_id=line.line_id, sku=line.sku, runs=list(line.units), replacement=line.replacement)


class CaseDifferenceView(View):
    """A discrepancy that a person has not dealt with: both sides."""

    what: str
    theirs: str
    ours: str


class DueView(View):
    """Until when somebody must act, and when to warn."""

    at: datetime | None
    warn_at: datetime | None


class ClosingView(View):
    """How it ended without what was asked."""

    how: str
    reason: str
    by: str


class CaseView(View):
    """A claim on units of an order (售后单)."""

    id: UUID
    number: str
    shop_id: UUID
    order_id: UUID
    kind: str
    state: str
    lines: list[CaseLineView]
    reason: str
    description: str
    evidence: list[UUID]
    asked_by: str
    asked: MoneyView | None
    refund: MoneyView | None
    approved_by: str
    refunded: MoneyView | None
    responsibility: str | None
    platform_refund_no: str
    carrier: str
    tracking_no: str
    refund_id: UUID | None
    return_id: UUID | None
    return_mask: str
    replacement_id: UUID | None
    send_mask: str
    send_region: str
    sent_by_carrier: str
    sent_tracking_no: str
    owed: MoneyView | None
    linked_to: UUID | None
    override: str
    in_dispute: str
    differences: list[CaseDifferenceView]
    closing: ClosingView | None
    due: DueView
    opened_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, case: AftersalesCase) -> CaseView:
        return cls(
            id=case.id,
            number=case.number,
            shop_id=case.shop_id,
            order_id=case.order_id,
            kind=case.kind,
            state=case.state,
            lines=list(map(CaseLineView.of, case.lines)),
            reason=case.reason,
            description=case.description,
            evidence=list(case.evidence),
            asked_by=case.asked_by,
            asked=MoneyView.maybe(case.asked),
            refund=MoneyView.maybe(case.refund),
            approved_by=case.approved_by,
            refunded=MoneyView.maybe(case.refunded),
            responsibility=case.responsibility,
            platform_refund_no=case.platform_refund_no,
            carrier=case.carrier,
            tracking_no=case.tracking_no,
            refund_id=case.refund_id,
            return_id=case.return_id,
            return_mask=case.return_mask,
            replacement_id=case.replacement_id,
            send_mask=case.send_mask,
            send_region=_named(case.send_region),
            sent_by_carrier=case.sent.carrier,
            sent_tracking_no=case.sent.tracking_no,
            owed=MoneyView.maybe(case.owed),
            linked_to=case.linked_to,
            override=case.override,
            in_dispute=case.in_dispute,
            differences=[CaseDifferenceView(what=e.what, theirs=e.theirs, ours=e.ours) for e in case.differences],
            closing=ClosingView(how=case.closing.how, reason=case.closing.reason, by=case.closing.by)
            if case.closing
            else None,
            due=DueView(at=case.due.at, warn_at=case.due.warn_at),
            opened_at=case.opened_at,
            updated_at=case.updated_at,
            version=case.version,
        )


def _named(region: Region | None) -> str:
    return " ".join(filter(None, (region.province, region.city, region.district, region.town))) if region else ""


class CaseDetailView(View):
    """A case with its operation log."""

    case: CaseView
    log: list[LogView]


class ReceivedView(View):
    """What came of a case, what is missing, and what accepting the units that came gives back, explained."""

    received: list[CaseLineView]
    missing: list[CaseLineView]
    proposal: dict[str, Any] | None

    @classmethod
    def of(cls, found: Received) -> ReceivedView:
        return cls(
            received=list(map(CaseLineView.of, found.parted.kept)),
            missing=list(map(CaseLineView.of, found.parted.missing)),
            proposal=as_json(found.proposal) if found.proposal else None,
        )


def answer_view(answer: CaseAnswer) -> DoneView:
    """Return what became of a case."""
    facts = {
        "kind": str(answer.kind),
        "order_id": str(answer.order_id),
        "refund_id": str(answer.refund_id) if answer.refund_id else None,
        "return_id": str(answer.return_id) if answer.return_id else None,
        "replacement_id": str(answer.replacement_id) if answer.replacement_id else None,
        "linked_id": str(answer.linked_id) if answer.linked_id else None,
    }
    return DoneView(id=answer.id, number=answer.number, state=answer.state, version=answer.version, facts=facts)


def _service(cases: Given[CaseService]) -> CaseService:
    return cases


class CasesController(Controller):
    """Aftersales cases."""

    path = "/aftersales/cases"
    tags = ("Aftersales",)
    dependencies = {"service": Provide(_service, sync_to_thread=False)}  # noqa: RUF012

    @get("/", operation_id="listCases", opt=READ, sync_to_thread=True)
    def cases(
        self,
        actor: Given[Actor],
        aftersales_queries: Given[AftersalesQueries],
        signer: Given[Signer],
        known_shops: Given[KnownShops],
        states: States = None,
        kind: FromQuery[str | None] = None,
        shop: FromQuery[str | None] = None,
        order_id: FromQuery[UUID | None] = None,
        number: FromQuery[str | None] = None,
        platform_refund_no: FromQuery[str | None] = None,
        differs: FromQuery[bool | None] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[CaseView]:
        """List cases, newest first."""
        wanted = wanted_of(
            actor,
            known_shops,
            shop,
            states,
            kind=kind,
            order_id=order_id,
            number=number,
            platform_refund_no=platform_refund_no,
            differs=differs,
        )
        given: Any = {"actor": actor, "signer": signer, "cursor": cursor, "limit": limit}
        return page_of(aftersales_queries.cases, CaseView.of, wanted, name="cases", **given)

    @get("/{id:uuid}", operation_id="getCase", opt=READ, sync_to_thread=True)
    def case(
        self,
        id: FromPath[UUID],
        actor: Given[Actor],
        aftersales_queries: Given[AftersalesQueries],
    ) -> Response[CaseDetailView]:
        """Show one case with its log."""
        found = aftersales_queries.case(actor, CaseId(id))
        view = CaseDetailView(case=CaseView.of(found.document), log=log_of(found.log))
        return Response(content=view, headers={"ETag": f'"{found.document.version}"'})

    @get("/{id:uuid}/received", operation_id="previewReceivedGoods", opt=READ, sync_to_thread=True)
    def received(
        self,
        id: FromPath[UUID],
        actor: Given[Actor],
        cases: Given[CaseService],
        with_freight: FromQuery[bool] = False,
    ) -> ReceivedView:
        """Say what came, what is missing, and what accepting what came would give back (收货退款试算)."""
        return ReceivedView.of(cases.received(PreviewReceived(case_id=CaseId(id), with_freight=with_freight, by=actor)))

    @post(
        "/{id:uuid}/addresses",
        operation_id="readdressCase",
        opt=needs(ReaddressCase.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def readdress(
        self,
        id: FromPath[UUID],
        data: JSONBody[CaseAddressesBody],
        actor: Given[Actor],
        cases: Given[CaseService],
        aftersales_queries: Given[AftersalesQueries],
        sealer: Given[Sealer],
        new_id: Given[NewId],
        if_match: IfMatch = None,
    ) -> Response[DoneView]:
        """Name another address for the new goods, or for those that come back, before it is granted (变更地址)."""
        shop_id = aftersales_queries.case(actor, CaseId(id)).document.shop_id
        command = ReaddressCase(
            case_id=CaseId(id),
            **_places(data, shop_id, sealer, new_id),
            expected_version=expected_version(if_match),
            by=actor,
        )
        view = answer_view(cases.readdress(command))
        return Response(content=view, headers={"ETag": f'"{view.version}"'})

    @post(
        "/",
        operation_id="openCase",
        opt=needs(OpenCase.permission, changes=True),
        status_code=201,
        sync_to_thread=True,
    )
    def open(
        self,
        data: JSONBody[OpenCaseBody],
        actor: Given[Actor],
        cases: Given[CaseService],
        queries: Given[Queries],
        sealer: Given[Sealer],
        new_id: Given[NewId],
    ) -> Response[DoneView]:
        """Open a case for a buyer (新建售后)."""
        elsewhere = data.send_to is not None or data.return_to is not None
        shop_id = queries.order(actor, OrderId(data.order_id)).order.shop_id if elsewhere else None
        command = OpenCase(
            order_id=OrderId(data.order_id),
            kind=data.kind,
            lines=tuple(line.asked() for line in data.lines),
            reason=checked(data.reason, "reason"),
            description=checked(data.description, "description"),
            evidence=tuple(map(EvidenceId, data.evidence)),
            asked=None if data.asked_fen is None else positive(data.asked_fen, "asked_fen"),
            override=checked(data.override, "override"),
            **_places(data, shop_id, sealer, new_id),
            by=actor,
        )
        view = answer_view(cases.open(command))
        return Response(content=view, status_code=201, headers={"ETag": f'"{view.version}"'})


def _places(
    data: OpenCaseBody | CaseAddressesBody, shop_id: ShopId | None, sealer: Sealer, new_id: NewId
) -> dict[str, Any]:
    """Return the addresses that are named, sealed for the shop."""
    if shop_id is None:
        return {}
    tools: Any = {"shop_id": shop_id, "sealer": sealer, "new_id": new_id}
    return {
        "send_to": None if data.send_to is None else sending_address(data.send_to.wanted(), **tools),
        "return_to": None if data.return_to is None else return_address(data.return_to.wanted(), **tools),
    }


put_on(CasesController, Desk(key="case_id", view=answer_view), DOINGS)
