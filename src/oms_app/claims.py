"""Whether claims stand on an order: then its lines must stay the ones that claims and money are counted by.

Claims on closed lines alone are in nobody's way: such a line is never cut, and takes them along to where it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar, Final

from attrs import evolve, frozen

from oms_app.case_goods import live
from oms_app.ports.transaction import Transaction
from oms_app.transactions import record
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.claimed import common, taken_units
from oms_domain.aftersales.states import SENDS_GOODS
from oms_domain.aftersales.values import CaseLine
from oms_domain.apportionment.units import count
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import LineId
from oms_domain.orders.cutting import seen_from
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.refunds.ledger import EntryKind, LedgerEntry, NothingLeft, Taken
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.refund_order import RefundOrder
from oms_domain.refunds.states import HOLDS_MONEY, RefundState

Contents = Sequence[tuple[LineId, int]]
"""Units of lines that go into one part."""
CUT_SINCE: Final = "cut_since"
"""The discrepancy of a case that stands with an order which has not all of its units."""


@frozen(kw_only=True)
class HasClaims(Refused):
    """A case is open for the order, or money went back for it or is about to: its units are counted by its lines.

    So it is neither split nor merged, and nothing is taken off it. ``cases`` and ``refunds`` are the numbers of what is
    in the way: a case that is open ends some day, what was refunded stays.
    """

    code: ClassVar[str] = "orders.has_claims"
    number: str
    cases: tuple[str, ...] = ()
    refunds: tuple[str, ...] = ()


@frozen(kw_only=True)
class OthersGoOn(Refused):
    """The order was split, merged or replaced: its units, and their money, are with the orders that go on for it."""

    code: ClassVar[str] = "orders.others_go_on"
    number: str
    orders: tuple[str, ...]


@frozen(kw_only=True)
class UnitsHaveClaims(Refused):
    """Cases are open for units, or refunds without a case hold their money: they decide about it.

    ``cases`` and ``refunds`` are their numbers.
    """

    code: ClassVar[str] = "aftersales.units_have_claims"
    cases: tuple[str, ...] = ()
    refunds: tuple[str, ...] = ()


def check_goes_on(tx: Transaction, order: SalesOrder) -> None:
    """Raises ``OthersGoOn``: what may go back, and who may ask for it, is counted by the orders that have the units."""
    if order.heirs:
        numbers = dict.fromkeys(heir.number for heir in live(tx, order))
        raise OthersGoOn(number=order.number, orders=tuple(numbers))


def check_no_case(tx: Transaction, order: SalesOrder, wants: Iterable[RefundUnits]) -> None:
    """Check that a refund without a case takes nothing that a case is open for: that decides about money and goods.

    Args:
        wants: its units; none: all of the order.

    Raises:
        UnitsHaveClaims.
    """
    units = {want.line_id: want.units for want in wants} or {line.id: ((0, line.quantity),) for line in order.lines}
    cases = tuple(
        case.number
        for case in tx.cases.of_order(order.id)
        if any(common(taken_units([case], line_id), runs) for line_id, runs in units.items())
    )
    if cases:
        raise UnitsHaveClaims(cases=cases)


def check_no_refund(tx: Transaction, case: AftersalesCase) -> None:
    """Check that no refund without a case holds the money of units that new goods are asked for.

    Raises:
        UnitsHaveClaims.
    """
    units = {line.line_id: line.units for line in case.lines}
    refunds = tuple(
        refund.number
        for refund in tx.refunds.of_order(case.order_id)
        if refund.case_id is None and refund.state in HOLDS_MONEY
        if any(common(want.units, units.get(want.line_id, ())) for want in refund.wants)
    )
    if refunds and case.kind in SENDS_GOODS:
        raise UnitsHaveClaims(refunds=refunds)


def has_claims(tx: Transaction, order: SalesOrder) -> bool:
    """Whether a case is open for what may still be cut of it, or money went back for that or is about to."""
    return bool(open_cases(tx, order) or _standing(tx, order))


def check_no_claims(tx: Transaction, *orders: SalesOrder) -> None:
    """Raises ``HasClaims``."""
    for order in orders:
        cases, refunds = open_cases(tx, order), _standing(tx, order)
        if cases or refunds:
            raise _in_the_way(order, cases, refunds)


def cut_by(tx: Transaction, order: SalesOrder, parts: Sequence[Contents]) -> bool:
    """Whether taking an order apart so would cut what a claim is counted by."""
    return bool(open_cases(tx, order) or _cut_refunds(tx, order, parts))


def check_not_cut(tx: Transaction, order: SalesOrder, parts: Sequence[Contents]) -> None:
    """Check that an order may be taken apart so: what a refund was of stays together, and goes along with it.

    Raises:
        HasClaims: a case is open for it, or a refund is of what goes into several parts.
    """
    cases, refunds = open_cases(tx, order), _cut_refunds(tx, order, parts)
    if cases or refunds:
        raise _in_the_way(order, cases, refunds)


def open_cases(tx: Transaction, order: SalesOrder) -> list[AftersalesCase]:
    """Return the open cases that are in the way of cutting an order, oldest first."""
    closed = _closed(order)
    return [
        case
        for case in tx.cases.of_order(order.id)
        if case.is_open and (case.refund_id is None or not {line.line_id for line in case.lines} <= closed)
    ]


def take_along(tx: Transaction, order: SalesOrder, heirs: Iterable[SalesOrder], *, at: datetime) -> None:
    """Let the orders that go on for one have what was refunded of it, or is about to be, with the cases of that.

    What a case only proposes is not money yet: the case goes on with the goods by itself.

    Raises:
        HasClaims: what a refund is for goes into several orders.
    """
    ledger = tx.refund_ledgers.of(order)
    there = {line.from_line: (heir, line.id) for heir in heirs for line in heir.lines if _is_whole(order, line)}
    for refund in tx.refunds.of_order(order.id):
        entry = ledger.standing.get(refund.id)
        if entry is None or (refund.state is RefundState.PROPOSED and refund.case_id is not None):
            continue
        ids = _lines(refund, entry)
        found = {there[id][0].id: there[id][0] for id in ids if id in there}
        if len(found) != 1 or not ids <= there.keys():
            raise _in_the_way(order, [], [refund])
        (heir,) = found.values()
        _carry(tx, refund, entry, heir, {id: there[id][1] for id in ids}, order, at)
        if entry.kind is EntryKind.HELD:
            ledger = ledger.release(refund.id, at=at)
    tx.refund_ledgers.save(ledger)


def gone_after(tx: Transaction, case: AftersalesCase, *, at: datetime) -> Change[AftersalesCase]:
    """Have a case that had ended before its order was split, merged or replaced stand where its units are by now.

    Nothing is held for it, so that its refund goes along as it is. Of several orders it is the one that has most of the
    units; that it is not all of them is for a person.
    """
    order = tx.orders.get(case.order_id)
    if case.is_open or not order.heirs:
        return Change(case)
    heirs = {heir.id: heir for heir in live(tx, order)}.values()
    heir, lines = max(((heir, _units_in(heir, case, order)) for heir in heirs), key=lambda found: _units(found[1]))
    if not lines:
        return Change(case)
    if case.refund_id is not None:
        refund = tx.refunds.get(case.refund_id)
        wants = tuple(RefundUnits(line_id=line.line_id, units=line.units) for line in lines)
        record(tx, tx.refunds, refund.goes_on_with(heir.id, wants, (), at=at), since=refund)
    moved = case.revise(order_id=heir.id, lines=lines, at=at)
    if _units(lines) == _units(case.lines):
        return moved
    return moved.then(moved.state.differs(CUT_SINCE, theirs=str(_units(case.lines)), ours=str(_units(lines)), at=at))


def _units_in(heir: SalesOrder, case: AftersalesCase, order: SalesOrder) -> tuple[CaseLine, ...]:
    """Return the units of a case that an order has by now, as its lines number them."""
    return tuple(
        evolve(claimed, line_id=line.id, units=units)
        for claimed in case.lines
        for was in order.lines
        for line in heir.lines
        if was.id == claimed.line_id and _is_cut_from(line, heir, was, order)
        if (units := seen_from(line.part, claimed.units, was.part))
    )


def _is_cut_from(line: OrderLine, heir: SalesOrder, was: OrderLine, order: SalesOrder) -> bool:
    same = (line.platform_line_no, heir.source_of(line)[0]) == (was.platform_line_no, order.source_of(was)[0])
    return same and (line.bundle is None or line.sku == was.sku)


def _units(lines: Iterable[CaseLine]) -> int:
    return sum(count(line.units) for line in lines)


def _carry(
    tx: Transaction,
    refund: RefundOrder,
    entry: LedgerEntry,
    heir: SalesOrder,
    new_ids: dict[LineId, LineId],
    order: SalesOrder,
    at: datetime,
) -> None:
    taken = tuple(evolve(each, line_id=new_ids[each.line_id]) for each in entry.taken)
    ledger = tx.refund_ledgers.of(heir)
    try:
        if entry.kind is EntryKind.DONE:
            ledger = ledger.moved(refund.id, taken, excess_fen=entry.excess_fen, at=at)
        else:
            ledger = ledger.hold(refund.id, taken, at=at)
    except NothingLeft:  # what was paid went to the parts by what they cost, and this one has less of it
        raise _in_the_way(order, [], [refund]) from None
    tx.refund_ledgers.save(ledger)
    wants = tuple(evolve(each, line_id=new_ids[each.line_id]) for each in refund.wants)
    record(tx, tx.refunds, refund.goes_on_with(heir.id, wants, _moved(refund.taken, new_ids), at=at), since=refund)
    if refund.case_id is not None:
        case = tx.cases.get(refund.case_id)
        lines = tuple(evolve(each, line_id=new_ids.get(each.line_id, each.line_id)) for each in case.lines)
        record(tx, tx.cases, case.revise(order_id=heir.id, lines=lines, at=at), since=case)


def _moved(taken: Iterable[Taken], new_ids: dict[LineId, LineId]) -> tuple[Taken, ...]:
    return tuple(evolve(each, line_id=new_ids.get(each.line_id, each.line_id)) for each in taken)


def _standing(tx: Transaction, order: SalesOrder) -> list[RefundOrder]:
    """Return the refunds of what may still be cut of an order that have moved, or hold money."""
    closed, standing = _closed(order), tx.refund_ledgers.of(order).standing
    if not standing:
        return []
    return [
        refund
        for refund in tx.refunds.of_order(order.id)
        if refund.id in standing and not _lines(refund, standing[refund.id]) <= closed
    ]


def _cut_refunds(tx: Transaction, order: SalesOrder, parts: Sequence[Contents]) -> list[RefundOrder]:
    """Return the refunds of what goes into several parts; lines with nothing to ship go into the first."""
    places = {line.id: {0} for line in order.lines}
    for line_id in {line_id for part in parts for line_id, _ in part}:
        places[line_id] = {at for at, part in enumerate(parts) if any(line_id == each for each, _ in part)}
    standing = tx.refund_ledgers.of(order).standing
    return [
        refund
        for refund in tx.refunds.of_order(order.id)
        if refund.id in standing and len({at for id in _lines(refund, standing[refund.id]) for at in places[id]}) > 1
    ]


def _lines(refund: RefundOrder, entry: LedgerEntry) -> set[LineId]:
    """Return the lines that a refund is for, and those that it took money of: more may have moved than was asked."""
    return {want.line_id for want in refund.wants} | {taken.line_id for taken in entry.taken}


def _closed(order: SalesOrder) -> set[LineId]:
    return {line.id for line in order.lines if line.is_closed}


def _is_whole(order: SalesOrder, line: OrderLine) -> bool:
    """Whether a line of an order that goes on has all units of the one that it is from: then it numbers them alike."""
    return any(each.id == line.from_line and each.quantity == line.quantity for each in order.lines)


def _in_the_way(order: SalesOrder, cases: Iterable[AftersalesCase], refunds: Iterable[RefundOrder]) -> HasClaims:
    return HasClaims(
        number=order.number,
        cases=tuple(case.number for case in cases),
        refunds=tuple(refund.number for refund in refunds),
    )
