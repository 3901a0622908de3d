"""What money that has moved tells us about a case that did not expect it so: discrepancies, for a person."""

from __future__ import annotations

from typing import Final

from oms_domain.aftersales.states import GIVES_MONEY_BACK
from oms_domain.aftersales.states import CaseKind as K
from oms_domain.aftersales.values import Closing, Difference
from oms_domain.kernel.money import Money

UNSECURED: Final = {
    K.REFUND_BEFORE_SHIPMENT: "refunded_before_stop",
    K.RETURN_AND_REFUND: "refunded_before_receipt",
    K.EXCHANGE: "refunded_before_receipt",
    K.REPAIR: "refunded_before_receipt",
    K.VIRTUAL_REFUND: "refunded_before_revocation",
}
"""What it is called when the money went before goods or right were secured. The other kinds have nothing to secure."""


def surprises(
    amount: Money, kind: K, *, approved: bool, refund: Money | None, secured: bool, closed_by_us: Closing | None
) -> tuple[Difference, ...]:
    """Return what a refund that succeeded tells us about ourselves: facts of the case, not of the way it came.

    Args:
        approved: whether the case was granted by us.
        refund: what was granted.
    """
    found: list[tuple[str, str]] = []
    if closed_by_us is not None:
        found.append(("refunded_after_close", str(closed_by_us.how)))
    if kind in UNSECURED and not secured:
        found.append((UNSECURED[kind], str(refund) if approved else "not_approved"))
    granted = refund if approved else None
    if kind not in GIVES_MONEY_BACK and granted is None:
        found.append(("refunded_instead", str(kind)))
    elif granted is not None and granted != amount:
        found.append(("refund", str(granted)))
    return tuple(Difference(what=what, theirs=str(amount), ours=ours) for what, ours in found)
