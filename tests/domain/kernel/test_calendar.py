"""Working time: how much of a span is worked, and when so much has been; each undoes the other."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oms_domain.kernel.calendar import ALL_DAY, ALWAYS, WEEKDAYS_9_TO_6, BusinessCalendar, InvalidBusinessCalendar
from oms_domain.kernel.errors import InvalidTime

FRIDAY_5PM = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)  # in China
HOUR = timedelta(hours=1)


@st.composite
def hours(draw):
    edges = draw(st.lists(st.integers(0, 1440), max_size=6, unique=True).map(sorted))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


@st.composite
def calendars(draw):
    week = tuple(draw(st.lists(hours(), min_size=7, max_size=7).filter(any)))
    days = draw(st.lists(st.dates(date(2026, 11, 1), date(2026, 12, 31)), max_size=5, unique=True).map(sorted))
    exceptions = tuple((day, draw(hours())) for day in days)
    return BusinessCalendar(week=week, exceptions=exceptions, offset_minutes=draw(st.sampled_from([480, 0, -330])))


instants = st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
spans = st.timedeltas(timedelta(0), timedelta(days=20))


@settings(deadline=None)
@given(calendar=calendars(), start=instants, worked=spans)
def test_between_the_start_and_when_so_much_is_worked_lies_so_much(calendar, start, worked):
    at = calendar.add(start, worked)

    assert calendar.working_time(start, at) == worked
    assert at >= start


@settings(deadline=None)
@given(calendar=calendars(), start=instants, worked=spans)
def test_it_is_the_first_such_instant(calendar, start, worked):
    at = calendar.add(start, worked)

    if at > start:
        assert calendar.working_time(start, at - timedelta(microseconds=1)) < worked


@settings(deadline=None)
@given(calendar=calendars(), start=instants, first=spans, second=spans)
def test_two_pieces_of_work_take_as_long_as_both_at_once(calendar, start, first, second):
    assert calendar.add(calendar.add(start, first), second) == calendar.add(start, first + second)


@settings(deadline=None)
@given(calendar=calendars(), at=st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_a_span_is_worked_as_much_as_its_parts(calendar, at):
    a, b, c = at

    assert calendar.working_time(a, c) == calendar.working_time(a, b) + calendar.working_time(b, c)


@given(start=instants, worked=spans)
def test_round_the_clock_is_plain_time(start, worked):
    assert ALWAYS.add(start, worked) == start + worked
    assert ALWAYS.working_time(start, start + worked) == worked


@settings(deadline=None)
@given(calendar=calendars(), at=instants)
def test_open_is_where_a_moment_counts(calendar, at):
    moment = timedelta(microseconds=1)

    assert calendar.is_open(at) == (calendar.working_time(at, at + moment) == moment)


def test_two_hours_from_friday_five_are_monday_ten():
    assert WEEKDAYS_9_TO_6.add(FRIDAY_5PM, 2 * HOUR) == datetime(2026, 11, 30, 2, 0, tzinfo=UTC)


def test_what_fills_the_day_ends_with_it_and_not_on_the_next():
    assert WEEKDAYS_9_TO_6.add(FRIDAY_5PM, HOUR) == FRIDAY_5PM + HOUR


def test_a_holiday_is_not_worked_and_a_weekend_that_makes_up_for_it_is():
    calendar = BusinessCalendar(
        week=WEEKDAYS_9_TO_6.week,
        exceptions=((date(2026, 11, 28), ((540, 1080),)), (date(2026, 11, 30), ())),
    )

    assert calendar.add(FRIDAY_5PM, 2 * HOUR) == datetime(2026, 11, 28, 2, 0, tzinfo=UTC)  # Saturday ten
    assert calendar.working_time(FRIDAY_5PM, FRIDAY_5PM + timedelta(days=4)) == 18 * HOUR


def test_nothing_is_worked_backwards():
    assert ALWAYS.working_time(FRIDAY_5PM, FRIDAY_5PM - HOUR) == timedelta(0)
    assert ALWAYS.add(FRIDAY_5PM, timedelta(0)) == FRIDAY_5PM


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(InvalidTime):
        ALWAYS.add(FRIDAY_5PM.replace(tzinfo=None), HOUR)


@pytest.mark.parametrize(
    ("changes", "field", "why"),
    [
        ({"week": (ALL_DAY,) * 6}, "week", "days"),
        ({"week": ((),) * 7}, "week", "no_time"),
        ({"week": (((540, 540),),) + (ALL_DAY,) * 6}, "week", "hours"),
        ({"week": (((540, 1441),),) + (ALL_DAY,) * 6}, "week", "hours"),
        ({"week": (((540, 720), (720, 780)),) + (ALL_DAY,) * 6}, "week", "hours"),
        ({"week": (((-1, 720),),) + (ALL_DAY,) * 6}, "week", "hours"),
        ({"exceptions": ((date(2026, 1, 1), ((9, 8),)),)}, "exceptions", "hours"),
        ({"exceptions": ((date(2026, 1, 1), ()), (date(2026, 1, 1), ()))}, "exceptions", "days"),
        ({"offset_minutes": 1081}, "offset_minutes", "hours"),
    ],
    ids=str,
)
def test_a_calendar_that_makes_no_sense_is_refused(changes, field, why):
    with pytest.raises(InvalidBusinessCalendar) as refused:
        BusinessCalendar(**{"week": (ALL_DAY,) * 7} | changes)

    assert refused.value.fields() == {"field": field, "why": why}
