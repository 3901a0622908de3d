"""The operation log, the outbox and its archive, the idempotency rows, cursors, counters and discrepancies."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Connection

from oms_adapters.db.codec import decode, encode
from oms_adapters.db.types import Id, Instant, Json, code, long_text, table, text
from oms_adapters.db.work import Work
from oms_app.actor import Actor, KeyReused
from oms_app.journal import LogEntry
from oms_app.ports.differences import Difference
from oms_app.ports.jobs import Envelope
from oms_app.ports.transaction import DifferenceNotListed, NewId
from oms_domain.kernel.identity import EventId, OrderId, ShopId
from oms_domain.orders.events import OrderDiffers
from oms_domain.shops.shop import ShopNotFound

Answer = TypeVar("Answer")

operation_log = table(
    "operation_log",
    sa.Column("document_id", Id, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document", code(), nullable=False),
    sa.Column("event_id", Id, nullable=False),
    sa.Column("kind", text(80), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("actor", text(100), nullable=False),
    sa.Column("request_id", text(100), nullable=False),
    sa.Column("cause", Id, nullable=True),
    sa.Column("shop_id", Id, nullable=True),
    sa.Column("reason", long_text(), nullable=False),
    sa.Column("changes", Json, nullable=False),
    sa.Column("prev_hash", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)


def _envelope_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("id", Id, primary_key=True),
        sa.Column("type", text(80), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("stream", Id, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("shop_id", Id, nullable=True),
        sa.Column("actor", text(100), nullable=False),
        sa.Column("cause", Id, nullable=True),
        sa.Column("request_id", text(100), nullable=False),
        sa.Column("data", Json, nullable=False),
    )


outbox = table("outbox", *_envelope_columns(), sa.Index("ix_outbox_stream", "stream", "seq"))
event = table("event", *_envelope_columns(), sa.Index("ix_event_stream", "stream", "seq"))

idempotency = table(
    "idempotency",
    sa.Column("client", text(100), primary_key=True),
    sa.Column("key", text(300), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("answer", Json, nullable=False),
    sa.Column("created_at", Instant, nullable=False, index=True),
)

channel_cursor = table(
    "channel_cursor",
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), primary_key=True),
    sa.Column("name", code(), primary_key=True),
    sa.Column("read_to", Instant, nullable=False),
)

document_counter = table(
    "document_counter",
    sa.Column("kind", code(), primary_key=True),
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)

difference = table(
    "difference",
    sa.Column("id", Id, primary_key=True),
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), nullable=False),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False),
    sa.Column("ours", code(), nullable=False),
    sa.Column("theirs", text(100), nullable=False),
    sa.Column("what", text(100), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("settled_at", Instant, nullable=True),
    sa.UniqueConstraint("order_id", "ours", "theirs", "what"),
)

_REMEMBERED = sa.select(idempotency.c.digest, idempotency.c.answer).where(
    idempotency.c.client == sa.bindparam("client"), idempotency.c.key == sa.bindparam("key")
)
_CURSOR = sa.select(channel_cursor.c.read_to).where(
    channel_cursor.c.shop_id == sa.bindparam("shop_id"), channel_cursor.c.name == sa.bindparam("name")
)
_LISTED = sa.select(difference).where(difference.c.id == sa.bindparam("id"), difference.c.settled_at.is_(None))
_LISTED_OF = (
    sa.select(difference)
    .where(
        difference.c.order_id == sa.bindparam("order_id"),
        difference.c.what == sa.bindparam("what"),
        difference.c.settled_at.is_(None),
    )
    .order_by(difference.c.at, difference.c.id)
)
_SAME_DIFFERENCE = sa.select(difference.c.id, difference.c.settled_at).where(
    *(difference.c[name] == sa.bindparam(name) for name in ("order_id", "ours", "theirs", "what"))
)


def log_row(entry: LogEntry) -> dict[str, Any]:
    return {
        "document_id": entry.document_id,
        "seq": entry.seq,
        "document": entry.document,
        "event_id": entry.event_id,
        "kind": entry.kind,
        "at": entry.at,
        "actor": entry.actor,
        "request_id": entry.request_id,
        "cause": entry.cause,
        "shop_id": entry.shop_id,
        "reason": entry.reason,
        "changes": entry.changes,
        "prev_hash": entry.prev_hash,
        "hash": entry.hash,
    }


def entry_of(row: Any) -> LogEntry:
    return LogEntry(
        document_id=row.document_id,
        seq=row.seq,
        document=row.document,
        event_id=EventId(row.event_id),
        kind=row.kind,
        at=row.at,
        actor=row.actor,
        request_id=row.request_id,
        cause=EventId(row.cause) if row.cause else None,
        shop_id=ShopId(row.shop_id) if row.shop_id else None,
        reason=row.reason,
        changes=row.changes,
        prev_hash=row.prev_hash,
        hash=row.hash,
    )


def envelope_row(envelope: Envelope) -> dict[str, Any]:
    return {
        "id": envelope.id,
        "type": envelope.event.type,
        "version": envelope.event.version,
        "at": envelope.event.at,
        "stream": envelope.stream,
        "seq": envelope.seq,
        "shop_id": envelope.shop_id,
        "actor": envelope.actor,
        "cause": envelope.cause,
        "request_id": envelope.request_id,
        "data": encode(envelope.event),
    }


def remembered(work: Work, actor: Actor, kind: type[Answer], row: str) -> Answer | None:
    """Return what was answered to the actor's key before. Raises ``KeyReused``."""
    if actor.once is None:
        return None
    once = actor.once.row(row) if row else actor.once
    rows = work.rows(_REMEMBERED, {"client": once.client, "key": once.key})
    if not rows:
        return None
    if rows[0].digest != once.digest:
        raise KeyReused(key=once.key)
    return decode(rows[0].answer, kind)  # type: ignore[no-any-return]


