"""Who speaks with which warehouse, and where its secret lies."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from attrs import evolve
from tests.app.world import ROOT, World
from tests.contracts.test_warehouses import an_order

from oms_adapters.memory.warehouse import MemoryWarehouse
from oms_adapters.wms.warehouses import Warehouses
from oms_app.ports.channels import AuthorisationExpired
from oms_app.wms_accounts import ConnectWarehouse, ListWmsAccounts
from oms_domain.fulfilment.wms_account import WmsKind, WmsTerms
from oms_domain.kernel.errors import Denied
from oms_domain.testing.builders import MAIN

TERMS = WmsTerms(kind=WmsKind.QIMEN, base_url="https://wms.example.invalid/q", app_key="1", customer_id="C")
SUCCESS = b"<response><flag>success</flag></response>"


class Closable(MemoryWarehouse):
    def close(self) -> None:
        self.refuses = "closed"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def called() -> list[httpx2.Request]:
    return []


@pytest.fixture
def warehouses(world, called) -> Warehouses:
    def answer(request: httpx2.Request) -> httpx2.Response:
        called.append(request)
        return httpx2.Response(200, content=SUCCESS)

    return Warehouses(
        open=world.open,
        open_secret=world.sealer.open_secret,
        simulated=Closable(),
        http=httpx2.Client(transport=httpx2.MockTransport(answer)),
        now=world.clock,
    )


def connect(world: World, terms: WmsTerms = TERMS, **changes: Any) -> Any:
    return world.wms_accounts.connect(
        ConnectWarehouse(**{"warehouse": MAIN, "terms": terms, "secret": "s3cret", "by": ROOT} | changes)
    )


def test_a_warehouse_without_an_account_is_the_simulated_one(warehouses, called):
    assert warehouses.send(an_order(1)).accepted

    assert [order.number for order in warehouses.simulated.sent] == [an_order(1).number]
    assert called == []


def test_a_connected_warehouse_is_called_with_its_own_secret(world, warehouses, called):
    connect(world)

    assert warehouses.send(an_order(1)).accepted

    (request,) = called
    (account,) = warehouses.known_as("1", "C")
    assert request.url.host == "wms.example.invalid"
    assert (account.warehouse, account.secret) == (MAIN, "s3cret")
    assert warehouses.simulated.sent == []
    assert warehouses.known_as("1", "D") == warehouses.known_as("2", "C") == ()


def test_a_warehouse_may_go_back_to_the_simulated_one(world, warehouses, called):
    connect(world)
    connect(world, WmsTerms(kind=WmsKind.SIMULATED), secret="")

    warehouses.send(an_order(1))

    assert called == []
    assert warehouses.known_as("1", "C") == ()


def test_a_secret_is_sealed_and_bound_to_its_account(world, warehouses):
    account = connect(world)

    (sealed,) = world.store.tables.wms_secrets.values()
    assert b"s3cret" not in sealed
    assert "s3cret" not in repr(warehouses.known_as("1", "C")) + repr(account) + repr(warehouses)
    world.store.tables.wms_secrets[account.id] = sealed[:-1] + bytes([sealed[-1] ^ 1])
    with pytest.raises(AuthorisationExpired):
        warehouses.send(an_order(1))


def test_the_log_tells_of_the_account_and_not_of_its_secret(world):
    account = connect(world)

    log = world.store.tables.log[account.id]

    assert [entry.kind for entry in log] == ["fulfilment.warehouse_connected"]
    assert "s3cret" not in repr(log)


def test_only_those_who_see_every_shop_connect_warehouses(world):
    shop = world.a_shop()
    stranger = evolve(ROOT, shops=frozenset({shop.id}))
    with pytest.raises(Denied):
        connect(world, by=stranger)
    with pytest.raises(Denied):
        world.wms_accounts.all(ListWmsAccounts(by=stranger))
    assert world.wms_accounts.all(ListWmsAccounts(by=ROOT)) == ()


def test_closing_lets_go_of_the_simulated_one(warehouses):
    warehouses.close()

    assert warehouses.simulated.refuses == "closed"
