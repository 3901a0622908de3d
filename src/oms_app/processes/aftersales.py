"""Custody and money meet here: what follows when a case, its goods or its refund moves. Calls are safe to repeat."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from attrs import evolve, frozen

from oms_app.actor import Actor, system
from oms_app.aftersales import CaseService
from oms_app.asks import AskCommand, AskPullService, AskService, ConvertAsk, FetchAsk, PullAsks
from oms_app.case_commands import NoteDifference, TimeOutCase
from oms_app.case_following import AskStop, BookArrival, BookReplacement, BookStop, CaseFollowing
from oms_app.inventory import PostStock, StockService
from oms_app.ports.channels import (
    AskChanged,
    AskReply,
    AuthorisationExpired,
    ChannelGateway,
    Gateways,
    NotConnected,
    OrderGone,
    PlatformRefused,
    RetryLater,
)
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Clock
from oms_app.ports.vault import Sealer
from oms_app.ports.wms import ReturnNotice, Wms
from oms_app.processes.orders import actor_of
from oms_app.processes.refusals import unless_refused
from oms_app.queries.aftersales import AftersalesFilter, AftersalesQueries
from oms_app.queries.rows import LARGEST_PAGE, Position
from oms_app.refunds import BookDoubt, BookEffects, BookNotPaid, BookPaid, RefundCommand, RefundService, SendRefund
from oms_app.returns import ReadReturn, ReturnService
from oms_app.runner import Handler
from oms_app.tickets import EscalateTicket, FinishCaseTickets, FollowCase, OpenCaseTicket, TicketService
from oms_domain.aftersales import at_platform, intake
from oms_domain.aftersales.case import BY_PLATFORM, AftersalesCase
from oms_domain.aftersales.events import (
    AskAmbiguous,
    BuyerSentGoods,
    CaseApproved,
    CaseAskedAgain,
    CaseClosed,
    CaseDiffers,
    CaseEvent,
    CaseKindChanged,
    CaseOpened,
    CaseRefunded,
    DifferencePaid,
    GoodsAccepted,
    GoodsStopped,
    PlatformDecided,
    ReplacementCalledOff,
    ReplacementShipped,
    RightRevoked,
)
from oms_domain.aftersales.returns import GoodsReceived, ReturnAsked, ReturnEvent, ReturnHandedOver
from oms_domain.aftersales.states import GIVES_MONEY_BACK, OPEN, SENDS_GOODS, CaseKind, CaseMove, CaseState
from oms_domain.aftersales.tickets import Ticket, TicketKind, TicketState
from oms_domain.channels.aftersales import StandardAftersales
from oms_domain.channels.capabilities import Capability
from oms_domain.inventory.documents import DocumentKind, Units
from oms_domain.inventory.stock import Quality
from oms_domain.kernel.change import Event
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import RefundId, ShopId, SkuCode
from oms_domain.orders.events import (
    OrderCancelled,
    OrderEvent,
    OrderReplaced,
    OrderRestCancelled,
    OrderShipped,
    OrderShippedOutside,
    OrderStopRefused,
    OrderUnreviewed,
)
from oms_domain.orders.platform_order import Conversion
from oms_domain.refunds.events import (
    RefundAmbiguous,
    RefundApproved,
    RefundEvent,
    RefundFailed,
    RefundSent,
    RefundSucceeded,
)

PULL_AFTERSALES: Final = "aftersales.pull"
WATCH_LIMITS: Final = "aftersales.watch_limits"
NOBODY_PAYS: Final = "nobody_pays"
BY_AFTERSALES: Final = "aftersales"
STOPS: Final = (
    OrderCancelled,
    OrderUnreviewed,
    OrderReplaced,
    OrderRestCancelled,
    OrderStopRefused,
    OrderShipped,
    OrderShippedOutside,
)
"""What decides whether the goods of a case leave."""
STEPS: Final = (
    CaseApproved,
    CaseAskedAgain,
    GoodsStopped,
    RightRevoked,
    BuyerSentGoods,
    GoodsAccepted,
    DifferencePaid,
    ReplacementCalledOff,
    ReplacementShipped,
    PlatformDecided,
)
"""Steps of a case to a state that has another time."""
REFUSALS: Final = (CaseMove.REJECT, CaseMove.CANNOT_STOP, CaseMove.CANNOT_REVOKE)
"""Ways in which a case ends by our word that the platform must hear."""
E = TypeVar("E", bound=Event)


def _event(job: Job, kind: type[E]) -> E:
    event = job.envelope.event if job.envelope else None
    assert isinstance(event, kind)
    return event


def _asking(actor: Actor) -> Actor:
    """Return the actor without its job: what it does now is not yet the whole of it."""
    return evolve(actor, job=None)


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
        event, actor = _event(job, RefundEvent), actor_of(job, "refund")
        found = self._told(event, _asking(actor))
        if found is not None and _pays(self.gateways, found[0].shop_id):
            unless_refused(lambda: self.refunds.send(SendRefund(refund_id=event.refund_id, by=actor)))
        return None

    def pay(self, job: Job) -> datetime | None:
        """Ask the platform to pay, under the refund's own id; no answer is a doubt, and it is asked again."""
        event, actor = _event(job, RefundEvent), actor_of(job, "refund")
        refund = self.refunds.to_send(RefundCommand(refund_id=event.refund_id, by=_asking(actor)))
        if refund is None:
            return None
        found = self._told(event, _asking(actor))
        if found is None:
            self.refunds.book_not_paid(BookNotPaid(refund_id=refund.id, reason=NOBODY_PAYS, by=actor))
            return None
        case, ask = found
        reply = evolve(_reply(ask), amount=refund.amount, refund_id=refund.id)
        try:
            self.gateways.of(case.shop_id).agree_refund(reply)
        except RetryLater as lost:
            self.refunds.book_doubt(BookDoubt(refund_id=refund.id, reason=lost.reason, by=_asking(actor)))
            raise
        except AskChanged as changed:
            self._decide_again(case, refund.id, changed.reason, actor)
        except AuthorisationExpired as expired:
            self.refunds.book_not_paid(BookNotPaid(refund_id=refund.id, reason=expired.reason, by=_asking(actor)))
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
        asking = _asking(actor)
        self.refunds.book_not_paid(BookNotPaid(refund_id=refund_id, reason=reason, by=asking))
        self.pulls.fetch(FetchAsk(shop_id=case.shop_id, refund_no=case.platform_refund_no, by=asking))
        unless_refused(lambda: self.refunds.send(SendRefund(refund_id=refund_id, by=actor)))

    def follow(self, job: Job) -> datetime | None:
        event = _event(job, RefundEvent)
        self.refunds.book_effects(BookEffects(refund_id=event.refund_id, by=actor_of(job, "refund")))
        return None

    def fetch_again(self, job: Job) -> datetime | None:
        event, actor = _event(job, RefundEvent), system("aftersales")
        if (found := self._told(event, actor)) is not None:
            case, ask = found
            self.pulls.fetch(FetchAsk(shop_id=case.shop_id, refund_no=ask.refund_no, by=actor))
        return None

    def _told(self, event: RefundEvent, by: Actor) -> tuple[AftersalesCase, StandardAftersales] | None:
        """Return what the platform is asked to pay for; what new goods cost less is paid by hand."""
        found = self.asks.to_tell(AskCommand(case_id=event.case_id, by=by)) if event.case_id else None
        return found if found is not None and found[0].kind in GIVES_MONEY_BACK else None


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
        event = _event(job, AskAmbiguous)
        with suppress(OrderGone):
            self.pulls.fetch(FetchAsk(shop_id=event.shop_id, refund_no=event.refund_no, by=system("aftersales")))
        return None

    def tell_agreed(self, job: Job) -> datetime | None:
        event = _event(job, CaseApproved)
        if event.by != BY_PLATFORM and event.kind is CaseKind.RETURN_AND_REFUND:
            self._tell(job, event, "", lambda gateway, reply: gateway.agree_return(reply))
        if event.by != BY_PLATFORM and event.kind in SENDS_GOODS:
            self._leave_to_a_person(job, event, at_platform.AGREE)
        return None

    def tell_goods(self, job: Job) -> datetime | None:
        """Of new goods no platform is told by a call: that they may go, and how they went, a person says there."""
        event = _event(job, CaseEvent)
        if isinstance(event, ReplacementShipped):
            self._leave_to_a_person(job, event, at_platform.SHIP, f"{event.carrier} {event.tracking_no}".strip())
        elif event.kind in SENDS_GOODS:
            self._leave_to_a_person(job, event, at_platform.CONFIRM_RECEIPT)
        return None

    def tell_refused(self, job: Job) -> datetime | None:
        event = _event(job, CaseClosed)
        if event.how not in REFUSALS or event.by == BY_PLATFORM:
            return None
        if event.kind in SENDS_GOODS:
            self._leave_to_a_person(job, event, at_platform.REFUSE, event.reason)
        else:
            self._tell(job, event, event.reason, lambda gateway, reply: gateway.refuse_ask(reply))
        return None

    def _leave_to_a_person(self, job: Job, event: CaseEvent, what: str, how: str = "") -> None:
        """Note what is to be done at the platform by hand, unless it is done there."""
        actor = actor_of(job, "aftersales")
        found = self.asks.to_tell(AskCommand(case_id=event.case_id, by=_asking(actor)))
        if found is not None and found[1].state not in at_platform.DONE_IN[what]:
            theirs = how or str(found[1].state)
            self.cases.note_difference(NoteDifference(case_id=event.case_id, what=what, theirs=theirs, by=actor))

    def _tell(self, job: Job, event: CaseEvent, reason: str, call: Callable[[ChannelGateway, AskReply], None]) -> None:
        """Tell the platform; what it will not hear is a discrepancy for a person."""
        actor = actor_of(job, "aftersales")
        found = self.asks.to_tell(AskCommand(case_id=event.case_id, by=_asking(actor)))
        if found is None or not _pays(self.gateways, found[0].shop_id):
            return
        case, ask = found
        try:
            call(self.gateways.of(case.shop_id), evolve(_reply(ask), reason=reason))
        except AskChanged:
            self.pulls.fetch(FetchAsk(shop_id=case.shop_id, refund_no=ask.refund_no, by=_asking(actor)))
        except PlatformRefused as refusal:
            note = NoteDifference(case_id=case.id, what="platform_refused", theirs=refusal.reason, by=actor)
            self.cases.note_difference(note)


