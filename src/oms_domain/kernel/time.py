"""Instants are aware UTC; a platform's text without a zone is Chinese time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo

from oms_domain.kernel.errors import InvalidTime

CHINA = timezone(timedelta(hours=8), "+08:00")
"""China has had no summer time since 1991, so that a fixed offset is exact for every order."""


def utc(at: datetime, *, field: str = "at") -> datetime:
    """Return the same instant in UTC.

    Raises:
        InvalidTime: ``at`` has no zone.
    """
    if at.tzinfo is None:
        raise InvalidTime(field=field, value=at.isoformat())
    return at.astimezone(UTC)


def zone_minutes(zone: tzinfo) -> int:
    """Return the minutes that a zone of a fixed offset is ahead of UTC.

    >>> zone_minutes(CHINA)
    480
    """
    offset = zone.utcoffset(None)
    assert offset is not None, "a zone with summer time has no fixed offset"
    return offset // timedelta(minutes=1)


def parse_china_time(text: str, *, field: str) -> datetime:
    """Read ``yyyy-MM-dd HH:mm:ss`` as Chinese time.

    >>> parse_china_time("2026-01-02 10:00:00", field="created").isoformat()
    '2026-01-02T02:00:00+00:00'
    """
    try:
        local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        return local.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidTime(field=field, value=str(text)[:40]) from error


def print_china_time(at: datetime) -> str:
    """The inverse of ``parse_china_time``."""
    return utc(at).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
