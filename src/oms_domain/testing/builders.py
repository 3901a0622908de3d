"""Examples with fixed ids and times: a test names only what matters to it, and whole values can be compared.

What a builder fills in fits together: amounts add up, and an order has what orders in its state have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Final
from uuid import UUID, uuid5

from attrs import evolve

from oms_domain.apportionment.units import LinePart, whole_line
from oms_domain.apportionment.waterfall import Reduction
from oms_domain.catalog.bundle import Bundle, BundlePart
from oms_domain.catalog.mapping import SkuMapping
from oms_domain.catalog.matching import Sold, SoldPart
from oms_domain.catalog.sku import Sku
from oms_domain.channels.standard import OrderKind, Platform, PlatformState, Region, StandardLine, StandardOrder
from oms_domain.fulfilment.fulfilment_order import FulfilmentLine, FulfilmentOrder, Package
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import (
    BundleId,
    FulfilmentOrderId,
    LineId,
    MappingId,
    OrderId,
    PackageId,
    PlatformOrderId,
    ShopId,
    SkuCode,
    SkuId,
    VaultId,
    WarehouseCode,
)
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.intake import begin
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.placement import place
from oms_domain.orders.platform_order import PlatformOrder
from oms_domain.orders.sales_order import PartyRef, SalesOrder
from oms_domain.orders.selling import goods_of
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import Shop

NOW: Final = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""10 o'clock in China."""


def an_id(n: int) -> UUID:
    """Return the ``n``-th fixed UUIDv7; they sort by ``n``."""
    return UUID(int=(0x019AAE9F << 96) | (7 << 76) | (2 << 62) | n)


SHOP: Final = ShopId(an_id(1))
PLATFORM_ORDER: Final = PlatformOrderId(an_id(2))
ORDER: Final = OrderId(an_id(3))
FULFILMENT: Final = FulfilmentOrderId(an_id(4))
PACKAGE: Final = PackageId(an_id(5))
RAW: Final = VaultId(an_id(6))
LINE, OTHER_LINE = LineId(an_id(11)), LineId(an_id(12))
LINE_IDS: Final = (LINE, OTHER_LINE, LineId(an_id(13)), LineId(an_id(14)))
ORDER_NO: Final = "9100000000000000001"
MAIN: Final = WarehouseCode("MAIN")
SCARF, HAT = SkuCode("SCARF-RED"), SkuCode("HAT-M")
RECEIVER: Final = PartyRef(vault_id=VaultId(an_id(7)), mask="测** *******0001", digest="receiver-1")
BUYER: Final = PartyRef(vault_id=VaultId(an_id(8)), mask="测**", digest="buyer-1")
REGION: Final = Region(province="广东省", city="深圳市", district="南山区", town="虚构街道")

UNPAID_STATES: Final = frozenset({PlatformState.UNPAID, PlatformState.CLOSED_UNPAID})
REVIEWED: Final = frozenset({OrderState.AWAITING_RELEASE, OrderState.IN_WAREHOUSE, OrderState.PARTIALLY_SHIPPED})
ALLOCATED: Final = REVIEWED | {OrderState.AWAITING_CS_REVIEW, OrderState.AWAITING_BUSINESS_REVIEW}


