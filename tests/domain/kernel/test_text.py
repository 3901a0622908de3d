"""Text is storable everywhere, and what is personal is masked."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.kernel.errors import InvalidText
from oms_domain.kernel.text import checked_line, checked_text, mask_digits, mask_name, mask_phone, mask_street, storable
from oms_domain.testing.values import texts

with_many_digits = st.text(st.sampled_from("0123456789 -－\u3000a样号"), max_size=60)


@given(texts(500, lines=True))
def test_text_that_every_store_can_hold_passes_unchanged(text):
    assert checked_text(text, field="remark", longest=500) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a\0b", "nul"),
        ("a\ud800", "surrogate"),
        ("a\x07", "control"),
        ("\x1f", "control"),  # blank to str.strip, and still no text
        ("\x0b \x0c", "control"),
        ("x" * 501, "too_long"),
        (" \t", "empty"),
        ("", "empty"),
    ],
)
def test_text_that_some_store_cannot_hold_is_refused_with_the_reason(text, why):
    with pytest.raises(InvalidText) as refusal:
        checked_text(text, field="remark", longest=500, allow_empty=why != "empty")

    assert refusal.value.fields() == {"field": "remark", "why": why}


@pytest.mark.parametrize("text", ["M-1\n", "M-1\r\nM-2", "\n", "a\u2028b"])
def test_a_number_stands_on_one_line(text):
    with pytest.raises(InvalidText) as refusal:
        checked_line(text, field="no", longest=64)

    assert refusal.value.fields() == {"field": "no", "why": "line_break"}
    assert [checked_line(line, field="no", longest=64) for line in ("", "M 1")] == ["", "M 1"]


@pytest.mark.parametrize("text", ["", " ", "a\tb\r\nc", "\u2028", "🎁"])
def test_blanks_tabs_and_line_breaks_are_text(text):
    assert checked_text(text, field="remark", longest=10) == text


@given(with_many_digits | texts())
def test_no_run_of_seven_digits_is_left_and_masking_again_changes_nothing(text):
    masked = mask_digits(text)

    assert not re.search(r"\d{7}", masked)
    assert not re.search(r"\d([ -]?\d){6}", masked)
    assert mask_digits(masked) == masked
    assert len(masked) == len(text)


@given(with_many_digits | texts())
def test_nothing_but_digits_and_what_stands_between_them_is_masked(text):
    kept = [(new, old) for new, old in zip(mask_digits(text), text, strict=True) if new != "*"]

    assert all(new == old for new, old in kept)
    assert "a" not in text or mask_digits(text).count("a") == text.count("a")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("电话10000000001", "电话***********"),
        ("100 0000 0001", "*************"),
        ("100 - 0000 - 0001", "*****************"),
        ("100－0000－0001", "*************"),
        ("１００００００", "*******"),
        ("123456", "123456"),
        ("6号楼 1203 室", "6号楼 1203 室"),
    ],
)
def test_phones_are_masked_however_they_are_written(text, masked):
    assert mask_digits(text) == masked


@given(st.text(st.characters(exclude_characters="*", exclude_categories=("Cc", "Cs")), min_size=1, max_size=30))
def test_masks_keep_no_more_than_they_say_and_masking_again_changes_nothing(text):
    name, phone, street = mask_name(text), mask_phone(text), mask_street(text)

    assert name == text[0] + "**"
    assert (phone.count("*"), phone[-4:]) == (
        (len(text) - 4, text[-4:]) if len(text) > 6 else (len(text), "*" * min(4, len(text)))
    )
    assert street[:2] == (text + "*")[:2]
    assert set(street[2:]) == {"*"}
    assert (mask_name(name), mask_phone(phone), mask_street(street)) == (name, phone, street)


@pytest.mark.parametrize("mask", [mask_name, mask_phone, mask_street])
@pytest.mark.parametrize("text", ["", "测**", "*******0001"])
def test_what_is_empty_or_masked_by_the_platform_stays(mask, text):
    assert mask(text) == text


@given(st.text(st.characters(categories=["L", "Nd", "Zs", "Cc", "Cs"]), max_size=60), st.integers(1, 40))
def test_what_others_said_can_be_stored_whatever_it_was(text, longest):
    kept = storable(text, longest=longest)

    assert checked_text(kept, field="reason", longest=longest) == kept
    assert len(kept) == min(len(text), longest)


def test_of_what_others_said_only_the_unstorable_is_replaced():
    assert storable("缺货\0\ud800\tA", longest=5) == "缺货\ufffd\ufffd "
