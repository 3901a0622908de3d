"""The ledger answers from its entries alone what may go back, by unit and component, and only grows."""

import pytest
from attrs import evolve

from oms_domain.apportionment.waterfall import Discount, PricedLine, PricedOrder, Tender, apportion
from oms_domain.channels.standard import DiscountKind, Funder, TenderKind
from oms_domain.kernel.money import Money
from oms_domain.orders.states import OrderMove, OrderState
from oms_domain.refunds.closing import order_ends_by
from oms_domain.refunds.layers import total
from oms_domain.refunds.ledger import (
    CASH,
    Charge,
    EntryKind,
    HeldOtherwise,
    LedgerStep,
    NotHeld,
    NothingLeft,
    Taken,
    UnknownLine,
)
from oms_domain.refunds.opening import ledger_of, ledger_of_order
from oms_domain.refunds.placing import PartialOrder, RefundUnits, place, rooms, settled
from oms_domain.refunds.refundable import NotMore, WhyNot, refundable_now
from oms_domain.testing.aftersales import OTHER_REFUND, REFUND, a_ledger
from oms_domain.testing.builders import LINE, NOW, ORDER, OTHER_LINE, a_sales_order, an_id, an_order_line

FIRST = (RefundUnits(line_id=LINE, units=((0, 1),)),)
SCARVES = (RefundUnits(line_id=LINE, units=((0, 3),)),)
EVERYTHING = (*SCARVES, RefundUnits(line_id=OTHER_LINE, units=((0, 1),)))


def taken(ledger, wants, amount=None, *, with_freight=False, order=PartialOrder.IN_PROPORTION):
    return place(rooms(ledger, wants, with_freight=with_freight), amount, order)


def held(ledger, wants, amount=None, *, refund=REFUND, with_freight=False):
    return ledger.hold(refund, taken(ledger, wants, amount, with_freight=with_freight), at=NOW)


def amounts(placed):
    return [(each.line_id, each.charge, each.tender, each.fen) for each in placed]


# --- what may go back ------------------------------------------------------------------------------------------------


def test_a_unit_gives_back_what_it_paid_to_what_paid_it():
    found = taken(a_ledger(), FIRST)

    assert amounts(found) == [(LINE, Charge.GOODS, "card", 666), (LINE, Charge.GOODS, CASH, 2334)]


def test_freight_goes_back_only_where_it_is_asked_for():
    found = taken(a_ledger(), FIRST, with_freight=True)

    assert amounts(found)[2:] == [(LINE, Charge.FREIGHT, "card", 33), (LINE, Charge.FREIGHT, CASH, 167)]


def test_every_fen_of_the_cost_is_in_one_row():
    ledger = held(held(a_ledger(), FIRST), (RefundUnits(line_id=LINE, units=((1, 2),)),), 1000, refund=OTHER_REFUND)
    ledger = ledger.moved(REFUND, ledger.standing[REFUND].taken, at=NOW)

    now = refundable_now(ledger, SCARVES, with_freight=False)

    assert now.cost_fen == 10_600
    assert now.fen == 5_000
    assert now.not_more == (
        NotMore(why=WhyNot.DISCOUNTED, fen=1_000, step="coupon", funder="shop"),
        NotMore(why=WhyNot.REFUNDED, fen=3_000, refund_id=REFUND),
        NotMore(why=WhyNot.HELD, fen=1_000, refund_id=OTHER_REFUND),
        NotMore(why=WhyNot.FREIGHT_KEPT, fen=600),
    )
    assert now.by_funder == (("shop", 1_000),)
    assert sum(fen for _, fen in now.by_tender) == 5_000


def test_units_that_gave_everything_back_give_nothing():
    ledger = held(a_ledger(), FIRST)

    assert taken(ledger, FIRST) == ()
    assert rooms(ledger, FIRST, with_freight=False) == ()


def test_a_part_in_cash_leaves_the_card_alone():
    assert amounts(taken(a_ledger(), FIRST, 2000, order=PartialOrder.CASH_FIRST)) == [(LINE, Charge.GOODS, CASH, 2000)]
    assert amounts(taken(a_ledger(), FIRST, 2500, order=PartialOrder.CASH_FIRST)) == [
        (LINE, Charge.GOODS, "card", 166),
        (LINE, Charge.GOODS, CASH, 2334),
    ]


