"""Facts about orders, as they are published. Names and fields never change within a version."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar, TypedDict
from uuid import UUID

from attrs import field, frozen

from oms_domain.catalog.matching import UnmappedSku
from oms_domain.channels.standard import AmountMismatch, Platform
from oms_domain.kernel.change import Event
from oms_domain.kernel.identity import (
    FulfilmentOrderId,
    LineId,
    OrderId,
    PackageId,
    PlatformOrderId,
    ShopId,
    SkuCode,
)
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState


class PlatformOrderFacts(TypedDict):
    """What every fact about a platform order names."""

    platform_order_id: PlatformOrderId
    shop_id: ShopId
    platform: Platform
    order_no: str
    modified_at: datetime


@frozen(kw_only=True)
class PlatformOrderEvent(Event):
    """A fact about a platform order."""

    platform_order_id: PlatformOrderId
    shop_id: ShopId
    platform: Platform
    order_no: str
    modified_at: datetime

    @property
    def stream(self) -> UUID:
        return self.platform_order_id


@frozen(kw_only=True)
class PlatformOrderReceived(PlatformOrderEvent):
    """A platform order was seen for the first time."""

    type: ClassVar[str] = "platform_orders.received"


@frozen(kw_only=True)
class PlatformOrderUpdated(PlatformOrderEvent):
    """A newer version of a platform order took the place of the stored one."""

    type: ClassVar[str] = "platform_orders.updated"


@frozen(kw_only=True)
class PlatformOrderConverted(PlatformOrderEvent):
    """The platform order now stands for this sales order."""

    type: ClassVar[str] = "platform_orders.converted"
    order_id: OrderId


@frozen(kw_only=True)
class ConversionFailed(PlatformOrderEvent):
    """The platform order waits on the work list of exceptions."""

    type: ClassVar[str] = "platform_orders.conversion_failed"
    reason: str
    mismatches: tuple[AmountMismatch, ...] = ()
    unmapped: tuple[UnmappedSku, ...] = ()


@frozen(kw_only=True)
class PlatformOrderAmbiguous(PlatformOrderEvent):
    """Two messages, equal in modified time and state, differ in content: it must be fetched again."""

    type: ClassVar[str] = "platform_orders.ambiguous"


@frozen(kw_only=True)
class OrderEvent(Event):
    """A fact about a sales order. ``state`` is the one that it led to."""

    order_id: OrderId
    state: OrderState

    @property
    def stream(self) -> UUID:
        return self.order_id


@frozen(kw_only=True)
class OrderCreated(OrderEvent):
    """A sales order began, in ``state``."""

    type: ClassVar[str] = "orders.order_created"
    number: str
    platform_order_id: PlatformOrderId | None
    payable: Money
    paid: Money


@frozen(kw_only=True)
class OrderPaid(OrderEvent):
    type: ClassVar[str] = "orders.order_paid"
    paid: Money
    reference: str = ""  # of a payment that a person has booked, and why
    reason: str = ""


@frozen(kw_only=True)
class OrderBalancePaid(OrderEvent):
    """The balance of a presale was paid. ``coupon``: what a coupon took off it, placed on the lines."""

    type: ClassVar[str] = "orders.balance_paid"
    paid: Money
    coupon: Money


@frozen(kw_only=True)
class OrderAllocated(OrderEvent):
    """Stock is reserved for it in one warehouse. ``carrier`` empty: none is planned."""

    type: ClassVar[str] = "orders.order_allocated"
    warehouse: str
    carrier: str = ""
    arrival_on: date | None = None


@frozen(kw_only=True)
class OrderBackordered(OrderEvent):
    """At least one SKU is short. ``missing`` lists SKU and units."""

    type: ClassVar[str] = "orders.order_backordered"
    missing: tuple[tuple[str, int], ...]


@frozen(kw_only=True)
class OrderLostStock(OrderEvent):
    """Units that were reserved for it are gone, by a stocktake or by damage: it holds none any more, and waits."""

    type: ClassVar[str] = "orders.order_lost_stock"
    missing: tuple[tuple[str, int], ...]


@frozen(kw_only=True)
class OrderRestocked(OrderEvent):
    """It may be allocated again."""

    type: ClassVar[str] = "orders.order_restocked"


@frozen(kw_only=True)
class OrderApproved(OrderEvent):
    """A review was passed. ``rule`` names the policy that decided; empty: a person did."""

    type: ClassVar[str] = "orders.order_approved"
    rule: str = ""


@frozen(kw_only=True)
class OrderJudged(OrderEvent):
    """Rules of interception and automatic review were asked about it. ``outcome``: intercepted, passed or waits.

    ``rule`` decided first, as ``id@version``; empty: none did. ``decision`` has every rule with what it saw.
    """

    type: ClassVar[str] = "orders.order_judged"
    outcome: str
    rule: str = ""
    decision: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class OrderRejected(OrderEvent):
    """Business review sent it back to customer service's."""

    type: ClassVar[str] = "orders.order_rejected"
    reason: str


