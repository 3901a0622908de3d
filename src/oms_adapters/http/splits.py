"""Splitting, merging and taking apart again: what it would make, and doing it."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from attrs import evolve
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.batch_jobs import WORKED_ON, BatchView, taken
from oms_adapters.http.batches import MOST_ROWS, PutRows, Rows, all_rows, check_rows, each
from oms_adapters.http.bodies import Body, as_body
from oms_adapters.http.idempotency import IfMatch, expected_version
from oms_adapters.http.languages import language_of
from oms_adapters.http.order_views import OrderAnswerView, OrderRowView
from oms_adapters.http.paging import Cursor, Limit, Pages, Signer
from oms_adapters.http.problems import Told
from oms_adapters.http.refusals import FieldInvalid
from oms_adapters.http.shops import KnownShops
from oms_adapters.http.views import Given, MoneyView, View
from oms_app.actor import Actor, Permission
from oms_app.batches import BatchService, StartBatch, StartEach
from oms_app.merging import MOST_ORDERS, Merged, MergeOrders, MergeService, UnmergeOrder
from oms_app.queries.rows import LARGEST_PAGE, Queries
from oms_app.splitting import Part, PartLine, SplitAnswer, SplitOrder, SplitService, Wanted
from oms_domain.kernel.errors import OmsError
from oms_domain.kernel.identity import LineId, OrderId, ShopId, SkuCode
from oms_domain.kernel.quantity import LARGEST_QUANTITY
from oms_domain.kernel.text import checked_text

MOST_PARTS: Final = 100
MOST_WANTED: Final = 1_000
LONGEST_SKU: Final = 64


class WantedBody(Body):
    """Units of a line, or of a SKU wherever it stands on the order."""

    units: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_QUANTITY)]
    line_id: UUID | None = None
    sku: str = ""

    def wanted(self, field: str) -> Wanted:
        if (self.line_id is None) == (not self.sku):
            raise FieldInvalid(field=field, why="name either line_id or sku")
        sku = SkuCode(checked_text(self.sku, field=f"{field}.sku", longest=LONGEST_SKU)) if self.sku else None
        return Wanted(line_id=LineId(self.line_id) if self.line_id else None, sku=sku, units=self.units)


WantedPart = Annotated[list[WantedBody], msgspec.Meta(max_length=MOST_WANTED)]


class SplitBody(Body):
    """Parts by line or SKU and units; what they leave is one more. None: by the shop's rules."""

    parts: Annotated[list[WantedPart], msgspec.Meta(max_length=MOST_PARTS)] = []  # noqa: RUF012  (copied by msgspec)

    def command(self, order_id: UUID, actor: Actor, expected: int | None) -> SplitOrder:
        parts = tuple(
            tuple(wanted.wanted(f"parts[{at}][{place}]") for place, wanted in enumerate(part))
            for at, part in enumerate(self.parts)
        )
        return SplitOrder(order_id=OrderId(order_id), parts=parts, expected_version=expected, by=actor)


class SplitRow(SplitBody, kw_only=True):
    """An order of a batch, split as it would be alone."""

    id: UUID


class PartLineView(View):
    """Units of a line in a part, with what they cost after all discounts."""

    line_id: UUID
    platform_line_no: str
    sku: str
    title: str
    units: int
    payable: MoneyView

    @classmethod
    def of(cls, line: PartLine) -> PartLineView:
        return cls(
            line_id=line.line_id,
            platform_line_no=line.platform_line_no,
            sku=line.sku,
            title=line.title,
            units=line.units,
            payable=MoneyView.of(line.payable),
        )


class PartView(View):
    """A part with its reasons and amounts; ``order``: the order that it became."""

    reasons: list[str]
    lines: list[PartLineView]
    freight: MoneyView
    payable: MoneyView
    paid: MoneyView
    order: OrderAnswerView | None

    @classmethod
    def of(cls, part: Part) -> PartView:
        return cls(
            reasons=list(part.reasons),
            lines=[PartLineView.of(line) for line in part.lines],
            freight=MoneyView.of(part.freight),
            payable=MoneyView.of(part.payable),
            paid=MoneyView.of(part.paid),
            order=OrderAnswerView.of(part.order) if part.order else None,
        )


