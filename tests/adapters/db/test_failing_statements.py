"""Whichever statement of a use case fails, nothing partial is stored, and the same again succeeds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import sqlalchemy as sa
from attrs import define
from tests.adapters.db.stored import StoredWorld, everything
from tests.app.world import ROOT
from tests.contracts.rows import level

from oms_adapters.db import driver
from oms_app.intake import TakeIn
from oms_app.inventory import ReceiveStock
from oms_app.orders import AllocateOrder, ApproveOrder, CancelOrder
from oms_app.ports.transaction import Contended, StoreUnavailable
from oms_domain.channels.standard import Platform
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState as S
from oms_domain.shops.shop import Shop
from oms_domain.testing.builders import HAT, MAIN, SCARF, a_standard_order

pytestmark = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)

STEP = 9
MOST = 60
"""Statements; a use case that sends more has got out of hand."""


@define
class Failure:
    """Fails the ``at``-th statement that is sent to write: before it has run, or after."""

    at: int
    moment: str
    number: int = 0
    happened: bool = False

    def count(self, moment: str) -> None:
        self.number += moment == "before"
        if (self.number, moment) == (self.at, self.moment):
            self.happened = True
            disk = sqlite3.OperationalError("disk I/O error")
            raise sa.exc.OperationalError("statement", {}, disk)


@contextmanager
def failing(engine: sa.Engine, at: int, moment: str) -> Iterator[Failure]:
    """Let the ``at``-th statement fail; the begin and the commit count as statements."""
    failure = Failure(at, moment)
    listeners: dict[str, Callable[..., None]] = {
        "before_cursor_execute": lambda *_: failure.count("before"),
        "after_cursor_execute": lambda *_: failure.count("after"),
        "commit": lambda _: failure.count("before"),
    }

    @contextmanager
    def counted(connection: sa.Connection) -> Iterator[Any]:
        """Reads that go past SQLAlchemy tell no listener of its own."""
        failure.count("before")
        with raising(connection) as direct:
            yield direct
        failure.count("after")

    raising, driver.raising = driver.raising, counted
    for name, listener in listeners.items():
        sa.event.listen(engine, name, listener)
    try:
        yield failure
    finally:
        driver.raising = raising
        for name, listener in listeners.items():
            sa.event.remove(engine, name, listener)


@pytest.fixture
def world(backend):
    return StoredWorld(backend.store, backend.clock, backend.new_id)


each_moment = pytest.mark.parametrize("moment", ["before", "after"])


def sweep(world: StoredWorld, backend: Any, moment: str, prepare: Callable[[int], Callable[[], Any]]) -> int:
    """Fail each statement of a use case in turn; return how many there are.

    ``prepare`` makes ready for the n-th try and returns the use case, which is called until it succeeds.
    """
    for n in range(1, MOST):
        act = prepare(n)
        before = everything(backend.engine)
        with failing(backend.store.engines.write, n, moment) as failure:
            failed = is_unavailable(act)
        if not failed:
            assert not failure.happened, f"statement {n} failed, and nobody was told"
            return n - 1
        assert everything(backend.engine) == before, f"statement {n} failed, and something is stored"
        assert world.findings() == []
        act()
        assert everything(backend.engine) != before
        assert world.findings() == []
    pytest.fail(f"more than {MOST} statements")


def is_unavailable(act: Callable[[], Any]) -> bool:
    try:
        act()
    except StoreUnavailable:
        return True
    return False


@each_moment
def test_an_order_is_taken_in_whole_or_not_at_all(world, backend, moment):
    shop = world.a_shop()

    statements = sweep(world, backend, moment, lambda n: taking_in(world, shop, n))

    orders = everything(backend.engine)["sales_order"]
    assert statements >= 8
    assert len(orders) == statements + 1  # each try in the end one order, and the last without a failure


def taking_in(world: StoredWorld, shop: Shop, n: int) -> Callable[[], Any]:
    """Return the use case that takes in the n-th order."""
    raw = world.platform.sells(a_standard_order(order_no=f"9100000000000{n:06d}"))
    arrival = world.preparation.prepare(raw, world.platform.translate, shop_id=shop.id)
    command = TakeIn(shop_id=shop.id, platform=Platform.TAOBAO, arrivals=(arrival,), by=ROOT)
    return lambda: world.intake.take_in(command)


@each_moment
def test_an_order_is_allocated_whole_or_not_at_all(world, backend, moment):
    shop = world.a_shop()
    orders = []

    def prepare(n: int) -> Callable[[], Any]:
        orders.append(world.a_backordered_order(shop, f"9100000000000{n:06d}"))
        receive_silently(world, {SCARF: 2, HAT: 1})
        return lambda: world.orders.allocate(AllocateOrder(order_id=orders[-1], by=ROOT))

    statements = sweep(world, backend, moment, prepare)

    assert statements >= 8
    assert {world.state(order_id) for order_id in orders} == {S.AWAITING_CS_REVIEW}
    assert [level(backend, sku).reserved for sku in (SCARF, HAT)] == [2 * len(orders), len(orders)]


def receive_silently(world: StoredWorld, units: dict[str, int]) -> None:
    """Book units that no process has heard of yet."""
    for sku, count in units.items():
        received = ReceiveStock(sku=SkuCode(sku), warehouse=MAIN, quantity=Quantity(count), reason="采购", by=ROOT)
        world.stock.receive(received)


@each_moment
def test_an_order_is_called_off_whole_or_not_at_all(world, backend, moment):
    shop = world.a_shop()
    world.receive(SCARF, HAT, units=1000)
    orders = []

    def prepare(n: int) -> Callable[[], Any]:
        order_id = world.an_order(shop, a_standard_order(order_no=f"9100000000000{n:06d}"))
        world.give(ApproveOrder, order_id)
        orders.append(order_id)
        return lambda: world.orders.cancel(CancelOrder(order_id=order_id, by=ROOT))

    sweep(world, backend, moment, prepare)

    assert {world.state(order_id) for order_id in orders} == {S.CANCELLED}
    assert [level(backend, sku).reserved for sku in (SCARF, HAT)] == [0, 0]


@each_moment
def test_background_work_whose_statement_fails_is_done_in_the_end(world, backend, moment):
    shop = world.a_shop(auto_review=True, auto_release=True)
    world.receive(SCARF, HAT, units=1000)
    reached, n = True, 0 if moment == "before" else STEP // 2

    while reached:
        n += STEP
        (answer,) = taking_in(world, shop, n)()
        with failing(backend.store.engines.write, n, moment) as failure:
            drain(world)
            reached = failure.number >= n  # after a commit nothing fails any more, but there is more to come
        assert world.state(answer.order_id) is S.IN_WAREHOUSE
        assert world.findings() == []

    assert n > 40
    assert world.parked() == []
    assert len({order.fulfilment_id for order in world.warehouse.sent}) == n // STEP


def drain(world: StoredWorld) -> None:
    """Run everything, also what was put off after a failure."""
    for _ in range(5):
        with suppress(StoreUnavailable, Contended):
            world.wait(minutes=10)
