"""What the doctor looks for in refunds (I2): nothing gives back more than it paid; ledger and refunds say the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from oms_app.queries.rows import Finding
from oms_domain.kernel.identity import LineId, RefundId
from oms_domain.refunds.ledger import Charge, EntryKind, LedgerEntry
from oms_domain.refunds.refund_order import OVER, RefundOrder
from oms_domain.refunds.states import HOLDS_MONEY, RefundState

Place = tuple[LineId, Charge, str]


def standing(entries: Iterable[LedgerEntry]) -> dict[RefundId, LedgerEntry]:
    """Return the last entry of each refund that was not let go."""
    last = {entry.refund_id: entry for entry in entries}
    return {id: entry for id, entry in last.items() if entry.kind is not EntryKind.RELEASED}


def gone_of(entries: Iterable[LedgerEntry]) -> dict[Place, int]:
    """Return what is held or has moved of each line, charge and tender."""
    found: dict[Place, int] = {}
    for entry in standing(entries).values():
        for each in entry.taken:
            place = (each.line_id, each.charge, each.tender)
            found[place] = found.get(place, 0) + each.fen
    return found


def misrefunded(
    number: str,
    entries: Sequence[LedgerEntry],
    caps: Mapping[Place, tuple[int, int]],
    refunds: Iterable[RefundOrder],
) -> Iterator[Finding]:
    """Yield what is broken of one order's refunds.

    Args:
        caps: what each place paid, and what is kept as gone of it.
    """
    gone = gone_of(entries)
    for place in sorted({*gone, *caps}, key=str):
        paid, kept = caps.get(place, (0, 0))
        if gone.get(place, 0) > paid:
            seen = f"{gone[place]} went back of {paid} ({place[1]}, {place[2] or 'cash'})"
            yield Finding(invariant="I2", where=number, seen=seen)
        if gone.get(place, 0) != kept:
            seen = f"{kept} is kept as gone, the ledger says {gone.get(place, 0)} ({place[1]}, {place[2] or 'cash'})"
            yield Finding(invariant="I2", where=number, seen=seen)
    booked = standing(entries)
    for refund in refunds:
        entry = booked.get(refund.id)
        fen = entry.fen + entry.excess_fen if entry else 0
        yield from _excess(refund, entry.excess_fen if entry else 0)
        if refund.state is RefundState.SUCCEEDED and refund.moved is not None:
            should = refund.moved.fen + (refund.paid_besides.fen if refund.paid_besides else 0)
            fen = fen if entry and entry.kind is EntryKind.DONE else 0
        else:
            should = sum(each.fen for each in refund.taken) if refund.state in HOLDS_MONEY else 0
        if fen != should:
            yield Finding(invariant="I2", where=refund.number, seen=f"{should} by the refund, {fen} by the ledger")


def _excess(refund: RefundOrder, excess_fen: int) -> Iterator[Finding]:
    """Yield what went back beyond what was paid, until a person has seen to it."""
    waits = any(each.what in OVER for each in refund.differences)
    if excess_fen and (waits or refund.excess_fen != excess_fen):
        yield Finding(invariant="I2", where=refund.number, seen=f"{excess_fen} more went back than was paid")
