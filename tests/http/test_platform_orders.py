"""Payloads over HTTP: what became of each, the work list of exceptions, and converting again."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.http.routes import ABSENT
from tests.http.world import numbered, payload

from oms_adapters.http.payloads import split
from oms_adapters.http.refusals import Malformed, NoRows, TooManyRows
from oms_app.conversion import IntakeAnswer, Outcome
from oms_app.ports.transaction import StoreRefusedData

MONEY = {"fen": 14300, "currency": "CNY", "text": "143.00"}


def test_a_new_order_alone_is_created(api):
    answer = api.post("/shops/tb-1/platform-orders", payload())
    row = answer.json()

    assert answer.status_code == 201
    assert row == {
        "index": 0,
        "outcome": "created",
        "order_no": "9100000000000000020",
        "platform_order_id": row["platform_order_id"],
        "order_id": row["order_id"],
        "number": row["number"],
        "state": "awaiting_allocation",
        "payable": MONEY,
        "trouble": None,
        "code": "",
        "field": "",
        "why": "",
    }


def test_the_same_again_is_unchanged_and_a_newer_one_updated(api):
    first = api.post("/shops/tb-1/platform-orders", payload()).json()
    same = api.post("/shops/tb-1/platform-orders", payload())
    newer = api.post("/shops/tb-1/platform-orders", payload(modified="2026-01-03 10:00:00", seller_memo="加急"))

    assert (same.status_code, same.json()["outcome"]) == (200, "unchanged")
    assert (newer.status_code, newer.json()["outcome"]) == (200, "updated")
    assert same.json()["order_id"] == newer.json()["order_id"] == first["order_id"]


def test_many_are_answered_row_by_row_in_their_order(api):
    rows = api.take_in(numbered(3), numbered(1), {"tid": "x"}, numbered(2, payment="1.00"), numbered(1))

    assert [(row["index"], row["outcome"]) for row in rows] == [
        (0, "created"),
        (1, "created"),
        (2, "refused"),
        (3, "exception"),
        (4, "unchanged"),
    ]
    assert rows[2]["code"] == "channels.unreadable_payload"
    assert (rows[2]["field"], rows[2]["why"]) == ("tid", "not_a_number")
    assert rows[4]["order_id"] == rows[1]["order_id"]


def test_five_hundred_at_once(api):
    rows = api.take_in(*(numbered(n) for n in range(500)))

    assert {row["outcome"] for row in rows} == {"created"}
    assert [row["order_no"] for row in rows] == [str(9_100_000_000_000_100_000 + n) for n in range(500)]


def test_amounts_that_do_not_fit_are_shown_with_both_sums(api):
    answer = api.post("/shops/tb-1/platform-orders", numbered(1, payment="1.00"))
    trouble = answer.json()["trouble"]

    assert (answer.status_code, answer.json()["outcome"]) == (200, "exception")
    assert trouble["reason"] == "amounts_do_not_fit"
    assert {(each["stated"]["text"], each["computed"]["text"]) for each in trouble["mismatches"]} >= {
        ("1.00", "143.00")
    }


def test_the_exceptions_are_a_work_list(api):
    api.take_in(numbered(1), numbered(2, payment="1.00"), numbered(3))

    everything = api.get("/platform-orders").json()["items"]
    exceptions = api.get("/platform-orders?conversion=exception").json()["items"]
    first_page = api.get("/platform-orders?limit=2").json()
    rest = api.get("/platform-orders", params={"limit": 2, "cursor": first_page["next_cursor"]}).json()

    assert [row["order_no"][-1] for row in everything] == ["3", "2", "1"]
    assert [(row["order_no"][-1], row["reason"], row["order_id"]) for row in exceptions] == [
        ("2", "amounts_do_not_fit", None)
    ]
    assert first_page["items"] + rest["items"] == everything
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("query", ["conversion=nothing", "conversion=", "limit=0", "limit=201", "cursor=x", "state=x"])
def test_what_cannot_be_listed_is_refused(quiet, query):
    assert quiet.get(f"/platform-orders?{query}").status_code == 422


def test_one_platform_order_is_shown(api):
    taken = api.post("/shops/tb-1/platform-orders", numbered(1, payment="1.00")).json()

    shown = api.get(f"/platform-orders/{taken['platform_order_id']}").json()

    assert shown["conversion"] == "exception"
    assert shown["platform_state"] == "to_ship"
    assert shown["trouble"] == taken["trouble"]
    assert shown["receiver"] == "测** *******0001 示**路**号***大厦*座***"
    assert shown["modified_at"] == "2026-01-02T02:01:31Z"


def test_converting_again_tells_what_is_still_wrong(api):
    taken = api.post("/shops/tb-1/platform-orders", numbered(1, payment="1.00")).json()
    path = f"/platform-orders/{taken['platform_order_id']}/conversion"

    still = api.post(path).json()
    api.post("/shops/tb-1/platform-orders", numbered(1, modified="2026-01-03 10:00:00"))
    converted = api.post(path, {}).json()

    assert (still["outcome"], still["trouble"]["reason"]) == ("exception", "amounts_do_not_fit")
    assert (converted["outcome"], converted["state"]) == ("unchanged", "awaiting_allocation")


def test_what_is_not_there_cannot_be_converted(api):
    assert api.post(f"/platform-orders/{ABSENT}/conversion").json()["code"] == "platform_orders.not_found"
    assert api.get(f"/platform-orders/{ABSENT}").status_code == 404
    assert api.post(f"/platform-orders/{ABSENT}/conversion", {"force": True}).json()["code"] == "http.unknown_field"


def test_what_the_store_does_not_take_is_refused(api, world):
    class Refusing:
        def take_in(self, command):
            return tuple(
                IntakeAnswer(
                    outcome=Outcome.REFUSED, order_no=each.order_no, code=StoreRefusedData.code, field="payload"
                )
                for each in command.arrivals
            )

    world.overrides["intake"] = Refusing()

    alone = api.post("/shops/tb-1/platform-orders", numbered(1))
    (row,) = api.take_in(numbered(1))

    assert (alone.status_code, alone.json()["code"]) == (422, "store.refused_data")
    assert (row["outcome"], row["code"], row["field"]) == ("refused", "store.refused_data", "payload")


# --- cutting a body --------------------------------------------------------------------------------------------------

objects = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
).map(lambda value: {"a": value})


def written(value: object, escaped: bool) -> bytes:
    return json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")


@given(values=st.lists(objects, min_size=1, max_size=5), spoilt=st.booleans())
def test_every_payload_comes_out_as_it_went_in(values, spoilt):
    payloads = [written(value, True) for value in values] + [b'"\\ud800"'] * spoilt
    body = b" [ " + b" ,\n".join(payloads) + b" ]\r\n"

    assert split(body, most=10) == (payloads, False)


@given(st.binary(max_size=40) | st.text(alphabet='[]{}",:1 \\u', max_size=40).map(str.encode))
def test_whatever_comes_is_cut_or_refused(body):
    with contextlib.suppress(Malformed, NoRows, TooManyRows):
        payloads, _ = split(body, most=10)

        assert all(part in body for part in payloads)
