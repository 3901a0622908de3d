"""A small world for the use cases: the store in memory, a platform, a warehouse, and a clock that we set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve
from tests.app.outside import Watch, WatchedCarriers, WatchedPlatform, WatchedWarehouse
from tests.servers import FakeClock, ids

from oms_adapters.business.by_hand import BusinessByHand
from oms_adapters.crypto.keys import KeyRing
from oms_adapters.crypto.sealer import AesSealer
from oms_adapters.memory.platform import RECEIVER
from oms_adapters.memory.store import MemoryStore
from oms_app.actor import Actor, system
from oms_app.aftersales import CaseService
from oms_app.arrivals import Preparation
from oms_app.asks import AskPullService, AskService
from oms_app.batches import BatchService
from oms_app.blacklist import BlacklistService
from oms_app.buyer import BuyerViews
from oms_app.case_following import CaseFollowing
from oms_app.catalog import CatalogService, PutSku
from oms_app.channels import PullService
from oms_app.conversion import IntakeAnswer
from oms_app.desk import OrderDesk
from oms_app.editing import EditAnswer, EditOrder, EditService
from oms_app.evidence import EvidenceService
from oms_app.fulfilment import FulfilmentService
from oms_app.intake import IntakeService, TakeIn
from oms_app.inventory import ReceiveStock, StockService
from oms_app.jobs import JobService
from oms_app.judging import Judge
from oms_app.manual import CreateOrder, LineWanted, ManualOrderService
from oms_app.merging import MergeService
from oms_app.numbering import Numbering
from oms_app.order_moves import OrderMoveService
from oms_app.orders import (
    ApproveOrder,
    OrderService,
    ReleaseOrder,
)
from oms_app.owing import OwingService
from oms_app.paying import PaymentService
from oms_app.personal import PersonalDataService
from oms_app.ports.business import BusinessSystems
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Begin
from oms_app.ports.wms import NumberedReport, ShipOrder, Wms
from oms_app.processes.asks import AskProcess
from oms_app.processes.batches import BatchProcess
from oms_app.processes.catalog import CatalogProcess
from oms_app.processes.goods import GoodsProcess
from oms_app.processes.orders import OrderProcess
from oms_app.processes.owing import OwingProcess
from oms_app.processes.refunds import MoneyProcess
from oms_app.processes.review import ReviewProcess
from oms_app.processes.rights import RightsProcess
from oms_app.processes.shipping import POLL_WAREHOUSE, PULL_ORDERS, PullProcess, ShippingProcess
from oms_app.processes.stopping import StopProcess
from oms_app.processes.tickets import TicketProcess
from oms_app.processes.timers import TimerProcess
from oms_app.processes.tracking import TrackingProcess
from oms_app.processes.warehouses import WATCH_SILENCE, ReportProcess
from oms_app.refunds import RefundService
from oms_app.reports import ReportService, TakeReport
from oms_app.returns import ReturnService
from oms_app.review_rules import RuleService
from oms_app.rights import RightsService
from oms_app.runner import Runner
from oms_app.shops import AddShop, ShopService
from oms_app.sku_mappings import SkuMappingService
from oms_app.sourcing import SourcingService
from oms_app.splitting import SplitAnswer, SplitOrder, SplitService, Wanted
from oms_app.stock_documents import StocktakeService, TransferService
from oms_app.stopping import StopService
from oms_app.surroundings import Lookout
from oms_app.tickets import TicketService
from oms_app.tracking import TrackingService
from oms_app.warehouse_levels import LevelService
from oms_app.warehouses import WarehouseService
from oms_app.wms_accounts import WmsAccountService
from oms_domain.catalog.sku import SkuFacts
from oms_domain.channels.standard import OrderKind, Platform, Receiver, Region, StandardOrder
from oms_domain.kernel.identity import OrderId, SkuCode, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.marks import Business, DeliveryMode
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import Shop, ShopPolicy
from oms_domain.testing.builders import HAT, MAIN, SCARF

ROOT = system("tests")


class World:
    """Everything wired together, as bootstrap does it."""

    business: BusinessSystems = BusinessByHand()

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.new_id = ids(self.clock)
        self.store = MemoryStore(self.clock, self.new_id)
        self.open = self.store.open
        self.watch = Watch()
        self.platform = WatchedPlatform(watch=self.watch)
        self.warehouse = WatchedWarehouse(watch=self.watch)
        self.wms: Wms = self.warehouse
        self.carriers = WatchedCarriers(watch=self.watch)
        self.sealer = AesSealer(KeyRing.generate())
        self.pauses: list[int] = []
        self.ended: list[tuple[str, str]] = []
        self.wire()

    def wire(self) -> None:
        """Make the services on ``self.open``."""
        opened = self.watch.over(lambda actor: self.open(actor))
        begin, pause = Begin(opened), self.pauses.append
        shared: dict[str, Any] = {"begin": begin, "now": self.clock, "new_id": self.new_id, "pause": pause}
        numbering = Numbering(self.store.numbers, self.clock)
        lookout = Lookout(sealer=self.sealer)
        self.rules = RuleService(**shared, lookout=lookout, queries=self.store.queries)
        self.blacklist = BlacklistService(**shared, lookout=lookout)
        self.manual = ManualOrderService(**shared, numbering=numbering, sealer=self.sealer, queries=self.store.queries)
        self.transfers = TransferService(**shared, numbering=numbering)
        self.stocktakes = StocktakeService(**shared, numbering=numbering)
        self.warehouses = WarehouseService(**shared)
        self.shops = ShopService(**shared)
        self.sourcing = SourcingService(**shared)
        self.stock = StockService(**shared, numbering=numbering)
        self.catalog = CatalogService(**shared)
        self.sku_mappings = SkuMappingService(**shared)
        judge = Judge(lookout=lookout)
        self.orders = OrderService(**shared, numbering=numbering, interception=judge.intercepts)
        self.moves = OrderMoveService(**shared, numbering=numbering)
        self.stops = StopService(**shared, numbering=numbering)
        self.intake = IntakeService(**shared, numbering=numbering)
        self.splits = SplitService(**shared, numbering=numbering)
        self.merges = MergeService(**shared, numbering=numbering)
        self.buyer_views = BuyerViews(begin=begin, queries=self.store.queries)
        self.edits = EditService(**shared, numbering=numbering, sealer=self.sealer)
        self.payments = PaymentService(begin=begin, now=self.clock, pause=pause)
        self.desk = OrderDesk(
            orders=self.orders,
            moves=self.moves,
            stops=self.stops,
            edits=self.edits,
            splits=self.splits,
            payments=self.payments,
            merges=self.merges,
            manual=self.manual,
        )
        self.batches = BatchService(**shared, open=opened, desk=self.desk, sealer=self.sealer)
        self.fulfilment = FulfilmentService(**shared)
        self.reports = ReportService(**shared, stock=self.stock)
        self.levels = LevelService(begin=begin, queries=self.store.queries, wms=self.wms, stock=self.stock)
        self.tracking = TrackingService(begin=begin, now=self.clock, pause=pause)
        self.wms_accounts = WmsAccountService(**shared, sealer=self.sealer)
        self.job_service = JobService(begin=begin, now=self.clock, queries=self.store.queries, pause=pause)
        self.personal = PersonalDataService(begin=begin, sealer=self.sealer, pause=pause)
        self.preparation = Preparation(sealer=self.sealer, new_id=self.new_id)
        self.pulls = PullService(
            begin=begin,
            now=self.clock,
            gateways=self.platform,
            preparation=self.preparation,
            intake=self.intake,
            pause=pause,
        )
        processes = (
            ReviewProcess(
                open=opened,
                orders=self.orders,
                judge=judge,
                jobs=self.store.jobs,
                now=self.clock,
            ),
            OrderProcess(
                open=opened,
                orders=self.orders,
                pulls=self.pulls,
                stock=self.stock,
                splits=self.splits,
                merges=self.merges,
                now=self.clock,
            ),
            ShippingProcess(
                fulfilment=self.fulfilment,
                wms=self.wms,
                gateways=self.platform,
                sealer=self.sealer,
                now=self.clock,
            ),
            ReportProcess(reports=self.reports, fulfilment=self.fulfilment, queries=self.store.queries, now=self.clock),
            PullProcess(pulls=self.pulls, shops=self.shops, now=self.clock),
            CatalogProcess(open=self.open, intake=self.intake, now=self.clock),
            StopProcess(stops=self.stops, wms=self.wms, carriers=self.carriers, now=self.clock),
            BatchProcess(batches=self.batches),
            TrackingProcess(tracking=self.tracking),
            TimerProcess(open=opened, orders=self.orders, moves=self.moves, now=self.clock),
        )
        processes = (*processes, *self.wire_aftersales(begin, shared | {"numbering": numbering}))
        handlers = {handler.name: handler for process in processes for handler in process.handlers()}
        self.runner = Runner(jobs=self.store.jobs, now=self.clock, handlers=handlers, report=self._report)

    def wire_aftersales(self, begin: Begin, shared: dict[str, Any]) -> tuple[Any, ...]:
        given = {name: value for name, value in shared.items() if name != "numbering"}
        self.rights = RightsService(begin=begin, now=self.clock, pause=shared["pause"])
        self.evidence = EvidenceService(**given, sealer=self.sealer)
        self.cases, self.refunds = CaseService(**shared), RefundService(**shared)
        self.owing = OwingService(**shared)
        self.asks, self.tickets = AskService(**shared), TicketService(**shared)
        self.returns = ReturnService(begin=begin, now=self.clock, pause=shared["pause"])
        self.ask_pulls = AskPullService(
            begin=begin,
            now=self.clock,
            new_id=self.new_id,
            gateways=self.platform,
            sealer=self.sealer,
            asks=self.asks,
            pause=shared["pause"],
        )
        platform: dict[str, Any] = {"asks": self.asks, "pulls": self.ask_pulls, "gateways": self.platform}
        queries = self.store.aftersales_queries
        return (
            MoneyProcess(refunds=self.refunds, cases=self.cases, now=self.clock, **platform),
            AskProcess(cases=self.cases, queries=queries, now=self.clock, **platform),
            GoodsProcess(
                cases=self.cases,
                following=CaseFollowing(**shared),
                returns=self.returns,
                stock=self.stock,
                wms=self.wms,
                sealer=self.sealer,
                queries=queries,
            ),
            OwingProcess(owing=self.owing),
            RightsProcess(
                rights=self.rights,
                cases=self.cases,
                business=self.business,
                sealer=self.sealer,
            ),
            TicketProcess(cases=self.cases, tickets=self.tickets, queries=queries, now=self.clock),
        )

    def _report(self, job: Job, how: str, error: BaseException | None) -> None:
        self.ended.append((job.handler, how))

    # --- what tests say --------------------------------------------------------------------------------------------

    def a_shop(self, code: str = "tb-1", **policy: Any) -> Shop:
        added = AddShop(
            code=code, name="样例", platform=Platform.TAOBAO, policy=ShopPolicy(**policy), account=b"sealed", by=ROOT
        )
        shop = self.shops.add(added)
        self.settle()
        return shop

    def receive(self, *skus: str, units: int = 100, warehouse: WarehouseCode = MAIN) -> None:
        for sku in skus:
            self.stock.receive(
                ReceiveStock(sku=SkuCode(sku), warehouse=warehouse, quantity=Quantity(units), reason="采购", by=ROOT)
            )
        self.settle()

    def receive_quietly(self, sku: str, units: Mapping[WarehouseCode, int]) -> None:
        """Have units come in of which nothing follows yet."""
        for warehouse, count in units.items():
            command = ReceiveStock(sku=SkuCode(sku), warehouse=warehouse, quantity=Quantity(count), by=ROOT)
            self.stock.receive(command)

    def take_in(
        self, shop: Shop, *standards: StandardOrder, receiver: Receiver = RECEIVER, by: Actor = ROOT
    ) -> tuple[IntakeAnswer, ...]:
        """Take in what a push would bring, and let follow what follows."""
        arrivals = tuple(
            self.preparation.prepare(
                self.platform.sells(standard, receiver=receiver), self.platform.translate, shop_id=shop.id
            )
            for standard in standards
        )
        answers = self.intake.take_in(TakeIn(shop_id=shop.id, platform=Platform.TAOBAO, arrivals=arrivals, by=by))
        self.settle()
        return answers

    def an_order(self, shop: Shop, standard: StandardOrder, receiver: Receiver = RECEIVER) -> OrderId:
        (answer,) = self.take_in(shop, standard, receiver=receiver)
        assert answer.order_id is not None
        return answer.order_id

    def a_pickup(self, shop: Shop, order_no: str = "PU-1") -> OrderId:
        """Put in an order of two scarves and a hat that the buyer picks up at a store."""
        for code in (SCARF, HAT):
            facts = SkuFacts(title=f"样例{code}", list_price=Money(1_000))
            self.catalog.put_sku(PutSku(code=code, facts=facts, by=ROOT))
        created = CreateOrder(
            shop_id=shop.id,
            platform_order_no=order_no,
            kind=OrderKind.NORMAL,
            business=Business.RETAIL,
            delivery=DeliveryMode.PICKUP,
            receiver=Receiver(name="测试员", mobile="10000000001", street="虚构路1号"),
            region=Region(province="广东省", city="深圳市", district="南山区"),
            lines=tuple(LineWanted(code=sku, units=Quantity(units)) for sku, units in ((SCARF, 2), (HAT, 1))),
            by=ROOT,
        )
        order_id: OrderId = self.manual.create(created).order.id
        self.settle()
        return order_id

    def watch_warehouse(self) -> None:
        """Begin to poll the warehouse's reports."""
        self.store.jobs.ensure(POLL_WAREHOUSE, "all", due_at=self.clock())

    def watch_silence(self) -> None:
        """Begin to look for orders that a warehouse says nothing of."""
        self.store.jobs.ensure(WATCH_SILENCE, "all", due_at=self.clock())

    def is_told(self, *reports: NumberedReport, warehouse: WarehouseCode = MAIN) -> list[bool]:
        """Take what a warehouse pushes, and let follow what follows; tell of each whether it was new."""
        taken = [self.reports.take(TakeReport(warehouse=warehouse, report=each, by=ROOT)) for each in reports]
        self.settle()
        return taken

    def watch_platform(self, shop: Shop) -> None:
        """Begin to pull the shop's orders."""
        self.store.jobs.ensure(PULL_ORDERS, str(shop.id), due_at=self.clock())

    def settle(self) -> None:
        """Run everything that is due."""
        self.runner.drain(most=1_000)

    def wait(self, **by: float) -> None:
        """Let time pass, and run what has become due."""
        self.clock.forward(**by)
        self.settle()

    def give(self, kind: Any, order_id: OrderId, **more: Any) -> Any:
        """Give a command about an order, and let follow what follows."""
        answer = self.desk.give(kind(order_id=order_id, **{"by": ROOT} | more))
        self.settle()
        return answer

    def split(self, order_id: OrderId, *parts: dict[str, int], **more: Any) -> list[OrderId]:
        """Split an order by SKU and units, and let follow what follows; return the parts' ids."""
        wanted = tuple(tuple(Wanted(sku=SkuCode(sku), units=units) for sku, units in part.items()) for part in parts)
        answer: SplitAnswer = self.splits.split(SplitOrder(order_id=order_id, parts=wanted, **{"by": ROOT} | more))
        self.settle()
        return [part.order.id for part in answer.parts if part.order is not None]

    def edit(self, order_id: OrderId, **edit: Any) -> EditAnswer:
        """Edit an order, and let follow what follows."""
        answer: EditAnswer = self.edits.edit(EditOrder(order_id=order_id, **{"by": ROOT} | edit))
        self.settle()
        return answer

    def at_warehouse(self, order_id: OrderId) -> ShipOrder:
        """Bring an order to the warehouse by hand, and return what was sent there."""
        self.give(ApproveOrder, order_id)
        self.give(ReleaseOrder, order_id)
        return self.warehouse.sent[-1]

    # --- what tests see --------------------------------------------------------------------------------------------

    def order(self, order_id: OrderId) -> SalesOrder:
        return self.detail(order_id).order

    def detail(self, order_id: OrderId) -> Any:
        return self.store.queries.order(ROOT, order_id)

    def state(self, order_id: OrderId) -> OrderState:
        return self.order(order_id).state

    def facts(self, order_id: OrderId) -> list[str]:
        """Return the kinds of the order's facts, oldest first."""
        return [entry.kind.removeprefix("orders.") for entry in self.detail(order_id).log]

    def units(self, sku: str) -> tuple[int, int]:
        """Return on-hand and reserved units."""
        return self.all_units().get(sku, (0, 0))

    def all_units(self) -> dict[str, tuple[int, int]]:
        """Return on-hand and reserved units by SKU."""
        levels = self.store.queries.stock(ROOT, after=None, limit=100)
        return {level.sku: (level.on_hand, level.reserved) for level in levels}

    def differences(self) -> list[tuple[OrderId, str, str, str]]:
        """Return what stands on the work list: order, our state, their word, and what differs."""
        rows = self.store.queries.differences(ROOT, limit=10_000)
        return [(row.order_id, row.ours, row.theirs, row.what) for row in rows]

    def kept(self) -> list[tuple[str, str]]:
        """Return state and reason of what warehouses have pushed, oldest first."""
        rows = self.store.queries.wms_reports(ROOT, states=(), after=None, limit=1_000)
        return [(str(row.state), row.reason) for row in reversed(rows)]

    def parked(self) -> list[tuple[str, str]]:
        return [(row.handler, row.error) for row in self.store.queries.parked_jobs(ROOT, limit=100)]


def later(standard: StandardOrder, clock: FakeClock, **changes: Any) -> StandardOrder:
    """Return a newer version of a platform's order; its lines follow its state."""
    state = changes.get("state", standard.state)
    lines = tuple(evolve(line, state=state) for line in standard.lines)
    return evolve(standard, **{"modified_at": clock(), "lines": lines} | changes)
