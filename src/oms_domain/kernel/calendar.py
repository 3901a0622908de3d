"""Working time (工作时间): a weekly pattern with exceptions, and how long something takes by it. No clock is read.

Instants are aware; the calendar's own days are those of a fixed offset from UTC, so that a zone with summer time does
not fit. China has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar, Final

from attrs import field, frozen

from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.time import utc

DAY_MINUTES: Final = 24 * 60
MOST_OFFSET_MINUTES: Final = 18 * 60
_MINUTE: Final = timedelta(minutes=1)
_NOTHING: Final = timedelta(0)

Hours = tuple[tuple[int, int], ...]
"""Half-open spans of a day in minutes from midnight, in order, none touching: ``((540, 720), (780, 1080))``."""

ALL_DAY: Final[Hours] = ((0, DAY_MINUTES),)


@frozen(kw_only=True)
class InvalidBusinessCalendar(Invalid):
    """``why``: hours (out of order, outside the day), days (not seven, or one twice), no_time (a week without any)."""

    code: ClassVar[str] = "calendar.invalid"
    why: str


def _seven_days_of_hours(_calendar: object, _field: object, week: Any) -> None:
    if len(week) != 7:
        raise InvalidBusinessCalendar(field="week", why="days")
    for hours in week:
        _in_order(hours, "week")
    if not any(week):
        raise InvalidBusinessCalendar(field="week", why="no_time")


def _in_order(hours: Hours, field: str) -> None:
    before = -1
    for first, stop in hours:
        if not before < first < stop <= DAY_MINUTES:
            raise InvalidBusinessCalendar(field=field, why="hours")
        before = stop


def _no_day_twice(_calendar: object, _field: object, exceptions: Any) -> None:
    for _, hours in exceptions:
        _in_order(hours, "exceptions")
    days = [day for day, _ in exceptions]
    if days != sorted(set(days)):
        raise InvalidBusinessCalendar(field="exceptions", why="days")


def _an_offset(_calendar: object, _field: object, minutes: Any) -> None:
    if not -MOST_OFFSET_MINUTES <= minutes <= MOST_OFFSET_MINUTES:
        raise InvalidBusinessCalendar(field="offset_minutes", why="hours")


@frozen(kw_only=True)
class BusinessCalendar:
    """When people work: seven days of hours, Monday first, and days that are otherwise (节假日, 调休).

    Attributes:
        exceptions: days in order, each with its own hours; none at all on a holiday.
        offset_minutes: of its days from UTC; +480 is China.
    """

    week: tuple[Hours, ...] = field(validator=_seven_days_of_hours)
    exceptions: tuple[tuple[date, Hours], ...] = field(default=(), validator=_no_day_twice)
    offset_minutes: int = field(default=480, validator=_an_offset)
    _by_day: dict[date, Hours] = field(init=False, eq=False, repr=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._by_day.update(self.exceptions)

    def hours_on(self, day: date) -> Hours:
        """Return the working hours of one day of the calendar."""
        return self._by_day.get(day, self.week[day.weekday()])

    @property
    def a_week(self) -> timedelta:
        """How much is worked in a week without exceptions."""
        return _MINUTE * sum(stop - first for hours in self.week for first, stop in hours)

    def is_open(self, at: datetime) -> bool:
        """Whether somebody works at this instant."""
        return any(first <= at < stop for first, stop in self._spans(utc(at), 1))

    def working_time(self, start: datetime, stop: datetime) -> timedelta:
        """Return how much of the time between two instants is worked; 0 where ``stop`` is not after ``start``.

        >>> from datetime import UTC
        >>> friday = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)  # 17:00 in China
        >>> str(WEEKDAYS_9_TO_6.working_time(friday, friday + timedelta(days=3)))
        '9:00:00'
        """
        begin, end = utc(start), utc(stop)
        days = (end - begin) // timedelta(days=1) + 2
        return sum((max(_NOTHING, min(end, b) - max(begin, a)) for a, b in self._spans(begin, days)), _NOTHING)

    def add(self, start: datetime, worked: timedelta) -> datetime:
        """Return the first instant at which so much has been worked since ``start``.

        Args:
            worked: not negative; 0 gives ``start`` itself.

        >>> from datetime import UTC
        >>> friday = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)  # 17:00 in China: an hour is left
        >>> WEEKDAYS_9_TO_6.add(friday, timedelta(hours=2)).isoformat()  # Monday 10:00 in China
        '2026-11-30T02:00:00+00:00'
        """
        at = utc(start)
        if worked <= _NOTHING:
            return at
        for first, stop in self._spans(at, None):
            begin = max(at, first)
            if stop - begin >= worked:
                return begin + worked
            worked -= max(_NOTHING, stop - begin)
        raise AssertionError("a week has working time, so the spans do not end")  # pragma: no cover

    def _spans(self, at: datetime, days: int | None) -> Iterator[tuple[datetime, datetime]]:
        """Yield the worked spans that end after ``at``, of so many days from its own on, or without end."""
        offset = _MINUTE * self.offset_minutes
        day, left = (at + offset).date(), days
        while left is None or left > 0:
            midnight = datetime.combine(day, time(), UTC) - offset
            for first, stop in self.hours_on(day):
                if midnight + _MINUTE * stop > at:
                    yield midnight + _MINUTE * first, midnight + _MINUTE * stop
            day, left = day + timedelta(days=1), None if left is None else left - 1


ALWAYS: Final = BusinessCalendar(week=(ALL_DAY,) * 7)
"""Round the clock: a limit in plain hours."""

WEEKDAYS_9_TO_6: Final = BusinessCalendar(week=(((540, 1080),),) * 5 + ((), ()))
"""Monday to Friday, 9:00 to 18:00 in China, no holidays."""
