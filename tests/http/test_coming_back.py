"""A refused delivery that comes back, over HTTP: seen first, then booked."""

import pytest
from tests.http.world import numbered


@pytest.fixture
def returning(api):
    """An order that left without us, of one unit of SPU4-U, and is on its way back."""
    taken = api.post("/shops/tb-1/platform-orders", numbered(3, status="WAIT_BUYER_CONFIRM_GOODS")).json()
    assert api.post(f"/orders/{taken['order_id']}/delivery-refusal").status_code == 200
    return taken["order_id"]


def on_hand(api):
    return {row["sku"]: (row["on_hand"], row["defective"]) for row in api.get("/stock").json()["items"]}


def test_what_a_receipt_would_book_is_shown_and_then_booked(api, returning):
    body = {"lines": [{"sku": "SPU4-U", "defective": 1}], "warehouse": "MAIN", "reason": "外箱破损"}

    plan = api.post(f"/orders/{returning}/return-receipt-plan", body, once=None)
    before = on_hand(api)
    answer = api.post(f"/orders/{returning}/return-receipt", body)

    assert (plan.status_code, plan.json()["warehouse"], plan.json()["good"], plan.json()["claimed"]) == (
        200,
        "MAIN",
        [],
        [],
    )
    assert [(line["sku"], line["units"]) for line in plan.json()["defective"]] == [("SPU4-U", 1)]
    assert plan.json()["refund_due"]["text"] == "143.00"
    assert before.get("SPU4-U", (0, 0)) == (0, 0)
    assert (answer.json()["state"], on_hand(api)["SPU4-U"]) == ("closed", (0, 1))
    (document,) = api.get("/stock/documents?kind=return_receipt").json()["items"]
    assert document["reference"] == returning


def test_without_lines_everything_came_and_many_may_come_at_once(api, returning):
    answer = api.post("/orders/return-receipts", {"ids": [returning], "reason": "退回"})

    assert [(row["outcome"], row["order"]["state"]) for row in answer.json()["rows"]] == [("done", "closed")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"sku": "SPU4-U", "good": 2}, "orders.more_came_than_left"),
        ({"sku": "OTHER", "good": 1}, "orders.more_came_than_left"),
        ({"sku": "SPU4-U", "line_id": "019b7ca9-8f2e-7e6a-8000-000000000001", "good": 1}, "http.field_invalid"),
        ({"good": 1}, "http.field_invalid"),
    ],
)
def test_what_cannot_have_come_is_refused_with_its_row(api, returning, line, code):
    answer = api.post(f"/orders/{returning}/return-receipt", {"lines": [line]})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [error["field"] for error in answer.json()["errors"]] == ["lines[0]"]


def test_what_would_be_claimed_of_a_lost_parcel_is_shown(api, returning):
    plan = api.post(f"/orders/{returning}/loss-plan", once=None).json()

    assert [(line["sku"], line["units"]) for line in plan["claimed"]] == [("SPU4-U", 1)]
    assert (plan["claimed_value"]["text"], plan["good"]) == ("135.00", [])
