"""What rules see of an order."""

import pytest
from attrs import evolve
from tests.domain.orders.rules.orders import QUIET, a_line, an_order

from oms_domain.kernel.money import Money
from oms_domain.orders.flags import Flag, FlagKind
from oms_domain.orders.rules.facts import LOWEST_MARGIN_BP, OrderFacts, SkuFacts, Surroundings, facts_of
from oms_domain.orders.rules.fields import ORDER_FIELDS
from oms_domain.testing.builders import HAT, NOW, SCARF, a_sales_order


def test_an_order_is_seen_with_its_amounts_lines_and_what_the_catalogue_knows():
    order = a_sales_order(buyer_remark="请加急", flags=(Flag(kind=FlagKind.HELD, reason="x", by="kefu", at=NOW),))
    around = evolve(QUIET, skus={SCARF: SkuFacts(floor_fen=9000, cost_fen=6000, categories=("围巾",))})

    facts = facts_of(order, around)

    assert (facts.payable_fen, facts.goods_fen, facts.discount_fen, facts.freight_fen) == (23600, 24800, 2000, 800)
    assert (facts.units, facts.skus, facts.flags, facts.buyer_remark) == (3, (SCARF, HAT), ("held",), "请加急")
    assert (facts.province, facts.town, facts.around) == ("广东省", "虚构街道", around)
    assert facts.lines[0].categories == ("围巾",)
    assert (facts.lines[0].below_floor, facts.lines[1].below_floor) == (False, None)


def test_a_line_that_was_refunded_is_not_seen():
    order = a_sales_order()
    order = evolve(order, lines=(evolve(order.lines[0], is_closed=True), order.lines[1]))

    assert [line.sku for line in facts_of(order, Surroundings()).lines] == [HAT]


@pytest.mark.parametrize(
    ("line", "below_floor", "margin"),
    [
        (a_line(net_fen=15999), True, 3749),
        (a_line(net_fen=16000), False, 3750),
        (a_line(net_fen=10000, floor_fen=None), None, 0),
        (a_line(cost_fen=None), False, None),
        (a_line(net_fen=0, is_gift=True), False, None),
        (a_line(net_fen=0), True, LOWEST_MARGIN_BP),
    ],
)
def test_a_line_is_below_its_floor_price_or_not(line, below_floor, margin):
    assert (line.below_floor, line.margin_bp) == (below_floor, margin)


def test_gifts_eat_the_margin_of_the_order():
    gift = a_line(net_fen=0, units=1, cost_fen=8800, is_gift=True)

    assert an_order(lines=(a_line(),)).margin_bp == 4680
    assert an_order(lines=(a_line(), gift)).margin_bp == 0
    assert an_order(lines=(a_line(), a_line(cost_fen=None))).margin_bp is None


def test_cash_on_delivery_counts_from_when_it_was_placed():
    order = an_order(cash_on_delivery=True, paid_at=None)

    assert order.confirmed_at == order.placed_at
    assert an_order().confirmed_at == an_order().paid_at


def test_every_field_reads_an_order_of_which_nothing_is_known():
    nothing = OrderFacts(payable_fen=Money(0).fen, lines=(a_line(floor_fen=None, cost_fen=None),))

    for field in ORDER_FIELDS.fields:
        field.read(nothing)
    for field in ORDER_FIELDS.line_fields:
        field.read(nothing.lines[0])
    assert {field.name for field in ORDER_FIELDS.fields if field.mask} == {"buyer_id"}


def test_a_reissue_is_to_bring_nothing_and_has_no_margin():
    free = a_line(net_fen=0)

    assert an_order(lines=(free,)).margin_bp == LOWEST_MARGIN_BP
    assert an_order(lines=(free,), kind="reissue").margin_bp is None
