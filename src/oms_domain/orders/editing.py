"""Editing an order while it awaits review (批量修改). Units that leave stay on the order as closed lines, with their
amounts: so each unit of a platform's order still stands somewhere, and a cancellation knows what went back before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from oms_domain.apportionment.units import whole_line
from oms_domain.channels.standard import Region
from oms_domain.inventory.stock import Handover
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.identity import CarrierCode, LineId, SkuCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.kernel.states import next_state
from oms_domain.kernel.text import checked_text, mask_digits
from oms_domain.orders import events as e
from oms_domain.orders.asks import Ask
from oms_domain.orders.cutting import piece_of
from oms_domain.orders.flags import checked_reason
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.moves import check
from oms_domain.orders.sales_order import AddressAtPlatform, PartyRef, SalesOrder
from oms_domain.orders.states import ORDER_TABLE, OrderMove, OrderState

LONGEST_NOTE: Final = 500
MOST_MARK: Final = 9
MOST_TAGS: Final = 20


@frozen(kw_only=True)
class Replacement:
    """Another SKU for a line (原SKU → 新SKU); the line's amounts stay."""

    line_id: LineId
    sku: SkuCode
    title: str
    spec: str = ""


@frozen(kw_only=True)
class AddedGift:
    """Units of a gift that are put on the order for nothing."""

    sku: SkuCode
    title: str
    spec: str = ""
    units: Quantity


@frozen(kw_only=True)
class OrderEdit:
    """What is to be different. None and empty: it stays.

    ``receiver`` and ``region`` go together. ``quantities``: how many units of a line are to be left, 0 drops it.
    ``carrier`` empty: none any more.
    """

    note: str | None = None
    mark: int | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    carrier: CarrierCode | None = None
    receiver: PartyRef | None = None
    region: Region | None = None
    replacements: tuple[Replacement, ...] = ()
    quantities: tuple[tuple[LineId, int], ...] = ()
    gifts: tuple[AddedGift, ...] = ()


@frozen(kw_only=True)
class NoSuchLine(Invalid):
    """The edit names a line that is not on the order, or has nothing to ship any more."""

    code: ClassVar[str] = "orders.no_such_line"
    line_id: LineId


@frozen(kw_only=True)
class MoreUnitsAsked(Invalid):
    """An edit lowers a quantity; more units are a new order."""

    code: ClassVar[str] = "orders.more_units_asked"
    units: int
    to_ship: int


@frozen(kw_only=True)
class NothingLeft(Refused):
    """Nothing would be left to ship: cancel the order instead."""

    code: ClassVar[str] = "orders.nothing_left"


@frozen(kw_only=True)
class InvalidMark(Invalid):
    """A mark is a number from 0 (none) to ``most``."""

    code: ClassVar[str] = "orders.invalid_mark"
    field: str = "mark"
    value: int
    most: int = MOST_MARK


@frozen(kw_only=True)
class TooManyTags(Invalid):
    """An order has at most ``most`` tags."""

    code: ClassVar[str] = "orders.too_many_tags"
    field: str = "tags"
    most: int = MOST_TAGS


def edited(order: SalesOrder, edit: OrderEdit, *, line_ids: Iterable[LineId], at: datetime) -> SalesOrder:
    """Return the order as it is after an edit; where it ships from is not decided here.

    What waits for stock is restocked by it: it is to be allocated now.

    Args:
        line_ids: one for each lowered line and each gift.

    Raises:
        MoveNotAllowed: it neither awaits customer service's review nor stock.
        NoSuchLine, MoreUnitsAsked, NothingLeft, InvalidMark, TooManyTags, InvalidText: what is wrong with the edit.
    """
    check(order, Ask.EDIT)
    waits = order.state is OrderState.BACKORDERED
    state = next_state(ORDER_TABLE, order.state, OrderMove.RESTOCK if waits else OrderMove.EDIT)
    ids = iter(line_ids)
    after = evolve(order, state=state, **_facts(order, edit))
    lines = after.lines
    for replacement in edit.replacements:
        lines = tuple(_replaced(lines, replacement))
    for line_id, units in edit.quantities:
        lines = tuple(_lowered(after, lines, line_id, units, ids))
    lines += tuple(_gift(order, gift, next(ids)) for gift in edit.gifts)
    after = evolve(after, lines=lines)
    if not after.contents:
        raise NothingLeft
    return after if after == order else evolve(after, updated_at=at)


def told(before: SalesOrder, after: SalesOrder, *, reason: str = "", at: datetime) -> Change[SalesOrder]:
    """Return an edited order with the fact that tells of it; nothing is different: no fact."""
    what = tuple(sorted(name for name in EDITABLE if getattr(before, name) != getattr(after, name)))
    if not what:
        return Change(before)
    why = checked_reason(reason)
    fact = e.OrderEdited(
        order_id=after.id, state=after.state, what=what, refund_due=refund_due(before, after), reason=why, at=at
    )
    return Change(after, (fact,))


