"""A shop's calendar as people write it: hours as ``09:00-18:00``, seven days of them, and days that are otherwise."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Final

import msgspec

from oms_adapters.http.bodies import Body
from oms_adapters.http.refusals import FieldInvalid
from oms_adapters.http.views import View
from oms_domain.aftersales.terms import MOST_EXCEPTIONS
from oms_domain.kernel.calendar import DAY_MINUTES, BusinessCalendar, Hours
from oms_domain.kernel.time import CHINA, zone_minutes

Span = Annotated[str, msgspec.Meta(pattern=r"^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$", examples=["09:00-18:00"])]
Spans = Annotated[list[Span], msgspec.Meta(max_length=20)]
_SPAN: Final = re.compile(r"([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)", re.ASCII)


class CalendarBody(Body):
    """When a shop works: hours of seven days, Monday first; days that are otherwise, on a holiday no hours."""

    week: Annotated[list[Spans], msgspec.Meta(min_length=7, max_length=7)]
    exceptions: Annotated[dict[date, Spans], msgspec.Meta(max_length=MOST_EXCEPTIONS)] = {}  # noqa: RUF012
    offset_minutes: int = zone_minutes(CHINA)

    def calendar(self) -> BusinessCalendar:
        return BusinessCalendar(
            week=tuple(hours(spans) for spans in self.week),
            exceptions=tuple(sorted((day, hours(spans)) for day, spans in self.exceptions.items())),
            offset_minutes=self.offset_minutes,
        )


class CalendarView(View):
    """When a shop works, written as it is set."""

    week: list[list[str]]
    exceptions: dict[str, list[str]]
    offset_minutes: int

    @classmethod
    def of(cls, calendar: BusinessCalendar) -> CalendarView:
        return cls(
            week=[spans_of(each) for each in calendar.week],
            exceptions={day.isoformat(): spans_of(each) for day, each in calendar.exceptions},
            offset_minutes=calendar.offset_minutes,
        )


def hours(spans: list[str]) -> Hours:
    """Read the hours of a day; none at all: nobody works. Whether they are in order is the calendar's to say.

    >>> hours(["09:00-12:00", "13:00-24:00"])
    ((540, 720), (780, 1440))
    """
    return tuple(map(_minutes, spans))


def spans_of(found: Hours) -> list[str]:
    """Write the hours of a day.

    >>> spans_of(((540, 720), (780, 1440)))
    ['09:00-12:00', '13:00-24:00']
    """
    return ["{:02}:{:02}-{:02}:{:02}".format(*divmod(first, 60), *divmod(stop, 60)) for first, stop in found]


def _minutes(span: str) -> tuple[int, int]:
    read = _SPAN.fullmatch(span)
    if read is None:
        raise FieldInvalid(field="calendar", why="hours")
    at: Any = tuple(map(int, read.groups()))
    first, stop = at[0] * 60 + at[1], at[2] * 60 + at[3]
    if stop > DAY_MINUTES:
        raise FieldInvalid(field="calendar", why="hours")
    return first, stop
