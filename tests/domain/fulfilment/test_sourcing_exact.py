"""The exact search finds what trying everything finds; cut off, its stated gap holds; and nothing else decides."""

import random

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.domain.fulfilment.brute import best_score

from oms_domain.fulfilment.carriers import GoodsMark, Rate, Tariff
from oms_domain.fulfilment.sourcing import (
    DEFAULT_STRATEGY,
    Plan,
    RuleName,
    Shortage,
    SplitPolicy,
    as_json,
    source,
    text,
)
from oms_domain.testing.sourcing import AT, a_carrier, a_demand, a_line, a_place, a_strategy, any_case, line_id

slowly = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def ask(case, **changes):
    return source(case.demand, case.places, case.carriers, evolve(case.strategy, **changes), at=AT)


def stages(case, plan):
    """What a plan scores, stage by stage."""
    by_rule = {each.rule: each.value for each in plan.scores}
    return tuple(sum(rule.weight * by_rule[rule.name] for rule in stage) for stage in case.strategy.chain)


@st.composite
def cases(draw, *, lines=4, places=4, **changes):
    def pick(least, most):
        return draw(st.integers(least, most))

    return any_case(pick, lines=pick(1, lines), places=pick(1, places), **changes)


def check_against_brute_force(case):
    found, best = ask(case), best_score(case, AT)

    if best is None:
        assert isinstance(found, Shortage)
        assert found.is_proven
    else:
        assert isinstance(found, Plan)
        assert stages(case, found) == best
        assert found.gap is None


@settings(slowly, max_examples=80)
@given(case=cases(most_units=3, split_lines=False))
def test_with_lines_kept_together_no_plan_is_better(case):
    check_against_brute_force(case)


@settings(slowly, max_examples=80)
@given(case=cases(lines=3, most_units=2, split_lines=True))
def test_with_lines_split_by_units_no_plan_is_better(case):
    check_against_brute_force(case)


@settings(slowly, max_examples=30)
@given(case=cases(lines=4, places=3, most_units=2, split_lines=True, split=SplitPolicy.WHEN_BETTER, most_places=3))
def test_with_four_lines_split_by_units_no_plan_is_better(case):
    check_against_brute_force(case)


@pytest.mark.parametrize("split_lines", [False, True])
@pytest.mark.parametrize("seeds", [60, pytest.param(3_000, marks=pytest.mark.long)])
def test_seeded_instances_many_of_which_need_several_places_agree_too(split_lines, seeds):
    several = 0
    for seed in range(seeds):
        case = any_case(
            random.Random(seed).randint,
            lines=3,
            places=4,
            most_units=2,
            split_lines=split_lines,
            split=SplitPolicy.WHEN_BETTER,
            most_places=4,
        )
        check_against_brute_force(case)
        found = ask(case)
        several += isinstance(found, Plan) and len(found.parts) > 1

    assert several >= seeds // 15  # the instances are worth something


@settings(slowly, max_examples=50)
@given(case=cases(lines=6, places=6, most_units=3), most_nodes=st.integers(0, 30))
def test_a_search_that_is_cut_off_states_a_gap_that_holds(case, most_nodes):
    exact, cut = ask(case, most_nodes=200_000), ask(case, most_nodes=most_nodes)

    if isinstance(cut, Shortage):
        assert isinstance(exact, Shortage) or not cut.is_proven
        return
    best, found = stages(case, exact), stages(case, cut)
    assert best <= found
    if cut.gap is None:
        assert found == best
    else:
        assert cut.gap.bound < cut.gap.found == found[cut.gap.stage]
        assert best >= (*found[: cut.gap.stage], cut.gap.bound)


@settings(slowly, max_examples=50)
@given(case=cases(lines=5, places=5, most_units=4))
def test_a_plan_ships_every_unit_once_and_no_place_more_than_it_has(case):
    found = ask(case)

    if isinstance(found, Plan):
        shipped = {line.id: 0 for line in case.demand.lines}
        left = {(place.code, each.sku): each.units for place in case.places for each in place.holdings}
        sku_of = {line.id: line.sku for line in case.demand.lines}
        for part in found.parts:
            for line, units in part.lines:
                shipped[line] += units
                left[part.place, sku_of[line]] -= units
            weight = sum(
                units * line.weight_g for line in case.demand.lines for of, units in part.lines if of == line.id
            )
            assert sum(parcel.weight_g for parcel in part.parcels) == weight
        assert shipped == {line.id: line.quantity for line in case.demand.lines}
        assert min(left.values()) >= 0


