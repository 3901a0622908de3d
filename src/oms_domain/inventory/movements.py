"""Movements: the entries of the ledger that only grows, and what each may do to the quantities.

Every quantity is the sum of its column over the ledger, reserved units included, so that all of them can be
recomputed at any time. A store applies a movement under the same conditions as ``moved``.
"""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import evolve, frozen

from oms_domain.inventory.stock import LedgerKind, Quality, StockBelowReserved, StockLevel
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import SkuCode, WarehouseCode

COLUMNS: Final = ("on_hand", "reserved", "defective", "safety", "locked", "in_transit")
"""The quantities of a stock row that the ledger sums up."""

BEYOND_FREE: Final = frozenset({LedgerKind.DIFFERENCE, LedgerKind.REPAIR})
"""Kinds that may leave less than nothing free: they write down what is so already."""


@frozen(kw_only=True)
class NotThatMany(Refused):
    """Fewer units of this kind are there than were to be taken: ``column`` names the quantity."""

    code: ClassVar[str] = "inventory.not_that_many"
    sku: SkuCode
    warehouse: WarehouseCode
    column: str
    there: int
    taken: int


@frozen(kw_only=True)
class Movement:
    """One entry of the ledger (库存流水): by how many units each quantity of a SKU in a warehouse changes.

    ``safety_was``: the movement stands only if safety stock is this much before it (it sets, where others add).
    """

    sku: SkuCode
    warehouse: WarehouseCode
    kind: LedgerKind
    on_hand: int = 0
    reserved: int = 0
    defective: int = 0
    safety: int = 0
    locked: int = 0
    in_transit: int = 0
    safety_was: int | None = None

    @property
    def place(self) -> tuple[SkuCode, WarehouseCode]:
        """The row it changes. Rows are locked in the order of their places."""
        return self.sku, self.warehouse

    @property
    def changes(self) -> dict[str, int]:
        """The quantities it changes, by column."""
        return {name: units for name in COLUMNS if (units := getattr(self, name))}

    @property
    def takes_free(self) -> bool:
        """Whether it needs units that nobody holds and nothing freezes."""
        return self.kind not in BEYOND_FREE and self.on_hand - self.reserved - self.locked < 0

    @property
    def takes_sellable(self) -> bool:
        """Whether it must leave the safety stock alone as well."""
        return self.kind is LedgerKind.RESERVE


def moved(level: StockLevel, movement: Movement) -> StockLevel:
    """Return the level after a movement.

    Raises:
        NotThatMany: a quantity would fall below 0, or more is reserved than is for sale.
        StockBelowReserved: fewer units would be on hand than are reserved or frozen.
    """
    after = evolve(level, **{name: getattr(level, name) + units for name, units in movement.changes.items()})
    if movement.takes_sellable and after.free - after.safety < 0:
        raise _too_few(level, "available", level.available, movement.reserved)
    for name, units in movement.changes.items():
        if name != "on_hand" and getattr(after, name) < 0:
            raise _too_few(level, name, getattr(level, name), -units)
    if after.on_hand < after.reserved or after.on_hand < 0 or (movement.takes_free and after.free < 0):
        raise StockBelowReserved(sku=level.sku, warehouse=level.warehouse)
    return after


def _too_few(level: StockLevel, column: str, there: int, taken: int) -> NotThatMany:
    return NotThatMany(sku=level.sku, warehouse=level.warehouse, column=column, there=there, taken=taken)


def reserves(sku: SkuCode, warehouse: WarehouseCode, units: int) -> Movement:
    """Return the entry of units that an order now holds."""
    return Movement(sku=sku, warehouse=warehouse, kind=LedgerKind.RESERVE, reserved=units)


def unreserves(sku: SkuCode, warehouse: WarehouseCode, units: int) -> Movement:
    """Return the entry of units that an order gives back."""
    return Movement(sku=sku, warehouse=warehouse, kind=LedgerKind.UNRESERVE, reserved=-units)


def ships(sku: SkuCode, warehouse: WarehouseCode, units: int) -> Movement:
    """Return the entry of reserved units that have left."""
    return Movement(sku=sku, warehouse=warehouse, kind=LedgerKind.SHIP, reserved=-units, on_hand=-units)


def adds(sku: SkuCode, warehouse: WarehouseCode, units: int, kind: LedgerKind, quality: Quality) -> Movement:
    """Return the entry of units that came (or, below 0, went), in the column of their quality."""
    column = {Quality.GOOD: "on_hand", Quality.DEFECTIVE: "defective"}[quality]
    return Movement(sku=sku, warehouse=warehouse, kind=kind, **{column: units})


def no_stock(sku: SkuCode, warehouse: WarehouseCode) -> StockLevel:
    """Return the level of a SKU that never came into a warehouse."""
    return StockLevel(sku=sku, warehouse=warehouse, on_hand=0, reserved=0)
