"""Warehouses' accounts, what warehouses have pushed, and where an order's parcels are."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Pages, Signer, by_time
from oms_adapters.http.views import Given, View, plain
from oms_app.actor import Actor, Permission
from oms_app.ports.reports import KeptReport
from oms_app.queries.rows import ParcelTrace, Queries
from oms_app.reports import BookKept, ReportAnswer, ReportService
from oms_app.warehouse_levels import CompareLevels, CountLevels, LevelsAnswer, LevelService
from oms_app.wms_accounts import ConnectWarehouse, ListWmsAccounts, WmsAccountService
from oms_domain.fulfilment.reports import ReportId, ReportState
from oms_domain.fulfilment.wms_account import (
    LONGEST_KEY,
    LONGEST_STREET,
    LONGEST_URL,
    Sender,
    WmsAccount,
    WmsKind,
    WmsTerms,
)
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.identity import OrderId

LONGEST_SECRET: Final = 200
MOST_SKUS: Final = 10_000
Key = Annotated[str, msgspec.Meta(max_length=LONGEST_KEY)]
Line = Annotated[str, msgspec.Meta(max_length=LONGEST_STREET)]


class SenderBody(Body):
    """Who stands as the sender on parcels: a business, and its place."""

    company: Line = ""
    name: Line = ""
    phone: Line = ""
    province: Line = ""
    city: Line = ""
    district: Line = ""
    street: Line = ""


class WmsAccountBody(Body):
    """Over what a warehouse is spoken with. ``secret`` is never shown again; left out, the one that is there stays."""

    kind: WmsKind
    base_url: Annotated[str, msgspec.Meta(max_length=LONGEST_URL)] = ""
    app_key: Key = ""
    customer_id: Key = ""
    owner_code: Key = ""
    carrier: Key = "OTHER"
    secret: Annotated[str, msgspec.Meta(max_length=LONGEST_SECRET)] = ""
    reuses_numbers: bool = False
    sender: SenderBody = msgspec.field(default_factory=SenderBody)

    def terms(self) -> WmsTerms:
        return WmsTerms(
            kind=self.kind,
            base_url=self.base_url,
            app_key=self.app_key,
            customer_id=self.customer_id,
            owner_code=self.owner_code,
            carrier=self.carrier,
            sender=Sender(**msgspec.structs.asdict(self.sender)),
            reuses_numbers=self.reuses_numbers,
        )


class WmsAccountView(View):
    """A warehouse's account, without its secret."""

    warehouse: str
    kind: str
    base_url: str
    app_key: str
    customer_id: str
    owner_code: str
    carrier: str
    reuses_numbers: bool
    has_secret: bool
    updated_at: datetime

    @classmethod
    def of(cls, account: WmsAccount) -> WmsAccountView:
        terms = account.terms
        return cls(
            warehouse=account.warehouse,
            kind=terms.kind,
            base_url=terms.base_url,
            app_key=terms.app_key,
            customer_id=terms.customer_id,
            owner_code=terms.owner_code,
            carrier=terms.carrier,
            reuses_numbers=terms.reuses_numbers,
            has_secret=account.has_secret,
            updated_at=account.updated_at,
        )


class WmsReportView(View):
    """A report that a warehouse has pushed. ``content`` is what it says, by kind."""

    id: UUID
    warehouse: str
    kind: str
    report_id: str
    number: str
    state: str
    reason: str
    content: dict[str, Any]
    received_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, kept: KeptReport) -> WmsReportView:
        return cls(
            id=kept.id,
            warehouse=kept.warehouse,
            kind=kept.report.kind,
            report_id=kept.report.report_id,
            number=kept.report.number,
            state=kept.state,
            reason=kept.reason,
            content=contents(kept),
            received_at=kept.received_at,
            updated_at=kept.updated_at,
        )


class WmsReportAnswerView(View):
    """What became of a report."""

    id: UUID
    state: str
    reason: str

    @classmethod
    def of(cls, answer: ReportAnswer) -> WmsReportAnswerView:
        return cls(id=answer.id, state=answer.state, reason=answer.reason)


class TraceView(View):
    """One thing that a carrier told of a parcel."""

    tracking_no: str
    at: datetime
    progress: str
    text: str
    place: str

    @classmethod
    def of(cls, told: ParcelTrace) -> TraceView:
        trace = told.trace
        return cls(
            tracking_no=told.tracking_no, at=trace.at, progress=trace.progress, text=trace.text, place=trace.place
        )


def contents(kept: KeptReport) -> dict[str, Any]:
    """Return what a report says, as JSON can hold it."""
    found = msgspec.to_builtins(kept.report, enc_hook=plain)
    return {name: value for name, value in found.items() if name not in ("report_id", "number")}


class LevelView(View):
    """What we and the warehouse have of a SKU; theirs is null where it does not know the SKU."""

    sku: str
    ours_good: int
    theirs_good: int | None
    ours_defective: int
    theirs_defective: int | None
    differs: bool


