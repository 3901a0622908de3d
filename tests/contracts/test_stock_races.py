"""32 at once want stock: never more is sold than there is, by one row or by buckets, and nobody waits for ever.

Each guard stands beside a control in which it is missing and more is sold than there is.
"""

from collections import Counter
from random import Random

import pytest
import sqlalchemy as sa
from tests.contracts.rows import (
    ROOT,
    a_line,
    a_new_shop,
    an_order,
    receive,
    reservations,
    store,
    transact,
    units,
)
from tests.contracts.test_races import at_once
from tests.servers import Backend, FakeClock, ids

from oms_adapters.db import stock_rows
from oms_adapters.db.database import Database
from oms_app.ports.transaction import Contended, StockMoved
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import MAIN

THREADS = 32
SKUS = tuple(map(SkuCode, ("A", "B", "C")))
TRIES = 12


KINDS = (
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("mariadb", marks=pytest.mark.mariadb),
)


@pytest.fixture(params=KINDS)
def backend(request, stores):
    """A database of every kind in turn: memory has one lock for everything."""
    return stores(request.param)


def some_orders(backend, count, seed):
    """Return stored orders of one to three SKUs in any order, one or two units each."""
    random, shop = Random(seed), store(backend, a_new_shop(backend))
    orders = [
        an_order(
            backend,
            shop,
            lines=tuple(
                a_line(backend, sku=sku, quantity=Quantity(random.randint(1, 2)))
                for sku in random.sample(SKUS, random.randint(1, 3))
            ),
        )
        for _ in range(count)
    ]
    store(backend, *orders)
    return orders


def patiently(act):
    """Try again when somebody else was first, as the services do; a shortage is an answer."""
    for _ in range(TRIES):
        try:
            return act()
        except StockMoved:
            return False
        except Contended:
            continue
    pytest.fail(f"still contended after {TRIES} tries")


def hold(backend, order):
    def act():
        transact(backend, lambda tx: tx.stock.reserve(order.id, reservations(order)))
        return True

    return patiently(act)


def sold(orders, held):
    """Return the units of each SKU that the orders hold which say so."""
    lines = [line for order, is_held in zip(orders, held, strict=True) if is_held for line in order.lines]
    return Counter({sku: sum(line.quantity for line in lines if line.sku == sku) for sku in SKUS})


def drifts(backend):
    with backend.open(ROOT) as tx:
        return tx.stock.drifts()


def part_all(backend, buckets):
    for sku in SKUS:
        transact(backend, lambda tx, sku=sku: tx.stock.part(sku, MAIN, buckets))


@pytest.mark.parametrize("buckets", [0, 4], ids=["one row", "buckets"])
@pytest.mark.parametrize("stock", [200, 13], ids=["plenty", "scarce"])
def test_of_several_skus_never_more_is_held_than_there_is(backend, stock, buckets):
    for sku in SKUS:
        receive(backend, sku, stock)
    part_all(backend, buckets)
    orders = some_orders(backend, THREADS, seed=stock)

    def work(n, barrier):
        barrier.wait()
        return hold(backend, orders[n])

    held = at_once(THREADS, work)

    assert [error for error in held if isinstance(error, Exception)] == []
    assert {sku: units(backend, sku)[1] for sku in SKUS} == sold(orders, held)
    assert max(sold(orders, held).values()) <= stock
    assert all(held) == (stock == 200)
    assert any(held)
    assert drifts(backend) == ()


@pytest.mark.parametrize("buckets", [0, 4], ids=["one row", "buckets"])
def test_the_last_unit_is_sold_once(backend, buckets):
    receive(backend, "A", 10)
    transact(backend, lambda tx: tx.stock.part(SKUS[0], MAIN, buckets))
    shop = store(backend, a_new_shop(backend))
    lines = [(a_line(backend, sku="A", quantity=Quantity(1)),) for _ in range(THREADS)]
    orders = [an_order(backend, shop, lines=each) for each in lines]
    store(backend, *orders)

    def work(n, barrier):
        barrier.wait()
        return hold(backend, orders[n])

    held = at_once(THREADS, work)

    assert Counter(held) == {True: 10, False: THREADS - 10}  # buckets refuse nobody as long as their sum covers it
    assert units(backend, "A") == (10, 10)


