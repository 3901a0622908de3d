"""Stocktakes (盘点): units are counted, the differences from the books are seen, and then booked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Final

from attrs import evolve, field, frozen

from oms_domain.inventory.documents import (
    DocumentKind,
    InvalidUnits,
    StockDocumentEvent,
    Units,
    check_lines,
    freed_by,
)
from oms_domain.inventory.movements import Movement
from oms_domain.inventory.stock import Quality, StockLevel
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import SkuCode, StockDocumentId, WarehouseCode
from oms_domain.kernel.quantity import LARGEST_QUANTITY
from oms_domain.kernel.states import next_state


class StocktakeState(StrEnum):
    """Where a stocktake stands."""

    COUNTING = "counting"  # 盘点中
    APPLIED = "applied"  # 已过账
    CANCELLED = "cancelled"  # 已作废


class StocktakeMove(StrEnum):
    """What can happen to a stocktake."""

    COUNT = "count"  # 录入盘点数
    APPLY = "apply"  # 差异过账
    CANCEL = "cancel"  # 作废


NOTHING_GONE: Final[Mapping[SkuCode, int]] = MappingProxyType({})

S, M = StocktakeState, StocktakeMove

STOCKTAKE_TABLE: Final[Mapping[StocktakeState, Mapping[StocktakeMove, StocktakeState]]] = {
    S.COUNTING: {M.COUNT: S.COUNTING, M.APPLY: S.APPLIED, M.CANCEL: S.CANCELLED},
    S.APPLIED: {},
    S.CANCELLED: {},
}
STOCKTAKE_ENTRIES: Final = frozenset({S.COUNTING})
STOCKTAKE_ENDS: Final = frozenset({S.APPLIED, S.CANCELLED})


@frozen(kw_only=True)
class NothingCounted(Refused):
    """A stocktake without a counted line has nothing to book."""

    code: ClassVar[str] = "inventory.nothing_counted"


@frozen(kw_only=True)
class StocktakeBegun(StockDocumentEvent):
    type: ClassVar[str] = "inventory.stocktake_begun"


@frozen(kw_only=True)
class StocktakeCounted(StockDocumentEvent):
    """Lines were counted, some of them perhaps anew."""

    type: ClassVar[str] = "inventory.stocktake_counted"
    lines: tuple[Units, ...]


@frozen(kw_only=True)
class StocktakeApplied(StockDocumentEvent):
    """The differences were booked: units found (above 0) or missing (below)."""

    type: ClassVar[str] = "inventory.stocktake_applied"
    differences: tuple[Units, ...]


@frozen(kw_only=True)
class StocktakeCancelled(StockDocumentEvent):
    type: ClassVar[str] = "inventory.stocktake_cancelled"
    reason: str


@frozen(kw_only=True)
class Count:
    """Units of one SKU and quality as counted, and as they stood in the books when they were."""

    sku: SkuCode
    quality: Quality
    counted: int
    booked: int

    @property
    def difference(self) -> int:
        return self.counted - self.booked


@frozen(kw_only=True)
class Stocktake:
    """A count of SKUs in a warehouse.

    Each count keeps what the books said at its moment, and only the difference is booked: what moves between the count
    and the booking is not undone.
    """

    id: StockDocumentId
    number: str
    kind: DocumentKind = DocumentKind.STOCKTAKE
    warehouse: WarehouseCode
    state: StocktakeState = S.COUNTING
    counts: tuple[Count, ...] = ()
    reason: str = ""
    reference: str = ""
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    @property
    def contents(self) -> tuple[object, ...]:
        """What a repeat under the same reference must have as well."""
        return (self.warehouse,)

    @property
    def differences(self) -> tuple[Units, ...]:
        """The difference document (盘点差异): units found or missing, by SKU and quality."""
        return tuple(
            Units(sku=count.sku, units=count.difference, quality=count.quality)
            for count in self.counts
            if count.difference
        )

    def begun(self, *, at: datetime) -> Change[Stocktake]:
        event = StocktakeBegun(document_id=self.id, number=self.number, warehouse=self.warehouse, at=at)
        return Change(self, (event,))

    def count(
        self,
        lines: tuple[Units, ...],
        levels: Mapping[SkuCode, StockLevel],
        *,
        gone: Mapping[SkuCode, int] = NOTHING_GONE,
        at: datetime,
    ) -> Change[Stocktake]:
        """Enter what was counted now; counted again, the last count stands.

        Args:
            lines: units as counted, 0 and up.
            levels: what the books say now; a SKU that is missing was never there.
            gone: good units of open differences, which still stand in the books: nobody counts them a second time.

        Raises:
            MoveNotAllowed: it is over. InvalidLines, InvalidUnits.
        """
        state = next_state(STOCKTAKE_TABLE, self.state, M.COUNT)
        check_lines([(line.sku, line.quality) for line in lines])
        counts = {(count.sku, count.quality): count for count in self.counts}
        for place, line in enumerate(lines):
            if not 0 <= line.units <= LARGEST_QUANTITY:
                raise InvalidUnits(field=f"lines[{place}].units", value=line.units)
            booked = _booked(levels.get(line.sku), line.quality, gone.get(line.sku, 0))
            counts[line.sku, line.quality] = Count(
                sku=line.sku, quality=line.quality, counted=line.units, booked=booked
            )
        check_lines(list(counts))
        event = StocktakeCounted(document_id=self.id, number=self.number, warehouse=self.warehouse, lines=lines, at=at)
        return Change(evolve(self, state=state, counts=tuple(counts.values()), updated_at=at), (event,))

    def apply(self) -> Stocktake:
        """Return it applied. What its differences book is decided by what is reserved.

        Raises:
            MoveNotAllowed: it was cancelled. NothingCounted.
        """
        if self.state is S.APPLIED:
            return self
        state = next_state(STOCKTAKE_TABLE, self.state, M.APPLY)
        if not self.counts:
            raise NothingCounted
        return evolve(self, state=state)

    def applied(self, movements: tuple[Movement, ...], *, at: datetime) -> Change[Stocktake]:
        """Return the facts of an applied one, with what was in fact booked."""
        event = StocktakeApplied(
            document_id=self.id,
            number=self.number,
            warehouse=self.warehouse,
            differences=self.differences,
            freed=freed_by(movements),
            at=at,
        )
        return Change(evolve(self, updated_at=at), (event,))

    def cancel(self, *, reason: str, at: datetime) -> Change[Stocktake]:
        """Give it up; nothing is booked. Raises ``MoveNotAllowed``."""
        if self.state is S.CANCELLED:
            return Change(self)
        state = next_state(STOCKTAKE_TABLE, self.state, M.CANCEL)
        event = StocktakeCancelled(
            document_id=self.id, number=self.number, warehouse=self.warehouse, reason=reason, at=at
        )
        return Change(evolve(self, state=state, updated_at=at), (event,))


def _booked(level: StockLevel | None, quality: Quality, gone: int) -> int:
    if level is None:
        return 0
    return max(level.on_hand - gone, 0) if quality is Quality.GOOD else level.defective
