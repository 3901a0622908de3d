"""What the buyer can be told (承诺时效): when a place ships what comes in now, and on which day it arrives."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo
from typing import Any, ClassVar

from attrs import field, frozen

from oms_domain.fulfilment.promise.calendar import MOST_DAYS, WorkingCalendar
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.time import CHINA, utc


@frozen(kw_only=True)
class InvalidHours(Invalid):
    """Working hours that cannot be followed: ``why`` says what is wrong with ``field``."""

    code: ClassVar[str] = "promise.invalid_hours"
    why: str


def _days(_hours: Any, attribute: Any, days: int) -> None:
    if type(days) is not int or not 0 <= days <= MOST_DAYS:
        raise InvalidHours(field=attribute.name, why=f"must be a whole number of days from 0 to {MOST_DAYS}")


def _local(_hours: Any, attribute: Any, value: time) -> None:
    if value.tzinfo is not None:
        raise InvalidHours(field=attribute.name, why="is a time of the place's own zone, and names none")


@frozen(kw_only=True)
class WorkingHours:
    """When a place works off what comes in, in its own time zone.

    Args:
        cut_off: what comes in up to then is begun on the same working day (截单时间), else on the next one.
        handling_days: working days from the day it is begun to the day it is handed over; 0: the same day.
        ships_at: when the carrier has it on that day. Before ``cut_off`` it asks for at least one day of handling.
        zone: the place's time zone.
    """

    cut_off: time = field(default=time(16), validator=_local)
    handling_days: int = field(default=0, validator=_days)
    ships_at: time = field(default=time(20), validator=_local)
    calendar: WorkingCalendar = WorkingCalendar()
    zone: tzinfo = CHINA

    def __attrs_post_init__(self) -> None:
        if self.ships_at < self.cut_off and not self.handling_days:
            raise InvalidHours(field="ships_at", why="is before the cut-off time, and there is no day for handling")


@frozen(kw_only=True)
class Promise:
    """``ship_at``: the carrier has it by then (UTC); ``arrive_on``: the day it is delivered, where it is delivered."""

    ship_at: datetime
    arrive_on: date


@frozen(kw_only=True)
class Departure:
    """``ship_at`` in UTC, and the day that this is at the place."""

    ship_at: datetime
    ship_on: date


def departure(hours: WorkingHours, *, at: datetime) -> Departure:
    """Return when a place ships what comes in at ``at``.

    Raises:
        InvalidTime: ``at`` has no zone.

    >>> from datetime import UTC
    >>> late_friday = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)  # 17:00 in Shanghai, after the cut-off
    >>> weekdays = WorkingHours(calendar=WorkingCalendar(weekly=(1, 2, 3, 4, 5)))
    >>> departure(weekdays, at=late_friday).ship_at.isoformat()
    '2026-11-30T12:00:00+00:00'
    """
    local = utc(at).astimezone(hours.zone)
    begun = hours.calendar.first(local.date())
    if begun == local.date() and local.time() > hours.cut_off:
        begun = hours.calendar.after(begun, 1)
    ship_on = hours.calendar.after(begun, hours.handling_days)
    return Departure(ship_at=utc(datetime.combine(ship_on, hours.ships_at, tzinfo=hours.zone)), ship_on=ship_on)


def promised(left: Departure, *, transit_days: int, delivers: WorkingCalendar) -> Promise:
    """Return what can be promised of a parcel that is ``transit_days`` of the carrier's days under way.

    >>> from datetime import UTC
    >>> friday = Departure(ship_at=datetime(2026, 11, 27, 12, tzinfo=UTC), ship_on=date(2026, 11, 27))
    >>> not_on_sundays = WorkingCalendar(weekly=(1, 2, 3, 4, 5, 6))
    >>> promised(friday, transit_days=2, delivers=not_on_sundays).arrive_on.isoformat()
    '2026-11-30'
    """
    return Promise(ship_at=left.ship_at, arrive_on=delivers.after(left.ship_on, transit_days))
