"""Every published fact is one log entry and one outbox row, in the transaction of its change."""

from uuid import uuid4

import pytest
from attrs import evolve
from tests.contracts.rows import (
    ROOT,
    a_stored_order,
    change_order,
    claim,
    put,
    received,
    relay,
    revised,
    transact,
)

from oms_app.actor import Actor
from oms_app.journal import NO_HASH, entry_hash
from oms_app.ports.transaction import DifferenceNotListed
from oms_app.transactions import record
from oms_domain.inventory.stock import StockReceived
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import EventId, ShopId, SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.flags import FlagKind
from oms_domain.testing.builders import MAIN


def log_of(backend, order):
    return backend.queries.order(ROOT, order.id).log


def broken(log):
    """Return the first entry that does not follow from the ones before it, None in a sound log."""
    head = NO_HASH
    for seq, entry in enumerate(log, start=1):
        if (entry.seq, entry.prev_hash, entry.hash) != (seq, head, entry_hash(entry)):
            return seq
        head = entry.hash
    return None


@pytest.fixture
def order(backend):
    """An order with a history of four facts."""
    stored = a_stored_order(backend)
    for remark in ("一", "二", "三"):
        backend.clock.forward(microseconds=1)
        stored = change_order(backend, stored, buyer_remark=remark)
    return stored


def test_the_log_is_dense_and_its_chain_holds(backend, order):
    log = log_of(backend, order)

    assert [entry.seq for entry in log] == [1, 2, 3, 4]
    assert broken(log) is None


@pytest.mark.parametrize(
    "forge",
    [
        lambda log: [log[0], evolve(log[1], actor="somebody else"), *log[2:]],
        lambda log: [log[0], evolve(log[1], changes={"buyer_remark": ["一", "假"]}), *log[2:]],
        lambda log: [log[0], evolve(log[1], at=log[2].at), *log[2:]],
        lambda log: [log[0], *log[2:]],
        lambda log: [log[0], log[2], log[1], log[3]],
        lambda log: [log[0], evolve(log[2], seq=2), evolve(log[1], seq=3), log[3]],
        lambda log: list(log[1:]),
    ],
    ids=["actor", "change", "time", "removal", "swap", "renumbered swap", "beginning"],
)
def test_an_edit_a_removal_or_a_swap_shows(backend, order, forge):
    assert broken(forge(log_of(backend, order))) is not None


def test_an_entry_says_who_did_what_on_account_of_what(backend, order):
    actor = Actor(id="key:abc", request_id="r-1", cause=EventId(uuid4()))
    flagged = order.flag(FlagKind.HELD, reason="等补款", by=actor.id, at=backend.clock.forward(seconds=1))

    def hold(tx):
        tx.orders.get(order.id)
        tx.orders.save(flagged.state)
        tx.publish(flagged.events)

    transact(backend, hold, actor)

    entry = log_of(backend, order)[-1]
    assert (entry.document_id, entry.kind, entry.at) == (order.id, "orders.order_flagged", backend.clock.now)
    assert (entry.actor, entry.request_id, entry.cause) == ("key:abc", "r-1", actor.cause)
    assert (entry.shop_id, entry.reason) == (order.shop_id, "等补款")
    assert list(entry.changes) == ["flags"]
    assert entry.changes["flags"][0] == []
    assert [flag["reason"] for flag in entry.changes["flags"][1]] == ["等补款"]


def test_each_of_several_facts_carries_its_own_change(backend, order):
    def twice(tx):
        loaded = tx.orders.get(order.id)
        first, second = evolve(loaded, buyer_remark="四"), evolve(loaded, buyer_remark="五", seller_flag=1)
        one = Change(first, (revised(first, backend, "a"),))
        record(tx, tx.orders, one.then(Change(second, (revised(second, backend, "b"),))))

    transact(backend, twice)

    log = log_of(backend, order)
    assert [entry.changes for entry in log[-2:]] == [
        {"buyer_remark": ["三", "四"]},
        {"buyer_remark": ["四", "五"], "seller_flag": [0, 1]},
    ]
    assert broken(log) is None
    assert backend.queries.order(ROOT, order.id).order.version == order.version + 1


def test_two_facts_of_one_step_share_its_change_which_stands_with_the_first(backend, order):
    def twice(tx):
        changed = evolve(tx.orders.get(order.id), buyer_remark="四")
        record(tx, tx.orders, Change(changed, (revised(changed, backend, "a"), revised(changed, backend, "b"))))

    transact(backend, twice)

    assert [entry.changes for entry in log_of(backend, order)[-2:]] == [{"buyer_remark": ["三", "四"]}, {}]


def test_the_first_entry_shows_what_the_document_began_with(backend, order):
    created = log_of(backend, order)[0].changes

    assert created["state"] == [None, str(order.state)]
    assert created["payable"] == [None, {"fen": order.payable.fen, "currency": "CNY"}]
    assert set(created["lines"]) == {str(line.id) for line in order.lines}
    assert "buyer_remark" not in created  # it was empty then
    assert not set(created) & {"version", "updated_at"}


