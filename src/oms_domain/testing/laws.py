"""The laws of sharing an amount, as data: run them against any rule, your own included (extra ``testing``).

``check_allocation_rule`` tries every small basket, then draws large ones with Hypothesis, and fails with the smallest
one that breaks a law; ``smallest_counterexample`` tries the small ones of one law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise, product
from typing import Final

from attrs import evolve, frozen
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from oms_domain.apportionment.allocate import shares
from oms_domain.apportionment.errors import RuleBroken
from oms_domain.apportionment.rules import (
    ASCENDING_REST,
    CUMULATIVE,
    LARGEST_REMAINDER,
    AllocationRule,
    Rest,
    Rule,
)

LARGEST_TOTAL: Final = 10**18
QUANTA: Final = (1, 1, 2, 5, 100)
MOST_CAPPED_LINES: Final = 3
MOST_CAPPED: Final = 4


@frozen(kw_only=True)
class Basket:
    """One thing to share, and what a law needs beside it: another order of the lines, and a factor for the weights."""

    total: int
    weights: tuple[int, ...]
    quantum: int = 1
    caps: tuple[int, ...] | None = None
    turned: tuple[int, ...] = ()  # the places of the weights in another order
    factor: int = 1

    def run(self, rule: AllocationRule) -> Sequence[int]:
        """Return the rule's own answer, unchecked; where there are caps, what ``allocate`` makes of it."""
        if self.caps is None:
            return rule(self.total, self.weights, self.quantum)
        return shares(self.total, self.weights, rule, self.quantum, self.caps)

    def exact(self, place: int) -> Fraction:
        """Return a line's exact share."""
        return Fraction(self.total * self.weights[place], sum(self.weights))


@frozen(kw_only=True)
class Law:
    """Something that the shares of any basket keep. ``breach`` says how they do not, in words; empty: they do."""

    number: int
    name: str
    says: str
    breach: Callable[[AllocationRule, Basket], str]
    promised_for: Callable[[AllocationRule], bool] = lambda rule: True
    with_caps: bool = False

    def holds_for(self, rule: AllocationRule, basket: Basket) -> bool:
        return not self.breach(rule, basket)


class LawBroken(AssertionError):
    """A rule breaks a law; the text shows the smallest basket that was found."""

    def __init__(self, law: Law, rule: AllocationRule, basket: Basket, why: str) -> None:
        super().__init__(shown(law, rule, basket, why))
        self.law, self.basket = law, basket


def check_allocation_rule(
    rule: AllocationRule,
    *,
    laws: Sequence[Law] | None = None,
    examples: int = 300,
    largest_total: int = LARGEST_TOTAL,
    quanta: Sequence[int] = QUANTA,
) -> None:
    """Run laws against a rule.

    Args:
        rule: one of the family, or a function ``(total, weights, quantum) -> shares``.
        laws: which; by default all that are promised for it, of a function those promised for every rule. ``LAWS``
            has them all.
        examples: how many baskets to draw, half of them with caps.
        quanta: which smallest amounts to try; ``(1,)`` for a rule that knows of none.

    Raises:
        LawBroken: with the smallest basket found, as a table.

    >>> check_allocation_rule(LARGEST_REMAINDER, examples=20)
    """
    wanted = tuple(laws) if laws is not None else tuple(law for law in LAWS if law.promised_for(rule))
    for law in wanted:  # a small breach is found at once, and is always the same
        found = smallest_counterexample(rule, law, lines=4, most=3, quanta=sorted({*quanta})[:2], caps=False)
        if found is not None:
            raise LawBroken(law, rule, *found)

    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(basket=baskets(largest_total=largest_total, quanta=quanta))
    def run(basket: Basket) -> None:
        plain = evolve(basket, caps=None)
        for law in wanted:
            for one in (plain, basket) if law.with_caps and basket.caps else (plain,):
                if why := law.breach(rule, one):
                    raise LawBroken(law, rule, one, why)

    run()


