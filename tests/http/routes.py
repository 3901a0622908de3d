"""Every route of the application, with a call that fits it: what is missing here fails the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from attrs import frozen
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from tests.http.world import numbered

from oms_app.actor import Permission

ABSENT: Final = "019b7ca9-8f2e-7e6a-8000-000000000001"


@frozen(kw_only=True)
class Call:
    """``path`` has names in braces for a test to fill in. ``scoped``: what another's key gets, None where all see."""

    operation: str
    method: str = "GET"
    path: str
    body: Any = None
    permission: Permission | None
    changes: bool = False
    scoped: int | None = 404


def _command(operation: str, path: str) -> Call:
    return Call(
        operation=operation,
        method="POST",
        path=f"/orders/{{order_id}}/{path}",
        body={"reason": "x"},
        permission=Permission.ORDERS_WRITE,
        changes=True,
    )


def _batch(operation: str, path: str) -> Call:
    return Call(
        operation=operation,
        method="POST",
        path=f"/orders/{path}",
        body={"ids": ["{order_id}"]},
        permission=Permission.ORDERS_WRITE,
        changes=True,
        scoped=200,
    )


_ONE: Final = [{"sku": "SPU4-U", "units": 1}]


def _stock_list(operation: str, path: str) -> Call:
    return Call(operation=operation, path=path, permission=Permission.STOCK_READ, scoped=None)


def _on_stock(operation: str, path: str, body: Any) -> Call:
    return Call(
        operation=operation,
        method="POST",
        path=path,
        body=body,
        permission=Permission.STOCK_WRITE,
        changes=True,
        scoped=None,
    )


