"""The application over a store in memory, with shops and keys, as a client sees it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from attrs import define, field
from litestar import Litestar
from litestar.testing import TestClient

from oms_adapters.carriers.kuaidi100 import Kuaidi100Callbacks
from oms_adapters.crypto.keys import KeyRing
from oms_adapters.crypto.sealer import AesSealer
from oms_adapters.crypto.secrets import CursorSigner, KeyedHasher
from oms_adapters.db.database import Database
from oms_adapters.http.app import HttpOptions, create_app
from oms_adapters.memory.store import MemoryStore
from oms_adapters.memory.warehouse import MemoryWarehouse
from oms_adapters.platforms.taobao.translate import translate
from oms_adapters.wms.qimen.account import QimenAccount
from oms_adapters.wms.qimen.inbound import QimenCallbacks
from oms_app.access import AccessService, MakeKey
from oms_app.actor import EVERYTHING, Permission, system
from oms_app.aftersales import CaseService
from oms_app.aftersales_terms import TermsService
from oms_app.arrivals import Preparation
from oms_app.asks import AskService
from oms_app.batches import BatchService
from oms_app.blacklist import BlacklistService
from oms_app.buyer import BuyerViews
from oms_app.catalog import CatalogService
from oms_app.desk import OrderDesk
from oms_app.discrepancies import DiscrepancyService
from oms_app.editing import EditService
from oms_app.evidence import EvidenceService
from oms_app.intake import IntakeService
from oms_app.inventory import StockService
from oms_app.jobs import JobService
from oms_app.judging import Judge
from oms_app.manual import ManualOrderService
from oms_app.merging import MergeService
from oms_app.numbering import Numbering
from oms_app.order_moves import OrderMoveService
from oms_app.orders import OrderService
from oms_app.paying import PaymentService
from oms_app.personal import PersonalDataService
from oms_app.ports.transaction import Begin
from oms_app.refunds import RefundService
from oms_app.reports import ReportService
from oms_app.returns import ReturnService
from oms_app.review_rules import RuleService
from oms_app.shops import AddShop, ShopService
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
from oms_domain.channels.standard import Platform
from oms_domain.kernel.identity import ShopId, uuid7
from oms_domain.shops.shop import Shop
from oms_domain.testing.builders import NOW

ACCOUNTS: Final = (QimenAccount(warehouse="MAIN", app_key="app-1", secret="testsecret", customer_id="C001"),)
SALT: Final = "salt123"
PAYLOADS: Final = Path(__file__).parents[1] / "payloads" / "taobao"
API: Final = "/api/v1"
ROOT: Final = system("tests")
KEYS: Final = count(1)


def payload(name: str = "taobao_trade_single", **changes: Any) -> dict[str, Any]:
    """Return a recorded payload, with fields of the trade changed."""
    recorded = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    recorded["trade_fullinfo_get_response"]["trade"] |= changes
    return recorded


def numbered(number: int, **changes: Any) -> dict[str, Any]:
    """Return a payload with an order number of its own."""
    text = str(9_100_000_000_000_100_000 + number)
    return payload(**{"tid": int(text), "tid_str": text} | changes)


def with_phone(number: int, phone: str) -> dict[str, Any]:
    """Return a payload whose receiver is not masked."""
    return numbered(number, receiver_name="测试员", receiver_mobile=phone, receiver_address="虚构路1号")


@define
class Gateways:
    """Only what needs no account."""

    def translator(self, platform: Platform) -> Any:
        assert platform is Platform.TAOBAO
        return translate

    def of(self, shop_id: ShopId) -> Any:
        raise AssertionError("nothing is called from a request")


@define(repr=False)
class Log:
    """Keeps what is logged."""

    lines: list[dict[str, Any]] = field(factory=list)

    def info(self, event: str, **facts: Any) -> None:
        self.lines.append({"event": event, **facts})

    error = info


@define(repr=False)
class World:
    """One application with everything behind it."""

    now: datetime = NOW
    serial: Iterator[int] = field(factory=lambda: count(1))
    is_alive: bool = True
    log: Log = field(factory=Log)
    ring: KeyRing = field(factory=KeyRing.generate)
    store: Any = None
    warehouse: MemoryWarehouse = field(factory=MemoryWarehouse)
    overrides: dict[str, Any] = field(factory=dict)
    body_limit: int = 8 * 1024 * 1024

    def __attrs_post_init__(self) -> None:
        if self.store is None:
            self.store = MemoryStore(self.clock, self.new_id)
        begin, sealer = Begin(self.store.open), AesSealer(self.ring)
        common: dict[str, Any] = {"begin": begin, "now": self.clock, "new_id": self.new_id, "pause": lambda n: None}
        numbering = Numbering(self.store.numbers, self.clock)
        self.services = {
            "desk": (
                desk := OrderDesk(
                    orders=OrderService(
                        numbering=numbering, interception=Judge(lookout=Lookout(sealer=sealer)).intercepts, **common
                    ),
                    moves=OrderMoveService(numbering=numbering, **common),
                    stops=StopService(numbering=numbering, **common),
                    edits=(edits := EditService(numbering=numbering, sealer=sealer, **common)),
                    splits=(splits := SplitService(numbering=numbering, **common)),
                    payments=PaymentService(begin=begin, now=self.clock, pause=lambda n: None),
                    merges=(merges := MergeService(numbering=numbering, **common)),
                    manual=(
                        manual := ManualOrderService(
                            numbering=numbering, sealer=sealer, queries=self.store.queries, **common
                        )
                    ),
                )
            ),
            "batches": BatchService(open=self.store.open, desk=desk, sealer=sealer, **common),
            "splits": splits,
            "edits": edits,
            "merges": merges,
            "manual_orders": manual,
            "intake": IntakeService(numbering=numbering, **common),
            "preparation": Preparation(sealer=sealer, new_id=self.new_id),
            "shops": ShopService(**common),
            "stock": (stock := StockService(numbering=numbering, **common)),
            "transfers": TransferService(numbering=numbering, **common),
            "stocktakes": StocktakeService(numbering=numbering, **common),
            "warehouses": WarehouseService(**common),
            "sourcing": SourcingService(**common),
            "catalog": CatalogService(**common),
            "sku_mappings": SkuMappingService(**common),
            "catalog_queries": self.store.catalog_queries,
            "personal": PersonalDataService(begin=begin, sealer=sealer, pause=lambda n: None),
            "access": AccessService(
                keys=self.store.keys, hasher=KeyedHasher(self.ring), now=self.clock, new_id=self.new_id
            ),
            "review_rules": RuleService(lookout=Lookout(sealer=sealer), queries=self.store.queries, **common),
            "blacklist": BlacklistService(lookout=Lookout(sealer=sealer), **common),
            "wms_accounts": WmsAccountService(sealer=sealer, **common),
            "levels": LevelService(begin=begin, queries=self.store.queries, wms=self.warehouse, stock=stock),
            "wms_reports": (reports := ReportService(**common, stock=stock)),
            "wms_callbacks": QimenCallbacks(
                accounts=lambda app_key, customer_id: [
                    each for each in ACCOUNTS if (each.app_key, each.customer_id) == (app_key, customer_id)
                ],
                take=reports.take,
                now=self.clock,
            ),
            "tracking_callbacks": Kuaidi100Callbacks(
                salt=SALT,
                book=TrackingService(begin=begin, now=self.clock, pause=lambda n: None).book,
                now=self.clock,
            ),
            "queries": self.store.queries,
            "gateways": Gateways(),
            "sealer": sealer,
            "signer": CursorSigner(self.ring),
            "job_service": JobService(begin=begin, now=self.clock, queries=self.store.queries, pause=lambda n: None),
            "buyer_views": BuyerViews(begin=begin, queries=self.store.queries),
            "discrepancies": DiscrepancyService(begin=begin, now=self.clock, pause=lambda n: None),
            "cases": CaseService(numbering=numbering, **common),
            "evidence": EvidenceService(sealer=sealer, **common),
            "refunds": RefundService(numbering=numbering, **common),
            "returns": ReturnService(begin=begin, now=self.clock, pause=lambda n: None),
            "asks": AskService(numbering=numbering, **common),
            "tickets": TicketService(numbering=numbering, **common),
            "aftersales_terms": TermsService(begin=begin, now=self.clock, pause=lambda n: None),
            "aftersales_queries": self.store.aftersales_queries,
            "new_id": self.new_id,
            "now": self.clock,
            "alive": lambda: self.is_alive,
        }

    services: dict[str, Any] = field(init=False)

    def clock(self) -> datetime:
        """Every look at the clock is a little later."""
        self.now += timedelta(milliseconds=1)
        return self.now

    def new_id(self) -> UUID:
        return uuid7(self.now, next(self.serial))

    def app(self) -> Litestar:
        def providing(name: str) -> Any:
            return lambda: self.overrides.get(name, self.services[name])

        options = HttpOptions(version="test", log=self.log, threads=2, body_limit=self.body_limit)
        return create_app({name: providing(name) for name in self.services}, options=options)

    def add_shop(self, code: str = "tb-1", **policy: Any) -> Shop:
        command = AddShop(code=code, name=f"样例 {code}", platform=Platform.TAOBAO, by=ROOT)
        return self.services["shops"].add(command)

    def key(
        self, *permissions: Permission, shops: frozenset[ShopId] | None = None, role: str = "", name: str = "test"
    ) -> str:
        """Return a key's text; without permissions named, one that may do everything."""
        wanted = frozenset(permissions) or EVERYTHING
        return self.services["access"].make(MakeKey(name=name, permissions=wanted, shops=shops, role=role, by=ROOT))

    def stored(self) -> dict[str, Any]:
        """Return a picture of all that is stored but keys and counters, to compare with a later one."""
        tables = self.store.tables
        return {
            name: dict(rows) if isinstance(rows, dict) else list(rows)
            for name in (
                "shops",
                "platform_orders",
                "orders",
                "fulfilments",
                "vault",
                "levels",
                "ledger",
                "openings",
                "answers",
                "log",
                "outbox",
                "cases",
                "refunds",
                "refund_entries",
                "returns",
                "tickets",
                "terms",
                "jobs",
            )
            for rows in (getattr(tables, name),)
        }


