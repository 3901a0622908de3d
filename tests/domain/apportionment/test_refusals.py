"""Every refusal, word for word: which value, where, and what is wrong with it."""

from decimal import Decimal

import pytest
from attrs import evolve

from oms_domain.apportionment import Rule, allocate, allocate_money
from oms_domain.apportionment.parts import Refundable, merge, refundable, split, whole_order
from oms_domain.apportionment.policy import DEFAULT_ORDER, ApportionmentPolicy
from oms_domain.apportionment.units import LinePart, joined, of_units, whole_line
from oms_domain.apportionment.waterfall import Discount, PricedLine, PricedOrder, Tender, apportion
from oms_domain.kernel.errors import OmsError

AN_AMOUNT = "why=must be a whole number of minor units, not negative"
LONG = "x" * 50


def said(act):
    with pytest.raises(OmsError) as refused:
        act()
    return str(refused.value)


def half(total, weights, quantum):
    return [total // 2 for _ in weights]


def to_nobody(total, weights, quantum):
    return LONG * 5


TWICE = "why=a line stands there twice"
BROKEN = "why=the shares do not add up to the total"


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: allocate(1.5, (1,)), "invalid_total (field=total, value=1.5)"),
        (lambda: allocate(LONG, (1,)), f"invalid_total (field=total, value='{'x' * 39})"),
        (lambda: allocate_money(15, (1,)), "invalid_total (field=total, value=15)"),
        (lambda: allocate_money(LONG, (1,)), f"invalid_total (field=total, value='{'x' * 39})"),
        (lambda: allocate(1, LONG), "invalid_weight (field=weights[0], value='x')"),
        (lambda: allocate(1, {LONG}), "invalid_weight (field=weights, value={'" + "x" * 38 + ")"),
        (lambda: allocate(1, (1, 0, LONG)), f"invalid_weight (field=weights[2], value='{'x' * 39})"),
        (lambda: allocate(1, (0, 1, True)), "invalid_weight (field=weights[2], value=True)"),
        (lambda: allocate(1, (0, 1, -2, 1.0)), "negative_weight (field=weights[2], value=-2)"),
        (lambda: allocate(1, (0, -1)), "negative_weight (field=weights[1], value=-1)"),
        (lambda: allocate(1, (1,), quantum=0), "invalid_quantum (field=quantum, value=0)"),
        (lambda: allocate(1, (1,), quantum=LONG), f"invalid_quantum (field=quantum, value='{'x' * 39})"),
        (lambda: allocate(1, (1, 1), caps=(1,)), "invalid_cap (field=caps, value=1 for 2 weights)"),
        (lambda: allocate(1, (1, 1), caps={LONG}), "invalid_cap (field=caps, value={'" + "x" * 38 + ")"),
        (lambda: allocate(1, (1, 1), caps=(0, -1)), "invalid_cap (field=caps[1], value=-1)"),
        (lambda: allocate(1, (1, 1), caps=(1, LONG)), f"invalid_cap (field=caps[1], value='{'x' * 39})"),
        (lambda: allocate(1, (1,), LONG), f"invalid_rule (field=rule, value='{'x' * 39})"),
        (lambda: allocate(1, (1,), zero_weights=LONG), f"invalid_rule (field=zero_weights, value='{'x' * 39})"),
        (lambda: allocate(-1, ()), "nothing_to_share_over (total=-1, lines=0)"),
        (lambda: allocate(2, (0, 0)), "nothing_to_share_over (total=2, lines=2)"),
        (lambda: allocate(-9, (1, 0, 1), caps=(3, 9, 2)), "caps_too_small (total=9, room=5, shortfall=4)"),
        (
            lambda: allocate(3, (1, 1), half),
            f"rule_broken (rule=half, {BROKEN}, total=3, shares=[1, 1])",
        ),
        (
            lambda: allocate(3, (1, 1), to_nobody),
            "rule_broken (rule=to_nobody, why=no sequence, total=3, shares='" + "x" * 199 + ")",
        ),
    ],
)
def test_what_cannot_be_shared(act, words):
    assert said(act) == f"apportionment.{words}"


def test_a_rule_without_a_name_is_shown_as_it_is():
    class Own:
        def __call__(self, total, weights, quantum):
            return [total + 1]

        def __repr__(self):
            return "o" * 100

    assert said(lambda: allocate(1, (1,), Own())).startswith(
        f"apportionment.rule_broken (rule={'o' * 80}, why=the shares"
    )


def test_least_numbers_are_taken():
    """One less is refused above."""
    assert allocate(1, (0, 1), quantum=1, caps=(0, 1)) == (0, 1)
    lines = (PricedLine(key="a", units=1, goods_fen=0, list_fen=0), PricedLine(key="b", units=1, goods_fen=0))
    assert apportion(PricedOrder(lines=lines)).cash == (0, 0)


