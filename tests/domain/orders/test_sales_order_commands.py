"""Every command in every state: it leads where the table says, or is refused."""

from datetime import timedelta

import pytest
from attrs import fields
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.kernel.errors import MoveNotAllowed, Refused
from oms_domain.kernel.money import Money, total
from oms_domain.orders.delivering import deliver_again, lose, receive_return, refuse_delivery, reject
from oms_domain.orders.flags import FlagKind, OrderFlaggedNow
from oms_domain.orders.moves import CancelNeedsWarehouse, NotForAWarehouse, NothingToShip, StopPending
from oms_domain.orders.sales_order import AmountsDoNotAddUp, SalesOrder, ShipsMoreThanOrdered
from oms_domain.orders.states import BEFORE_WAREHOUSE, ENDS, ORDER_TABLE, OrderMove, OrderState
from oms_domain.orders.stopping import expire
from oms_domain.testing.builders import FULFILMENT, MAIN, NOW, PACKAGE, a_sales_order
from oms_domain.testing.strategies import sales_orders

S, M = OrderState, OrderMove
LATER = NOW + timedelta(hours=1)


def parcel(order, units):
    """The first ``units`` that are still to leave."""
    contents = []
    for line_id, _, to_ship in order.contents:
        taken = min(units, to_ship)
        units -= taken
        contents += [(line_id, taken)] if taken else []
    return tuple(contents)


def ship(order, units):
    return order.ship(PACKAGE, parcel(order, units), carrier="SF", tracking_no="SF1", at=LATER)


COMMANDS = {
    M.PAY: lambda o: o.pay(Money(100), paid_at=NOW, at=LATER),
    M.ALLOCATE: lambda o: o.allocate(MAIN, at=LATER),
    M.SHORTAGE: lambda o: o.fall_short((("SCARF-RED", 2),), at=LATER),
    M.RESTOCK: lambda o: o.restock(at=LATER),
    M.LOSE_STOCK: lambda o: o.lose_stock((("SCARF-RED", 2),), at=LATER),
    M.APPROVE: lambda o: o.approve(business_review=False, fulfilment_id=FULFILMENT, at=LATER),
    M.APPROVE_TO_BUSINESS: lambda o: o.approve(business_review=True, fulfilment_id=FULFILMENT, at=LATER),
    M.RELEASE: lambda o: o.release(at=LATER),
    M.WMS_REFUSE: lambda o: o.refused_by_warehouse("地址超区", at=LATER),
    M.SHIP_PART: lambda o: ship(o, 1),
    M.SHIP: lambda o: ship(o, 10**9),
    M.SHIP_OUTSIDE: lambda o: o.ship_outside(at=LATER),
    M.SIGN: lambda o: o.sign(at=LATER),
    M.COMPLETE: lambda o: o.complete(at=LATER),
    M.REFUND_ALL: lambda o: o.close(reason="全额退款", at=LATER),
    M.CANCEL: lambda o: o.cancel(reason="买家取消", at=LATER),
    M.EXPIRE: lambda o: expire(o, at=LATER),
    M.WMS_SHORT: lambda o: o.short_in_warehouse("缺货", number="F1", at=LATER),
    M.REJECT: lambda o: reject(o, reason="毛利过低", at=LATER),
    M.REFUSE_DELIVERY: lambda o: refuse_delivery(o, reason="拒收", at=LATER),
    M.DELIVER_AGAIN: lambda o: deliver_again(o, at=LATER),
    M.RECEIVE_RETURN: lambda o: receive_return(o, at=LATER),
    M.LOSE: lambda o: lose(o, reason="丢件", at=LATER),
}
"""One command for each move that needs nobody's answer; the others stand in test_stopping."""


