"""The read side in SQL: rows for lists, keyset pages by row values, scope built in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.engine import Engines
from oms_adapters.db.errors import translated
from oms_adapters.db.fulfilment import fulfilment_of, fulfilment_order, package
from oms_adapters.db.inventory import level_of, stock
from oms_adapters.db.jobs import PARKED, job
from oms_adapters.db.journal import difference, entry_of, operation_log
from oms_adapters.db.orders import order_of, sales_order, sales_order_line
from oms_adapters.db.platform_orders import platform_order, platform_order_of
from oms_adapters.db.types import Id, Instant
from oms_adapters.db.vault import pii_vault
from oms_app.actor import Actor
from oms_app.ports.transaction import OrderNotFound, PlatformOrderNotFound
from oms_app.queries.rows import (
    COUNT_CAP,
    LAG_S,
    Difference,
    OrderDetail,
    OrderFilter,
    OrderRow,
    ParkedJob,
    PlatformOrderRow,
    Position,
)
from oms_domain.inventory.stock import StockLevel
from oms_domain.kernel.identity import OrderId, PlatformOrderId, ShopId
from oms_domain.kernel.money import Money
from oms_domain.orders.platform_order import Conversion, PlatformOrder
from oms_domain.orders.states import OrderState

_o, _p = sales_order.c, platform_order.c
_LIST_COLUMNS = (
    _o.id,
    _o.number,
    _o.shop_id,
    _o.platform,
    _o.platform_order_no,
    _o.state,
    _o.flags,
    _o.payable,
    _o.paid,
    _o.currency,
    _o.receiver_mask,
    _o.units,
    _o.created_at,
    _o.updated_at,
    _o.version,
)
_PLATFORM_COLUMNS = (
    _p.id,
    _p.number,
    _p.shop_id,
    _p.platform,
    _p.order_no,
    _p.conversion,
    _p.trouble,
    _p.order_id,
    _p.modified_at,
    _p.created_at,
)
_ORDER = sa.select(sales_order).where(_o.id == sa.bindparam("id"))
_LINES = (
    sa.select(sales_order_line)
    .where(sales_order_line.c.order_id == sa.bindparam("id"))
    .order_by(sales_order_line.c.position)
)
_LOG = sa.select(operation_log).where(operation_log.c.document_id == sa.bindparam("id")).order_by(operation_log.c.seq)
_FULFILMENT = sa.select(fulfilment_order).where(fulfilment_order.c.id == sa.bindparam("id"))
_PACKAGES = sa.select(package).where(package.c.fulfilment_id == sa.bindparam("id")).order_by(package.c.position)


@frozen
class SqlQueries:
    """``oms_app.queries.rows.Queries`` on a database."""

    engines: Engines

    def orders(
        self, actor: Actor, wanted: OrderFilter, *, after: Position | None, limit: int, now: datetime
    ) -> tuple[OrderRow, ...]:
        statement = sa.select(*_LIST_COLUMNS).where(*_conditions(actor, wanted)).limit(limit)
        if wanted.updated_after is not None:
            late = now - timedelta(seconds=LAG_S)
            statement = statement.where(_o.updated_at > wanted.updated_after, _o.updated_at <= late)
            statement = statement.order_by(_o.updated_at, _o.id)
            if after is not None:
                statement = statement.where(sa.tuple_(_o.updated_at, _o.id) > _position(after))
        else:
            statement = statement.order_by(_o.created_at.desc(), _o.id.desc())
            if after is not None:
                statement = statement.where(sa.tuple_(_o.created_at, _o.id) < _position(after))
        return tuple(_order_row(row) for row in self._rows(statement))

    def count_orders(self, actor: Actor, wanted: OrderFilter) -> int:
        some = sa.select(_o.id).where(*_conditions(actor, wanted)).limit(COUNT_CAP + 1).subquery()
        return int(self._rows(sa.select(sa.func.count()).select_from(some))[0][0])

    def order(self, actor: Actor, order_id: OrderId) -> OrderDetail:
        parameters = {"id": order_id}
        with translated(), self.engines.read.connect() as connection:
            row = connection.execute(_ORDER, parameters).first()
            if row is None or not actor.sees(row.shop_id):
                raise OrderNotFound(order_id=order_id)
            lines = list(connection.execute(_LINES, parameters))
            log = tuple(entry_of(entry) for entry in connection.execute(_LOG, parameters))
            fulfilment = None
            if row.fulfilment_id:
                key = {"id": row.fulfilment_id}
                parcels = list(connection.execute(_PACKAGES, key))
                fulfilment = fulfilment_of(connection.execute(_FULFILMENT, key).one(), parcels)
        return OrderDetail(order=order_of(row, lines), fulfilment=fulfilment, log=log)

    def order_id_by_number(self, actor: Actor, number: str) -> OrderId | None:
        statement = sa.select(_o.id).where(*_conditions(actor, OrderFilter(number=number)))
        rows = self._rows(statement)
        return OrderId(rows[0].id) if rows else None

    def platform_orders(
        self, actor: Actor, *, conversion: Conversion | None, after: Position | None, limit: int
    ) -> tuple[PlatformOrderRow, ...]:
        statement = sa.select(*_PLATFORM_COLUMNS).where(*_scope(_p.shop_id, actor))
        if conversion is not None:
            statement = statement.where(_p.conversion == conversion)
        if after is not None:
            statement = statement.where(sa.tuple_(_p.created_at, _p.id) < _position(after))
        statement = statement.order_by(_p.created_at.desc(), _p.id.desc()).limit(limit)
        return tuple(_platform_row(row) for row in self._rows(statement))

    def platform_order(self, actor: Actor, platform_order_id: PlatformOrderId) -> PlatformOrder:
        rows = self._rows(sa.select(platform_order).where(_p.id == platform_order_id))
        if not rows or not actor.sees(rows[0].shop_id):
            raise PlatformOrderNotFound(platform_order_id=platform_order_id)
        return platform_order_of(rows[0])

    def differences(self, actor: Actor, *, limit: int) -> tuple[Difference, ...]:
        c = difference.c
        rows = self._rows(sa.select(difference).where(*_scope(c.shop_id, actor)).order_by(c.at, c.id).limit(limit))
        return tuple(
            Difference(
                id=row.id,
                order_id=OrderId(row.order_id),
                shop_id=ShopId(row.shop_id),
                ours=row.ours,
                theirs=row.theirs,
                what=row.what,
                at=row.at,
            )
            for row in rows
        )

    def parked_jobs(self, *, limit: int) -> tuple[ParkedJob, ...]:
        rows = self._rows(sa.select(job).where(job.c.state == PARKED).order_by(job.c.created_at, job.c.id).limit(limit))
        return tuple(
            ParkedJob(
                id=row.id,
                handler=row.handler,
                key=row.key,
                tries=row.tries,
                error=row.error,
                created_at=row.created_at,
            )
            for row in rows
        )

    def stock(self, *, after: tuple[str, str] | None, limit: int) -> tuple[StockLevel, ...]:
        statement = sa.select(stock).order_by(stock.c.sku, stock.c.warehouse).limit(limit)
        if after is not None:
            statement = statement.where(sa.tuple_(stock.c.sku, stock.c.warehouse) > sa.tuple_(*after))
        return tuple(level_of(row) for row in self._rows(statement))

    def state_counts(self, actor: Actor) -> Mapping[OrderState, int]:
        return {state: self.count_orders(actor, OrderFilter(states=(state,))) for state in OrderState}

    def _rows(self, statement: sa.Select[Any]) -> list[Any]:
        with translated(), self.engines.read.connect() as connection:
            return list(connection.execute(statement))


def _scope(column: sa.ColumnElement[Any], actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    if actor.shops is None:
        return ()
    return (column.in_(sorted(actor.shops, key=lambda shop_id: shop_id.bytes)),)


def _conditions(actor: Actor, wanted: OrderFilter) -> tuple[sa.ColumnElement[bool], ...]:
    found: list[sa.ColumnElement[bool]] = list(_scope(_o.shop_id, actor))
    if wanted.shop_id is not None:
        found.append(_o.shop_id == wanted.shop_id)
    if len(wanted.states) == 1:
        found.append(_o.state == wanted.states[0])
    elif wanted.states:
        found.append(_o.state.in_([str(state) for state in wanted.states]))
    if wanted.platform_order_no:
        found.append(_o.platform_order_no == wanted.platform_order_no)
    if wanted.number:
        found.append(_o.number == wanted.number)
    if wanted.flagged is not None:
        found.append(_o.flag_count > 0 if wanted.flagged else _o.flag_count == 0)
    if wanted.phone_digest:
        rows = sa.select(pii_vault.c.id).where(
            sa.or_(pii_vault.c.phone_index == wanted.phone_digest, pii_vault.c.phone4_index == wanted.phone_digest)
        )
        found.append(_o.receiver_id.in_(rows))
    return tuple(found)


def _position(after: Position) -> sa.ColumnElement[Any]:
    return sa.tuple_(sa.literal(after.at, Instant), sa.literal(after.id, Id))


def _order_row(row: Any) -> OrderRow:
    return OrderRow(
        id=OrderId(row.id),
        number=row.number,
        shop_id=ShopId(row.shop_id),
        platform=row.platform,
        platform_order_no=row.platform_order_no,
        state=OrderState(row.state),
        flags=tuple(flag["kind"] for flag in row.flags),
        payable=Money(row.payable, row.currency),
        paid=Money(row.paid, row.currency),
        receiver_mask=row.receiver_mask,
        units=row.units,
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def _platform_row(row: Any) -> PlatformOrderRow:
    return PlatformOrderRow(
        id=PlatformOrderId(row.id),
        number=row.number,
        shop_id=ShopId(row.shop_id),
        platform=row.platform,
        order_no=row.order_no,
        conversion=Conversion(row.conversion),
        reason=row.trouble["reason"] if row.trouble else "",
        order_id=OrderId(row.order_id) if row.order_id else None,
        modified_at=row.modified_at,
        created_at=row.created_at,
    )
