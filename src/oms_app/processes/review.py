"""Review by itself (自动审单): interception once stock is held, then automatic review, as the shop's rules say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from attrs import frozen

from oms_app.actor import Actor, system
from oms_app.judging import Judge
from oms_app.orders import ApproveOrder, JudgeOrder, OrderService, PlaceAnew
from oms_app.ports.jobs import Job, Jobs
from oms_app.ports.transaction import Clock, Contended, OpenTransaction, OrderNotFound, VersionIsNot
from oms_app.processes.orders import actor_of, order_event
from oms_app.processes.refusals import unless_refused
from oms_app.runner import Handler
from oms_app.transactions import TRIES
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.events import (
    OrderAllocated,
    OrderEdited,
    OrderJoined,
    OrderRevised,
    OrderSplitOff,
    OrderUnflagged,
)
from oms_domain.orders.rules.decide import Decision, Outcome
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState

AUTO_REVIEW: Final = "auto_review"
JUDGE_AGAIN: Final = "orders.judge_again"


@frozen(kw_only=True)
class ReviewProcess:
    """What rules do to an order that waits for customer service's review."""

    open: OpenTransaction
    orders: OrderService
    judge: Judge
    jobs: Jobs
    now: Clock

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(
                name="orders.auto_review",
                run=self.review,
                events=tuple(
                    event.type
                    for event in (
                        OrderAllocated,
                        OrderUnflagged,
                        OrderSplitOff,
                        OrderJoined,
                        OrderEdited,
                        OrderRevised,
                    )
                ),
            ),
            Handler(name=JUDGE_AGAIN, run=self.judge_again),
        )

    def review(self, job: Job) -> datetime | None:
        event, actor = order_event(job), actor_of(job, AUTO_REVIEW)
        if event.state is not OrderState.AWAITING_CS_REVIEW:
            return None
        moved = isinstance(event, OrderEdited | OrderRevised) and "region" in event.what
        # What goes elsewhere is judged when its warehouse was found anew: by the edit itself, or now.
        if moved and (isinstance(event, OrderEdited) or self._place_anew(event.order_id, actor)):
            return None
        self._review(event.order_id, actor)
        return None

    def _place_anew(self, order_id: OrderId, actor: Actor) -> bool:
        """Find anew where an order ships from whose platform sends it elsewhere now; False: it ships from one place."""
        with self.open(actor) as tx:
            by_strategy = bool(tx.shops.get(tx.orders.get(order_id).shop_id).policy.strategy)
        if by_strategy:
            unless_refused(lambda: self.orders.place_anew(PlaceAnew(order_id=order_id, by=actor)))
        return by_strategy

    def judge_again(self, job: Job) -> datetime | None:
        """Judge an order that a rule let wait. As long as it waits the log is not told again."""
        order_id = OrderId(UUID(job.key.partition("/")[0]))
        try:
            return self._review(order_id, system(AUTO_REVIEW), waited=True)
        except OrderNotFound:  # purged since
            return None

    def _review(self, order_id: OrderId, actor: Actor, *, waited: bool = False) -> datetime | None:
        """Return when it is to be judged again, if it has waited before and waits still."""
        for _ in range(TRIES):
            at = self.now()
            with self.open(actor) as tx:
                order = tx.orders.get(order_id)
                due = order.state is OrderState.AWAITING_CS_REVIEW
                judgement = self.judge.judge(tx, order, at=at) if due else None
            if judgement is None:
                return None
            if judgement.again_at is not None:
                if waited:
                    return judgement.again_at
                # Before the log says so: an order that waits is not forgotten.
                self.jobs.ensure(JUDGE_AGAIN, f"{order.id}/{order.version}", due_at=judgement.again_at)
            try:
                unless_refused(self._done(order, judgement.decision, actor), but=VersionIsNot)
                return None
            except VersionIsNot:
                continue  # it changed while it was judged: judge again
        raise Contended(what=AUTO_REVIEW)

    def _done(self, order: SalesOrder, decision: Decision, actor: Actor) -> Callable[[], object]:
        """What follows from a decision: it passes, or the log says what is in the way."""
        about: Any = {
            "order_id": order.id,
            "expected_version": order.version,
            "decision": decision,
            "by": actor,
        }
        if decision.outcome is Outcome.PASSED:
            return partial(self.orders.approve, ApproveOrder(**about))
        return partial(self.orders.judge, JudgeOrder(**about))
