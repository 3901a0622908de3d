"""What is not promised is shown: every stored basket still breaks its law, and every law without one keeps still."""

import pytest
from attrs import evolve

from oms_domain.apportionment import CUMULATIVE, LARGEST_REMAINDER, Rest, Rule, family
from oms_domain.testing.counterexamples import (
    HOLDS_WITH_CAPS,
    LINES,
    MOST,
    QUANTA,
    WIDER_CAPPED_MOST,
    WIDER_LINES,
    WIDER_MOST,
    bounds,
    look,
    read,
)
from oms_domain.testing.laws import (
    LAWS,
    MONOTONY,
    MOST_CAPPED,
    MOST_CAPPED_LINES,
    ORDER,
    QUANTUM,
    QUOTA,
    TRIVIAL,
    small_baskets,
)

KNOWN = read()
BROKEN = [known for known in KNOWN if known.basket]
WIDER = {
    (Rule("half_up", "sequential", "ascending"), QUOTA.number, False),
    (Rule("half_down", "sequential", "ascending"), QUOTA.number, False),
    (Rule("half_even", "sequential", "ascending"), QUOTA.number, False),
    (Rule("half_even", "largest_fraction"), ORDER.number, True),
}
"""What only a basket of more lines, or of larger weights, breaks."""
HELD = [known for known in KNOWN if not known.basket]
LARGEST_SMALL = list(small_baskets(lines=3, most=3, quanta=(1, 2)))


def shown(known):
    return f"{known.rule} {known.law.name}{' with caps' if known.with_caps else ''}"


def test_there_is_a_row_for_every_rule_and_every_law_that_is_not_promised_for_it():
    wanted = {(rule, law.number, False) for rule in family() for law in LAWS if not law.promised_for(rule)}
    wanted |= {(rule, law.number, True) for rule in family() for law in LAWS if law not in HOLDS_WITH_CAPS}

    assert {(known.rule, known.law.number, known.with_caps) for known in KNOWN} == wanted
    assert len(KNOWN) == len(wanted)
    assert bounds() == {
        "lines": LINES,
        "most": MOST,
        "quanta": list(QUANTA),
        "capped_lines": MOST_CAPPED_LINES,
        "most_capped": MOST_CAPPED,
        "wider_lines": WIDER_LINES,
        "wider_most": WIDER_MOST,
        "wider_capped_most": WIDER_CAPPED_MOST,
    }


@pytest.mark.parametrize("known", BROKEN, ids=shown)
def test_a_stored_basket_breaks_its_law(known):
    assert known.why == known.law.breach(known.rule, known.basket) != ""
    assert (known.basket.caps is not None) == known.with_caps


@pytest.mark.parametrize("known", BROKEN, ids=shown)
def test_and_it_is_small(known):
    basket = known.basket
    lines, most = (MOST_CAPPED_LINES, MOST_CAPPED) if known.with_caps else (LINES, MOST)
    if (known.rule, known.law.number, known.with_caps) in WIDER:
        lines, most = (MOST_CAPPED_LINES, WIDER_CAPPED_MOST) if known.with_caps else (WIDER_LINES, WIDER_MOST)

    assert len(basket.weights) <= lines
    assert max(basket.total, *basket.weights) <= most
    assert basket.quantum in QUANTA


@pytest.mark.parametrize("known", HELD, ids=shown)
def test_where_none_was_found_none_is_found_among_the_smallest_either(known):
    for basket in LARGEST_SMALL if not known.with_caps else ():
        assert not known.law.breach(known.rule, basket)
    if known.with_caps:
        assert known.law in (QUANTUM, QUOTA, MONOTONY, ORDER)


def test_with_caps_each_of_the_laws_that_is_promised_without_them_breaks():
    broken = {known.law.number for known in BROKEN if known.with_caps and known.rule == LARGEST_REMAINDER}

    assert broken == {QUANTUM.number, QUOTA.number, MONOTONY.number, ORDER.number}


@pytest.mark.parametrize("rule", [rule for rule in family() if rule.rest is not Rest.APART], ids=str)
def test_one_line_takes_all_with_any_cap_that_suffices(rule):
    for basket in LARGEST_SMALL:
        assert not TRIVIAL.breach(rule, evolve(basket, caps=(basket.total,) * len(basket.weights)))


def test_the_search_finds_what_is_stored():
    known = next(
        known for known in BROKEN if known.rule == CUMULATIVE and known.law is MONOTONY and not known.with_caps
    )
    searched = (found for found in look([CUMULATIVE], [MONOTONY]) if not found.with_caps)

    assert next(searched) == known


def test_where_no_small_basket_breaks_a_law_wider_ones_are_tried():
    rule = Rule("half_even", "largest_fraction")
    known = next(known for known in BROKEN if (known.rule, known.law, known.with_caps) == (rule, ORDER, True))

    assert [found for found in look([rule], [ORDER]) if found.with_caps] == [known]
