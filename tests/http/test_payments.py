"""Payments that a person books, over HTTP."""

import pytest
from tests.http.world import numbered


@pytest.fixture
def unpaid(api):
    """An order of 143.00 that waits for its payment."""
    status = {"status": "WAIT_BUYER_PAY", "pay_time": None}
    answer = api.post("/shops/tb-1/platform-orders", numbered(4, **status)).json()
    assert api.get(f"/orders/{answer['order_id']}").json()["state"] == "awaiting_payment"
    return answer["order_id"]


def test_a_payment_is_booked_whole_or_refused_with_both_sums(api, unpaid):
    assert "pay" in api.get(f"/orders/{unpaid}").json()["moves"]
    refused = api.post(f"/orders/{unpaid}/payment", {"paid": {"fen": 14_000}})
    paid = api.post(f"/orders/{unpaid}/payment", {"paid": {"fen": 14_300}, "reference": "BANK-1", "reason": "到账"})

    assert (refused.status_code, refused.json()["code"]) == (409, "orders.payment_differs")
    assert "143.00" in refused.json()["detail"]
    assert "140.00" in refused.json()["detail"]
    assert (paid.status_code, paid.json()["state"]) == (200, "awaiting_allocation")
    assert api.get(f"/orders/{unpaid}").json()["paid"]["text"] == "143.00"


def test_of_many_each_answers_for_itself(api, unpaid):
    row = {"id": unpaid, "paid": {"fen": 14_300}}

    rows = api.post("/orders/payments", {"rows": [row, row, {"id": unpaid}]}).json()["rows"]

    assert [(each["outcome"], each["code"]) for each in rows] == [
        ("done", ""),
        ("refused", "states.move_not_allowed"),
        ("refused", "http.field_invalid"),
    ]


def test_of_very_many_they_are_booked_in_the_background(api, world, unpaid):
    rows = [{"id": unpaid, "paid": {"fen": 14_300}, "paid_at": "2030-01-01T00:00:00Z"}] * 101

    begun = api.post("/orders/payments", {"rows": rows})

    assert (begun.status_code, begun.json()["command"], begun.json()["total"]) == (202, "pay", 101)


def test_one_that_is_put_in_may_wait_for_its_payment(api):
    api.post("/skus", {"code": "CUP", "title": "样例杯"})
    body = {
        "shop": "tb-1",
        "kind": "normal",
        "business": "retail",
        "platform_order_no": "M-1",
        "paid": False,
        "receiver": {
            "name": "测试员",
            "mobile": "10000000001",
            "province": "广东省",
            "city": "深圳市",
            "district": "南山区",
            "street": "虚构路1号",
        },
        "lines": [{"code": "CUP", "units": 1, "unit_price": {"fen": 100}}],
    }

    made = api.post("/orders", body).json()
    refused = api.post(
        "/orders/plan", body | {"paid_at": "2020-01-01T00:00:00Z", "platform_order_no": "M-2"}, once=None
    )

    assert (made["order"]["state"], made["paid"]["fen"]) == ("awaiting_payment", 0)
    assert (refused.status_code, refused.json()["code"]) == (422, "orders.cannot_wait_for_payment")


def test_an_order_of_a_group_goes_on_when_that_stands(api):
    taken = api.post("/shops/tb-1/platform-orders", numbered(5)).json()

    refused = api.post(f"/orders/{taken['order_id']}/group-standing")
    early = api.post("/orders/plan", {"kind": "group_buy", "group_until": "2020-01-01T00:00:00"}, once=None)

    assert (refused.status_code, refused.json()["code"]) == (409, "orders.not_flagged")
    assert (early.status_code, early.json()["errors"][0]["field"]) == (422, "group_until")
