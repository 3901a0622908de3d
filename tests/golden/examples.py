"""One example of every event that is published, with fixed values in all of its fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.golden.aftersales import AFTERSALES

from oms_adapters.db.codec import encode
from oms_domain.catalog.bundle import BundleAdded, BundleChanged, BundleDeleted, BundleEvent, BundleRestored
from oms_domain.catalog.mapping import MappingEvent, SkuMapped, SkuUnmapped
from oms_domain.catalog.sku import SkuAdded, SkuChanged, SkuDeleted, SkuEvent, SkuRestored
from oms_domain.channels.standard import AmountMismatch, Platform
from oms_domain.fulfilment.fulfilment_order import (
    FulfilmentAccepted,
    FulfilmentCancelled,
    FulfilmentEvent,
    FulfilmentHandedOver,
    FulfilmentMade,
    FulfilmentRefused,
    FulfilmentReleased,
    FulfilmentRestCancelled,
    FulfilmentState,
    FulfilmentTakenLate,
    PackageShipped,
    PackageWrittenBack,
    WriteBackRefused,
)
from oms_domain.fulfilment.reports import ReportReceived
from oms_domain.fulfilment.sourcing.records import CarrierPut, ShippingPut, StrategyPut
from oms_domain.fulfilment.wms_account import WarehouseConnected, WmsKind
from oms_domain.inventory.buckets import StockParted
from oms_domain.inventory.differences import DifferenceOpened, DifferenceSettled
from oms_domain.inventory.documents import DocumentKind, StockDocumentEvent, Units
from oms_domain.inventory.drift import StockRepaired
from oms_domain.inventory.postings import StockBooked
from oms_domain.inventory.stock import Quality, StockReceived
from oms_domain.inventory.stocktakes import (
    StocktakeApplied,
    StocktakeBegun,
    StocktakeCancelled,
    StocktakeCounted,
)
from oms_domain.inventory.transfers import TransferClosed, TransferReceived, TransferSent, TransferState
from oms_domain.inventory.warehouses import WarehouseAdded, WarehouseChanged
from oms_domain.kernel.change import Event
from oms_domain.kernel.identity import BundleId, MappingId, SkuCode, SkuId, WarehouseCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.events import (
    ConversionFailed,
    OrderAllocated,
    OrderApproved,
    OrderBackordered,
    OrderBalancePaid,
    OrderCancelled,
    OrderClosed,
    OrderCompleted,
    OrderCreated,
    OrderDeliveredAgain,
    OrderDeliveryRefused,
    OrderDeliveryStopped,
    OrderDifferenceSettled,
    OrderDiffers,
    OrderEdited,
    OrderEvent,
    OrderFlagged,
    OrderHandedOver,
    OrderJoined,
    OrderJudged,
    OrderLost,
    OrderLostStock,
    OrderMerged,
    OrderPaid,
    OrderProgressed,
    OrderRefusedByWarehouse,
    OrderRejected,
    OrderReleased,
    OrderReplaced,
    OrderRestCancelled,
    OrderRestocked,
    OrderReturned,
    OrderRevised,
    OrderShipped,
    OrderShippedOutside,
    OrderShort,
    OrderSigned,
    OrderSplit,
    OrderSplitOff,
    OrderStopAsked,
    OrderStopRefused,
    OrderUnflagged,
    OrderUnreviewed,
    PlatformOrderAmbiguous,
    PlatformOrderConverted,
    PlatformOrderEvent,
    PlatformOrderReceived,
    PlatformOrderUpdated,
)
from oms_domain.orders.rules.blacklist import Blacklisted, BlacklistKind, TakenOffBlacklist
from oms_domain.orders.rules.rule import RuleAction, RuleKind
from oms_domain.orders.rules.rule_set import RulePut, RuleRemoved, RuleSetId
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import Authorisation, AuthorisationChanged, ShopAdded, ShopPolicyChanged
from oms_domain.testing.builders import (
    FULFILMENT,
    HAT,
    LINE,
    MAIN,
    NOW,
    ORDER,
    OTHER_LINE,
    PACKAGE,
    PLATFORM_ORDER,
    SCARF,
    SHOP,
    an_id,
)

EAST: Final = WarehouseCode("EAST")

FOLDER: Final = Path(__file__).parent / "events"


def golden_file(event: Event) -> Path:
    return FOLDER / f"{event.type}.v{event.version}.json"


def golden_text(event: Event) -> str:
    """Return what is published as an event's data, laid out for people."""
    return json.dumps(encode(event), ensure_ascii=False, indent=2) + "\n"


