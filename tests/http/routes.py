"""Every route of the application, with a call that fits it: what is missing here fails the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from tests.http.aftersales_routes import AFTERSALES
from tests.http.calls import ABSENT, Call
from tests.http.world import numbered

from oms_app.actor import Permission


def _command(operation: str, path: str, **more: Any) -> Call:
    return Call(
        operation=operation,
        method="POST",
        path=f"/orders/{{order_id}}/{path}",
        body={"reason": "x"} | more,
        permission=Permission.ORDERS_WRITE,
        changes=True,
    )


def _batch(operation: str, path: str, **more: Any) -> Call:
    return Call(
        operation=operation,
        method="POST",
        path=f"/orders/{path}",
        body={"ids": ["{order_id}"]} | more,
        permission=Permission.ORDERS_WRITE,
        changes=True,
        scoped=200,
    )


_PART: Final = [[{"sku": "SPU4-U", "units": 1}]]


def _split(operation: str, path: str, *, changes: bool = True) -> Call:
    return Call(
        operation=operation,
        method="POST",
        path=f"/orders/{{order_id}}/{path}",
        body={"parts": _PART},
        permission=Permission.ORDERS_WRITE,
        changes=changes,
    )


def _merge(operation: str, path: str, *, changes: bool = True) -> Call:
    return Call(
        operation=operation,
        method="POST",
        path=f"/orders/{path}",
        body={"ids": ["{order_id}", ABSENT]},
        permission=Permission.ORDERS_WRITE,
        changes=changes,
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


def _catalogue_change(
    operation: str, path: str, body: Any = None, *, method: str = "POST", scoped: int | None = None
) -> Call:
    return Call(
        operation=operation,
        method=method,
        path=path,
        body=body,
        permission=Permission.STOCK_WRITE,
        changes=True,
        scoped=scoped,
    )


def _catalogue(name: str, path: str, body: Any) -> Iterator[Call]:
    """What can be done to SKUs, and to bundles. Everybody with the right may read them; to change them one sees all."""
    yield Call(operation=f"list{name}s", path=f"/{path}", permission=Permission.STOCK_READ, scoped=None)
    yield Call(operation=f"get{name}", path=f"/{path}/{ABSENT}", permission=Permission.STOCK_READ)
    yield _catalogue_change(f"add{name}", f"/{path}", body, scoped=403)
    yield _catalogue_change(f"put{name}s", f"/{path}/batch", {"rows": [body]}, scoped=200)
    yield _catalogue_change(f"change{name}", f"/{path}/{ABSENT}", {"title": "新名"}, method="PATCH")
    yield _catalogue_change(f"delete{name}", f"/{path}/{ABSENT}/deletion", scoped=403)
    yield _catalogue_change(f"restore{name}", f"/{path}/{ABSENT}/restoration", scoped=403)


_STRATEGY: Final = {"name": "near", "chain": [{"rule": "nearest"}]}
_MAPPING: Final = {"shop": "tb-1", "platform_sku_id": "5001", "target": "A"}

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
    _split("planSplitOfOrder", "split-plan", changes=False),
    _split("splitOrder", "split"),
    Call(
        operation="splitOrders",
        method="POST",
        path="/orders/splits",
        body={"rows": [{"id": "{order_id}", "parts": _PART}]},
        permission=Permission.ORDERS_WRITE,
        changes=True,
        scoped=200,
    ),
    Call(
        operation="listMergeCandidates",
        path="/orders/merge-candidates",
        permission=Permission.ORDERS_READ,
        scoped=200,
    ),
    Call(
        operation="planEditOfOrder",
        method="POST",
        path="/orders/{order_id}/edit-plan",
        body={"note": "x"},
        permission=Permission.ORDERS_WRITE,
    ),
    Call(
        operation="recogniseAddress",
        method="POST",
        path="/addresses/recognition",
        body={"text": "x"},
        permission=Permission.ORDERS_READ,
        scoped=200,
    ),
    Call(
        operation="editOrder",
        method="PATCH",
        path="/orders/{order_id}",
        body={"note": "x"},
        permission=Permission.ORDERS_WRITE,
        changes=True,
        scoped=428,  # it names no version
    ),
    Call(
        operation="editOrders",
        method="POST",
        path="/orders/edits",
        body={"rows": [{"id": "{order_id}", "version": "*", "note": "x"}]},
        permission=Permission.ORDERS_WRITE,
        changes=True,
        scoped=200,
    ),
    _merge("planMergeOfOrders", "merge-plan", changes=False),
    _merge("mergeOrders", "merges"),
    Call(
        operation="mergeGroupsOfOrders",
        method="POST",
        path="/orders/merges/batch",
        body={"rows": [{"ids": ["{order_id}", ABSENT]}]},
        permission=Permission.ORDERS_WRITE,
        changes=True,
        scoped=200,
    ),
    Call(
        operation="unmergeOrders",
        method="POST",
        path="/orders/unmerges",
        body={"ids": ["{order_id}"]},
        permission=Permission.ORDERS_WRITE,
        changes=True,
        scoped=200,
    ),
    Call(
        operation="payBalancesOfOrders",
        method="POST",
        path="/orders/balances",
        body={"rows": [{"id": "{order_id}", "paid": {"fen": 1}}]},
        permission=Permission.ORDERS_WRITE,
        changes=True,
        scoped=200,
    ),
    Call(
        operation="unmergeOrder",
        method="POST",
        path="/orders/{order_id}/unmerge",
        permission=Permission.ORDERS_WRITE,
        changes=True,
    ),
    _batch("approveOrders", "approvals"),
    _command("rejectOrder", "rejection"),
    _batch("rejectOrders", "rejections"),
    _command("unreviewOrder", "unreview"),
    _batch("unreviewOrders", "unreviews"),
    _command("holdOrder", "hold"),
    _batch("holdOrders", "holds", reason="x"),
    _command("unholdOrder", "unhold"),
    _batch("unholdOrders", "unholds"),
    _command("passInterceptionOfOrder", "interception-pass"),
    _batch("passInterceptionOfOrders", "interception-passes"),
    _command("standGroupOfOrder", "group-standing"),
    _batch("standGroupOfOrders", "group-standings"),
    _command("releaseOrder", "release"),
    _batch("releaseOrders", "releases"),
    _command("handOverOrder", "handover"),
    _batch("handOverOrders", "handovers"),
    _command("cancelOrder", "cancellation"),
    _batch("cancelOrders", "cancellations"),
    _command("cancelRestOfOrder", "rest-cancellation"),
    _batch("cancelRestOfOrders", "rest-cancellations"),
    _command("confirmStopOfOrder", "stop-confirmation"),
    _batch("confirmStopOfOrders", "stop-confirmations"),
    _command("refuseStopOfOrder", "stop-refusal"),
    _batch("refuseStopOfOrders", "stop-refusals"),
    _command("allocateOrder", "allocation"),
    _batch("allocateOrders", "allocations"),
    _command("writeBackAgainOrder", "write-back"),
    _batch("writeBackAgainOrders", "write-backs"),
    _command("signOrder", "signature"),
    _batch("signOrders", "signatures"),
    _command("completeOrder", "completion"),
    _batch("completeOrders", "completions"),
    _command("refuseDeliveryOfOrder", "delivery-refusal"),
    _batch("refuseDeliveryOfOrders", "delivery-refusals"),
    _command("deliverAgainOrder", "redelivery"),
    _batch("deliverAgainOrders", "redeliveries"),
    _command("receiveReturnOfOrder", "return-receipt"),
    _batch("receiveReturnOfOrders", "return-receipts"),
    _command("payOrder", "payment", paid={"fen": 1}),
    Call(
        operation="payOrders",
        method="POST",
        path="/orders/payments",
        body={"rows": [{"id": "{order_id}", "paid": {"fen": 1}}]},
        permission=Permission.ORDERS_WRITE,
        changes=True,
        scoped=200,
    ),
    Call(
        operation="planReturnReceiptOfOrder",
        method="POST",
        path="/orders/{order_id}/return-receipt-plan",
        body={},
        permission=Permission.ORDERS_WRITE,
    ),
    Call(
        operation="planLossOfOrder",
        method="POST",
        path="/orders/{order_id}/loss-plan",
        permission=Permission.ORDERS_WRITE,
    ),
    _command("loseOrder", "loss"),
    _batch("loseOrders", "losses"),
    _command("waitOrder", "wait", until="2030-01-01T00:00:00Z"),
    _batch("waitOrders", "waits", until="2030-01-01T00:00:00Z"),
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
    Call(
        operation="changeShopPolicy",
        method="POST",
        path="/shops/tb-1/policy",
        body={"auto_review": True},
        permission=Permission.ADMIN,
        changes=True,
    ),
    *_catalogue("Sku", "skus", {"code": "A", "title": "样例"}),
    *_catalogue("Bundle", "bundles", {"code": "B", "title": "样例", "parts": [{"sku": "A", "quantity": 1}]}),
    Call(operation="listSkuMappings", path="/sku-mappings", permission=Permission.STOCK_READ, scoped=200),
    Call(operation="listUnmappedSkus", path="/sku-mappings/unmapped", permission=Permission.STOCK_READ, scoped=200),
    Call(operation="getSkuMapping", path=f"/sku-mappings/{ABSENT}", permission=Permission.STOCK_READ),
    _catalogue_change("mapSku", "/sku-mappings", _MAPPING, scoped=404),
    _catalogue_change("mapSkus", "/sku-mappings/batch", {"rows": [_MAPPING]}, scoped=200),
    _catalogue_change("changeSkuMapping", f"/sku-mappings/{ABSENT}", {"target": "A"}, method="PATCH"),
    _catalogue_change("removeSkuMapping", f"/sku-mappings/{ABSENT}/deletion", scoped=404),
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
    _stock_list("listCarriers", "/carriers"),
    _stock_list("getCarrier", "/carriers/ZTO"),
    _on_stock("addCarrier", "/carriers", {"code": "ZTO"}),
    _on_stock("changeCarrier", "/carriers/ZTO", {"name": "样例"}),
    _stock_list("getShipping", "/warehouses/MAIN/shipping"),
    _on_stock("putShipping", "/warehouses/MAIN/shipping", {"division": "31"}),
    _stock_list("listStrategies", "/sourcing/strategies"),
    _stock_list("getStrategy", "/sourcing/strategies/near"),
    _on_stock("addStrategy", "/sourcing/strategies", _STRATEGY),
    _on_stock("changeStrategy", "/sourcing/strategies/near", _STRATEGY),
    Call(
        operation="tryStrategy",
        method="POST",
        path="/sourcing/trials",
        body={"ids": ["{order_id}"], "strategy": _STRATEGY},
        permission=Permission.ORDERS_READ,
    ),
    Call(operation="explainSourcing", path="/orders/{order_id}/sourcing", permission=Permission.ORDERS_READ),
    _on_stock("addWarehouse", "/warehouses", {"code": "W9", "name": "样例仓"}),
    _on_stock("changeWarehouse", "/warehouses/MAIN", {"name": "主仓"}),
    Call(operation="listDiscrepancies", path="/discrepancies", permission=Permission.ORDERS_READ, scoped=200),
    Call(operation="listBatches", path="/batches", permission=Permission.ORDERS_READ, scoped=200),
    Call(operation="getBatch", path=f"/batches/{ABSENT}", permission=Permission.ORDERS_READ),
    Call(operation="listBatchRows", path=f"/batches/{ABSENT}/rows", permission=Permission.ORDERS_READ),
    Call(
        operation="cancelBatch",
        method="POST",
        path=f"/batches/{ABSENT}/cancellation",
        permission=Permission.ORDERS_WRITE,
        changes=True,
    ),
    Call(operation="listJobs", path="/jobs", permission=Permission.ADMIN, scoped=None),
    Call(operation="listTimers", path="/jobs/timers", permission=Permission.ADMIN, scoped=None),
    Call(
        operation="callOffJob",
        method="POST",
        path=f"/jobs/{ABSENT}/cancellation",
        permission=Permission.ADMIN,
        changes=True,
        scoped=None,
    ),
    Call(
        operation="settleDiscrepancy",
        method="POST",
        path=f"/discrepancies/{ABSENT}/settlement",
        body={"reason": "x"},
        permission=Permission.ORDERS_WRITE,
        changes=True,
        scoped=404,
    ),
    Call(operation="listParkedJobs", path="/jobs/parked", permission=Permission.ADMIN, scoped=None),
    Call(
        operation="redriveParkedJobs",
        method="POST",
        path="/jobs/redrives",
        body={},
        permission=Permission.ADMIN,
        changes=True,
        scoped=None,
    ),
    Call(operation="compareLevels", path="/wms/levels/MAIN", permission=Permission.STOCK_READ, scoped=403),
    Call(
        operation="countLevels",
        method="POST",
        path="/wms/levels/MAIN/count",
        body={},
        permission=Permission.STOCK_WRITE,
        changes=True,
        scoped=403,
    ),
    Call(operation="listOrdersWaitingForWarehouse", path="/wms/waiting", permission=Permission.ORDERS_READ, scoped=200),
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
    Call(operation="trackOrder", path="/orders/{order_id}/tracking", permission=Permission.ORDERS_READ),
)
_RULE: Final = {
    "id": "dear",
    "name": "金额过高",
    "kind": "interception",
    "action": "intercept",
    "condition": {"field": "payable_fen", "op": "at_least", "value": 50_000},
}


def _about_rules(operation: str, path: str) -> Call:
    return Call(operation=operation, path=f"/shops/tb-1/{path}", permission=Permission.ORDERS_READ)


def _to_rules(operation: str, path: str, body: Any = None) -> Call:
    return Call(
        operation=operation,
        method="POST",
        path=f"/shops/tb-1/rules{path}",
        body=body,
        permission=Permission.ADMIN,
        changes=True,
    )


def _to_blacklist(operation: str, path: str, body: Any) -> Call:
    return Call(
        operation=operation,
        method="POST",
        path=f"/shops/tb-1/blacklist{path}",
        body=body,
        permission=Permission.ORDERS_WRITE,
        changes=True,
    )


CALLS += (
    _about_rules("listRules", "rules"),
    _about_rules("getRule", "rules/dear"),
    _about_rules("listRuleVersions", "rules/dear/versions"),
    _about_rules("listBlacklist", "blacklist"),
    Call(operation="listRuleTemplates", path="/rule-templates", permission=Permission.ORDERS_READ, scoped=None),
    _to_rules("addRule", "", {"rule": _RULE}),
    _to_rules("putRules", "/batch", {"rows": [{"rule": _RULE}]}),
    _to_rules("fillRuleTemplate", "/templates/blacklist", {}),
    _to_rules("changeRule", "/dear", {"rule": _RULE}),
    _to_rules("removeRule", "/dear/removal"),
    _to_rules("enableRule", "/dear/enabling"),
    _to_rules("disableRule", "/dear/disabling"),
    Call(
        operation="tryRules",
        method="POST",
        path="/shops/tb-1/rules/trials",
        body={"since": "2026-11-01T00:00:00Z", "rules": [_RULE]},
        permission=Permission.ORDERS_READ,
    ),
    _to_blacklist("addToBlacklist", "", {"phone": "10000000001"}),
    _to_blacklist("addManyToBlacklist", "/batch", {"rows": [{"phone": "10000000001"}]}),
    _to_blacklist("takeOffBlacklist", f"/{ABSENT}/removal", {"reason": "x"}),
)
CALLS += AFTERSALES
CALLS += (
    Call(
        operation="createOrder",
        method="POST",
        path="/orders",
        body={"shop": "tb-1"},
        permission=Permission.ORDERS_WRITE,
        changes=True,
    ),
    Call(
        operation="planOrder",
        method="POST",
        path="/orders/plan",
        body={"shop": "tb-1"},
        permission=Permission.ORDERS_WRITE,
    ),
    Call(
        operation="createOrders",
        method="POST",
        path="/orders/batch",
        body={"rows": [{"shop": "tb-1"}]},
        permission=Permission.ORDERS_WRITE,
        changes=True,
        scoped=200,
    ),
    Call(
        operation="payBalanceOfOrder",
        method="POST",
        path="/orders/{order_id}/balance",
        body={"paid": {"fen": 1}},
        permission=Permission.ORDERS_WRITE,
        changes=True,
    ),
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
