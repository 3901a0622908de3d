"""Units that are gone although somebody holds them; rows that are not what they add up to; warehouses."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.inventory.builders import DOCUMENT, a_level, an_entry

from oms_domain.inventory.differences import (
    DifferenceOpened,
    DifferenceSettled,
    Holder,
    StillHeld,
    StockDifference,
    take,
)
from oms_domain.inventory.documents import DocumentKind
from oms_domain.inventory.drift import CountItFirst, StockRepaired, drift
from oms_domain.inventory.movements import moved
from oms_domain.inventory.stock import InvalidWarehouse, LedgerKind
from oms_domain.inventory.warehouses import (
    InvalidPlace,
    Place,
    Warehouse,
    WarehouseAdded,
    WarehouseChanged,
    WarehouseKind,
)
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import InvalidText
from oms_domain.kernel.identity import OrderId, WarehouseCode, WarehouseId
from oms_domain.testing.builders import MAIN, NOW, SCARF, an_id

NEWEST, OLDER, OLDEST = (OrderId(an_id(n)) for n in (33, 32, 31))


def a_difference(**changes):
    facts = {
        "id": an_id(23),
        "document_id": DOCUMENT,
        "number": "K20261123-000001",
        "kind": DocumentKind.STOCKTAKE,
        "sku": SCARF,
        "warehouse": MAIN,
        "units": 3,
        "at": NOW,
    }
    return StockDifference(**facts | changes)


def test_free_units_go_first_then_the_newest_orders_give_up():
    level, holders = a_level(on_hand=10, reserved=8), (Holder(NEWEST, 3), Holder(OLDER, 2))

    assert take(level, 2, holders).gives_up == ()
    assert take(level, 3, holders).gives_up == (NEWEST,)
    assert take(level, 6, holders).gives_up == (NEWEST, OLDER)


def test_what_released_orders_hold_stays_open():
    taking = take(a_level(on_hand=10, reserved=8), 9, (Holder(NEWEST, 3),))

    assert (taking.gives_up, taking.taken, taking.open) == ((NEWEST,), 5, 4)


def test_locked_units_are_nobodys_to_take():
    assert take(a_level(on_hand=10, reserved=8, locked=5), 1, ()).open == 1


@given(
    free=st.integers(0, 5),
    held=st.lists(st.integers(1, 4), max_size=4),
    released=st.integers(0, 5),
    data=st.data(),
)
def test_every_unit_that_is_gone_is_taken_or_open_and_the_books_stay_sound(free, held, released, data):
    level = a_level(on_hand=free + sum(held) + released, reserved=sum(held) + released)
    holders = [Holder(OrderId(an_id(40 + n)), units) for n, units in enumerate(held)]
    gone = data.draw(st.integers(1, level.on_hand)) if level.on_hand else 0
    if not gone:
        return

    taking = take(level, gone, holders)

    given_up = sum(holder.units for holder in holders if holder.order_id in taking.gives_up)
    assert taking.taken + taking.open == gone
    assert taking.gives_up == tuple(holder.order_id for holder in holders[: len(taking.gives_up)])
    assert taking.open == max(0, gone - free - sum(held))
    after = moved(evolve(level, reserved=level.reserved - given_up), an_entry(on_hand=-taking.taken))
    assert moved(after, an_entry(LedgerKind.DIFFERENCE, locked=taking.open)).available == max(
        0, level.on_hand - gone - level.reserved + given_up
    )


def test_an_open_difference_is_written_off_as_far_as_orders_let_it():
    change, entry = a_difference().settle(a_level(on_hand=10, reserved=9, locked=3), found=False, reason="核销", at=NOW)

    assert entry == an_entry(LedgerKind.DIFFERENCE, on_hand=-1, locked=-1)
    assert change == Change(
        a_difference(units=2),
        (
            DifferenceSettled(
                document_id=DOCUMENT,
                number="K20261123-000001",
                warehouse=MAIN,
                difference_id=an_id(23),
                sku=SCARF,
                units=1,
                left=2,
                found=False,
                reason="核销",
                at=NOW,
            ),
        ),
    )


def test_units_that_turn_up_again_are_unlocked():
    change, entry = a_difference().settle(a_level(on_hand=3, reserved=3, locked=3), found=True, reason="", at=NOW)

    assert entry == an_entry(LedgerKind.DIFFERENCE, locked=-3)
    assert (change.state.units, change.events[0].freed) == (0, (SCARF,))


def test_nothing_is_written_off_while_orders_hold_everything():
    with pytest.raises(StillHeld):
        a_difference().settle(a_level(on_hand=3, reserved=3, locked=3), found=False, reason="", at=NOW)


def test_an_opened_difference_says_so():
    opened = a_difference().opened()

    assert isinstance(opened, DifferenceOpened)
    assert (opened.stream, opened.units, opened.at) == (DOCUMENT, 3, NOW)


# --- drift -----------------------------------------------------------------------------------------------------------


def test_a_row_that_adds_up_has_not_drifted():
    assert drift(a_level(locked=2), {"on_hand": 10, "reserved": 3, "locked": 2}, 3) is None


def test_the_ledger_says_what_there_should_be_and_reservations_what_is_reserved():
    found = drift(a_level(on_hand=12, safety=4), {"on_hand": 10, "reserved": 3, "safety": 4}, 5)

    assert found.should == a_level(on_hand=10, reserved=5, safety=4)
    assert found.differs == (("on_hand", 12, 10), ("reserved", 3, 5))
    assert found.entry == an_entry(LedgerKind.REPAIR, reserved=2)
    found.check()


def test_a_ledger_that_is_off_is_compensated_although_the_row_is_right():
    found = drift(a_level(), {"on_hand": 10, "reserved": 1}, 3)

    assert (found.differs, found.entry.changes) == ((), {"reserved": 2})


@pytest.mark.parametrize("ledger", [{"on_hand": 2, "reserved": 3}, {"on_hand": 10, "reserved": 3, "locked": -1}])
def test_what_cannot_be_is_to_be_counted(ledger):
    found = drift(a_level(), ledger, 3)

    with pytest.raises(CountItFirst):
        found.check()


def test_a_repair_is_a_fact_of_its_own():
    repaired = StockRepaired(repair_id=an_id(1), sku=SCARF, warehouse=MAIN, was=(), now=(), reason="x", at=NOW)

    assert repaired.stream == an_id(1)


# --- warehouses ------------------------------------------------------------------------------------------------------


def a_warehouse(**changes):
    facts = {"id": WarehouseId(an_id(22)), "code": MAIN, "name": "主仓", "created_at": NOW, "updated_at": NOW}
    return Warehouse(**facts | changes)


def test_a_warehouse_is_added_and_changed():
    warehouse = a_warehouse()
    as_it_is = {"name": "主仓", "kind": WarehouseKind.RDC, "place": Place(), "active": True}

    change = warehouse.changed(**as_it_is | {"name": "一号仓", "active": False}, at=NOW)

    facts = {"warehouse_id": warehouse.id, "warehouse": MAIN, "at": NOW}
    assert warehouse.added(at=NOW).events == (WarehouseAdded(**facts),)
    assert WarehouseAdded(**facts).stream == warehouse.id
    assert change == Change(
        a_warehouse(name="一号仓", active=False), (WarehouseChanged(what=("name", "active"), **facts),)
    )
    assert warehouse.changed(**as_it_is, at=NOW) == Change(warehouse)


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (lambda: a_warehouse(code=WarehouseCode("a b")), InvalidWarehouse),
        (lambda: a_warehouse(name=" "), InvalidText),
        (lambda: a_warehouse(name="x" * 101), InvalidText),
        (lambda: Place(city="\0"), InvalidText),
        (lambda: Place(latitude_e6=1), InvalidPlace),
        (lambda: Place(longitude_e6=1), InvalidPlace),
        (lambda: Place(latitude_e6=90_000_001, longitude_e6=0), InvalidPlace),
        (lambda: Place(latitude_e6=0, longitude_e6=-180_000_001), InvalidPlace),
    ],
)
def test_what_no_warehouse_can_be_is_refused(make, refusal):
    with pytest.raises(refusal):
        make()


def test_coordinates_are_whole_millionths_of_a_degree():
    assert Place(latitude_e6=22_543_096, longitude_e6=114_057_865).latitude_e6 == 22_543_096
