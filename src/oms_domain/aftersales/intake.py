"""Intake of asks (平台售后转单): a platform's ask becomes a case, and later versions of it are followed.

Where only the platform speaks, a case stands where the platform's newest word puts it, in whatever order its messages
came. Where we have spoken, the two are merged by the table: what the platform decides or pays is a fact, what it has
not heard from us yet does not undo it, and what does not fit is a discrepancy for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import evolve

from oms_domain.aftersales.case import BY_PLATFORM, AftersalesCase
from oms_domain.aftersales.claimed import free_units, union
from oms_domain.aftersales.policy import BEFORE_SHIPMENT
from oms_domain.aftersales.states import ASKS_GOODS_BACK, CASE_TABLES, GIVES_MONEY_BACK, CaseKind, CaseMove, CaseState
from oms_domain.aftersales.values import AGAINST_RULES, AskedBy, CaseLine, Closing
from oms_domain.apportionment.units import Runs, count
from oms_domain.channels.aftersales import AskKind, AskState, PlatformDecision, StandardAftersales
from oms_domain.channels.standard import OrderKind
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import CaseId, LineId, ShopId
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.platform_order import Trouble
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState

A, S, M, K = AskState, CaseState, CaseMove, CaseKind

_KINDS: Final = {
    AskKind.REFUND: K.REFUND_ONLY,
    AskKind.RETURN: K.RETURN_AND_REFUND,
    AskKind.EXCHANGE: K.EXCHANGE,
    AskKind.REPAIR: K.REPAIR,
    AskKind.REISSUE: K.REISSUE,
}
AGREES_AGAIN: Final = "agrees_again"
NO_ORDER: Final = "no_order"
"""The trouble of an ask that came before its order: it is tried again."""
Placed = Callable[[LineId], Runs]
DESCRIPTIVE: Final = ("asked", "reason", "description", "carrier", "tracking_no")


def kind_of(standard: StandardAftersales, order: SalesOrder) -> CaseKind | None:
    """Return the kind of case that an ask is for, or None: the platform's *other* is a person's to judge."""
    if standard.kind is AskKind.REFUND and order.kind is OrderKind.VIRTUAL:
        return K.VIRTUAL_REFUND
    if standard.kind is AskKind.REFUND and (order.state in BEFORE_SHIPMENT or _nothing_has_left(standard, order)):
        return K.REFUND_BEFORE_SHIPMENT
    return _KINDS.get(standard.kind)


def trouble_of(standard: StandardAftersales, order: SalesOrder | None) -> Trouble | None:
    """Return why an ask cannot become a case, or None."""
    if order is None:
        return Trouble(reason=NO_ORDER, field="order_no", why=standard.order_no)
    if kind_of(standard, order) is None:
        return Trouble(reason="unknown_kind", field="kind", why=standard.kind)
    for asked in standard.lines:
        ours = lines_of(order, asked.line_no)
        if not ours:
            return Trouble(reason="no_such_line", field="line_no", why=asked.line_no)
        if asked.quantity > sum(line.quantity for line in ours):
            return Trouble(reason="more_than_ordered", field="quantity", why=asked.line_no)
    return None


def units_of(standard: StandardAftersales, order: SalesOrder, *, owed: Placed, taken: Placed) -> tuple[CaseLine, ...]:
    """Return the units that an ask is for, which names only how many.

    Args:
        owed: units of a line that are owed anyway: an ask is for those before any other.
        taken: units of a line that are in other open cases or refunded.
    """
    return tuple(
        CaseLine(line_id=line.id, sku=line.sku, units=runs)
        for asked in standard.lines
        for line, runs in _runs(lines_of(order, asked.line_no), int(asked.quantity), owed, taken)
    )


def begin(
    standard: StandardAftersales,
    order: SalesOrder,
    *,
    case_id: CaseId,
    number: str,
    shop_id: ShopId,
    lines: tuple[CaseLine, ...],
    objection: Callable[[AftersalesCase], str] = lambda case: "",
    at: datetime,
    **facts: Any,
) -> Change[AftersalesCase]:
    """Open the case of an ask that is free of trouble, and bring it to where the platform is.

    Args:
        lines: the units that it is for, see ``units_of``.
        objection: which of our rules refuses it, see ``opening.objection``; empty: none.
        facts: what the platform does not tell, such as ``return_to``.
    """
    kind = kind_of(standard, order)
    assert kind is not None
    case = AftersalesCase(
        id=case_id,
        number=number,
        shop_id=shop_id,
        order_id=order.id,
        kind=kind,
        lines=lines,
        asked_by=AskedBy.BUYER,
        platform_refund_no=standard.refund_no,
        opened_at=at,
        updated_at=at,
        **_descriptive(standard, kind),
        **facts,
    )
    change = against_rules(case.opened(at=at), objection(case), at)
    return change.then(follow(change.state, standard, at=at))


def against_rules(change: Change[AftersalesCase], rule: str, at: datetime) -> Change[AftersalesCase]:
    """Have a person see that a claim is there although a rule of ours refuses it; empty: none does."""
    return (
        change.then(change.state.differs(AGAINST_RULES, theirs=change.state.kind, ours=rule, at=at)) if rule else change
    )


def follow(case: AftersalesCase, standard: StandardAftersales, *, at: datetime) -> Change[AftersalesCase]:
    """Bring ``case`` up to a newer version of its ask. Whether it is newer is ``platform_aftersales.compare``'s answer.

    A discrepancy in state or kind that is none any more is settled by itself.
    """
    change = Change(case)
    for what in ("kind", "state"):
        bare = evolve(case, differences=tuple(each for each in case.differences if each.what != what))
        if bare != case and not _has(_followed(bare, standard, at).state, what):
            change = change.then(change.state.settle_difference(what, reason=AGREES_AGAIN, at=at))
    return change.then(_followed(change.state, standard, at))


def _followed(case: AftersalesCase, standard: StandardAftersales, at: datetime) -> Change[AftersalesCase]:
    if case.kind is not kind_within(case, standard):
        return case.differs("kind", theirs=standard.kind, ours=case.kind, at=at)
    asks_anew = case.asked != _asked(standard, case.kind)
    change = case.revise(at=at, **_descriptive(standard, case.kind))
    if standard.state is A.SUCCEEDED:
        return _follow_success(change, standard, asks_anew, at)
    if change.state.state is S.SUCCEEDED:
        return change if _may_lag(change.state, standard) else _differs(change, standard, at)
    if standard.decision is PlatformDecision.FOR_SELLER:
        return _close(change, M.PLATFORM_DISMISSES, at)
    if standard.state is A.CLOSED:
        return _close(change, M.WITHDRAW, at)
    if standard.decision is PlatformDecision.FOR_BUYER:
        ordered = change.state.state in (S.AWAITING_STOP, S.AWAITING_REFUND) and not asks_anew
        return change if ordered else change.then(change.state.platform_orders_refund(at=at))
    if standard.state is A.REFUSED:
        return _follow_refusal(change, standard, asks_anew, at)
    return _follow_open(change, standard, asks_anew, at)


def _follow_success(
    change: Change[AftersalesCase], standard: StandardAftersales, asks_anew: bool, at: datetime
) -> Change[AftersalesCase]:
    if change.state.kind in GIVES_MONEY_BACK or standard.refund.fen:
        return change.then(change.state.refund_succeeded(standard.refund, at=at))
    if change.state.state is S.SUCCEEDED:
        return change
    # New goods arrived, says the platform, and we have not sent any.
    return _differs(_follow_open(change, standard, asks_anew, at), standard, at)


def _follow_refusal(
    change: Change[AftersalesCase], standard: StandardAftersales, asks_anew: bool, at: datetime
) -> Change[AftersalesCase]:
    if not _we_spoke(change.state) or asks_anew:
        return _close(change, M.REJECT, at)
    return change if change.state.state is S.CLOSED else _differs(change, standard, at)


def _follow_open(
    change: Change[AftersalesCase], standard: StandardAftersales, asks_anew: bool, at: datetime
) -> Change[AftersalesCase]:
    """Follow an ask that is open at the platform: forward by the table, or back to review where it began anew."""
    target = _target(change.state.kind, standard)
    stays = _we_spoke(change.state) and not asks_anew
    if stays and _reaches(change.state.kind, target, change.state.state):
        return change  # we have gone on, and the platform has not heard of it
    on_the_way = _reaches(change.state.kind, change.state.state, target) and not asks_anew
    if not on_the_way and stays:
        return _differs(change, standard, at)  # closed by us, say, and the platform goes on
    if not on_the_way and change.state.state is not S.AWAITING_REVIEW:
        change = change.then(change.state.ask_again(change.state.asked, at=at))
    if target is not S.AWAITING_REVIEW and change.state.state is S.AWAITING_REVIEW:
        change = change.then(_approved(change.state, at))
    if target is S.AWAITING_WAREHOUSE_RECEIPT and change.state.state is S.AWAITING_BUYER_RETURN:
        change = change.then(change.state.buyer_sends(standard.carrier, standard.tracking_no, at=at))
    return change


def _approved(case: AftersalesCase, at: datetime) -> Change[AftersalesCase]:
    """The seller agreed at the platform, or let its time pass: granted for what was asked, unless our rules refuse it.

    Then a person says here what becomes of it: nothing is sent, and no goods are waited for, on the platform's word.
    """
    if case.rule_against:
        return Change(case)
    refund = case.asked if case.kind in GIVES_MONEY_BACK else None
    if refund is not None and refund.fen <= 0:
        return case.differs("refund", theirs=str(refund), ours="", at=at)
    return case.approve(refund, cap=refund, by=BY_PLATFORM, at=at)


def _close(change: Change[AftersalesCase], how: CaseMove, at: datetime) -> Change[AftersalesCase]:
    """Close a case because the platform did. One that we closed keeps our reason."""
    case = change.state
    if case.state is S.CLOSED:
        by_us = case.closing is not None and case.closing.by != BY_PLATFORM
        closing = case.closing if by_us else Closing(how=how, reason="", by=BY_PLATFORM)
        return change.then(case.revise(closing=closing, at=at))
    if how is M.PLATFORM_DISMISSES:
        return change.then(case.platform_dismisses(at=at))
    return change.then(case.closed_at_platform(how, at=at))


_OPEN_STEPS: Final = {
    A.AWAITING_RETURN: S.AWAITING_BUYER_RETURN,
    A.AWAITING_RECEIPT: S.AWAITING_WAREHOUSE_RECEIPT,
    A.AWAITING_RESHIPMENT: S.AWAITING_WAREHOUSE_RECEIPT,
    A.AWAITING_BUYER: S.AWAITING_WAREHOUSE_RECEIPT,
    A.SUCCEEDED: S.AWAITING_WAREHOUSE_RECEIPT,
}
_SENDING: Final = frozenset({A.AWAITING_RESHIPMENT, A.AWAITING_BUYER, A.SUCCEEDED})
_ONWARD: Final = frozenset(
    {M.APPROVE, M.BUYER_SENDS, M.RECEIVE, M.RECEIVE_UNPAID, M.PAY_DIFFERENCE, M.SHIP_EXCHANGE, M.SHIP_OWING}
)


def _target(kind: CaseKind, standard: StandardAftersales) -> CaseState:
    """Return where the platform sees an ask, in our states; review where the kind has no such step.

    That the goods are back is our warehouse's to say, not the platform's.
    """
    if kind in ASKS_GOODS_BACK:
        return _OPEN_STEPS.get(standard.state, S.AWAITING_REVIEW)
    if kind is K.REISSUE and standard.state in _SENDING:
        return S.AWAITING_EXCHANGE_SHIPMENT
    return S.AWAITING_REVIEW


def _we_spoke(case: AftersalesCase) -> bool:
    """Whether we have approved, closed or received something: the platform may not have heard of it."""
    by_us = case.approved_by not in ("", BY_PLATFORM)
    closed_by_us = case.closing is not None and case.closing.by != BY_PLATFORM
    return by_us or closed_by_us or case.secured


def _reaches(kind: CaseKind, start: CaseState, target: CaseState) -> bool:
    """Whether the ordinary way of a kind leads from one state to another, or they are the same."""
    table, seen, open_ = CASE_TABLES[kind], {start}, [start]
    while open_:
        for move, state in table[open_.pop()].items():
            if move in _ONWARD and state not in seen:
                seen.add(state)
                open_.append(state)
    return target in seen


def _may_lag(case: AftersalesCase, standard: StandardAftersales) -> bool:
    """Whether an ask that is open fits a case that ended well: the new goods are sent, the buyer confirms later."""
    return case.refunded is None and standard.state is not A.CLOSED


def kind_within(case: AftersalesCase, standard: StandardAftersales) -> CaseKind | None:
    """Return the case's kind where the ask is for that, whatever has become of the order meanwhile."""
    if standard.kind is AskKind.REFUND:
        money_only = (K.REFUND_BEFORE_SHIPMENT, K.VIRTUAL_REFUND, K.REFUND_ONLY)
        return case.kind if case.kind in money_only else K.REFUND_ONLY
    return _KINDS.get(standard.kind)


