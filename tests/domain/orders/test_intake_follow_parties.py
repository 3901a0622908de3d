"""Following a platform order: who gets it, what is remarked, and which flags stand as long as the platform says so."""

from datetime import timedelta

import pytest
from attrs import evolve

from oms_domain.channels.standard import LineRefund, PlatformState, Region
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import VaultId
from oms_domain.orders import events as e
from oms_domain.orders.flags import Flag, FlagKind
from oms_domain.orders.intake import NEW_ADDRESS, PLATFORM_HOLD, REFUND_ASKED, REVIEWED, follow
from oms_domain.orders.states import BEFORE_WAREHOUSE, OrderState
from oms_domain.testing.builders import (
    BUYER,
    NOW,
    ORDER,
    RECEIVER,
    REGION,
    a_platform_order,
    a_sales_order,
    a_standard_line,
    a_standard_order,
    an_id,
)

P, S = PlatformState, OrderState
LATER = NOW + timedelta(hours=1)
HOLD = Flag(kind=FlagKind.HELD, reason="等买家改地址", by="kefu-1", at=NOW)


def following(order, standard, **parties):
    return follow(order, a_platform_order(standard=standard, **parties), at=LATER)


def facts(state):
    return {"order_id": ORDER, "state": state, "at": LATER}


def flags_of(order):
    return [(flag.kind, flag.reason) for flag in order.flags]


def differences(change):
    return [event.what for event in change.events if isinstance(event, e.OrderDiffers)]


def before_line(line_no):
    return next(line for line in a_standard_order().lines if line.line_no == line_no)


def test_remarks_and_the_like_are_taken_over_in_any_state():
    for ours, theirs in ((S.AWAITING_CS_REVIEW, P.TO_SHIP), (S.IN_WAREHOUSE, P.TO_SHIP), (S.COMPLETED, P.FINISHED)):
        change = following(
            a_sales_order(state=ours), a_standard_order(state=theirs, seller_remark="送贺卡", seller_flag=1)
        )

        assert (change.state.seller_remark, change.state.seller_flag) == ("送贺卡", 1)
        assert change.events == (e.OrderRevised(what=("seller_flag", "seller_remark"), **facts(ours)),)


MOVED = {"receiver": evolve(RECEIVER, vault_id=VaultId(an_id(70)), digest="receiver-2")}
RENAMED = {"buyer": evolve(BUYER, vault_id=VaultId(an_id(71)), digest="buyer-2")}
FUTIAN = Region(province="广东省", city="深圳市", district="福田区")


@pytest.mark.parametrize("ours", sorted(BEFORE_WAREHOUSE - {S.AWAITING_PAYMENT}))
def test_before_the_warehouse_another_address_or_buyer_is_taken_over(ours):
    change = following(a_sales_order(state=ours), a_standard_order(region=FUTIAN), **MOVED, **RENAMED)

    assert (change.state.receiver, change.state.region, change.state.buyer) == (
        MOVED["receiver"],
        FUTIAN,
        RENAMED["buyer"],
    )
    reviewed = ours in REVIEWED
    back = (e.OrderUnreviewed(previous=ours, reason=NEW_ADDRESS, **facts(S.AWAITING_CS_REVIEW)),) if reviewed else ()
    now = S.AWAITING_CS_REVIEW if reviewed else ours
    assert change.events == (*back, e.OrderRevised(what=("buyer", "receiver", "region"), **facts(now)))


def test_another_address_of_what_may_not_be_reviewed_again_is_taken_over_where_it_stands():
    waits = Flag(kind=FlagKind.CANCEL_PENDING, reason="不要了", by="kefu", at=NOW)
    order = a_sales_order(state=S.AWAITING_RELEASE, flags=(waits,))

    assert following(order, a_standard_order(region=FUTIAN), **MOVED).state.state is S.AWAITING_RELEASE


@pytest.mark.parametrize("ours", [S.IN_WAREHOUSE, S.PARTIALLY_SHIPPED, S.SHIPPED])
@pytest.mark.parametrize(("region", "parties"), [(REGION, MOVED), (FUTIAN, {})])
def test_another_address_for_what_is_on_its_way_is_for_a_person(ours, region, parties):
    change = following(a_sales_order(state=ours), a_standard_order(region=region), **parties)

    assert differences(change) == ["receiver"]
    assert change.state == a_sales_order(state=ours)


def test_an_address_that_the_platform_hides_when_all_is_over_is_no_discrepancy():
    order = a_sales_order(state=S.COMPLETED)

    change = following(order, a_standard_order(state=P.FINISHED, region=Region()), **MOVED, **RENAMED)

    assert change == Change(order)


def test_the_same_personal_data_sealed_again_change_nothing():
    again = {"receiver": evolve(RECEIVER, vault_id=VaultId(an_id(72)))}

    assert following(a_sales_order(), a_standard_order(), **again) == Change(a_sales_order())


def test_a_platforms_hold_is_set_and_lifted_by_the_platform_alone():
    order = a_sales_order(flags=(HOLD,))

    stopped = following(order, a_standard_order(state=P.PAID_ON_HOLD)).state
    again = following(stopped, a_standard_order(state=P.PAID_ON_HOLD))
    free = following(stopped, a_standard_order())

    assert flags_of(stopped) == [(FlagKind.HELD, "等买家改地址"), (FlagKind.INTERCEPTED, PLATFORM_HOLD)]
    assert again == Change(stopped)
    assert free.state.flags == (HOLD,)
    assert free.events == (e.OrderUnflagged(kind="intercepted", reason=PLATFORM_HOLD, **facts(S.AWAITING_CS_REVIEW)),)


def test_an_interception_of_a_rule_stays_when_the_platform_lifts_its_own():
    rule = Flag(kind=FlagKind.INTERCEPTED, reason="黑名单", by="rule-7", at=NOW)
    stopped = following(a_sales_order(flags=(rule,)), a_standard_order(state=P.PAID_ON_HOLD)).state

    assert following(stopped, a_standard_order()).state.flags == (rule,)


@pytest.mark.parametrize(
    ("after", "left"),
    [
        (LineRefund.OPEN, [(FlagKind.IN_AFTERSALES, REFUND_ASKED)]),
        (LineRefund.REFUSED, []),
        (LineRefund.CLOSED, []),
        (LineRefund.SUCCEEDED, []),
        (LineRefund.NONE, []),
    ],
)
def test_the_mark_of_aftersales_stands_as_long_as_the_buyer_asks(after, left):
    asked = a_standard_order(lines=(a_standard_line(refund=LineRefund.OPEN), before_line("1002")))
    order = following(a_sales_order(), asked).state

    answered = a_standard_order(lines=(a_standard_line(refund=after), before_line("1002")))

    assert flags_of(order) == [(FlagKind.IN_AFTERSALES, REFUND_ASKED)]
    assert flags_of(following(order, answered).state) == left


def test_an_order_that_is_over_is_not_intercepted_any_more():
    change = following(a_sales_order(state=S.CANCELLED), a_standard_order(state=P.PAID_ON_HOLD))

    assert change.state.flags == ()
