"""Orders over HTTP: taken in, listed, read, worked on."""

import re

import pytest
from tests.http.world import API, Caller, numbered, payload, with_phone

from oms_app.actor import Permission


def test_an_order_goes_from_its_payload_to_the_warehouse(api, order_id):
    steps = ("allocation", "approval", "release")
    answers = [api.post(f"/orders/{order_id}/{step}") for step in steps]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [answer.json()["state"] for answer in answers] == [
        "awaiting_cs_review",
        "awaiting_release",
        "in_warehouse",
    ]
    assert [answer.headers["etag"] for answer in answers] == ['"2"', '"3"', '"4"']


def test_a_command_answers_with_what_the_order_may_do_next(api, order_id):
    answer = api.post(f"/orders/{order_id}/allocation", {"reason": "试"}).json()

    assert answer == {
        "id": order_id,
        "number": answer["number"],
        "state": "awaiting_cs_review",
        "flags": [],
        "version": 2,
        "moves": ["edit", "split", "merge", "hold", "wait", "approve", "cancel"],
    }
    assert re.fullmatch(r"S\d{8}-\d{6}", answer["number"])


def test_holding_and_letting_go(api, order_id):
    api.post(f"/orders/{order_id}/allocation")
    held = api.post(f"/orders/{order_id}/hold", {"reason": "等客户"}).json()
    refused = api.post(f"/orders/{order_id}/approval")
    let_go = api.post(f"/orders/{order_id}/unhold").json()

    assert (held["flags"], let_go["flags"]) == (["held"], [])
    assert (refused.status_code, refused.json()["code"]) == (409, "orders.flagged")
    assert refused.json()["detail"] == "订单有标记：挂起；请先解除"
    assert api.post(f"/orders/{order_id}/approval").status_code == 200


def test_an_intercepted_order_is_let_go_by_a_person(api):
    taken = api.post("/shops/tb-1/platform-orders", numbered(2, status="PAID_FORBID_CONSIGN")).json()

    passed = api.post(f"/orders/{taken['order_id']}/interception-pass", {"reason": "平台已解除"})

    assert (passed.status_code, passed.json()["flags"]) == (200, [])


def test_signing_and_completing_what_was_shipped_outside(api):
    taken = api.post("/shops/tb-1/platform-orders", numbered(3, status="WAIT_BUYER_CONFIRM_GOODS")).json()

    states = [api.post(f"/orders/{taken['order_id']}/{step}").json()["state"] for step in ("signature", "completion")]

    assert states == ["signed", "completed"]


def test_an_order_is_shown_whole(api, order_id):
    api.post(f"/orders/{order_id}/allocation")
    api.post(f"/orders/{order_id}/approval", {"reason": "没问题"})

    shown = api.get(f"/orders/{order_id}")
    order = shown.json()

    assert shown.status_code == 200
    assert re.fullmatch(r'"3-1\.\d+"', shown.headers["etag"])
    assert order["payable"] == {"fen": 14300, "currency": "CNY", "text": "143.00"}
    assert [(line["sku"], line["quantity"], line["payable"]["text"]) for line in order["lines"]] == [
        ("SPU4-U", 1, "135.00")
    ]
    assert (order["receiver"], order["buyer"]) == ("测** *******0001 示**路**号***大厦*座***", "测**")
    assert order["fulfilment"]["state"] == "approved"
    assert order["placed_at"] == "2026-01-02T02:00:00Z"
    assert [entry["what"] for entry in order["log"]] == [
        "orders.order_created",
        "orders.order_allocated",
        "orders.order_approved",
    ]
    assert order["log"][1]["changes"] == [
        {"field": "state", "before": "awaiting_allocation", "after": "awaiting_cs_review"},
        {"field": "warehouse", "before": None, "after": "MAIN"},
    ]


def test_what_the_buyer_sees_is_told_in_the_callers_language(api, order_id):
    api.post(f"/orders/{order_id}/allocation")

    found = api.get(f"/orders/{order_id}/tracking", headers={"Accept-Language": "zh"}).json()

    assert (found["state"], found["text"], found["in_aftersales"], found["heirs"]) == ("to_ship", "待发货", False, [])
    assert [step["text"] for step in found["steps"]] == ["已下单", "已付款", "仓库 MAIN 备货中"]
    english = api.get(f"/orders/{order_id}/tracking", headers={"Accept-Language": "en"}).json()
    assert (english["text"], english["steps"][-1]["text"]) == ("Awaiting shipment", "In preparation at warehouse MAIN")


