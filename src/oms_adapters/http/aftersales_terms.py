"""How shops take claims, and the figures of aftersales."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.cases import READ
from oms_adapters.http.doings import Fen, Name, Text, checked, positive
from oms_adapters.http.idempotency import IfMatch, expected_version
from oms_adapters.http.paging import instant
from oms_adapters.http.refusals import FieldInvalid
from oms_adapters.http.shops import KnownShops
from oms_adapters.http.views import Given, MoneyView, View
from oms_adapters.http.working_hours import CalendarBody, CalendarView
from oms_app.actor import Actor, Permission
from oms_app.aftersales_terms import (
    Figures,
    PreviewDueDates,
    PutReason,
    PutTemplate,
    ReadTerms,
    RetireReason,
    RetireTemplate,
    SetTerms,
    TermsService,
    figures,
)
from oms_app.ports.transaction import Clock, NewId
from oms_app.ports.vault import Sealer
from oms_app.queries.aftersales import AftersalesQueries, Period
from oms_domain.aftersales.assignment import Desk
from oms_domain.aftersales.limits import LONGEST_MINUTES, TimeLimit
from oms_domain.aftersales.metrics import Durations
from oms_domain.aftersales.policy import CaseReason, StateLimit
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.aftersales.terms import (
    LONGEST_WINDOW,
    REFUND,
    AftersalesTerms,
    Assignment,
    DueDate,
    ReplyTemplate,
    RoleLimit,
)
from oms_domain.aftersales.tickets import Agent, TicketKind
from oms_domain.channels.standard import Receiver
from oms_domain.kernel.identity import VaultId
from oms_domain.refunds.compensation import CompensationKind

MONTH: Final = timedelta(days=30)
ADMIN: Final = needs(SetTerms.permission, changes=True)
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=LONGEST_MINUTES)]
Days = Annotated[int, msgspec.Meta(ge=0, le=LONGEST_WINDOW)]
Some = msgspec.Meta(max_length=200)


class ReasonOfListBody(Body):
    """An entry of the managed list of reasons (售后原因). No kinds: for all."""

    code: Code
    title: Name
    kinds: list[CaseKind] = []  # noqa: RUF012
    needs_evidence: bool = False
    is_retired: bool = False

    def reason(self) -> CaseReason:
        kinds: Any = frozenset(self.kinds) or frozenset(CaseKind)
        return CaseReason(
            code=checked(self.code, "reasons"),
            title=checked(self.title, "reasons"),
            kinds=kinds,
            needs_evidence=self.needs_evidence,
            is_retired=self.is_retired,
        )


class LimitBody(Body):
    """How long something may take, in minutes; ``warn_after`` in thousandths of it.

    ``working_hours``: it counts the shop's working hours, and not round the clock.
    """

    minutes: Minutes
    warn_after: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 800
    climb_minutes: Minutes = 240
    levels: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0
    working_hours: bool = False

    def limit(self) -> TimeLimit:
        return TimeLimit(
            minutes=self.minutes,
            warn_after=self.warn_after,
            climb_minutes=self.climb_minutes,
            levels=self.levels,
            working_hours=self.working_hours,
        )


class StateLimitBody(Body):
    """How long a case may stay in a state. ``closes``: what is overdue is closed by itself."""

    state: CaseState
    limit: LimitBody
    kinds: list[CaseKind] = []  # noqa: RUF012
    closes: bool = False

    def state_limit(self) -> StateLimit:
        kinds: Any = frozenset(self.kinds) or frozenset(CaseKind)
        return StateLimit(state=self.state, limit=self.limit.limit(), kinds=kinds, closes=self.closes)


class TicketLimitBody(Body):
    """How long a ticket of a kind may wait for an answer."""

    kind: TicketKind
    limit: LimitBody


class RoleLimitBody(Body):
    """The most that a role may give: ``what`` is ``refund`` or a kind of compensation."""

    role: Code
    what: Code
    most_fen: Fen

    def role_limit(self) -> RoleLimit:
        if self.what not in (REFUND, *map(str, CompensationKind)):
            raise FieldInvalid(field="role_limits", why="what")
        most = positive(self.most_fen, "role_limits")
        return RoleLimit(role=checked(self.role, "role_limits"), what=self.what, most=most)


class DeskBody(Body):
    """What an agent takes on. ``most_open``: 0 means any number."""

    agent: Code
    is_present: bool = True
    kinds: list[TicketKind] = []  # noqa: RUF012
    most_open: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0

    def desk(self) -> Desk:
        kinds: Any = frozenset(self.kinds)
        return Desk(
            agent=Agent(checked(self.agent, "desks")),
            is_present=self.is_present,
            kinds=kinds,
            most_open=self.most_open,
        )


class TemplateBody(Body):
    """A prepared answer (回复模板)."""

    code: Code
    title: Name
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    is_retired: bool = False

    def template(self) -> ReplyTemplate:
        code, title = checked(self.code, "templates"), checked(self.title, "templates")
        text = checked(self.text, "templates")
        return ReplyTemplate(code=code, title=title, text=text, is_retired=self.is_retired)


class AddressBody(Body):
    """Where goods go back to."""

    name: Name
    mobile: Annotated[str, msgspec.Meta(max_length=30)] = ""
    phone: Annotated[str, msgspec.Meta(max_length=30)] = ""
    street: Text = ""
    zip: Annotated[str, msgspec.Meta(max_length=20)] = ""

    def receiver(self) -> Receiver:
        texts = {name: checked(getattr(self, name), f"return_address.{name}") for name in self.__struct_fields__}
        return Receiver(**texts)


class DueDatesBody(Body):
    """From when, and under which other terms; what is left out is as it is now."""

    since: datetime | None = None
    calendar: CalendarBody | None = None
    limits: Annotated[list[StateLimitBody], Some] | None = None
    ticket_limits: Annotated[list[TicketLimitBody], Some] | None = None

    def facts(self) -> dict[str, Any]:
        return _times(self)


class TermsBody(Body):
    """What changes of a shop's terms; what is left out stays."""

    window_days: Days | None = None
    window_by_category: Annotated[dict[Code, Days], Some] | None = None
    freight_after_shipment: bool | None = None
    assignment: Assignment | None = None
    reasons: Annotated[list[ReasonOfListBody], Some] | None = None
    limits: Annotated[list[StateLimitBody], Some] | None = None
    ticket_limits: Annotated[list[TicketLimitBody], Some] | None = None
    calendar: CalendarBody | None = None
    role_limits: Annotated[list[RoleLimitBody], Some] | None = None
    desks: Annotated[list[DeskBody], Some] | None = None
    templates: Annotated[list[TemplateBody], Some] | None = None
    return_address: AddressBody | None = None

    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "window_days": self.window_days,
            "window_by_category": None if self.window_by_category is None else sorted_windows(self.window_by_category),
            "freight_after_shipment": self.freight_after_shipment,
            "assignment": self.assignment,
            "reasons": _each(self.reasons, ReasonOfListBody.reason),
            "role_limits": _each(self.role_limits, RoleLimitBody.role_limit),
            "desks": _each(self.desks, DeskBody.desk),
            "templates": _each(self.templates, TemplateBody.template),
        }
        return {name: value for name, value in found.items() if value is not None} | _times(self)


