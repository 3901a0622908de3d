"""What a step of a case means for its refund, its goods, its replacement and its order.

All of it is stored in the case's own transaction: no reader sees a case that waits for money without a refund that
holds it, or a closed one whose refund still does.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, TypeVar

from attrs import define, evolve

from oms_app.case_goods import live
from oms_app.numbering import NumberPool
from oms_app.orders import give_back
from oms_app.orders import save as save_order
from oms_app.ports.transaction import NewId, Transaction
from oms_app.ports.vault import IndexField
from oms_app.transactions import record
from oms_domain.aftersales.arriving import arrived, here_already
from oms_domain.aftersales.case import BY_PLATFORM, BY_SYSTEM, AftersalesCase
from oms_domain.aftersales.events import CaseRefunded, ReplacementShipped
from oms_domain.aftersales.late_stops import awaits_stop, is_here, paid_too_early, stopped_late
from oms_domain.aftersales.replacement import replacement_order
from oms_domain.aftersales.returns import ReturnLine, ReturnOrder, ReturnState
from oms_domain.aftersales.states import ASKS_GOODS_BACK, GIVES_MONEY_BACK, CaseKind, CaseMove, CaseState
from oms_domain.aftersales.values import AskedBy
from oms_domain.apportionment.units import count
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import LineId, OrderId, RefundId, ReturnOrderId, VaultId
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.flags import FlagKind
from oms_domain.orders.sales_order import PartyRef, SalesOrder
from oms_domain.orders.states import BEFORE_WAREHOUSE, ENDS, OrderState
from oms_domain.orders.stopping import call_off
from oms_domain.refunds.giving_way import in_the_way, released, still_there
from oms_domain.refunds.ledger import RefundLedger
from oms_domain.refunds.placing import RefundUnits
from oms_domain.refunds.proposal import (
    AmountNotPositive,
    FreightRule,
    NothingToRefund,
    Proposal,
    freight_rule,
    propose_goods_first,
)
from oms_domain.refunds.refund_order import PAID_OTHERWISE, PlatformFact, RefundOrder, booked, refund_of
from oms_domain.refunds.states import RefundSource, RefundState

D = TypeVar("D")

LETTERS: Final = {"case": "A", "refund": "E", "return": "R", "ask": "W", "ticket": "N", "order": "S"}
"""First letters of the documents' numbers."""

CASE_CLOSED: Final = "case closed"
GIVEN_UP_GOODS: Final = "replacement"
"""The discrepancy of a case that goes on without new goods which may leave all the same."""
GOODS_AWAITED: Final = frozenset({CaseState.AWAITING_BUYER_RETURN, CaseState.AWAITING_WAREHOUSE_RECEIPT})
GOODS_ON_THE_WAY: Final = frozenset({ReturnState.ASKED_BACK, ReturnState.SENT})
GIVEN_UP: Final = frozenset({RefundState.PROPOSED, RefundState.APPROVED})
NEVER_LEAVES: Final = BEFORE_WAREHOUSE | {OrderState.CANCELLED}
"""Where an order stands that no warehouse works on: flagged, nothing of it can leave."""


def never_leaves(order: SalesOrder) -> bool:
    """Whether nothing of an order can leave as it stands: what was called off at its warehouse might, all the same."""
    return order.state in NEVER_LEAVES and not order.flagged(FlagKind.EARLIER_MAY_SHIP)


def wants_of(case: AftersalesCase) -> tuple[RefundUnits, ...]:
    """Return the units that money is asked for."""
    return tuple(RefundUnits(line_id=line.line_id, units=line.units) for line in case.lines)


def without(ledger: RefundLedger, refund: RefundOrder | None, at: datetime) -> RefundLedger:
    """Return the ledger as if nothing were held for this refund: what it may be changed to."""
    if refund is None or refund.id not in ledger.standing or refund.state is RefundState.SUCCEEDED:
        return ledger
    return ledger.release(refund.id, at=at)


