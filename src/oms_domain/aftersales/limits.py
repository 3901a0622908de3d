"""Time limits (时效): until when somebody must act, when to warn, and how far overdue work climbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final

from attrs import field, frozen

from oms_domain.kernel.calendar import ALWAYS, BusinessCalendar
from oms_domain.kernel.errors import Invalid

LONGEST_MINUTES: Final = 366 * 24 * 60
WHOLE: Final = 1000


class DueStanding(StrEnum):
    """How work stands to its time limit."""

    NO_LIMIT = "no_limit"
    ON_TIME = "on_time"
    WARNING = "warning"
    OVERDUE = "overdue"


@frozen(kw_only=True)
class InvalidLimit(Invalid):
    """Minutes are 1 to a year, a fraction is 1 to 1,000 thousandths, a climb takes 1 minute or more."""

    code: ClassVar[str] = "aftersales.invalid_limit"
    value: str


@frozen(kw_only=True)
class Due:
    """When something is due, when to warn, and when it climbs: level 1 at the first of ``climbs_at``, and so on."""

    at: datetime | None = None
    warn_at: datetime | None = None
    climbs_at: tuple[datetime, ...] = ()

    def is_over(self, now: datetime) -> bool:
        """Whether the time is up."""
        return self.at is not None and now >= self.at

    def standing(self, now: datetime) -> DueStanding:
        """Return how it stands now."""
        if self.at is None or self.warn_at is None:
            return DueStanding.NO_LIMIT
        if now >= self.at:
            return DueStanding.OVERDUE
        return DueStanding.WARNING if now >= self.warn_at else DueStanding.ON_TIME

    def level(self, now: datetime) -> int:
        """Return how far it has climbed by now; 0: not at all."""
        return sum(1 for at in self.climbs_at if now >= at)


NO_LIMIT: Final = Due()


def _within(least: int, most: int) -> Any:
    def check(_limit: object, attribute: Any, value: Any) -> None:
        if type(value) is not int or not least <= value <= most:
            raise InvalidLimit(field=attribute.name, value=str(value)[:40])

    return check


@frozen(kw_only=True)
class TimeLimit:
    """How long something may take.

    Attributes:
        minutes: of the calendar's working time; on a round-the-clock calendar plain minutes.
        warn_after: thousandths of it after which a warning is due; 1,000 warns only when it is over.
        climb_minutes: of working time past the due time, from one level to the next.
        levels: how often overdue work climbs.
        working_hours: whether it counts the shop's working hours; else it runs round the clock.
    """

    minutes: int = field(validator=_within(1, LONGEST_MINUTES))
    warn_after: int = field(default=800, validator=_within(1, WHOLE))
    climb_minutes: int = field(default=240, validator=_within(1, LONGEST_MINUTES))
    levels: int = field(default=0, validator=_within(0, 9))
    working_hours: bool = False

    def at_shop(self, start: datetime, hours: BusinessCalendar) -> Due:
        """Return when it is due if it begins now at a shop that works so."""
        return self.from_(start, hours if self.working_hours else ALWAYS)

    @property
    def longest(self) -> timedelta:
        """Of working time, to the last level that it climbs to."""
        return timedelta(minutes=self.minutes + self.climb_minutes * max(0, self.levels - 1))

    def from_(self, start: datetime, calendar: BusinessCalendar = ALWAYS) -> Due:
        """Return when it is due if it begins now.

        >>> from datetime import UTC
        >>> due = TimeLimit(minutes=48 * 60).from_(datetime(2026, 11, 27, 9, 0, tzinfo=UTC))
        >>> due.at.isoformat(), due.warn_at.isoformat()
        ('2026-11-29T09:00:00+00:00', '2026-11-28T23:24:00+00:00')
        """
        at = calendar.add(start, timedelta(minutes=self.minutes))
        warn_at = calendar.add(start, timedelta(minutes=self.minutes) * self.warn_after // WHOLE)
        climbs = (calendar.add(at, timedelta(minutes=self.climb_minutes * level)) for level in range(self.levels))
        return Due(at=at, warn_at=warn_at, climbs_at=tuple(climbs))


def sooner(ours: Due, platform_at: datetime | None) -> Due:
    """Return our limit, drawn in to the platform's where that ends before: it acts at its own time, not at ours.

    >>> from datetime import UTC
    >>> early = datetime(2026, 11, 27, tzinfo=UTC)
    >>> sooner(NO_LIMIT, early).at == early, sooner(NO_LIMIT, None).at
    (True, None)
    """
    if platform_at is None or (ours.at is not None and ours.at <= platform_at):
        return ours
    warn_at = platform_at if ours.warn_at is None else min(ours.warn_at, platform_at)
    climbs = tuple(at - (ours.at - platform_at) for at in ours.climbs_at) if ours.at else ()
    return Due(at=platform_at, warn_at=warn_at, climbs_at=climbs)
