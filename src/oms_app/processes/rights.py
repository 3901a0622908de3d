"""From review to the buyer without a parcel: virtual goods are given by a business system, and taken back by it."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from oms_app.aftersales import CaseService
from oms_app.case_commands import NoteNotRevoked, NoteRevoked
from oms_app.ports.business import BusinessSystems, Right, RightsToGive
from oms_app.ports.jobs import Job
from oms_app.ports.vault import Sealer
from oms_app.processes.claims import asking, event_of
from oms_app.processes.orders import actor_of, order_event
from oms_app.processes.refusals import unless_refused
from oms_app.rights import BookGiven, BookNotGiven, ReadRights, ReadTakingBack, RightsService, ToGive
from oms_app.runner import Handler
from oms_domain.aftersales.events import CaseApproved, CaseEvent, PlatformDecided
from oms_domain.aftersales.states import CaseState
from oms_domain.orders.events import OrderApproved, OrderBalancePaid, OrderUnflagged
from oms_domain.orders.states import OrderState


@frozen(kw_only=True)
class RightsProcess:
    """What follows for virtual goods when their order is reviewed, and when they are claimed back."""

    rights: RightsService
    cases: CaseService
    business: BusinessSystems
    sealer: Sealer

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(
                name="virtual.give",
                run=self.give,
                events=(OrderApproved.type, OrderUnflagged.type, OrderBalancePaid.type),
            ),
            Handler(name="virtual.take_back", run=self.take_back, events=(CaseApproved.type, PlatformDecided.type)),
        )

    def give(self, job: Job) -> datetime | None:
        """Have it given, once; what the system would not give is shown to a person."""
        event, actor = order_event(job), actor_of(job, "virtual_goods")
        if event.state is not OrderState.AWAITING_RELEASE:
            return None
        order_id = event.order_id
        if not self.business.serves(self.rights.shop_of(ReadRights(order_id=order_id, by=asking(actor)))):
            return None
        found = self.rights.to_give(ReadRights(order_id=order_id, by=asking(actor)))
        if found is None:
            return None
        answer = self.business.give(self._wanted(found))
        if answer.done:
            self.rights.book_given(BookGiven(order_id=order_id, by=actor))
        else:
            self.rights.book_not_given(BookNotGiven(order_id=order_id, reason=answer.reason, by=actor))
        return None

    def take_back(self, job: Job) -> datetime | None:
        """Have it taken back before the money goes; what was used is refused with the system's reason."""
        event, actor = event_of(job, CaseEvent), actor_of(job, "virtual_goods")
        if event.state is not CaseState.AWAITING_REVOCATION:
            return None
        wanted = self.rights.to_take_back(ReadTakingBack(case_id=event.case_id, by=asking(actor)))
        if wanted is None or not self.business.serves(wanted.shop_id):
            return None
        answer = self.business.take_back(wanted)
        if answer.done:
            unless_refused(lambda: self.cases.note_revoked(NoteRevoked(case_id=wanted.case_id, by=asking(actor))))
        else:
            refused = NoteNotRevoked(case_id=wanted.case_id, reason=answer.reason, by=asking(actor))
            unless_refused(lambda: self.cases.note_not_revoked(refused))
        return None

    def _wanted(self, found: ToGive) -> RightsToGive:
        order = found.order
        titles = {line.id: line.title for line in order.lines}
        return RightsToGive(
            order_id=order.id,
            number=order.number,
            shop_id=order.shop_id,
            platform_order_no=order.platform_order_no,
            buyer=self.sealer.open_receiver(found.receiver),
            rights=tuple(
                Right(line_id=line_id, sku=sku, title=titles[line_id], units=int(units))
                for line_id, sku, units in order.contents
            ),
        )
