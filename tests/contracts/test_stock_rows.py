"""Movements, attempts, buckets and open differences: what every store does with the rows of stock."""

import pytest
from attrs import evolve
from tests.contracts.rows import (
    ROOT,
    a_line,
    a_new_shop,
    a_stored_order,
    an_order,
    level,
    receive,
    received,
    reservations,
    reserve,
    store,
    transact,
    units,
)

from oms_app.ports.transaction import StockMoved
from oms_domain.inventory.differences import DifferenceNotOpen, Holder, StockDifference
from oms_domain.inventory.documents import DocumentKind
from oms_domain.inventory.movements import Movement, NotThatMany
from oms_domain.inventory.stock import LedgerKind, Reservation, StockBelowReserved
from oms_domain.kernel.identity import SkuCode, WarehouseCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.states import OrderState
from oms_domain.testing.builders import MAIN

A, EAST = SkuCode("A"), WarehouseCode("EAST")


def an_entry(kind=LedgerKind.ADJUST, warehouse=MAIN, sku=A, **changes):
    return Movement(sku=sku, warehouse=warehouse, kind=kind, **changes)


def move(backend, *entries):
    document = backend.new_id()
    transact(backend, lambda tx: tx.stock.move(entries, document=document))
    return document


def an_order_of(backend, *quantities, **changes):
    """Return a stored order with a line of SKU A for each quantity."""
    lines = tuple(a_line(backend, sku=A, quantity=Quantity(n)) for n in quantities)
    return a_stored_order(backend, lines=lines, **changes)


def drifts(backend):
    with backend.open(ROOT) as tx:
        return tx.stock.drifts()


# --- movements -------------------------------------------------------------------------------------------------------


def test_every_quantity_is_moved_and_entered(backend):
    entries = (
        an_entry(LedgerKind.PURCHASE_RECEIPT, on_hand=10, defective=2),
        an_entry(LedgerKind.LOCK, locked=3),
        an_entry(LedgerKind.SAFETY, safety=4, safety_was=0),
        an_entry(LedgerKind.TRANSFER_OUT, in_transit=5),
        an_entry(LedgerKind.ADJUST, on_hand=-1),
    )

    document = move(backend, *entries)

    found = level(backend, "A")
    assert (found.on_hand, found.defective, found.locked, found.safety, found.in_transit) == (9, 2, 3, 4, 5)
    assert found.available == 2
    rows = backend.queries.stock_ledger(ROOT, sku=A, warehouse=None, after=None, limit=10)
    assert {(row.movement.kind, tuple(row.movement.changes.items())) for row in rows} == {
        (entry.kind, tuple(entry.changes.items())) for entry in entries
    }
    assert {(row.document_id, row.actor, row.at) for row in rows} == {(document, ROOT.id, backend.clock.now)}
    assert drifts(backend) == ()


@pytest.mark.parametrize(
    ("entry", "refusal"),
    [
        (an_entry(LedgerKind.PURCHASE_RETURN, on_hand=-4), StockBelowReserved),
        (an_entry(LedgerKind.LOCK, locked=4), StockBelowReserved),
        (an_entry(LedgerKind.DAMAGE, defective=-1), NotThatMany),
        (an_entry(LedgerKind.UNLOCK, locked=-1), NotThatMany),
        (an_entry(LedgerKind.TRANSFER_IN, in_transit=-1, on_hand=1), NotThatMany),
        (an_entry(LedgerKind.ADJUST, sku=SkuCode("NEW"), on_hand=-1), StockBelowReserved),
        (an_entry(LedgerKind.SAFETY, safety=1, safety_was=7), StockMoved),
        (an_entry(LedgerKind.SHIP, on_hand=-3, reserved=-3), StockMoved),
    ],
)
@pytest.mark.parametrize("buckets", [0, 3])
def test_what_there_is_not_cannot_be_taken_and_leaves_no_entry(backend, entry, refusal, buckets):
    receive(backend, "A", 5)
    reserve(backend, an_order_of(backend, 2))
    transact(backend, lambda tx: tx.stock.part(A, MAIN, buckets))

    with pytest.raises(refusal):
        move(backend, received("B", 1), entry)

    assert units(backend, "A") == (5, 2)
    assert level(backend, "B") is None
    assert drifts(backend) == ()


def test_safety_stock_and_locked_units_are_not_reserved(backend):
    receive(backend, "A", 5)
    move(backend, an_entry(LedgerKind.LOCK, locked=1), an_entry(LedgerKind.SAFETY, safety=1))
    order = an_order_of(backend, 4)

    with pytest.raises(StockMoved):
        reserve(backend, order)
    reserve(backend, an_order_of(backend, 3))

    assert level(backend, "A").available == 0


