"""Drift (库存漂移): where the quantities of a row are not what its ledger and its reservations add up to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from attrs import evolve, frozen

from oms_domain.inventory.movements import COLUMNS, Movement
from oms_domain.inventory.stock import LedgerKind, StockLevel
from oms_domain.kernel.change import Event
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import SkuCode, WarehouseCode


@frozen(kw_only=True)
class CountItFirst(Refused):
    """By its ledger fewer units are there than are reserved: nothing but a stocktake can tell what is right."""

    code: ClassVar[str] = "inventory.count_it_first"
    sku: SkuCode
    warehouse: WarehouseCode


@frozen(kw_only=True)
class StockRepaired(Event):
    """The quantities of a row were put right: each with what it was and what it is now."""

    type: ClassVar[str] = "inventory.stock_repaired"
    repair_id: UUID
    sku: SkuCode
    warehouse: WarehouseCode
    was: tuple[tuple[str, int], ...]
    now: tuple[tuple[str, int], ...]
    reason: str

    @property
    def stream(self) -> UUID:
        return self.repair_id


@frozen(kw_only=True)
class Drift:
    """A row that is not what it should be, and the entry that compensates its ledger.

    Reserved units are what live reservations hold; every other quantity is the sum of its ledger. So the entry has
    units only where the ledger itself is off, which can be seen of reserved units alone; else it is the bare note
    that the row was put right.
    """

    stands: StockLevel
    should: StockLevel
    entry: Movement

    @property
    def differs(self) -> tuple[tuple[str, int, int], ...]:
        """Column, what stands there, and what should."""
        both = ((name, getattr(self.stands, name), getattr(self.should, name)) for name in COLUMNS)
        return tuple((name, stands, should) for name, stands, should in both if stands != should)

    def check(self) -> None:
        """Raises ``CountItFirst``."""
        least = min(getattr(self.should, name) for name in COLUMNS)
        if least < 0 or self.should.on_hand < self.should.reserved:
            raise CountItFirst(sku=self.stands.sku, warehouse=self.stands.warehouse)


def drift(stands: StockLevel, ledger: Mapping[str, int], held: int) -> Drift | None:
    """Compare a row with the sums of its ledger (by column) and the units that live reservations hold.

    Returns:
        None if all of them agree.

    >>> row = StockLevel(sku=SkuCode("S"), warehouse=WarehouseCode("W"), on_hand=9, reserved=2)
    >>> found = drift(row, {"on_hand": 8, "reserved": 2}, 3)
    >>> found.differs, found.entry.changes
    ((('on_hand', 9, 8), ('reserved', 2, 3)), {'reserved': 1})
    """
    sums: dict[str, Any] = {name: ledger.get(name, 0) for name in COLUMNS} | {"reserved": held}
    should = evolve(stands, **sums)
    entry = Movement(
        sku=stands.sku,
        warehouse=stands.warehouse,
        kind=LedgerKind.REPAIR,
        reserved=held - ledger.get("reserved", 0),
    )
    return Drift(stands=stands, should=should, entry=entry) if should != stands or entry.changes else None
