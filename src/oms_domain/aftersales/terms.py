"""A shop's aftersales terms (售后设置): windows, reasons, time limits, what a role may give, who gets tickets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final, TypeVar
from uuid import UUID

from attrs import evolve, field, frozen

from oms_domain.aftersales.assignment import Desk
from oms_domain.aftersales.limits import Due, TimeLimit
from oms_domain.aftersales.opening import UnknownReason
from oms_domain.aftersales.policy import DEFAULT_LIMITS, AftersalesPolicy, CaseReason, StateLimit
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.aftersales.tickets import TicketKind
from oms_domain.kernel.calendar import ALWAYS, BusinessCalendar
from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Invalid, NotFound
from oms_domain.kernel.identity import LineId, ShopId, VaultId
from oms_domain.kernel.money import Money
from oms_domain.kernel.text import checked_text

LONGEST_TEMPLATE: Final = 1000
LONGEST_CODE: Final = 40
LONGEST_WINDOW: Final = 366
NO_CATEGORIES: Final[Mapping[LineId, str]] = {}
AGENT, OVERSEER = "agent", "admin"
"""Roles that are always there; others are named by the merchant."""
REFUND: Final = "refund"
"""What a role's limit is of: refunds, or a kind of compensation."""


class Assignment(StrEnum):
    """How a new ticket finds its agent (分配方式)."""

    BY_HAND = "by_hand"
    ROUND_ROBIN = "round_robin"
    BY_LOAD = "by_load"


@frozen(kw_only=True)
class InvalidTerms(Invalid):
    """A window is 0 to 366 days, a limit more than 0, and a code stands once."""

    code: ClassVar[str] = "aftersales.invalid_terms"
    value: str


@frozen(kw_only=True)
class TemplateUnknown(NotFound):
    """The shop has no such reply template."""

    code: ClassVar[str] = "tickets.template_unknown"
    template: str


@frozen(kw_only=True)
class RoleLimit:
    """The most that a role may give: of a refund at once, or of a kind of compensation for one order."""

    role: str
    what: str
    most: Money


@frozen(kw_only=True)
class ReplyTemplate:
    """A prepared answer to customers (回复模板)."""

    code: str
    title: str
    text: str
    is_retired: bool = False  # no longer offered, and not sent


@frozen(kw_only=True)
class TermsChanged(Event):
    """The shop takes claims otherwise from now on."""

    type: ClassVar[str] = "aftersales_terms.changed"
    terms_id: UUID
    shop_id: ShopId
    what: tuple[str, ...]

    @property
    def stream(self) -> UUID:
        return self.terms_id


R = TypeVar("R", bound=CaseReason | ReplyTemplate)
DEFAULT_TICKET_LIMIT: Final = TimeLimit(minutes=24 * 60, levels=2)
MOST_EXCEPTIONS: Final = 1000
LONGEST_WAIT: Final = timedelta(days=5 * 366)
"""Until when, at the latest, what counts working hours must be over: a minute a week does not get there."""


@frozen(kw_only=True)
class DueDate:
    """When something would be due: ``what`` is a state of cases, with the kinds it is for, or a kind of tickets."""

    what: CaseState | TicketKind
    kinds: frozenset[CaseKind] = frozenset()
    limit: TimeLimit
    due: Due


