"""Between us, the warehouse and the platform: send, take reports, write back. Every call is safe to repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from attrs import evolve, frozen

from oms_app.actor import system
from oms_app.channels import PullOrders, PullService
from oms_app.fulfilment import (
    BookAcceptance,
    BookDead,
    BookNotStopped,
    BookRefusal,
    BookReport,
    BookWriteBack,
    FulfilmentService,
    NoteNotSent,
    ReadShipment,
    Shipment,
    Waits,
)
from oms_app.ports.channels import (
    AuthorisationExpired,
    ChannelError,
    Gateways,
    NotConnected,
    PlatformRefused,
    RateLimited,
    RetryLater,
    ShipmentNotice,
    ShippedLine,
    Unreachable,
)
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Clock
from oms_app.ports.vault import Sealer
from oms_app.ports.wms import PaperLine, Papers, ShipOrder, Stop, StopOrder, Wms, WmsAnswer
from oms_app.processes.orders import actor_of
from oms_app.runner import Handler, pause_after
from oms_app.shops import MarkAuthorisation, ShopService
from oms_domain.apportionment.units import of_units
from oms_domain.fulfilment.fulfilment_order import FulfilmentReleased, FulfilmentTakenLate, Package, PackageShipped
from oms_domain.kernel.errors import NotFound
from oms_domain.kernel.identity import LineId, ShopId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.events import OrderShort
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.marks import DeliveryMode
from oms_domain.shops.shop import Authorisation

SEND: Final = "shipping.send"
SEND_TRIES: Final = 240
"""With ten minutes between two: some forty hours, before an order is intercepted of which a warehouse says nothing."""
LOOK_AGAIN: Final = timedelta(seconds=30)
"""How long an order is not sent that somebody wants stopped, until it is looked at again."""
ASK_AGAIN_S: Final = 30
"""How long the second asking to stop waits; each further one so much longer."""
NOT_DONE: Final = (Unreachable, RateLimited, AuthorisationExpired)
CALLED_OFF: Final = "called_off"
POLL_WAREHOUSE: Final = "shipping.poll_warehouse"
PULL_ORDERS: Final = "channels.pull_orders"
REPORTS: Final = 100
NO_CONTENTS: Final = "parcel_without_contents"


@frozen(kw_only=True)
class ShippingProcess:
    """What happens between release and the platform knowing of it."""

    fulfilment: FulfilmentService
    wms: Wms
    gateways: Gateways
    sealer: Sealer
    now: Clock
    poll_every: timedelta = timedelta(seconds=1)

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(name=SEND, run=self.send, events=(FulfilmentReleased.type,), most_tries=SEND_TRIES),
            Handler(name="shipping.stop_short", run=self.stop, events=(OrderShort.type,)),
            Handler(name="shipping.stop_late", run=self.stop, events=(FulfilmentTakenLate.type,)),
            Handler(name="shipping.write_back", run=self.write_back, events=(PackageShipped.type,)),
            Handler(name=POLL_WAREHOUSE, run=self.poll),
        )

    def send(self, job: Job) -> datetime | None:
        event, actor = job.envelope.event if job.envelope else None, actor_of(job, "release")
        assert isinstance(event, FulfilmentReleased)
        shipment = self.fulfilment.to_send(ReadShipment(fulfilment_id=event.fulfilment_id, by=evolve(actor, job=None)))
        if shipment is None:
            return None
        if isinstance(shipment, Waits):
            return self.now() + LOOK_AGAIN
        answer = self._sent(job, shipment)
        if answer.accepted:
            self.fulfilment.book_acceptance(BookAcceptance(fulfilment_id=event.fulfilment_id, by=actor))
        else:
            self.fulfilment.book_refusal(BookRefusal(fulfilment_id=event.fulfilment_id, reason=answer.reason, by=actor))
        return None

    def _sent(self, job: Job, shipment: Shipment) -> WmsAnswer:
        """Send, and keep how it went if there is no answer."""
        try:
            return self.wms.send(self._ship_order(shipment))
        except Exception as error:
            for_good = isinstance(error, AuthorisationExpired) or job.tries >= SEND_TRIES
            failed = NoteNotSent(
                fulfilment_id=shipment.fulfilment.id,
                reason=error.reason if isinstance(error, ChannelError) else type(error).__name__,
                may_be_there=not isinstance(error, NOT_DONE),
                next_at=None if for_good else self.now() + pause_after(job.tries, error),
                by=evolve(actor_of(job, "release"), job=None),
            )
            self.fulfilment.note_not_sent(failed)
            raise

    def stop(self, job: Job) -> datetime | None:
        """Have it not shipped what is called off.

        A warehouse that is short may find the goods after all; one may have taken an order just as it was called off.
        """
        event, actor = job.envelope.event if job.envelope else None, actor_of(job, "stop")
        assert isinstance(event, OrderShort | FulfilmentTakenLate)
        ask = ReadShipment(fulfilment_id=event.fulfilment_id, by=evolve(actor, job=None))
        fulfilment = self.fulfilment.to_stop(ask)
        if fulfilment is None:
            return None
        reason = event.reason if isinstance(event, OrderShort) else CALLED_OFF
        answer = self.wms.stop(StopOrder(number=fulfilment.number, warehouse=fulfilment.warehouse, reason=reason))
        if answer.outcome is Stop.NO_ANSWER:
            raise RetryLater(reason=answer.reason, after_s=ASK_AGAIN_S * job.tries)
        if answer.outcome is Stop.STOPPED:
            self.fulfilment.book_dead(BookDead(fulfilment_id=fulfilment.id, by=actor))
        else:  # what it does not know any more it may have shipped
            self.fulfilment.book_not_stopped(
                BookNotStopped(fulfilment_id=fulfilment.id, reason=answer.reason, by=actor)
            )
        return None

    def write_back(self, job: Job) -> datetime | None:
        event, actor = job.envelope.event if job.envelope else None, actor_of(job, "write_back")
        assert isinstance(event, PackageShipped)
        book = BookWriteBack(fulfilment_id=event.fulfilment_id, package_id=event.package_id, by=actor)
        shipment = self.fulfilment.to_write_back(evolve(book, by=evolve(actor, job=None)))
        if shipment is None:
            return None
        package = next(p for p in shipment.fulfilment.packages if p.id == event.package_id)
        if not package.contents:  # told without contents, it would stand there for the whole order
            self.fulfilment.book_write_back(evolve(book, refused=NO_CONTENTS))
            return None
        try:
            gateway = self.gateways.of(shipment.order.shop_id)
            for notice in _notices(shipment, package):
                gateway.write_shipment(notice)
        except PlatformRefused as refusal:
            self.fulfilment.book_write_back(evolve(book, refused=refusal.reason))
        except NotConnected as refusal:
            self.fulfilment.book_write_back(evolve(book, refused=refusal.code))
        else:
            self.fulfilment.book_write_back(book)
        return None

    def poll(self, job: Job) -> datetime | None:
        reports = self.wms.reports(REPORTS)
        for report in reports:
            with suppress(NotFound):  # of an order that is not ours: no report behind it may wait for it
                self.fulfilment.book_report(BookReport(report=report, by=system("warehouse")))
            self.wms.confirm((report.report_id,))
        return self.now() + (timedelta(0) if len(reports) == REPORTS else self.poll_every)

    def _ship_order(self, shipment: Shipment) -> ShipOrder:
        fulfilment, order = shipment.fulfilment, shipment.order
        assert shipment.receiver is not None
        return ShipOrder(
            fulfilment_id=fulfilment.id,
            number=fulfilment.number,
            shop_id=fulfilment.shop_id,
            warehouse=fulfilment.warehouse,
            receiver=self.sealer.open_receiver(shipment.receiver),
            region=order.region,
            remark=order.buyer_remark,
            carrier=order.carrier or "",
            pickup=order.delivery is DeliveryMode.PICKUP,
            lines=tuple((line.line_id, line.sku, line.quantity) for line in fulfilment.lines),
            papers=papers_of(shipment),
        )


@frozen(kw_only=True)
class PullProcess:
    """Pulls every connected shop's orders, again and again. A shop that is not authorised is left alone."""

    pulls: PullService
    shops: ShopService
    now: Clock
    pull_every: timedelta = timedelta(seconds=30)

    def handlers(self) -> tuple[Handler, ...]:
        return (Handler(name=PULL_ORDERS, run=self.pull),)

    def pull(self, job: Job) -> datetime | None:
        actor, shop_id = system("intake"), ShopId(UUID(job.key))
        try:
            self.pulls.pull(PullOrders(shop_id=shop_id, by=actor))
        except AuthorisationExpired:
            self.shops.mark_authorisation(
                MarkAuthorisation(shop_id=shop_id, authorisation=Authorisation.EXPIRED, by=actor)
            )
            raise
        return self.now() + self.pull_every


