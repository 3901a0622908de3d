"""Every rule of the family keeps every law that is promised for it, and the tool catches one that does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.apportionment import (
    ASCENDING_REST,
    CUMULATIVE,
    LARGEST_REMAINDER,
    LAST_TAKES_REST,
    Rest,
    Rule,
    allocate,
    family,
    shares,
)
from oms_domain.apportionment.rules import _one_each
from oms_domain.testing.laws import (
    EXACTNESS,
    LAWS,
    MONOTONY,
    NOBODY_OWES,
    ORDER,
    QUOTA,
    TRIVIAL,
    Basket,
    LawBroken,
    baskets,
    check_allocation_rule,
    shown,
    small_baskets,
    smallest_counterexample,
)

pytestmark = pytest.mark.broad

RULES = family()
NAMED = {
    "largest_remainder": LARGEST_REMAINDER,
    "ascending_rest": ASCENDING_REST,
    "last_takes_rest": LAST_TAKES_REST,
    "cumulative": CUMULATIVE,
}


def promised(rule):
    return [law for law in LAWS if law.promised_for(rule)]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_rule_keeps_the_laws_promised_for_it(rule):
    check_allocation_rule(rule, laws=promised(rule), examples=60)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_a_rule_keeps_them_on_every_small_basket(rule):
    plain, capped = [law for law in promised(rule) if not law.with_caps], [law for law in LAWS if law.with_caps]
    for basket in small_baskets(lines=3, most=4, quanta=(1, 2, 3)):
        for law in plain:
            assert not law.breach(rule, basket)
    for basket in small_baskets(lines=2, most=3, quanta=(1, 2), caps=True):
        for law in capped:
            assert not law.breach(rule, basket)


@given(basket=baskets())
def test_the_quick_way_of_the_default_is_the_general_one(basket):
    general = _one_each(LARGEST_REMAINDER, basket.total, basket.weights, basket.quantum) if basket.total else None

    quick = shares(basket.total, basket.weights, LARGEST_REMAINDER, basket.quantum)

    assert quick == (tuple(general) if general is not None else (0,) * len(basket.weights))


@given(basket=baskets(), rule=st.sampled_from(RULES), zero=st.integers(0, 3))
def test_a_negative_total_is_the_mirror_image(basket, rule, zero):
    options = {"quantum": basket.quantum, "caps": basket.caps}
    weights = basket.weights + (0,) * zero
    if basket.caps is not None:
        options["caps"] = basket.caps + (1,) * zero

    there = allocate(basket.total, weights, rule, **options)
    back = allocate(-basket.total, weights, rule, **options)

    assert back == tuple(-share for share in there)


@given(basket=baskets(), rule=st.sampled_from([rule for rule in RULES if rule.rest is not Rest.APART]))
def test_a_line_of_weight_0_changes_nothing_for_the_others(basket, rule):
    more = (*basket.weights, 0)

    assert shares(basket.total, more, rule, basket.quantum)[:-1] == shares(
        basket.total, basket.weights, rule, basket.quantum
    )


@given(st.lists(st.integers(0, 50), min_size=2, max_size=6).filter(any), st.integers(0, 500), st.integers(1, 50))
def test_cutting_a_line_in_two_moves_no_other_share_of_the_cumulative_rule(weights, total, more):
    whole = shares(total, (*weights, more + 3), CUMULATIVE)
    cut = shares(total, (*weights, more, 3), CUMULATIVE)

    assert cut[:-2] == whole[:-1]
    assert cut[-2] + cut[-1] == whole[-1]


@pytest.mark.parametrize(
    ("name", "law", "total", "weights", "quantum"),
    [
        ("ascending_rest", QUOTA, 2, (1, 1, 2), 1),
        ("last_takes_rest", QUOTA, 5, (2, 2, 2, 1), 1),
        ("cumulative", MONOTONY, 1, (1, 1, 2), 1),
        ("last_takes_rest", ORDER, 1, (1, 2), 2),
    ],
)
def test_what_is_not_promised_has_a_smallest_counterexample(name, law, total, weights, quantum):
    known = Basket(total=total, weights=weights, quantum=quantum, turned=tuple(reversed(range(len(weights)))))

    found = smallest_counterexample(NAMED[name], law)

    assert law.breach(NAMED[name], known) or law is not QUOTA
    assert found is not None
    smallest, why = found
    assert why == law.breach(NAMED[name], smallest) != ""
    assert (len(smallest.weights), smallest.total) <= (len(weights), total)


# --- a rule of one's own ---------------------------------------------------------------------------------------------


def round_and_dump(total, weights, quantum):
    """Round every share half up, and let the last line take the difference: looks right."""
    whole = sum(weights)
    found = [(2 * total * weight + whole) // (2 * whole) for weight in weights]
    found[-1] += total - sum(found)
    return found


def through_a_float(total, weights, quantum):
    """Exact at the sizes that people try."""
    whole = sum(weights)
    found = [int(total * (weight / whole)) for weight in weights]
    at = max(range(len(weights)), key=weights.__getitem__)
    found[at] += total - sum(found)
    return found


def by_the_book(total, weights, quantum):
    return LARGEST_REMAINDER(total, weights, quantum)


def test_a_rule_that_looks_right_is_caught_with_the_smallest_basket():
    with pytest.raises(LawBroken) as caught:
        check_allocation_rule(round_and_dump, quanta=(1,))

    assert caught.value.law.number in (1, 2)
    assert len(caught.value.basket.weights) <= 4
    assert "round_and_dump breaks law" in str(caught.value)


def test_a_float_is_caught_where_it_is_not_exact_any_more():
    with pytest.raises(LawBroken):
        check_allocation_rule(through_a_float, laws=(QUOTA,), quanta=(1,))


def test_a_good_rule_of_ones_own_passes():
    check_allocation_rule(by_the_book, examples=100)


def dump_below_zero(total, weights, quantum):
    return [total + 1, -1][: len(weights)] if len(weights) > 1 else [total]


def no_shares(total, weights, quantum):
    return "1" * len(weights)


def one_too_few(total, weights, quantum):
    return [total][: len(weights) - 1]


def raises(total, weights, quantum):
    return [total // (len(weights) - 1)] if len(weights) < 2 else list(LARGEST_REMAINDER(total, weights, 1))


def in_halves(total, weights, quantum):
    return [total / len(weights)] * len(weights)


@pytest.mark.parametrize(
    ("rule", "laws", "number", "why"),
    [
        (dump_below_zero, (NOBODY_OWES,), 2, "     -1\n"),
        (no_shares, None, 1, "no sequence: '1'"),
        (one_too_few, None, 1, "not a share for each weight: []"),
        (raises, None, 1, "it raises ZeroDivisionError"),
        (in_halves, (EXACTNESS,), 9, "not all whole numbers: ["),
    ],
)
def test_what_is_no_answer_is_told_with_the_law_that_it_breaks(rule, laws, number, why):
    with pytest.raises(LawBroken) as caught:
        check_allocation_rule(rule, laws=laws, quanta=(1,))

    assert caught.value.law.number == number
    assert str(caught.value).startswith(f"{rule.__name__} breaks law {number}, ")
    assert why in str(caught.value)


@pytest.mark.parametrize("rule", [Rule(rest="apart"), ASCENDING_REST, by_the_book], ids=["apart", "named", "own"])
def test_by_default_a_rule_is_held_to_what_is_promised_for_it(rule):
    check_allocation_rule(rule, examples=40)


def test_a_function_is_not_blamed_for_lines_that_are_alike_to_the_largest_remainder():
    check_allocation_rule(by_the_book, laws=LAWS, examples=200)


def test_law_by_law_every_small_basket_with_caps_is_tried_in_seconds():
    """Caps of many lines are more than can be tried: they are bounded."""
    baskets_with_caps = [basket for basket in small_baskets(lines=4, most=6, caps=True) if basket.caps]

    assert 10_000 < len(baskets_with_caps) < 100_000
    assert all(sum(basket.caps) >= basket.total for basket in baskets_with_caps)
    assert max(len(basket.weights) for basket in baskets_with_caps) == 3


def test_with_caps_a_share_may_be_far_from_its_quota():
    basket, why = smallest_counterexample(LARGEST_REMAINDER, QUOTA, caps=True)

    assert basket == Basket(total=2, weights=(1, 1), caps=(0, 2), turned=(1, 0), factor=2)
    assert why == QUOTA.breach(LARGEST_REMAINDER, basket)


def test_a_breach_with_a_rest_kept_apart_shows_the_rest():
    rule = Rule(rounding="half_up", rest="apart")
    basket, why = smallest_counterexample(rule, TRIVIAL, quanta=(2,))

    assert shown(TRIVIAL, rule, basket, why).splitlines()[3:7] == [
        "line  weight  exact share  share",
        "   1       1            1      2",
        "rest                          -1",
        " sum       1            1      1",
    ]


def test_a_breach_is_shown_as_a_table():
    basket = Basket(total=2, weights=(1, 1, 2))
    why = QUOTA.breach(ASCENDING_REST, basket)

    assert str(LawBroken(QUOTA, ASCENDING_REST, basket, why)) == (
        "ascending·half_up·last_takes_rest breaks law 5, quota: Every share lies within one quantum of the exact one.\n"
        "\n"
        "2 over it:\n"
        "line  weight  exact share  share\n"
        "   1       1          1/2      1\n"
        "   2       1          1/2      1\n"
        "   3       2            1      0\n"
        " sum       4            2      2\n"
        "\n"
        "line 3 gets 0, a whole quantum from its exact share of 1"
    )
