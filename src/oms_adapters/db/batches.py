"""Batches and their blocks of rows: tables, mapping, store, and what lists show of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Connection

from oms_adapters.db.codec import decode, encode
from oms_adapters.db.types import Id, Instant, Json, blob, code, table, text
from oms_adapters.db.work import Work
from oms_app.actor import Actor, Permission
from oms_app.ports.batches import BLOCK, Batch, BatchId, BatchNotFound, BatchRow, BatchState, Block, RowAnswer
from oms_app.ports.transaction import Contended, StaleVersion
from oms_app.queries.rows import Position
from oms_domain.kernel.identity import OrderId, ShopId

batch = table(
    "batch",
    sa.Column("id", Id, primary_key=True),
    sa.Column("command", code(), nullable=False),
    sa.Column("reason", text(500), nullable=False),
    sa.Column("until", Instant, nullable=True),
    sa.Column("actor", text(100), nullable=False),
    sa.Column("shops", Json, nullable=True),
    sa.Column("permissions", Json, nullable=False),
    sa.Column("state", code(), nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("refused", sa.Integer, nullable=False),
    sa.Column("blocks", sa.Integer, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.Index("ix_batch_created", "created_at", "id"),
)

batch_block = table(
    "batch_block",
    sa.Column("batch_id", Id, sa.ForeignKey("batch.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("order_ids", Json, nullable=False),
    sa.Column("answers", Json, nullable=True),
    sa.Column("asked", blob(), nullable=True),  # sealed: what is asked of each, until it is answered
    sa.Column("refused", sa.Integer, nullable=False),
)

Run = Callable[[sa.Select[Any], Mapping[str, Any]], Sequence[Any]]

_BY_ID: Final = sa.select(batch).where(batch.c.id == sa.bindparam("id"))
_BLOCK: Final = sa.select(batch_block.c.order_ids, batch_block.c.asked).where(
    batch_block.c.batch_id == sa.bindparam("batch_id"), batch_block.c.number == sa.bindparam("number")
)
_BLOCKS: Final = (
    sa.select(batch_block.c.number, batch_block.c.order_ids, batch_block.c.answers)
    .where(
        batch_block.c.batch_id == sa.bindparam("batch_id"),
        batch_block.c.number >= sa.bindparam("first"),
        batch_block.c.refused >= sa.bindparam("refused"),
    )
    .order_by(batch_block.c.number)
    .limit(sa.bindparam("most"))
)
_MOVE: Final = batch.update().where(
    batch.c.id == sa.bindparam("key_id"),
    batch.c.state == sa.bindparam("key_state"),
    batch.c.blocks == sa.bindparam("key_blocks"),
)
_ANSWER: Final = batch_block.update().where(
    batch_block.c.batch_id == sa.bindparam("key_id"), batch_block.c.number == sa.bindparam("key_number")
)
_FORGOTTEN: Final = b""
_FORGET: Final = batch_block.update().where(
    batch_block.c.batch_id == sa.bindparam("key_id"), batch_block.c.asked.is_not(None)
)


def batch_of(row: Any) -> Batch:
    return Batch(
        id=BatchId(row.id),
        command=row.command,
        reason=row.reason,
        until=row.until,
        actor=row.actor,
        shops=tuple(ShopId(UUID(shop)) for shop in row.shops) if row.shops is not None else None,
        permissions=tuple(map(Permission, row.permissions)),
        state=BatchState(row.state),
        total=row.total,
        done=row.done,
        refused=row.refused,
        blocks=row.blocks,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def row_of(state: Batch) -> dict[str, Any]:
    return {
        "id": state.id,
        "command": state.command,
        "reason": state.reason,
        "until": state.until,
        "actor": state.actor,
        "shops": list(map(str, state.shops)) if state.shops is not None else None,
        "permissions": list(state.permissions),
        "state": state.state,
        "total": state.total,
        "done": state.done,
        "refused": state.refused,
        "blocks": state.blocks,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
    }


@frozen
class BatchStore:
    """``oms_app.ports.batches.Batches`` on a database."""

    work: Work
    actor: Actor

    def add(self, new: Batch, blocks: Sequence[Block]) -> None:
        self.work.add(batch, row_of(new))
        for number, block in enumerate(blocks):
            row = {"batch_id": new.id, "number": number, "order_ids": list(map(str, block.order_ids))}
            self.work.add(batch_block, row | {"answers": None, "asked": block.asked, "refused": 0})

    def get(self, batch_id: BatchId) -> Batch:
        return seen(self.work.rows(_BY_ID, {"id": batch_id}), batch_id, self.actor)

    def block(self, batch: Batch) -> Block:
        for row in self.work.rows(_BLOCK, {"batch_id": batch.id, "number": batch.blocks}):
            asked = None if row.asked is None else bytes(row.asked)
            if asked == _FORGOTTEN:
                raise Contended(what="batch")
            return Block(order_ids=tuple(OrderId(UUID(order_id)) for order_id in row.order_ids), asked=asked)
        return Block()

    def answered(self, before: Batch, after: Batch, answers: Sequence[RowAnswer]) -> None:
        self.save(before, after)
        key = {"key_id": before.id, "key_number": before.blocks}
        refused = sum(answer.outcome != "done" for answer in answers)
        values = {"answers": [encode(answer) for answer in answers], "refused": refused}
        self.work.last.append(
            (("batch_block", before.id.hex), lambda connection: connection.execute(_ANSWER.values(**values), key))
        )
        self._forget(_FORGET.where(batch_block.c.number == before.blocks), before)

    def save(self, before: Batch, after: Batch) -> None:
        values = {name: value for name, value in row_of(after).items() if name in _CHANGING}
        key = {"key_id": before.id, "key_state": before.state, "key_blocks": before.blocks}

        def send(connection: Connection) -> None:
            if connection.execute(_MOVE.values(**values), key).rowcount != 1:
                raise StaleVersion(what="batch")

        self.work.last.append((("batch", before.id.hex), send))
        if after.state is BatchState.CANCELLED:
            self._forget(_FORGET, before)

    def _forget(self, what: sa.Update, of: Batch) -> None:
        """Nobody will do it any more, or again: what was asked may hold personal data."""
        forget = what.values(asked=_FORGOTTEN)
        self.work.last.append(
            (("batch_block", of.id.hex), lambda connection: connection.execute(forget, {"key_id": of.id}))
        )


_CHANGING: Final = frozenset({"state", "done", "refused", "blocks", "updated_at"})


def seen(rows: Sequence[Any], batch_id: BatchId, actor: Actor) -> Batch:
    """Return the batch of a row that the actor may see. Raises ``BatchNotFound``."""
    if not rows or (actor.shops is not None and rows[0].actor != actor.id):
        raise BatchNotFound(batch_id=batch_id)
    return batch_of(rows[0])


def one(run: Run, actor: Actor, batch_id: BatchId) -> Batch:
    """Raises ``BatchNotFound``."""
    return seen(run(_BY_ID, {"id": batch_id}), batch_id, actor)


def newest(run: Run, actor: Actor, after: Position | None, limit: int) -> tuple[Batch, ...]:
    """Return a page of batches, newest first."""
    wanted = sa.select(batch)
    if actor.shops is not None:
        wanted = wanted.where(batch.c.actor == actor.id)
    if after is not None:
        place = sa.tuple_(batch.c.created_at, batch.c.id)
        wanted = wanted.where(place < sa.tuple_(sa.literal(after.at, Instant), sa.literal(after.id, Id)))
    rows = run(wanted.order_by(batch.c.created_at.desc(), batch.c.id.desc()).limit(limit), {})
    return tuple(map(batch_of, rows))


def page_of_rows(run: Run, batch_id: BatchId, *, first: int, limit: int, refused: bool) -> tuple[BatchRow, ...]:
    """Return rows from position ``first`` on; ``refused``: of them only the refused ones."""
    found: list[BatchRow] = []
    for row in _rows(run, batch_id, first // BLOCK, refused):
        if row.position >= first and (not refused or (row.answer is not None and row.answer.outcome != "done")):
            found.append(row)
            if len(found) == limit:
                break
    return tuple(found)


def _rows(run: Run, batch_id: BatchId, block: int, refused: bool) -> Iterator[BatchRow]:
    """Yield rows block by block, so that no more are read than are wanted."""
    asked = {"batch_id": batch_id, "refused": int(refused), "most": 5}
    while blocks := run(_BLOCKS, asked | {"first": block}):
        for each in blocks:
            answers = decode(each.answers, list[RowAnswer]) if each.answers is not None else []
            for place, order_id in enumerate(each.order_ids):
                yield BatchRow(
                    position=each.number * BLOCK + place,
                    order_id=OrderId(UUID(order_id)),
                    answer=answers[place] if answers else None,
                )
        block = blocks[-1].number + 1
