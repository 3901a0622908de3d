"""Timers of orders: what becomes due by itself, as rows that are set with the fact that they follow from.

A timer that rings looks at the order anew, so it need not be taken back when something else came first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from oms_app.ports.transaction import Transaction
from oms_domain.kernel.change import Change
from oms_domain.orders.events import (
    OrderAllocated,
    OrderCreated,
    OrderFlagged,
    OrderHandedOver,
    OrderJoined,
    OrderSigned,
    OrderSplitOff,
    OrderUnflagged,
)
from oms_domain.orders.groups import group_ends
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopPolicy
from oms_domain.split_merge.merging import may_be_merged, window_ends

EXPIRE_UNPAID: Final = "orders.expire_unpaid"
GROUP_FAILS: Final = "orders.group_fails"
LIFT_FLAGS: Final = "orders.lift_flags"
COMPLETE: Final = "orders.complete_signed"
MERGE: Final = "orders.merge_window"
REVIEWABLE: Final = frozenset({OrderAllocated, OrderUnflagged, OrderJoined})
"""Facts after which an order may be one to be merged with others."""
BEGINNING: Final = frozenset({OrderCreated, OrderSplitOff})
"""Facts that an order begins with, in whatever state and with whatever flags its parent had."""


def set_timers(tx: Transaction, change: Change[SalesOrder], policy: ShopPolicy | None = None) -> None:
    """Set the timers that follow from what has happened to an order.

    Args:
        policy: of its shop, where it is known: it need not be read for every order of a chunk.
    """
    order, kinds = change.state, {type(event) for event in change.events}
    if kinds & {OrderFlagged, *BEGINNING} and (ends := end_of_flags(order)) is not None:
        tx.set_timer(LIFT_FLAGS, str(order.id), due_at=ends, shop_id=order.shop_id)
    if kinds & BEGINNING and (fails := group_ends(order)) is not None:
        tx.set_timer(GROUP_FAILS, str(order.id), due_at=fails, shop_id=order.shop_id)
    if kinds & BEGINNING and order.state is OrderState.AWAITING_PAYMENT:
        unpaid = unpaid_until(order, policy or tx.shops.get(order.shop_id).policy)
        if unpaid is not None:
            tx.set_timer(EXPIRE_UNPAID, str(order.id), due_at=unpaid, shop_id=order.shop_id)
    if kinds & REVIEWABLE and order.state is OrderState.AWAITING_CS_REVIEW:
        policy = tx.shops.get(order.shop_id).policy
        if may_be_merged(order, policy):
            tx.set_timer(MERGE, str(order.id), due_at=window_ends(order, policy), shop_id=order.shop_id)
    if kinds & {OrderSigned, OrderHandedOver} and order.state is OrderState.SIGNED:
        due = completed_at(order, policy or tx.shops.get(order.shop_id).policy)
        tx.set_timer(COMPLETE, str(order.id), due_at=due, shop_id=order.shop_id)


def end_of_flags(order: SalesOrder) -> datetime | None:
    """Return when the next flag is lifted by itself."""
    return min((flag.until for flag in order.flags if flag.until and not flag.is_of_group), default=None)


def unpaid_until(order: SalesOrder, policy: ShopPolicy) -> datetime | None:
    """Return until when an order may stay unpaid, None: as long as its platform lets it, or its balance is due."""
    if order.paid.fen:  # a deposit: the balance is asked for when its time has come
        return None
    minutes = policy.unpaid_minutes_of(of_platform=order.platform_order_id is not None)
    return order.placed_at + timedelta(minutes=minutes) if minutes else None


def completed_at(order: SalesOrder, policy: ShopPolicy) -> datetime:
    """Return when a signed order is settled although nobody says so: so long after the buyer had it."""
    return (order.ended_at or order.updated_at) + timedelta(days=policy.complete_days)
