"""Bringing a sales order up to its platform order, with the stock and the warehouse order that hang on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from oms_app.orders import give_back, save
from oms_app.ports.transaction import Transaction
from oms_app.timers import set_timers
from oms_app.transactions import record
from oms_domain.catalog.matching import Sold
from oms_domain.orders import intake, sub_orders
from oms_domain.orders.events import OrderDiffers
from oms_domain.orders.flags import BY_PLATFORM, FlagKind
from oms_domain.orders.placement import BY_DEFAULT, policy_of
from oms_domain.orders.platform_order import PlatformOrder
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import BEFORE_WAREHOUSE, OrderState


def follow_platform(
    tx: Transaction,
    order: SalesOrder,
    platform_order: PlatformOrder,
    *,
    sold: Mapping[str, Sold] = sub_orders.NOTHING_SOLD,
    at: datetime,
) -> SalesOrder:
    """Follow what the platform says; what the table refuses is put on the work list of discrepancies.

    ``sold``: what the lines of ``sub_orders.lines_to_match`` are of ours.
    """
    policy = policy_of(tx.shops.get(order.shop_id).policy) if order.state is OrderState.AWAITING_PAYMENT else BY_DEFAULT
    change = intake.follow(order, platform_order, sold=sold, policy=policy, at=at)
    after = change.state
    if lost := sub_orders.lost_lines(order, after):
        tx.stock.release(order.id, lost)
    if after.state is OrderState.CANCELLED is not order.state:
        give_back(tx, order, reason=BY_PLATFORM, now=lambda: at)
    elif after.external and not order.external:
        # Of a line that was refunded nothing has left.
        gone = [(line.id, int(line.quantity)) for line in after.lines if not line.is_closed]
        tx.stock.consume(order.id, gone, document=order.id)
        tx.stock.release(order.id)
        if order.fulfilment_id is not None:
            called_off = tx.fulfilments.get(order.fulfilment_id).cancel("shipped_outside", at=at)
            record(tx, tx.fulfilments, called_off)
    record(tx, tx.orders, change, since=order)
    set_timers(tx, change)
    for event in change.events:
        if isinstance(event, OrderDiffers):
            tx.report_difference(event, order.shop_id)
    return after


def stop_for_a_person(tx: Transaction, order: SalesOrder | None, *, at: datetime) -> SalesOrder | None:
    """Intercept an order whose platform order has come in a form that cannot be followed: it may be closed there."""
    if order is None or order.state not in BEFORE_WAREHOUSE:
        return order
    change = order.flag(FlagKind.INTERCEPTED, reason=intake.PLATFORM_DIFFERS, by=BY_PLATFORM, at=at)
    save(tx, change)
    return change.state
