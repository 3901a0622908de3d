"""Stock: what is there, and what came in."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Pages, Signer
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor, Permission
from oms_app.inventory import ReceiptAnswer, ReceiveStock, StockService
from oms_app.queries.rows import Queries
from oms_domain.inventory.stock import StockLevel, sku_code, warehouse_code
from oms_domain.kernel.quantity import LARGEST_QUANTITY, quantity
from oms_domain.kernel.text import checked_text

LONGEST_CODE: Final = 64
LONGEST_REASON: Final = 500
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_CODE)]


class ReceiptBody(Body):
    """Units that came into a warehouse (入库)."""

    sku: Code
    warehouse: Code
    quantity: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_QUANTITY)]
    reason: Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)] = ""


class ReceiptView(View):
    """The booked receipt."""

    id: UUID
    sku: str
    warehouse: str
    quantity: int

    @classmethod
    def of(cls, answer: ReceiptAnswer) -> ReceiptView:
        return cls(id=answer.id, sku=answer.sku, warehouse=answer.warehouse, quantity=answer.quantity)


class LevelView(View):
    """One SKU in one warehouse, in units. ``available`` is what may still be reserved."""

    sku: str
    warehouse: str
    on_hand: int
    reserved: int
    available: int

    @classmethod
    def of(cls, level: StockLevel) -> LevelView:
        return cls(
            sku=level.sku,
            warehouse=level.warehouse,
            on_hand=level.on_hand,
            reserved=level.reserved,
            available=level.available,
        )


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

    @post(
        "/receipts", operation_id="receiveStock", opt=needs(ReceiveStock.permission, changes=True), sync_to_thread=True
    )
    def receive(self, data: JSONBody[ReceiptBody], actor: Given[Actor], stock: Given[StockService]) -> ReceiptView:
        """Book units that came in; orders that wait for them are tried again."""
        command = ReceiveStock(
            sku=sku_code(data.sku),
            warehouse=warehouse_code(data.warehouse),
            quantity=quantity(data.quantity),
            reason=checked_text(data.reason, field="reason", longest=LONGEST_REASON),
            by=actor,
        )
        return ReceiptView.of(stock.receive(command))
