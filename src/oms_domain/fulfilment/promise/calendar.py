"""Working days (工作日历): a weekly pattern with its exceptions, as data."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, ClassVar, Final

from attrs import field, frozen

from oms_domain.kernel.errors import Invalid

EVERY_DAY: Final = (1, 2, 3, 4, 5, 6, 7)
MOST_EXCEPTIONS: Final = 1_000
MOST_DAYS: Final = 365

_DAY: Final = timedelta(days=1)


@frozen(kw_only=True)
class InvalidCalendar(Invalid):
    """A working calendar that cannot be followed: ``why`` says what is wrong with ``field``."""

    code: ClassVar[str] = "promise.invalid_calendar"
    why: str


def _dates(days: Iterable[date]) -> tuple[date, ...]:
    return tuple(sorted(set(days)))


def _weekdays(_calendar: Any, _field: Any, days: tuple[int, ...]) -> None:
    if not days or any(type(day) is not int or not 1 <= day <= 7 for day in days):
        raise InvalidCalendar(field="weekly", why="must hold at least one weekday, 1 (Monday) to 7 (Sunday)")


@frozen(kw_only=True)
class WorkingCalendar:
    """On which days work is done.

    Args:
        weekly: ISO weekdays, 1 Monday to 7 Sunday; at least one, so that a next working day always comes.
        closed: days off against the pattern (节假日).
        opened: working days against the pattern (调休上班).

    >>> festival = WorkingCalendar(weekly=(1, 2, 3, 4, 5), closed=(date(2026, 10, 1), date(2026, 10, 2)))
    >>> festival.first(date(2026, 10, 1)).isoformat(), festival.after(date(2026, 9, 30), 2).isoformat()
    ('2026-10-05', '2026-10-06')
    """

    weekly: tuple[int, ...] = field(default=EVERY_DAY, validator=_weekdays)
    closed: tuple[date, ...] = field(default=(), converter=_dates)
    opened: tuple[date, ...] = field(default=(), converter=_dates)

    def __attrs_post_init__(self) -> None:
        if len(self.closed) + len(self.opened) > MOST_EXCEPTIONS:
            raise InvalidCalendar(field="closed", why=f"there are more than {MOST_EXCEPTIONS:,} exceptions")
        if set(self.closed) & set(self.opened):
            raise InvalidCalendar(field="opened", why="a day cannot be both closed and opened")

    def works(self, day: date) -> bool:
        """Whether work is done on a day."""
        if day in self.opened:
            return True
        return day.isoweekday() in self.weekly and day not in self.closed

    def first(self, day: date) -> date:
        """Return the first working day that is not before ``day``."""
        while not self.works(day):
            day += _DAY
        return day

    def after(self, day: date, days: int) -> date:
        """Return the ``days``-th working day after ``day``; with 0, ``day`` itself."""
        for _ in range(days):
            day = self.first(day + _DAY)
        return day
