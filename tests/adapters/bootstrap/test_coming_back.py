"""``oms orders receive-return`` and ``oms orders lose``."""

import pytest
from tests.adapters.bootstrap.conftest import trade


@pytest.fixture
def number(oms):
    """The number of an order that left without us, of one unit, and is on its way back."""
    path = oms.write("trade.json", trade(status="WAIT_BUYER_CONFIRM_GOODS"))
    oms.ingest(path)
    (order,) = oms.rows("orders", "list")
    oms.rows("orders", "refuse-delivery", order["number"])
    return order["number"]


def test_what_came_is_shown_before_and_goes_to_stock(oms, number):
    (shown,) = oms.rows("orders", "show", number)
    sku = shown["lines"][0]["sku"]
    words = ("orders", "receive-return", number, "--came", f"{sku}=0+1", "--warehouse", "MAIN")

    (plan,) = oms.rows(*words, "--dry-run")
    before = oms.rows("stock", "list")
    (done,) = oms.rows(*words)

    assert (plan["outcome"], plan["defective"], plan["good"], before) == ("planned", [f"{sku} ×1"], [], [])
    assert (done["outcome"], done["state"]) == ("done", "closed")
    assert [(row["sku"], row["on_hand"], row["defective"]) for row in oms.rows("stock", "list")] == [(sku, 0, 1)]
    assert oms.run("doctor").code == 0


def test_a_lost_parcel_stands_on_the_work_list_with_what_is_claimed(oms, number):
    (plan,) = oms.rows("orders", "lose", number, "--dry-run")
    (done,) = oms.rows("orders", "lose", number, "--reason", "丢件")
    (refused,) = oms.rows("orders", "lose", number, code=1)

    assert (plan["outcome"], done["state"], refused["code"]) == ("planned", "closed", "states.move_not_allowed")
    assert [row["what"] for row in oms.rows("discrepancies", "list")] == ["carriers.claim"]
    assert oms.rows("stock", "list") == []


@pytest.mark.parametrize("text", ["A", "A=", "A=x", "A=1+", "=1"])
def test_what_came_is_named_by_sku_and_units(oms, number, text):
    assert oms.run("orders", "receive-return", number, "--came", text).code != 0
