"""Between a platform and its cases: pulled, converted, and told what we decide. Calls are safe to repeat."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from attrs import evolve, frozen

from oms_app.actor import system
from oms_app.aftersales import CaseService
from oms_app.asks import AskCommand, AskPullService, AskService, ConvertAsk, FetchAsk, PullAsks
from oms_app.case_commands import NoteDifference
from oms_app.ports.channels import (
    AskChanged,
    AskReply,
    AuthorisationExpired,
    ChannelGateway,
    Gateways,
    NotConnected,
    OrderGone,
    PlatformRefused,
)
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Clock
from oms_app.processes.claims import BY_AFTERSALES, asking, event_of, pays, reply_of
from oms_app.processes.orders import actor_of
from oms_app.queries.aftersales import AftersalesFilter, AftersalesQueries
from oms_app.queries.rows import LARGEST_PAGE
from oms_app.runner import Handler
from oms_domain.aftersales import at_platform, intake
from oms_domain.aftersales.case import BY_PLATFORM, AftersalesCase
from oms_domain.aftersales.events import (
    AskAmbiguous,
    CaseApproved,
    CaseClosed,
    CaseEvent,
    GoodsAccepted,
    ReplacementShipped,
)
from oms_domain.aftersales.states import SENDS_GOODS, CaseKind, CaseMove
from oms_domain.kernel.identity import ShopId
from oms_domain.orders.platform_order import Conversion

PULL_AFTERSALES: Final = "aftersales.pull"
REFUSALS: Final = (CaseMove.REJECT, CaseMove.CANNOT_STOP, CaseMove.CANNOT_REVOKE)
"""Ways in which a case ends by our word that the platform must hear."""


@frozen(kw_only=True)
class AskProcess:
    """Between a platform and its cases: pulled, converted, and told what we decide."""

    cases: CaseService
    asks: AskService
    pulls: AskPullService
    queries: AftersalesQueries
    gateways: Gateways
    now: Clock
    pull_every: timedelta = timedelta(seconds=30)

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(name=PULL_AFTERSALES, run=self.pull),
            Handler(name="aftersales.fetch_again", run=self.fetch_again, events=(AskAmbiguous.type,)),
            Handler(name="aftersales.tell_agreed", run=self.tell_agreed, events=(CaseApproved.type,)),
            Handler(name="aftersales.tell_refused", run=self.tell_refused, events=(CaseClosed.type,)),
            Handler(
                name="aftersales.tell_goods", run=self.tell_goods, events=(GoodsAccepted.type, ReplacementShipped.type)
            ),
        )

    def pull(self, job: Job) -> datetime | None:
        shop_id = ShopId(UUID(job.key))
        with suppress(NotConnected, AuthorisationExpired):  # the pull of orders tells of it
            self.pulls.pull(PullAsks(shop_id=shop_id, by=system(BY_AFTERSALES)))
        self._convert_waiting(shop_id)
        return self.now() + self.pull_every

    def _convert_waiting(self, shop_id: ShopId) -> None:
        """Try those again that came before their orders."""
        actor = system(BY_AFTERSALES)
        waiting = AftersalesFilter(shop_id=shop_id, conversion=Conversion.EXCEPTION)
        for ask in self.queries.asks(actor, waiting, after=None, limit=LARGEST_PAGE):
            if ask.case_id is None and ask.trouble is not None and ask.trouble.reason == intake.NO_ORDER:
                self.asks.convert(ConvertAsk(platform_aftersales_id=ask.id, by=actor))

    def fetch_again(self, job: Job) -> datetime | None:
        event = event_of(job, AskAmbiguous)
        with suppress(OrderGone):
            self.pulls.fetch(FetchAsk(shop_id=event.shop_id, refund_no=event.refund_no, by=system("aftersales")))
        return None

    def tell_agreed(self, job: Job) -> datetime | None:
        event = event_of(job, CaseApproved)
        returns = event.by != BY_PLATFORM and event.kind is CaseKind.RETURN_AND_REFUND
        if returns and self._speaks_for_all(job, event, _granted_by_us, all_of_them=True):
            self._tell(job, event, "", lambda gateway, reply: gateway.agree_return(reply))
        if event.by != BY_PLATFORM and event.kind in SENDS_GOODS:
            self._leave_to_a_person(job, event, at_platform.AGREE)
        return None

    def tell_goods(self, job: Job) -> datetime | None:
        """Of new goods no platform is told by a call: that they may go, and how they went, a person says there."""
        event = event_of(job, CaseEvent)
        if isinstance(event, ReplacementShipped):
            self._leave_to_a_person(job, event, at_platform.SHIP, f"{event.carrier} {event.tracking_no}".strip())
        elif event.kind in SENDS_GOODS:
            self._leave_to_a_person(job, event, at_platform.CONFIRM_RECEIPT)
        return None

    def tell_refused(self, job: Job) -> datetime | None:
        event = event_of(job, CaseClosed)
        if event.how not in REFUSALS or event.by == BY_PLATFORM:
            return None
        if event.kind in SENDS_GOODS:
            self._leave_to_a_person(job, event, at_platform.REFUSE, event.reason)
        elif self._speaks_for_all(job, event, _refused_by_us, all_of_them=False):
            self._tell(job, event, event.reason, lambda gateway, reply: gateway.refuse_ask(reply))
        return None

    def _speaks_for_all(
        self, job: Job, event: CaseEvent, decided: Callable[[AftersalesCase], bool], *, all_of_them: bool
    ) -> bool:
        """Whether this case speaks for an ask that became several: a grant by the last, a refusal by the first."""
        parts = self.asks.parts(AskCommand(case_id=event.case_id, by=asking(actor_of(job, "aftersales"))))
        if len(parts) == 1:
            return True
        found = sorted((part for part in parts if decided(part)), key=lambda part: (part.updated_at, part.id))
        if all_of_them:
            return len(found) == len(parts) and found[-1].id == event.case_id
        return bool(found) and found[0].id == event.case_id

    def _leave_to_a_person(self, job: Job, event: CaseEvent, what: str, how: str = "") -> None:
        """Note what is to be done at the platform by hand, unless it is done there."""
        actor = actor_of(job, "aftersales")
        found = self.asks.to_tell(AskCommand(case_id=event.case_id, by=asking(actor)))
        if found is not None and found[1].state not in at_platform.DONE_IN[what]:
            theirs = how or str(found[1].state)
            self.cases.note_difference(NoteDifference(case_id=event.case_id, what=what, theirs=theirs, by=actor))

    def _tell(self, job: Job, event: CaseEvent, reason: str, call: Callable[[ChannelGateway, AskReply], None]) -> None:
        """Tell the platform; what it will not hear is a discrepancy for a person."""
        actor = actor_of(job, "aftersales")
        found = self.asks.to_tell(AskCommand(case_id=event.case_id, by=asking(actor)))
        if found is None or not pays(self.gateways, found[0].shop_id):
            return
        case, ask = found
        try:
            call(self.gateways.of(case.shop_id), evolve(reply_of(ask), reason=reason))
        except AskChanged:
            self.pulls.fetch(FetchAsk(shop_id=case.shop_id, refund_no=ask.refund_no, by=asking(actor)))
        except PlatformRefused as refusal:
            note = NoteDifference(case_id=case.id, what="platform_refused", theirs=refusal.reason, by=actor)
            self.cases.note_difference(note)


def _refused_by_us(case: AftersalesCase) -> bool:
    return case.closing is not None and case.closing.how in REFUSALS and case.closing.by != BY_PLATFORM


def _granted_by_us(case: AftersalesCase) -> bool:
    return case.approved_by not in ("", BY_PLATFORM)
