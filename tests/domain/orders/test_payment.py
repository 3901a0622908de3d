"""A payment that a person books: exactly what is due, of all parts at once."""

from datetime import timedelta

import pytest

from oms_domain.kernel.errors import InvalidText, MoveNotAllowed
from oms_domain.kernel.money import Money
from oms_domain.orders.events import OrderPaid
from oms_domain.orders.payment import InTheFuture, PaidBeforePlaced, PaymentDiffers, pay_by_hand, payment_due
from oms_domain.orders.states import OrderState as S
from oms_domain.testing.builders import LINE_IDS, NOW, a_sales_order, an_id, an_order_line

LATER = NOW + timedelta(hours=1)
HOW = {"paid_at": LATER, "reference": "PAY-1", "reason": "银行到账", "at": LATER}


def unpaid(**changes):
    return a_sales_order(**{"state": S.AWAITING_PAYMENT, "paid": Money(0), "paid_at": None} | changes)


def test_an_order_is_paid_whole_and_says_when_and_by_what():
    order = unpaid()

    (change,) = pay_by_hand((order,), order.payable, **HOW)

    assert (change.state.state, change.state.paid, change.state.paid_at) == (
        S.AWAITING_ALLOCATION,
        order.payable,
        LATER,
    )
    assert change.events == (
        OrderPaid(
            order_id=order.id,
            state=S.AWAITING_ALLOCATION,
            paid=order.payable,
            reference="PAY-1",
            reason="银行到账",
            at=LATER,
        ),
    )


@pytest.mark.parametrize("off", [-1, 1])
def test_another_amount_is_refused_with_both(off):
    order = unpaid()

    with pytest.raises(PaymentDiffers) as refusal:
        pay_by_hand((order,), order.payable + Money(off), **HOW)

    assert refusal.value.fields() == {
        "due": order.payable,
        "paid": order.payable + Money(off),
        "orders": (order.number,),
    }


def test_parts_are_paid_by_one_payment_each_its_own():
    parts = (unpaid(), unpaid(id=an_id(77), number="S2"))

    changes = pay_by_hand(parts, parts[0].payable + parts[1].payable, **HOW)

    assert [change.state.paid for change in changes] == [part.payable for part in parts]
    with pytest.raises(PaymentDiffers):
        pay_by_hand(parts, parts[0].payable, **HOW)


def test_a_deposit_and_what_will_never_leave_are_not_due():
    scarf, hat = a_sales_order(state=S.AWAITING_PAYMENT).lines
    closed = an_order_line(id=LINE_IDS[0], is_closed=True)
    order = unpaid(lines=(closed, hat), paid=Money(100))

    assert payment_due(unpaid(paid=Money(100))) == unpaid().payable - Money(100)
    assert payment_due(order) == order.payable - closed.given_up - Money(100)
    assert scarf.id == closed.id


@pytest.mark.parametrize("state", [state for state in S if state is not S.AWAITING_PAYMENT])
def test_only_what_waits_for_its_payment_is_paid(state):
    order = a_sales_order(state=state)

    with pytest.raises(MoveNotAllowed):
        pay_by_hand((order,), order.payable, **HOW)


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"paid_at": LATER + timedelta(minutes=6)}, InTheFuture),
        ({"paid_at": NOW - timedelta(days=400)}, PaidBeforePlaced),
        ({"reference": "两\n行"}, InvalidText),
        ({"reason": "x" * 501}, InvalidText),
    ],
    ids=["future", "before", "reference", "reason"],
)
def test_what_cannot_be_is_refused(changes, refusal):
    order = unpaid()

    with pytest.raises(refusal):
        pay_by_hand((order,), order.payable, **HOW | changes)
