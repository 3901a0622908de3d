"""``oms aftersales calendar``, ``limits``, ``due-dates``: when a shop works, and what that makes of its time limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

import click
from attrs import evolve

from oms_adapters.bootstrap.commands_claims import CASE_KINDS, TICKET_KINDS, plain_row
from oms_adapters.bootstrap.output import json_option, show
from oms_adapters.bootstrap.refusals import LineInvalid
from oms_adapters.bootstrap.session import operator, ready, refusals_shown, shop_named
from oms_adapters.http.aftersales_terms import DueDateView, TermsView
from oms_adapters.http.paging import instant
from oms_adapters.http.working_hours import CalendarView, hours
from oms_app.aftersales_terms import PreviewDueDates, PutLimits, ReadTerms, SetTerms
from oms_domain.aftersales.limits import LONGEST_MINUTES, TimeLimit
from oms_domain.aftersales.policy import StateLimit
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.aftersales.terms import MOST_EXCEPTIONS
from oms_domain.aftersales.tickets import TicketKind
from oms_domain.kernel.calendar import ALWAYS, Hours

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LIMITS: Final = ["what", "kinds", "minutes", "working_hours", "warn_after", "climb_minutes", "levels", "closes"]
DUE: Final = ["what", "kinds", "minutes", "working_hours", "due_at", "warn_at", "climbs_at"]
WAITS: Final = [*(each.value for each in CaseState), *TICKET_KINDS]


@click.group("calendar")
def calendar() -> None:
    """When a shop works (工作日历): for the limits that count working hours, and for the figures."""


@calendar.command("show")
@click.argument("shop")
@json_option
@refusals_shown
def show_calendar(shop: str, as_json: bool) -> None:
    """Show the hours of the week, and the days that are otherwise."""
    container = ready()
    found = container.aftersales_terms().read(ReadTerms(shop_id=shop_named(container, shop).id, by=operator()))
    _show(CalendarView.of(found.calendar), as_json)


@calendar.command("set")
@click.argument("shop")
@click.option("--hours", "week", multiple=True, help="mon-fri=09:00-12:00,13:00-18:00; several: the whole week.")
@click.option("--always", is_flag=True, help="Round the clock, every day.")
@click.option("--closed", multiple=True, help="A holiday: 2026-10-01, or 2026-10-01..2026-10-07.")
@click.option("--works", multiple=True, help="A day with its own hours: 2026-10-10=09:00-18:00.")
@click.option("--usual", multiple=True, help="A day, or days, as any other of the week again.")
@click.option("--offset-minutes", type=int, help="Of its days from UTC; China: 480.")
@json_option
@refusals_shown
def set_calendar(
    shop: str,
    week: tuple[str, ...],
    always: bool,
    closed: tuple[str, ...],
    works: tuple[str, ...],
    usual: tuple[str, ...],
    offset_minutes: int | None,
    as_json: bool,
) -> None:
    """Change when a shop works. What is not named stays."""
    container, by = ready(), operator()
    shop_id, service = shop_named(container, shop).id, container.aftersales_terms()
    terms = service.read(ReadTerms(shop_id=shop_id, by=by))
    days = dict(terms.calendar.exceptions)
    for text in usual:
        for day in _days(text):
            days.pop(day, None)
    days |= {day: () for text in closed for day in _days(text)}
    days |= {day: found for text, found in map(_own, works) for day in _days(text)}
    new = evolve(
        terms.calendar,
        week=ALWAYS.week if always else _week(week) if week else terms.calendar.week,
        exceptions=tuple(sorted(days.items())),
        offset_minutes=terms.calendar.offset_minutes if offset_minutes is None else offset_minutes,
    )
    change = SetTerms(shop_id=shop_id, facts={"calendar": new}, expected_version=terms.version, by=by)
    _show(CalendarView.of(service.change(change).calendar), as_json)


@click.group("limits")
def limits() -> None:
    """How long cases may stay in a state, and tickets may wait (时效)."""


@limits.command("list")
@click.argument("shop")
@json_option
@refusals_shown
def list_limits(shop: str, as_json: bool) -> None:
    """List the limits."""
    container = ready()
    found = container.aftersales_terms().read(ReadTerms(shop_id=shop_named(container, shop).id, by=operator()))
    _show_limits(found, as_json)


@limits.command("put")
@click.argument("shop")
@click.argument("what", type=click.Choice(WAITS))
@click.option("--minutes", type=click.IntRange(1, LONGEST_MINUTES), required=True)
@click.option("--working-hours", is_flag=True, help="It counts the shop's working hours, and not round the clock.")
@click.option("--warn-after", type=click.IntRange(1, 1000), default=800, show_default=True, help="Thousandths of it.")
@click.option("--climb-minutes", type=click.IntRange(1, LONGEST_MINUTES), default=240, show_default=True)
@click.option("--levels", type=click.IntRange(0, 9), default=0, show_default=True, help="How often it climbs.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(CASE_KINDS), help="Of cases; none: of all.")
@click.option("--closes", is_flag=True, help="A case that is overdue is closed by itself.")
@json_option
@refusals_shown
def put_limit(
    shop: str,
    what: str,
    minutes: int,
    working_hours: bool,
    warn_after: int,
    climb_minutes: int,
    levels: int,
    kinds: tuple[str, ...],
    closes: bool,
    as_json: bool,
) -> None:
    """Put the limit of a state, or of a kind of tickets, in place; the others stay."""
    container = ready()
    limit = TimeLimit(
        minutes=minutes,
        warn_after=warn_after,
        climb_minutes=climb_minutes,
        levels=levels,
        working_hours=working_hours,
    )
    facts: dict[str, Any]
    if what in TICKET_KINDS:
        facts = {"tickets": ((TicketKind(what), limit),)}
    else:
        chosen: Any = frozenset(map(CaseKind, kinds)) or frozenset(CaseKind)
        facts = {"states": (StateLimit(state=CaseState(what), limit=limit, kinds=chosen, closes=closes),)}
    command = PutLimits(shop_id=shop_named(container, shop).id, **facts, by=operator())
    _show_limits(container.aftersales_terms().put_limits(command), as_json)


@click.command("due-dates")
@click.argument("shop")
@click.option("--since", help="An instant with its zone, 2026-09-30T17:00:00+08:00; left out: now.")
@json_option
@refusals_shown
def due_dates(shop: str, since: str | None, as_json: bool) -> None:
    """Show when everything would be due that begins to wait then (时效预览)."""
    container = ready()
    command = PreviewDueDates(
        shop_id=shop_named(container, shop).id, since=_instant(since) if since else None, by=operator()
    )
    rows = [plain_row(DueDateView.of(each)) for each in container.aftersales_terms().preview(command)]
    show(rows, DUE, as_json=as_json)


def _show(view: CalendarView, as_json: bool) -> None:
    if as_json:
        show([plain_row(view)], [], as_json=True)
        return
    rows = [{"day": day, "hours": ", ".join(spans)} for day, spans in zip(DAYS, view.week, strict=True)]
    rows += [{"day": day, "hours": ", ".join(spans)} for day, spans in view.exceptions.items()]
    show(rows, ["day", "hours"], as_json=False, title=f"UTC{view.offset_minutes:+d} min")


def _show_limits(terms: Any, as_json: bool) -> None:
    view = TermsView.of(terms)
    rows = [plain_row(each) for each in view.limits]
    named = [{"what": row.pop("state"), **row} for row in rows]
    tickets = [plain_row(each) for each in view.ticket_limits]
    named += [{"what": row.pop("kind"), "kinds": [], "closes": False, **row} for row in tickets]
    show(named, LIMITS, as_json=as_json)


def _week(rows: tuple[str, ...]) -> tuple[Hours, ...]:
    found: dict[str, Hours] = {}
    for row in rows:
        days, hours_ = _own(row)
        first, _, last = days.partition("-")
        if not {first, last or first} <= set(DAYS):
            raise LineInvalid(field="hours", value=row[:100])
        found |= dict.fromkeys(DAYS[DAYS.index(first) : DAYS.index(last or first) + 1], hours_)
    return tuple(found.get(day, ()) for day in DAYS)


def _own(text: str) -> tuple[str, Hours]:
    days, sign, spans = text.partition("=")
    if not sign:
        raise LineInvalid(field="hours", value=text[:100])
    return days, hours(spans.split(",") if spans else [])


def _days(text: str) -> Iterator[date]:
    """Yield a day, or those from one to another."""
    first, _, last = text.partition("..")
    try:
        start, stop = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as error:
        raise LineInvalid(field="day", value=text[:100]) from error
    if not timedelta(0) <= stop - start < timedelta(days=MOST_EXCEPTIONS):
        raise LineInvalid(field="day", value=text[:100])
    return (start + timedelta(days=each) for each in range((stop - start).days + 1))


def _instant(text: str) -> datetime | None:
    try:
        return instant(datetime.fromisoformat(text), field="since")
    except ValueError as error:
        raise LineInvalid(field="since", value=text[:100]) from error
