"""What a warehouse reports of delivery orders: where it is, what left, what is missing. Both ways, held by laws.

Parcels are taken from ``packages``, what left the shelf from ``orderLines``: the two need not agree. A line without an
actual quantity says nothing. ``status``, ``confirmType`` and line numbers may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from oms_adapters.wms.qimen.fields import Reader, UnreadableMessage, element, group
from oms_adapters.wms.qimen.xml import Node
from oms_app.ports.wms import (
    Counted,
    DocumentNumber,
    Dropped,
    FellShort,
    Grade,
    Parcel,
    ParcelsLeft,
    ShippingReport,
    Worked,
)
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.quantity import quantity

FINAL, INTERMEDIATE = "0", "1"
GRADES: Final = {
    "ZP": Grade.GOOD,
    "CC": Grade.DEFECTIVE,
    "JS": Grade.MACHINE_DAMAGE,
    "XS": Grade.BOX_DAMAGE,
    "ZT": Grade.IN_TRANSIT,
}
GRADE_CODES: Final = {grade: code for code, grade in GRADES.items()}

PROGRESS: Final = {
    "ACCEPT": "accepted",
    "PRINT": "printed",
    "PICK": "picked",
    "CHECK": "checked",
    "PACKAGE": "packed",
    "WEIGH": "weighed",
    "READY": "ready",
    "PARTDELIVERED": "partly_handed_over",
    "DELIVERED": "handed_over",
    "SIGN": "signed_by_carrier",
    "REFUSE": "refused_by_buyer",
    "TMSCANCELED": "carrier_cancelled",
    "TMSCANCELFAILED": "carrier_not_cancelled",
}
PROGRESS_CODES: Final = {ours: code for code, ours in PROGRESS.items()}
GIVEN_UP: Final = frozenset({"CANCELED", "CLOSED", "REJECT"})
"""Words of a warehouse for an order that it will not ship."""
TROUBLE: Final = "EXCEPTION"
PARTLY: Final = "PARTDELIVERED"


# --- what left -------------------------------------------------------------------------------------------------------


def parse_confirm(message: Node, *, at: datetime) -> ParcelsLeft | Dropped:
    """Read ``deliveryorder.confirm`` or ``stockout.confirm``.

    Args:
        at: when it came; taken for the time of confirmation where it tells none.

    Raises:
        Invalid: a field lacks or cannot be read.
    """
    request = Reader(message)
    head = request.child("deliveryOrder")
    number = DocumentNumber(head.code("deliveryOrderCode"))
    status = head.code_or_none("status")
    left_at = head.time("orderConfirmTime", head.time("operateTime", at))
    final = head.text("confirmType") != INTERMEDIATE and status != PARTLY
    parcels = tuple(_parcel(row) for row in request.rows("packages", "package"))
    counted = tuple(each for row in request.rows("orderLines", "orderLine") for each in counted_of(row))
    report_id = head.report_id() or f"{number}/confirm/{'+'.join(p.tracking_no for p in parcels) or status}"[:150]
    if status in GIVEN_UP and not parcels:
        return Dropped(report_id=report_id, number=number, at=left_at, reason=head.text("remark") or status.lower())
    if not parcels:
        if not head.has("expressCode"):
            raise UnreadableMessage(field="packages", why="missing")
        parcels = (Parcel(carrier=head.code("logisticsCode"), tracking_no=head.code("expressCode")),)
    return ParcelsLeft(report_id=report_id, number=number, at=left_at, parcels=parcels, counted=counted, final=final)


def _parcel(row: Reader) -> Parcel:
    units: dict[SkuCode, int] = {}
    for item in row.rows("items", "item"):
        sku = item.sku()
        units[sku] = units.get(sku, 0) + item.whole("quantity")
    return Parcel(
        carrier=row.code("logisticsCode", longest=40),
        tracking_no=row.code("expressCode"),
        contents=tuple((sku, quantity(count, field=f"{row.path}.items")) for sku, count in units.items() if count),
        weight_g=row.grams("weight"),
    )


def counted_of(row: Reader, *, signed: str = "actualQty") -> Iterator[Counted]:
    """Yield what a line counts: its batches where it lists them, else its quantity; nothing where it has neither."""
    batches = [batch for batch in row.rows("batchs", "batch") if batch.has("actualQty")]
    grade = row.text("inventoryType")
    for part in batches or ([row] if row.has(signed) else []):
        yield Counted(
            sku=row.sku(),
            units=part.whole("actualQty" if batches else signed),
            grade=GRADES.get(part.text("inventoryType") or grade, Grade.GOOD),
            batch=part.code_or_none("batchCode"),
        )


def print_confirm(report: ParcelsLeft, *, warehouse: str) -> Node:
    """The inverse of ``parse_confirm``."""
    head = element(
        "deliveryOrder",
        deliveryOrderCode=report.number,
        warehouseCode=warehouse,
        orderType="JYCK",
        status="DELIVERED" if report.final else PARTLY,
        outBizCode=report.report_id,
        confirmType=FINAL if report.final else INTERMEDIATE,
        orderConfirmTime=report.at,
    )
    packages = (
        element(
            "package",
            logisticsCode=parcel.carrier,
            expressCode=parcel.tracking_no,
            weight=f"{parcel.weight_g // 1000}.{parcel.weight_g % 1000:03d}" if parcel.weight_g else None,
            items=group("items", (element("item", itemCode=sku, quantity=units) for sku, units in parcel.contents)),
        )
        for parcel in report.parcels
    )
    return element(
        "request",
        deliveryOrder=head,
        packages=group("packages", packages),
        orderLines=group("orderLines", print_counted(report.counted, "orderLine")),
    )


def print_counted(counted: tuple[Counted, ...], name: str) -> Iterator[Node]:
    """Yield a line for each count; a batch stands as the line's only batch."""
    for place, each in enumerate(counted, 1):
        grade = GRADE_CODES[each.grade]
        batch = element("batch", batchCode=each.batch, inventoryType=grade, actualQty=each.units)
        yield element(
            name,
            orderLineNo=place,
            itemCode=each.sku,
            inventoryType=grade,
            actualQty=each.units,
            batchs=group("batchs", (batch,)) if each.batch else None,
        )