@frozen(kw_only=True)
class GoodsProcess:
    """What follows for the warehouse, the stock and the case when goods are asked back, come, or leave anew."""

    cases: CaseService
    following: CaseFollowing
    returns: ReturnService
    stock: StockService
    wms: Wms
    sealer: Sealer
    queries: AftersalesQueries

    def handlers(self) -> tuple[Handler, ...]:
        return (
            Handler(name="returns.announce", run=self.announce, events=(ReturnAsked.type,)),
            Handler(name="returns.stock", run=self.book_stock, events=(GoodsReceived.type, ReturnHandedOver.type)),
            Handler(name="returns.case", run=self.go_on, events=(GoodsReceived.type,)),
            Handler(name="aftersales.ask_stop", run=self.ask_stop, events=(CaseApproved.type, PlatformDecided.type)),
            Handler(name="aftersales.order_moved", run=self.order_moved, events=tuple(event.type for event in STOPS)),
        )

    def announce(self, job: Job) -> datetime | None:
        event, actor = _event(job, ReturnAsked), actor_of(job, "returns")
        found = self.returns.to_announce(ReadReturn(return_id=event.return_id, by=_asking(actor)))
        if found is None:
            return None
        answer = self.wms.expect_return(
            ReturnNotice(
                number=found.goods.number,
                warehouse=found.goods.warehouse,
                shipped_as=found.shipped_as,
                carrier=found.case.carrier,
                tracking_no=found.case.tracking_no,
                reason=found.case.reason,
                sender=self.sealer.open_receiver(found.sender),
                region=found.order.region,
                lines=tuple((line.sku, line.expected) for line in found.goods.lines),
            )
        )
        if not answer.accepted:
            note = NoteDifference(case_id=found.case.id, what="warehouse_refused", theirs=answer.reason, by=actor)
            self.cases.note_difference(note)
        return None

    def book_stock(self, job: Job) -> datetime | None:
        """Good units go back on the shelf, defective ones to their own; what is repaired is the buyer's."""
        event, actor = _event(job, ReturnEvent), actor_of(job, "returns")
        assert isinstance(event, GoodsReceived | ReturnHandedOver)
        case = self.queries.case(actor, event.case_id).document
        lines = _to_stock(event)
        if lines and case.kind is not CaseKind.REPAIR:
            assert job.envelope is not None
            post = PostStock(
                kind=DocumentKind.RETURN_RECEIPT,
                warehouse=event.warehouse,
                lines=lines,
                reason=str(case.kind),
                reference=str(job.envelope.id),
                by=_asking(actor),
            )
            self.stock.post(post)
        return None

    def go_on(self, job: Job) -> datetime | None:
        event = _event(job, GoodsReceived)
        self.following.book_arrival(BookArrival(return_id=event.return_id, by=_asking(actor_of(job, "returns"))))
        return None

    def ask_stop(self, job: Job) -> datetime | None:
        event, actor = _event(job, CaseEvent), _asking(actor_of(job, BY_AFTERSALES))
        if event.state is CaseState.AWAITING_STOP:
            self.following.ask_stop(AskStop(case_id=event.case_id, by=actor))
        return None

    def order_moved(self, job: Job) -> datetime | None:
        """Whether goods leave is decided, also new ones for a case. Most orders have no case at all."""
        event, actor = _event(job, OrderEvent), _asking(actor_of(job, BY_AFTERSALES))
        refused = event.reason if isinstance(event, OrderStopRefused) else ""
        self.following.book_stop(BookStop(order_id=event.order_id, refused=refused, by=actor))
        reason = event.reason if isinstance(event, OrderCancelled) else ""
        self.following.book_replacement(BookReplacement(order_id=event.order_id, reason=reason, by=actor))
        return None


