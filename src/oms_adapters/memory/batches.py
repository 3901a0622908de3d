"""Batches in dicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define

from oms_adapters.memory.tables import Tables
from oms_adapters.memory.work import Work
from oms_app.actor import Actor
from oms_app.ports.batches import BLOCK, Batch, BatchId, BatchNotFound, BatchRow, BatchState, Block, RowAnswer
from oms_app.ports.transaction import Contended, StaleVersion

FORGOTTEN: Final = b""


@define
class MemoryBatches:
    """``oms_app.ports.batches.Batches``."""

    work: Work

    def add(self, batch: Batch, blocks: Sequence[Block]) -> None:
        order_ids = [order_id for block in blocks for order_id in block.order_ids]
        rows = [BatchRow(position=position, order_id=order_id) for position, order_id in enumerate(order_ids)]
        asked = {number: block.asked for number, block in enumerate(blocks) if block.asked is not None}

        def store(tables: Tables) -> None:
            tables.batches[batch.id] = batch
            tables.batch_rows[batch.id] = rows
            tables.batch_asked[batch.id] = asked

        self.work.write(lambda tables: lambda: store(tables))

    def get(self, batch_id: BatchId) -> Batch:
        with self.work.reading() as tables:
            return seen(tables, batch_id, self.work.actor)

    def block(self, batch: Batch) -> Block:
        with self.work.reading() as tables:
            first = batch.blocks * BLOCK
            order_ids = tuple(row.order_id for row in tables.batch_rows[batch.id][first : first + BLOCK])
            asked = tables.batch_asked[batch.id].get(batch.blocks)
            if asked == FORGOTTEN:
                raise Contended(what="batch")
            return Block(order_ids=order_ids, asked=asked)

    def answered(self, before: Batch, after: Batch, answers: Sequence[RowAnswer]) -> None:
        self.save(before, after)

        def store(tables: Tables) -> None:
            rows = tables.batch_rows[before.id]
            forget(tables, before.id, before.blocks)
            for place, answer in enumerate(answers, before.blocks * BLOCK):
                old = rows[place]
                rows[place] = BatchRow(position=old.position, order_id=old.order_id, answer=answer)

        self.work.write(lambda tables: lambda: store(tables))

    def save(self, before: Batch, after: Batch) -> None:
        def check(tables: Tables) -> Callable[[], None]:
            stands = tables.batches[before.id]
            if (stands.state, stands.blocks) != (before.state, before.blocks):
                raise StaleVersion(what="batch")
            return lambda: store(tables)

        def store(tables: Tables) -> None:
            tables.batches[after.id] = after
            if after.state is BatchState.CANCELLED:
                forget(tables, after.id, *tables.batch_asked[after.id])

        self.work.write(check)


def forget(tables: Tables, batch_id: BatchId, *blocks: int) -> None:
    """Nobody will do it any more, or again: what was asked may hold personal data."""
    asked = tables.batch_asked[batch_id]
    asked.update({number: FORGOTTEN for number in blocks if number in asked})


def seen(tables: Tables, batch_id: BatchId, actor: Actor) -> Batch:
    """Return a batch that the actor may see. Raises ``BatchNotFound``."""
    found = tables.batches.get(batch_id)
    if found is None or not is_seen(found, actor):
        raise BatchNotFound(batch_id=batch_id)
    return found


def is_seen(batch: Batch, actor: Actor) -> bool:
    """A batch may be of any shops: it is seen by who has given it, and by those who see all."""
    return actor.shops is None or actor.id == batch.actor