def _times(body: TermsBody | DueDatesBody) -> dict[str, Any]:
    found: dict[str, Any] = {
        "calendar": None if body.calendar is None else body.calendar.calendar(),
        "limits": _each(body.limits, StateLimitBody.state_limit),
        "ticket_limits": _each(body.ticket_limits, lambda each: (each.kind, each.limit.limit())),
    }
    return {name: value for name, value in found.items() if value is not None}


class RoleLimitView(View):
    """The most that a role may give."""

    role: str
    what: str
    most: MoneyView


class ReasonOfListView(View):
    """An entry of the managed list of reasons."""

    code: str
    title: str
    kinds: list[str]
    needs_evidence: bool
    is_retired: bool


class StateLimitView(View):
    """How long a case may stay in a state, in minutes."""

    state: str
    minutes: int
    kinds: list[str]
    levels: int
    closes: bool
    warn_after: int
    climb_minutes: int
    working_hours: bool


class TicketLimitView(View):
    """How long a ticket of a kind may wait for an answer, in minutes."""

    kind: str
    minutes: int
    levels: int
    warn_after: int
    climb_minutes: int
    working_hours: bool


class DueDateView(View):
    """When something would be due (时效预览): a case in a state, of these kinds, or a ticket of a kind."""

    what: str
    kinds: list[str]
    minutes: int
    working_hours: bool
    due_at: datetime | None
    warn_at: datetime | None
    climbs_at: list[datetime]

    @classmethod
    def of(cls, found: DueDate) -> DueDateView:
        return cls(
            what=found.what,
            kinds=sorted(found.kinds),
            minutes=found.limit.minutes,
            working_hours=found.limit.working_hours,
            due_at=found.due.at,
            warn_at=found.due.warn_at,
            climbs_at=list(found.due.climbs_at),
        )


