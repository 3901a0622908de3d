"""What the fake warehouse says on the wire: the checks of a real one in their order, its answers, its traps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from oms_adapters.wms.qimen.deliveries import parse_delivery, parse_stop
from oms_adapters.wms.qimen.entries import parse_entry, parse_return
from oms_adapters.wms.qimen.fake_warehouse import FakeQimen, Stopping
from oms_adapters.wms.qimen.fields import element
from oms_adapters.wms.qimen.messages import answer, method_of, refusal
from oms_adapters.wms.qimen.signing import is_signed
from oms_adapters.wms.qimen.stock import parse_query, print_levels
from oms_adapters.wms.qimen.xml import Node, read_xml, write_xml
from oms_app.ports.wms import WarehouseLevel
from oms_domain.kernel.errors import Invalid, InvalidTime
from oms_domain.kernel.time import parse_china_time

TOLERANCE: Final = timedelta(minutes=10)
GARBAGE: Final = b"<html><head><title>504 Gateway Time-out</title></head><body></body></html>"

Reply = tuple[int, str, bytes]
"""HTTP status, content type, body."""


def reply_to(warehouse: FakeQimen, query: Sequence[tuple[str, str]], body: bytes) -> Reply:
    """Answer a posted message. Refusals come with HTTP 200, as from the real gateway."""
    with warehouse.lock:
        warehouse.calls += 1
        said = _answer(warehouse, query, body)
    return (504, "text/html", GARBAGE) if said is None else (200, "text/xml;charset=utf-8", write_xml(said))


def _answer(warehouse: FakeQimen, query: Sequence[tuple[str, str]], body: bytes) -> Node | None:
    params = dict(query)
    if len(params) != len(query):
        return refusal("INVALID_PARAMS", "参数重复")
    if params.get("app_key") != warehouse.app_key or params.get("customerId") != warehouse.customer_id:
        return refusal("INVALID_WMS_CUSTOMERID", "客户不存在")
    if not is_signed(params, warehouse.secret, body):
        return refusal("INVALID_SIGNATURE", "签名错误")
    if not _is_fresh(warehouse, params):
        return refusal("isv.timestamp-limit-error", "时间戳过期")
    act = METHODS.get(method_of(params))
    if act is None:
        return refusal("INVALID_METHOD", "方法不存在")
    try:
        return act(warehouse, read_xml(body))
    except Invalid as invalid:
        return refusal("INVALID_REQUEST_CONTENT", f"{invalid.field}: {invalid.code}")


def _is_fresh(warehouse: FakeQimen, params: Mapping[str, str]) -> bool:
    try:
        sent = parse_china_time(params.get("timestamp", ""), field="timestamp")
    except InvalidTime:
        return False
    return abs(warehouse.now() - sent) <= TOLERANCE


def _create(warehouse: FakeQimen, message: Node) -> Node:
    order = parse_delivery(message)
    if order.warehouse != warehouse.warehouse:
        return refusal("INVALID_PARAMS", "仓库不存在")
    if not order.receiver.province:
        return refusal("FAILURE", "收货地址不完整")
    taken = warehouse.take(order)
    if taken is None:
        return refusal("FAILURE", "地址超区，无法配送")
    more = element(
        "more",
        createTime=taken.at,
        deliveryOrderId=taken.id,
        warehouseCode=order.warehouse,
        logisticsCode=order.carrier,
    )
    return answer(*more.children)


def _cancel(warehouse: FakeQimen, message: Node) -> Node | None:
    number = parse_stop(message).number
    if number not in warehouse.taken and number not in warehouse.stopped:
        return refusal("INVALID_ORDER_CODE", "单据不存在")
    if warehouse.taken[number].mood.stopping is Stopping.SILENT:
        return None
    if warehouse.stop(number):
        return answer()
    return refusal("ORDER_ALREADY_SHIPPED", "订单已出库，无法取消")


def _levels(warehouse: FakeQimen, message: Node) -> Node:
    known = [sku for sku in parse_query(message) if sku in warehouse.stock]
    levels = tuple(WarehouseLevel(sku=sku, free=warehouse.stock[sku]) for sku in known)
    return answer(print_levels(levels, warehouse=warehouse.warehouse))


def _expect_return(warehouse: FakeQimen, message: Node) -> Node:
    notice = parse_return(message)
    if not notice.lines:
        return refusal("INVALID_REQUEST_CONTENT", "缺少商品明细")
    warehouse.expect_return(notice)
    return answer(*element("more", returnOrderId=f"WMSR-{notice.number}").children)


def _expect_entry(warehouse: FakeQimen, message: Node) -> Node:
    notice = parse_entry(message)
    warehouse.expect_entry(notice)
    return answer(*element("more", entryOrderId=f"WMSE-{notice.number}").children)


METHODS: Final[Mapping[str, Callable[[FakeQimen, Node], Node | None]]] = {
    "deliveryorder.create": _create,
    "order.cancel": _cancel,
    "inventory.query": _levels,
    "returnorder.create": _expect_return,
    "entryorder.create": _expect_entry,
}
