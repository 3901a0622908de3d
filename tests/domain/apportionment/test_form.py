"""The small closed form in which people write an order down: what it means, and what is wrong with it, by its place."""

import pytest

from oms_domain.apportionment import ASCENDING_REST, LARGEST_REMAINDER, Rule
from oms_domain.apportionment.form import InvalidForm, read_form
from oms_domain.apportionment.policy import DEFAULT_ORDER, ApportionmentPolicy, InvalidPolicy
from oms_domain.apportionment.presets import NAMED
from oms_domain.apportionment.waterfall import DEFAULT_POLICY, Discount, PricedLine, PricedOrder, Tender
from oms_domain.channels.standard import Funder
from oms_domain.kernel.errors import InvalidAmount
from oms_domain.kernel.form import MOST_ENTRIES

A = {"key": "a", "price": "1.00"}
OFF = {"id": "d", "kind": "coupon", "amount": "1.00"}


def test_a_form_with_everything_in_it():
    order, policy = read_form(
        {
            "currency": "USD",
            "freight": "5.00",
            "lines": [
                {"key": "a", "title": "样例", "units": 3, "price": "1.50", "list_price": "2.00", "stated": "4.00"},
                {"key": "b", "amount": "0.99", "units": 2, "earned_by": ["a"]},
            ],
            "discounts": [OFF | {"name": "Coupon", "funder": "platform", "lines": ["a"], "placed": {"a": "0.50"}}],
            "tenders": [{"id": "t", "kind": "points", "amount": "0.10"}],
            "policy": {"rule": "jingdong", "quantum": 100, "gifts": "shared"},
        }
    )

    assert order == PricedOrder(
        currency="USD",
        freight_fen=500,
        lines=(
            PricedLine(key="a", title="样例", units=3, goods_fen=450, list_fen=600, stated_fen=400),
            PricedLine(key="b", units=2, goods_fen=99, earned_by=("a",)),
        ),
        discounts=(
            Discount(
                id="d",
                kind="coupon",
                amount_fen=100,
                name="Coupon",
                funder=Funder.PLATFORM,
                lines=("a",),
                placed=(("a", 50),),
            ),
        ),
        tenders=(Tender(id="t", kind="points", amount_fen=10),),
    )
    assert policy == ApportionmentPolicy(rule=ASCENDING_REST, quantum=100, gifts="shared")


def test_what_is_left_out_has_a_default():
    order, policy = read_form({"lines": [A]})

    assert order == PricedOrder(lines=(PricedLine(key="a", units=1, goods_fen=100),))
    assert policy == DEFAULT_POLICY
    assert read_form({"lines": [A], "policy": {}})[1] == DEFAULT_POLICY


def test_rules_by_name_and_by_their_words():
    def rule(written):
        return read_form({"lines": [A], "policy": {"rule": written}})[1].rule

    assert {name: rule(name) for name in NAMED} == NAMED
    assert rule({}) == LARGEST_REMAINDER
    assert rule({"rounding": "half_even", "rest": "carry", "order": "ascending"}) == Rule(
        "half_even", "carry", "ascending"
    )


def test_the_order_of_the_steps():
    turned = [str(DEFAULT_ORDER[1]), str(DEFAULT_ORDER[0]), *map(str, DEFAULT_ORDER[2:])]

    _, policy = read_form({"lines": [A], "policy": {"order": turned}})

    assert policy.order == (DEFAULT_ORDER[1], DEFAULT_ORDER[0], *DEFAULT_ORDER[2:])
    assert [type(kind) for kind in policy.order] == [type(kind) for kind in (*DEFAULT_ORDER[1::-1], *DEFAULT_ORDER[2:])]


