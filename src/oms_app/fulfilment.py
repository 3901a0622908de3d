"""Use cases of fulfilment: what the warehouse answers and reports, and what the platform knows of it.

The calls themselves are made by processes, outside any transaction; each method here books an answer, once.
"""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.following import follow_platform
from oms_app.orders import save
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.ports.vault import Sealed
from oms_app.ports.wms import Milestone, ParcelLeft, WmsReport
from oms_app.transactions import Pause, one_transaction, record
from oms_domain.fulfilment.fulfilment_order import FulfilmentOrder, FulfilmentState, Package, WriteBack
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import FulfilmentOrderId, PackageId
from oms_domain.kernel.text import storable
from oms_domain.orders.sales_order import LONGEST_REASON, SalesOrder

LONGEST_PROGRESS: Final = 100


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


@frozen(kw_only=True)
class FulfilmentService:
    """Use cases of fulfilment."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause

    @one_transaction
    def to_send(self, command: ReadShipment) -> Shipment | None:
        """Return what to send to the warehouse, None if that is not (or no longer) due; logs the opening."""
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            if fulfilment.state is not FulfilmentState.PICKING or fulfilment.accepted:
                return None
            order = tx.orders.get(fulfilment.order_id)
            sealed = tx.vault.get(order.receiver.vault_id)
            tx.vault.log_opening(sealed.id, order_id=order.id, purpose=command.purpose)
            tx.commit()
        return Shipment(fulfilment=fulfilment, order=order, receiver=sealed)

    @one_transaction
    def to_write_back(self, command: BookWriteBack) -> Shipment | None:
        """Return the parcel's documents if the platform is still to be told."""
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            due = any(p.id == command.package_id and p.write_back is not WriteBack.DONE for p in fulfilment.packages)
            return Shipment(fulfilment=fulfilment, order=tx.orders.get(fulfilment.order_id)) if due else None

    @one_transaction
    def book_acceptance(self, command: BookAcceptance) -> None:
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            if fulfilment.state is FulfilmentState.PICKING:
                record(tx, tx.fulfilments, fulfilment.accept(at=self.now()))
                order = tx.orders.get(fulfilment.order_id)
                if order.progress == "sent":
                    save(tx, order.progressed("accepted", at=self.now()))
            tx.commit()

    @one_transaction
    def book_refusal(self, command: BookRefusal) -> None:
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(command.fulfilment_id)
            if fulfilment.state is FulfilmentState.PICKING and not fulfilment.accepted:
                reason = storable(command.reason, longest=LONGEST_REASON)
                record(tx, tx.fulfilments, fulfilment.refuse(reason, at=self.now()))
                order = tx.orders.get(fulfilment.order_id)
                refused = order.refused_by_warehouse(reason, at=self.now())
                save(tx, refused)
                self._catch_up(tx, refused.state)
            tx.commit()

    @one_transaction
    def book_report(self, command: BookReport) -> None:
        """Book what the warehouse reports. What our table refuses is a discrepancy, and the report is done with."""
        report = command.report
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(report.fulfilment_id)
            order = tx.orders.get(fulfilment.order_id)
            try:
                self._book(tx, report, fulfilment, order)
            except Refused as refusal:
                differs = order.differs(theirs=_words(report), what=refusal.code, at=self.now())
                tx.publish((differs,))
                tx.report_difference(differs, order.shop_id)
            tx.commit()

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

    def _catch_up(self, tx: Transaction, order: SalesOrder) -> None:
        """What the platform said while the warehouse had the order was a discrepancy only: now it can be followed."""
        if order.platform_order_id is not None:
            platform_order = tx.platform_orders.get(order.platform_order_id)
            if platform_order.standard is not None:
                follow_platform(tx, order, platform_order, at=self.now())

    def _book(self, tx: Transaction, report: WmsReport, fulfilment: FulfilmentOrder, order: SalesOrder) -> None:
        at = self.now()
        match report:
            case Milestone(progress=progress):
                if fulfilment.state is FulfilmentState.PICKING:
                    record(tx, tx.fulfilments, fulfilment.accept(at=at))
                    save(tx, order.progressed(storable(progress, longest=LONGEST_PROGRESS), at=at))
            case ParcelLeft():
                if fulfilment.has_parcel(report.tracking_no):
                    return
                package = Package(
                    id=PackageId(self.new_id()),
                    carrier=report.carrier,
                    tracking_no=report.tracking_no,
                    contents=report.contents,
                    shipped_at=report.at,
                )
                shipped = order.ship(
                    package.id, package.contents, carrier=package.carrier, tracking_no=package.tracking_no, at=at
                )
                parcel = fulfilment.ship(package, last=not shipped.state.contents, at=at)
                save(tx, shipped)
                record(tx, tx.fulfilments, parcel)
                tx.stock.consume(order.id, package.contents, document=package.id)


def _words(report: WmsReport) -> str:
    return "parcel_left" if isinstance(report, ParcelLeft) else storable(report.progress, longest=LONGEST_PROGRESS)
