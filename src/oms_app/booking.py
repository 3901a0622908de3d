"""Booking what a warehouse reports of an order, step by step within a transaction. Whole, or refused: never in part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from oms_app.following import catch_up
from oms_app.orders import save
from oms_app.ports.transaction import NewId, Transaction
from oms_app.ports.wms import (
    Dropped,
    FellShort,
    Milestone,
    Parcel,
    ParcelLeft,
    ParcelsLeft,
    ShippingReport,
    WmsReport,
    Worked,
)
from oms_app.stopping import NOT_STOPPED, call_off_fulfilment, differ, settle_stopped
from oms_app.transactions import record
from oms_domain.fulfilment.fulfilment_order import FulfilmentMove, FulfilmentOrder, FulfilmentState, Package
from oms_domain.fulfilment.parcels import Contents, ParcelDiffers, added_up, by_line
from oms_domain.fulfilment.tracking import is_step_on
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import MoveNotAllowed, Refused
from oms_domain.kernel.identity import PackageId, SkuCode
from oms_domain.kernel.text import storable
from oms_domain.orders.delivering import ship_earlier
from oms_domain.orders.flags import BY_PLATFORM, LONGEST_REASON, FlagKind, is_set
from oms_domain.orders.sales_order import LEFT, SalesOrder
from oms_domain.orders.stopping import CLOSED_SHORT, SILENT

LONGEST_PROGRESS: Final = 100
SHORT: Final = "warehouse_short"
SHIPPED_ALL_THE_SAME: Final = "shipped_all_the_same"
REPORTED: Final = "warehouse_reported"
BY_WAREHOUSE: Final = "warehouse"

Report = WmsReport | ShippingReport


@frozen
class Booking:
    """Books reports of one order in one transaction. Raises ``Refused`` before anything of the report is saved."""

    tx: Transaction
    new_id: NewId
    at: datetime

    def book(self, report: Report, fulfilment: FulfilmentOrder, order: SalesOrder) -> None:
        match report:
            case Milestone() | Worked():
                self._progress(report.progress, fulfilment, order)
            case ParcelLeft():
                if not fulfilment.has_parcel(report.tracking_no):
                    parcel = Parcel(carrier=report.carrier, tracking_no=report.tracking_no)
                    self._ship([(parcel, report.contents)], fulfilment, order, shipped_at=report.at)
            case ParcelsLeft():
                self._parcels(report, fulfilment, order)
            case FellShort():
                self._short(report, fulfilment, order)
            case Dropped():
                self.refuse(storable(report.reason, longest=LONGEST_REASON), fulfilment, order)

    def refuse(self, reason: str, fulfilment: FulfilmentOrder, order: SalesOrder) -> None:
        """The warehouse does not take it, or lets go of it: back to where it was released from.

        One that was asked to stop has answered so.
        """
        if is_set(order.flags, FlagKind.EARLIER_MAY_SHIP, fulfilment.number):
            dead = order.unflag(FlagKind.EARLIER_MAY_SHIP, reason=reason, only=fulfilment.number, at=self.at)
            save(self.tx, dead)
            return
        if order.pending is not None:
            settle_stopped(self.tx, order, at=self.at)
            return
        called_back = fulfilment.refuse(reason, at=self.at)
        refused = self._heard(order.refused_by_warehouse(reason, at=self.at))
        record(self.tx, self.tx.fulfilments, called_back)
        save(self.tx, refused)
        self._catch_up(refused.state)

    def _progress(self, progress: str, fulfilment: FulfilmentOrder, order: SalesOrder) -> None:
        if fulfilment.state is not FulfilmentState.PICKING or order.fulfilment_id != fulfilment.id:
            return  # told late: it has left, or was called off
        record(self.tx, self.tx.fulfilments, fulfilment.accept(at=self.at))
        progress = storable(progress, longest=LONGEST_PROGRESS)
        told = order.progressed(progress, at=self.at) if is_step_on(progress, order.progress) else Change(order)
        save(self.tx, self._heard(told))

    def _short(self, report: FellShort, fulfilment: FulfilmentOrder, order: SalesOrder) -> None:
        reason = storable(report.reason or SHORT, longest=LONGEST_REASON)
        called_off = fulfilment.cancel(SHORT, at=self.at)
        short = self._heard(order.short_in_warehouse(reason, report.missing, number=fulfilment.number, at=self.at))
        record(self.tx, self.tx.fulfilments, called_off)
        save(self.tx, short)
        self._catch_up(short.state)

    def _parcels(self, report: ParcelsLeft, fulfilment: FulfilmentOrder, order: SalesOrder) -> None:
        known = [parcel for parcel in report.parcels if fulfilment.has_parcel(parcel.tracking_no)]
        fresh = [parcel for parcel in report.parcels if not fulfilment.has_parcel(parcel.tracking_no)]
        for parcel in known:
            _check_same(parcel, fulfilment)
        if fresh:
            counted = _counted(report, known)
            contents = by_line([parcel.contents for parcel in fresh], counted, order.contents, final=report.final)
            # Those that nobody knows the contents of first: the last one with goods in it ends the shipment.
            parcels = sorted(zip(fresh, contents, strict=True), key=lambda parcel: bool(parcel[1]))
            order = self._ship(parcels, fulfilment, order, shipped_at=report.at)
        if report.final and order.contents:
            save(self.tx, order.flag(FlagKind.INTERCEPTED, reason=CLOSED_SHORT, by=BY_WAREHOUSE, at=self.at))

    def _ship(
        self,
        parcels: Sequence[tuple[Parcel, Contents]],
        fulfilment: FulfilmentOrder,
        order: SalesOrder,
        *,
        shipped_at: datetime,
    ) -> SalesOrder:
        shipped, left = Change(order), Change(fulfilment)
        packages = [
            Package(
                id=PackageId(self.new_id()),
                carrier=parcel.carrier,
                tracking_no=parcel.tracking_no,
                contents=contents,
                shipped_at=shipped_at,
            )
            for parcel, contents in parcels
        ]
        if order.fulfilment_id != fulfilment.id:
            return self._ship_earlier(packages, fulfilment, order)
        for package in packages:
            contents = package.contents
            shipped = shipped.then(
                shipped.state.ship(
                    package.id, contents, carrier=package.carrier, tracking_no=package.tracking_no, at=self.at
                )
            )
            left = left.then(left.state.ship(package, last=not shipped.state.contents, at=self.at))
        if order.pending is not None and order.pending.by == BY_PLATFORM:
            differ(self.tx, order, theirs=LEFT, what=NOT_STOPPED, at=self.at)
        shipped = self._heard(shipped)
        if not shipped.state.contents:
            shipped = self._lifted(shipped, CLOSED_SHORT)  # it has found the rest after all
        save(self.tx, shipped)
        record(self.tx, self.tx.fulfilments, left)
        self._off_the_shelf(packages, order)
        return shipped.state

    def _ship_earlier(self, packages: Sequence[Package], fulfilment: FulfilmentOrder, order: SalesOrder) -> SalesOrder:
        """Book what left although it was called off; what was to be shipped instead is not shipped."""
        if order.warehouse != fulfilment.warehouse:  # what the order holds is elsewhere by now
            raise MoveNotAllowed(state=fulfilment.state, move=FulfilmentMove.SHIP_LATE, allowed=())
        parcels = [(each.id, each.contents, each.carrier, each.tracking_no) for each in packages]
        shipped = ship_earlier(order, fulfilment.id, fulfilment.number, parcels, at=self.at)
        call_off_fulfilment(self.tx, order, SHIPPED_ALL_THE_SAME, at=self.at)
        left = fulfilment.ship_late(tuple(packages), at=self.at)
        save(self.tx, shipped)
        record(self.tx, self.tx.fulfilments, left)
        self._off_the_shelf(packages, order)
        return shipped.state

    def _off_the_shelf(self, packages: Sequence[Package], order: SalesOrder) -> None:
        for package in packages:
            if package.contents:
                self.tx.stock.consume(order.id, package.contents, document=package.id)

    def _heard(self, change: Change[SalesOrder]) -> Change[SalesOrder]:
        """The warehouse has said something of an order: nobody need look why it says nothing."""
        return self._lifted(change, SILENT)

    def _lifted(self, change: Change[SalesOrder], reason: str) -> Change[SalesOrder]:
        order = change.state
        if not any(flag.kind is FlagKind.INTERCEPTED and flag.reason == reason for flag in order.flags):
            return change
        return change.then(order.unflag(FlagKind.INTERCEPTED, reason=REPORTED, only=reason, at=self.at))

    def _catch_up(self, order: SalesOrder) -> None:
        """What the platform said while the warehouse had the order was a discrepancy only: now it can be followed."""
        catch_up(self.tx, order, at=self.at)


def words_of(report: Report) -> str:
    """Return what a report states, for the list of discrepancies."""
    match report:
        case Milestone() | Worked():
            return storable(report.progress, longest=LONGEST_PROGRESS)
        case ParcelLeft():
            return "parcel_left"
    return report.kind


def _said(report: Report, fulfilment: FulfilmentOrder, order: SalesOrder) -> str:
    """Return what a report states; of a fulfilment order that is not the order's any more, which one it is."""
    return words_of(report) if order.fulfilment_id == fulfilment.id else f"{words_of(report)} {fulfilment.number}"