# --- where it is -----------------------------------------------------------------------------------------------------


def parse_process(message: Node, *, at: datetime) -> ShippingReport:
    """Read ``orderprocess.report``. Raises ``Invalid``."""
    request = Reader(message)
    order, process = request.child("order"), request.child("process")
    number, status = DocumentNumber(order.code("orderCode")), process.code("processStatus", longest=40)
    when = process.time("operateTime", at)
    # The message has no key of its own: it is the same one again if it tells the same of the same moment.
    report_id = f"{number}/{status}/{when.isoformat()}"
    words = process.text("operateInfo") or process.text("remark")
    if status in GIVEN_UP:
        return Dropped(report_id=report_id, number=number, at=when, reason=words or status.lower())
    if status == TROUBLE:
        return FellShort(report_id=report_id, number=number, at=when, missing=(), reason=words or status.lower())
    return Worked(report_id=report_id, number=number, at=when, progress=PROGRESS.get(status, f"other_{status.lower()}"))


def print_process(report: Worked | Dropped, *, warehouse: str) -> Node:
    """The inverse of ``parse_process``."""
    dropped = isinstance(report, Dropped)
    status = "REJECT" if isinstance(report, Dropped) else PROGRESS_CODES[report.progress]
    return element(
        "request",
        order=element("order", orderCode=report.number, orderType="JYCK", warehouseCode=warehouse),
        process=element(
            "process",
            processStatus=status,
            operateTime=report.at,
            operateInfo=report.reason if isinstance(report, Dropped) else None,
            remark=None if dropped else "",
        ),
    )


# --- what is missing -------------------------------------------------------------------------------------------------


def parse_lack(message: Node, *, at: datetime) -> FellShort:
    """Read ``itemlack.report``. Raises ``Invalid``."""
    request = Reader(message)
    number = DocumentNumber(request.code("deliveryOrderCode"))
    items = list(request.rows("items", "item"))
    missing = tuple((item.sku(), item.units("lackQty")) for item in items)
    return FellShort(
        report_id=request.report_id() or f"{number}/lack",
        number=number,
        at=request.time("createTime", at),
        missing=missing,
        reason=next((item.text("reason") for item in items if item.has("reason")), ""),
    )


def print_lack(report: FellShort, *, warehouse: str) -> Node:
    """The inverse of ``parse_lack``."""
    items = (
        element("item", itemCode=sku, inventoryType="ZP", lackQty=units, reason=report.reason or None)
        for sku, units in report.missing
    )
    return element(
        "request",
        warehouseCode=warehouse,
        deliveryOrderCode=report.number,
        createTime=report.at,
        outBizCode=report.report_id,
        items=group("items", items),
    )
