"""Use cases of splitting (拆单): a plan first, which can be shown, then the split, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Final

from attrs import frozen

from oms_app.claims import check_not_cut, take_along
from oms_app.numbering import Numbering, NumberPool
from oms_app.orders import OrderAnswer, OrderCommand, answer_of
from oms_app.ports.transaction import Begin, Clock, Contended, NewId, Transaction
from oms_app.timers import set_timers
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.catalog.sku import GoodsMark, Sku, SkuKind
from oms_domain.channels.standard import OrderKind
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import LineId, OrderId, SkuCode
from oms_domain.kernel.money import Money
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.split_merge.plan import Delivery, SplitLine, SplitPlan, Trigger, by_hand, plan, rules_of
from oms_domain.split_merge.splitting import NewOrder, Split, lines_needed, split

BEFORE_ALLOCATION: Final = frozenset({OrderState.AWAITING_ALLOCATION, OrderState.BACKORDERED})
NO_SKUS: Final[Mapping[SkuCode, Sku]] = MappingProxyType({})


@frozen(kw_only=True)
class Wanted:
    """Units of a line, or of a SKU wherever it stands, that are to go into one part."""

    line_id: LineId | None = None
    sku: SkuCode | None = None
    units: int


@frozen(kw_only=True)
class SplitOrder(OrderCommand):
    """Take it apart (拆单) into these parts, and one more with what they leave; without parts, by the shop's rules."""

    parts: tuple[tuple[Wanted, ...], ...] = ()


@frozen(kw_only=True)
class SplitByRules(OrderCommand):
    """Take it apart by the shop's rules, if the shop wants that done by itself and there is something to split."""


@frozen(kw_only=True)
class NotOnOrder(Invalid):
    """A part names a SKU of which the order has fewer units to ship, or none."""

    code: ClassVar[str] = "split_merge.not_on_order"
    sku: SkuCode
    to_ship: int


@frozen(kw_only=True)
class PartLine:
    """Units of a line in a part, with what they cost after all discounts."""

    line_id: LineId
    platform_line_no: str
    sku: SkuCode
    title: str
    units: int
    payable: Money


@frozen(kw_only=True)
class Part:
    """A part as it is to be, or as it is: then it has a document of its own."""

    reasons: tuple[str, ...]
    lines: tuple[PartLine, ...]
    freight: Money
    payable: Money
    paid: Money
    order: OrderAnswer | None = None


@frozen(kw_only=True)
class SplitAnswer:
    """What splitting makes of an order. ``version``: of the order that was looked at, or of the ended one.

    ``fewest``: with fewer parts the rules cannot be kept, as far as is known.
    """

    id: OrderId
    number: str
    version: int
    parts: tuple[Part, ...]
    fewest: int
    too_large: tuple[LineId, ...] = ()


