"""Intake of asks (平台售后): a platform's refunds and returns become cases, and later versions of them are followed.

A message is one transaction: the platform's document, the case, its refund with the ledger, its goods, the order's
flag. Messages come twice, late and in any order; what decides is the platform's own time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import ClassVar, Final

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.case_changing import change_kind
from oms_app.case_flow import LETTERS, CaseFlow, is_under_way
from oms_app.case_opening import ask_of
from oms_app.claims import gone_after
from oms_app.following import live_orders
from oms_app.numbering import Numbering, NumberPool
from oms_app.owing import give_way, is_owed, open_owed
from oms_app.ports.channels import AskRef, ChannelGateway, Gateways, OrderGone
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.ports.vault import Sealed, Sealer
from oms_app.refunds import follow_money
from oms_app.transactions import Pause, one_transaction, record
from oms_domain.aftersales import intake
from oms_domain.aftersales.at_platform import done_there
from oms_domain.aftersales.case import BY_PLATFORM, BY_SYSTEM, AftersalesCase
from oms_domain.aftersales.claimed import common, free_units, taken_units, union
from oms_domain.aftersales.opening import objection
from oms_domain.aftersales.platform_aftersales import PlatformAftersales, compare
from oms_domain.aftersales.spread import PartOfAsk, cases_of, shared, spread
from oms_domain.aftersales.states import CASE_TABLES, GIVES_MONEY_BACK, CaseKind, CaseMove, CaseState
from oms_domain.aftersales.terms import AGENT, REFUND
from oms_domain.aftersales.values import CaseLine
from oms_domain.apportionment.units import Runs, count
from oms_domain.channels.aftersales import AskKind, AskState, AskTranslation, StandardAftersales
from oms_domain.channels.capabilities import Capability
from oms_domain.channels.standard import Platform, UnreadablePayload
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import CaseId, LineId, PlatformAftersalesId, ShopId, VaultId
from oms_domain.orders.intake import Freshness
from oms_domain.orders.platform_order import Trouble
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.proposal import AmountNotPositive, NothingToRefund
from oms_domain.refunds.refund_order import PlatformFact
from oms_domain.refunds.refundable import refundable_now, refunded_units
from oms_domain.refunds.states import PlatformRefundState

AFTERSALES: Final = "aftersales"
OVERLAP: Final = timedelta(minutes=10)
"""Read again on purpose: clocks differ, and platforms store late."""
FIRST_WINDOW: Final = timedelta(days=1)
SETTLED: Final = timedelta(minutes=2)


class AskOutcome(StrEnum):
    """What became of a message."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    EXCEPTION = "exception"


@frozen(kw_only=True)
class AskArrival:
    """A message ready to be stored. ``standard`` None: it cannot be read. ``fetched``: asked for just now."""

    refund_no: str
    order_no: str
    standard: StandardAftersales | None
    raw: Sealed
    trouble: Trouble | None = None
    fetched: bool = False


@frozen(kw_only=True)
class TakeInAsk:
    """Take in a platform's message about an ask."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    shop_id: ShopId
    platform: Platform
    arrival: AskArrival
    by: Actor


@frozen(kw_only=True)
class ConvertAsk:
    """Try to make the case of an ask again (重新转单)."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    platform_aftersales_id: PlatformAftersalesId
    by: Actor


@frozen(kw_only=True)
class AskCommand:
    """An ask about what the platform is to be told of a case."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_READ
    case_id: CaseId
    by: Actor


@frozen(kw_only=True)
class PullAsks:
    """Take in what changed at the platform since the last time. ``since``: from there, whatever the cursor says."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    shop_id: ShopId
    since: datetime | None = None
    by: Actor