def test_the_log_tells_who_and_why_and_shows_no_handle(api, order_id):
    api.post(f"/orders/{order_id}/cancellation", {"reason": "买家不要了"}, headers={"X-Request-Id": "ticket-7"})
    changed = numbered(4, buyer_message="请快点")
    other = api.post("/shops/tb-1/platform-orders", changed).json()["order_id"]
    moved = numbered(4, receiver_mobile="10000000009", modified="2026-01-03 10:00:00")
    api.post("/shops/tb-1/platform-orders", moved)

    last = api.get(f"/orders/{order_id}").json()["log"][-1]
    text = api.get(f"/orders/{other}").text

    assert (last["why"], last["request_id"]) == ("买家不要了", "ticket-7")
    assert last["who"].startswith("key:")
    assert "vault_id" not in text
    assert "digest" not in text
    assert "10000000009" not in text


def test_an_unchanged_order_is_not_sent_again(api, order_id):
    etag = api.get(f"/orders/{order_id}").headers["etag"]

    same = api.get(f"/orders/{order_id}", headers={"If-None-Match": f'W/"other", {etag}'})
    api.post(f"/orders/{order_id}/hold", {"reason": "等买家"})
    changed = api.get(f"/orders/{order_id}", headers={"If-None-Match": etag})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert changed.status_code == 200


def test_a_move_with_an_etag_is_refused_once_the_order_has_changed(api, order_id):
    etag = api.get(f"/orders/{order_id}").headers["etag"]
    first = api.post(f"/orders/{order_id}/hold", {"reason": "a"}, headers={"If-Match": etag})

    stale = api.post(f"/orders/{order_id}/allocation", headers={"If-Match": etag})
    fresh = api.post(f"/orders/{order_id}/unhold", headers={"If-Match": first.headers["etag"]})
    any_version = api.post(f"/orders/{order_id}/allocation", headers={"If-Match": "*"})

    assert (stale.status_code, stale.json()["code"]) == (412, "http.version_is_not")
    assert stale.json()["fields"] == {"expected": 1, "current": 2}
    assert (fresh.status_code, any_version.status_code) == (200, 200)


@pytest.mark.parametrize("if_match", ["3", '"x"', '"1", "2"', "W/x", '"-1"', '"' + "9" * 30 + '"', ""])
def test_what_is_no_etag_of_ours_is_refused(api, order_id, if_match):
    answer = api.post(f"/orders/{order_id}/hold", {"reason": "等买家"}, headers={"If-Match": if_match})

    assert (answer.status_code, answer.json()["code"]) == (422, "http.if_match_invalid")


def test_a_weak_etag_never_matches(api, order_id):
    answer = api.post(f"/orders/{order_id}/hold", {"reason": "等买家"}, headers={"If-Match": 'W/"1"'})

    assert (answer.status_code, answer.json()["code"]) == (412, "http.weak_etag")


def test_each_row_of_a_batch_has_its_own_answer(api, order_id):
    unknown = "019b7ca9-8f2e-7e6a-8000-000000000001"

    answer = api.post("/orders/allocations", {"ids": [order_id, unknown, order_id]}, headers={"Accept-Language": "en"})
    rows = answer.json()["rows"]

    assert answer.status_code == 200
    assert [(row["id"], row["outcome"], row["code"]) for row in rows] == [
        (order_id, "done", ""),
        (unknown, "refused", "orders.not_found"),
        (order_id, "done", ""),  # the same ask again: once
    ]
    assert rows[1]["fields"] == {"order_id": unknown}
    assert rows[1]["text"] == f"There is no order {unknown}"
    assert rows[0]["order"]["state"] == "awaiting_cs_review"
    assert rows[0] == rows[2]


