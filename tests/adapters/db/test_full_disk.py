"""A full disk refuses what is new, harms nothing that is there, and is forgotten once there is room again."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.adapters.db.stored import StoredWorld, everything
from tests.app.world import ROOT
from tests.contracts.rows import load_order

from oms_app.intake import TakeIn
from oms_app.ports.transaction import StoreUnavailable
from oms_app.queries.rows import OrderFilter
from oms_domain.channels.standard import Platform
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, NOW, SCARF, a_standard_order

pytestmark = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)

LATER = NOW + timedelta(days=1)
ROOM = 3
"""Pages that are left when the disk is all but full; an order needs more sooner or later."""


@pytest.fixture
def world(backend):
    return StoredWorld(backend.store, backend.clock, backend.new_id)


@pytest.fixture(autouse=True)
def room_for_others(backend):
    """The store is the next tests' as well, whatever order they come in: they find a disk with room."""
    yield
    with backend.store.engines.write.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {2**32 - 2}")


@pytest.fixture
def shop(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT, units=1000)
    return shop


def leave_room(backend, pages):
    """Let the file grow by so many pages at most; the one connection that writes keeps it in mind.

    Pages that the tests before left empty would be room as well: they are given back first.
    """
    with closing(sqlite3.connect(backend.engine.url.database)) as own:
        own.execute("VACUUM")
    with backend.store.engines.write.connect() as connection:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.execute(sa.text(f"PRAGMA max_page_count = {int(used + pages)}"))


def take_in(world, shop, n):
    raw = world.platform.sells(a_standard_order(order_no=f"9100000000000{n:06d}"))
    arrival = world.preparation.prepare(raw, world.platform.translate, shop_id=shop.id)
    return world.intake.take_in(TakeIn(shop_id=shop.id, platform=Platform.TAOBAO, arrivals=(arrival,), by=ROOT))


def fill(world, backend, shop):
    """Take in orders until there is no more room; return how many were, and what is stored."""
    leave_room(backend, ROOM)
    for n in range(1000):
        before = everything(backend.engine)
        if why_not(lambda n=n: take_in(world, shop, n)) == "SQLITE_FULL":
            return n, before
    pytest.fail("the disk did not fill up")


def why_not(act):
    try:
        act()
    except StoreUnavailable as error:
        return error.why
    return ""


def test_what_finds_no_room_is_refused_whole(world, backend, shop):
    orders, before = fill(world, backend, shop)

    assert everything(backend.engine) == before
    assert len(before["sales_order"]) == orders
    assert world.findings() == []
    with backend.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"


def test_a_full_disk_can_be_read(world, backend, shop):
    order = world.order(world.an_order(shop, a_standard_order(order_no="9100000000000999999")))
    fill(world, backend, shop)

    assert world.order(order.id) == order
    assert load_order(backend, order) == order
    assert backend.store.answers()


def test_once_there_is_room_it_goes_on_without_a_restart(world, backend, shop):
    orders, _ = fill(world, backend, shop)
    with pytest.raises(StoreUnavailable):
        take_in(world, shop, orders)

    leave_room(backend, 100_000)
    (answer,) = take_in(world, shop, orders)
    world.settle()

    assert len(everything(backend.engine)["sales_order"]) == orders + 1
    assert world.state(answer.order_id) is S.AWAITING_CS_REVIEW
    assert world.findings() == []


def test_background_work_waits_for_room_and_is_then_done(world, backend, shop):
    orders, _ = fill(world, backend, shop)
    leave_room(backend, 0)

    assert {why_not(world.runner.step) for _ in range(20)} >= {"SQLITE_FULL"}
    assert world.findings() == []

    leave_room(backend, 100_000)
    for _ in range(8):
        world.wait(minutes=10)
    states = [
        row.state for row in world.store.queries.orders(ROOT, OrderFilter(), after=None, limit=100_000, now=LATER)
    ]
    assert states == [S.AWAITING_CS_REVIEW] * orders
    assert world.parked() == []
    assert world.findings() == []
