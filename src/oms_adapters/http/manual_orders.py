"""Orders that a person puts in, seen first or made at once; and the balance of a presale."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.addresses import RecognisedView, recognised
from oms_adapters.http.auth import needs
from oms_adapters.http.batch_jobs import WORKED_ON, BatchView, taken
from oms_adapters.http.batches import MOST_ROWS, PutRows, Rows, all_rows, each
from oms_adapters.http.bodies import Body, as_body
from oms_adapters.http.idempotency import IfMatch, expected_version
from oms_adapters.http.order_views import OrderAnswerView, RegionView
from oms_adapters.http.paging import instant
from oms_adapters.http.shops import KnownShops, MoneyBody
from oms_adapters.http.views import Given, MoneyView, View
from oms_app.actor import Actor, Permission
from oms_app.batches import BatchService, StartEach
from oms_app.manual import MOST_LINES, CreateOrder, LineWanted, ManualAnswer, ManualOrderService, PayBalance
from oms_domain.addresses.recognise import LONGEST_PASTE
from oms_domain.channels.standard import OrderKind, Receiver, Region
from oms_domain.fulfilment.sourcing.records import carrier_code
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.identity import OrderId, ShopId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import LARGEST_QUANTITY, Quantity
from oms_domain.kernel.text import checked_line, checked_text
from oms_domain.orders.marks import Business, DeliveryMode

MOST_GIFTS = 100
LONGEST_STREET = 200
LONGEST_NOTE = 500
LONGEST_NO = 64

Name = Annotated[str, msgspec.Meta(max_length=100)]
Digits = Annotated[str, msgspec.Meta(max_length=40)]


class NewReceiverBody(Body):
    """Who gets it, and where: field by field, or one pasted ``text``, or both. Sealed at once."""

    text: Annotated[str, msgspec.Meta(max_length=LONGEST_PASTE)] = ""
    name: Name = ""
    mobile: Digits = ""
    phone: Digits = ""
    province: Name = ""
    city: Name = ""
    district: Name = ""
    town: Name = ""
    street: Annotated[str, msgspec.Meta(max_length=LONGEST_STREET)] = ""
    zip: Annotated[str, msgspec.Meta(max_length=10)] = ""

    def receiver(self) -> Receiver:
        return Receiver(**{name: self._text(name) for name in ("name", "mobile", "phone", "street", "zip")})

    def region(self) -> Region:
        return Region(**{name: self._text(name) for name in ("province", "city", "district", "town")})

    def _text(self, name: str) -> str:
        return checked_text(getattr(self, name), field=f"receiver.{name}", longest=LONGEST_STREET)


class NewLineBody(Body):
    """Units of a SKU or bundle. Without a price: what the catalogue says."""

    code: str
    units: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_QUANTITY)]
    unit_price: MoneyBody | None = None

    def line(self, field: str) -> LineWanted:
        return LineWanted(
            code=sku_code(self.code, field=f"{field}.code"),
            units=Quantity(self.units),
            unit_price=self.unit_price.money() if self.unit_price else None,
        )


class NewGiftBody(Body):
    """Units of a gift, for nothing."""

    code: str
    units: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_QUANTITY)]

    def line(self, field: str) -> LineWanted:
        return LineWanted(code=sku_code(self.code, field=f"{field}.code"), units=Quantity(self.units))


class NewOrderBody(Body):
    """An order to put in. What must be filled in and is not is told all at once (必填项未填).

    ``kind`` reissue (补发): of 0 amount, for ``original``; it goes to the same receiver if none is given. ``deposit``:
    what is paid of a presale. ``paid`` false: it waits for its payment, as long as its shop lets it.
    """

    shop: Annotated[str, msgspec.Meta(max_length=32)] = ""
    kind: OrderKind | None = None
    platform_order_no: Annotated[str, msgspec.Meta(max_length=LONGEST_NO)] = ""
    business: Business | None = None
    delivery: DeliveryMode = DeliveryMode.COURIER
    cash_on_delivery: bool = False
    warehouse: str = ""
    carrier: str = ""
    freight: MoneyBody | None = None
    discount: MoneyBody | None = None
    coupon: MoneyBody | None = None
    deposit: MoneyBody | None = None
    placed_at: datetime | None = None
    paid: bool = True
    group_until: datetime | None = None
    paid_at: datetime | None = None
    note: Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE)] = ""
    receiver: NewReceiverBody = msgspec.field(default_factory=NewReceiverBody)
    lines: Annotated[list[NewLineBody], msgspec.Meta(max_length=MOST_LINES)] = []  # noqa: RUF012
    gifts: Annotated[list[NewGiftBody], msgspec.Meta(max_length=MOST_GIFTS)] = []  # noqa: RUF012
    original: UUID | None = None

    def command(self, shop_id: ShopId | None, by: Actor) -> CreateOrder:
        return CreateOrder(
            shop_id=shop_id,
            kind=self.kind,
            platform_order_no=checked_line(self.platform_order_no, field="platform_order_no", longest=LONGEST_NO),
            business=self.business,
            delivery=self.delivery,
            cash_on_delivery=self.cash_on_delivery,
            warehouse=warehouse_code(self.warehouse) if self.warehouse else None,
            carrier=carrier_code(self.carrier, field="carrier") if self.carrier else None,
            freight=_money(self.freight),
            discount=_money(self.discount),
            coupon=_money(self.coupon),
            deposit=self.deposit.money() if self.deposit else None,
            placed_at=instant(self.placed_at, field="placed_at"),
            paid=self.paid,
            group_until=instant(self.group_until, field="group_until"),
            paid_at=instant(self.paid_at, field="paid_at"),
            note=checked_text(self.note, field="note", longest=LONGEST_NOTE),
            pasted=self.receiver.text,
            receiver=self.receiver.receiver(),
            region=self.receiver.region(),
            lines=tuple(line.line(f"lines[{at}]") for at, line in enumerate(self.lines)),
            gifts=tuple(line.line(f"gifts[{at}]") for at, line in enumerate(self.gifts)),
            original=OrderId(self.original) if self.original else None,
            by=by,
        )


class BalanceBody(Body):
    """What was paid of a presale's balance, all of it; ``coupon``: what a coupon took off it."""

    paid: MoneyBody
    coupon: MoneyBody | None = None

    def command(self, order_id: UUID, actor: Actor, version: int | None) -> PayBalance:
        return PayBalance(
            order_id=OrderId(order_id),
            paid=self.paid.money(),
            coupon=_money(self.coupon),
            expected_version=version,
            by=actor,
        )


