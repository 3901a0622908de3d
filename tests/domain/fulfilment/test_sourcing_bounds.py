"""What makes the search exact: no bound is ever above what a plan that it stands for scores."""

from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.domain.fulfilment.brute import plans

from oms_domain.fulfilment.carriers import Rate
from oms_domain.fulfilment.sourcing.bounds import FINE, Bounds, Rest, is_even, least_fen, room_g, under
from oms_domain.fulfilment.sourcing.examine import examine
from oms_domain.fulfilment.sourcing.problem import problem_of
from oms_domain.testing.sourcing import AT, a_strategy, any_case

rates = st.builds(
    Rate,
    first_fen=st.integers(0, 30),
    first_g=st.integers(1, 12),
    next_fen=st.integers(0, 12),
    next_g=st.integers(1, 6),
)
even_rates = rates.filter(is_even)
parcels = st.lists(st.integers(0, 40), min_size=1, max_size=4)


@settings(max_examples=120, deadline=None)
@given(rate=rates, weights=parcels)
def test_parcels_never_cost_less_than_their_sum_at_the_least(rate, weights):
    cost = sum(map(rate.cost_fen, weights))

    assert least_fen(rate, sum(weights)) <= cost
    assert under(rate).base + sum(under(rate).slope(weight) for weight in weights) <= FINE * cost


@settings(max_examples=120, deadline=None)
@given(rate=even_rates, weight=st.integers(0, 40), more=parcels)
def test_what_comes_on_top_costs_its_share_beyond_the_room(rate, weight, more):
    """Also when it leaves in further parcels."""
    cost = rate.cost_fen(weight + more[0]) + sum(map(rate.cost_fen, more[1:]))
    beyond = max(sum(more) - room_g(rate, weight), 0)

    assert least_fen(rate, weight) * rate.next_g + rate.next_fen * beyond <= cost * rate.next_g


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), for_freight=st.booleans(), split_lines=st.booleans())
def test_the_bound_of_every_beginning_of_a_plan_is_at_most_its_score(data, for_freight, split_lines):
    case = any_case(
        lambda least, most: data.draw(st.integers(least, most)),
        lines=3,
        places=3,
        most_units=2,
        split_lines=split_lines,
        split="when_better",
        most_places=3,
    )
    if for_freight:
        case = evolve(
            case, strategy=evolve(case.strategy, chain=a_strategy("cheapest_freight", "lowest_promise").chain)
        )
    problem = numbers(case)
    all_plans = list(plans(case))
    if not all_plans or not problem.candidates:
        return
    plan = data.draw(st.sampled_from(all_plans))
    codes = [candidate.place.code for candidate in problem.candidates]
    if not all(code in codes for _, code in plan):
        return
    taken = {
        place: tuple(plan.get((line.id, code), 0) for line in problem.lines)
        for place, code in enumerate(codes)
        if any(of == code for _, of in plan)
    }
    score = problem.score(taken)
    if score is None:
        return

    bounds, places = Bounds(problem), tuple(taken)
    order = tuple(data.draw(st.permutations(range(len(problem.lines)))))
    rest = Rest(bounds, places, order)
    loads = {place: bounds.nothing(place) for place in places}
    placed, sloped = (0,) * len(problem.stages), 0
    for at, line in enumerate(order):
        quantity = problem.lines[line].quantity
        assert no_more(rest.bound(loads, placed, sloped, at, quantity, None), score)
        for place in places:
            units = taken[place][line]
            if units:
                loads[place] = bounds.added(loads[place], place, line, units)
                sloped += bounds.slopes[place][line] * units
                placed = tuple(
                    sum_ + stage.unit[line][place] * units for sum_, stage in zip(placed, problem.stages, strict=True)
                )
    assert no_more(rest.bound(loads, placed, sloped, len(order), 0, None), score)
    assert bounds.fewest_places() <= len(places)
    for count in range(1, len(places) + 1):
        assert no_more(bounds.from_places(count), score)


def no_more(bound, score):
    return all(least <= value for least, value in zip(bound, score, strict=True))


def numbers(case):
    examined = [examine(place, case.demand, case.carriers, case.strategy, AT) for place in case.places]
    in_question = [(each.place, each.lanes) for each in examined if each.out is None]
    return problem_of(case.demand, in_question, case.strategy, today=AT.astimezone(case.demand.zone).date())