def papers_of(shipment: Shipment) -> Papers:
    """Return what the warehouse prints: of each line what the units carry that are to leave now."""
    order = shipment.order
    to_ship = {line.line_id: int(line.quantity) for line in shipment.fulfilment.lines}
    first = not any(line.shipped for line in order.lines)
    lines = (
        PaperLine(
            line_id=line.id,
            platform_line_no=line.platform_line_no,
            order_no=line.platform_order_no,
            title=line.title,
            unit_price=line.unit_price,
            net=Money(_of_units(line, to_ship[line.id]), line.payable.currency),
        )
        for line in order.lines
        if line.id in to_ship
    )
    return Papers(
        platform=order.platform,
        order_no=order.platform_order_no,
        shop_name=shipment.shop_name,
        placed_at=order.placed_at,
        paid_at=order.paid_at,
        ship_before=order.promised_ship_at,
        freight=order.freight + order.services + order.cod_fee if first else Money(0, order.freight.currency),
        cash_due=order.cash_on_delivery,
        handle=order.buyer_handle,
        lines=tuple(lines),
    )


def _of_units(line: OrderLine, units: int) -> int:
    """Return what the units carry that are next to leave; a line of which more was taken back carries nothing."""
    if line.payable.fen < 0 or line.shipped + units > line.quantity:
        return 0
    return of_units(line.payable.fen, line.quantity, line.shipped, line.shipped + units)


