"""Many discounts and tenders over one order, one after the other, each over what the earlier ones left (分摊瀑布)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

from attrs import field, frozen

from oms_domain.apportionment.allocate import shares
from oms_domain.apportionment.policy import FREIGHT, ApportionmentPolicy, GiftValue
from oms_domain.apportionment.rules import LARGEST_REMAINDER, AllocationRule, Rest, Rule
from oms_domain.apportionment.units import LinePart, whole_line
from oms_domain.channels.standard import DiscountKind, Funder, TenderKind
from oms_domain.kernel.errors import Invalid

DEFAULT_POLICY: Final = ApportionmentPolicy()
_INT: Final = {int}


@frozen(kw_only=True)
class CannotApportion(Invalid):
    """An order that makes no sense: ``field`` says where, ``why`` what is wrong with it."""

    code: ClassVar[str] = "apportionment.invalid_order"
    why: str


@frozen(kw_only=True)
class PricedLine:
    """A line with what its goods cost before any discount. Amounts in minor units.

    ``stated_fen``: what the platform says its goods cost after all discounts; a disagreement becomes a finding.
    """

    key: str  # the caller's name for it; two lines may have one SKU
    units: int
    goods_fen: int
    title: str = ""
    list_fen: int = 0  # of all its units; by this a gift takes its part of the price
    earned_by: tuple[str, ...] = ()  # the lines whose purchase earned it: it is a gift (赠品)
    stated_fen: int | None = None


@frozen(kw_only=True)
class Discount:
    """What reduces the price (优惠). ``lines`` is its scope, None the whole order.

    ``placed``: the parts of it that the platform placed on lines; they are taken as they are, and only what it left
    open is shared over the other lines.
    """

    id: str
    kind: DiscountKind
    amount_fen: int
    name: str = ""
    funder: Funder = Funder.UNKNOWN
    lines: tuple[str, ...] | None = None
    placed: tuple[tuple[str, int], ...] = ()


@frozen(kw_only=True)
class Tender:
    """What pays besides cash (非现金支付): goods first, then freight. Refunds go back to it."""

    id: str
    kind: TenderKind
    amount_fen: int
    name: str = ""
    funder: Funder = Funder.UNKNOWN
    lines: tuple[str, ...] | None = None
    placed: tuple[tuple[str, int], ...] = ()


@frozen(kw_only=True)
class FreightCharge:
    """The freight of an order (运费), as a step."""

    id: str = FREIGHT
    kind: str = FREIGHT
    amount_fen: int
    name: str = ""


Reduction = Discount | Tender
Step = Discount | Tender | FreightCharge


@frozen(kw_only=True)
class PricedOrder:
    """An order to be apportioned. All amounts are minor units of ``currency`` and not negative."""

    lines: tuple[PricedLine, ...]
    discounts: tuple[Discount, ...] = ()
    tenders: tuple[Tender, ...] = ()
    freight_fen: int = 0
    currency: str = "CNY"


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
    """A disagreement with what the platform placed or stated: shown, never hidden. ``line`` is empty for a step's."""

    what: str  # placed_above_owed, placed_above_amount, not_placed, stated_net
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

    >>> order = PricedOrder(
    ...     lines=(PricedLine(key="usb", units=1, goods_fen=8000), PricedLine(key="book", units=1, goods_fen=2000)),
    ...     discounts=(Discount(id="c", kind=DiscountKind.COUPON, amount_fen=500, lines=("book",)),),
    ...     tenders=(Tender(id="card", kind=TenderKind.GIFT_CARD, amount_fen=4000),
    ...              Tender(id="own", kind=TenderKind.BALANCE, amount_fen=1600)),
    ... )
    >>> apportion(order).cash, apportion(order, ApportionmentPolicy(quantum=100)).cash
    ((3285, 615), (3300, 600))
    """
    places = _checked(order)
    goods, gift_value = _with_gifts(order, policy, places)
    run = _Run(policy, [line.units for line in order.lines], list(goods))
    by_kind: dict[str, list[Step]] = {}
    reductions: tuple[Reduction, ...] = (*order.discounts, *order.tenders)
    for reduction in reductions:
        by_kind.setdefault(str(reduction.kind), []).append(reduction)
    if order.freight_fen:
        by_kind[FREIGHT] = [FreightCharge(amount_fen=order.freight_fen)]
    for kind in (DiscountKind.LINE, *policy.order):
        for step in by_kind.get(str(kind), ()):
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
        given = {places[key]: amount for key, amount in step.placed}
        left = step.amount_fen
        goods = freight = self.nothing
        if step.kind is not DiscountKind.FREIGHT_COUPON:
            goods, left = self._off(self.owed, step, scope, given, left)
            given = {}
        if step.kind is DiscountKind.FREIGHT_COUPON or (isinstance(step, Tender) and left > 0):
            freight, left = self._off(self.freight, step, scope, given, left)
        self.placed.append(Placed(step=step, goods=goods, freight=freight, unused=max(left, 0)))

    def _off(
        self, owed: list[int], step: Reduction, scope: set[int] | None, given: dict[int, int], amount: int
    ) -> tuple[tuple[int, ...], int]:
        if not given:
            room = owed if scope is None else [left if at in scope else 0 for at, left in enumerate(owed)]
            use = min(amount, sum(room))
            found = shares(use, room, self.rule, self.quantum, room) if use else self.nothing
        else:
            found, use = self._as_placed(owed, step, scope, given, amount)
        for at, share in enumerate(found):
            if share:
                owed[at] -= share
        return found, amount - use

    def _as_placed(
        self, owed: list[int], step: Reduction, scope: set[int] | None, given: dict[int, int], amount: int
    ) -> tuple[tuple[int, ...], int]:
        """Take what the platform placed, and share what it left open over the lines that it did not name."""
        found, stated = [0] * len(owed), sum(given.values())
        for at, wanted in given.items():
            found[at] = min(wanted, owed[at])
            if wanted > owed[at]:
                self._differs("placed_above_owed", step, wanted, owed[at], at)
        if stated > amount:
            self._differs("placed_above_amount", step, stated, amount)
        open_ = amount - stated
        if open_ > 0:
            room = [left if at not in given and (scope is None or at in scope) else 0 for at, left in enumerate(owed)]
            use = min(open_, sum(room))
            if use < open_:
                self._differs("not_placed", step, amount, stated + use)
            if use:
                more = shares(use, room, self.rule, self.quantum, room)
                found = [a + b for a, b in zip(found, more, strict=True)]
        used = sum(found)
        return tuple(found), used

    def _differs(self, what: str, step: Reduction, stated: int, ours: int, at: int | None = None) -> None:
        line = "" if at is None else str(at)
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


def _with_gifts(
    order: PricedOrder, policy: ApportionmentPolicy, places: dict[str, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the goods of each line, and what gifts took of them: the price of what earned them, by list prices."""
    goods = [line.goods_fen for line in order.lines]
    if policy.gifts is GiftValue.FREE:
        return tuple(goods), (0,) * len(goods)
    for line in order.lines:
        if line.earned_by:
            together = [*dict.fromkeys(places[key] for key in line.earned_by), places[line.key]]
            lists = [order.lines[at].list_fen for at in together]
            whole = sum(goods[at] for at in together)
            if any(lists) and whole:
                for at, share in zip(together, shares(whole, lists, LARGEST_REMAINDER), strict=True):
                    goods[at] = share
    moved = tuple(after - line.goods_fen for after, line in zip(goods, order.lines, strict=True))
    return tuple(goods), moved


