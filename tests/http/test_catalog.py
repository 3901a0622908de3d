"""SKUs, bundles and mappings over HTTP."""

import json

import pytest
from tests.http.routes import ABSENT
from tests.http.world import Caller, numbered, on_sqlite

from oms_app.actor import Permission

SCARF = {
    "code": "SCARF",
    "title": "样例围巾",
    "spec": "红 / M",
    "weight_g": 250,
    "volume_cm3": 1800,
    "list_price": {"fen": 19900},
    "floor_price": {"fen": 9900},
    "purchase_cost": {"fen": 5000},
    "tax_category": "1040201",
    "category": "服饰",
    "marks": ["battery", "fragile"],
}
BARE = {"code": "HAT", "title": "样例帽子"}
SET = {"code": "SET", "title": "样例套装", "parts": [{"sku": "SCARF", "quantity": 2}, {"sku": "HAT", "quantity": 1}]}


def yuan(fen, text):
    return {"fen": fen, "currency": "CNY", "text": text}


def error(answer):
    """Status, code and field of a refusal."""
    problem = answer.json()
    return (answer.status_code, problem["code"], next((each["field"] for each in problem["errors"]), ""))


def add(api, path, body):
    answer = api.post(path, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def stocked(api):
    """An API whose catalogue has a scarf, a hat, and a set of two scarves and a hat."""
    for path, body in (("/skus", SCARF), ("/skus", BARE), ("/bundles", SET)):
        add(api, path, body)
    return api


# --- SKUs ------------------------------------------------------------------------------------------------------------


def test_a_sku_is_added_with_all_that_is_said_of_it(api):
    answer = api.post("/skus", SCARF)
    sku = answer.json()

    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    assert sku == SCARF | {
        "id": sku["id"],
        "kind": "goods",
        "list_price": yuan(19900, "199.00"),
        "floor_price": yuan(9900, "99.00"),
        "purchase_cost": yuan(5000, "50.00"),
        "is_deleted": False,
        "created_at": sku["created_at"],
        "updated_at": sku["created_at"],
        "version": 1,
    }
    assert api.get(f"/skus/{sku['id']}").json() == sku


def test_of_a_sku_little_needs_to_be_said(api):
    sku = add(api, "/skus", BARE)

    assert (sku["weight_g"], sku["list_price"], sku["floor_price"]) == (None, yuan(0, "0.00"), None)


def test_a_code_is_added_once(stocked):
    assert error(stocked.post("/skus", SCARF)) == (409, "catalog.code_taken", "")
    assert error(stocked.post("/skus", BARE | {"code": "SET"})) == (409, "catalog.code_taken", "")
    assert error(stocked.post("/bundles", SET | {"code": "HAT"})) == (409, "catalog.code_taken", "")


def test_skus_are_walked_page_by_page(api):
    for code in ("B", "A", "C"):
        add(api, "/skus", BARE | {"code": code})

    first = api.get("/skus?limit=2").json()
    second = api.get("/skus", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert [sku["code"] for sku in first["items"] + second["items"]] == ["A", "B", "C"]
    assert second["next_cursor"] is None
    assert [sku["code"] for sku in api.get("/skus?code=B").json()["items"]] == ["B"]
    assert api.get("/skus?kind=gift").json()["items"] == []


def test_an_edit_changes_what_it_names(api):
    sku = add(api, "/skus", SCARF)

    answer = api.patch(f"/skus/{sku['id']}", {"title": "新名", "floor_price": None}, version=1)

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    changes = {"title": "新名", "floor_price": None, "version": 2}
    assert answer.json() | {"updated_at": ""} == sku | changes | {"updated_at": ""}


def test_an_edit_names_the_version_that_it_was_made_on(api):
    sku = add(api, "/skus", SCARF)
    path = f"/skus/{sku['id']}"

    assert error(api.post(path, {"title": "x"}, method="PATCH")) == (428, "http.if_match_missing", "")
    assert error(api.patch(path, {"title": "x"}, version=2)) == (412, "http.version_is_not", "")
    assert api.patch(path, {"title": "x"}, version="*").status_code == 200


def test_a_deleted_sku_leaves_the_list_and_comes_back(api):
    sku = add(api, "/skus", SCARF)

    gone = api.post(f"/skus/{sku['id']}/deletion")
    listed = [[row["code"] for row in api.get(f"/skus{query}").json()["items"]] for query in ("", "?deleted=true")]
    back = api.post(f"/skus/{sku['id']}/restoration", headers={"If-Match": gone.headers["etag"]})

    assert (gone.json()["is_deleted"], listed, back.json()["is_deleted"]) == (True, [[], ["SCARF"]], False)


def test_a_part_of_a_bundle_is_not_deleted(stocked):
    (sku,) = stocked.get("/skus?code=HAT").json()["items"]

    answer = stocked.post(f"/skus/{sku['id']}/deletion")

    assert error(answer) == (409, "catalog.in_bundles", "")
    assert answer.json()["fields"] == {"sku": "HAT", "bundles": ["SET"]}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"code": " A"}, "inventory.invalid_sku", "code"),
        ({"code": ""}, "inventory.invalid_sku", "code"),
        ({"code": "x" * 65}, "inventory.invalid_sku", "code"),
        ({"code": "\ud800"}, "inventory.invalid_sku", "code"),
        ({"code": 1}, "http.field_invalid", "code"),
        ({"title": " "}, "text.invalid", "title"),
        ({"title": "\0"}, "text.invalid", "title"),
        ({"spec": "x" * 2001}, "text.invalid", "spec"),
        ({"kind": "toy"}, "http.field_invalid", "kind"),
        ({"weight_g": -1}, "catalog.invalid_measure", "weight_g"),
        ({"weight_g": 2**63}, "catalog.invalid_measure", "weight_g"),
        ({"weight_g": 1.5}, "http.field_invalid", "weight_g"),
        ({"volume_cm3": True}, "http.field_invalid", "volume_cm3"),
        ({"list_price": {"fen": -1}}, "http.field_invalid", "list_price.fen"),
        ({"list_price": {"fen": 1, "currency": "XXX"}}, "money.invalid", "currency"),
        ({"purchase_cost": {"fen": 1, "currency": "USD"}}, "money.currency_mismatch", "purchase_cost"),
        ({"colour": "red"}, "http.unknown_field", "colour"),
    ],
)
def test_a_sku_that_cannot_be_is_refused_by_its_field(api, world, changes, code, field):
    before = world.stored()

    body = json.dumps(BARE | changes).encode()  # ASCII: a lone surrogate goes as its escape

    assert error(api.post("/skus", body)) == (422, code, field)
    assert world.stored() == before


