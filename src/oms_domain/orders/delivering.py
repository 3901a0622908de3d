"""What becomes of an order on its way to the buyer, and back; and handing it over without a parcel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from attrs import evolve

from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import FulfilmentOrderId, LineId, PackageId, WarehouseCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.kernel.states import next_state
from oms_domain.kernel.text import storable
from oms_domain.orders import events as e
from oms_domain.orders.asks import Ask, allowed_in
from oms_domain.orders.coming_back import Arrived, left_us, worth
from oms_domain.orders.flags import LONGEST_REASON, PENDING, FlagKind, checked_reason
from oms_domain.orders.moves import HANDING_OVER, check
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import ORDER_TABLE, UNRELEASED
from oms_domain.orders.states import OrderMove as M

NOT_GIVEN: Final = "business_refused"
"""Why an order is intercepted whose virtual goods nobody would give, and did not say why."""
Parcel = tuple[PackageId, tuple[tuple[LineId, Quantity], ...], str, str]
"""A parcel that has left: its id, its contents, carrier and number."""


def reject(order: SalesOrder, *, reason: str, at: datetime) -> Change[SalesOrder]:
    """Send it back from business review to customer service's (驳回)."""
    state = next_state(ORDER_TABLE, order.state, M.REJECT)
    event = e.OrderRejected(order_id=order.id, state=state, reason=checked_reason(reason), at=at)
    return Change(evolve(order, state=state, updated_at=at), (event,))


def hand_over(order: SalesOrder, *, at: datetime) -> Change[SalesOrder]:
    """The buyer has it without a parcel: virtual goods, or what the store gave out at its counter (当面交付).

    While a stop is asked, the answer to that comes first: what is handed over cannot be stopped any more.
    """
    check(order, Ask.HAND_OVER)
    lines = tuple(evolve(line, shipped=line.shipped + line.to_ship) for line in order.lines)
    handed = order.settled(M.HAND_OVER, at=at, lines=lines, progress="")
    event = e.OrderHandedOver(
        order_id=order.id,
        state=handed.state,
        contents=tuple((line_id, units) for line_id, _, units in order.contents),
        at=at,
    )
    return Change(handed, (event,))


def hands_over(order: SalesOrder, *, at: datetime) -> Change[SalesOrder]:
    """Note that whoever delivers virtual goods is asked to now: until the answer nobody calls the order off."""
    check(order, Ask.HAND_OVER)
    return order.progressed(HANDING_OVER, at=at)


def not_given(order: SalesOrder, reason: str, *, at: datetime) -> Change[SalesOrder]:
    """Whoever delivers virtual goods would not: a person looks, and may let it be tried again."""
    why = storable(reason, longest=LONGEST_REASON) if reason.strip() else NOT_GIVEN
    back = order.progressed("", at=at)
    return back.then(back.state.flag(FlagKind.INTERCEPTED, reason=why, by="business_system", at=at))


def ship_earlier(
    order: SalesOrder, fulfilment_id: FulfilmentOrderId, number: str, parcels: Sequence[Parcel], *, at: datetime
) -> Change[SalesOrder]:
    """Book that a fulfilment order which was called off has left all the same, with all that the order has to ship.

    Args:
        number: of the fulfilment order, which stood in the way until now.

    Raises:
        MoveNotAllowed: nothing of it stood in the way, it left in part only, or the order holds nothing by now.
    """
    flag = next((f for f in order.flags if (f.kind, f.reason) == (FlagKind.EARLIER_MAY_SHIP, number)), None)
    lines = {line.id: line for line in order.lines}
    for _, contents, _, _ in parcels:
        for line_id, units in contents:
            if line_id in lines:
                lines[line_id] = evolve(lines[line_id], shipped=lines[line_id].shipped + units)
    if flag is None or order.state not in UNRELEASED or any(line.to_ship for line in lines.values()):
        raise MoveNotAllowed(state=order.state, move=M.SHIP, allowed=allowed_in(order.state))
    state = next_state(ORDER_TABLE, order.state, M.SHIP_OUTSIDE)
    events = tuple(
        e.OrderShipped(
            order_id=order.id,
            state=state,
            package_id=package_id,
            carrier=carrier,
            tracking_no=tracking_no,
            contents=contents,
            at=at,
        )
        for package_id, contents, carrier, tracking_no in parcels
    )
    left = tuple(other for other in order.flags if other != flag)
    shipped = evolve(
        order,
        state=state,
        lines=tuple(lines.values()),
        flags=left,
        fulfilment_id=fulfilment_id,
        progress="",
        updated_at=at,
    )
    return Change(shipped, events)


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
