"""Refund mistakes that other order systems have made in public, each as a test of ours.

The name of each test says what went wrong there; repository and number are of the report.
"""

import pytest
from attrs import evolve

from oms_domain.aftersales.claimed import free_units
from oms_domain.aftersales.returns import Inspected
from oms_domain.apportionment.waterfall import Discount, PricedLine, PricedOrder, Tender, apportion
from oms_domain.channels.standard import DiscountKind, TenderKind
from oms_domain.kernel.errors import MoveNotAllowed
from oms_domain.kernel.identity import LineId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.refunds.ledger import CASH, Charge, NothingLeft
from oms_domain.refunds.opening import ledger_of
from oms_domain.refunds.placing import RefundUnits, place, rooms, settled
from oms_domain.refunds.proposal import AboveRefundable, FreightRule, NothingToRefund, changed, propose
from oms_domain.refunds.refund_order import booked
from oms_domain.refunds.refundable import refundable_now
from oms_domain.testing.aftersales import OTHER_REFUND, REFUND, a_ledger, a_refund, a_return
from oms_domain.testing.builders import LINE, NOW, ORDER, OTHER_LINE, an_id

A, B, C = (LineId(an_id(60 + at)) for at in range(3))


def a_paid_order(*lines, discounts=(), tenders=(), freight_fen=0):
    """A ledger of lines (units, fen) that were apportioned here."""
    priced = tuple(PricedLine(key=str(at), units=units, goods_fen=fen) for at, (units, fen) in enumerate(lines))
    order = PricedOrder(lines=priced, discounts=discounts, tenders=tenders, freight_fen=freight_fen)
    return ledger_of(ORDER, apportion(order), {str(at): id_ for at, id_ in enumerate((A, B, C)[: len(lines)])})


def coupon(fen):
    return Discount(id="coupon", kind=DiscountKind.COUPON, amount_fen=fen)


def units(line, first=0, stop=1):
    return (RefundUnits(line_id=line, units=((first, stop),)),)


def refunded(ledger, wants, refund_id=REFUND, amount=None, *, with_freight=False):
    taken = place(rooms(ledger, wants, with_freight=with_freight), amount)
    held = ledger.hold(refund_id, taken, at=NOW)
    return settled(held, refund_id, wants, sum(each.fen for each in taken), at=NOW)


def back(ledger, refund_id=REFUND):
    return ledger.standing[refund_id].fen


def test_a_single_item_of_a_discounted_order_gives_back_its_discounted_price():
    """solidusio/solidus#512."""
    ledger = a_paid_order((1, 1_000), (1, 3_000), discounts=(coupon(400),))

    assert back(refunded(ledger, units(A))) == 900


def test_of_three_asked_back_and_two_received_two_are_refunded():
    """spree/spree#14678: a return of 3 of which 2 came was paid for 3."""
    goods = a_return(lines=(evolve(a_return().lines[0], expected=Quantity(3)),))
    got = goods.receive("r1", (Inspected(line_id=LINE, good=2),), last=True, at=NOW).state
    came = free_units(3, (), got.lines[0].right)

    proposal = propose(a_ledger(), (RefundUnits(line_id=LINE, units=came),), freight=FreightRule.KEPT)

    assert got.in_dispute == "short"
    assert proposal.amount == Money(6_000)  # and not 90.00


def test_lines_that_are_rounded_one_by_one_do_not_add_up_to_more_than_was_paid():
    """spree/spree#14467, woocommerce/woocommerce#64668."""
    ledger = a_paid_order((3, 1_000), (3, 1_000), (3, 1_000), discounts=(coupon(1_000),))
    everything = tuple(RefundUnits(line_id=line, units=((0, 3),)) for line in (A, B, C))

    one_by_one = 0
    for number, (line, unit) in enumerate((line, unit) for line in (A, B, C) for unit in (2, 0, 1)):
        refund_id = an_id(300 + number)
        ledger = refunded(ledger, units(line, unit, unit + 1), refund_id)
        one_by_one += back(ledger, refund_id)

    assert one_by_one == 2_000
    with pytest.raises(NothingToRefund):
        propose(ledger, everything, freight=FreightRule.KEPT)


def test_freight_that_the_refund_promises_is_in_what_is_sent():
    """spree/spree#10099: shipping was in the refund, and not in what the gateway was asked for."""
    proposal = propose(a_ledger(), units(LINE), freight=FreightRule.BY_OPERATOR)
    refund = a_refund(amount=proposal.amount, taken=proposal.taken)
    (sent,) = evolve(refund, state="approved").send(at=NOW).events

    assert sent.amount == Money(3_200) == proposal.amount
    assert sum(each.fen for each in refund.taken) == sent.amount.fen


def test_a_discount_comes_off_once():
    """medusajs/medusa#15885: the refundable total took it off twice."""
    now = refundable_now(a_paid_order((2, 2_000), discounts=(coupon(500),)), units(A, 0, 2), with_freight=False)

    assert (now.cost_fen, now.fen) == (2_000, 1_500)


def test_freight_can_be_refunded():
    """medusajs/medusa#13066."""
    ledger = a_paid_order((1, 1_000), freight_fen=500)

    assert back(refunded(ledger, units(A), with_freight=True)) == 1_500


def test_every_lines_freight_is_found_and_not_only_the_firsts():
    """Sylius/RefundPlugin#110."""
    ledger = a_paid_order((1, 1_000), (1, 1_000), freight_fen=500)

    for line in (A, B):
        assert back(refunded(ledger, units(line), with_freight=True)) == 1_250


