"""Warehouses and stock documents of one transaction, in memory."""

from __future__ import annotations

from attrs import define, field

from oms_adapters.memory.shelves import Shelf
from oms_adapters.memory.work import Work
from oms_app.ports.stock import StockDocument
from oms_domain.inventory.documents import DocumentKind, StockDocumentNotFound
from oms_domain.inventory.stock import WarehouseNotFound
from oms_domain.inventory.warehouses import Warehouse
from oms_domain.kernel.identity import StockDocumentId, WarehouseCode


@define
class MemoryWarehouses:
    """All warehouses."""

    work: Work
    shelf: Shelf[Warehouse] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="warehouse",
            stored=self.work.tables.warehouses,
            index=self.work.tables.warehouse_codes,
            shop_of=lambda warehouse: None,
            key_of=lambda warehouse: warehouse.code,
            not_found=lambda id: WarehouseNotFound(warehouse=str(id)),
        )

    def by_code(self, code: WarehouseCode) -> Warehouse:
        found = self.shelf.by_key(code)
        if found is None:
            raise WarehouseNotFound(warehouse=code)
        return found

    def all(self) -> tuple[Warehouse, ...]:
        return tuple(sorted(self.shelf.all(), key=lambda warehouse: warehouse.code))

    def save(self, warehouse: Warehouse) -> None:
        self.shelf.save(warehouse)


@define
class MemoryStockDocuments:
    """All stock documents."""

    work: Work
    shelf: Shelf[StockDocument] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="stock_document",
            stored=self.work.tables.stock_documents,
            index=self.work.tables.stock_references,
            shop_of=lambda document: None,
            key_of=lambda document: (document.kind, document.reference) if document.reference else document.id,
            not_found=lambda id: StockDocumentNotFound(document_id=id),
        )

    def get(self, document_id: StockDocumentId) -> StockDocument:
        return self.shelf.get(document_id)

    def by_reference(self, kind: DocumentKind, reference: str) -> StockDocument | None:
        return self.shelf.by_key((kind, reference))

    def save(self, document: StockDocument) -> None:
        self.shelf.save(document)