class SplitView(View):
    """What an order is split into. ``fewest``: with fewer parts the rules cannot be kept, as far as is known.

    ``too_large``: lines of which one unit alone is above a limit. ``version``: of the order.
    """

    id: UUID
    number: str
    version: int
    parts: list[PartView]
    fewest: int
    too_large: list[UUID]

    @classmethod
    def of(cls, answer: SplitAnswer) -> SplitView:
        return cls(
            id=answer.id,
            number=answer.number,
            version=answer.version,
            parts=[PartView.of(part) for part in answer.parts],
            fewest=answer.fewest,
            too_large=list(answer.too_large),
        )


class MergeBody(Body):
    """Which orders are to be one."""

    ids: Annotated[list[UUID], msgspec.Meta(max_length=MOST_ORDERS)]

    def command(self, actor: Actor) -> MergeOrders:
        return MergeOrders(order_ids=tuple(map(OrderId, self.ids)), by=actor)


class UnmergesBody(Body):
    """Which orders are to come apart: up to 100 at once, more in the background."""

    ids: list[UUID]


class UnmergeRow(View):
    """What became of one order: done with its parts, or refused with code, facts and text."""

    id: UUID
    outcome: str
    split: SplitView | None = None
    code: str = ""
    fields: dict[str, Any] = {}  # noqa: RUF012  (copied by msgspec)
    text: str = ""


class UnmergeRows(View):
    """One answer for each id, in their order."""

    rows: list[UnmergeRow]


class MergedView(View):
    """The order that others became, with what it has of them."""

    order: OrderAnswerView
    sources: list[OrderAnswerView]
    lines: int
    freight: MoneyView
    payable: MoneyView
    paid: MoneyView

    @classmethod
    def of(cls, merged: Merged) -> MergedView:
        return cls(
            order=OrderAnswerView.of(merged.order),
            sources=[OrderAnswerView.of(source) for source in merged.sources],
            lines=merged.lines,
            freight=MoneyView.of(merged.freight),
            payable=MoneyView.of(merged.payable),
            paid=MoneyView.of(merged.paid),
        )


class MergeGroupsView(View):
    """Groups of orders that may be merged, the oldest of each first. ``next_cursor`` is null on the last page."""

    groups: list[list[OrderRowView]]
    next_cursor: str | None


