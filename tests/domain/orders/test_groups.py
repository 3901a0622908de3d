"""An order of a group: until when it waits, that it may go on, and that it is called off."""

from datetime import timedelta

import pytest

from oms_domain.orders.asks import Ask
from oms_domain.orders.flags import GROUP_FAILED, GROUP_OPEN, Flag, FlagKind, NotFlagged
from oms_domain.orders.groups import group_ends, group_fails, group_stands
from oms_domain.orders.moves import obstacle
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import NOW, a_sales_order

LATER = NOW + timedelta(hours=1)
OPEN = Flag(kind=FlagKind.HELD, reason=GROUP_OPEN, by="group", at=NOW, until=LATER)
HOLD = Flag(kind=FlagKind.HELD, reason="等买家", by="kefu-1", at=NOW)


def in_group(*flags):
    return a_sales_order(state=S.AWAITING_CS_REVIEW, flags=(OPEN, *flags))


def test_its_time_does_not_let_it_go_on_by_itself():
    order = in_group()

    assert (group_ends(order), group_ends(a_sales_order())) == (LATER, None)
    assert order.lift_expired(at=LATER).events == ()


def test_it_goes_on_when_the_group_stands_and_other_holds_stay():
    stands = group_stands(in_group(HOLD), reason="成团", at=LATER).state

    assert stands.flags == (HOLD,)
    with pytest.raises(NotFlagged):
        group_stands(stands, reason="", at=LATER)


def test_letting_go_what_a_person_holds_leaves_the_group_alone():
    assert isinstance(obstacle(in_group(), Ask.UNHOLD), NotFlagged)
    assert in_group(HOLD).unflag(FlagKind.HELD, reason="", at=LATER).state.flags == (OPEN,)


def test_a_group_that_fails_calls_it_off_and_its_money_is_due():
    order = in_group()

    (event,) = group_fails(order, at=LATER).events

    assert (event.state, event.reason, event.refund_due) == (S.CANCELLED, GROUP_FAILED, order.refundable)
