"""Merging orders (合单), and taking a merged order apart by its sources. Amounts add; no line loses its source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from oms_domain.apportionment.parts import OrderPart, all_steps, net_freight_of, over
from oms_domain.apportionment.units import LinePart
from oms_domain.apportionment.waterfall import FreightCharge
from oms_domain.inventory.stock import Handover
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.identity import LineId, OrderId, SkuCode
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.states import next_state
from oms_domain.orders import events as e
from oms_domain.orders.asks import Ask
from oms_domain.orders.editing import LONGEST_NOTE, MOST_TAGS
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.marks import OrderSource
from oms_domain.orders.moves import OF_SOURCE, check
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.shares import BETWEEN_REMARKS, described
from oms_domain.orders.states import ORDER_TABLE, OrderMove
from oms_domain.orders.states import OrderState as S
from oms_domain.shops.shop import ShopPolicy
from oms_domain.split_merge.splitting import NewOrder, Split, born, ended, handed_over, with_lines

MOST_LINES: Final = 500
"""Lines that a merged order may have."""


ALIKE: Final[Mapping[str, Callable[[SalesOrder], object]]] = {
    "shop_id": lambda order: order.shop_id,
    "kind": lambda order: order.kind,
    "source": lambda order: order.source,
    "business": lambda order: order.business,
    "delivery": lambda order: order.delivery,
    "cash_on_delivery": lambda order: order.cash_on_delivery,
    "currency": lambda order: order.payable.currency,
    "warehouse": lambda order: order.warehouse,
    "carrier": lambda order: order.carrier,
    "region": lambda order: order.region,
    "buyer_id": lambda order: order.buyer_id,
    "receiver": lambda order: order.receiver.digest,
}
"""What orders that are merged have alike."""
NOBODY: Final = "buyer_unknown"
NOWHERE: Final = "receiver_unknown"
MASKED: Final = "receiver_masked"
"""What keeps an order from being merged with any: whose it is, or who gets it, is not known for sure."""
IN_THE_WAY: Final = (*ALIKE, NOBODY, NOWHERE, MASKED, *map(str, FlagKind))
"""All that ``CannotMerge`` may name."""


@frozen(kw_only=True)
class CannotMerge(Refused):
    """Orders do not go together: ``what`` names, of ``IN_THE_WAY``, what is first in the way of ``number``."""

    code: ClassVar[str] = "split_merge.cannot_merge"
    number: str
    what: str


@frozen(kw_only=True)
class TooFewToMerge(Invalid):
    """A merge takes at least two orders, each named once."""

    code: ClassVar[str] = "split_merge.too_few_to_merge"
    field: str = "ids"


@frozen(kw_only=True)
class MergeTooLarge(Refused):
    """The merged order would have more lines than one may have."""

    code: ClassVar[str] = "split_merge.merge_too_large"
    lines: int
    most: int


@frozen(kw_only=True)
class MergeTooHeavy(Refused):
    """The merged order would weigh more than its shop lets one (合单重量上限), by what the catalogue says."""

    code: ClassVar[str] = "split_merge.merge_too_heavy"
    weight_g: int
    most_g: int


@frozen(kw_only=True)
class Merge:
    """What merging makes: the ended sources, what goes on for them, and what it holds from now on."""

    sources: tuple[Change[SalesOrder], ...]
    merged: Change[SalesOrder]
    handovers: tuple[Handover, ...]


def merge(orders: Sequence[SalesOrder], *, new: NewOrder, line_ids: Iterable[LineId], at: datetime) -> Merge:
    """Put orders together, the oldest first.

    Args:
        line_ids: one for each line of all orders.

    Raises:
        TooFewToMerge, MoveNotAllowed, CannotMerge, MergeTooLarge: why it cannot be.
    """
    if len(orders) < 2 or len({order.id for order in orders}) < len(orders):
        raise TooFewToMerge
    sources = sorted(orders, key=lambda order: (order.placed_at, order.id))
    for order in sources:
        next_state(ORDER_TABLE, order.state, OrderMove.MERGE)
        if (what := differs(sources[0], order)) is not None:
            raise CannotMerge(number=order.number, what=what)
    if (lines := sum(len(order.lines) for order in sources)) > MOST_LINES:
        raise MergeTooLarge(lines=lines, most=MOST_LINES)
    first, ids = sources[0], iter(line_ids)
    parts = [OrderPart(steps=order.steps, lines=tuple(line.part for line in order.lines)) for order in sources]
    steps = tuple(step for step in all_steps(parts) if not isinstance(step, FreightCharge))
    moved = [
        _moved(line, order, part, next(ids))
        for order, amounts in zip(sources, parts, strict=True)
        for line, part in zip(order.lines, over(steps, amounts), strict=True)
    ]
    paid_at = [order.paid_at for order in sources if order.paid_at]
    merged = evolve(
        first,
        **with_lines(first, moved),
        **described(sources),
        **_sums(sources),
        id=new.id,
        number=new.number,
        steps=steps,
        flags=(),
        passed_rules=(),  # what a person let pass was another order: rules are asked anew
        paid_at=min(paid_at, default=None),
        note=BETWEEN_REMARKS.join(dict.fromkeys(order.note for order in sources if order.note))[:LONGEST_NOTE],
        mark=next((order.mark for order in sources if order.mark), 0),
        tags=tuple(dict.fromkeys(tag for order in sources for tag in order.tags))[:MOST_TAGS],
        addresses_at_platform=tuple(
            dict.fromkeys(address for order in sources for address in order.addresses_at_platform)
        ),
        origins=tuple(order.id for order in sources),
        split_reasons=(),
        version=0,
        updated_at=at,
    )
    fact = e.OrderJoined(
        order_id=merged.id,
        state=merged.state,
        number=merged.number,
        sources=merged.origins,
        payable=merged.payable,
        paid=merged.paid,
        at=at,
    )
    by_line = {line.id: order.id for order in sources for line in order.lines}
    return Merge(
        sources=tuple(_merged_into(order, new.id, at) for order in sources),
        merged=Change(merged, (fact,)),
        handovers=tuple(
            evolve(handover, order_id=by_line[handover.line_id]) for handover in handed_over(first.id, merged)
        ),
    )


def differs(first: SalesOrder, other: SalesOrder) -> str | None:
    """Return in what another order is not one that ``first`` may be merged with, None if in nothing.

    Who gets it is compared by the digest of the whole receiver and by the buyer's id at the platform, never by a
    platform's handle, which is no identity. Of orders put in by hand the receiver alone is known.
    """
    for what, of in ALIKE.items():
        if of(first) != of(other):
            return what
    if not first.buyer_id and first.source is OrderSource.PLATFORM:
        return NOBODY
    if not first.receiver.digest:
        return NOWHERE
    return str(other.flags[0].kind) if other.flags else None


def weight_of(order: SalesOrder, weights_g: Mapping[SkuCode, int]) -> int:
    """Return what is to be shipped of an order weighs; what the catalogue has no weight of weighs nothing.

    Args:
        weights_g: of one unit, in grams.
    """
    return sum(units * weights_g.get(sku, 0) for _, sku, units in order.contents)


def check_weight(orders: Iterable[SalesOrder], weights_g: Mapping[SkuCode, int], most_g: int | None) -> None:
    """Check that orders together are not too heavy for one. Raises ``MergeTooHeavy``."""
    weight = sum(weight_of(order, weights_g) for order in orders)
    if most_g is not None and weight > most_g:
        raise MergeTooHeavy(weight_g=weight, most_g=most_g)


def window_ends(order: SalesOrder, policy: ShopPolicy) -> datetime:
    """Return until when an order waits for others to be merged with (合单窗口)."""
    return (order.paid_at or order.placed_at) + timedelta(minutes=policy.merge_window_min)


def may_be_merged(order: SalesOrder, policy: ShopPolicy) -> bool:
    """Whether an order may be merged by itself: what was split off stays apart."""
    apart = order.split_reasons or order.flags
    return policy.auto_merge and order.state is S.AWAITING_CS_REVIEW and not apart


def unmerge(
    order: SalesOrder,
    sources: Sequence[SalesOrder],
    *,
    through: Sequence[SalesOrder] = (),
    new: Sequence[NewOrder],
    line_ids: Iterable[LineId],
    at: datetime,
) -> Split:
    """Take a merged order apart by its sources: a new order for each, with the lines that it brought as they are now.

    Args:
        sources: the orders that were merged, as they ended.
        through: the orders whose place it took one after the other since, the merged one first.
        new: one for each of them.
        line_ids: one for each of its lines.

    Raises:
        MoveNotAllowed: it was released.
        NotMerged: it did not come from a merge.
    """
    check(order, Ask.UNMERGE)
    state = next_state(ORDER_TABLE, order.state, OrderMove.UNMERGE)
    ids = iter(line_ids)
    brought = {line.id: source.id for source in sources for line in source.lines}
    for between in through:
        brought |= {line.id: brought[line.from_line] for line in between.lines if line.from_line in brought}
    lines: dict[OrderId, list[OrderLine]] = {source.id: [] for source in sources}
    for line in order.lines:  # what was added since goes with the first
        came = brought.get(line.from_line, sources[0].id) if line.from_line else sources[0].id
        lines[came].append(evolve(line, id=next(ids), from_line=line.id))
    children = [
        _child(order, source, lines[source.id], identity, at) for source, identity in zip(sources, new, strict=True)
    ]
    handovers = [each for child in children for each in handed_over(order.id, child.state)]
    return Split(parent=ended(order, state, new, at), children=tuple(children), handovers=tuple(handovers))


def _child(
    order: SalesOrder, source: SalesOrder, brought: Sequence[OrderLine], identity: NewOrder, at: datetime
) -> Change[SalesOrder]:
    parts = over(source.steps, OrderPart(steps=order.steps, lines=tuple(line.part for line in brought)))
    lines = [evolve(line, part=part) for line, part in zip(brought, parts, strict=True)]
    facts = with_lines(order, lines)
    if source.platform_order_id is None:
        facts |= {"platform_order_no": source.platform_order_no}
    goods = total((line.payable for line in lines), order.payable.currency)
    freight = Money(sum(net_freight_of(source.steps, line.part) for line in lines), order.payable.currency)
    child = evolve(
        order,
        **facts,
        **described([source]),
        id=identity.id,
        number=identity.number,
        state=S.AWAITING_CS_REVIEW,
        steps=source.steps,
        freight=freight,
        services=source.services,
        cod_fee=source.cod_fee,
        payable=goods + freight + source.services + source.cod_fee,
        paid=source.paid,
        placed_at=source.placed_at,
        paid_at=source.paid_at,
        created_at=source.created_at,
        fulfilment_id=None,
        origins=(order.id,),
        split_reasons=(f"{OF_SOURCE}{source.number}",),
        version=0,
        updated_at=at,
    )
    return born(child, order.id, at)


def _moved(line: OrderLine, order: SalesOrder, part: LinePart, id: LineId) -> OrderLine:
    """Return a line as a merged order has it: with the platform order that it is of."""
    source_id, source_no = order.source_of(line)
    # An order of no platform is told by our own number.
    source_no = source_no or order.number
    return evolve(line, id=id, from_line=line.id, part=part, platform_order_id=source_id, platform_order_no=source_no)


def _merged_into(order: SalesOrder, into: OrderId, at: datetime) -> Change[SalesOrder]:
    state = next_state(ORDER_TABLE, order.state, OrderMove.MERGE)
    ended_ = evolve(order, state=state, heirs=(into,), updated_at=at)
    return Change(ended_, (e.OrderMerged(order_id=order.id, state=state, into=into, at=at),))


def _sums(orders: Sequence[SalesOrder]) -> dict[str, Any]:
    names, currency = ("freight", "services", "cod_fee", "payable", "paid"), orders[0].payable.currency
    return {name: total((getattr(order, name) for order in orders), currency) for name in names}
