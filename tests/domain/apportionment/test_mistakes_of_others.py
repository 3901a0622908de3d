"""What went wrong elsewhere, each as a test: the name says what happened there, and in which system."""

import pytest

from oms_domain.apportionment import ASCENDING_REST, LAST_TAKES_REST, Rest, allocate, family
from oms_domain.apportionment.parts import merge, refund, refundable, split, whole_order
from oms_domain.apportionment.policy import ApportionmentPolicy
from oms_domain.apportionment.units import UnitsGone, of_units, whole_line
from oms_domain.apportionment.waterfall import Discount, PricedLine, PricedOrder, Tender, apportion
from oms_domain.channels.standard import Funder

RULES = [rule for rule in family() if rule.rest is not Rest.APART]


def line(key, goods_fen, units=1, **more):
    return PricedLine(key=key, units=units, goods_fen=goods_fen, **more)


def off(amount_fen, *lines, id="c", kind="coupon", **more):
    return Discount(id=id, kind=kind, amount_fen=amount_fen, lines=lines or None, **more)


def card(amount_fen):
    return Tender(id="card", kind="gift_card", amount_fen=amount_fen)


def order(*lines, **more):
    return PricedOrder(lines=lines, **more)


def goods_of(result, id="c"):
    return next(placed.goods for placed in result.steps if placed.step.id == id)


# --- rounding and discount shares ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_saleor_17024_a_cent_was_missing_when_an_order_discount_was_spread_on_lines(rule):
    lines = [line(str(at), 333) for at in range(3)]

    result = apportion(order(*lines, discounts=(off(100),)), ApportionmentPolicy(rule=rule))

    assert sum(goods_of(result)) == 100
    assert sum(result.cash) == 899


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_sylius_7191_a_line_that_costs_0_made_the_discount_wrong(rule):
    result = apportion(
        order(line("a", 0), line("b", 500), line("c", 0), discounts=(off(100),)), ApportionmentPolicy(rule=rule)
    )

    assert goods_of(result) == (0, 100, 0)


def test_sylius_13371_an_order_and_a_product_promotion_together_lost_a_part_of_the_discount():
    both = order(line("a", 1000), line("b", 1000), discounts=(off(100, "a", kind="line"), off(7, id="d")))

    result = apportion(both)

    assert (sum(goods_of(result)), sum(goods_of(result, "d"))) == (100, 7)
    assert sum(result.cash) == 2000 - 107


def test_sylius_8902_an_amount_by_the_unit_was_a_cent_too_much():
    assert sum(of_units(1000, 3, at, at + 1) for at in range(3)) == 1000


def test_solidus_2741_two_promotions_made_the_order_total_negative():
    result = apportion(order(line("a", 1000), discounts=(off(800), off(800, id="d"))))

    assert (result.cash, result.unused) == ((0,), (("d", 600),))


def test_mall_356_a_coupon_of_10_over_three_equal_lines_summed_to_9_99():
    result = apportion(order(*(line(str(at), 1000) for at in range(3)), discounts=(off(1000),)))

    assert goods_of(result) == (334, 333, 333)


def test_mall_1002_a_coupon_above_the_order_stored_a_negative_amount_to_pay():
    result = apportion(order(line("a", 300), line("b", 200), discounts=(off(900),)))

    assert (result.cash, result.unused) == ((0, 0), (("c", 400),))


def test_erpnext_58042_the_rounding_difference_was_applied_with_the_wrong_sign():
    rounded_up = allocate(2, (1, 1, 1, 1), LAST_TAKES_REST)  # each half a fen, rounded up: two too many

    assert (rounded_up, sum(rounded_up)) == ((1, 1, 0, 0), 2)


def test_erpnext_46720_the_difference_was_dumped_on_the_last_line_only():
    result = apportion(order(*(line(str(at), 1) for at in range(10)), discounts=(off(5),)))

    assert max(goods_of(result)) == 1


def test_erpnext_56436_a_fixed_discount_of_a_partly_fulfilled_order_was_used_up_by_the_first_documents():
    whole = whole_order(apportion(order(line("a", 900, units=3), line("b", 600, units=2), discounts=(off(500),))))

    first, second, third = split(whole, [{"a": ((0, 1),)}, {"a": ((1, 3),), "b": ((0, 1),)}])

    assert [dict(part.taken())["c"] for part in (first, second, third)] == [100, 300, 100]


