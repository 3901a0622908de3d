"""Down to the unit: closed form, cutting, split and merge, refunds. Nothing is apportioned twice."""

import time

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.apportionment.parts import (
    Refundable,
    RefundAbovePaid,
    merge,
    net_freight_of,
    net_of,
    paid_in_all,
    refund,
    refundable,
    split,
    whole_order,
)
from oms_domain.apportionment.units import (
    LinePart,
    UnitsGone,
    UnitsNamedTwice,
    UnitsOutOfRange,
    as_runs,
    count,
    joined,
    of_units,
    whole_line,
)
from oms_domain.apportionment.waterfall import CannotApportion, Discount, PricedLine, PricedOrder, Tender, apportion
from oms_domain.channels.standard import DiscountKind, TenderKind
from oms_domain.testing.waterfalls import orders, refund_sequences, split_plans

SCARVES = whole_line("a", 3, (1000, 900, 500), (100, 100, 40))


@given(net=st.integers(0, 10**12), units=st.integers(1, 50))
def test_units_differ_by_at_most_one_and_add_up(net, units):
    each = [of_units(net, units, at, at + 1) for at in range(units)]

    assert sum(each) == net
    assert max(each) - min(each) <= 1
    assert each == sorted(each, reverse=True)


@given(net=st.integers(0, 10**9), less=st.integers(0, 10**9), units=st.integers(1, 30))
def test_a_discounts_share_of_a_unit_is_never_negative(net, less, units):
    lower = min(net, less)

    assert all(of_units(net, units, at, at + 1) >= of_units(lower, units, at, at + 1) for at in range(units))


def test_two_discounts_of_a_fen_on_two_units_of_a_fen_leave_no_unit_in_debt():
    line = whole_line("a", 2, (2, 1, 0))

    first, second = line.cut(((0, 1),))

    assert (first.goods, second.goods) == ((1, 1, 0), (1, 0, 0))
    assert (first.taken, second.taken) == ((0, 1), (1, 0))


def test_a_million_units_are_cut_at_once():
    line = whole_line("a", 10**6, (10**18 + 7, 10**18 - 5, 3))
    begun = time.process_time()

    taken, rest = line.cut(((1, 999_998), (999_999, 10**6)))

    assert time.process_time() - begun < 1  # a loop over units would take many
    assert tuple(map(sum, zip(taken.goods, rest.goods, strict=True))) == line.goods
    assert rest.runs == ((0, 1), (999_998, 999_999))


@pytest.mark.parametrize(("first", "stop"), [(-1, 1), (2, 1), (0, 4), (4, 4)])
def test_a_run_outside_the_line_is_refused(first, stop):
    with pytest.raises(UnitsOutOfRange) as refused:
        of_units(100, 3, first, stop)

    assert (refused.value.first, refused.value.stop, refused.value.units) == (first, stop, 3)


@pytest.mark.parametrize(
    ("first", "stop", "carries"), [(0, 0, 0), (0, 1, 334), (0, 3, 1_001), (1, 3, 667), (2, 3, 333), (3, 3, 0)]
)
def test_a_run_carries_what_its_units_carry(first, stop, carries):
    share = of_units(1_001, 3, first, stop)

    assert (share, type(share)) == (carries, int)


def test_runs_of_units():
    assert as_runs([5, 1, 2]) == ((1, 3), (5, 6))
    assert joined([(3, 4), (0, 3), (9, 9)]) == ((0, 4),)
    assert count(((0, 4), (6, 7))) == 5
    with pytest.raises(UnitsNamedTwice) as twice:
        joined([(0, 2), (1, 3)])
    assert (twice.value.field, twice.value.unit) == ("units", 1)


def test_what_is_left_has_no_empty_runs():
    line = whole_line("a", 6, (101, 7))

    assert line.cut(((0, 2),))[1].runs == ((2, 6),)
    assert line.cut(((4, 6),))[1].runs == ((0, 4),)
    assert line.cut(((1, 2), (4, 5)))[1].runs == ((0, 1), (2, 4), (5, 6))
    apart = line.cut(((2, 4),))[1]
    assert apart.cut(((0, 2),))[1].runs == ((4, 6),)
    assert apart.cut(((4, 6),))[1].runs == ((0, 2),)


