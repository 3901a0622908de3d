"""Refund orders and the refund ledger: tables, mapping, stores.

The ledger has two guards, whatever somebody has read: an entry's place in its order's ledger is unique, so of two who
add at once one is refused; and what each line gave back of each tender is a column that may not pass what was paid.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from attrs import define, evolve, field
from sqlalchemy.engine import Connection

from oms_adapters.db.aftersales import by
from oms_adapters.db.codec import decode, encode
from oms_adapters.db.kept import Kept, KeptStore
from oms_adapters.db.types import Id, Instant, Json, code, document_columns, table, text
from oms_adapters.db.work import Work
from oms_app.actor import Actor
from oms_app.ports.aftersales import RefundNotFound
from oms_app.ports.transaction import OrderNotFound, StaleVersion
from oms_domain.kernel.identity import LineId, OrderId, RefundId
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.refunds.layers import total
from oms_domain.refunds.ledger import Charge, EntryKind, LedgerEntry, RefundLedger, Taken
from oms_domain.refunds.opening import ledger_of_order
from oms_domain.refunds.refund_order import RefundOrder

refund_order = table(
    "refund_order",
    sa.Column("id", Id, primary_key=True),
    sa.Column("number", text(40), nullable=False, unique=True),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False),
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), nullable=False, index=True),
    sa.Column("case_id", Id, nullable=True, index=True),
    sa.Column("platform_order_no", text(64), nullable=False, index=True),
    sa.Column("platform_refund_no", text(64), nullable=False, index=True),
    sa.Column("after_shipment", sa.Boolean, nullable=False),
    sa.Column("source", code(), nullable=False),
    sa.Column("state", code(), nullable=False),
    sa.Column("platform_state", code(), nullable=False),
    sa.Column("document_state", code(), nullable=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("difference_count", sa.Integer, nullable=False),
    sa.Column("content", Json, nullable=False),
    *document_columns(),
    sa.Index("ix_refund_order_list", "after_shipment", "created_at", "id"),
    sa.Index("ix_refund_order_shop", "shop_id", "created_at", "id"),
    sa.Index("ix_refund_order_state", "state", "created_at", "id"),
)

refund_entry = table(
    "refund_entry",
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("refund_id", Id, nullable=False, index=True),
    sa.Column("kind", code(), nullable=False),
    sa.Column("taken", Json, nullable=False),
    sa.Column("excess_fen", sa.BigInteger, nullable=False),
    sa.Column("at", Instant, nullable=False),
)

refund_cap = table(
    "refund_cap",
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), primary_key=True),
    sa.Column("line_id", Id, primary_key=True),
    sa.Column("charge", code(), primary_key=True),
    sa.Column("tender", text(100), primary_key=True),  # empty: cash
    sa.Column("paid_fen", sa.BigInteger, nullable=False),
    sa.Column("gone_fen", sa.BigInteger, nullable=False),  # moved, or held for a refund
    sa.CheckConstraint("gone_fen >= 0 AND gone_fen <= paid_fen", name="gone"),
)

REFUNDS: Final = Kept(
    kind="refund_order",
    table=refund_order,
    cls=RefundOrder,
    columns=lambda refund: {
        "number": refund.number,
        "order_id": refund.order_id,
        "case_id": refund.case_id,
        "platform_order_no": refund.platform_order_no,
        "platform_refund_no": refund.platform_refund_no,
        "after_shipment": refund.after_shipment,
        "source": refund.source,
        "state": refund.state,
        "platform_state": refund.platform_state,
        "document_state": refund.document_state,
        "amount": refund.amount.fen,
        "tags": list(refund.tags),
        "difference_count": len(refund.differences),
        "created_at": refund.created_at,
        "updated_at": refund.updated_at,
    },
    missing=lambda id: RefundNotFound(refund_id=id),
)

_OF_ORDER = by(refund_order, "order_id")
_ENTRIES = (
    sa.select(refund_entry).where(refund_entry.c.order_id == sa.bindparam("order_id")).order_by(refund_entry.c.seq)
)
_c = refund_cap.c
_TAKE = (
    refund_cap.update()
    .where(
        _c.order_id == sa.bindparam("key_order", type_=Id),
        _c.line_id == sa.bindparam("key_line", type_=Id),
        _c.charge == sa.bindparam("key_charge"),
        _c.tender == sa.bindparam("key_tender"),
        _c.gone_fen + sa.bindparam("more", type_=sa.BigInteger) >= 0,
        _c.gone_fen + sa.bindparam("more", type_=sa.BigInteger) <= sa.bindparam("paid", type_=sa.BigInteger),
    )
    .values(
        paid_fen=sa.bindparam("paid", type_=sa.BigInteger),
        gone_fen=_c.gone_fen + sa.bindparam("more", type_=sa.BigInteger),
    )
)
_CAP = sa.select(_c.paid_fen).where(
    _c.order_id == sa.bindparam("key_order", type_=Id),
    _c.line_id == sa.bindparam("key_line", type_=Id),
    _c.charge == sa.bindparam("key_charge"),
    _c.tender == sa.bindparam("key_tender"),
)

Place = tuple[LineId, Charge, str]


@define
class RefundStore:
    """``oms_app.ports.aftersales.RefundOrders`` on a database."""

    work: Work
    actor: Actor
    _kept: KeptStore[RefundOrder] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptStore(kept=REFUNDS, work=self.work, actor=self.actor)

    def get(self, refund_id: RefundId) -> RefundOrder:
        return self._kept.get(refund_id)

    def of_order(self, order_id: OrderId) -> tuple[RefundOrder, ...]:
        return self._kept.where(_OF_ORDER, {"order_id": order_id}, lambda refund: refund.order_id == order_id)

    def save(self, refund: RefundOrder) -> None:
        self._kept.save(refund)


@define
class _Open:
    """A ledger as this transaction has read it, and as it will leave it."""

    read: int  # entries that were there
    first: RefundLedger
    last: RefundLedger


@define
class LedgerStore:
    """``oms_app.ports.aftersales.RefundLedgers`` on a database."""

    work: Work
    actor: Actor
    _open: dict[OrderId, _Open] = field(factory=dict)

    def of(self, order: SalesOrder) -> RefundLedger:
        if not self.actor.sees(order.shop_id):
            raise OrderNotFound(order_id=order.id)
        fresh = ledger_of_order(order)
        if order.id in self._open:
            return evolve(self._open[order.id].last, collected_fen=fresh.collected_fen)
        entries = tuple(map(entry_of, self.work.rows(_ENTRIES, {"order_id": order.id})))
        ledger = evolve(fresh, entries=entries, version=len(entries))
        self._open[order.id] = _Open(len(entries), ledger, ledger)
        return ledger

    def save(self, ledger: RefundLedger) -> None:
        open_ = self._open[ledger.order_id]
        if len(open_.last.entries) == open_.read and len(ledger.entries) > open_.read:
            key = ("refund_cap", ledger.order_id.hex)
            self.work.last.append((key, partial(self._send, open_)))
        for seq, entry in enumerate(ledger.entries[len(open_.last.entries) :], len(open_.last.entries) + 1):
            self.work.add(refund_entry, entry_row(ledger.order_id, seq, entry))
        open_.last = ledger

    def _send(self, open_: _Open, connection: Connection) -> None:
        """Move what is gone of each line and tender, if it has the room.

        Before the first entry there is no row; nor is there one of a line that was cut off another since.
        """
        before, after, paid = gone(open_.first), gone(open_.last), paid_of(open_.last)
        if not open_.read:
            rows = [cap_row(open_.last.order_id, place, paid[place], after.get(place, 0)) for place in paid]
            if rows:
                connection.execute(refund_cap.insert(), rows)
            return
        for place in sorted({*before, *after}, key=lambda each: (each[0].bytes, each[1], each[2])):
            more = after.get(place, 0) - before.get(place, 0)
            if not more:
                continue
            key = take(open_.last.order_id, place, more, paid.get(place, 0))
            if connection.execute(_TAKE, key).rowcount == 1:
                continue
            if place not in paid or connection.execute(_CAP, key).first() is not None:
                raise StaleVersion(what="refund_cap")
            connection.execute(refund_cap.insert(), [cap_row(open_.last.order_id, place, paid[place], more)])


def gone(ledger: RefundLedger) -> dict[Place, int]:
    """Return what is held or has moved of each line, charge and tender."""
    found: dict[Place, int] = {}
    for entry in ledger.standing.values():
        for each in entry.taken:
            place = (each.line_id, each.charge, each.tender)
            found[place] = found.get(place, 0) + each.fen
    return found


def paid_of(ledger: RefundLedger) -> dict[Place, int]:
    """Return what was paid for each line and charge with each tender, where it is anything."""
    places = ((line.line_id, charge, tender) for line in ledger.lines for charge in Charge for tender in ledger.tenders)
    found = {place: total(ledger.paid(*place)) for place in places}
    return {place: fen for place, fen in found.items() if fen}


def cap_row(order_id: OrderId, place: Place, paid_fen: int, gone_fen: int) -> dict[str, Any]:
    line_id, charge, tender = place
    amounts = {"paid_fen": paid_fen, "gone_fen": gone_fen}
    return {"order_id": order_id, "line_id": line_id, "charge": charge, "tender": tender} | amounts


def take(order_id: OrderId, place: Place, more: int, paid: int) -> dict[str, Any]:
    line_id, charge, tender = place
    key = {"key_order": order_id, "key_line": line_id, "key_charge": charge, "key_tender": tender}
    return key | {"more": more, "paid": paid}


def entry_row(order_id: OrderId, seq: int, entry: LedgerEntry) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "seq": seq,
        "refund_id": entry.refund_id,
        "kind": entry.kind,
        "taken": encode(entry.taken),
        "excess_fen": entry.excess_fen,
        "at": entry.at,
    }


def entry_of(row: Any) -> LedgerEntry:
    return LedgerEntry(
        refund_id=RefundId(row.refund_id),
        kind=EntryKind(row.kind),
        taken=decode(row.taken, tuple[Taken, ...]),
        excess_fen=row.excess_fen,
        at=row.at,
    )
