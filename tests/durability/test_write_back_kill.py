"""Killed between a parcel that leaves and the platform knowing of it: it is told, and the doctor finds nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.db.stored import StoredWorld
from tests.servers import FakeClock, ids

from oms_adapters.db.database import Database
from oms_app.ports.channels import RetryLater
from oms_domain.channels.standard import PlatformState
from oms_domain.fulfilment.fulfilment_order import WriteBack
from oms_domain.orders.states import OrderState
from oms_domain.testing.builders import HAT, SCARF, a_standard_order

ROOT = Path(__file__).parents[2]
KILLED = 137
WORK = """
import os, sys
from datetime import datetime
import sqlalchemy as sa
from tests.adapters.db.stored import StoredWorld
from tests.servers import FakeClock, ids
from oms_adapters.db.database import Database
from oms_adapters.memory.platform import MemoryPlatform

url, now, point = sys.argv[1:]
clock = FakeClock(datetime.fromisoformat(now))
database = Database.connect(url, now=clock, new_id=ids(clock))

def die(*_):
    os._exit(137)

def told(platform, notice):
    sa.event.listen(database.engines.write, "commit", die)

if point != "never":
    MemoryPlatform.write_shipment = die if point == "called" else told
else:
    MemoryPlatform.write_shipment = lambda platform, notice: None
StoredWorld(database, clock, ids(clock)).settle()
"""


@pytest.fixture
def shipped(fresh_url: Any) -> Any:
    """A parcel has left, and the platform does not answer yet."""
    url, clock = fresh_url("sqlite"), FakeClock()
    database = Database.connect(url, now=clock, new_id=ids(clock))
    database.migrate()
    world = StoredWorld(database, clock, ids(clock))
    shop = world.a_shop()
    world.receive(SCARF, HAT)
    order_id = world.an_order(shop, a_standard_order(state=PlatformState.TO_SHIP))
    sent = world.at_warehouse(order_id)
    world.platform.trouble = [RetryLater(reason="busy")]
    world.watch_warehouse()
    world.warehouse.ships(sent, clock())
    world.wait(seconds=2)
    assert write_backs(world, order_id) == [WriteBack.PENDING]
    yield url, world, order_id
    database.close()


def write_backs(world: StoredWorld, order_id: Any) -> list[WriteBack]:
    return [package.write_back for package in world.detail(order_id).fulfilment.packages]


def work_in_a_process(url: str, world: StoredWorld, point: str) -> int:
    world.clock.forward(hours=1)
    words = [sys.executable, "-c", WORK, url, world.clock().isoformat(), point]
    return subprocess.run(words, cwd=ROOT, capture_output=True, timeout=60, check=False).returncode


@pytest.mark.parametrize("point", ["called", "told"])
def test_a_process_that_dies_while_it_tells_the_platform_leaves_it_to_the_next_one(shipped: Any, point: str) -> None:
    url, world, order_id = shipped

    assert work_in_a_process(url, world, point) == KILLED

    assert world.findings() == []
    assert write_backs(world, order_id) == [WriteBack.PENDING]
    world.wait(hours=1)  # its lease has run out
    assert write_backs(world, order_id) == [WriteBack.DONE]
    assert len(world.platform.notices) == 1
    assert world.state(order_id) is OrderState.SHIPPED
    assert world.findings() == []


def test_control_a_process_that_lives_has_told_it(shipped: Any) -> None:
    url, world, order_id = shipped

    assert work_in_a_process(url, world, "never") == 0

    assert write_backs(world, order_id) == [WriteBack.DONE]
    world.wait(hours=1)
    assert world.platform.notices == []
