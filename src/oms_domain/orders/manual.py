"""Orders that a person puts in (手工订单): amounts placed by the waterfall, and whatever is missing told at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from attrs import evolve, frozen

from oms_domain.apportionment.order import Discount, FreightCharge, PricedLine, PricedOrder, Reduction
from oms_domain.apportionment.parts import net_freight_of, net_of
from oms_domain.apportionment.policy import ApportionmentPolicy
from oms_domain.apportionment.units import LinePart
from oms_domain.apportionment.waterfall import apportion
from oms_domain.catalog.matching import Sold
from oms_domain.channels.standard import DiscountKind, OrderKind, Platform, PlatformState, Region, StandardLine
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Invalid, InvalidAmount
from oms_domain.kernel.identity import CarrierCode, LineId, OrderId, ShopId, SkuCode, WarehouseCode
from oms_domain.kernel.money import LARGEST_FEN, Money, total
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.events import OrderCreated
from oms_domain.orders.flags import GROUP_OPEN, Flag, FlagKind, NotInTheFuture
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.marks import Business, DeliveryMode, OrderSource
from oms_domain.orders.payment import check_times
from oms_domain.orders.sales_order import PartyRef, SalesOrder
from oms_domain.orders.selling import lines_of
from oms_domain.orders.states import OrderState


@frozen(kw_only=True)
class FieldsMissing(Invalid):
    """Fields that must be filled in are not (必填项未填): all of them in ``missing``, the first in ``field``."""

    code: ClassVar[str] = "orders.fields_missing"
    missing: tuple[str, ...]


@frozen(kw_only=True)
class ReductionTooHigh(Invalid):
    """Discount and coupon together are more than the goods cost."""

    code: ClassVar[str] = "orders.reduction_too_high"
    goods: Money
    reduction: Money


@frozen(kw_only=True)
class DepositOutOfBounds(Invalid):
    """A deposit is more than nothing and less than what is to be paid, and of a presale alone."""

    code: ClassVar[str] = "orders.deposit_out_of_bounds"
    payable: Money


@frozen(kw_only=True)
class CannotWaitForPayment(Invalid):
    """What waits for its payment has no time of it, no deposit and no cash on delivery, and costs something."""

    code: ClassVar[str] = "orders.cannot_wait_for_payment"
    field: str = "paid"
    why: str


@frozen(kw_only=True)
class NoGroup(Invalid):
    """Only an order of a group (拼团) waits for one to stand."""

    code: ClassVar[str] = "orders.no_group"
    field: str = "group_until"


@frozen(kw_only=True)
class Goods:
    """A line as it was put in, with what it is of our catalogue."""

    code: SkuCode
    title: str
    units: Quantity
    unit_price: Money
    sold: Sold


@frozen(kw_only=True)
class Wanted:
    """A manual order, all of it known. ``original``: the order that a reissue (补发) is for."""

    shop_id: ShopId
    platform: Platform
    platform_order_no: str
    kind: OrderKind
    business: Business
    delivery: DeliveryMode
    cash_on_delivery: bool
    warehouse: WarehouseCode | None
    carrier: CarrierCode | None
    lines: tuple[Goods, ...]
    freight: Money
    discount: Money
    coupon: Money
    deposit: Money | None
    receiver: PartyRef
    buyer: PartyRef
    region: Region
    note: str
    placed_at: datetime
    paid_at: datetime
    original: OrderId | None = None
    buyer_id: str = ""
    unpaid: bool = False  # it waits for its payment
    group_until: datetime | None = None  # of a group that does not stand yet: until when it must


def require(fields: Mapping[str, object]) -> None:
    """Raises ``FieldsMissing`` with every field, in their order, whose value is empty.

    >>> require({"kind": "normal", "lines": (1,)})
    >>> require({"kind": None, "lines": (), "note": "x"})
    Traceback (most recent call last):
    oms_domain.orders.manual.FieldsMissing: orders.fields_missing (field=kind, missing=[kind, lines])
    """
    missing = tuple(name for name, value in fields.items() if not (value.strip() if isinstance(value, str) else value))
    if missing:
        raise FieldsMissing(field=missing[0], missing=missing)


def manual_order(
    wanted: Wanted, *, id: OrderId, number: str, line_ids: Sequence[LineId], policy: ApportionmentPolicy, at: datetime
) -> Change[SalesOrder]:
    """Return the order that was put in, paid but for cash on delivery, the balance of a presale, or if it is to wait.

    Args:
        line_ids: at least as many as there are parts of what was sold.
        policy: how discount, coupon and freight are shared over the lines.

    Raises:
        InTheFuture, PaidBeforePlaced: when it was placed or paid cannot be.
        CannotWaitForPayment: it is to be paid later, and cannot.
        ReductionTooHigh, DepositOutOfBounds, InvalidAmount: an amount that cannot be.
    """
    check_times(wanted.placed_at, wanted.paid_at, at=at)
    steps, parts = _placed(wanted, number, policy)
    ids, lines = iter(line_ids), list[OrderLine]()
    for at_line, (goods, part) in enumerate(zip(wanted.lines, parts, strict=True), 1):
        standard = _standard(goods, part, steps, at_line)
        lines += lines_of(standard, goods.sold, part, steps, [next(ids) for _ in goods.sold.parts])
    currency = wanted.freight.currency
    freight = Money(sum(net_freight_of(steps, part) for part in parts), currency)
    payable = total((line.payable for line in lines), currency) + freight
    if wanted.unpaid:
        _check_unpaid(wanted, payable)
    order = SalesOrder(
        id=id,
        number=number,
        shop_id=wanted.shop_id,
        platform=wanted.platform,
        platform_order_id=None,
        platform_order_no=wanted.platform_order_no,
        kind=wanted.kind,
        source=OrderSource.MANUAL,
        business=wanted.business,
        delivery=wanted.delivery,
        original_id=wanted.original,
        cash_on_delivery=wanted.cash_on_delivery,
        state=OrderState.AWAITING_PAYMENT if wanted.unpaid else OrderState.AWAITING_ALLOCATION,
        lines=tuple(lines),
        steps=steps,
        freight=freight,
        payable=payable,
        paid=_paid(wanted, payable),
        receiver=wanted.receiver,
        buyer=wanted.buyer,
        buyer_id=wanted.buyer_id,
        region=wanted.region,
        warehouse=wanted.warehouse,
        carrier=wanted.carrier,
        note=wanted.note,
        flags=_group(wanted, at),
        placed_at=wanted.placed_at,
        paid_at=None if wanted.cash_on_delivery or wanted.unpaid else wanted.paid_at,
        created_at=at,
        updated_at=at,
    )
    created = OrderCreated(
        order_id=id,
        state=order.state,
        number=number,
        platform_order_id=None,
        payable=payable,
        paid=order.paid,
        at=at,
    )
    return Change(order, (created,))


def _paid(wanted: Wanted, payable: Money) -> Money:
    if wanted.deposit is not None:
        allowed = wanted.kind is OrderKind.PRESALE and not wanted.cash_on_delivery
        if not (allowed and Money(0, payable.currency) < wanted.deposit < payable):
            raise DepositOutOfBounds(field="deposit", payable=payable)
        return wanted.deposit
    return Money(0, payable.currency) if wanted.cash_on_delivery or wanted.unpaid else payable


def _group(wanted: Wanted, at: datetime) -> tuple[Flag, ...]:
    """Return what an order of an open group waits for. Raises ``NotInTheFuture``, ``NoGroup``."""
    if wanted.group_until is None:
        return ()
    if wanted.kind is not OrderKind.GROUP_BUY:
        raise NoGroup
    if wanted.group_until <= at:
        raise NotInTheFuture(field="group_until", until=wanted.group_until)
    return (Flag(kind=FlagKind.HELD, reason=GROUP_OPEN, by="group", at=at, until=wanted.group_until),)


def _check_unpaid(wanted: Wanted, payable: Money) -> None:
    reasons = {
        "cash_on_delivery": wanted.cash_on_delivery,
        "deposit": wanted.deposit is not None,
        "nothing_to_pay": not payable.fen,
    }
    for why, is_so in reasons.items():
        if is_so:
            raise CannotWaitForPayment(why=why)


def _placed(
    wanted: Wanted, number: str, policy: ApportionmentPolicy
) -> tuple[tuple[Reduction, ...], tuple[LinePart, ...]]:
    goods = total((line.unit_price * line.units for line in wanted.lines), wanted.freight.currency)
    if goods.fen > LARGEST_FEN:
        raise InvalidAmount(field="lines", value=str(goods))
    reduction = wanted.discount + wanted.coupon
    if reduction > goods:
        raise ReductionTooHigh(field="discount", goods=goods, reduction=reduction)
    named = ((DiscountKind.OTHER, wanted.discount), (DiscountKind.COUPON, wanted.coupon))
    result = apportion(
        PricedOrder(
            lines=tuple(
                PricedLine(key=str(at), units=line.units, goods_fen=(line.unit_price * line.units).fen)
                for at, line in enumerate(wanted.lines, 1)
            ),
            discounts=tuple(
                Discount(id=f"{number}/{kind}", kind=kind, amount_fen=amount.fen)
                for kind, amount in named
                if amount.fen
            ),
            freight_fen=wanted.freight.fen,
            currency=wanted.freight.currency,
        ),
        policy,
    )
    steps = (placed.step for placed in result.steps if not isinstance(placed.step, FreightCharge))
    return tuple(evolve(step, lines=None, placed=()) for step in steps), result.parts()


def _standard(goods: Goods, part: LinePart, steps: Sequence[Reduction], line_no: int) -> StandardLine:
    """The line as a platform would tell it: nobody else has placed its amounts."""
    currency = goods.unit_price.currency
    before, net = part.goods[0], net_of(steps, part)
    return StandardLine(
        line_no=str(line_no),
        sku=goods.code,
        title=goods.title,
        quantity=goods.units,
        unit_price=goods.unit_price,
        adjustment=Money(before, currency) - goods.unit_price * goods.units,
        order_discount=Money(before - net, currency),
        payable=Money(net, currency),
        state=PlatformState.TO_SHIP,
    )
