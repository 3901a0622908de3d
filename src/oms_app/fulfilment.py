"""Use cases of fulfilment: what the warehouse answers and reports, and what the platform knows of it.

The calls themselves are made by processes, outside any transaction; each method here books an answer, once.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.booking import BY_WAREHOUSE, Booking, book
from oms_app.following import live_orders
from oms_app.orders import save
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.ports.vault import Sealed
from oms_app.ports.wms import WmsReport
from oms_app.stopping import NOT_STOPPED, differ
from oms_app.transactions import Pause, one_transaction, record
from oms_domain.channels.standard import OrderKind
from oms_domain.fulfilment.fulfilment_order import FulfilmentOrder, FulfilmentState, WriteBack
from oms_domain.kernel.identity import FulfilmentOrderId, OrderId, PackageId
from oms_domain.kernel.text import storable
from oms_domain.orders.flags import LONGEST_REASON, FlagKind, is_set
from oms_domain.orders.marks import OrderSource
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import BEFORE_WAREHOUSE, OrderState
from oms_domain.orders.stopping import SILENT

LONGEST_WORD: Final = 100
LONGEST_WHY: Final = 300
STOPPED: Final = "warehouse_stopped"


@frozen(kw_only=True)
class FulfilmentCommand:
    """An ask about one fulfilment order."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    fulfilment_id: FulfilmentOrderId
    by: Actor


@frozen(kw_only=True)
class ReadShipment(FulfilmentCommand):
    """Read what must be told to somebody outside; opening the receiver is logged with its purpose."""

    purpose: str = "release"


@frozen(kw_only=True)
class BookAcceptance(FulfilmentCommand):
    """The warehouse has taken it."""


@frozen(kw_only=True)
class BookRefusal(FulfilmentCommand):
    """The warehouse would not take it."""

    reason: str


@frozen(kw_only=True)
class NoteNotSent(FulfilmentCommand):
    """A try to send it has failed. ``may_be_there``: it may have arrived; ``next_at``: when it is tried again."""

    reason: str
    may_be_there: bool
    next_at: datetime | None


@frozen(kw_only=True)
class BookNotStopped(FulfilmentCommand):
    """A warehouse that was asked to stop ships all the same, or has shipped: ``reason`` is its own word."""

    reason: str


@frozen(kw_only=True)
class BookDead(FulfilmentCommand):
    """A warehouse has stopped what was called off: it will not leave any more."""


@frozen(kw_only=True)
class NoteSilence:
    """A warehouse has said nothing about an order for too long."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    order_id: OrderId
    silent_since: datetime
    by: Actor


@frozen(kw_only=True)
class BookReport:
    """The warehouse reports a milestone or a parcel."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    report: WmsReport
    by: Actor


@frozen(kw_only=True)
class BookWriteBack(FulfilmentCommand):
    """The platform was told of a parcel; ``refused`` is its reason if it would not hear."""

    package_id: PackageId
    refused: str = ""


@frozen(kw_only=True)
class Shipment:
    """A fulfilment order with its sales order and the sealed receiver."""

    fulfilment: FulfilmentOrder
    order: SalesOrder
    receiver: Sealed | None = None
    shop_name: str = ""


@frozen(kw_only=True)
class Waits:
    """It is not sent now: somebody wants it stopped, and that is not decided."""


