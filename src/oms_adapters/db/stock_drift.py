"""The sums that the quantities of stock are compared with: its ledger, its reservations, and the lines of orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import sqlalchemy as sa

from oms_adapters.db.orders import sales_order, sales_order_line
from oms_adapters.db.stock_tables import reservation, stock_ledger, stock_level
from oms_domain.channels.standard import OrderKind
from oms_domain.inventory.drift import Drift, drift
from oms_domain.inventory.movements import COLUMNS
from oms_domain.inventory.stock import StockLevel
from oms_domain.kernel.identity import SkuCode, WarehouseCode
from oms_domain.orders.states import HOLDS_STOCK

Run = Callable[[sa.Select[Any]], Iterable[Any]]

_o, _l = sales_order.c, sales_order_line.c


def _sums(table: sa.Table, name: str, *columns: str) -> sa.Subquery:
    summed = (sa.func.sum(table.c[column]).label(column) for column in columns)
    return sa.select(table.c.sku, table.c.warehouse, *summed).group_by(table.c.sku, table.c.warehouse).subquery(name)


def _drifts() -> sa.Select[Any]:
    """Every place that any of the three knows, with the sums of each."""
    rows = _sums(stock_level, "stands", *COLUMNS)
    entered = _sums(stock_ledger, "entered", *COLUMNS)
    held = _sums(reservation, "held", "held")
    tables = (stock_level, stock_ledger, reservation)
    places = sa.union(*(sa.select(table.c.sku, table.c.warehouse) for table in tables)).subquery("places")

    def at(sums: sa.Subquery) -> sa.ColumnElement[bool]:
        return sa.and_(sums.c.sku == places.c.sku, sums.c.warehouse == places.c.warehouse)

    def number(column: sa.ColumnElement[Any], name: str) -> sa.Label[Any]:
        return sa.func.coalesce(column, 0).label(name)

    return (
        sa.select(
            places.c.sku,
            places.c.warehouse,
            *(number(rows.c[name], f"stands_{name}") for name in COLUMNS),
            *(number(entered.c[name], f"entered_{name}") for name in COLUMNS),
            number(held.c.held, "held"),
        )
        .outerjoin(rows, at(rows))
        .outerjoin(entered, at(entered))
        .outerjoin(held, at(held))
        .order_by(places.c.sku, places.c.warehouse)
    )


DRIFTS: Final = _drifts()

_to_ship = sa.case((_l.is_closed, 0), else_=_l.quantity - _l.shipped - _l.called_off)
_holds = sa.and_(_o.state.in_([str(state) for state in HOLDS_STOCK]), ~_o.external)
_due = sa.case((_holds, _to_ship), else_=0)
WRONG_LINES: Final = (
    sa.select(
        _o.number,
        _o.state,
        _o.id.label("order_id"),
        _l.id.label("line_id"),
        _l.sku,
        _due.label("due"),
        reservation.c.held,
    )
    .join(sales_order_line, _l.order_id == _o.id)
    .outerjoin(reservation, reservation.c.line_id == _l.id)
    .where(sa.func.coalesce(reservation.c.held, 0) != _due, ~sa.and_(_holds, _o.kind == OrderKind.VIRTUAL))
    .order_by(_o.number, _l.id)
)
"""Lines that hold another number of units than their order's state wants."""


def found_drifts(run: Run) -> Iterator[Drift]:
    """Yield the places whose quantities are not what they add up to."""
    for row in run(DRIFTS):
        stands = {name: int(getattr(row, f"stands_{name}")) for name in COLUMNS}
        entered = {name: int(getattr(row, f"entered_{name}")) for name in COLUMNS}
        level = StockLevel(sku=SkuCode(row.sku), warehouse=WarehouseCode(row.warehouse), **stands)
        if (found := drift(level, entered, int(row.held))) is not None:
            yield found
