"""One amount over weights: worked examples, caps, quanta, and what is refused."""

from decimal import Decimal
from fractions import Fraction

import pytest

from oms_domain.apportionment import (
    ASCENDING_REST,
    CUMULATIVE,
    LARGEST_REMAINDER,
    LAST_TAKES_REST,
    Rule,
    allocate,
    allocate_money,
    family,
)
from oms_domain.apportionment.errors import (
    CapsTooSmall,
    InvalidCap,
    InvalidQuantum,
    InvalidRule,
    InvalidTotal,
    InvalidWeight,
    NegativeWeight,
    NothingToShareOver,
    RuleBroken,
)
from oms_domain.apportionment.rules import Rest, Rounding
from oms_domain.kernel.errors import CurrencyMismatch
from oms_domain.kernel.money import Money

APART = Rule(rest="apart")


@pytest.mark.parametrize(
    ("rule", "total", "weights", "expected"),
    [
        (LARGEST_REMAINDER, 100, (1, 1, 1), (34, 33, 33)),
        (LARGEST_REMAINDER, 2, (1, 3), (1, 1)),  # fractions equal, weights not: the earlier line
        (LARGEST_REMAINDER, 2, (3, 1), (2, 0)),
        (LARGEST_REMAINDER, 999, (333, 333, 333), (333, 333, 333)),
        (ASCENDING_REST, 2, (1, 1, 1, 1), (1, 1, 0, 0)),  # the naive form gives 1, 1, 1, -1
        (ASCENDING_REST, 2, (1, 1, 2), (1, 1, 0)),
        (ASCENDING_REST, 1000, (9900, 4900), (669, 331)),
        (LAST_TAKES_REST, 5, (2, 2, 2, 1), (1, 1, 1, 2)),
        (LAST_TAKES_REST, 10, (1, 1, 0), (5, 5, 0)),  # the last of weight > 0
        (CUMULATIVE, 10, (1, 1, 1), (3, 4, 3)),
        (Rule(rest="first"), 11, (1, 1, 1), (4, 4, 3)),
        (Rule(rest="last"), 11, (1, 1, 1), (3, 4, 4)),
        (Rule(rest="first"), 11, (0, 1, 1, 1), (0, 4, 4, 3)),
        (Rule(rest="largest_weight"), 11, (1, 2, 1), (3, 6, 2)),
        (Rule(rest="sequential"), 11, (1, 1, 1), (4, 4, 3)),
        (Rule(rounding="half_up", rest="first"), 2, (1, 1, 1, 1), (0, 0, 1, 1)),  # two too many are taken back
        (APART, 11, (1, 1, 1), (3, 3, 3, 2)),
        (Rule(rounding="half_up", rest="apart"), 2, (1, 1, 1, 1), (1, 1, 1, 1, -2)),
        (Rule(rounding="half_down"), 2, (1, 1, 1, 1), (1, 1, 0, 0)),
        (Rule(rounding="half_even"), 6, (1, 1, 2), (1, 2, 3)),
    ],
)
def test_each_rule_shares_as_its_words_say(rule, total, weights, expected):
    assert allocate(total, weights, rule) == expected


@pytest.mark.parametrize(
    ("rule", "total", "quantum", "weights", "expected"),
    [
        (LARGEST_REMAINDER, 4000, 100, (8000, 1500), (3400, 600)),
        (LARGEST_REMAINDER, 105, 10, (1, 1), (55, 50)),  # the last piece handed out is the smaller one
        (LARGEST_REMAINDER, 3, 100, (1, 1), (3, 0)),
        (LAST_TAKES_REST, 105, 10, (1, 1), (50, 55)),
        (CUMULATIVE, 105, 10, (1, 1, 1), (40, 30, 35)),
        (Rule(rounding="half_up"), 5, 4, (1, 1), (1, 4)),  # 4 and 4 were handed out: 3 come back
        (Rule(rest="apart"), 105, 10, (1, 1), (50, 50, 5)),
    ],
)
def test_a_quantum_is_the_smallest_piece(rule, total, quantum, weights, expected):
    assert allocate(total, weights, rule, quantum=quantum) == expected


@pytest.mark.parametrize(
    ("total", "quantum", "caps", "weights", "expected"),
    [
        (100, 1, (50, 80), (3, 1), (50, 50)),
        (100, 100, (50, 50), (1, 1), (50, 50)),  # caps come before the quantum
        (100, 1, (100, 100), (3, 1), (75, 25)),
        (6, 1, (1, 2, 3), (100, 1, 1), (1, 2, 3)),
        (4, 4, (3, 3), (1, 1), (3, 1)),
        (10, 1, (10, 0), (0, 0), (10, 0)),
    ],
)
def test_caps_hold_and_lose_nothing(total, quantum, caps, weights, expected):
    assert allocate(total, weights, quantum=quantum, caps=caps, zero_weights="equal") == (
        expected if any(weights) else (10, 0)
    )