def _asked(standard: StandardAftersales, kind: CaseKind) -> Any:
    return standard.refund if kind in GIVES_MONEY_BACK or standard.refund.fen else None


def _descriptive(standard: StandardAftersales, kind: CaseKind) -> dict[str, Any]:
    facts = (_asked(standard, kind), standard.reason, standard.description, standard.carrier, standard.tracking_no)
    return dict(zip(DESCRIPTIVE, facts, strict=True))


def lines_of(order: SalesOrder, line_no: str) -> tuple[OrderLine, ...]:
    """Return our lines of a sub-order: several where units of it were given up.

    The last part of a bundle stands for it.
    """
    found = tuple(line for line in order.lines if line.platform_line_no == line_no)
    return found[-1:] if any(line.bundle for line in found) else found


def _nothing_has_left(standard: StandardAftersales, order: SalesOrder) -> bool:
    """Whether of an order that left in part everything that is asked for is still here."""
    lines = [line for asked in standard.lines for line in lines_of(order, asked.line_no)]
    return order.state is OrderState.PARTIALLY_SHIPPED and bool(lines) and not any(line.shipped for line in lines)


def _runs(lines: Sequence[OrderLine], units: int, owed: Placed, taken: Placed) -> Iterator[tuple[OrderLine, Runs]]:
    """Give units of lines: first what is owed anyway, then what is free; where that is too little, the first of all."""
    found, left = dict[LineId, Runs](), units
    for line in lines:
        runs = _first(owed(line.id), left)
        found[line.id], left = runs, left - count(runs)
    for line in lines:
        runs = free_units(line.quantity, union((*owed(line.id), *taken(line.id))), left)
        found[line.id], left = union((*found[line.id], *runs)), left - count(runs)
    if left:
        found, left = {}, units
        for line in lines:
            found[line.id] = ((0, min(line.quantity, left)),) if left else ()
            left -= count(found[line.id])
    yield from ((line, found[line.id]) for line in lines if found[line.id])


def _first(runs: Runs, units: int) -> Runs:
    found = []
    for first, stop in runs:
        if take := min(stop - first, units):
            found.append((first, first + take))
        units -= take
    return tuple(found)


def _differs(change: Change[AftersalesCase], standard: StandardAftersales, at: datetime) -> Change[AftersalesCase]:
    return change.then(change.state.differs("state", theirs=standard.state, ours=change.state.state, at=at))


def _has(case: AftersalesCase, what: str) -> bool:
    return any(each.what == what for each in case.differences)
