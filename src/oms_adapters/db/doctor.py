"""The doctor: the invariants of what is stored, each checked by a read that is bounded in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa
from attrs import evolve, frozen
from sqlalchemy.engine import Connection

from oms_adapters.db.amounts import part_of, step_of
from oms_adapters.db.catalog import BUNDLE, bundle_part, catalog_item, sku_mapping
from oms_adapters.db.engine import Engines
from oms_adapters.db.errors import translated
from oms_adapters.db.journal import entry_of, event, operation_log, outbox
from oms_adapters.db.orders import sales_order, sales_order_line
from oms_adapters.db.platform_orders import platform_order
from oms_adapters.db.refunds import REFUNDS, refund_cap, refund_entry, refund_order
from oms_adapters.db.refunds import entry_of as ledger_entry_of
from oms_adapters.db.shops import shop, shop_of
from oms_adapters.db.sourcing import SHIPPING, carrier, record_of, sourcing_strategy
from oms_adapters.db.stock_drift import WRONG_LINES, found_drifts
from oms_adapters.db.stock_tables import warehouse
from oms_adapters.db.types import metadata
from oms_app.journal import NO_HASH, entry_hash
from oms_app.queries.names import Known, dangles, dangling
from oms_app.queries.refunded import misrefunded
from oms_app.queries.rows import Finding, drift_findings, wrong_line_finding
from oms_domain.kernel.identity import LineId
from oms_domain.orders.cutting import Dealt, misdealt
from oms_domain.orders.placement import PlacedLine, misplaced
from oms_domain.orders.platform_order import Conversion
from oms_domain.orders.states import OrderState
from oms_domain.refunds.ledger import Charge

Tell = Callable[[str, int], None]
PIECE: Final = 5_000
_item, _bundle = catalog_item.alias("item"), catalog_item.alias("bundle")
_o, _l, _p = sales_order.c, sales_order_line.c, platform_order.c


@frozen
class SqlDoctor:
    """``oms_app.queries.rows.Doctor`` on a database."""

    engines: Engines

    def findings(self, tell: Tell) -> Iterator[Finding]:
        with translated(), self.engines.read.connect() as opened:
            connection = self._snapshot(opened)
            for name, check in _CHECKS:
                count = 0
                for count, finding in enumerate(check(connection), 1):  # noqa: B007 - the last count is told
                    yield finding
                tell(name, count)

    def _snapshot(self, connection: Connection) -> Connection:
        """Read everything as of one moment, however long it takes."""
        if self.engines.dialect == "sqlite":
            return connection
        connection = connection.execution_options(isolation_level="REPEATABLE READ")
        if self.engines.dialect == "postgresql":
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        return connection


def _amounts(connection: Connection) -> Iterable[Finding]:
    """I1: Σ line payable + freight + services + cod fee = payable, and each line's own identity."""
    lines = sa.select(_l.order_id, sa.func.sum(_l.payable).label("payable")).group_by(_l.order_id).subquery("lines")
    computed = sa.func.coalesce(lines.c.payable, 0) + _o.freight + _o.services + _o.cod_fee
    orders = (
        sa.select(_o.number, _o.payable, computed.label("computed"))
        .outerjoin(lines, lines.c.order_id == _o.id)
        .where(computed != _o.payable)
    )
    for row in _rows(connection, orders):
        yield Finding(invariant="I1", where=row.number, seen=f"payable {row.payable}, lines add up to {row.computed}")
    own = _l.unit_price * _l.quantity + _l.adjustment - _l.line_discount - _l.order_discount
    for row in _rows(connection, sa.select(_l.id, _l.payable, own.label("own")).where(own != _l.payable)):
        yield Finding(invariant="I1", where=f"line {row.id}", seen=f"payable {row.payable}, its amounts give {row.own}")

    yield from _placements(connection)


def _placements(connection: Connection) -> Iterable[Finding]:
    """I1: what each discount, tender and the freight placed on lines gives their amounts again."""
    names = ("order_id", "platform_line_no", "quantity", "unit_price", "adjustment", "payable", "part")
    statement = (
        sa.select(_o.number, _o.steps, _o.freight, *(_l[name] for name in names))
        .join(sales_order_line, _l.order_id == _o.id)
        .order_by(_o.id, _l.position)
    )
    for _, rows in groupby(_rows(connection, statement), key=lambda row: row.order_id):
        lines = list(rows)
        placed_lines = [
            PlacedLine(
                row.platform_line_no,
                part_of(row.part),
                row.quantity,
                row.unit_price * row.quantity + row.adjustment,
                row.payable,
            )
            for row in lines
        ]
        order = lines[0]
        for key, stated, placed in misplaced(tuple(map(step_of, order.steps)), placed_lines, order.freight):
            where = f"{order.number} line {key}" if key else f"{order.number} freight"
            yield Finding(invariant="I1", where=where, seen=f"is {stated}, {placed} is placed")


