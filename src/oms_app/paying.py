"""Use cases of payments that a person books (手工收款). Each public method is one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from attrs import frozen

from oms_app.case_goods import live
from oms_app.orders import OrderAnswer, OrderCommand, about_one, save
from oms_app.ports.transaction import Begin, Clock, Transaction
from oms_app.transactions import Pause, one_transaction
from oms_domain.kernel.money import Money
from oms_domain.orders.asks import Ask
from oms_domain.orders.moves import check
from oms_domain.orders.payment import pay_by_hand
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState


@frozen(kw_only=True)
class PayOrder(OrderCommand):
    """Book the payment of an order that waits for it, with that of the parts that it was split from along with.

    ``paid``: all of what is due of them. ``paid_at``: when, None: now. ``reference``: of whoever took the money.
    """

    paid: Money
    paid_at: datetime | None = None
    reference: str = ""


@frozen(kw_only=True)
class PaymentService:
    """Use cases of payments."""

    begin: Begin
    now: Clock
    pause: Pause

    @one_transaction
    def pay(self, command: PayOrder) -> OrderAnswer:
        """Raises ``PaymentDiffers``, ``MoveNotAllowed``, ``InTheFuture``, ``PaidBeforePlaced``, ``InvalidText``."""

        def act(tx: Transaction, order: SalesOrder) -> OrderAnswer:
            check(order, Ask.PAY)
            at = self.now()
            changes = pay_by_hand(
                tuple(_paid_together(tx, order)),
                command.paid,
                paid_at=command.paid_at or at,
                reference=command.reference,
                reason=command.reason,
                at=at,
            )
            answers = {change.state.id: save(tx, change) for change in changes}
            return answers[order.id]

        return about_one(self.begin, command, act)


def _paid_together(tx: Transaction, order: SalesOrder) -> Iterator[SalesOrder]:
    """Give what waits for the same payment: the order, with all parts of the order that it was split off."""
    whole = order
    while len(whole.origins) == 1 and (origin := tx.orders.get(whole.origins[0])).state is OrderState.SPLIT:
        whole = origin
    for each in live(tx, whole):
        if each.state is OrderState.AWAITING_PAYMENT:
            yield each
