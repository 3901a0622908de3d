"""Use cases of stopping what somebody else has: what to ask them, and what follows from their answer."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.claims import take_along
from oms_app.following import catch_up
from oms_app.numbering import Numbering, NumberPool
from oms_app.orders import OrderAnswer, OrderCommand, about_one, save
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.transactions import Pause, one_transaction, record
from oms_domain.fulfilment.fulfilment_order import FulfilmentOrder
from oms_domain.fulfilment.wms_account import WmsAccountNotFound
from oms_domain.inventory.stock import Handover
from oms_domain.kernel.identity import FulfilmentOrderId, LineId, OrderId
from oms_domain.kernel.text import storable
from oms_domain.orders.asks import STOPPABLE
from oms_domain.orders.events import OrderDifferenceSettled
from oms_domain.orders.flags import BY_PLATFORM, LONGEST_REASON, FlagKind
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.orders.stopping import replaced, stopped

NOT_STOPPED: Final = "fulfilment.not_stopped"
STOPPED_ALL_THE_SAME: Final = "fulfilment.stopped_all_the_same"
"""They say that they have stopped what goes on with us: a discrepancy for a person."""
ASK_BY_HAND: Final = "carriers.ask_by_hand"
ANSWERED: Final = "answered"
LONGEST_WORD: Final = 100


@frozen(kw_only=True)
class ConfirmStop(OrderCommand):
    """Who has the goods has said that they do not leave, or come back (确认已截单)."""


@frozen(kw_only=True)
class RefuseStop(OrderCommand):
    """Who has the goods has said that they leave all the same (截单失败); ``reason`` is their word."""


@frozen(kw_only=True)
class StopCommand:
    """About a stop that was asked of what ``fulfilment_id`` ships."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    order_id: OrderId
    fulfilment_id: FulfilmentOrderId
    by: Actor


@frozen(kw_only=True)
class ReadStop(StopCommand):
    """What is to be asked."""


@frozen(kw_only=True)
class BookStopped(StopCommand):
    """They have stopped."""


@frozen(kw_only=True)
class BookStopRefused(StopCommand):
    """They have not, for their ``reason``."""

    reason: str


@frozen(kw_only=True)
class NoteByHand(StopCommand):
    """Only a person can ask them."""

    carrier: str