@frozen(kw_only=True)
class TicketProcess:
    """Keeps the queue of tickets in step with the cases, and looks for what is overdue."""

    cases: CaseService
    tickets: TicketService
    queries: AftersalesQueries
    now: Clock
    look_every: timedelta = timedelta(minutes=1)

    def handlers(self) -> tuple[Handler, ...]:
        ends = (CaseClosed, CaseRefunded, CaseKindChanged, PlatformDecided, ReplacementShipped)
        return (
            Handler(name="tickets.open", run=self.open, events=(CaseOpened.type, CaseDiffers.type)),
            Handler(name="tickets.follow", run=self.follow, events=tuple(event.type for event in STEPS)),
            Handler(name="tickets.finish", run=self.finish, events=tuple(event.type for event in ends)),
            Handler(name=WATCH_LIMITS, run=self.watch),
        )

    def open(self, job: Job) -> datetime | None:
        event, actor = _event(job, CaseEvent), _asking(actor_of(job, "tickets"))
        if isinstance(event, CaseDiffers):
            kind, subject = TicketKind.DISCREPANCY, f"{event.what}: {event.theirs} / {event.ours}"
        else:
            kind, subject = TicketKind.CASE, str(event.kind)
        opened = OpenCaseTicket(case_id=event.case_id, kind=kind, subject=subject[:200], by=actor)
        self.tickets.open_for_case(opened)
        return None

    def follow(self, job: Job) -> datetime | None:
        event = _event(job, CaseEvent)
        self.tickets.follow_case(FollowCase(case_id=event.case_id, by=_asking(actor_of(job, "tickets"))))
        return None

    def finish(self, job: Job) -> datetime | None:
        event = _event(job, CaseEvent)
        if event.state not in OPEN:
            done = FinishCaseTickets(case_id=event.case_id, by=_asking(actor_of(job, "tickets")))
            self.tickets.finish_for_case(done)
        return None

    def watch(self, job: Job) -> datetime | None:
        """Close cases whose time is up and that close by that; let overdue tickets climb."""
        actor, now = system("time_limits"), self.now()
        overdue = AftersalesFilter(states=tuple(map(str, _TIMED)), due_by=now)
        for case in _all(lambda after: self.queries.cases(actor, overdue, after=after, limit=LARGEST_PAGE)):
            with suppress(Refused):
                self.cases.time_out(TimeOutCase(case_id=case.id, by=actor))
        waiting = AftersalesFilter(states=(str(TicketState.OPEN),), due_by=now)
        for ticket in _all(lambda after: self.queries.tickets(actor, waiting, after=after, limit=LARGEST_PAGE)):
            if ticket.due.level(now) > ticket.level:
                with suppress(Refused):
                    self.tickets.escalate(EscalateTicket(ticket_id=ticket.id, by=actor))
        return now + self.look_every


