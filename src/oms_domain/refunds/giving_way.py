"""Money that has moved comes before money that is only held: what holds the same gives way, and moves not as well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import evolve

from oms_domain.refunds.layers import Layer, minus, total, within
from oms_domain.refunds.ledger import RefundLedger, Taken
from oms_domain.refunds.placing import RefundUnits, room_of, settled, within_the_cash
from oms_domain.refunds.refund_order import RefundOrder


def in_the_way(
    ledger: RefundLedger, refund: RefundOrder, moved_fen: int, others: Sequence[RefundOrder], *, at: datetime
) -> tuple[RefundOrder, ...]:
    """Return the refunds that give way to what has moved for another, in their order.

    Those that hold something of its units, where these have not enough without it; all, where there would be excess.

    Args:
        others: those that may give way: nobody has paid them, nor was asked to.
    """
    held = [other for other in others if other.taken and other.id in ledger.standing]
    own = ledger.standing.get(refund.id)
    if not held or (own is not None and own.fen >= moved_fen):
        return ()
    entry = settled(ledger, refund.id, refund.wants, moved_fen, at=at).standing[refund.id]
    if _of_units(entry.taken, refund.wants) == moved_fen:
        return ()
    near = tuple(other for other in held if _of_units(other.taken, refund.wants))
    without = released(ledger, near, at)
    if not settled(without, refund.id, refund.wants, moved_fen, at=at).standing[refund.id].excess_fen:
        return near
    return tuple(held)


def still_there(ledger: RefundLedger, taken: tuple[Taken, ...]) -> tuple[Taken, ...]:
    """Return what of an amount units, tenders and cash still have."""
    left = (
        evolve(each, layer=_at_most(each.layer, ledger.left(each.line_id, each.charge, each.tender))) for each in taken
    )
    rooms = tuple(room_of(each.line_id, each.charge, each.tender, each.layer) for each in left if each.layer)
    return tuple(
        Taken(line_id=each.line_id, charge=each.charge, tender=each.tender, layer=each.layer)
        for each in within_the_cash(rooms, ledger.cash_left_fen)
    )


def _of_units(taken: tuple[Taken, ...], wants: Sequence[RefundUnits]) -> int:
    units = {want.line_id: want.units for want in wants}
    return sum(total(within(each.layer, units.get(each.line_id, ()))) for each in taken)


def released(ledger: RefundLedger, refunds: Sequence[RefundOrder], at: datetime) -> RefundLedger:
    for refund in refunds:
        ledger = ledger.release(refund.id, at=at)
    return ledger


def _at_most(layer: Layer, left: Layer) -> Layer:
    over = tuple(run for run in minus(layer, left) if run[2] > 0)
    return minus(layer, over)