def put_refund(
    tx: Transaction, order: SalesOrder, change: Change[RefundOrder], *, since: RefundOrder | None, at: datetime
) -> None:
    """Store a changed refund with what the ledger says of it: what moved beyond what was paid is shown on it.

    What is only held for others gives way to money that has moved.

    Raises:
        NothingLeft.
    """
    ledger, refund = tx.refund_ledgers.of(order), change.state
    moves = refund.state is RefundState.SUCCEEDED and (since is None or since.state is not RefundState.SUCCEEDED)
    others = _giving_way(tx, ledger, refund, at) if moves else ()
    ledger = booked(released(ledger, others, at), refund, at=at)
    for other in others:
        given = other.give_way(still_there(ledger, other.taken), refund.moved or refund.amount, at=at)
        ledger = booked(ledger, given.state, at=at)
        record(tx, tx.refunds, given, since=other)
        _tell_case(tx, given.state, other, at)
    tx.refund_ledgers.save(ledger)
    entry = ledger.standing.get(refund.id)
    record(tx, tx.refunds, change.then(refund.exceeds(entry.excess_fen if entry else 0, at=at)), since=since)


def _giving_way(tx: Transaction, ledger: RefundLedger, refund: RefundOrder, at: datetime) -> tuple[RefundOrder, ...]:
    """Return the refunds of an order that give way to one that has moved."""
    open_ = [each for each in tx.refunds.of_order(refund.order_id) if each.state in GIVEN_UP and each.id != refund.id]
    moved_fen = refund.moved.fen if refund.moved else 0
    return in_the_way(ledger, refund, moved_fen, open_, at=at)


def _tell_case(tx: Transaction, refund: RefundOrder, before: RefundOrder, at: datetime) -> None:
    """Let the case of a refund that gave way be for no more; what was owed only is settled by that."""
    if refund == before or refund.case_id is None:
        return
    case = tx.cases.get(refund.case_id)
    if not case.is_open or case.refund_id != refund.id:
        return
    if refund.state is RefundState.CLOSED and case.asked_by is AskedBy.SYSTEM:
        record(tx, tx.cases, case.withdraw(reason=PAID_OTHERWISE, by=BY_SYSTEM, at=at), since=case)
        return
    change = Change(case)
    if case.refund is not None and not refund.platform_refund_no:
        change = case.revise(refund=refund.amount, at=at)
    theirs = next(each.theirs for each in refund.differences if each.what == PAID_OTHERWISE)
    told = change.state.differs(PAID_OTHERWISE, theirs=theirs, ours=str(before.amount), at=at)
    record(tx, tx.cases, change.then(told), since=case)


def leaving(change: Change[D], state: D) -> Change[D]:
    """Return a change whose last state is another one: it happened with the last fact."""
    own = change.events[sum(len(events) for _, events in change.earlier) :]
    if own or not change.earlier:
        return Change(state, change.events, change.earlier)
    return Change(state, change.events, (*change.earlier[:-1], (state, change.earlier[-1][1])))