def test_a_fact_about_an_unchanged_document_is_logged_and_leaves_its_version(backend, order):
    def tell(tx):
        tx.publish((revised(tx.orders.get(order.id), backend, "nothing"),))

    for _ in range(2):
        transact(backend, tell)

    log = log_of(backend, order)
    assert [entry.seq for entry in log] == [1, 2, 3, 4, 5, 6]
    assert broken(log) is None
    assert backend.queries.order(ROOT, order.id).order.version == order.version


def test_a_saved_document_goes_on_after_a_fact_without_a_change(backend, order):
    transact(backend, lambda tx: tx.publish((revised(tx.orders.get(order.id), backend, "nothing"),)))

    change_order(backend, order, buyer_remark="五")

    log = log_of(backend, order)
    assert [entry.seq for entry in log] == [1, 2, 3, 4, 5, 6]
    assert broken(log) is None


def test_each_fact_is_relayed_as_it_was_published(backend):
    order = a_stored_order(backend)
    relay(backend)
    (first,) = claim(backend)
    backend.jobs.finish(first.claim)
    actor = Actor(id="key:abc", request_id="r-1", cause=EventId(uuid4()))
    event = revised(order, backend, "buyer_remark")

    def change(tx):
        tx.orders.save(evolve(tx.orders.get(order.id), buyer_remark="改"))
        tx.publish((event,))

    transact(backend, change, actor)
    relay(backend)

    (job,) = claim(backend)
    entry = log_of(backend, order)[-1]
    assert job.envelope.event == event
    assert (job.envelope.id, job.envelope.stream, job.envelope.seq) == (entry.event_id, order.id, 2)
    assert (job.envelope.actor, job.envelope.request_id, job.envelope.cause) == ("key:abc", "r-1", actor.cause)
    assert job.envelope.shop_id == order.shop_id
    assert job.key == str(entry.event_id)


def test_a_fact_without_a_document_begins_a_stream_of_its_own(backend):
    receipt = backend.new_id()
    event = StockReceived(
        receipt_id=receipt, sku=SkuCode("HAT-M"), warehouse=MAIN, quantity=Quantity(3), reason="", at=backend.clock.now
    )

    def receive(tx):
        tx.stock.move((received("HAT-M", 3),), document=receipt)
        tx.publish((event,))

    transact(backend, receive)
    backend.jobs.relay({StockReceived.type: ("waiting",)}, now=backend.clock.now, limit=10)

    (job,) = claim(backend)
    assert (job.envelope.event, job.envelope.stream, job.envelope.seq) == (event, receipt, 1)
    assert job.envelope.shop_id is None


def test_several_documents_of_a_transaction_keep_a_log_each(backend):
    one, two = a_stored_order(backend), a_stored_order(backend)

    def both(tx):
        for order in (one, two):
            put(tx, evolve(tx.orders.get(order.id), buyer_remark="改"), backend)

    transact(backend, both)

    for order in (one, two):
        assert [entry.seq for entry in log_of(backend, order)] == [1, 2]
        assert broken(log_of(backend, order)) is None


def test_a_discrepancy_told_twice_stands_once_on_the_list(backend):
    order = a_stored_order(backend)
    differs = order.differs(theirs="shipped", what="state", at=backend.clock.now)
    other = order.differs(theirs="shipped", what="payable", at=backend.clock.forward(seconds=1))

    for event in (differs, differs, other, differs):
        transact(backend, lambda tx, event=event: tx.report_difference(event, order.shop_id))
    transact(backend, lambda tx: [tx.report_difference(other, order.shop_id) for _ in range(2)])

    found = backend.queries.differences(ROOT, limit=10)
    assert [(row.order_id, row.shop_id, row.ours, row.theirs, row.what, row.at) for row in found] == [
        (order.id, order.shop_id, str(order.state), "shipped", "state", differs.at),
        (order.id, order.shop_id, str(order.state), "shipped", "payable", other.at),
    ]


def test_a_discrepancy_that_was_settled_leaves_the_list_until_it_is_stated_anew(backend):
    order = a_stored_order(backend)
    differs = order.differs(theirs="shipped", what="state", at=backend.clock.now)
    transact(backend, lambda tx: tx.report_difference(differs, order.shop_id))
    (listed,) = backend.queries.differences(ROOT, limit=10)

    transact(backend, lambda tx: tx.settle_difference(tx.difference(listed.id).id))
    assert backend.queries.differences(ROOT, limit=10) == ()
    with pytest.raises(DifferenceNotListed):
        transact(backend, lambda tx: tx.difference(listed.id))
    with pytest.raises(DifferenceNotListed):
        transact(backend, lambda tx: tx.settle_difference(listed.id))

    anew = evolve(differs, at=backend.clock.forward(seconds=5))
    transact(backend, lambda tx: tx.report_difference(anew, order.shop_id))
    (again,) = backend.queries.differences(ROOT, limit=10)
    assert (again.id, again.at) == (listed.id, anew.at)


def test_a_discrepancy_of_another_shop_is_not_there(backend):
    order = a_stored_order(backend)
    differs = order.differs(theirs="shipped", what="state", at=backend.clock.now)
    transact(backend, lambda tx: tx.report_difference(differs, order.shop_id))
    (listed,) = backend.queries.differences(ROOT, limit=10)
    stranger = evolve(ROOT, shops=frozenset({ShopId(uuid4())}))

    with backend.open(stranger) as tx, pytest.raises(DifferenceNotListed):
        tx.difference(listed.id)
