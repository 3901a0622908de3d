"""Sales orders: lists, one order, and opening its personal data."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body, texts_of
from oms_adapters.http.languages import language_of
from oms_adapters.http.order_views import OrderRowView, OrderView, etag_of
from oms_adapters.http.paging import DEFAULT_PAGE, Count, Cursor, Limit, Page, Pages, Signer, States, by_time, instant
from oms_adapters.http.refusals import NotSearchable, ParameterInvalid
from oms_adapters.http.shops import KnownShops
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor, Permission
from oms_app.personal import PersonalDataService, RevealPersonalData
from oms_app.ports.transaction import Clock
from oms_app.ports.vault import IndexField, Sealer
from oms_app.queries.rows import LARGEST_PAGE, OrderFilter, OrderRow, Queries
from oms_domain.channels.standard import Buyer, Receiver
from oms_domain.kernel.identity import OrderId
from oms_domain.kernel.text import checked_text
from oms_domain.orders.states import OrderState

READ: Final = needs(Permission.ORDERS_READ)
LONGEST_NO: Final = 64


class Search(Body):
    """Orders to look for by who receives them. In a body, because telephone numbers do not belong in addresses."""

    phone: Annotated[str, msgspec.Meta(description="a whole number, or its last four digits together with ``shop``")]
    shop: str | None = None
    state: list[OrderState] = []  # noqa: RUF012  (copied by msgspec)
    cursor: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE


class Purpose(Body):
    """What somebody's data are opened for; kept in the access log."""

    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ReceiverView(View):
    """Plain personal data of who gets the parcel."""

    name: str
    mobile: str
    phone: str
    street: str
    zip: str

    @classmethod
    def of(cls, receiver: Receiver) -> ReceiverView:
        return cls(
            name=receiver.name,
            mobile=receiver.mobile,
            phone=receiver.phone,
            street=receiver.street,
            zip=receiver.zip,
        )


class BuyerView(View):
    """Plain personal data of who ordered."""

    nick: str
    email: str
    buyer_remark: str
    seller_remark: str

    @classmethod
    def of(cls, buyer: Buyer) -> BuyerView:
        return cls(
            nick=buyer.nick, email=buyer.email, buyer_remark=buyer.buyer_remark, seller_remark=buyer.seller_remark
        )


class PersonalView(View):
    """Opened personal data. Never stored by us in this form, and not to be by anybody else."""

    receiver: ReceiverView
    buyer: BuyerView