def test_a_part_is_spread_over_its_units_and_the_rest_of_each_stays():
    ledger = held(a_ledger(), SCARVES, 100)  # both scarves a little damaged

    each = [
        sum(room.fen for room in rooms(ledger, (RefundUnits(line_id=LINE, units=((at, at + 1),)),), with_freight=False))
        for at in range(3)
    ]

    assert sum(each) == 8_900
    assert max(each) - min(each) <= 2


def test_cash_on_delivery_gives_back_only_what_the_card_paid():
    ledger = a_ledger(collected_fen=0)

    now = refundable_now(ledger, FIRST, with_freight=False)

    assert (now.by_tender, now.not_more[-1]) == ((("card", 666),), NotMore(why=WhyNot.NOT_COLLECTED, fen=2_334))
    with pytest.raises(NothingLeft):
        ledger.hold(REFUND, taken(a_ledger(), FIRST), at=NOW)


def test_a_deposit_is_the_most_that_goes_back_in_cash():
    ledger = a_ledger(collected_fen=1_000)

    first = held(ledger, EVERYTHING, with_freight=True)

    assert sum(each.fen for each in first.standing[REFUND].taken if each.tender == CASH) == 1_000
    assert first.cash_left_fen == 0


@pytest.mark.parametrize(
    "wants",
    [
        (RefundUnits(line_id=an_id(99), units=((0, 1),)),),
        (RefundUnits(line_id=LINE, units=((0, 4),)),),
        (RefundUnits(line_id=LINE, units=((-1, 1),)),),
        (RefundUnits(line_id=LINE, units=((1, 1),)),),
        (RefundUnits(line_id=LINE, units=((1, 2), (0, 1))),),
        (RefundUnits(line_id=LINE, units=()),),
        FIRST * 2,
    ],
    ids=["no such line", "past its end", "before its beginning", "empty run", "not in order", "no units", "line twice"],
)
def test_units_that_are_not_there_are_refused(wants):
    with pytest.raises(UnknownLine):
        rooms(a_ledger(), wants, with_freight=False)


# --- entries ---------------------------------------------------------------------------------------------------------


def test_holding_moving_and_letting_go_each_add_an_entry():
    ledger = held(a_ledger(), FIRST)
    moved = ledger.moved(REFUND, ledger.standing[REFUND].taken, at=NOW)
    let_go = held(moved, EVERYTHING, refund=OTHER_REFUND).release(OTHER_REFUND, at=NOW)

    assert [entry.kind for entry in let_go.entries] == [
        EntryKind.HELD,
        EntryKind.DONE,
        EntryKind.HELD,
        EntryKind.RELEASED,
    ]
    assert list(let_go.standing) == [REFUND]


def test_what_is_let_go_may_be_had_again_to_the_fen():
    ledger = held(a_ledger(), SCARVES, 777)

    again = ledger.release(REFUND, at=NOW)

    assert rooms(again, EVERYTHING, with_freight=True) == rooms(a_ledger(), EVERYTHING, with_freight=True)


def test_holding_the_same_again_changes_nothing():
    ledger = held(a_ledger(), FIRST)
    placed = ledger.standing[REFUND].taken

    assert ledger.hold(REFUND, placed, at=NOW) is ledger
    assert ledger.moved(REFUND, placed, at=NOW).hold(REFUND, placed, at=NOW) == ledger.moved(REFUND, placed, at=NOW)


def test_one_id_stands_for_one_refund():
    ledger = held(a_ledger(), FIRST)

    with pytest.raises(HeldOtherwise):
        ledger.hold(REFUND, taken(ledger, EVERYTHING), at=NOW)


def test_nobody_holds_what_another_has():
    ledger = held(a_ledger(), FIRST)

    with pytest.raises(NothingLeft) as refused:
        ledger.hold(OTHER_REFUND, taken(a_ledger(), FIRST), at=NOW)

    assert refused.value.fields() == {"line_id": LINE, "tender": "card", "wanted_fen": 666, "left_fen": 0}


def test_entries_of_one_hold_are_checked_together():
    card = Taken(line_id=LINE, charge=Charge.GOODS, tender="card", layer=((0, 1, 400),))

    with pytest.raises(NothingLeft):
        a_ledger().hold(REFUND, (card, card), at=NOW)


@pytest.mark.parametrize(
    ("layer", "tender", "refusal"),
    [
        (((0, 1, 100),), "voucher", NothingLeft),
        (((0, 1, -100),), CASH, UnknownLine),
        (((0, 9, 1),), CASH, UnknownLine),
    ],
    ids=["no such tender", "below 0", "past the line"],
)
def test_what_no_unit_paid_is_not_held(layer, tender, refusal):
    wrong = Taken(line_id=LINE, charge=Charge.GOODS, tender=tender, layer=layer)

    with pytest.raises(refusal):
        a_ledger().hold(REFUND, (wrong,), at=NOW)