class LevelsView(View):
    """Every SKU that was asked about, and the number of the stock document that was booked, empty if none was."""

    rows: list[LevelView]
    booked: str

    @classmethod
    def of(cls, answer: LevelsAnswer) -> LevelsView:
        rows = [
            LevelView(
                sku=row.sku,
                ours_good=row.ours_good,
                theirs_good=row.theirs_good,
                ours_defective=row.ours_defective,
                theirs_defective=row.theirs_defective,
                differs=row.differs,
            )
            for row in answer.rows
        ]
        return cls(rows=rows, booked=answer.booked)


class CountBody(Body):
    """Which SKUs; none: all that lie there with us."""

    skus: Annotated[list[str], msgspec.Meta(max_length=MOST_SKUS)] = []  # noqa: RUF012  (copied by msgspec)


AskedSkus: TypeAlias = Annotated[
    list[str] | None, QueryParameter(description="Only this SKU; may stand several times.")
]


class WmsController(Controller):
    """Warehouses' systems."""

    path = "/wms"
    tags = ("Warehouses",)

    @get("/accounts", operation_id="listWmsAccounts", opt=needs(Permission.ADMIN), sync_to_thread=True)
    def accounts(self, actor: Given[Actor], wms_accounts: Given[WmsAccountService]) -> Page[WmsAccountView]:
        """List the warehouses' accounts."""
        return Page(items=[WmsAccountView.of(each) for each in wms_accounts.all(ListWmsAccounts(by=actor))])

    @post(
        "/accounts/{warehouse:str}",
        operation_id="connectWarehouse",
        opt=needs(ConnectWarehouse.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def connect(
        self,
        warehouse: FromPath[str],
        data: JSONBody[WmsAccountBody],
        actor: Given[Actor],
        wms_accounts: Given[WmsAccountService],
    ) -> WmsAccountView:
        """Give a warehouse its account (对接仓库)."""
        command = ConnectWarehouse(
            warehouse=warehouse_code(warehouse), terms=data.terms(), secret=data.secret, by=actor
        )
        return WmsAccountView.of(wms_accounts.connect(command))

    @get(
        "/levels/{warehouse:str}",
        operation_id="compareLevels",
        opt=needs(CompareLevels.permission),
        sync_to_thread=True,
    )
    def levels_of(
        self, warehouse: FromPath[str], actor: Given[Actor], levels: Given[LevelService], sku: AskedSkus = None
    ) -> LevelsView:
        """Ask a warehouse what it has, beside what we have (库存查询). Nothing is booked."""
        skus = tuple(map(sku_code, sku or ()))
        return LevelsView.of(levels.compare(CompareLevels(warehouse=warehouse_code(warehouse), skus=skus, by=actor)))

    @post(
        "/levels/{warehouse:str}/count",
        operation_id="countLevels",
        opt=needs(CountLevels.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def count_levels(
        self, warehouse: FromPath[str], data: JSONBody[CountBody], actor: Given[Actor], levels: Given[LevelService]
    ) -> LevelsView:
        """Ask a warehouse what it has, and book the differences as its count (按仓库数调整)."""
        skus = tuple(map(sku_code, data.skus))
        return LevelsView.of(levels.count(CountLevels(warehouse=warehouse_code(warehouse), skus=skus, by=actor)))

    @get("/reports", operation_id="listWmsReports", opt=needs(Permission.STOCK_READ), sync_to_thread=True)
    def reports(
        self,
        actor: Given[Actor],
        queries: Given[Queries],
        signer: Given[Signer],
        wanted: Annotated[
            ReportState | None, QueryParameter(name="state", description="only those in this state")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[WmsReportView]:
        """List what warehouses have pushed, newest first."""
        pages = Pages(signer, ("wms_reports", str(wanted or "")))
        states = (wanted,) if wanted else ()
        rows = queries.wms_reports(actor, states=states, after=pages.position(cursor), limit=limit + 1)
        return pages.page(rows, limit, WmsReportView.of, lambda kept: by_time(kept.received_at, kept.id))

    @post(
        "/reports/{report_id:uuid}/booking",
        operation_id="bookWmsReport",
        opt=needs(BookKept.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def book(
        self, report_id: FromPath[UUID], actor: Given[Actor], wms_reports: Given[ReportService]
    ) -> WmsReportAnswerView:
        """Book a report again that was refused, once what was in the way is gone (重新入账)."""
        return WmsReportAnswerView.of(wms_reports.book(BookKept(report_id=ReportId(report_id), by=actor)))


class TracesController(Controller):
    """Where an order's parcels are."""

    path = "/orders"
    tags = ("Orders",)

    @get("/{order_id:uuid}/traces", operation_id="listTraces", opt=needs(Permission.ORDERS_READ), sync_to_thread=True)
    def traces(self, order_id: FromPath[UUID], actor: Given[Actor], queries: Given[Queries]) -> Page[TraceView]:
        """List what carriers told of the order's parcels, oldest first."""
        return Page(items=[TraceView.of(each) for each in queries.traces(actor, OrderId(order_id))])