class OrdersController(Controller):
    """Lists and reads."""

    path = "/orders"
    tags = ("Orders",)

    @get("/", operation_id="listOrders", opt=READ, sync_to_thread=True)
    def list_orders(
        self,
        actor: Given[Actor],
        queries: Given[Queries],
        signer: Given[Signer],
        now: Given[Clock],
        known_shops: Given[KnownShops],
        states: States = None,
        shop: FromQuery[str | None] = None,
        flagged: FromQuery[bool | None] = None,
        number: FromQuery[str | None] = None,
        platform_order_no: FromQuery[str | None] = None,
        updated_after: Annotated[
            datetime | None, QueryParameter(description="for synchronising: least recently updated first")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
        total: Annotated[bool, QueryParameter(description="count them, up to 1,000")] = False,
    ) -> Page[OrderRowView]:
        """List orders, newest first."""
        wanted = OrderFilter(
            states=tuple(_state(text) for text in texts_of(states, field="state", longest=LONGEST_NO)),
            shop_id=known_shops.of(shop, actor).id if shop is not None else None,
            flagged=flagged,
            number=checked_text(number or "", field="number", longest=LONGEST_NO),
            platform_order_no=checked_text(platform_order_no or "", field="platform_order_no", longest=LONGEST_NO),
            updated_after=instant(updated_after, field="updated_after"),
        )
        return _page(queries, actor, wanted, signer, cursor, limit, now(), total)

    @post("/search", operation_id="searchOrders", opt=READ, status_code=200, sync_to_thread=True)
    def search(
        self,
        data: JSONBody[Search],
        actor: Given[Actor],
        queries: Given[Queries],
        sealer: Given[Sealer],
        signer: Given[Signer],
        now: Given[Clock],
        known_shops: Given[KnownShops],
    ) -> Page[OrderRowView]:
        """Find orders by the receiver's telephone number."""
        shop = known_shops.of(data.shop, actor) if data.shop is not None else None
        phone = checked_text(data.phone, field="phone", longest=LONGEST_NO).strip()
        if len(phone) != 4:
            digest = sealer.digest(IndexField.PHONE, phone)
        else:
            digest = sealer.digest(IndexField.PHONE4, f"{shop.id}{phone}") if shop else ""
        if not digest:
            raise NotSearchable(field="phone")
        wanted = OrderFilter(states=tuple(data.state), shop_id=shop.id if shop else None, phone_digest=digest)
        return _page(queries, actor, wanted, signer, data.cursor, data.limit, now(), False)

    @get("/counts", operation_id="countOrders", opt=READ, sync_to_thread=True)
    def counts(self, actor: Given[Actor], queries: Given[Queries]) -> dict[str, Count]:
        """Count the orders of each state, each up to 1,000."""
        counted = queries.state_counts(actor)
        return {str(state): Count.of(counted.get(state, 0)) for state in OrderState}

    @get("/{order_id:uuid}", operation_id="getOrder", opt=READ, sync_to_thread=True)
    def get_order(
        self,
        order_id: FromPath[UUID],
        actor: Given[Actor],
        queries: Given[Queries],
        request: Request[Any, Any, Any],
        if_none_match: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
    ) -> Response[OrderView | None]:
        """Get one order with its lines, amounts, parcels and log, and what may be done to it."""
        detail = queries.order(actor, OrderId(order_id))
        etag = etag_of(detail)
        if if_none_match is not None and _matches(if_none_match, etag):
            return Response(content=None, status_code=304, headers={"ETag": etag})
        return Response(
            content=OrderView.of(detail, language_of(request.headers.get("accept-language", ""))),
            headers={"ETag": etag},
        )

    @post(
        "/{order_id:uuid}/personal-data",
        operation_id="openPersonalData",
        opt=needs(Permission.PII_READ),  # under no key: plain personal data are never kept for a repeat
        status_code=200,
        sync_to_thread=True,
    )
    def personal_data(
        self,
        order_id: FromPath[UUID],
        data: JSONBody[Purpose],
        actor: Given[Actor],
        personal: Given[PersonalDataService],
    ) -> PersonalView:
        """Open who ordered and who receives it. Each opening is logged with its purpose."""
        command = RevealPersonalData(order_id=OrderId(order_id), purpose=data.purpose, by=actor)
        revealed = personal.reveal(command)
        return PersonalView(receiver=ReceiverView.of(revealed.receiver), buyer=BuyerView.of(revealed.buyer))


def _page(
    queries: Queries,
    actor: Actor,
    wanted: OrderFilter,
    signer: Signer,
    cursor: str | None,
    limit: int,
    now: datetime,
    total: bool,
) -> Page[OrderRowView]:
    pages = Pages(signer, ("orders", repr(wanted)))
    rows = queries.orders(actor, wanted, after=pages.position(cursor), limit=limit + 1, now=now)
    by_update = wanted.updated_after is not None

    def at(row: OrderRow) -> tuple[str, str]:
        return by_time(row.updated_at if by_update else row.created_at, row.id)

    counted = queries.count_orders(actor, wanted) if total else None
    return pages.page(rows, limit, OrderRowView.of, at, counted)


def _state(text: str) -> OrderState:
    try:
        return OrderState(text)
    except ValueError:
        raise ParameterInvalid(field="state", why=", ".join(OrderState)) from None


def _matches(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
