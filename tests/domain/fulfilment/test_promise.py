"""The promise: cut-off, handling, working days and transit, in the place's own time zone."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.fulfilment.promise import (
    InvalidCalendar,
    InvalidHours,
    WorkingCalendar,
    WorkingHours,
    departure,
    promised,
)
from oms_domain.kernel.errors import InvalidTime

WEEKDAYS = WorkingCalendar(weekly=(1, 2, 3, 4, 5))
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def shipped(at, **hours):
    return departure(WorkingHours(**hours), at=datetime.fromisoformat(at)).ship_at.isoformat()


@pytest.mark.parametrize(
    ("at", "hours", "ship_at"),
    [
        ("2026-11-26T16:00:00+08:00", {}, "2026-11-26T12:00:00+00:00"),  # at the cut-off: the same day, 20:00
        ("2026-11-26T16:00:01+08:00", {}, "2026-11-27T12:00:00+00:00"),
        ("2026-11-26T10:00:00+08:00", {"handling_days": 2}, "2026-11-28T12:00:00+00:00"),
        ("2026-11-27T18:00:00+08:00", {"calendar": WEEKDAYS}, "2026-11-30T12:00:00+00:00"),  # Friday evening
        ("2026-11-28T23:00:00+08:00", {"calendar": WEEKDAYS}, "2026-11-30T12:00:00+00:00"),  # no cut-off on a Saturday
        ("2026-11-25T17:00:00+00:00", {}, "2026-11-26T12:00:00+00:00"),  # 01:00 of the 26th in Shanghai
        ("2026-11-26T10:00:00-05:00", {"zone": ZoneInfo("America/New_York")}, "2026-11-27T01:00:00+00:00"),
        ("2026-07-01T10:00:00-04:00", {"zone": ZoneInfo("America/New_York")}, "2026-07-02T00:00:00+00:00"),
    ],
)
def test_what_comes_in_by_the_cut_off_of_a_working_day_is_begun_that_day(at, hours, ship_at):
    assert shipped(at, **hours) == ship_at


def test_exceptions_go_before_the_weekly_pattern():
    golden_week = WorkingCalendar(
        weekly=(1, 2, 3, 4, 5), closed=(date(2026, 10, 1), date(2026, 10, 2)), opened=(date(2026, 10, 10),)
    )

    assert [golden_week.works(date(2026, 10, day)) for day in (1, 3, 5, 10)] == [False, False, True, True]
    assert golden_week.after(date(2026, 10, 9), 1) == date(2026, 10, 10)


def test_a_parcel_rests_where_its_carrier_does():
    friday = departure(WorkingHours(), at=datetime(2026, 11, 27, 2, tzinfo=UTC))

    assert promised(friday, transit_days=1, delivers=WEEKDAYS).arrive_on == date(2026, 11, 30)
    assert promised(friday, transit_days=0, delivers=WEEKDAYS).arrive_on == date(2026, 11, 27)


@given(
    day=DAYS,
    weekly=st.sets(st.integers(1, 7), min_size=1),
    days=st.integers(0, 20),
    more=st.integers(0, 20),
    closed=st.sets(DAYS, max_size=20),
)
def test_working_days_add_up_and_each_is_one(day, weekly, days, more, closed):
    calendar = WorkingCalendar(weekly=tuple(weekly), closed=tuple(closed))

    assert calendar.after(calendar.after(day, days), more) == calendar.after(day, days + more)
    assert calendar.works(calendar.first(day))
    assert days == 0 or calendar.works(calendar.after(day, days))


@given(at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001
def test_nothing_is_promised_before_it_comes_in(at):
    came = at.replace(tzinfo=UTC)

    assert departure(WorkingHours(calendar=WEEKDAYS), at=came).ship_at > came


@pytest.mark.parametrize(
    ("build", "refusal", "field"),
    [
        (lambda: WorkingCalendar(weekly=()), InvalidCalendar, "weekly"),
        (lambda: WorkingCalendar(weekly=(0,)), InvalidCalendar, "weekly"),
        (lambda: WorkingCalendar(weekly=(True,)), InvalidCalendar, "weekly"),
        (lambda: WorkingCalendar(closed=(date(2026, 1, 1),), opened=(date(2026, 1, 1),)), InvalidCalendar, "opened"),
        (lambda: WorkingCalendar(closed=[date.fromordinal(9**6 + n) for n in range(1001)]), InvalidCalendar, "closed"),
        (lambda: WorkingHours(handling_days=-1), InvalidHours, "handling_days"),
        (lambda: WorkingHours(handling_days=366), InvalidHours, "handling_days"),
        (lambda: WorkingHours(cut_off=time(16, tzinfo=UTC)), InvalidHours, "cut_off"),
        (lambda: WorkingHours(cut_off=time(21)), InvalidHours, "ships_at"),
        (lambda: departure(WorkingHours(), at=datetime(2026, 1, 1)), InvalidTime, "at"),  # noqa: DTZ001
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_field(build, refusal, field):
    with pytest.raises(refusal) as refused:
        build()

    assert refused.value.field == field


def test_a_cut_off_after_the_hand_over_is_right_with_a_day_of_handling():
    assert shipped("2026-11-26T21:00:00+08:00", cut_off=time(22), handling_days=1) == "2026-11-27T12:00:00+00:00"