@frozen(kw_only=True)
class SplitService:
    """Use cases of splitting."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def preview(self, command: SplitOrder) -> SplitAnswer:
        """Return what the split would make; nothing is changed. Raises what ``split`` raises."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            check_version(order, command.expected_version)
            wanted = self._plan(tx, order, command)
            check_not_cut(tx, order, [part.contents for part in wanted.parts])
        made = split(
            order,
            wanted,
            new=[NewOrder(id=OrderId(self.new_id()), number="") for _ in wanted.parts],
            line_ids=self._line_ids(order, wanted),
            at=self.now(),
        )
        return _answer(order, wanted, made, done=False)

    def split(self, command: SplitOrder) -> SplitAnswer:
        """Take an order apart.

        Raises:
            CannotSplit, NotOnOrder: the parts make no sense.
            MoveNotAllowed, VersionIsNot: the order is not, or no longer, one to split so.
        """
        numbers = self.numbering.pool(self._most(command), "S")
        answer = self._split(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    def split_by_rules(self, command: SplitByRules) -> SplitAnswer | None:
        """Split an order as its shop wants that done by itself; None if there is nothing to split."""
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            wanted = tx.shops.get(order.shop_id).policy.auto_split and plan_by_rules(tx, order).splits
        if not wanted:
            return None
        return self.split(SplitOrder(order_id=order.id, expected_version=order.version, by=command.by))

    def _most(self, command: SplitOrder) -> int:
        """Return how many numbers a split takes: they must be had before its transaction begins."""
        if command.parts:
            return len(command.parts) + 1
        with self.begin(command) as tx:
            order = tx.orders.get(command.order_id)
            return len(plan_by_rules(tx, order).parts)

    @one_transaction
    def _split(self, command: SplitOrder, numbers: NumberPool) -> SplitAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(SplitAnswer):
                return done
            order = tx.orders.get(command.order_id)
            check_version(order, command.expected_version)
            wanted = self._plan(tx, order, command)
            made = split_in(tx, order, wanted, numbers=numbers, new_id=self.new_id, now=self.now)
            answer = _answer(order, wanted, made, done=True)
            tx.remember(answer)
            tx.commit()
        return answer

    def _plan(self, tx: Transaction, order: SalesOrder, command: SplitOrder) -> SplitPlan:
        if not command.parts:
            return plan_by_rules(tx, order)
        lines = split_lines(order)
        return by_hand(lines, _named(lines, command.parts))

    def _line_ids(self, order: SalesOrder, wanted: SplitPlan) -> list[LineId]:
        return [LineId(self.new_id()) for _ in range(lines_needed(order, wanted))]


def split_in(
    tx: Transaction, order: SalesOrder, wanted: SplitPlan, *, numbers: NumberPool, new_id: NewId, now: Clock
) -> Split:
    """Split an order within a transaction: parent and children are saved, and hold what was held.

    Args:
        order: as the transaction has loaded it.
        numbers: a pool with a number of kind ``S`` for each part.

    Raises:
        CannotSplit, MoveNotAllowed, PlanDoesNotFit: as ``oms_domain.split_merge.splitting.split``.
        HasClaims: claims are counted by its lines.
        Contended: the pool has fewer numbers than the plan has parts.
    """
    check_not_cut(tx, order, [part.contents for part in wanted.parts])
    if len(wanted.parts) > numbers.left("S"):
        raise Contended(what="numbers")
    made = split(
        order,
        wanted,
        new=[NewOrder(id=OrderId(new_id()), number=numbers.next("S")) for _ in wanted.parts],
        line_ids=[LineId(new_id()) for _ in range(lines_needed(order, wanted))],
        at=now(),
    )
    store_split(tx, order, made, at=now())
    return made


def store_split(tx: Transaction, order: SalesOrder, made: Split, *, at: datetime) -> None:
    """Save what a split of an order has made, and let the children hold what it held, and claim what was claimed."""
    record(tx, tx.orders, made.parent)
    for child in made.children:
        record(tx, tx.orders, child)
        set_timers(tx, child)
    tx.stock.hand_over(made.handovers)
    take_along(tx, order, [child.state for child in made.children], at=at)


def plan_by_rules(tx: Transaction, order: SalesOrder) -> SplitPlan:
    """Return the parts that the shop's rules make of an order."""
    policy = tx.shops.get(order.shop_id).policy
    rules = rules_of(policy)
    codes = {line.sku for line in order.lines}
    in_stock = None
    if Trigger.PRESALE in rules.triggers and order.state in BEFORE_ALLOCATION:
        levels = tx.stock.levels(order.warehouse or policy.warehouse, sorted(codes))
        in_stock = {code: levels[code].available if code in levels else 0 for code in codes}
    return plan(split_lines(order, tx.skus.by_code(codes), in_stock), rules)


def split_lines(
    order: SalesOrder, skus: Mapping[SkuCode, Sku] = NO_SKUS, in_stock: Mapping[SkuCode, int] | None = None
) -> tuple[SplitLine, ...]:
    """Return what is to ship of an order, for the triggers to look at.

    Args:
        skus: what the catalogue says of its goods.
        in_stock: units of each SKU that could be shipped now; they go to its lines in turn. None: all.
    """
    found, left = [], dict(in_stock or {})
    for line in order.lines:
        if not line.to_ship:
            continue
        there = None if in_stock is None else min(left.get(line.sku, 0), line.to_ship)
        left[line.sku] = left.get(line.sku, 0) - (there or 0)
        sku = skus.get(line.sku)
        found.append(
            SplitLine(
                line_id=line.id,
                sku=line.sku,
                units=line.to_ship,
                weight_g=(sku.weight_g if sku else None) or 0,
                volume_cm3=(sku.volume_cm3 if sku else None) or 0,
                value_fen=line.payable.fen // line.quantity,
                delivery=Delivery.VIRTUAL if order.is_virtual or _is_virtual(sku) else Delivery.OWN,
                is_presale=order.kind is OrderKind.PRESALE,
                in_stock=there,
                marks=frozenset(map(str, sku.marks)) if sku else frozenset(),
                is_valuable=sku is not None and GoodsMark.VALUABLE in sku.marks,
            )
        )
    return tuple(found)


def _is_virtual(sku: Sku | None) -> bool:
    return sku is not None and sku.kind is SkuKind.VIRTUAL


def _named(lines: Sequence[SplitLine], parts: Sequence[Sequence[Wanted]]) -> tuple[tuple[tuple[LineId, int], ...], ...]:
    """Return parts by line; of a SKU its lines are taken from, one after the other."""
    left = {line.line_id: line.units for line in lines}
    found = []
    for at, part in enumerate(parts):
        contents: list[tuple[LineId, int]] = []
        for wanted in part:
            if wanted.line_id is not None:
                taken = [(wanted.line_id, wanted.units)]
            else:
                assert wanted.sku is not None
                taken = _of_sku(lines, left, wanted.sku, wanted.units, field=f"parts[{at}]")
            for line_id, units in taken:
                left[line_id] = left.get(line_id, 0) - units
            contents += taken
        found.append(tuple(contents))
    return tuple(found)


def _of_sku(
    lines: Sequence[SplitLine], left: dict[LineId, int], sku: SkuCode, units: int, *, field: str
) -> list[tuple[LineId, int]]:
    taken, rest = list[tuple[LineId, int]](), units
    for line in lines:
        if line.sku == sku and rest > 0 and (here := min(max(left[line.line_id], 0), rest)):
            taken.append((line.line_id, here))
            rest -= here
    if rest or not taken:
        raise NotOnOrder(field=field, sku=sku, to_ship=sum(here for _, here in taken))
    return taken


def _answer(order: SalesOrder, wanted: SplitPlan, made: Split, *, done: bool) -> SplitAnswer:
    return SplitAnswer(
        id=order.id,
        number=order.number,
        version=order.version + (1 if done else 0),
        parts=tuple(part_of(child.state, answer_of(child) if done else None) for child in made.children),
        fewest=wanted.least,
        too_large=wanted.too_large,
    )


def part_of(child: SalesOrder, answer: OrderAnswer | None) -> Part:
    """Return a part as people see it."""
    return Part(
        reasons=child.split_reasons,
        lines=tuple(
            PartLine(
                line_id=line.id if answer or line.from_line is None else line.from_line,
                platform_line_no=line.platform_line_no,
                sku=line.sku,
                title=line.title,
                units=int(line.quantity),
                payable=line.payable,
            )
            for line in child.lines
        ),
        freight=child.freight,
        payable=child.payable,
        paid=child.paid,
        order=answer,
    )
