"""Splitting and merging over HTTP: a plan first, then once; every row of a batch answers for itself."""

from copy import deepcopy

import pytest
from tests.http.world import with_phone

BUYER = "10000000001"


def two_lines(number):
    """Return an order of two sub-orders of one SKU, 135.00 each, with 8.00 freight, to a receiver in plain text."""
    recorded = deepcopy(with_phone(number, BUYER))
    trade = recorded["trade_fullinfo_get_response"]["trade"]
    (first,) = trade["orders"]["order"]
    oid = str(9_100_000_000_000_200_000 + number * 10)
    lines = [first | {"payment": "140.00", "oid": int(oid) + at, "oid_str": str(int(oid) + at)} for at in range(2)]
    trade |= {"total_fee": "320.00", "payment": "278.00", "num": 2, "discount_fee": "10.00", "orders": {"order": lines}}
    return recorded


@pytest.fixture
def order(api):
    api.post("/stock/receipts", {"sku": "SPU4-U", "warehouse": "MAIN", "quantity": 9})
    return an_order(api, 41)


def an_order(api, number):
    (taken,) = api.take_in(two_lines(number))
    return api.post(f"/orders/{taken['order_id']}/allocation").json()


ONE = {"parts": [[{"sku": "SPU4-U", "units": 1}]]}


def shares(view):
    return [(part["payable"]["fen"], [line["units"] for line in part["lines"]]) for part in view["parts"]]


def test_a_plan_is_shown_and_then_applied_once(api, order):
    plan = api.post(f"/orders/{order['id']}/split-plan", ONE, once=None)
    assert (plan.status_code, shares(plan.json())) == (200, [(13_900, [1]), (13_900, [1])])
    assert plan.headers["etag"] == f'"{order["version"]}"'
    assert [part["order"] for part in plan.json()["parts"]] == [None, None]

    done = api.post(f"/orders/{order['id']}/split", ONE, once="split-1", headers={"If-Match": plan.headers["etag"]})
    again = api.post(f"/orders/{order['id']}/split", ONE, once="split-1", headers={"If-Match": plan.headers["etag"]})

    assert shares(done.json()) == shares(plan.json())
    assert (again.status_code, again.content) == (200, done.content)
    parent = api.get(f"/orders/{order['id']}").json()
    parts = [part["order"] for part in done.json()["parts"]]
    assert (parent["state"], parent["heirs"]) == ("split", [part["id"] for part in parts])
    child = api.get(f"/orders/{parts[0]['id']}").json()
    assert (child["origins"], child["split_reasons"]) == ([order["id"]], ["by_hand 1/2"])
    assert child["lines"][0]["from_line"] == parent["lines"][0]["id"]


def test_a_plan_of_an_older_version_is_not_applied(api, order):
    api.post(f"/orders/{order['id']}/hold", {"reason": "等买家"})

    stale = api.post(f"/orders/{order['id']}/split", ONE, headers={"If-Match": f'"{order["version"]}"'})

    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"parts": [[{"units": 1}]]}, "parts[0][0]"),
        ({"parts": [[{"units": 0, "sku": "SPU4-U"}]]}, "parts[0][0].units"),
        ({"parts": [[{"units": 3, "sku": "SPU4-U"}]]}, "parts[0]"),
        ({"parts": [[]]}, "parts[0]"),
        ({}, "parts"),
    ],
)
def test_parts_that_make_no_sense_are_refused_with_their_place(api, order, body, field):
    refused = api.post(f"/orders/{order['id']}/split", body)

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


def test_each_row_of_a_batch_answers_for_itself(api, order):
    rows = [{"id": order["id"], **ONE}, {"id": order["id"], **ONE}, {"id": "x"}]

    answer = api.post("/orders/splits", {"rows": rows}).json()

    assert [(row["outcome"], row["code"]) for row in answer["rows"]] == [
        ("done", ""),
        ("refused", "states.move_not_allowed"),
        ("refused", "http.field_invalid"),
    ]


def test_candidates_are_listed_merged_and_taken_apart(api, order):
    other = an_order(api, 42)
    (group,) = api.get("/orders/merge-candidates").json()["groups"]
    assert [row["id"] for row in group] == [order["id"], other["id"]]
    ids = {"ids": [row["id"] for row in group]}

    plan = api.post("/orders/merge-plan", ids, once=None).json()
    merged = api.post("/orders/merges", ids).json()

    assert plan["payable"] == merged["payable"] == {"fen": 55_600, "currency": "CNY", "text": "556.00"}
    assert [source["state"] for source in merged["sources"]] == ["merged", "merged"]
    whole = api.get(f"/orders/{merged['order']['id']}").json()
    assert len({line["platform_order_no"] for line in whole["lines"]}) == 2
    assert api.get("/orders/merge-candidates?shop=tb-1").json() == {"groups": [], "next_cursor": None}
    back = api.post(f"/orders/{merged['order']['id']}/unmerge").json()
    assert [part["payable"]["fen"] for part in back["parts"]] == [27_800, 27_800]


def test_what_cannot_be_merged_says_why(api, order):
    (masked,) = api.take_in(with_phone(43, BUYER))
    refused = api.post("/orders/merges", {"ids": [order["id"], masked["order_id"]]})

    assert (refused.status_code, refused.json()["code"]) == (409, "states.move_not_allowed")
    assert api.post("/orders/merges", {"ids": [order["id"]]}).status_code == 422


def test_candidates_are_listed_page_by_page(api, order):
    an_order(api, 42)
    groups, cursor = [], None
    for _ in range(3):
        page = api.get("/orders/merge-candidates?limit=1" + (f"&cursor={cursor}" if cursor else "")).json()
        groups += page["groups"]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert cursor is None
    assert api.get("/orders/merge-candidates?cursor=made-up").status_code == 422


def test_groups_are_merged_and_taken_apart_each_with_its_own_answer(api, order):
    other, alone = an_order(api, 42), an_order(api, 43)
    rows = [{"ids": [order["id"], other["id"]]}, {"ids": [alone["id"]]}, {"ids": [order["id"], alone["id"]]}]

    merged = api.post("/orders/merges/batch", {"rows": rows}).json()["rows"]
    into = merged[0]["item"]["order"]["id"]
    apart = api.post("/orders/unmerges", {"ids": [into, alone["id"]]}, once="u")
    again = api.post("/orders/unmerges", {"ids": [into, alone["id"]]}, once="u")

    assert [(row["outcome"], row["code"]) for row in merged] == [
        ("done", ""),
        ("refused", "split_merge.too_few_to_merge"),
        ("refused", "states.move_not_allowed"),
    ]
    done, refused = apart.json()["rows"]
    assert ([part["payable"]["fen"] for part in done["split"]["parts"]], refused["code"]) == (
        [27_800, 27_800],
        "split_merge.not_merged",
    )
    assert again.content == apart.content
