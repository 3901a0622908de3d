"""Identities sort by the time that they were made at; document numbers sort by day and counter."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from oms_domain.kernel.identity import RANDOM_BITS, document_number, uuid7

instants = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999), timezones=st.just(UTC))  # noqa: DTZ001
randoms = st.integers(0, 2**RANDOM_BITS - 1)


@example(datetime(9999, 1, 1, 0, 0, 0, 999_999, tzinfo=UTC), 0)  # where a float's seconds round up
@given(instants, randoms)
def test_an_id_is_a_uuid_of_version_7_with_its_milliseconds_in_front(at, random):
    made = uuid7(at, random)

    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert made.int & (2**RANDOM_BITS - 1) == random


@given(instants, instants, randoms, randoms)
def test_an_id_made_later_sorts_later_whatever_its_randomness(one, other, r1, r2):
    earlier, later = sorted((one, other))

    assert earlier == later or uuid7(earlier, r1) < uuid7(later, r2)
    assert earlier == later or str(uuid7(earlier, r1)) < str(uuid7(later, r2))


@given(instants.filter(lambda at: at.year < 9999), randoms, randoms)
def test_a_microsecond_is_enough_to_sort_later(at, r1, r2):
    assert uuid7(at, r1) < uuid7(at + timedelta(microseconds=1), r2)


def test_randomness_beyond_its_bits_touches_nothing_else():
    at = datetime(2026, 11, 23, tzinfo=UTC)

    assert uuid7(at, 2**70 + 5) == uuid7(at, 5)


@given(st.dates(date(1000, 1, 1)), st.dates(date(1000, 1, 1)), st.integers(1, 999_999), st.integers(1, 999_999))
def test_document_numbers_sort_as_day_and_counter_do(day, other_day, counter, other_counter):
    numbers = document_number("S", day, counter), document_number("S", other_day, other_counter)

    assert (numbers[0] < numbers[1]) == ((day, counter) < (other_day, other_counter))


def test_past_a_million_a_day_a_document_number_grows_longer():
    assert document_number("P", date(2026, 11, 23), 1_234_567) == "P20261123-1234567"