def smallest_counterexample(
    rule: AllocationRule,
    law: Law,
    *,
    lines: int = 4,
    most: int = 6,
    quanta: Sequence[int] = (1, 2),
    caps: bool | None = None,
) -> tuple[Basket, str] | None:
    """Return the first of all small baskets, in order of size, that breaks a law, and how; None if none does.

    Tried are up to ``lines`` lines, totals and weights up to ``most``.

    Args:
        caps: True: only baskets with caps; False: only without; by default without, and with caps too where the law
            is promised with them. Caps are tried on up to ``MOST_CAPPED_LINES`` lines of up to ``MOST_CAPPED``: with
            more there are too many.
    """
    with_caps = law.with_caps if caps is None else caps
    for basket in small_baskets(lines=lines, most=most, quanta=quanta, caps=with_caps):
        if caps and basket.caps is None:
            continue
        for one in _turned(basket) if law is ORDER else (basket,):
            if why := law.breach(rule, one):
                return one, why
    return None


def small_baskets(
    *, lines: int = 3, most: int = 5, quanta: Sequence[int] = (1,), caps: bool = False
) -> Iterator[Basket]:
    """Yield every small basket, fewer lines first, then smaller totals, then smaller weights."""
    for number in range(1, lines + 1):
        rows = sorted(product(range(most + 1), repeat=number), key=lambda row: (sum(row), row))
        for total, weights, quantum in product(range(1, most + 1), rows, quanta):
            if not any(weights):
                continue
            basket = Basket(
                total=total, weights=weights, quantum=quantum, turned=tuple(reversed(range(number))), factor=2
            )
            yield basket
            if caps and number <= MOST_CAPPED_LINES and max(total, *weights) <= MOST_CAPPED:
                yield from (evolve(basket, caps=limits) for limits in _small_caps(basket))


def _small_caps(basket: Basket) -> Iterator[tuple[int, ...]]:
    """Yield every row of caps that suffices; one above the total is as good as one at it."""
    for caps in product(range(basket.total + 1), repeat=len(basket.weights)):
        if sum(cap for cap, weight in zip(caps, basket.weights, strict=True) if weight) >= basket.total:
            yield caps


def _turned(basket: Basket) -> Iterator[Basket]:
    """Yield a basket with each two neighbours changed over: a rule that minds no such change minds no order at all."""
    for at in range(len(basket.weights) - 1):
        places = list(range(len(basket.weights)))
        places[at : at + 2] = at + 1, at
        yield evolve(basket, turned=tuple(places))


# --- strategies ------------------------------------------------------------------------------------------------------


def totals(*, largest: int = LARGEST_TOTAL) -> SearchStrategy[int]:
    """Amounts to share: small ones often, because there the rules differ."""
    return st.one_of(st.integers(0, 20), st.integers(0, 10_000), st.integers(0, largest))


def weights(*, lines: int = 8, largest: int = LARGEST_TOTAL) -> SearchStrategy[tuple[int, ...]]:
    """Weights of one to ``lines`` lines of which at least one is above 0."""
    one = st.one_of(st.integers(0, 5), st.integers(0, 1_000), st.integers(0, largest))
    return st.lists(one, min_size=1, max_size=lines).map(tuple).filter(any)


@st.composite
def baskets(
    draw: st.DrawFn, *, lines: int = 8, largest_total: int = LARGEST_TOTAL, quanta: Sequence[int] = QUANTA
) -> Basket:
    """Whole baskets, half of them with caps that suffice."""
    total, over = draw(totals(largest=largest_total)), draw(weights(lines=lines))
    caps = None
    if draw(st.booleans()):
        limits = [draw(st.one_of(st.integers(0, 10), st.integers(0, total + 1))) for _ in over]
        room = sum(limit for limit, weight in zip(limits, over, strict=True) if weight)
        short = draw(st.sampled_from([place for place, weight in enumerate(over) if weight]))
        limits[short] += max(0, total - room)
        caps = tuple(limits)
    return Basket(
        total=total,
        weights=over,
        quantum=draw(st.sampled_from(quanta)),
        caps=caps,
        turned=tuple(draw(st.permutations(range(len(over))))),
        factor=draw(st.integers(1, 1_000)),
    )


# --- the laws --------------------------------------------------------------------------------------------------------


def _conservation(rule: AllocationRule, basket: Basket) -> str:
    found = _answer(rule, basket)
    if isinstance(found, str):
        return found
    return "" if sum(found) == basket.total else f"the shares add up to {sum(found)}"


def _nobody_owes(rule: AllocationRule, basket: Basket) -> str:
    found = _shares(rule, basket)
    for place, share in enumerate(found):
        if share < 0:
            return f"line {place + 1} gets {share}"
        if share and not basket.weights[place]:
            return f"line {place + 1} of weight 0 gets {share}"
    return ""


