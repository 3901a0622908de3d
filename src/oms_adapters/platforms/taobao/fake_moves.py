"""What can happen to a trade of the fake platform, as the real one would show it. Pure but for the dict given in.

Every move refuses what the platform would not let happen, and moves ``modified``.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from attrs import frozen

from oms_adapters.platforms.taobao.fake_trades import Person, WireOrder, WireTrade, divide, fen, receiver, yuan
from oms_domain.kernel.time import print_china_time

TO_SHIP: Final = "WAIT_SELLER_SEND_GOODS"
SHIPPED: Final = "WAIT_BUYER_CONFIRM_GOODS"
PARTLY_SHIPPED: Final = "SELLER_CONSIGNED_PART"
CLOSED: Final = ("TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO")


@frozen
class NotPossible(Exception):
    """The trade's state does not allow it; ``code`` is the tail of the platform's sub-code."""

    code: str = "AT0112"


def pay(trade: WireTrade, at: datetime) -> None:
    """Pay what is due: of a presale first the deposit, then the balance."""
    _require(trade["status"] == "WAIT_BUYER_PAY")
    divide(trade)
    trade["pay_time"] = print_china_time(at)
    if trade.get("step_trade_status") == "FRONT_NOPAID_FINAL_NOPAID":
        trade["step_trade_status"] = "FRONT_PAID_FINAL_NOPAID"
    else:
        if "step_trade_status" in trade:
            trade |= {"step_trade_status": "FRONT_PAID_FINAL_PAID", "step_paid_fee": trade["payment"]}
        _set_status(trade, TO_SHIP)
    _touch(trade, at)


def close(trade: WireTrade, at: datetime) -> None:
    """Close a trade that has not been shipped: unpaid by the platform, paid by a full refund."""
    _require(trade["status"] in ("WAIT_BUYER_PAY", TO_SHIP))
    if trade["status"] == "WAIT_BUYER_PAY":
        _set_status(trade, "TRADE_CLOSED_BY_TAOBAO")
    else:
        for order in _living(trade):
            order |= {"refund_status": "SUCCESS", "payment": "0.00"}
        _set_status(trade, "TRADE_CLOSED")
    trade["end_time"] = print_china_time(at)
    _touch(trade, at)


def ship(trade: WireTrade, *, company: str, out_sid: str, oids: Collection[str], at: datetime) -> None:
    """Ship the sub-orders named, or all that are left. The same parcel again changes nothing.

    Raises:
        NotPossible: ``AT0112`` what is named is not to be shipped, ``ORDER_NOT_FOUND_ERROR`` it is not of this trade.
    """
    lines = {str(order["oid"]): order for order in orders_of(trade)}
    if not set(oids) <= set(lines):
        raise NotPossible("ORDER_NOT_FOUND_ERROR")
    if was_shipped(trade, out_sid=out_sid, oids=oids):
        return
    meant = [lines[oid] for oid in oids] if oids else [o for o in lines.values() if o["status"] == TO_SHIP]
    _require(trade["status"] in (TO_SHIP, PARTLY_SHIPPED))
    _require(bool(meant) and all(order["status"] == TO_SHIP for order in meant))
    for order in meant:
        shipped = {"status": SHIPPED, "logistics_company": company, "invoice_no": out_sid}
        order |= shipped | {"consign_time": print_china_time(at)}
    whole = all(order["status"] != TO_SHIP for order in orders_of(trade))
    trade["status"] = SHIPPED if whole else PARTLY_SHIPPED
    trade["is_part_consign"] = not whole or trade["is_part_consign"]
    trade["consign_time"] = print_china_time(at)
    _touch(trade, at)


def was_shipped(trade: WireTrade, *, out_sid: str, oids: Collection[str]) -> bool:
    """Return whether exactly this parcel has been told already."""
    meant = [o for o in orders_of(trade) if str(o["oid"]) in oids] if oids else _living(trade)
    return bool(meant) and all(order.get("invoice_no") == out_sid for order in meant)


def confirm(trade: WireTrade, at: datetime) -> None:
    """The buyer confirms that the goods have come."""
    _require(trade["status"] == SHIPPED)
    _set_status(trade, "TRADE_FINISHED")
    trade |= {"end_time": print_china_time(at), "received_payment": trade["payment"]}
    trade.setdefault("pay_time", print_china_time(at))  # cash on delivery
    _touch(trade, at)


def ask_refund(trade: WireTrade, oid: str, *, refund_id: str, at: datetime) -> None:
    """The buyer asks for money back on a sub-order; this alone stops nothing, the seller must look."""
    order = _order(trade, oid)
    _require(order["refund_status"] in ("NO_REFUND", "CLOSED") and order["status"] in (TO_SHIP, SHIPPED))
    order |= {"refund_status": "WAIT_SELLER_AGREE", "refund_id": refund_id}
    _touch(trade, at)


def end_refund(trade: WireTrade, oid: str, *, succeeds: bool, whole: bool = True, at: datetime) -> None:
    """The refund is paid, which closes the sub-order and with the last one the trade; or the buyer withdraws it.

    ``whole``: a part of the sub-order's money leaves it as it is.
    """
    order = _order(trade, oid)
    _require(order["refund_status"] not in ("NO_REFUND", "SUCCESS", "CLOSED"))
    order["refund_status"] = "SUCCESS" if succeeds else "CLOSED"
    if succeeds and whole:
        order |= {"status": "TRADE_CLOSED", "payment": "0.00", "end_time": print_china_time(at)}
        _after_closing(trade, at)
    _touch(trade, at)


def change_memo(trade: WireTrade, memo: str, flag: int, at: datetime) -> None:
    trade |= {"seller_memo": memo, "seller_flag": flag}
    _touch(trade, at)


def change_address(trade: WireTrade, person: Person, at: datetime) -> None:
    """The buyer moves the parcel elsewhere, until it is shipped."""
    _require(trade["status"] in ("WAIT_BUYER_PAY", TO_SHIP))
    trade |= receiver(person)
    for order in orders_of(trade):
        order["modify_address"] = "2" if trade["status"] == "WAIT_BUYER_PAY" else "1"
    _touch(trade, at)


def change_adjustment(trade: WireTrade, oid: str, adjust_fen: int, at: datetime) -> None:
    """The seller changes the price of a sub-order by hand, while it is unpaid (改价)."""
    _require(trade["status"] == "WAIT_BUYER_PAY")
    order = _order(trade, oid)
    change = adjust_fen - fen(order, "adjust_fee")
    order |= {"adjust_fee": yuan(adjust_fen), "total_fee": yuan(fen(order, "total_fee") + change)}
    trade["payment"] = yuan(fen(trade, "payment") + change)
    single = len(orders_of(trade)) == 1
    order["payment"] = trade["payment"] if single else order["total_fee"]
    trade["adjust_fee"] = order["adjust_fee"] if single else "0.00"
    _touch(trade, at)


def orders_of(trade: WireTrade) -> list[WireOrder]:
    orders: list[dict[str, Any]] = trade["orders"]["order"]
    return orders


def _order(trade: WireTrade, oid: str) -> WireOrder:
    found = [order for order in orders_of(trade) if str(order["oid"]) == oid]
    if not found:
        raise NotPossible("ORDER_NOT_FOUND_ERROR")
    return found[0]


def _living(trade: WireTrade) -> list[WireOrder]:
    return [order for order in orders_of(trade) if order["status"] not in CLOSED]


def _after_closing(trade: WireTrade, at: datetime) -> None:
    living = _living(trade)
    if not living:
        trade |= {"status": "TRADE_CLOSED", "end_time": print_china_time(at)}
    elif trade["status"] == PARTLY_SHIPPED and all(order["status"] != TO_SHIP for order in living):
        trade["status"] = SHIPPED


def _set_status(trade: WireTrade, status: str) -> None:
    for order in _living(trade):
        order["status"] = status
    trade["status"] = status


def _touch(trade: WireTrade, at: datetime) -> None:
    trade["modified"] = print_china_time(at)


def _require(possible: bool) -> None:
    if not possible:
        raise NotPossible
