"""Asked again under one key: the same answer to the byte, and one effect."""

import json
from threading import Thread

import pytest
from attrs import evolve
from tests.http.routes import ABSENT, CALLS, filled
from tests.http.world import numbered, on_sqlite

CHANGING = tuple(call for call in CALLS if call.changes)


@pytest.mark.parametrize("call", CHANGING, ids=lambda call: call.operation)
def test_what_changes_something_is_asked_under_a_key(quiet, call):
    ids = {"order_id": ABSENT, "platform_order_id": ABSENT}
    answer = quiet.post(filled(call.path, ids), filled(call.body, ids), once=None, method=call.method)

    assert (answer.status_code, answer.json()["code"]) == (400, "http.idempotency_key_missing")


@pytest.mark.parametrize("step", ["hold", "allocation", "cancellation"])
def test_a_command_asked_again_is_done_once(api, world, step):
    order_id = api.post("/shops/tb-1/platform-orders", numbered(1)).json()["order_id"]
    first = api.post(f"/orders/{order_id}/{step}", {"reason": "一"}, once="k")
    before = world.stored()

    again = api.post(f"/orders/{order_id}/{step}", {"reason": "一"}, once="k")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["etag"] == first.headers["etag"]
    assert world.stored() == before


def test_the_first_answer_stands_when_the_order_has_moved_on(api):
    order_id = api.post("/shops/tb-1/platform-orders", numbered(1)).json()["order_id"]
    first = api.post(f"/orders/{order_id}/hold", {"reason": "等买家"}, once="k")
    api.post(f"/orders/{order_id}/unhold")

    assert api.post(f"/orders/{order_id}/hold", {"reason": "等买家"}, once="k").content == first.content


@pytest.mark.parametrize("body", [numbered(1), [numbered(1)], [numbered(1), {"tid": 1}, numbered(2), numbered(1)]])
def test_payloads_sent_again_are_answered_alike(api, world, body):
    first = api.post("/shops/tb-1/platform-orders", body, once="k")
    before = world.stored()

    again = api.post("/shops/tb-1/platform-orders", body, once="k")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert world.stored() == before


def test_answers_come_back_from_a_database_to_the_byte(tmp_path):
    with on_sqlite(tmp_path) as (_, api):
        body = [numbered(1), {"tid": 1}, numbered(2, payment="1.00"), numbered(3, status="WAIT_BUYER_PAY")]
        first = api.post("/shops/tb-1/platform-orders", body, once="k")
        again = api.post("/shops/tb-1/platform-orders", body, once="k")
        order_id = first.json()["rows"][0]["order_id"]
        pairs = [(first, again)]
        asks = (
            (f"/orders/{order_id}/hold", {"reason": "x"}),
            ("/stock/receipts", {"sku": "A", "warehouse": "MAIN", "quantity": 3}),
            ("/shops", {"code": "tb-2", "name": "样例", "platform": "taobao", "policy": {"auto_review": True}}),
            ("/orders/cancellations", {"ids": [order_id, ABSENT]}),
        )
        for path, ask in asks:
            pairs.append((api.post(path, ask, once="k2" + path), api.post(path, ask, once="k2" + path)))
        held = api.get(f"/orders/{order_id}")

    for one, other in pairs:
        assert one.status_code in (200, 201), one.text
        assert (other.status_code, other.content) == (one.status_code, one.content)
        assert other.headers.get("etag") == one.headers.get("etag")
    assert [row["outcome"] for row in first.json()["rows"]] == ["created", "refused", "exception", "created"]
    assert held.json()["state"] == "cancelled"


def test_a_key_used_for_another_ask_is_refused(api, world):
    api.post("/stock/receipts", {"sku": "A", "warehouse": "MAIN", "quantity": 1}, once="k")
    before = world.stored()

    other_body = api.post("/stock/receipts", {"sku": "A", "warehouse": "MAIN", "quantity": 2}, once="k")
    other_path = api.post("/shops", {"code": "tb-2", "name": "x", "platform": "taobao"}, once="k")

    for answer in (other_body, other_path):
        assert (answer.status_code, answer.json()["code"]) == (422, "http.idempotency_key_reused")
    assert world.stored() == before


def test_the_same_words_written_otherwise_are_another_ask(api):
    ask = {"sku": "A", "warehouse": "MAIN", "quantity": 1}
    api.post("/stock/receipts", json.dumps(ask).encode(), once="k")

    answer = api.post("/stock/receipts", json.dumps(ask, indent=1).encode(), once="k")

    assert answer.json()["code"] == "http.idempotency_key_reused"


def test_a_refusal_is_not_remembered(api):
    order_id = api.post("/shops/tb-1/platform-orders", numbered(1)).json()["order_id"]
    refused = api.post(f"/orders/{order_id}/approval", once="k")
    api.post("/stock/receipts", {"sku": "SPU4-U", "warehouse": "MAIN", "quantity": 5})
    api.post(f"/orders/{order_id}/allocation")

    judged_anew = api.post(f"/orders/{order_id}/approval", once="k")

    assert (refused.status_code, judged_anew.status_code) == (409, 200)


def test_a_batch_asked_again_goes_on_where_it_broke_off(api, world):
    first, second = (row["order_id"] for row in api.take_in(numbered(1), numbered(2)))
    body = {"ids": [first, second], "reason": "x"}
    desk, begun = world.services["desk"], []

    def failing(command):
        begun.append(command)
        if len(begun) == 2:
            raise RuntimeError("the power fails")
        return desk.orders.begin(command)

    world.overrides["desk"] = evolve(desk, orders=evolve(desk.orders, begin=failing))
    broken_off = api.post("/orders/holds", body, once="k")
    world.overrides.clear()
    again = api.post("/orders/holds", body, once="k")
    third = api.post("/orders/holds", body, once="k")

    assert broken_off.status_code == 500
    assert [(row["outcome"], row["order"]["version"]) for row in again.json()["rows"]] == [("done", 2), ("done", 2)]
    assert third.content == again.content


def test_a_batch_with_a_key_of_another_batch_is_refused_row_by_row(api):
    first, second = (row["order_id"] for row in api.take_in(numbered(1), numbered(2)))
    api.post("/orders/holds", {"ids": [first], "reason": "等买家"}, once="k")

    rows = api.post("/orders/holds", {"ids": [first, second], "reason": "等买家"}, once="k").json()["rows"]

    assert [(row["outcome"], row["code"]) for row in rows] == [
        ("refused", "http.idempotency_key_reused"),
        ("done", ""),
    ]


def test_an_answer_that_fits_other_rows_is_not_given_to_these(api, world):
    api.post("/shops/tb-1/platform-orders", [numbered(1), numbered(2)], once="k")
    answers = world.store.tables.answers
    (key,) = answers
    digest, remembered = answers[key]
    answers[key] = (digest, type(remembered)(rows=remembered.rows[:1]))  # as if the second had not been readable then

    answer = api.post("/shops/tb-1/platform-orders", [numbered(1), numbered(2)], once="k")

    assert (answer.status_code, answer.json()["code"]) == (422, "http.idempotency_key_reused")


def test_at_the_same_time_under_one_key_there_is_one_effect(api, world):
    answers = []

    def ask():
        answers.append(api.post("/stock/receipts", {"sku": "A", "warehouse": "MAIN", "quantity": 1}, once="k"))

    threads = [Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert [level.on_hand for level in world.store.tables.levels.values()] == [1]
