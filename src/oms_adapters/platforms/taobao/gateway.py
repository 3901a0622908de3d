"""One shop's account at Taobao, as the use cases see it (``ChannelGateway``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

import httpx2
from attrs import field, frozen

from oms_adapters.platforms.taobao.account import TaobaoAccount
from oms_adapters.platforms.taobao.asks import TaobaoAsks
from oms_adapters.platforms.taobao.capabilities import CAPABILITIES
from oms_adapters.platforms.taobao.carriers import COMPANY_CODES
from oms_adapters.platforms.taobao.client import UNREADABLE, TopClient
from oms_adapters.platforms.taobao.payload import Fields
from oms_adapters.platforms.taobao.refunds import translate_refund
from oms_adapters.platforms.taobao.states import CLOSED_STATES, SHIPPED_STATES
from oms_adapters.platforms.taobao.translate import translate
from oms_app.ports.channels import AskRef, AskReply, OrderGone, OrderRef, PlatformRefused, RetryLater, ShipmentNotice
from oms_domain.channels.aftersales import AskTranslation
from oms_domain.channels.capabilities import Capability
from oms_domain.channels.standard import Platform, StandardLine, Translation, UnreadablePayload
from oms_domain.kernel.time import print_china_time, utc

WINDOW: Final = timedelta(minutes=30)  # TOP documentation: at most a day, half an hour advised
PAGE_SIZE: Final = 50  # at most 100, 40 to 50 advised
MOST_RESULTS: Final = 1_000_000  # of one window; more is a broken reply
MOST_SUB_ORDERS: Final = 50  # of one call of logistics.offline.send

LIST_ORDERS: Final = "taobao.trades.sold.increment.get"
FETCH_ORDER: Final = "taobao.trade.fullinfo.get"
NOT_EXIST: Final = "isv.trade-not-exist"
SEND: Final = "taobao.logistics.offline.send"

TRADE_FIELDS: Final = (
    "tid,tid_str,type,status,created,pay_time,modified,consign_time,end_time,payment,total_fee,discount_fee,adjust_fee,"
    "post_fee,buyer_cod_fee,step_trade_status,step_paid_fee,has_yfx,yfx_fee,shipping_type,trade_from,"
    "buyer_nick,buyer_open_uid,buyer_email,oaid,receiver_name,receiver_country,receiver_state,receiver_city,"
    "receiver_district,receiver_town,receiver_address,receiver_zip,receiver_mobile,receiver_phone,"
    "buyer_message,seller_memo,seller_flag,orders,promotion_details,service_orders"
)

_MAY_BE_DONE: Final = (":AT0011", ":AT0112", ":ORDER_NOT_FOUND_ERROR")
"""Sub-codes of a state that does not allow shipping. No source says which of them means "already shipped"."""


@frozen(kw_only=True)
class TaobaoGateway:
    """Implements ``ChannelGateway``. Safe to share between threads as far as ``http`` is."""

    account: TaobaoAccount
    http: httpx2.Client = field(repr=False)
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    @property
    def platform(self) -> Platform:
        return Platform.TAOBAO

    @property
    def capabilities(self) -> frozenset[Capability]:
        return CAPABILITIES

    def changed_orders(self, since: datetime, until: datetime) -> Iterator[tuple[OrderRef, ...]]:
        """Yield the orders modified in ``[since, until]``, the oldest half hour first, each from its last page back.

        An order that is modified meanwhile leaves its window, and the rows behind it move up. Read from the last page
        back, a row can only move to a page that is still to be read; read forwards, one would slip past. The modified
        order itself stands in the next window. That holds while ``until`` is not ahead of the platform's clock;
        what the clocks differ is covered by the overlap of the caller's windows.
        """
        for start, end in _windows(utc(since), utc(until)):
            yield from self._pages(start, end)

    def fetch_order(self, order_no: str) -> bytes:
        params = {"tid": order_no, "fields": TRADE_FIELDS, "include_oaid": "include_oaid"}
        try:
            reply = self._client.read(FETCH_ORDER, params)
        except PlatformRefused as refusal:
            if NOT_EXIST in refusal.reason:
                raise OrderGone(reason=refusal.reason) from refusal
            raise
        if not reply.body.has("trade"):
            raise RetryLater(reason=UNREADABLE)
        return reply.raw

    def translate(self, raw: bytes) -> Translation:
        return translate(raw)

    def write_shipment(self, notice: ShipmentNotice) -> None:
        """Send the parcel's number; parts of one sub-order cannot be told, it is sent as a whole.

        Told again, the platform refuses: then its order decides whether this very parcel was told already.
        """
        company = COMPANY_CODES.get(notice.carrier)
        if company is None:
            raise PlatformRefused(reason="carrier_unmapped")
        line_nos = list(dict.fromkeys(line.line_no for line in notice.lines))
        parts = [line_nos[at : at + MOST_SUB_ORDERS] for at in range(0, len(line_nos), MOST_SUB_ORDERS)]
        for part in parts or [[]]:
            self._send(notice, company, part)

    def changed_asks(self, since: datetime, until: datetime) -> Iterator[tuple[AskRef, ...]]:
        for start, end in _windows(utc(since), utc(until)):
            yield from self._asks.pages(start, end)

    def fetch_ask(self, refund_no: str) -> bytes:
        return self._asks.fetch(refund_no)

    def translate_ask(self, raw: bytes) -> AskTranslation:
        return translate_refund(raw)

    def agree_refund(self, reply: AskReply) -> None:
        self._asks.agree_refund(reply)

    def agree_return(self, reply: AskReply) -> None:
        self._asks.agree_return(reply)

    def refuse_ask(self, reply: AskReply) -> None:
        self._asks.refuse(reply)

    @property
    def _asks(self) -> TaobaoAsks:
        return TaobaoAsks(self._client)

    @property
    def _client(self) -> TopClient:
        return TopClient(account=self.account, http=self.http, now=self.now, sleep=self.sleep)

    def _pages(self, start: datetime, end: datetime) -> Iterator[tuple[OrderRef, ...]]:
        count, first = self._page(start, end, 1)
        if count <= PAGE_SIZE:
            if first:
                yield first
            return
        for page_no in range(-(-count // PAGE_SIZE), 0, -1):
            _, refs = self._page(start, end, page_no)
            if refs:
                yield refs

    def _page(self, start: datetime, end: datetime, page_no: int) -> tuple[int, tuple[OrderRef, ...]]:
        params = {
            "fields": "tid,tid_str,modified",
            "start_modified": print_china_time(start),
            "end_modified": print_china_time(end),
            "page_no": str(page_no),
            "page_size": str(PAGE_SIZE),
            "use_has_next": "false",
        }
        body = self._client.read(LIST_ORDERS, params).body
        try:
            body.require("total_results")
            count = body.whole("total_results", most=MOST_RESULTS)
            return count, tuple(_ref(row) for row in body.objects("trades", "trade"))
        except UnreadablePayload:
            raise RetryLater(reason=UNREADABLE) from None

    def _send(self, notice: ShipmentNotice, company: str, line_nos: list[str]) -> None:
        params = {
            "tid": notice.order_no,
            "out_sid": notice.tracking_no,
            "company_code": company,
            "is_split": "1" if line_nos else "0",
            "sub_tid": ",".join(line_nos),
        }
        try:
            body = self._client.write(SEND, params).body
        except PlatformRefused as refusal:
            if refusal.reason.endswith(_MAY_BE_DONE) and self._is_told(notice, line_nos):
                return
            raise
        if not _is_success(body):
            raise PlatformRefused(reason="not_successful")

    def _is_told(self, notice: ShipmentNotice, line_nos: list[str]) -> bool:
        try:
            lines = translate(self.fetch_order(notice.order_no)).order.lines
        except (PlatformRefused, UnreadablePayload):
            return False
        meant = [line for line in lines if _is_meant(line, line_nos)]
        return bool(meant) and all(
            line.state in SHIPPED_STATES and line.tracking_no == notice.tracking_no for line in meant
        )


def _is_meant(line: StandardLine, line_nos: list[str]) -> bool:
    return line.line_no in line_nos if line_nos else line.state not in CLOSED_STATES


def _is_success(body: Fields) -> bool:
    try:
        return body.child("shipping").flag("is_success")
    except UnreadablePayload:
        raise RetryLater(reason=UNREADABLE) from None


def _ref(row: Fields) -> OrderRef:
    return OrderRef(order_no=row.number("tid"), modified_at=row.required_time("modified"))


def _windows(since: datetime, until: datetime) -> Iterable[tuple[datetime, datetime]]:
    """Cut ``[since, until]`` into windows that share their ends. The platform wants every end after its start."""
    start = since
    while start <= until:
        end = min(start + WINDOW, until)
        yield start, max(end, start + timedelta(seconds=1))
        if end == until:
            return
        start = end
