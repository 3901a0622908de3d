"""The buyer's payment as a person books it (手工收款): of an order that waits for it, all of what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

from attrs import evolve, frozen

from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.money import Money, total
from oms_domain.kernel.states import next_state
from oms_domain.kernel.text import checked_line
from oms_domain.orders.asks import Ask
from oms_domain.orders.events import OrderPaid
from oms_domain.orders.flags import checked_reason
from oms_domain.orders.moves import check
from oms_domain.orders.states import ORDER_TABLE, OrderMove

if TYPE_CHECKING:
    from oms_domain.orders.sales_order import SalesOrder

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""By how much two clocks that an order's times come from may be apart."""
LONGEST_REFERENCE: Final = 100


@frozen(kw_only=True)
class PaymentDiffers(Refused):
    """It is paid at once: what was paid is not what is due, of the order and the parts that are paid with it."""

    code: ClassVar[str] = "orders.payment_differs"
    due: Money
    paid: Money
    orders: tuple[str, ...]  # numbers


@frozen(kw_only=True)
class InTheFuture(Invalid):
    """An order cannot have been placed or paid at a time that has not come."""

    code: ClassVar[str] = "orders.in_the_future"
    value: datetime


@frozen(kw_only=True)
class PaidBeforePlaced(Invalid):
    """An order cannot have been paid before it was placed."""

    code: ClassVar[str] = "orders.paid_before_placed"
    field: str = "paid_at"
    placed_at: datetime
    paid_at: datetime


def check_times(placed_at: datetime, paid_at: datetime, *, at: datetime) -> None:
    """Raises ``InTheFuture``, ``PaidBeforePlaced``."""
    for name, then in (("placed_at", placed_at), ("paid_at", paid_at)):
        if then > at + CLOCKS_DIFFER:
            raise InTheFuture(field=name, value=then)
    if paid_at < placed_at - CLOCKS_DIFFER:
        raise PaidBeforePlaced(placed_at=placed_at, paid_at=paid_at)


def payment_due(order: SalesOrder) -> Money:
    """Return what is still to be paid of an order that waits for its payment."""
    given_up = total((line.given_up for line in order.lines), order.payable.currency)
    return max(order.payable - given_up - order.paid, Money(0, order.payable.currency))


def pay_by_hand(
    orders: Sequence[SalesOrder], paid: Money, *, paid_at: datetime, reference: str, reason: str, at: datetime
) -> tuple[Change[SalesOrder], ...]:
    """Book one payment of an order, or of all parts of one that was split before it was paid.

    Args:
        orders: at least one; all of them wait for it.
        reference: the number that the payment has with whoever took it.

    Raises:
        PaymentDiffers: it is not all of what is due.
        MoveNotAllowed: one does not wait for a payment.
        InTheFuture, PaidBeforePlaced, InvalidText.
    """
    for order in orders:
        check(order, Ask.PAY)
        check_times(order.placed_at, paid_at, at=at)
    due = total((payment_due(order) for order in orders), paid.currency)
    if paid != due:
        raise PaymentDiffers(due=due, paid=paid, orders=tuple(order.number for order in orders))
    told = {
        "reference": checked_line(reference, field="reference", longest=LONGEST_REFERENCE),
        "reason": checked_reason(reason),
    }
    return tuple(_paid(order, paid_at, told, at) for order in orders)


def _paid(order: SalesOrder, paid_at: datetime, told: dict[str, str], at: datetime) -> Change[SalesOrder]:
    state, paid = next_state(ORDER_TABLE, order.state, OrderMove.PAY), order.paid + payment_due(order)
    event = OrderPaid(order_id=order.id, state=state, paid=paid, at=at, **told)
    return Change(evolve(order, state=state, paid=paid, paid_at=paid_at, updated_at=at), (event,))
