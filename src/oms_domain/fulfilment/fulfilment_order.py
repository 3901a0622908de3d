"""The fulfilment order (配货订单): what one warehouse ships, made when the review is passed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from attrs import evolve, field, frozen

from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import MoveNotAllowed, Refused
from oms_domain.kernel.identity import (
    FulfilmentOrderId,
    LineId,
    OrderId,
    PackageId,
    ShopId,
    SkuCode,
    WarehouseCode,
)
from oms_domain.kernel.quantity import Quantity
from oms_domain.kernel.states import next_state


class FulfilmentState(StrEnum):
    """Where it stands with the warehouse."""

    APPROVED = "approved"  # 已审核
    PICKING = "picking"  # 配货中
    SHIPPED = "shipped"  # 已发货
    CANCELLED = "cancelled"  # 已取消


class FulfilmentMove(StrEnum):
    RELEASE = "release"
    REFUSE = "refuse"
    SHIP_PART = "ship_part"
    SHIP = "ship"
    HAND_OVER = "hand_over"
    CANCEL_REST = "cancel_rest"
    CANCEL = "cancel"
    SHIP_LATE = "ship_late"


F, M = FulfilmentState, FulfilmentMove

FULFILMENT_TABLE: Final[Mapping[FulfilmentState, Mapping[FulfilmentMove, FulfilmentState]]] = {
    F.APPROVED: {M.RELEASE: F.PICKING, M.HAND_OVER: F.SHIPPED, M.CANCEL: F.CANCELLED},
    F.PICKING: {
        M.REFUSE: F.APPROVED,
        M.SHIP_PART: F.PICKING,
        M.SHIP: F.SHIPPED,
        M.HAND_OVER: F.SHIPPED,
        M.CANCEL_REST: F.SHIPPED,  # some has left, and the rest will not
        M.CANCEL: F.CANCELLED,
    },
    F.SHIPPED: {},
    F.CANCELLED: {M.SHIP_LATE: F.SHIPPED},  # called off, yet no end: the warehouse may have shipped it all the same
}
FULFILMENT_ENDS: Final = frozenset({F.SHIPPED})


class WriteBack(StrEnum):
    """Whether the platform knows of a parcel (发货回写)."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"  # for a person; can be tried again


@frozen(kw_only=True)
class FulfilmentLine:
    """Units of one order line that the warehouse is to ship."""

    line_id: LineId
    sku: SkuCode
    quantity: Quantity


@frozen(kw_only=True)
class Package:
    """One parcel that has left (包裹)."""

    id: PackageId
    carrier: str
    tracking_no: str
    contents: tuple[tuple[LineId, Quantity], ...]
    shipped_at: datetime
    write_back: WriteBack = WriteBack.PENDING
    write_back_reason: str = ""


@frozen(kw_only=True)
class FulfilmentEvent(Event):
    """A fact about a fulfilment order."""

    fulfilment_id: FulfilmentOrderId
    order_id: OrderId
    state: FulfilmentState

    @property
    def stream(self) -> UUID:
        return self.fulfilment_id


@frozen(kw_only=True)
class FulfilmentMade(FulfilmentEvent):
    type: ClassVar[str] = "fulfilment.made"
    number: str
    warehouse: WarehouseCode


@frozen(kw_only=True)
class FulfilmentReleased(FulfilmentEvent):
    """It must be sent to the warehouse."""

    type: ClassVar[str] = "fulfilment.released"


@frozen(kw_only=True)
class FulfilmentAccepted(FulfilmentEvent):
    """The warehouse has taken it."""

    type: ClassVar[str] = "fulfilment.accepted"


@frozen(kw_only=True)
class FulfilmentTakenLate(FulfilmentEvent):
    """The warehouse took it when it was called off: it must be asked to stop."""

    type: ClassVar[str] = "fulfilment.taken_late"


@frozen(kw_only=True)
class FulfilmentRefused(FulfilmentEvent):
    type: ClassVar[str] = "fulfilment.refused"
    reason: str


@frozen(kw_only=True)
class PackageShipped(FulfilmentEvent):
    """A parcel left; the platform must be told."""

    type: ClassVar[str] = "fulfilment.package_shipped"
    package_id: PackageId
    carrier: str
    tracking_no: str


