"""Split, merge and refund: every amount of a part is taken from what was placed, nothing is apportioned again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import accumulate
from operator import sub
from typing import ClassVar

from attrs import frozen

from oms_domain.apportionment.allocate import allocate
from oms_domain.apportionment.rules import LAST_TAKES_REST
from oms_domain.apportionment.units import LinePart, Runs
from oms_domain.apportionment.waterfall import Apportionment, CannotApportion, FreightCharge, Step, Tender
from oms_domain.kernel.errors import Refused

Plan = Mapping[str, Runs]
"""Which units of which lines go into a part, by line key."""


@frozen(kw_only=True)
class OrderPart:
    """Units of an order's lines with their amounts: a whole order, or what splitting made of it.

    ``kept``: amounts that a caller keeps on the order and not on lines, by name.
    """

    steps: tuple[Step, ...]  # what took something off, in the order of the running nets
    lines: tuple[LinePart, ...]  # in the order of the source's lines; none without units
    kept: tuple[tuple[str, int], ...] = ()

    @property
    def goods(self) -> int:
        """The price of its goods before any discount."""
        return sum(line.goods[0] for line in self.lines)

    @property
    def cash(self) -> int:
        return sum(line.cash for line in self.lines)

    @property
    def freight(self) -> int:
        """Its freight before freight coupons."""
        return sum(line.freight[0] for line in self.lines)

    def taken(self) -> tuple[tuple[str, int], ...]:
        """What each step takes of it, goods and freight together, by step."""
        totals = [0] * len(self.steps)
        for line in self.lines:
            for at, (goods, freight) in enumerate(zip(line.taken, line.freight_taken, strict=True)):
                totals[at] += goods + freight
        return tuple((step.id, total) for step, total in zip(self.steps, totals, strict=True))


def net_of(steps: Sequence[Step], part: LinePart) -> int:
    """Return what the goods of a part cost after all discounts, before tenders."""
    tendered = sum(taken for taken, step in zip(part.taken, steps, strict=True) if isinstance(step, Tender))
    return part.goods[-1] + tendered


def net_freight_of(steps: Sequence[Step], part: LinePart) -> int:
    """Return the freight of a part after freight coupons, before tenders."""
    tendered = sum(taken for taken, step in zip(part.freight_taken, steps, strict=True) if isinstance(step, Tender))
    return part.freight[-1] + tendered


def whole_order(result: Apportionment, kept: Mapping[str, int] | None = None) -> OrderPart:
    """Return an apportioned order as one part."""
    steps = tuple(placed.step for placed in result.steps if not isinstance(placed.step, FreightCharge))
    return OrderPart(steps=steps, lines=result.parts(), kept=tuple((kept or {}).items()))


def split(order: OrderPart, plans: Sequence[Plan]) -> tuple[OrderPart, ...]:
    """Take an order apart: one part for each plan, and one more with what no plan names, if anything is left.

    Amounts kept on the order go to the parts by goods, each its share rounded out of what is left, the last part the
    rest; where no goods cost anything, by units.

    Raises:
        CannotApportion: a plan names a line that is not there, or no units at all.
        UnitsGone: two plans want the same units, or units that are not there.
        UnitsOutOfRange: a run ends before it begins.
        InvalidTotal: an amount kept on the order is no whole number.

    >>> from oms_domain.apportionment.units import whole_line
    >>> order = OrderPart(steps=(), lines=(whole_line("a", 3, (100,)),), kept=(("invoice", 10),))
    >>> [(part.goods, part.kept) for part in split(order, [{"a": ((0, 1),)}])]
    [(34, (('invoice', 3),)), (66, (('invoice', 7),))]
    """
    left = {line.key: line for line in order.lines}
    found: list[list[LinePart]] = []
    for at, plan in enumerate(plans):
        lines: list[LinePart] = []
        for key in [line.key for line in order.lines if line.key in plan]:
            taken, left[key] = left[key].cut(plan[key])
            lines.append(taken)
        if unknown := [key for key in plan if key not in left]:
            raise CannotApportion(field=f"plans[{at}]", why=f"there is no line {unknown[0]}")
        found.append(lines)
    found.append(list(left.values()))
    filled = [tuple(line for line in lines if line.runs) for lines in found]
    for at, lines_ in enumerate(filled[:-1]):
        if not lines_:
            raise CannotApportion(field=f"plans[{at}]", why="it takes no units")
    parts = [lines_ for lines_ in filled if lines_]
    kept = _kept(order, parts)
    return tuple(
        OrderPart(steps=order.steps, lines=lines_, kept=amounts) for lines_, amounts in zip(parts, kept, strict=True)
    )


def merge(parts: Iterable[OrderPart], *, order: Sequence[str] | None = None) -> OrderPart:
    """Put parts together, of one order or of several: amounts add, units of one line become one.

    Lines of different orders stay apart by their keys, which must differ, as must the ids of their steps; so a refund
    still finds its line. Each line then has a running net for the steps of all, unchanged by those of other orders.

    ``order``: the line keys in the order that the result is to have; by default that of the parts.

    Raises:
        CannotApportion: no parts, or one step's id stands for two steps.
        UnitsNamedTwice: a unit is in two parts.

    >>> from oms_domain.apportionment.units import whole_line
    >>> one, other = (OrderPart(steps=(), lines=(whole_line(key, 1, (50,)),)) for key in "ab")
    >>> merge([one, other]).cash
    100
    """
    together = tuple(parts)
    if not together:
        raise CannotApportion(field="parts", why="there is none")
    steps = all_steps(together)
    lines: dict[str, LinePart] = {}
    for part in together:
        for line in part.lines if part.steps == steps else over(steps, part):
            lines[line.key] = lines[line.key].joined_with(line) if line.key in lines else line
    keys = [key for key in order if key in lines] if order is not None else list(lines)
    names = list(dict.fromkeys(name for part in together for name, _ in part.kept))
    kept = tuple((name, sum(dict(part.kept).get(name, 0) for part in together)) for name in names)
    return OrderPart(steps=steps, lines=tuple(lines[key] for key in keys), kept=kept)


def all_steps(parts: Sequence[OrderPart]) -> tuple[Step, ...]:
    """Return the steps of all parts, each once. Raises ``CannotApportion`` if one id stands for two steps."""
    found: dict[str, Step] = {}
    for part in parts:
        for step in part.steps:
            if found.setdefault(step.id, step) != step:
                raise CannotApportion(field="parts", why=f"step {step.id} is not the same in all")
    return tuple(found.values())


def over(steps: Sequence[Step], part: OrderPart) -> Iterable[LinePart]:
    """Return a part's lines with a running net for each of these steps.

    A step that the part does not have takes nothing of it; one that is not among ``steps`` must take nothing of it.
    """
    place = {step.id: at for at, step in enumerate(part.steps)}

    def nets(chain: tuple[int, ...], taken: tuple[int, ...]) -> tuple[int, ...]:
        off = [taken[place[step.id]] if step.id in place else 0 for step in steps]
        return tuple(accumulate(off, sub, initial=chain[0]))

    for line in part.lines:
        yield LinePart(
            key=line.key,
            runs=line.runs,
            goods=nets(line.goods, line.taken),
            freight=nets(line.freight, line.freight_taken),
        )


def _kept(order: OrderPart, parts: Sequence[tuple[LinePart, ...]]) -> list[tuple[tuple[str, int], ...]]:
    goods = [sum(line.goods[0] for line in lines) for lines in parts]
    weights = goods if any(goods) else [sum(line.units for line in lines) for lines in parts]
    rows = [(name, allocate(amount, weights, LAST_TAKES_REST)) for name, amount in order.kept]
    return [tuple((name, row[at]) for name, row in rows) for at in range(len(parts))]


# --- refunds ---------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class RefundAbovePaid(Refused):
    """More was or would be given back for units than ``tender`` (or ``cash``) paid for them. Minor units."""

    code: ClassVar[str] = "apportionment.refund_above_paid"
    tender: str
    paid: int
    refund: int


@frozen(kw_only=True)
class Refundable:
    """What units may give back: cash, and to each tender what it paid. Discounts are not given back."""

    units: int
    cash: int
    tenders: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        return self.cash + sum(amount for _, amount in self.tenders)

    def less(self, given: Refundable) -> Refundable:
        """Return what is left of it after something was given back for these units.

        Raises:
            RefundAbovePaid: more than was paid.
            CannotApportion: less than nothing was given back.
        """
        before = dict(given.tenders)
        rows = [("cash", self.cash, given.cash)]
        rows += [(id_, paid, before.pop(id_, 0)) for id_, paid in self.tenders]
        rows += [(id_, 0, amount) for id_, amount in before.items()]
        for id_, paid, amount in rows:
            if amount < 0:  # it would let more be given back than was paid
                raise CannotApportion(field=f"given.{id_}", why="must not be negative")
            if amount > paid:
                raise RefundAbovePaid(tender=id_, paid=paid, refund=amount)
        left = [(id_, paid - amount) for id_, paid, amount in rows[1:]]
        tenders = tuple((id_, amount) for id_, amount in left if amount)
        return Refundable(units=self.units, cash=self.cash - given.cash, tenders=tenders)


def refundable(
    steps: Sequence[Step],
    line: LinePart,
    units: Runs,
    *,
    with_freight: bool = False,
    given: Iterable[Refundable] = (),
) -> Refundable:
    """Return what ``units`` of a line may still give back.

    The line is what is left of it: units that were refunded before have been cut off, so what is asked for twice is
    gone the second time.

    Args:
        with_freight: before shipment, or where a person or the policy says so.
        given: what was given back for these very units before, without their being gone (仅退款, a part of the price).

    Raises:
        UnitsGone: some of them are not there any more.
        RefundAbovePaid: more was given back than was paid for them.
        CannotApportion: what was given back is negative.

    >>> from oms_domain.apportionment.units import whole_line
    >>> partly = Refundable(units=1, cash=30, tenders=())
    >>> refundable((), whole_line("a", 2, (100,)), ((0, 1),), given=[partly]).cash
    20
    """
    return _paid_for(steps, line.cut(units)[0], with_freight, given)


def _paid_for(steps: Sequence[Step], part: LinePart, with_freight: bool, given: Iterable[Refundable]) -> Refundable:
    paid = [
        (step.id, goods + (freight if with_freight else 0))
        for step, goods, freight in zip(steps, part.taken, part.freight_taken, strict=True)
        if isinstance(step, Tender)
    ]
    cash = part.goods[-1] + (part.freight[-1] if with_freight else 0)
    whole = Refundable(units=part.units, cash=cash, tenders=tuple((id_, amount) for id_, amount in paid if amount))
    return reduce(Refundable.less, given, whole)


def refund(
    steps: Sequence[Step],
    line: LinePart,
    units: Runs,
    *,
    with_freight: bool = False,
    given: Iterable[Refundable] = (),
) -> tuple[Refundable, LinePart]:
    """Return what is given back for ``units``, and what is left of the line. Raises as ``refundable`` does."""
    part, rest = line.cut(units)
    return _paid_for(steps, part, with_freight, given), rest


def paid_in_all(lines: Iterable[Refundable]) -> Refundable:
    """Add up what several lines give back."""

    def add(a: Refundable, b: Refundable) -> Refundable:
        tenders = dict(a.tenders)
        for id_, amount in b.tenders:
            tenders[id_] = tenders.get(id_, 0) + amount
        return Refundable(units=a.units + b.units, cash=a.cash + b.cash, tenders=tuple(tenders.items()))

    return reduce(add, lines, Refundable(units=0, cash=0, tenders=()))
