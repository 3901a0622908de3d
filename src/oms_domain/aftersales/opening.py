"""Whether a case may be opened: small rules in order, the first that refuses gives the reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.claimed import common, first_numbers, lie_on, taken_units
from oms_domain.aftersales.evidence import MOST_EVIDENCE
from oms_domain.aftersales.policy import AftersalesPolicy, kinds_of
from oms_domain.aftersales.states import ASKS_GOODS_BACK, SENDS_GOODS, CaseKind
from oms_domain.aftersales.values import AskedBy, CaseLine
from oms_domain.kernel.errors import Invalid, OmsError, Refused
from oms_domain.kernel.identity import CaseId, LineId
from oms_domain.kernel.text import checked_text
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState

LONGEST_OVERRIDE: Final = 500


@frozen(kw_only=True)
class KindNotNow(Refused):
    """Where the order stands, this kind cannot be asked; ``allowed`` lists the kinds that can."""

    code: ClassVar[str] = "aftersales.kind_not_now"
    kind: CaseKind
    order_state: OrderState
    allowed: tuple[CaseKind, ...]


@frozen(kw_only=True)
class UnitsNotShippedAlike(Refused):
    """A refund before shipment names units that have left, or another kind names units that have not."""

    code: ClassVar[str] = "aftersales.units_not_shipped_alike"
    kind: CaseKind
    line_id: LineId
    shipped: int


@frozen(kw_only=True)
class WindowClosed(Refused):
    """The days in which it may be asked are over. An operator may open it with a reason."""

    code: ClassVar[str] = "aftersales.window_closed"
    closed_at: datetime
    days: int


@frozen(kw_only=True)
class UnitsInAnotherCase(Refused):
    """Units are in an open case already; ``units`` are the first ten, counted from 0."""

    code: ClassVar[str] = "aftersales.units_in_another_case"
    line_id: LineId
    units: tuple[int, ...]
    case_id: CaseId


@frozen(kw_only=True)
class NoSuchUnits(Invalid):
    """A line is not the order's, or is named twice, or has no such units. Units are half-open runs from 0, in order."""

    code: ClassVar[str] = "aftersales.no_such_units"
    field: str = "lines"
    line_id: LineId
    quantity: int


@frozen(kw_only=True)
class UnknownReason(Invalid):
    """The reason is not on the list, or not for this kind."""

    code: ClassVar[str] = "aftersales.unknown_reason"
    field: str = "reason"
    value: str


@frozen(kw_only=True)
class EvidenceMissing(Invalid):
    """This reason asks for at least one file of evidence; more than 20 are not taken."""

    code: ClassVar[str] = "aftersales.evidence_missing"
    field: str = "evidence"
    reason: str


@frozen(kw_only=True)
class AddressMissing(Invalid):
    """Goods that come back need an address to go to, and so do goods that are sent anew."""

    code: ClassVar[str] = "aftersales.address_missing"
    kind: CaseKind


@frozen(kw_only=True)
class Ask:
    """Everything that decides whether a case may be opened.

    ``ended_at``: when the order was signed or completed, the later of the two; None while it is neither.
    ``open_cases``: the order's own; others have none of its units.
    """

    case: AftersalesCase
    order: SalesOrder
    policy: AftersalesPolicy
    open_cases: tuple[AftersalesCase, ...]
    ended_at: datetime | None
    at: datetime


Rule = Callable[[Ask], OmsError | None]


def units_are_there(ask: Ask) -> OmsError | None:
    """Every line is the order's, is named once, and has these units."""
    lines = {line.id: line.quantity for line in ask.order.lines}
    seen: set[LineId] = set()
    for line in ask.case.lines:
        quantity = int(lines.get(line.line_id, 0))
        if line.line_id in seen or not lie_on(line.units, quantity):
            return NoSuchUnits(line_id=line.line_id, quantity=quantity)
        seen.add(line.line_id)
    return None if ask.case.lines else NoSuchUnits(line_id=ask.order.lines[0].id, quantity=0)


def reason_is_known(ask: Ask) -> OmsError | None:
    """The reason is on the list, for this kind, and has its evidence. An empty list takes any."""
    known = {reason.code: reason for reason in ask.policy.reasons}
    reason = known.get(ask.case.reason)
    if known and (reason is None or reason.is_retired or ask.case.kind not in reason.kinds):
        return UnknownReason(value=ask.case.reason[:40])
    files = len(ask.case.evidence)
    if files > MOST_EVIDENCE or (reason is not None and reason.needs_evidence and not files):
        # What the buyer wrote at the platform has its pictures there.
        by_hand = ask.case.asked_by is AskedBy.CUSTOMER_SERVICE or files
        return EvidenceMissing(reason=ask.case.reason) if by_hand else None
    return None


def goods_have_addresses(ask: Ask) -> OmsError | None:
    """A return says where the goods go, an exchange also where the new ones go."""
    if ask.case.kind in ASKS_GOODS_BACK and ask.case.return_to is None:
        return AddressMissing(field="return_to", kind=ask.case.kind)
    if ask.case.kind in SENDS_GOODS and ask.case.send_to is None:
        return AddressMissing(field="send_to", kind=ask.case.kind)
    return None


def kind_fits_the_order(ask: Ask) -> OmsError | None:
    """Where the order stands, this kind may be asked."""
    allowed = kinds_of(ask.order)
    if ask.case.kind in allowed:
        return None
    return KindNotNow(kind=ask.case.kind, order_state=ask.order.state, allowed=tuple(sorted(allowed)))


