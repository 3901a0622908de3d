"""Platform orders: raw payloads come in, exceptions are listed and converted again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from attrs import frozen
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, JSONBody, QueryParameter, RawBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body, check_media_type
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Pages, Signer, by_time
from oms_adapters.http.payloads import split
from oms_adapters.http.shops import KnownShop, KnownShops
from oms_adapters.http.views import Given, MoneyView, View, plain
from oms_app.actor import Actor, KeyReused, Permission
from oms_app.arrivals import Arrival, Preparation
from oms_app.conversion import IntakeAnswer, Outcome
from oms_app.intake import CHUNK, ConvertAgain, IntakeService, TakeIn, convert_again
from oms_app.ports.channels import Gateways
from oms_app.ports.transaction import StoreRefusedData
from oms_app.queries.rows import PlatformOrderRow, Queries
from oms_domain.channels.standard import UnreadablePayload
from oms_domain.kernel.identity import PlatformOrderId
from oms_domain.orders.platform_order import Conversion, PlatformOrder, Trouble

READ: Final = needs(Permission.ORDERS_READ)


class Nothing(Body):
    """No fields."""


class MismatchView(View):
    """A sum of the platform's that does not fit; ``line_no`` is empty where it is the whole order's."""

    rule: str
    line_no: str
    stated: MoneyView
    computed: MoneyView


class UnmappedSkuView(View):
    """Goods of which nobody has said what they are of ours."""

    line_no: str
    platform_sku_id: str
    merchant_code: str
    title: str
    spec: str
    why: str


class TroubleView(View):
    """Why no sales order could be made (转单异常)."""

    reason: str
    field: str
    why: str
    mismatches: list[MismatchView]
    unmapped: list[UnmappedSkuView]

    @classmethod
    def of(cls, trouble: Trouble) -> TroubleView:
        return cls(
            reason=trouble.reason,
            field=trouble.field,
            why=trouble.why,
            mismatches=[
                MismatchView(
                    rule=mismatch.rule,
                    line_no=mismatch.line_no,
                    stated=MoneyView.of(mismatch.stated),
                    computed=MoneyView.of(mismatch.computed),
                )
                for mismatch in trouble.mismatches
            ],
            unmapped=[
                UnmappedSkuView(
                    line_no=each.line_no,
                    platform_sku_id=each.platform_sku_id,
                    merchant_code=each.merchant_code,
                    title=each.title,
                    spec=each.spec,
                    why=each.why,
                )
                for each in trouble.unmapped
            ],
        )


class IntakeRowView(View):
    """What became of one payload. ``code``, ``field`` and ``why`` are those of a refusal, which stored nothing."""

    index: int
    outcome: str
    order_no: str
    platform_order_id: UUID | None = None
    order_id: UUID | None = None
    number: str = ""
    state: str | None = None
    payable: MoneyView | None = None
    trouble: TroubleView | None = None
    code: str = ""
    field: str = ""
    why: str = ""

    @classmethod
    def of(cls, index: int, answer: IntakeAnswer) -> IntakeRowView:
        return cls(
            index=index,
            outcome=answer.outcome,
            order_no=answer.order_no,
            platform_order_id=answer.platform_order_id,
            order_id=answer.order_id,
            number=answer.number,
            state=answer.state,
            payable=MoneyView.maybe(answer.payable),
            trouble=TroubleView.of(answer.trouble) if answer.trouble else None,
            code=answer.code,
            field=answer.field,
        )

    @classmethod
    def unreadable(cls, index: int, refusal: UnreadablePayload) -> IntakeRowView:
        return cls(
            index=index,
            outcome=Outcome.REFUSED,
            order_no=refusal.order_no,
            code=refusal.code,
            field=plain(refusal.field),
            why=refusal.why,
        )


class IntakeRowsView(View):
    """One answer per payload, in their order."""

    rows: list[IntakeRowView]


class PlatformOrderRowView(View):
    """A platform order in a list."""

    id: UUID
    number: str
    shop_id: UUID
    platform: str
    order_no: str
    conversion: str
    reason: str
    order_id: UUID | None
    modified_at: datetime
    created_at: datetime

    @classmethod
    def of(cls, row: PlatformOrderRow) -> PlatformOrderRowView:
        return cls(
            id=row.id,
            number=row.number,
            shop_id=row.shop_id,
            platform=row.platform,
            order_no=row.order_no,
            conversion=row.conversion,
            reason=row.reason,
            order_id=row.order_id,
            modified_at=row.modified_at,
            created_at=row.created_at,
        )


class PlatformOrderView(View):
    """A channel's order as it came, in standard form. ``platform_state`` is None while it cannot be read."""

    id: UUID
    number: str
    shop_id: UUID
    platform: str
    order_no: str
    platform_state: str | None
    payable: MoneyView | None
    receiver: str
    conversion: str
    trouble: TroubleView | None
    order_id: UUID | None
    modified_at: datetime
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, order: PlatformOrder) -> PlatformOrderView:
        standard = order.standard
        return cls(
            id=order.id,
            number=order.number,
            shop_id=order.shop_id,
            platform=order.platform,
            order_no=order.order_no,
            platform_state=standard.state if standard else None,
            payable=MoneyView.maybe(standard.payable if standard else None),
            receiver=order.receiver.mask,
            conversion=order.conversion,
            trouble=TroubleView.of(order.trouble) if order.trouble else None,
            order_id=order.order_id,
            modified_at=order.modified_at,
            created_at=order.created_at,
            updated_at=order.updated_at,
            version=order.version,
        )


