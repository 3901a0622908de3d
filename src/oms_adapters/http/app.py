"""The HTTP application: bootstrap hands in what stands behind each name, this puts the routes in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import structlog
from attrs import field, frozen
from litestar import Litestar, Router
from litestar.di import Provide

from oms_adapters.http.addresses import AddressesController
from oms_adapters.http.aftersales_terms import AftersalesTermsController
from oms_adapters.http.auth import guarding
from oms_adapters.http.batch_jobs import BatchesController
from oms_adapters.http.blacklist import BlacklistController
from oms_adapters.http.bodies import OmsRequest
from oms_adapters.http.bundles import BundlesController
from oms_adapters.http.callbacks import CallbacksController
from oms_adapters.http.carriers import CarriersController
from oms_adapters.http.cases import CasesController
from oms_adapters.http.coming_back import ComingBackController
from oms_adapters.http.docs import DocsController, openapi_config
from oms_adapters.http.edits import EditsController
from oms_adapters.http.evidence import EvidenceController
from oms_adapters.http.health import HealthController
from oms_adapters.http.idempotency import acting
from oms_adapters.http.manual_orders import ManualOrdersController
from oms_adapters.http.observing import Observed
from oms_adapters.http.order_amounts import OrderAmountsController
from oms_adapters.http.order_commands import OrderCommandsController
from oms_adapters.http.order_tracking import OrderTrackingController
from oms_adapters.http.orders import OrdersController
from oms_adapters.http.payments import PaymentsController
from oms_adapters.http.platform_orders import IntakeController, PlatformOrdersController
from oms_adapters.http.problems import HANDLERS, ProblemsController
from oms_adapters.http.refund_orders import RefundsController
from oms_adapters.http.return_orders import PlatformAftersalesController, ReturnsController
from oms_adapters.http.roles import RolesController
from oms_adapters.http.rules import RulesController, RuleTemplatesController
from oms_adapters.http.shipping import ShippingController
from oms_adapters.http.shops import KnownShops, ShopsController
from oms_adapters.http.sku_mappings import SkuMappingsController
from oms_adapters.http.skus import SkusController
from oms_adapters.http.sourcing import OrderSourcingController, SourcingController
from oms_adapters.http.splits import SplitsController
from oms_adapters.http.stock import StockController
from oms_adapters.http.stock_documents import StocktakesController, TransfersController
from oms_adapters.http.tickets import TicketsController
from oms_adapters.http.warehouses import WarehousesController
from oms_adapters.http.wms import TracesController, WmsController
from oms_adapters.http.work_lists import DiscrepanciesController, JobsController, WaitingOrdersController

PREFIX: Final = "/api/v1"

NAMES: Final = frozenset(
    {
        "desk",  # OrderDesk
        "batches",  # BatchService
        "splits",  # SplitService
        "merges",  # MergeService
        "edits",  # EditService
        "manual_orders",  # ManualOrderService
        "intake",  # IntakeService
        "preparation",  # Preparation
        "shops",  # ShopService
        "stock",  # StockService
        "transfers",  # TransferService
        "stocktakes",  # StocktakeService
        "warehouses",  # WarehouseService
        "sourcing",  # SourcingService
        "catalog",  # CatalogService
        "sku_mappings",  # SkuMappingService
        "catalog_queries",  # oms_app.queries.catalog.CatalogQueries
        "personal",  # PersonalDataService
        "access",  # AccessService
        "queries",  # oms_app.queries.rows.Queries
        "gateways",  # oms_app.ports.channels.Gateways
        "sealer",  # oms_app.ports.vault.Sealer
        "signer",  # oms_adapters.http.paging.Signer
        "job_service",  # JobService
        "discrepancies",  # DiscrepancyService
        "buyer_views",  # BuyerViews
        "review_rules",  # RuleService
        "blacklist",  # BlacklistService
        "wms_accounts",  # WmsAccountService
        "wms_reports",  # ReportService
        "levels",  # LevelService
        "wms_callbacks",  # oms_adapters.http.callbacks.WmsCallbacks
        "tracking_callbacks",  # oms_adapters.http.callbacks.TrackingCallbacks
        "cases",  # CaseService
        "evidence",  # EvidenceService
        "refunds",  # RefundService
        "returns",  # ReturnService
        "asks",  # AskService
        "tickets",  # TicketService
        "aftersales_terms",  # TermsService
        "aftersales_queries",  # oms_app.queries.aftersales.AftersalesQueries
        "new_id",  # NewId
        "now",  # Clock
        "alive",  # () -> bool: the database answers and its schema is up to date
    }
)
"""What must be provided: each a function of no arguments that returns what the comment says."""


@frozen(kw_only=True)
class HttpOptions:
    """How the interface is run. ``threads``: requests worked on at one time; the others wait."""

    body_limit: int = 8 * 1024 * 1024
    version: str = "0"
    log: Any = field(factory=lambda: structlog.get_logger("oms.http"))
    threads: int = 4


def create_app(provided: Mapping[str, Callable[[], Any]], *, options: HttpOptions) -> Litestar:
    """Return the ASGI app.

    Raises:
        TypeError: a name of ``NAMES`` is missing, or one is too many.
    """
    if set(provided) != NAMES:
        raise TypeError(f"provide exactly {sorted(NAMES)}; differs in {sorted(set(provided) ^ NAMES)}")
    known_shops = KnownShops(provided["shops"])
    dependencies = {name: _given(provide) for name, provide in provided.items()}
    dependencies["known_shops"] = _given(lambda: known_shops)
    dependencies["version"] = _given(lambda: options.version)
    dependencies["actor"] = Provide(acting)
    app = Litestar(
        route_handlers=[
            HealthController,
            ProblemsController,
            DocsController,
            Router(
                PREFIX,
                route_handlers=[
                    IntakeController,
                    PlatformOrdersController,
                    OrdersController,
                    OrderAmountsController,
                    OrderCommandsController,
                    ComingBackController,
                    PaymentsController,
                    ComingBackController,
                    SplitsController,
                    EditsController,
                    AddressesController,
                    ManualOrdersController,
                    ShopsController,
                    StockController,
                    TransfersController,
                    StocktakesController,
                    WarehousesController,
                    ShippingController,
                    CarriersController,
                    SourcingController,
                    OrderSourcingController,
                    SkusController,
                    BundlesController,
                    SkuMappingsController,
                    BatchesController,
                    DiscrepanciesController,
                    WaitingOrdersController,
                    RulesController,
                    RuleTemplatesController,
                    BlacklistController,
                    WmsController,
                    TracesController,
                    OrderTrackingController,
                    CallbacksController,
                    JobsController,
                    CasesController,
                    EvidenceController,
                    RefundsController,
                    ReturnsController,
                    PlatformAftersalesController,
                    TicketsController,
                    AftersalesTermsController,
                    RolesController,
                ],
            ),
        ],
        dependencies=dependencies,
        guards=[guarding(provided["access"])],
        exception_handlers=dict(HANDLERS),
        request_class=OmsRequest,
        request_max_body_size=options.body_limit,
        openapi_config=openapi_config(options.version),
        on_startup=[_threads(options.threads)],
        logging_config=None,
        debug=False,
    )
    app.state.log = options.log
    app.asgi_handler = Observed(app.asgi_handler, options.log)
    return app


def _given(provide: Callable[[], Any]) -> Provide:
    """Wrap what bootstrap provides: the framework cannot read the signature of a container's provider."""

    def given() -> Any:
        return provide()

    return Provide(given, sync_to_thread=False)


def _threads(most: int) -> Callable[[Litestar], Any]:
    """Bound the threads that use cases run in: more of them than connections would only wait for each other."""

    async def bound(app: Litestar) -> None:
        pool = ThreadPoolExecutor(most, thread_name_prefix="http")
        asyncio.get_running_loop().set_default_executor(pool)

    return bound
