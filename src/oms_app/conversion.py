"""Conversion (单据转换): a platform order becomes a sales order or is followed by one, or waits as an exception."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from attrs import define, frozen

from oms_app.following import follow_platform, stop_for_a_person
from oms_app.matching import Matching
from oms_app.numbering import NumberPool
from oms_app.ports.transaction import NewId, Transaction
from oms_app.timers import set_timers
from oms_app.transactions import record
from oms_domain.apportionment.policy import ApportionmentPolicy
from oms_domain.catalog.matching import Sold, UnmappedSku
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import LineId, OrderId, PlatformOrderId
from oms_domain.kernel.money import Money
from oms_domain.orders import intake, sub_orders
from oms_domain.orders.platform_order import PlatformOrder, Trouble, unmapped_trouble
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopPolicy


class Outcome(StrEnum):
    """What a payload did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"  # the same again, or older than what is stored
    EXCEPTION = "exception"  # kept, but no sales order could be made or followed
    REFUSED = "refused"  # not stored


@frozen(kw_only=True)
class IntakeAnswer:
    """What became of one payload."""

    outcome: Outcome
    order_no: str
    platform_order_id: PlatformOrderId | None = None
    order_id: OrderId | None = None
    number: str = ""
    state: OrderState | None = None
    payable: Money | None = None
    trouble: Trouble | None = None
    code: str = ""  # of a refusal
    field: str = ""


@frozen
class Taken:
    """What became of a platform order, and the answer that tells of it."""

    platform_order: PlatformOrder
    order: SalesOrder | None
    answer: IntakeAnswer


@define
class Chunk:
    """What the orders of one shop share in one transaction."""

    tx: Transaction
    new_id: NewId
    numbers: NumberPool
    shop_policy: ShopPolicy
    policy: ApportionmentPolicy
    matching: Matching

    def match(
        self, order: SalesOrder | None, platform_order: PlatformOrder
    ) -> tuple[Mapping[str, Sold], tuple[UnmappedSku, ...]]:
        """Return what the lines are of ours that must be known now, and those of which nobody has said it."""
        assert platform_order.standard is not None
        return self.matching.match(sub_orders.lines_to_match(order, platform_order.standard))


def settle(
    chunk: Chunk,
    change: Change[PlatformOrder],
    order: SalesOrder | None,
    trouble: Trouble | None,
    outcome: Outcome,
    at: datetime,
) -> Taken:
    """Follow a stored or newer platform order with its sales order, or put it on the exceptions list."""
    tx, sold = chunk.tx, sub_orders.NOTHING_SOLD
    if trouble is None:
        sold, unmapped = chunk.match(order, change.state)
        trouble = unmapped_trouble(unmapped) if unmapped else None
    if trouble is not None:
        if not change.events and change.state.trouble == trouble:  # tried again, and nothing has changed
            return Taken(change.state, order, answer_of(Outcome.EXCEPTION, change.state, order))
        change = change.then(change.state.failed(trouble, at=at))
        record(tx, tx.platform_orders, change)
        order = stop_for_a_person(tx, order, at=at)
        return Taken(change.state, order, answer_of(Outcome.EXCEPTION, change.state, order))
    if order is None:
        begun = _begun(chunk, change.state, sold, at)
        change = change.then(change.state.converted(begun.state.id, at=at))
        record(tx, tx.platform_orders, change)
        record(tx, tx.orders, begun)
        set_timers(tx, begun, chunk.shop_policy)
        return Taken(change.state, begun.state, answer_of(outcome, change.state, begun.state))
    if change.state.trouble is not None:
        change = change.then(change.state.mended(at=at))
    record(tx, tx.platform_orders, change)
    followed = follow_platform(tx, order, change.state, sold=sold, at=at)
    return Taken(change.state, followed, answer_of(outcome, change.state, followed))


def answer_of(outcome: Outcome, platform_order: PlatformOrder, order: SalesOrder | None) -> IntakeAnswer:
    return IntakeAnswer(
        outcome=outcome,
        order_no=platform_order.order_no,
        platform_order_id=platform_order.id,
        order_id=order.id if order else None,
        number=order.number if order else "",
        state=order.state if order else None,
        payable=order.payable if order else None,
        trouble=platform_order.trouble,
    )


def _begun(chunk: Chunk, platform_order: PlatformOrder, sold: Mapping[str, Sold], at: datetime) -> Change[SalesOrder]:
    return intake.begin(
        platform_order,
        order_id=OrderId(chunk.new_id()),
        number=chunk.numbers.next("S"),
        sold=sold,
        line_ids=[LineId(chunk.new_id()) for what in sold.values() for _ in what.parts],
        policy=chunk.policy,
        at=at,
    )
