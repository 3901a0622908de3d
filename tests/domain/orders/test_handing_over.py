"""Virtual goods while whoever delivers them has been asked to: nobody calls the order off, and a refusal is shown."""

from datetime import timedelta

import pytest

from oms_domain.channels.standard import OrderKind
from oms_domain.orders.asks import Ask
from oms_domain.orders.delivering import NOT_GIVEN, hand_over, hands_over, not_given
from oms_domain.orders.moves import HANDING_OVER, BeingGiven, NeedsAWarehouse, check, obstacle
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import NOW, a_sales_order

LATER = NOW + timedelta(hours=1)


def a_course(**changes):
    return a_sales_order(**{"state": S.AWAITING_RELEASE, "kind": OrderKind.VIRTUAL, "progress": ""} | changes)


@pytest.mark.parametrize("ask", [Ask.CANCEL, Ask.UNREVIEW])
def test_while_it_is_being_given_nobody_calls_it_off(ask):
    asked = hands_over(a_course(), at=LATER).state

    assert asked.progress == HANDING_OVER
    assert isinstance(obstacle(asked, ask), BeingGiven)
    assert obstacle(a_course(), ask) is None


def test_the_answer_signs_it_and_it_is_asked_for_once():
    asked = hands_over(a_course(), at=LATER).state

    assert hands_over(asked, at=LATER).events == ()
    signed = hand_over(asked, at=LATER).state
    assert (signed.state, signed.progress) == (S.SIGNED, "")


@pytest.mark.parametrize(("reason", "told"), [("课程已满", "课程已满"), ("  ", NOT_GIVEN)])
def test_what_would_not_be_given_is_shown_to_a_person_and_may_be_called_off(reason, told):
    asked = hands_over(a_course(), at=LATER).state

    refused = not_given(asked, reason, at=LATER).state

    assert [(flag.reason, flag.by) for flag in refused.flags] == [(told, "business_system")]
    check(refused, Ask.CANCEL)


def test_goods_of_a_warehouse_are_not_given_so():
    with pytest.raises(NeedsAWarehouse):
        hands_over(a_course(kind=OrderKind.NORMAL), at=LATER)
