"""How a shop takes claims: which kind may be asked when, the managed reasons, and the time limits of each state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from attrs import field, frozen

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.limits import Due, TimeLimit
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.channels.standard import OrderKind
from oms_domain.kernel.calendar import ALWAYS, BusinessCalendar
from oms_domain.kernel.identity import LineId
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState

S, K = OrderState, CaseKind

BEFORE_SHIPMENT: Final = frozenset(
    {
        S.AWAITING_ALLOCATION,
        S.BACKORDERED,
        S.AWAITING_CS_REVIEW,
        S.AWAITING_BUSINESS_REVIEW,
        S.AWAITING_RELEASE,
        S.IN_WAREHOUSE,
    }
)
AFTER_SHIPMENT: Final = frozenset({S.SHIPPED, S.SIGNED, S.COMPLETED})
_AFTER_KINDS: Final = frozenset({K.REFUND_ONLY, K.RETURN_AND_REFUND, K.EXCHANGE, K.REISSUE, K.REPAIR})

MAY_ASK: Final[Mapping[OrderState, frozenset[CaseKind]]] = {
    **{state: frozenset({K.REFUND_BEFORE_SHIPMENT}) for state in BEFORE_SHIPMENT},
    **dict.fromkeys(AFTER_SHIPMENT, _AFTER_KINDS),
    # What has left and what has not are asked for apart: the units decide, see ``opening.unshipped_or_shipped``.
    S.PARTIALLY_SHIPPED: _AFTER_KINDS | {K.REFUND_BEFORE_SHIPMENT},
    S.RETURNING: frozenset({K.REFUND_ONLY}),  # it is on its way back: there is nothing more to return
    # Unpaid: the order is cancelled, there is nothing to refund. Over: nothing is left, or its children carry on.
    S.AWAITING_PAYMENT: frozenset(),
    S.CANCELLED: frozenset(),
    S.CLOSED: frozenset(),
    S.SPLIT: frozenset(),
    S.MERGED: frozenset(),
}
"""Order state × kind. Virtual orders have a kind of their own, once paid and until the window closes."""

VIRTUAL_STATES: Final = BEFORE_SHIPMENT | AFTER_SHIPMENT


@frozen(kw_only=True)
class CaseReason:
    """An entry of the managed list of reasons (售后原因). ``kinds``: for which it may be given."""

    code: str
    title: str
    kinds: frozenset[CaseKind] = field(default=frozenset(CaseKind), converter=frozenset)
    needs_evidence: bool = False
    is_retired: bool = False  # still shown on old cases, no longer offered


@frozen(kw_only=True)
class StateLimit:
    """How long a case may stay in a state. ``kinds``: for which; ``closes``: what happens then, else it only climbs."""

    state: CaseState
    limit: TimeLimit
    kinds: frozenset[CaseKind] = field(default=frozenset(CaseKind), converter=frozenset)
    closes: bool = False


_HOUR, _DAY = 60, 24 * 60

DEFAULT_LIMITS: Final = (
    StateLimit(state=CaseState.AWAITING_REVIEW, limit=TimeLimit(minutes=48 * _HOUR, levels=2)),
    StateLimit(state=CaseState.AWAITING_STOP, limit=TimeLimit(minutes=4 * _HOUR, levels=1)),
    StateLimit(state=CaseState.AWAITING_REVOCATION, limit=TimeLimit(minutes=4 * _HOUR, levels=1)),
    StateLimit(state=CaseState.AWAITING_BUYER_RETURN, limit=TimeLimit(minutes=7 * _DAY), closes=True),
    StateLimit(state=CaseState.AWAITING_WAREHOUSE_RECEIPT, limit=TimeLimit(minutes=10 * _DAY, levels=1)),
    StateLimit(state=CaseState.AWAITING_EXCHANGE_SHIPMENT, limit=TimeLimit(minutes=48 * _HOUR, levels=1)),
    StateLimit(state=CaseState.AWAITING_DIFFERENCE, limit=TimeLimit(minutes=3 * _DAY, levels=1)),
    StateLimit(state=CaseState.AWAITING_REFUND, limit=TimeLimit(minutes=24 * _HOUR, levels=2)),
)


@frozen(kw_only=True)
class AftersalesPolicy:
    """How a shop takes claims (售后策略).

    Attributes:
        window_days: days from signing (or completion) in which units may be claimed, where no category says otherwise.
        window_by_line: of lines whose category has a window of its own.
        freight_after_shipment: whether freight goes back although the goods have left.
    """

    window_days: int = 7
    window_by_line: tuple[tuple[LineId, int], ...] = ()
    reasons: tuple[CaseReason, ...] = ()
    limits: tuple[StateLimit, ...] = DEFAULT_LIMITS
    calendar: BusinessCalendar = ALWAYS
    freight_after_shipment: bool = False

    def window_of(self, line_id: LineId) -> int:
        return dict(self.window_by_line).get(line_id, self.window_days)

    def limit_of(self, case: AftersalesCase) -> StateLimit | None:
        """Return the limit of the state that a case is in; the first that fits."""
        return next((each for each in self.limits if each.state is case.state and case.kind in each.kinds), None)

    def due_of(self, case: AftersalesCase, *, since: datetime) -> Due:
        """Return until when somebody must act. ``since``: when the case came into its state."""
        found = self.limit_of(case)
        return found.limit.at_shop(since, self.calendar) if found else Due()

    def closes_on_time_out(self, case: AftersalesCase) -> bool:
        """Whether a case that is overdue is closed by itself; any other only climbs. Not where we have its goods."""
        found = self.limit_of(case)
        return found is not None and found.closes and not case.secured


def kinds_of(order: SalesOrder) -> frozenset[CaseKind]:
    """Return the kinds that may be asked for now, before any look at units and windows."""
    if order.kind is OrderKind.VIRTUAL:
        return frozenset({K.VIRTUAL_REFUND}) if order.state in VIRTUAL_STATES else frozenset()
    return MAY_ASK[order.state]