def test_odoo_156897_and_271032_a_discount_of_100_percent_left_a_cent():
    result = apportion(order(line("a", 333, units=7), line("b", 3334, units=3), discounts=(off(3667),)))

    assert result.cash == (0, 0)
    for part in result.parts():
        assert all(part.cut(((at, at + 1),))[0].cash == 0 for at in range(part.units))


def test_oca_4557_a_cent_of_discount_was_taken_although_none_was_given():
    result = apportion(order(line("a", 999, units=7), line("b", 1), discounts=(off(0),)))

    assert (goods_of(result), result.cash) == ((0, 0), (999, 1))


def test_shopware_11611_what_goes_with_a_promotion_of_100_percent_differed_from_the_sum_of_the_lines():
    result = apportion(order(line("a", 101), line("b", 202), line("c", 303), discounts=(off(606),)))

    assert goods_of(result) == (101, 202, 303)


def test_woocommerce_46631_a_fixed_coupon_was_split_by_pieces_instead_of_by_price():
    result = apportion(order(line("a", 900, units=1), line("b", 100, units=9), discounts=(off(100),)))

    assert goods_of(result) == (90, 10)


# --- refunds that follow from the shares -----------------------------------------------------------------------------

PLACED = whole_order(
    apportion(
        order(
            line("a", 1000, units=3),
            line("b", 500),
            discounts=(off(200), off(50, id="ship", kind="freight_coupon")),
            tenders=(card(400),),
            freight_fen=150,
        )
    )
)


def test_solidus_512_refunding_one_item_ignored_its_part_of_the_order_discount():
    given = refundable(PLACED.steps, PLACED.lines[1], ((0, 1),))

    assert given.total == 500 - 67


def test_spree_14467_refund_lines_rounded_one_by_one_exceeded_the_amount():
    given, rest = [], PLACED.lines[0]
    for number in (1, 2, 0):
        back, rest = refund(PLACED.steps, rest, ((number, number + 1),))
        given.append(back.total)

    assert sum(given) == refundable(PLACED.steps, PLACED.lines[0], ((0, 3),)).total


def test_spree_14678_three_were_returned_two_received_and_three_refunded():
    _, rest = refund(PLACED.steps, PLACED.lines[0], ((0, 2),))

    with pytest.raises(UnitsGone):
        refund(PLACED.steps, rest, ((0, 3),))


def test_medusa_15885_the_refundable_total_counted_the_discount_twice():
    assert sum(refundable(PLACED.steps, part, ((0, part.units),)).total for part in PLACED.lines) == 1500 - 200


def test_medusa_13066_freight_could_not_be_refunded():
    given = [refundable(PLACED.steps, part, ((0, part.units),), with_freight=True).total for part in PLACED.lines]

    assert sum(given) == 1500 - 200 + 150 - 50


def test_vendure_2393_a_refund_ignored_promotions_and_was_above_what_was_paid():
    given = [refundable(PLACED.steps, part, ((0, part.units),), with_freight=True).total for part in PLACED.lines]

    assert sum(given) == PLACED.cash + 400


def test_vendure_4811_the_discount_of_a_cancelled_line_jumped_to_the_lines_that_were_kept():
    cancelled, kept = split(PLACED, [{"b": ((0, 1),)}])

    assert (dict(cancelled.taken())["c"], dict(kept.taken())["c"]) == (67, 133)
    assert kept.lines == (PLACED.lines[0],)


def test_vendure_3098_the_discount_was_off_after_the_quantity_was_lowered():
    fewer, gone = split(PLACED, [{"a": ((0, 2),), "b": ((0, 1),)}])

    assert dict(fewer.taken())["c"] + dict(gone.taken())["c"] == 200
    assert fewer.goods == 1500 - 333


def test_refund_plugin_110_a_freight_refund_missed_the_freight_promotion():
    goods = sum(refundable(PLACED.steps, part, ((0, part.units),)).total for part in PLACED.lines)
    both = sum(refundable(PLACED.steps, part, ((0, part.units),), with_freight=True).total for part in PLACED.lines)

    assert both - goods == 150 - 50


