"""An entry of the ledger changes quantities only as far as there are units for it."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.inventory.builders import a_level, an_entry

from oms_domain.inventory.movements import (
    COLUMNS,
    Movement,
    NotThatMany,
    adds,
    moved,
    no_stock,
    reserves,
    ships,
    unreserves,
)
from oms_domain.inventory.stock import LedgerKind, Quality, StockBelowReserved
from oms_domain.kernel.errors import Refused
from oms_domain.testing.builders import MAIN, SCARF


def test_available_is_what_nobody_holds_freezes_or_keeps_back():
    assert a_level(on_hand=10, reserved=3, locked=2, safety=1).available == 4
    assert a_level(on_hand=10, reserved=3, locked=2, safety=9).available == 0
    assert a_level(on_hand=10, reserved=3, in_transit=50, defective=50).available == 7


@pytest.mark.parametrize(
    ("entry", "after"),
    [
        (reserves(SCARF, MAIN, 7), {"reserved": 10}),
        (unreserves(SCARF, MAIN, 3), {"reserved": 0}),
        (ships(SCARF, MAIN, 2), {"reserved": 1, "on_hand": 8}),
        (adds(SCARF, MAIN, 4, LedgerKind.PURCHASE_RECEIPT, Quality.GOOD), {"on_hand": 14}),
        (adds(SCARF, MAIN, -7, LedgerKind.PURCHASE_RETURN, Quality.GOOD), {"on_hand": 3}),
        (adds(SCARF, MAIN, 4, LedgerKind.RETURN_RECEIPT, Quality.DEFECTIVE), {"defective": 4}),
        (an_entry(LedgerKind.LOCK, locked=7), {"locked": 7}),
        (an_entry(LedgerKind.SAFETY, safety=99), {"safety": 99}),
        (an_entry(LedgerKind.DIFFERENCE, locked=20), {"locked": 20}),
        (an_entry(LedgerKind.TRANSFER_OUT, in_transit=5), {"in_transit": 5}),
    ],
)
def test_an_entry_changes_its_columns(entry, after):
    assert moved(a_level(), entry) == a_level(**after)


@pytest.mark.parametrize(
    ("level", "entry", "column", "there", "taken"),
    [
        (a_level(), reserves(SCARF, MAIN, 8), "available", 7, 8),
        (a_level(safety=2), reserves(SCARF, MAIN, 6), "available", 5, 6),
        (a_level(locked=5), reserves(SCARF, MAIN, 3), "available", 2, 3),
        (a_level(), unreserves(SCARF, MAIN, 4), "reserved", 3, 4),
        (a_level(defective=1), an_entry(defective=-2), "defective", 1, 2),
        (a_level(locked=1), an_entry(LedgerKind.UNLOCK, locked=-2), "locked", 1, 2),
        (a_level(), an_entry(LedgerKind.TRANSFER_IN, in_transit=-1, on_hand=1), "in_transit", 0, 1),
    ],
)
def test_more_than_is_there_is_refused_by_its_column(level, entry, column, there, taken):
    with pytest.raises(NotThatMany) as refusal:
        moved(level, entry)

    facts = {"column": column, "there": there, "taken": taken}
    assert refusal.value.fields() == {"sku": SCARF, "warehouse": MAIN, **facts}


@pytest.mark.parametrize(
    ("level", "entry"),
    [
        (a_level(), an_entry(on_hand=-8)),
        (a_level(locked=2), an_entry(on_hand=-6)),
        (a_level(), an_entry(LedgerKind.LOCK, locked=8)),
        (a_level(on_hand=3), an_entry(LedgerKind.DIFFERENCE, on_hand=-1, locked=-1)),
        (no_stock(SCARF, MAIN), an_entry(on_hand=-1)),
    ],
)
def test_what_is_reserved_or_frozen_cannot_be_taken(level, entry):
    level = evolve(level, locked=max(level.locked, -entry.locked))

    with pytest.raises(StockBelowReserved):
        moved(level, entry)


def test_units_that_are_gone_are_written_off_once_nobody_holds_them():
    level = a_level(on_hand=10, reserved=8, locked=5)

    after = moved(level, an_entry(LedgerKind.DIFFERENCE, on_hand=-2, locked=-2))

    assert after == a_level(on_hand=8, reserved=8, locked=3)


few = st.integers(-5, 5)
entries = st.builds(
    lambda kind, **units: an_entry(kind, **units), st.sampled_from(LedgerKind), **dict.fromkeys(COLUMNS, few)
)


@given(entries=st.lists(entries, max_size=20))
def test_whatever_is_entered_quantities_are_sums_and_never_below_nothing(entries):
    level, booked = no_stock(SCARF, MAIN), []
    for entry in entries:
        try:
            level = moved(level, entry)
        except Refused:
            continue
        booked.append(entry)

    assert {name: getattr(level, name) for name in COLUMNS} == {
        name: sum(getattr(entry, name) for entry in booked) for name in COLUMNS
    }
    assert min(getattr(level, name) for name in COLUMNS) >= 0
    assert level.reserved <= level.on_hand


def test_an_entry_knows_its_place_and_its_changes():
    entry = Movement(sku=SCARF, warehouse=MAIN, kind=LedgerKind.SHIP, on_hand=-1, reserved=-1)

    assert entry.place == (SCARF, MAIN)
    assert entry.changes == {"on_hand": -1, "reserved": -1}
