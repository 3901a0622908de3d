"""Use cases of sales orders. Each public method is one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.allocation import Allocation
from oms_app.numbering import MoreNumbers, Numbering, NumberPool
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.timers import set_timers
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.fulfilment.fulfilment_order import FulfilmentLine, FulfilmentOrder, NothingToWriteBack
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import FulfilmentOrderId, OrderId
from oms_domain.kernel.states import next_state
from oms_domain.orders.asks import Ask
from oms_domain.orders.flags import FlagKind, OrderFlaggedNow
from oms_domain.orders.moves import check, moves_of
from oms_domain.orders.rules.decide import Decision
from oms_domain.orders.rules.judging import judged, let_pass, reasons_of
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import HOLDS_STOCK, ORDER_TABLE, OrderMove, OrderState
from oms_domain.orders.stopping import call_off

Interception = Callable[[Transaction, SalesOrder, datetime], Decision | None]
"""By which rules an order is intercepted, None if by none."""
Placing = Callable[[Allocation, SalesOrder], Change[SalesOrder]]
"""How an order finds where it ships from."""


@frozen(kw_only=True)
class OrderCommand:
    """An ask about one order. ``expected_version``: refuse if it has changed since the caller read it."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    order_id: OrderId
    by: Actor
    reason: str = ""
    expected_version: int | None = None


@frozen(kw_only=True)
class AllocateOrder(OrderCommand):
    """Reserve stock for it (分仓), also again after a shortage."""


@frozen(kw_only=True)
class PlaceAnew(OrderCommand):
    """Find anew where an order in review ships from: it goes elsewhere now."""


@frozen(kw_only=True)
class ApproveOrder(OrderCommand):
    """Pass the review that it waits for (客审/商审). ``decision``: what rules have decided, if they did."""

    decision: Decision | None = None


@frozen(kw_only=True)
class JudgeOrder(OrderCommand):
    """Note what rules have decided about it, without passing it (拦截, 转人工审核)."""

    decision: Decision