def _quantum(rule: AllocationRule, basket: Basket) -> str:
    odd = [share for share in _shares(rule, basket) if share % basket.quantum]
    if len(odd) > (basket.total % basket.quantum != 0):
        return f"{odd} are no multiples of {basket.quantum}"
    return ""


def _cap(rule: AllocationRule, basket: Basket) -> str:
    if basket.caps is None:
        return ""
    found = _shares(rule, basket)
    for place, (share, cap) in enumerate(zip(found, basket.caps, strict=False)):
        if share > cap:
            return f"line {place + 1} gets {share} above its cap of {cap}"
    free = _shares(rule, evolve(basket, caps=None))
    if found and all(share <= cap for share, cap in zip(free, basket.caps, strict=False)) and free != found:
        return f"caps that {list(free)} keeps by itself change it to {list(found)}"
    return ""


def _quota(rule: AllocationRule, basket: Basket) -> str:
    for place, share in enumerate(_shares(rule, basket)):
        exact = basket.exact(place)
        if abs(share - exact) >= basket.quantum:
            return f"line {place + 1} gets {share}, a whole quantum from its exact share of {exact}"
    return ""


def _monotony(rule: AllocationRule, basket: Basket) -> str:
    lines = sorted(zip(basket.weights, _shares(rule, basket), strict=False))
    for (light, more), (heavy, less) in pairwise(lines):
        if light < heavy and less < more:
            return f"weight {heavy} gets {less}, weight {light} gets {more}"
    return ""


def _order(rule: AllocationRule, basket: Basket) -> str:
    if _is_tied(rule, basket):
        return ""
    turned = evolve(
        basket,
        weights=tuple([basket.weights[place] for place in basket.turned]),
        caps=basket.caps and tuple([basket.caps[place] for place in basket.turned]),
    )
    found, there = _shares(rule, basket), _shares(rule, turned)
    back = dict(zip(basket.turned, there, strict=False))
    if found and there and any(found[place] != share for place, share in back.items()):
        ordered = [back[place] for place in range(len(basket.weights))]
        return f"with the lines as {list(turned.weights)} the same lines get {ordered}"
    return ""


def _is_tied(rule: AllocationRule, basket: Basket) -> bool:
    """Whether two lines are alike to the rule, so that it must take the earlier: no rule can be blamed for that.

    Alike are two lines of one weight. To the largest remainder, and so to a function of which we do not know how it
    goes, two of one fraction are alike too.
    """
    weights = [weight for weight in basket.weights if weight]
    if isinstance(rule, Rule) and rule != LARGEST_REMAINDER:
        return len(set(weights)) < len(weights)
    whole = sum(weights) * basket.quantum
    return len({basket.total * weight % whole for weight in weights}) < len(weights)


def _scale(rule: AllocationRule, basket: Basket) -> str:
    found = _shares(rule, basket)
    scaled = _shares(rule, evolve(basket, weights=tuple([weight * basket.factor for weight in basket.weights])))
    return "" if found == scaled else f"with the weights times {basket.factor} the shares are {list(scaled)}"


def _exactness(rule: AllocationRule, basket: Basket) -> str:
    found = _answer(rule, basket)
    return found if isinstance(found, str) else ""


def _trivial(rule: AllocationRule, basket: Basket) -> str:
    nothing = _shares(rule, evolve(basket, total=0))
    if any(nothing):
        return f"of a total of 0 the lines get {list(nothing)}"
    alone = evolve(basket, weights=basket.weights[:1], caps=basket.caps and (max(basket.caps[0], basket.total),))
    found = _shares(rule, alone) if alone.weights[0] else ()
    return f"one line alone gets {found[0]}" if found and found != (basket.total,) else ""


def _answer(rule: AllocationRule, basket: Basket) -> tuple[int, ...] | str:
    """Return what the rule answers, or why that is no answer.

    With caps ``allocate``'s own rounds call the rule; then a share below 0 is none, for it could not be cut.
    """
    try:
        found = basket.run(rule)
    except RuleBroken as broken:
        return f"{broken.why}: {broken.shares}"
    except Exception as error:  # whatever a function of the user's own may raise is what is wrong with it
        return f"it raises {type(error).__name__}: {error}"
    if not isinstance(found, Sequence) or isinstance(found, str | bytes):
        return f"no sequence: {found!r}"
    if {*map(type, found)} - {int}:
        return f"not all whole numbers: {list(found)}"
    if len(found) != len(basket.weights) + (isinstance(rule, Rule) and rule.rest is Rest.APART):
        return f"not a share for each weight: {list(found)}"
    return tuple(found)


