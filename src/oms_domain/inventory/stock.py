"""Quantities of a SKU in a warehouse, their ledger, and reservations.

The store's own condition decides whether units are to be had, never a read before a write. This slice knows one
warehouse an order, on-hand and reserved units; bundles, pools and sourcing come with their own capability.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from attrs import frozen

from oms_domain.kernel.change import Event
from oms_domain.kernel.errors import Invalid, NotFound, Refused
from oms_domain.kernel.identity import LineId, OrderId, SkuCode, WarehouseCode
from oms_domain.kernel.quantity import Quantity


class LedgerKind(StrEnum):
    """Why an on-hand quantity changed."""

    RECEIPT = "receipt"  # 入库
    SHIP = "ship"  # 销售出库
    ADJUST = "adjust"  # 手工调整


class ReservationState(StrEnum):
    """What became of reserved units (预占)."""

    LIVE = "live"
    CONSUMED = "consumed"  # they left
    RELEASED = "released"  # they went back


@frozen(kw_only=True)
class StockLevel:
    """One SKU in one warehouse, in units. ``available`` is what may still be reserved."""

    sku: SkuCode
    warehouse: WarehouseCode
    on_hand: int
    reserved: int

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


@frozen(kw_only=True)
class Want:
    """Units of one order line to reserve."""

    line_id: LineId
    sku: SkuCode
    quantity: Quantity


@frozen(kw_only=True)
class Reservation:
    """Units of one order line, held in one warehouse."""

    order_id: OrderId
    line_id: LineId
    sku: SkuCode
    warehouse: WarehouseCode
    quantity: int
    state: ReservationState = ReservationState.LIVE


@frozen(kw_only=True)
class StockReceived(Event):
    """Units came in and may be reserved: those who wait for this SKU can be tried again."""

    type: ClassVar[str] = "inventory.stock_received"
    receipt_id: UUID
    sku: SkuCode
    warehouse: WarehouseCode
    quantity: Quantity
    reason: str

    @property
    def stream(self) -> UUID:
        return self.receipt_id


@frozen(kw_only=True)
class StockBelowReserved(Refused):
    """An adjustment would leave fewer units than are reserved."""

    code: ClassVar[str] = "inventory.stock_below_reserved"
    sku: SkuCode
    warehouse: WarehouseCode


@frozen(kw_only=True)
class WarehouseNotFound(NotFound):
    """No such warehouse."""

    code: ClassVar[str] = "inventory.warehouse_not_found"
    warehouse: str


@frozen(kw_only=True)
class InvalidSku(Invalid):
    """A SKU code is 1 to 64 printable characters without blanks at its ends."""

    code: ClassVar[str] = "inventory.invalid_sku"
    value: str


@frozen(kw_only=True)
class InvalidWarehouse(Invalid):
    """A warehouse code is 1 to 32 characters of A–Z, a–z, 0–9, ``-`` and ``_``."""

    code: ClassVar[str] = "inventory.invalid_warehouse"
    value: str


_WAREHOUSE: Final = re.compile(r"[A-Za-z0-9_\-]{1,32}", re.ASCII)


def wanted_by_sku(wants: tuple[Want, ...]) -> tuple[tuple[SkuCode, int], ...]:
    """Add up wants by SKU, in the one lock order (SKU ascending). One SKU may stand on several lines.

    >>> from uuid import UUID
    >>> def want(line: int, units: int) -> Want:
    ...     return Want(line_id=LineId(UUID(int=line)), sku=SkuCode("SCARF"), quantity=Quantity(units))
    >>> wanted_by_sku((want(1, 2), want(2, 1)))
    (('SCARF', 3),)
    """
    sums: dict[SkuCode, int] = {}
    for want in wants:
        sums[want.sku] = sums.get(want.sku, 0) + want.quantity
    return tuple(sorted(sums.items()))


def sku_code(text: str, *, field: str = "sku") -> SkuCode:
    """Check a raw SKU code."""
    if not 1 <= len(text) <= 64 or text != text.strip() or not text.isprintable():
        raise InvalidSku(field=field, value=text[:64])
    return SkuCode(text)


def warehouse_code(text: str, *, field: str = "warehouse") -> WarehouseCode:
    """Check a raw warehouse code: 1 to 32 characters of A–Z, a–z, 0–9, ``-`` and ``_``."""
    if not _WAREHOUSE.fullmatch(text):
        raise InvalidWarehouse(field=field, value=text[:40])
    return WarehouseCode(text)
