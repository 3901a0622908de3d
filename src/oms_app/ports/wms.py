"""A warehouse, reached through its management system (WMS): what we ask it, and what it reports.

The words are ours. A warehouse that is asked about a document names it by our number; which of our lines a unit belongs
to is our own business, so its reports count units by SKU.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, NewType, Protocol

from attrs import field, frozen

from oms_domain.channels.standard import Receiver, Region
from oms_domain.kernel.identity import FulfilmentOrderId, LineId, ShopId, SkuCode, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity

DocumentNumber = NewType("DocumentNumber", str)
"""A number of a document of ours, as a warehouse gives it back."""


class Grade(StrEnum):
    """In what condition units are (库存类型)."""

    GOOD = "good"
    DEFECTIVE = "defective"
    MACHINE_DAMAGE = "machine_damage"
    BOX_DAMAGE = "box_damage"
    IN_TRANSIT = "in_transit"


# --- what we ask -----------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class PaperLine:
    """What the warehouse's papers tell of a line: ``net`` is what the units to ship carry of its amount.

    ``order_no``: the platform's number of the order that it is of, where that is not the papers' own (合单).
    """

    line_id: LineId
    platform_line_no: str
    title: str
    unit_price: Money
    net: Money
    order_no: str = ""


@frozen(kw_only=True)
class Papers:
    """What the warehouse prints and declares, as far as an order has it. Facts of the order, no personal data."""

    platform: str
    order_no: str
    shop_name: str
    placed_at: datetime
    paid_at: datetime | None = None
    ship_before: datetime | None = None  # what the platform holds us to
    freight: Money = Money(0)  # with services and fees, in the first shipment of an order only
    cash_due: bool = False  # 货到付款: the carrier collects
    handle: str = ""  # the platform's handle of a receiver that it shows masked (OAID)
    lines: tuple[PaperLine, ...] = ()


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
    carrier: str = ""  # that is to bring it; empty: the warehouse's usual one
    pickup: bool = False  # the buyer fetches it there (门店自提): no carrier
    lines: tuple[tuple[LineId, SkuCode, Quantity], ...]
    papers: Papers | None = None


@frozen(kw_only=True)
class WmsAnswer:
    """Whether the warehouse takes an order; ``reason`` is its own word where not."""

    accepted: bool
    reason: str = ""


@frozen(kw_only=True)
class StopOrder:
    """What the warehouse is asked not to ship (截单)."""

    number: str
    warehouse: WarehouseCode
    reason: str = ""


class Stop(StrEnum):
    """What came of asking a warehouse to stop."""

    STOPPED = "stopped"  # it will not ship
    NOT_STOPPED = "not_stopped"  # it ships, or has shipped
    NOT_KNOWN = "not_known"  # it has no order of this number
    NO_ANSWER = "no_answer"  # either may be true: ask again, and do nothing that rests on one of them


@frozen(kw_only=True)
class StopAnswer:
    """What came of it; ``reason`` is the warehouse's own word, or why there was no answer."""

    outcome: Stop
    reason: str = ""


@frozen(kw_only=True)
class Counted:
    """Units of a SKU as a warehouse counts them. ``units`` is signed where it is a difference."""

    sku: SkuCode
    units: int
    grade: Grade = Grade.GOOD
    batch: str = ""


@frozen(kw_only=True)
class WarehouseLevel:
    """What a warehouse says that it has: free units, and units that it has locked."""

    sku: SkuCode
    free: int
    locked: int = 0
    grade: Grade = Grade.GOOD
    batch: str = ""


@frozen(kw_only=True)
class ReturnNotice:
    """Goods that a buyer sends back to a warehouse (退货入库通知). The sender's data are plain, and never kept."""

    number: str
    warehouse: WarehouseCode
    shipped_as: str = ""  # our number that they left under
    carrier: str = ""
    tracking_no: str = ""
    reason: str = ""
    sender: Receiver = field(repr=False)
    region: Region = Region()
    lines: tuple[tuple[SkuCode, Quantity], ...]


@frozen(kw_only=True)
class EntryNotice:
    """Goods that a supplier will bring (采购入库通知)."""

    number: str
    warehouse: WarehouseCode
    purchase_no: str = ""
    supplier: str = ""
    expected_from: datetime | None = None
    expected_to: datetime | None = None
    lines: tuple[tuple[SkuCode, Quantity], ...]