def test_what_has_moved_is_not_let_go():
    ledger = held(a_ledger(), FIRST)
    moved = ledger.moved(REFUND, ledger.standing[REFUND].taken, at=NOW)

    with pytest.raises(NotHeld):
        moved.release(REFUND, at=NOW)
    with pytest.raises(NotHeld):
        moved.release(OTHER_REFUND, at=NOW)


def test_letting_go_twice_is_once():
    let_go = held(a_ledger(), FIRST).release(REFUND, at=NOW)

    assert let_go.release(REFUND, at=NOW) is let_go


def test_what_has_moved_stays_whatever_is_booked_after_it():
    ledger = held(a_ledger(), FIRST)
    moved = ledger.moved(REFUND, ledger.standing[REFUND].taken, at=NOW)

    assert moved.moved(REFUND, (), excess_fen=5, at=NOW) is moved


# --- facts -----------------------------------------------------------------------------------------------------------


def test_what_was_held_is_booked_as_it_was():
    ledger = held(a_ledger(), FIRST)

    done = settled(ledger, REFUND, FIRST, 3_000, at=NOW)

    assert done.standing[REFUND] == evolve(ledger.standing[REFUND], kind=EntryKind.DONE)
    assert settled(done, REFUND, FIRST, 3_000, at=NOW) is done
    assert settled(done, REFUND, FIRST, 9_999, at=NOW) is done  # another amount is the refund order's to show


def test_less_than_was_held_stays_on_its_units_and_frees_the_rest():
    done = settled(held(a_ledger(), FIRST), REFUND, FIRST, 1_000, at=NOW)

    assert done.standing[REFUND].fen == 1_000
    assert sum(each.fen for each in taken(done, FIRST)) == 2_000


def test_more_than_was_held_goes_on_what_the_units_have_then_the_order():
    done = settled(held(a_ledger(), FIRST), REFUND, FIRST, 3_300, at=NOW)

    booked = done.standing[REFUND]
    assert (booked.fen, booked.excess_fen) == (3_300, 0)
    assert sum(each.fen for each in booked.taken if each.charge is Charge.FREIGHT and each.line_id == LINE) >= 200


def test_more_than_was_ever_paid_is_kept_as_excess_and_on_no_unit():
    done = settled(held(a_ledger(), FIRST), REFUND, FIRST, 20_000, at=NOW)

    assert (done.standing[REFUND].fen, done.excess_fen) == (14_800, 5_200)
    assert rooms(done, EVERYTHING, with_freight=True) == ()


def test_a_refund_that_nobody_held_is_booked_on_its_units():
    done = settled(a_ledger(), REFUND, FIRST, 3_000, at=NOW)

    assert {each.line_id for each in done.standing[REFUND].taken} == {LINE}
    assert done.standing[REFUND].fen == 3_000


def test_a_refund_that_was_let_go_and_moved_all_the_same_lies_where_it_was_held():
    ledger = held(a_ledger(), FIRST)

    done = settled(ledger.release(REFUND, at=NOW), REFUND, FIRST, 3_000, at=NOW)

    assert done.standing[REFUND].taken == ledger.standing[REFUND].taken


def test_a_refund_that_was_let_go_and_whose_place_is_taken_lies_elsewhere():
    let_go = held(a_ledger(), FIRST).release(REFUND, at=NOW)
    taken_meanwhile = held(let_go, FIRST, refund=OTHER_REFUND)

    done = settled(taken_meanwhile, REFUND, FIRST, 3_000, at=NOW)

    assert done.standing[REFUND].fen == 3_000
    assert done.standing[OTHER_REFUND] == taken_meanwhile.standing[OTHER_REFUND]


# --- the end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "move"),
    [
        (OrderState.SHIPPED, OrderMove.REFUND_ALL),
        (OrderState.SIGNED, OrderMove.REFUND_ALL),
        (OrderState.COMPLETED, OrderMove.REFUND_ALL),
        (OrderState.AWAITING_CS_REVIEW, OrderMove.CANCEL),
        (OrderState.IN_WAREHOUSE, None),
        (OrderState.RETURNING, None),
        (OrderState.CLOSED, None),
    ],
)
def test_an_order_whose_lines_went_back_in_full_ends(state, move):
    done = settled(held(a_ledger(), EVERYTHING), REFUND, EVERYTHING, 14_000, at=NOW)

    assert order_ends_by(done, state) is move


