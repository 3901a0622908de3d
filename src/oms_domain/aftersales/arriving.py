"""What goods that came mean for their case."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from oms_domain.aftersales.case import BY_SYSTEM, AftersalesCase
from oms_domain.aftersales.parting import unclaimed
from oms_domain.aftersales.returns import ReturnOrder, ReturnState
from oms_domain.aftersales.states import CaseState
from oms_domain.kernel.change import Change

UNCLAIMED: Final = "unclaimed_goods"
"""The discrepancy of goods that came and belong to no claim: late, or after the case was closed."""


def arrived(case: AftersalesCase, goods: ReturnOrder, *, at: datetime) -> Change[AftersalesCase]:
    """Let a case go on by what came: once it is all, it is in order or in dispute.

    What was missing may come later and end a dispute. Of a case that waits for nothing only what its units do not
    account for is told: as a discrepancy, for a person.
    """
    if case.state not in _WAITING:
        return _beyond(case, goods, at)
    if not goods.is_complete:
        return Change(case)
    change = Change(case)
    if case.state is CaseState.AWAITING_BUYER_RETURN:  # the parcel came before anybody told of it
        change = case.buyer_sends(case.carrier, case.tracking_no, at=at)
    return change.then(_judged(change.state, goods.in_dispute, at))


def here_already(case: AftersalesCase, goods: ReturnOrder, *, at: datetime) -> Change[AftersalesCase]:
    """Let a case that begins to wait for its goods go on, where an earlier claim has brought them already."""
    if goods.is_complete:
        return arrived(case, goods, at=at)
    on_the_way = goods.tracking_no and goods.state in (ReturnState.SENT, ReturnState.PARTLY_RECEIVED)
    return case.buyer_sends(goods.carrier, goods.tracking_no, at=at) if on_the_way else Change(case)


def _judged(case: AftersalesCase, wrong: str, at: datetime) -> Change[AftersalesCase]:
    if wrong and not case.secured:
        return Change(case) if wrong == case.in_dispute else case.dispute(wrong, at=at)
    return case.accept_goods(by=BY_SYSTEM, at=at) if case.in_dispute else case.receive(at=at)


def _beyond(case: AftersalesCase, goods: ReturnOrder, at: datetime) -> Change[AftersalesCase]:
    found = unclaimed(case, goods)
    theirs = ", ".join(f"{sku} × {units}" for _, sku, units in found)
    return case.differs(UNCLAIMED, theirs=theirs[:100], ours=str(case.state), at=at) if found else Change(case)


_WAITING: Final = frozenset({CaseState.AWAITING_BUYER_RETURN, CaseState.AWAITING_WAREHOUSE_RECEIPT})
