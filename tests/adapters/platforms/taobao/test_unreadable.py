"""What makes a payload unreadable: always by the path of the field and a reason, never by its value."""

from __future__ import annotations

import json

import pytest

from oms_adapters.platforms.taobao.translate import translate
from oms_domain.channels.standard import UnreadablePayload


def as_bytes(payload):
    return json.dumps(payload, ensure_ascii=False).encode()


@pytest.fixture
def trade(load):
    return load("taobao_trade_fullinfo")["trade_fullinfo_get_response"]["trade"]


def unreadable(raw):
    with pytest.raises(UnreadablePayload) as caught:
        translate(raw)
    return caught.value.fields()


@pytest.mark.parametrize("name", ["payment", "total_fee", "status", "created", "modified", "orders"])
@pytest.mark.parametrize("absent", [None, "", "gone"])
def test_what_an_order_must_have_is_named_when_it_is_missing(trade, name, absent):
    trade[name] = absent
    if absent == "gone":
        del trade[name]

    assert unreadable(as_bytes(trade)) == {"field": name, "why": "missing", "order_no": "9100000000000000010"}


@pytest.mark.parametrize("name", ["price", "num", "total_fee", "status", "refund_status"])
def test_what_a_line_must_have_is_named_with_its_place(trade, name):
    del trade["orders"]["order"][1][name]

    assert unreadable(as_bytes(trade))["field"] == f"orders[1].{name}"


@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"status": "TRADE_TELEPORTED"}, "status", "unmapped"),
        ({"type": "step", "step_trade_status": "X"}, "step_trade_status", "unmapped"),
        ({"payment": "1e3"}, "payment", "amount"),
        ({"payment": 548}, "payment", "amount"),
        ({"payment": "-1.00"}, "payment", "negative"),
        ({"payment": "５48.00"}, "payment", "amount"),
        ({"post_fee": True}, "post_fee", "amount"),
        ({"created": "2026-02-30 00:00:00"}, "created", "time"),
        ({"modified": "２026-01-02 10:00:00"}, "modified", "time"),
        ({"modified": "0001-01-01 00:00:00"}, "modified", "time"),
        ({"buyer_message": "a\x00b"}, "buyer_message", "nul"),
        ({"buyer_message": "\ud800"}, "buyer_message", "surrogate"),
        ({"seller_memo": "字" * 2001}, "seller_memo", "too_long"),
        ({"receiver_name": ["测"]}, "receiver_name", "not_a_text"),
        ({"seller_flag": 6}, "seller_flag", "out_of_range"),
        ({"orders": {"order": 1}}, "orders", "not_a_list"),
        ({"orders": {"order": [1]}}, "orders[0]", "not_an_object"),
        ({"orders": {"order": []}}, "orders", "missing"),
        ({"has_yfx": "yes"}, "has_yfx", "not_a_boolean"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_reason(trade, change, field, why):
    raw = json.dumps(trade | change).encode()

    assert unreadable(raw) == {"field": field, "why": why, "order_no": "9100000000000000010"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"refund_status": "MAYBE"}, "orders[2].refund_status unmapped"),
        ({"status": "MAYBE"}, "orders[2].status unmapped"),
        ({"num": 0}, "orders[2].num quantity"),
        ({"num": 1_000_001}, "orders[2].num quantity"),
        ({"num": True}, "orders[2].num quantity"),
        ({"oid_str": "9100000000000000011"}, "orders[2].oid duplicate"),
        ({"oid_str": "x"}, "orders[2].oid_str not_a_number"),
        ({"divide_order_fee": "-0.01"}, "orders[2].divide_order_fee negative"),
    ],
)
def test_what_cannot_be_read_on_a_line_is_named_with_its_place(trade, change, why):
    trade["orders"]["order"][2] |= change

    facts = unreadable(as_bytes(trade))

    assert f"{facts['field']} {facts['why']}" == why


@pytest.mark.parametrize(
    ("raw", "field", "why"),
    [
        (b"", "payload", "not_json"),
        (b"\xff\xfe", "payload", "not_json"),
        (b"<html></html>", "payload", "not_json"),
        (b"[]", "payload", "not_an_object"),
        (b'{"tid": NaN}', "payload", "not_json"),
        (b'{"tid": "1", "tid": "2"}', "payload", "duplicate_name"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "payload", "too_deep"),
        (b'{"tid": ' + b"9" * 5000 + b"}", "payload", "not_json"),
        (b" " * (8 * 1024 * 1024 + 1), "payload", "too_large"),
        (b"{}", "tid", "missing"),
        (b'{"tid": "12a"}', "tid", "not_a_number"),
        (b'{"tid": "' + b"1" * 33 + b'"}', "tid", "too_long"),
        ('{"tid": "１２"}'.encode(), "tid", "not_a_number"),
        (b'{"error_response": {"code": 15}}', "tid", "missing"),
        (b'{"trade_fullinfo_get_response": {"request_id": "x"}}', "trade_fullinfo_get_response.trade", "missing"),
    ],
)
def test_bytes_that_hold_no_order_number_are_unreadable_as_a_whole(raw, field, why):
    assert unreadable(raw) == {"field": field, "why": why, "order_no": ""}
