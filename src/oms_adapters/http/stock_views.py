"""What stock is sent and shown as: lines, documents, levels, entries of the ledger, open differences."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec

from oms_adapters.http.bodies import Body
from oms_adapters.http.views import View
from oms_app.ports.stock import StockDocument
from oms_app.queries.rows import LedgerRow
from oms_domain.inventory.differences import StockDifference
from oms_domain.inventory.documents import LONGEST_REASON, LONGEST_REFERENCE, MOST_LINES, Units
from oms_domain.inventory.movements import COLUMNS
from oms_domain.inventory.postings import Posting
from oms_domain.inventory.stock import Quality, StockLevel
from oms_domain.inventory.stocktakes import Stocktake
from oms_domain.inventory.transfers import Transfer
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.quantity import LARGEST_QUANTITY

LONGEST_CODE: Final = 64
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_CODE)]
Reason = Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)]
Reference = Annotated[str, msgspec.Meta(max_length=LONGEST_REFERENCE)]
SignedUnits = Annotated[int, msgspec.Meta(ge=-LARGEST_QUANTITY, le=LARGEST_QUANTITY)]


class UnitsBody(Body):
    """Units of one SKU and quality. Only an adjustment and other movements may have them below 0."""

    sku: Code
    units: SignedUnits
    quality: Quality = Quality.GOOD


Lines = Annotated[list[UnitsBody], msgspec.Meta(min_length=1, max_length=MOST_LINES)]


def units_of(lines: list[UnitsBody]) -> tuple[Units, ...]:
    """Return checked lines. Raises ``InvalidSku``."""
    return tuple(
        Units(sku=sku_code(line.sku, field=f"lines[{place}].sku"), units=line.units, quality=line.quality)
        for place, line in enumerate(lines)
    )


class LevelView(View):
    """One SKU in one warehouse, in units. ``available`` is what may still be reserved."""

    sku: str
    warehouse: str
    on_hand: int
    reserved: int
    available: int
    defective: int
    safety: int
    locked: int
    in_transit: int
    buckets: int

    @classmethod
    def of(cls, level: StockLevel) -> LevelView:
        return cls(
            sku=level.sku,
            warehouse=level.warehouse,
            on_hand=level.on_hand,
            reserved=level.reserved,
            available=level.available,
            defective=level.defective,
            safety=level.safety,
            locked=level.locked,
            in_transit=level.in_transit,
            buckets=level.buckets,
        )


class LedgerView(View):
    """An entry of the ledger: by how many units each quantity changed."""

    id: UUID
    sku: str
    warehouse: str
    kind: str
    changes: dict[str, int]
    document_id: UUID
    actor: str
    at: datetime

    @classmethod
    def of(cls, row: LedgerRow) -> LedgerView:
        movement = row.movement
        return cls(
            id=row.id,
            sku=movement.sku,
            warehouse=movement.warehouse,
            kind=movement.kind,
            changes={name: getattr(movement, name) for name in COLUMNS if getattr(movement, name)},
            document_id=row.document_id,
            actor=row.actor,
            at=row.at,
        )


class DocumentLineView(View):
    """A line of a stock document. What was sent and came, or was counted and booked, where the kind has that."""

    sku: str
    units: int
    quality: str = Quality.GOOD.value
    came_good: int | None = None
    came_defective: int | None = None
    booked: int | None = None
    difference: int | None = None


class StockDocumentView(View):
    """A stock document. ``state`` is ``posted`` where it is booked when it is made; ``to`` is a transfer's."""

    id: UUID
    number: str
    kind: str
    state: str
    warehouse: str
    to: str | None
    lines: list[DocumentLineView]
    reason: str
    reference: str
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, document: StockDocument) -> StockDocumentView:
        return cls(
            id=document.id,
            number=document.number,
            kind=document.kind,
            state="posted" if isinstance(document, Posting) else document.state,
            warehouse=document.warehouse,
            to=document.to if isinstance(document, Transfer) else None,
            lines=_lines(document),
            reason=document.reason,
            reference=document.reference,
            created_at=document.created_at,
            updated_at=document.updated_at,
            version=document.version,
        )


def _lines(document: StockDocument) -> list[DocumentLineView]:
    match document:
        case Transfer():
            return [
                DocumentLineView(sku=line.sku, units=line.sent, came_good=line.good, came_defective=line.defective)
                for line in document.lines
            ]
        case Stocktake():
            return [
                DocumentLineView(
                    sku=count.sku,
                    units=count.counted,
                    quality=count.quality,
                    booked=count.booked,
                    difference=count.difference,
                )
                for count in document.counts
            ]
        case Posting():
            return [DocumentLineView(sku=line.sku, units=line.units, quality=line.quality) for line in document.lines]


class StockDifferenceView(View):
    """Units that are gone and still stand in the books, locked, because released orders hold them (差异挂账)."""

    id: UUID
    document_id: UUID
    number: str
    kind: str
    sku: str
    warehouse: str
    units: int
    at: datetime

    @classmethod
    def of(cls, difference: StockDifference) -> StockDifferenceView:
        return cls(
            id=difference.id,
            document_id=difference.document_id,
            number=difference.number,
            kind=difference.kind,
            sku=difference.sku,
            warehouse=difference.warehouse,
            units=difference.units,
            at=difference.at,
        )