def asked_move(state, move):
    """One command passes both reviews: which move it is depends on the state."""
    only_one_left = move is M.APPROVE_TO_BUSINESS and state is not S.AWAITING_CS_REVIEW
    return M.APPROVE if only_one_left else move


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("move", COMMANDS)
def test_a_command_leads_where_the_table_says_or_is_refused(state, move):
    units_left = 3 if state is S.PARTIALLY_SHIPPED and move is M.SHIP_PART else None
    order = a_sales_order(state=state) if units_left is None else with_units_left(state)
    move_asked = asked_move(state, move)
    needs_warehouse = state is S.IN_WAREHOUSE and move is M.CANCEL
    # A parcel without contents, of an order with nothing left to ship, is asked as the last one.
    refused_as = M.SHIP if move is M.SHIP_PART and not order.contents else move_asked

    if needs_warehouse:
        with pytest.raises(CancelNeedsWarehouse) as refusal:
            COMMANDS[move](order)
        assert refusal.value.fields() == {"state": S.IN_WAREHOUSE}
    elif move_asked in ORDER_TABLE[state]:
        change = COMMANDS[move](order)
        assert change.state.state is ORDER_TABLE[state][move_asked]
        assert [(event.order_id, event.state, event.at) for event in change.events] == [
            (order.id, change.state.state, LATER)
        ]
        assert change.state.updated_at == LATER
    else:
        with pytest.raises(MoveNotAllowed) as refusal:
            COMMANDS[move](order)
        assert refusal.value.fields() == {
            "state": state,
            "move": refused_as,
            "allowed": tuple(ORDER_TABLE[state]),
        }


def with_units_left(state):
    untouched = a_sales_order(state=S.IN_WAREHOUSE).lines
    return a_sales_order(state=state, lines=untouched)


@given(sales_orders(), st.lists(st.sampled_from(list(COMMANDS)), max_size=10))
def test_no_sequence_of_commands_changes_what_the_order_costs_or_leaves_an_end(order, moves):
    for move in moves:
        before = order
        try:
            order = COMMANDS[move](before).state
        except Refused:
            continue
        assert before.state not in ENDS
        assert order.state in set(ORDER_TABLE[before.state].values())
        assert (
            order.payable
            == before.payable
            == total(line.payable for line in order.lines) + (order.freight + order.services + order.cod_fee)
        )
        assert all(0 <= line.shipped <= line.quantity - line.called_off for line in order.lines)


@given(sales_orders(), st.sampled_from(list(COMMANDS)))
def test_only_a_refusal_stops_a_command_and_then_nothing_has_changed(order, move):
    before = SalesOrder(**{f.name: getattr(order, f.name) for f in fields(SalesOrder)})
    towards_warehouse = move in (M.APPROVE, M.APPROVE_TO_BUSINESS, M.RELEASE)

    try:
        change = COMMANDS[move](order)
    except (
        MoveNotAllowed,
        OrderFlaggedNow,
        NothingToShip,
        NotForAWarehouse,
        CancelNeedsWarehouse,
        ShipsMoreThanOrdered,
        StopPending,
    ):
        change = None

    if change is not None:
        assert change.events
        stopping = {flag.kind for flag in order.flags} - ({FlagKind.NOT_BEFORE} if move is not M.RELEASE else set())
        assert not (towards_warehouse and stopping)
        assert move is not M.CANCEL or order.state in BEFORE_WAREHOUSE
    assert order == before


@given(sales_orders(), st.integers(-100, 100).filter(bool))
def test_an_order_whose_amounts_do_not_add_up_cannot_be(order, off_fen):
    facts = {f.name: getattr(order, f.name) for f in fields(SalesOrder)}
    stated = order.payable + Money(off_fen)

    with pytest.raises(AmountsDoNotAddUp) as refusal:
        SalesOrder(**facts | {"payable": stated})

    assert refusal.value.fields() == {"field": "payable", "stated": stated, "computed": order.payable}


@given(sales_orders(), st.sampled_from(FlagKind))
def test_flags_of_a_kind_are_lifted_together_and_the_others_stay(order, kind):
    if not order.flagged(kind):
        return

    left = order.unflag(kind, reason="", at=LATER).state

    assert left.flags == tuple(flag for flag in order.flags if flag.kind is not kind)
    assert not left.flagged(kind)
