"""Qimen's signature: the documented vector, and everything that must break it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_adapters.wms.qimen.signing import is_signed, sign

SECRET = "testsecret"
PARAMS = {
    "method": "taobao.qimen.deliveryorder.confirm",
    "timestamp": "2026-01-02 03:04:05",
    "format": "xml",
    "app_key": "12345678",
    "v": "2.0",
    "sign_method": "md5",
    "customerId": "C001",
}
BODY = b"<request><deliveryOrder><deliveryOrderCode>DO1</deliveryOrderCode></deliveryOrder></request>"
SIGNATURE = "CB8AC3EF62CE4DC919D1D62FC4188681"


def test_the_worked_example_comes_out():
    assert sign(PARAMS, SECRET, BODY) == SIGNATURE
    assert is_signed(PARAMS | {"sign": SIGNATURE}, SECRET, BODY)


def test_the_order_of_the_parameters_and_empty_ones_do_not_matter():
    turned = dict(reversed(PARAMS.items()))

    assert sign(turned | {"sign": "?", "empty": "", "": "nameless"}, SECRET, BODY) == SIGNATURE


@pytest.mark.parametrize("name", sorted(PARAMS))
def test_a_parameter_that_was_changed_left_out_or_added_breaks_it(name):
    signed = PARAMS | {"sign": SIGNATURE}

    assert not is_signed(signed | {name: signed[name] + "1"}, SECRET, BODY)
    assert not is_signed({key: value for key, value in signed.items() if key != name}, SECRET, BODY)
    assert not is_signed(signed | {f"{name}2": "x"}, SECRET, BODY)


@given(place=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_a_bit_of_the_body_that_was_changed_breaks_it(place, bit):
    body = bytearray(BODY)
    body[place] ^= 1 << bit

    assert not is_signed(PARAMS | {"sign": SIGNATURE}, SECRET, bytes(body))


@pytest.mark.parametrize("signature", ["", SIGNATURE.lower(), SIGNATURE[:-1], SIGNATURE + "0", "Ａ" * 32])
def test_nothing_but_the_whole_signature_will_do(signature):
    assert not is_signed(PARAMS | {"sign": signature}, SECRET, BODY)
    assert not is_signed(PARAMS | {"sign": SIGNATURE}, SECRET + "x", BODY)
    assert not is_signed(PARAMS, SECRET, BODY)
