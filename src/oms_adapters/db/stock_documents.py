"""Stock documents: mapping and store. What a kind has of its own stands in ``content``."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.codec import decode, encode
from oms_adapters.db.stock_tables import stock_document
from oms_adapters.db.work import Saved, Work
from oms_app.journal import Head
from oms_app.ports.stock import StockDocument
from oms_domain.inventory.documents import DocumentKind, StockDocumentNotFound
from oms_domain.inventory.postings import Posting
from oms_domain.inventory.stocktakes import Stocktake
from oms_domain.inventory.transfers import Transfer
from oms_domain.kernel.identity import StockDocumentId

_BY_ID = sa.select(stock_document).where(stock_document.c.id == sa.bindparam("id"))
_BY_REFERENCE = sa.select(stock_document).where(
    stock_document.c.kind == sa.bindparam("kind"), stock_document.c.reference == sa.bindparam("reference")
)

POSTED: Final = "posted"
"""State of a document that is booked when it is made."""

_OWN: Final = frozenset({"id", "number", "kind", "warehouse", "created_at", "updated_at", "version"})


def class_of(kind: DocumentKind) -> type[Posting] | type[Transfer] | type[Stocktake]:
    others: dict[DocumentKind, type[Transfer] | type[Stocktake]] = {
        DocumentKind.TRANSFER: Transfer,
        DocumentKind.STOCKTAKE: Stocktake,
    }
    return others.get(kind, Posting)


def document_of(row: Any) -> StockDocument:
    facts = {
        "id": str(row.id),
        "number": row.number,
        "kind": row.kind,
        "warehouse": row.warehouse,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
        "version": row.version,
    }
    document: StockDocument = decode(row.content | facts, class_of(DocumentKind(row.kind)))
    return document


def state_of(document: StockDocument) -> str:
    return POSTED if isinstance(document, Posting) else str(document.state)


def row_of(document: StockDocument) -> dict[str, Any]:
    content = {name: value for name, value in encode(document).items() if name not in _OWN}
    return {
        "id": document.id,
        "number": document.number,
        "kind": document.kind,
        "state": state_of(document),
        "warehouse": document.warehouse,
        "reference": document.reference or None,
        "content": content,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
    }


@frozen
class StockDocumentStore:
    """``oms_app.ports.stock.StockDocuments`` on a database."""

    work: Work

    def get(self, document_id: StockDocumentId) -> StockDocument:
        if (saved := self.work.saved(document_id)) is not None:
            return saved  # type: ignore[no-any-return]
        rows = self.work.rows(_BY_ID, {"id": document_id})
        if not rows:
            raise StockDocumentNotFound(document_id=document_id)
        return self._loaded(rows[0])

    def by_reference(self, kind: DocumentKind, reference: str) -> StockDocument | None:
        rows = self.work.rows(_BY_REFERENCE, {"kind": kind, "reference": reference})
        return self._loaded(rows[0]) if rows else None

    def save(self, document: StockDocument) -> None:
        self.work.journal.saved("stock_document", document.id, None, document)
        self.work.save(Saved(stock_document, document, row_of, (), self.work.loaded.get(document.id)))

    def _loaded(self, row: Any) -> StockDocument:
        found = document_of(row)
        self.work.loaded.setdefault(found.id, found)
        self.work.tables["stock_document"] = stock_document
        head = Head(row.log_seq, row.log_hash)
        self.work.journal.loaded("stock_document", found.id, None, found, head)
        return found
