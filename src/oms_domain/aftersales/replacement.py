"""The order that sends new goods for a case (补发单/换货单): of 0 amount, on the way of any other order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.apportionment.units import LinePart, count
from oms_domain.channels.standard import OrderKind
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import LineId, OrderId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.events import OrderCreated
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.sales_order import PartyRef, SalesOrder
from oms_domain.orders.states import OrderState


def replacement_order(
    case: AftersalesCase,
    order: SalesOrder,
    *,
    id: OrderId,
    number: str,
    line_ids: Sequence[LineId],
    receiver: PartyRef,
    at: datetime,
) -> Change[SalesOrder]:
    """Return the order for the goods of a case: the same SKU, or what stands in for it, as gifts.

    Args:
        order: that the case is about.
        line_ids: one for each line of the case.
        receiver: where the new goods go.
    """
    nothing = Money(0, order.payable.currency)
    ours = {line.id: line for line in order.lines}
    lines = tuple(
        OrderLine(
            id=line_id,
            platform_line_no=ours[line.line_id].platform_line_no,
            sku=line.replacement or line.sku,
            title=ours[line.line_id].title if line.replacement is None else line.replacement,
            spec=ours[line.line_id].spec if line.replacement is None else "",
            quantity=Quantity(count(line.units)),
            unit_price=nothing,
            adjustment=nothing,
            line_discount=nothing,
            order_discount=nothing,
            payable=nothing,
            part=LinePart(key=str(line_id), runs=((0, count(line.units)),), goods=(0,)),
            is_gift=True,
        )
        for line, line_id in zip(case.lines, line_ids, strict=True)
    )
    made = SalesOrder(
        id=id,
        number=number,
        shop_id=order.shop_id,
        platform=order.platform,
        platform_order_id=None,
        platform_order_no=order.platform_order_no,
        kind=OrderKind.REISSUE,
        state=OrderState.AWAITING_ALLOCATION,
        lines=lines,
        freight=nothing,
        payable=nothing,
        paid=nothing,
        receiver=receiver,
        buyer=order.buyer,
        buyer_id=order.buyer_id,
        region=case.send_region or order.region,
        placed_at=at,
        paid_at=at,
        created_at=at,
        updated_at=at,
    )
    created = OrderCreated(
        order_id=id, state=made.state, number=number, platform_order_id=None, payable=nothing, paid=nothing, at=at
    )
    return Change(made, (created,))
