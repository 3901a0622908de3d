"""Splitting an order (拆单): by a plan, each part becomes an order of its own, with the amounts placed on its units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from oms_domain.apportionment.parts import OrderPart, Plan, net_freight_of, net_of
from oms_domain.apportionment.parts import split as split_amounts
from oms_domain.apportionment.units import LinePart, Runs, joined
from oms_domain.channels.standard import OrderKind
from oms_domain.inventory.stock import Handover
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import LineId, OrderId
from oms_domain.kernel.money import Money
from oms_domain.kernel.states import next_state
from oms_domain.orders import events as e
from oms_domain.orders.asks import Ask
from oms_domain.orders.cutting import piece_of
from oms_domain.orders.flags import blocking
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.shares import paid_shares
from oms_domain.orders.states import ORDER_TABLE, OrderMove, OrderState
from oms_domain.split_merge.plan import CannotSplit, Delivery, Reason, SplitPlan, Trigger

SERVICES, COD_FEE = "services", "cod_fee"


@frozen(kw_only=True)
class PlanDoesNotFit(Refused):
    """The plan was made of another version of the order: it does not hold each unit to ship once. Plan anew."""

    code: ClassVar[str] = "split_merge.plan_does_not_fit"
    line_id: LineId
    to_ship: int
    planned: int


@frozen(kw_only=True)
class NewOrder:
    """Identity of an order that is to be made."""

    id: OrderId
    number: str


@frozen(kw_only=True)
class Split:
    """What splitting makes: the ended order, what goes on for it, and what is held for whom from now on."""

    parent: Change[SalesOrder]
    children: tuple[Change[SalesOrder], ...]
    handovers: tuple[Handover, ...]


VIRTUAL: Final = Reason(trigger=Trigger.DELIVERY, of=Delivery.VIRTUAL)
"""Why a part is apart that needs no warehouse."""


def lines_needed(order: SalesOrder, plan: SplitPlan) -> int:
    """Return how many new lines a split makes at most."""
    return sum(len(part.contents) for part in plan.parts) + len(order.lines)


def split(
    order: SalesOrder, plan: SplitPlan, *, new: Sequence[NewOrder], line_ids: Iterable[LineId], at: datetime
) -> Split:
    """Take an order apart: one order for each part of the plan, in the state that it stands in.

    Every amount of the parts adds up to the order's, to the fen: what is placed on lines goes with its units; services
    and the cash-on-delivery fee go by goods; what was paid goes by what each part costs. Closed lines stay with the
    first part, units that were called off with the first that has others of their line: one that nobody cuts is whole.

    Args:
        new: one for each part.
        line_ids: at least ``lines_needed``.

    Raises:
        MoveNotAllowed, EarlierMayShip: the order's state does not let it be split, or a flag.
        CannotSplit: all units stay together.
        PlanDoesNotFit: the plan does not hold each unit that is to ship once.
    """
    state = next_state(ORDER_TABLE, order.state, OrderMove.SPLIT)
    if (refusal := blocking(order.flags, Ask.SPLIT)) is not None:
        raise refusal
    if not plan.splits:
        raise CannotSplit(field="parts", why="all units stay together")
    ids = iter(line_ids)
    amounts = _amounts(order, _units(order, plan))
    payables = [_payable(order, part) for part in amounts]
    paid = paid_shares(order.paid.fen, payables)
    known = {str(line.id): line for line in order.lines}
    children, handovers = list[Change[SalesOrder]](), list[Handover]()
    for at_, (part, identity) in enumerate(zip(amounts, new, strict=True)):
        lines = tuple(_line(known[each.key], each, order, next(ids)) for each in part.lines)
        kept = dict(part.kept)
        child = evolve(
            order,
            **with_lines(order, lines),
            id=identity.id,
            number=identity.number,
            freight=_money(order, sum(net_freight_of(order.steps, line.part) for line in lines)),
            services=_money(order, kept[SERVICES]),
            cod_fee=_money(order, kept[COD_FEE]),
            payable=_money(order, payables[at_]),
            paid=_money(order, paid[at_]),
            origins=(order.id,),
            split_reasons=tuple(map(word_of, plan.parts[at_].reasons)),
            kind=OrderKind.VIRTUAL if VIRTUAL in plan.parts[at_].reasons else order.kind,
            version=0,
            updated_at=at,
        )
        children.append(born(child, order.id, at))
        handovers += handed_over(order.id, child)
    return Split(parent=ended(order, state, new, at), children=tuple(children), handovers=tuple(handovers))


def word_of(reason: Reason) -> str:
    """Return a reason as an order keeps it.

    >>> from oms_domain.split_merge.plan import Trigger
    >>> word_of(Reason(trigger=Trigger.BY_HAND, of="1/2"))
    'by_hand 1/2'
    """
    return f"{reason.trigger} {reason.of}".strip()


def ended(order: SalesOrder, state: OrderState, new: Iterable[NewOrder], at: datetime) -> Change[SalesOrder]:
    """Return the order that ends, with what goes on for it."""
    heirs = tuple(each.id for each in new)
    parent = evolve(order, state=state, heirs=heirs, fulfilment_id=None, updated_at=at)
    return Change(parent, (e.OrderSplit(order_id=order.id, state=state, children=heirs, at=at),))


def born(child: SalesOrder, parent: OrderId, at: datetime) -> Change[SalesOrder]:
    """Return a new part with the fact that it is an order of its own now."""
    fact = e.OrderSplitOff(
        order_id=child.id,
        state=child.state,
        number=child.number,
        parent=parent,
        platform_order_id=child.platform_order_id,
        payable=child.payable,
        paid=child.paid,
        reasons=child.split_reasons,
        at=at,
    )
    return Change(child, (fact,))


def with_lines(order: SalesOrder, lines: Sequence[OrderLine]) -> dict[str, Any]:
    """Return what changes of ``order`` when it has these lines of its own instead.

    The platform order that the first line is of is the order's own then; another stands on the lines that are of it.
    """
    own = order.source_of(lines[0])

    def told(line: OrderLine) -> OrderLine:
        id, no = source if (source := order.source_of(line)) != own else (None, "")
        return evolve(line, platform_order_id=id, platform_order_no=no)

    return {"platform_order_id": own[0], "platform_order_no": own[1], "lines": tuple(map(told, lines))}


def handed_over(order_id: OrderId, child: SalesOrder) -> list[Handover]:
    """Return what an order's lines hand over to the lines of ``child`` that came from them."""
    return [
        Handover(order_id=order_id, line_id=line.from_line, to_order=child.id, to_line=line.id, units=line.to_ship)
        for line in child.lines
        if line.from_line is not None and line.to_ship
    ]


