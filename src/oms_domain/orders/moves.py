"""Which commands are open for an order now, and what is in the way of the others: the guards that they obey."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import frozen

from oms_domain.kernel.errors import MoveNotAllowed, Refused
from oms_domain.orders.asks import STATES_OF, Ask, allowed_in, named
from oms_domain.orders.balance import BalanceDue, NoBalanceDue, balance_due
from oms_domain.orders.flags import PENDING, FlagKind, NotFlagged, blocking
from oms_domain.orders.marks import DeliveryMode
from oms_domain.orders.states import OrderState as S

if TYPE_CHECKING:
    from oms_domain.orders.sales_order import SalesOrder

OF_SOURCE: Final = "source "
"""Begins the reason why an order came out of a merge: which of the merged ones it stands for, by number."""

Guard = Callable[["SalesOrder"], Refused | None]


@frozen(kw_only=True)
class NothingToShip(Refused):
    """Every line was refunded: there is nothing to send; the platform will close the order."""

    code: ClassVar[str] = "orders.nothing_to_ship"


@frozen(kw_only=True)
class NotForAWarehouse(Refused):
    """Its goods are virtual: no warehouse ships them, they are handed over."""

    code: ClassVar[str] = "orders.not_for_a_warehouse"


@frozen(kw_only=True)
class NeedsAWarehouse(Refused):
    """Its goods lie in a warehouse or a store: release it there first."""

    code: ClassVar[str] = "orders.needs_a_warehouse"


@frozen(kw_only=True)
class NotPickedUp(Refused):
    """A carrier brings it: only what the buyer picks up at a store is handed over there."""

    code: ClassVar[str] = "orders.not_picked_up"


@frozen(kw_only=True)
class CancelNeedsWarehouse(Refused):
    """The warehouse works on it: it must be asked to stop before the order can be cancelled."""

    code: ClassVar[str] = "orders.cancel_needs_warehouse"
    state: str


@frozen(kw_only=True)
class NotMerged(Refused):
    """The order did not come from a merge: there are no sources to take it apart by."""

    code: ClassVar[str] = "split_merge.not_merged"


@frozen(kw_only=True)
class NoStopAsked(Refused):
    """Nobody was asked to stop it, so there is no answer to note."""

    code: ClassVar[str] = "orders.no_stop_asked"


@frozen(kw_only=True)
class LeftWithoutUs(Refused):
    """It left without us: we know neither its parcel nor its carrier. Whoever sent it can have it stopped."""

    code: ClassVar[str] = "orders.left_without_us"


@frozen(kw_only=True)
class StopPending(Refused):
    """The warehouse was asked to stop: its answer to that decides, or that parcels leave."""

    code: ClassVar[str] = "orders.stop_pending"
    flags: tuple[str, ...]


HANDING_OVER: Final = "handing_over"
"""The progress of virtual goods while whoever delivers them has been asked to."""


@frozen(kw_only=True)
class BeingGiven(Refused):
    """Whoever delivers its virtual goods has been asked to, and has not answered: the buyer may have them by now."""

    code: ClassVar[str] = "orders.being_given"


def _something_to_ship(order: SalesOrder) -> Refused | None:
    return None if order.contents else NothingToShip()


def _balance_paid(order: SalesOrder) -> Refused | None:
    due = balance_due(order)
    return BalanceDue(due=due) if due.fen else None


def _owes_a_balance(order: SalesOrder) -> Refused | None:
    return None if balance_due(order).fen else NoBalanceDue()


def _physical(order: SalesOrder) -> Refused | None:
    return NotForAWarehouse() if order.is_virtual else None


def _virtual_or_at_the_counter(order: SalesOrder) -> Refused | None:
    if order.is_virtual:
        return None
    if order.state is not S.IN_WAREHOUSE:
        return NeedsAWarehouse()
    return None if order.delivery is DeliveryMode.PICKUP else NotPickedUp()


def _not_being_given(order: SalesOrder) -> Refused | None:
    asked = order.state is S.AWAITING_RELEASE and order.progress == HANDING_OVER
    return BeingGiven() if asked else None


def _held_by_a_person(order: SalesOrder) -> Refused | None:
    held = any(flag.kind is FlagKind.HELD and not flag.is_of_group for flag in order.flags)
    return None if held else NotFlagged(kind=FlagKind.HELD)


def _of_an_open_group(order: SalesOrder) -> Refused | None:
    return None if any(flag.is_of_group for flag in order.flags) else NotFlagged(kind=FlagKind.HELD)


def _has(kind: FlagKind) -> Guard:
    return lambda order: None if order.flagged(kind) else NotFlagged(kind=kind)


def _pending(order: SalesOrder) -> Refused | None:
    return None if order.pending else NoStopAsked()


def _asked_or_shipped(order: SalesOrder) -> Refused | None:
    """A carrier may stop a parcel that nobody has asked it to; a warehouse is asked about what was called off, too."""
    asked = order.state is S.SHIPPED or order.flagged(FlagKind.EARLIER_MAY_SHIP)
    return None if asked else _pending(order)


def _sent_by_us(order: SalesOrder) -> Refused | None:
    unknown = order.external or order.fulfilment_id is None
    return LeftWithoutUs() if order.state is S.SHIPPED and unknown else None


def _merged(order: SalesOrder) -> Refused | None:
    # One that took a merged order's place has that as its only origin, and lines of several platform orders.
    # So has one that came out of a merge of merged orders, for the sources of which it stands.
    apart = order.split_reasons and not order.split_reasons[-1].startswith(OF_SOURCE)
    in_its_place = len(order.origins) == 1 and len(order.sources) > 1 and not apart
    return None if len(order.origins) > 1 or in_its_place else NotMerged()


GUARDS: Final[Mapping[Ask, tuple[Guard, ...]]] = {
    Ask.APPROVE: (_something_to_ship,),
    Ask.RELEASE: (_something_to_ship, _physical, _balance_paid),
    Ask.HAND_OVER: (_something_to_ship, _virtual_or_at_the_counter, _balance_paid),
    Ask.PAY_BALANCE: (_owes_a_balance,),
    Ask.UNHOLD: (_held_by_a_person,),
    Ask.GROUP_STANDS: (_of_an_open_group,),
    Ask.PASS_INTERCEPTION: (_has(FlagKind.INTERCEPTED),),
    Ask.CONFIRM_STOP: (_asked_or_shipped,),
    Ask.REFUSE_STOP: (_pending,),
    Ask.CANCEL: (_sent_by_us, _not_being_given),
    Ask.UNREVIEW: (_not_being_given,),
    Ask.UNMERGE: (_merged, _not_being_given),
}
"""What a command needs besides its state and its flags."""


def obstacle(order: SalesOrder, ask: Ask) -> Refused | None:
    """Return what is in the way of a command now, None if it is open."""
    if order.state not in STATES_OF[ask]:
        return MoveNotAllowed(state=order.state, move=named(ask), allowed=allowed_in(order.state))
    for guard in GUARDS.get(ask, ()):
        if refusal := guard(order):
            return refusal
    return blocking(order.flags, ask)


def check(order: SalesOrder, ask: Ask) -> None:
    """Raises what is in the way of a command."""
    if refusal := obstacle(order, ask):
        raise refusal


def check_not_pending(order: SalesOrder) -> None:
    """Raises ``StopPending``."""
    if order.pending:
        raise StopPending(flags=tuple(sorted(str(flag.kind) for flag in order.flags if flag.kind in PENDING)))


@frozen(kw_only=True)
class Moves:
    """The commands that are open for an order, and what is in the way of each of the others."""

    open: tuple[Ask, ...]
    closed: tuple[tuple[Ask, Refused], ...]


def moves_of(order: SalesOrder) -> Moves:
    """Return what may be asked of an order now, and why the rest may not."""
    judged = tuple((ask, obstacle(order, ask)) for ask in Ask)
    return Moves(
        open=tuple(ask for ask, refusal in judged if refusal is None),
        closed=tuple((ask, refusal) for ask, refusal in judged if refusal is not None),
    )
