"""Whatever is sent: a clear 4xx with a code and a place, never a 5xx, and nothing stored."""

import json
from typing import Any

import pytest
from tests.http.routes import ABSENT
from tests.http.world import Caller, World, numbered, payload, serving

HUGE = "1" + "0" * 400
DEEP = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
DEEP_LIST = b"[" * 200_000 + b"]" * 200_000
VERY_LONG_INT = b"9" * 5_000

UNREADABLE = {
    "nothing but a blank": b" ",
    "half an object": b'{"sku": "A"',
    "two documents": b"{} {}",
    "no JSON at all": b"sku=A&quantity=1",
    "a trailing comma": b'{"sku": "A",}',
    "a comment": b'{"sku": "A"} // x',
    "NaN": b'{"sku": "A", "warehouse": "M", "quantity": NaN}',
    "Infinity": b'{"sku": "A", "warehouse": "M", "quantity": -Infinity}',
    "no UTF-8": b'{"sku": "\xff"}',
    "UTF-16": '{"sku": "A"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a control character": b'{"sku": "\x01"}',
    "a name twice": b'{"sku": "A", "sku": "B", "warehouse": "M", "quantity": 1}',
    "deep nesting": DEEP,
    "deep lists": DEEP_LIST,
    "an int of thousands of digits": b'{"sku": "A", "warehouse": "M", "quantity": ' + VERY_LONG_INT + b"}",
}

RECEIPT = {"sku": "A", "warehouse": "MAIN", "quantity": 1}
WRONG_RECEIPTS: list[tuple[dict[str, Any], str]] = [
    ({"quantity": 0}, "quantity"),
    ({"quantity": -1}, "quantity"),
    ({"quantity": 10**6 + 1}, "quantity"),
    ({"quantity": 2**63}, "quantity"),
    ({"quantity": -(2**63)}, "quantity"),
    ({"quantity": -(2**63) - 1}, "quantity"),
    ({"quantity": 2**64}, "quantity"),
    ({"quantity": int(HUGE)}, "quantity"),
    ({"quantity": 1.0}, "quantity"),
    ({"quantity": -0.0}, "quantity"),
    ({"quantity": True}, "quantity"),
    ({"quantity": "1"}, "quantity"),
    ({"quantity": "１"}, "quantity"),
    ({"quantity": None}, "quantity"),
    ({"quantity": [1]}, "quantity"),
    ({"sku": ""}, "sku"),
    ({"sku": "  "}, "sku"),
    ({"sku": "a\0b"}, "sku"),
    ({"sku": "\ud800"}, "sku"),
    ({"sku": "a\x1b"}, "sku"),
    ({"sku": "x" * 65}, "sku"),
    ({"sku": 1}, "sku"),
    ({"warehouse": "\udfff"}, "warehouse"),
    ({"reason": "x" * 501}, "reason"),
    ({"reason": "\0"}, "reason"),
    ({"version": 7}, "version"),
    ({"status": "done"}, "status"),
    ({"shop_id": ABSENT}, "shop_id"),
    ({"\ud800": 1}, ""),
    ({"a\0b": 1}, "a\0b"),
]

SHOP = {"code": "tb-2", "name": "样例", "platform": "taobao"}
WRONG_SHOPS: list[tuple[dict[str, Any], str]] = [
    ({"code": ""}, "code"),
    ({"code": "UPPER"}, "code"),
    ({"code": "-x"}, "code"),
    ({"code": "x" * 33}, "code"),
    ({"code": "ｔｂ"}, "code"),
    ({"code": "a\0"}, "code"),
    ({"code": "\ud800"}, "code"),
    ({"name": ""}, "name"),
    ({"name": "\ud800"}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"platform": "nowhere"}, "platform"),
    ({"id": ABSENT}, "id"),
    ({"authorisation": "valid"}, "authorisation"),
    ({"policy": {"auto_review": "yes"}}, "policy.auto_review"),
    ({"policy": {"auto_refund": True}}, "policy.auto_refund"),
    ({"policy": {"auto_review_up_to": {"fen": -1}}}, "policy.auto_review_up_to.fen"),
    ({"policy": {"auto_review_up_to": {"fen": 10**12 + 1}}}, "policy.auto_review_up_to.fen"),
    ({"policy": {"auto_review_up_to": {"fen": 1, "currency": "ZZZ"}}}, "currency"),
    ({"policy": {"auto_review_up_to": {"fen": 1.5}}}, "policy.auto_review_up_to.fen"),
    ({"policy": {"warehouse": "\0"}}, "policy.warehouse"),
    ({"policy": None}, "policy"),
]

BATCH = {"ids": [ABSENT]}
WRONG_BATCHES: list[tuple[dict[str, Any], str]] = [
    ({"ids": "all"}, "ids"),
    ({"ids": [1]}, "ids[0]"),
    ({"ids": [ABSENT, "x"]}, "ids[1]"),
    ({"ids": ["\ud800"]}, ""),
    ({"reason": 1}, "reason"),
    ({"reason": "\ud800"}, "reason"),
    ({"state": "shipped"}, "state"),
    ({"paid": 1}, "paid"),
]