@frozen(kw_only=True)
class FetchAsk:
    """Take in one ask as the platform has it now."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    shop_id: ShopId
    refund_no: str
    by: Actor


@frozen(kw_only=True)
class AskAnswer:
    """What became of an ask."""

    outcome: AskOutcome
    id: PlatformAftersalesId
    refund_no: str
    case_id: CaseId | None
    reason: str = ""


@frozen(kw_only=True)
class AskService:
    """Use cases of platforms' aftersales documents."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def take_in(self, command: TakeInAsk) -> AskAnswer:
        """Store a message, and let its case follow; an older one than what is stored changes nothing."""
        return self.numbering.run(lambda numbers: self._take_in(command, numbers), *LETTERS.values(), first=2)

    def convert(self, command: ConvertAsk) -> AskAnswer:
        """Make the case of an ask that could not have one; one that has it stays as it is."""
        return self.numbering.run(lambda numbers: self._convert(command, numbers), *LETTERS.values(), first=2)

    def to_tell(self, command: AskCommand) -> tuple[AftersalesCase, StandardAftersales] | None:
        """Return a case with its platform's newest version, None if it did not come from a platform."""
        with self.begin(command) as tx:
            case = tx.cases.get(command.case_id)
            ask = tx.platform_asks.by_refund_no(case.shop_id, case.platform_refund_no)
        return (case, ask.standard) if case.platform_refund_no and ask and ask.standard else None

    def parts(self, command: AskCommand) -> tuple[AftersalesCase, ...]:
        """Return all cases of the ask that a case is of, the leading one first; mostly it is the only one."""
        with self.begin(command) as tx:
            return parts_of(tx, tx.cases.get(command.case_id))

    # -----------------------------------------------------------------------------------------------------------------

    @one_transaction
    def _take_in(self, command: TakeInAsk, numbers: NumberPool) -> AskAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(AskAnswer):
                return done
            taking = _Taking(self._flow(tx, numbers))
            answer = taking.take(command)
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def _convert(self, command: ConvertAsk, numbers: NumberPool) -> AskAnswer:
        numbers.start()
        with self.begin(command) as tx:
            if done := tx.recall(AskAnswer):
                return done
            ask = tx.platform_asks.get(command.platform_aftersales_id)
            answer = _Taking(self._flow(tx, numbers)).follow(Change(ask), ask, None, AskOutcome.CREATED)
            tx.remember(answer)
            tx.commit()
        return answer

    def _flow(self, tx: Transaction, numbers: NumberPool) -> CaseFlow:
        return CaseFlow(tx=tx, numbers=numbers, new_id=self.new_id, at=self.now(), by=BY_PLATFORM)