def a_shop(**changes: Any) -> Shop:
    """Return a shop on Taobao that nobody has authorised yet."""
    facts: dict[str, Any] = {
        "id": SHOP,
        "code": "tb-1",
        "name": "样例旗舰店",
        "platform": Platform.TAOBAO.value,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Shop(**facts | changes)


def a_standard_line(**changes: Any) -> StandardLine:
    """Return two scarves at 99.00 less 10.00, to be shipped; ``payable`` follows from the other amounts."""
    facts: dict[str, Any] = {
        "line_no": "1001",
        "sku": SCARF,
        "title": "样例围巾",
        "spec": "颜色:红",
        "quantity": Quantity(2),
        "unit_price": Money(9900),
        "line_discount": Money(1000),
        "state": PlatformState.TO_SHIP,
    } | changes
    return StandardLine(**{"payable": _line_payable(facts)} | facts)


def a_standard_order(**changes: Any) -> StandardOrder:
    """Return two lines and freight, paid and to be shipped, unless ``state`` says otherwise.

    ``payable`` and ``paid`` follow from the rest, the lines' state from the order's.
    """
    state = changes.get("state", PlatformState.TO_SHIP)
    facts: dict[str, Any] = {
        "platform": Platform.TAOBAO,
        "order_no": ORDER_NO,
        "state": state,
        "created_at": NOW - timedelta(minutes=10),
        "modified_at": NOW - timedelta(minutes=5),
        "region": REGION,
        "lines": (
            a_standard_line(state=state),
            a_standard_line(
                line_no="1002", sku=HAT, title="样例帽子", quantity=Quantity(1), unit_price=Money(5000), state=state
            ),
        ),
        "freight": Money(800),
    } | changes
    amounts = [line.payable for line in facts["lines"] if counts(line, state)]
    amounts += [facts.get(name, Money(0)) for name in ("freight", "services", "cod_fee")]
    facts = {"payable": total(amounts)} | facts
    is_paid = state not in UNPAID_STATES and not facts.get("cash_on_delivery", False)
    facts = {"paid": facts["payable"] if is_paid else Money(0)} | facts
    return StandardOrder(**{"paid_at": NOW - timedelta(minutes=6) if is_paid else None} | facts)


def counts(line: StandardLine, state: PlatformState) -> bool:
    """Whether a sub-order is in its trade's sums: one closed unpaid inside a trade that lives is in none."""
    return line.state is not PlatformState.CLOSED_UNPAID or state is PlatformState.CLOSED_UNPAID


def a_presale(**changes: Any) -> StandardOrder:
    """Return an order whose deposit of 50.00 is paid and whose balance is not."""
    state = PlatformState.UNPAID
    return a_standard_order(**{"kind": OrderKind.PRESALE, "state": state, "paid": Money(5000)} | changes)


def a_sku(code: str = SCARF, **changes: Any) -> Sku:
    """Return a SKU at 99.00; its id follows from its code."""
    facts: dict[str, Any] = {
        "id": SkuId(uuid5(SHOP, code)),
        "code": SkuCode(code),
        "title": f"样例 {code}",
        "list_price": Money(9900),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Sku(**facts | changes)


def a_bundle(code: str = "SET", parts: Mapping[str, int] | None = None, **changes: Any) -> Bundle:
    """Return two scarves and a hat as one, unless ``parts`` says otherwise."""
    wanted = parts or {SCARF: 2, HAT: 1}
    facts: dict[str, Any] = {
        "id": BundleId(uuid5(SHOP, f"bundle {code}")),
        "code": SkuCode(code),
        "title": f"样例 {code}",
        "parts": tuple(BundlePart(sku=SkuCode(sku), quantity=Quantity(units)) for sku, units in wanted.items()),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Bundle(**facts | changes)


def a_mapping(**changes: Any) -> SkuMapping:
    """Return the word of the shop that its platform's SKU 5001 is the scarf."""
    facts: dict[str, Any] = {
        "id": MappingId(an_id(21)),
        "shop_id": SHOP,
        "platform_sku_id": "5001",
        "target": SCARF,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return SkuMapping(**facts | changes)


def sold_as_named(standard: StandardOrder | None) -> dict[str, Sold]:
    """Return what an order sells where each merchant's code, or else the platform's own, is that of a SKU."""
    return {line.line_no: _sold_as_named(line) for line in (standard.lines if standard else ())}


def begun_as_named(platform_order: PlatformOrder, *, at: datetime) -> Change[SalesOrder]:
    """Begin the sales order of a platform order whose codes are SKUs, with fixed ids."""
    sold = sold_as_named(platform_order.standard)
    return begin(platform_order, order_id=ORDER, number="S1", sold=sold, line_ids=LINE_IDS, at=at)


def _sold_as_named(line: StandardLine) -> Sold:
    part = SoldPart(
        sku=SkuCode(goods_of(line)),
        title=line.title,
        spec=line.spec,
        quantity=line.quantity,
        list_price=line.unit_price,
    )
    return Sold(parts=(part,), is_gift=line.is_gift)


def a_platform_order(**changes: Any) -> PlatformOrder:
    """Return a platform order that has not been converted yet."""
    facts: dict[str, Any] = {
        "id": PLATFORM_ORDER,
        "number": "P20261123-000001",
        "shop_id": SHOP,
        "platform": Platform.TAOBAO,
        "standard": a_standard_order(),
        "receiver": RECEIVER,
        "buyer": BUYER,
        "raw": RAW,
        "created_at": NOW,
        "updated_at": NOW,
    } | changes
    standard: StandardOrder | None = facts["standard"]
    return PlatformOrder(**{"order_no": standard.order_no if standard else ORDER_NO} | facts)


def an_order_line(**changes: Any) -> OrderLine:
    """Return two scarves at 99.00 less 10.00; ``payable`` follows from the other amounts."""
    facts: dict[str, Any] = {
        "id": LINE,
        "platform_line_no": "1001",
        "sku": SCARF,
        "title": "样例围巾",
        "spec": "颜色:红",
        "quantity": Quantity(2),
        "unit_price": Money(9900),
        "adjustment": Money(0),
        "line_discount": Money(1000),
        "order_discount": Money(0),
    } | changes
    facts = {"payable": _line_payable(facts)} | facts
    facts.setdefault("part", _part_of(facts))
    return OrderLine(**facts)


def placed(
    lines: Sequence[OrderLine], *, freight: Money, order_no: str = ORDER_NO, **changes: Any
) -> tuple[tuple[OrderLine, ...], tuple[Reduction, ...]]:
    """Return lines with their amounts and the freight placed on them, and the steps that took something off.

    ``changes``: more of the standard order, such as its named discounts and its tenders.
    """
    rows = tuple(_standard_of(line, lines[:at]) for at, line in enumerate(lines))
    standard = a_standard_order(order_no=order_no, lines=rows, freight=freight, **changes)
    placement = place(standard, standard.lines)
    return tuple(evolve(line, part=part) for line, part in zip(lines, placement.parts, strict=True)), placement.steps


def _standard_of(line: OrderLine, before: Sequence[OrderLine]) -> StandardLine:
    again = sum(other.platform_line_no == line.platform_line_no for other in before)
    names = ("sku", "title", "quantity", "unit_price", "adjustment", "line_discount", "order_discount", "payable")
    line_no = f"{line.platform_line_no}/{again}" if again else line.platform_line_no
    return a_standard_line(line_no=line_no, **{name: getattr(line, name) for name in names})


def _part_of(facts: dict[str, Any]) -> LinePart:
    """Place a line's own amounts as if it were alone, so that a line can be had without an order."""
    goods: int = (facts["unit_price"] * facts["quantity"] + facts["adjustment"]).fen
    taken = [facts[name].fen for name in ("line_discount", "order_discount") if facts[name].fen]
    nets = tuple(accumulate([goods, *taken], lambda left, off: left - off))
    return whole_line(facts["platform_line_no"], facts["quantity"], nets, (0,) * len(nets))


def a_sales_order(**changes: Any) -> SalesOrder:
    """Return the sales order of ``a_standard_order``, awaiting customer service's review unless ``state`` is given.

    It has the warehouse, fulfilment order and shipped units that orders in its state have; ``payable`` and ``paid``
    follow from the rest.
    """
    state = changes.get("state", OrderState.AWAITING_CS_REVIEW)
    facts: dict[str, Any] = {
        "id": ORDER,
        "number": "S20261123-000001",
        "shop_id": SHOP,
        "platform": Platform.TAOBAO,
        "platform_order_id": PLATFORM_ORDER,
        "platform_order_no": ORDER_NO,
        "state": state,
        "lines": (
            an_order_line(shipped=_shipped(state, 2)),
            an_order_line(
                id=OTHER_LINE,
                platform_line_no="1002",
                sku=HAT,
                title="样例帽子",
                quantity=Quantity(1),
                unit_price=Money(5000),
                shipped=_shipped(state, 1),
            ),
        ),
        "freight": Money(800),
        "receiver": RECEIVER,
        "buyer": BUYER,
        "region": REGION,
        "warehouse": MAIN if state in ALLOCATED else None,
        "fulfilment_id": FULFILMENT if state in REVIEWED else None,
        "placed_at": NOW - timedelta(minutes=10),
        "created_at": NOW,
        "updated_at": NOW,
    } | changes
    if "steps" not in facts:
        facts["lines"], facts["steps"] = placed(
            facts["lines"], freight=facts["freight"], order_no=facts["platform_order_no"]
        )
    amounts = [line.payable for line in facts["lines"]]
    amounts += [facts.get(name, Money(0)) for name in ("freight", "services", "cod_fee")]
    facts = {"payable": total(amounts)} | facts
    is_paid = state is not OrderState.AWAITING_PAYMENT and not facts.get("cash_on_delivery", False)
    facts = {"paid": facts["payable"] if is_paid else Money(0)} | facts
    return SalesOrder(**{"paid_at": NOW - timedelta(minutes=6) if is_paid else None} | facts)


def a_package(**changes: Any) -> Package:
    """Return a parcel with both lines of ``a_sales_order``."""
    facts: dict[str, Any] = {
        "id": PACKAGE,
        "carrier": "SF",
        "tracking_no": "SF0000000000001",
        "contents": ((LINE, Quantity(2)), (OTHER_LINE, Quantity(1))),
        "shipped_at": NOW,
    }
    return Package(**facts | changes)


def a_fulfilment_order(**changes: Any) -> FulfilmentOrder:
    """Return what the warehouse is to ship of ``a_sales_order``, not released yet."""
    facts: dict[str, Any] = {
        "id": FULFILMENT,
        "number": "F20261123-000001",
        "order_id": ORDER,
        "shop_id": SHOP,
        "warehouse": MAIN,
        "lines": (
            FulfilmentLine(line_id=LINE, sku=SCARF, quantity=Quantity(2)),
            FulfilmentLine(line_id=OTHER_LINE, sku=HAT, quantity=Quantity(1)),
        ),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return FulfilmentOrder(**facts | changes)


def _line_payable(facts: dict[str, Any]) -> Money:
    zero = Money(0)
    goods: Money = facts["unit_price"] * facts["quantity"] + facts.get("adjustment", zero)
    discounts: Money = facts.get("line_discount", zero) + facts.get("order_discount", zero)
    return goods - discounts


def _shipped(state: OrderState, quantity: int) -> int:
    if state in (OrderState.SHIPPED, OrderState.RETURNING, OrderState.SIGNED, OrderState.COMPLETED):
        return quantity
    return quantity - 1 if state is OrderState.PARTIALLY_SHIPPED else 0
