"""Postings: stock documents that are booked the moment they are made, all of their lines or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import ClassVar, Final

from attrs import field, frozen

from oms_domain.inventory.documents import (
    DocumentKind,
    StockDocumentEvent,
    Units,
    check_units,
    checked_reason,
    checked_reference,
    freed_by,
)
from oms_domain.inventory.movements import Movement, NotThatMany, adds
from oms_domain.inventory.stock import LedgerKind, Quality, StockLevel, StockReceived
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import StockDocumentId, WarehouseCode
from oms_domain.kernel.quantity import LARGEST_QUANTITY, Quantity

K = DocumentKind


@frozen(kw_only=True)
class NotPosted(Invalid):
    """Documents of this kind are worked on in steps of their own."""

    code: ClassVar[str] = "inventory.not_posted"
    value: str


@frozen(kw_only=True)
class GoodUnitsOnly(Invalid):
    """This document takes good units only."""

    code: ClassVar[str] = "inventory.good_units_only"


@frozen(kw_only=True)
class StockBooked(StockDocumentEvent):
    """A stock document was made and booked."""

    type: ClassVar[str] = "inventory.stock_booked"
    kind: DocumentKind
    lines: tuple[Units, ...]
    reason: str


Entry = Callable[[WarehouseCode, Units, StockLevel], Movement]


@frozen
class Rule:
    """How a kind of posting books a line.

    ``least``, ``most``: units of a line. ``reasoned``: it needs a reason. ``may_fall_short``: it says what is so, and
    units that are reserved are taken from those who hold them; all others are refused instead. ``out_of``: the quantity
    that good units come out of, where those of open differences are not among them.
    """

    entry: Entry
    least: int = 1
    most: int = LARGEST_QUANTITY
    reasoned: bool = False
    defective: bool = True
    may_fall_short: bool = False
    out_of: str = ""


def _comes(kind: LedgerKind) -> Entry:
    return lambda warehouse, line, _: adds(line.sku, warehouse, line.units, kind, line.quality)


def _goes(kind: LedgerKind) -> Entry:
    return lambda warehouse, line, _: adds(line.sku, warehouse, -line.units, kind, line.quality)


def _damaged(warehouse: WarehouseCode, line: Units, _: StockLevel) -> Movement:
    """Good units are defective from now on; defective ones are written off."""
    if line.quality is Quality.DEFECTIVE:
        return adds(line.sku, warehouse, -line.units, LedgerKind.DAMAGE, Quality.DEFECTIVE)
    return Movement(
        sku=line.sku, warehouse=warehouse, kind=LedgerKind.DAMAGE, on_hand=-line.units, defective=line.units
    )


def _locked(warehouse: WarehouseCode, line: Units, _: StockLevel) -> Movement:
    return Movement(sku=line.sku, warehouse=warehouse, kind=LedgerKind.LOCK, locked=line.units)


def _unlocked(warehouse: WarehouseCode, line: Units, _: StockLevel) -> Movement:
    return Movement(sku=line.sku, warehouse=warehouse, kind=LedgerKind.UNLOCK, locked=-line.units)


def _safety(warehouse: WarehouseCode, line: Units, level: StockLevel) -> Movement:
    """Set safety stock to the line's units."""
    more = line.units - level.safety
    return Movement(sku=line.sku, warehouse=warehouse, kind=LedgerKind.SAFETY, safety=more, safety_was=level.safety)