@pytest.fixture
def unchecked(request, fresh_url):
    """A database of its own whose stock has no CHECK, so that nothing but the conditions of ours stands in the way."""
    kind, clock = request.param, FakeClock()
    database = Database.connect(fresh_url(kind), now=clock, new_id=ids(clock))
    database.migrate()
    engine = database.engines.write
    if kind == "sqlite":
        engine.dispose()
        sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA ignore_check_constraints = ON"))
    else:
        with engine.begin() as connection:
            for check in sa.inspect(connection).get_check_constraints("stock_level"):
                connection.execute(sa.DDL(f"ALTER TABLE stock_level DROP CONSTRAINT {check['name']}"))
    yield Backend(kind, database, clock, ids(clock), engine)
    database.close()


@pytest.mark.parametrize("unchecked", KINDS, indirect=True)
def test_control_without_the_condition_more_is_sold_than_there_is(unchecked, monkeypatch):
    monkeypatch.setattr(stock_rows, "_UPDATES", {})
    monkeypatch.setattr(stock_rows, "_TEXTS", {})
    monkeypatch.setattr(stock_rows, "_update", without_conditions)
    receive(unchecked, "A", 10)
    shop = store(unchecked, a_new_shop(unchecked))
    lines = [(a_line(unchecked, sku="A", quantity=Quantity(1)),) for _ in range(THREADS)]
    orders = [an_order(unchecked, shop, lines=each) for each in lines]
    store(unchecked, *orders)

    def work(n, barrier):
        barrier.wait()
        return hold(unchecked, orders[n])

    held = at_once(THREADS, work)

    assert held == [True] * THREADS  # thirty-two of ten
    assert units(unchecked, "A") == (10, THREADS)


def without_conditions(shape):
    """Return the statement as it would be if it looked at nothing but the row's key."""
    level, columns = stock_rows.stock_level, shape[0]
    key = [level.c[name] == sa.bindparam(f"key_{name}") for name in ("sku", "warehouse", "bucket")]
    changes = {name: level.c[name] + sa.bindparam(f"by_{name}", type_=sa.BigInteger) for name in columns}
    return level.update().where(*key).values(changes)


def test_buckets_are_turned_on_and_off_while_orders_come_in(backend):
    receive(backend, "A", 60)
    shop = store(backend, a_new_shop(backend))
    orders = [an_order(backend, shop, lines=(a_line(backend, sku="A", quantity=Quantity(2)),)) for _ in range(24)]
    store(backend, *orders)

    def work(n, barrier):
        barrier.wait()
        if n == 0:
            for buckets in (4, 0, 8, 2):
                patiently(lambda buckets=buckets: transact(backend, lambda tx: tx.stock.part(SKUS[0], MAIN, buckets)))
            return True
        mine = orders[n - 1 :: 8]
        answers = [patiently_hold(backend, order) for order in mine]
        for order in mine[:1]:
            patiently(lambda order=order: transact(backend, lambda tx: tx.stock.release(order.id)))
        return all(answers)

    results = at_once(9, work)

    assert results == [True] * 9
    assert units(backend, "A") == (60, 2 * (24 - 8))
    assert drifts(backend) == ()


def patiently_hold(backend, order):
    """Hold although the row is laid out anew meanwhile: there is plenty, so a shortage only means that."""
    return any(hold(backend, order) for _ in range(TRIES))


@pytest.mark.long
@pytest.mark.parametrize("buckets", [0, 8], ids=["one row", "buckets"])
def test_many_rounds_of_mixed_orders(backend, buckets):
    for number in range(40):
        backend.wipe()
        stock = (200, 13, 30)[number % 3]
        for sku in SKUS:
            receive(backend, sku, stock)
        part_all(backend, buckets)
        orders = some_orders(backend, THREADS, seed=number)

        def work(n, barrier, orders=orders):
            barrier.wait()
            if not hold(backend, orders[n]):
                return False
            if n % 3 == 0:
                patiently(lambda: transact(backend, lambda tx: tx.stock.release(orders[n].id)))
                return False
            return True

        held = at_once(THREADS, work)

        assert [error for error in held if isinstance(error, Exception)] == []
        assert {sku: units(backend, sku)[1] for sku in SKUS} == sold(orders, held)
        assert drifts(backend) == ()
