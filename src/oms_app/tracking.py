"""Use cases of tracking: what carriers tell of parcels, kept by parcel and shown on the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.orders import save
from oms_app.ports.reports import EarlyPush
from oms_app.ports.transaction import Begin, Clock, Transaction
from oms_app.stopping import differ
from oms_app.transactions import Pause, one_transaction
from oms_domain.fulfilment.fulfilment_order import FulfilmentOrder, Package
from oms_domain.fulfilment.tracking import ParcelProgress, Trace, newest
from oms_domain.kernel.identity import PackageId
from oms_domain.kernel.text import mask_digits, storable
from oms_domain.orders.delivering import refuse_delivery
from oms_domain.orders.states import OrderState

LONGEST_TEXT: Final = 500
LONGEST_PLACE: Final = 100
MOST_TRACES: Final = 300
BEFORE_SHIPMENT: Final = timedelta(days=3)
"""A trace may be so much older than the shipment; one from before is of the number's last parcel."""
UNDER_WAY: Final = frozenset({OrderState.SHIPPED, OrderState.PARTIALLY_SHIPPED})
BACK: Final = frozenset({ParcelProgress.REFUSED, ParcelProgress.RETURNING, ParcelProgress.RETURNED})
"""What a carrier says of a parcel that its buyer would not take, and that comes back."""
KEPT: Final = timedelta(days=7)
"""How long what is told of a number is kept that nobody knows: carriers are faster than warehouses, not by more."""
REFUSED_THERE: Final = "refused_at_delivery"
DELIVERY: Final = "delivery"
BY_NUMBER: Final = "（仅按单号匹配）"
"""Follows a text that was taken in although nobody could say whether the carrier is the parcel's."""


@frozen(kw_only=True)
class BookTraces:
    """A carrier has told of a parcel.

    ``company``: as whoever told it calls the carrier. ``carriers``: by which codes we may know it; none: nobody can
    say. ``others``: codes of other carriers.
    """

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    tracking_no: str
    traces: tuple[Trace, ...]
    company: str = ""
    carriers: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    by: Actor


@frozen(kw_only=True)
class TakeEarlyPushes:
    """A parcel has left, of which its carrier may have told before."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    tracking_no: str
    by: Actor


@frozen(kw_only=True)
class Matched:
    """A parcel that is told of; ``by_number``: by nothing else."""

    fulfilment: FulfilmentOrder
    package: Package
    by_number: bool = False


@frozen(kw_only=True)
class TrackingService:
    """Use cases of tracking."""

    begin: Begin
    now: Clock
    pause: Pause

    def book(self, command: BookTraces) -> int:
        """Keep the traces with every parcel of this number and carrier; return how many there are. Twice is once.

        What is told of a number that no parcel has is kept for a while, and booked when one leaves. Orders under way
        show where their parcel is. Where the shop lets the carrier's word count, every parcel signed for signs the
        order, and every parcel refused has it come back; else a refusal is a discrepancy.
        """
        clean = tuple(_clean(trace) for trace in command.traces[:MOST_TRACES])
        command = evolve(command, traces=clean)
        found = self._parcels(command)
        if not found:
            self._keep(command)
            found = self._parcels(command)  # one may have left meanwhile, and looked before this was kept
        for each in found:
            self._book(command, each)
        return len(found)

    def take_early(self, command: TakeEarlyPushes) -> int:
        """Book what was told of a parcel before it left; return how much it was."""
        with self.begin(command) as tx:
            kept = tx.traces.kept(command.tracking_no)
        taken = 0
        for push in kept:
            again = BookTraces(
                tracking_no=push.tracking_no,
                traces=push.traces,
                company=push.company,
                carriers=push.carriers,
                others=push.others,
                by=command.by,
            )
            for each in self._parcels(again):
                self._book(again, each)
                taken += 1
        return taken

    def _parcels(self, command: BookTraces) -> list[Matched]:
        with self.begin(command) as tx:
            found = tx.fulfilments.by_tracking_no(command.tracking_no)
        return matched(found, command)

    @one_transaction
    def _keep(self, command: BookTraces) -> None:
        with self.begin(command) as tx:
            tx.traces.let_go(before=self.now() - KEPT)
            push = EarlyPush(
                tracking_no=command.tracking_no,
                company=command.company,
                carriers=command.carriers,
                others=command.others,
                traces=command.traces,
                received_at=self.now(),
            )
            tx.traces.keep(push)
            tx.commit()

    @one_transaction
    def _book(self, command: BookTraces, found: Matched) -> None:
        with self.begin(command) as tx:
            fulfilment, package = tx.fulfilments.get(found.fulfilment.id), found.package
            kept = tx.traces.of([each.id for each in fulfilment.packages])
            before = kept.get(package.id, ())
            since = package.shipped_at - BEFORE_SHIPMENT
            told = _by_number(command.traces) if found.by_number else command.traces
            fresh = _not_among(tuple(trace for trace in told if trace.at >= since), before)
            if fresh:
                tx.traces.add(package.id, fresh)
                kept[package.id] = (*before, *fresh)
                self._follow(tx, fulfilment, package.id, kept, was=newest(before))
            tx.traces.let_go(tracking_no=command.tracking_no, company=command.company)
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
        counts = tx.shops.get(order.shop_id).policy.sign_by_carrier and order.state is OrderState.SHIPPED
        if counts and _all(fulfilment, kept, frozenset({ParcelProgress.SIGNED})):
            change = change.then(change.state.sign(at=at))
        comes_back = now.progress in BACK and (was is None or was.progress not in BACK)
        if counts and now.progress in BACK and _all(fulfilment, kept, BACK):
            change = change.then(refuse_delivery(change.state, reason=REFUSED_THERE, at=at))
        elif comes_back:
            differ(tx, order, theirs=str(now.progress), what=DELIVERY, at=at)
        save(tx, change)


def matched(found: Sequence[FulfilmentOrder], command: BookTraces) -> list[Matched]:
    """Return the parcels of a number that a carrier has told of.

    Those of the carrier; without any, the one that may be its, because nobody knows the code of one or the other.
    """
    parcels = [
        Matched(fulfilment=fulfilment, package=package)
        for fulfilment in found
        for package in fulfilment.packages
        if package.tracking_no == command.tracking_no
    ]
    if theirs := [each for each in parcels if each.package.carrier.upper() in command.carriers]:
        return theirs
    left = [each for each in parcels if not command.carriers or each.package.carrier.upper() not in command.others]
    return [evolve(each, by_number=True) for each in left] if len(left) == 1 else []


def _all(
    fulfilment: FulfilmentOrder, kept: Mapping[PackageId, tuple[Trace, ...]], progress: frozenset[ParcelProgress]
) -> bool:
    last = (newest(kept.get(package.id, ())) for package in fulfilment.packages)
    return all(trace is not None and trace.progress in progress for trace in last)


def _by_number(traces: tuple[Trace, ...]) -> tuple[Trace, ...]:
    return tuple(evolve(trace, text=trace.text[: LONGEST_TEXT - len(BY_NUMBER)] + BY_NUMBER) for trace in traces)


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
