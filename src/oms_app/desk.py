"""Everything that can be asked of one order, by its command: who has one need not know the service behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from oms_app import order_moves as moves
from oms_app import orders
from oms_app.editing import EditOrder, EditService
from oms_app.manual import ManualOrderService, PayBalance
from oms_app.merging import MergeService, UnmergeOrder
from oms_app.order_moves import OrderMoveService
from oms_app.orders import OrderAnswer, OrderCommand, OrderService
from oms_app.paying import PaymentService, PayOrder
from oms_app.splitting import SplitAnswer, SplitOrder, SplitService
from oms_app.stopping import ConfirmStop, RefuseStop, StopService
from oms_domain.orders.states import OrderState


@frozen(kw_only=True)
class OrderDesk:
    """Gives commands about orders to the service that they are for."""

    orders: OrderService
    moves: OrderMoveService
    stops: StopService
    edits: EditService
    splits: SplitService
    payments: PaymentService
    merges: MergeService
    manual: ManualOrderService

    def give(self, command: OrderCommand) -> OrderAnswer:
        """Raises whatever is in the way of the command."""
        return self._use_cases[type(command)](command)

    @property
    def _use_cases(self) -> Mapping[type[OrderCommand], Callable[[Any], OrderAnswer]]:
        return {
            orders.AllocateOrder: self.orders.allocate,
            orders.ApproveOrder: self.orders.approve,
            orders.HoldOrder: self.orders.hold,
            orders.UnholdOrder: self.orders.unhold,
            orders.PassInterception: self.orders.pass_interception,
            orders.ReleaseOrder: self.orders.release,
            orders.CancelOrder: self.orders.cancel,
            orders.SignOrder: self.orders.sign,
            orders.CompleteOrder: self.orders.complete,
            orders.WriteBackAgain: self.orders.write_back_again,
            PayOrder: self.payments.pay,
            moves.WaitUntil: self.moves.wait_until,
            moves.StandGroup: self.moves.group_stands,
            moves.RejectOrder: self.moves.reject,
            moves.UnreviewOrder: self.moves.unreview,
            moves.HandOverOrder: self.moves.hand_over,
            moves.CancelRest: self.moves.cancel_rest,
            moves.RefuseDelivery: self.moves.refuse_delivery,
            moves.DeliverAgain: self.moves.deliver_again,
            moves.ReceiveReturn: self.moves.receive_return,
            moves.LoseOrder: self.moves.lose,
            ConfirmStop: self.stops.confirm,
            RefuseStop: self.stops.refuse,
            EditOrder: self._edit,
            SplitOrder: self._split,
            UnmergeOrder: self._unmerge,
            PayBalance: self.manual.pay_balance,
        }

    def _edit(self, command: EditOrder) -> OrderAnswer:
        return self.edits.edit(command).order

    def _split(self, command: SplitOrder) -> OrderAnswer:
        return _taken_apart(self.splits.split(command))

    def _unmerge(self, command: UnmergeOrder) -> OrderAnswer:
        return _taken_apart(self.merges.unmerge(command))


def _taken_apart(made: SplitAnswer) -> OrderAnswer:
    return OrderAnswer(id=made.id, number=made.number, state=OrderState.SPLIT, flags=(), version=made.version, moves=())
