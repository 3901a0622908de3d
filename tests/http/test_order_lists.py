"""Lists of orders over HTTP: pages, filters, counts, and the search by telephone."""

import json
from datetime import timedelta

import pytest
from tests.http.world import numbered, with_phone

from oms_domain.orders.states import OrderState


def test_a_list_is_walked_page_by_page(api, world):
    api.take_in(*(numbered(n) for n in range(7)))

    seen, cursor, pages = [], None, 0
    while cursor or not pages:
        page = api.get("/orders", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        seen += [row["platform_order_no"] for row in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1

    assert pages == 3
    assert len(seen) == len(set(seen)) == 7


def test_a_row_of_a_list(api, order_id):
    (row,) = api.get("/orders").json()["items"]

    assert row == {
        "id": order_id,
        "number": row["number"],
        "shop_id": row["shop_id"],
        "platform": "taobao",
        "platform_order_no": "9100000000000100001",
        "state": "awaiting_allocation",
        "flags": [],
        "payable": {"fen": 14300, "currency": "CNY", "text": "143.00"},
        "paid": {"fen": 14300, "currency": "CNY", "text": "143.00"},
        "receiver": "测** *******0001 示**路**号***大厦*座***",
        "units": 1,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "version": 1,
    }
    assert row["created_at"].endswith("Z")


def test_filters(api, world):
    world.add_shop("tb-2")
    first, second, unpaid = api.take_in(numbered(1), numbered(2), numbered(3, status="WAIT_BUYER_PAY"))
    api.take_in(numbered(4), shop="tb-2")
    api.post(f"/orders/{second['order_id']}/hold", {"reason": "等买家"})

    def listed(query: str) -> set[str]:
        answer = api.get(f"/orders?{query}")
        assert answer.status_code == 200, answer.text
        return {row["platform_order_no"][-1] for row in answer.json()["items"]}

    assert listed("") == {"1", "2", "3", "4"}
    assert listed("state=awaiting_payment") == {"3"}
    assert listed("state=awaiting_payment&state=awaiting_allocation&shop=tb-1") == {"1", "2", "3"}
    assert listed("state=awaiting_payment,awaiting_allocation&shop=tb-2") == {"4"}
    assert listed("flagged=true") == {"2"}
    assert listed("flagged=false&shop=tb-1") == {"1", "3"}
    assert listed("platform_order_no=9100000000000100003") == {"3"}
    assert listed(f"number={first['number']}") == {"1"}
    assert listed("number=S00000000-000000") == set()
    assert unpaid["state"] == "awaiting_payment"


def test_synchronising_lists_the_least_recently_updated_first(api, world):
    first, second = api.take_in(numbered(1), numbered(2))
    world.now += timedelta(minutes=1)
    since = world.now
    api.post(f"/orders/{second['order_id']}/hold", {"reason": "等买家"})
    api.post(f"/orders/{first['order_id']}/hold", {"reason": "等买家"})
    hasty = api.get("/orders", params={"updated_after": since.isoformat()}).json()
    world.now += timedelta(seconds=10)

    page = api.get("/orders", params={"updated_after": since.isoformat(), "limit": 1}).json()
    rest = api.get(
        "/orders", params={"updated_after": since.isoformat(), "limit": 1, "cursor": page["next_cursor"]}
    ).json()

    assert hasty["items"] == []  # a commit under way may still come before the newest
    assert [row["id"] for row in page["items"] + rest["items"]] == [second["order_id"], first["order_id"]]
    assert rest["next_cursor"] is None


def test_totals_only_when_asked(api):
    api.take_in(numbered(1), numbered(2))

    assert api.get("/orders").json()["total"] is None
    assert api.get("/orders?total=true&limit=1").json()["total"] == {"count": 2, "capped": False}


def test_a_total_is_counted_to_a_thousand(api, world):
    class Many:
        def orders(self, *args, **kwargs):
            return ()

        def count_orders(self, *args):
            return 1001

    world.overrides["queries"] = Many()

    assert api.get("/orders?total=true").json()["total"] == {"count": 1000, "capped": True}


def test_counts_by_state(api, order_id):
    counts = api.get("/orders/counts").json()

    assert set(counts) == set(OrderState)
    assert counts["awaiting_allocation"] == {"count": 1, "capped": False}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=1000000000",
        "limit=99999999999999999999999",
        "limit=-1",
        "limit=１０",
        "limit=1.5",
        "limit=",
        "limit=1&limit=2",
        "state=nowhere",
        "state=%00",
        "flagged=perhaps",
        "number=%00",
        "number=" + "x" * 65,
        "platform_order_no=%00",
        "updated_after=yesterday",
        "updated_after=2026-01-01T00:00:00",
        "updated_after=0001-01-01T00:00:00%2B23:00",
        "updated_after=9999-12-31T23:59:59-23:00",
        "updated_after=1e400",
        "cursor=",
        "cursor=x",
        "cursor=%F0%9F%98%80",
        "cursor=" + "A" * 601,
        "shopp=tb-1",
        "order_id=1",
        "actor=x",
        "total=maybe",
        "limit=5&%00=1",
    ],
)
def test_a_parameter_that_cannot_be_is_refused_by_name(quiet, query):
    answer = quiet.get(f"/orders?{query}")

    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["errors"][0]["field"] in (query.partition("=")[0], "\x00")
    assert problem["code"] in (
        "http.parameter_invalid",
        "http.unknown_parameter",
        "http.cursor_invalid",
        "text.invalid",
        "time.invalid",
    )