@pytest.mark.parametrize(
    ("form", "field", "why"),
    [
        ([], "(file)", "must be an object"),
        ({}, "lines", "there must be at least one"),
        ({"lines": []}, "lines", "there must be at least one"),
        ({"lines": {"key": "a"}}, "lines", "must be a list of at most 10,000"),
        ({"lines": [A] * (MOST_ENTRIES + 1)}, "lines", "must be a list of at most 10,000"),
        ({"lines": ["a"]}, "lines[0]", "must be an object"),
        ({"lines": [A], "freigth": "1"}, "freigth", "is unknown; there are currency, discounts, freight, lines,"),
        ({"lines": [A | {"x" * 300: 1}]}, "lines[0]." + "x" * 191, "is unknown"),
        ({"lines": [A], "currency": 1}, "currency", "must be a text"),
        ({"lines": [A], "freight": 1}, "freight", 'must be a text, such as "19.99"'),
        ({"lines": [A], "freight": "-0.01"}, "freight", "must not be negative"),
        ({"lines": [{"price": "1"}]}, "lines[0].key", "is missing"),
        ({"lines": [A | {"key": ""}]}, "lines[0].key", "must be a text"),
        ({"lines": [A | {"title": None}]}, "lines[0].title", "must be a text"),
        ({"lines": [{"key": "a"}]}, "lines[0].price", "give either the price of one unit, or the amount of all"),
        ({"lines": [A | {"amount": "1"}]}, "lines[0].price", "give either the price of one unit, or the amount of all"),
        ({"lines": [A | {"price": "-1"}]}, "lines[0].price", "must not be negative"),
        ({"lines": [A | {"units": 0}]}, "lines[0].units", "must be a whole number from 1 to 1,000,000"),
        ({"lines": [A | {"units": 10**6 + 1}]}, "lines[0].units", "must be a whole number from 1 to 1,000,000"),
        ({"lines": [A | {"units": True}]}, "lines[0].units", "must be a whole number from 1 to 1,000,000"),
        ({"lines": [A | {"units": 1.0}]}, "lines[0].units", "must be a whole number from 1 to 1,000,000"),
        ({"lines": [A | {"earned_by": "b"}]}, "lines[0].earned_by", "must be a list of texts"),
        ({"lines": [A | {"earned_by": [1]}]}, "lines[0].earned_by", "must be a list of texts"),
        ({"lines": [A], "discounts": [{"id": "d", "kind": "coupon"}]}, "discounts[0].amount", "is missing"),
        ({"lines": [A], "discounts": [OFF | {"id": ""}]}, "discounts[0].id", "must be a text"),
        ({"lines": [A], "discounts": [OFF, OFF | {"kind": "x"}]}, "discounts[1].kind", "must be one of line, full_"),
        ({"lines": [A], "discounts": [OFF | {"kind": ["coupon"]}]}, "discounts[0].kind", "must be one of line, full_"),
        ({"lines": [A], "discounts": [OFF | {"funder": "me"}]}, "discounts[0].funder", "must be one of shop, platform"),
        ({"lines": [A], "discounts": [OFF | {"placed": []}]}, "discounts[0].placed", "must be an object of amounts by"),
        ({"lines": [A], "discounts": [OFF | {"placed": {"a": 1}}]}, "discounts[0].placed.a", "must be a text, such as"),
        ({"lines": [A], "tenders": [OFF]}, "tenders[0].kind", "must be one of gift_card, balance, points"),
        ({"lines": [A], "policy": None}, "policy", "must be an object"),
        ({"lines": [A], "policy": {"rules": 1}}, "policy.rules", "is unknown; there are gifts, order, quantum, rule"),
        (
            {"lines": [A], "policy": {"rule": "best"}},
            "policy.rule",
            "must be one of largest_remainder, ascending_rest,",
        ),
        ({"lines": [A], "policy": {"rule": ["best"]}}, "policy.rule", "must be one of largest_remainder"),
        ({"lines": [A], "policy": {"rule": {"rest": "x"}}}, "policy.rule.rest", "must be one of largest_fraction"),
        ({"lines": [A], "policy": {"rule": {"rounding": 1}}}, "policy.rule.rounding", "must be one of floor, half_up"),
        ({"lines": [A], "policy": {"rule": {"order": "x"}}}, "policy.rule.order", "must be one of given, ascending"),
        ({"lines": [A], "policy": {"rule": {"by": "x"}}}, "policy.rule.by", "is unknown; there are order, rest, round"),
        ({"lines": [A], "policy": {"quantum": 0}}, "policy.quantum", "must be a whole number from 1 to 1,000,000"),
        ({"lines": [A], "policy": {"gifts": "x"}}, "policy.gifts", "must be one of free, shared"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(form, field, why):
    with pytest.raises(InvalidForm) as refused:
        read_form(form)

    assert refused.value.field == field
    assert refused.value.why.startswith(why)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"lines": [A], "currency": "XXX"}, "currency"),
        ({"lines": [A], "freight": "0.001"}, "freight"),
        ({"lines": [A | {"price": "9" * 40}]}, "lines[0].price"),
        ({"lines": [A | {"stated": "x"}]}, "lines[0].stated"),
        ({"lines": [A | {"list_price": "x"}]}, "lines[0].list_price"),
        ({"lines": [{"key": "a", "amount": "x"}]}, "lines[0].amount"),
        ({"lines": [A], "discounts": [OFF | {"amount": "x"}]}, "discounts[0].amount"),
    ],
)
def test_an_amount_is_refused_with_its_place(form, field):
    with pytest.raises(InvalidAmount) as refused:
        read_form(form)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ([str(kind) for kind in DEFAULT_ORDER[:-1]], "other stands there 0 times"),
        ([*map(str, DEFAULT_ORDER), "coupon"], "coupon stands there 2 times"),
        ([*map(str, DEFAULT_ORDER), "voucher"], "voucher is none"),
        (["points", *[str(kind) for kind in DEFAULT_ORDER if kind != "points"]], "points pays or reduces freight"),
    ],
)
def test_an_order_of_steps_that_cannot_be_is_refused_with_the_word(change, why):
    with pytest.raises(InvalidPolicy) as refused:
        read_form({"lines": [A], "policy": {"order": change}})

    assert refused.value.field == "policy.order"
    assert why in refused.value.why