def _units(order: SalesOrder, plan: SplitPlan) -> list[Plan]:
    """Return which units of which lines go into each part. Raises ``PlanDoesNotFit``."""
    planned = dict[LineId, int]()
    for line_id, units in chain.from_iterable(part.contents for part in plan.parts):
        planned[line_id] = planned.get(line_id, 0) + units
    to_ship = {line.id: line.to_ship for line in order.lines if line.to_ship}
    for line_id in [*to_ship, *planned]:
        if (there := to_ship.get(line_id, 0)) != (wanted := planned.get(line_id, 0)):
            raise PlanDoesNotFit(line_id=line_id, to_ship=there, planned=wanted)
    left = {line.id: line.part for line in order.lines}
    parts = list[dict[str, Runs]]()
    for part in plan.parts:
        runs = dict[str, Runs]()
        for line_id, units in part.contents:
            taken = left[line_id].first(units)
            _, left[line_id] = left[line_id].cut(taken)
            runs[str(line_id)] = joined((*runs.get(str(line_id), ()), *taken))
        parts.append(runs)
    for line_id, rest in left.items():
        if rest.runs:
            key = str(line_id)
            taker = next((each for each in parts if key in each), parts[0])
            taker[key] = joined((*taker.get(key, ()), *rest.runs))
    return list(parts)


def _amounts(order: SalesOrder, plans: Sequence[Plan]) -> tuple[OrderPart, ...]:
    lines = tuple(evolve(line.part, key=str(line.id)) for line in order.lines)
    kept = ((SERVICES, order.services.fen), (COD_FEE, order.cod_fee.fen))
    return split_amounts(OrderPart(steps=order.steps, lines=lines, kept=kept), plans)


def _payable(order: SalesOrder, part: OrderPart) -> int:
    goods = sum(net_of(order.steps, line) + net_freight_of(order.steps, line) for line in part.lines)
    return goods + sum(amount for _, amount in part.kept)


def _line(line: OrderLine, part: LinePart, order: SalesOrder, id: LineId) -> OrderLine:
    piece = piece_of(line, evolve(part, key=line.part.key), order.steps, id=id)
    # Its last units are the called-off ones, and all of them stay with one part.
    called_off = line.called_off if part.runs[-1][1] == line.part.runs[-1][1] else 0
    return evolve(piece, from_line=line.id, called_off=called_off)


def _money(order: SalesOrder, fen: int) -> Money:
    return Money(fen, order.payable.currency)
