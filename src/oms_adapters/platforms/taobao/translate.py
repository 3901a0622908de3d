"""A trade of the platform in standard form: pure. Source: TOP documentation of taobao.trade.fullinfo.get."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from oms_adapters.platforms.taobao.amounts import LineAmounts, TradeAmounts, mismatches
from oms_adapters.platforms.taobao.discounts import discounts_of
from oms_adapters.platforms.taobao.payload import ZERO, Fields, parse_object, unreadable
from oms_adapters.platforms.taobao.states import REFUNDS, STATES, STEPS, UNPAID_STATES, Step
from oms_domain.channels.standard import (
    Buyer,
    OrderKind,
    PersonalData,
    Platform,
    PlatformState,
    Receiver,
    Region,
    StandardLine,
    StandardOrder,
    Translation,
    UnreadablePayload,
)
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.text import mask_digits

RESPONSE: Final = "trade_fullinfo_get_response"
LONGEST_ID: Final = 64
LONGEST_HANDLE: Final = 512
LONGEST_NAME: Final = 200
LONGEST_TITLE: Final = 500
LONGEST_TEXT: Final = 2000
MOST_FLAG: Final = 5  # 0 grey, 1 red, 2 yellow, 3 green, 4 blue, 5 purple


def translate(raw: bytes) -> Translation:
    """Read a trade, in the envelope of taobao.trade.fullinfo.get or bare.

    Amounts that contradict each other do not stop it: they are in ``mismatches``.

    Raises:
        UnreadablePayload: a field that an order must have is missing, or one holds what cannot be read or stored.
            Whatever the bytes are, no other exception comes.
    """
    trade = _trade(parse_object(raw))
    order_no = trade.number("tid")
    try:
        return _translation(trade, order_no, raw)
    except UnreadablePayload as trouble:
        raise evolve(trouble, order_no=order_no) from None


def _trade(payload: dict[str, object]) -> Fields:
    bare = Fields(payload)
    if not bare.has(RESPONSE):
        return bare
    return Fields(bare.child(RESPONSE).child("trade").values)


def _translation(trade: Fields, order_no: str, raw: bytes) -> Translation:
    trade.require("payment", "total_fee", "status", "created", "modified", "orders")
    sub_orders = trade.objects("orders", "order")
    if not sub_orders:
        raise unreadable("orders", "missing")
    standing = _standing(trade)
    amounts = _amounts(trade, standing, sub_orders)
    lines = tuple(_line(item, stated) for item, stated in zip(sub_orders, amounts.lines, strict=True))
    remarks = {name: trade.text(name, longest=LONGEST_TEXT) for name in ("buyer_message", "seller_memo")}
    order = StandardOrder(
        platform=Platform.TAOBAO,
        order_no=order_no,
        state=standing.state,
        kind=standing.kind,
        cash_on_delivery=standing.is_cod,
        created_at=trade.required_time("created"),
        modified_at=trade.required_time("modified"),
        paid_at=trade.time("pay_time") if standing.is_paid else None,
        shipped_at=trade.time("consign_time"),
        ended_at=trade.time("end_time"),
        buyer_id=trade.text("buyer_open_uid", longest=LONGEST_HANDLE),
        buyer_handle=trade.text("oaid", longest=LONGEST_HANDLE),
        region=_region(trade),
        lines=lines,
        discounts=discounts_of(trade, amounts.lines),
        freight=amounts.post_fee,
        services=amounts.services,
        cod_fee=amounts.buyer_cod_fee,
        payable=amounts.payment,
        paid=_paid(trade, standing, amounts.payment),
        buyer_remark=mask_digits(remarks["buyer_message"]),
        seller_remark=mask_digits(remarks["seller_memo"]),
        seller_flag=trade.whole("seller_flag", most=MOST_FLAG),
        placed_with=trade.text("trade_from", longest=LONGEST_NAME),
        promised_ship_at=_promised(sub_orders),
    )
    personal = PersonalData(receiver=_receiver(trade), buyer=_buyer(trade, remarks), raw=raw)
    return Translation(order=order, personal=personal, mismatches=mismatches(amounts))


@frozen(kw_only=True)
class _Standing:
    """What kind of trade it is, where it stands, and how far it is paid."""

    state: PlatformState
    kind: OrderKind
    is_cod: bool
    step: Step | None  # of a presale that tells it

    @property
    def is_paid(self) -> bool:
        """Paid in full: cash on delivery is once the parcel is signed for."""
        if self.is_cod:
            return self.state in (PlatformState.SIGNED, PlatformState.FINISHED)
        return self.state not in UNPAID_STATES


def _standing(trade: Fields) -> _Standing:
    sort = trade.text("type", longest=LONGEST_NAME)
    step = trade.mapped("step_trade_status", STEPS) if sort == "step" and trade.has("step_trade_status") else None
    return _Standing(
        state=_as_far_as_paid(trade.mapped("status", STATES), step),
        kind=_kind(sort, trade.text("shipping_type", longest=LONGEST_NAME)),
        is_cod=sort == "cod",
        step=step,
    )


def _as_far_as_paid(state: PlatformState, step: Step | None) -> PlatformState:
    """A presale whose balance is open is unpaid, whatever else its status says: nothing may be shipped for it."""
    waits = state in (PlatformState.TO_SHIP, PlatformState.PAID_ON_HOLD)
    return PlatformState.UNPAID if waits and step not in (None, Step.ALL) else state


def _kind(sort: str, shipping_type: str) -> OrderKind:
    if sort == "step":
        return OrderKind.PRESALE
    if sort == "auto_delivery" or shipping_type == "virtual":
        return OrderKind.VIRTUAL
    return OrderKind.NORMAL


def _paid(trade: Fields, standing: _Standing, payment: Money) -> Money:
    deposit = trade.money("step_paid_fee")
    if standing.is_paid:
        return payment
    return deposit if standing.step not in (None, Step.NOTHING) else ZERO


def _amounts(trade: Fields, standing: _Standing, sub_orders: tuple[Fields, ...]) -> TradeAmounts:
    lines = tuple(_line_amounts(item, standing.step) for item in sub_orders)
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if line.line_no in seen:
            raise unreadable(f"orders[{index}].oid", "duplicate")
        seen.add(line.line_no)
    return TradeAmounts(
        payment=trade.money("payment"),
        total_fee=trade.money("total_fee"),
        discount_fee=trade.money("discount_fee"),
        adjust_fee=trade.money("adjust_fee", signed=True),
        post_fee=trade.money("post_fee"),
        buyer_cod_fee=trade.money("buyer_cod_fee"),
        services=_services(trade),
        state=standing.state,
        lines=lines,
    )


def _services(trade: Fields) -> Money:
    """Installation and the like, and freight insurance (运费险): in the trade's total, not goods."""
    fees = (
        item.money("payment") if item.has("payment") else item.money("total_fee")
        for item in trade.objects("service_orders", "service_order")
    )
    return total(fees) + (trade.money("yfx_fee") if trade.flag("has_yfx") else ZERO)


