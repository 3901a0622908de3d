"""Refundable now (现可退), and why not more: every fen of what units cost is in one row of the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise

from attrs import frozen

from oms_domain.apportionment.units import Runs, joined
from oms_domain.kernel.identity import LineId, RefundId
from oms_domain.refunds.layers import Layer, total
from oms_domain.refunds.ledger import Charge, EntryKind, RefundLedger
from oms_domain.refunds.placing import GOODS_AND_FREIGHT, RefundUnits, Room, charges, rooms


class WhyNot(StrEnum):
    """Why a part of what units cost does not go back now."""

    DISCOUNTED = "discounted"  # never paid: a discount, with who paid for it
    REFUNDED = "refunded"  # went back before
    HELD = "held"  # another refund is on its way with it
    FREIGHT_KEPT = "freight_kept"  # the freight stays with the shop
    NOT_COLLECTED = "not_collected"  # a balance or cash on delivery that has not come in


@frozen(kw_only=True)
class NotMore:
    """A part of what units cost that does not go back now, and because of what: a refund, or a discount's step."""

    why: WhyNot
    fen: int
    refund_id: RefundId | None = None
    step: str = ""
    funder: str = ""


@frozen(kw_only=True)
class RefundableNow:
    """What wanted units may still give back, by line, charge and tender, and why not more.

    ``cost_fen = fen + Σ not_more``: what their goods and freight cost before any discount.
    """

    wants: tuple[RefundUnits, ...]
    cost_fen: int
    rooms: tuple[Room, ...]
    not_more: tuple[NotMore, ...]

    @property
    def fen(self) -> int:
        return sum(room.fen for room in self.rooms)

    @property
    def by_tender(self) -> tuple[tuple[str, int], ...]:
        """What goes back to each tender; cash is the empty name."""
        found: dict[str, int] = {}
        for room in self.rooms:
            found[room.tender] = found.get(room.tender, 0) + room.fen
        return tuple(found.items())

    @property
    def by_funder(self) -> tuple[tuple[str, int], ...]:
        """What each funder's discounts took of these units: for information, it does not go back to the buyer."""
        found: dict[str, int] = {}
        for row in self.not_more:
            if row.why is WhyNot.DISCOUNTED:
                found[row.funder] = found.get(row.funder, 0) + row.fen
        return tuple(found.items())


def refundable_now(ledger: RefundLedger, wants: Sequence[RefundUnits], *, with_freight: bool) -> RefundableNow:
    """Return what units may give back now, from the ledger alone.

    Raises:
        UnknownLine: a line or unit that is not there, or a line named twice.
    """
    found = rooms(ledger, wants, with_freight=with_freight)
    rows = [*_discounts(ledger, wants), *_gone(ledger, wants)]
    if not with_freight:
        rows.append(NotMore(why=WhyNot.FREIGHT_KEPT, fen=_left(ledger, wants, (Charge.FREIGHT,))))
    short = _left(ledger, wants, charges(with_freight)) - sum(room.fen for room in found)
    rows.append(NotMore(why=WhyNot.NOT_COLLECTED, fen=short))
    cost = sum(_of_units(ledger, want, charge) for want in wants for charge in GOODS_AND_FREIGHT)
    return RefundableNow(wants=tuple(wants), cost_fen=cost, rooms=found, not_more=tuple(row for row in rows if row.fen))


def refunded_units(ledger: RefundLedger, line_id: LineId) -> Runs:
    """Return the units of a line that gave back all that they paid, and something: nobody may ask for them again."""
    gone, left = Counter[int](), Counter[int]()
    for tender in ledger.tenders:
        _mark(gone, ledger.gone(line_id, Charge.GOODS, tender, EntryKind.DONE))
        _mark(left, ledger.left(line_id, Charge.GOODS, tender))
    found, edges = list[tuple[int, int]](), sorted({*gone, *left})
    has_gone = has_left = 0
    for first, stop in pairwise(edges):
        has_gone, has_left = has_gone + gone[first], has_left + left[first]
        if has_gone and not has_left:
            found.append((first, stop))
    return joined(found)


def _mark(edges: Counter[int], layer: Layer) -> None:
    for first, stop, _ in layer:
        edges[first] += 1
        edges[stop] -= 1


def _of_units(ledger: RefundLedger, want: RefundUnits, charge: Charge) -> int:
    """Return what units cost before any discount: what was paid for them, and what every discount took."""
    paid = sum(total(ledger.paid(want.line_id, charge, tender), want.units) for tender in ledger.tenders)
    steps = (step.id for step in ledger.steps if not step.is_tender)
    return paid + sum(ledger.discount(want.line_id, step, charge, want.units) for step in steps)


def _left(ledger: RefundLedger, wants: Sequence[RefundUnits], of: Sequence[Charge]) -> int:
    return sum(
        total(ledger.left(want.line_id, charge, tender), want.units)
        for want in wants
        for charge in of
        for tender in ledger.tenders
    )


def _discounts(ledger: RefundLedger, wants: Sequence[RefundUnits]) -> list[NotMore]:
    found = []
    for step in ledger.steps:
        if not step.is_tender:
            took = sum(
                ledger.discount(want.line_id, step.id, charge, want.units)
                for want in wants
                for charge in GOODS_AND_FREIGHT
            )
            found.append(NotMore(why=WhyNot.DISCOUNTED, fen=took, step=step.id, funder=step.funder))
    return found


def _gone(ledger: RefundLedger, wants: Sequence[RefundUnits]) -> list[NotMore]:
    units = {want.line_id: want.units for want in wants}
    found = []
    for refund_id, entry in ledger.standing.items():
        fen = sum(total(each.layer, units[each.line_id]) for each in entry.taken if each.line_id in units)
        why = WhyNot.REFUNDED if entry.kind is EntryKind.DONE else WhyNot.HELD
        found.append(NotMore(why=why, fen=fen, refund_id=refund_id))
    return found
