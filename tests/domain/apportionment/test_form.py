"""An order as people write it down: each field is read by its kind, and a slip of the pen is named by its path."""

import pytest

from oms_domain.apportionment.form import MOST_LINES, InvalidForm, read_form
from oms_domain.apportionment.policy import ApportionmentPolicy, GiftValue, InvalidPolicy
from oms_domain.apportionment.presets import NAMED
from oms_domain.apportionment.rules import Order, Rest, Rounding, Rule
from oms_domain.apportionment.waterfall import DEFAULT_POLICY, Discount, PricedLine, PricedOrder, Tender
from oms_domain.channels.standard import DiscountKind, Funder, TenderKind
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.money import InvalidAmount

FIRST, SECOND, *OTHERS = DEFAULT_POLICY.order
OTHER_ORDER = (SECOND, FIRST, *OTHERS)

CUP = {"key": "cup", "price": "10.00", "units": 2}
COUPON = {"id": "c1", "kind": "coupon", "amount": "3.00"}
CARD = {"id": "t1", "kind": "gift_card", "amount": "5.00"}


def form(**fields):
    return {"lines": [CUP], **fields}


def test_every_field_is_read():
    pot = {
        "key": "pot",
        "title": "样例壶",
        "amount": "7.50",
        "list_price": "8.00",
        "earned_by": ["cup"],
        "stated": "7.00",
    }
    coupon = COUPON | {"name": "券", "funder": "shop", "lines": ["cup"], "placed": {"cup": "1.00"}}

    order, policy = read_form(
        {"currency": "USD", "lines": [CUP, pot], "discounts": [coupon], "tenders": [CARD], "freight": "2.00"}
    )

    assert order == PricedOrder(
        lines=(
            PricedLine(key="cup", units=2, goods_fen=2000),
            PricedLine(
                key="pot", title="样例壶", units=1, goods_fen=750, list_fen=800, earned_by=("cup",), stated_fen=700
            ),
        ),
        discounts=(
            Discount(
                id="c1",
                name="券",
                kind=DiscountKind.COUPON,
                amount_fen=300,
                funder=Funder.SHOP,
                lines=("cup",),
                placed=(("cup", 100),),
            ),
        ),
        tenders=(Tender(id="t1", kind=TenderKind.GIFT_CARD, amount_fen=500),),
        freight_fen=200,
        currency="USD",
    )
    assert policy == DEFAULT_POLICY


@pytest.mark.parametrize(
    ("written", "policy"),
    [
        ({}, DEFAULT_POLICY),
        ({"rule": "jingdong", "quantum": 100}, ApportionmentPolicy(rule=NAMED["jingdong"], quantum=100)),
        ({"gifts": "shared"}, ApportionmentPolicy(gifts=GiftValue.SHARED)),
        (
            {"rule": {"rounding": "half_up", "rest": "last", "order": "ascending"}},
            ApportionmentPolicy(rule=Rule(Rounding.HALF_UP, Rest.LAST, Order.ASCENDING)),
        ),
        (
            {"order": [str(kind) for kind in OTHER_ORDER]},
            ApportionmentPolicy(order=OTHER_ORDER),
        ),
    ],
)
def test_a_policy_is_read(written, policy):
    assert read_form(form(policy=written))[1] == policy


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([], "(file)"),
        ({}, "lines"),
        (form(fright="1.00"), "fright"),
        (form(lines={}), "lines"),
        (form(lines=[CUP] * (MOST_LINES + 1)), "lines"),
        (form(lines=["cup"]), "lines[0]"),
        (form(lines=[CUP, {"key": "b"}]), "lines[1].price"),
        (form(lines=[CUP | {"amount": "20.00"}]), "lines[0].price"),
        (form(lines=[CUP | {"key": ""}]), "lines[0].key"),
        (form(lines=[{"price": "1.00"}]), "lines[0].key"),
        (form(lines=[CUP | {"units": True}]), "lines[0].units"),
        (form(lines=[CUP | {"earned_by": "pot"}]), "lines[0].earned_by"),
        (form(lines=[CUP | {"price": 10.0}]), "lines[0].price"),
        (form(lines=[CUP | {"price": "-1.00"}]), "lines[0].price"),
        (form(discounts=[{"id": "c1", "kind": "coupon"}]), "discounts[0].amount"),
        (form(discounts=[COUPON | {"kind": "best"}]), "discounts[0].kind"),
        (form(discounts=[COUPON | {"placed": []}]), "discounts[0].placed"),
        (form(discounts=[COUPON | {"placed": {"cup": 1}}]), "discounts[0].placed.cup"),
        (form(policy=[]), "policy"),
        (form(policy={"rule": "mine"}), "policy.rule"),
        (form(policy={"rule": 1}), "policy.rule"),
        (form(policy={"rule": {"rest": "mine"}}), "policy.rule.rest"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(data, field):
    with pytest.raises(InvalidForm) as refusal:
        read_form(data)

    assert refusal.value.field == field
    assert refusal.value.why


@pytest.mark.parametrize(
    ("data", "kind", "field"),
    [
        (form(freight="1.001"), InvalidAmount, "freight"),
        (form(currency="XXX"), Invalid, "currency"),
        (form(policy={"order": ["mine"]}), InvalidPolicy, "policy.order"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_own_kind(data, kind, field):
    with pytest.raises(kind) as refusal:
        read_form(data)

    assert refusal.value.field == field
