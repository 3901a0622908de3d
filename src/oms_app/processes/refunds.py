"""From an approved refund to the fact, and what follows for case and order. Calls are safe to repeat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from attrs import evolve, frozen

from oms_app.actor import Actor, system
from oms_app.aftersales import CaseService
from oms_app.asks import AskCommand, AskPullService, AskService, FetchAsk
from oms_app.ports.channels import AskChanged, AuthorisationExpired, Gateways, NotConnected, PlatformRefused, RetryLater
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Clock
from oms_app.processes.claims import asking, event_of, pays, reply_of
from oms_app.processes.orders import actor_of
from oms_app.processes.refusals import unless_refused
from oms_app.refunds import BookDoubt, BookEffects, BookNotPaid, BookPaid, RefundCommand, RefundService, SendRefund
from oms_app.runner import Handler
from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.states import GIVES_MONEY_BACK
from oms_domain.channels.aftersales import StandardAftersales
from oms_domain.kernel.identity import RefundId
from oms_domain.kernel.money import Money
from oms_domain.refunds.events import (
    RefundAmbiguous,
    RefundApproved,
    RefundDiffers,
    RefundEvent,
    RefundFailed,
    RefundSent,
    RefundSucceeded,
)
from oms_domain.refunds.refund_order import RefundOrder

NOBODY_PAYS: Final = "nobody_pays"
PARTS_DIFFER: Final = "parts_differ"
"""Not every case of an ask waits for its money, or together they are of another amount: a person looks."""
_FOLLOWED: Final = (RefundSucceeded.type, RefundFailed.type, RefundDiffers.type)
"""What case and order follow, and what of it a person sees to."""


@frozen(kw_only=True)
class MoneyProcess:
    """From an approved refund to the fact, and what follows for case and order."""

    refunds: RefundService
    cases: CaseService
    asks: AskService
    pulls: AskPullService
    gateways: Gateways
    now: Clock

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(name="refunds.send", run=self.send, events=(RefundApproved.type,)),
            Handler(name="refunds.pay", run=self.pay, events=(RefundSent.type,)),
            Handler(name="refunds.follow", run=self.follow, events=_FOLLOWED),
            Handler(name="refunds.fetch_again", run=self.fetch_again, events=(RefundAmbiguous.type,)),
        )

    def send(self, job: Job) -> datetime | None:
        """Have the platform asked, where it pays; what is paid by hand waits for a person."""
        event, actor = event_of(job, RefundEvent), actor_of(job, "refund")
        found = self._told(event, asking(actor))
        if found is not None and pays(self.gateways, found[0].shop_id):
            self._send(self.asks.parts(AskCommand(case_id=found[0].id, by=asking(actor))), event.refund_id, actor)
        return None

    def _send(self, parts: Sequence[AftersalesCase], refund_id: RefundId, actor: Actor) -> None:
        """Have the platform asked for the money of an ask: once, when all its cases wait, the leading one last."""
        if len(parts) > 1 and not all(part.waits_for_money for part in parts):
            return
        *others, lead = [each.refund_id or refund_id for each in reversed(parts)]
        for each in others:
            unless_refused(partial(self.refunds.send, SendRefund(refund_id=each, by=asking(actor))))
        unless_refused(partial(self.refunds.send, SendRefund(refund_id=lead, by=actor)))

    def pay(self, job: Job) -> datetime | None:
        """Ask the platform to pay, under the refund's own id; no answer is a doubt, and it is asked again."""
        event, actor = event_of(job, RefundEvent), actor_of(job, "refund")
        refund = self.refunds.to_send(RefundCommand(refund_id=event.refund_id, by=asking(actor)))
        if refund is None:
            return None
        found = self._told(event, asking(actor))
        if found is None:
            self.refunds.book_not_paid(BookNotPaid(refund_id=refund.id, reason=NOBODY_PAYS, by=actor))
            return None
        case, ask = found
        parts = self.asks.parts(AskCommand(case_id=case.id, by=asking(actor)))
        if case.id != parts[0].id:
            return None  # the leading case asks for all of them
        refunds = [refund, *self._others(parts, actor)]
        amount = sum((each.amount for each in refunds), Money(0, refund.amount.currency))
        if len(refunds) != len(parts) or (len(parts) > 1 and amount != ask.refund):
            self._not_paid(refunds, PARTS_DIFFER, actor)
            return None
        reply = evolve(reply_of(ask), amount=amount, refund_id=refund.id)
        try:
            self.gateways.of(case.shop_id).agree_refund(reply)
        except RetryLater as lost:
            for each in refunds:
                self.refunds.book_doubt(BookDoubt(refund_id=each.id, reason=lost.reason, by=asking(actor)))
            raise
        except AskChanged as changed:
            self._decide_again(case, refunds, changed.reason, actor)
        except AuthorisationExpired as expired:
            self._not_paid(refunds, expired.reason, asking(actor))
            raise
        except (PlatformRefused, NotConnected) as refusal:
            reason = getattr(refusal, "reason", refusal.code)
            self._not_paid(refunds, reason, actor)
        else:
            for each, by in _last_by(refunds, actor):
                paid = BookPaid(refund_id=each.id, amount=each.amount, paid_at=self.now(), by=by)
                self.refunds.book_paid(paid)
        return None

    def _others(self, parts: Sequence[AftersalesCase], actor: Actor) -> Iterator[RefundOrder]:
        """Give the refunds of the other cases of an ask, as far as the platform is to be asked for them."""
        for part in parts[1:]:
            assert part.refund_id is not None  # it waits for its money, or did
            found = self.refunds.to_send(RefundCommand(refund_id=part.refund_id, by=asking(actor)))
            if found is not None:
                yield found

    def _not_paid(self, refunds: Sequence[RefundOrder], reason: str, actor: Actor) -> None:
        for each, by in _last_by(refunds, actor):
            self.refunds.book_not_paid(BookNotPaid(refund_id=each.id, reason=reason, by=by))

    def _decide_again(self, case: AftersalesCase, refunds: Sequence[RefundOrder], reason: str, actor: Actor) -> None:
        """Nothing has moved: read the ask anew, and where the case still stands for it, ask for the money again."""
        by = asking(actor)
        self._not_paid(refunds, reason, by)
        self.pulls.fetch(FetchAsk(shop_id=case.shop_id, refund_no=case.platform_refund_no, by=by))
        if len(refunds) == 1:
            unless_refused(lambda: self.refunds.send(SendRefund(refund_id=refunds[0].id, by=actor)))
        else:
            self._send(self.asks.parts(AskCommand(case_id=case.id, by=by)), refunds[0].id, actor)

    def follow(self, job: Job) -> datetime | None:
        event = event_of(job, RefundEvent)
        self.refunds.book_effects(BookEffects(refund_id=event.refund_id, by=actor_of(job, "refund")))
        return None

    def fetch_again(self, job: Job) -> datetime | None:
        event, actor = event_of(job, RefundEvent), system("aftersales")
        if (found := self._told(event, actor)) is not None:
            case, ask = found
            self.pulls.fetch(FetchAsk(shop_id=case.shop_id, refund_no=ask.refund_no, by=actor))
        return None

    def _told(self, event: RefundEvent, by: Actor) -> tuple[AftersalesCase, StandardAftersales] | None:
        """Return what the platform is asked to pay for; what new goods cost less is paid by hand."""
        found = self.asks.to_tell(AskCommand(case_id=event.case_id, by=by)) if event.case_id else None
        return found if found is not None and found[0].kind in GIVES_MONEY_BACK else None


def _last_by(refunds: Sequence[RefundOrder], actor: Actor) -> Iterator[tuple[RefundOrder, Actor]]:
    """Give each refund with who acts: only what is done last is the whole of the job."""
    for each in reversed(refunds):
        yield each, actor if each is refunds[0] else asking(actor)
