"""Units that are gone although orders hold them: who gives them up, and what stays open for a person.

Taken are first the units that nobody holds, then those of the newest orders that are not yet with a warehouse. What
released orders hold is not touched: the rest is an open difference (差异挂账) on a work list. Its units are locked
meanwhile, so that nothing that comes in is sold in their place, until the difference is settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from attrs import evolve, frozen

from oms_domain.inventory.documents import DocumentKind, StockDocumentEvent
from oms_domain.inventory.movements import Movement
from oms_domain.inventory.stock import LedgerKind, StockLevel
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import NotFound, Refused
from oms_domain.kernel.identity import OrderId, SkuCode, StockDocumentId, WarehouseCode


@frozen(kw_only=True)
class DifferenceNotOpen(NotFound):
    """No such difference is open."""

    code: ClassVar[str] = "inventory.difference_not_open"
    difference_id: UUID


@frozen(kw_only=True)
class StillHeld(Refused):
    """Released orders still hold every unit that is there: the difference cannot be settled yet."""

    code: ClassVar[str] = "inventory.still_held"
    sku: SkuCode
    warehouse: WarehouseCode
    units: int


@frozen
class Holder:
    """An order that holds units and is not yet with a warehouse."""

    order_id: OrderId
    units: int


@frozen
class Taking:
    """How missing units are taken: who gives up, how many leave the books, and how many stay open."""

    gives_up: tuple[OrderId, ...]
    taken: int
    open: int


@frozen(kw_only=True)
class DifferenceOpened(StockDocumentEvent):
    """Units are gone that released orders hold."""

    type: ClassVar[str] = "inventory.difference_opened"
    difference_id: UUID
    sku: SkuCode
    units: int


@frozen(kw_only=True)
class DifferenceSettled(StockDocumentEvent):
    """Units of an open difference were written off, or (``found``) turned up again; ``left`` stay open."""

    type: ClassVar[str] = "inventory.difference_settled"
    difference_id: UUID
    sku: SkuCode
    units: int
    left: int
    found: bool
    reason: str


@frozen(kw_only=True)
class StockDifference:
    """An open difference: ``units`` that are gone and still stand in the books, locked."""

    id: UUID
    document_id: StockDocumentId
    number: str
    kind: DocumentKind
    sku: SkuCode
    warehouse: WarehouseCode
    units: int
    at: datetime

    def opened(self) -> DifferenceOpened:
        return DifferenceOpened(
            document_id=self.document_id,
            number=self.number,
            warehouse=self.warehouse,
            difference_id=self.id,
            sku=self.sku,
            units=self.units,
            at=self.at,
        )

    def settle(
        self, level: StockLevel, *, found: bool, reason: str, at: datetime
    ) -> tuple[Change[StockDifference], Movement]:
        """Write off what nobody holds any more; or, if the units turned up again, only unlock them.

        Raises:
            StillHeld: nothing can be written off yet.
        """
        units = self.units if found else min(self.units, level.on_hand - level.reserved)
        if units <= 0:
            raise StillHeld(sku=self.sku, warehouse=self.warehouse, units=self.units)
        movement = Movement(
            sku=self.sku,
            warehouse=self.warehouse,
            kind=LedgerKind.DIFFERENCE,
            locked=-units,
            on_hand=0 if found else -units,
        )
        event = DifferenceSettled(
            document_id=self.document_id,
            number=self.number,
            warehouse=self.warehouse,
            difference_id=self.id,
            sku=self.sku,
            units=units,
            left=self.units - units,
            found=found,
            reason=reason,
            freed=(self.sku,) if found else (),
            at=at,
        )
        return Change(evolve(self, units=self.units - units), (event,)), movement


def take(level: StockLevel, units: int, holders: Sequence[Holder]) -> Taking:
    """Decide who gives up ``units`` that are gone.

    Args:
        level: before anything is taken.
        units: how many good units are gone, at least 1 and at most what is on hand.
        holders: unreleased orders that hold some, newest first.

    >>> from uuid import UUID
    >>> level = StockLevel(sku=SkuCode("S"), warehouse=WarehouseCode("W"), on_hand=9, reserved=8)
    >>> newest, older = (Holder(OrderId(UUID(int=n)), 3) for n in (2, 1))
    >>> taking = take(level, 3, (newest, older))
    >>> taking.gives_up == (newest.order_id,), taking.taken, taking.open
    (True, 3, 0)
    """
    to_be_had, gives_up = max(level.free, 0), []
    for holder in holders:
        if to_be_had >= units:
            break
        gives_up.append(holder.order_id)
        to_be_had += holder.units
    taken = min(units, to_be_had)
    return Taking(tuple(gives_up), taken, units - taken)
