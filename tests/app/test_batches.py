"""One command for many orders: each answers by itself and is done once, whatever becomes of the worker."""

import pytest
from attrs import evolve
from tests.app.world import ROOT

from oms_app.actor import Once, Permission, system
from oms_app.address_edits import AddressWanted
from oms_app.batches import WORK, CancelBatch, StartBatch, StartEach, TooManyOrders
from oms_app.editing import EditOrder
from oms_app.orders import ApproveOrder, HoldOrder
from oms_app.ports.batches import BLOCK, MOST_ORDERS, BatchIsOver, BatchNotFound, BatchState
from oms_app.ports.transaction import StoreUnavailable
from oms_app.processes.batches import BatchProcess
from oms_app.splitting import SplitOrder, Wanted
from oms_domain.kernel.errors import InvalidText
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, SCARF, a_standard_order

MANY = 2 * BLOCK + 50


@pytest.fixture
def shop(world):
    shop = world.a_shop()
    world.receive(SCARF, HAT, units=10_000)
    return shop


def some(world, shop, count):
    answers = world.take_in(shop, *(a_standard_order(order_no=str(n)) for n in range(count)))
    return tuple(answer.order_id for answer in answers)


def start(world, ids, kind=ApproveOrder, by=ROOT, **more):
    return world.batches.start(StartBatch(command=kind, order_ids=ids, by=by, **more))


def counts(world, batch):
    found = world.store.queries.batch(ROOT, batch.id)
    return found.state, found.done, found.refused


def rows(world, batch, first=0, limit=1_000, refused=False):
    return world.store.queries.batch_rows(ROOT, batch.id, first=first, limit=limit, refused=refused)


def test_every_order_answers_by_itself(world, shop):
    ids = some(world, shop, MANY)
    world.give(HoldOrder, ids[7], reason="等补款")
    unknown = OrderId(world.new_id())

    batch = start(world, (*ids, unknown))
    assert counts(world, batch) == (BatchState.RUNNING, 0, 0)
    world.settle()

    assert counts(world, batch) == (BatchState.DONE, MANY - 1, 2)
    answered = rows(world, batch)
    assert [row.order_id for row in answered] == [*ids, unknown]
    assert (answered[0].answer.outcome, answered[0].answer.state) == ("done", S.AWAITING_RELEASE)
    assert [row.answer.code for row in rows(world, batch, refused=True)] == ["orders.flagged", "orders.not_found"]
    assert world.detail(ids[0]).log[-1].request_id == f"batch:{batch.id}"


def test_a_fault_in_one_order_keeps_no_other_waiting_and_trouble_that_passes_is_waited_for(world, shop):
    ids = some(world, shop, 3)
    batch, desk, trouble = start(world, ids), world.desk, [StoreUnavailable(why="down")]

    class Faulty:
        def give(self, command):
            if trouble and command.order_id == ids[2]:
                raise trouble.pop()
            if command.order_id == ids[1]:
                raise ZeroDivisionError
            return desk.give(command)

    faulty = evolve(world.batches, desk=Faulty())
    with pytest.raises(StoreUnavailable):
        faulty.work(batch.id)
    faulty.work(batch.id)

    assert [row.answer.code for row in rows(world, batch)] == ["", "batches.row_failed", ""]
    assert rows(world, batch, refused=True)[0].answer.fields == {"error": "ZeroDivisionError"}


def test_rows_come_in_pages(world, shop):
    ids = some(world, shop, MANY)
    batch = start(world, ids)
    world.settle()

    assert [row.position for row in rows(world, batch, first=95, limit=10)] == list(range(95, 105))
    assert [row.position for row in rows(world, batch, first=MANY - 1, limit=10)] == [MANY - 1]
    assert rows(world, batch, first=MANY) == ()


class PowerFails(BaseException):
    """The process is gone: nobody catches that."""


def breaking(world, after):
    """Let the desk fail for good after so many commands."""
    desk, done = world.desk, []

    class Breaking:
        def give(self, command):
            if len(done) == after:
                raise PowerFails
            done.append(command.order_id)
            return desk.give(command)

    return evolve(world.batches, desk=Breaking())