A = PricedLine(key="a", units=1, goods_fen=100)
B = evolve(A, key="b")
OFF = Discount(id="c", kind="coupon", amount_fen=1)
MINUS = evolve(OFF, id="d", amount_fen=-1)
NOWHERE = "why=there is no line x"
CARD = Tender(id="card", kind="gift_card", amount_fen=1)


def an_order(*lines, **more):
    return PricedOrder(lines=lines, **more)


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (an_order(A, A), "field=lines, why=two lines have one key"),
        (an_order(A, evolve(B, goods_fen=-1)), f"field=lines[1].goods_fen, {AN_AMOUNT}"),
        (an_order(evolve(A, goods_fen=0), evolve(B, goods_fen=True)), f"field=lines[1].goods_fen, {AN_AMOUNT}"),
        (an_order(evolve(A, goods_fen=0), evolve(B, list_fen=-1)), f"field=lines[1].list_fen, {AN_AMOUNT}"),
        (an_order(A, evolve(B, list_fen=Decimal(1))), f"field=lines[1].list_fen, {AN_AMOUNT}"),
        (an_order(A, evolve(B, units=0)), "field=lines[1].units, why=must be a whole number of at least 1"),
        (an_order(A, evolve(B, units=-1)), "field=lines[1].units, why=must be a whole number of at least 1"),
        (an_order(A, evolve(B, units=True)), "field=lines[1].units, why=must be a whole number of at least 1"),
        (an_order(A, evolve(B, stated_fen=-1)), f"field=lines[1].stated_fen, {AN_AMOUNT}"),
        (an_order(A, evolve(B, earned_by=("x",))), "field=lines[1].earned_by, why=there is no line x"),
        (an_order(A, evolve(B, earned_by=("a", "a"))), "field=lines[1].earned_by, why=a line stands there twice"),
        (an_order(A, evolve(B, earned_by=("b",))), "field=lines[1].earned_by, why=a gift does not earn itself"),
        (an_order(A, freight_fen=-1), f"field=freight_fen, {AN_AMOUNT}"),
        (an_order(A, freight_fen=1.0), f"field=freight_fen, {AN_AMOUNT}"),
        (an_order(freight_fen=1), "field=freight_fen, why=there is no line to place it on"),
        (
            an_order(A, discounts=(OFF, evolve(OFF, id="d", amount_fen=-1))),
            f"field=discounts[1].amount_fen, {AN_AMOUNT}",
        ),
        (an_order(A, discounts=(evolve(OFF, amount_fen=True),)), f"field=discounts[0].amount_fen, {AN_AMOUNT}"),
        (an_order(A, tenders=(CARD, evolve(CARD, id="d", amount_fen=-1))), f"field=tenders[1].amount_fen, {AN_AMOUNT}"),
        (an_order(A, discounts=(evolve(OFF, lines=("x",)),)), "field=discounts[0].lines, why=there is no line x"),
        (
            an_order(A, discounts=(evolve(OFF, lines=("a", "a")),)),
            f"field=discounts[0].lines, {TWICE}",
        ),
        (
            an_order(A, discounts=(evolve(OFF, placed=(("x", 1),)),)),
            f"field=discounts[0].placed, {NOWHERE}",
        ),
        (
            an_order(A, discounts=(evolve(OFF, placed=(("a", 1), ("a", 1))),)),
            f"field=discounts[0].placed, {TWICE}",
        ),
        (an_order(A, discounts=(evolve(OFF, placed=(("a", -1),)),)), f"field=discounts[0].placed[a], {AN_AMOUNT}"),
        (
            an_order(A, B, tenders=(evolve(CARD, lines=("a",), placed=(("b", 1),)),)),
            "field=tenders[0].placed, why=line b is outside its scope",
        ),
        (
            an_order(A, discounts=(OFF,), tenders=(evolve(CARD, id="c"),)),
            "field=tenders[0].id, why=is taken: discounts, tenders and freight differ",
        ),
    ],
)
def test_an_order_that_makes_no_sense(order, words):
    assert said(lambda: apportion(order)) == f"apportionment.invalid_order ({words})"