@define
class Caller:
    """A client with a key, who asks each thing under a new idempotency key unless it is said."""

    client: TestClient[Litestar]
    key: str

    def get(self, path: str, **kwargs: Any) -> Any:
        return self.client.get(_path(path), **self._with(kwargs))

    def post(self, path: str, body: Any = None, *, once: str | None = "", method: str = "POST", **kwargs: Any) -> Any:
        kwargs = self._with(kwargs)
        if once is not None:
            kwargs["headers"]["Idempotency-Key"] = once or f"ask-{next(KEYS)}"
        if isinstance(body, bytes):
            kwargs["content"] = body
            kwargs["headers"].setdefault("Content-Type", "application/json")
        elif body is not None:
            kwargs["json"] = body
        return self.client.request(method, _path(path), **kwargs)

    def patch(self, path: str, body: Any, *, version: int | str, **kwargs: Any) -> Any:
        """Edit what was read as ``version``."""
        etag = version if isinstance(version, str) else f'"{version}"'
        return self.post(path, body, method="PATCH", headers={"If-Match": etag}, **kwargs)

    def take_in(self, *payloads: Mapping[str, Any], shop: str = "tb-1", **kwargs: Any) -> list[dict[str, Any]]:
        answer = self.post(f"/shops/{shop}/platform-orders", list(payloads), **kwargs)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows

    def _with(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return kwargs | {"headers": headers | dict(kwargs.get("headers", {}))}


def _path(path: str) -> str:
    return path if path.startswith(("/api", "/health", "/ready", "/docs", "/schema", "/problems")) else API + path


@contextmanager
def serving(world: World) -> Iterator[TestClient[Litestar]]:
    with TestClient(world.app(), raise_server_exceptions=False) as client:
        yield client


@contextmanager
def on_sqlite(folder: Path) -> Iterator[tuple[World, Caller]]:
    """A world over a database, where answers are remembered as JSON and lists are SQL."""
    clock = World()
    database = Database.connect(
        f"sqlite:///{folder}/oms.db", now=clock.clock, new_id=clock.new_id, pause=lambda attempt: None
    )
    database.migrate()
    world = World(store=database, serial=clock.serial, ring=clock.ring)
    world.add_shop()
    with serving(world) as client:
        yield world, Caller(client, world.key())
    database.close()
