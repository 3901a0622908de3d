"""Use cases of batches: one command for up to 100,000 orders, done in the background, each order by itself and once.

What is done to an order is remembered under a key of its row, in the transaction of its effect: a batch that broke off
goes on where it was, and whatever was done already answers as it did then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from attrs import NOTHING, evolve, field, fields_dict, frozen

from oms_app import order_moves, orders
from oms_app.actor import Actor, Once, Permission, system
from oms_app.desk import OrderDesk
from oms_app.editing import EditOrder
from oms_app.kept_commands import read_commands, write_commands
from oms_app.manual import PayBalance
from oms_app.merging import UnmergeOrder
from oms_app.orders import OrderCommand
from oms_app.paying import PayOrder
from oms_app.ports.batches import (
    BLOCK,
    MOST_ORDERS,
    Batch,
    BatchId,
    BatchIsOver,
    BatchState,
    Block,
    RowAnswer,
)
from oms_app.ports.transaction import Begin, Clock, Contended, NewId, OpenTransaction, StoreUnavailable
from oms_app.ports.vault import SecretSealer
from oms_app.splitting import SplitOrder
from oms_app.stopping import ConfirmStop, RefuseStop
from oms_app.transactions import TRIES, Pause, one_transaction
from oms_domain.kernel.errors import Invalid, OmsError, Refused
from oms_domain.kernel.identity import OrderId
from oms_domain.orders.flags import checked_reason

WORK: Final = "batches.work"
ONE_RUN: Final = timedelta(seconds=20)
"""How long one run of the job works, so that it ends well within its lease; then it is due again at once."""
BLOCKS_A_RUN: Final = 20

COMMANDS: Final[Mapping[str, type[OrderCommand]]] = {
    "allocate": orders.AllocateOrder,
    "approve": orders.ApproveOrder,
    "reject": order_moves.RejectOrder,
    "unreview": order_moves.UnreviewOrder,
    "hold": orders.HoldOrder,
    "unhold": orders.UnholdOrder,
    "wait": order_moves.WaitUntil,
    "group_stands": order_moves.StandGroup,
    "pass_interception": orders.PassInterception,
    "release": orders.ReleaseOrder,
    "hand_over": order_moves.HandOverOrder,
    "cancel": orders.CancelOrder,
    "cancel_rest": order_moves.CancelRest,
    "confirm_stop": ConfirmStop,
    "refuse_stop": RefuseStop,
    "write_back": orders.WriteBackAgain,
    "sign": orders.SignOrder,
    "complete": orders.CompleteOrder,
    "refuse_delivery": order_moves.RefuseDelivery,
    "deliver_again": order_moves.DeliverAgain,
    "receive_return": order_moves.ReceiveReturn,
    "lose": order_moves.LoseOrder,
    "edit": EditOrder,
    "pay": PayOrder,
    "split": SplitOrder,
    "unmerge": UnmergeOrder,
    "pay_balance": PayBalance,
}
"""What a batch may do, by the name that it is kept under."""

NAMES: Final[Mapping[type[OrderCommand], str]] = {kind: name for name, kind in COMMANDS.items()}


@frozen(kw_only=True)
class TooManyOrders(Invalid):
    """A batch takes at least one order and at most ``most``."""

    code: ClassVar[str] = "batches.too_many_orders"
    field: str = "ids"
    most: int = MOST_ORDERS


@frozen(kw_only=True)
class RowFailed(Refused):
    """An order met with a fault of ours: nothing was done to it. ``error`` is its kind."""

    code: ClassVar[str] = "batches.row_failed"
    error: str


@frozen(kw_only=True)
class StartBatch:
    """Give one command to many orders (批量操作)."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    command: type[OrderCommand]
    order_ids: Sequence[OrderId] = field(repr=False)
    reason: str = ""
    until: datetime | None = None
    by: Actor


@frozen(kw_only=True)
class StartEach:
    """Give each of many orders a command of its own (批量修改, 批量拆单), all of one kind."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    commands: Sequence[OrderCommand] = field(repr=False)
    by: Actor


@frozen(kw_only=True)
class CancelBatch:
    """Let what was not begun be as it is (取消批量任务)."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    batch_id: BatchId
    by: Actor


