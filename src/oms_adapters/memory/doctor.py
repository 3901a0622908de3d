"""The doctor of the store in memory: the invariants that the databases' doctor checks, in its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from attrs import evolve, frozen

from oms_adapters.memory.stock_drift import found_drifts, wrong_lines
from oms_adapters.memory.tables import Tables
from oms_app.journal import NO_HASH, Head, LogEntry, entry_hash
from oms_app.queries.names import Known, dangles, dangling
from oms_app.queries.refunded import gone_of, misrefunded
from oms_app.queries.rows import Finding, drift_findings, wrong_line_finding
from oms_domain.kernel.identity import LineId
from oms_domain.kernel.money import total
from oms_domain.orders.cutting import Dealt, misdealt
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.placement import misplaced
from oms_domain.orders.platform_order import Conversion
from oms_domain.orders.states import OrderState
from oms_domain.refunds.layers import total as total_of
from oms_domain.refunds.ledger import Charge
from oms_domain.refunds.opening import ledger_of_order


@frozen
class MemoryDoctor:
    """``oms_app.queries.rows.Doctor`` on the store in memory."""

    tables: Tables

    def findings(self, tell: Callable[[str, int], None]) -> Iterator[Finding]:
        with self.tables.lock:
            found = [(name, list(check(self.tables))) for name, check in _CHECKS]
        for name, findings in found:
            yield from findings
            tell(name, len(findings))


def _amounts(tables: Tables) -> Iterator[Finding]:
    for order in tables.orders.values():
        computed = total((line.payable for line in order.lines), order.payable.currency)
        computed += order.freight + order.services + order.cod_fee
        if computed != order.payable:
            seen = f"payable {order.payable.fen}, lines add up to {computed.fen}"
            yield Finding(invariant="I1", where=order.number, seen=seen)
        for line in order.lines:
            own = line.goods - line.line_discount - line.order_discount
            if own != line.payable:
                seen = f"payable {line.payable.fen}, its amounts give {own.fen}"
                yield Finding(invariant="I1", where=f"line {line.id}", seen=seen)

        for key, stated, placed in misplaced(order.steps, [line.placed for line in order.lines], order.freight.fen):
            yield _misplaced(order.number, key, stated, placed)


def _misplaced(number: str, key: str, stated: int, placed: int) -> Finding:
    where = f"{number} line {key}" if key else f"{number} freight"
    return Finding(invariant="I1", where=where, seen=f"is {stated}, {placed} is placed")


def _refunds(tables: Tables) -> Iterator[Finding]:
    for order_id in {refund.order_id for refund in tables.refunds.values()}:
        order, entries = tables.orders[order_id], tables.refund_entries.get(order_id, ())
        ledger, gone = ledger_of_order(order), gone_of(entries)
        places = ((line.line_id, charge, t) for line in ledger.lines for charge in Charge for t in ledger.tenders)
        caps = {place: (total_of(ledger.paid(*place)), gone.get(place, 0)) for place in places}
        refunds = [refund for refund in tables.refunds.values() if refund.order_id == order_id]
        yield from misrefunded(order.number, entries, caps, refunds)


def _stock(tables: Tables) -> Iterator[Finding]:
    for drift in found_drifts(tables):
        yield from drift_findings(drift)
    for order, line, due, held in wrong_lines(tables):
        yield wrong_line_finding(order.number, order.state, line.sku, due=due, held=held)


def _conversion(tables: Tables) -> Iterator[Finding]:
    for known in tables.platform_orders.values():
        order = tables.orders.get(known.order_id) if known.order_id else None
        lost = known.conversion is Conversion.CONVERTED and order is None
        silent = known.conversion is Conversion.EXCEPTION and known.trouble is None
        if lost or silent or (order is not None and order.platform_order_id != known.id):
            seen = f"{known.conversion}, but no sales order and no reason"
            yield Finding(invariant="I7", where=known.number, seen=seen)
    roots = (order for order in tables.orders.values() if order.platform_order_id and not order.origins)
    owners = Counter(order.platform_order_id for order in roots)
    for platform_order_id, orders in owners.items():
        if orders > 1:
            yield Finding(invariant="I6", where=str(platform_order_id), seen=f"{orders} sales orders")


def _dealt(tables: Tables) -> Iterator[Finding]:
    heirs: dict[LineId, list[OrderLine]] = {}
    for order in tables.orders.values():
        for line in order.lines:
            if line.from_line is not None:
                heirs.setdefault(line.from_line, []).append(line)
    for order in tables.orders.values():
        for line in order.lines:
            found, where = heirs.get(line.id, ()), f"{order.number} line {line.platform_line_no}"
            if order.heirs:
                dealt = (Dealt.of(heir.part, heir.payable.fen) for heir in found)
                if (seen := misdealt(Dealt.of(line.part, line.payable.fen), dealt)) is not None:
                    yield Finding(invariant="I6", where=where, seen=seen)
            elif found:
                yield Finding(invariant="I6", where=where, seen="another order has its units, but it goes on itself")


def _states(tables: Tables) -> Iterator[Finding]:
    for order in tables.orders.values():
        if order.state not in set(OrderState):
            yield Finding(invariant="I8", where=order.number, seen=f"state {order.state}")


def _events(tables: Tables) -> Iterator[Finding]:
    published = {envelope.id for envelope in (*tables.outbox, *tables.archive)}
    for entries in tables.log.values():
        for entry in entries:
            if entry.event_id not in published:
                where = f"{entry.document_id} entry {entry.seq}"
                yield Finding(invariant="I11", where=where, seen="its event is nowhere")


def _log(tables: Tables) -> Iterator[Finding]:
    for document_id, entries in tables.log.items():
        head = Head()
        for entry in entries:
            where = f"{entry.document} {entry.document_id} entry {entry.seq}"
            if (entry.seq, entry.prev_hash) != (head.seq + 1, head.hash):
                yield Finding(invariant="I12", where=where, seen="does not follow the entry before it")
            if entry_hash(evolve(entry, hash=NO_HASH)) != entry.hash:
                yield Finding(invariant="I12", where=where, seen="was altered")
            head = Head(entry.seq, entry.hash)
        if entries and tables.heads.get(document_id, head) != head:
            yield Finding(invariant="I12", where=_name(entries), seen=_ends_at(head))
    for document_id, head in tables.heads.items():
        if head.seq and not tables.log.get(document_id):
            seen = f"all {head.seq} entries of its log are gone"
            yield Finding(invariant="I12", where=f"document {document_id}", seen=seen)


def _names(tables: Tables) -> Iterator[Finding]:
    codes = {sku.code for sku in tables.skus.values() if not sku.is_deleted}
    for bundle in tables.bundles.values():
        for part in bundle.parts if not bundle.is_deleted else ():
            if part.sku not in codes:
                yield dangles(f"bundle {bundle.code}", "SKU", part.sku)
    for mapping in tables.mappings.values():
        if not mapping.is_deleted and mapping.target not in tables.catalog_codes:
            yield dangles(f"mapping {mapping.id}", "SKU", mapping.target)
    known = Known(
        shops=tables.shops.keys(),
        warehouses=tables.warehouse_codes.keys(),
        carriers=tables.carrier_codes.keys(),
        strategies=tables.strategy_names.keys(),
    )
    yield from dangling(tables.shops.values(), tables.shipping.values(), known)


def _name(entries: list[LogEntry]) -> str:
    return f"{entries[0].document} {entries[0].document_id}"


def _ends_at(head: Head) -> str:
    return f"its last entry is {head.seq}, the document says otherwise"


_CHECKS: Final[tuple[tuple[str, Callable[[Tables], Iterator[Finding]]], ...]] = (
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
