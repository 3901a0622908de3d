"""An order's lines beside the sub-orders of its platform order: what to find out, take over, and tell a person of."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import evolve

from oms_domain.catalog.matching import Sold
from oms_domain.channels.standard import LEFT, PlatformState, StandardLine, StandardOrder
from oms_domain.kernel.identity import LineId
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.placement import Placement
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.selling import goods_of, lines_of, sold_again
from oms_domain.orders.states import BEFORE_WAREHOUSE, ENDS
from oms_domain.orders.states import OrderState as S

P = PlatformState

CLOSED: Final = frozenset({P.CLOSED_UNPAID, P.CLOSED_REFUNDED})
NOTHING_SOLD: Final[Mapping[str, Sold]] = MappingProxyType({})


def live_lines(standard: StandardOrder) -> tuple[StandardLine, ...]:
    """Leave out sub-orders that were closed unpaid inside a trade that lives: they are in none of its sums."""
    if standard.state is P.CLOSED_UNPAID:
        return standard.lines
    return tuple(line for line in standard.lines if line.state is not P.CLOSED_UNPAID)


def lines_to_match(order: SalesOrder | None, standard: StandardOrder) -> tuple[StandardLine, ...]:
    """Return the lines of which it must be found out what they are of ours.

    All that count, for an order that is to be made; of an unpaid one those whose goods are others by now. Later
    an order keeps what it was made of, whatever the catalogue and the platform say.
    """
    if order is None:
        return live_lines(standard)
    if order.state is not S.AWAITING_PAYMENT or standard.state is P.CLOSED_UNPAID:
        return ()
    ours = {line.platform_line_no: line.sold[0] for line in order.lines}
    return tuple(line for line in live_lines(standard) if ours.get(line.line_no, goods_of(line)) != goods_of(line))


def repriced(
    order: SalesOrder, standard: StandardOrder, placement: Placement, sold: Mapping[str, Sold]
) -> tuple[OrderLine, ...] | None:
    """Take the lines anew while nothing is paid. Ids are kept by sub-order number.

    None if there are goods that the lines that are there cannot stand for.
    """
    ours = _by_line_no(order)
    lines: list[OrderLine] = []
    for line, part in zip(live_lines(standard), placement.parts, strict=True):
        known = ours.get(line.line_no, ())
        what = sold.get(line.line_no)
        if what is None and known and known[0].sold[0] == goods_of(line):
            what = sold_again(known, line)
        if what is None or len(what.parts) != len(known):
            return None
        lines += lines_of(line, what, part, placement.steps, [each.id for each in known])
    return tuple(lines)


def followed_lines(order: SalesOrder, standard: StandardOrder) -> tuple[OrderLine, ...]:
    """Take over refunds by line, and, where somebody else ships, what has left."""
    theirs = {line.line_no: line for line in standard.lines}

    def followed(line: OrderLine) -> OrderLine:
        there = theirs.get(line.platform_line_no)
        if there is None:
            return line
        closed = order.state in BEFORE_WAREHOUSE and there.state is P.CLOSED_REFUNDED
        left = order.external and there.state in LEFT and not line.is_closed
        return evolve(
            line,
            refund=there.refund,
            is_closed=line.is_closed or closed,
            shipped=line.quantity if left else line.shipped,
        )

    return tuple(followed(line) for line in order.lines)


def goods_differ(order: SalesOrder, standard: StandardOrder) -> bool:
    """Whether the platform sells other goods by now: a sub-order came, went, or has another SKU or quantity."""
    if order.state in ENDS or standard.state in CLOSED:
        return False
    theirs = {line.line_no: (goods_of(line), int(line.quantity)) for line in live_lines(standard)}
    return theirs != {line.platform_line_no: line.sold for line in order.lines}


def refunded_on_its_way(order: SalesOrder, standard: StandardOrder) -> bool:
    """Whether the warehouse is about to ship a line whose money went back."""
    if order.state not in (S.IN_WAREHOUSE, S.PARTIALLY_SHIPPED) or standard.state in CLOSED:
        return False
    to_ship = {line.platform_line_no for line in order.lines if line.to_ship}
    return any(line.line_no in to_ship and line.state is P.CLOSED_REFUNDED for line in standard.lines)


def lost_lines(before: SalesOrder, after: SalesOrder) -> tuple[LineId, ...]:
    """Return the lines that were closed between two versions: what they have reserved goes back."""
    open_before = {line.id for line in before.lines if not line.is_closed}
    return tuple(line.id for line in after.lines if line.is_closed and line.id in open_before)


def _by_line_no(order: SalesOrder) -> dict[str, tuple[OrderLine, ...]]:
    """Return the lines that each sub-order became: several, if it sold a bundle."""
    found: dict[str, tuple[OrderLine, ...]] = {}
    for line in order.lines:
        found[line.platform_line_no] = (*found.get(line.platform_line_no, ()), line)
    return found