@frozen(kw_only=True)
class OrderUnreviewed(OrderEvent):
    """It was taken back to be changed; what the warehouse was to ship of it is called off."""

    type: ClassVar[str] = "orders.order_unreviewed"
    previous: OrderState
    reason: str


@frozen(kw_only=True)
class OrderReleased(OrderEvent):
    """It was given to the warehouse to be shipped."""

    type: ClassVar[str] = "orders.order_released"
    fulfilment_id: FulfilmentOrderId


@frozen(kw_only=True)
class OrderRefusedByWarehouse(OrderEvent):
    type: ClassVar[str] = "orders.order_refused_by_warehouse"
    reason: str


@frozen(kw_only=True)
class OrderShort(OrderEvent):
    """The warehouse has too little to ship it; what it was to ship (``fulfilment_id``) is called off."""

    type: ClassVar[str] = "orders.order_short"
    fulfilment_id: FulfilmentOrderId
    reason: str
    missing: tuple[tuple[str, int], ...] = ()


@frozen(kw_only=True)
class OrderProgressed(OrderEvent):
    """The warehouse or the carrier told a milestone (accepted, picked, packed …); the state stays."""

    type: ClassVar[str] = "orders.order_progressed"
    progress: str


@frozen(kw_only=True)
class OrderShipped(OrderEvent):
    """A parcel left with these units; ``state`` says whether more is to come."""

    type: ClassVar[str] = "orders.order_shipped"
    package_id: PackageId
    carrier: str
    tracking_no: str
    contents: tuple[tuple[LineId, Quantity], ...]


@frozen(kw_only=True)
class OrderHandedOver(OrderEvent):
    """The buyer has it without a parcel: virtual goods, or what a store gave out at its counter."""

    type: ClassVar[str] = "orders.order_handed_over"
    contents: tuple[tuple[LineId, Quantity], ...]


@frozen(kw_only=True)
class OrderShippedOutside(OrderEvent):
    """The platform shows it shipped, and it was not us. ``previous`` is where we stood."""

    type: ClassVar[str] = "orders.order_shipped_outside"
    previous: OrderState


@frozen(kw_only=True)
class OrderSigned(OrderEvent):
    type: ClassVar[str] = "orders.order_signed"


@frozen(kw_only=True)
class OrderCompleted(OrderEvent):
    type: ClassVar[str] = "orders.order_completed"


@frozen(kw_only=True)
class OrderClosed(OrderEvent):
    """All of it was refunded after shipment."""

    type: ClassVar[str] = "orders.order_closed"
    reason: str


@frozen(kw_only=True)
class OrderCancelled(OrderEvent):
    """``refund_due`` is what the buyer has paid and must get back (0 where the platform has refunded already)."""

    type: ClassVar[str] = "orders.order_cancelled"
    previous: OrderState
    reason: str
    refund_due: Money


@frozen(kw_only=True)
class OrderEdited(OrderEvent):
    """A person changed it while it awaited review: ``what`` names the facts.

    ``refund_due`` is what the buyer has paid for units that left it, and must get back.
    """

    type: ClassVar[str] = "orders.order_edited"
    what: tuple[str, ...]
    refund_due: Money
    reason: str = ""


@frozen(kw_only=True)
class OrderReplaced(OrderEvent):
    """The warehouse has stopped it to be changed: another order takes its place, with all that was paid."""

    type: ClassVar[str] = "orders.order_replaced"
    replacement: OrderId
    number: str
    reason: str


@frozen(kw_only=True)
class OrderRestCancelled(OrderEvent):
    """What had not left will not leave: ``units`` by line. ``refund_due`` is what was paid for them."""

    type: ClassVar[str] = "orders.order_rest_cancelled"
    units: tuple[tuple[LineId, Quantity], ...]
    reason: str
    refund_due: Money


@frozen(kw_only=True)
class OrderStopAsked(OrderEvent):
    """Whoever has the goods must be asked to stop: ``purpose`` cancel_pending or unreview_pending."""

    type: ClassVar[str] = "orders.order_stop_asked"
    fulfilment_id: FulfilmentOrderId
    purpose: str
    reason: str