def _line_amounts(item: Fields, step: Step | None) -> LineAmounts:
    item.require("price", "total_fee", "status", "refund_status")
    return LineAmounts(
        line_no=item.number("oid"),
        price=item.money("price"),
        num=item.quantity("num"),
        total_fee=item.money("total_fee"),
        discount_fee=item.money("discount_fee"),
        adjust_fee=item.money("adjust_fee", signed=True),
        part_mjz_discount=item.money("part_mjz_discount"),
        shopping_gold_bonus=item.money("expand_card_expand_price_used_suborder"),
        divide_order_fee=item.stated_money("divide_order_fee"),
        payment=item.stated_money("payment"),
        state=_as_far_as_paid(item.mapped("status", STATES), step),
        refund=item.mapped("refund_status", REFUNDS),
    )


def _line(item: Fields, stated: LineAmounts) -> StandardLine:
    return StandardLine(
        line_no=stated.line_no,
        item_id=item.text("num_iid", longest=LONGEST_ID),
        platform_sku_id=item.text("sku_id", longest=LONGEST_ID),
        sku=_sku(item),
        title=item.text("title", longest=LONGEST_TITLE),
        spec=item.text("sku_properties_name", longest=LONGEST_TEXT),
        picture=item.text("pic_path", longest=LONGEST_TEXT),
        quantity=stated.num,
        unit_price=stated.price,
        adjustment=stated.adjust_fee,
        line_discount=stated.discount_fee,
        order_discount=stated.order_discount,
        payable=stated.payable,
        state=stated.state,
        refund=stated.refund,
        is_gift=item.flag("is_free_gift"),
        carrier=item.text("logistics_company", longest=LONGEST_NAME),
        tracking_no=item.text("invoice_no", longest=LONGEST_ID),
    )


def _sku(item: Fields) -> SkuCode | None:
    codes = (item.text(name, longest=LONGEST_ID) for name in ("outer_sku_id", "outer_iid"))
    return next((SkuCode(code) for code in codes if code.strip()), None)


def _promised(sub_orders: tuple[Fields, ...]) -> datetime | None:
    """Return the earliest ``delivery_time`` (最晚发货时间). Free text in the documentation: unreadable means untold."""
    times = []
    for item in sub_orders:
        try:
            at = item.time("delivery_time")
        except UnreadablePayload:
            continue
        if at is not None:
            times.append(at)
    return min(times, default=None)


def _region(trade: Fields) -> Region:
    district = trade.text("receiver_district", longest=LONGEST_NAME)
    return Region(
        country=trade.text("receiver_country", longest=LONGEST_NAME),
        province=trade.text("receiver_state", longest=LONGEST_NAME),
        # Counties directly under a province (济源市) come without a city: the documentation says to use the district.
        city=trade.text("receiver_city", longest=LONGEST_NAME) or district,
        district=district,
        town=trade.text("receiver_town", longest=LONGEST_NAME),
    )


def _receiver(trade: Fields) -> Receiver:
    return Receiver(
        name=trade.text("receiver_name", longest=LONGEST_NAME),
        mobile=trade.text("receiver_mobile", longest=LONGEST_NAME),
        phone=trade.text("receiver_phone", longest=LONGEST_NAME),
        street=trade.text("receiver_address", longest=LONGEST_TEXT),
        zip=trade.text("receiver_zip", longest=LONGEST_ID),
    )


def _buyer(trade: Fields, remarks: dict[str, str]) -> Buyer:
    return Buyer(
        nick=trade.text("buyer_nick", longest=LONGEST_NAME),
        email=trade.text("buyer_email", longest=LONGEST_NAME),
        buyer_remark=remarks["buyer_message"],
        seller_remark=remarks["seller_memo"],
    )
