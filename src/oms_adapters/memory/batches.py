"""Batches in dicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define

from oms_adapters.memory.tables import Tables
from oms_adapters.memory.work import Work
from oms_app.actor import Actor
from oms_app.ports.batches import BLOCK, Batch, BatchId, BatchNotFound, BatchRow, RowAnswer
from oms_app.ports.transaction import StaleVersion
from oms_domain.kernel.identity import OrderId


@define
class MemoryBatches:
    """``oms_app.ports.batches.Batches``."""

    work: Work

    def add(self, batch: Batch, order_ids: Sequence[OrderId]) -> None:
        rows = [BatchRow(position=position, order_id=order_id) for position, order_id in enumerate(order_ids)]

        def store(tables: Tables) -> None:
            tables.batches[batch.id] = batch
            tables.batch_rows[batch.id] = rows

        self.work.write(lambda tables: lambda: store(tables))

    def get(self, batch_id: BatchId) -> Batch:
        with self.work.reading() as tables:
            return seen(tables, batch_id, self.work.actor)

    def block(self, batch: Batch) -> tuple[OrderId, ...]:
        with self.work.reading() as tables:
            first = batch.blocks * BLOCK
            return tuple(row.order_id for row in tables.batch_rows[batch.id][first : first + BLOCK])

    def answered(self, before: Batch, after: Batch, answers: Sequence[RowAnswer]) -> None:
        self.save(before, after)

        def store(tables: Tables) -> None:
            rows = tables.batch_rows[before.id]
            for place, answer in enumerate(answers, before.blocks * BLOCK):
                old = rows[place]
                rows[place] = BatchRow(position=old.position, order_id=old.order_id, answer=answer)

        self.work.write(lambda tables: lambda: store(tables))

    def save(self, before: Batch, after: Batch) -> None:
        def check(tables: Tables) -> Callable[[], None]:
            stands = tables.batches[before.id]
            if (stands.state, stands.blocks) != (before.state, before.blocks):
                raise StaleVersion(what="batch")
            return lambda: tables.batches.update({after.id: after})

        self.work.write(check)


def seen(tables: Tables, batch_id: BatchId, actor: Actor) -> Batch:
    """Return a batch that the actor may see. Raises ``BatchNotFound``."""
    found = tables.batches.get(batch_id)
    if found is None or not is_seen(found, actor):
        raise BatchNotFound(batch_id=batch_id)
    return found


def is_seen(batch: Batch, actor: Actor) -> bool:
    """A batch may be of any shops: it is seen by who has given it, and by those who see all."""
    return actor.shops is None or actor.id == batch.actor
