"""The refundable ledger (可退账): what each unit of an order paid, what went back of it, and what may still go back.

It only grows: an entry is added when money is held for a refund, when it has moved, and when it is let go. What may go
back now follows from the entries alone, by unit and component: goods and freight, each by what paid them. An entry
says which units it took how much of, so that any order of refunds, in part or whole, adds up to what was paid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from oms_domain.apportionment.units import Runs
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.identity import LineId, OrderId, RefundId
from oms_domain.refunds.layers import Layer, layer_of, lowest, minus, plus, total, within

CASH: Final = ""
"""What is paid in money: the tender without an id."""


class Charge(StrEnum):
    """What the buyer was charged for."""

    GOODS = "goods"
    FREIGHT = "freight"


class EntryKind(StrEnum):
    """What an entry of the ledger says about its refund."""

    HELD = "held"  # proposed, approved, under way or in doubt: nobody else may have it
    DONE = "done"  # the money is with the buyer
    RELEASED = "released"  # it will not move


@frozen(kw_only=True)
class UnknownLine(Invalid):
    """The order has no such line, or the line has no such units."""

    code: ClassVar[str] = "refunds.unknown_line"
    field: str = "lines"
    line_id: LineId


@frozen(kw_only=True)
class NothingLeft(Refused):
    """More is to be held than units, tender or cash still have. ``left_fen`` is what they have of it."""

    code: ClassVar[str] = "refunds.nothing_left"
    line_id: LineId
    tender: str
    wanted_fen: int
    left_fen: int


@frozen(kw_only=True)
class HeldOtherwise(Refused):
    """The same refund holds something else already: an id stands for one refund, for ever."""

    code: ClassVar[str] = "refunds.held_otherwise"
    refund_id: RefundId


@frozen(kw_only=True)
class NotHeld(Refused):
    """The ledger holds nothing for this refund."""

    code: ClassVar[str] = "refunds.not_held"
    refund_id: RefundId


@frozen(kw_only=True)
class LedgerStep:
    """What took something off a line's price (a discount, with who pays for it), or paid for it (a tender)."""

    id: str
    name: str = ""
    funder: str = ""
    is_tender: bool = False


@frozen(kw_only=True)
class LedgerLine:
    """One order line with its running nets: what it cost before any step, and what was left after each.

    ``goods`` and ``freight`` are one longer than the ledger's steps; the last of each was paid in cash.
    """

    line_id: LineId
    units: int
    goods: tuple[int, ...]
    freight: tuple[int, ...]

    def nets(self, charge: Charge) -> tuple[int, ...]:
        return self.goods if charge is Charge.GOODS else self.freight


@frozen(kw_only=True)
class Taken:
    """How much an entry takes of each unit of a line, for one charge and from one tender."""

    line_id: LineId
    charge: Charge
    tender: str
    layer: Layer

    @property
    def fen(self) -> int:
        return total(self.layer)


@frozen(kw_only=True)
class LedgerEntry:
    """A line of the ledger. The last entry of a refund says how it stands.

    ``excess_fen``: what somebody gave back beyond everything that was paid; it lies on no unit, and is shown.
    """

    refund_id: RefundId
    kind: EntryKind
    taken: tuple[Taken, ...] = ()
    excess_fen: int = 0
    at: datetime

    @property
    def fen(self) -> int:
        """What lies on units."""
        return sum(each.fen for each in self.taken)


