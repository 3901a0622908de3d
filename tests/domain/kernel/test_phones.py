"""Telephone numbers of China are read in all the ways that people write them, and masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.kernel.phones import (
    LONGEST_PHONE,
    InvalidPhone,
    PhoneKind,
    check_dialled,
    find_phones,
    half_width,
    parse_phone,
)
from oms_domain.testing.values import texts

K = PhoneKind


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("13000000001", K.MOBILE, "13000000001"),
        (" 130 0000 0001 ", K.MOBILE, "13000000001"),
        ("130-0000-0001", K.MOBILE, "13000000001"),
        ("+8613000000001", K.MOBILE, "13000000001"),
        ("86-13000000001", K.MOBILE, "13000000001"),
        ("0086 13000000001", K.MOBILE, "13000000001"),
        ("１３０００００００１", None, "not_a_number"),
        ("１３００００００００１", K.MOBILE, "13000000001"),
        ("130—0000—0001", K.MOBILE, "13000000001"),
        ("19999999999", K.MOBILE, "19999999999"),
        ("12999999999", None, "not_a_number"),
        ("13000000001-1234", K.VIRTUAL, "13000000001-1234"),
        ("13000000001转1234", K.VIRTUAL, "13000000001-1234"),
        ("13000000001 分机 1234", K.VIRTUAL, "13000000001-1234"),
        ("13000000001ext.12", K.VIRTUAL, "13000000001-12"),
        ("13000000001#1234", K.VIRTUAL, "13000000001-1234"),
        ("13000000001[1234]", K.VIRTUAL, "13000000001-1234"),
        ("010-88880000", K.LANDLINE, "010-88880000"),
        ("(010)88880000", K.LANDLINE, "010-88880000"),
        ("02088880000", K.LANDLINE, "020-88880000"),
        ("0755 8888 0000", K.LANDLINE, "0755-88880000"),
        ("0431-8888000", K.LANDLINE, "0431-8888000"),
        ("0755-88880000转801", K.LANDLINE, "0755-88880000-801"),
        ("010-08880000", None, "not_a_number"),
        ("88880000", K.LOCAL, "88880000"),
        ("8888000-801", K.LOCAL, "8888000-801"),
        ("400-000-0000", K.SERVICE, "4000000000"),
        ("4000-000-000", K.SERVICE, "4000000000"),
        ("8000000000转1", K.SERVICE, "8000000000-1"),
        ("130****0001", None, "masked"),
        ("*******0001", None, "not_a_number"),
        ("130000000012", None, "not_a_number"),
        ("call 13000000001", None, "not_a_number"),
        ("", None, "empty"),
        (" ", None, "empty"),
        ("1" * (LONGEST_PHONE + 1), None, "too_long"),
    ],
)
def test_a_number_is_read_or_refused(text, kind, number):
    if kind is not None:
        phone = parse_phone(text)

        assert (phone.kind, str(phone)) == (kind, number)
        return
    with pytest.raises(InvalidPhone) as refused:
        parse_phone(text, field="mobile")
    assert refused.value.fields() == {"field": "mobile", "why": number}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", None),
        ("10000000001", None),
        ("(0755) 8888-0000 转 801", None),
        ("+1 000 000 0000 ext. 5", None),
        ("１０００００", None),
        ("1234", "not_a_number"),
        ("----------", "not_a_number"),
        ("call me 10000", "not_a_number"),
        ("100****0001", "masked"),
        ("1" * (LONGEST_PHONE + 1), "too_long"),
    ],
)
def test_what_nobody_can_dial_is_refused(text, why):
    if why is None:
        check_dialled(text)
        return
    with pytest.raises(InvalidPhone) as refused:
        check_dialled(text, field="mobile")
    assert refused.value.fields() == {"field": "mobile", "why": why}


def test_the_digits_of_a_number_stand_in_no_refusal_and_no_repr():
    with pytest.raises(InvalidPhone) as refused:
        parse_phone("12999999999")

    assert "2999" not in str(refused.value) + repr(refused.value)
    assert "0001" not in repr(parse_phone("13000000001-1234"))


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("13000000001", "*******0001"),
        ("13000000001-1234", "*******0001-****"),
        ("0755-88880000-801", "*********0000-***"),
        ("400-000-0001", "******0001"),
        ("88880001", "****0001"),
    ],
)
def test_a_mask_keeps_the_last_four_digits_and_nothing_of_the_extension(text, mask):
    assert parse_phone(text).mask == mask


def test_numbers_are_found_in_a_text_in_order():
    text = "手机130 0000 0001,座机0755-88880000转801;订单9130000000010001"

    assert [(str(one.phone), text[one.start : one.stop]) for one in find_phones(text)] == [
        ("13000000001", "130 0000 0001"),
        ("0755-88880000-801", "0755-88880000转801"),
    ]


def test_a_house_number_behind_a_number_is_no_extension():
    assert [str(one.phone) for one in find_phones("13000000001-12号楼")] == ["13000000001"]


digits = st.text(st.sampled_from("0123456789+-()[] *转#分机ext８０"), max_size=30)


@given(digits | texts(50))
def test_whatever_comes_is_read_or_refused_and_reading_again_gives_the_same(text):
    try:
        phone = parse_phone(text)
    except InvalidPhone:
        return
    assert parse_phone(str(phone)) == phone
    assert phone.mask.replace("*", "").replace("-", "").isdigit()


@given(digits | texts(50))
def test_half_width_keeps_every_place(text):
    assert len(half_width(text)) == len(text)
    assert half_width(half_width(text)) == half_width(text)
