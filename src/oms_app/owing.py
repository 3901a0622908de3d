"""Use cases of what is owed (应退): goods that were paid for will never leave, and nobody has asked for the money.

A case and its refund are made, granted at once: that the goods stay here was decided with the order. Whoever pays does
it as for any other. It follows from where order, cases and ledger stand, so that asking twice makes nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import ClassVar, Final

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.case_commands import CaseAnswer, answer_of
from oms_app.case_flow import CaseFlow, put_refund
from oms_app.case_goods import live
from oms_app.numbering import MoreNumbers, Numbering, NumberPool
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.transactions import Pause, one_transaction, record
from oms_domain.aftersales.case import BY_PLATFORM, BY_SYSTEM, AftersalesCase
from oms_domain.aftersales.claimed import union
from oms_domain.aftersales.states import GIVES_MONEY_BACK, SENDS_GOODS, CaseKind, CaseState
from oms_domain.aftersales.values import AskedBy, CaseLine
from oms_domain.apportionment.units import Runs
from oms_domain.channels.standard import LineRefund
from oms_domain.kernel.identity import CaseId, LineId, OrderId
from oms_domain.kernel.money import Money
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.orders.sub_orders import CLOSED
from oms_domain.refunds.owed import owed
from oms_domain.refunds.proposal import NothingToRefund, Proposal
from oms_domain.refunds.states import RefundState

ASKED_OTHERWISE: Final = "asked for otherwise"
SETTLED_THERE: Final = "closed at the platform"
PAID_BESIDES: Final = "paid_besides"
"""The discrepancy of a cancelled order with services that were paid: no unit carries them; a person gives them back."""
MORE_IS_OWED: Final = "more_is_owed"
"""The discrepancy of a case for less than what its units are owed: the rest is asked for when it ends."""


@frozen(kw_only=True)
class AskOwed:
    """Ask for what an order owes for goods that will never leave. ``reason``: why they do not, as a code."""

    permission: ClassVar[Permission] = Permission.AFTERSALES_WRITE
    order_id: OrderId
    reason: str
    by: Actor


@frozen(kw_only=True)
class OwingService:
    """Use cases of what is owed."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def ask(self, command: AskOwed) -> tuple[CaseAnswer, ...]:
        """Return the cases that were opened; none where nothing is owed that was not asked for.

        What a case is open for is asked for there. Where that is for less, it is shown on it, and the rest is asked
        for when it ends.
        """
        cases = 1
        while True:
            numbers = self.numbering.pool(cases, "A", "E")  # its own short transaction, so before the other one
            try:
                return self._ask(command, numbers)
            except MoreNumbers as more:
                cases = more.count
            finally:
                self.numbering.give_back(numbers)

    @one_transaction
    def _ask(self, command: AskOwed, numbers: NumberPool) -> tuple[CaseAnswer, ...]:
        numbers.start()
        with self.begin(command) as tx:
            flow = CaseFlow(tx=tx, numbers=numbers, new_id=self.new_id, at=self.now(), by=command.by.id)
            answers, orders = [], tuple(live(tx, tx.orders.get(command.order_id)))
            for order in orders:
                if (found := _all_owed(flow, order)) is not None:
                    if not numbers.left("A"):
                        raise MoreNumbers(len(orders))
                    answers.append(answer_of(_opened(flow, order, found, command.reason), None))
                for case in tx.cases.of_order(order.id):
                    _show_rest(flow, order, case)
            tx.commit()  # also where nothing is owed: the job that asked is done
        return tuple(answers)


def is_owed(case: AftersalesCase) -> bool:
    """Whether a case asks for what is owed, and no platform has asked for that yet."""
    return case.is_open and case.asked_by is AskedBy.SYSTEM and not case.platform_refund_no


def give_way(flow: CaseFlow, case: AftersalesCase) -> None:
    """End a case for what is owed, since some of it is asked for otherwise; the rest is asked for anew by itself."""
    flow.settle(case.withdraw(reason=ASKED_OTHERWISE, by=BY_SYSTEM, at=flow.at), before=case)


def settled_there(tx: Transaction, order: SalesOrder, lines: set[LineId], *, at: datetime) -> None:
    """End the cases for what is owed of lines that their platform has closed: it has given the money back itself."""
    for case in tx.cases.of_order(order.id) if lines else ():
        if is_owed(case) and case.refund_id is not None and {line.line_id for line in case.lines} <= lines:
            refund = tx.refunds.get(case.refund_id)
            given_up = refund.close(SETTLED_THERE, by=BY_SYSTEM, at=at)
            put_refund(tx, order, given_up, since=refund, at=at)
            record(tx, tx.cases, case.withdraw(reason=SETTLED_THERE, by=BY_SYSTEM, at=at), since=case)


def open_owed(flow: CaseFlow, like: AftersalesCase, lines: tuple[CaseLine, ...]) -> AftersalesCase:
    """Open a case for units that are owed, beside one that had them."""
    order = flow.tx.orders.get(like.order_id)
    case = evolve(_new(flow, order, lines, reason=like.reason), kind=like.kind)
    return flow.settle(case.opened(at=flow.at), before=None)


