"""What the fake platform says on the wire: the real one's checks in its order, its envelopes, its traps.

Codes and sub-codes: TOP documentation. Limits: page at most 100 rows, window at most a day, timestamp ten minutes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import frozen

from oms_adapters.platforms.taobao import fake_refunds as refunds
from oms_adapters.platforms.taobao.carriers import COMPANY_CODES
from oms_adapters.platforms.taobao.fake_moves import NotPossible
from oms_adapters.platforms.taobao.fake_platform import FakeTaobao, RefundMove
from oms_adapters.platforms.taobao.signing import SignMethod, is_signed
from oms_domain.kernel.errors import InvalidTime
from oms_domain.kernel.time import parse_china_time

TOLERANCE: Final = timedelta(minutes=10)
LONGEST_WINDOW: Final = timedelta(days=1)
LARGEST_PAGE: Final = 100
DEFAULT_PAGE: Final = 40
MOST_SUB_ORDERS: Final = 50
MOST_REFUNDS: Final = 20

NOT_LISTED: Final = ("promotion_details", "service_orders", "buyer_message", "seller_memo")
"""What only the detail call returns."""

Params = Mapping[str, str]
Answer = dict[str, Any]
GARBAGE: Final = b"<html><head><title>502 Bad Gateway</title></head><body></body></html>"


@frozen
class WireError(Exception):
    """An ``error_response``."""

    code: int
    msg: str
    sub_code: str = ""
    sub_msg: str = ""


def answer(platform: FakeTaobao, form: Sequence[tuple[str, str]]) -> tuple[str, bytes]:
    """Return content type and body of the reply to a posted form. Errors come with HTTP 200, as on the real one."""
    with platform.lock:
        platform.faults.calls += 1
        number = platform.faults.calls
        if platform.faults.strikes(platform.faults.garbage_percent):
            return "text/html", GARBAGE
        try:
            reply = _answer(platform, form)
        except WireError as error:
            reply = {"error_response": _envelope(error)}
    (root,) = reply
    reply[root]["request_id"] = f"fake{number:08d}"
    return "text/javascript;charset=UTF-8", json.dumps(reply, ensure_ascii=False).encode()


def _answer(platform: FakeTaobao, form: Sequence[tuple[str, str]]) -> Answer:
    params = dict(form)
    method = params.get("method", "")
    if len(params) != len(form):
        raise WireError(43, "Parameter Error")
    if method not in METHODS:
        raise WireError(22, "Invalid Method") if method else WireError(21, "Missing Method")
    _check_signature(platform, params)
    shop = _shop(platform, params)
    _strike(platform)
    body = METHODS[method](platform, shop, params)
    if method in WRITES and platform.faults.strikes(platform.faults.late_failures_percent):
        raise WireError(15, "Remote service error", "isp.remote-service-timeout", "API调用超时")
    return {method.removeprefix("taobao.").replace(".", "_") + "_response": body}


def _check_signature(platform: FakeTaobao, params: Params) -> None:
    if params.get("app_key") != platform.app_key:
        raise WireError(29, "Invalid app Key", "isv.appkey-not-exists")
    try:
        method = SignMethod(params.get("sign_method", "md5"))
    except ValueError:
        raise WireError(41, "Invalid Arguments:sign_method", "isv.invalid-parameter") from None
    if not is_signed(params, platform.app_secret, method):
        raise WireError(25, "Invalid signature", "isv.sign-check-failure", "签名错误")
    sent = _time(params, "timestamp")
    if abs(platform.now() - sent) > TOLERANCE:
        raise WireError(31, "Invalid Timestamp", "isv.timestamp-limit-error")


def _shop(platform: FakeTaobao, params: Params) -> str:
    if not params.get("session"):
        raise WireError(26, "Missing session")
    if params["session"] not in platform.sessions:
        raise WireError(27, "Invalid session", "invalid-sessionkey", "SessionKey非法")
    return platform.sessions[params["session"]]


def _strike(platform: FakeTaobao) -> None:
    faults = platform.faults
    if faults.rate_limit_every and faults.calls % faults.rate_limit_every == 0:
        sub_code = "accesscontrol.limited-by-dynamic-access-count"
        raise WireError(7, "App Call Limited", sub_code, "This ban will last for 1 more seconds")
    if faults.strikes(faults.failures_percent):
        raise WireError(15, "Remote service error", "isp.top-remote-connection-timeout", "API调用远程连接超时")


def _list(platform: FakeTaobao, shop: str, params: Params) -> Answer:
    start, end = _time(params, "start_modified"), _time(params, "end_modified")
    if not timedelta(0) < end - start <= LONGEST_WINDOW:
        raise WireError(41, "Invalid Arguments:end_modified", "isv.invalid-parameter:end_modified")
    page_no, size = _whole(params, "page_no", 1, 1_000_000), _whole(params, "page_size", DEFAULT_PAGE, LARGEST_PAGE)
    first = (page_no - 1) * size
    count, page = platform.changed(shop, params["start_modified"], params["end_modified"], first=first, count=size)
    fields = _fields(params)
    rows = [_only(trade, [name for name in fields if name not in NOT_LISTED]) for trade in page]
    more = {"has_next": first + size < count} if params.get("use_has_next") == "true" else {"total_results": count}
    return more | ({"trades": {"trade": rows}} if rows else {})


def _detail(platform: FakeTaobao, shop: str, params: Params) -> Answer:
    fields = _fields(params)
    trade = _trade(platform, shop, params, WireError(15, "Remote service error", "isv.trade-not-exist", "交易不存在"))
    return {"trade": _only(trade, fields)}


def _send(platform: FakeTaobao, shop: str, params: Params) -> Answer:
    out_sid, company = _needed(params, "out_sid"), _needed(params, "company_code")
    oids = tuple(filter(None, params.get("sub_tid", "").split(",")))
    if (params.get("is_split", "0") == "1") != bool(oids) or len(oids) > MOST_SUB_ORDERS:
        raise WireError(41, "Invalid Arguments:sub_tid", "isv.invalid-parameter:sub_tid")
    trade = _trade(platform, shop, params, _send_error("ORDER_NOT_FOUND_ERROR"))
    if company not in COMPANIES:
        raise _send_error("CD06")
    try:
        platform.ship(trade["tid_str"], company=COMPANIES[company], out_sid=out_sid, oids=oids)
    except NotPossible as refusal:
        raise _send_error(refusal.code) from None
    return {"shipping": {"is_success": True}}


def _companies(_platform: FakeTaobao, _shop: str, _params: Params) -> Answer:
    rows = [{"id": at, "code": code, "name": name} for at, (code, name) in enumerate(COMPANIES.items(), start=1)]
    return {"logistics_companies": {"logistics_company": rows}}


def _refunds(platform: FakeTaobao, shop: str, params: Params) -> Answer:
    start, end = _time(params, "start_modified"), _time(params, "end_modified")
    if not timedelta(0) < end - start:
        raise WireError(41, "Invalid Arguments:end_modified", "isv.invalid-parameter:end_modified")
    page_no, size = _whole(params, "page_no", 1, 1_000_000), _whole(params, "page_size", DEFAULT_PAGE, LARGEST_PAGE)
    first = (page_no - 1) * size
    between = (params["start_modified"], params["end_modified"])
    count, page = platform.changed_refunds(shop, *between, first=first, count=size)
    rows = [_only(refund, _fields(params)) for refund in page]
    more = {"has_next": first + size < count} if params.get("use_has_next") == "true" else {"total_results": count}
    return more | ({"refunds": {"refund": rows}} if rows else {})


def _refund(platform: FakeTaobao, shop: str, params: Params) -> Answer:
    return {"refund": _only(_refund_of(platform, shop, _needed(params, "refund_id")), _fields(params))}


def _agree_refunds(platform: FakeTaobao, shop: str, params: Params) -> Answer:
    """Pay what is named as ``id|fen|version|phase``, one or several joined by commas: each by itself."""
    rows = [row.split("|") for row in _needed(params, "refund_infos").split(",")]
    if len(rows) > MOST_REFUNDS or any(len(row) != 4 for row in rows):
        raise WireError(41, "Invalid Arguments:refund_infos", "isv.invalid-parameter:refund_infos")
    paid = [_agreed(platform, shop, row) for row in rows]
    code = "OP_SUCC" if all(paid) else "SOME_OP_SUCC" if any(paid) else "OP_FAILURE_UE"
    return {"succ": all(paid), "msg_code": code, "message": ""}


def _agreed(platform: FakeTaobao, shop: str, row: list[str]) -> bool:
    refund_id, amount, version, phase = row
    refund = _refund_of(platform, shop, refund_id)
    asked = f"{refund['refund_fee'].replace('.', '').lstrip('0') or '0'}"
    if (amount, version, phase) != (asked, str(refund["refund_version"]), refund["refund_phase"]):
        return False
    try:
        platform.move_refund(refund_id, refunds.pay)
    except NotPossible:
        return False
    return True


def _agree_return(platform: FakeTaobao, shop: str, params: Params) -> Answer:
    return _told(platform, shop, params, refunds.agree_return)


def _refuse(platform: FakeTaobao, shop: str, params: Params) -> Answer:
    _needed(params, "refuse_message")
    return _told(platform, shop, params, refunds.refuse)


def _told(platform: FakeTaobao, shop: str, params: Params, move: RefundMove) -> Answer:
    refund = _refund_of(platform, shop, _needed(params, "refund_id"))
    if params.get("refund_version") != str(refund["refund_version"]):
        raise _refund_error("REFUND_VERSION_ERROR")
    try:
        platform.move_refund(refund["refund_id"], move)
    except NotPossible as refusal:
        raise _refund_error(refusal.code) from None
    return {"is_success": True}


def _refund_of(platform: FakeTaobao, shop: str, refund_id: str) -> dict[str, Any]:
    missing = WireError(15, "Remote service error", "isv.refund-not-exist", "退款不存在")
    try:
        refund = platform.refund(refund_id)
    except KeyError:
        raise missing from None
    if refund["seller_nick"] != shop:
        raise missing
    return refund


def _refund_error(tail: str) -> WireError:
    return WireError(15, "Remote service error", f"isv.refund-service-error:{tail}", "退款操作失败")


COMPANIES: Final = {code: f"{ours}快递" for ours, code in COMPANY_CODES.items()}
SEND: Final = "taobao.logistics.offline.send"
AGREE_REFUNDS: Final = "taobao.rp.refunds.agree"
AGREE_RETURN: Final = "taobao.rp.returngoods.agree"
REFUSE: Final = "taobao.refund.refuse"
WRITES: Final = (SEND, AGREE_REFUNDS, AGREE_RETURN, REFUSE)
METHODS: Final[Mapping[str, Callable[[FakeTaobao, str, Params], Answer]]] = {
    "taobao.trades.sold.increment.get": _list,
    "taobao.trade.fullinfo.get": _detail,
    SEND: _send,
    "taobao.logistics.companies.get": _companies,
    "taobao.refunds.receive.get": _refunds,
    "taobao.refund.get": _refund,
    AGREE_REFUNDS: _agree_refunds,
    AGREE_RETURN: _agree_return,
    REFUSE: _refuse,
}


def _trade(platform: FakeTaobao, shop: str, params: Params, missing: WireError) -> dict[str, Any]:
    tid = _needed(params, "tid")
    try:
        trade = platform.trade(tid)
    except (KeyError, ValueError):
        raise missing from None
    if trade["seller_nick"] != shop:  # another shop's trade is no trade
        raise missing
    return trade


def _send_error(tail: str) -> WireError:
    return WireError(15, "Remote service error", f"isv.logistics-offline-service-error:{tail}", "发货失败")


def _only(trade: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {name: trade[name] for name in fields if name in trade}


def _fields(params: Params) -> list[str]:
    return _needed(params, "fields").split(",")


def _needed(params: Params, name: str) -> str:
    if not params.get(name):
        raise WireError(40, f"Missing required arguments:{name}", "isv.missing-parameter:" + name)
    return params[name]


def _whole(params: Params, name: str, default: int, most: int) -> int:
    text = params.get(name, str(default))
    if not (re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= most):
        raise WireError(41, f"Invalid Arguments:{name}", f"isv.invalid-parameter:{name}")
    return int(text)


def _time(params: Params, name: str) -> datetime:
    try:
        return parse_china_time(_needed(params, name), field=name)
    except InvalidTime:
        raise WireError(41, f"Invalid Arguments:{name}", f"isv.invalid-parameter:{name}") from None


def _envelope(error: WireError) -> Answer:
    return {
        "code": error.code,
        "msg": error.msg,
        **{name: text for name, text in (("sub_code", error.sub_code), ("sub_msg", error.sub_msg)) if text},
    }
