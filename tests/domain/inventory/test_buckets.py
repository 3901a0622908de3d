"""The sellable units of a hot SKU lie in parts; whatever happens, the parts add up, and nothing is refused wrongly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.inventory.builders import a_level, an_entry

from oms_domain.inventory.buckets import InvalidBuckets, Part, StockParted, main_part, reserved_from, split, spread
from oms_domain.inventory.movements import adds, moved, reserves, ships, unreserves
from oms_domain.inventory.stock import LedgerKind, Quality
from oms_domain.kernel.errors import Refused
from oms_domain.testing.builders import MAIN, NOW, SCARF, an_id


def numbers(parts):
    return [(part.number, part.on_hand, part.reserved) for part in parts]


def test_sellable_units_are_shared_out_and_what_is_kept_back_stays():
    level = a_level(on_hand=20, reserved=3, safety=4, locked=2)

    parts = split(level, 4)

    assert numbers(parts) == [(0, 9, 3), (1, 3, 0), (2, 3, 0), (3, 3, 0), (4, 2, 0)]
    assert parts[0].sellable == 0


def test_nothing_to_sell_leaves_the_buckets_empty():
    assert numbers(split(a_level(on_hand=3, reserved=3, safety=5), 2)) == [(0, 3, 3), (1, 0, 0), (2, 0, 0)]


def test_in_one_part_is_the_row_itself():
    level = a_level(safety=1)

    assert split(level, 0) == (main_part(level),) == (Part(0, 10, 3, 1),)


@pytest.mark.parametrize("buckets", [-1, 1, 65])
def test_other_numbers_of_buckets_are_refused(buckets):
    with pytest.raises(InvalidBuckets):
        split(a_level(), buckets)


def test_a_part_that_has_enough_is_taken_from_where_one_begins():
    parts = (Part(0, 0, 0), Part(1, 5, 0), Part(2, 5, 0), Part(3, 5, 4))

    assert numbers(reserved_from(parts, 2, start=1)) == [(2, 5, 2)]
    assert numbers(reserved_from(parts, 2, start=2)) == [(1, 5, 2)]  # the third has one left: on to the first


def test_a_request_larger_than_any_part_is_served_from_several():
    parts = (Part(0, 1, 0), Part(1, 5, 0), Part(2, 5, 3))

    assert numbers(reserved_from(parts, 8, start=0)) == [(1, 5, 5), (2, 5, 5), (0, 1, 1)]
    assert reserved_from(parts, 9, start=0) == ()


def test_what_leaves_or_is_given_back_comes_from_where_it_is_reserved():
    parts = (Part(0, 1, 1), Part(1, 5, 2), Part(2, 5, 4))

    assert numbers(spread(parts, ships(SCARF, MAIN, 3), start=0)) == [(0, 1, 1), (1, 5, 2), (2, 2, 1)]
    assert numbers(spread(parts, unreserves(SCARF, MAIN, 5), start=0)) == [(0, 1, 0), (1, 5, 0), (2, 5, 2)]


def test_units_that_come_in_are_shared_out():
    parts = (Part(0, 0, 0), Part(1, 1, 0), Part(2, 1, 0))

    after = spread(parts, adds(SCARF, MAIN, 5, LedgerKind.PURCHASE_RECEIPT, Quality.GOOD), start=0)

    assert numbers(after) == [(0, 0, 0), (1, 4, 0), (2, 3, 0)]


def test_what_must_be_kept_back_is_brought_to_the_main_part():
    parts = (Part(0, 0, 0), Part(1, 3, 1), Part(2, 3, 0))

    after = spread(parts, an_entry(LedgerKind.SAFETY, safety=4), start=0)

    assert numbers(after) == [(0, 4, 0), (1, 1, 1), (2, 1, 0)]
    assert after[0] == Part(0, 4, 0, 4)


few = st.integers(1, 6)
movements = st.one_of(
    st.builds(reserves, st.just(SCARF), st.just(MAIN), few),
    st.builds(unreserves, st.just(SCARF), st.just(MAIN), few),
    st.builds(ships, st.just(SCARF), st.just(MAIN), few),
    st.builds(an_entry, st.just(LedgerKind.ADJUST), on_hand=st.integers(-6, 6)),
    st.builds(an_entry, st.just(LedgerKind.LOCK), locked=few),
    st.builds(an_entry, st.just(LedgerKind.UNLOCK), locked=few.map(lambda n: -n)),
    st.builds(an_entry, st.just(LedgerKind.SAFETY), safety=st.integers(-6, 6)),
    st.builds(an_entry, st.just(LedgerKind.DIFFERENCE), locked=few),
)


@given(
    level=st.builds(a_level, on_hand=st.integers(3, 20), reserved=st.integers(0, 3), safety=st.integers(0, 5)),
    buckets=st.integers(2, 5),
    steps=st.lists(st.tuples(movements, st.integers(0, 9)), max_size=15),
)
def test_the_parts_always_add_up_to_what_one_row_would_be(level, buckets, steps):
    parts = split(level, buckets)
    for movement, start in steps:
        try:
            level = moved(level, movement)  # what the sum covers is never refused, and nothing else is let through
        except Refused:
            assert movement.kind is not LedgerKind.RESERVE or reserved_from(parts, movement.reserved, start=start) == ()
            continue
        parts = spread(parts, movement, start=start)

        assert sum(part.on_hand for part in parts) == level.on_hand
        assert sum(part.reserved for part in parts) == level.reserved
        assert all(0 <= part.reserved <= part.on_hand for part in parts)
        assert parts[0].kept == level.safety + level.locked
        if parts[0].sellable < 0:
            assert all(part.sellable == 0 for part in parts[1:])
    assert sum(max(part.sellable, 0) for part in parts) == level.available


def test_columns_of_the_main_part_only_are_no_business_of_the_others():
    parts = split(a_level(), 2)

    assert spread(parts, an_entry(defective=3, in_transit=2), start=0) == parts


def test_laying_a_row_out_is_a_fact_of_its_own():
    parted = StockParted(change_id=an_id(1), sku=SCARF, warehouse=MAIN, buckets=8, at=NOW)

    assert parted.stream == an_id(1)