def _all_owed(flow: CaseFlow, order: SalesOrder) -> Proposal | None:
    """Return what is owed that nobody has asked for; of a cancelled order with what we have asked for a part of it."""
    flow.tx.refund_ledgers.of(order)  # first: who writes to it meanwhile is in the way of this, a case alone is not
    cases = flow.tx.cases.of_order(order.id)
    found = _owed(flow.tx, order, cases)
    parts = [case for case in cases if is_owed(case)]
    if found is None or not parts or order.state is not OrderState.CANCELLED:
        return found
    for case in parts:
        give_way(flow, case)
    return _owed(flow.tx, order, flow.tx.cases.of_order(order.id))


def _owed(tx: Transaction, order: SalesOrder, cases: Iterable[AftersalesCase]) -> Proposal | None:
    about = [case for case in cases if case.is_open or _given_up_by_us(case) or _sent_anew(case)]
    refunds = [
        refund
        for refund in tx.refunds.of_order(order.id)
        if not refund.after_shipment and refund.state is not RefundState.CLOSED
    ]

    def kept_back(line_id: LineId) -> Runs:
        before = [case for case in about if case.kind is CaseKind.REFUND_BEFORE_SHIPMENT]
        refunded = (run for refund in refunds for want in refund.wants if want.line_id == line_id for run in want.units)
        return union((*_units_of(before, line_id), *refunded))

    return owed(
        order,
        tx.refund_ledgers.of(order),
        asked=lambda line_id: union(_units_of(about, line_id)),
        kept_back=kept_back,
        settled=set(_settled_there(tx, order)),
        freight_goes_back_after=tx.aftersales_terms.of(order.shop_id).freight_after_shipment,
    )


def _given_up_by_us(case: AftersalesCase) -> bool:
    """Whether a person has decided that what was owed does not go back."""
    closed = case.closing is not None and case.closing.by not in (BY_PLATFORM, BY_SYSTEM)
    return case.state is CaseState.CLOSED and case.asked_by is AskedBy.SYSTEM and closed


def _sent_anew(case: AftersalesCase) -> bool:
    """Whether the buyer has got goods instead of money."""
    return case.kind in SENDS_GOODS and case.state is CaseState.SUCCEEDED and case.refunded is None


def _units_of(cases: Iterable[AftersalesCase], line_id: LineId) -> Iterator[tuple[int, int]]:
    return (run for case in cases for line in case.lines if line.line_id == line_id for run in line.units)


def _settled_there(tx: Transaction, order: SalesOrder) -> Iterator[LineId]:
    """Give the lines that their platform has closed or refunded: it gives the money back, and tells of it."""
    ids = {id for id, _ in order.sources if id is not None}
    heard = {each.line_id for entry in tx.refund_ledgers.of(order).standing.values() for each in entry.taken}
    known = {id: each.standard for id, each in tx.platform_orders.get_many(sorted(ids)).items()}
    for line in order.lines:
        source, _ = order.source_of(line)
        standard = known.get(source) if source is not None else None
        if standard is not None:
            there = {each.state for each in standard.lines if each.line_no == line.platform_line_no}
            unheard = line.refund is LineRefund.SUCCEEDED and line.id not in heard
            if standard.state in CLOSED or there & CLOSED or unheard:
                yield line.id


def _opened(flow: CaseFlow, order: SalesOrder, found: Proposal, reason: str) -> AftersalesCase:
    """Open the case with its refund. What had left is reviewed: whether freight goes back is a person's to say."""
    skus = {line.id: line.sku for line in order.lines}
    lines = tuple(CaseLine(line_id=want.line_id, sku=skus[want.line_id], units=want.units) for want in found.now.wants)
    case = _new(flow, order, lines, reason=reason)
    change = case.opened(at=flow.at)
    if case.kind is CaseKind.REFUND_BEFORE_SHIPMENT:
        change = change.then(case.approve(found.amount, cap=found.amount, by=BY_SYSTEM, at=flow.at))
    paid_besides = order.paid - Money(flow.tx.refund_ledgers.of(order).collected_fen, order.paid.currency)
    if order.state is OrderState.CANCELLED and paid_besides.fen:
        told = change.state.differs(PAID_BESIDES, theirs=str(paid_besides), ours="0.00", at=flow.at)
        change = change.then(told)
    return flow.settle(change, before=None, proposal=found)


def _new(flow: CaseFlow, order: SalesOrder, lines: tuple[CaseLine, ...], *, reason: str) -> AftersalesCase:
    left = order.state is OrderState.CLOSED
    return AftersalesCase(
        id=CaseId(flow.new_id()),
        number=flow.numbers.next("A"),
        shop_id=order.shop_id,
        order_id=order.id,
        kind=CaseKind.REFUND_ONLY if left else CaseKind.REFUND_BEFORE_SHIPMENT,
        lines=lines,
        reason=reason,
        asked_by=AskedBy.SYSTEM,
        opened_at=flow.at,
        updated_at=flow.at,
    )


def _show_rest(flow: CaseFlow, order: SalesOrder, case: AftersalesCase) -> None:
    """Show on a case for goods that will never leave that it is for less than they are owed."""
    before = case.kind in GIVES_MONEY_BACK and order.state is OrderState.CANCELLED
    if not case.is_open or not before or case.asked_by is AskedBy.SYSTEM:
        return
    refund = flow.refund(case)
    ours = refund.amount if refund is not None else Money(0, order.payable.currency)
    try:
        all_of_it = flow.proposed(case, order, asked=None).amount
    except NothingToRefund:
        return
    if all_of_it > ours:
        change = case.differs(MORE_IS_OWED, theirs=str(all_of_it), ours=str(ours), at=flow.at)
        flow.settle(change, before=case)
