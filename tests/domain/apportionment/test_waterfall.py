"""Many discounts and tenders over one order: the worked example, each step's rules, and every identity as a law."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.apportionment import ASCENDING_REST, CUMULATIVE, LAST_TAKES_REST, Rule, family
from oms_domain.apportionment.policy import DEFAULT_ORDER, ApportionmentPolicy, GiftValue, InvalidPolicy
from oms_domain.apportionment.rules import Rest, Rounding
from oms_domain.apportionment.waterfall import (
    CannotApportion,
    Discount,
    Finding,
    PricedLine,
    PricedOrder,
    Tender,
    apportion,
    without_a_rest,
)
from oms_domain.channels.standard import DiscountKind, Funder, TenderKind
from oms_domain.testing.waterfalls import IDENTITIES, IdentityBroken, check_waterfall_policy, orders


def line(key, goods_fen, units=1, **more):
    return PricedLine(key=key, units=units, goods_fen=goods_fen, **more)


def coupon(amount_fen, *lines, id="c", kind=DiscountKind.COUPON, **more):
    return Discount(id=id, kind=kind, amount_fen=amount_fen, lines=lines or None, **more)


def card(amount_fen, id="card", kind=TenderKind.GIFT_CARD, **more):
    return Tender(id=id, kind=kind, amount_fen=amount_fen, **more)


def order(*lines, **more):
    return PricedOrder(lines=lines, **more)


def placed(result, id):
    return next(step for step in result.steps if step.step.id == id)


USB_AND_BOOK = order(
    line("usb", 8000),
    line("book", 2000),
    discounts=(coupon(500, "book"),),
    tenders=(card(4000), card(1600, "own", TenderKind.BALANCE)),
)


@pytest.mark.parametrize("rule", [ASCENDING_REST, Rule()], ids=str)
def test_the_worked_example_in_whole_yuan(rule):
    result = apportion(USB_AND_BOOK, ApportionmentPolicy(rule=rule, quantum=100))

    assert placed(result, "c").goods == (0, 500)
    assert placed(result, "card").goods == (3400, 600)
    assert placed(result, "own").goods == (1300, 300)
    assert result.cash == (3300, 600)


@pytest.mark.parametrize("rule", [ASCENDING_REST, Rule()], ids=str)
def test_the_worked_example_to_the_fen(rule):
    result = apportion(USB_AND_BOOK, ApportionmentPolicy(rule=rule))

    assert placed(result, "card").goods == (3368, 632)
    assert placed(result, "own").goods == (1347, 253)
    assert result.cash == (3285, 615)


def my_own(total, weights, quantum):
    return Rule()(total, weights, quantum)


@pytest.mark.broad
@pytest.mark.parametrize("rule", [*family(), my_own], ids=lambda rule: getattr(rule, "__name__", str(rule)))
@pytest.mark.parametrize("gifts", GiftValue)
def test_every_policy_keeps_every_identity(rule, gifts):
    for quantum in (1, 100):
        check_waterfall_policy(ApportionmentPolicy(rule=rule, quantum=quantum, gifts=gifts), examples=8)


@given(order=orders(), kinds=st.permutations(DEFAULT_ORDER), rule=st.sampled_from(family()))
def test_every_order_of_the_kinds_keeps_every_identity(order, kinds, rule):
    try:
        policy = ApportionmentPolicy(order=kinds, rule=rule)
    except InvalidPolicy:
        return
    result = apportion(order, policy)

    assert [identity.breach(result) for identity in IDENTITIES] == [""] * len(IDENTITIES)


@pytest.mark.broad
def test_the_tool_shows_the_smallest_order_that_breaks_an_identity(monkeypatch):
    def owes(result):
        return "it is not free" if sum(result.cash) else ""

    monkeypatch.setattr("oms_domain.testing.waterfalls.IDENTITIES", (evolve(IDENTITIES[0], breach=owes),))

    with pytest.raises(IdentityBroken) as broken:
        check_waterfall_policy(ApportionmentPolicy())

    assert "it is not free" in str(broken.value)
    assert "0.01  0.01" in str(broken.value)  # one line of one fen


@pytest.mark.broad
def test_a_policy_whose_rule_is_not_sound_is_shown_with_the_smallest_order():
    def to_the_dearest(total, weights, quantum):
        return [total if weight == max(weights) else 0 for weight in weights]

    with pytest.raises(IdentityBroken) as broken:
        check_waterfall_policy(ApportionmentPolicy(rule=to_the_dearest))

    assert "rule=to_the_dearest, why=the shares do not add up to the total, total=1, shares=[1, " in str(broken.value)
    assert "The order, as the default policy places it:" in str(broken.value)


def test_a_policy_whose_rule_raises_is_shown_with_the_smallest_order():
    def by_name(total, weights, quantum):
        return {"a": [total]}["b"]

    with pytest.raises(IdentityBroken) as broken:
        check_waterfall_policy(ApportionmentPolicy(rule=by_name), examples=50)

    assert str(broken.value).startswith(
        "its rule raises KeyError: 'b'\n\nThe order, as the default policy places it:\n"
    )
    assert "0.01" in str(broken.value)


# --- order and scope -------------------------------------------------------------------------------------------------


def test_kinds_are_applied_in_the_policys_order_each_over_what_is_left():
    two = order(
        line("a", 1000),
        line("b", 1000),
        discounts=(coupon(900, "a", id="c"), coupon(1000, id="full", kind=DiscountKind.FULL_REDUCTION)),
    )
    swapped = (DiscountKind.COUPON, *(kind for kind in DEFAULT_ORDER if kind is not DiscountKind.COUPON))

    usual = apportion(two)
    turned = apportion(two, ApportionmentPolicy(order=_coupon_first(swapped)))

    assert [step.step.id for step in usual.steps] == ["full", "c"]
    assert placed(usual, "full").goods == (500, 500)
    assert placed(usual, "c").goods == (500, 0)
    assert usual.unused == (("c", 400),)
    assert [step.step.id for step in turned.steps] == ["c", "full"]
    assert placed(turned, "full").goods == (91, 909)
    assert turned.unused == ()


def _coupon_first(kinds):
    return tuple(kinds)


def test_a_discount_on_one_line_comes_before_any_shared_one():
    both = order(
        line("a", 1000),
        line("b", 1000),
        discounts=(coupon(500, id="full", kind=DiscountKind.FULL_REDUCTION), coupon(500, "a", kind=DiscountKind.LINE)),
    )

    result = apportion(both)

    assert [step.step.id for step in result.steps] == ["c", "full"]
    assert placed(result, "full").goods == (167, 333)


def test_two_lines_of_one_sku_are_two_lines():
    result = apportion(order(line("1", 100), line("2", 300), discounts=(coupon(100),)))

    assert placed(result, "c").goods == (25, 75)


def test_what_a_scope_does_not_owe_any_more_is_reported_and_not_lost():
    result = apportion(order(line("a", 1000), line("b", 300), discounts=(coupon(500, "b"),)))

    assert placed(result, "c").goods == (0, 300)
    assert result.unused == (("c", 200),)
    assert result.cash == (1000, 0)


# --- freight and tenders ---------------------------------------------------------------------------------------------


def test_freight_is_spread_by_what_is_owed_and_its_coupon_takes_no_more_than_it():
    with_freight = order(
        line("a", 3000),
        line("b", 1000),
        freight_fen=1000,
        discounts=(coupon(5000, id="ship", kind=DiscountKind.FREIGHT_COUPON),),
    )

    result = apportion(with_freight)

    assert result.freight == (750, 250)
    assert placed(result, "ship").freight == (750, 250)
    assert placed(result, "ship").goods == (0, 0)
    assert result.unused == (("ship", 4000),)
    assert result.cash == (3000, 1000)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((line("a", 3000), line("b", 1000)), (750, 250)),  # all nets 0: by the goods' price
        ((line("a", 0, units=3), line("b", 0, units=1)), (750, 250)),  # and nothing costs anything: by units
    ],
)
def test_freight_over_lines_that_owe_nothing(lines, expected):
    free = order(*lines, freight_fen=1000, discounts=(coupon(4000, kind=DiscountKind.FULL_REDUCTION),))

    assert apportion(free).freight == expected


def test_a_tender_pays_goods_first_and_then_freight_and_both_are_kept():
    result = apportion(order(line("a", 300), line("b", 100), freight_fen=100, tenders=(card(450),)))

    assert placed(result, "card").goods == (300, 100)
    assert placed(result, "card").freight == (38, 12)
    assert result.cash == (37, 13)
    assert result.tendered == (338, 112)


def test_discounts_reduce_what_is_owed_and_tenders_pay_it():
    result = apportion(order(line("a", 1000), discounts=(coupon(300),), tenders=(card(200),)))

    assert (result.nets, result.tendered, result.cash) == ((700,), (200,), (500,))


# --- gifts -----------------------------------------------------------------------------------------------------------

WITH_GIFT = order(
    line("coat", 9000, list_fen=9000), line("hat", 0, list_fen=1000, earned_by=("coat",)), discounts=(coupon(1000),)
)


def test_a_gift_is_free_unless_the_policy_shares_the_price_with_it():
    free = apportion(WITH_GIFT)
    shared = apportion(WITH_GIFT, ApportionmentPolicy(gifts="shared"))

    assert (free.goods, free.cash) == ((9000, 0), (8000, 0))
    assert (shared.goods, shared.gift_value) == ((8100, 900), (-900, 900))
    assert placed(shared, "c").goods == (900, 100)
    assert shared.cash == (7200, 800)


def test_two_equal_gifts_of_the_same_goods_are_worth_the_same():
    gift = {"list_fen": 1000, "earned_by": ("coat",)}
    both = order(line("coat", 9000, list_fen=9000), line("hat", 0, **gift), line("scarf", 0, **gift))

    assert apportion(both, ApportionmentPolicy(gifts="shared")).goods == (7364, 818, 818)


def test_goods_without_a_list_price_share_with_their_gift_by_their_price():
    bare = order(line("coat", 9000), line("hat", 0, list_fen=1000, earned_by=("coat",)))

    assert apportion(bare, ApportionmentPolicy(gifts="shared")).goods == (8100, 900)


def test_a_gift_without_a_list_price_stays_at_nothing_also_where_nothing_has_a_price():
    unknown = order(line("coat", 9000), line("hat", 0, earned_by=("coat",)))
    free = order(line("coat", 0), line("hat", 0, earned_by=("coat",)))

    assert apportion(unknown, ApportionmentPolicy(gifts="shared")).goods == (9000, 0)
    assert apportion(free, ApportionmentPolicy(gifts="shared")).goods == (0, 0)


def test_a_gift_that_is_earned_by_a_gift_takes_from_what_that_one_took():
    chain = order(
        line("coat", 9000),
        line("hat", 0, list_fen=1000, earned_by=("coat",)),
        line("pin", 0, list_fen=500, earned_by=("hat",)),
    )

    assert apportion(chain, ApportionmentPolicy(gifts="shared")).goods == (8100, 600, 300)


# --- what the platform placed ----------------------------------------------------------------------------------------


def test_what_the_platform_placed_is_taken_as_placed_and_only_the_open_rest_is_shared():
    result = apportion(
        order(line("a", 1000), line("b", 1000), line("c", 3000), discounts=(coupon(500, placed=(("a", 100),)),))
    )

    assert placed(result, "c").goods == (100, 100, 300)
    assert result.findings == ()


def test_all_placed_by_the_platform_nothing_is_shared():
    result = apportion(order(line("a", 1000), line("b", 1000), discounts=(coupon(500, placed=(("a", 499), ("b", 1))),)))

    assert placed(result, "c").goods == (499, 1)


@pytest.mark.parametrize(
    ("amount", "given", "finding"),
    [
        (500, (("a", 400), ("b", 200)), Finding(what="placed_above_amount", step="c", stated_fen=600, ours_fen=500)),
        (1500, (("a", 1500),), Finding(what="placed_above_owed", step="c", line="a", stated_fen=1500, ours_fen=1000)),
    ],
)
def test_a_disagreement_is_shown(amount, given, finding):
    result = apportion(order(line("a", 1000), line("b", 1000), discounts=(coupon(amount, placed=given),)))

    assert finding in result.findings
    assert min(result.nets) >= 0


def test_a_tender_that_is_placed_above_a_lines_goods_pays_its_freight():
    result = apportion(
        order(line("a", 100), line("b", 200), freight_fen=90, tenders=(card(120, placed=(("a", 120),)),))
    )

    assert (placed(result, "card").goods, placed(result, "card").freight) == ((100, 0), (20, 0))
    assert result.findings == ()


def test_a_tender_that_is_placed_above_all_that_a_line_owes_is_shown_and_not_moved():
    result = apportion(
        order(line("a", 100), line("b", 200), freight_fen=90, tenders=(card(200, placed=(("a", 200),)),))
    )

    assert (placed(result, "card").goods, placed(result, "card").freight) == ((100, 0), (30, 0))
    assert result.findings == (Finding(what="placed_above_owed", step="card", line="a", stated_fen=200, ours_fen=130),)
    assert result.unused == (("card", 70),)


def test_what_a_tender_leaves_open_pays_other_goods_then_any_freight_and_that_is_no_disagreement():
    result = apportion(order(line("a", 100), line("b", 200), freight_fen=90, tenders=(card(300, placed=(("a", 40),)),)))

    assert (placed(result, "card").goods, placed(result, "card").freight) == ((40, 200), (20, 40))
    assert (result.findings, result.unused) == ((), ())


def test_what_the_platform_left_open_and_nobody_owes_is_shown():
    result = apportion(order(line("a", 100), line("b", 20), discounts=(coupon(150, placed=(("a", 100),)),)))

    assert placed(result, "c").goods == (100, 20)
    assert result.findings == (Finding(what="not_placed", step="c", stated_fen=150, ours_fen=120),)
    assert result.unused == (("c", 30),)


def test_a_line_that_the_platform_placed_nothing_on_takes_nothing():
    result = apportion(order(line("a", 100), line("b", 100), discounts=(coupon(50, placed=(("a", 0),)),)))

    assert placed(result, "c").goods == (0, 50)


def test_a_freight_coupon_may_be_placed_by_the_platform():
    ship = coupon(50, id="ship", kind=DiscountKind.FREIGHT_COUPON, placed=(("a", 10),))

    result = apportion(order(line("a", 100), line("b", 100), freight_fen=60, discounts=(ship,)))

    assert placed(result, "ship").freight == (10, 30)
    assert result.unused == (("ship", 10),)


def test_a_tender_pays_within_its_scope_only_its_freight_with_it():
    result = apportion(order(line("a", 100), line("b", 100), freight_fen=60, tenders=(card(500, lines=("b",)),)))

    assert (placed(result, "card").goods, placed(result, "card").freight) == ((0, 100), (0, 30))
    assert result.unused == (("card", 370),)


def test_a_scope_without_lines_takes_nothing():
    result = apportion(
        order(line("a", 100), discounts=(coupon(50, id="d", kind="coupon"), evolve(coupon(5), lines=())))
    )

    assert result.unused == (("c", 5),)


def test_kinds_may_be_given_by_their_words_and_unknown_words_are_none():
    ship = coupon(50, id="ship", kind="freight_coupon")

    assert apportion(order(line("a", 100), freight_fen=60, discounts=(ship,))).cash == (110,)
    with pytest.raises(ValueError, match="is not a valid"):
        coupon(1, kind="freight")


def test_what_the_platform_states_of_a_line_is_compared():
    result = apportion(order(line("a", 1000, stated_fen=901), line("b", 1000), discounts=(coupon(200),)))

    assert result.findings == (Finding(what="stated_net", line="a", stated_fen=901, ours_fen=900),)
    assert evolve(result, findings=()) == evolve(
        apportion(order(line("a", 1000), line("b", 1000), discounts=(coupon(200),))), order=result.order
    )


# --- what makes no sense ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (order(line("a", -1)), "lines[0].goods_fen"),
        (order(line("a", 1.0)), "lines[0].goods_fen"),
        (order(line("a", 1, units=0)), "lines[0].units"),
        (order(line("a", 1), line("a", 1)), "lines"),
        (order(line("a", 1, earned_by=("b",))), "lines[0].earned_by"),
        (order(line("a", 1), freight_fen=-1), "freight_fen"),
        (order(freight_fen=1), "freight_fen"),
        (order(line("a", 1), discounts=(coupon(-1),)), "discounts[0].amount_fen"),
        (order(line("a", 1), discounts=(coupon(1, "b"),)), "discounts[0].lines"),
        (order(line("a", 1), discounts=(coupon(1, "a", "a"),)), "discounts[0].lines"),
        (order(line("a", 1), discounts=(coupon(1, placed=(("b", 1),)),)), "discounts[0].placed"),
        (order(line("a", 1), line("b", 1), discounts=(coupon(1, "a", placed=(("b", 1),)),)), "discounts[0].placed"),
        (order(line("a", 1), tenders=(card(True),)), "tenders[0].amount_fen"),
        (order(line("a", 1), discounts=(coupon(1),), tenders=(card(1, "c"),)), "tenders[0].id"),
        (order(line("a", 1), discounts=(coupon(1), coupon(1))), "discounts[1].id"),
        (order(line("a", 1), discounts=(coupon(1, id="freight"),)), "discounts[0].id"),
        (order(line("a", 1, stated_fen=0.5)), "lines[0].stated_fen"),
        (order(line("a", 1, earned_by=("a",))), "lines[0].earned_by"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_field(wrong, field):
    with pytest.raises(CannotApportion) as refused:
        apportion(wrong)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantum": 0}, "quantum"),
        ({"quantum": 1.0}, "quantum"),
        ({"order": DEFAULT_ORDER[:-1]}, "order"),
        ({"order": (*DEFAULT_ORDER[:-1], DEFAULT_ORDER[0])}, "order"),
        ({"order": (TenderKind.POINTS, *(kind for kind in DEFAULT_ORDER if kind is not TenderKind.POINTS))}, "order"),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused(change, field):
    with pytest.raises(InvalidPolicy) as refused:
        ApportionmentPolicy(**change)

    assert refused.value.field == field


def test_a_line_that_is_not_there_has_no_amounts():
    with pytest.raises(CannotApportion):
        apportion(USB_AND_BOOK).line("pen")


# --- rules ----------------------------------------------------------------------------------------------------------


def test_a_rule_that_keeps_a_rest_apart_hands_it_out_by_the_default_way():
    result = apportion(
        order(line("a", 10), line("b", 10), line("c", 10), discounts=(coupon(11),), freight_fen=5),
        ApportionmentPolicy(rule=Rule("half_up", "apart", "ascending")),
    )

    assert placed(result, "c").goods == (4, 4, 3) or sum(placed(result, "c").goods) == 11
    assert sum(result.freight) == 5


def test_rules_that_would_owe_a_line_something_are_capped():
    quanta = apportion(order(line("a", 3), line("b", 3), discounts=(coupon(4),)), ApportionmentPolicy(quantum=4))
    last = apportion(
        order(line("a", 2), line("b", 2), line("c", 2), line("d", 1), discounts=(coupon(5),)),
        ApportionmentPolicy(rule=LAST_TAKES_REST),
    )

    assert min(quanta.nets) >= 0
    assert min(last.nets) >= 0


def test_who_funds_a_discount_is_kept_beside_its_parts():
    result = apportion(order(line("a", 100), discounts=(coupon(10, funder=Funder.PLATFORM),)))

    assert placed(result, "c").step.funder is Funder.PLATFORM


def test_a_cumulative_policy_places_alike_however_a_line_is_cut():
    policy = ApportionmentPolicy(rule=CUMULATIVE)
    whole = apportion(order(line("a", 700), line("b", 300), discounts=(coupon(99),)), policy)
    cut = apportion(order(line("a1", 350), line("a2", 350), line("b", 300), discounts=(coupon(99),)), policy)

    assert sum(placed(cut, "c").goods[:2]) == placed(whole, "c").goods[0]


def test_a_rest_is_not_kept_apart_from_the_lines_of_an_order():
    assert without_a_rest(Rule(Rounding.HALF_UP, Rest.APART)) == Rule(Rounding.HALF_UP, Rest.LARGEST_FRACTION)
    assert without_a_rest(Rule(Rounding.HALF_UP, Rest.LAST)) == Rule(Rounding.HALF_UP, Rest.LAST)


def test_freight_is_spread_in_steps_of_the_quantum():
    lines = (PricedLine(key="a", units=1, goods_fen=200), PricedLine(key="b", units=1, goods_fen=100))
    order = PricedOrder(lines=lines, freight_fen=1_000)

    spread = apportion(order, ApportionmentPolicy(quantum=100)).steps[-1]

    assert (spread.goods, spread.freight) == ((0, 0), (700, 300))


def test_what_a_placed_tender_leaves_open_pays_the_freight_of_its_own_lines_only():
    lines = (PricedLine(key="a", units=1, goods_fen=200), PricedLine(key="b", units=1, goods_fen=200))
    card = Tender(id="card", kind="gift_card", amount_fen=500, lines=("a",), placed=(("a", 200),))

    paid = apportion(PricedOrder(lines=lines, tenders=(card,), freight_fen=100)).steps[-1]

    assert (paid.goods, paid.freight) == ((200, 0), (50, 0))
