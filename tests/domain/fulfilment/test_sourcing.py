"""Sourcing by example: each rule, each gate, how orders are split, what is said of who lost, and what is missing."""

from datetime import datetime, time

import pytest
from attrs import evolve

from oms_domain.fulfilment.carriers import Contract, GoodsMark, Limits, NoOffer, Rate, Regions, Tariff, Transit, Wishes
from oms_domain.fulfilment.promise import WorkingHours
from oms_domain.fulfilment.sourcing import (
    DEFAULT_STRATEGY,
    Destination,
    Holding,
    InvalidDemand,
    InvalidPlaces,
    Plan,
    Point,
    RuleName,
    Shortage,
    SplitPolicy,
    Standing,
    WarehousePart,
    source,
)
from oms_domain.fulfilment.sourcing.demand import MOST_PLACES
from oms_domain.kernel.errors import InvalidTime
from oms_domain.testing.sourcing import (
    AT,
    OTHER_SHOP,
    SHOP,
    a_carrier,
    a_demand,
    a_line,
    a_place,
    a_strategy,
    line_id,
)

BEIJING = {"division": "110101", "point": Point(39_904_000, 116_407_000)}
SHANGHAI = {"division": "310115", "point": Point(31_230_000, 121_473_000)}
DEAR = Tariff(rates=(Rate(first_fen=2000),))


CARRIERS = (a_carrier(),)


def ask(demand, places, strategy=DEFAULT_STRATEGY, carriers=CARRIERS, at=AT):
    return source(demand, places, carriers, strategy, at=at)


def shipped_from(found):
    assert isinstance(found, Plan)
    return [part.place for part in found.parts]


def standings(found):
    return {each.place: each.standing for each in found.verdicts}


# --- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "better", "scores"),
    [
        ("tiers", {"tier": "fdc"}, (0, 1)),
        ("region_priority", {"code": "W2"}, (0, 1)),  # for region 33, W2 stands before W0
        ("nearest", SHANGHAI, (164_809, 1_123_490)),
        ("own_warehouse", {"shops": {SHOP}}, (0, 1)),
        ("stock_balance", {"stock": {"SCARF": 100}}, (100, 1000)),
        ("manual", {"code": "W9"}, (0, 1)),
        ("cheapest_freight", {}, (800, 2000)),
        ("lowest_promise", {"hours": WorkingHours(cut_off=time(16))}, (2, 3)),
    ],
)
def test_each_rule_prefers_the_place_that_its_words_say(rule, better, scores):
    worse = {"code": "W0", "tier": "rdc", "hours": WorkingHours(cut_off=time(9)), **BEIJING}
    worse["contracts"] = (Contract(carrier="ZTO", tariff=DEAR),)
    places = (a_place(**worse), a_place(**{**worse, "contracts": (Contract(carrier="ZTO"),), "code": "W1", **better}))
    chosen = places[1].code

    found = ask(a_demand(place="W9"), places, a_strategy(rule, "manual") if rule != "manual" else a_strategy(rule))

    assert shipped_from(found) == [chosen]
    values = {each.place: each.scores[0].value for each in found.verdicts}
    assert (values[chosen], values["W0"]) == scores
    assert {each.place: each.decided_by for each in found.verdicts} == {chosen: (), "W0": (RuleName(rule),)}


def test_a_stage_decides_only_where_those_before_it_do_not():
    near, far = a_place("N", tier="rdc", **SHANGHAI), a_place("F", tier="fdc", **BEIJING)

    assert shipped_from(ask(a_demand(), (near, far), a_strategy("tiers", "nearest"))) == ["F"]
    assert shipped_from(ask(a_demand(), (near, far), a_strategy("nearest", "tiers"))) == ["N"]


@pytest.mark.parametrize(("worth_a_day", "chosen"), [(1199, "SLOW"), (1201, "FAST")])
def test_within_a_stage_weights_are_traded_off(worth_a_day, chosen):
    fast = a_place("FAST", contracts=(Contract(carrier="ZTO", tariff=DEAR),))
    slow = a_place("SLOW", hours=WorkingHours(cut_off=time(9)))
    stage = (("cheapest_freight", 1), ("lowest_promise", worth_a_day))

    assert shipped_from(ask(a_demand(), (fast, slow), a_strategy(stage))) == [chosen]


def test_rules_that_know_nothing_are_silent():
    nowhere = a_demand(destination=Destination(division="11"))
    elsewhere = a_strategy("nearest", "region_priority")

    found = ask(nowhere, (a_place("A"), a_place("B", point=None)), elsewhere)

    assert standings(found) == {"A": Standing.CHOSEN, "B": Standing.TIED}


