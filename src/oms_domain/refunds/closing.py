"""What a refund means for its order: on the last one it ends, on any other it keeps its state."""

from __future__ import annotations

from oms_domain.orders.states import BEFORE_WAREHOUSE, ORDER_TABLE, OrderMove, OrderState
from oms_domain.refunds.ledger import RefundLedger


def order_ends_by(ledger: RefundLedger, state: OrderState) -> OrderMove | None:
    """Return the move that ends an order whose every line went back in full: closed after shipment, else cancelled.

    None while something is left, or where its state is not ours to end: the warehouse has it (it must stop first), the
    parcel is on its way back, or it is over.
    """
    if not ledger.is_refunded_whole:
        return None
    if OrderMove.REFUND_ALL in ORDER_TABLE[state]:
        return OrderMove.REFUND_ALL
    return OrderMove.CANCEL if state in BEFORE_WAREHOUSE else None
