"""What a person does at the platform for new goods, since no call of ours does it: open until it is done there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.channels.aftersales import AskState
from oms_domain.kernel.change import Change

AGREE: Final = "agree_at_platform"
CONFIRM_RECEIPT: Final = "confirm_receipt_at_platform"
SHIP: Final = "ship_at_platform"
REFUSE: Final = "refuse_at_platform"

A = AskState
_OVER: Final = frozenset({A.CLOSED, A.SUCCEEDED})
DONE_IN: Final[Mapping[str, frozenset[AskState]]] = {
    AGREE: frozenset({A.AWAITING_RETURN, A.AWAITING_RECEIPT, A.AWAITING_RESHIPMENT, A.AWAITING_BUYER}) | _OVER,
    CONFIRM_RECEIPT: frozenset({A.AWAITING_RESHIPMENT, A.AWAITING_BUYER}) | _OVER,
    SHIP: frozenset({A.AWAITING_BUYER}) | _OVER,
    REFUSE: frozenset({A.REFUSED}) | _OVER,
}
"""Where an ask stands at the platform when the point is done there."""
SEEN: Final = "done at the platform"


def done_there(case: AftersalesCase, state: AskState, *, at: datetime) -> Change[AftersalesCase]:
    """Settle the points that the platform shows as done."""
    change = Change(case)
    for each in case.differences:
        if state in DONE_IN.get(each.what, ()):
            change = change.then(change.state.settle_difference(each.what, reason=SEEN, at=at))
    return change
