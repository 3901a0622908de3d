"""A plan, a shortage and a trial in words: tables that stay aligned, and JSON."""

import json

from attrs import evolve

from oms_domain.fulfilment.sourcing import (
    DEFAULT_STRATEGY,
    PastOrder,
    SourcingTrialSums,
    SplitPolicy,
    as_json,
    source,
    text,
    trial_json,
    trial_text,
    try_out,
)
from oms_domain.testing.sourcing import AT, OTHER_SHOP, a_carrier, a_demand, a_line, a_place, a_strategy, line_id

CARRIERS = (a_carrier("SF", days=1), a_carrier("ZTO"))
PLACES = (
    a_place("BJ1", "ZTO", tier="rdc", stock={"SCARF": 50, "HAT": 50}),
    a_place("SH1", "SF ZTO", stock={"SCARF": 5}),
    a_place("XJ1", shops={OTHER_SHOP}),
    a_place("YN1", "YTO", stock={"HAT": 1}),
)
ORDER = a_demand(a_line(1, "SCARF", 2), a_line(2, "HAT"))
NAMES = {line_id(1): "围巾", line_id(2): "hat", "BJ1": "北京RDC"}
SPLITTING = a_strategy("tiers", "lowest_promise", split=SplitPolicy.WHEN_BETTER, name="快")


def ask(demand=ORDER, places=PLACES, strategy=DEFAULT_STRATEGY):
    return source(demand, places, CARRIERS, strategy, at=AT)


def test_a_plan_shows_what_ships_from_where_and_what_became_of_each_place():
    assert text(ask(strategy=SPLITTING), NAMES) == "\n".join(
        [
            "from     carrier  goods  units  parcels  freight     arrives",
            "北京RDC  ZTO      hat        1        1     8.00  2026-11-28",
            "SH1      SF       围巾       2        1     8.00  2026-11-27",
            "sum                          3        2    16.00  2026-11-28",
            "no better plan exists; partial plans looked at: 1",
            "",
            "candidate  holds  tiers  lowest_promise  why",
            "北京RDC        3      1               2  chosen",
            "SH1            2      1               2  chosen",
            "XJ1            2                         shop_not_served",
            "YN1            1                         no_carrier (SF: no_contract, YTO: not_active, ZTO: no_contract)",
        ]
    )


def test_a_plan_that_is_not_proven_shows_its_gap():
    lines = [a_line(number, f"S{number}", weight_g=1100) for number in range(1, 9)]
    stock = {f"S{number}": 1 for number in range(1, 9)}
    places = [a_place(f"W{at}", "SF ZTO", stock={**stock, f"S{at + 1}": 0}) for at in range(4)]
    cut = ask(a_demand(*lines), places, a_strategy("cheapest_freight", "stock_balance", most_nodes=0))

    gap = cut.gap
    assert gap is not None
    assert (
        f"not proven, partial plans looked at: 0; {gap.rules[0]} is {gap.found}, no plan has less than {gap.bound}"
        in text(cut).splitlines()
    )
    assert as_json(cut)["gap"] == {
        "stage": gap.stage,
        "rules": [gap.rules[0]],
        "found": gap.found,
        "bound": gap.bound,
    }


def test_a_shortage_shows_what_is_missing_where():
    found = ask(a_demand(a_line(1, "SCARF", 60), a_line(2, "SHOE")))

    assert text(found, NAMES).splitlines()[:3] == [
        "goods  sku    wanted  short  why         there",
        "围巾   SCARF      60      5  not_enough  北京RDC 50, SH1 5",
        "hat    SHOE        1      1  not_enough  nowhere",
    ]


def test_json_holds_the_whole_plan():
    found = json.loads(json.dumps(as_json(ask())))

    assert found["parts"] == [
        {
            "place": "BJ1",
            "carrier": "ZTO",
            "lines": [{"line": str(line_id(1)), "units": 2}, {"line": str(line_id(2)), "units": 1}],
            "parcels": [{"weight_g": 1500, "volume_cm3": 3000}],
            "cost_fen": 1000,
            "ship_at": "2026-11-26T12:00:00+00:00",
            "arrive_on": "2026-11-28",
            "other_carriers": [],
            "without": [{"carrier": "SF", "why": "no_contract"}],
        }
    ]
    assert (found["sourced"], found["proven"], found["gap"], found["parcels"]) == (True, True, None, 1)
    assert [(each["place"], each["standing"]) for each in found["candidates"]] == [
        ("BJ1", "chosen"),
        ("SH1", "cannot_serve_all"),
        ("XJ1", "shop_not_served"),
        ("YN1", "no_carrier"),
    ]


