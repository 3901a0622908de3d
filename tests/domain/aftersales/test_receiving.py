"""What a warehouse counted, put on the lines that wait for it."""

from oms_domain.aftersales.receiving import CountedUnits, inspected_of
from oms_domain.aftersales.returns import Inspected, ReturnLine
from oms_domain.kernel.identity import LineId
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.aftersales import a_return
from oms_domain.testing.builders import HAT, LINE, NOW, OTHER_LINE, SCARF, an_id

THIRD = LineId(an_id(77))


def test_good_and_defective_units_go_on_their_lines():
    counted = (CountedUnits(sku=SCARF, units=1), CountedUnits(sku=SCARF, units=1, is_good=False))

    assert inspected_of(a_return(), counted) == (Inspected(line_id=LINE, good=1, defective=1),)


def test_of_two_lines_of_one_sku_the_first_is_filled_first_and_more_goes_on_the_last():
    lines = (
        ReturnLine(line_id=LINE, sku=SCARF, expected=Quantity(2)),
        ReturnLine(line_id=OTHER_LINE, sku=HAT, expected=Quantity(1)),
        ReturnLine(line_id=THIRD, sku=SCARF, expected=Quantity(1)),
    )

    found = inspected_of(a_return(lines=lines), [CountedUnits(sku=SCARF, units=5)])

    assert found == (Inspected(line_id=LINE, good=2), Inspected(line_id=THIRD, good=3))


def test_what_came_before_is_not_waited_for_again():
    goods = a_return().receive("r1", (Inspected(line_id=LINE, good=1),), last=False, at=NOW).state

    assert inspected_of(goods, [CountedUnits(sku=SCARF, units=1)]) == (Inspected(line_id=LINE, good=1),)


def test_other_goods_are_wrong_ones():
    found = inspected_of(a_return(), [CountedUnits(sku="OTHER", units=2), CountedUnits(sku="OTHER-2", units=1)])

    assert found == (Inspected(line_id=LINE, wrong=3),)


def test_nothing_counted_is_nothing():
    assert inspected_of(a_return(), ()) == ()