def _checked(order: PricedOrder) -> dict[str, int]:
    """Return the place of each line by its key. Raises ``CannotApportion``."""
    lines = order.lines
    places = {line.key: at for at, line in enumerate(lines)}
    if len(places) < len(lines):
        raise CannotApportion(field="lines", why="two lines have one key")
    numbers = [number for line in lines for number in (line.goods_fen, line.list_fen, line.units)]
    # One look at all of them; only where something is wrong is it worth finding out what.
    if {*map(type, numbers)} - _INT or (numbers and min(numbers) < 0) or not all(line.units for line in lines):
        _refuse_line(lines)
    for at, line in enumerate(lines):
        if line.earned_by:
            _known(line.earned_by, places, f"lines[{at}].earned_by")
    _amount(order.freight_fen, "freight_fen")
    if order.freight_fen and not lines:
        raise CannotApportion(field="freight_fen", why="there is no line to place it on")
    ids = {FREIGHT}
    reductions: tuple[Reduction, ...] = (*order.discounts, *order.tenders)
    for at, one in enumerate(reductions):
        ids.add(one.id)
        if type(one.amount_fen) is not int or one.amount_fen < 0 or one.lines or one.placed:
            of = len(order.discounts)
            _reduction(one, places, f"discounts[{at}]" if at < of else f"tenders[{at - of}]")
    if len(ids) <= len(order.discounts) + len(order.tenders):
        raise CannotApportion(field="discounts", why="ids of discounts and tenders must differ")
    return places


def _refuse_line(lines: Sequence[PricedLine]) -> None:
    for at, line in enumerate(lines):
        _amount(line.goods_fen, f"lines[{at}].goods_fen")
        _amount(line.list_fen, f"lines[{at}].list_fen")
        if type(line.units) is not int or line.units < 1:
            raise CannotApportion(field=f"lines[{at}].units", why="must be a whole number of at least 1")


def _reduction(reduction: Reduction, places: dict[str, int], field_: str) -> None:
    _amount(reduction.amount_fen, f"{field_}.amount_fen")
    _known(reduction.lines or (), places, f"{field_}.lines")
    _known([key for key, _ in reduction.placed], places, f"{field_}.placed")
    for key, amount in reduction.placed:
        _amount(amount, f"{field_}.placed[{key}]")
        if reduction.lines is not None and key not in reduction.lines:
            raise CannotApportion(field=f"{field_}.placed", why=f"line {key} is outside its scope")


def _known(keys: Sequence[str], places: dict[str, int], field_: str) -> None:
    for key in keys:
        if key not in places:
            raise CannotApportion(field=field_, why=f"there is no line {key}")
    if len(set(keys)) < len(keys):
        raise CannotApportion(field=field_, why="a line stands there twice")


def _amount(amount: Any, field_: str) -> None:
    if type(amount) is not int or amount < 0:
        raise CannotApportion(field=field_, why="must be a whole number of minor units, not negative")
