"""Orders that a person puts in, and the balance of presales, over HTTP."""

import pytest
from tests.http.routes import ABSENT
from tests.http.world import on_sqlite

ORDER = {
    "shop": "tb-1",
    "kind": "normal",
    "platform_order_no": "M-1",
    "business": "retail",
    "receiver": {
        "name": "测试员",
        "mobile": "10000000001",
        "province": "广东省",
        "city": "深圳市",
        "district": "南山区",
        "street": "虚构路1号",
    },
    "lines": [{"code": "CUP", "units": 2}],
}


def sell(api):
    for code, kind in (("CUP", "goods"), ("CARD", "gift")):
        sku = {"code": code, "title": "样例", "kind": kind, "list_price": {"fen": 1000}}
        assert api.post("/skus", sku).status_code == 201


def test_an_order_is_seen_made_and_shown(api):
    sell(api)
    body = ORDER | {"freight": {"fen": 800}, "discount": {"fen": 100}, "gifts": [{"code": "CARD", "units": 1}]}

    plan = api.post("/orders/plan", body, once=None)
    made = api.post("/orders", body)

    assert (plan.status_code, made.status_code) == (200, 201)
    answer = made.json()
    assert [(line["sku"], line["payable"]["fen"], line["is_gift"]) for line in answer["lines"]] == [
        ("CUP", 1900, False),
        ("CARD", 0, True),
    ]
    assert plan.json()["lines"] == answer["lines"]
    assert (answer["payable"]["text"], answer["balance_due"]["fen"], answer["doubts"]) == ("27.00", 0, [])
    assert "10000000001" not in made.text
    shown = api.get(f"/orders/{answer['order']['id']}").json()
    assert {name: shown[name] for name in ("kind", "source", "business", "delivery", "original_id")} == {
        "kind": "normal",
        "source": "manual",
        "business": "retail",
        "delivery": "courier",
        "original_id": None,
    }
    taken = api.post("/orders", body)
    assert (taken.status_code, taken.json()["code"]) == (409, "orders.order_no_taken")


def test_an_order_with_a_pasted_address_is_checked_and_made(api):
    sell(api)
    body = ORDER | {"receiver": {"text": "测试员 13000000002 广东省深圳市宝安区虚构路8号"}}

    plan = api.post("/orders/plan", body, once=None).json()
    made = api.post("/orders", body)

    assert (plan["recognised"]["street"], plan["region"]["district"]) == ("虚构路8号", "宝安区")
    assert (made.status_code, made.json()["recognised"], made.json()["region"]) == (201, None, plan["region"])
    assert "13000000002" not in made.text


def test_a_platform_order_number_stands_on_one_line(api):
    answer = api.post("/orders", ORDER | {"platform_order_no": "M-1\nM-2"})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "platform_order_no")


def test_what_is_missing_is_told_at_once(quiet):
    answer = quiet.post("/orders", {"note": "x"})

    assert (answer.status_code, answer.json()["code"]) == (422, "orders.fields_missing")
    missing = answer.json()["fields"]["missing"]
    assert missing[:4] == ["shop", "kind", "business", "platform_order_no"]
    assert (len(missing), missing[-1]) == (11, "lines")


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"kind": "gift"}, 422, "kind"),
        ({"note": "x" * 501}, 422, "note"),
        ({"receiver": ORDER["receiver"] | {"street": "路" * 201}}, 422, "receiver.street"),
        ({"receiver": ORDER["receiver"] | {"name": "a\0"}}, 422, "receiver.name"),
        ({"lines": [{"code": "CUP", "units": 0}]}, 422, "lines[0].units"),
        ({"lines": [{"code": "CUP", "units": 1, "unit_price": {"fen": -1}}]}, 422, "lines[0].unit_price.fen"),
        ({"lines": [{"code": "NONE", "units": 1}]}, 422, "lines[0].code"),
        ({"lines": [{"code": " ", "units": 1}]}, 422, "lines[0].code"),
        ({"gifts": [{"code": "CUP", "units": 1, "unit_price": {"fen": 1}}]}, 422, "gifts[0].unit_price"),
        ({"warehouse": "NONE"}, 422, "warehouse"),
        ({"carrier": "NONE"}, 422, "carrier"),
        ({"placed_at": "2026-11-01T00:00:00"}, 422, "placed_at"),
        ({"paid_at": "0001-01-01T00:00:00Z"}, 422, "paid_at"),
        ({"freight": {"fen": 1, "currency": "JPY"}}, 422, ""),
        ({"colour": 1}, 422, "colour"),
        ({"shop": "tb-9"}, 404, None),
    ],
)
def test_bad_orders_are_refused_with_their_place(quiet, changes, status, field):
    answer = quiet.post("/orders", ORDER | changes)

    assert answer.status_code == status, answer.text
    if field:
        assert answer.json()["errors"][0]["field"] == field


def test_a_batch_makes_what_it_can(api):
    sell(api)
    rows = [ORDER, ORDER | {"platform_order_no": "M-2"}, ORDER | {"platform_order_no": ""}, {"lines": 1}]

    answer = api.post("/orders/batch", {"rows": rows})

    assert [(row["outcome"], row["code"]) for row in answer.json()["rows"]] == [
        ("created", ""),
        ("created", ""),
        ("refused", "orders.fields_missing"),
        ("refused", "http.field_invalid"),
    ]


def test_a_presale_is_paid_in_two(api):
    sell(api)
    body = ORDER | {"kind": "presale", "deposit": {"fen": 500}, "coupon": {"fen": 100}}
    order = api.post("/orders", body).json()
    path = f"/orders/{order['order']['id']}/balance"
    assert order["balance_due"]["fen"] == 1400
    coupon = api.post(path, {"paid": {"fen": 1300}, "coupon": {"fen": 100}})
    assert (coupon.status_code, coupon.json()["code"]) == (409, "orders.coupon_used_on_deposit")
    differs = api.post(path, {"paid": {"fen": 1300}})
    assert (differs.status_code, differs.json()["code"]) == (409, "orders.balance_differs")

    paid = api.post(path, {"paid": {"fen": 1400}}, once="balance")

    assert paid.status_code == 200
    assert api.post(path, {"paid": {"fen": 1400}}, once="balance").content == paid.content
    assert api.get(f"/orders/{order['order']['id']}").json()["balance_due"]["fen"] == 0
    assert api.post(f"/orders/{ABSENT}/balance", {"paid": {"fen": 1}}).status_code == 404


def test_asked_twice_it_is_made_once_on_a_database(tmp_path):
    with on_sqlite(tmp_path) as (_, api):
        sell(api)
        first, again = (api.post("/orders", ORDER, once="make") for _ in range(2))

        assert (first.status_code, again.content) == (201, first.content)
        shown = api.get(f"/orders/{first.json()['order']['id']}").json()
        assert (shown["source"], shown["payable"]["fen"]) == ("manual", 2000)


def test_balances_of_many_are_paid_each_with_its_own_answer(api):
    sell(api)
    body = ORDER | {"kind": "presale", "deposit": {"fen": 500}}
    first, second = (api.post("/orders", body | {"platform_order_no": no}).json()["order"] for no in ("P-1", "P-2"))
    rows = [
        {"id": first["id"], "paid": {"fen": 1500}, "version": first["version"]},
        {"id": second["id"], "paid": {"fen": 1}},
    ]

    answer = api.post("/orders/balances", {"rows": rows}).json()["rows"]

    assert [row["outcome"] for row in answer] == ["done", "refused"]
    assert [api.get(f"/orders/{each['id']}").json()["balance_due"]["fen"] for each in (first, second)] == [0, 1500]