class DueDatesView(View):
    """When everything would be due that begins to wait then."""

    dates: list[DueDateView]


class TemplateView(View):
    """A prepared answer."""

    code: str
    title: str
    text: str
    is_retired: bool


class DeskView(View):
    """What an agent takes on."""

    agent: str
    is_present: bool
    kinds: list[str]
    most_open: int


class TermsView(View):
    """How a shop takes claims (售后设置). Version 0: the usual terms, nobody has set any."""

    shop_id: UUID
    window_days: int
    window_by_category: dict[str, int]
    freight_after_shipment: bool
    assignment: str
    reasons: list[ReasonOfListView]
    limits: list[StateLimitView]
    ticket_limits: list[TicketLimitView]
    calendar: CalendarView
    role_limits: list[RoleLimitView]
    desks: list[DeskView]
    templates: list[TemplateView]
    return_mask: str
    version: int

    @classmethod
    def of(cls, terms: AftersalesTerms) -> TermsView:
        return cls(
            shop_id=terms.shop_id,
            window_days=terms.window_days,
            window_by_category=dict(terms.window_by_category),
            freight_after_shipment=terms.freight_after_shipment,
            assignment=terms.assignment,
            reasons=[
                ReasonOfListView(
                    code=e.code,
                    title=e.title,
                    kinds=sorted(e.kinds),
                    needs_evidence=e.needs_evidence,
                    is_retired=e.is_retired,
                )
                for e in terms.reasons
            ],
            limits=[
                StateLimitView(
                    state=e.state,
                    minutes=e.limit.minutes,
                    kinds=sorted(e.kinds),
                    levels=e.limit.levels,
                    closes=e.closes,
                    warn_after=e.limit.warn_after,
                    climb_minutes=e.limit.climb_minutes,
                    working_hours=e.limit.working_hours,
                )
                for e in terms.limits
            ],
            ticket_limits=[
                TicketLimitView(
                    kind=kind,
                    minutes=limit.minutes,
                    levels=limit.levels,
                    warn_after=limit.warn_after,
                    climb_minutes=limit.climb_minutes,
                    working_hours=limit.working_hours,
                )
                for kind, limit in terms.ticket_limits
            ],
            calendar=CalendarView.of(terms.calendar),
            role_limits=[RoleLimitView(role=e.role, what=e.what, most=MoneyView.of(e.most)) for e in terms.role_limits],
            desks=[
                DeskView(agent=e.agent, is_present=e.is_present, kinds=sorted(e.kinds), most_open=e.most_open)
                for e in terms.desks
            ],
            templates=[
                TemplateView(code=e.code, title=e.title, text=e.text, is_retired=e.is_retired) for e in terms.templates
            ],
            return_mask=terms.return_mask,
            version=terms.version,
        )


class QueueRowView(View):
    """Tickets of a shop in a state, and how they stand to their time."""

    shop_id: UUID
    state: str
    tickets: int
    warning: int
    overdue: int