def test_after_a_crash_it_goes_on_and_each_order_is_done_once(world, shop):
    ids = some(world, shop, MANY)
    batch = start(world, ids)
    with pytest.raises(PowerFails):
        breaking(world, after=BLOCK + 30).work(batch.id)
    assert counts(world, batch) == (BatchState.RUNNING, BLOCK, 0)

    world.settle()

    assert counts(world, batch) == (BatchState.DONE, MANY, 0)
    assert {world.facts(id).count("order_approved") for id in ids} == {1}


def test_control_without_a_key_for_each_row_those_that_were_done_are_told_as_refused(world, shop, monkeypatch):
    monkeypatch.setattr("oms_app.batches._actor_of", lambda batch, order_id: ROOT)
    ids = some(world, shop, BLOCK)
    batch = start(world, ids)
    with pytest.raises(PowerFails):
        breaking(world, after=30).work(batch.id)

    world.settle()

    assert counts(world, batch) == (BatchState.DONE, BLOCK - 30, 30)


def test_a_worker_that_was_taken_for_dead_adds_nothing(world, shop):
    ids = some(world, shop, BLOCK)
    batch = start(world, ids)
    zombie = evolve(world.batches)
    desk = world.desk

    class Stalled:
        """Between its last order and its answers another one does it all."""

        def give(self, command):
            answer = desk.give(command)
            if command.order_id == ids[-1]:
                world.settle()
            return answer

    evolve(zombie, desk=Stalled()).work(batch.id)

    assert counts(world, batch) == (BatchState.DONE, BLOCK, 0)
    assert {world.facts(id).count("order_approved") for id in ids} == {1}


def test_cancelled_it_leaves_the_rest_as_it_is_and_tells_what_was_done(world, shop):
    ids = some(world, shop, MANY)
    batch = start(world, ids)
    desk = world.desk

    class Cancelling:
        def give(self, command):
            if command.order_id == ids[BLOCK + 10]:
                world.batches.cancel(CancelBatch(batch_id=batch.id, by=ROOT))
            return desk.give(command)

    evolve(world.batches, desk=Cancelling()).work(batch.id)
    world.settle()

    assert counts(world, batch) == (BatchState.CANCELLED, 2 * BLOCK, 0)
    assert [row.answer is None for row in rows(world, batch)] == [False] * 2 * BLOCK + [True] * 50
    assert {world.state(id) for id in ids[2 * BLOCK :]} == {S.AWAITING_CS_REVIEW}
    with pytest.raises(BatchIsOver):
        world.batches.cancel(CancelBatch(batch_id=batch.id, by=ROOT))


def test_it_works_for_a_while_and_then_lets_others_have_a_turn(world, shop):
    ids = some(world, shop, MANY)
    batch = start(world, ids)
    desk = world.desk

    class Slow:
        def give(self, command):
            world.clock.forward(seconds=1)
            return desk.give(command)

    again = evolve(world.batches, desk=Slow()).work(batch.id)

    assert again == world.clock()
    assert counts(world, batch) == (BatchState.RUNNING, BLOCK, 0)


def test_asked_twice_under_one_key_it_is_one_batch(world, shop):
    ids = some(world, shop, 3)
    by = evolve(ROOT, once=Once(client="c", key="k", digest="d"))

    first, second = start(world, ids, by=by), start(world, ids, by=by)

    assert first == second
    cancelling = evolve(ROOT, once=Once(client="c", key="k2", digest="d"))
    assert len({world.batches.cancel(CancelBatch(batch_id=first.id, by=cancelling)).state for _ in range(2)}) == 1


