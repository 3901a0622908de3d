"""Use cases of virtual goods: what a business system is to give or to take back, and what follows from its answer.

That a try begins is stored before the call, so that nobody cancels what may be with the buyer by then.
"""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.orders import save
from oms_app.ports.business import Right, RightsToTakeBack
from oms_app.ports.transaction import Begin, Clock
from oms_app.ports.vault import Sealed
from oms_app.stopping import differ
from oms_app.transactions import Pause, one_transaction
from oms_domain.aftersales.states import CaseState
from oms_domain.kernel.identity import CaseId, OrderId, ShopId
from oms_domain.orders.asks import Ask
from oms_domain.orders.delivering import hand_over, hands_over, not_given
from oms_domain.orders.moves import HANDING_OVER, obstacle
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState

GIVEN_ALL_THE_SAME: Final = "business.given_all_the_same"
"""The buyer has got what goes no further with us: a discrepancy for a person."""


@frozen(kw_only=True)
class RightsCommand:
    """About the virtual goods of one order."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    order_id: OrderId
    by: Actor


@frozen(kw_only=True)
class ReadRights(RightsCommand):
    """What is to be given; opening who gets it is logged."""


@frozen(kw_only=True)
class BookGiven(RightsCommand):
    """The buyer has them."""


@frozen(kw_only=True)
class BookNotGiven(RightsCommand):
    """The system would not give them, for its ``reason``."""

    reason: str


@frozen(kw_only=True)
class ReadTakingBack:
    """What is to be taken back for a case."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    case_id: CaseId
    by: Actor


@frozen(kw_only=True)
class ToGive:
    """An order whose virtual goods are to be given now."""

    order: SalesOrder
    receiver: Sealed


@frozen(kw_only=True)
class RightsService:
    """Use cases of virtual goods."""

    begin: Begin
    now: Clock
    pause: Pause

    def shop_of(self, command: ReadRights) -> ShopId:
        """Return whose order it is."""
        with self.begin(command) as tx:
            return tx.orders.get(command.order_id).shop_id

    @one_transaction
    def to_give(self, command: ReadRights) -> ToGive | None:
        """Return what is to be given, None if that is not (or no longer) due."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            if not order.is_virtual or obstacle(order, Ask.HAND_OVER) is not None:
                return None
            begun = hands_over(order, at=self.now())
            save(tx, begun)
            sealed = tx.vault.get(order.receiver.vault_id)
            tx.vault.log_opening(sealed.id, order_id=order.id, purpose="virtual_goods")
            tx.commit()
        return ToGive(order=begun.state, receiver=sealed)

    @one_transaction
    def book_given(self, command: BookGiven) -> None:
        """The order is signed; one that does not go on by now is put on the list of discrepancies."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            if obstacle(order, Ask.HAND_OVER) is None:
                save(tx, hand_over(order, at=self.now()))
            elif order.state not in (OrderState.SIGNED, OrderState.COMPLETED):
                differ(tx, order, theirs="given", what=GIVEN_ALL_THE_SAME, at=self.now())
            tx.commit()

    @one_transaction
    def book_not_given(self, command: BookNotGiven) -> None:
        """A person looks; let go on, it is tried again."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            if order.state is OrderState.AWAITING_RELEASE and order.progress == HANDING_OVER:
                save(tx, not_given(order, command.reason, at=self.now()))
            tx.commit()

    def to_take_back(self, command: ReadTakingBack) -> RightsToTakeBack | None:
        """Return what is to be taken back, None if that is not (or no longer) due."""
        with self.begin(command) as tx:
            case = tx.cases.get(command.case_id)
            if case.state is not CaseState.AWAITING_REVOCATION:
                return None
            titles = {line.id: line.title for line in tx.orders.get(case.order_id).lines}
        return RightsToTakeBack(
            case_id=case.id,
            order_id=case.order_id,
            shop_id=case.shop_id,
            reason=case.reason,
            rights=tuple(
                Right(
                    line_id=line.line_id,
                    sku=line.sku,
                    title=titles.get(line.line_id, ""),
                    units=sum(stop - first for first, stop in line.units),
                )
                for line in case.lines
            ),
        )