def test_json_of_a_plan_names_the_carriers_that_come_next():
    part = as_json(ask(a_demand(a_line())))["parts"][0]

    assert (part["place"], part["carrier"]) == ("SH1", "SF")
    assert part["other_carriers"] == [{"carrier": "ZTO", "parcels": 1, "cost_fen": 800, "arrive_on": "2026-11-28"}]


def test_json_of_a_shortage_names_what_is_missing_where():
    found = json.loads(json.dumps(as_json(ask(a_demand(a_line(1, "SCARF", 60))))))

    assert found["missing"] == [
        {
            "line": str(line_id(1)),
            "sku": "SCARF",
            "wanted": 60,
            "short": 5,
            "why": "not_enough",
            "there": [{"place": "BJ1", "units": 50}, {"place": "SH1", "units": 5}],
        }
    ]
    assert (found["sourced"], found["proven"]) == (False, True)


def test_a_shortage_that_is_not_proven_says_so():
    found = ask(a_demand(a_line(1, "SCARF", 60)))

    assert "there may be one" in text(evolve(found, is_proven=False, nodes=7))


# --- trying a strategy out --------------------------------------------------------------------------------------------


def past(number, *lines):
    return PastOrder(number=number, demand=a_demand(*lines), places=PLACES, at=AT)


ORDERS = (
    past("S1", a_line(1, "SCARF", 2), a_line(2, "HAT")),
    past("S2", a_line(1, "SCARF")),
    past("S3", a_line(1, "SHOE")),
)


def test_past_orders_show_what_another_strategy_would_have_done():
    trial = try_out(ORDERS, CARRIERS, before=DEFAULT_STRATEGY, after=SPLITTING)

    assert trial.sums == SourcingTrialSums(
        orders=3, changed=1, parcels=(2, 3), cost_fen=(1800, 2400), days=(3, 3), unsourced=(1, 1)
    )
    assert trial_text(trial) == "\n".join(
        [
            "order  from             parcels     freight         days",
            "S1     BJ1   BJ1 + SH1        1  2    10.00  16.00     2  2",
            "S2     SH1   SH1              1  1     8.00   8.00     1  1",
            "S3     -     -                -  -        -      -     -  -",
            "sum                           2  3    18.00  24.00     3  3",
            "default | 快: 1 of 3 orders change",
            "cannot be sourced: 1 | 1 (not in the sums)",
        ]
    )


def test_an_order_may_have_gone_by_a_strategy_of_its_own_and_from_one_place_only():
    alone = evolve(past("S1", a_line(1, "SCARF", 2), a_line(2, "HAT")), before=SPLITTING)
    bound = evolve(past("S2", a_line(1, "SCARF")), only="BJ1")

    rows = try_out((alone, bound), CARRIERS, before=DEFAULT_STRATEGY, after=DEFAULT_STRATEGY).rows

    assert [(row.before.places, row.after.places) for row in rows] == [
        (("BJ1", "SH1"), ("BJ1",)),
        (("BJ1",), ("SH1",)),
    ]


def test_json_of_a_trial_holds_each_order_before_and_after():
    found = json.loads(json.dumps(trial_json(try_out(ORDERS, CARRIERS, before=DEFAULT_STRATEGY, after=SPLITTING))))

    assert found["orders"][0]["after"] == {
        "places": ["BJ1", "SH1"],
        "parcels": 2,
        "cost_fen": 1600,
        "arrive_on": "2026-11-28",
        "days": 2,
    }
    assert [each["changed"] for each in found["orders"]] == [True, False, False]
    assert found["orders"][2]["before"] is None
    assert found["sums"]["cost_fen"] == {"before": 1800, "after": 2400}


def test_a_strategy_against_itself_changes_nothing():
    trial = try_out(ORDERS, CARRIERS, before=SPLITTING, after=SPLITTING)

    assert trial.sums.changed == 0
    assert all(row.before == row.after for row in trial.rows)