class DurationsView(View):
    """How long something took, in whole seconds; null over no tickets."""

    tickets: int
    mean_s: int | None
    median_s: int | None
    longest_s: int | None

    @classmethod
    def of(cls, found: Durations) -> DurationsView:
        return cls(
            tickets=found.tickets,
            mean_s=_seconds(found.mean),
            median_s=_seconds(found.median),
            longest_s=_seconds(found.longest),
        )


class WorkloadView(View):
    """What an agent has in hand, and finished in the period."""

    agent: str
    in_hand: int
    finished: int


class CountView(View):
    """How often something was."""

    name: str
    count: int


class RateView(View):
    """Refunded units over sold ones, exactly, and in tenths of a per mille for people."""

    name: str
    refunded_over_sold: str
    per_10000: int


class FiguresView(View):
    """The figures of a period (售后指标)."""

    queue: list[QueueRowView]
    first_response: DurationsView
    handling: DurationsView
    workload: list[WorkloadView]
    reasons: list[CountView]
    refund_rate_by_sku: list[RateView]
    refund_rate_by_shop: list[RateView]

    @classmethod
    def of(cls, found: Figures) -> FiguresView:
        return cls(
            queue=[
                QueueRowView(shop_id=e.shop_id, state=e.state, tickets=e.tickets, warning=e.warning, overdue=e.overdue)
                for e in found.queue
            ],
            first_response=DurationsView.of(found.first_response),
            handling=DurationsView.of(found.handling),
            workload=[WorkloadView(agent=e.agent, in_hand=e.in_hand, finished=e.finished) for e in found.workload],
            reasons=[CountView(name=name, count=count) for name, count in found.reasons],
            refund_rate_by_sku=[_rate(sku, rate) for sku, rate in found.rate_by_sku.items()],
            refund_rate_by_shop=[_rate(str(shop), rate) for shop, rate in found.rate_by_shop.items()],
        )