def test_of_no_units_nothing_is_taken():
    nothing, rest = whole_line("a", 3, (100, 2)).cut(())

    assert (nothing.runs, nothing.goods, rest.goods) == ((), (0, 0), (100, 2))


def test_runs_may_be_named_in_any_order_but_no_unit_twice():
    line = whole_line("a", 5, (101,))

    assert line.cut(((3, 4), (0, 1), (1, 2))) == line.cut(((0, 2), (3, 4)))
    assert line.cut(((2, 2),)) == line.cut(())
    with pytest.raises(UnitsNamedTwice):
        line.cut(((0, 2), (1, 3)))


def test_units_far_beyond_a_line_are_refused_at_once():
    begun = time.process_time()

    with pytest.raises(UnitsGone) as gone:
        whole_line("a", 10**6, (1,)).cut(((0, 10**12),))

    assert gone.value.gone == tuple(range(10**6, 10**6 + 10))
    with pytest.raises(UnitsGone) as before:
        whole_line("a", 3, (1,)).cut(((-2, 1),))
    assert before.value.gone == (-2, -1)
    assert time.process_time() - begun < 1


def test_what_is_gone_is_named():
    _, rest = SCARVES.cut(((1, 2),))

    with pytest.raises(UnitsGone) as gone:
        rest.cut(((0, 3),))

    assert (gone.value.line, gone.value.gone) == ("a", (1,))
    with pytest.raises(UnitsGone) as beyond:
        rest.cut(((2, 9),))
    assert beyond.value.gone == (3, 4, 5, 6, 7, 8)


def test_the_first_units_that_are_left():
    _, rest = SCARVES.cut(((0, 1),))

    assert rest.first(2) == ((1, 3),)
    assert rest.first(0) == ()
    holes = LinePart(key="a", runs=((1, 3), (5, 6), (8, 12)), goods=(70,))
    assert [holes.first(units) for units in (1, 2, 3, 5, 7)] == [
        ((1, 2),),
        ((1, 3),),
        ((1, 3), (5, 6)),
        ((1, 3), (5, 6), (8, 10)),
        ((1, 3), (5, 6), (8, 12)),
    ]
    with pytest.raises(UnitsOutOfRange):
        rest.first(3)


@given(data=st.data(), units=st.integers(1, 12), goods=st.integers(0, 500), off=st.integers(0, 500))
def test_any_units_in_order_are_such_a_line_again(data, units, goods, off):
    """What was cut off carries the same for each of its units as they did on the line."""
    line = whole_line("a", units, (goods, max(goods - off, 0)))
    numbers = sorted(data.draw(st.sets(st.integers(0, units - 1), min_size=1)))

    taken, rest = line.cut(as_runs(numbers))

    for number in numbers:
        assert taken.cut(((number, number + 1),))[0] == line.cut(((number, number + 1),))[0]
    assert rest.units == units - len(numbers)
    if rest.units:
        assert rest.joined_with(taken) == line


def test_parts_of_two_lines_cannot_be_joined():
    with pytest.raises(ValueError, match="not parts of one line"):
        SCARVES.joined_with(LinePart(key="b", runs=(), goods=(0, 0, 0), freight=(0, 0, 0)))


# --- split and merge -------------------------------------------------------------------------------------------------


@given(order=orders(), data=st.data())
def test_merging_any_split_in_any_order_gives_the_order_again(order, data):
    whole = whole_order(apportion(order), {"invoice": 1234, "points": 7})
    plans = data.draw(split_plans(whole))

    parts = split(whole, plans)
    shuffled = data.draw(st.permutations(parts))

    assert merge(shuffled, order=[line.key for line in whole.lines]) == _in_order(whole, shuffled)
    for amount in ("goods", "cash", "freight"):
        assert sum(getattr(part, amount) for part in parts) == getattr(whole, amount)
    for at, (step, total) in enumerate(whole.taken()):
        assert sum(part.taken()[at][1] for part in parts) == total, step
    for name, amount in whole.kept:
        assert sum(dict(part.kept)[name] for part in parts) == amount


def _in_order(whole, parts):
    """Parts that were shuffled have their kept amounts by the same names, in the same order."""
    assert all([name for name, _ in part.kept] == [name for name, _ in whole.kept] for part in parts)
    return whole


