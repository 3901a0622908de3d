"""A plan of splitting says which units go together and why; no unit is lost, none is twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_domain.kernel.identity import LineId, SkuCode, WarehouseCode
from oms_domain.shops.shop import ShopPolicy
from oms_domain.split_merge.plan import (
    CannotSplit,
    Delivery,
    InvalidSplitRules,
    PlannedPart,
    Reason,
    SplitLine,
    SplitRules,
    Trigger,
    by_hand,
    plan,
    rules_of,
)
from oms_domain.testing.builders import an_id

A, B, C = (LineId(an_id(n)) for n in (11, 12, 13))
EVERY = SplitRules(triggers=tuple(Trigger))


def a_line(line_id=A, units=1, **changes):
    return SplitLine(**{"line_id": line_id, "sku": SkuCode("SCARF"), "units": units} | changes)


def parts(lines, rules=EVERY):
    """Return each part's contents with the words of its reasons."""
    return [
        (dict(part.contents), [(str(reason.trigger), reason.of) for reason in part.reasons])
        for part in plan(lines, rules).parts
    ]


# --- one trigger after the other -------------------------------------------------------------------------------------


def test_what_nothing_tells_apart_stays_together():
    assert parts([a_line(A, 2), a_line(B, 1)]) == [({A: 2, B: 1}, [])]
    assert not plan([a_line(A, 2)], EVERY).splits


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        ({"seller": "甲"}, {"seller": "乙"}, [("seller", "甲"), ("seller", "乙")]),
        ({}, {"is_presale": True}, [("presale", "in_stock"), ("presale", "presale")]),
        ({}, {"in_stock": 0}, [("presale", "in_stock"), ("presale", "out_of_stock")]),
        ({}, {"delivery": Delivery.SUPPLIER}, [("delivery", "own"), ("delivery", "supplier")]),
        ({"marks": frozenset({"cold"})}, {}, [("category", "cold"), ("category", "")]),
    ],
)
def test_each_trigger_tells_two_lines_apart(one, other, reasons):
    found = parts([a_line(A, **one), a_line(B, **other)])

    assert found == [({A: 1}, [reasons[0]]), ({B: 1}, [reasons[1]])]


def test_a_line_is_split_where_only_some_of_its_units_are_in_stock():
    found = parts([a_line(A, 5, in_stock=2)])

    assert [contents for contents, _ in found] == [{A: 2}, {A: 3}]


def test_sourcing_says_which_units_come_from_which_warehouse():
    sourced = ((WarehouseCode("EAST"), 1), (WarehouseCode("WEST"), 2))

    found = parts([a_line(A, 3, warehouses=sourced), a_line(B, 1, warehouses=((WarehouseCode("WEST"), 1),))])

    assert found == [({A: 1}, [("warehouse", "EAST")]), ({A: 2, B: 1}, [("warehouse", "WEST")])]


def test_each_valuable_unit_goes_alone():
    found = [contents for contents, _ in parts([a_line(A, 2, is_valuable=True), a_line(B, 3)])]

    assert found == [{A: 1}, {A: 1}, {B: 3}]


def test_customs_let_through_so_much_in_a_parcel():
    rules = SplitRules(triggers=(Trigger.CUSTOMS,))

    found = plan([a_line(A, 3, value_fen=200_000)], rules)

    assert [dict(part.contents) for part in found.parts] == [{A: 2}, {A: 1}]
    assert found.parts[0].reasons == (Reason(trigger=Trigger.CUSTOMS, of="1/2"),)
    assert (found.least, found.gap) == (2, 0)


def test_a_reason_is_given_for_each_limit_that_alone_asks_for_more_than_one_parcel():
    rules = SplitRules(triggers=tuple(Trigger), weight_g=1000, units=10)

    (first, _) = plan([a_line(A, 4, weight_g=500)], rules).parts

    assert [reason.trigger for reason in first.reasons] == [Trigger.WEIGHT]


