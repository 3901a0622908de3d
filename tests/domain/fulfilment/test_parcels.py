"""What is in which parcel, by line, however the warehouse counts."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.fulfilment.parcels import ContentsUnknown, ShipsMoreThanAsked, by_line
from oms_domain.fulfilment.tracking import ParcelProgress, Trace, is_step_on, newest
from oms_domain.kernel.identity import LineId, SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import HAT, NOW, SCARF, an_id

LATER = NOW + timedelta(hours=1)

ONE, TWO, THREE = (LineId(an_id(number)) for number in (1, 2, 3))
OPEN = ((ONE, SCARF, Quantity(2)), (TWO, HAT, Quantity(1)), (THREE, SCARF, Quantity(1)))


def test_units_of_one_sku_are_taken_from_its_lines_in_their_order():
    parcels = by_line([[(SCARF, 1)], [(SCARF, 2), (HAT, 1)]], None, OPEN, final=True)

    assert parcels == (((ONE, 1),), ((ONE, 1), (TWO, 1), (THREE, 1)))


def test_what_was_counted_decides_over_what_the_parcels_say():
    counted = [(SCARF, 2), (HAT, 0)]

    assert by_line([[(SCARF, 1), (HAT, 1)], [(SCARF, 5)]], counted, OPEN, final=True) == (((ONE, 1),), ((ONE, 1),))


def test_what_no_parcel_names_is_in_the_one_that_is_told_without_contents_else_in_the_last():
    counted = [(SCARF, 3)]

    assert by_line([[], [(SCARF, 1)]], counted, OPEN, final=True) == (((ONE, 2),), ((THREE, 1),))
    assert by_line([[(HAT, 1)], [(SCARF, 1)]], [(HAT, 1), (SCARF, 2)], OPEN, final=True) == (((TWO, 1),), ((ONE, 2),))


def test_nothing_told_means_everything_where_it_is_final_and_nobody_knows_what_where_it_is_not():
    assert by_line([[]], None, OPEN, final=True) == (((ONE, 2), (TWO, 1), (THREE, 1)),)

    with pytest.raises(ContentsUnknown):
        by_line([[]], None, OPEN, final=False)


@pytest.mark.parametrize(("sku", "units", "to_ship"), [(SCARF, 4, 3), (SkuCode("FOREIGN"), 1, 0)])
def test_more_than_was_asked_for_is_refused(sku, units, to_ship):
    with pytest.raises(ShipsMoreThanAsked) as refused:
        by_line([[(sku, units)]], None, OPEN, final=True)

    assert (refused.value.sku, refused.value.to_ship, refused.value.units) == (sku, to_ship, units)


SKUS = st.sampled_from([SCARF, HAT, SkuCode("GLOVE")])
UNITS = st.lists(st.tuples(SKUS, st.integers(0, 5)), max_size=4)


@given(
    lines=st.lists(st.tuples(SKUS, st.integers(1, 9)), min_size=1, max_size=5),
    parcels=st.lists(UNITS, min_size=1, max_size=4),
    counted=st.none() | UNITS,
)
def test_parcels_hold_what_left_and_no_line_gives_more_than_it_has(lines, parcels, counted):
    open_ = [(LineId(an_id(place)), sku, Quantity(units)) for place, (sku, units) in enumerate(lines)]
    try:
        held = by_line(parcels, counted, open_, final=True)
    except ShipsMoreThanAsked:
        return

    by_line_ids, by_sku = Counter(), Counter()
    skus = {line_id: sku for line_id, sku, _ in open_}
    for contents in held:
        for line_id, units in contents:
            assert units >= 1
            by_line_ids[line_id] += units
            by_sku[skus[line_id]] += units
    told = counted if counted is not None else [item for parcel in parcels for item in parcel]
    left = Counter()
    if counted is None and not told:
        told = [(sku, units) for _, sku, units in open_]
    for sku, units in told:
        left[sku] += units
    assert len(held) == len(parcels)
    assert +by_sku == +left
    assert all(by_line_ids[line_id] <= units for line_id, _, units in open_)


# --- milestones and traces -------------------------------------------------------------------------------------------


def test_a_milestone_that_nobody_ranks_is_shown_whenever_it_comes():
    assert (is_step_on("packed", "picked"), is_step_on("picked", "packed")) == (True, False)
    assert is_step_on("other_robot", "packed")
    assert is_step_on("packed", "other_robot")
    assert not is_step_on("other_robot", "other_robot")


def test_the_newest_trace_is_where_a_parcel_is():
    early = Trace(at=NOW, progress=ParcelProgress.SIGNED)
    late = Trace(at=LATER, progress=ParcelProgress.PROBLEM)
    later_told = Trace(at=LATER, progress=ParcelProgress.IN_TRANSIT)

    assert newest((late, early)) == late
    assert newest((early, late, later_told)) == later_told
    assert newest(()) is None
