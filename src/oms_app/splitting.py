"""Use cases of splitting (拆单): a plan first, which can be shown, then the split, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from attrs import frozen

from oms_app.numbering import Numbering, NumberPool
from oms_app.orders import OrderAnswer, OrderCommand, answer_of
from oms_app.ports.transaction import Begin, Clock, Contended, NewId, Transaction
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import LineId, OrderId, SkuCode
from oms_domain.kernel.money import Money
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.split_merge.plan import SplitLine, SplitPlan, by_hand
from oms_domain.split_merge.splitting import NewOrder, Split, lines_needed, split


@frozen(kw_only=True)
class Wanted:
    """Units of a line, or of a SKU wherever it stands, that are to go into one part."""

    line_id: LineId | None = None
    sku: SkuCode | None = None
    units: int


@frozen(kw_only=True)
class SplitOrder(OrderCommand):
    """Take it apart (拆单) into these parts, and one more with what they leave."""

    parts: tuple[tuple[Wanted, ...], ...]


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
            plan = self._plan(tx, order, command)
        made = split(
            order,
            plan,
            new=[NewOrder(id=OrderId(self.new_id()), number="") for _ in plan.parts],
            line_ids=self._line_ids(order, plan),
            at=self.now(),
        )
        return _answer(order, plan, made, done=False)

    def split(self, command: SplitOrder) -> SplitAnswer:
        """Take an order apart.

        Raises:
            CannotSplit, NotOnOrder: the parts make no sense.
            MoveNotAllowed, VersionIsNot: the order is not, or no longer, one to split so.
        """
        numbers = self.numbering.pool(len(command.parts) + 1, "S")
        answer = self._split(command, numbers)
        self.numbering.give_back(numbers)
        return answer

    @one_transaction
    def _split(self, command: SplitOrder, numbers: NumberPool) -> SplitAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(SplitAnswer):
                return done
            order = tx.orders.get(command.order_id)
            check_version(order, command.expected_version)
            plan = self._plan(tx, order, command)
            made = split_in(tx, order, plan, numbers=numbers, new_id=self.new_id, now=self.now)
            answer = _answer(order, plan, made, done=True)
            tx.remember(answer)
            tx.commit()
        return answer

    def _plan(self, tx: Transaction, order: SalesOrder, command: SplitOrder) -> SplitPlan:
        lines = split_lines(order)
        return by_hand(lines, _named(lines, command.parts))

    def _line_ids(self, order: SalesOrder, plan: SplitPlan) -> list[LineId]:
        return [LineId(self.new_id()) for _ in range(lines_needed(order, plan))]


def split_in(
    tx: Transaction, order: SalesOrder, plan: SplitPlan, *, numbers: NumberPool, new_id: NewId, now: Clock
) -> Split:
    """Split an order within a transaction: parent and children are saved, and hold what was held.

    Args:
        order: as the transaction has loaded it.
        numbers: a pool with a number of kind ``S`` for each part.

    Raises:
        CannotSplit, MoveNotAllowed, PlanDoesNotFit: as ``oms_domain.split_merge.splitting.split``.
        Contended: the pool has fewer numbers than the plan has parts.
    """
    if len(plan.parts) > numbers.left("S"):
        raise Contended(what="numbers")
    made = split(
        order,
        plan,
        new=[NewOrder(id=OrderId(new_id()), number=numbers.next("S")) for _ in plan.parts],
        line_ids=[LineId(new_id()) for _ in range(lines_needed(order, plan))],
        at=now(),
    )
    store_split(tx, made)
    return made


def store_split(tx: Transaction, made: Split) -> None:
    """Save what a split has made, and let the children hold what the parent held."""
    record(tx, tx.orders, made.parent)
    for child in made.children:
        record(tx, tx.orders, child)
    tx.stock.hand_over(made.handovers)


def split_lines(order: SalesOrder) -> tuple[SplitLine, ...]:
    """Return what is to ship of an order, for the triggers to look at."""
    return tuple(
        SplitLine(
            line_id=line.id,
            sku=line.sku,
            units=line.to_ship,
            value_fen=line.payable.fen // line.quantity,
        )
        for line in order.lines
        if line.to_ship
    )


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


def _answer(order: SalesOrder, plan: SplitPlan, made: Split, *, done: bool) -> SplitAnswer:
    return SplitAnswer(
        id=order.id,
        number=order.number,
        version=order.version + (1 if done else 0),
        parts=tuple(part_of(child.state, answer_of(child) if done else None) for child in made.children),
        fewest=plan.least,
        too_large=plan.too_large,
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