@given(order=orders(lines=3), data=st.data())
def test_splitting_a_part_again_is_splitting_the_order(order, data):
    whole = whole_order(apportion(order))
    first = split(whole, data.draw(split_plans(whole)))
    again = [piece for part in first for piece in split(part, data.draw(split_plans(part)))]

    assert merge(again, order=[line.key for line in whole.lines]) == whole


BOTH = PricedOrder(
    lines=(PricedLine(key="a", units=2, goods_fen=1000), PricedLine(key="b", units=1, goods_fen=500)),
    discounts=(Discount(id="c", kind=DiscountKind.COUPON, amount_fen=100, lines=("b",)),),
    tenders=(Tender(id="card", kind=TenderKind.GIFT_CARD, amount_fen=140),),
    freight_fen=60,
)


SHIP = Discount(id="ship", kind=DiscountKind.FREIGHT_COUPON, amount_fen=10)
CARD = BOTH.tenders[0]


def test_nets_of_a_part_are_after_discounts_and_before_tenders():
    whole = whole_order(
        apportion(evolve(BOTH, discounts=(*BOTH.discounts, SHIP), tenders=(evolve(CARD, amount_fen=1450),)))
    )

    assert [net_of(whole.steps, part) for part in whole.lines] == [1000, 400]
    assert [net_freight_of(whole.steps, part) for part in whole.lines] == [33, 17]
    assert [part.freight[0] for part in whole.lines] == [40, 20]
    assert whole.cash == 0


def test_a_discount_of_one_sku_stays_with_it():
    part_a, part_b = split(whole_order(apportion(BOTH)), [{"a": ((0, 2),)}])

    assert dict(part_a.taken())["c"] == 0
    assert dict(part_b.taken())["c"] == 100


def test_what_is_kept_on_the_order_goes_by_goods_the_last_takes_the_rest():
    parts = split(whole_order(apportion(BOTH), {"invoice": 100}), [{"a": ((0, 1),)}, {"a": ((1, 2),)}])

    assert [dict(part.kept)["invoice"] for part in parts] == [33, 33, 34]


def test_a_correction_kept_on_the_order_is_shared_as_the_mirror_of_what_it_corrects():
    plans = [{"a": ((0, 1),)}, {"a": ((1, 2),)}]

    parts = split(whole_order(apportion(BOTH), {"invoice": 5, "correction": -5}), plans)

    assert [dict(part.kept)["invoice"] for part in parts] == [2, 2, 1]
    assert [dict(part.kept)["correction"] for part in parts] == [-2, -2, -1]


def test_of_free_goods_what_is_kept_goes_by_units():
    free = PricedOrder(lines=(PricedLine(key="a", units=3, goods_fen=0), PricedLine(key="b", units=1, goods_fen=0)))

    parts = split(whole_order(apportion(free), {"invoice": 100}), [{"a": ((0, 3),)}])

    assert [dict(part.kept)["invoice"] for part in parts] == [75, 25]


def test_a_split_that_makes_no_sense_is_refused():
    whole = whole_order(apportion(BOTH))

    with pytest.raises(UnitsGone):
        split(whole, [{"a": ((0, 1),)}, {"a": ((0, 1),)}])
    with pytest.raises(CannotApportion):
        split(whole, [{"pen": ((0, 1),)}])
    with pytest.raises(CannotApportion):
        split(whole, [{}])
    with pytest.raises(CannotApportion):
        merge([])
    with pytest.raises(CannotApportion):
        merge([whole, whole_order(apportion(evolve(BOTH, tenders=(evolve(BOTH.tenders[0], amount_fen=1),))))])
    with pytest.raises(UnitsNamedTwice):
        merge([whole, whole])


# --- orders of one buyer, merged ------------------------------------------------------------------------------------


def renamed(order, name):
    """An order whose line keys and step ids are its own, as a platform's are."""
    return evolve(
        order,
        lines=tuple(
            evolve(line, key=name + line.key, earned_by=tuple(name + key for key in line.earned_by))
            for line in order.lines
        ),
        **{
            field: tuple(
                evolve(
                    one,
                    id=name + one.id,
                    lines=one.lines and tuple(name + key for key in one.lines),
                    placed=tuple((name + key, amount) for key, amount in one.placed),
                )
                for one in getattr(order, field)
            )
            for field in ("discounts", "tenders")
        },
    )


