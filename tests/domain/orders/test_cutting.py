"""Units of a line keep who they are, whatever numbers a part of the line gives them."""

from hypothesis import given
from hypothesis import strategies as st

from oms_domain.apportionment.units import LinePart, as_runs
from oms_domain.orders.cutting import seen_from

numbers = st.sets(st.integers(0, 12), min_size=1)


def a_part(units):
    return LinePart(key="a", runs=as_runs(units), goods=(len(units),))


def numbered(runs):
    return {number for first, stop in runs for number in range(first, stop)}


@given(ours=numbers, theirs=numbers, data=st.data())
def test_units_are_found_in_another_part_by_what_they_are(ours, theirs, data):
    some = data.draw(st.sets(st.integers(0, len(ours) - 1)))

    found = seen_from(a_part(theirs), as_runs(some), a_part(ours))

    by_place = sorted(ours), sorted(theirs)
    meant = {by_place[0][place] for place in some}
    assert {by_place[1][place] for place in numbered(found)} == meant & theirs
