"""Goods that nobody had stopped when their money went back: they are stopped late, or a person takes them back."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.policy import BEFORE_SHIPMENT
from oms_domain.aftersales.states import CaseKind, CaseState
from oms_domain.aftersales.surprises import UNSECURED
from oms_domain.kernel.change import Change
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState

BEFORE_STOP: Final = UNSECURED[CaseKind.REFUND_BEFORE_SHIPMENT]
"""The discrepancy of a refund that went before its goods were stopped."""
SHIPPED_AND_REFUNDED: Final = "shipped_and_refunded"
"""The discrepancy of goods that left although their money is back: a person asks for them, or for the money."""


def awaits_stop(case: AftersalesCase) -> bool:
    """Whether the money has gone and nobody knows yet whether the goods leave; a person may settle that, too."""
    early = any(each.what == BEFORE_STOP for each in case.differences)
    return case.state is CaseState.SUCCEEDED and not case.secured and early


def is_here(case: AftersalesCase, order: SalesOrder) -> bool:
    """Whether any unit of a case is still to leave."""
    if order.state is not OrderState.PARTIALLY_SHIPPED:
        return order.state in BEFORE_SHIPMENT
    shipped = {line.id: line.shipped for line in order.lines}
    return any(line.units[-1][1] > shipped[line.line_id] for line in case.lines)


def stopped_late(case: AftersalesCase, *, at: datetime) -> Change[AftersalesCase]:
    """Nothing leaves any more. That the money went too early stays to be seen."""
    return case.revise(secured=True, at=at)


def left_refunded(case: AftersalesCase, reason: str, *, at: datetime) -> Change[AftersalesCase]:
    """The goods leave, or have left, and the money is back."""
    change = case.settle_difference(BEFORE_STOP, reason=reason, at=at)
    told = change.state.differs(SHIPPED_AND_REFUNDED, theirs=str(case.refunded), ours=reason, at=at)
    return change.then(told)


def paid_too_early(case: AftersalesCase, stands: str, *, at: datetime) -> Change[AftersalesCase]:
    """Money of a claim of another kind went while its goods had not left: they are to be stopped as well."""
    return case.differs(BEFORE_STOP, theirs=str(case.refunded), ours=stands, at=at)
