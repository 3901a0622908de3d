"""The life cycle of a sales order is one sound table."""

import pytest

from oms_domain.kernel.states import check_table
from oms_domain.orders.sales_order import may_begin_in
from oms_domain.orders.states import BEFORE_WAREHOUSE, ENDS, ENTRIES, HOLDS_STOCK, ORDER_TABLE, OrderMove, OrderState

S, M = OrderState, OrderMove


def test_the_table_is_sound():
    assert check_table(ORDER_TABLE, entries=ENTRIES, ends=ENDS, moves=OrderMove) == ()


def test_the_platform_may_show_it_shipped_in_any_state_before_the_warehouse():
    assert {state for state, row in ORDER_TABLE.items() if M.SHIP_OUTSIDE in row} == BEFORE_WAREHOUSE


def test_it_can_be_cancelled_until_the_first_parcel_leaves():
    assert {state for state, row in ORDER_TABLE.items() if M.CANCEL in row} == BEFORE_WAREHOUSE | {S.IN_WAREHOUSE}


def test_stock_is_held_from_allocation_to_the_last_parcel():
    reached_by_allocation = {row[M.ALLOCATE] for row in ORDER_TABLE.values() if M.ALLOCATE in row}

    assert reached_by_allocation <= HOLDS_STOCK
    assert not HOLDS_STOCK & (ENDS | ENTRIES)


def test_a_completed_order_may_still_be_refunded_and_nothing_else():
    assert ORDER_TABLE[S.COMPLETED] == {M.REFUND_ALL: S.CLOSED}


@pytest.mark.parametrize("state", S)
def test_an_order_is_born_waiting_or_already_under_way_without_us(state):
    assert may_begin_in(state) == (state in ENTRIES)
