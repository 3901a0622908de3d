"""Whatever bytes come, the outcome is a translation or an unreadable payload; and what is translated can be stored."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from pathlib import Path

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_adapters.platforms.taobao.translate import translate
from oms_domain.channels.standard import Translation, UnreadablePayload

PAYLOADS = Path(__file__).parents[3] / "payloads" / "taobao"
SAMPLES = [json.loads(path.read_bytes()) for path in sorted(PAYLOADS.glob("taobao_trade_*.json"))]

TOKENS = ("NaN", "Infinity", "1e400", "-0", "-0.0", "1E2", "9" * 5000, "[" * 3000 + "]" * 3000, '{"a":1,"a":2}')
RAW = "raw-token-"

odd = st.sampled_from(
    [None, True, False, [], {}, [[]], [{}], {"order": None}, 0, 1, -1, 2**63, -(2**63) - 1, 10**40, 0.1, 1e308, "", " ",
     "\x00", "\ud800", "\udfff", "１２３", "12.345", "-0.01", "0.00", "1e3", "+1", "999999999999.99", "字" * 3000, "0",
     "2026-01-02 10:00:00", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "TRADE_CLOSED", "SUCCESS", "step", "cod",
     *(RAW + str(index) for index in range(len(TOKENS)))]
)  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | odd,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


ALL_PATHS = [(index, path) for index, sample in enumerate(SAMPLES) for path in paths(sample) if path]


def dumped(payload):
    text = json.dumps(payload)
    for index, token in enumerate(TOKENS):
        text = text.replace(f'"{RAW}{index}"', token)
    return text.encode()


def put(payload, path, value):
    *way, last = path
    for key in way:
        if not isinstance(payload, (dict, list)) or (isinstance(payload, dict) and key not in payload):
            return
        if isinstance(payload, list) and not (isinstance(key, int) and key < len(payload)):
            return
        payload = payload[key]
    if isinstance(payload, dict) or (isinstance(payload, list) and isinstance(last, int) and last < len(payload)):
        payload[last] = value


@st.composite
def mutated(draw):
    index, first = draw(st.sampled_from(ALL_PATHS))
    others = draw(st.lists(st.sampled_from([path for at, path in ALL_PATHS if at == index]), max_size=3))
    payload = json.loads(json.dumps(SAMPLES[index]))
    for path in [first, *others]:
        put(payload, path, copy.deepcopy(draw(odd | json_values)))  # some are drawn twice
    return dumped(payload)


def values_in(value):
    if attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from values_in(getattr(value, field.name))
    elif isinstance(value, tuple):
        for inner in value:
            yield from values_in(inner)
    else:
        yield value


def outcome(raw):
    try:
        return translate(raw)
    except UnreadablePayload as trouble:
        return trouble


@settings(max_examples=500, deadline=None)
@given(mutated())
def test_a_mutated_trade_is_translated_to_storable_values_or_unreadable(raw):
    found = outcome(raw)

    if isinstance(found, Translation):
        for value in values_in((found.order, found.mismatches, attrs.evolve(found.personal, raw=b""))):
            assert not isinstance(value, float)
            if isinstance(value, str):
                assert "\0" not in value.encode().decode()
            if isinstance(value, datetime):
                assert value.tzinfo is not None
    else:
        assert found.fields().keys() == {"field", "why", "order_no"}
        assert str(found).encode()


@settings(max_examples=500, deadline=None)
@given(mutated())
def test_what_is_translated_without_mismatch_adds_up(raw):
    found = outcome(raw)

    if isinstance(found, Translation) and not found.mismatches:
        for line in found.order.lines:
            goods = line.unit_price * line.quantity + line.adjustment
            assert goods - line.line_discount - line.order_discount == line.payable
            assert line.payable.fen >= 0


@given(st.binary(max_size=200))
def test_any_bytes_are_unreadable(raw):
    assert isinstance(outcome(raw), UnreadablePayload)


@given(json_values.map(lambda value: dumped({"tid": "1", "orders": value})))
def test_any_json_in_place_of_the_lines_is_unreadable(raw):
    assert isinstance(outcome(raw), UnreadablePayload)