CALLS: tuple[Call, ...] = (
    Call(operation="health", path="/health", permission=None, scoped=None),
    Call(operation="ready", path="/ready", permission=None, scoped=None),
    Call(operation="explainProblem", path="/problems/orders.not_found", permission=None, scoped=None),
    Call(
        operation="takeIn",
        method="POST",
        path="/shops/tb-1/platform-orders",
        body=[numbered(9)],
        permission=Permission.ORDERS_WRITE,
        changes=True,
    ),
    Call(operation="listPlatformOrders", path="/platform-orders", permission=Permission.ORDERS_READ, scoped=200),
    Call(operation="getPlatformOrder", path="/platform-orders/{platform_order_id}", permission=Permission.ORDERS_READ),
    Call(
        operation="convertAgain",
        method="POST",
        path="/platform-orders/{platform_order_id}/conversion",
        permission=Permission.ORDERS_WRITE,
        changes=True,
    ),
    Call(operation="listOrders", path="/orders", permission=Permission.ORDERS_READ, scoped=200),
    Call(operation="countOrders", path="/orders/counts", permission=Permission.ORDERS_READ, scoped=200),
    Call(
        operation="searchOrders",
        method="POST",
        path="/orders/search",
        body={"phone": "10000000001"},
        permission=Permission.ORDERS_READ,
        scoped=200,
    ),
    Call(operation="getOrder", path="/orders/{order_id}", permission=Permission.ORDERS_READ),
    Call(operation="explainOrder", path="/orders/{order_id}/amounts", permission=Permission.ORDERS_READ),
    Call(
        operation="openPersonalData",
        method="POST",
        path="/orders/{order_id}/personal-data",
        body={"purpose": "x"},
        permission=Permission.PII_READ,
    ),
    _command("approveOrder", "approval"),
    _command("holdOrder", "hold"),
    _command("unholdOrder", "unhold"),
    _command("passInterceptionOfOrder", "interception-pass"),
    _command("writeBackAgainOrder", "write-back"),
    _command("releaseOrder", "release"),
    _command("cancelOrder", "cancellation"),
    _command("allocateOrder", "allocation"),
    _command("signOrder", "signature"),
    _command("completeOrder", "completion"),
    _batch("approveOrders", "approvals"),
    _batch("holdOrders", "holds"),
    _batch("unholdOrders", "unholds"),
    _batch("releaseOrders", "releases"),
    _batch("cancelOrders", "cancellations"),
    _batch("allocateOrders", "allocations"),
    Call(operation="listShops", path="/shops", permission=Permission.ORDERS_READ, scoped=200),
    Call(
        operation="addShop",
        method="POST",
        path="/shops",
        body={"code": "tb-9", "name": "样例", "platform": "taobao"},
        permission=Permission.ADMIN,
        changes=True,
        scoped=None,
    ),
    Call(operation="listStock", path="/stock", permission=Permission.STOCK_READ, scoped=None),
    Call(
        operation="receiveStock",
        method="POST",
        path="/stock/receipts",
        body={"sku": "A", "warehouse": "MAIN", "quantity": 1},
        permission=Permission.STOCK_WRITE,
        changes=True,
        scoped=None,
    ),
    _stock_list("listStockLedger", "/stock/ledger"),
    _stock_list("listStockDocuments", "/stock/documents"),
    _stock_list("getStockDocument", f"/stock/documents/{ABSENT}"),
    _stock_list("listStockDifferences", "/stock/differences"),
    _stock_list("listWarehouses", "/warehouses"),
    _on_stock("postStock", "/stock/documents", {"kind": "return_receipt", "warehouse": "MAIN", "lines": _ONE}),
    _on_stock("partStock", "/stock/buckets", {"sku": "SPU4-U", "warehouse": "MAIN", "buckets": 2}),
    _on_stock("settleStockDifference", f"/stock/differences/{ABSENT}/settlement", {}),
    _on_stock("sendTransfer", "/stock/transfers", {"warehouse": "MAIN", "to": "EAST", "lines": _ONE}),
    _on_stock("receiveTransfer", f"/stock/transfers/{ABSENT}/receipts", {"lines": _ONE}),
    _on_stock("closeTransfer", f"/stock/transfers/{ABSENT}/closing", {"reason": "x"}),
    _on_stock("beginStocktake", "/stock/stocktakes", {"warehouse": "MAIN"}),
    _on_stock("countStock", f"/stock/stocktakes/{ABSENT}/counts", {"lines": _ONE}),
    _on_stock("applyStocktake", f"/stock/stocktakes/{ABSENT}/application", None),
    _on_stock("cancelStocktake", f"/stock/stocktakes/{ABSENT}/cancellation", {"reason": "x"}),
    _on_stock("addWarehouse", "/warehouses", {"code": "W9", "name": "样例仓"}),
    _on_stock("changeWarehouse", "/warehouses/MAIN", {"name": "主仓"}),
    Call(operation="listDiscrepancies", path="/discrepancies", permission=Permission.ORDERS_READ, scoped=200),
    Call(operation="listParkedJobs", path="/jobs/parked", permission=Permission.ADMIN, scoped=None),
    Call(
        operation="redriveJob",
        method="POST",
        path=f"/jobs/{ABSENT}/redrive",
        permission=Permission.ADMIN,
        changes=True,
        scoped=None,
    ),
)
CALLS += (
    Call(operation="takeQimen", method="POST", path="/wms/qimen", permission=None, scoped=None),
    Call(operation="takeKuaidi100", method="POST", path="/tracking/kuaidi100", permission=None, scoped=None),
    Call(operation="listWmsAccounts", path="/wms/accounts", permission=Permission.ADMIN, scoped=403),
    Call(
        operation="connectWarehouse",
        method="POST",
        path="/wms/accounts/MAIN",
        body={"kind": "simulated"},
        permission=Permission.ADMIN,
        changes=True,
        scoped=403,
    ),
    Call(operation="listWmsReports", path="/wms/reports", permission=Permission.STOCK_READ, scoped=200),
    Call(
        operation="bookWmsReport",
        method="POST",
        path=f"/wms/reports/{ABSENT}/booking",
        permission=Permission.STOCK_WRITE,
        changes=True,
        scoped=403,
    ),
    Call(operation="listTraces", path="/orders/{order_id}/traces", permission=Permission.ORDERS_READ),
)
GUARDED: Final = tuple(call for call in CALLS if call.permission is not None)


def handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    """Yield every handler but those that the framework makes of itself for OPTIONS."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler.http_methods != {"OPTIONS"}:
                yield handler


def filled(value: Any, ids: dict[str, str]) -> Any:
    """Put ids in the place of their names."""
    if isinstance(value, str):
        for name, text in ids.items():
            value = value.replace(f"{{{name}}}", text)
        return value
    if isinstance(value, dict):
        return {name: filled(each, ids) for name, each in value.items()}
    return [filled(each, ids) for each in value] if isinstance(value, list) else value