class SplitsController(Controller):
    """Splitting and merging orders."""

    path = "/orders"
    tags = ("Order commands",)

    @post(
        "/{order_id:uuid}/split-plan",
        operation_id="planSplitOfOrder",
        summary="Show what a split would make (拆单方案)",
        opt=needs(Permission.ORDERS_WRITE),
        status_code=200,
        sync_to_thread=True,
    )
    def plan(
        self,
        order_id: FromPath[UUID],
        actor: Given[Actor],
        splits: Given[SplitService],
        data: JSONBody[SplitBody | None] = None,
        if_match: IfMatch = None,
    ) -> Response[SplitView]:
        command = (data or SplitBody()).command(order_id, actor, expected_version(if_match))
        view = SplitView.of(splits.preview(command))
        return Response(content=view, headers={"ETag": f'"{view.version}"'})

    @post(
        "/{order_id:uuid}/split",
        operation_id="splitOrder",
        summary="Take apart (拆单)",
        opt=needs(SplitOrder.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def split(
        self,
        order_id: FromPath[UUID],
        actor: Given[Actor],
        splits: Given[SplitService],
        data: JSONBody[SplitBody | None] = None,
        if_match: IfMatch = None,
    ) -> SplitView:
        command = (data or SplitBody()).command(order_id, actor, expected_version(if_match))
        return SplitView.of(splits.split(command))

    @post(
        "/splits",
        operation_id="splitOrders",
        summary="Take apart: up to 100 at once, more in the background",
        responses=WORKED_ON,
        opt=needs(SplitOrder.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def split_many(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Rows],
        actor: Given[Actor],
        splits: Given[SplitService],
        batches: Given[BatchService],
    ) -> Response[PutRows[SplitView] | BatchView]:
        """Take orders apart, each row as it would be sent alone. Of more than 100 every row must be readable."""
        if len(data.rows) > MOST_ROWS:

            def read(plain: Any) -> SplitOrder:
                row = as_body(plain, SplitRow)
                return row.command(row.id, actor, None)

            return taken(batches.start_each(StartEach(commands=all_rows(data, read), by=actor)))

        def put(row: SplitRow, by: Actor) -> tuple[str, SplitView]:
            return "done", SplitView.of(splits.split(row.command(row.id, by, None)))

        return Response(content=each(data, SplitRow, put, request=request, actor=actor))

    @get(
        "/merge-candidates",
        operation_id="listMergeCandidates",
        summary="List orders that may be merged, in groups",
        opt=needs(Permission.ORDERS_READ),
        sync_to_thread=True,
    )
    def candidates(
        self,
        actor: Given[Actor],
        queries: Given[Queries],
        known_shops: Given[KnownShops],
        signer: Given[Signer],
        shop: FromQuery[str | None] = None,
        cursor: Cursor = None,
        limit: Limit = LARGEST_PAGE,
    ) -> MergeGroupsView:
        """What goes to one receiver is on one page, unless that alone is more than ``limit`` orders."""
        shop_id = known_shops.of(shop, actor).id if shop else None
        pages = Pages(signer, ("merge_candidates", str(shop_id)))
        place = pages.after(cursor)
        after = (ShopId(UUID(place[0])), place[1]) if place else None
        found = queries.merge_candidates(actor, shop_id=shop_id, after=after, limit=limit)
        return MergeGroupsView(
            groups=[[OrderRowView.of(row) for row in group] for group in found.groups],
            next_cursor=pages.cursor((str(found.next[0]), found.next[1])) if found.next else None,
        )

    @post(
        "/merge-plan",
        operation_id="planMergeOfOrders",
        summary="Show what a merge would make",
        opt=needs(Permission.ORDERS_WRITE),
        status_code=200,
        sync_to_thread=True,
    )
    def plan_merge(self, data: JSONBody[MergeBody], actor: Given[Actor], merges: Given[MergeService]) -> MergedView:
        return MergedView.of(merges.preview(data.command(actor)))

    @post(
        "/merges",
        operation_id="mergeOrders",
        summary="Put together (合单)",
        opt=needs(MergeOrders.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def merge(self, data: JSONBody[MergeBody], actor: Given[Actor], merges: Given[MergeService]) -> MergedView:
        return MergedView.of(merges.merge(data.command(actor)))

    @post(
        "/merges/batch",
        operation_id="mergeGroupsOfOrders",
        summary="Put together, each row orders of its own (批量合单): up to 100 at once",
        opt=needs(MergeOrders.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def merge_many(
        self, request: Request[Any, Any, Any], data: JSONBody[Rows], actor: Given[Actor], merges: Given[MergeService]
    ) -> PutRows[MergedView]:
        """Merge, each row as it would be sent alone."""

        def put(row: MergeBody, by: Actor) -> tuple[str, MergedView]:
            return "done", MergedView.of(merges.merge(row.command(by)))

        return each(data, MergeBody, put, request=request, actor=actor)

    @post(
        "/unmerges",
        operation_id="unmergeOrders",
        summary="Take merged orders apart by their sources: up to 100 at once, more in the background",
        responses=WORKED_ON,
        opt=needs(UnmergeOrder.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def unmerge_many(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[UnmergesBody],
        actor: Given[Actor],
        merges: Given[MergeService],
        batches: Given[BatchService],
    ) -> Response[UnmergeRows | BatchView]:
        """Take merged orders apart, each with its own answer."""
        ids = [OrderId(id) for id in data.ids]
        if len(ids) > MOST_ROWS:
            return taken(batches.start(StartBatch(command=UnmergeOrder, order_ids=ids, by=actor)))
        check_rows(ids, field="ids")
        language = language_of(request.headers.get("accept-language", ""))

        def one(id: OrderId) -> UnmergeRow:
            by = evolve(actor, once=actor.once.row(str(id)) if actor.once else None)
            try:
                made = merges.unmerge(UnmergeOrder(order_id=id, by=by))
                return UnmergeRow(id=id, outcome="done", split=SplitView.of(made))
            except OmsError as refusal:
                told = Told.of(refusal)
                return UnmergeRow(
                    id=id, outcome="refused", code=told.code, fields=told.fields, text=told.text(language)
                )

        return Response(content=UnmergeRows(rows=[one(id) for id in ids]))

    @post(
        "/{order_id:uuid}/unmerge",
        operation_id="unmergeOrder",
        summary="Take a merged order apart by its sources (取消合单)",
        opt=needs(UnmergeOrder.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def unmerge(
        self,
        order_id: FromPath[UUID],
        actor: Given[Actor],
        merges: Given[MergeService],
        if_match: IfMatch = None,
    ) -> SplitView:
        command = UnmergeOrder(order_id=OrderId(order_id), expected_version=expected_version(if_match), by=actor)
        return SplitView.of(merges.unmerge(command))