def test_rows_are_put_each_with_its_own_answer(api):
    add(api, "/skus", SCARF)
    rows = [SCARF, SCARF | {"title": "新名"}, BARE, {"code": "X"}, BARE | {"code": "Y", "weight_g": -1}, 7]

    answer = api.post("/skus/batch", {"rows": rows})

    assert answer.status_code == 200
    assert [(row["outcome"], row["code"]) for row in answer.json()["rows"]] == [
        ("unchanged", ""),
        ("changed", ""),
        ("added", ""),
        ("refused", "http.field_invalid"),
        ("refused", "catalog.invalid_measure"),
        ("refused", "http.field_invalid"),
    ]
    assert [row["index"] for row in answer.json()["rows"]] == list(range(6))
    assert answer.json()["rows"][4]["fields"]["field"] == "weight_g"
    assert answer.json()["rows"][1]["item"]["title"] == "新名"


@pytest.mark.parametrize("path", ["/skus/batch", "/bundles/batch", "/sku-mappings/batch"])
def test_a_batch_has_at_least_one_row_and_not_too_many(api, path):
    assert error(api.post(path, {"rows": []})) == (422, "http.no_rows", "rows")
    assert error(api.post(path, {"rows": [{}] * 101})) == (422, "http.too_many_rows", "rows")


def test_a_batch_asked_again_is_answered_alike(api, world):
    rows = {"rows": [SCARF, {"code": "X"}, BARE]}
    first = api.post("/skus/batch", rows, once="k")
    before = world.stored()

    assert api.post("/skus/batch", rows, once="k").json() == first.json()
    assert world.stored() == before


# --- bundles ---------------------------------------------------------------------------------------------------------


def test_a_bundle_is_shown_with_what_each_warehouse_could_ship(stocked):
    for sku, units in (("SCARF", 7), ("HAT", 5)):
        stocked.post("/stock/receipts", {"sku": sku, "warehouse": "MAIN", "quantity": units})
    (listed,) = stocked.get("/bundles").json()["items"]

    bundle = stocked.get(f"/bundles/{listed['id']}").json()

    assert bundle == listed | {"available": [{"warehouse": "MAIN", "available": 3}]}
    assert (bundle["code"], bundle["parts"]) == ("SET", SET["parts"])


