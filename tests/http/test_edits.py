"""Editing orders over HTTP: seen first, then done; a stale page is told what came in between."""

import pytest
from tests.http.test_splits import an_order

from oms_app.actor import Permission


@pytest.fixture
def order(api):
    for sku in ("SPU4-U", "OTHER"):
        api.post("/stock/receipts", {"sku": sku, "warehouse": "MAIN", "quantity": 9})
    api.post("/skus", {"code": "OTHER", "title": "样例"})
    return an_order(api, 51)


def edit(api, order, body, version=None):
    return api.patch(f"/orders/{order['id']}", body, version=version or order["version"])


def test_an_edit_is_seen_and_then_done(api, order):
    body = {"replacements": [{"sku": "SPU4-U", "by": "OTHER"}], "note": "换货", "reason": "断码"}
    plan = api.post(f"/orders/{order['id']}/edit-plan", body, once=None)
    assert api.get(f"/orders/{order['id']}").json()["note"] == ""

    done = edit(api, order, body)

    assert (plan.status_code, done.status_code) == (200, 200), done.text
    assert done.json() == plan.json()
    view = done.json()
    assert (view["what"], view["refund_due"]["fen"], view["missing"]) == (["lines", "note"], 0, [])
    assert (view["held"], view["holds"]) == (
        [{"sku": "SPU4-U", "warehouse": "MAIN", "units": 2}],
        [{"sku": "OTHER", "warehouse": "MAIN", "units": 2}],
    )
    shown = api.get(f"/orders/{order['id']}").json()
    assert (shown["note"], [line["sku"] for line in shown["lines"]]) == ("换货", ["OTHER", "OTHER"])
    assert (shown["log"][-2]["what"], shown["log"][-2]["why"]) == ("orders.order_edited", "断码")


def test_a_stale_page_is_told_what_came_in_between(api, order):
    etag = api.get(f"/orders/{order['id']}").headers["etag"]
    edit(api, order, {"note": "一"})
    edit(api, order, {"mark": 3}, version=order["version"] + 1)

    by_page = api.patch(f"/orders/{order['id']}", {"note": "二"}, version=etag)
    by_version = edit(api, order, {"note": "二"})

    for answer in (by_page, by_version):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (412, "orders.changed_since")
        changes = [(each["field"], each["before"], each["after"]) for each in problem["fields"]["changes"]]
        assert changes == [("note", "", "一"), ("mark", 0, 3)]


def test_what_was_sourced_anew_is_told_with_what_it_was_for(api, order):
    edit(api, order, {"replacements": [{"sku": "SPU4-U", "by": "OTHER"}]})

    problem = edit(api, order, {"note": "晚"}).json()

    changes = {each["field"].rpartition(".")[2]: each["after"] for each in problem["fields"]["changes"]}
    assert (problem["code"], changes["sku"]) == ("orders.changed_since", "OTHER")


def test_an_edit_names_the_version_it_is_of(api, order):
    answer = api.post(f"/orders/{order['id']}", {"note": "x"}, method="PATCH")

    assert (answer.status_code, answer.json()["code"]) == (428, "http.if_match_missing")


def test_a_pasted_address_shows_as_a_mask_alone(api, order):
    text = "新收件人 13000000002 广东省深圳市宝安区虚构路8号"

    answer = edit(api, order, {"address": {"text": text}})

    assert answer.status_code == 200, answer.text
    assert answer.json()["what"] == ["receiver", "region"]
    whole = api.get(f"/orders/{order['id']}")
    assert whole.json()["region"]["district"] == "宝安区"
    for leak in ("13000000002", "新收件人", "虚构路8号"):
        assert leak not in answer.text + whole.text


def test_a_pasted_address_can_be_checked_before_anybody_goes_by_it(api, order):
    text = "新收件人 13000000002 广东省深圳市宝安区虚构路8号"
    body = {"address": {"text": text}}

    plan = api.post(f"/orders/{order['id']}/edit-plan", body, once=None).json()
    alone = api.post("/addresses/recognition", {"text": text}, once=None)
    done = edit(api, order, body).json()

    assert alone.status_code == 200, alone.text
    said = alone.json()
    assert plan["recognised"] == said
    parts = (said["name"], said["mobile"], said["street"], said["region_codes"], said["doubts"])
    assert parts == ("新收件人", "13000000002", "虚构路8号", ["44", "4403", "440306"], [])
    assert (plan["region"], done["region"]) == (said["region"], said["region"])
    assert (plan["region"]["district"], done["recognised"]) == ("宝安区", None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"note": "x" * 501}, "note"),
        ({"quantities": [{"units": 1}]}, "quantities[0]"),
        ({"quantities": [{"units": 5, "sku": "SPU4-U"}]}, "quantities"),
        ({"replacements": [{"sku": "SPU4-U", "by": "NEVER"}]}, "replacements"),
        ({"add_tags": ["急"]}, "add_tags"),
        ({"carrier": "NOBODY"}, "carrier"),
        ({"warehouse": "NOWHERE"}, "warehouse"),
        ({"mark": 99}, "mark"),
        ({"ship_on": "soon"}, "ship_on"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(api, order, body, field):
    answer = edit(api, order, body)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text


def test_each_row_of_a_batch_answers_for_itself(api, order):
    rows = [
        {"id": order["id"], "version": order["version"], "quantities": [{"sku": "SPU4-U", "units": 1}]},
        {"id": order["id"], "version": order["version"], "note": "晚"},
        {"id": order["id"], "version": "*", "note": "好"},
    ]

    answer = api.post("/orders/edits", {"rows": rows}).json()

    assert [(row["outcome"], row["code"]) for row in answer["rows"]] == [
        ("done", ""),
        ("refused", "orders.changed_since"),
        ("done", ""),
    ]
    assert answer["rows"][0]["item"]["refund_due"]["fen"] == 13_500


@pytest.mark.parametrize("version", [{}, {"version": None}])
def test_a_row_that_names_no_version_changes_nothing(api, order, version):
    row = {"id": order["id"], "note": "晚"} | version

    (few,) = api.post("/orders/edits", {"rows": [row]}).json()["rows"]
    many = api.post("/orders/edits", {"rows": [row] * 101})

    assert (few["outcome"], few["code"]) == ("refused", "http.version_missing")
    assert (many.status_code, many.json()["errors"][0]["field"]) == (428, "rows[0].version")
    assert api.get(f"/orders/{order['id']}").json()["note"] == ""


def test_who_may_only_read_does_not_edit(world, client, api, order):
    reader = type(api)(client, world.key(Permission.ORDERS_READ))

    assert edit(reader, order, {"note": "x"}).status_code == 403