_TIMED: Final = (CaseState.AWAITING_REVIEW, CaseState.AWAITING_BUYER_RETURN)
"""States that may close by their time."""

D = TypeVar("D", AftersalesCase, Ticket)


def _all(page: Callable[[Position | None], tuple[D, ...]]) -> tuple[D, ...]:
    """Return every row of a list: gathered first, since what is done to them takes them out of it."""
    found, after = list[D](), None
    while rows := page(after):
        found += rows
        after = Position(rows[-1].opened_at, rows[-1].id)
    return tuple(found)


def _pays(gateways: Gateways, shop_id: ShopId) -> bool:
    try:
        return Capability.DECIDE_AFTERSALES in gateways.of(shop_id).capabilities
    except NotConnected:
        return False


def _reply(ask: StandardAftersales) -> AskReply:
    return AskReply(
        refund_no=ask.refund_no, order_no=ask.order_no, amount=ask.refund, version=ask.version, phase=ask.phase
    )


def _to_stock(event: GoodsReceived | ReturnHandedOver) -> tuple[Units, ...]:
    """Return what goes on shelves, each SKU and quality once."""
    sums: dict[tuple[SkuCode, Quality], int] = {}
    for quality, rows in ((Quality.GOOD, event.good), (Quality.DEFECTIVE, event.defective)):
        for _, sku, units in rows:
            sums[(sku, quality)] = sums.get((sku, quality), 0) + units
    return tuple(Units(sku=sku, quality=quality, units=units) for (sku, quality), units in sums.items())