def test_a_bundle_is_edited_deleted_and_restored(stocked):
    (bundle,) = stocked.get("/bundles").json()["items"]
    path = f"/bundles/{bundle['id']}"

    edited = stocked.patch(path, {"parts": [{"sku": "HAT", "quantity": 3}]}, version=1)
    stale = stocked.patch(path, {"title": "x"}, version=1)
    gone = stocked.post(f"{path}/deletion")
    back = stocked.post(f"{path}/restoration")

    assert (edited.json()["parts"], edited.json()["title"]) == ([{"sku": "HAT", "quantity": 3}], "样例套装")
    assert error(stale) == (412, "http.version_is_not", "")
    assert (gone.json()["is_deleted"], back.json()["is_deleted"], back.headers["etag"]) == (True, False, '"4"')


@pytest.mark.parametrize(
    ("parts", "code", "field"),
    [
        ([], "catalog.invalid_part", "parts"),
        ([{"sku": "NONE", "quantity": 1}], "catalog.invalid_part", "parts[0].sku"),
        ([{"sku": "SET", "quantity": 1}], "catalog.invalid_part", "parts[0].sku"),
        ([{"sku": "HAT", "quantity": 1}, {"sku": "HAT", "quantity": 1}], "catalog.invalid_part", "parts[1].sku"),
        ([{"sku": "HAT", "quantity": 0}], "http.field_invalid", "parts[0].quantity"),
        ([{"sku": "HAT", "quantity": 1001}], "http.field_invalid", "parts[0].quantity"),
        ([{"sku": "HAT"}], "http.field_invalid", "parts[0].quantity"),
        ([{"sku": " ", "quantity": 1}], "inventory.invalid_sku", "parts[0].sku"),
    ],
)
def test_a_bundle_that_cannot_be_is_refused_by_its_part(stocked, parts, code, field):
    assert error(stocked.post("/bundles", {"code": "B", "title": "x", "parts": parts})) == (422, code, field)


def test_bundles_are_put_row_by_row(stocked):
    rows = [SET, SET | {"title": "新名"}, SET | {"code": "B"}, SET | {"code": "HAT"}]

    answer = stocked.post("/bundles/batch", {"rows": rows}).json()["rows"]

    assert [row["outcome"] for row in answer] == ["unchanged", "changed", "added", "refused"]


# --- mappings --------------------------------------------------------------------------------------------------------


def strict(world, api):
    """Take on a shop whose catalogue is strict, and take an order in whose SKU nobody knows."""
    api.post("/shops", {"code": "strict", "name": "样例", "platform": "taobao"})
    return api.post("/shops/strict/platform-orders", numbered(1)).json()


def test_a_new_shop_lets_what_is_unknown_wait(api, world):
    taken = strict(world, api)

    (row,) = api.get("/sku-mappings/unmapped").json()["items"]

    assert (taken["outcome"], taken["trouble"]["reason"]) == ("exception", "unmapped_sku")
    (unmapped,) = taken["trouble"]["unmapped"]
    assert {name: row[name] for name in unmapped if name != "line_no"} == {
        name: value for name, value in unmapped.items() if name != "line_no"
    }
    assert (row["orders"], row["why"]) == (1, "unknown")
    assert api.get("/sku-mappings/unmapped?shop=tb-1").json()["items"] == []
    assert len(api.get("/sku-mappings/unmapped?shop=strict").json()["items"]) == 1