@pytest.mark.parametrize(
    ("batch", "state", "flags"),
    [
        ("holds", "awaiting_allocation", ["held"]),
        ("allocations", "awaiting_cs_review", []),
        ("cancellations", "cancelled", []),
    ],
)
def test_batches(api, order_id, batch, state, flags):
    (row,) = api.post(f"/orders/{batch}", {"ids": [order_id], "reason": "批量"}).json()["rows"]

    assert (row["outcome"], row["order"]["state"], row["order"]["flags"]) == ("done", state, flags)


def test_batches_of_the_later_steps(api, order_id):
    api.post("/orders/allocations", {"ids": [order_id]})
    api.post("/orders/holds", {"ids": [order_id], "reason": "等买家"})

    outcomes = [
        api.post(f"/orders/{batch}", {"ids": [order_id]}).json()["rows"][0]["outcome"]
        for batch in ("approvals", "unholds", "approvals", "releases", "releases")
    ]

    assert outcomes == ["refused", "done", "done", "done", "refused"]


def test_a_batch_of_nothing_and_one_of_too_much_are_refused(api):
    one = "019b7ca9-8f2e-7e6a-8000-000000000001"
    nothing = api.post("/orders/approvals", {"ids": []})
    too_much = api.post("/orders/approvals", {"ids": [one] * 100_001})

    assert (nothing.status_code, nothing.json()["code"]) == (422, "http.no_rows")
    assert too_much.status_code == 422
    assert [error["field"] for error in too_much.json()["errors"]] == ["ids"]


# --- personal data -------------------------------------------------------------------------------------------------


def test_personal_data_are_opened_with_a_purpose_and_logged(api, world):
    order_id = api.post("/shops/tb-1/platform-orders", with_phone(1, "10000000001")).json()["order_id"]

    answer = api.post(f"/orders/{order_id}/personal-data", {"purpose": "回访"}, once=None)

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["receiver"] == {
        "name": "测试员",
        "mobile": "10000000001",
        "phone": "",
        "street": "虚构路1号",
        "zip": "000000",
    }
    assert [opening.purpose for opening in world.store.tables.openings] == ["回访", "回访"]


@pytest.mark.parametrize("body", [None, {}, {"purpose": ""}, {"purpose": "  "}, {"purpose": "x" * 201}, {"purpose": 1}])
def test_personal_data_stay_shut_without_a_purpose(api, world, order_id, body):
    answer = api.post(f"/orders/{order_id}/personal-data", body, once=None)

    assert answer.status_code == 422
    assert world.store.tables.openings == []


def test_personal_data_need_their_own_permission(world, client, order_id):
    keeper = Caller(client, world.key(Permission.ORDERS_READ, Permission.ORDERS_WRITE))

    assert keeper.post(f"/orders/{order_id}/personal-data", {"purpose": "x"}, once=None).status_code == 403


# --- paths ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/orders/1",
        "/orders/not-a-uuid",
        "/orders/019b7ca9-8f2e-7e6a-8000-00000000000g",
        "/orders/%00",
        "/orders/%ff%fe",
        "/orders/019b7ca9-8f2e-7e6a-8000-000000000001",
        "/platform-orders/1",
        "/nowhere",
        "/orders/019b7ca9-8f2e-7e6a-8000-000000000001/nothing",
        "/..%2f..%2fetc/passwd",
    ],
)
def test_what_is_not_there_is_not_found(quiet, path):
    answer = quiet.get(path)

    assert answer.status_code == 404
    assert answer.json()["status"] == 404


def test_a_payload_of_another_kind_shows_its_amounts(api):
    taken = api.post("/shops/tb-1/platform-orders", payload("taobao_trade_fullinfo")).json()
    order = api.get(f"{API}/orders/{taken['order_id']}").json()

    total = sum(line["payable"]["fen"] for line in order["lines"])
    total += order["freight"]["fen"] + order["services"]["fen"] + order["cod_fee"]["fen"]

    assert total == order["payable"]["fen"] == taken["payable"]["fen"]


def test_divisions_that_do_not_lie_in_one_another_are_told_of_a_platforms_order(api):
    taken = [*api.take_in(numbered(97, receiver_city="北京市")), *api.take_in(numbered(98))]

    doubts = [api.get(f"/orders/{each['order_id']}").json()["address_doubts"] for each in taken]

    assert doubts == [["elsewhere_city"], []]
