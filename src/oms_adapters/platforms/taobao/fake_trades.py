"""Trades of the fake platform, in the wire form: plain dicts whose JSON is what the real one sends. Pure.

All amounts that are made here satisfy the identities T1 to T7 of ``amounts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from oms_domain.kernel.money import Money, parse_money, print_money
from oms_domain.kernel.time import print_china_time

WireTrade = dict[str, Any]
WireOrder = dict[str, Any]

MOST_LINES: Final = 99
TID_STEP: Final = 100
"""Distance of two order numbers: the numbers between are those of the sub-orders."""


@frozen(kw_only=True)
class Item:
    """An article of the shop."""

    code: str  # the merchant's SKU code
    title: str
    price_fen: int
    num_iid: int
    sku_id: str
    spec: str = "颜色分类:样例色;尺码:均码"


@frozen(kw_only=True)
class Wanted:
    """What a buyer puts in the basket. A gift is discounted by its whole price."""

    item: Item
    num: int = 1
    discount_fen: int = 0
    adjust_fen: int = 0  # signed
    is_gift: bool = False


@frozen(kw_only=True)
class OrderDiscount:
    """A discount of the whole order; the platform spreads it over the lines."""

    name: str
    promotion_id: str
    fen: int


@frozen(kw_only=True)
class Person:
    """A fictitious receiver, masked as the platform masks."""

    name: str = "测**"
    mobile: str = "*******0001"
    state: str = "广东省"
    city: str = "深圳市"
    district: str = "南山区"
    town: str = "虚构街道"
    address: str = "示**路**号***大厦*座***"
    open_uid: str = "AAExample_OpenUid_0001"
    oaid: str = "1ExampleOaid_0001_notreal"


def new_trade(
    tid: int,
    wanted: Sequence[Wanted],
    *,
    at: datetime,
    sort: str = "fixed",
    order_discounts: Sequence[OrderDiscount] = (),
    post_fee_fen: int = 0,
    deposit_fen: int = 0,
    cod_fee_fen: int = 0,
    person: Person | None = None,
    message: str = "",
    seller_nick: str = "样例旗舰店",
) -> WireTrade:
    """Return a trade that has just been placed: unpaid, or to ship at once for cash on delivery.

    Args:
        tid: a multiple of ``TID_STEP``.
        wanted: 1 to ``MOST_LINES`` lines.
        sort: the wire's ``type``: fixed, step (presale, with ``deposit_fen``) or cod (with ``cod_fee_fen``).
        order_discounts: together at most what the lines come to.
    """
    if not 1 <= len(wanted) <= MOST_LINES or tid % TID_STEP:
        raise ValueError("a trade has 1 to 99 lines and a round number")
    status = "WAIT_SELLER_SEND_GOODS" if sort == "cod" else "WAIT_BUYER_PAY"
    first_oid = tid if len(wanted) == 1 else tid + 1  # the only sub-order has the trade's own number
    orders = [_order(oid, line, status) for oid, line in enumerate(wanted, start=first_oid)]
    spread = _spread_all(orders, order_discounts)
    payment = sum(fen(order, "total_fee") - fen(order, "part_mjz_discount") for order in orders)
    payment += post_fee_fen + cod_fee_fen
    _state_payments(orders, payment)
    trade = {
        **_identity(tid, sort, status, seller_nick, at),
        "payment": yuan(payment),
        "total_fee": yuan(sum(line.item.price_fen * line.num for line in wanted)),
        "post_fee": yuan(post_fee_fen),
        "discount_fee": yuan(sum(discount.fen for discount in order_discounts)),
        "adjust_fee": orders[0]["adjust_fee"] if len(orders) == 1 else "0.00",
        "cod_fee": yuan(cod_fee_fen),
        "buyer_cod_fee": yuan(cod_fee_fen),
        "seller_cod_fee": "0.00",
        "num": wanted[0].num if len(wanted) == 1 else 0,
        "is_part_consign": False,
        "shipping_type": "express",
        "buyer_message": message,
        "seller_memo": "",
        "seller_flag": 0,
        "trade_from": "WAP,WAP",
        "orders": {"order": orders},
        "promotion_details": {"promotion_detail": [*_line_promotions(orders), *_order_promotions(tid, spread)]},
        **receiver(person or Person()),
    }
    if sort == "step":
        trade |= {"step_trade_status": "FRONT_NOPAID_FINAL_NOPAID", "step_paid_fee": yuan(deposit_fen)}
    if sort == "cod":
        divide(trade)
    return trade


def divide(trade: WireTrade) -> None:
    """State what each sub-order carries, as the platform does once a trade is paid."""
    for order in trade["orders"]["order"]:
        order["divide_order_fee"] = yuan(fen(order, "total_fee") - fen(order, "part_mjz_discount"))


def receiver(person: Person) -> dict[str, Any]:
    return {
        "buyer_nick": person.name,
        "buyer_open_uid": person.open_uid,
        "oaid": person.oaid,
        "receiver_name": person.name,
        "receiver_mobile": person.mobile,
        "receiver_phone": "",
        "receiver_country": "",
        "receiver_state": person.state,
        "receiver_city": person.city,
        "receiver_district": person.district,
        "receiver_town": person.town,
        "receiver_address": person.address,
        "receiver_zip": "000000",
    }


def yuan(amount_fen: int) -> str:
    return print_money(Money(amount_fen))


def fen(values: dict[str, Any], name: str) -> int:
    return parse_money(values[name]).fen


def _identity(tid: int, sort: str, status: str, seller_nick: str, at: datetime) -> dict[str, Any]:
    return {
        "tid": tid,
        "tid_str": str(tid),
        "sid": str(tid),
        "type": sort,
        "status": status,
        "title": seller_nick,
        "seller_nick": seller_nick,
        "created": print_china_time(at),
        "modified": print_china_time(at),
    }


def _order(oid: int, line: Wanted, status: str) -> WireOrder:
    goods = line.item.price_fen * line.num
    discount = goods if line.is_gift else line.discount_fen
    order = {
        "oid": oid,
        "oid_str": str(oid),
        "num_iid": line.item.num_iid,
        "sku_id": line.item.sku_id,
        "outer_iid": line.item.code.split("-")[0],
        "outer_sku_id": line.item.code,
        "title": line.item.title,
        "sku_properties_name": line.item.spec,
        "price": yuan(line.item.price_fen),
        "num": line.num,
        "total_fee": yuan(goods + line.adjust_fen - discount),
        "discount_fee": yuan(discount),
        "adjust_fee": yuan(line.adjust_fen),
        "part_mjz_discount": "0.00",
        "refund_status": "NO_REFUND",
        "status": status,
        "pic_path": "https://img.example.invalid/a.jpg",
    }
    return order | ({"is_free_gift": True} if line.is_gift else {})


def _state_payments(orders: list[WireOrder], payment: int) -> None:
    for order in orders:
        order["payment"] = yuan(payment) if len(orders) == 1 else order["total_fee"]


def _spread_all(
    orders: list[WireOrder], discounts: Sequence[OrderDiscount]
) -> list[tuple[OrderDiscount, list[tuple[int, int]]]]:
    """Take each discount off what the ones before it have left, and return its share by sub-order number."""
    spread = []
    for discount in discounts:
        shares = _shares(discount.fen, [fen(order, "total_fee") - fen(order, "part_mjz_discount") for order in orders])
        for order, share in zip(orders, shares, strict=True):
            order["part_mjz_discount"] = yuan(fen(order, "part_mjz_discount") + share)
        spread.append((discount, [(order["oid"], share) for order, share in zip(orders, shares, strict=True) if share]))
    return spread


def _shares(amount_fen: int, weights: Sequence[int]) -> list[int]:
    """Share exactly by weight, the fen that are left to the largest remainders; nobody gets more than its weight."""
    whole = sum(weights)
    if not 0 <= amount_fen <= whole:
        raise ValueError("a discount is at most what the lines come to")
    if amount_fen == 0:
        return [0] * len(weights)
    parts = [divmod(amount_fen * weight, whole) for weight in weights]
    left = amount_fen - sum(part for part, _ in parts)
    order = sorted(range(len(parts)), key=lambda index: (-parts[index][1], index))
    return [part + (index in order[:left]) for index, (part, _) in enumerate(parts)]


def _line_promotions(orders: list[WireOrder]) -> list[dict[str, Any]]:
    return [
        {
            "id": order["oid"],
            "promotion_name": "买赠" if order.get("is_free_gift") else "限时折扣",
            "discount_fee": order["discount_fee"],
            "promotion_desc": f"省{order['discount_fee']}元",
            "promotion_id": "SampleGift-1000002_1" if order.get("is_free_gift") else "SampleSale-1000001_1",
        }
        | ({"gift_item_id": str(order["num_iid"]), "gift_item_num": "1"} if order.get("is_free_gift") else {})
        for order in orders
        if order["discount_fee"] != "0.00"
    ]


def _order_promotions(tid: int, spread: list[tuple[OrderDiscount, list[tuple[int, int]]]]) -> list[dict[str, Any]]:
    return [
        {
            "id": tid,
            "promotion_name": discount.name,
            "discount_fee": yuan(discount.fen),
            "promotion_desc": f"省{yuan(discount.fen)}元",
            "promotion_id": discount.promotion_id,
            "kd_discount_fee": yuan(discount.fen),
            "kd_child_discount_fee": ",".join(f"{oid}|{yuan(share)}" for oid, share in shares),
        }
        for discount, shares in spread
    ]
