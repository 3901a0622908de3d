"""Group buying (拼团): an order does not leave before its group stands, and is called off if that fails in time."""

from __future__ import annotations

from datetime import datetime

from oms_domain.kernel.change import Change
from oms_domain.orders.asks import Ask
from oms_domain.orders.flags import GROUP_FAILED, GROUP_OPEN, FlagKind
from oms_domain.orders.moves import check
from oms_domain.orders.sales_order import SalesOrder


def group_ends(order: SalesOrder) -> datetime | None:
    """Return until when its group must stand, None if it is of none that is open."""
    return next((flag.until for flag in order.flags if flag.is_of_group), None)


def group_stands(order: SalesOrder, *, reason: str, at: datetime) -> Change[SalesOrder]:
    """Let it go on: enough have joined (成团). Raises ``NotFlagged``."""
    check(order, Ask.GROUP_STANDS)
    return order.unflag(FlagKind.HELD, reason=reason, only=GROUP_OPEN, at=at)


def group_fails(order: SalesOrder, *, at: datetime) -> Change[SalesOrder]:
    """Call it off: too few have joined in time, and what was paid goes back."""
    return order.cancel(reason=GROUP_FAILED, at=at)