def refund_due(before: SalesOrder, after: SalesOrder) -> Money:
    """Return what must go back for the units that left: what was paid of it beyond what is left to pay for."""
    return before.refundable - after.refundable


def moves_stock(before: SalesOrder, after: SalesOrder) -> bool:
    """Whether an edit makes it ship something else or more, or to somewhere else."""
    had = {line_id: (sku, units) for line_id, sku, units in before.contents}
    more = any(
        line_id not in had or had[line_id][0] != sku or had[line_id][1] < units
        for line_id, sku, units in after.contents
    )
    return more or before.region != after.region


def surplus(before: SalesOrder, after: SalesOrder) -> tuple[Handover, ...]:
    """Return what an edited order holds and need not hold any more: its closed lines take the units over."""
    had = {line.id: line for line in before.lines if line.to_ship}
    new = [line for line in after.lines if line.is_closed and line.id not in {each.id for each in before.lines}]
    found = []
    for line in after.lines:
        if line.id not in had or not (units := had[line.id].to_ship - line.to_ship):
            continue
        taker = line if line.is_closed else next(each for each in new if each.part.key == line.part.key)
        found.append(Handover(order_id=after.id, line_id=line.id, to_order=after.id, to_line=taker.id, units=units))
    return tuple(found)


EDITABLE: Final = (
    "note",
    "mark",
    "tags",
    "carrier",
    "warehouse",
    "receiver",
    "region",
    "lines",
)
"""What an edit may change."""


def _facts(order: SalesOrder, edit: OrderEdit) -> dict[str, Any]:
    facts: dict[str, Any] = {"tags": _tags(order, edit)}
    if edit.note is not None:
        facts["note"] = mask_digits(checked_text(edit.note, field="note", longest=LONGEST_NOTE))
    if edit.mark is not None:
        if not 0 <= edit.mark <= MOST_MARK:
            raise InvalidMark(value=edit.mark)
        facts["mark"] = edit.mark
    if edit.carrier is not None and edit.carrier != (order.carrier or ""):
        facts |= {"carrier": edit.carrier or None, "planned_ship_at": None, "planned_arrival_on": None}
    if edit.receiver is not None and edit.region is not None:
        theirs = AddressAtPlatform(digest=order.receiver.digest, region=order.region)
        facts |= {
            "receiver": edit.receiver,
            "region": edit.region,
            "addresses_at_platform": order.addresses_at_platform or (theirs,),
        }
    return facts


def _tags(order: SalesOrder, edit: OrderEdit) -> tuple[str, ...]:
    kept = dict.fromkeys(tag for tag in (*order.tags, *edit.add_tags) if tag not in edit.remove_tags)
    if len(kept) > MOST_TAGS:
        raise TooManyTags
    return tuple(kept)


def _replaced(lines: Sequence[OrderLine], replacement: Replacement) -> Iterator[OrderLine]:
    _open_line(lines, replacement.line_id)
    for line in lines:
        if line.id == replacement.line_id:
            # What the platform calls the goods stays known, so that a change there is still seen.
            sold_as = "" if line.goods_code == replacement.sku else line.goods_code
            line = evolve(line, sku=replacement.sku, title=replacement.title, spec=replacement.spec, sold_as=sold_as)
        yield line


def _lowered(
    order: SalesOrder, lines: Sequence[OrderLine], line_id: LineId, units: int, ids: Iterator[LineId]
) -> Iterator[OrderLine]:
    """Close the units that are too many: the line whole, or a part of it as a line of its own."""
    lowered = _open_line(lines, line_id)
    if not 0 <= units <= lowered.to_ship:
        raise MoreUnitsAsked(field="quantities", units=units, to_ship=lowered.to_ship)
    for line in lines:
        if line.id != line_id or units == line.to_ship:
            yield line
        elif units == 0:
            yield evolve(line, is_closed=True)
        else:
            part, rest = line.part.cut(line.part.first(units))
            yield piece_of(line, part, order.steps, id=line.id)
            yield evolve(piece_of(line, rest, order.steps, id=next(ids)), is_closed=True)


def _open_line(lines: Sequence[OrderLine], line_id: LineId) -> OrderLine:
    found = next((line for line in lines if line.id == line_id and line.to_ship), None)
    if found is None:
        raise NoSuchLine(field="lines", line_id=line_id)
    return found


def _gift(order: SalesOrder, gift: AddedGift, id: LineId) -> OrderLine:
    zero, nets = Money(0, order.payable.currency), (0,) * (len(order.steps) + 1)
    return OrderLine(
        id=id,
        platform_line_no="",
        sku=gift.sku,
        title=gift.title,
        spec=gift.spec,
        quantity=gift.units,
        unit_price=zero,
        adjustment=zero,
        line_discount=zero,
        order_discount=zero,
        payable=zero,
        part=whole_line(f"gift/{id}", gift.units, nets, nets),
        is_gift=True,
    )