@frozen(kw_only=True)
class AftersalesTerms:
    """How one shop takes claims (售后设置). ``id`` is its own: the shop's would be the shop's log."""

    id: UUID
    shop_id: ShopId
    window_days: int = 7
    window_by_category: tuple[tuple[str, int], ...] = ()  # of a SKU's category; what is not named has ``window_days``
    reasons: tuple[CaseReason, ...] = ()
    limits: tuple[StateLimit, ...] = DEFAULT_LIMITS
    ticket_limits: tuple[tuple[TicketKind, TimeLimit], ...] = ()
    calendar: BusinessCalendar = ALWAYS  # for the limits that count working hours, and for the figures
    freight_after_shipment: bool = False
    return_to: VaultId | None = None  # where goods go back to
    return_mask: str = ""
    role_limits: tuple[RoleLimit, ...] = ()
    assignment: Assignment = Assignment.BY_HAND
    desks: tuple[Desk, ...] = ()
    templates: tuple[ReplyTemplate, ...] = ()
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    def policy(self, categories: Mapping[LineId, str] = NO_CATEGORIES) -> AftersalesPolicy:
        """Return what decides about cases. ``categories``: of the lines asked for, where they have one."""
        days = dict(self.window_by_category)
        windows = tuple((line, days[category]) for line, category in categories.items() if category in days)
        return AftersalesPolicy(
            window_days=self.window_days,
            window_by_line=windows,
            reasons=self.reasons,
            limits=self.limits,
            calendar=self.calendar,
            freight_after_shipment=self.freight_after_shipment,
        )

    def most(self, role: str, what: str) -> Money | None:
        """Return what a role may give of something at most; None: no limit is set.

        A role without a limit of its own has that of agents: a name that nobody has set anything for gives no more.
        """
        limits = {(each.role, each.what): each.most for each in self.role_limits}
        if role != OVERSEER and (role, what) not in limits:
            role = AGENT
        return limits.get((role, what))

    def ticket_due(self, kind: TicketKind, *, since: datetime) -> Due:
        """Return until when a ticket that waits since then must be answered."""
        return dict(self.ticket_limits).get(kind, DEFAULT_TICKET_LIMIT).at_shop(since, self.calendar)

    def due_dates(self, *, since: datetime) -> tuple[DueDate, ...]:
        """Return when everything would be due that begins to wait then: cases by state, then tickets by kind."""
        tickets = dict(self.ticket_limits)
        limits: tuple[tuple[CaseState | TicketKind, frozenset[CaseKind], TimeLimit], ...] = (
            *((each.state, each.kinds, each.limit) for each in self.limits),
            *((kind, frozenset[CaseKind](), tickets.get(kind, DEFAULT_TICKET_LIMIT)) for kind in TicketKind),
        )
        return tuple(
            DueDate(what=what, kinds=kinds, limit=limit, due=limit.at_shop(since, self.calendar))
            for what, kinds, limit in limits
        )

    def template(self, code: str) -> ReplyTemplate:
        """Raises ``TemplateUnknown``."""
        found = next((each for each in self.templates if each.code == code and not each.is_retired), None)
        if found is None:
            raise TemplateUnknown(template=code[:LONGEST_CODE])
        return found

    def put_reason(self, reason: CaseReason, *, at: datetime) -> Change[AftersalesTerms]:
        """Put a reason in the place of the one with its code, or behind the others. Raises what ``changed`` does."""
        return self.changed(reasons=_put(self.reasons, reason), at=at)

    def retire_reason(self, code: str, *, at: datetime) -> Change[AftersalesTerms]:
        """Offer a reason no longer; old cases still show it. Raises ``UnknownReason``."""
        found = next((each for each in self.reasons if each.code == code), None)
        if found is None:
            raise UnknownReason(value=code[:LONGEST_CODE])
        return self.put_reason(evolve(found, is_retired=True), at=at)

    def put_limits(
        self, states: Iterable[StateLimit], tickets: Iterable[tuple[TicketKind, TimeLimit]], *, at: datetime
    ) -> Change[AftersalesTerms]:
        """Put limits in the place of those for the same: of a state for the same kinds, of a kind of tickets.

        The first that fits counts, so a limit for some kinds stands before the one for all.

        Raises:
            What ``changed`` does.
        """
        limits = {(each.state, each.kinds): each for each in (*self.limits, *states)}
        ordered = tuple(sorted(limits.values(), key=lambda each: len(each.kinds)))
        of_tickets = tuple((dict(self.ticket_limits) | dict(tickets)).items())
        return self.changed(limits=ordered, ticket_limits=of_tickets, at=at)

    def put_template(self, template: ReplyTemplate, *, at: datetime) -> Change[AftersalesTerms]:
        """Put a template in the place of the one with its code, or behind the others. Raises what ``changed`` does."""
        return self.changed(templates=_put(self.templates, template), at=at)

    def retire_template(self, code: str, *, at: datetime) -> Change[AftersalesTerms]:
        """Offer and send a template no longer. Raises ``TemplateUnknown``."""
        found = next((each for each in self.templates if each.code == code), None)
        if found is None:
            raise TemplateUnknown(template=code[:LONGEST_CODE])
        return self.put_template(evolve(found, is_retired=True), at=at)

    def changed(self, *, at: datetime, **facts: object) -> Change[AftersalesTerms]:
        """Take other terms from now on; the same again changes nothing.

        Raises:
            InvalidTerms, InvalidText.
        """
        what = tuple(sorted(name for name, value in facts.items() if getattr(self, name) != value))
        if not what:
            return Change(self)
        new: AftersalesTerms = evolve(self, **facts, updated_at=at)  # type: ignore[arg-type]
        new._check()
        return Change(new, (TermsChanged(terms_id=self.id, shop_id=self.shop_id, what=what, at=at),))

    def _check(self) -> None:
        if not 0 <= self.window_days <= LONGEST_WINDOW:
            raise InvalidTerms(field="window_days", value=str(self.window_days))
        for category, days in self.window_by_category:
            checked_text(category, field="window_by_category", longest=LONGEST_CODE, allow_empty=False)
            if not 0 <= days <= LONGEST_WINDOW:
                raise InvalidTerms(field="window_by_category", value=str(days))
        if len(dict(self.window_by_category)) != len(self.window_by_category):
            raise InvalidTerms(field="window_by_category", value="category_twice")
        self._check_times()
        for name in ("reasons", "templates"):
            codes = [each.code for each in getattr(self, name)]
            if len(set(codes)) != len(codes):
                raise InvalidTerms(field=name, value="code_twice")
            for code in codes:
                checked_text(code, field=name, longest=LONGEST_CODE, allow_empty=False)
        for template in self.templates:
            checked_text(template.text, field="templates", longest=LONGEST_TEMPLATE, allow_empty=False)
        if any(each.most.fen <= 0 for each in self.role_limits):
            raise InvalidTerms(field="role_limits", value="most")
        if len({(each.role, each.what) for each in self.role_limits}) != len(self.role_limits):
            raise InvalidTerms(field="role_limits", value="role_twice")

    def _check_times(self) -> None:
        """Hold that what counts working hours ends some day, and that reckoning when takes no time worth naming."""
        if len(self.calendar.exceptions) > MOST_EXCEPTIONS:
            raise InvalidTerms(field="calendar", value="exceptions")
        limits = [each.limit for each in self.limits] + [limit for _, limit in self.ticket_limits]
        longest = max((each.longest for each in limits if each.working_hours), default=timedelta(0))
        if longest > self.calendar.a_week * (LONGEST_WAIT // timedelta(weeks=1)):
            raise InvalidTerms(field="calendar", value="too_few_hours")


def _put(rows: tuple[R, ...], row: R) -> tuple[R, ...]:
    """Return the rows with one in the place of that with its code, or behind them."""
    known = any(each.code == row.code for each in rows)
    return tuple(row if each.code == row.code else each for each in rows) if known else (*rows, row)