@frozen(kw_only=True)
class SettleByHand:
    """What a person was to ask is decided: nobody need ask any more."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    order_id: OrderId
    by: Actor


@frozen(kw_only=True)
class ToStop:
    """Who is to be asked: the carrier of the parcels, or the warehouse of the fulfilment order."""

    order: SalesOrder
    fulfilment: FulfilmentOrder
    reason: str
    not_before: datetime | None = None  # until then it may still be on its way to the warehouse

    @property
    def by_carrier(self) -> bool:
        return self.order.state is OrderState.SHIPPED


@frozen(kw_only=True)
class StopService:
    """Use cases of stopping."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def to_ask(self, command: ReadStop) -> ToStop | None:
        """Return what is to be asked, None if that is not (or no longer) due."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            if not _waits(order, command) or order.pending is None:
                return None
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            settles_at = None if fulfilment.accepted else tx.sendings.of(fulfilment.id).settles_at()
            return ToStop(order=order, fulfilment=fulfilment, reason=order.pending.reason, not_before=settles_at)

    def settle_unsent(self, command: BookStopped) -> bool:
        """Settle as stopped what the warehouse cannot have, as no try to send it got there; False if it may have it."""
        numbers = self.numbering.pool(1, "S")
        settled = self._settle_unsent(command, numbers)
        self.numbering.give_back(numbers)
        return settled

    @one_transaction
    def _settle_unsent(self, command: BookStopped, numbers: NumberPool) -> bool:
        numbers.start()
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            if not _waits(order, command) or order.state is not OrderState.IN_WAREHOUSE:
                return False
            fulfilment, sending = tx.fulfilments.get(command.fulfilment_id), tx.sendings.of(command.fulfilment_id)
            if fulfilment.accepted or not sending.never_arrived:
                return False
            tx.sendings.save(sending.ended())  # whoever begins to send it meanwhile is refused, or this one is
            self._stopped(tx, order, numbers)
            tx.commit()
        return True

    def book_stopped(self, command: BookStopped) -> None:
        numbers = self.numbering.pool(1, "S")
        self._book_stopped(command, numbers)
        self.numbering.give_back(numbers)

    @one_transaction
    def _book_stopped(self, command: BookStopped, numbers: NumberPool) -> None:
        """An order that goes on by now, although they will not ship it, is put on the list of discrepancies."""
        numbers.start()
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            if _waits(order, command):
                self._stopped(tx, order, numbers)
            elif order.state in STOPPABLE and order.fulfilment_id == command.fulfilment_id:
                differ(tx, order, theirs=STOPPED_ALL_THE_SAME, what=STOPPED_ALL_THE_SAME, at=self.now())
            tx.commit()

    @one_transaction
    def book_refused(self, command: BookStopRefused) -> None:
        """The order goes on. That the platform has refunded it already is a discrepancy."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            if _waits(order, command):
                goes_on(tx, order, command.reason, at=self.now())
            tx.commit()

    @one_transaction
    def note_by_hand(self, command: NoteByHand) -> None:
        """Put it on the list of discrepancies: a person asks the carrier, and says what came of it."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            if _waits(order, command):
                differ(tx, order, theirs=command.carrier, what=ASK_BY_HAND, at=self.now())
            tx.commit()

    @one_transaction
    def settle_by_hand(self, command: SettleByHand) -> None:
        """Take what a person was to ask the carrier off the list of discrepancies."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            for each in tx.differences_of(order.id, ASK_BY_HAND) if order.pending is None else ():
                tx.settle_difference(each.id)
                settled = OrderDifferenceSettled(
                    order_id=order.id,
                    state=order.state,
                    theirs=each.theirs,
                    what=each.what,
                    reason=ANSWERED,
                    at=self.now(),
                )
                tx.publish((settled,))
            tx.commit()

    def confirm(self, command: ConfirmStop) -> OrderAnswer:
        numbers = self.numbering.pool(1, "S")
        answer = self._confirm(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    @one_transaction
    def _confirm(self, command: ConfirmStop, numbers: NumberPool) -> OrderAnswer:
        numbers.start()
        return about_one(
            self.begin, command, lambda tx, order: self._stopped(tx, order, numbers, reason=command.reason)
        )

    @one_transaction
    def refuse(self, command: RefuseStop) -> OrderAnswer:
        return about_one(self.begin, command, lambda tx, order: goes_on(tx, order, command.reason, at=self.now()))

    def _stopped(self, tx: Transaction, order: SalesOrder, numbers: NumberPool, *, reason: str = "") -> OrderAnswer:
        if order.flagged(FlagKind.UNREVIEW_PENDING) and not _takes_numbers_again(tx, order):
            return self._replace(tx, order, numbers)
        return settle_stopped(tx, order, reason=reason, at=self.now())

    def _replace(self, tx: Transaction, order: SalesOrder, numbers: NumberPool) -> OrderAnswer:
        """Put another order in its place, with the same units reserved."""
        at, by = self.now(), OrderId(self.new_id())
        ids = tuple(LineId(self.new_id()) for _ in order.lines)
        old, new = replaced(order, by=by, number=numbers.next("S"), line_ids=ids, at=at)
        call_off_fulfilment(tx, order, "unreviewed", at=at)
        answer = save(tx, old)
        save(tx, new)
        tx.stock.hand_over(
            [
                Handover(order_id=order.id, line_id=line.from_line, to_order=by, to_line=line.id, units=line.to_ship)
                for line in new.state.lines
                if line.from_line is not None and line.to_ship
            ]
        )
        take_along(tx, order, [new.state], at=at)
        catch_up(tx, new.state, at=at)
        return answer


def settle_stopped(tx: Transaction, order: SalesOrder, *, reason: str = "", at: datetime) -> OrderAnswer:
    """What was asked for happens: cancelled, back in review, the rest cancelled, or on its way back.

    What it held and will not ship goes free. An order that is ours again hears what the platform has said meanwhile.
    """
    change = stopped(order, reason=reason, at=at)
    why = order.pending.reason if order.pending else reason
    if order.state is OrderState.IN_WAREHOUSE:
        call_off_fulfilment(tx, order, why or "stopped", at=at)
    elif order.state is OrderState.PARTIALLY_SHIPPED:
        end_rest(tx, order, why, at=at)
    if change.state.state is OrderState.CANCELLED:
        tx.stock.release(order.id)
    answer = save(tx, change)
    if change.state.state is OrderState.AWAITING_CS_REVIEW:
        catch_up(tx, change.state, at=at)
    return answer


def end_rest(tx: Transaction, order: SalesOrder, reason: str, *, at: datetime) -> None:
    """Free the units that will not leave, and end the fulfilment order with those that have."""
    assert order.fulfilment_id is not None
    record(tx, tx.fulfilments, tx.fulfilments.get(order.fulfilment_id).cancel_rest(reason, at=at))
    tx.stock.release(order.id)


def call_off_fulfilment(tx: Transaction, order: SalesOrder, reason: str, *, at: datetime) -> None:
    """End what was to be shipped of an order."""
    if order.fulfilment_id is not None:
        record(tx, tx.fulfilments, tx.fulfilments.get(order.fulfilment_id).cancel(reason, at=at))


def goes_on(tx: Transaction, order: SalesOrder, reason: str, *, at: datetime) -> OrderAnswer:
    """Lift the flag of a stop that was refused."""
    asked, reason = order.pending, storable(reason or NOT_STOPPED, longest=LONGEST_REASON)
    answer = save(tx, order.not_stopped(reason, at=at))
    if asked is not None and asked.by == BY_PLATFORM:
        differ(tx, order, theirs=storable(reason, longest=LONGEST_WORD), what=NOT_STOPPED, at=at)
    return answer


def differ(tx: Transaction, order: SalesOrder, *, theirs: str, what: str, at: datetime) -> None:
    """Put somebody's word that does not fit ours on the list of discrepancies."""
    told = order.differs(theirs=theirs, what=what, at=at)
    tx.publish((told,))
    tx.report_difference(told, order.shop_id)


def _waits(order: SalesOrder, command: StopCommand) -> bool:
    """Whether the order still waits for an answer about this fulfilment order."""
    return order.pending is not None and order.fulfilment_id == command.fulfilment_id


def _takes_numbers_again(tx: Transaction, order: SalesOrder) -> bool:
    assert order.warehouse is not None
    try:
        return tx.wms_accounts.of(order.warehouse).terms.reuses_numbers
    except WmsAccountNotFound:
        return False