class _Intercepted(Exception):
    """Rules intercept what somebody would pass: to be noted in a transaction of its own."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.rule)
        self.decision = decision


@frozen(kw_only=True)
class HoldOrder(OrderCommand):
    """Keep it from the warehouse (挂起), for a reason; ``until``: then it goes on by itself."""

    reason: str
    until: datetime | None = None


@frozen(kw_only=True)
class UnholdOrder(OrderCommand):
    """Let it go on (解挂)."""


@frozen(kw_only=True)
class PassInterception(OrderCommand):
    """A person has looked and lets an intercepted order go on (拦截放行)."""


@frozen(kw_only=True)
class ReleaseOrder(OrderCommand):
    """Give it to the warehouse (下发)."""


@frozen(kw_only=True)
class CancelOrder(OrderCommand):
    """Call it off (取消). Who has the goods is asked to stop; until the answer the order is pending."""


@frozen(kw_only=True)
class SignOrder(OrderCommand):
    """The buyer has it (签收)."""


@frozen(kw_only=True)
class CompleteOrder(OrderCommand):
    """It is settled (交易成功)."""


@frozen(kw_only=True)
class WriteBackAgain(OrderCommand):
    """Tell the platform anew of the parcels that it would not take (重新回写)."""


@frozen(kw_only=True)
class OrderAnswer:
    """What became of the order."""

    id: OrderId
    number: str
    state: OrderState
    flags: tuple[str, ...]
    version: int
    moves: tuple[str, ...] = ()  # the commands that are open now


@frozen(kw_only=True)
class OrderService:
    """Use cases of sales orders."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause
    interception: Interception = lambda tx, order, at: None

    def allocate(self, command: AllocateOrder) -> OrderAnswer:
        """Find where it ships from, and hold it there; from several places, each part is an order of its own."""
        return self._placed(command, Allocation.allocate)

    def place_anew(self, command: PlaceAnew) -> OrderAnswer:
        """As ``allocate``, of an order in review: what it held goes back in the same transaction."""

        def again(allocation: Allocation, order: SalesOrder) -> Change[SalesOrder]:
            check(order, Ask.EDIT)
            next_state(ORDER_TABLE, order.state, OrderMove.EDIT)
            return allocation.again(order)

        return self._placed(command, again)

    def approve(self, command: ApproveOrder) -> OrderAnswer:
        """Pass a review. Customer service is not faster than the rules: what they intercept is flagged, and refused."""
        numbers = self.numbering.pool(1, "F")  # its own short transaction, so before the other one
        try:
            return self._approve(command, numbers)
        except _Intercepted as intercepted:
            by = evolve(command.by, once=None, job=None)
            flagged = JudgeOrder(order_id=command.order_id, decision=intercepted.decision, by=by)
            self.judge(flagged)
            raise OrderFlaggedNow(
                flags=(str(FlagKind.INTERCEPTED),), reasons=reasons_of(intercepted.decision)
            ) from None
        finally:
            self.numbering.give_back(numbers)

    @one_transaction
    def judge(self, command: JudgeOrder) -> OrderAnswer:
        return self._act(command, lambda tx, o: judged(o, command.decision, at=self.now()))

    @one_transaction
    def hold(self, command: HoldOrder) -> OrderAnswer:
        return self._act(
            command,
            lambda tx, o: o.flag(
                FlagKind.HELD, reason=command.reason, by=command.by.id, until=command.until, at=self.now()
            ),
        )

    @one_transaction
    def unhold(self, command: UnholdOrder) -> OrderAnswer:
        return self._act(command, lambda tx, o: o.unflag(FlagKind.HELD, reason=command.reason, at=self.now()))

    @one_transaction
    def pass_interception(self, command: PassInterception) -> OrderAnswer:
        return self._act(command, lambda tx, o: let_pass(o, reason=command.reason, at=self.now()))

    @one_transaction
    def release(self, command: ReleaseOrder) -> OrderAnswer:
        return self._act(command, self._release)

    @one_transaction
    def cancel(self, command: CancelOrder) -> OrderAnswer:
        def step(tx: Transaction, order: SalesOrder) -> Change[SalesOrder]:
            change = call_off(order, reason=command.reason, by=command.by.id, at=self.now())
            if change.state.state is OrderState.CANCELLED:
                give_back(tx, order, reason=command.reason or "cancelled", now=self.now)
            return change

        return self._act(command, step)

    @one_transaction
    def write_back_again(self, command: WriteBackAgain) -> OrderAnswer:
        """Raises ``NothingToWriteBack``."""

        def step(tx: Transaction, order: SalesOrder) -> Change[SalesOrder]:
            if order.fulfilment_id is None:
                raise NothingToWriteBack
            again = tx.fulfilments.get(order.fulfilment_id).write_back_again(at=self.now())
            if not again.events:
                raise NothingToWriteBack
            record(tx, tx.fulfilments, again)
            return Change(order)

        return self._act(command, step)

    @one_transaction
    def sign(self, command: SignOrder) -> OrderAnswer:
        return self._act(command, lambda tx, o: o.sign(at=self.now()))

    @one_transaction
    def complete(self, command: CompleteOrder) -> OrderAnswer:
        return self._act(command, lambda tx, o: o.complete(at=self.now()))

    @one_transaction
    def _approve(self, command: ApproveOrder, numbers: NumberPool) -> OrderAnswer:
        numbers.start()

        def step(tx: Transaction, order: SalesOrder) -> Change[SalesOrder]:
            at, policy = self.now(), tx.shops.get(order.shop_id).policy
            fulfilment_id = FulfilmentOrderId(self.new_id())
            decision = command.decision
            if decision is None and order.state is OrderState.AWAITING_CS_REVIEW:
                check(order, Ask.APPROVE)
                if (found := self.interception(tx, order, at)) is not None:
                    raise _Intercepted(found)
            noted = judged(order, decision, at=at) if decision else Change(order)
            change = noted.then(
                noted.state.approve(
                    business_review=policy.business_review,
                    fulfilment_id=fulfilment_id,
                    rule=decision.rule if decision else "",
                    at=at,
                )
            )
            if change.state.fulfilment_id == fulfilment_id:
                made = _fulfilment_of(change.state, numbers.next("F")).made(at=at)
                record(tx, tx.fulfilments, made)
            return change

        return self._act(command, step)

    @one_transaction
    def _place(self, command: OrderCommand, numbers: NumberPool, find: Placing) -> OrderAnswer:
        numbers.start()

        def step(tx: Transaction, order: SalesOrder) -> Change[SalesOrder]:
            return find(Allocation(tx=tx, numbers=numbers, new_id=self.new_id, at=self.now()), order)

        return self._act(command, step)

    def _placed(self, command: OrderCommand, find: Placing) -> OrderAnswer:
        parts = 0
        while True:
            numbers = self.numbering.pool(parts, "S")  # its own short transaction, so before the other one
            try:
                return self._place(command, numbers, find)
            except MoreNumbers as more:
                parts = more.count
            finally:
                self.numbering.give_back(numbers)

    def _release(self, tx: Transaction, order: SalesOrder) -> Change[SalesOrder]:
        change = order.release(at=self.now())
        assert order.fulfilment_id is not None
        lines = tuple(FulfilmentLine(line_id=i, sku=sku, quantity=units) for i, sku, units in order.contents)
        sent = tx.fulfilments.get(order.fulfilment_id).release(lines, at=self.now())
        record(tx, tx.fulfilments, sent)
        tx.sendings.save(tx.sendings.of(sent.state.id).anew())
        return change

    def _act(self, command: OrderCommand, step: Callable[[Transaction, SalesOrder], Change[SalesOrder]]) -> OrderAnswer:
        return about_one(self.begin, command, lambda tx, order: save(tx, step(tx, order)))


