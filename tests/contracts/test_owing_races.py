"""Told of the same order at once, many times and by the platform too, what is owed is asked for in one document."""

from contextlib import suppress

import pytest
from attrs import evolve
from tests.adapters.db.stored import StoredWorld
from tests.app.claims import Claims
from tests.app.world import ROOT
from tests.contracts.test_races import at_once, kinds
from tests.contracts.test_stock_races import KINDS

from oms_app import owing
from oms_app.orders import CancelOrder
from oms_app.owing import AskOwed
from oms_app.ports.transaction import Contended
from oms_domain.channels.aftersales import AskKind
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.refunds.ledger import NothingLeft
from oms_domain.refunds.states import RefundState

THREADS = 8
TRIES = 20


@pytest.fixture(params=KINDS)
def claims(request, stores):
    backend = stores(request.param)
    world = StoredWorld(backend.store, backend.clock, backend.new_id)
    claims = Claims(world)
    world.desk.give(CancelOrder(order_id=claims.order_id, reason="x", by=ROOT))  # and nothing has followed yet
    return claims


def tell(claims):
    told = AskOwed(order_id=claims.order_id, reason="order_cancelled", by=ROOT)

    def act(_, barrier):
        barrier.wait()
        for _ in range(TRIES):
            with suppress(Contended):
                return len(claims.world.owing.ask(told))
        return 0

    return act


def open_refunds(claims):
    return [each for each in claims.refunds if each.state is not RefundState.CLOSED]


def test_it_is_asked_for_in_one_document(claims):
    made = at_once(THREADS, tell(claims))

    assert sum(made) == 1
    assert [each.amount for each in claims.refunds] == [Money(23_600)]
    assert claims.world.findings() == []


def test_the_platforms_ask_at_the_same_moment_is_for_the_same_money(claims):
    ask = claims.an_ask(kind=AskKind.REFUND, returns_goods=False, refund=Money(23_600))
    both = [evolve(ask.lines[0], line_no=no, quantity=Quantity(units)) for no, units in (("1001", 2), ("1002", 1))]
    tells = tell(claims)

    def act(n, barrier):
        if n:
            return tells(n, barrier)
        barrier.wait()
        for _ in range(TRIES):
            with suppress(Contended):
                return claims.hears(evolve(ask, lines=tuple(both)), settle=False) and 0
        return 0

    at_once(THREADS, act)
    claims.world.settle()

    (refund,) = open_refunds(claims)
    assert (refund.amount, refund.platform_refund_no) == (Money(23_600), ask.refund_no)
    assert claims.world.findings() == []


def everybody_has_read_before_anybody_writes(claims, monkeypatch):
    with claims.world.open(ROOT) as tx:
        found = owing._owed(tx, claims.order, ())
    monkeypatch.setattr(owing, "_all_owed", lambda flow, order: found)


def test_what_was_read_before_another_asked_is_not_trusted(claims, monkeypatch):
    everybody_has_read_before_anybody_writes(claims, monkeypatch)

    made = at_once(THREADS, tell(claims))

    assert len(open_refunds(claims)) == 1
    assert kinds(made) == {int: 1, NothingLeft: THREADS - 1}


def test_control_where_the_ledger_keeps_nothing_there_are_several(claims, monkeypatch):
    everybody_has_read_before_anybody_writes(claims, monkeypatch)
    monkeypatch.setattr("oms_adapters.db.refunds.LedgerStore.save", lambda store, ledger: None)

    at_once(THREADS, tell(claims))

    assert len(open_refunds(claims)) > 1
