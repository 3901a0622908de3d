"""Instants are aware UTC; a platform's text is Chinese time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.kernel.errors import InvalidTime
from oms_domain.kernel.time import CHINA, parse_china_time, print_china_time, utc
from oms_domain.testing.values import instants


@given(instants())
def test_what_is_printed_in_chinese_time_is_read_back_to_the_second(at):
    assert parse_china_time(print_china_time(at), field="created") == at.replace(microsecond=0)


@given(instants(), st.integers(-14, 14))
def test_an_instant_of_any_zone_becomes_the_same_instant_in_utc(at, hours):
    elsewhere = at.astimezone(timezone(timedelta(hours=hours)))

    assert utc(elsewhere) == at
    assert utc(elsewhere).tzinfo is UTC


def test_chinese_time_is_eight_hours_ahead():
    assert parse_china_time("2026-01-02 07:00:00", field="created") == datetime(2026, 1, 1, 23, tzinfo=UTC)
    assert print_china_time(datetime(2026, 1, 1, 23, tzinfo=UTC)) == "2026-01-02 07:00:00"
    assert CHINA.utcoffset(None) == timedelta(hours=8)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(InvalidTime) as refusal:
        utc(datetime(2026, 1, 2), field="paid_at")  # noqa: DTZ001

    assert refusal.value.fields() == {"field": "paid_at", "value": "2026-01-02T00:00:00"}


@pytest.mark.parametrize("text", ["", "2026-01-02", "2026-13-02 00:00:00", "0001-01-01 00:00:00", "x" * 60, None])
def test_a_text_that_is_no_time_is_refused(text):
    with pytest.raises(InvalidTime) as refusal:
        parse_china_time(text, field="created")

    assert refusal.value.fields() == {"field": "created", "value": str(text)[:40]}