def unshipped_or_shipped(ask: Ask) -> OmsError | None:
    """Units that have left are not stopped, units that have not are not returned. The first units leave first."""
    if ask.case.kind is CaseKind.VIRTUAL_REFUND or ask.order.state is not OrderState.PARTIALLY_SHIPPED:
        return None
    before = ask.case.kind is CaseKind.REFUND_BEFORE_SHIPMENT
    shipped = {line.id: line.shipped for line in ask.order.lines}
    for line in ask.case.lines:
        edge = shipped[line.line_id]
        if line.units[0][0] < edge if before else line.units[-1][1] > edge:
            return UnitsNotShippedAlike(kind=ask.case.kind, line_id=line.line_id, shipped=edge)
    return None


def units_are_free(ask: Ask) -> OmsError | None:
    """No unit is in another open case."""
    for other in ask.open_cases:
        if other.is_open and other.id not in (ask.case.id, ask.case.linked_to):
            for line in ask.case.lines:
                if both := common(line.units, taken_units([other], line.line_id)):
                    return UnitsInAnotherCase(line_id=line.line_id, units=first_numbers(both, 10), case_id=other.id)
    return None


def within_the_window(ask: Ask) -> OmsError | None:
    """The shortest window of its lines is open. It opens with signing, and is counted in whole days of 24 hours."""
    if ask.ended_at is None:
        return None
    days = min(ask.policy.window_of(line.line_id) for line in ask.case.lines)
    closed_at = ask.ended_at + timedelta(days=days)
    return WindowClosed(closed_at=closed_at, days=days) if ask.at >= closed_at else None


RULES: Final[tuple[Rule, ...]] = (
    units_are_there,
    reason_is_known,
    goods_have_addresses,
    kind_fits_the_order,
    unshipped_or_shipped,
    units_are_free,
    within_the_window,
)
"""In this order, so that what the asker can put right comes before what time decides."""

CLAIM_RULES: Final[tuple[Rule, ...]] = (kind_fits_the_order, unshipped_or_shipped, units_are_free, within_the_window)
"""What may speak against a claim that is there already: by the platform's word, or because its kind changes."""

OVERRIDABLE: Final = (within_the_window,)
"""What an operator may set aside, with a reason. What is not there, or is in another case, stays refused."""


def refusal_of(ask: Ask, *, by: tuple[Rule, ...] = RULES) -> OmsError | None:
    """Return the first rule's refusal, or None if the case may be opened. ``case.override`` sets the window aside."""
    rules = (rule for rule in by if not (ask.case.override and rule in OVERRIDABLE))
    return next((found for rule in rules if (found := rule(ask)) is not None), None)


def checked(ask: Ask) -> AftersalesCase:
    """Return the case if it may be opened.

    A claim that the platform has taken is a fact: it is opened all the same, and what speaks against it is shown as a
    discrepancy by whoever opens it (``objection``).

    Raises:
        NoSuchUnits, UnknownReason, EvidenceMissing, AddressMissing, KindNotNow, UnitsNotShippedAlike,
        UnitsInAnotherCase, WindowClosed.
    """
    if (refusal := refusal_of(ask)) is not None:
        raise refusal
    return ask.case


def objection(ask: Ask) -> str:
    """Return which rule speaks against a claim that is there already, in the words of the discrepancy; empty: none.

    Of units in another case it is that one's number, of the window when it closed, of units that have left or not the
    first line's, of a kind where the order stands.
    """
    refusal = refusal_of(ask, by=CLAIM_RULES)
    match refusal:
        case None:
            return ""
        case UnitsInAnotherCase():
            why = next(case.number for case in ask.open_cases if case.id == refusal.case_id)
        case WindowClosed():
            why = refusal.closed_at.isoformat()
        case UnitsNotShippedAlike():
            why = next(line.sku for line in ask.case.lines if line.line_id == refusal.line_id)
        case _:
            why = str(ask.order.state)
    return f"{refusal.code}: {why}"


def with_override(case: AftersalesCase, reason: str) -> AftersalesCase:
    """Return the case as an operator may open it after the window, with the reason."""
    text = checked_text(reason, field="override", longest=LONGEST_OVERRIDE, allow_empty=False)
    return evolve(case, override=text)


def _of(case: AftersalesCase, *names: str) -> dict[str, Any]:
    return {name: getattr(case, name) for name in names}


def linked(
    closed: AftersalesCase, kind: CaseKind, *, id: CaseId, number: str, at: datetime, **changes: Any
) -> AftersalesCase:
    """Return the case that goes on for one whose kind changed: same order, units, buyer and platform number.

    Args:
        changes: what differs besides, such as addresses (``send_to``) or lines with a ``replacement``.
    """
    facts: dict[str, Any] = {
        "id": id,
        "number": number,
        "shop_id": closed.shop_id,
        "order_id": closed.order_id,
        "kind": kind,
        "lines": tuple(CaseLine(line_id=line.line_id, sku=line.sku, units=line.units) for line in closed.lines),
        "reason": closed.reason,
        "description": closed.description,
        "evidence": closed.evidence,
        "asked_by": closed.asked_by,
        "asked": closed.asked,
        "responsibility": closed.responsibility,
        "platform_refund_no": closed.platform_refund_no,
        **(_of(closed, "return_to", "return_mask") if kind in ASKS_GOODS_BACK else {}),
        **(_of(closed, "send_to", "send_mask", "send_region") if kind in SENDS_GOODS else {}),
        "override": closed.override,
        "linked_to": closed.id,
        "opened_at": at,
        "updated_at": at,
    }
    return AftersalesCase(**facts | changes)
