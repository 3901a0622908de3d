"""What sourcing goes by and what it answered: tables, mapping, stores."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from attrs import define, field, frozen

from oms_adapters.db.codec import decode, encode
from oms_adapters.db.orders import sales_order
from oms_adapters.db.types import Id, Instant, Json, document_columns, table, text
from oms_adapters.db.work import Saved, Work
from oms_app.actor import Actor
from oms_app.journal import Head
from oms_app.ports.sourcing import KeptSourcing
from oms_domain.fulfilment.carriers import Carrier
from oms_domain.fulfilment.sourcing import Plan, Shortage, Strategy
from oms_domain.fulfilment.sourcing.records import (
    CarrierRecord,
    ShippingRecord,
    ShippingTerms,
    StrategyRecord,
)
from oms_domain.kernel.identity import OrderId, SkuCode, WarehouseCode

R = TypeVar("R", CarrierRecord, ShippingRecord, StrategyRecord)


def _kept_under(name: str, key: str, length: int) -> sa.Table:
    return table(
        name,
        sa.Column("id", Id, primary_key=True),
        sa.Column(key, text(length), nullable=False, unique=True),
        sa.Column("terms", Json, nullable=False),
        *document_columns(),
    )


carrier = _kept_under("carrier", "code", 32)
warehouse_shipping = _kept_under("warehouse_shipping", "warehouse", 32)
sourcing_strategy = _kept_under("sourcing_strategy", "name", 64)

order_sourcing = table(
    "order_sourcing",
    sa.Column("order_id", Id, sa.ForeignKey("sales_order.id"), primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("strategy", text(64), nullable=False),
    sa.Column("strategy_version", sa.Integer, nullable=False),
    sa.Column("holdings", Json, nullable=False),
    sa.Column("found", Json, nullable=False),
)


@frozen(kw_only=True)
class Kind(Generic[R]):
    """How records of one kind lie in their table."""

    table: sa.Table
    key: str
    record: Callable[[Any, Any], R]  # of a row and its terms
    terms: type
    by_key: sa.Select[Any]
    all: sa.Select[Any]


def _kind(of: sa.Table, key: str, terms: type, record: Callable[[Any, Any], R]) -> Kind[R]:
    by_key = sa.select(of).where(of.c[key] == sa.bindparam("key"))
    return Kind(table=of, key=key, record=record, terms=terms, by_key=by_key, all=sa.select(of).order_by(of.c[key]))


def _facts(row: Any, terms: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "terms": terms,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "version": row.version,
    }


CARRIERS: Final = _kind(carrier, "code", Carrier, lambda row, terms: CarrierRecord(**_facts(row, terms)))
SHIPPING: Final = _kind(
    warehouse_shipping,
    "warehouse",
    ShippingTerms,
    lambda row, terms: ShippingRecord(warehouse=WarehouseCode(row.warehouse), **_facts(row, terms)),
)
STRATEGIES: Final = _kind(sourcing_strategy, "name", Strategy, lambda row, terms: StrategyRecord(**_facts(row, terms)))


def record_row(record: CarrierRecord | ShippingRecord | StrategyRecord) -> dict[str, Any]:
    match record:
        case CarrierRecord():
            name, key = "code", str(record.terms.code)
        case ShippingRecord():
            name, key = "warehouse", str(record.warehouse)
        case StrategyRecord():
            name, key = "name", record.terms.name
    return {
        "id": record.id,
        name: key,
        "terms": encode(record.terms),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


class _Row:
    """A row that is equal to another with the same end of its log: what it says is then the same, too."""

    __slots__ = ("key", "row")

    def __init__(self, row: Any) -> None:
        self.row = row
        self.key = (row.id, row.version, row.log_hash)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Row) and self.key == other.key


@lru_cache(maxsize=1_000)
def _terms(row: _Row, kind: type) -> Any:
    """Read terms once: a tariff may have thousands of rows, and allocation goes by it for every order."""
    return decode(row.row.terms, kind)


def record_of(kind: Kind[R], row: Any) -> R:
    return kind.record(row, _terms(_Row(row), kind.terms))


def kept_of(row: Any) -> KeptSourcing:
    return KeptSourcing(
        order_id=OrderId(row.order_id),
        at=row.at,
        strategy=row.strategy,
        strategy_version=row.strategy_version,
        holdings=tuple(
            (WarehouseCode(place), tuple((SkuCode(sku), units) for sku, units in stock))
            for place, stock in row.holdings
        ),
        found=decode(row.found["plan"], Plan) if "plan" in row.found else decode(row.found["shortage"], Shortage),
    )


def kept_row(kept: KeptSourcing) -> dict[str, Any]:
    name = "plan" if isinstance(kept.found, Plan) else "shortage"
    return {
        "order_id": kept.order_id,
        "at": kept.at,
        "strategy": kept.strategy,
        "strategy_version": kept.strategy_version,
        "holdings": encode(kept.holdings),
        "found": {name: encode(kept.found)},
    }


@define
class RecordStore(Generic[R]):
    """``oms_app.ports.sourcing``: ``Carriers``, ``ShippingSettings`` or ``Strategies`` on a database."""

    work: Work
    kind: Kind[R]
    _all: tuple[R, ...] | None = field(default=None, init=False)

    def find(self, key: str) -> R | None:
        rows = self.work.rows(self.kind.by_key, {"key": key})
        return self._loaded(rows[0]) if rows else None

    def all(self) -> tuple[R, ...]:
        """Read once a transaction."""
        if self._all is None:
            self._all = tuple(self._loaded(row) for row in self.work.rows(self.kind.all))
        return self._all

    def save(self, record: R) -> None:
        name = self.kind.table.name
        self.work.journal.saved(name, record.id, None, record)
        self.work.save(Saved(self.kind.table, record, record_row, (), self.work.loaded.get(record.id)))
        self._all = None

    def _loaded(self, row: Any) -> R:
        found = record_of(self.kind, row)
        name = self.kind.table.name
        self.work.loaded.setdefault(found.id, found)
        self.work.tables[name] = self.kind.table
        self.work.journal.loaded(name, found.id, None, found, Head(row.log_seq, row.log_hash))
        return found


_KEPT = (
    sa.select(order_sourcing, sales_order.c.shop_id)
    .join(sales_order, sales_order.c.id == order_sourcing.c.order_id)
    .where(order_sourcing.c.order_id.in_(sa.bindparam("ids", expanding=True)))
)


@frozen
class KeptSourcingStore:
    """``oms_app.ports.sourcing.KeptSourcings`` on a database."""

    work: Work
    actor: Actor
    mine: dict[OrderId, KeptSourcing] = field(factory=dict, init=False)

    def of(self, order_ids: Collection[OrderId]) -> dict[OrderId, KeptSourcing]:
        if not order_ids:
            return {}
        rows = self.work.rows(_KEPT, {"ids": list(order_ids)})
        found = {OrderId(row.order_id): kept_of(row) for row in rows if self.actor.sees(row.shop_id)}
        return found | {id: kept for id, kept in self.mine.items() if id in order_ids}

    def keep(self, kept: KeptSourcing) -> None:
        self.work.alive()
        first = kept.order_id not in self.mine
        self.mine[kept.order_id] = kept
        if not first:
            return
        id: UUID = kept.order_id

        def send(connection: sa.engine.Connection) -> None:
            row = kept_row(self.mine[kept.order_id])
            connection.execute(order_sourcing.delete().where(order_sourcing.c.order_id == id))
            connection.execute(order_sourcing.insert().values(row))

        self.work.last.append((("order_sourcing", id.hex), send))
