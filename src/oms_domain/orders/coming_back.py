"""What comes back of an order that the buyer did not take: units by line, as they were inspected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

from oms_domain.apportionment.units import of_units
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import LineId, SkuCode
from oms_domain.kernel.money import Money

if TYPE_CHECKING:
    from oms_domain.orders.lines import OrderLine
    from oms_domain.orders.sales_order import SalesOrder

Units = tuple[tuple[LineId, SkuCode, int], ...]
"""Line, SKU, units."""


@frozen(kw_only=True)
class MoreCameThanLeft(Invalid):
    """More units are said to have come back than left and are not booked otherwise, or none; ``value`` names them."""

    code: ClassVar[str] = "orders.more_came_than_left"
    value: str
    left: int
    came: int


@frozen(kw_only=True)
class Inspected:
    """Units of a line, or of a SKU wherever it stands, that came back and were looked at (质检)."""

    line_id: LineId | None = None
    sku: SkuCode | None = None
    good: int = 0
    defective: int = 0


@frozen(kw_only=True)
class Arrived:
    """What of a parcel is with us again, and what is not."""

    good: Units = ()
    defective: Units = ()
    missing: Units = ()


def left_us(order: SalesOrder) -> Units:
    """Return what has left of an order; of one that was first seen when it had left, whatever was not refunded."""
    return tuple((line.id, line.sku, units) for line in order.lines if (units := _left(order, line)))


def worth(order: SalesOrder, units: Units) -> Money:
    """Return what is to be paid for units that have left: the first of each line."""
    lines = {line.id: line for line in order.lines}
    parts = ((lines[line_id], count) for line_id, _, count in units)
    fen = sum(of_units(line.payable.fen, line.quantity, 0, min(count, line.quantity)) for line, count in parts)
    return Money(fen, order.payable.currency)


def arrived(
    order: SalesOrder, inspected: Sequence[Inspected] | None, *, elsewhere: Mapping[LineId, int] | None = None
) -> Arrived:
    """Return what has come back by what was inspected.

    Args:
        inspected: what came; what is not named has not. None: everything, and all of it good.
        elsewhere: units by line that return orders book, which are not booked a second time.

    Raises:
        MoreCameThanLeft.

    """
    booked = elsewhere or {}
    expected = tuple(
        (line_id, sku, units - booked.get(line_id, 0))
        for line_id, sku, units in left_us(order)
        if units > booked.get(line_id, 0)
    )
    if inspected is None:
        return Arrived(good=expected)
    left = {line_id: units for line_id, _, units in expected}
    good, defective = dict[LineId, int](), dict[LineId, int]()
    for at, each in enumerate(inspected):
        lines = [line_id for line_id, sku, _ in expected if line_id == each.line_id or sku == each.sku]
        there, came = sum(left[line_id] for line_id in lines), each.good + each.defective
        if min(each.good, each.defective) < 0 or not 0 < came <= there:
            raise MoreCameThanLeft(field=f"lines[{at}]", value=str(each.line_id or each.sku), left=there, came=came)
        _take(lines, left, good, each.good)
        _take(lines, left, defective, each.defective)
    return Arrived(good=_units(expected, good), defective=_units(expected, defective), missing=_units(expected, left))


def _left(order: SalesOrder, line: OrderLine) -> int:
    unseen = order.external and not line.shipped and not line.is_closed
    return line.quantity if unseen else line.shipped


def _take(lines: Iterable[LineId], left: dict[LineId, int], into: dict[LineId, int], units: int) -> None:
    """Take units of lines, one after the other."""
    for line_id in lines:
        here = min(left[line_id], units)
        left[line_id] -= here
        into[line_id] = into.get(line_id, 0) + here
        units -= here


def _units(expected: Units, counts: Mapping[LineId, int]) -> Units:
    return tuple((line_id, sku, counts[line_id]) for line_id, sku, _ in expected if counts.get(line_id))
