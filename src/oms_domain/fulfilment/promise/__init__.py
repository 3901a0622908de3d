"""Promise (承诺时效): cut-off, handling, working days and transit, reckoned from an instant that is passed in."""

from oms_domain.fulfilment.promise.calendar import InvalidCalendar, WorkingCalendar
from oms_domain.fulfilment.promise.promise import (
    Departure,
    InvalidHours,
    Promise,
    WorkingHours,
    departure,
    promised,
)

__all__ = [
    "Departure",
    "InvalidCalendar",
    "InvalidHours",
    "Promise",
    "WorkingCalendar",
    "WorkingHours",
    "departure",
    "promised",
]