def test_caps_bound_the_magnitude_of_a_negative_total():
    assert allocate(-100, (3, 1), caps=(50, 80)) == (-50, -50)


@pytest.mark.parametrize("rule", family(), ids=str)
def test_every_rule_takes_caps_and_keeps_a_line_of_weight_0_out(rule):
    shares = allocate(10, (5, 0, 1, 3), rule, caps=(2, 9, 1, 7))

    assert sum(shares) == 10
    assert all(share <= cap for share, cap in zip(shares, (2, 0, 1, 7), strict=False))


def test_zero_weights_are_refused_or_shared_equally():
    with pytest.raises(NothingToShareOver) as refused:
        allocate(5, (0, 0))

    assert (refused.value.total, refused.value.lines) == (5, 2)
    assert allocate(5, (0, 0), zero_weights="equal") == (3, 2)
    assert allocate(-5, (0, 0), zero_weights="equal") == (-3, -2)
    assert allocate(0, (0, 0)) == (0, 0)
    assert allocate(0, ()) == ()
    assert allocate(0, (), APART) == (0,)


def test_it_is_exact_at_any_size():
    total, weights = 10**18 + 1, tuple(range(1, 10_001))

    shares = allocate(total, weights)

    assert sum(shares) == total
    whole = sum(weights)
    assert all(abs(share - Fraction(total * weight, whole)) < 1 for share, weight in zip(shares, weights, strict=True))
    assert sum(allocate(total, weights, caps=[total] * 10_000)) == total


@pytest.mark.parametrize("wrong", [1.0, True, Decimal(1), "1", None, float("nan"), Money(1)])
def test_a_total_that_is_no_whole_number_is_refused(wrong):
    with pytest.raises(InvalidTotal) as refused:
        allocate(wrong, (1,))

    assert refused.value.field == "total"


@pytest.mark.parametrize("wrong", [1.0, True, Decimal(1), "1", None, float("nan")])
def test_a_weight_that_is_no_whole_number_is_refused_with_its_place(wrong):
    with pytest.raises(InvalidWeight) as refused:
        allocate(1, (1, wrong, 1))

    assert refused.value.field == "weights[1]"


def test_each_other_mistake_has_a_refusal_of_its_own():
    for act, refusal, field in (
        (lambda: allocate(1, (1, -2)), NegativeWeight, "weights[1]"),
        (lambda: allocate(1, (1,), quantum=0), InvalidQuantum, "quantum"),
        (lambda: allocate(1, (1,), quantum=1.0), InvalidQuantum, "quantum"),
        (lambda: allocate(1, (1,), quantum=True), InvalidQuantum, "quantum"),
        (lambda: allocate(1, (1, 1), caps=(1,)), InvalidCap, "caps"),
        (lambda: allocate(1, (1, 1), caps=(1, -1)), InvalidCap, "caps[1]"),
        (lambda: allocate(1, (1, 1), caps=(1, 1.0)), InvalidCap, "caps[1]"),
        (lambda: allocate(1, (1,), "floor"), InvalidRule, "rule"),
        (lambda: allocate(1, (0,), zero_weights="first"), InvalidRule, "zero_weights"),
        (lambda: allocate(1, (1,), zero_weights=None), InvalidRule, "zero_weights"),
        (lambda: allocate(1, 3), InvalidWeight, "weights"),
        (lambda: allocate(1, None), InvalidWeight, "weights"),
        (lambda: allocate(1, iter((1, 2))), InvalidWeight, "weights"),
        (lambda: allocate(1, {0: 1}), InvalidWeight, "weights"),
        (lambda: allocate(1, (1,), caps=1), InvalidCap, "caps"),
    ):
        with pytest.raises(refusal) as refused:
            act()
        assert refused.value.field == field


def test_too_small_caps_name_the_shortfall():
    with pytest.raises(CapsTooSmall) as refused:
        allocate(100, (3, 1, 0), caps=(50, 20, 99))  # the line of weight 0 takes nothing, whatever its cap

    assert (refused.value.room, refused.value.shortfall) == (70, 30)


def test_nothing_to_share_over():
    with pytest.raises(NothingToShareOver):
        allocate(1, ())