@frozen
class _Taking:
    """One message in one transaction."""

    flow: CaseFlow

    def take(self, command: TakeInAsk) -> AskAnswer:
        tx, arrival, at = self.flow.tx, command.arrival, self.flow.at
        known = tx.platform_asks.by_refund_no(command.shop_id, arrival.refund_no)
        if known is None:
            tx.shops.get(command.shop_id)
            tx.vault.put(arrival.raw)
            new = self._new(command)
            return self.follow(new.received(at=at), None, arrival.trouble, AskOutcome.CREATED)
        if arrival.standard is None:
            assert arrival.trouble is not None
            tx.vault.put(arrival.raw)
            record(tx, tx.platform_asks, known.failed(arrival.trouble, at=at))
            return _answer(AskOutcome.EXCEPTION, known, arrival.trouble.reason)
        freshness = compare(known, arrival.standard)
        mended = freshness is Freshness.SAME and known.trouble is not None
        if freshness is Freshness.AMBIGUOUS and not arrival.fetched:
            record(tx, tx.platform_asks, known.heard(arrival.standard, raw=known.raw, at=at), since=known)
            return _answer(AskOutcome.UNCHANGED, known)
        if freshness in (Freshness.OLDER, Freshness.SAME) and not mended:
            return _answer(AskOutcome.UNCHANGED, known)
        tx.vault.put(arrival.raw)
        newer = evolve(known, order_no=arrival.order_no).updated(arrival.standard, raw=arrival.raw.id, at=at)
        return self.follow(newer, known, arrival.trouble, AskOutcome.UPDATED)

    def follow(
        self,
        change: Change[PlatformAftersales],
        since: PlatformAftersales | None,
        trouble: Trouble | None,
        outcome: AskOutcome,
    ) -> AskAnswer:
        """Let the case of a document follow it, or begin."""
        tx, ask, at = self.flow.tx, change.state, self.flow.at
        order, parts = self._placed(ask)
        if ask.standard is not None and trouble is None and not parts:
            trouble = None if ask.case_id else intake.trouble_of(ask.standard, order)
        if trouble is not None or ask.standard is None:
            found = trouble or Trouble(reason="unreadable", field="", why="")
            record(tx, tx.platform_asks, change.then(ask.failed(found, at=at)), since=since)
            return _answer(AskOutcome.EXCEPTION, ask, found.reason)
        if ask.case_id is None:
            assert order is not None
            case = self._begun_in_parts(ask, ask.standard, parts) if parts else self._begun(ask, ask.standard, order)
            change = change.then(ask.converted(case.id, at=at))
        else:
            case = self._followed_in_parts(tx.cases.get(ask.case_id), ask.standard)
            if case.id != ask.case_id:
                change = change.then(ask.converted(case.id, instead_of=ask.case_id, at=at))
        record(tx, tx.platform_asks, change, since=since)
        return _answer(outcome, change.state)

    def _begun_in_parts(
        self, ask: PlatformAftersales, standard: StandardAftersales, parts: Sequence[PartOfAsk]
    ) -> AftersalesCase:
        """Begin a case in each order that has some of an ask, for its share of the amount; return the leading one."""
        tx, lead = self.flow.tx, None
        goods, all_ = ([self._worth(part, with_freight) for part in parts] for with_freight in (False, True))
        amounts = shared(standard.refund, goods if standard.refund.fen <= sum(goods) else all_)
        for part, amount in zip(parts, amounts, strict=True):
            own = evolve(standard, lines=part.lines, refund=amount)
            case = self._begun(ask, own, tx.orders.get(part.order.id), lead=lead)
            lead = lead or case
        assert lead is not None
        return lead

    def _worth(self, part: PartOfAsk, with_freight: bool) -> int:
        """Return what the units of a part may give back, in fen."""
        ledger, left = self.flow.tx.refund_ledgers.of(part.order), 0
        for asked in part.lines:
            units = int(asked.quantity)
            for line in intake.lines_of(part.order, asked.line_no):
                runs = free_units(int(line.quantity), refunded_units(ledger, line.id), units)
                units -= count(runs)
                wants = [RefundUnits(line_id=line.id, units=runs)] if runs else []
                left += refundable_now(ledger, wants, with_freight=with_freight).fen if wants else 0
        return left

    def _followed_in_parts(self, case: AftersalesCase, standard: StandardAftersales) -> AftersalesCase:
        """Let each case of an ask follow it with its own share; return the leading one."""
        parts = parts_of(self.flow.tx, case)
        if len(parts) < 2:
            return self._followed(case, standard)
        amounts = shared(standard.refund, [part.asked.fen if part.asked else 0 for part in parts])
        cases = [
            self._followed(part, evolve(standard, refund=amount)) for part, amount in zip(parts, amounts, strict=True)
        ]
        return cases[0]

    def _begun(
        self,
        ask: PlatformAftersales,
        standard: StandardAftersales,
        order: SalesOrder,
        *,
        lead: AftersalesCase | None = None,
    ) -> AftersalesCase:
        """Begin the case of an ask. What is owed anyway is asked for in one case, whoever asked first."""
        flow, tx = self.flow, self.flow.tx
        # The ledger first: who writes to it meanwhile is in the way of this, whose cases are seen is not.
        ledger = tx.refund_ledgers.of(order)
        cases = tx.cases.of_order(order.id)
        meets = standard.kind is AskKind.REFUND and standard.state not in (AskState.CLOSED, AskState.REFUSED)
        owing = [case for case in cases if meets and is_owed(case)]
        others = [case for case in cases if case not in owing]

        def taken(line_id: LineId) -> Runs:
            return union((*taken_units(others, line_id), *refunded_units(ledger, line_id)))

        lines = intake.units_of(standard, order, owed=lambda line_id: taken_units(owing, line_id), taken=taken)
        owed = self._met(owing, lines)
        if owed is not None:
            return self._agreed(owed, standard)
        terms = tx.aftersales_terms.of(order.shop_id)
        change = intake.begin(
            standard,
            order,
            case_id=CaseId(flow.new_id()),
            number=flow.numbers.next(LETTERS["case"]),
            shop_id=order.shop_id,
            lines=lines,
            objection=lambda case: objection(ask_of(tx, case, order, at=standard.created_at)),
            return_to=terms.return_to,
            return_mask=terms.return_mask,
            send_to=order.receiver.vault_id,
            send_mask=order.receiver.mask,
            linked_to=lead.id if lead else None,
            at=flow.at,
        )
        return self._settled(change, None, standard)

    def _met(self, owing: Sequence[AftersalesCase], lines: tuple[CaseLine, ...]) -> AftersalesCase | None:
        """Take an ask's units out of what is owed; return the case for them, where all of them are owed.

        That is the case that there is, where it is for no others; else a new one, and the old one gives way.
        """
        met = [case for case in owing if any(common(line.units, taken_units([case], line.line_id)) for line in lines)]
        asked = {line.line_id: line.units for line in lines}
        if len(met) == 1 and {line.line_id: line.units for line in met[0].lines} == asked:
            return met[0]
        all_owed = all(common(line.units, taken_units(met, line.line_id)) == line.units for line in lines)
        for case in met:
            give_way(self.flow, case)
        return open_owed(self.flow, met[0], lines) if met and all_owed else None

    def _agreed(self, case: AftersalesCase, standard: StandardAftersales) -> AftersalesCase:
        """Let a case for what is owed follow the ask for it: it is granted, where it asks for no more than that.

        More than an agent may refund is for a person to grant, since whoever pays is asked then.
        """
        flow = self.flow
        known = case.revise(platform_refund_no=standard.refund_no, at=flow.at)
        change = known.then(intake.follow(known.state, standard, at=flow.at))
        case = self._settled(change, case, standard)
        if case.state is not CaseState.AWAITING_REVIEW or case.kind is not CaseKind.REFUND_BEFORE_SHIPMENT:
            return case
        try:
            proposal = flow.proposed(case, flow.tx.orders.get(case.order_id), asked=case.asked)
        except (NothingToRefund, AmountNotPositive):
            return case
        limit = flow.tx.aftersales_terms.of(case.shop_id).most(AGENT, REFUND)
        if proposal.amount != case.asked or (limit is not None and proposal.amount > limit):
            return case
        granted = case.approve(proposal.amount, cap=proposal.refundable, by=BY_SYSTEM, at=flow.at)
        return flow.settle(granted, before=case, proposal=proposal)

    def _followed(self, case: AftersalesCase, standard: StandardAftersales) -> AftersalesCase:
        """Follow a newer version; where the buyer asks for another kind by now, a linked case goes on."""
        flow = self.flow
        before = case
        moved = gone_after(flow.tx, case, at=flow.at)
        case, order = moved.state, flow.tx.orders.get(moved.state.order_id)
        kind = intake.kind_within(case, standard)
        movable = CaseMove.CHANGE_KIND in CASE_TABLES[case.kind][case.state] and not is_under_way(flow.refund(case))
        if kind is not None and kind is not case.kind and movable and standard.state is not AskState.CLOSED:
            real = intake.kind_of(standard, order) or kind
            before = case = change_kind(flow, case, real, replacements={}, by=BY_PLATFORM)
            moved = Change(case)
        change = moved.then(intake.follow(case, standard, at=flow.at))
        change = change.then(done_there(change.state, standard.state, at=flow.at))
        return self._settled(change, before, standard)

    def _settled(
        self, change: Change[AftersalesCase], before: AftersalesCase | None, standard: StandardAftersales
    ) -> AftersalesCase:
        """Store a case as a version of its ask leaves it, and let its order follow what was paid."""
        after = self.flow.settle(change, before=before, fact=_fact(standard, change.state))
        follow_money(self.flow.tx, after, at=self.flow.at)
        return after

    def _placed(self, ask: PlatformAftersales) -> tuple[SalesOrder | None, tuple[PartOfAsk, ...]]:
        """Return the order that an ask without a case is about; where it was split and no order has it all, its parts.

        Units that nobody has asked for and that gave nothing back go before those of which that is not so.
        """
        standard = ask.standard
        live = orders_of(self.flow.tx, ask.shop_id, ask.order_no) if ask.case_id is None else ()
        if standard is None or len(live) < 2 or intake.kind_of(standard, live[0]) is None:
            return next(iter(live), None), ()
        free = partial(self._free, standard)
        fits = [each for each in live if intake.trouble_of(standard, each) is None]
        for each in fits:
            if all(free(each, asked.line_no) >= asked.quantity for asked in standard.lines):
                return each, ()
        parts = spread(standard, live, room=free) or (() if fits else spread(standard, live))
        return (fits or list(live))[0], parts

    def _free(self, standard: StandardAftersales, order: SalesOrder, line_no: str) -> int:
        """Return how many units of a line of an order an ask may be for: in no other case, and not refunded."""
        tx = self.flow.tx
        ledger, cases = tx.refund_ledgers.of(order), tx.cases.of_order(order.id)
        others = [case for case in cases if not (standard.kind is AskKind.REFUND and is_owed(case))]
        return sum(
            int(line.quantity) - count(union((*taken_units(others, line.id), *refunded_units(ledger, line.id))))
            for line in intake.lines_of(order, line_no)
        )

    def _new(self, command: TakeInAsk) -> PlatformAftersales:
        flow, arrival = self.flow, command.arrival
        return PlatformAftersales(
            id=PlatformAftersalesId(flow.new_id()),
            number=flow.numbers.next(LETTERS["ask"]),
            shop_id=command.shop_id,
            platform=command.platform,
            refund_no=arrival.refund_no,
            order_no=arrival.order_no,
            standard=arrival.standard,
            raw=arrival.raw.id,
            created_at=flow.at,
            updated_at=flow.at,
        )


