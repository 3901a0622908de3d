"""Time limits on a calendar, and the figures that people are led by."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.aftersales.limits import NO_LIMIT, Due, DueStanding, InvalidLimit, TimeLimit, sooner
from oms_domain.aftersales.metrics import (
    Durations,
    QueueRow,
    SoldUnits,
    Workload,
    first_response,
    handling_time,
    queue,
    reasons,
    refund_rate_by_shop,
    refund_rate_by_sku,
    workload,
)
from oms_domain.aftersales.tickets import TicketState
from oms_domain.kernel.calendar import ALWAYS, WEEKDAYS_9_TO_6
from oms_domain.testing.aftersales import AGENT, OTHER_AGENT, a_ticket
from oms_domain.testing.builders import HAT, NOW, SCARF, SHOP, an_id

S = TicketState
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OTHER_SHOP = an_id(9)


# --- limits ----------------------------------------------------------------------------------------------------------


def test_a_limit_warns_at_its_fraction_is_due_at_its_end_and_climbs_after_it():
    due = TimeLimit(minutes=600, warn_after=800, climb_minutes=60, levels=3).from_(NOW)

    assert due == Due(
        at=NOW + 10 * HOUR,
        warn_at=NOW + 8 * HOUR,
        climbs_at=(NOW + 10 * HOUR, NOW + 11 * HOUR, NOW + 12 * HOUR),
    )


@pytest.mark.parametrize(
    ("after", "standing", "level"),
    [
        (timedelta(0), DueStanding.ON_TIME, 0),
        (8 * HOUR - timedelta(microseconds=1), DueStanding.ON_TIME, 0),
        (8 * HOUR, DueStanding.WARNING, 0),
        (10 * HOUR - timedelta(microseconds=1), DueStanding.WARNING, 0),
        (10 * HOUR, DueStanding.OVERDUE, 1),
        (99 * HOUR, DueStanding.OVERDUE, 2),
    ],
)
def test_how_work_stands_at_each_moment(after, standing, level):
    due = TimeLimit(minutes=600, climb_minutes=60, levels=2).from_(NOW)

    assert (due.standing(NOW + after), due.level(NOW + after)) == (standing, level)
    assert due.is_over(NOW + after) == (standing is DueStanding.OVERDUE)


def test_without_a_limit_nothing_is_ever_due():
    assert (NO_LIMIT.standing(NOW), NO_LIMIT.level(NOW), NO_LIMIT.is_over(NOW)) == (DueStanding.NO_LIMIT, 0, False)


@given(
    minutes=st.integers(1, 10_000),
    warn=st.integers(1, 1000),
    climb=st.integers(1, 1000),
    levels=st.integers(0, 4),
    calendar=st.sampled_from([ALWAYS, WEEKDAYS_9_TO_6]),
)
def test_warning_comes_first_then_the_end_then_each_level(minutes, warn, climb, levels, calendar):
    due = TimeLimit(minutes=minutes, warn_after=warn, climb_minutes=climb, levels=levels).from_(NOW, calendar)

    times = [NOW, due.warn_at, due.at, *due.climbs_at]
    assert times == sorted(times)
    assert calendar.working_time(NOW, due.at) == timedelta(minutes=minutes)


@given(ours=st.integers(1, 100), theirs=st.integers(1, 100), levels=st.integers(0, 3))
def test_the_sooner_of_two_limits_counts(ours, theirs, levels):
    due = TimeLimit(minutes=ours, levels=levels).from_(NOW)

    drawn_in = sooner(due, NOW + timedelta(minutes=theirs))

    assert drawn_in.at == NOW + timedelta(minutes=min(ours, theirs))
    assert drawn_in.warn_at <= drawn_in.at
    assert all(at >= drawn_in.at for at in drawn_in.climbs_at)
    assert len(drawn_in.climbs_at) == levels


def test_where_we_have_no_limit_the_platforms_counts():
    assert sooner(NO_LIMIT, NOW) == Due(at=NOW, warn_at=NOW)
    assert sooner(NO_LIMIT, None) == NO_LIMIT


@pytest.mark.parametrize(
    "facts",
    [
        {"minutes": 0},
        {"minutes": 366 * 24 * 60 + 1},
        {"minutes": True},
        {"minutes": 1, "warn_after": 0},
        {"minutes": 1, "warn_after": 1001},
        {"minutes": 1, "climb_minutes": 0},
        {"minutes": 1, "levels": 10},
    ],
    ids=str,
)
def test_a_limit_that_makes_no_sense_is_refused(facts):
    with pytest.raises(InvalidLimit):
        TimeLimit(**facts)


# --- metrics ---------------------------------------------------------------------------------------------------------

DUE = Due(at=NOW + HOUR, warn_at=NOW)
LATE = Due(at=NOW, warn_at=NOW - HOUR)
TICKETS = (
    a_ticket(due=DUE, assignee=AGENT, opened_at=NOW - 2 * DAY, first_answered_at=NOW - DAY),
    a_ticket(due=LATE, assignee=AGENT),
    a_ticket(due=LATE, state=S.ANSWERED, assignee=OTHER_AGENT, opened_at=NOW - DAY, first_answered_at=NOW),
    a_ticket(shop_id=OTHER_SHOP, state=S.DONE, assignee=OTHER_AGENT, opened_at=NOW - 3 * DAY, finished_at=NOW),
    a_ticket(shop_id=OTHER_SHOP),
)


def test_open_and_overdue_by_shop_and_state():
    assert queue(TICKETS, NOW) == (
        QueueRow(
            shop_id=SHOP, state=S.ANSWERED, tickets=1, warning=0, overdue=1
        ),  # its case is late, whoever was answered
        QueueRow(shop_id=SHOP, state=S.OPEN, tickets=2, warning=1, overdue=1),
        QueueRow(shop_id=OTHER_SHOP, state=S.DONE, tickets=1, warning=0, overdue=0),
        QueueRow(shop_id=OTHER_SHOP, state=S.OPEN, tickets=1, warning=0, overdue=0),
    )


def test_first_response_counts_what_was_answered_and_handling_what_is_done():
    assert first_response(TICKETS) == Durations(tickets=2, total=2 * DAY, median=DAY, longest=DAY)
    assert handling_time(TICKETS) == Durations(tickets=1, total=3 * DAY, median=3 * DAY, longest=3 * DAY)
    assert first_response(TICKETS).mean == DAY


def test_on_a_calendar_only_working_time_counts():
    # NOW is a Monday at ten: since Friday at ten eight hours were worked before the weekend, and one after it.
    assert handling_time(TICKETS, {OTHER_SHOP: WEEKDAYS_9_TO_6}).total == 9 * HOUR
    assert handling_time(TICKETS, {SHOP: WEEKDAYS_9_TO_6}).total == 3 * DAY  # it is another shop's
    assert first_response(TICKETS, {SHOP: WEEKDAYS_9_TO_6}).total == HOUR  # Saturday to Sunday, Sunday to Monday at ten


def test_over_nothing_there_is_no_mean():
    assert (first_response(()), first_response(()).mean) == (
        Durations(tickets=0, total=timedelta(0), median=None, longest=None),
        None,
    )


def test_workload_is_what_is_in_hand_and_what_was_finished_in_the_period():
    assert workload(TICKETS, start=NOW - DAY, stop=NOW + DAY) == (
        Workload(agent=AGENT, in_hand=2, finished=0),
        Workload(agent=OTHER_AGENT, in_hand=1, finished=1),
    )
    assert workload(TICKETS, start=NOW - DAY, stop=NOW)[1].finished == 0  # the end is not of the period


def test_reasons_by_how_often_they_were_given():
    assert reasons(["size", "broken", "size", "late"]) == (("size", 2), ("broken", 1), ("late", 1))


def test_refund_rates_are_exact_and_leave_out_what_did_not_sell():
    rows = (
        SoldUnits(shop_id=SHOP, sku=SCARF, sold=3, refunded=1),
        SoldUnits(shop_id=OTHER_SHOP, sku=SCARF, sold=3, refunded=1),
        SoldUnits(shop_id=OTHER_SHOP, sku=HAT, sold=0, refunded=0),
    )

    assert refund_rate_by_sku(rows) == {SCARF: Fraction(1, 3)}
    assert refund_rate_by_shop(rows) == {SHOP: Fraction(1, 3), OTHER_SHOP: Fraction(1, 3)}
