"""Flags: they stack, they end by themselves or by another, and each is in the way of what it says."""

from datetime import timedelta

import pytest

from oms_domain.kernel.errors import InvalidText
from oms_domain.orders import events as e
from oms_domain.orders.flags import BY_PLATFORM, EXPIRED, Flag, FlagKind, NotInTheFuture
from oms_domain.orders.states import OrderState
from oms_domain.testing.builders import NOW, ORDER, a_sales_order

S = OrderState
LATER = NOW + timedelta(hours=1)
TOMORROW = NOW + timedelta(days=1)
HOLD = Flag(kind=FlagKind.HELD, reason="等买家改地址", by="kefu-1", at=NOW, until=TOMORROW)
BOOKED = Flag(kind=FlagKind.NOT_BEFORE, reason="预约", by="kefu-1", at=NOW, until=TOMORROW)


def flagged(*flags):
    return a_sales_order(flags=flags)


def set_again(order, flag, **changes):
    facts = {"reason": flag.reason, "by": flag.by, "until": flag.until} | changes
    return order.flag(flag.kind, **facts, at=LATER)


def test_a_flag_has_reason_author_and_end():
    change = a_sales_order().flag(FlagKind.HELD, reason=HOLD.reason, by="kefu-1", until=TOMORROW, at=NOW)

    assert change.state == a_sales_order(flags=(HOLD,), updated_at=NOW)
    assert change.events == (
        e.OrderFlagged(order_id=ORDER, state=S.AWAITING_CS_REVIEW, kind=FlagKind.HELD, reason=HOLD.reason, at=NOW),
    )


def test_the_same_flag_again_is_none_but_with_another_end_it_takes_its_place():
    longer = TOMORROW + timedelta(days=1)

    assert set_again(flagged(HOLD), HOLD).events == ()
    (flag,) = set_again(flagged(HOLD), HOLD, until=longer).state.flags
    assert (flag.until, flag.at) == (longer, LATER)
    assert len(set_again(flagged(HOLD), HOLD, reason="缺色").state.flags) == 2


def test_there_is_one_time_that_it_may_not_leave_before():
    (flag,) = set_again(flagged(BOOKED), BOOKED, reason="买家改期").state.flags

    assert (flag.reason, flag.until) == ("买家改期", TOMORROW)
    assert set_again(flagged(BOOKED), BOOKED).events == ()


@pytest.mark.parametrize("reason", ["", " ", "\n\t"])
@pytest.mark.parametrize("kind", [FlagKind.HELD, FlagKind.INTERCEPTED])
def test_an_order_is_kept_from_the_warehouse_for_a_reason_only(kind, reason):
    with pytest.raises(InvalidText) as refusal:
        a_sales_order().flag(kind, reason=reason, by="kefu-1", at=NOW)

    assert refusal.value.fields() == {"field": "reason", "why": "empty"}


@pytest.mark.parametrize("until", [LATER, NOW])
def test_a_flag_cannot_be_set_until_a_time_that_is_over(until):
    with pytest.raises(NotInTheFuture) as refusal:
        a_sales_order().flag(FlagKind.HELD, reason="", by="x", until=until, at=LATER)

    assert refusal.value.fields() == {"field": "until", "until": until}


def test_what_is_over_is_lifted_and_the_rest_stays():
    forever = Flag(kind=FlagKind.INTERCEPTED, reason="黑名单", by="rule-7", at=NOW)
    order = flagged(HOLD, forever, BOOKED)

    early, due = order.lift_expired(at=LATER), order.lift_expired(at=TOMORROW)

    assert early.events == ()
    assert due.state.flags == (forever,)
    assert [(event.kind, event.reason) for event in due.events] == [("held", EXPIRED), ("not_before", EXPIRED)]


def test_who_has_asked_is_the_flags_author():
    asked = Flag(kind=FlagKind.CANCEL_PENDING, reason="platform", by=BY_PLATFORM, at=NOW)

    assert a_sales_order(state=S.IN_WAREHOUSE, flags=(HOLD, asked)).pending == asked
    assert flagged(HOLD).pending is None
