"""Stock on the wire: what a warehouse has, and what its counts have changed."""

from __future__ import annotations

from datetime import datetime

from oms_adapters.wms.qimen.account import QimenAccount
from oms_adapters.wms.qimen.fields import Reader, element, group
from oms_adapters.wms.qimen.reports import GRADE_CODES, GRADES, counted_of
from oms_adapters.wms.qimen.xml import Node
from oms_app.ports.wms import DocumentNumber, Grade, StockDiffers, WarehouseLevel
from oms_domain.kernel.identity import SkuCode


def print_query(skus: tuple[SkuCode, ...], account: QimenAccount) -> Node:
    """Return ``inventory.query``."""
    criteria = (
        element("criteria", warehouseCode=account.warehouse, ownerCode=account.owner_code or None, itemCode=sku)
        for sku in skus
    )
    return element("request", criteriaList=group("criteriaList", criteria))


def parse_query(message: Node) -> tuple[SkuCode, ...]:
    """Return what is asked for. Raises ``Invalid``."""
    return tuple(row.sku() for row in Reader(message).rows("criteriaList", "criteria"))


def parse_levels(reply: Node) -> tuple[WarehouseLevel, ...]:
    """Read the answer to ``inventory.query``. Raises ``Invalid``."""
    return tuple(
        WarehouseLevel(
            sku=row.sku(),
            free=row.whole("quantity"),
            locked=row.whole("lockQuantity", 0),
            grade=GRADES.get(row.text("inventoryType"), Grade.GOOD),
            batch=row.code_or_none("batchCode"),
        )
        for row in Reader(reply).rows("items", "item")
    )


def print_levels(levels: tuple[WarehouseLevel, ...], *, warehouse: str) -> Node | None:
    """The inverse of ``parse_levels``: what stands in the answer beside its flag."""
    return group(
        "items",
        (
            element(
                "item",
                warehouseCode=warehouse,
                itemCode=level.sku,
                inventoryType=GRADE_CODES[level.grade],
                quantity=level.free,
                lockQuantity=level.locked,
                batchCode=level.batch or None,
            )
            for level in levels
        ),
    )


def parse_differences(message: Node, *, at: datetime) -> StockDiffers:
    """Read ``inventory.report``; each of its pages is a report of its own. Raises ``Invalid``."""
    request = Reader(message)
    number = DocumentNumber(request.code_or_none("checkOrderCode") or request.code("outBizCode"))
    page = request.whole("currentPage", 1)
    report_id = request.report_id() or f"{number}/count"
    return StockDiffers(
        report_id=report_id if page == 1 else f"{report_id}/{page}",
        number=number,
        at=request.time("checkTime", at),
        counted=tuple(each for row in request.rows("items", "item") for each in counted_of(row, signed="quantity")),
    )


def print_differences(report: StockDiffers, *, warehouse: str) -> Node:
    """The inverse of ``parse_differences``, as one page."""
    rows = (
        element(
            "item",
            itemCode=each.sku,
            inventoryType=GRADE_CODES[each.grade],
            quantity=each.units,
            batchCode=each.batch or None,
        )
        for each in report.counted
    )
    return element(
        "request",
        totalPage=1,
        currentPage=1,
        pageSize=len(report.counted),
        warehouseCode=warehouse,
        checkOrderCode=report.number,
        checkTime=report.at,
        outBizCode=report.report_id,
        adjustType="CHECK",
        items=group("items", rows),
    )
