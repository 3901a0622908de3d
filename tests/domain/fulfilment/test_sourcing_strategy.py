"""A strategy as data: its form, read and written, and what is refused in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.fulfilment.carriers import CarrierRule, InvalidDivision
from oms_domain.fulfilment.sourcing import (
    DEFAULT_STRATEGY,
    InvalidStrategy,
    InvalidStrategyForm,
    RegionList,
    RuleName,
    SourcingRule,
    SplitPolicy,
    Strategy,
    read_strategy,
    write_strategy,
)
from oms_domain.kernel.errors import Invalid, InvalidText
from oms_domain.testing.sourcing import any_strategy

NEAREST = [{"rule": "nearest"}]


def test_a_strategy_is_read_with_every_field():
    read = read_strategy(
        {
            "name": "双十一",
            "chain": [
                {"rule": "tiers", "tiers": ["fdc", "rdc"]},
                [{"rule": "cheapest_freight"}, {"rule": "lowest_promise", "weight": 200}],
                {"rule": "region_priority", "regions": {"33": ["HZ1", "SH1"], "": ["BJ1"]}},
            ],
            "split": "when_better",
            "split_lines": True,
            "most_places": 3,
            "carriers": ["cheapest"],
            "most_nodes": 500,
        }
    )

    assert read == Strategy(
        name="双十一",
        chain=(
            (SourcingRule(name=RuleName.TIERS, tiers=("fdc", "rdc")),),
            (SourcingRule(name=RuleName.CHEAPEST_FREIGHT), SourcingRule(name=RuleName.LOWEST_PROMISE, weight=200)),
            (
                SourcingRule(
                    name=RuleName.REGION_PRIORITY,
                    regions=(RegionList(region="", places=("BJ1",)), RegionList(region="33", places=("HZ1", "SH1"))),
                ),
            ),
        ),
        split=SplitPolicy.WHEN_BETTER,
        split_lines=True,
        most_places=3,
        carriers=(CarrierRule.CHEAPEST,),
        most_nodes=500,
    )


def test_what_is_left_out_is_as_the_strategy_has_it_by_default():
    assert read_strategy({"chain": NEAREST}) == Strategy(chain=((SourcingRule(name=RuleName.NEAREST),),))


@given(data=st.data())
def test_a_strategy_that_is_written_is_read_as_it_was(data):
    strategy = any_strategy(lambda least, most: data.draw(st.integers(least, most)))

    assert read_strategy(json.loads(json.dumps(write_strategy(strategy)))) == strategy


def test_the_default_strategy_can_be_written_down():
    assert read_strategy(write_strategy(DEFAULT_STRATEGY)) == DEFAULT_STRATEGY


@pytest.mark.parametrize(
    ("data", "refusal", "field"),
    [
        ([], InvalidStrategyForm, "(file)"),
        ({"chain": NEAREST, "spilt": "never"}, InvalidStrategyForm, "spilt"),
        ({"chain": NEAREST, "name": 5}, InvalidStrategyForm, "name"),
        ({"chain": NEAREST, "name": "x" * 65}, InvalidText, "name"),
        ({"chain": NEAREST, "split": "maybe"}, InvalidStrategyForm, "split"),
        ({"chain": NEAREST, "split_lines": 1}, InvalidStrategyForm, "split_lines"),
        ({"chain": NEAREST, "most_places": 0}, InvalidStrategyForm, "most_places"),
        ({"chain": NEAREST, "most_places": 21}, InvalidStrategyForm, "most_places"),
        ({"chain": NEAREST, "most_nodes": -1}, InvalidStrategyForm, "most_nodes"),
        ({"chain": NEAREST, "most_nodes": 1.5}, InvalidStrategyForm, "most_nodes"),
        ({"chain": NEAREST, "carriers": ["slowest"]}, InvalidStrategyForm, "carriers"),
        ({"chain": NEAREST, "carriers": "cheapest"}, InvalidStrategyForm, "carriers"),
        ({"chain": NEAREST, "carriers": ["cheapest", "cheapest"]}, InvalidStrategy, "carriers"),
        ({"chain": {}}, InvalidStrategyForm, "chain"),
        ({}, InvalidStrategy, "chain"),
        ({"chain": [[]]}, InvalidStrategy, "chain"),
        ({"chain": NEAREST * 2}, InvalidStrategy, "chain"),
        ({"chain": ["nearest"]}, InvalidStrategyForm, "chain[0]"),
        ({"chain": [{"rule": "closest"}]}, InvalidStrategyForm, "chain[0].rule"),
        ({"chain": [{"rule": "nearest", "wieght": 2}]}, InvalidStrategyForm, "chain[0].wieght"),
        (
            {"chain": [[{"rule": "nearest"}, {"rule": "manual", "weight": 0}]]},
            InvalidStrategyForm,
            "chain[0][1].weight",
        ),
        ({"chain": [{"rule": "tiers"}]}, InvalidStrategy, "chain[0].tiers"),
        ({"chain": [{"rule": "nearest", "tiers": ["fdc"]}]}, InvalidStrategy, "chain[0].tiers"),
        ({"chain": [{"rule": "tiers", "tiers": ["fdc", "fdc"]}]}, InvalidStrategy, "chain[0].tiers"),
        ({"chain": [{"rule": "tiers", "tiers": "fdc"}]}, InvalidStrategyForm, "chain[0].tiers"),
        ({"chain": [{"rule": "region_priority"}]}, InvalidStrategy, "chain[0].regions"),
        ({"chain": [{"rule": "region_priority", "regions": []}]}, InvalidStrategyForm, "chain[0].regions"),
        ({"chain": [{"rule": "region_priority", "regions": {"33": []}}]}, InvalidStrategyForm, "chain[0].regions.33"),
        (
            {"chain": [{"rule": "region_priority", "regions": {"33": ["A", "A"]}}]},
            InvalidStrategy,
            "chain[0].regions.33",
        ),
        ({"chain": [{"rule": "region_priority", "regions": {"浙江": ["A"]}}]}, InvalidDivision, "chain[0].regions"),
    ],
)
def test_a_slip_in_the_file_is_refused_at_its_place(data, refusal, field):
    with pytest.raises(Invalid) as refused:
        read_strategy(data)

    assert (type(refused.value), refused.value.field) == (refusal, field)


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: SourcingRule(name=RuleName.NEAREST, weight=0), "weight"),
        (lambda: SourcingRule(name=RuleName.NEAREST, weight=True), "weight"),
        (
            lambda: SourcingRule(
                name=RuleName.REGION_PRIORITY,
                regions=(RegionList(region="33", places=("A",)), RegionList(region="33", places=("B",))),
            ),
            "regions",
        ),
        (lambda: Strategy(chain=((SourcingRule(name=RuleName.NEAREST),),), most_places=0), "most_places"),
        (lambda: Strategy(chain=((SourcingRule(name=RuleName.NEAREST),),), most_nodes=10**7), "most_nodes"),
    ],
)
def test_a_strategy_that_cannot_be_followed_is_refused(build, field):
    with pytest.raises(InvalidStrategy) as refused:
        build()

    assert refused.value.field == field
