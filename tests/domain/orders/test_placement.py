"""What a platform took off is placed line by line as it says; what it left open is shared by the shop's policy."""

import pytest
from attrs import evolve
from hypothesis import given

from oms_domain.apportionment.order import CannotApportion
from oms_domain.apportionment.parts import net_freight_of, net_of
from oms_domain.apportionment.policy import InvalidPolicy
from oms_domain.channels.standard import (
    DiscountKind,
    Funder,
    PlatformState,
    StandardDiscount,
    StandardTender,
    TenderKind,
)
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.explained import explain_line, explain_order
from oms_domain.orders.intake import trouble_of
from oms_domain.orders.placement import misplaced, place, policy_of
from oms_domain.orders.sales_order import AmountsDoNotAddUp
from oms_domain.shops.shop import ShopPolicy
from oms_domain.testing.builders import a_sales_order, a_standard_line, a_standard_order, counts, placed
from oms_domain.testing.strategies import standard_orders

COUPON = DiscountKind.COUPON


def a_line(line_no="1001", yuan=100, off=0, **changes):
    """One unit at a price, with a share of the order's discounts."""
    facts = {"quantity": Quantity(1), "line_discount": Money(0), "order_discount": Money(off)}
    return a_standard_line(**{"line_no": line_no, "unit_price": Money(yuan * 100)} | facts | changes)


def a_discount(name, fen, kind=COUPON, shares=(), **changes):
    told = tuple((line_no, Money(share)) for line_no, share in shares)
    return StandardDiscount(name=name, kind=kind, amount=Money(fen), shares=told, **changes)


def placed_of(standard):
    """Return what each step takes of each line: name, kind, amounts by line."""
    found = place(standard, standard.lines)
    return [
        (step.name, step.kind, tuple(part.taken[at] + part.freight_taken[at] for part in found.parts))
        for at, step in enumerate(found.steps)
    ]


# --- examples --------------------------------------------------------------------------------------------------------


def test_named_discounts_with_shares_are_placed_as_told():
    standard = a_standard_order(
        lines=(a_line("1", off=700), a_line("2", off=300)),
        discounts=(
            a_discount("满减", 600, DiscountKind.FULL_REDUCTION, (("1", 500), ("2", 100))),
            a_discount("券", 400),
        ),
    )

    assert placed_of(standard) == [("满减", "full_reduction", (500, 100)), ("券", "coupon", (200, 200))]


def test_what_nobody_named_is_a_step_of_its_own():
    standard = a_standard_order(lines=(a_line("1", off=700, line_discount=Money(50)), a_line("2", off=300)))

    assert placed_of(standard) == [("", "line", (50, 0)), ("", "other", (700, 300))]


def test_a_discount_that_was_not_taken_off_is_kept_with_nothing_placed():
    standard = a_standard_order(lines=(a_line("1", off=100),), discounts=(a_discount("店铺券", 500),))
    order = a_sales_order(lines=a_sales_order().lines[:1], freight=Money(0))
    lines, steps = placed(order.lines, freight=Money(0), discounts=(a_discount("店铺券", 500),))

    assert placed_of(standard) == [("店铺券", "coupon", (0,)), ("", "other", (100,))]
    assert explain_order(a_sales_order(lines=lines, steps=steps, freight=Money(0))).unused == ((steps[1].id, 500),)


def test_shares_that_do_not_fit_what_was_taken_off_are_not_believed():
    discounts = (a_discount("券", 300, shares=(("1", 0), ("2", 300))),)
    standard = a_standard_order(lines=(a_line("1", off=300), a_line("2")), discounts=discounts)

    assert placed_of(standard) == [("券", "coupon", (0, 0)), ("", "other", (300, 0))]


def test_shares_of_a_line_that_is_not_there_leave_the_discount_to_be_shared():
    discounts = (a_discount("券", 300, shares=(("9", 300),)),)
    standard = a_standard_order(lines=(a_line("1", off=200), a_line("2", off=100)), discounts=discounts)

    assert placed_of(standard) == [("券", "coupon", (200, 100))]


def test_the_discounts_on_a_line_stay_there_and_the_rest_of_them_has_no_name():
    mine = a_discount("单品", 80, DiscountKind.LINE, line_no="1", funder=Funder.PLATFORM)
    standard = a_standard_order(lines=(a_line("1", line_discount=Money(100)), a_line("2")), discounts=(mine,))

    assert placed_of(standard) == [("单品", "line", (80, 0)), ("", "line", (20, 0))]
    assert place(standard, standard.lines).steps[0].funder is Funder.PLATFORM


def test_freight_is_shared_by_what_the_goods_cost_and_stated_after_its_coupons():
    coupon = a_discount("运费券", 300, DiscountKind.FREIGHT_COUPON)
    standard = a_standard_order(lines=(a_line("1", 100), a_line("2", 50)), freight=Money(600), discounts=(coupon,))

    found = place(standard, standard.lines)

    assert [part.freight for part in found.parts] == [(600, 400), (300, 200)]


