"""What rings: unpaid orders, flags with an end, orders that nobody says are settled. Each looks at the order anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from attrs import frozen

from oms_app.actor import system
from oms_app.order_moves import ExpireOrder, FailGroup, LiftFlags, OrderMoveService
from oms_app.orders import CompleteOrder, OrderService
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Clock, OpenTransaction
from oms_app.processes.refusals import unless_refused
from oms_app.runner import Handler
from oms_app.timers import COMPLETE, EXPIRE_UNPAID, GROUP_FAILS, LIFT_FLAGS, completed_at, end_of_flags, unpaid_until
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.groups import group_ends
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import BEFORE_WAREHOUSE, OrderState
from oms_domain.shops.shop import ShopPolicy

TIMERS: Final = system("timers")
LOOK_AGAIN: Final = timedelta(days=1)


@frozen(kw_only=True)
class TimerProcess:
    """What happens to orders when their time has come."""

    open: OpenTransaction
    orders: OrderService
    moves: OrderMoveService
    now: Clock

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(name=EXPIRE_UNPAID, run=self.expire),
            Handler(name=LIFT_FLAGS, run=self.lift),
            Handler(name=GROUP_FAILS, run=self.fail_group),
            Handler(name=COMPLETE, run=self.complete),
        )

    def expire(self, job: Job) -> datetime | None:
        """Cancel an order that nobody paid; the shop's policy of now counts."""
        order, policy = self._read(job)
        due = unpaid_until(order, policy)
        if order.state is not OrderState.AWAITING_PAYMENT or due is None:
            return None
        if due > self.now():
            return due
        unless_refused(lambda: self.moves.expire(ExpireOrder(order_id=order.id, by=TIMERS)))
        return None

    def lift(self, job: Job) -> datetime | None:
        """Lift what is over, and come back for what is not."""
        order, _ = self._read(job)
        ends = end_of_flags(order)
        if ends is None or ends > self.now():
            return ends
        self.moves.lift_flags(LiftFlags(order_id=order.id, by=TIMERS))
        return end_of_flags(self._read(job)[0])

    def fail_group(self, job: Job) -> datetime | None:
        """Call off an order whose group does not stand in time."""
        order, _ = self._read(job)
        ends = group_ends(order)
        if ends is None or ends > self.now() or order.state not in BEFORE_WAREHOUSE:
            return ends if ends is not None and ends > self.now() else None
        unless_refused(lambda: self.moves.group_fails(FailGroup(order_id=order.id, by=TIMERS)))
        return None

    def complete(self, job: Job) -> datetime | None:
        """Settle a signed order that nobody has settled or given back."""
        order, policy = self._read(job)
        if order.state is not OrderState.SIGNED:
            return None
        due = completed_at(order, policy)
        if due > self.now():
            return due
        if order.flags:  # the buyer wants money back, or a person wants it to wait
            return self.now() + LOOK_AGAIN
        unless_refused(lambda: self.orders.complete(CompleteOrder(order_id=order.id, by=TIMERS)))
        return None

    def _read(self, job: Job) -> tuple[SalesOrder, ShopPolicy]:
        with self.open(TIMERS) as tx:
            order = tx.orders.get(OrderId(UUID(job.key)))
            return order, tx.shops.get(order.shop_id).policy
