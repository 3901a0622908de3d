"""What can happen to a refund of the fake platform, as the real one would show it. Pure but for the dicts given in.

A refund and its sub-order move together; every move gives the refund a new version, so that an answer to an older one
is refused.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from oms_adapters.platforms.taobao.fake_moves import NotPossible, end_refund, orders_of
from oms_adapters.platforms.taobao.fake_trades import WireOrder, WireTrade, fen, yuan
from oms_domain.kernel.time import print_china_time

WireRefund = dict[str, Any]

ASKED: Final = "WAIT_SELLER_AGREE"
RETURNING: Final = "WAIT_BUYER_RETURN_GOODS"
SENT: Final = "WAIT_SELLER_CONFIRM_GOODS"
REFUSED: Final = "SELLER_REFUSE_BUYER"
EXCHANGE: Final = "TMALL_EXCHANGE"
TO_SHIP: Final = "WAIT_SELLER_CONSIGN_GOODS"
SHIPPED: Final = "WAIT_BUYER_CONFIRM_EXCHANGE_SELLER_SEND_GOODS"
DONE: Final = ("SUCCESS", "CLOSED")
FOR_REVIEW: Final = timedelta(days=2)
FOR_RETURN: Final = timedelta(days=7)
FOR_RECEIPT: Final = timedelta(days=10)
EXCHANGE_STEPS: Final[dict[str, tuple[str, timedelta | None]]] = {
    ASKED: (RETURNING, FOR_RETURN),
    SENT: (TO_SHIP, FOR_REVIEW),
    TO_SHIP: (SHIPPED, FOR_RECEIPT),
    SHIPPED: ("SUCCESS", None),
}


def new_refund(
    trade: WireTrade, oid: str, *, refund_id: str, returns: bool, refund_fen: int | None, num: int | None, at: datetime
) -> WireRefund:
    """Return what the buyer asks for: money for a sub-order, with or without the goods. None: all of it."""
    order = next(order for order in orders_of(trade) if str(order["oid"]) == oid)
    total = fen(order, "divide_order_fee") if "divide_order_fee" in order else fen(order, "payment")
    wanted = total if refund_fen is None else refund_fen
    refund = {
        "refund_id": refund_id,
        "tid": trade["tid"],
        "oid": order["oid"],
        "num_iid": order.get("num_iid", 0),
        "title": order["title"],
        "sku": f"{order.get('sku_id', '')}|{order.get('sku_properties_name', '')}",
        "outer_id": order.get("outer_sku_id", ""),
        "num": num or order["num"],
        "price": order["price"],
        "total_fee": yuan(total),
        "status": ASKED,
        "good_status": "BUYER_NOT_RECEIVED" if order["status"] == "WAIT_SELLER_SEND_GOODS" else "BUYER_RECEIVED",
        "has_good_return": returns,
        "refund_phase": "onsale",
        "dispute_type": "REFUND_AND_RETURN" if returns else "REFUND",
        "cs_status": 1,
        "advance_status": 0,
        "reason": "不想要了",
        "desc": "",
        "created": print_china_time(at),
        "seller_nick": trade["seller_nick"],
    }
    _ask(refund, wanted)
    _moved(refund, order, ASKED, at, FOR_REVIEW)
    return refund


def new_exchange(trade: WireTrade, oid: str, *, refund_id: str, num: int | None, at: datetime) -> WireRefund:
    """Return what the buyer asks for: other goods for those of a sub-order. No money moves."""
    refund = new_refund(trade, oid, refund_id=refund_id, returns=True, refund_fen=None, num=num, at=at)
    return refund | {"dispute_type": EXCHANGE, "refund_fee": yuan(0), "payment": refund["total_fee"], "reason": "尺寸"}


def move_exchange(refund: WireRefund, trade: WireTrade, at: datetime) -> None:
    """The seller takes the next step of an exchange at the platform's own pages: agrees, has the goods, sends new ones.

    The last step is the buyer's, who confirms them. The sub-order stays as it is.
    """
    _require(refund["dispute_type"] == EXCHANGE and refund["status"] in EXCHANGE_STEPS)
    status, limit = EXCHANGE_STEPS[refund["status"]]
    _moved(refund, None, status, at, limit)
    refund["order_status"] = _order(refund, trade)["status"]


def change_amount(refund: WireRefund, trade: WireTrade, refund_fen: int, at: datetime) -> None:
    """The buyer asks for another amount; a refused ask is open again."""
    _require(refund["status"] in (ASKED, REFUSED, RETURNING))
    _ask(refund, refund_fen)
    _moved(refund, _order(refund, trade), ASKED, at, FOR_REVIEW)


def agree_return(refund: WireRefund, trade: WireTrade, at: datetime) -> None:
    _require(refund["status"] == ASKED and refund["has_good_return"] and refund["dispute_type"] != EXCHANGE)
    _moved(refund, _order(refund, trade), RETURNING, at, FOR_RETURN)


def send_back(refund: WireRefund, trade: WireTrade, company: str, sid: str, at: datetime) -> None:
    """The buyer sends the goods."""
    _require(refund["status"] == RETURNING)
    refund |= {"company_name": company, "sid": sid, "good_status": "BUYER_RETURNED_GOODS"}
    refund["good_return_time"] = print_china_time(at)
    _moved(refund, _order(refund, trade), SENT, at, FOR_RECEIPT)


def refuse(refund: WireRefund, trade: WireTrade, at: datetime) -> None:
    _require(refund["status"] in (ASKED, SENT) and refund["dispute_type"] != EXCHANGE)
    _moved(refund, _order(refund, trade), REFUSED, at, FOR_REVIEW)


def decide(refund: WireRefund, trade: WireTrade, *, for_buyer: bool, at: datetime) -> None:
    """The platform's own people decide (平台介入)."""
    _require(refund["status"] not in DONE)
    refund["cs_status"] = 8 if for_buyer else 9
    _moved(refund, _order(refund, trade), refund["status"], at, None)


