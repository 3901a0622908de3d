"""What sourcing goes by and what it answered, in dicts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Generic, TypeVar

from attrs import define, field

from oms_adapters.memory.shelves import Shelf
from oms_adapters.memory.work import Work
from oms_app.ports.sourcing import KeptSourcing
from oms_domain.fulfilment.sourcing.records import (
    CarrierNotFound,
    CarrierRecord,
    ShippingRecord,
    StrategyNotFound,
    StrategyRecord,
)
from oms_domain.inventory.stock import WarehouseNotFound
from oms_domain.kernel.identity import OrderId

R = TypeVar("R", CarrierRecord, ShippingRecord, StrategyRecord)


@define
class _Records(Generic[R]):
    work: Work
    shelf: Shelf[R] = field(init=False)

    def find(self, key: str) -> R | None:
        return self.shelf.by_key(key)

    def all(self) -> tuple[R, ...]:
        return tuple(sorted(self.shelf.all(), key=self.shelf.key_of))  # type: ignore[arg-type]

    def save(self, record: R) -> None:
        self.shelf.save(record)


@define
class MemoryCarriers(_Records[CarrierRecord]):
    """All carriers."""

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="carrier",
            stored=self.work.tables.carriers,
            index=self.work.tables.carrier_codes,
            shop_of=lambda record: None,
            key_of=lambda record: record.terms.code,
            not_found=lambda id: CarrierNotFound(carrier=str(id)),
        )


@define
class MemoryShipping(_Records[ShippingRecord]):
    """How warehouses ship."""

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="warehouse_shipping",
            stored=self.work.tables.shipping,
            index=self.work.tables.shipping_warehouses,
            shop_of=lambda record: None,
            key_of=lambda record: record.warehouse,
            not_found=lambda id: WarehouseNotFound(warehouse=str(id)),
        )


@define
class MemoryStrategies(_Records[StrategyRecord]):
    """All named strategies."""

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="sourcing_strategy",
            stored=self.work.tables.strategies,
            index=self.work.tables.strategy_names,
            shop_of=lambda record: None,
            key_of=lambda record: record.terms.name,
            not_found=lambda id: StrategyNotFound(strategy=str(id)),
        )


@define
class MemorySourcings:
    """What sourcing answered for orders."""

    work: Work
    mine: dict[OrderId, KeptSourcing] = field(factory=dict)

    def of(self, order_ids: Collection[OrderId]) -> dict[OrderId, KeptSourcing]:
        with self.work.reading() as tables:
            stored = {
                id: tables.sourcings[id]
                for id in order_ids
                if id in tables.sourcings and self.work.sees(tables.orders[id].shop_id)
            }
        return stored | {id: kept for id, kept in self.mine.items() if id in order_ids}

    def keep(self, kept: KeptSourcing) -> None:
        self.work.write(lambda tables: lambda: tables.sourcings.update({kept.order_id: kept}))
        self.mine[kept.order_id] = kept