def test_expected_units_are_not_reserved(backend):
    move(backend, an_entry(LedgerKind.TRANSFER_OUT, in_transit=5))
    order = an_order_of(backend, 1)

    with pytest.raises(StockMoved):
        reserve(backend, order)


# --- reservations ----------------------------------------------------------------------------------------------------


def test_lines_of_one_order_are_held_in_the_warehouses_that_were_chosen(backend):
    receive(backend, "A", 5)
    receive(backend, "A", 5, EAST)
    order = an_order_of(backend, 2, 3)
    first, second = reservations(order)

    transact(backend, lambda tx: tx.stock.reserve(order.id, (first, evolve(second, warehouse=EAST))))

    assert (units(backend, "A"), units(backend, "A", EAST)) == ((5, 2), (5, 3))
    with backend.open(ROOT) as tx:
        assert tx.stock.places(order.id) == ((A, EAST), (A, MAIN))
    transact(backend, lambda tx: tx.stock.consume(order.id, None, document=backend.new_id()))
    assert (units(backend, "A"), units(backend, "A", EAST)) == ((3, 0), (2, 0))
    assert drifts(backend) == ()


def test_an_attempt_that_was_made_before_does_nothing(backend):
    receive(backend, "A", 5)
    order = an_order_of(backend, 2)

    def attempt(number):
        transact(backend, lambda tx: tx.stock.reserve(order.id, reservations(order), attempt=number))

    attempt(3)
    transact(backend, lambda tx: tx.stock.release(order.id))
    for late in (1, 3):
        attempt(late)
    assert units(backend, "A") == (5, 0)
    attempt(4)
    assert units(backend, "A") == (5, 2)


def test_where_an_order_held_units_is_known_after_it_gave_them_back(backend):
    receive(backend, "A", 5)
    order = an_order_of(backend, 2)
    reserve(backend, order)
    transact(backend, lambda tx: tx.stock.release(order.id))

    with backend.open(ROOT) as tx:
        assert tx.stock.places(order.id) == ((A, MAIN),)
        assert tx.stock.places(backend.new_id()) == ()


def test_those_who_hold_and_are_not_with_a_warehouse_are_told_newest_first(backend):
    receive(backend, "A", 20)
    held = []
    for state in (S.AWAITING_RELEASE, S.IN_WAREHOUSE, S.AWAITING_CS_REVIEW):
        held.append(an_order_of(backend, 1, 2, state=state, created_at=backend.clock.forward(minutes=1)))
        reserve(backend, held[-1])
    gone = an_order_of(backend, 1, state=S.AWAITING_CS_REVIEW, created_at=backend.clock.forward(minutes=1))
    reserve(backend, gone)
    transact(backend, lambda tx: tx.stock.release(gone.id))

    with backend.open(ROOT) as tx:
        found = [tx.stock.holders(A, MAIN, limit) for limit in (5, 1)]
        elsewhere = tx.stock.holders(A, EAST, 5)

    newest, oldest = Holder(held[2].id, 3), Holder(held[0].id, 3)
    assert (found, elsewhere) == ([(newest, oldest), (newest,)], ())


S = OrderState

# --- buckets ---------------------------------------------------------------------------------------------------------


def test_a_hot_row_shows_the_sum_of_its_buckets(backend):
    receive(backend, "A", 10)
    reserve(backend, an_order_of(backend, 3))

    transact(backend, lambda tx: tx.stock.part(A, MAIN, 4))

    found = level(backend, "A")
    assert (found.on_hand, found.reserved, found.available, found.buckets) == (10, 3, 7, 4)
    assert [(row.on_hand, row.reserved) for row in backend.queries.stock(ROOT, after=None, limit=5)] == [(10, 3)]
    assert drifts(backend) == ()


def test_a_request_larger_than_any_bucket_is_served_from_several(backend):
    receive(backend, "A", 10)
    transact(backend, lambda tx: tx.stock.part(A, MAIN, 5))
    order = an_order_of(backend, 9)

    reserve(backend, order)
    with pytest.raises(StockMoved):
        reserve(backend, an_order_of(backend, 2))
    reserve(backend, an_order_of(backend, 1))
    transact(backend, lambda tx: tx.stock.consume(order.id, [(order.lines[0].id, 4)], document=backend.new_id()))
    transact(backend, lambda tx: tx.stock.release(order.id))

    assert units(backend, "A") == (6, 1)
    assert drifts(backend) == ()


