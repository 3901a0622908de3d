"""One shop, one key that may do everything, and a client that has it."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from tests.http.world import Caller, World, numbered, serving


def a_world() -> World:
    world = World()
    world.add_shop()
    return world


@pytest.fixture
def world() -> World:
    return a_world()


@pytest.fixture
def client(world: World) -> Iterator[TestClient[Litestar]]:
    with serving(world) as client:
        yield client


@pytest.fixture
def api(world: World, client: TestClient[Litestar]) -> Caller:
    return Caller(client, world.key())


@pytest.fixture
def order_id(api: Caller) -> str:
    """Return an order that waits for allocation, with stock for it."""
    api.post("/stock/receipts", {"sku": "SPU4-U", "warehouse": "MAIN", "quantity": 5})
    return str(api.post("/shops/tb-1/platform-orders", numbered(1)).json()["order_id"])


@pytest.fixture(scope="module")
def quiet_world() -> World:
    """A world in which nothing ever happens: for whatever must be refused."""
    return a_world()


@pytest.fixture(scope="module")
def quiet(quiet_world: World) -> Iterator[Caller]:
    """A client of it. Shared by a module's tests, since none of them may change anything; that is checked at last."""
    key, before = quiet_world.key(), quiet_world.stored()
    with serving(quiet_world) as client:
        yield Caller(client, key)
    assert quiet_world.stored() == before
