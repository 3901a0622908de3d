"""TOP's signatures against worked examples."""

from __future__ import annotations

import pytest

from oms_adapters.platforms.taobao.signing import SignMethod, is_signed, sign

DETAIL = {
    "app_key": "12345678",
    "fields": "tid,status,payment,orders",
    "format": "json",
    "method": "taobao.trade.fullinfo.get",
    "session": "test-session",
    "tid": "1234567890123456789",
    "timestamp": "2026-01-02 03:04:05",
    "v": "2.0",
}
MEMO = {
    "method": "taobao.trade.memo.update",
    "app_key": "12345678",
    "session": "test-session",
    "timestamp": "2026-01-02 03:04:05",
    "format": "json",
    "v": "2.0",
    "sign_method": "md5",
    "tid": "1234567890123456789",
    "memo": "改发顺丰",
    "flag": "3",
    "reset": "",
}
CONNECT = {"app_key": "12345678", "group_name": "default", "timestamp": "1767294245000"}

EXAMPLES = [
    (DETAIL | {"sign_method": "md5"}, SignMethod.MD5, "DDA91D94D61FF8AE3EF3496B45A6BDB6"),
    (DETAIL | {"sign_method": "hmac"}, SignMethod.HMAC, "5BCA7297CCE418D5F03F008B76917CD0"),
    (
        DETAIL | {"sign_method": "hmac-sha256"},
        SignMethod.HMAC_SHA256,
        "57D0E1B0523BC882AD9053D39F09AC6EEF96858C5788C33139378E64264B016B",
    ),
    (MEMO, SignMethod.MD5, "724B15DAE92D6BF451A0B9CBA7668DCE"),
    (CONNECT, SignMethod.MD5, "8C5D750063FE5AE76808C42F573CF9C9"),
]


@pytest.mark.parametrize(("params", "method", "expected"), EXAMPLES)
def test_a_call_is_signed_as_the_platform_signs_it(params, method, expected):
    assert sign(params, "testsecret", method) == expected


@pytest.mark.parametrize(("params", "method", "expected"), EXAMPLES)
def test_a_signature_is_recognised_and_the_sign_parameter_is_no_part_of_it(params, method, expected):
    assert is_signed(params | {"sign": expected}, "testsecret", method)


@pytest.mark.parametrize("signature", ["", "724B15DAE92D6BF451A0B9CBA7668DCF", "签名"])
def test_any_other_signature_is_refused(signature):
    assert not is_signed(MEMO | {"sign": signature}, "testsecret", SignMethod.MD5)


@pytest.mark.parametrize("name", [name for name, value in MEMO.items() if value])
def test_every_parameter_counts(name):
    changed = MEMO | {name: MEMO[name] + "x", "sign": "724B15DAE92D6BF451A0B9CBA7668DCE"}

    assert not is_signed(changed, "testsecret", SignMethod.MD5)


def test_a_raw_body_is_signed_after_the_parameters():
    assert sign(CONNECT, "testsecret", SignMethod.MD5, body="<x/>") != sign(CONNECT, "testsecret", SignMethod.MD5)