@pytest.mark.parametrize("word", ["rounding", "rest", "order"])
def test_a_word_that_the_family_does_not_have_is_none(word):
    with pytest.raises(ValueError, match="is not a valid"):
        Rule(**{word: "best"})


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([1, 1], "the shares do not add up to the total"),
        ([2, 1, 0], "not a share for each weight"),
        ([4, -1], "a share is negative"),
        ([1.5, 1.5], "not whole numbers"),
        ([True, 2], "not whole numbers"),
        ("12", "no sequence"),
        (None, "no sequence"),
    ],
)
def test_a_function_of_ones_own_is_held_to_an_answer(answer, why):
    def own(total, weights, quantum):
        return answer

    with pytest.raises(RuleBroken) as broken:
        allocate(3, (1, 1), own)

    assert (broken.value.rule, broken.value.why) == ("own", why)


def test_a_function_of_ones_own_is_a_rule_with_caps_and_all():
    def to_the_first(total, weights, quantum):
        first = next(place for place, weight in enumerate(weights) if weight)
        return [total if place == first else 0 for place in range(len(weights))]

    assert allocate(10, (0, 1, 1), to_the_first) == (0, 10, 0)
    assert allocate(-10, (0, 1, 1), to_the_first, caps=(9, 4, 9)) == (0, -4, -6)
    assert allocate(0, (0, 1, 1), to_the_first) == (0, 0, 0)


# --- money -----------------------------------------------------------------------------------------------------------


def test_amounts_are_shared_in_their_currency():
    shares = allocate_money(Money(100, "USD"), (Money(1, "USD"), Money(2, "USD")), caps=(Money(99, "USD"),) * 2)

    assert shares == (Money(33, "USD"), Money(67, "USD"))
    assert allocate_money(Money(-3), (1, 1)) == (Money(-2), Money(-1))
    assert allocate_money(Money(10), (3, 1), caps=(Money(5), Money(9))) == (Money(5), Money(5))
    assert allocate_money(Money(10), (0, 0), quantum=4, zero_weights="equal") == (Money(6), Money(4))
    assert allocate_money(Money(10), (1, 1), APART) == (Money(5), Money(5), Money(0))


def test_two_currencies_never_meet():
    for act in (
        lambda: allocate_money(Money(100), (Money(1, "USD"),)),
        lambda: allocate_money(Money(100), (1,), caps=(Money(100, "USD"),)),
    ):
        with pytest.raises(CurrencyMismatch) as refused:
            act()
        assert (refused.value.left, refused.value.right) == ("CNY", "USD")


def test_the_rule_that_is_made_of_its_parts_is_the_named_one():
    assert Rule() == LARGEST_REMAINDER
    assert Rule()(10, (1, 2, 4)) == LARGEST_REMAINDER(10, (1, 2, 4)) == (1, 3, 6)


def test_a_rule_that_feeds_a_line_of_weight_0_cannot_go_round_for_ever():
    def rest_to_the_last(total, weights, quantum):
        found = [total * weight // sum(weights) for weight in weights]
        found[-1] += total - sum(found)
        return found

    with pytest.raises(RuleBroken) as broken:
        allocate(5, (1, 1, 1, 0), rest_to_the_last, caps=(9, 9, 9, 0))

    assert (broken.value.rule, broken.value.why) == ("rest_to_the_last", "a line of weight 0 takes something")


def test_a_rest_kept_apart_takes_what_no_line_has_room_for():
    """Rounded up, more was handed out than the total: no line can take back what another's cap cuts off."""
    rule = Rule(rounding="half_up", rest="apart")

    assert allocate(2, (1, 1, 1, 1), rule, caps=(1, 1, 0, 0)) == (1, 1, 0, 0, 0)
    assert allocate(3, (1, 1), rule, caps=(2, 1)) == (2, 1, 0)
    assert allocate(3, (1, 1), rule, caps=(2, 2)) == (2, 2, -1)
    assert allocate(-3, (1, 1), rule, caps=(2, 1)) == (-2, -1, 0)


def test_caps_that_are_full_leave_the_overflow_to_those_with_room_by_their_weights():
    assert allocate(100, (5, 3, 2), caps=(10, 100, 100)) == (10, 54, 36)
    assert allocate(100, (5, 3, 2), LAST_TAKES_REST, caps=(10, 50, 100)) == (10, 50, 40)
    assert allocate(10, (1, 1, 1), Rule(rest="apart"), caps=(1, 9, 9)) == (1, 4, 4, 1)


def test_with_the_rest_apart_and_no_room_what_was_rounded_up_is_apart_too():
    apart = Rule(Rounding.HALF_UP, Rest.APART)

    assert allocate(1, [1, 1], apart) == (1, 1, -1)
    assert allocate(1, [1, 1], apart, caps=[1, 0]) == (1, 0, 0)
