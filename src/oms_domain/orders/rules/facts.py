"""What rules see of an order: one flat value, with what the caller has counted and looked up around it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import frozen

from oms_domain.channels.standard import OrderKind
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import total
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.sales_order import SalesOrder

LOWEST_MARGIN_BP: Final = -1_000_000
"""Stands for a margin of goods that cost something and bring nothing, and for anything below it."""


@frozen(kw_only=True)
class SkuFacts:
    """What the catalogue knows of a SKU. Amounts are of one unit; None: not known."""

    is_mapped: bool = True
    floor_fen: int | None = None
    cost_fen: int | None = None
    categories: tuple[str, ...] = ()


@frozen(kw_only=True)
class Surroundings:
    """What is known around an order (订单周边): counted and looked up by the caller. None: not known.

    Counts are of other orders of the shop, this one not counted. An address is the same by its blind index, never by a
    platform's handle.
    """

    tags: tuple[str, ...] = ()
    region_codes: tuple[str, ...] = ()  # of province, city and district
    address_complete: bool | None = None
    merge_window_open: bool | None = None
    phone_blacklisted: bool | None = None
    address_blacklisted: bool | None = None
    buyer_blacklisted: bool | None = None
    same_address_orders_1h: int | None = None
    same_address_orders_24h: int | None = None
    same_address_orders_7d: int | None = None
    buyer_orders: int | None = None
    skus: Mapping[SkuCode, SkuFacts] = {}


@frozen(kw_only=True)
class LineFacts:
    """What rules see of a line that is still to be sent. Net: after all discounts, all units together."""

    sku: str
    title: str = ""
    spec: str = ""
    units: int
    net_fen: int
    is_gift: bool = False
    is_mapped: bool = True
    floor_fen: int | None = None  # of one unit
    cost_fen: int | None = None  # of one unit
    categories: tuple[str, ...] = ()

    @property
    def below_floor(self) -> bool | None:
        """Whether it brings less than its floor price. A gift is never below: the order's margin pays for it."""
        if self.is_gift:
            return False
        return None if self.floor_fen is None else self.net_fen < self.floor_fen * self.units

    @property
    def margin_bp(self) -> int | None:
        """Margin in basis points of the net amount; of a gift, or without a cost, none."""
        if self.is_gift or self.cost_fen is None:
            return None
        return margin_bp(net_fen=self.net_fen, cost_fen=self.cost_fen * self.units)


@frozen(kw_only=True)
class OrderFacts:
    """What rules see of an order (审单数据). Amounts are minor units of the order's currency."""

    order_no: str = ""
    kind: str = "normal"
    platform: str = ""
    cash_on_delivery: bool = False
    payable_fen: int
    paid_fen: int = 0
    goods_fen: int = 0
    discount_fen: int = 0
    freight_fen: int = 0
    lines: tuple[LineFacts, ...]
    buyer_id: str = ""
    buyer_remark: str = ""
    seller_remark: str = ""
    seller_flag: int = 0
    flags: tuple[str, ...] = ()
    province: str = ""
    city: str = ""
    district: str = ""
    town: str = ""
    placed_at: datetime | None = None
    paid_at: datetime | None = None
    promised_ship_at: datetime | None = None
    around: Surroundings = Surroundings()

    @property
    def units(self) -> int:
        """Units of all lines, gifts counted."""
        return sum(line.units for line in self.lines)

    @property
    def skus(self) -> tuple[str, ...]:
        """Every SKU once, in the order of the lines."""
        return tuple(dict.fromkeys(line.sku for line in self.lines))

    @property
    def margin_bp(self) -> int | None:
        """Margin of the goods in basis points, gifts at cost.

        None while the cost of a line is not known, and of a reissue, which is to bring nothing.
        """
        if self.kind == OrderKind.REISSUE:
            return None
        costs = [None if line.cost_fen is None else line.cost_fen * line.units for line in self.lines]
        known = [cost for cost in costs if cost is not None]
        if len(known) < len(costs):
            return None
        return margin_bp(net_fen=sum(line.net_fen for line in self.lines), cost_fen=sum(known))

    @property
    def confirmed_at(self) -> datetime | None:
        """When the buyer was bound: paid, or placed where the carrier collects."""
        return self.placed_at if self.cash_on_delivery else self.paid_at


def margin_bp(*, net_fen: int, cost_fen: int) -> int:
    """Return the share of the net amount that is not cost, in basis points, rounded down.

    >>> margin_bp(net_fen=10000, cost_fen=9300), margin_bp(net_fen=3000, cost_fen=4000)
    (700, -3334)
    >>> margin_bp(net_fen=0, cost_fen=0), margin_bp(net_fen=0, cost_fen=1) == LOWEST_MARGIN_BP
    (0, True)
    """
    if net_fen <= 0:
        return 0 if cost_fen <= 0 else LOWEST_MARGIN_BP
    return max((net_fen - cost_fen) * 10_000 // net_fen, LOWEST_MARGIN_BP)


def facts_of(order: SalesOrder, around: Surroundings) -> OrderFacts:
    """Return what rules see of a sales order. Lines that were refunded before shipment are not counted."""
    lines = tuple(line for line in order.lines if not line.is_closed)
    currency = order.payable.currency
    return OrderFacts(
        order_no=order.number,
        kind=str(order.kind),
        platform=str(order.platform),
        cash_on_delivery=order.cash_on_delivery,
        payable_fen=order.payable.fen,
        paid_fen=order.paid.fen,
        goods_fen=total((line.goods for line in lines), currency).fen,
        discount_fen=total((line.line_discount + line.order_discount for line in lines), currency).fen,
        freight_fen=order.freight.fen,
        lines=tuple(_line_facts(line, around.skus.get(line.sku, SkuFacts())) for line in lines),
        buyer_id=order.buyer_id,
        buyer_remark=order.buyer_remark,
        seller_remark=order.seller_remark,
        seller_flag=order.seller_flag,
        flags=tuple(str(flag.kind) for flag in order.flags),
        province=order.region.province,
        city=order.region.city,
        district=order.region.district,
        town=order.region.town,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        promised_ship_at=order.promised_ship_at,
        around=around,
    )


def _line_facts(line: OrderLine, sku: SkuFacts) -> LineFacts:
    return LineFacts(
        sku=line.sku,
        title=line.title,
        spec=line.spec,
        units=line.quantity,
        net_fen=line.payable.fen,
        is_gift=line.is_gift,
        is_mapped=sku.is_mapped,
        floor_fen=sku.floor_fen,
        cost_fen=sku.cost_fen,
        categories=sku.categories,
    )
