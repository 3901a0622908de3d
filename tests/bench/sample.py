"""What the benchmarks write: seeded trades as arrivals, and the rows that storing them makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.bootstrap.clock import new_id, system_now
from oms_adapters.crypto.keys import KeyRing
from oms_adapters.crypto.sealer import AesSealer
from oms_adapters.db.database import Database
from oms_adapters.db.types import metadata
from oms_adapters.platforms.taobao.scenario import SCENARIO_SKUS, make_trades
from oms_adapters.platforms.taobao.translate import translate
from oms_app.actor import system
from oms_app.arrivals import Arrival, Preparation
from oms_app.intake import IntakeService, TakeIn
from oms_app.inventory import ReceiveStock, StockService
from oms_app.numbering import Numbering
from oms_app.orders import OrderService
from oms_app.ports.transaction import Begin
from oms_app.shops import AddShop, ShopService
from oms_domain.channels.standard import Platform
from oms_domain.kernel.identity import ShopId, SkuCode, WarehouseCode
from oms_domain.kernel.quantity import quantity

ACTOR = system("bench")
START = datetime(2026, 1, 2, 2, 0, tzinfo=UTC)


@frozen
class Bench:
    """A fresh database with one shop, and the services on it."""

    database: Database
    shop_id: ShopId
    intake: IntakeService
    orders: OrderService
    preparation: Preparation
    shared: dict[str, Any]

    def take(self, arrivals: tuple[Arrival, ...]) -> Any:
        return self.intake.take_in(TakeIn(shop_id=self.shop_id, platform=Platform.TAOBAO, arrivals=arrivals, by=ACTOR))

    def arrivals(self, payloads: list[bytes]) -> list[Arrival]:
        return [self.preparation.prepare(raw, translate, shop_id=self.shop_id) for raw in payloads]


def payloads(count: int, seed: int = 7) -> list[bytes]:
    """Return ``count`` paid-or-not trades of one to four lines, as the platform sends them."""
    return [json.dumps(trade, ensure_ascii=False).encode() for trade in make_trades(seed, count, START)]


def fresh(url: str, *, stock_units: int = 0) -> Bench:
    """Migrate an empty database and put a shop on it."""
    database = Database.connect(url, now=system_now, new_id=new_id)
    database.migrate()
    begin = Begin(database.open)
    shared: dict[str, Any] = {"begin": begin, "now": system_now, "new_id": new_id, "pause": lambda _: None}
    numbering = Numbering(database.numbers, system_now)
    shop = ShopService(**shared).add(AddShop(code="bench", name="bench", platform=Platform.TAOBAO, by=ACTOR))
    if stock_units:
        for code, _, _ in SCENARIO_SKUS:
            StockService(numbering=numbering, **shared).receive(
                ReceiveStock(
                    sku=SkuCode(code), warehouse=WarehouseCode("MAIN"), quantity=quantity(stock_units), by=ACTOR
                )
            )
    return Bench(
        database,
        shop.id,
        IntakeService(numbering=numbering, **shared),
        OrderService(numbering=numbering, **shared),
        Preparation(sealer=AesSealer(KeyRing.generate()), new_id=new_id),
        shared,
    )


TABLES = ("platform_order", "sales_order", "sales_order_line", "pii_vault", "operation_log", "outbox")
"""What storing an order writes; the comparators write the same rows into the same tables with the same indexes."""


def written_rows(bench: Bench, tables: tuple[str, ...] = TABLES) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows that our own run wrote, as the driver takes them: the comparators' ready values."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    with bench.database.engines.read.connect() as connection:
        for name in tables:
            table = metadata.tables[name]
            columns = ", ".join(column.name for column in table.columns)
            order = {"operation_log": "document_id, seq", "idempotency": "created_at"}.get(name, "id")
            found = connection.exec_driver_sql(f"SELECT {columns} FROM {name} ORDER BY {order}")
            rows[name] = [tuple(row) for row in found]
    return rows


def by_order(rows: dict[str, list[tuple[Any, ...]]], shares: int) -> list[dict[str, list[tuple[Any, ...]]]]:
    """Deal the rows out to ``shares`` transactions, each order's rows together, as ours wrote them."""
    place: dict[Any, int] = {}
    platform_orders = [_named("platform_order", row) for row in rows["platform_order"]]
    for at, order in enumerate(platform_orders):
        share = at * shares // len(platform_orders)
        for key in ("id", "order_id", "receiver_id", "buyer_id", "raw_id"):
            place[order[key]] = share
    owner = {
        "platform_order": "id",
        "sales_order": "id",
        "sales_order_line": "order_id",
        "pii_vault": "id",
        "operation_log": "document_id",
        "outbox": "stream",
    }
    dealt: list[dict[str, list[tuple[Any, ...]]]] = [{name: [] for name in TABLES} for _ in range(shares)]
    for name, found in rows.items():
        for row in found:
            share = place.get(_named(name, row)[owner[name]])
            if share is not None:  # what is not an order's (the shop's own log) was there before
                dealt[share][name].append(row)
    return dealt


def _named(name: str, row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip((column.name for column in columns(name)), row, strict=True))


def columns(name: str) -> list[sa.Column[Any]]:
    return list(metadata.tables[name].columns)


Timed = Callable[[], None]