def _platform_order(kind: type[PlatformOrderEvent], /, **facts: Any) -> Event:
    return kind(
        platform_order_id=PLATFORM_ORDER,
        shop_id=SHOP,
        platform=Platform.TAOBAO,
        order_no="9100000000000000001",
        modified_at=NOW.replace(hour=1, microsecond=123456),
        at=NOW,
        **facts,
    )


def _order(kind: type[OrderEvent], state: OrderState, /, **facts: Any) -> Event:
    return kind(order_id=ORDER, state=state, at=NOW, **facts)


def _fulfilment(kind: type[FulfilmentEvent], state: FulfilmentState, /, **facts: Any) -> Event:
    return kind(fulfilment_id=FULFILMENT, order_id=ORDER, state=state, at=NOW, **facts)


def _stock(kind: type[StockDocumentEvent], number: str, /, **facts: Any) -> Event:
    return kind(document_id=an_id(21), number=number, warehouse=MAIN, at=NOW, **facts)


def _sku(kind: type[SkuEvent]) -> Event:
    return kind(sku_id=SkuId(an_id(21)), sku=SCARF, at=NOW)


def _bundle(kind: type[BundleEvent]) -> Event:
    return kind(bundle_id=BundleId(an_id(22)), bundle=SkuCode("SET"), at=NOW)


def _mapping(kind: type[MappingEvent]) -> Event:
    return kind(
        mapping_id=MappingId(an_id(23)),
        shop_id=SHOP,
        platform_sku_id="5001",
        merchant_code="THEIRS",
        target=SCARF,
        at=NOW,
    )


S, F = OrderState, FulfilmentState
_PARCEL: Final = {"package_id": PACKAGE, "carrier": "SF", "tracking_no": "SF0000000000001"}
_RULE: Final = {"rule_set_id": RuleSetId(an_id(21)), "shop_id": SHOP, "rule_id": "amount-too-high", "rule_version": 2}
_DECISION: Final = {
    "outcome": "intercepted",
    "try_again": False,
    "matched": [
        {
            "rule_id": "dear",
            "rule_version": 3,
            "name": "金额过高",
            "action": "intercept",
            "reason": "请核实",
            "holds": True,
            "findings": [
                {
                    "path": "",
                    "field": "payable_fen",
                    "op": "at_least",
                    "value": 50_000,
                    "seen": 61_200,
                    "held": True,
                }
            ],
            "left_off": 0,
        }
    ],
    "missed": [],
    "let_pass": [],
}
_MISMATCHES: Final = (
    AmountMismatch(rule="payable", stated=Money(24_601), computed=Money(24_600)),
    AmountMismatch(rule="line_payable", line_no="1001", stated=Money(-1, "JPY"), computed=Money(0, "JPY")),
)

_UNITS: Final = (Units(sku=SCARF, units=7), Units(sku=HAT, units=1, quality=Quality.DEFECTIVE))

