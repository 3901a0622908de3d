"""Use cases of merging (合单): orders of one buyer to one address, by hand or once the shop's window is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.claims import check_no_claims, has_claims, take_along
from oms_app.numbering import Numbering, NumberPool
from oms_app.orders import OrderAnswer, OrderCommand, answer_of
from oms_app.ports.transaction import Begin, Clock, NewId, OrderNotFound, Transaction
from oms_app.ports.vault import IndexField, Sealed
from oms_app.splitting import SplitAnswer, part_of, store_split
from oms_app.timers import set_timers
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.kernel.identity import LineId, OrderId, SkuCode
from oms_domain.kernel.money import Money
from oms_domain.orders.moves import OF_SOURCE, NotMerged
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopPolicy
from oms_domain.split_merge.merging import (
    MASKED,
    MOST_LINES,
    CannotMerge,
    Merge,
    TooFewToMerge,
    check_weight,
    differs,
    may_be_merged,
    merge,
    unmerge,
    weight_of,
    window_ends,
)
from oms_domain.split_merge.splitting import NewOrder

MOST_ORDERS: Final = 50
"""Orders in one merge."""
UNMERGED: Final = "unmerged"
MERGE_TAKES: Final = timedelta(minutes=5)
"""So long after its window an order is not reviewed while there is something to merge it with."""
LOOK_AGAIN: Final = timedelta(seconds=5)


@frozen(kw_only=True)
class MergeOrders:
    """Put orders together (合单)."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    order_ids: tuple[OrderId, ...]
    by: Actor


@frozen(kw_only=True)
class MergeSiblings(OrderCommand):
    """Put an order together with what waits beside it, if its shop wants that and the window is over."""


@frozen(kw_only=True)
class UnmergeOrder(OrderCommand):
    """Take a merged order apart by its sources again (取消合单)."""


@frozen(kw_only=True)
class Merged:
    """What a merge makes of its sources."""

    order: OrderAnswer
    sources: tuple[OrderAnswer, ...]
    lines: int
    freight: Money
    payable: Money
    paid: Money


