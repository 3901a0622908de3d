"""An ask over several orders: every unit in one of them, every fen in one of the parts."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.aftersales.spread import PartOfAsk, cases_of, shared, spread
from oms_domain.aftersales.states import CaseMove
from oms_domain.aftersales.values import Closing
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.aftersales import CASE, NEXT_CASE, REFUND_NO, a_case, a_standard_ask
from oms_domain.testing.builders import NOW, a_sales_order, an_id, an_order_line

ONE, TWO = (a_sales_order(id=an_id(60 + n), lines=(an_order_line(quantity=1 + n),)) for n in range(2))


def an_ask_for(units):
    ask = a_standard_ask()
    return evolve(ask, lines=(evolve(ask.lines[0], quantity=Quantity(units)),))


@pytest.mark.parametrize(("units", "first", "second"), [(2, 1, 1), (3, 1, 2)])
def test_units_go_to_the_orders_in_their_order(units, first, second):
    ask = an_ask_for(units)

    assert spread(ask, (ONE, TWO)) == (
        PartOfAsk(ONE, an_ask_for(first).lines),
        PartOfAsk(TWO, an_ask_for(second).lines),
    )


def test_no_order_gives_more_than_it_has_room_for():
    room = {ONE.id: 0, TWO.id: 2}

    assert spread(an_ask_for(2), (ONE, TWO), room=lambda order, line_no: room[order.id]) == ()  # one has it all
    assert spread(an_ask_for(2), (ONE, TWO), room=lambda order, line_no: 1) == (
        PartOfAsk(ONE, an_ask_for(1).lines),
        PartOfAsk(TWO, an_ask_for(1).lines),
    )


@pytest.mark.parametrize("orders", [(TWO, ONE), (TWO,), ()])
def test_what_one_order_has_is_no_ask_in_parts_nor_is_what_all_have_not(orders):
    assert spread(an_ask_for(2), orders) == ()
    assert spread(an_ask_for(4), orders) == ()


@given(fen=st.integers(0, 10**6), weights=st.lists(st.integers(0, 10**6), min_size=2, max_size=5))
def test_the_parts_add_up_to_the_amount_and_what_was_shared_is_shared_so_again(fen, weights):
    parts = shared(Money(fen), weights)

    assert sum(parts, Money(0)) == Money(fen)
    if fen:
        assert shared(Money(fen), [part.fen for part in parts]) == parts


def test_the_cases_of_an_ask_are_those_that_stand_the_leading_one_first():
    changed = Closing(how=CaseMove.CHANGE_KIND, reason="", by="platform")
    facts = {"platform_refund_no": REFUND_NO}
    lead = a_case(id=NEXT_CASE, opened_at=NOW + timedelta(hours=1), **facts)
    other = a_case(id=CASE, closing=evolve(changed, how=CaseMove.REJECT), **facts)
    gone = a_case(id=an_id(70), closing=changed, **facts)
    another = a_case(id=an_id(71), platform_refund_no="9")

    assert cases_of([other, gone, another, lead], REFUND_NO, lead.id) == (lead, other)
