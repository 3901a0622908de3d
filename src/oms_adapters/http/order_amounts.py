"""How the amounts of an order came about: as JSON, and as people read them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from oms_adapters.http.auth import needs
from oms_adapters.http.order_views import etag_of
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor, Permission
from oms_app.queries.rows import Queries
from oms_domain.apportionment.explain import Explanation, markdown, svg, text
from oms_domain.kernel.identity import OrderId
from oms_domain.kernel.text import checked_text
from oms_domain.orders.explained import explain_line, explain_order

LONGEST_LINE: Final = 100


class Form(StrEnum):
    """How amounts are shown."""

    JSON = "json"
    TEXT = "text"
    MARKDOWN = "markdown"
    SVG = "svg"


_WRITERS: Final = {
    Form.TEXT: (text, "text/plain; charset=utf-8"),
    Form.MARKDOWN: (markdown, "text/markdown; charset=utf-8"),
    Form.SVG: (svg, "image/svg+xml"),
}


class ColumnView(View):
    """A step, or a sum. ``sort``: amount, gift, discount, charge, tender, net or cash; ``funder`` pays for it."""

    id: str
    title: str
    sort: str
    kind: str
    funder: str


class ExplainedRowView(View):
    """A line, or a unit of one. Amounts are minor units, one for each column; what reduces is negative."""

    key: str
    title: str
    units: int
    amounts_fen: list[int]


class UnusedView(View):
    """A step of which something could not be used."""

    id: str
    fen: int


class KeptView(View):
    """An amount that stands on the order and on no line."""

    name: str
    fen: int


class AmountsView(View):
    """Lines × steps. Of each row the amounts before ``cash`` that are no sums add up to ``cash``."""

    currency: str
    columns: list[ColumnView]
    rows: list[ExplainedRowView]
    sums_fen: list[int]
    kept: list[KeptView]
    unused: list[UnusedView]

    @classmethod
    def of(cls, found: Explanation) -> AmountsView:
        return cls(
            currency=found.currency,
            columns=[
                ColumnView(id=c.id, title=c.title, sort=c.sort, kind=c.of, funder=c.funder) for c in found.columns
            ],
            rows=[
                ExplainedRowView(key=row.key, title=row.title, units=row.units, amounts_fen=list(row.amounts))
                for row in found.rows
            ],
            sums_fen=list(found.sums),
            kept=[KeptView(name=name, fen=fen) for name, fen in found.kept],
            unused=[UnusedView(id=id_, fen=fen) for id_, fen in found.unused],
        )


class OrderAmountsController(Controller):
    """Where each fen of an order is."""

    path = "/orders"
    tags = ("Orders",)

    @get(
        "/{order_id:uuid}/amounts", operation_id="explainOrder", opt=needs(Permission.ORDERS_READ), sync_to_thread=True
    )
    def amounts(
        self,
        order_id: FromPath[UUID],
        actor: Given[Actor],
        queries: Given[Queries],
        form: Annotated[Form, QueryParameter(name="as", description="json, text, markdown or svg")] = Form.JSON,
        line: FromQuery[str | None] = None,
    ) -> Response[AmountsView | str]:
        """Explain the amounts of an order: lines × discounts, freight and tenders; of one ``line``, unit by unit."""
        detail = queries.order(actor, OrderId(order_id))
        name = checked_text(line, field="line", longest=LONGEST_LINE) if line is not None else None
        found = explain_order(detail.order) if name is None else explain_line(detail.order, name)
        headers = {"ETag": etag_of(detail)}
        if form is Form.JSON:
            return Response(content=AmountsView.of(found), headers=headers)
        write, media_type = _WRITERS[form]
        return Response(content=write(found), media_type=media_type, headers=headers)
