"""Delivery orders (发货单): ours in Qimen's form, and what a warehouse reads of them.

Rules of the standard: total = items − discount + freight = still due + got; a price per unit is list price less its
discount. A line whose amount does not divide by its units is cut in two, so that Σ units × price is the amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from attrs import field, frozen

from oms_adapters.wms.qimen.account import QimenAccount
from oms_adapters.wms.qimen.carriers import to_qimen
from oms_adapters.wms.qimen.fields import Reader, element, group
from oms_adapters.wms.qimen.xml import Node
from oms_app.ports.wms import Papers, ShipOrder, StopOrder
from oms_domain.channels.standard import Receiver, Region
from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money, parse_money, total

SALE: Final = "JYCK"
COLLECT: Final = "COD"
GOOD: Final = "ZP"
PLATFORM_CODES: Final = {"taobao": "TB"}
OTHER: Final = "OTHER"


@frozen(kw_only=True)
class Contact:
    """Who sends or receives. Personal data: only on the way."""

    company: str = ""
    name: str = field(default="", repr=False)
    mobile: str = field(default="", repr=False)
    tel: str = field(default="", repr=False)
    zip: str = field(default="", repr=False)
    province: str = ""
    city: str = ""
    area: str = ""
    town: str = ""
    address: str = field(default="", repr=False)
    oaid: str = ""


@frozen(kw_only=True)
class DeliveryLine:
    """Units of one price. Prices are per unit: ``retail`` = ``actual`` + ``discount``."""

    no: str
    source_order: str
    source_line: str
    owner: str
    sku: SkuCode
    title: str
    units: int
    retail: Money
    actual: Money
    discount: Money


@frozen(kw_only=True)
class DeliveryOrder:
    """A delivery order as it stands on the wire."""

    code: str
    warehouse: str
    owner: str
    platform: str
    shop_name: str
    is_cash_due: bool
    created_at: datetime
    placed_at: datetime
    paid_at: datetime | None
    ship_before: datetime | None
    carrier: str
    freight: Money
    sender: Contact
    receiver: Contact
    buyer_message: str
    lines: tuple[DeliveryLine, ...]

    @property
    def items(self) -> Money:
        return total(line.retail * line.units for line in self.lines)

    @property
    def discount(self) -> Money:
        return total(line.discount * line.units for line in self.lines)

    @property
    def total(self) -> Money:
        return self.items - self.discount + self.freight


def delivery_of(order: ShipOrder, account: QimenAccount, *, at: datetime) -> DeliveryOrder:
    """Return what goes out for an order. Without papers, prices are 0 and it was placed ``at``."""
    papers = order.papers or Papers(platform="", order_no="", shop_name="", placed_at=at)
    return DeliveryOrder(
        code=order.number,
        warehouse=account.warehouse,
        owner=account.owner_code,
        platform=PLATFORM_CODES.get(papers.platform, OTHER),
        shop_name=papers.shop_name,
        is_cash_due=papers.cash_due,
        created_at=at,
        placed_at=papers.placed_at,
        paid_at=papers.paid_at,
        ship_before=papers.ship_before,
        carrier=to_qimen(order.carrier or account.carrier),
        freight=papers.freight,
        sender=sender_of(account),
        receiver=contact_of(order.receiver, order.region, papers.handle),
        buyer_message=order.remark,
        lines=tuple(_lines(order, papers, account.owner_code)),
    )


def _lines(order: ShipOrder, papers: Papers, owner: str) -> Iterator[DeliveryLine]:
    told = {line.line_id: line for line in papers.lines}
    number = 0
    for line_id, sku, units in order.lines:
        paper = told.get(line_id)
        for count, actual in by_price(paper.net, units) if paper else ((int(units), Money(0)),):
            number += 1
            retail = max(paper.unit_price, actual) if paper else actual
            yield DeliveryLine(
                no=str(number),
                source_order=(paper.order_no if paper else "") or papers.order_no,
                source_line=paper.platform_line_no if paper else "",
                owner=owner,
                sku=sku,
                title=paper.title if paper else "",
                units=count,
                retail=retail,
                actual=actual,
                discount=retail - actual,
            )


def by_price(net: Money, units: int) -> tuple[tuple[int, Money], ...]:
    """Cut units that carry ``net`` into runs of one price, two at most: Σ units × price = ``net``.

    >>> [(count, price.fen) for count, price in by_price(Money(22634), 3)]
    [(2, 7545), (1, 7544)]
    """
    each, over = divmod(net.fen, units)
    runs = ((over, Money(each + 1, net.currency)), (units - over, Money(each, net.currency)))
    return tuple(run for run in runs if run[0])


def sender_of(account: QimenAccount) -> Contact:
    """Return who stands as the sender."""
    sender = account.sender
    return Contact(
        company=sender.company,
        name=sender.name or sender.company or account.warehouse,
        mobile=sender.phone,
        province=sender.province,
        city=sender.city,
        area=sender.district,
        address=sender.street,
    )


def contact_of(receiver: Receiver, region: Region, oaid: str = "") -> Contact:
    """Return a person of ours in the standard's fields. A county under its province stands as its city."""
    return Contact(
        name=receiver.name,
        mobile=receiver.mobile,
        tel=receiver.phone,
        zip=receiver.zip,
        province=region.province,
        city=region.city or region.district,
        area=region.district,
        town=region.town,
        address=receiver.street,
        oaid=oaid,
    )


