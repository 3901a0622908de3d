"""What may be done to an order now, why the rest may not, and the moves that need somebody's answer."""

import pytest

from oms_domain.orders.states import ORDER_TABLE, OrderState


@pytest.fixture
def order_id(api, order_id):
    """An order under customer service's review."""
    api.post(f"/orders/{order_id}/allocation")
    return order_id


def closed(view):
    return {each["move"]: each for each in view["closed_moves"]}


def test_an_order_tells_what_is_open_and_what_is_in_the_way_of_the_rest(api, order_id):
    view = api.get(f"/orders/{order_id}").json()

    assert view["moves"] == ["edit", "split", "merge", "hold", "wait", "approve", "cancel"]
    assert closed(view)["release"] == {
        "move": "release",
        "code": "states.move_not_allowed",
        "fields": {
            "state": "awaiting_cs_review",
            "move": "release",
            "allowed": [str(move) for move in ORDER_TABLE[OrderState.AWAITING_CS_REVIEW]],
        },
        "text": closed(view)["release"]["text"],
    }
    assert closed(view)["release"]["text"].startswith("“待客审”状态下不能“下发”")


def test_a_flag_says_until_when_it_stands_and_what_it_is_in_the_way_of(api, order_id):
    held = api.post(f"/orders/{order_id}/hold", {"reason": "等买家", "until": "2030-01-01T00:00:00+08:00"}).json()
    view = api.get(f"/orders/{order_id}", headers={"Accept-Language": "en"}).json()

    assert "approve" not in held["moves"]
    (flag,) = view["flags"]
    assert (flag["until"], flag["blocks"]) == ("2029-12-31T16:00:00Z", ["approve", "hand_over", "merge", "release"])
    assert closed(view)["approve"]["code"] == "orders.flagged"
    assert closed(view)["approve"]["text"] == "The order is flagged: held; lift that first"


def test_a_date_is_taken_back_by_waiting_without_one(api, order_id):
    assert api.post(f"/orders/{order_id}/wait", {"until": "2030-01-01T00:00:00Z"}).json()["flags"] == ["not_before"]

    lifted = api.post(f"/orders/{order_id}/wait", {"reason": "不用等了"})

    assert (lifted.status_code, lifted.json()["flags"]) == (200, [])
    again = api.post(f"/orders/{order_id}/wait", {"reason": "不用等了"})
    assert (again.status_code, again.json()["code"]) == (409, "orders.not_flagged")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("wait", {"until": "2020-01-01T00:00:00Z"}),
        ("hold", {"reason": "x", "until": "2030-01-01T00:00:00"}),
        ("unhold", {"until": "2030-01-01T00:00:00Z"}),
    ],
    ids=["over", "without a zone", "of no use"],
)
def test_a_time_that_cannot_be_is_refused(api, order_id, path, body):
    answer = api.post(f"/orders/{order_id}/{path}", body)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["until"]


@pytest.mark.parametrize(
    "body", [None, {}, {"reason": ""}, {"reason": " \n"}], ids=["none", "not said", "empty", "blank"]
)
def test_nobody_holds_an_order_without_saying_why(api, order_id, body):
    answer = api.post(f"/orders/{order_id}/hold", body)
    many = api.post("/orders/holds", (body or {}) | {"ids": [order_id]})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json().get("errors", ())] == (["reason"] if body is not None else [""])
    assert api.get(f"/orders/{order_id}").json()["flags"] == []
    assert (many.status_code, [error["field"] for error in many.json()["errors"]]) == (422, ["reason"])


def test_a_reviewed_order_is_taken_back_and_may_wait_for_its_time(api, order_id):
    approved = api.post(f"/orders/{order_id}/approval").json()
    waits = api.post(f"/orders/{order_id}/wait", {"until": "2030-01-01T00:00:00Z"}).json()
    refused = api.post(f"/orders/{order_id}/release")
    taken_back = api.post(f"/orders/{order_id}/unreview", {"reason": "改地址"}).json()

    assert "unreview" in approved["moves"]
    assert waits["flags"] == ["not_before"]
    assert (refused.status_code, refused.json()["code"]) == (409, "orders.flagged")
    assert taken_back["state"] == "awaiting_cs_review"
    (timer,) = api.get("/jobs/timers").json()["items"]
    assert (timer["handler"], timer["key"]) == ("orders.lift_flags", order_id)
    in_use = api.post(f"/jobs/{timer['id']}/cancellation")
    assert (in_use.status_code, in_use.json()["code"]) == (409, "jobs.ends_a_flag")
    api.post(f"/orders/{order_id}/wait", {})
    (listed,) = api.get("/jobs?state=waiting&handler=orders.lift_flags").json()["items"]
    assert (listed["id"], listed["state"]) == (timer["id"], "waiting")
    assert api.get("/jobs?state=nonsense").status_code == 422
    assert api.post(f"/jobs/{timer['id']}/cancellation").json() == {"id": timer["id"], "state": "called_off"}
    assert api.get("/jobs/timers").json()["items"] == []
    assert api.post(f"/jobs/{timer['id']}/cancellation").status_code == 404


def test_what_the_warehouse_has_waits_for_an_answer_that_a_person_may_give(api, order_id):
    api.post(f"/orders/{order_id}/approval")
    api.post(f"/orders/{order_id}/release")
    asked = api.post(f"/orders/{order_id}/cancellation", {"reason": "买家取消"}).json()
    again = api.post(f"/orders/{order_id}/cancellation")
    done = api.post("/orders/stop-confirmations", {"ids": [order_id]}).json()

    assert (asked["state"], asked["flags"]) == ("in_warehouse", ["cancel_pending"])
    assert (again.status_code, again.json()["code"]) == (409, "orders.flagged")
    assert [(row["outcome"], row["order"]["state"]) for row in done["rows"]] == [("done", "cancelled")]


def test_an_order_that_waits_for_its_warehouse_says_why_since_when_and_until_when(api, world, order_id):
    for act in ("approval", "release"):
        api.post(f"/orders/{order_id}/{act}")
    fulfilment = api.get(f"/orders/{order_id}").json()["fulfilment"]
    assert fulfilment["waits"] is None
    (sending,) = world.store.tables.sendings.values()
    failed = sending.begun(world.now).failed("unreachable", may_be_there=False, next_at=world.now, at=world.now)
    world.store.tables.sendings[sending.fulfilment_id] = failed

    waits = api.get(f"/orders/{order_id}").json()["fulfilment"]["waits"]
    (row,) = api.get("/wms/waiting").json()["items"]

    assert (waits["reason"], waits["since"]) == ("unreachable", waits["next_at"])
    assert row["order_id"] == str(order_id)
    assert (row["fulfilment"], row["warehouse"]) == (fulfilment["number"], fulfilment["warehouse"])
    assert {name: row[name] for name in waits} == waits
