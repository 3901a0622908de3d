"""Each kind of case has one sound table; together they use every word."""

import pytest

from oms_domain.aftersales.returns import RETURN_ENDS, RETURN_ENTRIES, RETURN_TABLE, ReturnMove
from oms_domain.aftersales.states import (
    ASKS_GOODS_BACK,
    CASE_ENDS,
    CASE_ENTRIES,
    CASE_TABLES,
    GIVES_MONEY_BACK,
    OPEN,
    SENDS_GOODS,
    CaseKind,
    CaseMove,
    CaseState,
)
from oms_domain.aftersales.tickets import TICKET_ENTRIES, TICKET_TABLE, TicketMove
from oms_domain.kernel.states import check_table

S, M, K = CaseState, CaseMove, CaseKind

each_kind = pytest.mark.parametrize("kind", CaseKind)

WAYS = {
    K.REFUND_BEFORE_SHIPMENT: (S.AWAITING_REVIEW, S.AWAITING_STOP, S.AWAITING_REFUND, S.SUCCEEDED),
    K.REFUND_ONLY: (S.AWAITING_REVIEW, S.AWAITING_REFUND, S.SUCCEEDED),
    K.RETURN_AND_REFUND: (
        S.AWAITING_REVIEW,
        S.AWAITING_BUYER_RETURN,
        S.AWAITING_WAREHOUSE_RECEIPT,
        S.AWAITING_REFUND,
        S.SUCCEEDED,
    ),
    K.EXCHANGE: (
        S.AWAITING_REVIEW,
        S.AWAITING_BUYER_RETURN,
        S.AWAITING_WAREHOUSE_RECEIPT,
        S.AWAITING_EXCHANGE_SHIPMENT,
        S.SUCCEEDED,
    ),
    K.REISSUE: (S.AWAITING_REVIEW, S.AWAITING_EXCHANGE_SHIPMENT, S.SUCCEEDED),
    K.REPAIR: (
        S.AWAITING_REVIEW,
        S.AWAITING_BUYER_RETURN,
        S.AWAITING_WAREHOUSE_RECEIPT,
        S.AWAITING_EXCHANGE_SHIPMENT,
        S.SUCCEEDED,
    ),
    K.VIRTUAL_REFUND: (S.AWAITING_REVIEW, S.AWAITING_REVOCATION, S.AWAITING_REFUND, S.SUCCEEDED),
}
"""The ordinary way of each kind, from the design."""


@each_kind
def test_the_table_is_sound(kind):
    table = CASE_TABLES[kind]

    assert check_table(table, entries=CASE_ENTRIES, ends=CASE_ENDS, moves=(), states=table) == ()


def test_together_the_tables_use_every_state_and_every_move():
    assert {state for table in CASE_TABLES.values() for state in table} == set(S)
    assert {move for table in CASE_TABLES.values() for row in table.values() for move in row} == set(M)


@each_kind
def test_the_ordinary_way_of_a_kind_leads_from_state_to_state(kind):
    table = CASE_TABLES[kind]

    for before, after in zip(WAYS[kind], WAYS[kind][1:], strict=False):
        assert after in table[before].values(), f"{before} → {after}"


@each_kind
def test_money_that_has_moved_is_a_fact_in_every_state_but_the_end(kind):
    assert {state for state, row in CASE_TABLES[kind].items() if row.get(M.REFUND_SUCCEEDS) is not S.SUCCEEDED} == {
        S.SUCCEEDED
    }


@each_kind
def test_the_platform_decides_in_every_open_state(kind):
    for state in OPEN & CASE_TABLES[kind].keys():
        assert {M.PLATFORM_ORDERS_REFUND, M.PLATFORM_DISMISSES} <= CASE_TABLES[kind][state].keys()


def test_a_refund_before_shipment_never_passes_the_stop_without_its_answer():
    table = CASE_TABLES[K.REFUND_BEFORE_SHIPMENT]
    ways_to_the_money = {
        (state, move) for state, row in table.items() for move, target in row.items() if target is S.AWAITING_REFUND
    }

    assert ways_to_the_money == {
        (S.AWAITING_STOP, M.STOP),
        (S.AWAITING_REFUND, M.REFUND_FAILS),
        (S.AWAITING_REFUND, M.PLATFORM_ORDERS_REFUND),
    }


@each_kind
def test_time_alone_closes_only_what_waits_for_a_first_step(kind):
    closed = {state for state, row in CASE_TABLES[kind].items() if M.TIME_OUT in row}

    assert closed <= {S.AWAITING_REVIEW, S.AWAITING_BUYER_RETURN}


def test_kinds_are_what_their_tables_do():
    assert {kind for kind, table in CASE_TABLES.items() if S.AWAITING_BUYER_RETURN in table} == ASKS_GOODS_BACK
    assert {kind for kind, table in CASE_TABLES.items() if S.AWAITING_EXCHANGE_SHIPMENT in table} == SENDS_GOODS
    assert set(K) == GIVES_MONEY_BACK | SENDS_GOODS
    assert not GIVES_MONEY_BACK & SENDS_GOODS


def test_the_tables_of_goods_and_tickets_are_sound():
    assert check_table(RETURN_TABLE, entries=RETURN_ENTRIES, ends=RETURN_ENDS, moves=ReturnMove) == ()
    # A customer may write again: a ticket has no end, so that only this is found.
    assert set(check_table(TICKET_TABLE, entries=TICKET_ENTRIES, ends=(), moves=TicketMove)) == {
        "answered: no end can be reached",
        "done: no end can be reached",
        "open: no end can be reached",
    }
