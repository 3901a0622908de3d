"""The container: which adapter stands behind which port."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import httpx2
import structlog
from dependency_injector import containers, providers

from oms_adapters.bootstrap.clock import new_id, system_now
from oms_adapters.bootstrap.settings import Settings
from oms_adapters.business.by_hand import BusinessByHand
from oms_adapters.business.simulated import SimulatedBusiness
from oms_adapters.carriers.by_hand import CarriersByHand
from oms_adapters.carriers.kuaidi100 import Kuaidi100Callbacks
from oms_adapters.crypto.keys import KeyRing
from oms_adapters.crypto.sealer import AesSealer
from oms_adapters.crypto.secrets import CursorSigner, KeyedHasher
from oms_adapters.db.database import Database, wait_with_jitter
from oms_adapters.platforms.gateways import PlatformGateways
from oms_adapters.wms.qimen.inbound import QimenCallbacks
from oms_adapters.wms.simulated import SimulatedWarehouse
from oms_adapters.wms.warehouses import Warehouses
from oms_app.access import AccessService
from oms_app.aftersales import CaseService
from oms_app.aftersales_terms import TermsService
from oms_app.arrivals import Preparation
from oms_app.asks import AskPullService, AskService
from oms_app.batches import BatchService
from oms_app.blacklist import BlacklistService
from oms_app.buyer import BuyerViews
from oms_app.case_following import CaseFollowing
from oms_app.catalog import CatalogService
from oms_app.channels import PullService
from oms_app.desk import OrderDesk
from oms_app.discrepancies import DiscrepancyService
from oms_app.editing import EditService
from oms_app.evidence import EvidenceService
from oms_app.fulfilment import FulfilmentService
from oms_app.intake import IntakeService
from oms_app.inventory import StockService
from oms_app.jobs import JobService
from oms_app.judging import Judge
from oms_app.manual import ManualOrderService
from oms_app.merging import MergeService
from oms_app.numbering import Numbering
from oms_app.order_moves import OrderMoveService
from oms_app.orders import OrderService
from oms_app.owing import OwingService
from oms_app.paying import PaymentService
from oms_app.personal import PersonalDataService
from oms_app.ports.business import BusinessSystems
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Begin
from oms_app.processes.asks import AskProcess
from oms_app.processes.batches import BatchProcess
from oms_app.processes.catalog import CatalogProcess
from oms_app.processes.goods import GoodsProcess
from oms_app.processes.orders import OrderProcess
from oms_app.processes.owing import OwingProcess
from oms_app.processes.refunds import MoneyProcess
from oms_app.processes.review import ReviewProcess
from oms_app.processes.rights import RightsProcess
from oms_app.processes.shipping import PullProcess, ShippingProcess
from oms_app.processes.stopping import StopProcess
from oms_app.processes.tickets import TicketProcess
from oms_app.processes.timers import TimerProcess
from oms_app.processes.tracking import TrackingProcess
from oms_app.processes.warehouses import ReportProcess
from oms_app.refunds import RefundService
from oms_app.reports import ReportService
from oms_app.returns import ReturnService
from oms_app.review_rules import RuleService
from oms_app.rights import RightsService
from oms_app.runner import Handler, Runner
from oms_app.shops import ShopService
from oms_app.sku_mappings import SkuMappingService
from oms_app.sourcing import SourcingService
from oms_app.splitting import SplitService
from oms_app.stock_documents import StocktakeService, TransferService
from oms_app.stopping import StopService
from oms_app.surroundings import Lookout
from oms_app.tickets import TicketService
from oms_app.tracking import TrackingService
from oms_app.warehouse_levels import LevelService
from oms_app.warehouses import WarehouseService
from oms_app.wms_accounts import WmsAccountService

_log = structlog.get_logger("oms.jobs")


def _database(settings: Settings) -> Database:
    return Database.connect(str(settings.database.url), now=system_now, new_id=new_id, pool=settings.database.pool)


def _ring(settings: Settings) -> KeyRing:
    return KeyRing.load(settings.keys_path)


def _simulated(settings: Settings) -> SimulatedWarehouse:
    folder = Path(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    return SimulatedWarehouse(system_now, folder / "simulated-warehouse.db")


def _business(settings: Settings) -> BusinessSystems:
    if settings.business != "simulated":
        return BusinessByHand()
    folder = Path(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    return SimulatedBusiness(folder / "simulated-business.db")


def _pull_every(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.worker.pull_every_s)


def _key_keep(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.http.key_keep_s)


def _patience(settings: Settings) -> timedelta:
    return timedelta(hours=settings.worker.warehouse_silent_h)


def _salt(settings: Settings) -> str:
    return str(settings.tracking.kuaidi100_salt)


class Process(Protocol):
    """A part of the flow between sub-domains."""

    def handlers(self) -> tuple[Handler, ...]: ...


def _handlers(*processes: Process) -> dict[str, Handler]:
    return {handler.name: handler for process in processes for handler in process.handlers()}


def report_job(job: Job, outcome: str, error: BaseException | None) -> None:
    """Log how a job ended: no personal data, of foreign errors only the kind."""
    facts = {"handler": job.handler, "job": str(job.claim.job_id), "tries": job.tries, "outcome": outcome}
    if error is None:
        _log.debug("job", **facts)
    else:
        _log.warning("job", **facts, error=type(error).__name__, code=getattr(error, "code", ""))


class Container(containers.DeclarativeContainer):
    """One process's objects, each made once."""

    settings = providers.Dependency(instance_of=Settings)
    now = providers.Object(system_now)
    new_id = providers.Object(new_id)
    pause = providers.Object(wait_with_jitter)

    ring = providers.Singleton(_ring, settings)
    sealer = providers.Singleton(AesSealer, ring)
    hasher = providers.Singleton(KeyedHasher, ring)
    signer = providers.Singleton(CursorSigner, ring)

    database = providers.Singleton(_database, settings)
    open = database.provided.open
    jobs = database.provided.jobs
    queries = database.provided.queries
    catalog_queries = database.provided.catalog_queries
    aftersales_queries = database.provided.aftersales_queries
    doctor = database.provided.doctor

    begin = providers.Singleton(Begin, open)
    numbering = providers.Singleton(Numbering, database.provided.numbers, now)
    http = providers.Singleton(httpx2.Client, timeout=10.0, follow_redirects=False)
    gateways = providers.Singleton(
        PlatformGateways,
        open=open,
        open_account=sealer.provided.open_account,
        http=http,
        now=now,
        sleep=providers.Object(time.sleep),
    )
    simulated_wms = providers.Singleton(_simulated, settings)
    wms = providers.Singleton(
        Warehouses, open=open, open_secret=sealer.provided.open_secret, simulated=simulated_wms, http=http, now=now
    )

    shops = providers.Singleton(ShopService, begin=begin, now=now, new_id=new_id, pause=pause)
    lookout = providers.Singleton(Lookout, sealer=sealer)
    judge = providers.Singleton(Judge, lookout=lookout)
    orders = providers.Singleton(
        OrderService,
        begin=begin,
        now=now,
        new_id=new_id,
        numbering=numbering,
        pause=pause,
        interception=judge.provided.intercepts,
    )
    moves = providers.Singleton(OrderMoveService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause)
    stops = providers.Singleton(StopService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause)
    carriers_asked = providers.Singleton(CarriersByHand)
    splits = providers.Singleton(SplitService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause)
    merges = providers.Singleton(MergeService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause)
    edits = providers.Singleton(
        EditService, begin=begin, now=now, new_id=new_id, numbering=numbering, sealer=sealer, pause=pause
    )
    payments = providers.Singleton(PaymentService, begin=begin, now=now, pause=pause)
    manual_orders = providers.Singleton(
        ManualOrderService,
        begin=begin,
        now=now,
        new_id=new_id,
        numbering=numbering,
        pause=pause,
        sealer=sealer,
        queries=queries,
    )
    desk = providers.Singleton(
        OrderDesk,
        orders=orders,
        moves=moves,
        stops=stops,
        edits=edits,
        splits=splits,
        merges=merges,
        manual=manual_orders,
        payments=payments,
    )
    batches = providers.Singleton(
        BatchService, begin=begin, open=open, now=now, new_id=new_id, pause=pause, desk=desk, sealer=sealer
    )
    preparation = providers.Singleton(Preparation, sealer=sealer, new_id=new_id)
    intake = providers.Singleton(IntakeService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause)
    fulfilment = providers.Singleton(FulfilmentService, begin=begin, now=now, new_id=new_id, pause=pause)
    stock = providers.Singleton(StockService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause)
    wms_reports = providers.Singleton(ReportService, begin=begin, now=now, new_id=new_id, pause=pause, stock=stock)
    levels = providers.Singleton(LevelService, begin=begin, queries=queries, wms=wms, stock=stock)
    wms_callbacks = providers.Singleton(
        QimenCallbacks, accounts=wms.provided.known_as, take=wms_reports.provided.take, now=now
    )
    transfers = providers.Singleton(
        TransferService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause
    )
    stocktakes = providers.Singleton(
        StocktakeService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause
    )
    warehouses = providers.Singleton(WarehouseService, begin=begin, now=now, new_id=new_id, pause=pause)
    sourcing = providers.Singleton(SourcingService, begin=begin, now=now, new_id=new_id, pause=pause)
    catalog = providers.Singleton(CatalogService, begin=begin, now=now, new_id=new_id, pause=pause)
    sku_mappings = providers.Singleton(SkuMappingService, begin=begin, now=now, new_id=new_id, pause=pause)
    review_rules = providers.Singleton(
        RuleService, begin=begin, now=now, new_id=new_id, pause=pause, lookout=lookout, queries=queries
    )
    blacklist = providers.Singleton(BlacklistService, begin=begin, now=now, new_id=new_id, pause=pause, lookout=lookout)
    wms_accounts = providers.Singleton(
        WmsAccountService, begin=begin, sealer=sealer, now=now, new_id=new_id, pause=pause
    )
    tracking = providers.Singleton(TrackingService, begin=begin, now=now, pause=pause)
    tracking_callbacks = providers.Singleton(
        Kuaidi100Callbacks, salt=providers.Singleton(_salt, settings), book=tracking.provided.book, now=now
    )
    cases = providers.Singleton(CaseService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause)
    case_following = providers.Singleton(
        CaseFollowing, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause
    )
    evidence = providers.Singleton(EvidenceService, begin=begin, now=now, new_id=new_id, pause=pause, sealer=sealer)
    owing = providers.Singleton(OwingService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause)
    refunds = providers.Singleton(RefundService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause)
    returns = providers.Singleton(ReturnService, begin=begin, now=now, pause=pause)
    asks = providers.Singleton(AskService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause)
    tickets = providers.Singleton(TicketService, begin=begin, now=now, new_id=new_id, numbering=numbering, pause=pause)
    aftersales_terms = providers.Singleton(TermsService, begin=begin, now=now, pause=pause)
    ask_pulls = providers.Singleton(
        AskPullService,
        begin=begin,
        now=now,
        new_id=new_id,
        gateways=gateways,
        sealer=sealer,
        asks=asks,
        pause=pause,
    )
    personal = providers.Singleton(PersonalDataService, begin=begin, sealer=sealer, pause=pause)
    access = providers.Singleton(
        AccessService,
        keys=database.provided.keys,
        hasher=hasher,
        now=now,
        new_id=new_id,
        keep=providers.Singleton(_key_keep, settings),
    )
    job_service = providers.Singleton(JobService, begin=begin, now=now, queries=queries, pause=pause)
    buyer_views = providers.Singleton(BuyerViews, begin=begin, queries=queries)
    discrepancies = providers.Singleton(DiscrepancyService, begin=begin, now=now, pause=pause)
    pulls = providers.Singleton(
        PullService,
        begin=begin,
        now=now,
        gateways=gateways,
        preparation=preparation,
        intake=intake,
        pause=pause,
    )

    review_process = providers.Singleton(
        ReviewProcess,
        open=open,
        orders=orders,
        judge=judge,
        jobs=jobs,
        now=now,
    )
    order_process = providers.Singleton(
        OrderProcess, open=open, orders=orders, pulls=pulls, stock=stock, splits=splits, merges=merges, now=now
    )
    catalog_process = providers.Singleton(CatalogProcess, open=open, intake=intake, now=now)
    shipping_process = providers.Singleton(
        ShippingProcess, fulfilment=fulfilment, wms=wms, gateways=gateways, sealer=sealer, now=now
    )
    report_process = providers.Singleton(
        ReportProcess,
        reports=wms_reports,
        fulfilment=fulfilment,
        queries=queries,
        now=now,
        patience=providers.Singleton(_patience, settings),
    )
    pull_process = providers.Singleton(
        PullProcess,
        pulls=pulls,
        shops=shops,
        now=now,
        pull_every=providers.Singleton(_pull_every, settings),
    )
    stop_process = providers.Singleton(StopProcess, stops=stops, wms=wms, carriers=carriers_asked, now=now)
    batch_process = providers.Singleton(BatchProcess, batches=batches)
    timer_process = providers.Singleton(TimerProcess, open=open, orders=orders, moves=moves, now=now)
    money_process = providers.Singleton(
        MoneyProcess, refunds=refunds, cases=cases, asks=asks, pulls=ask_pulls, gateways=gateways, now=now
    )
    ask_process = providers.Singleton(
        AskProcess,
        cases=cases,
        asks=asks,
        queries=aftersales_queries,
        pulls=ask_pulls,
        gateways=gateways,
        now=now,
        pull_every=providers.Singleton(_pull_every, settings),
    )
    goods_process = providers.Singleton(
        GoodsProcess,
        cases=cases,
        following=case_following,
        returns=returns,
        stock=stock,
        wms=wms,
        sealer=sealer,
        queries=aftersales_queries,
    )
    business = providers.Singleton(_business, settings)
    rights = providers.Singleton(RightsService, begin=begin, now=now, pause=pause)
    rights_process = providers.Singleton(RightsProcess, rights=rights, cases=cases, business=business, sealer=sealer)
    owing_process = providers.Singleton(OwingProcess, owing=owing)
    ticket_process = providers.Singleton(
        TicketProcess, cases=cases, tickets=tickets, queries=aftersales_queries, now=now
    )
    tracking_process = providers.Singleton(TrackingProcess, tracking=tracking)
    runner = providers.Singleton(
        Runner,
        jobs=jobs,
        now=now,
        handlers=providers.Singleton(
            _handlers,
            order_process,
            review_process,
            shipping_process,
            stop_process,
            timer_process,
            batch_process,
            report_process,
            pull_process,
            catalog_process,
            money_process,
            ask_process,
            goods_process,
            owing_process,
            rights_process,
            ticket_process,
            tracking_process,
        ),
        report=providers.Object(report_job),
    )