def _refunds(connection: Connection) -> Iterable[Finding]:
    """I2: nothing gives back more than it paid; columns, ledger and refund orders say the same."""
    numbers = sa.select(_o.id, _o.number).where(_o.id.in_(sa.select(refund_order.c.order_id))).order_by(_o.id)
    orders = {row.id: row.number for row in _rows(connection, numbers)}
    found = {
        table: {
            order_id: list(rows)
            for order_id, rows in groupby(
                _rows(connection, sa.select(table).order_by(table.c.order_id, *order)), key=lambda row: row.order_id
            )
        }
        for table, order in ((refund_entry, [refund_entry.c.seq]), (refund_cap, []), (refund_order, []))
    }
    for order_id, number in orders.items():
        yield from misrefunded(
            number,
            [ledger_entry_of(row) for row in found[refund_entry].get(order_id, ())],
            {
                (LineId(row.line_id), Charge(row.charge), row.tender): (row.paid_fen, row.gone_fen)
                for row in found[refund_cap].get(order_id, ())
            },
            [REFUNDS.document(row) for row in found[refund_order].get(order_id, ())],
        )


def _stock(connection: Connection) -> Iterable[Finding]:
    """I4, I5: quantities are the sums of their ledger, reserved ones of the reservations; lines hold what they must."""
    for drift in found_drifts(lambda statement: _rows(connection, statement)):
        yield from drift_findings(drift)
    for row in _rows(connection, WRONG_LINES):
        yield wrong_line_finding(row.number, row.state, row.sku, due=int(row.due), held=int(row.held or 0))


def _conversion(connection: Connection) -> Iterable[Finding]:
    """I6, I7: every platform order stands for one sales order, or waits with a reason."""
    lost = (
        sa.select(_p.number, _p.conversion)
        .outerjoin(sales_order, _o.id == _p.order_id)
        .where(
            sa.or_(
                sa.and_(_p.conversion == Conversion.CONVERTED, _o.id.is_(None)),
                sa.and_(_p.conversion == Conversion.EXCEPTION, _p.trouble.is_(None)),
                sa.and_(_o.id.is_not(None), _o.platform_order_id.is_distinct_from(_p.id)),
            )
        )
    )
    for row in _rows(connection, lost):
        yield Finding(invariant="I7", where=row.number, seen=f"{row.conversion}, but no sales order and no reason")
    doubled = (
        sa.select(_o.platform_order_id, sa.func.count().label("orders"))
        .where(_o.platform_order_id.is_not(None), _o.origins.is_(None))
        .group_by(_o.platform_order_id)
        .having(sa.func.count() > 1)
    )
    for row in _rows(connection, doubled):
        yield Finding(invariant="I6", where=str(row.platform_order_id), seen=f"{row.orders} sales orders")


def _dealt(connection: Connection) -> Iterable[Finding]:
    """I6: each unit of an order that was split or merged is in one of those that go on for it, with its amounts."""
    heir = sales_order_line.alias("heir")
    statement = (
        sa.select(
            _o.number,
            _l.id,
            _l.platform_line_no,
            _l.part,
            _l.payable,
            heir.c.part.label("heir_part"),
            heir.c.payable.label("heir_payable"),
        )
        .join(sales_order_line, _l.order_id == _o.id)
        .outerjoin(heir, heir.c.from_line == _l.id)
        .where(_o.heirs.is_not(None))
        .order_by(_o.id, _l.id)
    )
    for _, rows in groupby(_rows(connection, statement), key=lambda row: row.id):
        lines = list(rows)
        line = lines[0]
        heirs = [Dealt.of(part_of(row.heir_part), row.heir_payable) for row in lines if row.heir_part]
        if (seen := misdealt(Dealt.of(part_of(line.part), line.payable), heirs)) is not None:
            yield Finding(invariant="I6", where=f"{line.number} line {line.platform_line_no}", seen=seen)
    early = (
        sa.select(_o.number, _l.platform_line_no)
        .join(sales_order_line, _l.order_id == _o.id)
        .join(heir, heir.c.from_line == _l.id)
        .where(_o.heirs.is_(None))
    )
    for row in _rows(connection, early):
        where = f"{row.number} line {row.platform_line_no}"
        yield Finding(invariant="I6", where=where, seen="another order has its units, but it goes on itself")


def _states(connection: Connection) -> Iterable[Finding]:
    """I8: every order stands in a declared state."""
    strange = sa.select(_o.number, _o.state).where(_o.state.not_in([str(state) for state in OrderState]))
    for row in _rows(connection, strange):
        yield Finding(invariant="I8", where=row.number, seen=f"state {row.state}")


