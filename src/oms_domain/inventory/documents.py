"""Stock documents (库存单据): what they have in common. Each kind has a letter for its numbers, and its own entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from attrs import frozen

from oms_domain.inventory.movements import Movement
from oms_domain.inventory.stock import Quality
from oms_domain.kernel.change import Event
from oms_domain.kernel.errors import Invalid, NotFound, Refused
from oms_domain.kernel.identity import SkuCode, StockDocumentId, WarehouseCode
from oms_domain.kernel.text import checked_text, mask_digits

MOST_LINES: Final = 500
LONGEST_REASON: Final = 500
LONGEST_REFERENCE: Final = 64


class DocumentKind(StrEnum):
    """What a stock document books (库存单据类型)."""

    PURCHASE_RECEIPT = "purchase_receipt"  # 采购入库单
    PRODUCTION_RECEIPT = "production_receipt"  # 生产入库单
    RETURN_RECEIPT = "return_receipt"  # 退货入库单
    PURCHASE_RETURN = "purchase_return"  # 采购退货单
    SAMPLING = "sampling"  # 抽检单
    DAMAGE = "damage"  # 报损单
    LOCK = "lock"  # 锁定单
    UNLOCK = "unlock"  # 解锁单
    SAFETY = "safety"  # 安全库存单
    ADJUSTMENT = "adjustment"  # 调整单
    OTHER = "other"  # 其他出入库单
    TRANSFER = "transfer"  # 调拨单
    STOCKTAKE = "stocktake"  # 盘点单


LETTERS: Final = {
    DocumentKind.PURCHASE_RECEIPT: "I",
    DocumentKind.PRODUCTION_RECEIPT: "M",
    DocumentKind.RETURN_RECEIPT: "B",
    DocumentKind.PURCHASE_RETURN: "O",
    DocumentKind.SAMPLING: "Q",
    DocumentKind.DAMAGE: "D",
    DocumentKind.LOCK: "L",
    DocumentKind.UNLOCK: "U",
    DocumentKind.SAFETY: "Y",
    DocumentKind.ADJUSTMENT: "J",
    DocumentKind.OTHER: "X",
    DocumentKind.TRANSFER: "T",
    DocumentKind.STOCKTAKE: "K",
}
"""First letter of a document's number."""


@frozen(kw_only=True)
class StockDocumentNotFound(NotFound):
    """No such stock document."""

    code: ClassVar[str] = "inventory.document_not_found"
    document_id: UUID


@frozen(kw_only=True)
class ReferenceUsed(Refused):
    """Another document of this kind has this reference and other contents."""

    code: ClassVar[str] = "inventory.reference_used"
    reference: str
    number: str


@frozen(kw_only=True)
class InvalidLines(Invalid):
    """A document has 1 to 500 lines, and each SKU (of one quality) once. ``why``: none, too_many, twice."""

    code: ClassVar[str] = "inventory.invalid_lines"
    why: str


@frozen(kw_only=True)
class InvalidUnits(Invalid):
    """Not a number of units that this document can book."""

    code: ClassVar[str] = "inventory.invalid_units"
    value: int


@frozen(kw_only=True)
class SkuNotOnDocument(Refused):
    """The document has no line with this SKU."""

    code: ClassVar[str] = "inventory.sku_not_on_document"
    sku: SkuCode


@frozen(kw_only=True)
class StockDocumentEvent(Event):
    """A fact about a stock document. ``freed`` lists SKUs of which more may be sold in ``warehouse`` than before."""

    document_id: StockDocumentId
    number: str
    warehouse: WarehouseCode
    freed: tuple[SkuCode, ...] = ()

    @property
    def stream(self) -> UUID:
        return self.document_id


@frozen(kw_only=True)
class Units:
    """Units of one SKU and quality on a stock document. What a sign or a 0 means is the document's to say."""

    sku: SkuCode
    units: int
    quality: Quality = Quality.GOOD


def check_lines(lines: Sequence[tuple[SkuCode, Quality]], *, field: str = "lines") -> None:
    """Raises ``InvalidLines``."""
    if not lines:
        raise InvalidLines(field=field, why="none")
    if len(lines) > MOST_LINES:
        raise InvalidLines(field=field, why="too_many")
    seen: set[tuple[SkuCode, Quality]] = set()
    for place, line in enumerate(lines):
        if line in seen:
            raise InvalidLines(field=f"{field}[{place}].sku", why="twice")
        seen.add(line)


def check_units(lines: Sequence[Units], least: int, most: int) -> None:
    """Check lines, and that each has ``least`` to ``most`` units. Raises ``InvalidLines``, ``InvalidUnits``."""
    check_lines([(line.sku, line.quality) for line in lines])
    for place, line in enumerate(lines):
        if not least <= line.units <= most:
            raise InvalidUnits(field=f"lines[{place}].units", value=line.units)


def checked_reason(reason: str, *, needed: bool = False) -> str:
    """Check why something is booked; a phone number that somebody put into it does not go into the log."""
    return mask_digits(checked_text(reason, field="reason", longest=LONGEST_REASON, allow_empty=not needed))


def checked_reference(reference: str) -> str:
    """Check the caller's own number of a document."""
    return checked_text(reference, field="reference", longest=LONGEST_REFERENCE)


def freed_by(movements: Iterable[Movement]) -> tuple[SkuCode, ...]:
    """Return the SKUs of which more may be sold after the movements, each once, ascending."""
    gains: dict[SkuCode, int] = {}
    for m in movements:
        gains[m.sku] = gains.get(m.sku, 0) + m.on_hand - m.reserved - m.locked - m.safety
    return tuple(sorted(sku for sku, gain in gains.items() if gain > 0))