def _counted(report: ParcelsLeft, known: Sequence[Parcel]) -> list[tuple[SkuCode, int]] | None:
    """Return what left with the new parcels: a warehouse that tells all again counts the known ones too."""
    if not report.counted:
        return None
    before = added_up(item for parcel in known for item in parcel.contents)
    counted = added_up((each.sku, each.units) for each in report.counted)
    return [(sku, max(units - before.get(sku, 0), 0)) for sku, units in counted.items()]


def _check_same(parcel: Parcel, fulfilment: FulfilmentOrder) -> None:
    """Raises ``ParcelDiffers``."""
    package = next(p for p in fulfilment.packages if p.tracking_no == parcel.tracking_no)
    skus = {line.line_id: line.sku for line in fulfilment.lines}
    ours = added_up((skus[line_id], int(units)) for line_id, units in package.contents if line_id in skus)
    theirs = added_up((sku, int(units)) for sku, units in parcel.contents)
    if theirs and theirs != ours:
        raise ParcelDiffers(tracking_no=parcel.tracking_no)


def book(
    tx: Transaction,
    report: Report,
    fulfilment: FulfilmentOrder,
    order: SalesOrder,
    *,
    new_id: NewId,
    at: datetime,
) -> Refused | None:
    """Book a report; what our table refuses is put on the list of discrepancies, and returned."""
    try:
        Booking(tx, new_id, at).book(report, fulfilment, order)
    except Refused as refusal:
        differ(tx, order, theirs=_said(report, fulfilment, order), what=refusal.code, at=at)
        return refusal
    return None
