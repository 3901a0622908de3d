"""``oms orders pay``."""

import pytest
from tests.adapters.bootstrap.conftest import trade


@pytest.fixture
def number(oms):
    """The number of an order that waits for its payment."""
    oms.ingest(oms.write("trade.json", trade(status="WAIT_BUYER_PAY", pay_time=None)))
    (order,) = oms.rows("orders", "list")
    assert order["state"] == "awaiting_payment"
    return order["number"], order["payable"]


def test_payments_are_booked_each_with_its_own_answer(oms, number):
    order, payable = number
    path = oms.write("payments.txt", f"{order}={payable}\n\n".encode())

    (differs,) = oms.rows("orders", "pay", f"{order}=0.01", "--at", "2026-01-01", code=1)
    (paid,) = oms.rows("orders", "pay", "--batch", path, "--reference", "BANK-1", "--reason", "到账")
    (again,) = oms.rows("orders", "pay", f"{order}={payable}", code=1)

    assert differs["code"] in ("orders.payment_differs", "orders.paid_before_placed")
    assert (paid["outcome"], again["code"]) == ("done", "states.move_not_allowed")


def test_somebody_must_be_named_and_what_is_paid_read(oms, number):
    assert oms.run("orders", "pay").code == 2
    assert oms.run("orders", "pay", f"{number[0]}=x").code == 1
    assert oms.run("orders", "pay", f"{number[0]}").code == 1