def sent(value: object) -> bytes:
    return json.dumps(value).encode()


def refused(answer: Any, status: int, field: str | None = None) -> bool:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), answer.text
    assert problem["type"] == f"/problems/{problem['code']}"
    if field is not None:
        assert problem["errors"][0]["field"] == field, answer.text
    return True


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("path", ["/stock/receipts", "/orders/holds", "/shops/tb-1/platform-orders", "/shops"])
def test_what_is_no_json_cannot_be_read(quiet, path, body):
    platform_may_repeat_names = path.endswith("platform-orders") and b'"sku": "B"' in body
    is_valid_payload = path.endswith("platform-orders") and VERY_LONG_INT in body

    answer = quiet.post(path, body)

    assert refused(answer, 422 if platform_may_repeat_names or is_valid_payload else 400)


@pytest.mark.parametrize(("change", "field"), WRONG_RECEIPTS, ids=lambda v: ascii(v)[:30])
def test_a_field_that_cannot_be_is_named(quiet, change, field):
    assert refused(quiet.post("/stock/receipts", sent(RECEIPT | change)), 422, field)


@pytest.mark.parametrize(("change", "field"), WRONG_SHOPS, ids=lambda v: ascii(v)[:30])
def test_a_field_of_a_shop_that_cannot_be_is_named(quiet, change, field):
    assert refused(quiet.post("/shops", sent(SHOP | change)), 422, field)


@pytest.mark.parametrize(("change", "field"), WRONG_BATCHES, ids=lambda v: ascii(v)[:30])
def test_a_field_of_a_batch_that_cannot_be_is_named(quiet, change, field):
    assert refused(quiet.post("/orders/cancellations", sent(BATCH | change)), 422, field)


@pytest.mark.parametrize("missing", ["sku", "warehouse", "quantity"])
def test_a_missing_field_is_named(quiet, missing):
    body = {name: value for name, value in RECEIPT.items() if name != missing}

    assert refused(quiet.post("/stock/receipts", body), 422, missing)


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"true", b"[{}]", b"1e999", b"-0"])
def test_a_body_of_another_kind_is_refused(quiet, body):
    assert refused(quiet.post("/stock/receipts", body), 422)


def test_no_body_where_there_must_be_one_is_refused(quiet):
    assert refused(quiet.post("/stock/receipts"), 422)
    assert refused(quiet.post("/shops/tb-1/platform-orders"), 400)


@pytest.mark.parametrize("field", ["state", "paid", "shop_id", "version", "role", "expected_version", "by"])
def test_a_command_takes_nothing_but_its_reason(quiet, field):
    assert refused(quiet.post(f"/orders/{ABSENT}/approval", {field: 1}), 422, field)


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp"],
)
@pytest.mark.parametrize("path", ["/stock/receipts", "/shops/tb-1/platform-orders", f"/orders/{ABSENT}/hold"])
def test_another_media_type_is_refused(quiet, path, media_type):
    answer = quiet.post(path, b"{}", headers={"Content-Type": media_type})

    assert refused(answer, 415)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip"])
@pytest.mark.parametrize("path", ["/stock/receipts", "/shops/tb-1/platform-orders"])
def test_a_compressed_body_is_refused(quiet, path, coding):
    assert refused(quiet.post(path, b"{}", headers={"Content-Encoding": coding}), 415)


def test_a_parameter_that_is_no_utf8_is_refused(quiet):
    assert refused(quiet.get("/orders?number=%ff%fe"), 422, "number")


def test_json_may_name_its_charset(quiet):
    answer = quiet.post("/stock/receipts", b"{}", headers={"Content-Type": "Application/JSON; charset=utf-8"})

    assert refused(answer, 422)


@pytest.mark.parametrize("path", ["/stock/receipts", "/shops/tb-1/platform-orders", f"/orders/{ABSENT}/hold"])
def test_a_body_that_is_too_large_is_refused(quiet, path):
    assert refused(quiet.post(path, b" " * (10 * 1024 * 1024)), 413)


def test_a_body_without_a_length_is_read_no_further_than_the_limit(quiet):
    read = 0

    def endless():
        nonlocal read
        while read < 100:
            read += 1
            yield b" " * 1024 * 1024

    answer = quiet.client.post(
        "/api/v1/shops/tb-1/platform-orders",
        content=endless(),
        headers={"Authorization": f"Bearer {quiet.key}", "Idempotency-Key": "k", "Content-Type": "application/json"},
    )

    assert refused(answer, 413)


def test_a_false_length_is_refused(quiet):
    answer = quiet.post("/stock/receipts", b"{}", headers={"Content-Length": "x"})

    assert refused(answer, 400)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_another_method_is_refused(quiet, method):
    answer = quiet.client.request(method, "/api/v1/orders", headers={"Authorization": f"Bearer {quiet.key}"})

    assert refused(answer, 405)
    assert "GET" in answer.headers["allow"]


