"""Asking a warehouse what it has (库存查询): its levels beside ours, and the differences booked as a count.

The warehouse is asked outside any transaction. Nothing is booked unless somebody says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.inventory import PostStock, StockService, known_warehouse
from oms_app.ports.transaction import Begin
from oms_app.ports.wms import Grade, WarehouseLevel, Wms
from oms_app.queries.rows import LARGEST_PAGE, Queries
from oms_app.reports import QUALITIES
from oms_domain.inventory.documents import DocumentKind, Units
from oms_domain.inventory.stock import Quality, StockLevel
from oms_domain.kernel.errors import Denied
from oms_domain.kernel.identity import SkuCode, WarehouseCode

ASKED_AT_ONCE: Final = 50
"""SKUs that one call asks about."""
COUNTED: Final = "warehouse_levels"


@frozen(kw_only=True)
class CompareLevels:
    """Ask a warehouse what it has, of all SKUs that lie there with us, or of these. Nothing is booked."""

    permission: ClassVar[Permission] = Permission.STOCK_READ
    warehouse: WarehouseCode
    skus: tuple[SkuCode, ...] = ()
    by: Actor


@frozen(kw_only=True)
class CountLevels(CompareLevels):
    """Ask, and book the differences as what the warehouse has counted (按仓库数调整)."""

    permission: ClassVar[Permission] = Permission.STOCK_WRITE


@frozen(kw_only=True)
class LevelRow:
    """What we and the warehouse have of a SKU. ``theirs`` is None where it does not know the SKU: nothing is booked."""

    sku: SkuCode
    ours_good: int
    ours_defective: int
    theirs_good: int | None
    theirs_defective: int | None

    @property
    def differs(self) -> bool:
        return (self.ours_good, self.ours_defective) != (self.theirs_good, self.theirs_defective)

    def lines(self) -> Iterator[Units]:
        """Yield what would have to be booked for ours to be theirs."""
        for quality, ours, theirs in (
            (Quality.GOOD, self.ours_good, self.theirs_good),
            (Quality.DEFECTIVE, self.ours_defective, self.theirs_defective),
        ):
            if theirs is not None and theirs != ours:
                yield Units(sku=self.sku, quality=quality, units=theirs - ours)


@frozen(kw_only=True)
class LevelsAnswer:
    """Every SKU that was asked about, and the number of the document that was booked, empty if none was."""

    rows: tuple[LevelRow, ...]
    booked: str = ""


@frozen(kw_only=True)
class LevelService:
    """Use cases of asking warehouses what they have."""

    begin: Begin
    queries: Queries
    wms: Wms
    stock: StockService

    def compare(self, command: CompareLevels) -> LevelsAnswer:
        """Raises ``UnknownWarehouse``, ``Denied`` for an actor of some shops only, and what a call raises."""
        if command.by.shops is not None:
            raise Denied(permission=command.permission)
        with self.begin(command) as tx:
            known_warehouse(tx, command.warehouse)
            named = tx.stock.levels(command.warehouse, command.skus) if command.skus else {}
        ours = named if command.skus else self._lying_there(command)
        skus = command.skus or tuple(ours)
        theirs = dict[SkuCode, list[WarehouseLevel]]()
        for first in range(0, len(skus), ASKED_AT_ONCE):
            for level in self.wms.levels(command.warehouse, skus[first : first + ASKED_AT_ONCE]):
                theirs.setdefault(level.sku, []).append(level)
        return LevelsAnswer(rows=tuple(_row(sku, ours.get(sku), theirs.get(sku)) for sku in skus))

    def count(self, command: CountLevels) -> LevelsAnswer:
        """As ``compare``; all differences are booked, or none. Raises what ``StockService.post`` raises, too."""
        with self.begin(command) as tx:
            if done := tx.recall(LevelsAnswer):
                return done
        by = evolve(command.by, once=None)
        answer = self.compare(evolve(command, by=by))
        lines = tuple(line for row in answer.rows for line in row.lines())
        if lines:
            post = PostStock(
                kind=DocumentKind.ADJUSTMENT, warehouse=command.warehouse, lines=lines, reason=COUNTED, by=by
            )
            answer = evolve(answer, booked=self.stock.post(post).number)
        with self.begin(command) as tx:
            tx.remember(answer)
            tx.commit()
        return answer

    def _lying_there(self, command: CompareLevels) -> dict[SkuCode, StockLevel]:
        found, after = dict[SkuCode, StockLevel](), None
        while page := self.queries.stock(command.by, after=after, limit=LARGEST_PAGE):
            found |= {level.sku: level for level in page if level.warehouse == command.warehouse}
            after = (page[-1].sku, page[-1].warehouse)
        return found


def _row(sku: SkuCode, ours: StockLevel | None, theirs: list[WarehouseLevel] | None) -> LevelRow:
    return LevelRow(
        sku=sku,
        ours_good=ours.on_hand if ours else 0,
        ours_defective=ours.defective if ours else 0,
        theirs_good=None if theirs is None else _units(theirs, Quality.GOOD),
        theirs_defective=None if theirs is None else _units(theirs, Quality.DEFECTIVE),
    )


def _units(levels: list[WarehouseLevel], quality: Quality) -> int:
    """Return the units of a quality; those on their way to the warehouse are not there."""
    there = (each for each in levels if each.grade is not Grade.IN_TRANSIT)
    return sum(each.free + each.locked for each in there if QUALITIES[each.grade] is quality)
