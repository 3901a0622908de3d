"""From what a platform sold to order lines: one line for each SKU, so that a bundle becomes one line for each part.

Every amount of the platform's line is shared over a bundle's parts by list price × units (all 0: by units), net by
net, so that it is conserved to the fen and nothing falls below 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from oms_domain.apportionment.allocate import shares
from oms_domain.apportionment.parts import net_of
from oms_domain.apportionment.rules import LARGEST_REMAINDER
from oms_domain.apportionment.units import LinePart, whole_line
from oms_domain.apportionment.waterfall import Reduction
from oms_domain.catalog.matching import Sold, SoldPart, merchant_code_of, platform_sku_of
from oms_domain.channels.standard import LEFT, PlatformState, StandardLine
from oms_domain.kernel.identity import LineId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import LARGEST_QUANTITY, Quantity
from oms_domain.orders.lines import FromBundle, OrderLine


def lines_of(
    line: StandardLine, sold: Sold, placed: LinePart, steps: Sequence[Reduction], ids: Sequence[LineId]
) -> tuple[OrderLine, ...]:
    """Return the order lines of a platform's line.

    Args:
        placed: the running nets of the platform's line, one after each of ``steps``.
        ids: one for each part that was sold.
    """
    if sold.bundle is None:
        amounts = (line.unit_price, line.adjustment, line.line_discount, line.order_discount, line.payable)
        return (_line(line, sold, sold.parts[0], ids[0], placed, amounts),)
    weights = _weights(sold.parts)
    goods, freight = _shared(placed.goods, weights), _shared(placed.freight, weights)
    prices = shares((line.unit_price * line.quantity).fen, weights, LARGEST_REMAINDER)
    found = [
        whole_line(f"{line.line_no}/{part.sku}", part.quantity, nets, freights)
        for part, nets, freights in zip(sold.parts, goods, freight, strict=True)
    ]
    payables = [net_of(steps, each) for each in found]
    off = [each.goods[0] - payable for each, payable in zip(found, payables, strict=True)]
    line_discounts = shares(line.line_discount.fen, weights, LARGEST_REMAINDER, caps=off)
    lines = []
    for at, (part, each, id) in enumerate(zip(sold.parts, found, ids, strict=True)):
        unit_price = prices[at] // part.quantity
        # What of the price does not divide by the units stands with the seller's own change of it.
        adjustment = each.goods[0] - unit_price * part.quantity
        fen = (unit_price, adjustment, line_discounts[at], off[at] - line_discounts[at], payables[at])
        lines.append(_line(line, sold, part, id, each, tuple(Money(x, line.payable.currency) for x in fen)))
    return tuple(lines)


def sold_again(lines: Sequence[OrderLine], line: StandardLine) -> Sold | None:
    """Return what ``line`` sells, of the same goods as the order lines that it became: perhaps more or fewer.

    None if an order line cannot hold that many.
    """
    bundles = lines[0].bundle.quantity if lines[0].bundle else 0
    parts = []
    for each in lines:
        units = each.bundle.whole // bundles * line.quantity if each.bundle else line.quantity
        if units > LARGEST_QUANTITY:
            return None
        price = Money(each.bundle.list_price_fen, each.payable.currency) if each.bundle else each.unit_price
        parts.append(
            SoldPart(sku=each.sku, title=each.title, spec=each.spec, quantity=Quantity(units), list_price=price)
        )
    bundle = lines[0].bundle.code if lines[0].bundle else None
    return Sold(parts=tuple(parts), bundle=bundle, is_gift=lines[0].is_gift)


def goods_of(line: StandardLine) -> str:
    """Return what a platform calls the goods of a line: by the merchant's code, else its own SKU id."""
    return merchant_code_of(line) or platform_sku_of(line)


def _line(
    line: StandardLine, sold: Sold, part: SoldPart, id: LineId, placed: LinePart, amounts: tuple[Money, ...]
) -> OrderLine:
    unit_price, adjustment, line_discount, order_discount, payable = amounts
    goods = goods_of(line)
    return OrderLine(
        id=id,
        platform_line_no=line.line_no,
        sku=part.sku,
        title=part.title,
        spec=part.spec,
        quantity=part.quantity,
        unit_price=unit_price,
        adjustment=adjustment,
        line_discount=line_discount,
        order_discount=order_discount,
        payable=payable,
        part=placed,
        refund=line.refund,
        is_gift=sold.is_gift,
        is_closed=line.state is PlatformState.CLOSED_REFUNDED,
        shipped=part.quantity if line.state in LEFT else 0,
        sold_as="" if goods == part.sku else goods,
        bundle=FromBundle(
            code=sold.bundle, quantity=line.quantity, list_price_fen=part.list_price.fen, whole=part.quantity
        )
        if sold.bundle is not None
        else None,
    )


def _weights(parts: Sequence[SoldPart]) -> list[int]:
    weights = [part.list_price.fen * part.quantity for part in parts]
    return weights if any(weights) else [int(part.quantity) for part in parts]


def _shared(nets: Sequence[int], weights: Sequence[int]) -> list[tuple[int, ...]]:
    """Share running nets over parts; none of a part's is above the one before it. Return them part by part."""
    rows = [shares(nets[0], weights, LARGEST_REMAINDER)]
    for net in nets[1:]:
        rows.append(shares(net, weights, LARGEST_REMAINDER, caps=rows[-1]))
    return list(zip(*rows, strict=True))