def test_tenders_pay_after_every_discount_goods_first():
    card = StandardTender(name="礼品卡", kind=TenderKind.GIFT_CARD, amount=Money(9950))
    standard = a_standard_order(lines=(a_line("1", off=100),), freight=Money(500), tenders=(card,))

    (part,) = place(standard, standard.lines).parts

    assert (part.goods, part.freight, part.cash) == ((10000, 9900, 0), (500, 500, 450), 450)


def test_the_shops_rule_and_quantum_share_what_was_left_open():
    standard = a_standard_order(lines=(a_line("1"), a_line("2"), a_line("3")), freight=Money(1000))
    by_yuan = policy_of(ShopPolicy(apportionment_rule="ascending_rest", apportionment_quantum=100))

    assert [part.freight for part in place(standard, standard.lines, by_yuan).parts] == [(300,), (300,), (400,)]


def test_an_order_whose_lines_were_all_closed_has_nothing_to_place():
    standard = a_standard_order(lines=(a_line(state=PlatformState.CLOSED_UNPAID),))

    assert place(standard, ()).parts == ()


# --- laws ------------------------------------------------------------------------------------------------------------


@given(standard=standard_orders())
def test_whatever_a_platform_names_the_lines_cost_what_it_says(standard):
    if trouble_of(standard) is not None:
        return
    lines = tuple(line for line in standard.lines if counts(line, standard.state))

    found = place(standard, lines)

    assert [net_of(found.steps, part) for part in found.parts] == [line.payable.fen for line in lines]
    assert sum(net_freight_of(found.steps, part) for part in found.parts) == (standard.freight.fen if lines else 0)
    chains = [chain for part in found.parts for chain in (part.goods, part.freight)]
    assert all(list(chain) == sorted(chain, reverse=True) for chain in chains)
    assert len({step.id for step in found.steps}) == len(found.steps)


# --- refused, and shown ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"apportionment_rule": "by_magic"}, "apportionment_rule"),
        ({"apportionment_quantum": 0}, "apportionment_quantum"),
        ({"apportionment_order": ("coupon",)}, "apportionment_order"),
        ({"gift_value": "maybe"}, "gift_value"),
    ],
)
def test_a_shops_policy_that_cannot_be_followed_is_refused(changes, field):
    with pytest.raises(InvalidPolicy) as refused:
        policy_of(ShopPolicy(**changes))

    assert refused.value.field == field


@pytest.mark.parametrize(
    "changes",
    [
        {"payable": Money(1)},
        {"adjustment": Money(-20000), "payable": Money(-10000)},
        {"order_discount": Money(-1), "payable": Money(10001)},
    ],
)
def test_a_line_whose_own_amounts_do_not_fit_is_trouble(changes):
    standard = a_standard_order(lines=(a_line(**changes),))

    trouble = trouble_of(standard)

    assert trouble is not None
    assert trouble.mismatches[0].line_no == "1001"


def test_an_order_is_explained_with_what_stands_on_no_line():
    order = a_sales_order(services=Money(500))

    found = explain_order(order)

    assert [column.id for column in found.columns] == ["goods", "9100000000000000001/1", "net", "freight", "cash"]
    assert found.sums[-1] + 500 == order.payable.fen
    assert found.kept == (("services", 500),)


def test_a_line_is_explained_unit_by_unit():
    order = a_sales_order()

    found = explain_line(order, "1001")

    assert [row.amounts[-1] for row in found.rows] == [9730, 9730]
    assert found.sums[-1] == order.lines[0].part.cash


def test_a_line_that_is_not_there_cannot_be_explained():
    with pytest.raises(CannotApportion) as refusal:
        explain_line(a_sales_order(), "no-such-line")

    assert refusal.value.field == "line"


def test_what_is_placed_is_held_against_what_stands_there():
    order = a_sales_order()
    lines = [line.placed for line in order.lines]
    first, net, goods = lines[0], order.lines[0].payable.fen, order.lines[0].goods.fen

    def found(line, freight_fen=order.freight.fen):
        return list(misplaced(order.steps, [line, *lines[1:]], freight_fen))

    assert found(first) == []
    assert found(evolve(first, payable_fen=net + 1)) == [(first.key, net + 1, net)]
    assert found(evolve(first, goods_fen=goods + 1)) == [(first.key, goods + 1, goods)]
    assert found(evolve(first, units=7)) == [(first.key, 7, 2)]
    assert found(first, freight_fen=801) == [("", 801, 800)]


def test_an_order_whose_amounts_are_placed_otherwise_cannot_be():
    order = a_sales_order()
    line = order.lines[0]
    dearer = evolve(line, unit_price=line.unit_price + Money(1))

    with pytest.raises(AmountsDoNotAddUp) as refusal:
        a_sales_order(lines=(dearer, *order.lines[1:]), steps=order.steps)

    assert refusal.value.field == "lines"
