"""The standard order: what orders two messages about it, and the identities that its examples keep."""

from itertools import pairwise

import pytest
from hypothesis import given

from oms_domain.channels.capabilities import Capability, CapabilityMissing
from oms_domain.channels.standard import STATE_RANK, Buyer, PersonalData, PlatformState, Receiver
from oms_domain.kernel.money import Money, total
from oms_domain.testing.builders import NOW, a_presale, a_standard_line, a_standard_order, counts
from oms_domain.testing.strategies import standard_orders


def test_of_two_messages_of_one_second_the_one_further_along_is_newer():
    keys = [a_standard_order(state=state, modified_at=NOW).order_key for state in PlatformState]

    assert all(earlier < later for earlier, later in pairwise(keys))
    assert set(STATE_RANK) == set(PlatformState)


def test_a_message_modified_later_is_newer_whatever_its_state():
    finished = a_standard_order(state=PlatformState.FINISHED, modified_at=NOW.replace(second=1))
    unpaid = a_standard_order(state=PlatformState.UNPAID, modified_at=NOW.replace(second=2))

    assert unpaid.order_key > finished.order_key


@given(standard_orders())
def test_the_amounts_of_lines_and_order_add_up(order):
    for line in order.lines:
        goods = line.unit_price * line.quantity + line.adjustment
        assert line.payable == goods - line.line_discount - line.order_discount

    counted = total(line.payable for line in order.lines if counts(line, order.state))
    assert order.payable == counted + order.freight + order.services + order.cod_fee


def test_a_sub_order_closed_unpaid_in_a_trade_that_lives_is_in_none_of_its_sums():
    closed = a_standard_line(line_no="1003", state=PlatformState.CLOSED_UNPAID)

    assert a_standard_order(lines=(a_standard_line(), closed)).payable == a_standard_line().payable + Money(800)


def test_a_presale_has_its_deposit_paid_and_waits_for_the_balance():
    presale = a_presale()

    assert (presale.state, presale.paid, presale.paid_at) == (PlatformState.UNPAID, Money(5000), None)


def test_personal_data_do_not_show_where_they_are_printed():
    receiver = Receiver(name="测试员", mobile="10000000001", phone="010", street="示例路1号", zip="000000")
    buyer = Buyer(nick="测试", email="a@example.invalid", buyer_remark="打10000000001", seller_remark="熟客")

    shown = repr(PersonalData(receiver=receiver, buyer=buyer, raw=b"10000000001"))

    assert shown == "PersonalData(receiver=Receiver(), buyer=Buyer())"


def test_a_missing_capability_is_refused_with_its_name():
    with pytest.raises(CapabilityMissing) as refusal:
        raise CapabilityMissing(platform="taobao", capability=Capability.LIST_GOODS)

    assert refusal.value.fields() == {"platform": "taobao", "capability": Capability.LIST_GOODS}
