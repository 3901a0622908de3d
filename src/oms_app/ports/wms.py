"""A warehouse, reached through its management system (WMS)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from oms_domain.channels.standard import Receiver, Region
from oms_domain.kernel.identity import FulfilmentOrderId, LineId, ShopId, SkuCode, WarehouseCode
from oms_domain.kernel.quantity import Quantity


@frozen(kw_only=True)
class ShipOrder:
    """What the warehouse is asked to ship, with the receiver in plain text: made just before the call, never kept."""

    fulfilment_id: FulfilmentOrderId
    number: str
    shop_id: ShopId
    warehouse: WarehouseCode
    receiver: Receiver = field(repr=False)
    region: Region
    remark: str = ""
    lines: tuple[tuple[LineId, SkuCode, Quantity], ...]


@frozen(kw_only=True)
class WmsAnswer:
    """Whether the warehouse takes an order; ``reason`` is its own word where not."""

    accepted: bool
    reason: str = ""


@frozen(kw_only=True)
class Milestone:
    """The warehouse tells where it is: accepted, picked, checked, packed."""

    report_id: str
    fulfilment_id: FulfilmentOrderId
    progress: str
    at: datetime


@frozen(kw_only=True)
class ParcelLeft:
    """A parcel left the warehouse. ``at`` is the warehouse's time."""

    report_id: str
    fulfilment_id: FulfilmentOrderId
    carrier: str
    tracking_no: str
    contents: tuple[tuple[LineId, Quantity], ...]
    at: datetime


WmsReport = Milestone | ParcelLeft


class Wms(Protocol):
    """The warehouses. Calls go out: never while a transaction is open. They raise ``RetryLater`` and nothing else."""

    def send(self, order: ShipOrder) -> WmsAnswer:
        """Ask to ship. Sent twice under one number, it is one order there."""

    def reports(self, limit: int) -> tuple[WmsReport, ...]:
        """Return reports not yet confirmed, oldest first. They may come again."""

    def confirm(self, report_ids: tuple[str, ...]) -> None:
        """Say that these are stored with us and need not come again."""