@frozen(kw_only=True)
class OrderStopRefused(OrderEvent):
    """They did not stop, for their ``reason``, or it has left already: the order goes on."""

    type: ClassVar[str] = "orders.order_stop_refused"
    reason: str


@frozen(kw_only=True)
class OrderDeliveryStopped(OrderEvent):
    """The carrier has turned it round. Nothing is refunded before it is back."""

    type: ClassVar[str] = "orders.order_delivery_stopped"
    reason: str


@frozen(kw_only=True)
class OrderDeliveryRefused(OrderEvent):
    """The buyer would not take it: it comes back."""

    type: ClassVar[str] = "orders.order_delivery_refused"
    reason: str


@frozen(kw_only=True)
class OrderDeliveredAgain(OrderEvent):
    """It was on its way back, and goes to the buyer once more."""

    type: ClassVar[str] = "orders.order_delivered_again"


@frozen(kw_only=True)
class OrderReturned(OrderEvent):
    """It is back without having been with the buyer. ``refund_due`` is what was paid for it.

    ``good`` went back to the stock of ``warehouse``, ``defective`` to its defective stock, by the stock document
    ``document_id``; ``missing`` did not come. Line, SKU, units.
    """

    type: ClassVar[str] = "orders.order_returned"
    refund_due: Money
    warehouse: str = ""
    document_id: UUID | None = None
    good: tuple[tuple[LineId, SkuCode, int], ...] = ()
    defective: tuple[tuple[LineId, SkuCode, int], ...] = ()
    missing: tuple[tuple[LineId, SkuCode, int], ...] = ()


@frozen(kw_only=True)
class OrderLost(OrderEvent):
    """The carrier has lost it. ``refund_due`` is what was paid for it.

    ``claimed``: what the carrier owes us, line, SKU, units; ``claimed_value`` is what was to be paid for that.
    """

    type: ClassVar[str] = "orders.order_lost"
    reason: str
    refund_due: Money
    claimed: tuple[tuple[LineId, SkuCode, int], ...] = ()
    claimed_value: Money | None = None


@frozen(kw_only=True)
class OrderSplit(OrderEvent):
    """It was taken apart: ``children`` go on for it, and every unit and amount of it is in one of them."""

    type: ClassVar[str] = "orders.order_split"
    children: tuple[OrderId, ...]


@frozen(kw_only=True)
class OrderSplitOff(OrderEvent):
    """A part of ``parent`` is an order of its own now, in ``state``. ``reasons`` tell it from the other parts."""

    type: ClassVar[str] = "orders.order_split_off"
    number: str
    parent: OrderId
    platform_order_id: PlatformOrderId | None
    payable: Money
    paid: Money
    reasons: tuple[str, ...]


@frozen(kw_only=True)
class OrderMerged(OrderEvent):
    """It was put together with others: ``into`` goes on for it."""

    type: ClassVar[str] = "orders.order_merged"
    into: OrderId


@frozen(kw_only=True)
class OrderJoined(OrderEvent):
    """Orders were put together, and this is what they became; every unit and amount of ``sources`` is in it."""

    type: ClassVar[str] = "orders.order_joined"
    number: str
    sources: tuple[OrderId, ...]
    payable: Money
    paid: Money


@frozen(kw_only=True)
class OrderFlagged(OrderEvent):
    """A flag was set: ``kind`` held, intercepted, in_aftersales or not_before."""

    type: ClassVar[str] = "orders.order_flagged"
    kind: str
    reason: str


@frozen(kw_only=True)
class OrderUnflagged(OrderEvent):
    type: ClassVar[str] = "orders.order_unflagged"
    kind: str
    reason: str


@frozen(kw_only=True)
class OrderRevised(OrderEvent):
    """Facts of the platform changed while it was ours to follow: ``what`` names them."""

    type: ClassVar[str] = "orders.order_revised"
    what: tuple[str, ...]


@frozen(kw_only=True)
class OrderDiffers(OrderEvent):
    """The platform or the warehouse states a fact that our table refuses: a discrepancy for a person."""

    type: ClassVar[str] = "orders.order_differs"
    theirs: str
    what: str


@frozen(kw_only=True)
class OrderDifferenceSettled(OrderEvent):
    """A person has seen to a discrepancy (差异已处理): it leaves the work list."""

    type: ClassVar[str] = "orders.difference_settled"
    theirs: str
    what: str
    reason: str