def pay(refund: WireRefund, trade: WireTrade, at: datetime) -> None:
    """The money is with the buyer: of goods that were to come back, when the seller has confirmed them."""
    _require(refund["dispute_type"] != EXCHANGE)
    ready = refund["status"] == SENT or (refund["status"] == ASKED and not refund["has_good_return"])
    _require(ready or (refund["cs_status"] == 8 and refund["status"] not in DONE))
    _end(refund, trade, "SUCCESS", at)


def withdraw(refund: WireRefund, trade: WireTrade, at: datetime) -> None:
    _require(refund["status"] not in DONE)
    _end(refund, trade, "CLOSED", at)


def _end(refund: WireRefund, trade: WireTrade, status: str, at: datetime) -> None:
    whole = status == "SUCCESS" and refund["refund_fee"] == refund["total_fee"]
    end_refund(trade, str(refund["oid"]), succeeds=status == "SUCCESS", whole=whole, at=at)
    _moved(refund, None, status, at, None)
    refund["order_status"] = _order(refund, trade)["status"]


def _ask(refund: WireRefund, refund_fen: int) -> None:
    total = fen(refund, "total_fee")
    _require(0 < refund_fen <= total)
    refund |= {"refund_fee": yuan(refund_fen), "payment": yuan(total - refund_fen)}


def _moved(refund: WireRefund, order: WireOrder | None, status: str, at: datetime, limit: timedelta | None) -> None:
    if order is not None:
        order |= {"refund_status": status, "refund_id": refund["refund_id"]}
        refund["order_status"] = order["status"]
    refund |= {"status": status, "modified": print_china_time(at), "refund_version": _version(refund, at)}
    refund["refund_remind_timeout"] = {"exist_timeout": limit is not None, "remind_type": 1}
    if limit is not None:
        refund["refund_remind_timeout"]["timeout"] = print_china_time(at + limit)


def _version(refund: WireRefund, at: datetime) -> int:
    millis = (at - _EPOCH) // timedelta(milliseconds=1)
    return max(millis, int(refund.get("refund_version", 0)) + 1)


_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _order(refund: WireRefund, trade: WireTrade) -> WireOrder:
    return next(order for order in orders_of(trade) if order["oid"] == refund["oid"])


def _require(possible: bool) -> None:
    if not possible:
        raise NotPossible("REFUND_STATUS")