class IntakeController(Controller):
    """Raw payloads of a shop's platform."""

    path = "/shops/{shop:str}/platform-orders"
    tags = ("Platform orders",)

    @post("/", operation_id="takeIn", opt=needs(TakeIn.permission, changes=True), status_code=200, sync_to_thread=True)
    def take_in(
        self,
        request: Request[Any, Any, Any],
        shop: FromPath[str],
        body: RawBody,
        actor: Given[Actor],
        intake: Given[IntakeService],
        preparation: Given[Preparation],
        gateways: Given[Gateways],
        known_shops: Given[KnownShops],
    ) -> Response[IntakeRowView | IntakeRowsView]:
        """Take in one order of the platform, or up to 500, exactly as the platform sends them.

        One object is answered by one row: 201 if it is new, 422 if it cannot be read. A list is answered row by row.
        """
        check_media_type(request)
        payloads, alone = split(body, most=CHUNK)
        taken = _Intake(intake, preparation, gateways, known_shops.of(shop, actor), actor)
        if not alone:
            return Response(content=IntakeRowsView(rows=taken.rows(payloads)))
        row = taken.only(payloads[0])
        return Response(content=row, status_code=201 if row.outcome == Outcome.CREATED else 200)


class PlatformOrdersController(Controller):
    """What came from the platforms."""

    path = "/platform-orders"
    tags = ("Platform orders",)

    @get("/", operation_id="listPlatformOrders", opt=READ, sync_to_thread=True)
    def list_platform_orders(
        self,
        actor: Given[Actor],
        queries: Given[Queries],
        signer: Given[Signer],
        conversion: Annotated[Conversion | None, QueryParameter(description="``exception``: the work list")] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[PlatformOrderRowView]:
        """List platform orders, newest first."""
        pages = Pages(signer, ("platform_orders", conversion))
        rows = queries.platform_orders(actor, conversion=conversion, after=pages.position(cursor), limit=limit + 1)
        return pages.page(rows, limit, PlatformOrderRowView.of, lambda row: by_time(row.created_at, row.id))

    @get("/{platform_order_id:uuid}", operation_id="getPlatformOrder", opt=READ, sync_to_thread=True)
    def get_platform_order(
        self, platform_order_id: FromPath[UUID], actor: Given[Actor], queries: Given[Queries]
    ) -> PlatformOrderView:
        """Get one platform order."""
        return PlatformOrderView.of(queries.platform_order(actor, PlatformOrderId(platform_order_id)))

    @post(
        "/{platform_order_id:uuid}/conversion",
        operation_id="convertAgain",
        opt=needs(ConvertAgain.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def convert_again(
        self,
        platform_order_id: FromPath[UUID],
        actor: Given[Actor],
        intake: Given[IntakeService],
        preparation: Given[Preparation],
        gateways: Given[Gateways],
        data: JSONBody[Nothing | None] = None,
    ) -> IntakeRowView:
        """Translate the stored payload anew and try again to make the sales order (单据转换), after a fix."""
        id_ = PlatformOrderId(platform_order_id)
        return IntakeRowView.of(0, convert_again(intake, preparation, gateways, platform_order_id=id_, by=actor))


@frozen
class _Intake:
    """One request's payloads on their way in."""

    intake: IntakeService
    preparation: Preparation
    gateways: Gateways
    shop: KnownShop
    actor: Actor

    def only(self, payload: bytes) -> IntakeRowView:
        """Raises ``UnreadablePayload``, ``StoreRefusedData``: alone, a refused row is a refused request."""
        answer = self._store([self._prepare(payload)])[0]
        if answer.outcome is Outcome.REFUSED:
            raise StoreRefusedData(why=answer.code)
        return IntakeRowView.of(0, answer)

    def rows(self, payloads: Sequence[bytes]) -> list[IntakeRowView]:
        """Store what can be read, in one chunk, and answer for every payload in its place."""
        answered: dict[int, IntakeRowView] = {}
        arrivals: dict[int, Arrival] = {}
        for index, payload in enumerate(payloads):
            try:
                arrivals[index] = self._prepare(payload)
            except UnreadablePayload as refusal:
                answered[index] = IntakeRowView.unreadable(index, refusal)
        for index, answer in zip(arrivals, self._store(list(arrivals.values())), strict=True):
            answered[index] = IntakeRowView.of(index, answer)
        return [answered[index] for index in range(len(payloads))]

    def _prepare(self, payload: bytes) -> Arrival:
        translate = self.gateways.translator(self.shop.platform)
        return self.preparation.prepare(payload, translate, shop_id=self.shop.id)

    def _store(self, arrivals: list[Arrival]) -> tuple[IntakeAnswer, ...]:
        if not arrivals:
            return ()
        command = TakeIn(shop_id=self.shop.id, platform=self.shop.platform, arrivals=tuple(arrivals), by=self.actor)
        answers = self.intake.take_in(command)
        if [answer.order_no for answer in answers] != [arrival.order_no for arrival in arrivals]:
            # Remembered when other rows of the same body could be read than now: which is which cannot be told.
            raise KeyReused(key=self.actor.once.key if self.actor.once else "")
        return answers