def _names(connection: Connection) -> Iterable[Finding]:
    """I14: whatever is named by what people keep is there."""
    part = sa.and_(_item.c.code == bundle_part.c.sku, _item.c.kind != BUNDLE, _item.c.is_deleted.is_(False))
    parts = (
        sa.select(_bundle.c.code, bundle_part.c.sku)
        .join(_bundle, _bundle.c.id == bundle_part.c.bundle_id)
        .outerjoin(_item, part)
        .where(_bundle.c.is_deleted.is_(False), _item.c.id.is_(None))
    )
    for row in _rows(connection, parts):
        yield dangles(f"bundle {row.code}", "SKU", row.sku)
    mapped = (
        sa.select(sku_mapping.c.id, sku_mapping.c.target)
        .outerjoin(_item, _item.c.code == sku_mapping.c.target)
        .where(sku_mapping.c.is_deleted.is_(False), _item.c.id.is_(None))
    )
    for row in _rows(connection, mapped):
        yield dangles(f"mapping {row.id}", "SKU", row.target)
    shops = [shop_of(row) for row in connection.execute(sa.select(shop))]
    shipping = [record_of(SHIPPING, row) for row in connection.execute(SHIPPING.all)]
    known = Known(
        shops={each.id for each in shops},
        **{
            name: {row[0] for row in connection.execute(sa.select(column))}
            for name, column in (
                ("warehouses", warehouse.c.code),
                ("carriers", carrier.c.code),
                ("strategies", sourcing_strategy.c.name),
            )
        },
    )
    yield from dangling(shops, shipping, known)


def _events(connection: Connection) -> Iterable[Finding]:
    """I11: every log entry's event is in the outbox or in the archive, once."""
    published = sa.union_all(sa.select(outbox.c.id), sa.select(event.c.id)).subquery("published")
    missing = (
        sa.select(operation_log.c.document_id, operation_log.c.seq)
        .outerjoin(published, published.c.id == operation_log.c.event_id)
        .where(published.c.id.is_(None))
    )
    for row in _rows(connection, missing):
        yield Finding(invariant="I11", where=f"{row.document_id} entry {row.seq}", seen="its event is nowhere")


def _log(connection: Connection) -> Iterable[Finding]:
    """I12: entries are dense, chained by hash, and end at the head on the document's row."""
    heads = _heads(connection)
    statement = sa.select(operation_log).order_by(operation_log.c.document_id, operation_log.c.seq)
    last: Any = None
    for row in _rows(connection, statement):
        entry = entry_of(row)
        if last is not None and last.document_id != entry.document_id:
            yield from _ends(last, heads)
            last = None
        seq, prev = (last.seq, last.hash) if last else (0, NO_HASH)
        where = f"{entry.document} {entry.document_id} entry {entry.seq}"
        if entry.seq != seq + 1 or entry.prev_hash != prev:
            yield Finding(invariant="I12", where=where, seen="does not follow the entry before it")
        if entry_hash(evolve(entry, hash=NO_HASH)) != entry.hash:
            yield Finding(invariant="I12", where=where, seen="was altered")
        last = entry
    if last is not None:
        yield from _ends(last, heads)
    for document_id, (seq, _) in heads.items():
        if not seq:  # it came with the schema, and nobody has touched it since
            continue
        yield Finding(invariant="I12", where=f"document {document_id}", seen=f"all {seq} entries of its log are gone")


def _heads(connection: Connection) -> dict[Any, tuple[int, str]]:
    heads: dict[Any, tuple[int, str]] = {}
    for table in (table for table in metadata.sorted_tables if "log_seq" in table.c):
        for row in _rows(connection, sa.select(table.c.id, table.c.log_seq, table.c.log_hash)):
            heads[row.id] = (row.log_seq, row.log_hash)
    return heads


def _ends(last: Any, heads: dict[Any, tuple[int, str]]) -> Iterable[Finding]:
    """Compare a log's end with the head on its document, and strike the document off."""
    if heads.pop(last.document_id, (last.seq, last.hash)) != (last.seq, last.hash):
        where = f"{last.document} {last.document_id}"
        yield Finding(invariant="I12", where=where, seen=f"its last entry is {last.seq}, the document says otherwise")


def _rows(connection: Connection, statement: sa.Select[Any]) -> Iterable[Any]:
    return connection.execution_options(yield_per=PIECE).execute(statement)


_CHECKS: Final[tuple[tuple[str, Callable[[Connection], Iterable[Finding]]], ...]] = (
    ("I1 amounts", _amounts),
    ("I2 refunds", _refunds),
    ("I4 I5 stock", _stock),
    ("I6 I7 conversion", _conversion),
    ("I6 splits and merges", _dealt),
    ("I8 states", _states),
    ("I11 events", _events),
    ("I12 log", _log),
    ("I14 names", _names),
)