def test_a_unit_too_large_for_any_parcel_is_named():
    rules = SplitRules(triggers=(Trigger.WEIGHT,), weight_g=1000)

    found = plan([a_line(A, 1, weight_g=5000), a_line(B, 1)], rules)

    assert found.too_large == (A,)
    assert len(found.parts) == 2


def test_triggers_that_a_shop_does_not_use_split_nothing():
    assert len(plan([a_line(A, seller="甲"), a_line(B, seller="乙")], SplitRules(triggers=())).parts) == 1


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_by_hand_a_person_names_units_and_the_rest_is_one_more_part():
    found = by_hand([a_line(A, 3), a_line(B, 1)], [[(A, 1)], [(A, 1), (B, 1)]])

    assert [dict(part.contents) for part in found.parts] == [{A: 1}, {A: 1, B: 1}, {A: 1}]
    assert found.parts[2] == PlannedPart(contents=((A, 1),), reasons=(Reason(trigger=Trigger.BY_HAND, of="3/3"),))


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ([[(C, 1)]], "parts[0]"),
        ([[(A, 4)]], "parts[0]"),
        ([[(A, 2)], [(A, 2)]], "parts[1]"),
        ([[(A, 0)]], "parts[0]"),
        ([[(A, 1)], []], "parts[1]"),
        ([[(A, 3), (B, 1)]], "parts"),
        ([], "parts"),
    ],
)
def test_by_hand_what_makes_no_sense_is_refused(asked, field):
    with pytest.raises(CannotSplit) as refused:
        by_hand([a_line(A, 3), a_line(B, 1)], asked)

    assert refused.value.field == field


# --- laws ------------------------------------------------------------------------------------------------------------

lines_ = st.lists(
    st.builds(
        SplitLine,
        line_id=st.just(A),
        sku=st.just(SkuCode("SCARF")),
        units=st.integers(0, 4),
        weight_g=st.integers(0, 900),
        value_fen=st.integers(0, 300_000),
        seller=st.sampled_from(["", "甲"]),
        delivery=st.sampled_from(Delivery),
        is_presale=st.booleans(),
        in_stock=st.none() | st.integers(0, 3),
        marks=st.frozensets(st.sampled_from(["cold", "fragile", "new"])),
        is_valuable=st.booleans(),
    ),
    max_size=4,
)
rules_ = st.builds(
    SplitRules,
    triggers=st.lists(st.sampled_from(Trigger), unique=True).map(tuple),
    weight_g=st.none() | st.just(1000),
    lines=st.none() | st.integers(1, 2),
    units=st.none() | st.integers(1, 3),
)


@settings(deadline=None)
@given(drawn=lines_, rules=rules_)
def test_every_unit_is_in_one_part(drawn, rules):
    lines = [SplitLine(**{**_facts(line), "line_id": LineId(an_id(50 + at))}) for at, line in enumerate(drawn)]

    found = plan(lines, rules)

    units = {}
    for part in found.parts:
        assert part.units
        for line_id, count in part.contents:
            units[line_id] = units.get(line_id, 0) + count
    assert units == {line.line_id: line.units for line in lines if line.units}
    assert len(found.parts) >= found.least >= 0


def _facts(line):
    return {name: getattr(line, name) for name in SplitLine.__slots__ if not name.startswith("_")}


# --- a shop's policy -------------------------------------------------------------------------------------------------


def test_a_shops_policy_says_how_it_splits():
    policy = ShopPolicy(split_triggers=("weight", "parcel_size"), split_weight_g=900, split_units=3)

    assert rules_of(policy) == SplitRules(triggers=(Trigger.WEIGHT, Trigger.PARCEL_SIZE), weight_g=900, units=3)


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"split_triggers": ("colour",)}, "split_triggers"),
        ({"split_triggers": ("by_hand",)}, "split_triggers"),
        ({"split_lines": 0}, "split_lines"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(policy, field):
    with pytest.raises(InvalidSplitRules) as refusal:
        rules_of(ShopPolicy(**policy))

    assert refusal.value.field == field
