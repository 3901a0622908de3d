"""From an approved refund to the fact, and what follows for case and order. Calls are safe to repeat."""

from __future__ import annotations

from datetime import datetime
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
from oms_domain.refunds.events import (
    RefundAmbiguous,
    RefundApproved,
    RefundEvent,
    RefundFailed,
    RefundSent,
    RefundSucceeded,
)

NOBODY_PAYS: Final = "nobody_pays"


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
            Handler(name="refunds.follow", run=self.follow, events=(RefundSucceeded.type, RefundFailed.type)),
            Handler(name="refunds.fetch_again", run=self.fetch_again, events=(RefundAmbiguous.type,)),
        )

    def send(self, job: Job) -> datetime | None:
        """Have the platform asked, where it pays; what is paid by hand waits for a person."""
        event, actor = event_of(job, RefundEvent), actor_of(job, "refund")
        found = self._told(event, asking(actor))
        if found is not None and pays(self.gateways, found[0].shop_id):
            unless_refused(lambda: self.refunds.send(SendRefund(refund_id=event.refund_id, by=actor)))
        return None

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
        reply = evolve(reply_of(ask), amount=refund.amount, refund_id=refund.id)
        try:
            self.gateways.of(case.shop_id).agree_refund(reply)
        except RetryLater as lost:
            self.refunds.book_doubt(BookDoubt(refund_id=refund.id, reason=lost.reason, by=asking(actor)))
            raise
        except AskChanged as changed:
            self._decide_again(case, refund.id, changed.reason, actor)
        except AuthorisationExpired as expired:
            self.refunds.book_not_paid(BookNotPaid(refund_id=refund.id, reason=expired.reason, by=asking(actor)))
            raise
        except (PlatformRefused, NotConnected) as refusal:
            reason = getattr(refusal, "reason", refusal.code)
            self.refunds.book_not_paid(BookNotPaid(refund_id=refund.id, reason=reason, by=actor))
        else:
            paid = BookPaid(refund_id=refund.id, amount=refund.amount, paid_at=self.now(), by=actor)
            self.refunds.book_paid(paid)
        return None

    def _decide_again(self, case: AftersalesCase, refund_id: RefundId, reason: str, actor: Actor) -> None:
        """Nothing has moved: read the ask anew, and where the case still stands for it, ask for the money again."""
        by = asking(actor)
        self.refunds.book_not_paid(BookNotPaid(refund_id=refund_id, reason=reason, by=by))
        self.pulls.fetch(FetchAsk(shop_id=case.shop_id, refund_no=case.platform_refund_no, by=by))
        unless_refused(lambda: self.refunds.send(SendRefund(refund_id=refund_id, by=actor)))

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
