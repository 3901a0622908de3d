"""What sourcing goes by, as a transaction sees it: carriers, how warehouses ship, strategies; and what it answered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from attrs import frozen

from oms_domain.fulfilment.sourcing import Sourced
from oms_domain.fulfilment.sourcing.records import CarrierRecord, ShippingRecord, StrategyRecord
from oms_domain.kernel.identity import CarrierCode, OrderId, SkuCode, WarehouseCode

Holdings = tuple[tuple[WarehouseCode, tuple[tuple[SkuCode, int], ...]], ...]


@frozen(kw_only=True)
class KeptSourcing:
    """What sourcing answered for an order the last time, and what it was asked.

    Args:
        strategy, strategy_version: what it went by; version 0 is the built-in one.
        holdings: units that each warehouse could still promise then, of the SKUs in question.
    """

    order_id: OrderId
    at: datetime
    strategy: str
    strategy_version: int
    holdings: Holdings
    found: Sourced


class Carriers(Protocol):
    """All carriers. They serve every shop, so every actor sees them."""

    def find(self, code: CarrierCode) -> CarrierRecord | None: ...

    def all(self) -> tuple[CarrierRecord, ...]:
        """Return them by code."""

    def save(self, record: CarrierRecord, /) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate`` (code)."""


class ShippingSettings(Protocol):
    """How warehouses ship; of one that nobody has said it of there is none."""

    def find(self, warehouse: WarehouseCode) -> ShippingRecord | None: ...

    def all(self) -> tuple[ShippingRecord, ...]:
        """Return them by warehouse."""

    def save(self, record: ShippingRecord, /) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate`` (warehouse)."""


class Strategies(Protocol):
    """All named sourcing strategies."""

    def find(self, name: str) -> StrategyRecord | None: ...

    def all(self) -> tuple[StrategyRecord, ...]:
        """Return them by name."""

    def save(self, record: StrategyRecord, /) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate`` (name)."""


class KeptSourcings(Protocol):
    """What sourcing answered for orders, the newest answer of each."""

    def of(self, order_ids: Collection[OrderId]) -> dict[OrderId, KeptSourcing]:
        """Return those that there are of the actor's orders."""

    def keep(self, kept: KeptSourcing) -> None:
        """Put it in the place of the one before."""