def test_an_order_of_which_a_fen_is_left_or_only_held_keeps_its_state():
    ledger = held(a_ledger(), EVERYTHING)

    assert order_ends_by(ledger, OrderState.SIGNED) is None
    assert order_ends_by(settled(ledger, REFUND, EVERYTHING, 13_999, at=NOW), OrderState.SIGNED) is None
    assert order_ends_by(a_ledger(), OrderState.SIGNED) is None


def test_an_order_that_cost_nothing_is_not_closed_by_itself():
    free = a_ledger(lines=tuple(evolve(line, goods=(0, 0, 0), freight=(0, 0, 0)) for line in a_ledger().lines))

    assert order_ends_by(free, OrderState.SIGNED) is None


# --- where it comes from ---------------------------------------------------------------------------------------------


def test_the_ledger_of_a_platforms_order_has_what_the_platform_placed():
    order = a_sales_order(lines=(an_order_line(order_discount=Money(800)),), freight=Money(500))

    ledger = ledger_of_order(order)

    assert ledger.lines[0].goods == (19_800, 18_800, 18_000)
    assert ledger.lines[0].freight == (500, 500, 500)
    assert ledger.collected_fen == order.paid.fen == 18_500
    assert refundable_now(ledger, (RefundUnits(line_id=LINE, units=((0, 2),)),), with_freight=True).fen == 18_500


def test_freight_is_spread_by_what_lines_cost_or_by_units_where_they_cost_nothing():
    free = an_order_line(unit_price=Money(0), line_discount=Money(0))
    gifts = (free, evolve(free, id=OTHER_LINE, quantity=1))

    paid = ledger_of_order(a_sales_order())
    gratis = ledger_of_order(a_sales_order(lines=gifts, freight=Money(90)))

    assert [line.freight[0] for line in paid.lines] == [660, 140]
    assert [line.freight[0] for line in gratis.lines] == [60, 30]


def test_an_order_that_is_paid_on_delivery_has_collected_nothing():
    ledger = ledger_of_order(a_sales_order(cash_on_delivery=True))

    assert ledger.collected_fen == 0


def test_units_of_a_part_of_a_longer_line_are_numbered_within_it():
    """Of five scarves the platform's third to fifth are ours: here they are the first to third."""
    whole = an_order_line(quantity=5, payable=Money(48_500))
    part, _ = whole.part.cut(((2, 5),))
    line = evolve(
        whole,
        quantity=3,
        part=part,
        line_discount=Money(part.goods[0] - part.goods[-1]),
        payable=Money(part.goods[-1]),
    )
    order = a_sales_order(lines=(line,), steps=a_sales_order(lines=(whole,), freight=Money(0)).steps, freight=Money(0))

    ledger = ledger_of_order(order)

    assert (ledger.lines[0].units, ledger.whole(LINE)) == (3, ((0, 3),))
    assert (
        refundable_now(ledger, (RefundUnits(line_id=LINE, units=((0, 3),)),), with_freight=True).fen == order.paid.fen
    )


def test_services_and_the_fee_of_cash_on_delivery_do_not_go_back():
    ledger = ledger_of_order(a_sales_order(services=Money(300), cod_fee=Money(100)))

    assert sum(line.goods[-1] + line.freight[-1] for line in ledger.lines) == ledger.collected_fen == 23_600


def test_the_ledger_of_an_order_that_was_apportioned_here_knows_tenders_and_funders():
    order = PricedOrder(
        lines=(PricedLine(key="a", units=2, goods_fen=1_000),),
        discounts=(Discount(id="c", kind=DiscountKind.COUPON, amount_fen=100, name="券", funder=Funder.PLATFORM),),
        tenders=(Tender(id="g", kind=TenderKind.GIFT_CARD, amount_fen=300),),
        freight_fen=80,
    )

    ledger = ledger_of(ORDER, apportion(order), {"a": LINE})

    assert ledger.steps == (
        LedgerStep(id="c", name="券", funder="platform"),
        LedgerStep(id="g", name="gift_card", funder="unknown", is_tender=True),
    )
    assert (ledger.lines[0].goods, ledger.lines[0].freight) == ((1_000, 900, 600), (80, 80, 80))
    assert ledger.collected_fen == 680
    assert total(ledger.paid(LINE, Charge.GOODS, "g")) == 300