@frozen(kw_only=True)
class PackageWrittenBack(FulfilmentEvent):
    type: ClassVar[str] = "fulfilment.package_written_back"
    package_id: PackageId


@frozen(kw_only=True)
class WriteBackRefused(FulfilmentEvent):
    """The platform would not take the parcel: on a work list with its reason."""

    type: ClassVar[str] = "fulfilment.write_back_refused"
    package_id: PackageId
    reason: str


@frozen(kw_only=True)
class FulfilmentHandedOver(FulfilmentEvent):
    """The buyer has got it without a parcel."""

    type: ClassVar[str] = "fulfilment.handed_over"


@frozen(kw_only=True)
class FulfilmentRestCancelled(FulfilmentEvent):
    """Some has left, and the rest will not."""

    type: ClassVar[str] = "fulfilment.rest_cancelled"
    reason: str


@frozen(kw_only=True)
class FulfilmentCancelled(FulfilmentEvent):
    type: ClassVar[str] = "fulfilment.cancelled"
    reason: str


@frozen(kw_only=True)
class NothingToWriteBack(Refused):
    """The order has no parcel that the platform would not take."""

    code: ClassVar[str] = "fulfilment.nothing_to_write_back"


@frozen(kw_only=True)
class FulfilmentOrder:
    """What one warehouse ships for one sales order."""

    id: FulfilmentOrderId
    number: str
    order_id: OrderId
    shop_id: ShopId
    warehouse: WarehouseCode
    state: FulfilmentState = F.APPROVED
    accepted: bool = False  # the warehouse has said so; released until then means *sent*
    lines: tuple[FulfilmentLine, ...]
    packages: tuple[Package, ...] = ()
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    def made(self, *, at: datetime) -> Change[FulfilmentOrder]:
        """Return the new document with the fact that it was made."""
        event = FulfilmentMade(
            number=self.number,
            warehouse=self.warehouse,
            fulfilment_id=self.id,
            order_id=self.order_id,
            state=self.state,
            at=at,
        )
        return Change(self, (event,))

    def release(self, lines: tuple[FulfilmentLine, ...], *, at: datetime) -> Change[FulfilmentOrder]:
        """Send it to the warehouse with what the order still has to ship now."""
        state = next_state(FULFILMENT_TABLE, self.state, M.RELEASE)
        order = evolve(self, state=state, lines=lines, accepted=False, updated_at=at)
        return Change(order, (FulfilmentReleased(at=at, fulfilment_id=self.id, order_id=self.order_id, state=state),))

    def accept(self, *, at: datetime) -> Change[FulfilmentOrder]:
        """Note that the warehouse has taken it, also one that was called off meanwhile. Told twice, it happens once."""
        if self.accepted or self.state not in (F.PICKING, F.CANCELLED):
            return Change(self)
        kind = FulfilmentAccepted if self.state is F.PICKING else FulfilmentTakenLate
        event = kind(fulfilment_id=self.id, order_id=self.order_id, state=self.state, at=at)
        return Change(evolve(self, accepted=True, updated_at=at), (event,))

    def refuse(self, reason: str, *, at: datetime) -> Change[FulfilmentOrder]:
        """The warehouse would not take it: it may be released again. Not once a parcel has left."""
        state = self._while_nothing_left(M.REFUSE)
        event = FulfilmentRefused(reason=reason, fulfilment_id=self.id, order_id=self.order_id, state=state, at=at)
        return Change(evolve(self, state=state, accepted=False, updated_at=at), (event,))

    def has_parcel(self, tracking_no: str) -> bool:
        """Whether a parcel is known already: a report that comes twice has one effect."""
        return any(package.tracking_no == tracking_no for package in self.packages)

    def ship(self, package: Package, *, last: bool, at: datetime) -> Change[FulfilmentOrder]:
        """Add a parcel that has left; ``last``: nothing more is to come."""
        state = next_state(FULFILMENT_TABLE, self.state, M.SHIP if last else M.SHIP_PART)
        order = evolve(self, state=state, accepted=True, packages=(*self.packages, package), updated_at=at)
        return Change(order, (self._shipped(package, state, at),))

    def ship_late(self, packages: tuple[Package, ...], *, at: datetime) -> Change[FulfilmentOrder]:
        """Add all parcels of what has left although it was called off."""
        state = next_state(FULFILMENT_TABLE, self.state, M.SHIP_LATE)
        order = evolve(self, state=state, accepted=True, packages=(*self.packages, *packages), updated_at=at)
        return Change(order, tuple(self._shipped(package, state, at) for package in packages))

    def written_back(self, package_id: PackageId, *, at: datetime) -> Change[FulfilmentOrder]:
        """The platform knows of the parcel now. Told twice, it happens once."""
        event = PackageWrittenBack(
            package_id=package_id, fulfilment_id=self.id, order_id=self.order_id, state=self.state, at=at
        )
        return self._marked(package_id, WriteBack.DONE, "", event, at)

    def write_back_refused(self, package_id: PackageId, reason: str, *, at: datetime) -> Change[FulfilmentOrder]:
        """The platform would not take the parcel. One that it has taken stays taken: a late refusal changes nothing."""
        event = WriteBackRefused(
            package_id=package_id,
            reason=reason,
            fulfilment_id=self.id,
            order_id=self.order_id,
            state=self.state,
            at=at,
        )
        return self._marked(package_id, WriteBack.REFUSED, reason, event, at)

    def write_back_again(self, *, at: datetime) -> Change[FulfilmentOrder]:
        """Have the platform told anew of every parcel that it would not take; of none: nothing."""
        change = Change(self)
        for package in self.packages:
            if package.write_back is WriteBack.REFUSED:
                change = change.then(change.state._told_again(package, at))
        return change

    def _told_again(self, refused: Package, at: datetime) -> Change[FulfilmentOrder]:
        pending = evolve(refused, write_back=WriteBack.PENDING, write_back_reason="")
        packages = tuple(pending if package == refused else package for package in self.packages)
        return Change(evolve(self, packages=packages, updated_at=at), (self._shipped(refused, self.state, at),))

    def cancel(self, reason: str, *, at: datetime) -> Change[FulfilmentOrder]:
        """Call it off, before the warehouse works on it or after it has stopped. Not once a parcel has left."""
        state = self._while_nothing_left(M.CANCEL)
        event = FulfilmentCancelled(reason=reason, fulfilment_id=self.id, order_id=self.order_id, state=state, at=at)
        return Change(evolve(self, state=state, updated_at=at), (event,))

    def hand_over(self, *, at: datetime) -> Change[FulfilmentOrder]:
        """The buyer got it without a parcel. Not once a parcel has left."""
        state = self._while_nothing_left(M.HAND_OVER)
        event = FulfilmentHandedOver(fulfilment_id=self.id, order_id=self.order_id, state=state, at=at)
        return Change(evolve(self, state=state, updated_at=at), (event,))

    def cancel_rest(self, reason: str, *, at: datetime) -> Change[FulfilmentOrder]:
        """End it with what has left."""
        state = next_state(FULFILMENT_TABLE, self.state, M.CANCEL_REST)
        event = FulfilmentRestCancelled(
            reason=reason, fulfilment_id=self.id, order_id=self.order_id, state=state, at=at
        )
        return Change(evolve(self, state=state, updated_at=at), (event,))

    def _while_nothing_left(self, move: FulfilmentMove) -> FulfilmentState:
        state = next_state(FULFILMENT_TABLE, self.state, move)
        if self.packages:
            raise MoveNotAllowed(state=self.state, move=move, allowed=(M.SHIP_PART, M.SHIP))
        return state

    def _shipped(self, package: Package, state: FulfilmentState, at: datetime) -> PackageShipped:
        return PackageShipped(
            package_id=package.id,
            carrier=package.carrier,
            tracking_no=package.tracking_no,
            fulfilment_id=self.id,
            order_id=self.order_id,
            state=state,
            at=at,
        )

    def _marked(
        self, package_id: PackageId, mark: WriteBack, reason: str, event: Event, at: datetime
    ) -> Change[FulfilmentOrder]:
        marked = tuple(
            evolve(p, write_back=mark, write_back_reason=reason)
            if p.id == package_id and p.write_back is not WriteBack.DONE
            else p
            for p in self.packages
        )
        if marked == self.packages:
            return Change(self)
        return Change(evolve(self, packages=marked, updated_at=at), (event,))