@frozen(kw_only=True)
class MergeService:
    """Use cases of merging."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def preview(self, command: MergeOrders) -> Merged:
        """Return what the merge would make; nothing is changed. Raises what ``merge`` raises."""
        with self.begin(command) as tx:
            made = self._made(tx, _wanted(tx, command), "")
        return _merged(made)

    def merge(self, command: MergeOrders) -> Merged:
        """Put orders together.

        Raises:
            OrderNotFound, TooFewToMerge, MoveNotAllowed, CannotMerge, MergeTooLarge, MergeTooHeavy: why it cannot be.
        """
        numbers = self.numbering.pool(1, "S")
        answer = self._merge(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    def merge_siblings(self, command: MergeSiblings) -> Merged | None:
        """Put an order together with what waits beside it; None if there is nothing, or it is not, or not yet, due."""
        numbers = self.numbering.pool(1, "S")
        answer = self._merge_siblings(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    def unmerge(self, command: UnmergeOrder) -> SplitAnswer:
        """Take a merged order apart by its sources, until it is released.

        Raises:
            MoveNotAllowed, NotMerged, VersionIsNot: why it cannot be.
        """
        numbers = self.numbering.pool(MOST_ORDERS, "S")
        answer = self._unmerge(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    @one_transaction
    def _merge(self, command: MergeOrders, numbers: NumberPool) -> Merged:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(Merged):
                return done
            answer = self._store(tx, _wanted(tx, command), numbers)
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def _merge_siblings(self, command: MergeSiblings, numbers: NumberPool) -> Merged | None:
        numbers.start()
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            if not is_due(order, tx.shops.get(order.shop_id).policy, self.now()):
                return None
            together = siblings(tx, order)
            if len(together) < 2:
                return None
            answer = self._store(tx, together, numbers)
            tx.commit()
        return answer

    @one_transaction
    def _unmerge(self, command: UnmergeOrder, numbers: NumberPool) -> SplitAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(SplitAnswer):
                return done
            order = tx.orders.get(command.order_id)
            check_version(order, command.expected_version)
            sources, through = _merged_from(tx, order)
            check_no_claims(tx, order)
            made = unmerge(
                order,
                sources,
                through=through,
                new=[NewOrder(id=OrderId(self.new_id()), number=numbers.next("S")) for _ in sources],
                line_ids=[LineId(self.new_id()) for _ in order.lines],
                at=self.now(),
            )
            if order.fulfilment_id is not None:
                called_off = tx.fulfilments.get(order.fulfilment_id).cancel(UNMERGED, at=self.now())
                record(tx, tx.fulfilments, called_off)
            store_split(tx, order, made, at=self.now())
            answer = SplitAnswer(
                id=order.id,
                number=order.number,
                version=order.version + 1,
                parts=tuple(part_of(child.state, answer_of(child)) for child in made.children),
                fewest=len(made.children),
            )
            tx.remember(answer)
            tx.commit()
        return answer

    def _made(self, tx: Transaction, orders: Sequence[SalesOrder], number: str) -> Merge:
        made = merge(
            orders,
            new=NewOrder(id=OrderId(self.new_id()), number=number),
            line_ids=[LineId(self.new_id()) for order in orders for _ in order.lines],
            at=self.now(),
        )
        most_g = tx.shops.get(orders[0].shop_id).policy.merge_weight_g
        check_weight(orders, _weights(tx, orders) if most_g else {}, most_g)
        return made

    def _store(self, tx: Transaction, orders: Sequence[SalesOrder], numbers: NumberPool) -> Merged:
        made = self._made(tx, orders, numbers.next("S"))
        for change in (*made.sources, made.merged):
            record(tx, tx.orders, change)
        set_timers(tx, made.merged)
        tx.stock.hand_over(made.handovers)
        for order in orders:
            take_along(tx, order, [made.merged.state], at=self.now())
        return _merged(made)


def merge_waits_until(tx: Transaction, order: SalesOrder, policy: ShopPolicy, now: datetime) -> datetime | None:
    """Return until when an order is not to be reviewed, because it may be merged with others; None: it may be."""
    if not may_be_merged(order, policy):
        return None
    ends = window_ends(order, policy)
    if now < ends:
        return ends
    waits = now < ends + MERGE_TAKES and len(siblings(tx, order)) > 1
    return now + LOOK_AGAIN if waits else None


def is_due(order: SalesOrder, policy: ShopPolicy, now: datetime) -> bool:
    return may_be_merged(order, policy) and window_ends(order, policy) <= now


def siblings(tx: Transaction, order: SalesOrder) -> list[SalesOrder]:
    """Return an order and what may be merged with it by itself, as many as one may hold; alone if its receiver is
    told by a mask only."""
    receiver = order.receiver.vault_id
    if not _is_plain(tx.vault.get_many([receiver]).get(receiver)) or has_claims(tx, order):
        return [order]
    known = list(tx.orders.get_many(tx.orders.siblings(order, MOST_ORDERS - 1)).values())
    most_g = tx.shops.get(order.shop_id).policy.merge_weight_g if known else None
    weights = _weights(tx, (order, *known)) if most_g else {}
    found, lines, weight = [order], len(order.lines), weight_of(order, weights)
    for each in known:
        alike = not each.split_reasons and differs(order, each) is None and not has_claims(tx, each)
        more = weight_of(each, weights)
        fits = lines + len(each.lines) <= MOST_LINES and (most_g is None or weight + more <= most_g)
        if alike and fits:
            found.append(each)
            lines, weight = lines + len(each.lines), weight + more
    return found


def _weights(tx: Transaction, orders: Sequence[SalesOrder]) -> dict[SkuCode, int]:
    """Return what a unit weighs of what is on these orders, as far as the catalogue says."""
    skus = tx.skus.by_code({sku for order in orders for _, sku, _ in order.contents})
    return {code: sku.weight_g for code, sku in skus.items() if sku.weight_g}


def _wanted(tx: Transaction, command: MergeOrders) -> list[SalesOrder]:
    """Raises ``OrderNotFound``, ``TooFewToMerge``, ``CannotMerge``."""
    if not 2 <= len(set(command.order_ids)) == len(command.order_ids) <= MOST_ORDERS:
        raise TooFewToMerge
    known = tx.orders.get_many(command.order_ids)
    receivers = tx.vault.get_many([order.receiver.vault_id for order in known.values()])
    for id in command.order_ids:
        if id not in known:
            raise OrderNotFound(order_id=id)
        order = known[id]
        if order.state is OrderState.AWAITING_CS_REVIEW and not _is_plain(receivers.get(order.receiver.vault_id)):
            raise CannotMerge(number=order.number, what=MASKED)
    check_no_claims(tx, *known.values())
    return [known[id] for id in command.order_ids]


def _is_plain(receiver: Sealed | None) -> bool:
    """Whether who gets it is known in full. What a platform has masked may be anybody's; what is purged, nobody's."""
    return receiver is not None and bool(receiver.digest(IndexField.PLAIN))


def _merged_from(tx: Transaction, order: SalesOrder) -> tuple[list[SalesOrder], list[SalesOrder]]:
    """Return the orders that were merged, and those whose place it took since, the merged one first.

    What came out of a merge of merged orders stands for one of these, and comes apart by that one's sources.

    Raises:
        NotMerged: it did not come from a merge.
    """
    through: list[SalesOrder] = []
    while len(order.origins) == 1:
        origin = tx.orders.get(order.origins[0])
        if origin.heirs == (order.id,):
            through.insert(0, origin)
            order = origin
            continue
        sources, between = _merged_from(tx, origin)
        stands_for = [source for source in sources if f"{OF_SOURCE}{source.number}" in order.split_reasons]
        if not stands_for:
            raise NotMerged
        through[:0] = [*stands_for, *between, origin]
        (order,) = stands_for
    if not order.origins:
        raise NotMerged
    known = tx.orders.get_many(order.origins)
    return [known[id] for id in order.origins], through


def _merged(made: Merge) -> Merged:
    order = made.merged.state
    return Merged(
        order=answer_of(made.merged),
        sources=tuple(answer_of(source) for source in made.sources),
        lines=len(order.lines),
        freight=order.freight,
        payable=order.payable,
        paid=order.paid,
    )