RULES: Final[Mapping[DocumentKind, Rule]] = {
    K.PURCHASE_RECEIPT: Rule(_comes(LedgerKind.PURCHASE_RECEIPT)),
    K.PRODUCTION_RECEIPT: Rule(_comes(LedgerKind.PRODUCTION_RECEIPT)),
    K.RETURN_RECEIPT: Rule(_comes(LedgerKind.RETURN_RECEIPT)),
    K.PURCHASE_RETURN: Rule(_goes(LedgerKind.PURCHASE_RETURN)),
    K.SAMPLING: Rule(_goes(LedgerKind.SAMPLING), defective=False),
    K.DAMAGE: Rule(_damaged, reasoned=True, may_fall_short=True, out_of="on_hand"),
    K.LOCK: Rule(_locked, reasoned=True, defective=False),
    K.UNLOCK: Rule(_unlocked, defective=False, out_of="locked"),
    K.SAFETY: Rule(_safety, least=0, defective=False),
    K.ADJUSTMENT: Rule(_comes(LedgerKind.ADJUST), least=-LARGEST_QUANTITY, reasoned=True),
    K.OTHER: Rule(_comes(LedgerKind.OTHER), least=-LARGEST_QUANTITY, reasoned=True),
}
RECEIPTS: Final = frozenset({K.PURCHASE_RECEIPT, K.PRODUCTION_RECEIPT})


@frozen(kw_only=True)
class Posting:
    """A stock document that was booked when it was made. ``reference`` is the number that others know it by."""

    id: StockDocumentId
    number: str
    kind: DocumentKind
    warehouse: WarehouseCode
    lines: tuple[Units, ...]
    reason: str = ""
    reference: str = ""
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    @property
    def rule(self) -> Rule:
        return RULES[self.kind]

    @property
    def contents(self) -> tuple[object, ...]:
        """What a repeat under the same reference must have as well."""
        return self.warehouse, self.lines

    def entry(self, line: Units, level: StockLevel, *, gone: int = 0) -> Movement:
        """Return what a line of it books, where the level stands at ``level``.

        ``gone``: units of open differences. They are not there any more, and stay locked until they are settled.

        Raises:
            NotThatMany: fewer units are there, or are locked, than the line takes.
        """
        column = self.rule.out_of if line.quality is Quality.GOOD else ""
        if column and line.units > (there := max(getattr(level, column) - gone, 0)):
            raise NotThatMany(sku=line.sku, warehouse=self.warehouse, column=column, there=there, taken=line.units)
        return self.rule.entry(self.warehouse, line, level)

    def booked(self, movements: tuple[Movement, ...], *, at: datetime) -> Change[Posting]:
        """Return the facts, with what the lines in fact booked."""
        event = StockBooked(
            document_id=self.id,
            number=self.number,
            kind=self.kind,
            warehouse=self.warehouse,
            lines=self.lines,
            reason=self.reason,
            freed=freed_by(movements),
            at=at,
        )
        return Change(self, (event, *(self._received(line, at) for line in self.lines if self._comes_in(line))))

    def _comes_in(self, line: Units) -> bool:
        return self.kind in RECEIPTS and line.quality is Quality.GOOD

    def _received(self, line: Units, at: datetime) -> StockReceived:
        return StockReceived(
            receipt_id=self.id,
            sku=line.sku,
            warehouse=self.warehouse,
            quantity=Quantity(line.units),
            reason=self.reason,
            at=at,
        )


def checked_posting(kind: DocumentKind, lines: tuple[Units, ...], reason: str, reference: str) -> tuple[str, str]:
    """Check what somebody wants to post; return the reason and the reference as they are stored.

    Raises:
        NotPosted: a transfer or a stocktake.
        InvalidLines, InvalidUnits, GoodUnitsOnly: a line cannot be booked.
        InvalidText: the reason is missing, or cannot be stored.
    """
    if kind not in RULES:
        raise NotPosted(field="kind", value=kind)
    rule = RULES[kind]
    check_units(lines, rule.least, rule.most)
    if not rule.defective:
        check_good(lines)
    for place, line in enumerate(lines):
        if not line.units and kind is not K.SAFETY:
            check_units(lines[place : place + 1], 1, rule.most)
    return checked_reason(reason, needed=rule.reasoned), checked_reference(reference)


def check_good(lines: tuple[Units, ...]) -> None:
    """Raises ``GoodUnitsOnly``."""
    for place, line in enumerate(lines):
        if line.quality is Quality.DEFECTIVE:
            raise GoodUnitsOnly(field=f"lines[{place}].quality")