# --- what it reports -------------------------------------------------------------------------------------------------


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


@frozen(kw_only=True)
class ByNumber:
    """A report about a document that the warehouse calls by our number."""

    kind: ClassVar[str]
    report_id: str  # the warehouse's own; the same one again is the same report
    number: DocumentNumber
    at: datetime


@frozen(kw_only=True)
class Worked(ByNumber):
    """The warehouse tells where it is with an order."""

    kind: ClassVar[str] = "worked"
    progress: str


@frozen(kw_only=True)
class Parcel:
    """One parcel of a report. ``contents`` is empty where the warehouse does not say what is in it."""

    carrier: str
    tracking_no: str
    contents: tuple[tuple[SkuCode, Quantity], ...] = ()
    weight_g: int = 0  # 0: not told. Scales differ between warehouses: for people, not for rules


@frozen(kw_only=True)
class ParcelsLeft(ByNumber):
    """Parcels left. What is off the shelf is ``counted``, which need not be what the parcels say.

    ``final``: the warehouse will ship nothing more of this order.
    """

    kind: ClassVar[str] = "parcels_left"
    parcels: tuple[Parcel, ...]
    counted: tuple[Counted, ...] = ()
    final: bool = True


@frozen(kw_only=True)
class FellShort(ByNumber):
    """The warehouse has too little to ship an order (缺货回告). ``missing`` lists SKU and units."""

    kind: ClassVar[str] = "fell_short"
    missing: tuple[tuple[SkuCode, Quantity], ...]
    reason: str = ""


@frozen(kw_only=True)
class Dropped(ByNumber):
    """The warehouse will not ship an order that it had taken."""

    kind: ClassVar[str] = "dropped"
    reason: str


@frozen(kw_only=True)
class ReturnReceived(ByNumber):
    """Goods came back (退货入库回告)."""

    kind: ClassVar[str] = "return_received"
    counted: tuple[Counted, ...]
    final: bool = True
    carrier: str = ""
    tracking_no: str = ""


@frozen(kw_only=True)
class EntryReceived(ByNumber):
    """A supplier's goods came in (入库回告); each report carries what came since the one before."""

    kind: ClassVar[str] = "entry_received"
    counted: tuple[Counted, ...]
    final: bool = True


@frozen(kw_only=True)
class StockDiffers(ByNumber):
    """The warehouse has counted, and its stock has changed by these units (盘点, 库存调整)."""

    kind: ClassVar[str] = "stock_differs"
    counted: tuple[Counted, ...]


WmsReport = Milestone | ParcelLeft
ShippingReport = Worked | ParcelsLeft | FellShort | Dropped
NumberedReport = ShippingReport | ReturnReceived | EntryReceived | StockDiffers

KINDS: Final[dict[str, type[NumberedReport]]] = {
    kind.kind: kind for kind in (Worked, ParcelsLeft, FellShort, Dropped, ReturnReceived, EntryReceived, StockDiffers)
}
"""Kind → class of the reports that are kept."""


class Wms(Protocol):
    """The warehouses. Calls go out: never while a transaction is open.

    They raise ``RetryLater`` (it may have been done), ``Unreachable``, ``RateLimited`` (it was not done),
    ``AuthorisationExpired`` (a person must look at the warehouse's account) and nothing else, unless it is said.
    """

    def send(self, order: ShipOrder) -> WmsAnswer:
        """Ask to ship. Sent twice under one number, it is one order there."""

    def stop(self, order: StopOrder) -> StopAnswer:
        """Ask not to ship. Asked twice, it answers alike; ``NO_ANSWER`` instead of ``RetryLater``."""

    def levels(self, warehouse: WarehouseCode, skus: tuple[SkuCode, ...]) -> tuple[WarehouseLevel, ...]:
        """Return what the warehouse says that it has; a SKU that it does not know is missing."""

    def expect_return(self, notice: ReturnNotice) -> WmsAnswer:
        """Announce goods that come back. Announced twice under one number, it is one there."""

    def expect_entry(self, notice: EntryNotice) -> WmsAnswer:
        """Announce a supplier's goods. Announced twice under one number, it is one there."""

    def reports(self, limit: int) -> tuple[WmsReport, ...]:
        """Return reports not yet confirmed, oldest first; they may come again. Of warehouses that push: none."""

    def confirm(self, report_ids: tuple[str, ...]) -> None:
        """Say that these are stored with us and need not come again."""
