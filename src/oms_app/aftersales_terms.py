"""Use cases of a shop's aftersales terms: read, changed; and the figures of aftersales."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any, ClassVar

from attrs import evolve, field, frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin, Clock
from oms_app.ports.vault import Sealed
from oms_app.queries.aftersales import AftersalesQueries, Period
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.aftersales import metrics as m
from oms_domain.aftersales.limits import TimeLimit
from oms_domain.aftersales.policy import CaseReason, StateLimit
from oms_domain.aftersales.terms import AftersalesTerms, DueDate, ReplyTemplate
from oms_domain.aftersales.tickets import TicketKind
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import ShopId, SkuCode


@frozen(kw_only=True)
class ReadTerms:
    """Read how a shop takes claims."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_READ
    shop_id: ShopId
    by: Actor


@frozen(kw_only=True)
class SetTerms:
    """Change how a shop takes claims (售后设置). ``facts``: what changes, by name."""

    permission: ClassVar[Permission] = Permission.ADMIN
    shop_id: ShopId
    facts: Mapping[str, Any]
    return_to: Sealed | None = field(default=None, repr=False)
    expected_version: int | None = None
    by: Actor


@frozen(kw_only=True)
class PreviewDueDates:
    """Show when things would be due (时效预览), also under other terms, by name; nothing is stored."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_READ
    shop_id: ShopId
    since: datetime | None = None  # None: now
    facts: Mapping[str, Any] = field(factory=dict)
    by: Actor


@frozen(kw_only=True)
class TermsCommand:
    """An ask about one entry of a shop's lists: the others stay, also those that somebody adds meanwhile."""

    permission: ClassVar[Permission] = Permission.ADMIN
    shop_id: ShopId
    by: Actor


@frozen(kw_only=True)
class PutLimits(TermsCommand):
    """Put time limits of states and of tickets in place; the others stay (设置时效)."""

    states: tuple[StateLimit, ...] = ()
    tickets: tuple[tuple[TicketKind, TimeLimit], ...] = ()


@frozen(kw_only=True)
class PutReason(TermsCommand):
    """Put a reason on the list, or in the place of the one with its code (设置售后原因)."""

    reason: CaseReason


@frozen(kw_only=True)
class RetireReason(TermsCommand):
    """Offer a reason no longer (停用售后原因)."""

    code: str


@frozen(kw_only=True)
class PutTemplate(TermsCommand):
    """Put a reply template in place (设置回复模板)."""

    template: ReplyTemplate


@frozen(kw_only=True)
class RetireTemplate(TermsCommand):
    """Offer and send a reply template no longer (停用回复模板)."""

    code: str


@frozen(kw_only=True)
class Figures:
    """The figures of a period (售后指标). Rates are exact."""

    queue: tuple[m.QueueRow, ...]
    first_response: m.Durations
    handling: m.Durations
    workload: tuple[m.Workload, ...]
    reasons: tuple[tuple[str, int], ...]
    rate_by_sku: Mapping[SkuCode, Fraction]
    rate_by_shop: Mapping[ShopId, Fraction]


@frozen(kw_only=True)
class TermsService:
    """Use cases of terms."""

    begin: Begin
    now: Clock
    pause: Pause

    def read(self, command: ReadTerms) -> AftersalesTerms:
        """Return the shop's terms, the usual ones (version 0) where it has set none. Raises ``ShopNotFound``."""
        with self.begin(command) as tx:
            return tx.aftersales_terms.of(command.shop_id)

    def preview(self, command: PreviewDueDates) -> tuple[DueDate, ...]:
        """Raises ``ShopNotFound``, ``InvalidTerms``."""
        with self.begin(command) as tx:
            terms = tx.aftersales_terms.of(command.shop_id)
            meant = terms.changed(at=self.now(), **command.facts).state
            return meant.due_dates(since=command.since or self.now())

    @one_transaction
    def change(self, command: SetTerms) -> AftersalesTerms:
        """Raises ``InvalidTerms``, ``InvalidLimit``, ``VersionIsNot``."""
        with self.begin(command) as tx:
            if done := tx.recall(AftersalesTerms):
                return done
            terms = tx.aftersales_terms.of(command.shop_id)
            check_version(terms, command.expected_version)
            facts = dict(command.facts)
            if command.return_to is not None:
                tx.vault.put(command.return_to)
                facts |= {"return_to": command.return_to.id, "return_mask": command.return_to.mask}
            change = terms.changed(at=self.now(), **facts)
            record(tx, tx.aftersales_terms, change, since=terms)
            stored = evolve(change.state, version=terms.version + bool(change.events))
            tx.remember(stored)
            tx.commit()
        return stored

    def put_reason(self, command: PutReason) -> AftersalesTerms:
        """Raises ``InvalidTerms``, ``InvalidText``."""
        return self._one(command, lambda terms: terms.put_reason(command.reason, at=self.now()))

    def retire_reason(self, command: RetireReason) -> AftersalesTerms:
        """Raises ``UnknownReason``."""
        return self._one(command, lambda terms: terms.retire_reason(command.code, at=self.now()))

    def put_limits(self, command: PutLimits) -> AftersalesTerms:
        """Raises ``InvalidTerms``."""
        return self._one(command, lambda terms: terms.put_limits(command.states, command.tickets, at=self.now()))

    def put_template(self, command: PutTemplate) -> AftersalesTerms:
        """Raises ``InvalidTerms``, ``InvalidText``."""
        return self._one(command, lambda terms: terms.put_template(command.template, at=self.now()))

    def retire_template(self, command: RetireTemplate) -> AftersalesTerms:
        """Raises ``TemplateUnknown``."""
        return self._one(command, lambda terms: terms.retire_template(command.code, at=self.now()))

    @one_transaction
    def _one(
        self, command: TermsCommand, step: Callable[[AftersalesTerms], Change[AftersalesTerms]]
    ) -> AftersalesTerms:
        with self.begin(command) as tx:
            if done := tx.recall(AftersalesTerms):
                return done
            terms = tx.aftersales_terms.of(command.shop_id)
            change = step(terms)
            record(tx, tx.aftersales_terms, change, since=terms)
            stored = evolve(change.state, version=terms.version + bool(change.events))
            tx.remember(stored)
            tx.commit()
        return stored


def figures(queries: AftersalesQueries, actor: Actor, period: Period, *, now: datetime) -> Figures:
    """Return what the period came to, of the actor's shops.

    Times are working time by each shop's calendar. They count in the period in which they ended: of tickets first
    answered in it, and of those done in it.
    """
    actor.must(Permission.AFTERSALES_READ)
    tickets = queries.tickets_of(actor, period)
    if period.shop_id is not None:
        tickets = tuple(each for each in tickets if each.shop_id == period.shop_id)
    sold = queries.sold_in(actor, period)
    hours = queries.hours_of(actor, period.shop_id)
    return Figures(
        queue=m.queue(tickets, now),
        first_response=m.first_response((each for each in tickets if period.holds(each.first_answered_at)), hours),
        handling=m.handling_time((each for each in tickets if period.holds(each.finished_at)), hours),
        workload=m.workload(tickets, start=period.start, stop=period.stop),
        reasons=m.reasons(queries.reasons_of(actor, period)),
        rate_by_sku=m.refund_rate_by_sku(sold),
        rate_by_shop=m.refund_rate_by_shop(sold),
    )
