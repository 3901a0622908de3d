"""An order's lines beside the sub-orders of its platform order: what to find out, take over, and tell a person of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
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
from oms_domain.orders.states import BEFORE_WAREHOUSE
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
    ours = {line.platform_line_no: line.goods_code for line in order.lines}
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
        if what is None and known and known[0].goods_code == goods_of(line):
            what = sold_again(known, line)
        if what is None or len(what.parts) != len(known):
            return None
        lines += lines_of(line, what, part, placement.steps, [each.id for each in known])
    return tuple(lines)


def followed_lines(order: SalesOrder, theirs: Mapping[LineId, StandardLine]) -> tuple[OrderLine, ...]:
    """Take over refunds by line, and, where somebody else ships, what has left. ``theirs``: by our line."""

    def followed(line: OrderLine) -> OrderLine:
        there = theirs.get(line.id)
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


def goods_differ(lines: Iterable[OrderLine], standard: StandardOrder) -> bool:
    """Whether the platform sells other goods by now: a sub-order came, went, or has another SKU or quantity.

    ``lines``: all that live orders have of this platform order.
    """
    if standard.state in CLOSED:
        return False
    theirs = {line.line_no: {(goods_of(line), Fraction(line.quantity))} for line in live_lines(standard)}
    return theirs != _held(lines)


def _held(lines: Iterable[OrderLine]) -> dict[str, set[tuple[str, Fraction]]]:
    """Return goods and units by sub-order number; of a bundle its number of bundles by each of its parts."""
    units = dict[tuple[str, str, str], Fraction]()
    for line in lines:
        if line.platform_line_no:
            key = (line.platform_line_no, line.part.key, line.goods_code)
            of_sold = Fraction(line.bundle.quantity, line.bundle.whole) if line.bundle else Fraction(1)
            units[key] = units.get(key, Fraction(0)) + line.quantity * of_sold
    held: dict[str, set[tuple[str, Fraction]]] = {}
    for (line_no, _, goods), sold in units.items():
        held.setdefault(line_no, set()).add((goods, sold))
    return held


def refunded_on_its_way(order: SalesOrder, theirs: Mapping[LineId, StandardLine]) -> bool:
    """Whether the warehouse is about to ship a line whose money went back. ``theirs``: by our line."""
    if order.state not in (S.IN_WAREHOUSE, S.PARTIALLY_SHIPPED):
        return False
    return any(
        line.to_ship and line.id in theirs and theirs[line.id].state is P.CLOSED_REFUNDED for line in order.lines
    )


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
