"""Which units gave everything back: they cannot be asked for again, and are counted as refunded."""

from oms_domain.refunds.ledger import CASH, Charge, Taken
from oms_domain.refunds.placing import RefundUnits, place, rooms
from oms_domain.refunds.refundable import refunded_units
from oms_domain.refunds.sold import refunded_units_of
from oms_domain.testing.aftersales import OTHER_REFUND, REFUND, a_ledger
from oms_domain.testing.builders import LINE, NOW, OTHER_LINE


def goods_moved(ledger, refund_id, units, fen):
    taken = place(rooms(ledger, units, with_freight=False), fen)
    return ledger.moved(refund_id, taken, at=NOW)


def test_units_that_gave_back_all_of_every_tender_are_refunded():
    units = [RefundUnits(line_id=LINE, units=((1, 2),))]
    ledger = goods_moved(a_ledger(), REFUND, units, 3_000)

    assert refunded_units(ledger, LINE) == ((1, 2),)
    assert refunded_units(ledger, OTHER_LINE) == ()


def test_a_part_of_a_unit_is_not_enough_and_the_rest_makes_it_whole():
    units = [RefundUnits(line_id=LINE, units=((0, 3),))]
    part = goods_moved(a_ledger(), REFUND, units, 4_500)
    assert refunded_units(part, LINE) == ()

    whole = goods_moved(part, OTHER_REFUND, units, 4_500)
    assert refunded_units(whole, LINE) == ((0, 3),)


def test_what_is_only_held_is_not_refunded():
    units = [RefundUnits(line_id=LINE, units=((0, 1),))]
    taken = place(rooms(a_ledger(), units, with_freight=False))

    assert refunded_units(a_ledger().hold(REFUND, taken, at=NOW), LINE) == ()


def test_a_unit_counts_once_however_many_refunds_took_a_part_of_it():
    layers = ((LINE, ((0, 2, 500),)), (LINE, ((1, 3, 100),)), (OTHER_LINE, ((0, 1, 1),)))
    taken = [Taken(line_id=line, charge=Charge.GOODS, tender=CASH, layer=layer) for line, layer in layers]

    assert refunded_units_of(taken) == {LINE: 3, OTHER_LINE: 1}
    assert refunded_units_of(()) == {}