# --- the order ⇄ XML -------------------------------------------------------------------------------------------------


def print_delivery(order: DeliveryOrder) -> Node:
    """Return ``deliveryorder.create``."""
    due = order.total if order.is_cash_due else Money(0)
    head = element(
        "deliveryOrder",
        deliveryOrderCode=order.code,
        orderType=SALE,
        warehouseCode=order.warehouse,
        ownerCode=order.owner or None,
        orderFlag=COLLECT if order.is_cash_due else None,
        sourcePlatformCode=order.platform,
        createTime=order.created_at,
        placeOrderTime=order.placed_at,
        payTime=order.paid_at,
        latestDeliveryTime=order.ship_before,
        operateTime=order.created_at,
        shopNick=order.shop_name or None,
        totalAmount=order.total,
        itemAmount=order.items,
        discountAmount=order.discount,
        freight=order.freight,
        arAmount=due,
        gotAmount=order.total - due,
        logisticsCode=order.carrier,
        senderInfo=print_contact("senderInfo", order.sender),
        receiverInfo=print_contact("receiverInfo", order.receiver),
        buyerMessage=order.buyer_message or None,
    )
    lines = (
        element(
            "orderLine",
            orderLineNo=line.no,
            sourceOrderCode=line.source_order or None,
            subSourceOrderCode=line.source_line or None,
            ownerCode=line.owner or None,
            itemCode=line.sku,
            inventoryType=GOOD,
            itemName=line.title or None,
            planQty=line.units,
            retailPrice=line.retail,
            actualPrice=line.actual,
            discountAmount=line.discount,
        )
        for line in order.lines
    )
    return element("request", deliveryOrder=head, orderLines=group("orderLines", lines))


def parse_delivery(message: Node) -> DeliveryOrder:
    """The inverse of ``print_delivery``, for amounts that keep the standard's rules.

    Raises:
        Invalid: a field lacks or cannot be read.
    """
    request = Reader(message)
    head = request.child("deliveryOrder")
    created_at = head.time("createTime", EPOCH)
    return DeliveryOrder(
        code=head.code("deliveryOrderCode"),
        warehouse=head.code("warehouseCode"),
        owner=head.code_or_none("ownerCode"),
        platform=head.code("sourcePlatformCode"),
        shop_name=head.text("shopNick"),
        is_cash_due=COLLECT in head.text("orderFlag").split("^"),
        created_at=created_at,
        placed_at=head.time("placeOrderTime", created_at),
        paid_at=head.time("payTime", created_at) if head.has("payTime") else None,
        ship_before=head.time("latestDeliveryTime", created_at) if head.has("latestDeliveryTime") else None,
        carrier=head.code("logisticsCode"),
        freight=_money(head, "freight"),
        sender=parse_contact(head.child("senderInfo")),
        receiver=parse_contact(head.child("receiverInfo")),
        buyer_message=head.text("buyerMessage"),
        lines=tuple(_parse_line(row) for row in request.rows("orderLines", "orderLine")),
    )


def _parse_line(row: Reader) -> DeliveryLine:
    return DeliveryLine(
        no=row.code_or_none("orderLineNo"),
        source_order=row.code_or_none("sourceOrderCode"),
        source_line=row.code_or_none("subSourceOrderCode"),
        owner=row.code_or_none("ownerCode"),
        sku=row.sku(),
        title=row.text("itemName"),
        units=row.units("planQty"),
        retail=_money(row, "retailPrice"),
        actual=_money(row, "actualPrice"),
        discount=_money(row, "discountAmount"),
    )


_CONTACT: Final = {
    "company": "company",
    "name": "name",
    "mobile": "mobile",
    "tel": "tel",
    "zip": "zipCode",
    "province": "province",
    "city": "city",
    "area": "area",
    "town": "town",
    "address": "detailAddress",
    "oaid": "oaid",
}
EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def print_contact(name: str, contact: Contact) -> Node:
    return element(name, **{wire: getattr(contact, ours) or None for ours, wire in _CONTACT.items()})


def parse_contact(node: Reader) -> Contact:
    return Contact(**{ours: node.text(wire) for ours, wire in _CONTACT.items()})


def _money(node: Reader, name: str) -> Money:
    return parse_money(node.text(name), field=name) if node.has(name) else Money(0)


# --- calling it off --------------------------------------------------------------------------------------------------


def print_stop(order: StopOrder, account: QimenAccount) -> Node:
    """Return ``order.cancel``."""
    return element(
        "request",
        warehouseCode=account.warehouse,
        ownerCode=account.owner_code or None,
        orderCode=order.number,
        orderType=SALE,
        cancelReason=order.reason or None,
    )


def parse_stop(message: Node) -> StopOrder:
    """The inverse of ``print_stop``. Raises ``Invalid``."""
    request = Reader(message)
    return StopOrder(
        number=request.code("orderCode"),
        warehouse=warehouse_code(request.code("warehouseCode")),
        reason=request.text("cancelReason"),
    )