def remember(work: Work, actor: Actor, answer: object, row: str, now: datetime) -> None:
    """Gather the answer's row."""
    if actor.once is None:
        return
    once = actor.once.row(row) if row else actor.once
    work.add(
        idempotency,
        {
            "client": once.client,
            "key": once.key,
            "digest": once.digest,
            "answer": encode(answer),
            "created_at": now,
        },
    )


def add_difference(work: Work, event_: OrderDiffers, shop_id: ShopId, new_id: NewId) -> None:
    """Gather a discrepancy, unless the same one stands already; one that was settled stands anew."""
    same = {"order_id": event_.order_id, "ours": event_.state, "theirs": event_.theirs, "what": event_.what}
    if any(all(row[k] == v for k, v in same.items()) for row in work.inserts.get(difference, ())):
        return
    known = work.rows(_SAME_DIFFERENCE, same)
    if not known:
        work.add(difference, {"id": new_id(), "shop_id": shop_id, "at": event_.at, "settled_at": None, **same})
    elif known[0].settled_at is not None:
        anew = difference.update().where(difference.c.id == known[0].id).values(settled_at=None, at=event_.at)
        work.last.append((("difference", known[0].id.hex), lambda connection: connection.execute(anew)))


def listed_difference(work: Work, actor: Actor, difference_id: UUID) -> Difference:
    """Raises ``DifferenceNotListed``."""
    found = work.rows(_LISTED, {"id": difference_id})
    if not found or not actor.sees(found[0].shop_id):
        raise DifferenceNotListed
    return difference_of(found[0])


def listed_differences(work: Work, actor: Actor, order_id: OrderId, what: str) -> tuple[Difference, ...]:
    found = work.rows(_LISTED_OF, {"order_id": order_id, "what": what})
    return tuple(difference_of(row) for row in found if actor.sees(row.shop_id))


def settle_difference(work: Work, difference_id: UUID, now: datetime) -> None:
    """Gather that a discrepancy leaves the list. Raises ``DifferenceNotListed`` when it is sent."""
    c = difference.c
    settled = difference.update().where(c.id == difference_id, c.settled_at.is_(None)).values(settled_at=now)

    def send(connection: Connection) -> None:
        if connection.execute(settled).rowcount != 1:
            raise DifferenceNotListed

    work.last.append((("difference", difference_id.hex), send))


def difference_of(row: Any) -> Difference:
    return Difference(
        id=row.id,
        order_id=OrderId(row.order_id),
        shop_id=ShopId(row.shop_id),
        ours=row.ours,
        theirs=row.theirs,
        what=row.what,
        at=row.at,
    )


@frozen
class CursorStore:
    """``oms_app.ports.transaction.Cursors`` on a database."""

    work: Work
    actor: Actor

    def get(self, shop_id: ShopId, name: str) -> datetime | None:
        if not self.actor.sees(shop_id):
            return None
        rows = self.work.rows(_CURSOR, {"shop_id": shop_id, "name": name})
        return rows[0].read_to if rows else None

    def move(self, shop_id: ShopId, name: str, to: datetime) -> None:
        if not self.actor.sees(shop_id):
            raise ShopNotFound(shop=str(shop_id))
        if self.get(shop_id, name) is None:
            self.work.add(channel_cursor, {"shop_id": shop_id, "name": name, "read_to": to})
            return
        forward = (
            channel_cursor.update()
            .where(channel_cursor.c.shop_id == shop_id, channel_cursor.c.name == name, channel_cursor.c.read_to < to)
            .values(read_to=to)
        )
        self.work.last.append((("channel_cursor", shop_id.hex), lambda connection: connection.execute(forward)))
