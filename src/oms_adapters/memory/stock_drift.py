"""The sums that the quantities of stock are compared with, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from oms_adapters.memory.tables import Place, Tables
from oms_domain.inventory.drift import Drift, drift
from oms_domain.inventory.movements import no_stock
from oms_domain.inventory.stock import ReservationState
from oms_domain.kernel.identity import LineId
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import HOLDS_STOCK


def found_drifts(tables: Tables) -> Iterator[Drift]:
    """Yield the places whose quantities are not what they add up to."""
    entered: dict[Place, Counter[str]] = {}
    held = Counter[Place]()
    for entry in tables.ledger:
        entered.setdefault(entry.movement.place, Counter()).update(entry.movement.changes)
    for rows in tables.reservations.values():
        for row in rows:
            if row.state is ReservationState.LIVE:
                held[row.sku, row.warehouse] += row.quantity
    for place in sorted({*tables.levels, *entered, *held}):
        stands = tables.levels.get(place) or no_stock(*place)
        if (found := drift(stands, entered.get(place, Counter()), held[place])) is not None:
            yield found


def wrong_lines(tables: Tables) -> Iterator[tuple[SalesOrder, OrderLine, int, int]]:
    """Yield lines that hold another number of units than their order's state wants: what is due, and what is held."""
    held = Counter[LineId]()
    for rows in tables.reservations.values():
        for row in rows:
            if row.state is ReservationState.LIVE:
                held[row.line_id] += row.quantity
    for order in tables.orders.values():
        holds = order.state in HOLDS_STOCK and not order.external
        if holds and order.is_virtual:  # needs none
            continue
        for line in order.lines:
            due = line.to_ship if holds else 0
            if held[line.id] != due:
                yield order, line, due, held[line.id]
