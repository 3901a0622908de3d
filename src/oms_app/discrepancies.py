"""Use cases of discrepancies (差异): a person has seen to one, and it leaves the work list."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin, Clock
from oms_app.transactions import Pause, one_transaction
from oms_domain.kernel.text import checked_text, mask_digits
from oms_domain.orders.events import OrderDifferenceSettled
from oms_domain.orders.flags import LONGEST_REASON


@frozen(kw_only=True)
class SettleDifference:
    """Take a discrepancy off the work list (核销差异); ``reason`` says what was done about it."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    difference_id: UUID
    reason: str
    by: Actor


@frozen(kw_only=True)
class Settled:
    """A discrepancy that waits no longer."""

    id: UUID


@frozen(kw_only=True)
class DiscrepancyService:
    """Use cases of discrepancies."""

    begin: Begin
    now: Clock
    pause: Pause

    @one_transaction
    def settle(self, command: SettleDifference) -> Settled:
        """The order stays as it is; its log says who settled what, and why. The same one stated anew comes back.

        Raises:
            DifferenceNotListed: there is none, it is another's shop's, or it was settled before.
        """
        reason = mask_digits(checked_text(command.reason, field="reason", longest=LONGEST_REASON, allow_empty=False))
        with self.begin(command) as tx:
            if done := tx.recall(Settled):
                return done
            differs = tx.difference(command.difference_id)
            tx.settle_difference(differs.id)
            order = tx.orders.get(differs.order_id)
            settled = OrderDifferenceSettled(
                order_id=order.id,
                state=order.state,
                theirs=differs.theirs,
                what=differs.what,
                reason=reason,
                at=self.now(),
            )
            tx.publish((settled,))
            answer = Settled(id=differs.id)
            tx.remember(answer)
            tx.commit()
        return answer
