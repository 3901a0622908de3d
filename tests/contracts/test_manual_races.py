"""Two people put in an order under one number at once: one is made, the other hears which has the number."""

from threading import Barrier, local

import pytest
from attrs import evolve
from tests.adapters.db.stored import StoredWorld
from tests.app.world import ROOT
from tests.contracts.test_races import at_once, kinds

from oms_adapters.db.orders import SalesOrderStore
from oms_app.catalog import PutSku
from oms_app.manual import CreateOrder, LineWanted, ManualAnswer, OrderNoTaken
from oms_app.orders import CancelOrder
from oms_domain.catalog.sku import SkuFacts, SkuKind
from oms_domain.channels.standard import OrderKind, Receiver, Region
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.marks import Business

SERVERS = [
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("mariadb", marks=pytest.mark.mariadb),
]
pytestmark = pytest.mark.parametrize("backend", SERVERS, indirect=True)  # SQLite has one writer at a time


class Meeting:
    """Queries of which both threads have had their first answer before either goes on."""

    def __init__(self, queries, barrier):
        self.queries, self.barrier, self.met = queries, barrier, local()

    def orders(self, *asked, **more):
        found = self.queries.orders(*asked, **more)
        if not getattr(self.met, "once", False):
            self.met.once = True
            self.barrier.wait()
        return found


@pytest.fixture
def typed_twice(backend):
    """Return what two who type the same order at once are told."""
    world = StoredWorld(backend.store, backend.clock, backend.new_id)
    shop = world.a_shop()
    facts = SkuFacts(title="样例", kind=SkuKind.GOODS, list_price=Money(1_000))
    world.catalog.put_sku(PutSku(code="CUP", facts=facts, by=ROOT))
    command = CreateOrder(
        shop_id=shop.id,
        platform_order_no="M-1",
        kind=OrderKind.NORMAL,
        business=Business.RETAIL,
        receiver=Receiver(name="测试员", mobile="10000000001", street="虚构路1号"),
        region=Region(province="广东省", city="深圳市", district="南山区"),
        lines=(LineWanted(code=SkuCode("CUP"), units=Quantity(1), unit_price=None),),
        by=ROOT,
    )

    def results(*, cancelled=False):
        if cancelled:
            first = world.manual.create(command)
            world.give(CancelOrder, first.order.id, reason="填错了")
        service = evolve(world.manual, queries=Meeting(world.manual.queries, Barrier(2, timeout=30)))
        return kinds(at_once(2, lambda n, barrier: service.create(command)))

    return results


def test_one_of_two_has_the_number(typed_twice):
    assert typed_twice() == {ManualAnswer: 1, OrderNoTaken: 1}


def test_one_of_two_has_the_number_of_a_cancelled_order(typed_twice):
    assert typed_twice(cancelled=True) == {ManualAnswer: 1, OrderNoTaken: 1}


def test_control_two_who_only_look_first_both_have_it(typed_twice, monkeypatch):
    monkeypatch.setattr(SalesOrderStore, "claim_number", lambda store, order, instead_of=None: None)

    assert typed_twice() == {ManualAnswer: 2}