def orders_of(tx: Transaction, shop_id: ShopId, order_no: str) -> tuple[SalesOrder, ...]:
    """Return the orders that have some of a platform's order by now: itself, where it was not split or merged."""
    known = tx.platform_orders.by_order_no(shop_id, [order_no]).get(order_no)
    if known is None or known.order_id is None:
        return ()
    first = tx.orders.get(known.order_id)
    return live_orders(tx, first, known.id) or (first,)


def parts_of(tx: Transaction, case: AftersalesCase) -> tuple[AftersalesCase, ...]:
    """Return the cases of an ask whose units lie in several orders, the leading one first; itself, where there is one.

    Of a case that no platform asked for, or whose order was never split, it is itself.
    """
    ask = tx.platform_asks.by_refund_no(case.shop_id, case.platform_refund_no) if case.platform_refund_no else None
    if ask is None or ask.case_id is None or not tx.orders.get(case.order_id).origins:
        return (case,)
    orders = orders_of(tx, ask.shop_id, ask.order_no)
    found = cases_of([each for order in orders for each in tx.cases.of_order(order.id)], ask.refund_no, ask.case_id)
    return found if case.id in {each.id for each in found} else (case,)


def _fact(standard: StandardAftersales, case: AftersalesCase) -> PlatformFact | None:
    """Return what a version says about the money; None for a kind that moves none, as long as none has moved."""
    if case.kind not in GIVES_MONEY_BACK and case.refunded is None and case.state is not CaseState.AWAITING_REFUND:
        return None
    states = {AskState.SUCCEEDED: PlatformRefundState.SUCCEEDED, AskState.CLOSED: PlatformRefundState.CLOSED}
    return PlatformFact(
        state=states.get(standard.state, PlatformRefundState.PENDING),
        amount=standard.refund,
        modified_at=standard.modified_at,
    )


