"""Stock: what is there, what changed it, documents that are booked at once, open differences."""

from __future__ import annotations

from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Pages, Signer, by_time
from oms_adapters.http.stock_views import (
    LONGEST_CODE,
    Code,
    LedgerView,
    LevelView,
    Lines,
    Reason,
    Reference,
    StockDifferenceView,
    StockDocumentView,
    units_of,
)
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor, Permission
from oms_app.inventory import (
    PartStock,
    PostStock,
    ReceiptAnswer,
    ReceiveStock,
    SettleDifference,
    StockService,
)
from oms_app.queries.rows import Queries
from oms_domain.inventory.buckets import MOST_BUCKETS
from oms_domain.inventory.documents import DocumentKind
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.identity import StockDocumentId
from oms_domain.kernel.quantity import LARGEST_QUANTITY, quantity

SkuFilter: TypeAlias = Annotated[str | None, QueryParameter(max_length=LONGEST_CODE, description="only this SKU")]
WarehouseFilter: TypeAlias = Annotated[
    str | None, QueryParameter(max_length=LONGEST_CODE, description="only this warehouse")
]
KindFilter: TypeAlias = Annotated[DocumentKind | None, QueryParameter(description="only documents of this kind")]


class ReceiptBody(Body):
    """Units of one SKU that came into a warehouse (采购入库)."""

    sku: Code
    warehouse: Code
    quantity: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_QUANTITY)]
    reason: Reason = ""
    reference: Reference = ""


class ReceiptView(View):
    """The booked receipt."""

    id: UUID
    sku: str
    warehouse: str
    quantity: int
    number: str

    @classmethod
    def of(cls, answer: ReceiptAnswer) -> ReceiptView:
        return cls(
            id=answer.id,
            sku=answer.sku,
            warehouse=answer.warehouse,
            quantity=answer.quantity,
            number=answer.number,
        )


class StockDocumentBody(Body):
    """A document that is booked at once, all of its lines or none.

    ``safety`` sets safety stock to the units of its lines; ``damage`` makes good units defective, and writes defective
    ones off. ``reference`` is your own number: asked again under it, nothing is booked twice.
    """

    kind: DocumentKind
    warehouse: Code
    lines: Lines
    reason: Reason = ""
    reference: Reference = ""


class BucketsBody(Body):
    """In how many parts the sellable units of a hot SKU lie; 0: in one."""

    sku: Code
    warehouse: Code
    buckets: Annotated[int, msgspec.Meta(ge=0, le=MOST_BUCKETS)]


class SettlementBody(Body):
    """``found``: the units have turned up again; else they are written off as far as orders let them be."""

    found: bool = False
    reason: Reason = ""


