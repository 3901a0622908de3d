"""What comes back of a refused delivery: units by line, good or defective, and what did not come."""

from datetime import timedelta

import pytest

from oms_domain.kernel.identity import StockDocumentId
from oms_domain.kernel.money import Money
from oms_domain.orders import events as e
from oms_domain.orders.coming_back import Arrived, Inspected, MoreCameThanLeft, arrived, left_us, worth
from oms_domain.orders.delivering import lose, receive_return
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import HAT, MAIN, NOW, PACKAGE, SCARF, a_sales_order, an_order_line

LATER = NOW + timedelta(hours=1)


def a_returning_order():
    """Two scarves at 94.00 and a hat at 40.00 have left."""
    order = a_sales_order(state=S.RETURNING)
    scarf, hat = order.lines
    return order, scarf.id, hat.id


def test_unless_somebody_says_otherwise_everything_came_and_all_of_it_is_good():
    order, scarf, hat = a_returning_order()

    assert arrived(order, None) == Arrived(good=((scarf, SCARF, 2), (hat, HAT, 1)))


def test_what_was_inspected_is_good_or_defective_and_what_is_not_named_has_not_come():
    order, scarf, hat = a_returning_order()

    came = arrived(order, (Inspected(line_id=scarf, good=1, defective=1),))

    assert came == Arrived(good=((scarf, SCARF, 1),), defective=((scarf, SCARF, 1),), missing=((hat, HAT, 1),))
    assert arrived(order, ()) == Arrived(missing=((scarf, SCARF, 2), (hat, HAT, 1)))


def test_units_of_a_sku_are_taken_from_its_lines_one_after_the_other():
    _, scarf, hat = a_returning_order()
    both = a_sales_order(state=S.RETURNING, lines=tuple(an_order_line(id=id, shipped=2) for id in (scarf, hat)))

    came = arrived(both, (Inspected(sku=SCARF, good=1), Inspected(sku=SCARF, good=1, defective=1)))

    assert came == Arrived(good=((scarf, SCARF, 2),), defective=((hat, SCARF, 1),), missing=((hat, SCARF, 1),))


@pytest.mark.parametrize(
    "counts", [{"good": 3}, {"good": 2, "defective": 1}, {}, {"good": -1, "defective": 2}], ids=str
)
def test_more_than_left_or_nothing_cannot_have_come(counts):
    order, _, _ = a_returning_order()

    with pytest.raises(MoreCameThanLeft) as refusal:
        arrived(order, (Inspected(sku=SCARF, **counts),))

    assert refusal.value.fields() == {
        "field": "lines[0]",
        "value": SCARF,
        "left": 2,
        "came": sum(counts.values()),
    }


def test_units_that_a_return_order_books_are_not_booked_a_second_time():
    order, scarf, hat = a_returning_order()

    assert arrived(order, None, elsewhere={scarf: 1, hat: 1}) == Arrived(good=((scarf, SCARF, 1),))
    with pytest.raises(MoreCameThanLeft):
        arrived(order, (Inspected(line_id=hat, good=1),), elsewhere={hat: 1})


def test_the_receipt_tells_what_came_where_and_by_which_document():
    order, scarf, hat = a_returning_order()
    came = Arrived(good=((scarf, SCARF, 2),), missing=((hat, HAT, 1),))
    document = StockDocumentId(PACKAGE)

    change = receive_return(order, came=came, warehouse=MAIN, document_id=document, at=LATER)

    assert change.state.state is S.CLOSED
    assert change.events == (
        e.OrderReturned(
            order_id=order.id,
            state=S.CLOSED,
            refund_due=order.refundable,
            warehouse=MAIN,
            document_id=document,
            good=came.good,
            missing=came.missing,
            at=LATER,
        ),
    )


def test_a_loss_tells_what_the_carrier_owes_and_what_it_was_worth():
    order = a_sales_order(state=S.SHIPPED)
    scarf, hat = order.lines

    (event,) = lose(order, reason="丢件", at=LATER).events

    assert event.claimed == left_us(order) == ((scarf.id, SCARF, 2), (hat.id, HAT, 1))
    assert event.claimed_value == worth(order, left_us(order)) == scarf.payable + hat.payable
    assert worth(order, ((scarf.id, SCARF, 1),)) < scarf.payable
    assert worth(order, ()) == Money(0)


def test_of_what_was_first_seen_when_it_had_left_all_that_was_not_refunded_left():
    lines = (an_order_line(shipped=0), an_order_line(id=PACKAGE, shipped=0, is_closed=True))
    order = a_sales_order(state=S.SHIPPED, external=True, lines=lines)

    assert left_us(order) == ((lines[0].id, SCARF, 2),)