def _answer(outcome: AskOutcome, ask: PlatformAftersales, reason: str = "") -> AskAnswer:
    return AskAnswer(outcome=outcome, id=ask.id, refund_no=ask.refund_no, case_id=ask.case_id, reason=reason)


# --- pulling ---------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class AskPullService:
    """Pulls asks through the gateway. Calls go out between transactions, never in one."""

    begin: Begin
    now: Clock
    new_id: NewId
    gateways: Gateways
    sealer: Sealer
    asks: AskService
    pause: Pause

    def pull(self, command: PullAsks) -> int:
        """Return how many were taken in. A failure on the way leaves the cursor, so that all comes again."""
        until, gateway = self.now(), self.gateways.of(command.shop_id)
        if Capability.PULL_AFTERSALES not in gateway.capabilities:
            return 0
        taken = 0
        for page in gateway.changed_asks(command.since or self._since(command, until), until):
            for refund_no in self._wanted(command, page):
                taken += self._take(command.shop_id, gateway, refund_no, command.by) is not None
        self._move(command, until)
        return taken

    def fetch(self, command: FetchAsk) -> AskAnswer:
        """Take in one ask anew; what the platform says now wins. Raises ``OrderGone``."""
        answer = self._take(command.shop_id, self.gateways.of(command.shop_id), command.refund_no, command.by)
        if answer is None:
            raise OrderGone(reason="refund_not_given")
        return answer

    def push(self, shop_id: ShopId, gateway: ChannelGateway, raw: bytes, refund_no: str, by: Actor) -> AskAnswer:
        """Take in what came by itself."""
        arrival = self._arrival(shop_id, gateway, raw, refund_no, fetched=False)
        return self.asks.take_in(TakeInAsk(shop_id=shop_id, platform=gateway.platform, arrival=arrival, by=by))

    def _take(self, shop_id: ShopId, gateway: ChannelGateway, refund_no: str, by: Actor) -> AskAnswer | None:
        try:
            raw = gateway.fetch_ask(refund_no)
        except OrderGone:
            return None  # it lists the ask and does not give it
        arrival = self._arrival(shop_id, gateway, raw, refund_no, fetched=True)
        return self.asks.take_in(TakeInAsk(shop_id=shop_id, platform=gateway.platform, arrival=arrival, by=by))

    def _arrival(
        self, shop_id: ShopId, gateway: ChannelGateway, raw: bytes, refund_no: str, *, fetched: bool
    ) -> AskArrival:
        sealed = self.sealer.seal_raw(raw, shop_id=shop_id, id=VaultId(self.new_id()))
        try:
            translation: AskTranslation = gateway.translate_ask(raw)
        except UnreadablePayload as error:
            trouble = Trouble(reason="unreadable", field=error.field, why=error.why)
            return AskArrival(
                refund_no=refund_no, order_no="", standard=None, raw=sealed, trouble=trouble, fetched=fetched
            )
        ask = translation.ask
        return AskArrival(refund_no=ask.refund_no, order_no=ask.order_no, standard=ask, raw=sealed, fetched=fetched)

    @one_transaction
    def _since(self, command: PullAsks, until: datetime) -> datetime:
        with self.begin(command) as tx:
            read_to = tx.cursors.get(command.shop_id, AFTERSALES)
        return read_to - OVERLAP if read_to else until - FIRST_WINDOW

    @one_transaction
    def _wanted(self, command: PullAsks, page: Sequence[AskRef]) -> list[str]:
        with self.begin(command) as tx:
            return [ref.refund_no for ref in page if _is_news(tx, command.shop_id, ref)]

    @one_transaction
    def _move(self, command: PullAsks, to: datetime) -> None:
        with self.begin(command) as tx:
            tx.cursors.move(command.shop_id, AFTERSALES, to)
            tx.commit()


def _is_news(tx: Transaction, shop_id: ShopId, ref: AskRef) -> bool:
    """Whether it is not known as it stands there; just after its time there may be a twin of the same second."""
    known = tx.platform_asks.by_refund_no(shop_id, ref.refund_no)
    return known is None or known.modified_at < ref.modified_at or known.updated_at < ref.modified_at + SETTLED