def _notices(shipment: Shipment, package: Package) -> tuple[ShipmentNotice, ...]:
    """Return what to tell of a parcel: one notice for each platform order that something in it is of."""
    order, left = shipment.order, dict(package.contents)
    own = not order.origins and len(order.sources) == 1
    whole = own and {line.id: line.quantity for line in order.lines} == left
    return tuple(
        ShipmentNotice(
            order_no=source[1],
            carrier=package.carrier,
            tracking_no=package.tracking_no,
            lines=() if whole else lines,
        )
        for source in order.sources
        if (lines := _shipped([line for line in order.lines if order.source_of(line) == source], left))
    )


def _shipped(lines: Sequence[OrderLine], left: Mapping[LineId, Quantity]) -> tuple[ShippedLine, ...]:
    """Return what left in the platform's own units: a bundle counts with each parcel that holds some of it."""
    units = dict[str, int]()
    for line in lines:
        if line.platform_line_no and (count := left.get(line.id)):
            before = units.get(line.platform_line_no, 0)
            bundles = -(-count * line.bundle.quantity // line.bundle.whole) if line.bundle else 0
            units[line.platform_line_no] = max(before, bundles) if line.bundle else before + count
    return tuple(ShippedLine(line_no=line_no, quantity=Quantity(count)) for line_no, count in units.items())