def test_a_place_whose_point_is_not_known_is_the_farthest():
    found = ask(a_demand(), (a_place("A", point=None), a_place("B", **BEIJING)), a_strategy("nearest"))

    assert shipped_from(found) == ["B"]


# --- gates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({"active": False}, Standing.NOT_ACTIVE),
        ({"shops": {OTHER_SHOP}}, Standing.SHOP_NOT_SERVED),
        ({"regions": Regions(served=("11",))}, Standing.REGION_NOT_SERVED),
        ({"regions": Regions(but_not=("33",))}, Standing.REGION_NOT_SERVED),
        ({"stock": {"HAT": 1}}, Standing.NO_STOCK),
        ({"stock": {"SCARF": 0}}, Standing.NO_STOCK),
        ({"carriers": ""}, Standing.NO_CARRIER),
    ],
)
def test_a_place_that_does_not_pass_a_gate_is_out_with_the_reason(changes, standing):
    found = ask(a_demand(), (a_place("IN"), a_place("OUT", **changes)))

    assert standings(found) == {"IN": Standing.CHOSEN, "OUT": standing}


def test_a_place_chosen_by_hand_is_binding_unless_the_strategy_only_prefers_it():
    chosen = a_demand(a_line(quantity=5), place="SMALL")
    places = (a_place("SMALL", stock={"SCARF": 2}), a_place("BIG"))

    assert standings(ask(chosen, places))["BIG"] is Standing.NOT_CHOSEN_BY_HAND
    assert isinstance(ask(chosen, places), Shortage)
    assert shipped_from(ask(chosen, places, a_strategy("manual"))) == ["BIG"]


def test_a_place_without_a_carrier_says_why_each_does_not_deliver():
    carriers = (a_carrier("SF", active=False), a_carrier("ZTO", regions=Regions(but_not=("33",))))
    place = a_place("A", "SF YTO ZTO")

    found = ask(a_demand(), (place,), carriers=carriers)

    assert [(loss.carrier, loss.why) for loss in found.verdicts[0].without] == [
        ("SF", NoOffer.NOT_ACTIVE),
        ("YTO", NoOffer.NOT_ACTIVE),
        ("ZTO", NoOffer.REGION_NOT_SERVED),
    ]


# --- splitting --------------------------------------------------------------------------------------------------------

TWO = a_demand(a_line(1, "SCARF"), a_line(2, "HAT"))
FORWARD = a_place("F", stock={"SCARF": 5})
REGIONAL = a_place("R", tier="rdc", stock={"SCARF": 5, "HAT": 5})


def test_an_order_stays_whole_where_one_place_can_serve_it_though_the_chain_would_split():
    found = ask(TWO, (FORWARD, REGIONAL), a_strategy("tiers"))

    assert shipped_from(found) == ["R"]
    assert standings(found)["F"] is Standing.CANNOT_SERVE_ALL


def test_the_policy_may_let_the_chain_split_it():
    found = ask(TWO, (FORWARD, REGIONAL), a_strategy("tiers", split=SplitPolicy.WHEN_BETTER))

    assert found.by_warehouse == (
        WarehousePart(warehouse="F", carrier="ZTO", lines=((line_id(1), 1),)),
        WarehousePart(warehouse="R", carrier="ZTO", lines=((line_id(2), 1),)),
    )


def test_it_is_split_when_no_single_place_can_serve_it_and_never_if_the_policy_says_so():
    places = (FORWARD, evolve(REGIONAL, holdings=(Holding(sku="HAT", units=1),)))

    assert shipped_from(ask(TWO, places)) == ["F", "R"]
    assert isinstance(ask(TWO, places, a_strategy("nearest", split=SplitPolicy.NEVER)), Shortage)
    assert isinstance(ask(TWO, places, a_strategy("nearest", most_places=1)), Shortage)


def test_a_line_is_split_by_units_only_if_the_policy_allows():
    demand = a_demand(a_line(quantity=5))
    places = (a_place("A", stock={"SCARF": 3}), a_place("B", stock={"SCARF": 3}))

    kept, cut = ask(demand, places), ask(demand, places, a_strategy("fewest_parcels", split_lines=True))

    assert [each.why for each in kept.missing] == ["not_in_one_place"]
    assert [part.lines for part in cut.parts] in ([((line_id(1), 3),), ((line_id(1), 2),)],
                                                  [((line_id(1), 2),), ((line_id(1), 3),)])  # fmt: skip


