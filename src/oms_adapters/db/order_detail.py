"""All there is of one order, as its page shows it: one statement on PostgreSQL, one for each table elsewhere.

A round trip costs more than what it brings, and each column of an answer costs the driver a description: so
PostgreSQL hands the whole order over as six JSON values. On SQLite a statement is a function call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from oms_adapters.db import driver, json_text
from oms_adapters.db.fulfilment import fulfilment_of, fulfilment_order, package
from oms_adapters.db.journal import entry_of, operation_log
from oms_adapters.db.orders import order_of, sales_order, sales_order_line
from oms_adapters.db.types import Id, Instant, Json
from oms_adapters.db.wms import sending, sending_of
from oms_app.queries.rows import OrderDetail

Parts = tuple[Any, Sequence[Any], Sequence[Any], Any, Sequence[Any], Any]
"""Rows of the order, its lines, its log, its fulfilment order, that one's parcels, and why it is not sent."""

_ORDER: Final = sa.select(sales_order).where(sales_order.c.id == sa.bindparam("id"))
_LINES: Final = (
    sa.select(sales_order_line)
    .where(sales_order_line.c.order_id == sa.bindparam("id"))
    .order_by(sales_order_line.c.position)
)
_LOG: Final = (
    sa.select(operation_log).where(operation_log.c.document_id == sa.bindparam("id")).order_by(operation_log.c.seq)
)
_FULFILMENT: Final = sa.select(fulfilment_order).where(fulfilment_order.c.id == sa.bindparam("id"))
_PACKAGES: Final = sa.select(package).where(package.c.fulfilment_id == sa.bindparam("id")).order_by(package.c.position)

_WAITS: Final = sa.select(sending).where(
    sending.c.fulfilment_id == sa.bindparam("id"), sending.c.waits_since.is_not(None)
)

_AT_ONCE: Final = sa.text("""
    SELECT row_to_json(o),
      (SELECT json_agg(l ORDER BY l.position) FROM sales_order_line l WHERE l.order_id = o.id),
      (SELECT json_agg(e ORDER BY e.seq) FROM operation_log e WHERE e.document_id = o.id),
      (SELECT row_to_json(f) FROM fulfilment_order f WHERE f.id = o.fulfilment_id),
      (SELECT json_agg(p ORDER BY p.position) FROM package p WHERE p.fulfilment_id = o.fulfilment_id),
      (SELECT row_to_json(s) FROM sending s WHERE s.fulfilment_id = o.fulfilment_id AND s.waits_since IS NOT NULL)
    FROM sales_order o WHERE o.id = :id
""")


def order_detail(connection: Connection, dialect: str, order_id: UUID) -> OrderDetail | None:
    """Return the order, None if there is none."""
    at_once = dialect == "postgresql"
    parts = _at_once(connection, order_id) if at_once else _one_by_one(connection, dialect, order_id)
    if parts is None:
        return None
    order, lines, log, fulfilment, packages, waits = parts
    return OrderDetail(
        order=order_of(order, lines),
        fulfilment=fulfilment_of(fulfilment, packages) if fulfilment else None,
        log=tuple(entry_of(entry) for entry in log),
        waits=sending_of(waits) if waits else None,
    )


def _one_by_one(connection: Connection, dialect: str, order_id: UUID) -> Parts | None:
    """On MariaDB a snapshot is asked for: reads outside transactions have one for each statement."""
    if dialect == "mysql":
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    read = partial(driver.rows, connection, dialect)
    try:
        orders, key = read(_ORDER, {"id": order_id}), {"id": order_id}
        if not orders:
            return None
        order, lines, log = orders[0], read(_LINES, key), read(_LOG, key)
        if not order.fulfilment_id:
            return order, lines, log, None, (), None
        key = {"id": order.fulfilment_id}
        waits = next(iter(read(_WAITS, key)), None)
        return order, lines, log, read(_FULFILMENT, key)[0], read(_PACKAGES, key), waits
    finally:
        if dialect == "mysql":
            connection.exec_driver_sql("COMMIT")


def _at_once(connection: Connection, order_id: UUID) -> Parts | None:
    row = connection.execute(_AT_ONCE, {"id": order_id}).first()
    if row is None:
        return None
    order, lines, log, fulfilment, packages, waits = row
    return (
        _read(sales_order, order),
        [_read(sales_order_line, line) for line in lines or ()],
        [_read(operation_log, entry) for entry in log or ()],
        _read(fulfilment_order, fulfilment) if fulfilment else None,
        [_read(package, parcel) for parcel in packages or ()],
        _read(sending, waits) if waits else None,
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


_READERS: Final[dict[type, Callable[[Any], Any]]] = {
    Id: UUID,
    Instant: _instant,
    Json: json_text.decode,
    sa.Date: date.fromisoformat,
}
_TO_READ: Final = {
    table: [(column.name, _READERS[type(column.type)]) for column in table.c if type(column.type) in _READERS]
    for table in (sales_order, sales_order_line, operation_log, fulfilment_order, package, sending)
}
"""Which columns JSON holds as text and we as something else."""


def _read(table: sa.Table, values: dict[str, Any]) -> SimpleNamespace:
    for name, read in _TO_READ[table]:
        if values[name] is not None:
            values[name] = read(values[name])
    return SimpleNamespace(**values)