@frozen(kw_only=True)
class BatchService:
    """Use cases of batches."""

    begin: Begin
    open: OpenTransaction
    now: Clock
    new_id: NewId
    pause: Pause
    desk: OrderDesk
    sealer: SecretSealer

    def start(self, command: StartBatch) -> Batch:
        """Keep the batch, and have it worked on. Raises ``TooManyOrders``, ``InvalidText``."""
        ids, needed = command.order_ids, fields_dict(command.command)["reason"].default is NOTHING
        facts = {"reason": checked_reason(command.reason, needed=needed), "until": command.until}
        blocks = (Block(order_ids=tuple(ids[at : at + BLOCK])) for at in range(0, len(ids), BLOCK))
        return self._start(command, self._batch(command.command, len(ids), command.by, **facts), tuple(blocks))

    def start_each(self, command: StartEach) -> Batch:
        """Keep the batch, what it asks sealed until it is done, and have it worked on. Raises ``TooManyOrders``."""
        commands = command.commands
        batch = self._batch(type(commands[0]) if commands else EditOrder, len(commands), command.by)
        blocks = (self._sealed(batch, commands[at : at + BLOCK]) for at in range(0, len(commands), BLOCK))
        return self._start(command, batch, tuple(blocks))

    def _sealed(self, batch: Batch, commands: Sequence[OrderCommand]) -> Block:
        asked = self.sealer.seal_secret(write_commands(commands), batch.id)
        return Block(order_ids=tuple(command.order_id for command in commands), asked=asked)

    def _batch(self, kind: type[OrderCommand], total: int, by: Actor, **facts: Any) -> Batch:
        """Raises ``TooManyOrders``."""
        if not 0 < total <= MOST_ORDERS:
            raise TooManyOrders
        return Batch(
            id=BatchId(self.new_id()),
            command=NAMES[kind],
            actor=by.id,
            shops=tuple(sorted(by.shops)) if by.shops is not None else None,
            permissions=tuple(sorted(by.permissions)),
            total=total,
            created_at=(at := self.now()),
            updated_at=at,
            **facts,
        )

    @one_transaction
    def _start(self, command: StartBatch | StartEach, batch: Batch, blocks: Sequence[Block]) -> Batch:
        with self.begin(command) as tx:
            if done := tx.recall(Batch):
                return done
            tx.batches.add(batch, blocks)
            tx.set_timer(WORK, str(batch.id), due_at=batch.created_at, shop_id=None)
            tx.remember(batch)
            tx.commit()
        return batch

    @one_transaction
    def cancel(self, command: CancelBatch) -> Batch:
        """Raises ``BatchNotFound``, ``BatchIsOver``."""
        with self.begin(command) as tx:
            if done := tx.recall(Batch):
                return done
            batch = tx.batches.get(command.batch_id)
            if batch.state is not BatchState.RUNNING:
                raise BatchIsOver(batch_state=batch.state)
            cancelled = evolve(batch, state=BatchState.CANCELLED, updated_at=self.now())
            tx.batches.save(batch, cancelled)
            tx.remember(cancelled)
            tx.commit()
        return cancelled

    def work(self, batch_id: BatchId) -> datetime | None:
        """Work on a batch for a while; return when to go on, None if there is nothing left to do."""
        until, actor = self.now() + ONE_RUN, system("batches")
        for _ in range(BLOCKS_A_RUN):
            with self.open(actor) as tx:
                batch = tx.batches.get(batch_id)
                block = tx.batches.block(batch) if batch.state is BatchState.RUNNING else Block()
            if not block.order_ids:
                return None
            answers = [self._answer(batch, *row) for row in self._rows(batch, block)]
            self._keep(batch, answers, actor)
            if self.now() >= until:
                break
        return self.now()

    def _keep(self, batch: Batch, answers: Sequence[RowAnswer], actor: Actor) -> None:
        """Keep the answers of a block, also of a batch that was cancelled while it was done."""
        for attempt in range(TRIES):
            with self.open(actor) as tx:
                stands = tx.batches.get(batch.id)
                if stands.blocks != batch.blocks:
                    return  # another worker, who took this one for dead, has kept the same answers
                tx.batches.answered(stands, self._after(stands, answers), answers)
                with suppress(Contended):
                    tx.commit()
                    return
            self.pause(attempt + 2)
        raise Contended(what="batch")

    def _after(self, batch: Batch, answers: Sequence[RowAnswer]) -> Batch:
        done = sum(answer.outcome == "done" for answer in answers)
        after = evolve(
            batch,
            done=batch.done + done,
            refused=batch.refused + len(answers) - done,
            blocks=batch.blocks + 1,
            updated_at=self.now(),
        )
        over = after.done + after.refused == after.total and batch.state is BatchState.RUNNING
        return evolve(after, state=BatchState.DONE) if over else after

    def _rows(self, batch: Batch, block: Block) -> Iterator[tuple[OrderId, Any, dict[str, Any]]]:
        """Yield for each order of a block the key that it is done once under, and what the command says.

        An order that is named twice with different asks is done twice.
        """
        if block.asked is None:
            until: dict[str, Any] = {"until": batch.until} if batch.until else {}
            yield from ((order_id, order_id, {"reason": batch.reason} | until) for order_id in block.order_ids)
            return
        asked = read_commands(self.sealer.open_secret(block.asked, batch.id))
        for place, (order_id, facts) in enumerate(zip(block.order_ids, asked, strict=True)):
            yield order_id, batch.blocks * BLOCK + place, facts

    def _answer(self, batch: Batch, order_id: OrderId, key: object, facts: Mapping[str, Any]) -> RowAnswer:
        """Do it to one order, in a transaction of its own, once."""
        try:
            command = COMMANDS[batch.command](order_id=order_id, by=_actor_of(batch, key), **facts)
            answer = self.desk.give(command)
        except (Contended, StoreUnavailable):
            raise  # it will pass: the block is done again
        except OmsError as refusal:
            return _refused(refusal)
        except Exception as error:  # a fault of ours in one order must not keep thousands of others waiting
            return _refused(RowFailed(error=type(error).__name__))
        return RowAnswer(outcome="done", number=answer.number, state=answer.state)


def _actor_of(batch: Batch, key: object) -> Actor:
    """Return who has given the batch, for one of its orders."""
    return Actor(
        id=batch.actor,
        shops=frozenset(batch.shops) if batch.shops is not None else None,
        permissions=frozenset(batch.permissions),
        request_id=f"batch:{batch.id}",
        once=Once(client=f"batch:{batch.id}", key=str(key), digest=batch.command),
    )


def _refused(refusal: OmsError) -> RowAnswer:
    return RowAnswer(outcome="refused", code=refusal.code, fields=_facts(refusal))


def _facts(refusal: OmsError) -> dict[str, Any]:
    """Return the facts of a refusal as texts and numbers: all that is kept of them."""
    return {name: _plain(value) for name, value in refusal.fields().items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, int | None) else str(value)
