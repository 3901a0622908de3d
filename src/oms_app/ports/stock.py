"""Stock as a transaction sees it: warehouses, quantities with their ledger and reservations, stock documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import UUID

from oms_domain.inventory.differences import Holder, StockDifference
from oms_domain.inventory.documents import DocumentKind
from oms_domain.inventory.drift import Drift
from oms_domain.inventory.movements import Movement
from oms_domain.inventory.postings import Posting
from oms_domain.inventory.stock import Handover, Reservation, StockLevel
from oms_domain.inventory.stocktakes import Stocktake
from oms_domain.inventory.transfers import Transfer
from oms_domain.inventory.warehouses import Warehouse
from oms_domain.kernel.identity import LineId, OrderId, SkuCode, StockDocumentId, WarehouseCode

StockDocument = Posting | Transfer | Stocktake


class Warehouses(Protocol):
    """All warehouses. They serve every shop, so every actor sees them."""

    def by_code(self, code: WarehouseCode) -> Warehouse:
        """Raises ``WarehouseNotFound``."""

    def all(self) -> tuple[Warehouse, ...]:
        """Return them by code."""

    def save(self, warehouse: Warehouse) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate`` (code)."""


class StockDocuments(Protocol):
    """All stock documents."""

    def get(self, document_id: StockDocumentId) -> StockDocument:
        """Raises ``StockDocumentNotFound``."""

    def by_reference(self, kind: DocumentKind, reference: str) -> StockDocument | None:
        """Return the document of this kind that others know by this number."""

    def save(self, document: StockDocument) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate`` (reference)."""


class Stock(Protocol):
    """Quantities, reservations and the ledger. Rows are always locked in SKU, warehouse order."""

    def levels(self, warehouse: WarehouseCode, skus: Sequence[SkuCode]) -> dict[SkuCode, StockLevel]:
        """Return what is known now; a SKU that never came in is missing."""

    def everywhere(self, skus: Sequence[SkuCode]) -> dict[WarehouseCode, dict[SkuCode, StockLevel]]:
        """Return what is known now of these SKUs in every warehouse that has a row of one."""

    def reserve(self, order_id: OrderId, reservations: Sequence[Reservation], *, attempt: int = 0) -> None:
        """Hold units, all or none, each line in the warehouse that its reservation names.

        While the order holds any, nothing happens. ``attempt`` counts an order's tries from 1 on: one that was made
        before does nothing either, even if its units have gone back since. 0: a new attempt, whichever it is.
        Raises ``StockMoved`` if the units are not to be had.
        """

    def release(self, order_id: OrderId, lines: Iterable[LineId] | None = None) -> None:
        """Give back what the order, or these lines of it, still hold. Nothing held: nothing."""

    def hand_over(self, handovers: Sequence[Handover]) -> None:
        """Let other orders hold what orders hold now, unit for unit: no quantity changes, nobody else can come between.

        What is not held is not handed over. Raises ``StockMoved`` if it has changed since.
        """

    def consume(self, order_id: OrderId, lines: Iterable[tuple[LineId, int]] | None, *, document: UUID) -> None:
        """Book units as left, out of what is held for these lines (None: all that is held)."""

    def move(self, movements: Iterable[Movement], *, document: UUID) -> None:
        """Enter movements into the ledger and apply them, in their order.

        Raises ``StockBelowReserved``, ``NotThatMany``; ``StockMoved`` if safety stock is not what it was.
        """

    def held_by(self, order_id: OrderId) -> tuple[Reservation, ...]:
        """Return what the order holds, as it was stored before this transaction's own changes, or with them."""

    def places(self, order_id: OrderId) -> tuple[tuple[SkuCode, WarehouseCode], ...]:
        """Return where the order holds units, or held some."""

    def holders(self, sku: SkuCode, warehouse: WarehouseCode, limit: int) -> tuple[Holder, ...]:
        """Return orders that hold units there and are not with a warehouse yet, newest first."""

    def part(self, sku: SkuCode, warehouse: WarehouseCode, buckets: int) -> None:
        """Let the sellable units lie in ``buckets`` parts, 0 in one. Raises ``StockMoved`` if there is no such row."""

    def open_difference(self, difference: StockDifference) -> None:
        """Put a difference on the work list."""

    def difference(self, difference_id: UUID) -> StockDifference:
        """Raises ``DifferenceNotOpen``."""

    def differences(self, sku: SkuCode, warehouse: WarehouseCode) -> tuple[StockDifference, ...]:
        """Return the open differences of a row, oldest first."""

    def settle(self, difference: StockDifference, *, units: int) -> None:
        """Take ``units`` off an open difference; at 0 it is open no longer. Raises ``StockMoved`` if it has changed."""

    def drifts(self) -> tuple[Drift, ...]:
        """Compare every row with its ledger and its reservations."""

    def strays(self) -> tuple[tuple[OrderId, LineId], ...]:
        """Return lines that hold units although their order's state must not, or the line is closed."""

    def repair(self, drift: Drift, *, document: UUID) -> None:
        """Put a row right, and enter it into the ledger. Raises ``StockMoved`` if it has changed since."""
