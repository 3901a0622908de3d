"""Bringing sales orders up to their platform order, with the stock and the warehouse orders that hang on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from oms_app.orders import give_back, save
from oms_app.owing import settled_there
from oms_app.ports.transaction import Transaction
from oms_app.timers import set_timers
from oms_app.transactions import record
from oms_domain.catalog.matching import Sold
from oms_domain.kernel.identity import LineId, OrderId, PlatformOrderId
from oms_domain.orders import intake, sub_orders
from oms_domain.orders.events import OrderDiffers
from oms_domain.orders.flags import BY_PLATFORM, FlagKind
from oms_domain.orders.placement import BY_DEFAULT, policy_of
from oms_domain.orders.platform_order import PlatformOrder
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.shares import Share, shares_of
from oms_domain.orders.states import BEFORE_WAREHOUSE, OrderState
from oms_domain.refunds.owed import OVER


def follow_platform(
    tx: Transaction,
    order: SalesOrder,
    platform_order: PlatformOrder,
    *,
    sold: Mapping[str, Sold] = sub_orders.NOTHING_SOLD,
    at: datetime,
) -> SalesOrder:
    """Follow what the platform says; what the table refuses is put on the work list of discrepancies.

    Where the order was split or merged, each live order that has some of it follows what is said of that.

    Args:
        order: the one that the platform order was converted to.
        sold: what the lines of ``sub_orders.lines_to_match`` are of ours.

    Returns:
        The order as it is then.
    """
    live = live_orders(tx, order, platform_order.id)
    shares = shares_of(platform_order, live, _others(tx, live, platform_order))
    for each in live:
        after = _follow(tx, each, platform_order, shares[each.id], sold, at)
        order = after if after.id == order.id else order
    return order


def live_orders(
    tx: Transaction, order: SalesOrder, platform_order_id: PlatformOrderId | None = None
) -> tuple[SalesOrder, ...]:
    """Return what goes on for an order, itself if it does; of a platform order only those that have some of it."""
    found, open_, seen = dict[OrderId, SalesOrder](), [order], set[OrderId]()
    while open_:
        each = open_.pop(0)
        if not each.heirs:
            found[each.id] = each
        heirs = [id for id in each.heirs if id not in seen]
        seen.update(heirs)
        known = tx.orders.get_many(heirs)
        open_ += [known[id] for id in heirs]
    if platform_order_id is None or len(found) == 1:
        return tuple(found.values())
    return tuple(
        each for each in found.values() if platform_order_id in {each.source_of(line)[0] for line in each.lines}
    )


def catch_up(tx: Transaction, order: SalesOrder, *, at: datetime) -> None:
    """Follow what the platform has said of an order that could not follow it until now."""
    for platform_order_id, _ in order.sources:
        if platform_order_id is not None:
            platform_order = tx.platform_orders.get(platform_order_id)
            if platform_order.standard is not None and platform_order.order_id is not None:
                follow_platform(tx, tx.orders.get(platform_order.order_id), platform_order, at=at)


def stop_for_a_person(tx: Transaction, order: SalesOrder | None, *, at: datetime) -> SalesOrder | None:
    """Intercept an order whose platform order has come in a form that cannot be followed: it may be closed there."""
    if order is None:
        return None
    for each in live_orders(tx, order):
        if each.state in BEFORE_WAREHOUSE:
            change = each.flag(FlagKind.INTERCEPTED, reason=intake.PLATFORM_DIFFERS, by=BY_PLATFORM, at=at)
            save(tx, change)
            order = change.state if each.id == order.id else order
    return order


def _others(
    tx: Transaction, live: tuple[SalesOrder, ...], platform_order: PlatformOrder
) -> Mapping[PlatformOrderId, PlatformOrder]:
    """Return the other platform orders that merged orders hold."""
    ids = {id for order in live for id, _ in order.sources if id is not None} - {platform_order.id}
    return tx.platform_orders.get_many(sorted(ids))


def _follow(
    tx: Transaction,
    order: SalesOrder,
    platform_order: PlatformOrder,
    share: Share,
    sold: Mapping[str, Sold],
    at: datetime,
) -> SalesOrder:
    settled_there(tx, order, _settled(order, share), at=at)
    policy = policy_of(tx.shops.get(order.shop_id).policy) if order.state is OrderState.AWAITING_PAYMENT else BY_DEFAULT
    change = intake.follow(order, platform_order, share=share, sold=sold, policy=policy, at=at)
    after = change.state
    if lost := sub_orders.lost_lines(order, after):
        tx.stock.release(order.id, lost)
    if after.state is OrderState.CANCELLED is not order.state:
        give_back(tx, order, reason=BY_PLATFORM, now=lambda: at)
    elif order.fulfilment_id is not None and after.fulfilment_id is None:  # it is reviewed again
        record(tx, tx.fulfilments, tx.fulfilments.get(order.fulfilment_id).cancel("unreviewed", at=at))
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


def _settled(order: SalesOrder, share: Share) -> set[LineId]:
    """Return lines that will never leave and that the platform has closed."""
    closed_there = share.standard.state in sub_orders.CLOSED
    return {
        line.id
        for line in order.lines
        if (line.is_closed or order.state in OVER)
        and (closed_there or (line.id in share.theirs and share.theirs[line.id].state in sub_orders.CLOSED))
    }