def test_it_reaches_no_further_than_who_has_given_it(world, shop):
    other = world.a_shop("tb-2")
    theirs, ours = some(world, shop, 1), world.take_in(other, a_standard_order(order_no="x"))[0].order_id
    by = evolve(system("clerk"), shops=frozenset({other.id}), permissions=frozenset({Permission.ORDERS_WRITE}))
    nosy = evolve(by, id="nosy")

    batch = start(world, (*theirs, ours), by=by)
    world.settle()

    assert [row.answer.code for row in rows(world, batch)] == ["orders.not_found", ""]
    assert world.store.queries.batch(by, batch.id).done == 1
    assert [found.id for found in world.store.queries.batches(by, after=None, limit=10)] == [batch.id]
    assert world.store.queries.batches(nosy, after=None, limit=10) == ()
    with pytest.raises(BatchNotFound):
        world.store.queries.batch(nosy, batch.id)
    with pytest.raises(BatchNotFound):
        world.batches.cancel(CancelBatch(batch_id=batch.id, by=nosy))


@pytest.mark.parametrize("count", [0, MOST_ORDERS + 1])
def test_a_batch_has_a_size(world, count):
    with pytest.raises(TooManyOrders):
        start(world, (OrderId(world.new_id()),) * count)


def begin_each(world, *commands):
    return world.batches.start_each(StartEach(commands=commands, by=ROOT))


def test_each_order_may_be_asked_something_of_its_own(world, shop):
    ids = some(world, shop, BLOCK + 20)
    unknown = OrderId(world.new_id())
    edits = [EditOrder(order_id=id, note=f"第{n}单", by=ROOT) for n, id in enumerate((*ids, unknown))]

    batch = begin_each(world, *edits)
    world.settle()

    assert (batch.command, counts(world, batch)) == ("edit", (BatchState.DONE, BLOCK + 20, 1))
    assert [world.order(id).note for id in ids] == [f"第{n}单" for n in range(BLOCK + 20)]
    assert [row.answer.code for row in rows(world, batch, refused=True)] == ["orders.not_found"]


def test_addresses_are_sealed_until_they_are_given(world, shop):
    (id,) = some(world, shop, 1)
    address = AddressWanted(name="样例新人", street="样例新路 8 号")

    batch = begin_each(world, EditOrder(order_id=id, address=address, by=ROOT))
    (asked,) = world.store.tables.batch_asked[batch.id].values()
    world.settle()

    assert "样例新".encode() not in asked
    assert "样例新".encode() in world.sealer.open_secret(asked, batch.id)
    assert list(world.store.tables.batch_asked[batch.id].values()) == [b""]
    assert world.order(id).receiver.mask.startswith("样**")


def test_orders_are_split_each_by_its_own_parts(world, shop):
    ids = some(world, shop, 2)
    parts = ((Wanted(sku=SCARF, units=1),),)

    batch = begin_each(world, *(SplitOrder(order_id=id, parts=parts, by=ROOT) for id in ids))
    world.settle()

    assert [(row.answer.outcome, row.answer.state) for row in rows(world, batch)] == [("done", S.SPLIT)] * 2
    assert [len(world.order(id).heirs) for id in ids] == [2, 2]


def test_an_order_that_is_named_twice_is_done_twice_and_after_a_crash_no_more_often(world, shop):
    (id,) = some(world, shop, 1)
    batch = begin_each(world, *(EditOrder(order_id=id, note=note, by=ROOT) for note in ("一", "二")))
    with pytest.raises(PowerFails):
        breaking(world, after=1).work(batch.id)

    world.settle()

    assert counts(world, batch) == (BatchState.DONE, 2, 0)
    assert world.order(id).note == "二"
    assert world.facts(id).count("order_edited") == 2


@pytest.mark.parametrize("reason", ["", " "])
def test_a_batch_that_needs_a_reason_is_not_begun_without(world, shop, reason):
    with pytest.raises(InvalidText):
        start(world, some(world, shop, 1), HoldOrder, reason=reason)


@pytest.mark.parametrize("count", [0, MOST_ORDERS + 1])
def test_a_batch_of_single_asks_has_a_size(world, count):
    with pytest.raises(TooManyOrders):
        begin_each(world, *(EditOrder(order_id=OrderId(world.new_id()), by=ROOT),) * count)


def test_its_work_is_a_job_of_its_own(world):
    assert [handler.name for handler in BatchProcess(batches=world.batches).handlers()] == [WORK]