def test_a_platforms_sku_is_mapped_changed_and_let_go(stocked):
    body = {"shop": "tb-1", "platform_sku_id": "5001", "target": "SCARF"}
    answer = stocked.post("/sku-mappings", body)
    mapping = answer.json()
    path = f"/sku-mappings/{mapping['id']}"

    assert (answer.status_code, mapping["merchant_code"], mapping["target"]) == (201, "", "SCARF")
    assert stocked.get("/sku-mappings").json()["items"] == [mapping] == [stocked.get(path).json()]
    assert stocked.get("/sku-mappings?shop=tb-1&limit=1").json()["next_cursor"] is None
    assert error(stocked.post("/sku-mappings", body | {"target": "HAT"})) == (409, "catalog.already_mapped", "")
    assert error(stocked.post(path, {"target": "HAT"}, method="PATCH")) == (428, "http.if_match_missing", "")

    changed = stocked.patch(path, {"target": "SET"}, version=1)
    assert (changed.json()["target"], changed.headers["etag"]) == ("SET", '"2"')

    assert stocked.post(f"{path}/deletion").json()["is_deleted"] is True
    assert stocked.get("/sku-mappings").json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"target": "NONE"}, (422, "catalog.unknown_target", "target")),
        ({"target": " "}, (422, "inventory.invalid_sku", "target")),
        ({"platform_sku_id": ""}, (422, "catalog.mapping_without_key", "platform_sku_id")),
        ({"platform_sku_id": "x" * 65}, (422, "text.invalid", "platform_sku_id")),
        ({"merchant_code": "\0"}, (422, "text.invalid", "merchant_code")),
        ({"shop": "tb-7"}, (404, "shops.not_found", "")),
        ({"shop": "\0"}, (404, "shops.not_found", "")),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(stocked, changes, refused):
    body = {"shop": "tb-1", "platform_sku_id": "5001", "target": "SCARF"}

    assert error(stocked.post("/sku-mappings", body | changes)) == refused


def test_mappings_are_said_row_by_row(stocked):
    row = {"shop": "tb-1", "target": "SCARF"}
    rows = [row | {"platform_sku_id": "1"}, row | {"merchant_code": "A"}, row, row | {"shop": "tb-7"}]

    answer = stocked.post("/sku-mappings/batch", {"rows": rows}).json()["rows"]

    assert [(each["outcome"], each["code"]) for each in answer] == [
        ("mapped", ""),
        ("mapped", ""),
        ("refused", "catalog.mapping_without_key"),
        ("refused", "shops.not_found"),
    ]


def test_what_is_not_there_is_not_found(api):
    for path, code in (("skus", "sku"), ("bundles", "bundle"), ("sku-mappings", "mapping")):
        assert error(api.get(f"/{path}/{ABSENT}")) == (404, f"catalog.{code}_not_found", "")


def test_a_cursor_of_another_list_is_refused(stocked):
    cursor = stocked.get("/skus?limit=1").json()["next_cursor"]

    assert error(stocked.get("/bundles", params={"cursor": cursor})) == (422, "http.cursor_invalid", "cursor")


def test_another_shops_mapping_is_neither_read_nor_changed(stocked, world, client):
    other = world.add_shop("tb-2")
    mapping = stocked.post("/sku-mappings", {"shop": "tb-1", "platform_sku_id": "5001", "target": "SCARF"}).json()
    stranger = Caller(client, world.key(Permission.STOCK_READ, Permission.STOCK_WRITE, shops=frozenset({other.id})))
    path = f"/sku-mappings/{mapping['id']}"

    assert stranger.get(path).status_code == 404
    assert stranger.patch(path, {"target": "HAT"}, version=1).status_code == 404
    assert stranger.post(f"{path}/deletion").status_code == 404
    assert stranger.get("/sku-mappings?shop=tb-1").status_code == 404
    assert stranger.get("/sku-mappings").json()["items"] == []


def test_a_key_of_some_shops_may_read_the_catalogue_and_not_change_it(stocked, world, client):
    keyed = Caller(client, world.key(Permission.STOCK_READ, Permission.STOCK_WRITE, shops=frozenset()))
    (sku,) = keyed.get("/skus?code=HAT").json()["items"]

    assert error(keyed.patch(f"/skus/{sku['id']}", {"title": "x"}, version=1)) == (403, "auth.denied", "")


def test_on_a_database_it_is_the_same(tmp_path):
    with on_sqlite(tmp_path) as (_, api):
        for path, body in (("/skus", SCARF), ("/skus", BARE), ("/bundles", SET)):
            add(api, path, body)
        body = {"shop": "tb-1", "platform_sku_id": "5001", "target": "SET"}
        first = api.post("/sku-mappings", body, once="k")
        again = api.post("/sku-mappings", body, once="k")
        batch = {"rows": [SCARF | {"title": "新名"}, SET]}
        rows = [api.post("/skus/batch", batch, once="b").json() for _ in range(2)]

        assert first.content == again.content
        assert rows[0] == rows[1]
        assert [row["outcome"] for row in rows[0]["rows"]] == ["changed", "refused"]
        assert [sku["title"] for sku in api.get("/skus").json()["items"]] == ["样例帽子", "新名"]