def test_magento_2385_a_second_partial_refund_was_refused_once_freight_was_refunded():
    first, rest = refund(PLACED.steps, PLACED.lines[0], ((0, 1),), with_freight=True)
    second, _ = refund(PLACED.steps, rest, ((1, 3),))

    assert first.total > 0
    assert second.total == refundable(PLACED.steps, PLACED.lines[0], ((1, 3),)).total


def test_openmage_4396_partial_refunds_with_a_discount_gave_back_less_than_was_paid():
    line_a, given = PLACED.lines[0], 0
    for number in range(3):
        back, line_a = refund(PLACED.steps, line_a, ((number, number + 1),), with_freight=True)
        given += back.total

    tendered = PLACED.lines[0].taken[-1] + PLACED.lines[0].freight_taken[-1]
    assert given == PLACED.lines[0].cash + tendered


def test_prestashop_42502_a_partial_refund_took_back_the_whole_voucher():
    given = refundable(PLACED.steps, PLACED.lines[0], ((0, 1),))

    assert given.tenders == (("card", 89),)
    assert given.cash + 89 == 334 - 45


def test_woocommerce_64668_the_sum_of_rounded_lines_was_above_the_order_and_the_gateway_refused():
    thirds = apportion(order(*(line(str(at), 3333, units=7) for at in range(9)), discounts=(off(1000),)))

    assert sum(thirds.cash) == 9 * 3333 - 1000


# --- traps of more than one ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_last_line_takes_the_rest_and_ends_below_0_or_above_what_it_costs(rule):
    for prices, amount in (((1, 1, 1, 1), 2), ((2, 2, 2, 1), 5), ((3, 3, 3, 3, 1), 3)):
        lines = [line(str(at), price) for at, price in enumerate(prices)]
        result = apportion(order(*lines, discounts=(off(amount),)), ApportionmentPolicy(rule=rule))
        assert all(0 <= share <= price for share, price in zip(goods_of(result), prices, strict=True))


@pytest.mark.parametrize("rule", family(), ids=str)
def test_the_rest_went_to_a_line_of_weight_0(rule):
    for weights in ((0, 1, 1, 1), (1, 1, 1, 0), (0, 3, 7, 0)):
        shares = allocate(10, weights, rule)
        assert all(not share for share, weight in zip(shares, weights, strict=False) if not weight)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_all_shares_were_rounded_to_0_and_the_amount_was_lost(rule):
    assert sum(allocate(1, (1,) * 7, rule)) == 1


def test_a_rounded_ratio_was_multiplied_instead_of_the_exact_one():
    third = allocate(10**15, (1, 2))  # 0.3333 of it is 33 billion short

    assert third == (333_333_333_333_333, 666_666_666_666_667)


def test_a_float_lost_the_last_digits_of_a_large_amount():
    assert allocate(9_007_199_254_740_993, (1,)) == (9_007_199_254_740_993,)


def test_the_price_of_a_unit_was_rounded_and_multiplied_again_on_refund():
    whole = whole_line("a", 3, (1000,))

    assert sum(whole.cut(((at, at + 1),))[0].cash for at in range(3)) == 1000 != 3 * 333


def test_magento_mall4j_and_mall_maps_by_sku_overwrote_one_of_two_lines_with_the_same_sku():
    result = apportion(order(line("1", 100, title="SCARF"), line("2", 300, title="SCARF"), discounts=(off(100),)))

    assert goods_of(result) == (25, 75)


def test_the_promotion_engine_ran_again_after_a_cancel():
    parts = split(PLACED, [{"a": ((0, 1),)}])
    again = [piece for part in parts for piece in split(part, [{"a": part.lines[0].first(1)}])]

    assert merge(again, order=["a", "b"]) == PLACED


def test_who_pays_a_discount_was_forgotten_by_all_of_them_on_the_way_to_the_refund():
    shop, platform = off(100, funder=Funder.SHOP), off(50, id="d", funder=Funder.PLATFORM)
    whole = whole_order(apportion(order(line("a", 1000, units=2), discounts=(shop, platform))))

    half, _ = split(whole, [{"a": ((0, 1),)}])

    assert [(step.funder, taken) for step, (_, taken) in zip(half.steps, half.taken(), strict=True)] == [
        (Funder.SHOP, 50),
        (Funder.PLATFORM, 25),
    ]


def test_jd_s_rule_written_naively_gave_a_line_less_than_nothing():
    assert allocate(2, (1, 1, 1, 1), ASCENDING_REST) == (1, 1, 0, 0)
