"""What becomes of an order on its way to the buyer, and back; and handing it over without a parcel."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from attrs import evolve

from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import WarehouseCode
from oms_domain.kernel.states import next_state
from oms_domain.orders import events as e
from oms_domain.orders.asks import Ask
from oms_domain.orders.coming_back import Arrived, left_us, worth
from oms_domain.orders.flags import PENDING, checked_reason
from oms_domain.orders.moves import check
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import ORDER_TABLE
from oms_domain.orders.states import OrderMove as M

HANDED_OVER: Final = "handed_over"


def reject(order: SalesOrder, *, reason: str, at: datetime) -> Change[SalesOrder]:
    """Send it back from business review to customer service's (驳回)."""
    state = next_state(ORDER_TABLE, order.state, M.REJECT)
    event = e.OrderRejected(order_id=order.id, state=state, reason=checked_reason(reason), at=at)
    return Change(evolve(order, state=state, updated_at=at), (event,))


def hand_over(order: SalesOrder, *, at: datetime) -> Change[SalesOrder]:
    """The buyer has it without a parcel: virtual goods, or what the store gave out at its counter (当面交付).

    A store that was asked to stop it has answered so.
    """
    check(order, Ask.HAND_OVER)
    goes_on = order.not_stopped(HANDED_OVER, at=at) if order.pending else Change(order)
    lines = tuple(evolve(line, shipped=line.shipped + line.to_ship) for line in order.lines)
    handed = goes_on.state.settled(M.HAND_OVER, at=at, lines=lines, progress="")
    event = e.OrderHandedOver(
        order_id=order.id,
        state=handed.state,
        contents=tuple((line_id, units) for line_id, _, units in order.contents),
        at=at,
    )
    return goes_on.then(Change(handed, (event,)))


def refuse_delivery(order: SalesOrder, *, reason: str, at: datetime) -> Change[SalesOrder]:
    """The buyer would not take it (拒收): it comes back, which is also what a carrier was asked for."""
    state = next_state(ORDER_TABLE, order.state, M.REFUSE_DELIVERY)
    event = e.OrderDeliveryRefused(order_id=order.id, state=state, reason=checked_reason(reason), at=at)
    return Change(_on_its_way(order, state, at), (event,))


def deliver_again(order: SalesOrder, *, at: datetime) -> Change[SalesOrder]:
    """The carrier brings it to the buyer once more (再投)."""
    state = next_state(ORDER_TABLE, order.state, M.DELIVER_AGAIN)
    return Change(_on_its_way(order, state, at), (e.OrderDeliveredAgain(order_id=order.id, state=state, at=at),))


def receive_return(
    order: SalesOrder,
    *,
    came: Arrived | None = None,
    warehouse: WarehouseCode | None = None,
    document_id: UUID | None = None,
    at: datetime,
) -> Change[SalesOrder]:
    """What came back is with us (退回入库); the buyer gets back what was paid.

    Args:
        came: what did, as it was inspected; None: nothing that is to be booked.
        warehouse, document_id: where its stock is booked, and by which document.
    """
    state = next_state(ORDER_TABLE, order.state, M.RECEIVE_RETURN)
    came = came or Arrived()
    event = e.OrderReturned(
        order_id=order.id,
        state=state,
        refund_due=order.refundable,
        warehouse=warehouse or "",
        document_id=document_id,
        good=came.good,
        defective=came.defective,
        missing=came.missing,
        at=at,
    )
    return Change(_on_its_way(order, state, at), (event,))


def lose(order: SalesOrder, *, reason: str, at: datetime) -> Change[SalesOrder]:
    """The carrier has lost it (丢件): to be claimed there, and paid back to the buyer. No stock moves."""
    state = next_state(ORDER_TABLE, order.state, M.LOSE)
    lost = left_us(order)
    event = e.OrderLost(
        order_id=order.id,
        state=state,
        reason=checked_reason(reason),
        refund_due=order.refundable,
        claimed=lost,
        claimed_value=worth(order, lost),
        at=at,
    )
    return Change(_on_its_way(order, state, at), (event,))


def _on_its_way(order: SalesOrder, state: Any, at: datetime) -> SalesOrder:
    """Return it in a state; a stop that was asked of the carrier is settled by that."""
    flags = tuple(flag for flag in order.flags if flag.kind not in PENDING)
    return evolve(order, state=state, flags=flags, progress="", updated_at=at)
