"""Use cases of tracking: what carriers tell of parcels, kept by parcel and shown on the order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Final

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.orders import save
from oms_app.ports.transaction import Begin, Clock, Transaction
from oms_app.transactions import Pause, one_transaction
from oms_domain.fulfilment.fulfilment_order import FulfilmentOrder
from oms_domain.fulfilment.tracking import ParcelProgress, Trace, newest
from oms_domain.kernel.identity import PackageId
from oms_domain.kernel.text import mask_digits, storable
from oms_domain.orders.states import OrderState

LONGEST_TEXT: Final = 500
LONGEST_PLACE: Final = 100
MOST_TRACES: Final = 300
BEFORE_SHIPMENT: Final = timedelta(days=3)
"""A trace may be so much older than the shipment; one from before is of the number's last parcel."""
UNDER_WAY: Final = frozenset({OrderState.SHIPPED, OrderState.PARTIALLY_SHIPPED})


@frozen(kw_only=True)
class BookTraces:
    """A carrier has told of a parcel."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    tracking_no: str
    traces: tuple[Trace, ...]
    by: Actor


@frozen(kw_only=True)
class TrackingService:
    """Use cases of tracking."""

    begin: Begin
    now: Clock
    pause: Pause

    def book(self, command: BookTraces) -> int:
        """Keep the traces with every parcel of this number; return how many parcels there are. Twice is once.

        Orders under way show where their parcel is. Where the shop wants it, the carrier's word that every parcel was
        signed for signs the order.
        """
        clean = tuple(_clean(trace) for trace in command.traces[:MOST_TRACES])
        command = evolve(command, traces=clean)
        with self.begin(command) as tx:
            found = tx.fulfilments.by_tracking_no(command.tracking_no)
        for fulfilment in found:
            self._book(command, fulfilment)
        return len(found)

    @one_transaction
    def _book(self, command: BookTraces, found: FulfilmentOrder) -> None:
        with self.begin(command) as tx:
            fulfilment = tx.fulfilments.get(found.id)
            kept = tx.traces.of([package.id for package in fulfilment.packages])
            package = next(p for p in fulfilment.packages if p.tracking_no == command.tracking_no)
            before = kept.get(package.id, ())
            since = package.shipped_at - BEFORE_SHIPMENT
            fresh = _not_among(tuple(trace for trace in command.traces if trace.at >= since), before)
            if fresh:
                tx.traces.add(package.id, fresh)
                kept[package.id] = (*before, *fresh)
                self._follow(tx, fulfilment, package.id, kept, was=newest(before))
            tx.commit()

    def _follow(
        self,
        tx: Transaction,
        fulfilment: FulfilmentOrder,
        package_id: PackageId,
        kept: dict[PackageId, tuple[Trace, ...]],
        *,
        was: Trace | None,
    ) -> None:
        now, at = newest(kept[package_id]), self.now()
        order = tx.orders.get(fulfilment.order_id)
        if now is None or order.state not in UNDER_WAY or (was is not None and was.at > now.at):
            return
        change = order.progressed(str(now.progress), at=at)
        wants = tx.shops.get(order.shop_id).policy.sign_by_carrier
        if wants and order.state is OrderState.SHIPPED and _all_signed(fulfilment, kept):
            change = change.then(change.state.sign(at=at))
        save(tx, change)


def _all_signed(fulfilment: FulfilmentOrder, kept: dict[PackageId, tuple[Trace, ...]]) -> bool:
    last = (newest(kept.get(package.id, ())) for package in fulfilment.packages)
    return all(trace is not None and trace.progress is ParcelProgress.SIGNED for trace in last)


def _not_among(traces: tuple[Trace, ...], known: tuple[Trace, ...]) -> tuple[Trace, ...]:
    """Return the traces that are new, oldest first, each once."""
    seen = {_key(trace) for trace in known}
    fresh = {_key(trace): trace for trace in traces if _key(trace) not in seen}
    return tuple(sorted(fresh.values(), key=lambda trace: trace.at))


def _key(trace: Trace) -> tuple[datetime, str, str]:
    return trace.at, str(trace.progress), trace.text


def _clean(trace: Trace) -> Trace:
    """Carriers write couriers' names and telephone numbers into their texts: what looks like one is masked."""
    return evolve(
        trace,
        text=mask_digits(storable(trace.text, longest=LONGEST_TEXT)),
        place=storable(trace.place, longest=LONGEST_PLACE),
    )
