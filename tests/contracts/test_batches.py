"""Batches on every store: kept in blocks, answered once, listed by who may see them."""

from datetime import timedelta

import pytest
from attrs import evolve
from tests.contracts.rows import ROOT, of, transact

from oms_app.actor import Permission
from oms_app.ports.batches import BLOCK, Batch, BatchNotFound, BatchState, Block, RowAnswer
from oms_app.ports.transaction import Contended, StaleVersion
from oms_app.queries.rows import Position

DONE = RowAnswer(outcome="done", number="S20261123-000001", state="awaiting_release")
REFUSED = RowAnswer(outcome="refused", code="orders.flagged", fields={"flags": ["held"], "reasons": ["等"], "n": 1})


def a_batch(backend, count, **changes):
    facts = {
        "id": backend.new_id(),
        "command": "hold",
        "reason": "盘点",
        "until": backend.clock.now + timedelta(days=1),
        "actor": "key:1",
        "shops": (backend.new_id(),),
        "permissions": (Permission.ORDERS_WRITE,),
        "total": count,
        "created_at": backend.clock.now,
        "updated_at": backend.clock.now,
    }
    return Batch(**facts | changes)


def added(backend, count, asked=None, **changes):
    batch, ids = a_batch(backend, count, **changes), tuple(backend.new_id() for _ in range(count))
    blocks = [
        Block(order_ids=ids[at : at + BLOCK], asked=asked and asked + bytes([at // BLOCK]))
        for at in range(0, count, BLOCK)
    ]
    transact(backend, lambda tx: tx.batches.add(batch, blocks))
    return batch, ids


def answer(backend, batch, answers):
    refused = sum(each.outcome != "done" for each in answers)
    after = evolve(
        batch, blocks=batch.blocks + 1, done=batch.done + len(answers) - refused, refused=batch.refused + refused
    )
    transact(backend, lambda tx: tx.batches.answered(batch, after, answers))
    return after


def block(backend, batch):
    return transact(backend, lambda tx: tx.batches.block(batch))


def rows(backend, batch, **asked):
    found = backend.queries.batch_rows(ROOT, batch.id, **{"first": 0, "limit": 1_000, "refused": False} | asked)
    return [(row.position, row.answer and row.answer.outcome) for row in found]


def test_a_batch_comes_back_as_it_was_kept(backend):
    batch, ids = added(backend, BLOCK + 1)
    everybody, _ = added(backend, 1, shops=None, until=None, permissions=tuple(sorted(Permission)))

    assert transact(backend, lambda tx: tx.batches.get(batch.id)) == batch
    assert backend.queries.batch(ROOT, everybody.id) == everybody
    assert block(backend, batch) == Block(order_ids=ids[:BLOCK])


def test_its_blocks_are_answered_one_after_the_other(backend):
    batch, ids = added(backend, BLOCK + 2)

    half = answer(backend, batch, [DONE] * (BLOCK - 1) + [REFUSED])
    assert backend.queries.batch(ROOT, batch.id) == half
    assert block(backend, half) == Block(order_ids=ids[BLOCK:])
    over = answer(backend, half, [REFUSED, DONE])

    assert (over.done, over.refused) == (BLOCK, 2)
    assert block(backend, over) == Block()
    assert rows(backend, batch, refused=True) == [(BLOCK - 1, "refused"), (BLOCK, "refused")]
    assert rows(backend, batch, refused=True, limit=1) == [(BLOCK - 1, "refused")]
    assert rows(backend, batch, first=BLOCK, limit=5) == [(BLOCK, "refused"), (BLOCK + 1, "done")]
    (row,) = backend.queries.batch_rows(ROOT, batch.id, first=BLOCK, limit=1, refused=False)
    assert (row.order_id, row.answer) == (ids[BLOCK], REFUSED)


def test_what_is_asked_of_each_is_kept_until_it_is_answered(backend):
    batch, ids = added(backend, BLOCK + 1, asked=b"\0sealed\xff")

    assert block(backend, batch) == Block(order_ids=ids[:BLOCK], asked=b"\0sealed\xff\0")
    half = answer(backend, batch, [DONE] * BLOCK)

    assert block(backend, half) == Block(order_ids=ids[BLOCK:], asked=b"\0sealed\xff\1")
    with pytest.raises(Contended):
        block(backend, batch)


def test_what_is_asked_of_each_is_forgotten_with_a_batch_that_is_called_off(backend):
    batch, _ = added(backend, BLOCK + 1, asked=b"sealed")
    same_of_all, ids = added(backend, 1)
    transact(backend, lambda tx: tx.batches.save(batch, evolve(batch, state=BatchState.CANCELLED)))
    transact(backend, lambda tx: tx.batches.save(same_of_all, evolve(same_of_all, state=BatchState.CANCELLED)))

    for blocks in (0, 1):
        with pytest.raises(Contended):
            block(backend, evolve(batch, blocks=blocks))
    assert block(backend, same_of_all) == Block(order_ids=ids)


def test_rows_that_nobody_has_answered_are_open(backend):
    batch, _ = added(backend, 3)

    assert rows(backend, batch) == [(0, None), (1, None), (2, None)]
    assert rows(backend, batch, refused=True) == []


def test_a_block_is_answered_once(backend):
    batch, _ = added(backend, 2)
    answer(backend, batch, [DONE, DONE])

    with pytest.raises(StaleVersion):
        answer(backend, batch, [REFUSED, REFUSED])

    assert rows(backend, batch) == [(0, "done"), (1, "done")]


def test_of_calling_off_and_answering_the_second_looks_again(backend):
    batch, _ = added(backend, 2)
    transact(backend, lambda tx: tx.batches.save(batch, evolve(batch, state=BatchState.CANCELLED)))

    with pytest.raises(StaleVersion):
        answer(backend, batch, [DONE, DONE])
    answer(backend, evolve(batch, state=BatchState.CANCELLED), [DONE, DONE])

    assert backend.queries.batch(ROOT, batch.id).state is BatchState.CANCELLED
    assert rows(backend, batch) == [(0, "done"), (1, "done")]


def test_they_are_listed_newest_first_to_who_has_given_them_and_to_who_sees_all(backend):
    old, _ = added(backend, 1)
    backend.clock.forward(minutes=1)
    new, _ = added(backend, 1, actor="test:scoped")

    first, second = backend.queries.batches(ROOT, after=None, limit=10)
    assert (first, second) == (new, old)
    assert backend.queries.batches(ROOT, after=Position(new.created_at, new.id), limit=10) == (old,)
    assert backend.queries.batches(of(), after=None, limit=10) == (new,)
    with pytest.raises(BatchNotFound):
        backend.queries.batch(of(), old.id)
    with pytest.raises(BatchNotFound):
        backend.queries.batch_rows(of(), old.id, first=0, limit=1, refused=False)
    with pytest.raises(BatchNotFound):
        transact(backend, lambda tx: tx.batches.get(old.id), of())