@frozen(kw_only=True)
class RefundLedger:
    """The ledger of one order.

    Attributes:
        steps: in the order of the running nets.
        collected_fen: what came in as cash: less than the lines' while a balance or cash on delivery is open.
    """

    order_id: OrderId
    currency: str = "CNY"
    steps: tuple[LedgerStep, ...]
    lines: tuple[LedgerLine, ...]
    collected_fen: int
    entries: tuple[LedgerEntry, ...] = ()
    version: int = field(default=0)

    # --- reading -----------------------------------------------------------------------------------------------------

    @property
    def standing(self) -> Mapping[RefundId, LedgerEntry]:
        """The last entry of each refund, without those that were let go."""
        last = {entry.refund_id: entry for entry in self.entries}
        return {id_: entry for id_, entry in last.items() if entry.kind is not EntryKind.RELEASED}

    @property
    def tenders(self) -> tuple[str, ...]:
        """Everything that paid, cash last."""
        return (*(step.id for step in self.steps if step.is_tender), CASH)

    @property
    def excess_fen(self) -> int:
        """What was given back beyond what was paid, in all."""
        return sum(entry.excess_fen for entry in self.standing.values())

    def line(self, line_id: LineId) -> LedgerLine:
        """Raises ``UnknownLine``."""
        found = next((line for line in self.lines if line.line_id == line_id), None)
        if found is None:
            raise UnknownLine(line_id=line_id)
        return found

    def whole(self, line_id: LineId) -> Runs:
        """Return all units of a line."""
        return ((0, self.line(line_id).units),)

    def paid(self, line_id: LineId, charge: Charge, tender: str) -> Layer:
        """Return what a tender, or cash, paid for each unit."""
        line = self.line(line_id)
        nets = line.nets(charge)
        if tender == CASH:
            return layer_of(nets[-1], 0, line.units)
        at = next(at for at, step in enumerate(self.steps) if step.id == tender)
        return layer_of(nets[at], nets[at + 1], line.units)

    def gone(self, line_id: LineId, charge: Charge, tender: str, kind: EntryKind | None = None) -> Layer:
        """Return what went back of each unit, or is held for it (``kind``: only what is so)."""
        entries = (entry for entry in self.standing.values() if kind is None or entry.kind is kind)
        return plus(*(each.layer for entry in entries for each in _of(entry.taken, line_id, charge, tender)))

    def left(self, line_id: LineId, charge: Charge, tender: str) -> Layer:
        """Return what may still go back of each unit. Nowhere negative."""
        return minus(self.paid(line_id, charge, tender), self.gone(line_id, charge, tender))

    @property
    def cash_left_fen(self) -> int:
        """What came in as cash, less what went back of it or is held."""
        entries = self.standing.values()
        return self.collected_fen - sum(each.fen for entry in entries for each in entry.taken if each.tender == CASH)

    def discount(self, line_id: LineId, step_id: str, charge: Charge, units: Runs) -> int:
        """Return what a discount took of units: for information, since it never goes back to the buyer."""
        line = self.line(line_id)
        at = next(at for at, step in enumerate(self.steps) if step.id == step_id)
        nets = line.nets(charge)
        return total(layer_of(nets[at], nets[at + 1], line.units), units)

    def is_refunded(self, line_id: LineId) -> bool:
        """Whether nothing of the line's goods is left to give back, and all of it has moved."""
        return all(
            self.paid(line_id, Charge.GOODS, tender) == self.gone(line_id, Charge.GOODS, tender, EntryKind.DONE)
            for tender in self.tenders
        )

    @property
    def is_refunded_whole(self) -> bool:
        """Whether every line's goods went back, and at least one refund has moved: the order may be closed."""
        moved = any(entry.kind is EntryKind.DONE for entry in self.standing.values())
        return moved and all(self.is_refunded(line.line_id) for line in self.lines)

    # --- writing: an entry is added, none is changed -----------------------------------------------------------------

    def hold(self, refund_id: RefundId, taken: tuple[Taken, ...], *, at: datetime) -> RefundLedger:
        """Keep amounts for a refund, so that no other can have them. The same again changes nothing.

        Raises:
            NothingLeft: a unit, a tender or the cash has less.
            HeldOtherwise: the id stands for something else.
            UnknownLine: a line or unit that is not there.
        """
        if (standing := self.standing.get(refund_id)) is not None:
            # Another amount may have moved than was held: a late repeat of the holding is one all the same.
            held = (entry.taken for entry in self.entries if entry.refund_id == refund_id)
            if taken == standing.taken or (standing.kind is EntryKind.DONE and taken in held):
                return self
            raise HeldOtherwise(refund_id=refund_id)
        self.check(taken)
        return self._with(LedgerEntry(refund_id=refund_id, kind=EntryKind.HELD, taken=taken, at=at))

    def release(self, refund_id: RefundId, *, at: datetime) -> RefundLedger:
        """Let go what is held, since it will not move. Let go already: nothing happens.

        Raises:
            NotHeld: it is not known, or it has moved; what has moved does not come back here.
        """
        entry = next((each for each in reversed(self.entries) if each.refund_id == refund_id), None)
        if entry is None or entry.kind is EntryKind.DONE:
            raise NotHeld(refund_id=refund_id)
        if entry.kind is EntryKind.RELEASED:
            return self
        return self._with(LedgerEntry(refund_id=refund_id, kind=EntryKind.RELEASED, at=at))

    def moved(
        self, refund_id: RefundId, taken: tuple[Taken, ...], *, excess_fen: int = 0, at: datetime
    ) -> RefundLedger:
        """Book that money is with the buyer. Booked once, it stays: the same or another amount changes nothing.

        ``placing.settled`` says what ``taken`` and ``excess_fen`` are, for the amount that moved.

        Raises:
            NothingLeft: more is placed on units than they have; ``placing.settled`` never does.
        """
        entry = self.standing.get(refund_id)
        if entry is not None and entry.kind is EntryKind.DONE:
            return self
        without = self if entry is None else self.release(refund_id, at=at)
        without.check(taken)
        done = LedgerEntry(refund_id=refund_id, kind=EntryKind.DONE, taken=taken, excess_fen=excess_fen, at=at)
        return self._with(done)

    def moved_besides(self, refund_id: RefundId, excess_fen: int, *, at: datetime) -> RefundLedger:
        """Book that more has moved for a refund that was paid in full already: excess. Booked once, it stays.

        Raises:
            NotHeld: nothing has moved for it before.
        """
        entry = self.standing.get(refund_id)
        if entry is None or entry.kind is not EntryKind.DONE:
            raise NotHeld(refund_id=refund_id)
        if entry.excess_fen:
            return self
        return self._with(evolve(entry, excess_fen=excess_fen, at=at))

    def _with(self, entry: LedgerEntry) -> RefundLedger:
        return evolve(self, entries=(*self.entries, entry))

    def check(self, taken: tuple[Taken, ...]) -> None:
        """Raise ``NothingLeft`` or ``UnknownLine`` where units, tender or cash have less than is to be taken."""
        wanted: dict[tuple[LineId, Charge, str], Layer] = {}
        for each in taken:
            if lowest(each.layer) < 0 or total(within(each.layer, self.whole(each.line_id))) != each.fen:
                raise UnknownLine(line_id=each.line_id)
            key = (each.line_id, each.charge, each.tender)
            wanted[key] = plus(wanted.get(key, ()), each.layer)
        cash = 0
        for (line_id, charge, tender), layer in wanted.items():
            if tender not in self.tenders:
                raise NothingLeft(line_id=line_id, tender=tender, wanted_fen=total(layer), left_fen=0)
            left = self.left(line_id, charge, tender)
            cash += total(layer) if tender == CASH else 0
            short = sum((stop - first) * -each for first, stop, each in minus(left, layer) if each < 0)
            if short:
                wanted_fen = total(layer)
                raise NothingLeft(line_id=line_id, tender=tender, wanted_fen=wanted_fen, left_fen=wanted_fen - short)
            if cash > self.cash_left_fen:
                raise NothingLeft(line_id=line_id, tender=CASH, wanted_fen=cash, left_fen=max(self.cash_left_fen, 0))


def _of(taken: Iterable[Taken], line_id: LineId, charge: Charge, tender: str) -> Iterable[Taken]:
    return (each for each in taken if (each.line_id, each.charge, each.tender) == (line_id, charge, tender))