def test_goods_that_no_one_carrier_takes_together_come_from_two_places():
    demand = a_demand(a_line(1, "SCARF", marks={GoodsMark.LIQUID}), a_line(2, "HAT", marks={GoodsMark.COLD}))
    carriers = (a_carrier("DRY", refuses={GoodsMark.LIQUID}), a_carrier("WARM", refuses={GoodsMark.COLD}))
    both = {"stock": {"SCARF": 1, "HAT": 1}, "carriers": "DRY WARM"}

    alone = ask(demand, (a_place("A", **both),), carriers=carriers)
    together = ask(demand, (a_place("A", **both), a_place("B", **both)), carriers=carriers)

    assert {each.why for each in alone.missing} == {"not_together"}
    assert {part.carrier: [line for line, _ in part.lines] for part in together.parts} == {
        "WARM": [line_id(1)],
        "DRY": [line_id(2)],
    }


def test_a_heavy_order_leaves_in_several_parcels_of_one_place():
    carrier = a_carrier(limits=Limits(weight_g=1000))

    found = ask(a_demand(a_line(quantity=5)), (a_place(),), carriers=(carrier,))

    assert (found.parcels, found.cost_fen) == (3, 2400)


def test_what_lost_by_a_plan_of_several_places_shows_the_plan_that_begins_with_it():
    hats = {"stock": {"HAT": 5}}
    places = (FORWARD, a_place("NEAR", **hats), a_place("FAR", **hats, **BEIJING), a_place("SHOE", stock={"SHOE": 1}))

    found = ask(TWO, places, a_strategy("nearest"))

    verdicts = {each.place: each for each in found.verdicts}
    assert shipped_from(found) == ["F", "NEAR"]
    assert verdicts["FAR"].standing is Standing.OUTRANKED
    assert verdicts["FAR"].scores[0].value == 164_809 + 1_123_490
    assert verdicts["SHOE"].standing is Standing.NO_STOCK


def test_a_place_that_has_some_but_no_line_whole_leads_to_no_plan():
    demand = a_demand(a_line(1, "SCARF", 4), a_line(2, "HAT"))
    places = (
        a_place("A", stock={"SCARF": 4}), a_place("B", stock={"HAT": 1}), a_place("C", stock={"SCARF": 3})
    )  # fmt: skip

    assert standings(ask(demand, places)) == {"A": Standing.CHOSEN, "B": Standing.CHOSEN, "C": Standing.NO_PLAN}


def test_of_very_many_places_only_the_fullest_are_looked_at_one_by_one():
    demand = a_demand(*(a_line(number, f"S{number}") for number in range(1, 26)))
    stock = {f"S{number}": 1 for number in range(1, 26)}
    full = [a_place("A", stock=dict(list(stock.items())[:20])), a_place("B", stock=dict(list(stock.items())[20:]))]
    poor = [a_place(f"P{at:03}", stock={"S1": 1}) for at in range(120)]

    found = ask(demand, (*full, *poor), a_strategy("fewest_parcels"))

    assert shipped_from(found) == ["A", "B"]
    assert Standing.NOT_EXAMINED in standings(found).values()


# --- carriers and promise ---------------------------------------------------------------------------------------------


def test_the_shops_priority_chooses_the_carrier_and_the_platform_may_forbid_it():
    carriers = (a_carrier("SF", tariff=DEAR, days=1), a_carrier("ZTO"))
    place = a_place("A", "SF ZTO")
    liked = a_demand(wishes=Wishes(priority=("SF",)))
    forbidden = a_demand(wishes=Wishes(priority=("SF",), allowed=frozenset({"ZTO"})))

    assert [part.carrier for part in ask(liked, (place,), carriers=carriers).parts] == ["SF"]
    part = ask(forbidden, (place,), carriers=carriers).parts[0]
    assert (part.carrier, part.choice.losses[0].why) == ("ZTO", NoOffer.NOT_ALLOWED)


def test_a_place_is_promised_by_its_own_clock():
    shanghai_evening = datetime.fromisoformat("2026-11-26T21:00:00+08:00")

    found = ask(a_demand(), (a_place(),), at=shanghai_evening)

    assert found.arrive_on.isoformat() == "2026-11-29"  # begun on the 27th, two days under way
    assert found.scores[0].value == 1


