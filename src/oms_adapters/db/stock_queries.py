"""The read side of stock: levels, the ledger, documents, open differences, warehouses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from oms_adapters.db.inventory import difference_of
from oms_adapters.db.stock_documents import document_of
from oms_adapters.db.stock_rows import level_of
from oms_adapters.db.stock_tables import stock_difference, stock_document, stock_ledger, stock_level, warehouse
from oms_adapters.db.types import Id, Instant
from oms_adapters.db.warehouses import warehouse_of
from oms_app.ports.stock import StockDocument
from oms_app.queries.rows import LedgerRow, Position
from oms_app.queries.stock_scope import Places
from oms_domain.inventory.differences import StockDifference
from oms_domain.inventory.documents import DocumentKind, StockDocumentNotFound
from oms_domain.inventory.movements import COLUMNS, Movement
from oms_domain.inventory.stock import LedgerKind, StockLevel
from oms_domain.inventory.warehouses import Warehouse
from oms_domain.kernel.identity import SkuCode, StockDocumentId, WarehouseCode

Run = Callable[[sa.Select[Any]], Sequence[Any]]


def levels(run: Run, places: Places, after: tuple[str, str] | None, limit: int) -> tuple[StockLevel, ...]:
    """Return a page of levels in these warehouses (None: in all), the parts of each added up."""
    c = stock_level.c
    heads = sa.select(c.sku, c.warehouse).where(c.bucket == 0).order_by(c.sku, c.warehouse).limit(limit)
    heads = heads.where(*_in(c.warehouse, places))
    if after is not None:
        heads = heads.where(sa.tuple_(c.sku, c.warehouse) > sa.tuple_(*after))
    page = heads.subquery("page")
    on_page = sa.and_(page.c.sku == c.sku, page.c.warehouse == c.warehouse)
    parts: dict[tuple[str, str], list[Any]] = {}
    statement = sa.select(stock_level).join(page, on_page).order_by(c.sku, c.warehouse, c.bucket)
    for row in run(statement):
        parts.setdefault((row.sku, row.warehouse), []).append(row)
    return tuple(level_of(rows) for rows in parts.values())


def ledger(
    run: Run,
    places: Places,
    sku: SkuCode | None,
    warehouse_: WarehouseCode | None,
    after: Position | None,
    limit: int,
) -> tuple[LedgerRow, ...]:
    """Return a page of the ledger, newest first."""
    c = stock_ledger.c
    statement = sa.select(stock_ledger).where(*_in(c.warehouse, places)).order_by(c.at.desc(), c.id.desc()).limit(limit)
    if sku is not None:
        statement = statement.where(c.sku == sku)
    if warehouse_ is not None:
        statement = statement.where(c.warehouse == warehouse_)
    if after is not None:
        statement = statement.where(sa.tuple_(c.at, c.id) < _position(after))
    return tuple(_ledger_row(row) for row in run(statement))


def documents(
    run: Run, places: Places, kind: DocumentKind | None, after: Position | None, limit: int
) -> tuple[StockDocument, ...]:
    """Return a page of documents, newest first."""
    c = stock_document.c
    newest = sa.select(stock_document).order_by(c.created_at.desc(), c.id.desc()).limit(limit)
    statement = newest.where(*_in(c.warehouse, places))
    if kind is not None:
        statement = statement.where(c.kind == kind)
    if after is not None:
        statement = statement.where(sa.tuple_(c.created_at, c.id) < _position(after))
    return tuple(document_of(row) for row in run(statement))


def document(run: Run, places: Places, document_id: StockDocumentId) -> StockDocument:
    """Raises ``StockDocumentNotFound``."""
    c = stock_document.c
    rows = run(sa.select(stock_document).where(c.id == document_id, *_in(c.warehouse, places)))
    if not rows:
        raise StockDocumentNotFound(document_id=document_id)
    return document_of(rows[0])


def document_id(run: Run, places: Places, number: str) -> StockDocumentId | None:
    c = stock_document.c
    rows = run(sa.select(c.id).where(c.number == number, *_in(c.warehouse, places)))
    return StockDocumentId(rows[0].id) if rows else None


def differences(run: Run, places: Places, limit: int) -> tuple[StockDifference, ...]:
    """Return the open differences, oldest first."""
    c = stock_difference.c
    there = sa.select(stock_difference).where(c.units > 0, *_in(c.warehouse, places))
    rows = run(there.order_by(c.at, c.id).limit(limit))
    return tuple(difference_of(row) for row in rows)


def warehouses(run: Run) -> tuple[Warehouse, ...]:
    return tuple(warehouse_of(row) for row in run(sa.select(warehouse).order_by(warehouse.c.code)))


def _in(column: sa.Column[Any], places: Places) -> list[sa.ColumnElement[bool]]:
    return [] if places is None else [column.in_(places)]


def _ledger_row(row: Any) -> LedgerRow:
    changes = {name: int(getattr(row, name)) for name in COLUMNS}
    movement = Movement(
        sku=SkuCode(row.sku), warehouse=WarehouseCode(row.warehouse), kind=LedgerKind(row.kind), **changes
    )
    return LedgerRow(id=row.id, movement=movement, document_id=row.document_id, actor=row.actor, at=row.at)


def _position(after: Position) -> sa.ColumnElement[Any]:
    return sa.tuple_(sa.literal(after.at, Instant), sa.literal(after.id, Id))