@define(kw_only=True)
class CaseFlow:
    """Keeps what belongs to a case in step with it, in one transaction. ``by``: who acts."""

    tx: Transaction
    numbers: NumberPool
    new_id: NewId
    at: datetime
    by: str

    def settle(
        self,
        change: Change[AftersalesCase],
        *,
        before: AftersalesCase | None,
        proposal: Proposal | None = None,
        fact: PlatformFact | None = None,
    ) -> AftersalesCase:
        """Store a changed case with everything that follows from where it stands; return it as it is stored.

        Args:
            before: the case as it was loaded; None for a new one.
            proposal: what an operator has made of the refund; None: by rule, where one is needed.
            fact: the platform's word about the money, if that is what is new.
        """
        order = self.tx.orders.get(change.state.order_id)
        change = self._back_unclaimed(self._kept_here(self._passed(change, order), before), before)
        case = change.state
        facts: dict[str, Any] = self._goods(case, order) | self._money(case, order, proposal, fact)
        facts |= self._new_goods(case, order, before)
        if before is None or case.state is not before.state or case.due.at is None:
            terms = self.tx.aftersales_terms.of(case.shop_id)
            facts["due"] = terms.policy().due_of(case, since=self.at)
        facts = {name: value for name, value in facts.items() if getattr(case, name) != value}
        if facts and not change.events:
            change = case.revise(at=self.at, **facts)
        elif facts:
            change = leaving(change, evolve(case, **facts))
        record(self.tx, self.tx.cases, change, since=before)
        self._flag(change.state, order)
        return change.state

    def refund(self, case: AftersalesCase) -> RefundOrder | None:
        """Return the case's refund order, if there is one."""
        return self.tx.refunds.get(case.refund_id) if case.refund_id else None

    def proposed(
        self, case: AftersalesCase, order: SalesOrder, *, asked: Money | None, operator_says: bool = False
    ) -> Proposal:
        """Propose a refund by rule, as if nothing were held for the case yet. Raises ``NothingToRefund``."""
        ledger = without(self.tx.refund_ledgers.of(order), self.refund(case), self.at)
        freight = self._freight(case, order, operator_says)
        return propose_goods_first(ledger, wants_of(case), freight=freight, asked_fen=asked.fen if asked else None)

    def give_up(self, refund: RefundOrder, reason: str) -> None:
        """Close a refund that is another's by now."""
        order = self.tx.orders.get(refund.order_id)
        put_refund(self.tx, order, refund.close(reason, by=self.by, at=self.at), since=refund, at=self.at)

    # -----------------------------------------------------------------------------------------------------------------

    def _freight(self, case: AftersalesCase, order: SalesOrder, operator_says: bool) -> FreightRule:
        terms = self.tx.aftersales_terms.of(case.shop_id)
        after = terms.freight_after_shipment
        goes_on = case.asked_by is AskedBy.SYSTEM and order.state is not OrderState.CANCELLED
        if case.kind is CaseKind.REFUND_BEFORE_SHIPMENT and (goes_on or order.state is OrderState.PARTIALLY_SHIPPED):
            return FreightRule.BY_OPERATOR if operator_says else FreightRule.KEPT  # a parcel that leaves uses it
        return freight_rule(order.state, goes_back_after=after, operator_says=operator_says)

    def _passed(self, change: Change[AftersalesCase], order: SalesOrder) -> Change[AftersalesCase]:
        """What no warehouse works on is stopped by its flag alone, and what is owed is for goods that stay.

        Goods that are here need not be waited for.
        """
        stays = (never_leaves(order) and not order.heirs) or change.state.asked_by is AskedBy.SYSTEM
        change = self._paid_too_early(change, order)
        if change.state.state is CaseState.AWAITING_STOP and stays:
            return change.then(change.state.stopped(at=self.at))
        if awaits_stop(change.state) and stays:
            return change.then(stopped_late(change.state, at=self.at))
        if change.state.state is CaseState.AWAITING_BUYER_RETURN and change.state.return_id is not None:
            return change.then(here_already(change.state, self.tx.returns.get(change.state.return_id), at=self.at))
        return change

    def _back_unclaimed(self, change: Change[AftersalesCase], before: AftersalesCase | None) -> Change[AftersalesCase]:
        """Goods that came and that a case gives up are nobody's: a person sees to it. Who refuses them knows."""
        case, goes_on = change.state, (CaseMove.CHANGE_KIND, CaseMove.REJECT)
        given_up = before is not None and before.is_open and case.closing is not None and not case.is_open
        if not given_up or case.return_id is None or case.closing is None or case.closing.how in goes_on:
            return change
        return change.then(arrived(case, self.tx.returns.get(case.return_id), at=self.at))

    def _paid_too_early(self, change: Change[AftersalesCase], order: SalesOrder) -> Change[AftersalesCase]:
        """Money for goods of a claim after shipment went while they were here: they are stopped like any others."""
        other = change.state.kind not in (CaseKind.REFUND_BEFORE_SHIPMENT, CaseKind.VIRTUAL_REFUND)
        paid = any(isinstance(event, CaseRefunded) for event in change.events)
        if not (paid and other and change.state.state is CaseState.SUCCEEDED and is_here(change.state, order)):
            return change
        return change.then(paid_too_early(change.state, str(order.state), at=self.at))

    def _goods(self, case: AftersalesCase, order: SalesOrder) -> dict[str, Any]:
        goods = self.tx.returns.get(case.return_id) if case.return_id else None
        goes_on = case.closing is not None and case.closing.how is CaseMove.CHANGE_KIND  # and says what of the goods
        if case.state is CaseState.CLOSED and goods is not None and goods.state in GOODS_ON_THE_WAY and not goes_on:
            record(self.tx, self.tx.returns, goods.call_off(CASE_CLOSED, at=self.at))
        if case.kind not in ASKS_GOODS_BACK or case.state not in GOODS_AWAITED:
            return {}
        if goods is not None and goods.state is not ReturnState.CALLED_OFF:
            change, since = Change(goods), goods
        else:
            new = self._asked_back(case, order)
            change, since = new.asked(at=self.at), None
        told = bool(case.tracking_no) and case.state is CaseState.AWAITING_WAREHOUSE_RECEIPT
        if told and change.state.state in (*GOODS_ON_THE_WAY, ReturnState.PARTLY_RECEIVED):
            change = change.then(change.state.buyer_sends(case.carrier, case.tracking_no, at=self.at))
        record(self.tx, self.tx.returns, change, since=since)
        return {"return_id": change.state.id}

    def _asked_back(self, case: AftersalesCase, order: SalesOrder) -> ReturnOrder:
        warehouse = order.warehouse or self.tx.shops.get(order.shop_id).policy.warehouse
        lines = tuple(
            ReturnLine(line_id=line.line_id, sku=line.sku, expected=Quantity(count(line.units))) for line in case.lines
        )
        return ReturnOrder(
            id=ReturnOrderId(self.new_id()),
            number=self.numbers.next(LETTERS["return"]),
            case_id=case.id,
            order_id=case.order_id,
            shop_id=case.shop_id,
            warehouse=warehouse,
            lines=lines,
            return_to=case.return_to,
            created_at=self.at,
            updated_at=self.at,
        )

    def _money(
        self, case: AftersalesCase, order: SalesOrder, proposal: Proposal | None, fact: PlatformFact | None
    ) -> dict[str, Any]:
        refund = self.refund(case)
        wanted = (case.is_open and case.kind in GIVES_MONEY_BACK) or case.state is CaseState.AWAITING_REFUND
        if refund is None and not wanted and (fact is None or case.refunded is None):
            return {}
        since = refund
        if refund is None or (wanted and refund.state is RefundState.CLOSED and refund.closed_by != BY_PLATFORM):
            refund, since = self._new_refund(case, order, proposal, fact), None
            change = refund.proposed(at=self.at)
        else:
            change = self._as_asked(case, order, refund, fact)
        if case.platform_refund_no and not change.state.platform_refund_no:
            change = change.then(change.state.asked_at_platform(case.platform_refund_no, at=self.at))
        if fact is not None:
            change = change.then(change.state.hear(fact, at=self.at))
        if wanted and since is not None:
            change = self._reproposed(case, order, change, since, proposal)
        change = change.then(self._in_step(case, change.state, wanted))
        put_refund(self.tx, order, change, since=since, at=self.at)
        return {"refund_id": change.state.id}

    def _as_asked(
        self, case: AftersalesCase, order: SalesOrder, refund: RefundOrder, fact: PlatformFact | None
    ) -> Change[RefundOrder]:
        """Where only the platform has spoken, the amount is what it says now: not what an earlier message said."""
        by_us = case.approved_by not in ("", BY_PLATFORM)
        if fact is None or by_us or refund.asked == fact.amount:
            return Change(refund)
        try:
            found = self.proposed(case, order, asked=fact.amount)
        except (NothingToRefund, AmountNotPositive):
            return Change(refund)
        if refund.state is RefundState.PROPOSED and found.amount != refund.amount:
            return refund.repropose(found, at=self.at)
        if refund.state is RefundState.CLOSED:
            return Change(evolve(refund, amount=found.amount))
        return Change(refund)

    def _in_step(self, case: AftersalesCase, refund: RefundOrder, wanted: bool) -> Change[RefundOrder]:
        """Approve it where the case has come to the money by our word; give it up where the case is closed."""
        by_us = case.approved_by not in ("", BY_PLATFORM)
        if case.state is CaseState.AWAITING_REFUND and refund.state is RefundState.PROPOSED and by_us:
            return refund.approve(by=case.approved_by, at=self.at)
        if not wanted and case.state is CaseState.CLOSED and refund.state in GIVEN_UP:
            by = case.closing.by if case.closing else self.by
            return refund.close(CASE_CLOSED, by=by, at=self.at)
        return Change(refund)

    def _reproposed(
        self,
        case: AftersalesCase,
        order: SalesOrder,
        change: Change[RefundOrder],
        since: RefundOrder,
        proposal: Proposal | None,
    ) -> Change[RefundOrder]:
        """Make it of another amount where an operator said so, or what is asked has changed, or it begins anew."""
        if change.state.state is RefundState.APPROVED and case.state is CaseState.AWAITING_REVIEW:
            change = change.then(change.state.ask_again(at=self.at))
        refund = change.state
        reopened = since.state is not RefundState.PROPOSED
        asked_anew = case.state is CaseState.AWAITING_REVIEW and since.asked != case.asked
        if refund.state is not RefundState.PROPOSED or not (proposal or reopened or asked_anew):
            return change
        try:
            found = proposal or self.proposed(case, order, asked=case.asked)
        except (NothingToRefund, AmountNotPositive):
            # What it held may be another's by now: it holds nothing, and only facts move it.
            return leaving(change, evolve(refund, taken=())) if reopened else change
        if (found.amount, found.taken, found.changed_because) == (refund.amount, refund.taken, refund.changed_because):
            return change
        made = refund.repropose(found, at=self.at)
        asked = Money(found.asked_fen, found.currency) if found.asked_fen is not None else refund.asked
        return change.then(leaving(made, evolve(made.state, asked=asked)))

    def _new_refund(
        self, case: AftersalesCase, order: SalesOrder, proposal: Proposal | None, fact: PlatformFact | None
    ) -> RefundOrder:
        """Return the refund order of a case; of no units' money where they have none left: then only facts move it."""
        asked = case.refund or case.asked or (fact.amount if fact else None)
        facts: dict[str, Any] = {
            "id": RefundId(self.new_id()),
            "number": self.numbers.next(LETTERS["refund"]),
            "shop_id": case.shop_id,
            "order_id": case.order_id,
            "case_id": case.id,
            "platform_order_no": order.platform_order_no,
            "platform_refund_no": case.platform_refund_no,
            "source": RefundSource.PLATFORM if case.platform_refund_no else RefundSource.MANUAL,
            "after_shipment": case.kind is not CaseKind.REFUND_BEFORE_SHIPMENT,
        }
        try:
            found = proposal or self.proposed(case, order, asked=asked)
        except (NothingToRefund, AmountNotPositive):
            nothing = Money(0, order.payable.currency)
            facts |= {"asked_at": case.opened_at, "created_at": self.at, "updated_at": self.at}
            return RefundOrder(amount=asked or nothing, wants=wants_of(case), taken=(), asked=asked, **facts)
        return refund_of(found, asked_at=case.opened_at, at=self.at, **facts)

    def _kept_here(self, change: Change[AftersalesCase], before: AftersalesCase | None) -> Change[AftersalesCase]:
        """New goods of a case that goes on without them do not leave: never both sent and given up, refunded, or sent
        by hand.

        Where somebody outside has them, they are asked to stop, and a person sees to it.
        """
        case = change.state
        waited = before is not None and before.state is CaseState.AWAITING_EXCHANGE_SHIPMENT
        sent = any(isinstance(event, ReplacementShipped) and not event.tracking_no for event in change.events)
        if not waited or case.state is CaseState.AWAITING_EXCHANGE_SHIPMENT or sent or case.replacement_id is None:
            return change
        for new in live(self.tx, self.tx.orders.get(case.replacement_id)):
            change = self._called_off(new, change)
        return change

    def _called_off(self, new: SalesOrder, change: Change[AftersalesCase]) -> Change[AftersalesCase]:
        merged = len(new.origins) > 1  # other goods leave with it: a person takes these out
        if new.state in BEFORE_WAREHOUSE and not merged:
            give_back(self.tx, new, reason=shown_number(change.state), now=lambda: self.at)
            save_order(self.tx, new.cancel(reason=shown_number(change.state), at=self.at))
        elif new.state is not OrderState.CANCELLED:
            case = change.state
            with suppress(Refused):  # it has left, or is stopped already
                if not merged:
                    save_order(self.tx, call_off(new, reason=shown_number(case), by=self.by, at=self.at))
            change = change.then(case.differs(GIVEN_UP_GOODS, theirs=str(new.state), ours=str(case.state), at=self.at))
        return change

    def _new_goods(self, case: AftersalesCase, order: SalesOrder, before: AftersalesCase | None) -> dict[str, Any]:
        """Make the order that sends new goods. What was repaired goes back by hand: it is not in our stock."""
        sends = case.kind in (CaseKind.EXCHANGE, CaseKind.REISSUE)
        if not sends or case.state is not CaseState.AWAITING_EXCHANGE_SHIPMENT:
            return {}
        comes_anew = before is None or before.state is not case.state
        if case.replacement_id is not None and not (comes_anew and self._is_off(case.replacement_id)):
            return {}
        made = replacement_order(
            case,
            order,
            id=OrderId(self.new_id()),
            number=self.numbers.next(LETTERS["order"]),
            line_ids=[LineId(self.new_id()) for _ in case.lines],
            receiver=self._party(case.send_to, order),
            at=self.at,
        )
        save_order(self.tx, made)
        return {"replacement_id": made.state.id}

    def _is_off(self, order_id: OrderId) -> bool:
        """Whether an order will never leave, nor another in its place."""
        return all(each.state is OrderState.CANCELLED for each in live(self.tx, self.tx.orders.get(order_id)))

    def _party(self, vault_id: VaultId | None, order: SalesOrder) -> PartyRef:
        if vault_id is None or vault_id == order.receiver.vault_id:
            return order.receiver
        sealed = self.tx.vault.get(vault_id)
        return PartyRef(vault_id=sealed.id, mask=sealed.mask, digest=sealed.digest(IndexField.WHOLE))

    def _flag(self, case: AftersalesCase, order: SalesOrder) -> None:
        """Keep the order from the warehouse as long as the case is open, but for goods that stay here anyway.

        Where the money went before they were stopped, until that is decided.
        """
        holds = case.is_open or awaits_stop(case)
        mine = [
            flag for flag in order.flags if flag.kind is FlagKind.IN_AFTERSALES and flag.reason == shown_number(case)
        ]
        if holds and not mine and order.state not in ENDS and case.asked_by is not AskedBy.SYSTEM:
            flagged = order.flag(FlagKind.IN_AFTERSALES, reason=shown_number(case), by=self.by, at=self.at)
            save_order(self.tx, flagged)
        elif mine and not holds:
            lifted = order.unflag(
                FlagKind.IN_AFTERSALES, reason=shown_number(case), only=shown_number(case), at=self.at
            )
            save_order(self.tx, lifted)


def shown_number(case: AftersalesCase) -> str:
    """Return a case's number as reasons may hold it: a run of so many digits would be masked like a phone's.

    It tells the flags of an order's cases apart.
    """
    return re.sub(r"([0-9]{4})(?=[0-9])", r"\1.", case.number.replace("-", "."))


def is_under_way(refund: RefundOrder | None) -> bool:
    """Whether nobody may say that its money has not moved."""
    return refund is not None and refund.state in (RefundState.IN_FLIGHT, RefundState.IN_DOUBT)
