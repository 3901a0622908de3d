"""The whole family against the sentences of its words, worked out anew in fractions, on every small basket."""

from fractions import Fraction
from math import ceil, floor

import pytest

from oms_domain.apportionment import LARGEST_REMAINDER, Order, Rest, Rounding, Rule, family, shares
from oms_domain.testing.laws import small_baskets

BASKETS = [
    *small_baskets(lines=3, most=3, quanta=(1, 2)),
    *[basket for basket in small_baskets(lines=4, most=2) if len(basket.weights) == 4],
]
LARGER = [
    (17, (3, 5, 9), 1),
    (100, (1, 2, 4, 7), 10),
    (105, (4, 1, 0, 3), 10),
    (7, (2, 2, 2, 1), 4),
    (19, (0, 3, 3), 5),
]

ROUND = {
    Rounding.FLOOR: floor,
    Rounding.HALF_UP: lambda exact: floor(exact + Fraction(1, 2)),
    Rounding.HALF_DOWN: lambda exact: ceil(exact - Fraction(1, 2)),
    Rounding.HALF_EVEN: round,
}


def by_the_words(rule, total, weights, quantum):
    """What the design says of a rule, with exact fractions and no short cut."""
    lines = [at for at, weight in enumerate(weights) if weight]
    if rule.order is Order.ASCENDING:
        lines.sort(key=lambda at: weights[at])
    whole = sum(weights)

    def rounded(exact):
        return ROUND[rule.rounding](exact / quantum) * quantum

    exact = {at: Fraction(total * weights[at], whole) for at in lines}
    found = dict.fromkeys(range(len(weights)), 0)
    if rule.rest in (Rest.LAST_TAKES_REST, Rest.CARRY):
        running = 0
        for at in lines[:-1]:
            running += weights[at]
            handed_out = sum(found.values())
            upto = rounded(Fraction(total * running, whole)) - handed_out
            found[at] = min(upto if rule.rest is Rest.CARRY else rounded(exact[at]), total - handed_out)
        found[lines[-1]] = total - sum(found.values())
    elif rule.rest is Rest.SEQUENTIAL:
        for number in range(len(lines) - 1, 0, -1):
            at, left = lines[number], total - sum(found.values())
            among = sum(weights[each] for each in lines[: number + 1])
            found[at] = min(rounded(Fraction(left * weights[at], among)), left)
        found[lines[0]] = total - sum(found.values())
    else:
        found |= {at: rounded(exact[at]) for at in lines}
        rest = total - sum(found.values())
        if rule.rest is Rest.APART:
            return (*found.values(), rest)
        by = {
            Rest.LARGEST_FRACTION: lambda at: (found[at] - exact[at]) * (1 if rest > 0 else -1),
            Rest.LARGEST_WEIGHT: lambda at: -weights[at],
            Rest.FIRST: lines.index,
            Rest.LAST: lambda at: -lines.index(at),
        }[rule.rest]
        for at in sorted(lines, key=by):
            step = min(quantum, rest) if rest > 0 else -min(quantum, -rest, found[at])
            found[at], rest = found[at] + step, rest - step
    return tuple(found.values())


@pytest.mark.parametrize("rule", family(), ids=str)
def test_a_rule_does_what_its_words_say(rule):
    for basket in BASKETS:
        case = (basket.total, basket.weights, basket.quantum)
        assert rule(*case) == by_the_words(rule, *case), case
    for case in LARGER:
        assert rule(*case) == by_the_words(rule, *case), case


def test_a_family_of_sixty_four_has_no_rule_twice():
    rules = family()

    assert len(set(rules)) == len(rules) == 64
    assert str(LARGEST_REMAINDER) == "given·floor·largest_fraction"
    assert repr(Rule("half_up", "first")).startswith("Rule(rounding=<Rounding.HALF_UP")


def test_nothing_is_shared_of_nothing():
    assert [shares(0, (0, 0), rule) for rule in (LARGEST_REMAINDER, Rule(rest="apart"))] == [(0, 0), (0, 0, 0)]