class BalanceRow(BalanceBody, kw_only=True):
    """The second payment of one presale of many. ``version``: refuse if it has changed since that was read."""

    id: UUID
    version: Annotated[int, msgspec.Meta(ge=1)] | None = None


class NewOrderLineView(View):
    """A line of the order, with what it costs after all discounts."""

    sku: str
    title: str
    quantity: int
    payable: MoneyView
    is_gift: bool
    bundle: str | None


class NewOrderView(View):
    """What was made, or would be. ``doubts``: what of the address a person should look at.

    ``recognised``: of a plan, what a pasted address says; who asks has typed it.
    """

    order: OrderAnswerView
    lines: list[NewOrderLineView]
    freight: MoneyView
    payable: MoneyView
    paid: MoneyView
    balance_due: MoneyView
    receiver: str
    region: RegionView
    recognised: RecognisedView | None
    doubts: list[str]

    @classmethod
    def of(cls, answer: ManualAnswer, *, pasted: str = "") -> NewOrderView:
        return cls(
            order=OrderAnswerView.of(answer.order),
            lines=[
                NewOrderLineView(
                    sku=line.sku,
                    title=line.title,
                    quantity=line.quantity,
                    payable=MoneyView.of(line.payable),
                    is_gift=line.is_gift,
                    bundle=line.bundle,
                )
                for line in answer.lines
            ],
            freight=MoneyView.of(answer.freight),
            payable=MoneyView.of(answer.payable),
            paid=MoneyView.of(answer.paid),
            balance_due=MoneyView.of(answer.balance_due),
            receiver=answer.receiver,
            region=RegionView.of(answer.region),
            recognised=recognised(pasted),
            doubts=list(answer.doubts),
        )


