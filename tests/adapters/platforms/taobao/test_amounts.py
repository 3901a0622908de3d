"""The platform's amount identities: any single change in a recorded trade is noticed."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from oms_adapters.platforms.taobao.translate import translate
from oms_domain.channels.standard import AmountMismatch
from oms_domain.kernel.money import Money, parse_money, print_money

PAYLOADS = Path(__file__).parents[3] / "payloads" / "taobao"
NAMES = ("trade_fullinfo", "trade_single", "trade_presale")
SAMPLES = {name: json.loads((PAYLOADS / f"taobao_{name}.json").read_bytes()) for name in NAMES}
TRADE_AMOUNTS = ("payment", "total_fee", "discount_fee", "post_fee")
LINE_AMOUNTS = (
    "price",
    "num",
    "total_fee",
    "discount_fee",
    "adjust_fee",
    "part_mjz_discount",
    "divide_order_fee",
    "payment",
)


def a_trade(sample="trade_fullinfo", **changes):
    copied = json.loads(json.dumps(SAMPLES[sample]))["trade_fullinfo_get_response"]["trade"]
    return copied | changes


def lines(trade):
    return trade["orders"]["order"]


def mismatches(trade):
    return translate(json.dumps(trade).encode()).mismatches


def moved(value, by):
    return value + by if isinstance(value, int) else print_money(parse_money(value) + Money(by))


def single_changes():
    for sample in SAMPLES:
        trade = a_trade(sample)
        places = [(None, trade, TRADE_AMOUNTS), *((at, line, LINE_AMOUNTS) for at, line in enumerate(lines(trade)))]
        for at, values, names in places:
            for name, by in product(names, (1, -1)):
                if by > 0 or name == "adjust_fee" or values[name] not in ("0.00", 1):  # what cannot be lower
                    yield sample, at, name, by


@pytest.mark.parametrize(("sample", "line", "name", "by"), list(single_changes()))
def test_any_single_amount_off_by_one_is_noticed(sample, line, name, by):
    trade = a_trade(sample)
    changed = trade if line is None else lines(trade)[line]
    changed[name] = moved(changed[name], by)

    assert mismatches(trade)


@pytest.mark.parametrize("sample", SAMPLES)
def test_recorded_trades_hold_every_identity(sample):
    assert mismatches(a_trade(sample)) == ()


def test_a_mismatch_names_the_rule_the_line_and_both_sums():
    trade = a_trade()
    lines(trade)[1]["total_fee"] = "260.01"

    assert mismatches(trade) == (
        AmountMismatch(rule="T1", line_no="9100000000000000012", stated=Money(260_01), computed=Money(260_00)),
        AmountMismatch(rule="T2", line_no="9100000000000000012", stated=Money(226_34), computed=Money(226_35)),
        AmountMismatch(rule="T3", line_no="9100000000000000012", stated=Money(260_00), computed=Money(260_01)),
    )


def test_the_sums_of_a_trade_are_named_without_a_line():
    trade = a_trade(payment="548.01", total_fee="726.00", discount_fee="79.00", adjust_fee="-1.00")

    assert mismatches(trade) == (
        AmountMismatch(rule="T5", stated=Money(726_00), computed=Money(726_70)),
        AmountMismatch(rule="T6", stated=Money(79_00), computed=Money(80_00)),
        AmountMismatch(rule="T7", stated=Money(548_01), computed=Money(548_00)),
        AmountMismatch(rule="T8", stated=Money(-1_00), computed=Money(0)),
    )


def test_the_only_line_pays_what_the_trade_pays():
    trade = a_trade("trade_single")
    lines(trade)[0]["payment"] = "142.99"

    assert mismatches(trade) == (
        AmountMismatch(rule="T4", line_no="9100000000000000020", stated=Money(142_99), computed=Money(143_00)),
    )


def test_the_only_lines_adjustment_may_be_repeated_on_the_trade():
    trade = a_trade("trade_single", adjust_fee="-3.00", payment="140.00")
    lines(trade)[0] |= {
        "adjust_fee": "-3.00", "total_fee": "137.00", "divide_order_fee": "132.00", "payment": "140.00",
    }  # fmt: skip

    assert mismatches(trade) == ()


def test_before_payment_a_line_carries_what_its_discounts_leave():
    trade = a_trade(status="WAIT_BUYER_PAY")
    for line in lines(trade):
        del line["divide_order_fee"]

    translation = translate(json.dumps(trade).encode())

    assert [line.payable for line in translation.order.lines] == [Money(311_66), Money(226_34), Money(0)]
    assert translation.mismatches == ()


def test_a_discount_above_the_line_is_a_mismatch_and_never_a_negative_amount():
    trade = a_trade("trade_single")
    line = lines(trade)[0]
    line["part_mjz_discount"] = "140.01"
    del line["divide_order_fee"]

    translation = translate(json.dumps(trade).encode())

    assert translation.order.lines[0].payable == Money(0)
    assert translation.mismatches[0] == AmountMismatch(
        rule="T2", line_no="9100000000000000020", stated=Money(0), computed=Money(-1)
    )


def test_after_a_refund_the_lines_payment_is_not_checked_because_the_platform_sets_it_to_nothing():
    trade = a_trade()
    lines(trade)[0] |= {"refund_status": "SUCCESS", "status": "TRADE_CLOSED", "payment": "0.00"}

    assert mismatches(trade) == ()


def test_a_sub_order_closed_before_payment_counts_in_no_sum_of_a_living_trade():
    trade = a_trade(payment="236.34", total_fee="328.70", discount_fee="33.66")
    lines(trade)[0] |= {"status": "TRADE_CLOSED_BY_TAOBAO", "payment": "0.00"}

    assert mismatches(trade) == ()


def test_a_trade_closed_before_payment_keeps_its_sums():
    trade = a_trade(status="TRADE_CLOSED_BY_TAOBAO")
    for line in lines(trade):
        line["status"] = "TRADE_CLOSED_BY_TAOBAO"

    assert mismatches(trade) == ()


def test_the_buyers_cash_on_delivery_fee_is_in_the_total():
    trade = a_trade(type="cod", buyer_cod_fee="5.00", payment="553.00")

    translation = translate(json.dumps(trade).encode())

    assert (translation.order.cod_fee, translation.mismatches) == (Money(5_00), ())


def test_services_and_freight_insurance_are_in_the_total_and_not_on_the_lines():
    services = [{"oid": 1, "payment": "30.00", "total_fee": "35.00"}, {"oid": 2, "total_fee": "4.00"}]
    trade = a_trade(service_orders={"service_order": services}, has_yfx=True, yfx_fee="1.50", payment="583.50")

    translation = translate(json.dumps(trade).encode())

    assert (translation.order.services, translation.mismatches) == (Money(35_50), ())


def test_freight_insurance_that_was_not_taken_counts_nothing():
    assert mismatches(a_trade(has_yfx=False, yfx_fee="1.50")) == ()


def test_the_bonus_of_a_shopping_gold_card_lowers_what_a_line_carries():
    trade = a_trade(payment="546.00")
    lines(trade)[0] |= {"expand_card_expand_price_used_suborder": "2.00", "divide_order_fee": "309.66"}

    translation = translate(json.dumps(trade).encode())

    line = translation.order.lines[0]
    assert (line.order_discount, line.payable, translation.mismatches) == (Money(48_34), Money(309_66), ())


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_line_and_the_order_add_up(sample):
    order = translate(json.dumps(a_trade(sample)).encode()).order

    for line in order.lines:
        goods = line.unit_price * line.quantity + line.adjustment
        assert goods - line.line_discount - line.order_discount == line.payable
    carried = sum((line.payable for line in order.lines), order.freight + order.services + order.cod_fee)
    assert carried == order.payable
