"""What a platform order says of each live order that has some of it, once orders were split or merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from attrs import evolve, frozen

from oms_domain.apportionment.allocate import shares
from oms_domain.apportionment.parts import net_freight_of
from oms_domain.apportionment.rules import LARGEST_REMAINDER
from oms_domain.channels.standard import (
    LEFT,
    STATE_RANK,
    LineRefund,
    PlatformState,
    Region,
    StandardLine,
    StandardOrder,
)
from oms_domain.kernel.identity import LineId, OrderId, PlatformOrderId
from oms_domain.kernel.money import Money
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.platform_order import PlatformOrder
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import ENDS
from oms_domain.orders.states import OrderState as S
from oms_domain.orders.sub_orders import goods_differ, live_lines

P = PlatformState

OF_THE_WHOLE: Final = frozenset({P.UNPAID, P.PAID_ON_HOLD, P.CLOSED_UNPAID, P.CLOSED_REFUNDED})
"""States of a platform order that all its lines are in, whatever each says of itself."""
AWAY: Final = frozenset({S.PARTIALLY_SHIPPED, S.SHIPPED, S.RETURNING, S.SIGNED, S.COMPLETED})
BETWEEN_REMARKS: Final = " | "


@frozen(kw_only=True)
class Share:
    """What the platform says of what one order holds.

    Attributes:
        standard: facts, state and paid amount as they are for this order.
        theirs: the platform's lines, by ours.
        is_whole: the order holds all of one platform order and nothing else.
    """

    standard: StandardOrder
    theirs: Mapping[LineId, StandardLine]
    is_whole: bool
    lines_differ: bool
    payable_differs: bool

    @property
    def refund_asked(self) -> bool:
        lines = self.standard.lines if self.is_whole else self.theirs.values()
        return any(line.refund is LineRefund.OPEN for line in lines)


def whole(order: SalesOrder, standard: StandardOrder) -> Share:
    """Return the share of an order that holds all of a platform order and nothing else."""
    by_no = {line.line_no: line for line in standard.lines}
    return Share(
        standard=standard,
        theirs={line.id: by_no[line.platform_line_no] for line in order.lines if line.platform_line_no in by_no},
        is_whole=True,
        lines_differ=order.state not in ENDS and goods_differ(order.lines, standard),
        payable_differs=standard.payable != order.payable,
    )


def shares_of(
    platform_order: PlatformOrder,
    holders: Sequence[SalesOrder],
    others: Mapping[PlatformOrderId, PlatformOrder],
) -> dict[OrderId, Share]:
    """Return what each of the live orders that hold a platform order is to follow.

    Args:
        holders: all live orders with lines of it.
        others: the other platform orders that merged ones among them hold.
    """
    standard = platform_order.standard
    assert standard is not None
    if len(holders) == 1 and not holders[0].origins:
        return {holders[0].id: whole(holders[0], standard)}
    known = {**others, platform_order.id: platform_order}
    held = [(order, line) for order in holders for line in order.lines if order.source_of(line)[0] == platform_order.id]
    differ = goods_differ([line for _, line in held], standard)
    dearer = _computed(held) != _stated(standard)
    paid = _paid(standard, holders)
    gone = {line.platform_line_no for order, line in held if order.state in AWAY and not order.external}
    return {
        order.id: _share(order, known, gone, differ=differ, dearer=dearer, paid=paid[order.id], region=standard.region)
        for order in holders
    }


class Described(Protocol):
    """What platform orders and sales orders are told with alike."""

    kind: Any
    cash_on_delivery: bool
    buyer_id: str
    buyer_handle: str
    buyer_remark: str
    seller_remark: str
    seller_flag: int
    promised_ship_at: Any


def described(documents: Iterable[Any]) -> dict[str, Any]:
    """Return the descriptive facts of several orders as those of one: every remark, the earliest promise."""
    found: tuple[Described, ...] = tuple(documents)
    first, promises = found[0], [each.promised_ship_at for each in found if each.promised_ship_at]
    return {
        "kind": first.kind,
        "cash_on_delivery": first.cash_on_delivery,
        "buyer_id": first.buyer_id,
        "buyer_handle": first.buyer_handle,
        "buyer_remark": _remarks(each.buyer_remark for each in found),
        "seller_remark": _remarks(each.seller_remark for each in found),
        "seller_flag": next((each.seller_flag for each in found if each.seller_flag), 0),
        "promised_ship_at": min(promises, default=None),
    }


def _remarks(remarks: Iterable[str]) -> str:
    return BETWEEN_REMARKS.join(dict.fromkeys(remark for remark in remarks if remark))


def _share(
    order: SalesOrder,
    known: Mapping[PlatformOrderId, PlatformOrder],
    gone: set[str],
    *,
    differ: bool,
    dearer: bool,
    paid: Money,
    region: Region,
) -> Share:
    standards = {
        id: found.standard for id, _ in order.sources if id is not None and (found := known[id]).standard is not None
    }
    lines = {(id, line.line_no): line for id, standard in standards.items() for line in standard.lines}
    theirs = {
        line.id: there
        for line in order.lines
        if (source := order.source_of(line)[0]) and (there := lines.get((source, line.platform_line_no)))
    }
    told = [
        _told(theirs[line.id], standards[source].state, order, gone)
        for line in order.lines
        if line.id in theirs and (source := order.source_of(line)[0])
    ]
    first = next(iter(standards.values()))
    ended = order.state in ENDS
    return Share(
        standard=evolve(
            first,
            **described(standards.values()),
            state=_state(first, told),
            region=region,
            lines=tuple(dict.fromkeys(theirs.values())),
            payable=order.payable,
            paid=paid,
        ),
        theirs=theirs,
        is_whole=False,
        lines_differ=differ and not ended,
        payable_differs=dearer and not ended,
    )


def _told(there: StandardLine, of_all: P, order: SalesOrder, gone: set[str]) -> P:
    """Return where the platform sees a line of ours. ``of_all``: where it sees the platform order."""
    if of_all in OF_THE_WHOLE:
        return of_all
    # A platform knows sub-orders, not units: that units of this one have left, from another order of ours, it shows
    # of all of them.
    left_with_others = there.line_no in gone and order.state not in AWAY
    return P.TO_SHIP if left_with_others and there.state in LEFT else there.state


def _state(first: StandardOrder, told: Sequence[P]) -> P:
    """Return the one state that stands for the lines' states."""
    live = set(told) - {P.CLOSED_REFUNDED, P.CLOSED_UNPAID} or set(told) or {first.state}
    if len(live) == 1:
        return live.pop()
    if P.PAID_ON_HOLD in live:
        return P.PAID_ON_HOLD
    return P.PARTLY_SHIPPED if live - LEFT else min(live, key=STATE_RANK.__getitem__)


