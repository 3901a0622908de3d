"""Orders to apportion, ways to split and refund them, and what every policy keeps (extra ``testing``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import frozen
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from oms_domain.apportionment.errors import RuleBroken
from oms_domain.apportionment.explain import explain, text
from oms_domain.apportionment.parts import OrderPart, Plan, merge, refund, split, whole_order
from oms_domain.apportionment.policy import FREIGHT, ApportionmentPolicy
from oms_domain.apportionment.units import LinePart, Runs, as_runs
from oms_domain.apportionment.waterfall import (
    Apportionment,
    Discount,
    FreightCharge,
    Placed,
    PricedLine,
    PricedOrder,
    Tender,
    apportion,
)
from oms_domain.channels.standard import DiscountKind, Funder, TenderKind

TITLES: Final = ("样例围巾", "Sample hat", "样例帽子（红）", "")


class IdentityBroken(AssertionError):
    """A policy breaks an identity; the text shows the smallest order that was found, as ``explain`` does."""


@frozen(kw_only=True)
class Identity:
    """Something that every apportioned order keeps. ``breach`` says how one does not; empty: it does."""

    name: str
    breach: Callable[[Apportionment], str]


def check_waterfall_policy(policy: ApportionmentPolicy, *, examples: int = 300, fen: int = 1_000_000) -> None:
    """Run every identity against a policy, over orders up to ``fen`` a line.

    Raises:
        IdentityBroken: with the smallest order found, explained.

    >>> check_waterfall_policy(ApportionmentPolicy(quantum=100), examples=20)
    """

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(order=orders(fen=fen))
    def run(order: PricedOrder) -> None:
        try:
            result = apportion(order, policy)
        except Exception as error:  # whatever a rule of the user's own may raise is what is wrong with it
            why = str(error) if isinstance(error, RuleBroken) else f"its rule raises {type(error).__name__}: {error}"
            shown = text(explain(apportion(order)))
            raise IdentityBroken(f"{why}\n\nThe order, as the default policy places it:\n{shown}") from error
        for identity in IDENTITIES:
            if why := identity.breach(result):
                raise IdentityBroken(f"{identity.name}: {why}\n\n{text(explain(result))}")

    run()


# --- strategies ------------------------------------------------------------------------------------------------------


def _amounts(fen: int) -> SearchStrategy[int]:
    return st.one_of(st.integers(0, 5), st.integers(0, 1_000), st.integers(0, fen))


@st.composite
def discounts(draw: st.DrawFn, keys: Sequence[str], *, number: int = 0, fen: int = 10**6) -> Discount:
    """A discount over an order with these lines, sometimes placed by the platform, also above its amount."""
    kind = draw(st.sampled_from(DiscountKind))
    scope = draw(_scope(keys))
    if kind is DiscountKind.LINE:
        scope = (draw(st.sampled_from(list(keys))),)
    return Discount(id=f"d{number}", kind=kind, **draw(_reductions(scope, keys, fen)))


@st.composite
def tenders(draw: st.DrawFn, keys: Sequence[str], *, number: int = 0, fen: int = 10**6) -> Tender:
    """What pays for an order with these lines, or for some of them, sometimes placed by the platform."""
    return Tender(
        id=f"t{number}", kind=draw(st.sampled_from(TenderKind)), **draw(_reductions(draw(_scope(keys)), keys, fen))
    )


def _scope(keys: Sequence[str]) -> SearchStrategy[tuple[str, ...] | None]:
    return st.none() | st.lists(st.sampled_from(list(keys)), unique=True).map(tuple)


@st.composite
def _reductions(draw: st.DrawFn, scope: tuple[str, ...] | None, keys: Sequence[str], fen: int) -> dict[str, Any]:
    within = list(keys if scope is None else scope)
    placed: dict[str, int] = {}
    if within:
        placed = draw(st.just({}) | st.dictionaries(st.sampled_from(within), _amounts(fen), max_size=3))
    agreed = draw(st.integers(0, 9)) > 0
    return {
        "amount_fen": draw(_amounts(fen)) + (sum(placed.values()) if agreed else 0),
        "name": draw(st.sampled_from(("", "满减", "Coupon"))),
        "funder": draw(st.sampled_from(Funder)),
        "lines": scope,
        "placed": tuple(placed.items()),
    }


@st.composite
def orders(draw: st.DrawFn, *, lines: int = 5, fen: int = 10**6) -> PricedOrder:
    """Orders with discounts, tenders, freight and gifts of every kind, as unusual as they may be."""
    keys = [f"l{number}" for number in range(draw(st.integers(1, lines)))]
    return PricedOrder(
        lines=tuple(draw(_lines(keys, at, fen)) for at in range(len(keys))),
        discounts=tuple(draw(discounts(keys, number=number, fen=fen)) for number in range(draw(st.integers(0, 5)))),
        tenders=tuple(draw(tenders(keys, number=number, fen=fen)) for number in range(draw(st.integers(0, 3)))),
        freight_fen=draw(st.just(0) | _amounts(fen)),
    )


@st.composite
def _lines(draw: st.DrawFn, keys: Sequence[str], at: int, fen: int) -> PricedLine:
    price, is_gift = draw(_amounts(fen)), at > 0 and draw(st.integers(0, 4)) == 0
    return PricedLine(
        key=keys[at],
        units=draw(st.integers(1, 5)),
        goods_fen=0 if is_gift else price,
        list_fen=draw(st.just(0) | st.just(price)),
        title=draw(st.sampled_from(TITLES)),
        earned_by=tuple(keys[: draw(st.integers(1, at))]) if is_gift else (),
    )


@st.composite
def split_plans(draw: st.DrawFn, order: OrderPart, *, parts: int = 4) -> tuple[Plan, ...]:
    """Ways to take an order apart, unit by unit; no unit twice, no part without any."""
    plans: list[dict[str, Runs]] = [{} for _ in range(draw(st.integers(0, parts)))]
    for line in order.lines:
        numbers = [number for first, stop in line.runs for number in range(first, stop)]
        into = draw(st.lists(st.integers(0, len(plans)), min_size=len(numbers), max_size=len(numbers)))
        for at, plan in enumerate(plans):
            mine = [number for number, part in zip(numbers, into, strict=True) if part == at]
            if mine:
                plan[line.key] = as_runs(mine)
    return tuple(plan for plan in plans if plan)


@st.composite
def refund_sequences(draw: st.DrawFn, line: LinePart) -> tuple[Runs, ...]:
    """Ways to refund all units of a line, some at a time, in any order."""
    numbers = draw(st.permutations([number for first, stop in line.runs for number in range(first, stop)]))
    found: list[Runs] = []
    while numbers:
        some = draw(st.integers(1, len(numbers)))
        found.append(as_runs(numbers[:some]))
        numbers = numbers[some:]
    return tuple(found)


# --- the identities --------------------------------------------------------------------------------------------------


def _goods(result: Apportionment) -> str:
    stated = sum(line.goods_fen for line in result.order.lines)
    return "" if sum(result.goods) == stated else f"goods are {stated}, the lines add up to {sum(result.goods)}"


def _each_step(result: Apportionment) -> str:
    disagreed = {finding.step for finding in result.findings if finding.what == "placed_above_amount"}
    for placed in result.steps:
        stated = sum(amount for _, amount in getattr(placed.step, "placed", ()))
        most = stated if placed.step.id in disagreed else placed.step.amount_fen
        if placed.used + placed.unused != placed.step.amount_fen and not placed.step.amount_fen < placed.used <= most:
            return f"{placed.step.id}: {placed.used} used and {placed.unused} not, of {placed.step.amount_fen}"
        if min((*placed.goods, *placed.freight), default=0) < 0:
            return f"{placed.step.id} gives a line something"
        if _is_freights(placed) and any(placed.goods):
            return f"{placed.step.id} takes something off goods"
        if isinstance(placed.step, Discount) and not _is_freights(placed) and any(placed.freight):
            return f"{placed.step.id} takes something off freight"
    return ""


def _is_freights(placed: Placed) -> bool:
    return placed.step.kind in (FREIGHT, DiscountKind.FREIGHT_COUPON)


def _goods_first(result: Apportionment) -> str:
    """A tender that the platform did not place pays freight only where no goods in its scope are owed any more."""
    owed = list(result.goods)
    for placed in result.steps:
        owed = [left - share for left, share in zip(owed, placed.goods, strict=True)]
        scope = placed.step.lines if isinstance(placed.step, Tender) else None
        open_ = [
            line.key
            for line, left in zip(result.order.lines, owed, strict=True)
            if left and (scope is None or line.key in scope)
        ]
        if isinstance(placed.step, Tender) and not placed.step.placed and any(placed.freight) and open_:
            return f"{placed.step.id} pays freight while the goods of {open_[0]} are not paid"
    return ""


def _unused(result: Apportionment) -> str:
    """What is reported as not used could not have been, unless the platform placed it where it is not owed."""
    disagreed = {finding.step for finding in result.findings if finding.what == "placed_above_owed"}
    goods, freight = list(result.goods), list(result.freight)
    for placed in result.steps:
        if isinstance(placed.step, FreightCharge):
            continue
        goods = [left - share for left, share in zip(goods, placed.goods, strict=True)]
        freight = [left - share for left, share in zip(freight, placed.freight, strict=True)]
        owed = freight if _is_freights(placed) else goods
        if isinstance(placed.step, Tender):
            owed = [a + b for a, b in zip(goods, freight, strict=True)]
        if not placed.unused or placed.step.id in disagreed:
            continue
        scope, named = placed.step.lines, [key for key, _ in placed.step.placed]
        for line, left in zip(result.order.lines, owed, strict=True):
            if left and (scope is None or line.key in scope) and line.key not in named:
                return f"{placed.step.id} has {placed.unused} unused while {line.key} owes {left}"
    return ""


def _scopes(result: Apportionment) -> str:
    keys = [line.key for line in result.order.lines]
    for placed in result.steps:
        scope = None if isinstance(placed.step, FreightCharge) else placed.step.lines
        for key, goods, freight in zip(keys, placed.goods, placed.freight, strict=True):
            if scope is not None and key not in scope and (goods or freight):
                return f"{placed.step.id} takes something off {key}, which is outside its scope"
    return ""


def _nets(result: Apportionment) -> str:
    for line, net, freight, cash in zip(result.order.lines, result.nets, result.net_freight, result.cash, strict=True):
        if min(net, freight, cash) < 0:
            return f"{line.key} has net {net}, freight {freight}, cash {cash}"
    return ""


def _cash_due(result: Apportionment) -> str:
    due = sum(line.goods_fen for line in result.order.lines) + result.order.freight_fen
    due -= sum(placed.used for placed in result.steps if not isinstance(placed.step, FreightCharge))
    return "" if sum(result.cash) == due else f"{due} is due, the lines pay {sum(result.cash)}"


def _units(result: Apportionment) -> str:
    for line in result.parts():
        singles = [line.cut(((number, number + 1),))[0] for number in range(line.units)]
        for chain in ("goods", "freight"):
            nets = [getattr(single, chain) for single in singles]
            if tuple(map(sum, zip(*nets, strict=True))) != getattr(line, chain):
                return f"the units of {line.key} do not add up to it"
            if any(min(one) < 0 or list(one) != sorted(one, reverse=True) for one in nets):
                return f"a unit of {line.key} has a negative share"
            if any(max(column) - min(column) > 1 for column in zip(*nets, strict=True)):
                return f"two units of {line.key} differ by more than one"
    return ""


def _split(result: Apportionment) -> str:
    order = whole_order(result, {"invoice": sum(result.cash)})
    halves: list[Plan] = [{line.key: line.first((line.units + 1) // 2)} for line in order.lines]
    parts = split(order, halves)
    if merge(reversed(parts), order=[line.key for line in order.lines]) != order:
        return "split and merged again it is another order"
    return "" if sum(part.cash for part in parts) == order.cash else "the parts do not pay what the order pays"


def _refunds(result: Apportionment) -> str:
    order = whole_order(result)
    for line in order.lines:
        rest, total = line, 0
        for number in reversed(range(line.units)):
            given, rest = refund(order.steps, rest, ((number, number + 1),), with_freight=True)
            total += given.total
        paid = line.cash + sum(
            goods + freight
            for step, goods, freight in zip(order.steps, line.taken, line.freight_taken, strict=True)
            if isinstance(step, Tender)
        )
        if total != paid or any(rest.goods) or any(rest.freight):
            return f"{line.key} was paid {paid}, unit by unit it gives back {total}"
    return ""


IDENTITIES: Final = (
    Identity(name="Σ line goods = order goods", breach=_goods),
    Identity(name="Σ parts of a step = what was used of it", breach=_each_step),
    Identity(name="nothing is taken outside a scope", breach=_scopes),
    Identity(name="a tender pays goods before freight", breach=_goods_first),
    Identity(name="only what nobody owes is left unused", breach=_unused),
    Identity(name="no net, freight or cash is negative", breach=_nets),
    Identity(name="Σ line cash = cash due", breach=_cash_due),
    Identity(name="units add up, and none owes", breach=_units),
    Identity(name="merge(split(order)) = order", breach=_split),
    Identity(name="refunding all units gives back what was paid", breach=_refunds),
)