def test_the_last_parcel_counts():
    near = a_carrier("ZTO", transit=(Transit(days=2), Transit(days=5, origin="11")))
    places = (FORWARD, a_place("R", stock={"HAT": 1}, **BEIJING))

    found = ask(TWO, places, a_strategy("lowest_promise"), carriers=(near,))

    assert [each.value for each in found.scores] == [5]


# --- shortage ---------------------------------------------------------------------------------------------------------


def test_a_shortage_names_what_is_missing_where():
    demand = a_demand(a_line(1, "SCARF", 12), a_line(2, "HAT", 2))
    places = (a_place("A"), a_place("B", stock={"SCARF": 1, "HAT": 9}), a_place("C", shops={OTHER_SHOP}))

    found = ask(demand, places)

    assert isinstance(found, Shortage)
    assert [(each.line, each.sku, each.wanted, each.short, each.why, each.there) for each in found.missing] == [
        (line_id(1), "SCARF", 12, 1, "not_enough", (("A", 10), ("B", 1)))
    ]
    assert {each.place: (each.standing, each.holds) for each in found.verdicts} == {
        "A": (Standing.CANNOT_SERVE_ALL, 10),
        "B": (Standing.CANNOT_SERVE_ALL, 3),
        "C": (Standing.SHOP_NOT_SERVED, 10),
    }
    assert found.is_proven


def test_goods_that_nobody_carries_are_not_short_but_not_deliverable():
    liquid = a_demand(a_line(1, marks={GoodsMark.LIQUID}), a_line(2, "HAT"))
    dry = a_carrier(refuses={GoodsMark.LIQUID})

    for stock in ({"SCARF": 10}, {"SCARF": 10, "HAT": 1}):
        found = ask(liquid, (a_place(stock=stock), a_place("H", stock={"HAT": 1})), carriers=(dry,))
        assert [(each.why, each.short) for each in found.missing] == [("not_deliverable", 0)]


def test_without_any_place_everything_is_missing():
    found = ask(a_demand(), ())

    assert [(each.short, each.there) for each in found.missing] == [(1, ())]


def test_a_search_that_was_cut_off_before_it_found_anything_says_that_there_may_be_a_plan():
    lines = [a_line(number, f"S{number}") for number in range(1, 7)]
    pairs = [{f"S{n}": 1, f"S{m}": 1} for n, m in ((1, 2), (3, 4), (5, 6))]
    tempting = {"S1": 1, "S3": 1, "S5": 1}
    places = (a_place("T", stock=tempting), *(a_place(f"P{at}", stock=stock) for at, stock in enumerate(pairs)))
    # Greedy begins with T, or ends with it, since it has most; three places are one too few then.
    strategy = a_strategy("fewest_parcels", most_places=3, most_nodes=0)

    found = ask(a_demand(*lines), places, strategy)
    searched = ask(a_demand(*lines), places, evolve(strategy, most_nodes=1_000))

    assert shipped_from(searched) == ["P0", "P1", "P2"]
    assert isinstance(found, Shortage) is not isinstance(found, Plan)
    assert isinstance(found, Plan) or not found.is_proven


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: a_line(quantity=0), "quantity"),
        (lambda: a_line(quantity=True), "quantity"),
        (lambda: a_line(quantity=10**6 + 1), "quantity"),
        (lambda: a_line(weight_g=-1), "weight_g"),
        (lambda: a_line(volume_cm3="1"), "volume_cm3"),
        (lambda: a_demand(a_line(1), a_line(1, "HAT")), "lines"),
        (lambda: a_demand(*(a_line(number) for number in range(1, 1002))), "lines"),
    ],
)
def test_what_is_no_demand_is_refused(build, field):
    with pytest.raises(InvalidDemand) as refused:
        build()

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: Holding(sku="A", units=-1), "units"),
        (lambda: evolve(a_place(), holdings=(Holding(sku="A", units=1), Holding(sku="A", units=2))), "holdings"),
        (lambda: a_place(carriers="ZTO ZTO"), "contracts"),
        (lambda: ask(a_demand(), (a_place("A"), a_place("A"))), "places"),
        (lambda: ask(a_demand(), tuple(a_place(f"P{at}") for at in range(MOST_PLACES + 1))), "places"),
    ],
)
def test_places_that_contradict_each_other_are_refused(build, field):
    with pytest.raises(InvalidPlaces) as refused:
        build()

    assert refused.value.field == field


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(InvalidTime):
        ask(a_demand(), (a_place(),), at=datetime(2026, 11, 26))  # noqa: DTZ001
