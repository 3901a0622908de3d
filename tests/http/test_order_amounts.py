"""Where each fen of an order is, over HTTP: as JSON, as a table, as a picture."""

from xml.etree import ElementTree

import pytest


def test_the_amounts_of_an_order_add_up_to_what_it_costs(api, order_id):
    order = api.get(f"/orders/{order_id}").json()

    found = api.get(f"/orders/{order_id}/amounts")

    amounts = found.json()
    assert (found.status_code, found.headers["etag"]) == (200, api.get(f"/orders/{order_id}").headers["etag"])
    assert next(column["id"] for column in amounts["columns"]) == "goods"
    assert amounts["sums_fen"][-1] == order["payable"]["fen"]
    for row in amounts["rows"]:
        parts = [
            fen
            for column, fen in zip(amounts["columns"], row["amounts_fen"], strict=True)
            if column["sort"] not in ("net", "cash")
        ]
        assert sum(parts) == row["amounts_fen"][-1]


def test_a_line_is_shown_unit_by_unit(api, order_id):
    line = api.get(f"/orders/{order_id}").json()["lines"][0]

    found = api.get(f"/orders/{order_id}/amounts?line={line['platform_line_no']}").json()

    assert [row["units"] for row in found["rows"]] == [1] * line["quantity"]


@pytest.mark.parametrize(
    ("form", "media_type", "begins"),
    [("text", "text/plain", "line "), ("markdown", "text/markdown", "| line |"), ("svg", "image/svg+xml", "<svg")],
)
def test_people_read_it_in_other_forms(api, order_id, form, media_type, begins):
    found = api.get(f"/orders/{order_id}/amounts?as={form}")

    assert found.headers["content-type"].startswith(media_type)
    assert found.text.startswith(begins)
    if form == "svg":
        ElementTree.fromstring(found.text)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("as=pdf", "http.parameter_invalid"),
        ("line=nowhere", "apportionment.invalid_order"),
        ("lines=1", "http.unknown_parameter"),
    ],
)
def test_what_cannot_be_shown_is_refused(api, order_id, query, code):
    refused = api.get(f"/orders/{order_id}/amounts?{query}")

    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert refused.json()["fields"]["field"] == query.partition("=")[0]


def test_a_shop_shares_by_the_rule_that_it_names(api):
    policy = {"apportionment_rule": "sylius", "apportionment_quantum": 100}
    added = api.post("/shops", {"code": "tb-9", "name": "样例九店", "platform": "taobao", "policy": policy})
    refused = api.post(
        "/shops", {"code": "tb-8", "name": "样", "platform": "taobao", "policy": {"apportionment_rule": "x"}}
    )

    assert added.json()["policy"] | policy == added.json()["policy"]
    assert (refused.status_code, refused.json()["code"]) == (422, "apportionment.invalid_policy")
