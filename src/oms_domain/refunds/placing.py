"""Placing an amount on units: how much of which line, from goods or freight, back to which tender."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from attrs import evolve, frozen

from oms_domain.apportionment.allocate import shares
from oms_domain.apportionment.rules import LARGEST_REMAINDER
from oms_domain.apportionment.units import Runs
from oms_domain.kernel.identity import LineId, RefundId
from oms_domain.refunds.layers import Layer, plus, spread, total, within
from oms_domain.refunds.ledger import CASH, Charge, EntryKind, NothingLeft, RefundLedger, Taken, UnknownLine


class PartialOrder(StrEnum):
    """What a refund of less than everything takes from first. Each tender gets back only what it paid, in any case."""

    IN_PROPORTION = "in_proportion"  # from cash and every tender alike
    CASH_FIRST = "cash_first"


@frozen(kw_only=True)
class RefundUnits:
    """Units of one line that money is to go back for."""

    line_id: LineId
    units: Runs


@frozen(kw_only=True)
class Room:
    """What one tender may still give back for wanted units of a line, for one charge."""

    line_id: LineId
    charge: Charge
    tender: str
    layer: Layer
    fen: int


GOODS_ONLY: Final = (Charge.GOODS,)
GOODS_AND_FREIGHT: Final = (Charge.GOODS, Charge.FREIGHT)


def charges(with_freight: bool) -> tuple[Charge, ...]:
    return GOODS_AND_FREIGHT if with_freight else GOODS_ONLY


def rooms(ledger: RefundLedger, wants: Sequence[RefundUnits], *, with_freight: bool) -> tuple[Room, ...]:
    """Return what wanted units may still give back, by line, charge and tender; none that has nothing.

    Raises:
        UnknownLine: a line or unit that is not there, or a line named twice.
    """
    _check(ledger, wants)
    found = [
        room_of(want.line_id, charge, tender, within(ledger.left(want.line_id, charge, tender), want.units))
        for want in wants
        for charge in charges(with_freight)
        for tender in ledger.tenders
    ]
    return within_the_cash(tuple(room for room in found if room.fen), ledger.cash_left_fen)


def place(
    found: Sequence[Room], amount_fen: int | None = None, order: PartialOrder = PartialOrder.IN_PROPORTION
) -> tuple[Taken, ...]:
    """Place an amount on what has room: everything by default.

    What a part is shared over is a matter of fairness only: shares are never above their room, so that in the end
    every unit and tender is back at exactly what it paid.

    Args:
        amount_fen: at most what there is room for.
    """
    caps = [room.fen for room in found]
    amount = sum(caps) if amount_fen is None else amount_fen
    assert 0 <= amount <= sum(caps), "more is placed than there is room for"
    if order is PartialOrder.CASH_FIRST:
        in_cash = [room.fen if room.tender == CASH else 0 for room in found]
        cash = _capped(min(amount, sum(in_cash)), in_cash)
        rest = _capped(amount - sum(cash), [cap - part for cap, part in zip(caps, cash, strict=True)])
        parts = tuple(a + b for a, b in zip(cash, rest, strict=True))
    else:
        parts = _capped(amount, caps)
    return tuple(
        Taken(line_id=room.line_id, charge=room.charge, tender=room.tender, layer=spread(part, room.layer))
        for room, part in zip(found, parts, strict=True)
        if part
    )


def settled(
    ledger: RefundLedger, refund_id: RefundId, wants: Sequence[RefundUnits], moved_fen: int, *, at: datetime
) -> RefundLedger:
    """Book what has moved for a refund, whatever it was: a fact, told by who paid.

    What was held is booked; of less, less on the same units; more goes on what the units have left, goods before
    freight, then on what the order has left, and what is beyond everything that was paid is kept as excess.

    Args:
        wants: the units that the refund is for, where nothing is held for it.
    """
    entry = ledger.standing.get(refund_id)
    if entry is not None and entry.kind is EntryKind.DONE:
        return ledger
    held = _last_held(ledger, refund_id) if entry is None else entry.taken
    rest_fen = moved_fen - sum(each.fen for each in held)
    if rest_fen <= 0:
        found = [room_of(each.line_id, each.charge, each.tender, each.layer) for each in held]
        return ledger.moved(refund_id, place(found, moved_fen), at=at)
    everything = [RefundUnits(line_id=line.line_id, units=ledger.whole(line.line_id)) for line in ledger.lines]
    taken = held
    for where, with_freight in ((wants, False), (wants, True), (everything, True)):
        more, rest_fen = _more(ledger.moved(refund_id, taken, at=at), where, rest_fen, with_freight=with_freight)
        taken = _together((*taken, *more))
    return ledger.moved(refund_id, taken, excess_fen=rest_fen, at=at)


def _last_held(ledger: RefundLedger, refund_id: RefundId) -> tuple[Taken, ...]:
    """Return what was held for a refund that was let go and has moved all the same, if it is still to be had."""
    entries = (each for each in reversed(ledger.entries) if each.refund_id == refund_id)
    taken = next((entry.taken for entry in entries if entry.kind is EntryKind.HELD), ())
    try:
        ledger.check(taken)
    except NothingLeft:
        return ()
    return taken


def _together(taken: Iterable[Taken]) -> tuple[Taken, ...]:
    found: dict[tuple[LineId, Charge, str], Taken] = {}
    for each in taken:
        key = (each.line_id, each.charge, each.tender)
        before = found.get(key)
        found[key] = each if before is None else evolve(each, layer=plus(before.layer, each.layer))
    return tuple(found.values())


def _more(
    ledger: RefundLedger, wants: Sequence[RefundUnits], amount_fen: int, *, with_freight: bool
) -> tuple[tuple[Taken, ...], int]:
    """Place as much as there is room for. Returns what is placed, and what is over."""
    found = rooms(ledger, wants, with_freight=with_freight)
    fits = min(amount_fen, sum(room.fen for room in found))
    return place(found, fits), amount_fen - fits


def room_of(line_id: LineId, charge: Charge, tender: str, layer: Layer) -> Room:
    return Room(line_id=line_id, charge=charge, tender=tender, layer=layer, fen=total(layer))


def within_the_cash(found: tuple[Room, ...], cash_fen: int) -> tuple[Room, ...]:
    """Draw cash in to what came in, where a balance or cash on delivery is open."""
    cash = [room.fen if room.tender == CASH else 0 for room in found]
    if sum(cash) <= cash_fen:
        return found
    fits = _capped(max(cash_fen, 0), cash)
    drawn = (
        room_of(r.line_id, r.charge, r.tender, spread(fit, r.layer)) if r.tender == CASH else r
        for r, fit in zip(found, fits, strict=True)
    )
    return tuple(room for room in drawn if room.fen)


def _capped(amount: int, caps: Sequence[int]) -> tuple[int, ...]:
    return shares(amount, caps, LARGEST_REMAINDER, 1, caps) if amount else (0,) * len(caps)


def _check(ledger: RefundLedger, wants: Iterable[RefundUnits]) -> None:
    seen: set[LineId] = set()
    for want in wants:
        stop_of_line, before = ledger.line(want.line_id).units, -1
        for first, stop in want.units:
            if not before < first < stop <= stop_of_line:
                raise UnknownLine(line_id=want.line_id)
            before = stop
        if want.line_id in seen or not want.units:
            raise UnknownLine(line_id=want.line_id)
        seen.add(want.line_id)
