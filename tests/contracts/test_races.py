"""Several at once, with real threads: each guard beside a control in which it is missing and the damage is done."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

import pytest
import sqlalchemy as sa
from attrs import evolve
from tests.contracts.rows import (
    ROOT,
    a_line,
    a_new_shop,
    a_stored_order,
    an_order,
    change_order,
    claim,
    holding,
    load_order,
    put,
    receive,
    received,
    relay,
    store,
    transact,
    units,
)

from oms_app.actor import Once, system
from oms_app.inventory import ReceiveStock, StockService
from oms_app.numbering import Numbering
from oms_app.orders import AllocateOrder, OrderService
from oms_app.ports.transaction import Begin, LeaseLost, StaleVersion
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.events import OrderRevised
from oms_domain.orders.states import OrderState
from oms_domain.testing.builders import MAIN

MANY = 16


def at_once(times, act):
    """Call ``act(n, barrier)`` in threads of their own; return what each returned or raised."""
    barrier = Barrier(times, timeout=30)

    def guarded(n):
        try:
            return act(n, barrier)
        except Exception as error:
            return error

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(guarded, range(times)))


def kinds(results):
    return Counter(type(result) for result in results)


def overlapping(backend):
    """Whether two transactions can be open at once; on SQLite the second waits until the first is over."""
    return backend.name != "sqlite"


def no_pause(attempt):
    pass


def services(backend):
    """Return the services of orders and of stock on a store."""
    begin = Begin(backend.open)
    shared = {"begin": begin, "now": backend.clock, "new_id": backend.new_id, "pause": no_pause}
    shared["numbering"] = Numbering(backend.numbers, backend.clock)
    return OrderService(**shared), StockService(**shared)


# --- selling more than there is --------------------------------------------------------------------------------------


def test_of_ten_units_exactly_ten_are_allocated(backend):
    receive(backend, "A", 10)
    shop = store(backend, a_new_shop(backend))
    new = [
        an_order(backend, shop, state=OrderState.AWAITING_ALLOCATION, lines=(a_line(backend, sku="A", quantity=1),))
        for _ in range(MANY)
    ]
    store(backend, *new)
    orders, _ = services(backend)

    def allocate(n, barrier):
        barrier.wait()
        return orders.allocate(AllocateOrder(order_id=new[n].id, by=ROOT))

    answers = at_once(MANY, allocate)

    assert Counter(answer.state for answer in answers) == {
        OrderState.AWAITING_CS_REVIEW: 10,
        OrderState.BACKORDERED: MANY - 10,
    }
    assert units(backend, "A") == (10, 10)


def test_control_reading_first_and_writing_afterwards_sells_more_than_there_is(backend):
    receive(backend, "A", 10)

    def sell(n, barrier):
        on_hand, reserved = read_level(backend)
        barrier.wait()
        if on_hand - reserved < 1:
            return False
        write_reserved(backend, reserved + 1)
        return True

    sold = at_once(MANY, sell)

    assert sold == [True] * MANY  # sixteen of ten
    assert units(backend, "A") == (10, 1)  # and all but one forgotten


def read_level(backend):
    if backend.engine is None:
        level = backend.store.tables.levels[SkuCode("A"), MAIN]
        return level.on_hand, level.reserved
    with backend.engine.connect() as connection:
        row = connection.execute(sa.text("SELECT on_hand, reserved FROM stock_level WHERE sku = 'A'")).one()
    return row.on_hand, row.reserved


def write_reserved(backend, reserved):
    if backend.engine is None:
        levels = backend.store.tables.levels
        levels[SkuCode("A"), MAIN] = evolve(levels[SkuCode("A"), MAIN], reserved=reserved)
        return
    with backend.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE stock_level SET reserved = :reserved WHERE sku = 'A'"), {"reserved": reserved}
        )


# --- losing an update ------------------------------------------------------------------------------------------------


def test_of_two_who_save_one_document_one_is_refused(backend):
    order = a_stored_order(backend)

    def save(n, barrier):
        if not overlapping(backend):
            barrier.wait()
        with backend.open(ROOT) as tx:
            tx.orders.get(order.id)
            if overlapping(backend):
                barrier.wait()
            put(tx, evolve(order, buyer_remark=f"{n}"), backend)
            tx.commit()
        return n

    results = at_once(2, save)

    assert kinds(results) == {int: 1, StaleVersion: 1}
    (winner,) = [result for result in results if isinstance(result, int)]
    assert load_order(backend, order) == evolve(order, buyer_remark=f"{winner}", version=2)


def test_control_without_a_version_an_update_is_lost(backend):
    order = a_stored_order(backend, buyer_remark="")

    def add(n, barrier):
        remark = read_remark(backend, order)
        barrier.wait()
        write_remark(backend, order, f"{remark}{n}")

    at_once(2, add)

    assert read_remark(backend, order) in ("0", "1")  # never both


def read_remark(backend, order):
    if backend.engine is None:
        return backend.store.tables.orders[order.id].buyer_remark
    with backend.engine.connect() as connection:
        return connection.execute(sa.text("SELECT buyer_remark FROM sales_order")).scalar_one()


def write_remark(backend, order, remark):
    if backend.engine is None:
        orders = backend.store.tables.orders
        orders[order.id] = evolve(orders[order.id], buyer_remark=remark)
        return
    with backend.engine.begin() as connection:
        connection.execute(sa.text("UPDATE sales_order SET buyer_remark = :remark"), {"remark": remark})


# --- doing the same ask twice ----------------------------------------------------------------------------------------


def receive_at_once(backend, actor):
    _, stock = services(backend)

    def ask(n, barrier):
        command = ReceiveStock(sku=SkuCode("A"), warehouse=MAIN, quantity=Quantity(3), by=actor)
        barrier.wait()
        return stock.receive(command)

    return at_once(4, ask)


def test_one_ask_under_one_key_has_one_effect_and_one_answer(backend):
    receive(backend, "A", 1)
    once = Once(client="c", key="k", digest="d")

    answers = receive_at_once(backend, evolve(system("tests"), once=once))

    assert len({answer.id for answer in answers}) == 1
    assert units(backend, "A") == (4, 0)


def test_control_without_a_key_every_ask_has_its_effect(backend):
    receive(backend, "A", 1)

    receive_at_once(backend, system("tests"))

    assert units(backend, "A") == (13, 0)


# --- doing one job twice ---------------------------------------------------------------------------------------------


def effect_at_once(backend, actor):
    """Two workers do the effect of one job at the same time."""

    def work(n, barrier):
        barrier.wait()
        transact(
            backend,
            lambda tx: tx.stock.move((received("A", 1),), document=backend.new_id()),
            actor,
        )

    return at_once(2, work)


def test_a_job_that_two_workers_hold_has_one_effect(backend):
    receive(backend, "A", 1)
    backend.jobs.ensure("work", "1", due_at=backend.clock.now)
    (job,) = claim(backend)

    results = effect_at_once(backend, holding(job.claim))

    assert kinds(results) == {type(None): 1, LeaseLost: 1}
    assert units(backend, "A") == (2, 0)


def test_control_a_job_that_is_not_part_of_the_transaction_has_two_effects(backend):
    receive(backend, "A", 1)

    effect_at_once(backend, system("tests"))

    assert units(backend, "A") == (3, 0)


def test_a_worker_whose_lease_ran_out_has_no_effect_beside_the_one_that_took_over(backend):
    receive(backend, "A", 1)
    backend.jobs.ensure("work", "1", due_at=backend.clock.now)
    (zombie,) = claim(backend)
    backend.clock.forward(minutes=2)
    (holder,) = claim(backend)

    def work(n, barrier):
        barrier.wait()
        transact(
            backend,
            lambda tx: tx.stock.move((received("A", 1),), document=backend.new_id()),
            holding((zombie, holder)[n].claim),
        )

    results = at_once(2, work)

    assert [type(result) for result in results] == [LeaseLost, type(None)]
    assert units(backend, "A") == (2, 0)


def test_each_job_is_claimed_by_one_worker(backend):
    for n in range(20):
        backend.jobs.ensure("work", str(n), due_at=backend.clock.now)

    def take(n, barrier):
        barrier.wait()
        keys = []
        while jobs := claim(backend, limit=3):
            keys += [job.key for job in jobs]
        return keys

    keys = [key for taken in at_once(4, take) for key in taken]
    keys += [job.key for job in claim(backend, limit=20)]  # what all of them left to one another

    assert sorted(keys) == sorted(str(n) for n in range(20))


@pytest.fixture
def streams(backend):
    """Three orders with five facts each, not relayed yet."""
    orders = [a_stored_order(backend) for _ in range(3)]
    for n in range(4):
        orders = [change_order(backend, order, seller_flag=n + 1) for order in orders]
    return orders


def test_each_fact_is_relayed_once(backend, streams):
    def pass_on(n, barrier):
        barrier.wait()
        relayed = 0
        while count := backend.jobs.relay({OrderRevised.type: ("work",)}, now=backend.clock.now, limit=4):
            relayed += count
        return relayed

    relayed = sum(at_once(3, pass_on)) + relay(backend)

    done = Counter()
    while jobs := claim(backend, limit=100):
        done.update((job.envelope.stream, job.envelope.seq) for job in jobs)
        for job in jobs:
            backend.jobs.finish(job.claim)
    assert relayed == len(streams) * 5 + len(streams)  # and the shops' own
    assert done == {(order.id, seq): 1 for order in streams for seq in range(1, 6)}


def test_the_facts_of_a_stream_are_worked_off_in_order_by_any_number_of_workers(backend, streams):
    relay(backend)
    done, lock = [], Lock()

    def work(n, barrier):
        barrier.wait()
        while len(done) < len(streams) * 5:
            for job in claim(backend, limit=2):
                with lock:
                    done.append((job.envelope.stream, job.envelope.seq))
                backend.jobs.finish(job.claim)

    results = at_once(3, work)

    assert kinds(results) == {type(None): 3}
    for order in streams:
        assert [seq for stream, seq in done if stream == order.id] == [1, 2, 3, 4, 5]