def about_one(
    begin: Begin, command: OrderCommand, act: Callable[[Transaction, SalesOrder], OrderAnswer]
) -> OrderAnswer:
    """Give a command about one order in one transaction; the answer is remembered under the caller's key."""
    with begin(command) as tx:
        if done := tx.recall(OrderAnswer):
            return done
        order = tx.orders.get(command.order_id)
        check_version(order, command.expected_version)
        answer = act(tx, order)
        tx.remember(answer)
        tx.commit()
    return answer


def save(tx: Transaction, change: Change[SalesOrder]) -> OrderAnswer:
    """Store a changed order with its events; a change without events is none."""
    record(tx, tx.orders, change)
    set_timers(tx, change)
    return answer_of(change)


def answer_of(change: Change[SalesOrder]) -> OrderAnswer:
    """Return what became of an order whose change is stored."""
    order = change.state
    return OrderAnswer(
        id=order.id,
        number=order.number,
        state=order.state,
        flags=tuple(str(flag.kind) for flag in order.flags),
        version=order.version + (1 if change.events else 0),
        moves=tuple(str(ask) for ask in moves_of(order).open),
    )


def give_back(tx: Transaction, order: SalesOrder, *, reason: str, now: Clock) -> None:
    """Free what an order held that ends before it left: its stock, and its fulfilment order."""
    if order.state in HOLDS_STOCK:
        tx.stock.release(order.id)
    if order.fulfilment_id is not None:
        called_off = tx.fulfilments.get(order.fulfilment_id).cancel(reason, at=now())
        record(tx, tx.fulfilments, called_off)


def _fulfilment_of(order: SalesOrder, number: str) -> FulfilmentOrder:
    assert order.fulfilment_id is not None
    assert order.warehouse is not None
    return FulfilmentOrder(
        id=order.fulfilment_id,
        number=number,
        order_id=order.id,
        shop_id=order.shop_id,
        warehouse=order.warehouse,
        lines=tuple(FulfilmentLine(line_id=i, sku=sku, quantity=units) for i, sku, units in order.contents),
        created_at=order.updated_at,
        updated_at=order.updated_at,
    )
