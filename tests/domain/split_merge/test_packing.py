"""Parcels are as few as the limits allow, and where that is not sure it is said how many there may be too many."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_domain.split_merge.packing import Goods, ParcelLimit, pack


def heavy(key, units, weight_g, **more):
    return Goods(key=key, units=units, weight_g=weight_g, **more)


@pytest.mark.parametrize(
    ("goods", "limit", "parcels"),
    [
        ([heavy("a", 3, 600), heavy("b", 3, 400)], ParcelLimit(weight_g=1000), 3),
        ([heavy("a", 4, 0)], ParcelLimit(weight_g=1000), 1),
        ([heavy("a", 10, 100, value_fen=100_000)], ParcelLimit(value_fen=500_000), 2),
        ([heavy(key, 1, 1) for key in "abcde"], ParcelLimit(lines=2), 3),
        ([heavy("a", 7, 1)], ParcelLimit(units=3), 3),
        ([heavy("a", 1, 1)], ParcelLimit(), 1),
        ([], ParcelLimit(weight_g=1), 0),
        # First fit decreasing needs 3 here: 6, 5 · 5, 3 · 3, 3, 2, 2 …
        ([heavy(w, 1, w) for w in (44, 24, 24, 22, 21, 17, 8, 8, 6, 6)], ParcelLimit(weight_g=61), 3),
    ],
)
def test_parcels_are_the_least(goods, limit, parcels):
    packing = pack(goods, limit)

    assert (len(packing.parcels), packing.gap) == (parcels, 0)


def test_a_unit_above_a_limit_goes_alone_and_is_named():
    packing = pack([heavy("piano", 2, 90_000), heavy("song", 1, 10)], ParcelLimit(weight_g=30_000))

    assert packing.parcels == ((("song", 1),), (("piano", 1),), (("piano", 1),))
    assert packing.too_large == ("piano",)


def test_ten_thousand_units_are_packed_with_the_gap_told():
    packing = pack([heavy("a", 5_000, 334), heavy("b", 5_000, 333)], ParcelLimit(weight_g=1_000))

    # One of a and two of b fill a parcel: 3,750 would do.
    assert packing.least <= 3_750 <= len(packing.parcels) <= 3_750 * 11 // 9 + 1
    assert packing.gap == len(packing.parcels) - packing.least


@pytest.mark.parametrize("limit", [{"weight_g": 0}, {"lines": -1}, {"units": True}])
def test_a_limit_is_a_whole_number_of_at_least_one(limit):
    with pytest.raises(ValueError, match="whole number"):
        ParcelLimit(**limit)


goods_ = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=3).map(
    lambda rows: [Goods(key=at, units=u, weight_g=w, volume_cm3=v) for at, (u, w, v) in enumerate(rows)]
)
limits = st.builds(
    ParcelLimit,
    weight_g=st.none() | st.integers(1, 8),
    volume_cm3=st.none() | st.integers(1, 8),
    units=st.none() | st.integers(1, 4),
    lines=st.none() | st.integers(1, 3),
)


def is_within(parcel, sizes, limit):
    totals = [sum(units * sizes[key][at] for key, units in parcel) for at in range(3)]
    rooms = (limit.weight_g, limit.volume_cm3, limit.units)
    return all(room is None or total <= room for total, room in zip(totals, rooms, strict=True)) and (
        limit.lines is None or len(parcel) <= limit.lines
    )


@settings(deadline=None, max_examples=200)
@given(goods=goods_, limit=limits)
def test_no_unit_is_lost_and_no_limit_passed(goods, limit):
    packing = pack(goods, limit)

    sizes = {each.key: (each.weight_g, each.volume_cm3, 1) for each in goods}
    packed = {}
    for parcel in packing.parcels:
        for key, units in parcel:
            packed[key] = packed.get(key, 0) + units
        single = len(parcel) == 1 and parcel[0] == (parcel[0][0], 1) and parcel[0][0] in packing.too_large
        assert single or is_within(parcel, sizes, limit)
    assert packed == {each.key: each.units for each in goods}


@pytest.mark.broad
@settings(deadline=None, max_examples=100)
@given(goods=goods_, limit=limits)
def test_the_least_is_what_trying_everything_finds(goods, limit):
    units = [each.key for each in goods for _ in range(each.units)]
    if len(units) > 6:
        return
    sizes = {each.key: (each.weight_g, each.volume_cm3, 1) for each in goods}
    packing = pack(goods, limit)
    fewest = len(units)
    for places in product(range(len(units)), repeat=len(units)):
        parcels = {}
        for key, place in zip(units, places, strict=True):
            parcels.setdefault(place, {}).setdefault(key, 0)
            parcels[place][key] += 1
        rows = [tuple(parcel.items()) for parcel in parcels.values()]
        alone = [row for row in rows if row[0][0] in packing.too_large]
        if any(row != ((row[0][0], 1),) for row in alone):
            continue
        if all(is_within(row, sizes, limit) for row in rows if row not in alone):
            fewest = min(fewest, len(rows))

    assert packing.gap == 0
    assert len(packing.parcels) == fewest


def test_a_search_that_is_given_up_says_how_many_parcels_there_may_be_too_many(monkeypatch):
    goods = [heavy(w, 1, w) for w in (44, 24, 24, 22, 21, 17, 8, 8, 6, 6)]
    monkeypatch.setattr("oms_domain.split_merge.packing.MOST_NODES", 3)

    found = pack(goods, ParcelLimit(weight_g=61))

    assert (len(found.parcels), found.least, found.gap) == (4, 3, 1)