EXAMPLES: Final[tuple[Event, ...]] = (
    ShopAdded(shop_id=SHOP, shop="tb-1", platform="taobao", at=NOW),
    ShopPolicyChanged(shop_id=SHOP, at=NOW),
    AuthorisationChanged(shop_id=SHOP, authorisation=Authorisation.VALID, at=NOW),
    _sku(SkuAdded),
    _sku(SkuChanged),
    _sku(SkuDeleted),
    _sku(SkuRestored),
    _bundle(BundleAdded),
    _bundle(BundleChanged),
    _bundle(BundleDeleted),
    _bundle(BundleRestored),
    _mapping(SkuMapped),
    _mapping(SkuUnmapped),
    WarehouseConnected(account_id=an_id(21), warehouse=MAIN, kind=WmsKind.QIMEN, at=NOW),
    ReportReceived(report_id=an_id(22), warehouse=MAIN, kind="parcels_left", number="F20261123-000001", at=NOW),
    StockReceived(receipt_id=an_id(20), sku=SCARF, warehouse=MAIN, quantity=Quantity(100), reason="采购入库", at=NOW),
    RulePut(
        **_RULE,
        name="金额过高",
        kind=RuleKind.INTERCEPTION,
        action=RuleAction.INTERCEPT,
        enabled=True,
        at=NOW,
    ),
    RuleRemoved(**_RULE, at=NOW),
    Blacklisted(entry_id=an_id(28), shop_id=SHOP, kind=BlacklistKind.PHONE, reason="恶意拍单", at=NOW),
    TakenOffBlacklist(entry_id=an_id(28), shop_id=SHOP, kind=BlacklistKind.PHONE, reason="误加", at=NOW),
    CarrierPut(carrier_id=an_id(25), carrier="ZTO", what=("active", "tariff"), at=NOW),
    ShippingPut(shipping_id=an_id(26), warehouse=MAIN, what=("contracts",), at=NOW),
    StrategyPut(strategy_id=an_id(27), strategy="near", what=("chain",), at=NOW),
    WarehouseAdded(warehouse_id=an_id(22), warehouse=MAIN, at=NOW),
    WarehouseChanged(warehouse_id=an_id(22), warehouse=MAIN, what=("name", "place"), at=NOW),
    _stock(
        StockBooked,
        "I20261123-000001",
        kind=DocumentKind.PURCHASE_RECEIPT,
        lines=_UNITS,
        reason="采购入库",
        freed=(SCARF,),
    ),
    _stock(TransferSent, "T20261123-000001", to=EAST, lines=_UNITS[:1]),
    _stock(
        TransferReceived,
        "T20261123-000001",
        state=TransferState.PARTLY_RECEIVED,
        lines=_UNITS,
        rest=3,
        freed=(SCARF,),
    ),
    _stock(TransferClosed, "T20261123-000001", missing=((SCARF, 3),), found=False, reason="途中丢失"),
    _stock(StocktakeBegun, "K20261123-000001"),
    _stock(StocktakeCounted, "K20261123-000001", lines=_UNITS),
    _stock(StocktakeApplied, "K20261123-000001", differences=(Units(sku=SCARF, units=-2),), freed=(HAT,)),
    _stock(StocktakeCancelled, "K20261123-000001", reason="重盘"),
    _stock(DifferenceOpened, "K20261123-000001", difference_id=an_id(23), sku=SCARF, units=2),
    _stock(
        DifferenceSettled,
        "K20261123-000001",
        difference_id=an_id(23),
        sku=SCARF,
        units=1,
        left=1,
        found=False,
        reason="核销",
    ),
    StockParted(change_id=an_id(24), sku=SCARF, warehouse=MAIN, buckets=16, at=NOW),
    StockRepaired(
        repair_id=an_id(25),
        sku=SCARF,
        warehouse=MAIN,
        was=(("on_hand", 9), ("reserved", 2)),
        now=(("on_hand", 8), ("reserved", 3)),
        reason="校正",
        at=NOW,
    ),
    _platform_order(PlatformOrderReceived),
    _platform_order(PlatformOrderUpdated),
    _platform_order(PlatformOrderConverted, order_id=ORDER),
    _platform_order(ConversionFailed, reason="amounts_do_not_fit", mismatches=_MISMATCHES),
    _platform_order(PlatformOrderAmbiguous),
    _order(
        OrderCreated,
        S.AWAITING_ALLOCATION,
        number="S20261123-000001",
        platform_order_id=PLATFORM_ORDER,
        payable=Money(24_600),
        paid=Money(24_600),
    ),
    _order(OrderPaid, S.AWAITING_ALLOCATION, paid=Money(24_600)),
    _order(OrderBalancePaid, S.AWAITING_RELEASE, paid=Money(19_600), coupon=Money(500)),
    _order(OrderAllocated, S.AWAITING_CS_REVIEW, warehouse="MAIN"),
    _order(OrderBackordered, S.BACKORDERED, missing=((HAT, 1), (SCARF, 2))),
    _order(OrderLostStock, S.BACKORDERED, missing=((SCARF, 2),)),
    _order(OrderRestocked, S.AWAITING_ALLOCATION),
    _order(OrderApproved, S.AWAITING_RELEASE, rule="auto_review"),
    _order(OrderJudged, S.AWAITING_CS_REVIEW, outcome="intercepted", rule="dear@3", decision=_DECISION),
    _order(OrderReleased, S.IN_WAREHOUSE, fulfilment_id=FULFILMENT),
    _order(OrderRefusedByWarehouse, S.AWAITING_RELEASE, reason="address_incomplete"),
    _order(OrderShort, S.AWAITING_CS_REVIEW, fulfilment_id=FULFILMENT, reason="系统报缺", missing=((HAT, 1),)),
    _order(OrderProgressed, S.IN_WAREHOUSE, progress="packed"),
    _order(OrderShipped, S.SHIPPED, **_PARCEL, contents=((LINE, Quantity(2)), (OTHER_LINE, Quantity(1)))),
    _order(OrderShippedOutside, S.SHIPPED, previous=S.AWAITING_RELEASE),
    _order(OrderHandedOver, S.SIGNED, contents=((LINE, Quantity(2)), (OTHER_LINE, Quantity(1)))),
    _order(OrderRejected, S.AWAITING_CS_REVIEW, reason="毛利过低"),
    _order(OrderUnreviewed, S.AWAITING_CS_REVIEW, previous=S.AWAITING_RELEASE, reason="改地址"),
    _order(OrderReplaced, S.CANCELLED, replacement=an_id(31), number="S20261123-000009", reason="改地址"),
    _order(
        OrderRestCancelled,
        S.SHIPPED,
        units=((OTHER_LINE, Quantity(1)),),
        reason="缺货",
        refund_due=Money(5_000),
    ),
    _order(OrderStopAsked, S.IN_WAREHOUSE, fulfilment_id=FULFILMENT, purpose="cancel_pending", reason="买家取消"),
    _order(OrderStopRefused, S.IN_WAREHOUSE, reason="已出库"),
    _order(OrderDeliveryStopped, S.RETURNING, reason="买家取消"),
    _order(OrderDeliveryRefused, S.RETURNING, reason="拒收"),
    _order(OrderDeliveredAgain, S.SHIPPED),
    _order(OrderReturned, S.CLOSED, refund_due=Money(24_600)),
    _order(OrderLost, S.CLOSED, reason="丢件", refund_due=Money(24_600)),
    _order(OrderSigned, S.SIGNED),
    _order(OrderCompleted, S.COMPLETED),
    _order(OrderClosed, S.CLOSED, reason="refunded"),
    _order(OrderCancelled, S.CANCELLED, previous=S.BACKORDERED, reason="缺货", refund_due=Money(24_600)),
    _order(OrderEdited, S.AWAITING_CS_REVIEW, what=("lines", "note"), refund_due=Money(9400), reason="买家改单"),
    _order(OrderSplit, S.SPLIT, children=(an_id(31), an_id(32))),
    _order(
        OrderSplitOff,
        S.AWAITING_CS_REVIEW,
        number="S20261123-000002",
        parent=an_id(31),
        platform_order_id=PLATFORM_ORDER,
        payable=Money(9730),
        paid=Money(9730),
        reasons=("by_hand 1/2",),
    ),
    _order(OrderMerged, S.MERGED, into=an_id(31)),
    _order(
        OrderJoined,
        S.AWAITING_CS_REVIEW,
        number="S20261123-000003",
        sources=(an_id(31), an_id(32)),
        payable=Money(24_600),
        paid=Money(24_600),
    ),
    _order(OrderFlagged, S.AWAITING_CS_REVIEW, kind="held", reason="等补款"),
    _order(OrderUnflagged, S.AWAITING_CS_REVIEW, kind="held", reason="已补款"),
    _order(OrderRevised, S.AWAITING_CS_REVIEW, what=("receiver", "buyer_remark")),
    _order(OrderDiffers, S.CANCELLED, theirs="shipped", what="state"),
    _order(OrderDifferenceSettled, S.CANCELLED, theirs="shipped", what="state", reason="已联系平台"),
    _fulfilment(FulfilmentMade, F.APPROVED, number="F20261123-000001", warehouse=MAIN),
    _fulfilment(FulfilmentReleased, F.PICKING),
    _fulfilment(FulfilmentAccepted, F.PICKING),
    _fulfilment(FulfilmentTakenLate, F.CANCELLED),
    _fulfilment(FulfilmentRefused, F.APPROVED, reason="address_incomplete"),
    _fulfilment(PackageShipped, F.SHIPPED, **_PARCEL),
    _fulfilment(PackageWrittenBack, F.SHIPPED, package_id=PACKAGE),
    _fulfilment(WriteBackRefused, F.SHIPPED, package_id=PACKAGE, reason="B150"),
    _fulfilment(FulfilmentHandedOver, F.SHIPPED),
    _fulfilment(FulfilmentRestCancelled, F.SHIPPED, reason="缺货"),
    _fulfilment(FulfilmentCancelled, F.CANCELLED, reason="refunded"),
    *AFTERSALES,
)