def sorted_windows(days: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Return windows as terms hold them: in one order, so that the same again changes nothing."""
    return tuple(sorted((checked(category, "window_by_category"), each) for category, each in days.items()))


def _each(rows: list[Any] | None, make: Any) -> tuple[Any, ...] | None:
    return None if rows is None else tuple(make(row) for row in rows)


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else span // timedelta(seconds=1)


def _rate(name: str, rate: Any) -> RateView:
    over = f"{rate.numerator}/{rate.denominator}"
    return RateView(name=name, refunded_over_sold=over, per_10000=rate.numerator * 10_000 // rate.denominator)


class AftersalesTermsController(Controller):
    """How shops take claims, and what came of it."""

    path = "/aftersales"
    tags = ("Aftersales",)

    @get("/terms/{shop:str}", operation_id="getAftersalesTerms", opt=READ, sync_to_thread=True)
    def terms(
        self,
        shop: FromPath[str],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        aftersales_terms: Given[TermsService],
    ) -> Response[TermsView]:
        """Show how a shop takes claims (售后设置)."""
        found = aftersales_terms.read(ReadTerms(shop_id=known_shops.of(shop, actor).id, by=actor))
        return Response(content=TermsView.of(found), headers={"ETag": f'"{found.version}"'})

    @post(
        "/terms/{shop:str}",
        operation_id="setAftersalesTerms",
        opt=needs(SetTerms.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def change(
        self,
        shop: FromPath[str],
        data: JSONBody[TermsBody],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        aftersales_terms: Given[TermsService],
        sealer: Given[Sealer],
        new_id: Given[NewId],
        if_match: IfMatch = None,
    ) -> TermsView:
        """Change how a shop takes claims; what is left out stays."""
        shop_id = known_shops.of(shop, actor).id
        sealed = None
        if data.return_address is not None:
            receiver = data.return_address.receiver()
            sealed = sealer.seal_receiver(receiver, shop_id=shop_id, id=VaultId(new_id()))
        command = SetTerms(
            shop_id=shop_id,
            facts=data.facts(),
            return_to=sealed,
            expected_version=expected_version(if_match),
            by=actor,
        )
        return TermsView.of(aftersales_terms.change(command))

    @post("/terms/{shop:str}/due-dates", operation_id="previewDueDates", opt=READ, status_code=200, sync_to_thread=True)
    def due_dates(
        self,
        shop: FromPath[str],
        data: JSONBody[DueDatesBody],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        aftersales_terms: Given[TermsService],
    ) -> DueDatesView:
        """Show when things would be due, also under other terms; nothing is stored (时效预览)."""
        command = PreviewDueDates(
            shop_id=known_shops.of(shop, actor).id,
            since=instant(data.since, field="since"),
            facts=data.facts(),
            by=actor,
        )
        return DueDatesView(dates=[DueDateView.of(each) for each in aftersales_terms.preview(command)])

    @post(
        "/terms/{shop:str}/reasons",
        operation_id="putAftersalesReason",
        opt=ADMIN,
        status_code=200,
        sync_to_thread=True,
    )
    def put_reason(
        self,
        shop: FromPath[str],
        data: JSONBody[ReasonOfListBody],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        aftersales_terms: Given[TermsService],
    ) -> TermsView:
        """Put one reason on the list, or in the place of the one with its code; the others stay (设置售后原因)."""
        command = PutReason(shop_id=known_shops.of(shop, actor).id, reason=data.reason(), by=actor)
        return TermsView.of(aftersales_terms.put_reason(command))

    @post(
        "/terms/{shop:str}/reasons/{code:str}/retirement",
        operation_id="retireAftersalesReason",
        opt=ADMIN,
        status_code=200,
        sync_to_thread=True,
    )
    def retire_reason(
        self,
        shop: FromPath[str],
        code: FromPath[str],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        aftersales_terms: Given[TermsService],
    ) -> TermsView:
        """Offer a reason no longer; old cases still show it (停用售后原因)."""
        command = RetireReason(shop_id=known_shops.of(shop, actor).id, code=code, by=actor)
        return TermsView.of(aftersales_terms.retire_reason(command))

    @post(
        "/terms/{shop:str}/templates",
        operation_id="putReplyTemplate",
        opt=ADMIN,
        status_code=200,
        sync_to_thread=True,
    )
    def put_template(
        self,
        shop: FromPath[str],
        data: JSONBody[TemplateBody],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        aftersales_terms: Given[TermsService],
    ) -> TermsView:
        """Put one reply template in place; the others stay (设置回复模板)."""
        command = PutTemplate(shop_id=known_shops.of(shop, actor).id, template=data.template(), by=actor)
        return TermsView.of(aftersales_terms.put_template(command))

    @post(
        "/terms/{shop:str}/templates/{code:str}/retirement",
        operation_id="retireReplyTemplate",
        opt=ADMIN,
        status_code=200,
        sync_to_thread=True,
    )
    def retire_template(
        self,
        shop: FromPath[str],
        code: FromPath[str],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        aftersales_terms: Given[TermsService],
    ) -> TermsView:
        """Offer and send a reply template no longer (停用回复模板)."""
        command = RetireTemplate(shop_id=known_shops.of(shop, actor).id, code=code, by=actor)
        return TermsView.of(aftersales_terms.retire_template(command))

    @get("/metrics", operation_id="getAftersalesMetrics", opt=needs(Permission.AFTERSALES_READ), sync_to_thread=True)
    def metrics(
        self,
        actor: Given[Actor],
        aftersales_queries: Given[AftersalesQueries],
        known_shops: Given[KnownShops],
        now: Given[Clock],
        start: Annotated[datetime | None, QueryParameter(description="the last 30 days where it is left out")] = None,
        stop: FromQuery[datetime | None] = None,
        shop: FromQuery[str | None] = None,
    ) -> FiguresView:
        """Show the figures of a period: queue, times, workload, reasons, refund rates."""
        at = now()
        end = instant(stop, field="stop") or at
        period = Period(
            start=instant(start, field="start") or end - MONTH,
            stop=end,
            shop_id=known_shops.of(shop, actor).id if shop is not None else None,
        )
        return FiguresView.of(figures(aftersales_queries, actor, period, now=at))
