"""Killed between the reservation and its commit: nothing is held, nothing is lost, and the doctor finds nothing."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from tests.contracts.rows import ROOT, a_line, a_new_shop, an_order, receive, store
from tests.servers import Backend, FakeClock, ids

from oms_adapters.db.database import Database
from oms_app.numbering import Numbering
from oms_app.orders import AllocateOrder, OrderService
from oms_app.ports.transaction import Begin
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState

KILLED = 137
ALLOCATE = """
import os, sys
from uuid import UUID
import sqlalchemy as sa
from oms_adapters.bootstrap.clock import new_id, system_now
from oms_adapters.db.database import Database
from oms_app.actor import system
from oms_app.numbering import Numbering
from oms_app.orders import AllocateOrder, OrderService
from oms_app.ports.transaction import Begin

url, order_id, point = sys.argv[1:]
database = Database.connect(url, now=system_now, new_id=new_id)
numbering = Numbering(database.numbers, system_now)
orders = OrderService(begin=Begin(database.open), now=system_now, new_id=new_id, numbering=numbering, pause=print)

def after(connection, cursor, statement, parameters, context, many):
    if point == "reserved" and statement.startswith("UPDATE stock_level"):
        os._exit(137)

sa.event.listen(database.engines.write, "after_cursor_execute", after)
if point == "commit":
    sa.event.listen(database.engines.write, "commit", lambda connection: os._exit(137))
print(orders.allocate(AllocateOrder(order_id=UUID(order_id), by=system("tests"))).state)
"""


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def installed(request: Any, fresh_url: Any) -> Any:
    """A database of its own with ten units of two SKUs, and its URL."""
    url, clock = fresh_url(request.param), FakeClock()
    database = Database.connect(url, now=clock, new_id=ids(clock))
    database.migrate()
    backend = Backend(request.param, database, clock, ids(clock))
    for sku in ("A", "B"):
        receive(backend, sku, 10)
    yield url, backend
    database.close()


def allocate_in_a_process(url: str, order_id: Any, point: str) -> int:
    words = [sys.executable, "-c", ALLOCATE, url, str(order_id), point]
    return subprocess.run(words, capture_output=True, timeout=60, check=False).returncode


def findings(backend: Backend) -> list[Any]:
    return list(backend.store.doctor.findings(lambda name, count: None))


@pytest.mark.parametrize("point", ["reserved", "commit"])
def test_a_process_that_dies_with_a_reservation_leaves_nothing_behind(installed: Any, point: str) -> None:
    url, backend = installed
    lines = tuple(a_line(backend, sku=SkuCode(sku), quantity=Quantity(4)) for sku in ("B", "A"))
    order = an_order(
        backend, store(backend, a_new_shop(backend)), state=OrderState.AWAITING_ALLOCATION, lines=lines, warehouse=None
    )
    store(backend, order)

    assert allocate_in_a_process(url, order.id, point) == KILLED

    found = [(level.on_hand, level.reserved) for level in backend.queries.stock(ROOT, after=None, limit=5)]
    assert found == [(10, 0), (10, 0)]
    assert [finding for finding in findings(backend) if finding.invariant in ("I4", "I5", "I12")] == []
    services = {"begin": Begin(backend.open), "now": backend.clock, "new_id": backend.new_id, "pause": print}
    orders = OrderService(**services, numbering=Numbering(backend.numbers, backend.clock))
    assert orders.allocate(AllocateOrder(order_id=order.id, by=ROOT)).state is OrderState.AWAITING_CS_REVIEW
    assert [finding for finding in findings(backend) if finding.invariant in ("I4", "I5", "I12")] == []


def test_control_a_process_that_lives_reserves(installed: Any) -> None:
    url, backend = installed
    line = a_line(backend, sku=SkuCode("A"), quantity=Quantity(4))
    shop = store(backend, a_new_shop(backend))
    order = an_order(backend, shop, state=OrderState.AWAITING_ALLOCATION, lines=(line,), warehouse=None)
    store(backend, order)

    assert allocate_in_a_process(url, order.id, "never") == 0

    found = [(level.on_hand, level.reserved) for level in backend.queries.stock(ROOT, after=None, limit=5)]
    assert found == [(10, 4), (10, 0)]