@frozen(kw_only=True)
class FulfilmentService:
    """Use cases of fulfilment."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause

    @one_transaction
    def to_send(self, command: ReadShipment) -> Shipment | Waits | None:
        """Return what to send to the warehouse, None if that is not (or no longer) due; logs the opening.

        That a try begins is stored with it: who wants the order stopped waits until that one has ended.
        """
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            if fulfilment.state is not FulfilmentState.PICKING or fulfilment.accepted:
                return None
            order, sending = tx.orders.get(fulfilment.order_id), tx.sendings.of(fulfilment.id)
            if order.pending is not None:
                return Waits()
            tx.sendings.save(sending.begun(self.now()))
            shop = tx.shops.get(order.shop_id)
            sealed = tx.vault.get(order.receiver.vault_id)
            tx.vault.log_opening(sealed.id, order_id=order.id, purpose=command.purpose)
            tx.commit()
        return Shipment(fulfilment=fulfilment, order=order, receiver=sealed, shop_name=shop.name)

    def to_stop(self, command: ReadShipment) -> FulfilmentOrder | None:
        """Return what the warehouse must be asked not to ship, None if that is not (or no longer) due."""
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            return fulfilment if fulfilment.state is FulfilmentState.CANCELLED else None

    @one_transaction
    def to_write_back(self, command: BookWriteBack) -> Shipment | None:
        """Return the parcel's documents if the platform is still to be told."""
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            due = any(p.id == command.package_id and p.write_back is not WriteBack.DONE for p in fulfilment.packages)
            order = tx.orders.get(fulfilment.order_id)
        # Of new goods for a case the platform's order knows nothing: told there, they would stand for the first ones.
        theirs = order.source is OrderSource.PLATFORM and order.kind is not OrderKind.REISSUE
        return Shipment(fulfilment=fulfilment, order=order) if due and theirs else None

    @one_transaction
    def note_not_sent(self, command: NoteNotSent) -> None:
        """Keep why it was not sent, for whoever looks why it waits, and whether it may be there all the same."""
        with self.begin(command) as tx:
            reason = storable(command.reason, longest=LONGEST_WHY)
            tx.sendings.save(
                tx.sendings.of(command.fulfilment_id).failed(
                    reason, may_be_there=command.may_be_there, next_at=command.next_at, at=self.now()
                )
            )
            tx.commit()

    @one_transaction
    def book_acceptance(self, command: BookAcceptance) -> None:
        """One that was called off while it was on its way there is asked to be stopped, as what follows."""
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            record(tx, tx.fulfilments, fulfilment.accept(at=self.now()))
            order = tx.orders.get(fulfilment.order_id)
            if fulfilment.state is FulfilmentState.PICKING and order.progress == "sent":
                save(tx, order.progressed("accepted", at=self.now()))
            elif fulfilment.state is FulfilmentState.CANCELLED and not fulfilment.accepted:
                self._keep_back(tx, fulfilment, order)
            tx.sendings.save(tx.sendings.of(fulfilment.id).ended())
            tx.commit()

    def _keep_back(self, tx: Transaction, fulfilment: FulfilmentOrder, order: SalesOrder) -> None:
        """Let nothing go to a warehouse in the place of what that has taken, until it has stopped that."""
        for each in live_orders(tx, order):
            if each.state in BEFORE_WAREHOUSE:
                save(tx, each.kept_back(fulfilment.number, at=self.now()))

    @one_transaction
    def book_refusal(self, command: BookRefusal) -> None:
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            if fulfilment.state is FulfilmentState.PICKING and not fulfilment.accepted:
                reason = storable(command.reason, longest=LONGEST_REASON)
                order = tx.orders.get(fulfilment.order_id)
                Booking(tx, self.new_id, self.now()).refuse(reason, fulfilment, order)
            tx.sendings.save(tx.sendings.of(fulfilment.id).ended())
            tx.commit()

    @one_transaction
    def book_report(self, command: BookReport) -> None:
        """Book what the warehouse reports. What our table refuses is a discrepancy, and the report is done with."""
        report = command.report
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(report.fulfilment_id)
            order = tx.orders.get(fulfilment.order_id)
            book(tx, report, fulfilment, order, new_id=self.new_id, at=self.now())
            tx.commit()

    @one_transaction
    def book_not_stopped(self, command: BookNotStopped) -> None:
        """Put it on the list of discrepancies: it may leave, although we have called it off."""
        with self.begin(command) as tx:
            order = tx.orders.get(tx.fulfilments.get(command.fulfilment_id).order_id)
            theirs = storable(command.reason or NOT_STOPPED, longest=LONGEST_WORD)
            differ(tx, order, theirs=theirs, what=NOT_STOPPED, at=self.now())
            tx.commit()

    @one_transaction
    def book_dead(self, command: BookDead) -> None:
        """Lift what stands in the way of whoever goes on for it."""
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            for order in live_orders(tx, tx.orders.get(fulfilment.order_id)):
                if is_set(order.flags, FlagKind.EARLIER_MAY_SHIP, fulfilment.number):
                    lifted = order.unflag(
                        FlagKind.EARLIER_MAY_SHIP, reason=STOPPED, only=fulfilment.number, at=self.now()
                    )
                    save(tx, lifted)
            tx.commit()

    @one_transaction
    def note_silence(self, command: NoteSilence) -> bool:
        """Intercept an order that the warehouse says nothing of, for a person; False if it has moved meanwhile."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            if order.state is not OrderState.IN_WAREHOUSE or order.updated_at > command.silent_since:
                return False
            flagged = order.flag(FlagKind.INTERCEPTED, reason=SILENT, by=BY_WAREHOUSE, at=self.now())
            save(tx, flagged)
            tx.commit()
        return True

    @one_transaction
    def book_write_back(self, command: BookWriteBack) -> None:
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            at = self.now()
            if command.refused:
                reason = storable(command.refused, longest=LONGEST_REASON)
                record(tx, tx.fulfilments, fulfilment.write_back_refused(command.package_id, reason, at=at))
            else:
                record(tx, tx.fulfilments, fulfilment.written_back(command.package_id, at=at))
            tx.commit()