# --- payloads of a platform ------------------------------------------------------------------------------------------

WRONG_PAYLOADS: list[tuple[dict[str, Any], str]] = [
    ({"payment": 19.99}, ""),  # read exactly, and an exception: the sums do not fit
    ({"payment": "1e3"}, "payment"),
    ({"payment": "１.00"}, "payment"),
    ({"payment": str(2**63)}, "payment"),
    ({"payment": 2**63}, "payment"),
    ({"payment": int(HUGE)}, "payment"),
    ({"payment": "-1.00"}, "payment"),
    ({"buyer_message": "a\0b"}, "buyer_message"),
    ({"buyer_message": "\ud800"}, "buyer_message"),
    ({"receiver_name": "x" * 201}, "receiver_name"),
    ({"modified": "yesterday"}, "modified"),
    ({"modified": "9999-12-31 23:59:59"}, "modified"),
    ({"status": "NEW_STATUS"}, "status"),
    ({"orders": {}}, "orders"),
    ({"orders": {"order": [1]}}, "orders[0]"),
    ({"tid": "x", "tid_str": ""}, "tid"),
    ({"seller_flag": 2**63}, "seller_flag"),
]


@pytest.mark.parametrize(("change", "field"), WRONG_PAYLOADS[1:], ids=lambda v: ascii(v)[:30])
def test_a_payload_that_cannot_be_read_is_refused_whole(quiet, change, field):
    answer = quiet.post("/shops/tb-1/platform-orders", sent(payload(**change)))

    assert refused(answer, 422, field)
    assert answer.json()["code"] == "channels.unreadable_payload"


def test_one_bad_payload_harms_no_other(api, world):
    bad = [payload(**change) for change, _ in WRONG_PAYLOADS[1:]]
    answer = api.post("/shops/tb-1/platform-orders", sent([numbered(1), *bad, numbered(2)]))
    rows = answer.json()["rows"]

    assert answer.status_code == 200
    assert [row["index"] for row in rows] == list(range(len(bad) + 2))
    assert [row["outcome"] for row in rows] == ["created", *["refused"] * len(bad), "created"]
    assert [row["field"] for row in rows[1:-1]] == [field for _, field in WRONG_PAYLOADS[1:]]
    assert len(world.store.tables.orders) == 2


def test_rows_that_are_no_objects_are_refused_each(api):
    rows = api.post("/shops/tb-1/platform-orders", b'[1, null, "x", [], {}, true, 1e999]').json()["rows"]

    assert {row["outcome"] for row in rows} == {"refused"}
    assert len(rows) == 7


def test_a_payload_may_carry_what_we_do_not_know(api):
    odd = payload(new_field={"a": [None, 1e300, int(HUGE)]}, **{"": 1, "名": "值"})

    assert api.post("/shops/tb-1/platform-orders", sent(odd)).status_code == 201


def test_numbers_of_a_payload_stay_exact(api):
    body = sent(numbered(1)).replace(b'"tid_str": "9100000000000100001"', b'"tid_str": ""')

    assert api.post("/shops/tb-1/platform-orders", body).json()["order_no"] == "9100000000000100001"


def test_no_payloads_and_too_many_are_refused(quiet):
    nothing = quiet.post("/shops/tb-1/platform-orders", [])
    many = quiet.post("/shops/tb-1/platform-orders", b"[" + b",".join([b"{}"] * 501) + b"]")

    assert refused(nothing, 422)
    assert refused(many, 422)
    assert many.json()["fields"] == {"field": "", "most": 500}


@pytest.mark.parametrize("shop", ["tb-9", "TB-1", "%00", "%ff", "a" * 300, "-"])
def test_an_unknown_shop_is_not_found(quiet, shop):
    assert refused(quiet.post(f"/shops/{shop}/platform-orders", [numbered(1)]), 404)


@pytest.mark.parametrize("key", ["", "x" * 201, " x", "x ", "a\tb", "ключ".encode().decode("latin-1"), "\x7f"])
def test_a_key_that_is_none_is_refused(quiet, key):
    headers = {"Authorization": f"Bearer {quiet.key}", "Idempotency-Key": key.encode("latin-1")}
    answer = quiet.client.post("/api/v1/stock/receipts", json=RECEIPT, headers=headers)

    if key.strip() in ("", "x"):  # a client or a server may trim it
        assert answer.status_code in (201, 400)
    else:
        assert refused(answer, 400)


def test_a_smaller_limit_can_be_set():
    world = World(body_limit=1000)
    world.add_shop()
    with serving(world) as client:
        api = Caller(client, world.key())

        assert refused(api.post("/stock/receipts", b" " * 1001), 413)
        assert api.post("/stock/receipts", RECEIPT).status_code == 201