@settings(slowly, max_examples=40)
@given(case=cases(lines=5, places=5, most_units=3), data=st.data())
def test_nothing_depends_on_the_order_of_places_lines_carriers_contracts_and_holdings(case, data):
    def shuffled(values):
        return tuple(data.draw(st.permutations(values)))

    places = tuple(
        evolve(place, contracts=shuffled(place.contracts), holdings=shuffled(place.holdings)) for place in case.places
    )
    other = evolve(
        case,
        demand=evolve(case.demand, lines=shuffled(case.demand.lines)),
        places=shuffled(places),
        carriers=shuffled(case.carriers),
    )

    assert ask(other) == ask(case)
    assert ask(case) == ask(case)


@settings(slowly, max_examples=30)
@given(case=cases())
def test_every_answer_can_be_written(case):
    found = ask(case)

    assert [each["place"] for each in as_json(found)["candidates"]] == sorted(place.code for place in case.places)
    assert all(place.code in text(found) for place in case.places)


def test_the_same_sku_on_two_lines_shares_what_a_place_has():
    two_lines = a_demand(a_line(1, "SCARF", 3), a_line(2, "SCARF", 2))
    places = (a_place("A", stock={"SCARF": 4}), a_place("B", stock={"SCARF": 3}))

    found = source(two_lines, places, (a_carrier(),), a_strategy("fewest_parcels"), at=AT)

    assert isinstance(found, Plan)
    assert [(part.place, part.lines) for part in found.parts] in (
        [("A", ((line_id(1), 3),)), ("B", ((line_id(2), 2),))],
        [("A", ((line_id(2), 2),)), ("B", ((line_id(1), 3),))],
    )


def test_the_same_sku_on_two_lines_is_short_together_though_each_line_could_be_had():
    two_lines = a_demand(a_line(1, "SCARF", 3), a_line(2, "SCARF", 3))

    found = source(two_lines, (a_place("A", stock={"SCARF": 5}),), (a_carrier(),), DEFAULT_STRATEGY, at=AT)

    assert isinstance(found, Shortage)
    assert [(each.short, each.why, each.there) for each in found.missing] == [(1, "not_enough", (("A", 5),))] * 2


@pytest.mark.parametrize("most_nodes", range(1, 12))
def test_wherever_the_search_is_cut_off_the_gap_holds(most_nodes):
    lines = [a_line(number, f"S{number}", weight_g=700 + 100 * number) for number in range(1, 7)]
    stock = {f"S{number}": 1 for number in range(1, 7)}
    places = tuple(a_place(f"W{at}", "A B", stock={**stock, f"S{at + 1}": 0}, division=f"{31 + at}") for at in range(5))
    rates = tuple(Rate(origin=f"{31 + at}", first_fen=500 + 37 * at, next_fen=230 - 19 * at) for at in range(5))
    carriers = (a_carrier("A", tariff=Tariff(rates=rates)), a_carrier("B", refuses={GoodsMark.COLD}))

    def ask_up_to(most):
        strategy = a_strategy("cheapest_freight", "lowest_promise", most_nodes=most)
        return source(a_demand(*lines), places, carriers, strategy, at=AT)

    best, found = ask_up_to(100_000), ask_up_to(most_nodes)

    assert best.gap is None
    assert found.nodes <= most_nodes
    bound = found.gap.bound if found.gap else found.scores[0].value
    assert bound <= best.scores[0].value <= found.scores[0].value


def test_an_order_too_large_for_the_search_is_sourced_all_the_same_with_its_gap():
    lines = [a_line(number, f"S{number}") for number in range(1, 301)]
    halves = [{f"S{number}": 1 for number in range(1, 301) if number % 3 != skipped} for skipped in range(3)]
    places = tuple(a_place(f"W{at}", stock=stock) for at, stock in enumerate(halves))

    found = source(a_demand(*lines), places, (a_carrier(),), a_strategy("cheapest_freight"), at=AT)

    assert isinstance(found, Plan)
    assert sum(units for part in found.parts for _, units in part.lines) == 300
    assert found.gap is None or found.gap.rules == (RuleName.CHEAPEST_FREIGHT,)
    assert found.nodes <= 5_000
