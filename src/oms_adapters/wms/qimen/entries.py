"""Goods that come in: announcements of returns and of suppliers' goods, and what was received."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from oms_adapters.wms.qimen.account import QimenAccount
from oms_adapters.wms.qimen.carriers import to_qimen
from oms_adapters.wms.qimen.deliveries import EPOCH, contact_of, parse_contact, print_contact
from oms_adapters.wms.qimen.fields import Reader, element, group
from oms_adapters.wms.qimen.reports import FINAL, INTERMEDIATE, counted_of, print_counted
from oms_adapters.wms.qimen.xml import Node
from oms_app.ports.wms import DocumentNumber, EntryNotice, EntryReceived, ReturnNotice, ReturnReceived
from oms_domain.channels.standard import Receiver, Region
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.quantity import Quantity

RETURN: Final = "THRK"
PURCHASE: Final = "CGRK"
PARTLY: Final = "PARTFULFILLED"

Lines = tuple[tuple[SkuCode, Quantity], ...]


# --- returns ---------------------------------------------------------------------------------------------------------


def print_return(notice: ReturnNotice, account: QimenAccount) -> Node:
    """Return ``returnorder.create``."""
    head = element(
        "returnOrder",
        returnOrderCode=notice.number,
        warehouseCode=account.warehouse,
        orderType=RETURN,
        preDeliveryOrderCode=notice.shipped_as or None,
        logisticsCode=to_qimen(notice.carrier) if notice.carrier else None,
        expressCode=notice.tracking_no or None,
        returnReason=notice.reason or None,
        senderInfo=print_contact("senderInfo", contact_of(notice.sender, notice.region)),
    )
    lines = _print_lines(notice.lines, account.owner_code)
    return element("request", returnOrder=head, orderLines=group("orderLines", lines))


def parse_return(message: Node) -> ReturnNotice:
    """The inverse of ``print_return``. Raises ``Invalid``."""
    request = Reader(message)
    head = request.child("returnOrder")
    sender = parse_contact(head.child("senderInfo"))
    return ReturnNotice(
        number=head.code("returnOrderCode"),
        warehouse=warehouse_code(head.code("warehouseCode")),
        shipped_as=head.code_or_none("preDeliveryOrderCode"),
        carrier=head.code_or_none("logisticsCode"),
        tracking_no=head.code_or_none("expressCode"),
        reason=head.text("returnReason"),
        sender=Receiver(
            name=sender.name, mobile=sender.mobile, phone=sender.tel, street=sender.address, zip=sender.zip
        ),
        region=Region(province=sender.province, city=sender.city, district=sender.area, town=sender.town),
        lines=_parse_lines(request),
    )


def parse_return_confirm(message: Node, *, at: datetime) -> ReturnReceived:
    """Read ``returnorder.confirm``. Who sent it is left out: we know. Raises ``Invalid``."""
    request = Reader(message)
    head = request.child("returnOrder")
    number = DocumentNumber(head.code("returnOrderCode"))
    return ReturnReceived(
        report_id=head.report_id() or f"{number}/confirm",
        number=number,
        at=head.time("orderConfirmTime", at),
        counted=tuple(each for row in request.rows("orderLines", "orderLine") for each in counted_of(row)),
        final=head.text("confirmType") != INTERMEDIATE,
        carrier=head.code_or_none("logisticsCode", longest=40),
        tracking_no=head.code_or_none("expressCode"),
    )


def print_return_confirm(report: ReturnReceived, *, warehouse: str) -> Node:
    """The inverse of ``parse_return_confirm``."""
    head = element(
        "returnOrder",
        returnOrderCode=report.number,
        warehouseCode=warehouse,
        outBizCode=report.report_id,
        orderType=RETURN,
        confirmType=FINAL if report.final else INTERMEDIATE,
        orderConfirmTime=report.at,
        logisticsCode=report.carrier or None,
        expressCode=report.tracking_no or None,
    )
    lines = group("orderLines", print_counted(report.counted, "orderLine"))
    return element("request", returnOrder=head, orderLines=lines)


# --- suppliers' goods ------------------------------------------------------------------------------------------------


def print_entry(notice: EntryNotice, account: QimenAccount) -> Node:
    """Return ``entryorder.create``."""
    head = element(
        "entryOrder",
        totalOrderLines=len(notice.lines),
        entryOrderCode=notice.number,
        ownerCode=account.owner_code or None,
        purchaseOrderCode=notice.purchase_no or None,
        warehouseCode=account.warehouse,
        orderType=PURCHASE,
        expectStartTime=notice.expected_from,
        expectEndTime=notice.expected_to,
        supplierName=notice.supplier or None,
    )
    lines = _print_lines(notice.lines, account.owner_code)
    return element("request", entryOrder=head, orderLines=group("orderLines", lines))


def parse_entry(message: Node) -> EntryNotice:
    """The inverse of ``print_entry``. Raises ``Invalid``."""
    request = Reader(message)
    head = request.child("entryOrder")
    return EntryNotice(
        number=head.code("entryOrderCode"),
        warehouse=warehouse_code(head.code("warehouseCode")),
        purchase_no=head.code_or_none("purchaseOrderCode"),
        supplier=head.text("supplierName"),
        expected_from=_maybe(head, "expectStartTime"),
        expected_to=_maybe(head, "expectEndTime"),
        lines=_parse_lines(request),
    )


def parse_entry_confirm(message: Node, *, at: datetime) -> EntryReceived:
    """Read ``entryorder.confirm``: what came since the report before. Raises ``Invalid``."""
    request = Reader(message)
    head = request.child("entryOrder")
    number = DocumentNumber(head.code("entryOrderCode"))
    return EntryReceived(
        report_id=head.report_id() or f"{number}/confirm",
        number=number,
        at=head.time("operateTime", at),
        counted=tuple(each for row in request.rows("orderLines", "orderLine") for each in counted_of(row)),
        final=head.text("confirmType") != INTERMEDIATE and head.text("status") != PARTLY,
    )


def print_entry_confirm(report: EntryReceived, *, warehouse: str) -> Node:
    """The inverse of ``parse_entry_confirm``."""
    head = element(
        "entryOrder",
        totalOrderLines=len(report.counted),
        entryOrderCode=report.number,
        warehouseCode=warehouse,
        entryOrderType=PURCHASE,
        outBizCode=report.report_id,
        confirmType=FINAL if report.final else INTERMEDIATE,
        status="FULFILLED" if report.final else PARTLY,
        operateTime=report.at,
    )
    lines = group("orderLines", print_counted(report.counted, "orderLine"))
    return element("request", entryOrder=head, orderLines=lines)


def _print_lines(lines: Lines, owner: str) -> tuple[Node, ...]:
    return tuple(
        element(
            "orderLine",
            orderLineNo=place,
            ownerCode=owner or None,
            itemCode=sku,
            inventoryType="ZP",
            planQty=units,
        )
        for place, (sku, units) in enumerate(lines, 1)
    )


def _parse_lines(request: Reader) -> Lines:
    return tuple((row.sku(), row.units("planQty")) for row in request.rows("orderLines", "orderLine"))


def _maybe(node: Reader, name: str) -> datetime | None:
    return node.time(name, EPOCH) if node.has(name) else None
