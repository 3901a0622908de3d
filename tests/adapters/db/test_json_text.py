"""Stored JSON is the text that the standard library would write, so that what older rows hold is written alike."""

import json
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_adapters.db import json_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


class Word(StrEnum):
    ONE = "one"


class Own(str):
    """Text of a kind of its own."""


class Count(int):
    """A number of a kind of its own."""


@given(VALUES)
def test_any_value_is_the_text_that_the_standard_library_writes_and_is_read_equal(value):
    text = json_text.encode(value)

    assert text == json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert json_text.decode(text) == value


def test_kinds_of_text_and_numbers_are_written_as_such():
    assert (
        json_text.encode({"a": [Word.ONE, Own("样"), Count(2)], "b": 10**30})
        == '{"a":["one","样",2],"b":' + "1" + "0" * 30 + "}"
    )


@pytest.mark.parametrize("value", [object(), {"a": {1j}}])
def test_what_is_no_json_is_a_mistake(value):
    with pytest.raises(TypeError):
        json_text.encode(value)


def test_a_lone_surrogate_cannot_be_stored():
    with pytest.raises(UnicodeEncodeError):
        json_text.encode("\ud800")