def _shares(rule: AllocationRule, basket: Basket) -> tuple[int, ...]:
    """Return the shares, without a rest kept apart; nothing where the answer is none, which is the first law's say."""
    found = _answer(rule, basket)
    return () if isinstance(found, str) else found[: len(basket.weights)]


def _is(*rules: Rule) -> Callable[[AllocationRule], bool]:
    return lambda rule: rule in rules


def _keeps_no_rest(rule: AllocationRule) -> bool:
    return not (isinstance(rule, Rule) and rule.rest is Rest.APART)


CONSERVATION: Final = Law(
    number=1,
    name="conservation",
    says="The shares add up to the total; where a rest is kept apart, with it.",
    breach=_conservation,
    with_caps=True,
)
NOBODY_OWES: Final = Law(
    number=2,
    name="nobody owes",
    says="No share is negative, and a line of weight 0 takes nothing.",
    breach=_nobody_owes,
    with_caps=True,
)
QUANTUM: Final = Law(
    number=3,
    name="quantum",
    says="Every share is a multiple of the quantum, but one that carries what is left of a total that is not.",
    breach=_quantum,
)
CAP: Final = Law(
    number=4,
    name="cap",
    says="No share passes its cap, and caps that the shares keep by themselves change nothing.",
    breach=_cap,
    with_caps=True,
)
QUOTA: Final = Law(
    number=5,
    name="quota",
    says="Every share lies within one quantum of the exact one.",
    breach=_quota,
    promised_for=_is(LARGEST_REMAINDER, CUMULATIVE),
)
MONOTONY: Final = Law(
    number=6,
    name="monotony",
    says="A larger weight never gets less.",
    breach=_monotony,
    promised_for=_is(LARGEST_REMAINDER),
)
ORDER: Final = Law(
    number=7,
    name="order independence",
    says="Lines in another order get the same, unless the rule must choose between two that are alike to it.",
    breach=_order,
    promised_for=_is(LARGEST_REMAINDER, ASCENDING_REST),
)
SCALE: Final = Law(
    number=8,
    name="scale",
    says="Multiplying all the weights by one number changes nothing.",
    breach=_scale,
    with_caps=True,
)
EXACTNESS: Final = Law(
    number=9,
    name="exactness",
    says="Shares are whole numbers at any size: totals to 10^18 and beyond, no float on the way.",
    breach=_exactness,
    with_caps=True,
)
TRIVIAL: Final = Law(
    number=10,
    name="the trivial ones",
    says="Nothing in, nothing out; one line takes all.",
    breach=_trivial,
    promised_for=_keeps_no_rest,
)

LAWS: Final = (CONSERVATION, NOBODY_OWES, QUANTUM, CAP, QUOTA, MONOTONY, ORDER, SCALE, EXACTNESS, TRIVIAL)


# --- showing ---------------------------------------------------------------------------------------------------------


def shown(law: Law, rule: AllocationRule, basket: Basket, why: str) -> str:
    """Return a breach as people read it: the law, the basket as a table, and what is wrong with it."""
    found = _answer(rule, basket)
    row = ["-"] * len(basket.weights) if isinstance(found, str) else [*map(str, found)]
    head = ["line", "weight", "exact share", "share", *(["cap"] if basket.caps else [])]
    rows = [head]
    for place, weight in enumerate(basket.weights):
        cells = [str(place + 1), str(weight), str(basket.exact(place)), row[place]]
        rows.append([*cells, *([str(basket.caps[place])] if basket.caps else [])])
    if len(row) > len(basket.weights):
        rows.append(["rest", "", "", row[-1], ""][: len(head)])
    added = "-" if isinstance(found, str) else str(sum(found))
    rows.append(["sum", str(sum(basket.weights)), str(basket.total), added, ""][: len(head)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    name = str(rule) if isinstance(rule, Rule) else getattr(rule, "__name__", "the rule")
    quantum = f" at quantum {basket.quantum}" if basket.quantum > 1 else ""
    table = "\n".join(lines)
    return (
        f"{name} breaks law {law.number}, {law.name}: {law.says}\n\n{basket.total} over it{quantum}:\n{table}\n\n{why}"
    )