class StockController(Controller):
    """Stock."""

    path = "/stock"
    tags = ("Stock",)

    @get("/", operation_id="listStock", opt=needs(Permission.STOCK_READ), sync_to_thread=True)
    def levels(
        self,
        actor: Given[Actor],
        queries: Given[Queries],
        signer: Given[Signer],
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[LevelView]:
        """List what is there, by SKU and warehouse. A key of some shops sees the warehouses that they ship from."""
        pages = Pages(signer, ("stock",))
        rows = queries.stock(actor, after=pages.after(cursor), limit=limit + 1)
        return pages.page(rows, limit, LevelView.of, lambda level: (level.sku, level.warehouse))

    @get("/ledger", operation_id="listStockLedger", opt=needs(Permission.STOCK_READ), sync_to_thread=True)
    def ledger(
        self,
        actor: Given[Actor],
        queries: Given[Queries],
        signer: Given[Signer],
        sku: SkuFilter = None,
        warehouse: WarehouseFilter = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[LedgerView]:
        """List what changed stock, newest first."""
        pages = Pages(signer, ("ledger", sku, warehouse))
        rows = queries.stock_ledger(
            actor,
            sku=sku_code(sku) if sku is not None else None,
            warehouse=warehouse_code(warehouse) if warehouse is not None else None,
            after=pages.position(cursor),
            limit=limit + 1,
        )
        return pages.page(rows, limit, LedgerView.of, lambda row: by_time(row.at, row.id))

    @get("/documents", operation_id="listStockDocuments", opt=needs(Permission.STOCK_READ), sync_to_thread=True)
    def documents(
        self,
        actor: Given[Actor],
        queries: Given[Queries],
        signer: Given[Signer],
        kind: KindFilter = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[StockDocumentView]:
        """List stock documents, newest first."""
        pages = Pages(signer, ("stock_documents", kind))
        rows = queries.stock_documents(actor, kind=kind, after=pages.position(cursor), limit=limit + 1)
        return pages.page(rows, limit, StockDocumentView.of, lambda row: by_time(row.created_at, row.id))

    @get(
        "/documents/{document_id:uuid}",
        operation_id="getStockDocument",
        opt=needs(Permission.STOCK_READ),
        sync_to_thread=True,
    )
    def document(self, document_id: FromPath[UUID], actor: Given[Actor], queries: Given[Queries]) -> StockDocumentView:
        """Show one stock document."""
        return StockDocumentView.of(queries.stock_document(actor, StockDocumentId(document_id)))

    @get("/differences", operation_id="listStockDifferences", opt=needs(Permission.STOCK_READ), sync_to_thread=True)
    def differences(
        self, actor: Given[Actor], queries: Given[Queries], limit: Limit = DEFAULT_PAGE
    ) -> Page[StockDifferenceView]:
        """List open differences (差异挂账), oldest first."""
        return Page(items=[StockDifferenceView.of(row) for row in queries.stock_differences(actor, limit=limit)])

    @post(
        "/receipts", operation_id="receiveStock", opt=needs(ReceiveStock.permission, changes=True), sync_to_thread=True
    )
    def receive(self, data: JSONBody[ReceiptBody], actor: Given[Actor], stock: Given[StockService]) -> ReceiptView:
        """Book units that came in; orders that wait for them are tried again."""
        command = ReceiveStock(
            sku=sku_code(data.sku),
            warehouse=warehouse_code(data.warehouse),
            quantity=quantity(data.quantity),
            reason=data.reason,
            reference=data.reference,
            by=actor,
        )
        return ReceiptView.of(stock.receive(command))

    @post("/documents", operation_id="postStock", opt=needs(PostStock.permission, changes=True), sync_to_thread=True)
    def book(
        self, data: JSONBody[StockDocumentBody], actor: Given[Actor], stock: Given[StockService]
    ) -> StockDocumentView:
        """Book a receipt, a return, damage, a lock, safety stock or an adjustment."""
        command = PostStock(
            kind=data.kind,
            warehouse=warehouse_code(data.warehouse),
            lines=units_of(data.lines),
            reason=data.reason,
            reference=data.reference,
            by=actor,
        )
        return StockDocumentView.of(stock.post(command))

    @post("/buckets", operation_id="partStock", opt=needs(PartStock.permission, changes=True), sync_to_thread=True)
    def part(self, data: JSONBody[BucketsBody], actor: Given[Actor], stock: Given[StockService]) -> LevelView:
        """Let the sellable units of a hot SKU lie in several parts (热点分桶), so that many reserve at once."""
        command = PartStock(
            sku=sku_code(data.sku), warehouse=warehouse_code(data.warehouse), buckets=data.buckets, by=actor
        )
        return LevelView.of(stock.part(command))

    @post(
        "/differences/{difference_id:uuid}/settlement",
        operation_id="settleStockDifference",
        opt=needs(SettleDifference.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def settle(
        self,
        difference_id: FromPath[UUID],
        data: JSONBody[SettlementBody],
        actor: Given[Actor],
        stock: Given[StockService],
    ) -> StockDifferenceView:
        """Write an open difference off, or note that its units turned up again."""
        command = SettleDifference(difference_id=difference_id, found=data.found, reason=data.reason, by=actor)
        return StockDifferenceView.of(stock.settle(command))