def test_a_cursor_is_good_for_its_own_list_only(api):
    api.take_in(numbered(1), numbered(2))
    cursor = api.get("/orders?limit=1").json()["next_cursor"]

    def refused(path: str) -> bool:
        answer = api.get(f"{path}cursor={cursor}")
        return (answer.status_code, answer.json()["code"]) == (422, "http.cursor_invalid")

    assert api.get("/orders", params={"limit": 2, "cursor": cursor}).status_code == 200
    assert refused("/orders?flagged=true&")
    assert refused("/orders?state=shipped&")
    assert refused("/platform-orders?")
    assert refused("/stock?")


def test_a_cursor_of_another_ring_is_refused(api):
    api.take_in(numbered(1), numbered(2))
    cursor = api.get("/orders?limit=1").json()["next_cursor"]

    forged = cursor[:-2] + ("AA" if not cursor.endswith("AA") else "BB")

    assert api.get("/orders", params={"cursor": forged}).json()["code"] == "http.cursor_invalid"


# --- search by telephone -------------------------------------------------------------------------------------------


def test_orders_are_found_by_telephone(api, world):
    world.add_shop("tb-2")
    api.take_in(with_phone(1, "10000000001"), with_phone(2, "10000000002"))
    api.take_in(with_phone(3, "20000000001"), shop="tb-2")

    def found(**body) -> list[str]:
        answer = api.post("/orders/search", body, once=None)
        assert answer.status_code == 200, answer.text
        return [row["platform_order_no"][-1] for row in answer.json()["items"]]

    assert found(phone="10000000001") == ["1"]
    assert found(phone="100-0000 0002") == ["2"]
    assert found(phone="0001", shop="tb-1") == ["1"]
    assert found(phone="0001", shop="tb-2") == ["3"]
    assert found(phone="10000000001", state=["cancelled"]) == []
    assert found(phone="19999999999") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"phone": "0001"}, "http.not_searchable"),
        ({"phone": ""}, "http.not_searchable"),
        ({"phone": "abc"}, "http.not_searchable"),
        ({"phone": "①0000000001"}, "http.not_searchable"),
        ({"phone": "\x00"}, "text.invalid"),
        ({"phone": "\ud800"}, "text.invalid"),
        ({}, "http.field_invalid"),
        ({"phone": 1}, "http.field_invalid"),
        ({"phone": "10000000001", "limit": 0}, "http.field_invalid"),
        ({"phone": "10000000001", "limit": 201}, "http.field_invalid"),
        ({"phone": "10000000001", "state": ["x"]}, "http.field_invalid"),
        ({"phone": "10000000001", "cursor": "x"}, "http.cursor_invalid"),
        ({"phone": "10000000001", "name": "x"}, "http.unknown_field"),
    ],
)
def test_what_cannot_be_searched_by_is_refused(quiet, body, code):
    answer = quiet.post("/orders/search", json.dumps(body).encode(), once=None)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_an_unknown_shop_is_not_found(api):
    assert api.get("/orders?shop=tb-9").json()["code"] == "shops.not_found"
    assert api.post("/orders/search", {"phone": "0001", "shop": "tb-9"}, once=None).status_code == 404
