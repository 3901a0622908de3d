"""One hot SKU on PostgreSQL, eight connections: what its row costs, against inserting the same rows and no check.

First the statement alone (as the store sends it), then through the port: the same transaction with its movement left
out is the limit there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from uuid import UUID

import psycopg
import sqlalchemy as sa
from tests.bench.sample import fresh, payloads
from tests.bench.timing import ratio, rounds

from oms_adapters.bootstrap.clock import new_id, system_now
from oms_adapters.db import bulk
from oms_adapters.db.database import Database
from oms_adapters.db.stock_rows import RowUpdate, Steps
from oms_adapters.db.stock_tables import reservation, stock_ledger
from oms_app.actor import system
from oms_domain.inventory.movements import COLUMNS, adds, reserves
from oms_domain.inventory.stock import LedgerKind, Quality, Reservation
from oms_domain.kernel.identity import LineId, OrderId, SkuCode
from oms_domain.testing.builders import MAIN

CONNECTIONS: Final = 8
EACH: Final = 250
BUCKETS: Final = 16
PLENTY: Final = 10**7
BY: Final = system("bench")
HOT, COOL, NEVER = SkuCode("HOT"), SkuCode("HOT-BUCKETS"), SkuCode("INSERTED-ONLY")
GOALS: Final = {"one row": 0.35, f"{BUCKETS} buckets": 0.70}


def figures(url: str) -> Iterator[str]:
    """Print-ready lines; raises if a unit was sold that is not there."""
    bench = fresh(url)
    orders = [answer.order_id for answer in bench.take(tuple(bench.arrivals(payloads(CONNECTIONS))))]
    bench.database.close()
    database = Database.connect(url, now=system_now, new_id=new_id, pool=CONNECTIONS)
    with database.open(BY) as tx:
        for sku in (HOT, COOL):
            receipt = adds(sku, MAIN, PLENTY, LedgerKind.PURCHASE_RECEIPT, Quality.GOOD)
            tx.stock.move((receipt,), document=new_id())
        tx.commit()
    with database.open(BY) as tx:
        tx.stock.part(COOL, MAIN, BUCKETS)
        tx.commit()
    for what, ways in (
        ("the statement alone", _statements(url, orders)),
        ("through the port", _port(database, orders)),
    ):
        seconds = rounds(ways)
        limit = CONNECTIONS * EACH / min(seconds["insert only"])
        for name, goal in GOALS.items():
            found = ratio(seconds, name, "insert only")
            yield (
                f"PostgreSQL: hot SKU, {what}, {CONNECTIONS} connections: {name} {found:.2f} of insert only "
                f"({limit:.0f}/s at best; goal {goal:.2f})"
            )
    with database.open(BY) as tx:
        if drifts := [drift for drift in tx.stock.drifts() if drift.stands.sku != NEVER]:
            raise AssertionError(f"stock has drifted: {drifts}")
    database.close()


def _statements(url: str, orders: list[OrderId]) -> dict[str, Callable[[], Callable[[], object]]]:
    """The rows of a reservation in one statement: alone, with the hot row, with one of its buckets."""
    dsn = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connections = [psycopg.connect(dsn, autocommit=True) for _ in orders]

    def way(sku: SkuCode, buckets: int, guarded: bool) -> Callable[[], Callable[[], object]]:
        def prepare() -> Callable[[], object]:
            asks = [[_ask(order, sku, buckets, guarded) for _ in range(EACH)] for order in orders]

            def run(n: int) -> None:
                with psycopg.RawCursor(connections[n]) as cursor:
                    for rows, updates in asks[n]:
                        bulk._one_statement(cursor, rows, (stock_ledger, reservation), updates)

            return lambda: _at_once(run)

        return prepare

    return {
        "insert only": way(NEVER, 0, False),
        "one row": way(HOT, 0, True),
        f"{BUCKETS} buckets": way(COOL, BUCKETS, True),
    }


def _ask(order_id: OrderId, sku: SkuCode, buckets: int, guarded: bool) -> tuple[dict[sa.Table, Any], list[RowUpdate]]:
    line_id, movement = new_id(), reserves(sku, MAIN, 1)
    held = {"line_id": line_id, "order_id": order_id, "sku": sku, "warehouse": MAIN, "held": 1, "attempt": 1}
    entry = {
        "id": new_id(),
        "sku": sku,
        "warehouse": MAIN,
        "kind": movement.kind,
        **{name: getattr(movement, name) for name in COLUMNS},
        "document_id": order_id,
        "actor": BY.id,
        "at": system_now(),
    }
    bucket = 1 + line_id.int % buckets if buckets else 0
    updates = [RowUpdate.of(movement, bucket)] if guarded else []
    return {stock_ledger: [entry], reservation: [held]}, updates


def _port(database: Database, orders: list[OrderId]) -> dict[str, Callable[[], Callable[[], object]]]:
    """``tx.stock`` as the use cases have it; that an order holds nothing yet is known, not read."""
    plain = Steps.move

    def way(sku: SkuCode, move: Any) -> Callable[[], Callable[[], object]]:
        def prepare() -> Callable[[], object]:
            def run(n: int) -> None:
                for _ in range(EACH):
                    line = LineId(new_id())
                    row = Reservation(order_id=orders[n], line_id=line, sku=sku, warehouse=MAIN, quantity=1)
                    with database.open(BY) as tx:
                        tx.stock.levels(MAIN, [sku])
                        tx.stock.held[orders[n]] = {}
                        tx.stock.reserve(orders[n], (row,))
                        tx.commit()

            def timed() -> None:
                Steps.move = move  # type: ignore[method-assign]
                try:
                    _at_once(run)
                finally:
                    Steps.move = plain  # type: ignore[method-assign]

            return timed

        return prepare

    def nothing(steps: Steps, movement: Any, document: UUID) -> None:
        """Insert only: the row is left as it is."""

    return {"insert only": way(NEVER, nothing), "one row": way(HOT, plain), f"{BUCKETS} buckets": way(COOL, plain)}


def _at_once(run: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        list(threads.map(run, range(CONNECTIONS)))