KINDS = "full_reduction, gift, price_protection, freight, freight_coupon, coupon, gift_card, balance, points, other"
ORDER = f"field=order, why=must hold each of {KINDS} once"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rule": None}, "field=rule, why=must be one of the family, or a function of the same form"),
        ({"rule": "sylius"}, "field=rule, why=must be one of the family, or a function of the same form"),
        ({"rule": Rule}, "field=rule, why=must be one of the family, or a function of the same form"),
        ({"quantum": 0}, "field=quantum, why=must be a whole number of at least 1"),
        ({"quantum": True}, "field=quantum, why=must be a whole number of at least 1"),
        (
            {"order": DEFAULT_ORDER[1:]},
            f"{ORDER}; full_reduction stands there 0 times",
        ),
        ({"order": (LONG,)}, f"{ORDER}; {'x' * 40} is none"),
        (
            {"order": ("gift_card", *[kind for kind in DEFAULT_ORDER if kind != "gift_card"])},
            "field=order, why=gift_card pays or reduces freight, so it comes after it",
        ),
        (
            {"order": ("freight_coupon", *[kind for kind in DEFAULT_ORDER if kind != "freight_coupon"])},
            "field=order, why=freight_coupon pays or reduces freight, so it comes after it",
        ),
    ],
)
def test_a_policy_that_cannot_be_followed(change, words):
    assert said(lambda: ApportionmentPolicy(**change)) == f"apportionment.invalid_policy ({words})"


WHOLE = whole_order(apportion(an_order(evolve(A, units=20), discounts=(OFF,), tenders=(CARD,))))
PAID = Refundable(units=1, cash=5, tenders=(("card", 1),))
ONE = {"a": ((0, 1),)}
OTHER = evolve(WHOLE, steps=(WHOLE.steps[0], evolve(WHOLE.steps[1], amount_fen=2)))


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: of_units(1, 3, 1, 4), "units_out_of_range (field=units, first=1, stop=4, units=3)"),
        (lambda: whole_line("a", 3, (1,)).first(4), "units_out_of_range (field=units, first=0, stop=4, units=3)"),
        (lambda: whole_line("a", 3, (1,)).first(-1), "units_out_of_range (field=units, first=0, stop=-1, units=3)"),
        (lambda: joined([(4, 6), (0, 5)]), "units_named_twice (field=units, unit=4)"),
        (lambda: WHOLE.lines[0].cut(((0, 1), (3, 2))), "units_out_of_range (field=units, first=3, stop=2, units=20)"),
        (lambda: WHOLE.lines[0].cut(((0, 1.5),)), "units_out_of_range (field=units, first=0, stop=1.5, units=20)"),
        (lambda: WHOLE.lines[0].cut(((True, 2),)), "units_out_of_range (field=units, first=True, stop=2, units=20)"),
        (lambda: WHOLE.lines[0].cut(((18, 33),)), "units_gone (line=a, gone=[20, 21, 22, 23, 24, 25, 26, 27, 28, 29])"),
        (
            lambda: split(WHOLE, [{"a": ((0, 1),)}, {"x": ((0, 1),)}]),
            "invalid_order (field=plans[1], why=there is no line x)",
        ),
        (lambda: split(WHOLE, [ONE, {}]), "invalid_order (field=plans[1], why=it takes no units)"),
        (lambda: merge([]), "invalid_order (field=parts, why=there is none)"),
        (lambda: merge([WHOLE, OTHER]), "invalid_order (field=parts, why=step card is not the same in all)"),
        (lambda: apportion(an_order(A)).line("x"), "invalid_order (field=line, why=there is no line x)"),
        (
            lambda: refundable(WHOLE.steps, WHOLE.lines[0], ((0, 1),), given=[Refundable(units=1, cash=9, tenders=())]),
            "refund_above_paid (tender=cash, paid=5, refund=9)",
        ),
        (
            lambda: PAID.less(Refundable(units=1, cash=-1, tenders=())),
            "invalid_order (field=given.cash, why=must not be negative)",
        ),
        (
            lambda: PAID.less(Refundable(units=1, cash=0, tenders=(("card", -1),))),
            "invalid_order (field=given.card, why=must not be negative)",
        ),
        (
            lambda: split(evolve(WHOLE, kept=(("invoice", 1.5),)), [ONE]),
            "invalid_total (field=total, value=1.5)",
        ),
    ],
)
def test_parts_that_cannot_be_taken(act, words):
    assert said(act) == f"apportionment.{words}"


def test_parts_of_two_lines():
    with pytest.raises(ValueError, match=r"^a and b are not parts of one line$"):
        whole_line("a", 1, (1,)).joined_with(LinePart(key="b", runs=(), goods=(1,)))
    for goods, freight in (((1, 1), (0,)), ((1,), (0, 0))):
        with pytest.raises(ValueError, match=r"^a and a are not parts of one line$"):
            whole_line("a", 1, (1,)).joined_with(LinePart(key="a", runs=(), goods=goods, freight=freight))


def test_a_rule_of_the_family_is_made_of_known_words():
    with pytest.raises(ValueError, match="'up' is not a valid Rounding"):
        Rule("up")