@given(one=orders(lines=3), other=orders(lines=3), data=st.data())
def test_merged_orders_split_and_merged_again_are_the_same_in_every_amount(one, other, data):
    wholes = [
        whole_order(apportion(renamed(order, name)), {"invoice": 7}) for order, name in ((one, "x"), (other, "y"))
    ]
    keys = [line.key for whole in wholes for line in whole.lines]
    merged = merge(wholes)

    parts = data.draw(st.permutations(split(merged, data.draw(split_plans(merged)))))
    pieces = [piece for whole in wholes for piece in split(whole, data.draw(split_plans(whole)))]
    again = merge(parts, order=keys)

    assert again == merged
    assert as_amounts(merge(data.draw(st.permutations(pieces)), order=keys)) == as_amounts(merged)
    for amount in ("goods", "cash", "freight"):
        assert getattr(merged, amount) == sum(getattr(whole, amount) for whole in wholes)
    assert dict(merged.taken()) == dict(wholes[0].taken()) | dict(wholes[1].taken())
    assert merged.kept == (("invoice", 14),)


def as_amounts(part):
    """What a part carries, in whatever order its steps come."""
    return [
        (line.key, line.runs, line.goods[0], line.cash, line.freight[0], taken(part, line.taken, line.freight_taken))
        for line in part.lines
    ] + [part.kept]


def taken(part, goods, freight):
    return {step.id: both for step, *both in zip(part.steps, goods, freight, strict=True)}


def test_a_refund_finds_its_line_and_its_tender_in_a_merged_order():
    mine, yours = (whole_order(apportion(renamed(BOTH, name))) for name in ("mine-", "yours-"))

    merged = merge([mine, yours])
    line = next(line for line in merged.lines if line.key == "yours-b")

    assert refundable(merged.steps, line, ((0, 1),)) == refundable(yours.steps, yours.lines[1], ((0, 1),))
    assert refundable(merged.steps, line, ((0, 1),)).tenders == (("yours-card", 40),)


# --- refunds ---------------------------------------------------------------------------------------------------------


@given(order=orders(lines=3), data=st.data(), with_freight=st.booleans())
def test_any_sequence_of_refunds_ends_at_exactly_what_was_paid(order, data, with_freight):
    whole = whole_order(apportion(order))
    given_back = []
    for line in whole.lines:
        rest = line
        for units in data.draw(refund_sequences(line)):
            before = refundable(whole.steps, rest, units, with_freight=with_freight)
            given, rest = refund(whole.steps, rest, units, with_freight=with_freight)
            assert given == before
            assert min(given.cash, *(amount for _, amount in given.tenders), 0) == 0
            given_back.append(given)
        assert rest.units == 0
        assert not any(rest.goods)
        assert not any(rest.freight)

    total = paid_in_all(given_back)
    placed = {step.step.id: step for step in apportion(order).steps}
    for id_, amount in total.tenders:
        assert amount == sum(placed[id_].goods) + (sum(placed[id_].freight) if with_freight else 0)
    freight_cash = sum(line.freight[-1] for line in whole.lines)
    assert total.cash == whole.cash - (0 if with_freight else freight_cash)


def test_units_that_were_refunded_cannot_be_refunded_again():
    whole = whole_order(apportion(BOTH))
    _, rest = refund(whole.steps, whole.lines[0], ((0, 1),))

    with pytest.raises(UnitsGone):
        refund(whole.steps, rest, ((0, 1),))


def test_a_refund_goes_back_to_what_paid_and_leaves_freight_and_coupon():
    whole = whole_order(apportion(BOTH))

    given, rest = refund(whole.steps, whole.lines[1], ((0, 1),))

    assert (given.cash, given.tenders, given.total) == (360, (("card", 40),), 400)
    assert rest.units == 0
    assert (
        refundable(whole.steps, whole.lines[1], ((0, 1),), with_freight=True).cash == 380
    )  # its freight was placed before the coupon


