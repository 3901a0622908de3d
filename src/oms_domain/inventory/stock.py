"""Quantities of a SKU in a warehouse, and reservations of them.

The store's own condition decides whether units are to be had, never a read before a write. What changes a quantity is
a ``Movement`` (``oms_domain.inventory.movements``); channel pools (配销) will be further holders of sellable units.
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
    """Why quantities changed (库存流水类型)."""

    PURCHASE_RECEIPT = "purchase_receipt"  # 采购入库
    PRODUCTION_RECEIPT = "production_receipt"  # 生产入库
    RETURN_RECEIPT = "return_receipt"  # 退货入库
    TRANSFER_OUT = "transfer_out"  # 调拨出库
    TRANSFER_IN = "transfer_in"  # 调拨入库
    RESERVE = "reserve"  # 预占
    UNRESERVE = "unreserve"  # 释放预占
    SHIP = "ship"  # 销售出库
    PURCHASE_RETURN = "purchase_return"  # 采购退货 (退供)
    SAMPLING = "sampling"  # 抽检
    STOCKTAKE = "stocktake"  # 盘点
    DAMAGE = "damage"  # 报损
    LOCK = "lock"  # 锁定
    UNLOCK = "unlock"  # 解锁
    SAFETY = "safety"  # 安全库存设置
    ADJUST = "adjust"  # 手工调整
    OTHER = "other"  # 其他出入库
    DIFFERENCE = "difference"  # 差异挂账: units that are gone but that released orders still hold, and their settling
    REPAIR = "repair"  # 校正: by the doctor, with a reason


class Quality(StrEnum):
    """Which units are meant (品质)."""

    GOOD = "good"  # 良品
    DEFECTIVE = "defective"  # 残次


class ReservationState(StrEnum):
    """What became of reserved units (预占)."""

    LIVE = "live"
    CONSUMED = "consumed"  # they left
    RELEASED = "released"  # they went back


@frozen(kw_only=True)
class StockLevel:
    """One SKU in one warehouse, in units.

    ``on_hand`` counts good units only, ``defective`` stands apart; ``safety`` is kept back from sale; ``locked`` is
    frozen, or gone while released orders still hold it; ``in_transit`` may be offered, never allocated.
    ``buckets``: in how many parts the sellable units lie, so that many may reserve at once; 0 is one part.
    """

    sku: SkuCode
    warehouse: WarehouseCode
    on_hand: int
    reserved: int
    defective: int = 0
    safety: int = 0
    locked: int = 0
    in_transit: int = 0
    buckets: int = 0

    @property
    def free(self) -> int:
        """Units that nobody holds and nothing freezes. Below 0 where more is gone than released orders leave."""
        return self.on_hand - self.reserved - self.locked

    @property
    def available(self) -> int:
        """Units that may still be reserved (可售), never below 0: safety stock may be more than there is."""
        return max(0, self.free - self.safety)


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
class Handover:
    """Units of an order line that another order's line has from now on, with what is held for them."""

    order_id: OrderId
    line_id: LineId
    to_order: OrderId
    to_line: LineId
    units: int


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
class NoStockThere(NotFound):
    """The SKU never came into this warehouse."""

    code: ClassVar[str] = "inventory.no_stock_there"
    sku: SkuCode
    warehouse: WarehouseCode


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


def warehouse_code(text: str, *, field: str = "warehouse") -> WarehouseCode:
    """Check a raw warehouse code: 1 to 32 characters of A–Z, a–z, 0–9, ``-`` and ``_``."""
    if not _WAREHOUSE.fullmatch(text):
        raise InvalidWarehouse(field=field, value=text[:40])
    return WarehouseCode(text)
