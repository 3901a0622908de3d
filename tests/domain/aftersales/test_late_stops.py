"""The money went before anybody had stopped the goods: until that is decided, and what either answer leaves behind."""

from datetime import timedelta

import pytest

from oms_domain.aftersales.late_stops import (
    BEFORE_STOP,
    SHIPPED_AND_REFUNDED,
    awaits_stop,
    is_here,
    left_refunded,
    paid_too_early,
    stopped_late,
)
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.aftersales.values import Difference
from oms_domain.kernel.money import Money
from oms_domain.orders.states import OrderState
from oms_domain.testing.aftersales import a_case, a_granted_case
from oms_domain.testing.builders import NOW, a_sales_order, an_order_line

LATER = NOW + timedelta(hours=1)
K, S = CaseKind, CaseState


def paid(**changes):
    """A claim whose money went while the warehouse was asked."""
    case = a_granted_case(S.AWAITING_STOP, kind=K.REFUND_BEFORE_SHIPMENT, **changes)
    return case.refund_succeeded(Money(8900), at=NOW).state


def test_it_waits_until_the_goods_are_stopped_and_that_it_was_too_early_stays_to_be_seen():
    stopped = stopped_late(paid(), at=LATER).state

    assert (awaits_stop(paid()), awaits_stop(stopped)) == (True, False)
    assert [each.what for each in stopped.differences] == [BEFORE_STOP]


def test_goods_that_leave_all_the_same_are_a_discrepancy_of_their_own():
    left = left_refunded(paid(), "picked", at=LATER).state

    assert left.differences == (Difference(what=SHIPPED_AND_REFUNDED, theirs="89.00", ours="picked"),)
    assert not awaits_stop(left)
    assert not awaits_stop(left.settle_difference(SHIPPED_AND_REFUNDED, reason="已追回", at=LATER).state)


def test_a_person_may_decide_it_and_a_claim_that_is_open_or_was_stopped_in_time_does_not_wait():
    assert not awaits_stop(paid().settle_difference(BEFORE_STOP, reason="不追", at=LATER).state)
    assert not awaits_stop(paid(secured=True))
    assert not awaits_stop(a_case())


def test_money_for_goods_of_another_kind_of_claim_that_had_not_left_waits_alike():
    case = a_granted_case(S.AWAITING_REFUND, kind=K.REFUND_ONLY).refund_succeeded(Money(8900), at=NOW).state

    early = paid_too_early(case, "in_warehouse", at=LATER).state

    assert early.differences == (Difference(what=BEFORE_STOP, theirs="89.00", ours="in_warehouse"),)
    assert awaits_stop(early)


@pytest.mark.parametrize(
    ("state", "shipped", "here"),
    [
        (OrderState.IN_WAREHOUSE, 0, True),
        (OrderState.AWAITING_CS_REVIEW, 0, True),
        (OrderState.SHIPPED, 2, False),
        (OrderState.CANCELLED, 0, False),
        (OrderState.PARTIALLY_SHIPPED, 0, True),
        (OrderState.PARTIALLY_SHIPPED, 1, False),
    ],
)
def test_a_unit_is_here_until_it_has_left(state, shipped, here):
    order = a_sales_order(state=state, lines=(an_order_line(quantity=2, shipped=shipped),))

    assert is_here(a_case(), order) == here