def test_the_discount_of_a_refunded_line_does_not_move_to_the_lines_that_are_kept():
    """vendurehq/vendure#4811, #3098, #2393."""
    ledger = a_paid_order((1, 1_000), (1, 3_000), discounts=(coupon(400),))

    after = refunded(ledger, units(A))

    assert back(refunded(after, units(B), OTHER_REFUND), OTHER_REFUND) == 2_700


def test_a_typed_amount_is_placed_on_units_and_bound_by_them():
    """Sylius/RefundPlugin#241: refunds went by quantity only, or by an amount that no unit knew of."""
    proposal = propose(a_ledger(), units(LINE), freight=FreightRule.KEPT)

    assert sum(each.fen for each in changed(proposal, Money(1_234), limit=None, reason="x").taken) == 1_234
    with pytest.raises(AboveRefundable):
        changed(proposal, Money(3_001), limit=None, reason="x")


def test_a_second_partial_refund_is_possible_after_the_freight_went_back():
    """magento/magento2#2385."""
    ledger = refunded(a_paid_order((2, 2_000), freight_fen=500), units(A), with_freight=True)

    assert back(ledger) == 1_250
    assert back(refunded(ledger, units(A, 1, 2), OTHER_REFUND, with_freight=True), OTHER_REFUND) == 1_250


def test_a_partial_refund_of_a_discounted_line_gives_back_what_was_paid_and_no_less():
    """OpenMage/magento-lts#4396."""
    ledger = a_paid_order((3, 3_000), discounts=(coupon(100),))

    assert sum(back(refunded(ledger, units(A, at, at + 1))) for at in range(3)) == 2_900


def test_a_partial_refund_does_not_take_the_whole_voucher():
    """PrestaShop/PrestaShop#42502."""
    card = Tender(id="card", kind=TenderKind.GIFT_CARD, amount_fen=1_000)
    ledger = refunded(a_paid_order((2, 4_000), tenders=(card,)), units(A))

    to_card = sum(each.fen for each in ledger.standing[REFUND].taken if each.tender == "card")
    assert to_card == 500


def test_what_is_refunded_in_all_is_bounded():
    """craftcms/commerce#1098, openlinker-project/openlinker#3289."""
    ledger = refunded(a_ledger(), units(LINE, 0, 3), with_freight=True)

    with pytest.raises(NothingLeft):
        ledger.hold(OTHER_REFUND, place(rooms(a_ledger(), units(LINE), with_freight=False)), at=NOW)


def test_a_double_click_pays_once():
    """openfoodfoundation/openfoodnetwork#6330."""
    refund = a_refund(state="approved")
    sent = refund.send(at=NOW).state

    with pytest.raises(MoveNotAllowed):
        sent.send(at=NOW)
    ledger = booked(booked(a_ledger(), refund, at=NOW), sent, at=NOW)
    assert len(ledger.entries) == 1


def test_a_refund_of_any_amount_keeps_its_parts_in_proportion():
    """mollie/Shopware6#1244: a refund of a part kept all of another component."""
    ledger = a_ledger()
    taken = place(rooms(ledger, units(LINE, 0, 3), with_freight=True), 4_800)  # half of 96.00

    parts = {(each.charge, each.tender): each.fen for each in taken}
    assert parts == {
        (Charge.GOODS, "card"): 1_000,
        (Charge.GOODS, CASH): 3_500,
        (Charge.FREIGHT, "card"): 50,
        (Charge.FREIGHT, CASH): 250,
    }


# --- traps that more than one of them fell into ----------------------------------------------------------------------


def test_a_unit_price_that_is_rounded_and_multiplied_loses_or_gains_a_fen_ours_does_not():
    """10.00 for three: 3.34 and 3.33 and 3.33, in whatever order they come back, and nothing is left."""
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        ledger, found = a_paid_order((3, 1_000)), []
        for number, unit in enumerate(order):
            ledger = refunded(ledger, units(A, unit, unit + 1), an_id(300 + number))
            found.append(back(ledger, an_id(300 + number)))
        assert sorted(found) == [333, 333, 334]
        assert ledger.is_refunded_whole


def test_parts_of_one_command_are_checked_together_and_not_each_against_what_is_stored():
    wants = (*units(LINE), *units(OTHER_LINE))
    once = place(rooms(a_ledger(), wants, with_freight=False))

    with pytest.raises(NothingLeft):
        a_ledger().hold(REFUND, (*once, *once), at=NOW)


def test_caps_hold_for_each_payment_and_each_line_at_once():
    """60.00 in cash and 20.00 by card for one line: neither gives back the other's."""
    ledger = a_ledger()

    for tender in ledger.tenders:
        found = [room for room in rooms(ledger, units(LINE, 0, 3), with_freight=False) if room.tender == tender]
        whole = place(found)
        held = ledger.hold(REFUND, whole, at=NOW)
        assert [room.tender for room in rooms(held, units(LINE, 0, 3), with_freight=False)] == [
            other for other in ledger.tenders if other != tender
        ]


def test_money_never_moves_before_the_row_exists():
    """An id that nobody stored cannot be sent: sending needs the approved order, which has it."""
    with pytest.raises(MoveNotAllowed):
        a_refund().send(at=NOW)
    assert a_refund(state="approved").send(at=NOW).events[0].refund_id == REFUND


def test_the_same_sku_on_two_lines_stays_two_lines():
    ledger = a_paid_order((1, 1_000), (1, 500))

    after = refunded(ledger, units(A))

    assert back(refunded(after, units(B), OTHER_REFUND), OTHER_REFUND) == 500