def test_a_part_of_the_price_given_back_before_is_taken_off_and_never_more_than_was_paid():
    whole = whole_order(apportion(BOTH))
    before = [
        Refundable(units=1, cash=100, tenders=(("card", 15),)),
        Refundable(units=1, cash=0, tenders=(("card", 25),)),
    ]

    left, _ = refund(whole.steps, whole.lines[1], ((0, 1),), given=before)

    assert (left.units, left.cash, left.tenders) == (1, 260, ())
    for wrong, tender, paid in (
        (Refundable(units=1, cash=361, tenders=()), "cash", 360),
        (Refundable(units=1, cash=0, tenders=(("card", 41),)), "card", 40),
        (Refundable(units=1, cash=0, tenders=(("points", 1),)), "points", 0),
    ):
        with pytest.raises(RefundAbovePaid) as refused:
            refundable(whole.steps, whole.lines[1], ((0, 1),), given=[wrong])
        assert (refused.value.tender, refused.value.paid) == (tender, paid)


@given(order=orders(lines=2), data=st.data())
def test_parts_of_the_price_given_back_and_then_the_goods_end_at_what_was_paid(order, data):
    whole = whole_order(apportion(order))
    for line in whole.lines:
        all_units = ((0, line.units),)
        paid = refundable(whole.steps, line, all_units, with_freight=True)
        given = []
        for _ in range(data.draw(st.integers(0, 3))):
            left = refundable(whole.steps, line, all_units, with_freight=True, given=given)
            cash = data.draw(st.integers(0, left.cash))
            tenders = tuple((id_, data.draw(st.integers(0, amount))) for id_, amount in left.tenders)
            given.append(Refundable(units=0, cash=cash, tenders=tenders))
        last, _ = refund(whole.steps, line, all_units, with_freight=True, given=given)

        together = paid_in_all([*given, last])
        assert (together.cash, together.total) == (paid.cash, paid.total)
        assert {id_: amount for id_, amount in together.tenders if amount} == dict(paid.tenders)


def test_refunds_by_unit_never_round_a_unit_price_up():
    """10.00 for 3 units: 3.34, 3.33, 3.33, in whatever order they come back."""
    line = whole_line("a", 3, (1000,))
    given = []
    for number in (2, 0, 1):
        back, line = refund((), line, ((number, number + 1),))
        given.append(back.cash)

    assert sorted(given) == [333, 333, 334]


def test_a_tender_of_which_nothing_was_given_back_is_left_whole():
    paid = Refundable(units=1, cash=5, tenders=(("card", 3), ("points", 2)))

    assert paid.less(Refundable(units=1, cash=1, tenders=(("points", 2),))) == evolve(
        paid, cash=4, tenders=(("card", 3),)
    )


def test_what_several_lines_give_back_is_added_up():
    lines = [
        Refundable(units=2, cash=5, tenders=(("card", 3),)),
        Refundable(units=3, cash=1, tenders=(("card", 1), ("points", 2))),
    ]

    assert paid_in_all(lines) == Refundable(units=5, cash=6, tenders=(("card", 4), ("points", 2)))
    assert paid_in_all([]) == Refundable(units=0, cash=0, tenders=())


WITH_FREIGHT = PricedOrder(
    lines=(PricedLine(key="a", units=1, goods_fen=600), PricedLine(key="b", units=3, goods_fen=400)),
    discounts=(Discount(id="ship", kind="freight_coupon", amount_fen=100),),
    tenders=(Tender(id="card", kind="gift_card", amount_fen=1_050),),
    freight_fen=200,
)


def test_what_a_step_takes_of_goods_and_of_freight_is_one_sum():
    whole = whole_order(apportion(WITH_FREIGHT))

    assert whole.taken() == (("ship", 100), ("card", 1_050))
    assert sum(line.freight_taken[1] for line in whole.lines) == 50


def test_freight_that_a_tender_paid_is_given_back_only_with_the_freight():
    whole = whole_order(apportion(WITH_FREIGHT))
    line = whole.lines[0]

    assert refundable(whole.steps, line, line.runs).tenders == (("card", 600),)
    assert refundable(whole.steps, line, line.runs, with_freight=True).tenders == (("card", 630),)


def test_what_the_order_keeps_goes_to_parts_by_goods_and_comes_together_by_name():
    whole = evolve(whole_order(apportion(WITH_FREIGHT)), kept=(("wrapping", 100),))

    first, second = split(whole, [{"a": ((0, 1),)}])

    assert (first.kept, second.kept) == ((("wrapping", 60),), (("wrapping", 40),))
    other = evolve(second, kept=(("card fee", 7),))
    assert merge([first, other]).kept == (("wrapping", 60), ("card fee", 7))


def test_a_line_without_units_has_no_runs():
    assert whole_line("a", 0, (0,)).runs == ()
