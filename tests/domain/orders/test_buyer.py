"""What the buyer sees: one state for several of ours, and none for an order that others go on for."""

import pytest
from attrs import evolve

from oms_domain.kernel.identity import OrderId
from oms_domain.orders.buyer import BUYER_SEES, BuyerState, buyer_state
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import a_sales_order, an_id

B = BuyerState


def test_every_state_has_its_word_but_those_that_others_go_on_for():
    assert BUYER_SEES.keys() == set(S)
    assert {state for state, seen in BUYER_SEES.items() if seen is None} == {S.SPLIT, S.MERGED}
    assert set(BUYER_SEES.values()) - {None} == set(B)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (S.AWAITING_PAYMENT, B.TO_PAY),
        (S.BACKORDERED, B.TO_SHIP),
        (S.IN_WAREHOUSE, B.TO_SHIP),
        (S.PARTIALLY_SHIPPED, B.TO_RECEIVE),
        (S.RETURNING, B.TO_RECEIVE),
        (S.SIGNED, B.TO_RECEIVE),
        (S.COMPLETED, B.SUCCEEDED),
        (S.CLOSED, B.CLOSED),
    ],
)
def test_a_buyer_sees_fewer_states(ours, theirs):
    order = a_sales_order(state=ours)

    assert buyer_state(order) is theirs
    assert buyer_state(order, cancelled_as_closed=True) is theirs


def test_a_shop_may_show_both_ends_as_one():
    order = a_sales_order(state=S.CANCELLED)

    assert buyer_state(order) is B.CANCELLED
    assert buyer_state(order, cancelled_as_closed=True) is B.CLOSED


@pytest.mark.parametrize("ours", [S.SPLIT, S.MERGED, S.CANCELLED])
def test_of_an_order_that_others_go_on_for_they_are_what_the_buyer_sees(ours):
    replaced = evolve(a_sales_order(state=ours), heirs=(OrderId(an_id(9)),))

    assert buyer_state(replaced, cancelled_as_closed=True) is None
