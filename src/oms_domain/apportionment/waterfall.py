"""Many discounts and tenders over one order, one after the other, each over what the earlier ones left (分摊瀑布)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from oms_domain.apportionment.allocate import shares
from oms_domain.apportionment.gifts import with_gifts
from oms_domain.apportionment.order import (
    CannotApportion,
    Discount,
    FreightCharge,
    PricedLine,
    PricedOrder,
    Reduction,
    Step,
    Tender,
    checked,
)
from oms_domain.apportionment.policy import FREIGHT, ApportionmentPolicy
from oms_domain.apportionment.rules import AllocationRule, Rest, Rule
from oms_domain.apportionment.units import LinePart, whole_line
from oms_domain.channels.standard import DiscountKind

__all__ = [
    "DEFAULT_POLICY",
    "Apportionment",
    "CannotApportion",
    "Discount",
    "Finding",
    "FreightCharge",
    "Placed",
    "PricedLine",
    "PricedOrder",
    "Reduction",
    "Step",
    "Tender",
    "apportion",
]

DEFAULT_POLICY: Final = ApportionmentPolicy()


@frozen(kw_only=True)
class Placed:
    """What one step placed on each line, in the order's order of lines. Freight is placed, all else taken off.

    ``unused``: what its scope did not owe any more; it is reported, not lost.
    """

    step: Step
    goods: tuple[int, ...]
    freight: tuple[int, ...]
    unused: int = 0

    @property
    def used(self) -> int:
        return sum(self.goods) + sum(self.freight)


@frozen(kw_only=True)
class Finding:
    """A disagreement with what the platform placed or stated: shown, never hidden.

    ``what``: ``placed_above_owed`` (a line owes less than was placed on it), ``placed_above_amount`` (more was placed
    than the step has), ``not_placed`` (what the platform left open finds no line that owes it), ``stated_net``.
    ``line`` is the line's key; empty where it is about a whole step.
    """

    what: str
    step: str = ""
    line: str = ""
    stated_fen: int
    ours_fen: int


@frozen(kw_only=True)
class Apportionment:
    """Every minor unit of an order's discounts, tenders and freight, placed by line (分摊结果).

    ``Σ goods = order goods``; each step's parts add up to what was used of it; per line
    ``net = goods − discounts ≥ 0`` and ``net + net freight − tenders = cash ≥ 0``.
    """

    order: PricedOrder
    policy: ApportionmentPolicy
    goods: tuple[int, ...]  # by line, after gifts took their value
    gift_value: tuple[int, ...]  # by line, what gifts took (+) and goods gave (−); adds up to 0
    steps: tuple[Placed, ...]
    findings: tuple[Finding, ...] = ()
    _place: dict[str, int] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._place.update({line.key: at for at, line in enumerate(self.order.lines)})

    @_place.default
    def _no_places(self) -> dict[str, int]:
        return {}

    @property
    def nets(self) -> tuple[int, ...]:
        """What each line's goods cost after all discounts."""
        return self._left(self.goods, [placed.goods for placed in self.steps if isinstance(placed.step, Discount)])

    @property
    def freight(self) -> tuple[int, ...]:
        """The freight placed on each line, before freight coupons."""
        charged = [placed.freight for placed in self.steps if isinstance(placed.step, FreightCharge)]
        return charged[0] if charged else (0,) * len(self.goods)

    @property
    def net_freight(self) -> tuple[int, ...]:
        """Each line's freight after freight coupons."""
        return self._left(self.freight, [placed.freight for placed in self.steps if isinstance(placed.step, Discount)])

    @property
    def tendered(self) -> tuple[int, ...]:
        """What tenders pay of each line, its freight with it."""
        found = [0] * len(self.goods)
        for placed in self.steps:
            if isinstance(placed.step, Tender):
                found = [a + b + c for a, b, c in zip(found, placed.goods, placed.freight, strict=True)]
        return tuple(found)

    @property
    def cash(self) -> tuple[int, ...]:
        """What is to be paid in cash for each line, its freight with it."""
        rows = zip(self.nets, self.net_freight, self.tendered, strict=True)
        return tuple(net + freight - paid for net, freight, paid in rows)

    @property
    def unused(self) -> tuple[tuple[str, int], ...]:
        """What could not be used, by step."""
        return tuple((placed.step.id, placed.unused) for placed in self.steps if placed.unused)

    def line(self, key: str) -> LinePart:
        """Return a line with its running nets, for units, splits and refunds. Raises ``CannotApportion``."""
        if key not in self._place:
            raise CannotApportion(field="line", why=f"there is no line {key}")
        return self._part(self._place[key])

    def parts(self) -> tuple[LinePart, ...]:
        """Return all lines with their running nets."""
        return tuple(self._part(at) for at in range(len(self.goods)))

    def _part(self, at: int) -> LinePart:
        goods, freight = [self.goods[at]], [self.freight[at]]
        for placed in self.steps:
            if not isinstance(placed.step, FreightCharge):
                goods.append(goods[-1] - placed.goods[at])
                freight.append(freight[-1] - placed.freight[at])
        line = self.order.lines[at]
        return whole_line(line.key, line.units, goods, freight)

    def _left(self, amounts: tuple[int, ...], taken: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
        left = list(amounts)
        for row in taken:
            left = [a - b for a, b in zip(left, row, strict=True)]
        return tuple(left)


def apportion(order: PricedOrder, policy: ApportionmentPolicy = DEFAULT_POLICY) -> Apportionment:
    """Place every discount, tender and the freight of an order on its lines.

    Raises:
        CannotApportion: a negative or fractional amount, a line named twice, a scope without its lines, freight on
            an order without lines.

    >>> from oms_domain.channels.standard import DiscountKind, TenderKind
    >>> order = PricedOrder(
    ...     lines=(PricedLine(key="usb", units=1, goods_fen=8000), PricedLine(key="book", units=1, goods_fen=2000)),
    ...     discounts=(Discount(id="c", kind=DiscountKind.COUPON, amount_fen=500, lines=("book",)),),
    ...     tenders=(Tender(id="card", kind=TenderKind.GIFT_CARD, amount_fen=4000),
    ...              Tender(id="own", kind=TenderKind.BALANCE, amount_fen=1600)),
    ... )
    >>> apportion(order).cash, apportion(order, ApportionmentPolicy(quantum=100)).cash
    ((3285, 615), (3300, 600))
    """
    places = checked(order)
    goods, gift_value = with_gifts(order, policy, places)
    run = _Run(policy, [line.units for line in order.lines], list(goods))
    by_kind: dict[str, list[Step]] = {}
    reductions: tuple[Reduction, ...] = (*order.discounts, *order.tenders)
    for reduction in reductions:
        by_kind.setdefault(reduction.kind, []).append(reduction)
    if order.freight_fen:
        by_kind[FREIGHT] = [FreightCharge(amount_fen=order.freight_fen)]
    for kind in (DiscountKind.LINE, *policy.order):
        for step in by_kind.get(kind, ()):
            if isinstance(step, FreightCharge):
                run.charge(step)
            else:
                run.take(step, places)
    result = Apportionment(
        order=order,
        policy=policy,
        goods=goods,
        gift_value=gift_value,
        steps=tuple(run.placed),
        findings=tuple(run.findings),
    )
    return _compared(result) if any(line.stated_fen is not None for line in order.lines) else result


class _Run:
    """What is still owed while the steps are applied."""

    def __init__(self, policy: ApportionmentPolicy, units: list[int], goods: list[int]) -> None:
        self.rule = without_a_rest(policy.rule)
        self.quantum = policy.quantum
        self.units, self.start = units, goods
        self.owed = list(goods)
        self.freight = [0] * len(goods)
        self.nothing = (0,) * len(goods)
        self.placed: list[Placed] = []
        self.findings: list[Finding] = []

    def charge(self, step: FreightCharge) -> None:
        """Spread the freight by what is owed for goods; by the goods' price, then by units where nothing is."""
        over = next(weights for weights in (self.owed, self.start, self.units) if any(weights))
        placed = shares(step.amount_fen, over, self.rule, self.quantum)
        self.freight = list(placed)
        self.placed.append(Placed(step=step, goods=self.nothing, freight=placed))

    def take(self, step: Reduction, places: dict[str, int]) -> None:
        """Take a discount or a tender off what is owed in its scope, and report what could not be used."""
        scope = None if step.lines is None else {places[key] for key in step.lines}
        chains = self._chains(step)
        if step.placed:
            rows, unused = self._with_placed(chains, step, scope, places)
        else:
            rows, unused = [], step.amount_fen
            for owed in chains:
                row, unused = self._spread(owed, unused, scope)
                rows.append(row)
        goods = rows[0] if chains[0] is self.owed else self.nothing
        freight = rows[-1] if chains[-1] is self.freight else self.nothing
        self.placed.append(Placed(step=step, goods=goods, freight=freight, unused=unused))

    def _chains(self, step: Reduction) -> tuple[list[int], ...]:
        """Return what a step takes from: a tender pays goods first, then freight."""
        if isinstance(step, Tender):
            return self.owed, self.freight
        return (self.freight,) if step.kind is DiscountKind.FREIGHT_COUPON else (self.owed,)

    def _spread(self, owed: list[int], amount: int, scope: set[int] | None) -> tuple[tuple[int, ...], int]:
        """Share an amount over what is owed in a scope, no line more than it owes; return what is left of it too."""
        room = owed if scope is None else [left if at in scope else 0 for at, left in enumerate(owed)]
        use = min(amount, sum(room))
        if not use:
            return self.nothing, amount
        row = shares(use, room, self.rule, self.quantum, room)
        for at, share in enumerate(row):
            if share:
                owed[at] -= share
        return row, amount - use

    def _with_placed(
        self, chains: tuple[list[int], ...], step: Reduction, scope: set[int] | None, places: dict[str, int]
    ) -> tuple[list[tuple[int, ...]], int]:
        """Take what the platform placed, and share what it left open over the lines that it did not name.

        What these do not owe is left to the freight of all lines, if the step may pay it.
        """
        rows = self._as_placed(chains, step, places)
        open_ = step.amount_fen - sum([amount for _, amount in step.placed])
        if open_ < 0:
            self._differs("placed_above_amount", step, step.amount_fen - open_, step.amount_fen)
        named = {places[key] for key, _ in step.placed}
        over: set[int] | None = (set(range(len(self.owed))) if scope is None else scope) - named
        left = max(open_, 0)
        for at, owed in enumerate(chains):
            more, left = self._spread(owed, left, over)
            rows[at] = tuple([a + b for a, b in zip(rows[at], more, strict=True)])
            over = scope
        if left:
            self._differs("not_placed", step, step.amount_fen, step.amount_fen - left)
        return rows, max(step.amount_fen - sum(map(sum, rows)), 0)

    def _as_placed(
        self, chains: tuple[list[int], ...], step: Reduction, places: dict[str, int]
    ) -> list[tuple[int, ...]]:
        """Take what the platform placed, as far as its line owes it."""
        rows = [[0] * len(owed) for owed in chains]
        for key, wanted in step.placed:
            at, open_ = places[key], wanted
            for owed, row in zip(chains, rows, strict=True):
                row[at] = min(open_, owed[at])
                owed[at] -= row[at]
                open_ -= row[at]
            if open_:
                self._differs("placed_above_owed", step, wanted, wanted - open_, key)
        return [tuple(row) for row in rows]

    def _differs(self, what: str, step: Reduction, stated: int, ours: int, line: str = "") -> None:
        self.findings.append(Finding(what=what, step=step.id, line=line, stated_fen=stated, ours_fen=ours))


def without_a_rest(rule: AllocationRule) -> AllocationRule:
    """Return the rule for a caller to whom everything must be handed out.

    A rest kept apart would be money on no line: where a policy names such a rule, it goes by the default way."""
    if isinstance(rule, Rule) and rule.rest is Rest.APART:
        return Rule(rule.rounding, Rest.LARGEST_FRACTION, rule.order)
    return rule


def _compared(result: Apportionment) -> Apportionment:
    more = [
        Finding(what="stated_net", line=line.key, stated_fen=line.stated_fen, ours_fen=net)
        for line, net in zip(result.order.lines, result.nets, strict=True)
        if line.stated_fen is not None and line.stated_fen != net
    ]
    return Apportionment(
        order=result.order,
        policy=result.policy,
        goods=result.goods,
        gift_value=result.gift_value,
        steps=result.steps,
        findings=(*result.findings, *more),
    )