def _computed(held: Iterable[tuple[SalesOrder, OrderLine]]) -> int:
    """Return what live orders ask for a platform order's goods and their freight."""
    return sum(line.payable.fen + net_freight_of(order.steps, line.part) for order, line in held)


def _stated(standard: StandardOrder) -> int:
    return sum(line.payable.fen for line in live_lines(standard)) + standard.freight.fen


def _paid(standard: StandardOrder, holders: Sequence[SalesOrder]) -> dict[OrderId, Money]:
    """Return what of a payment is each order's."""
    row = paid_shares(standard.paid.fen, [order.payable.fen for order in holders])
    return {order.id: Money(fen, standard.paid.currency) for order, fen in zip(holders, row, strict=True)}


def paid_shares(paid_fen: int, payables: Sequence[int]) -> Sequence[int]:
    """Return what of a payment belongs to each part: what it costs if all is paid, else in proportion to that.

    >>> paid_shares(300, [100, 200]), paid_shares(100, [100, 200]), paid_shares(7, [0, 0])
    ((100, 200), (33, 67), (7, 0))
    """
    if paid_fen == sum(payables):
        return tuple(payables)
    if not any(payables):
        return (paid_fen, *(0 for _ in payables[1:]))
    return tuple(shares(paid_fen, payables, LARGEST_REMAINDER))