class ManualOrdersController(Controller):
    """Orders that a person puts in."""

    path = "/orders"
    tags = ("Order commands",)

    @post("/", operation_id="createOrder", opt=needs(CreateOrder.permission, changes=True), sync_to_thread=True)
    def create(
        self,
        data: JSONBody[NewOrderBody],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        manual_orders: Given[ManualOrderService],
    ) -> NewOrderView:
        """Put an order in (手工订单)."""
        return NewOrderView.of(manual_orders.create(_command(data, known_shops, actor)))

    @post(
        "/plan",
        operation_id="planOrder",
        summary="Show what an order that is put in would be",
        opt=needs(Permission.ORDERS_WRITE),
        status_code=200,
        sync_to_thread=True,
    )
    def plan(
        self,
        data: JSONBody[NewOrderBody],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        manual_orders: Given[ManualOrderService],
    ) -> NewOrderView:
        answer = manual_orders.preview(_command(data, known_shops, actor))
        return NewOrderView.of(answer, pasted=data.receiver.text)

    @post(
        "/batch",
        operation_id="createOrders",
        opt=needs(CreateOrder.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def create_many(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Rows],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        manual_orders: Given[ManualOrderService],
    ) -> PutRows[NewOrderView]:
        """Put up to 100 orders in at once."""

        def put(row: NewOrderBody, by: Actor) -> tuple[str, NewOrderView]:
            return "created", NewOrderView.of(manual_orders.create(_command(row, known_shops, by)))

        return each(data, NewOrderBody, put, request=request, actor=actor)

    @post(
        "/balances",
        operation_id="payBalancesOfOrders",
        summary="Book the second payments of presales (批量付尾款): up to 100 at once, more in the background",
        responses=WORKED_ON,
        opt=needs(PayBalance.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def pay_balances(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Rows],
        actor: Given[Actor],
        manual_orders: Given[ManualOrderService],
        batches: Given[BatchService],
    ) -> Response[PutRows[OrderAnswerView] | BatchView]:
        """Book payments, each row as it would be sent alone. Of more than 100 every row must be readable."""
        if len(data.rows) > MOST_ROWS:

            def read(plain: Any) -> PayBalance:
                row = as_body(plain, BalanceRow)
                return row.command(row.id, actor, row.version)

            return taken(batches.start_each(StartEach(commands=all_rows(data, read), by=actor)))

        def put(row: BalanceRow, by: Actor) -> tuple[str, OrderAnswerView]:
            return "done", OrderAnswerView.of(manual_orders.pay_balance(row.command(row.id, by, row.version)))

        return Response(content=each(data, BalanceRow, put, request=request, actor=actor))

    @post(
        "/{order_id:uuid}/balance",
        operation_id="payBalanceOfOrder",
        opt=needs(PayBalance.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def pay_balance(
        self,
        order_id: FromPath[UUID],
        data: JSONBody[BalanceBody],
        actor: Given[Actor],
        manual_orders: Given[ManualOrderService],
        if_match: IfMatch = None,
    ) -> Response[OrderAnswerView]:
        """Book the second payment of a presale (尾款); it does not leave before."""
        command = data.command(order_id, actor, expected_version(if_match))
        view = OrderAnswerView.of(manual_orders.pay_balance(command))
        return Response(content=view, headers={"ETag": f'"{view.version}"'})


def _command(body: NewOrderBody, known_shops: KnownShops, by: Actor) -> CreateOrder:
    return body.command(known_shops.of(body.shop, by).id if body.shop else None, by)


def _money(body: MoneyBody | None) -> Money:
    return body.money() if body else Money(0)