def test_buckets_are_turned_on_and_off_with_everything_in_place(backend):
    receive(backend, "A", 10)
    order = an_order_of(backend, 6)
    for buckets in (3, 8, 0):
        transact(backend, lambda tx, buckets=buckets: tx.stock.part(A, MAIN, buckets))
        reserve(backend, order)
        move(backend, an_entry(LedgerKind.ADJUST, on_hand=1), an_entry(LedgerKind.LOCK, locked=1))
        assert level(backend, "A").buckets == buckets
        transact(backend, lambda tx: tx.stock.release(order.id))

    found = level(backend, "A")
    assert (found.on_hand, found.reserved, found.locked, found.available) == (13, 0, 3, 10)
    assert drifts(backend) == ()


def test_safety_stock_of_a_hot_row_is_kept_back_from_all_of_its_buckets(backend):
    receive(backend, "A", 10)
    transact(backend, lambda tx: tx.stock.part(A, MAIN, 5))
    move(backend, an_entry(LedgerKind.SAFETY, safety=7))

    for _ in range(3):
        reserve(backend, an_order_of(backend, 1))
    with pytest.raises(StockMoved):
        reserve(backend, an_order_of(backend, 1))

    assert (units(backend, "A"), level(backend, "A").available) == ((10, 3), 0)


def test_what_never_came_in_has_no_buckets(backend):
    with pytest.raises(StockMoved):
        transact(backend, lambda tx: tx.stock.part(A, MAIN, 4))


# --- open differences ------------------------------------------------------------------------------------------------


def a_difference(backend, n=3, **changes):
    facts = {
        "id": backend.new_id(),
        "document_id": backend.new_id(),
        "number": "K20261123-000001",
        "kind": DocumentKind.STOCKTAKE,
        "sku": A,
        "warehouse": MAIN,
        "units": n,
        "at": backend.clock.now,
    }
    return StockDifference(**facts | changes)


def test_differences_are_open_until_nothing_is_left_of_them(backend):
    older, newer = a_difference(backend), a_difference(backend, at=backend.clock.forward(hours=1))
    elsewhere = a_difference(backend, warehouse=EAST)
    for difference in (newer, older, elsewhere):
        transact(backend, lambda tx, difference=difference: tx.stock.open_difference(difference))

    transact(backend, lambda tx: tx.stock.settle(evolve(older, units=1), units=2))
    transact(backend, lambda tx: tx.stock.settle(evolve(newer, units=0), units=3))

    with backend.open(ROOT) as tx:
        assert tx.stock.differences(A, MAIN) == (evolve(older, units=1),)
        assert tx.stock.difference(older.id) == evolve(older, units=1)
        with pytest.raises(DifferenceNotOpen):
            tx.stock.difference(newer.id)
    assert backend.queries.stock_differences(ROOT, limit=5) == (evolve(older, units=1), elsewhere)


def test_a_difference_that_somebody_else_has_settled_is_not_settled_again(backend):
    difference = a_difference(backend)
    transact(backend, lambda tx: tx.stock.open_difference(difference))
    transact(backend, lambda tx: tx.stock.settle(evolve(difference, units=1), units=2))

    with pytest.raises(StockMoved):
        transact(backend, lambda tx: tx.stock.settle(evolve(difference, units=0), units=3))


# --- one statement or several ----------------------------------------------------------------------------------------


def test_several_rows_are_moved_all_or_none(backend):
    """Nothing else is written, so that PostgreSQL does it in one statement."""
    for sku in ("A", "B", "C"):
        receive(backend, sku, 2)
    shop = store(backend, a_new_shop(backend))
    first, second, third = (
        store(
            backend, an_order(backend, shop, lines=tuple(a_line(backend, sku=SkuCode(sku)) for sku in ("C", "A", "B")))
        )
        for _ in range(3)
    )

    def hold(order, **wanted):
        rows = [
            Reservation(order_id=order.id, line_id=line.id, sku=line.sku, warehouse=MAIN, quantity=wanted[line.sku])
            for line in order.lines
        ]
        transact(backend, lambda tx: tx.stock.reserve(order.id, rows))

    hold(first, A=1, B=1, C=1)
    for wanted in ({"A": 2, "B": 1, "C": 1}, {"A": 1, "B": 2, "C": 1}, {"A": 1, "B": 1, "C": 2}):
        with pytest.raises(StockMoved):
            hold(second, **wanted)
    hold(third, A=1, B=1, C=1)

    assert [units(backend, sku) for sku in ("A", "B", "C")] == [(2, 2)] * 3
    assert drifts(backend) == ()
