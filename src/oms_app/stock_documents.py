"""Use cases of stock documents that are worked on in steps: transfers and stocktakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from attrs import evolve, frozen

from oms_app.inventory import StockCommand, booked_before, known_warehouse, serves_all, units_gone
from oms_app.numbering import Numbering, NumberPool
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.shortfall import Gone, Shortfall
from oms_app.transactions import Pause, one_transaction
from oms_domain.inventory.documents import (
    LETTERS,
    DocumentKind,
    StockDocumentNotFound,
    Units,
    check_units,
    checked_reason,
    checked_reference,
)
from oms_domain.inventory.movements import Movement, adds
from oms_domain.inventory.postings import check_good
from oms_domain.inventory.stock import LedgerKind, Quality
from oms_domain.inventory.stocktakes import Stocktake, StocktakeState
from oms_domain.inventory.transfers import SameWarehouse, Transfer, TransferLine
from oms_domain.kernel.change import Change
from oms_domain.kernel.identity import StockDocumentId, WarehouseCode
from oms_domain.kernel.quantity import LARGEST_QUANTITY

Document = TypeVar("Document", Transfer, Stocktake)


@frozen(kw_only=True)
class SendTransfer(StockCommand):
    """Good units leave one warehouse for another (调拨出库)."""

    warehouse: WarehouseCode
    to: WarehouseCode
    lines: tuple[Units, ...]
    reason: str = ""
    reference: str = ""


@frozen(kw_only=True)
class ReceiveTransfer(StockCommand):
    """Units of a transfer have come in (调拨入库). ``receipt``: once per transfer, a repeat does nothing."""

    document_id: StockDocumentId
    lines: tuple[Units, ...]
    receipt: str = ""


@frozen(kw_only=True)
class CloseTransfer(StockCommand):
    """What is still on its way never comes (差异结案); ``found``: it lies where it was sent from."""

    document_id: StockDocumentId
    found: bool = False
    reason: str


@frozen(kw_only=True)
class BeginStocktake(StockCommand):
    """Begin to count in a warehouse (盘点)."""

    warehouse: WarehouseCode
    reason: str = ""
    reference: str = ""


@frozen(kw_only=True)
class CountStock(StockCommand):
    """Enter what was counted of some SKUs."""

    document_id: StockDocumentId
    lines: tuple[Units, ...]


@frozen(kw_only=True)
class ApplyStocktake(StockCommand):
    """Book the differences (差异过账)."""

    document_id: StockDocumentId


@frozen(kw_only=True)
class CancelStocktake(StockCommand):
    """Give a stocktake up; nothing is booked."""

    document_id: StockDocumentId
    reason: str = ""


@frozen(kw_only=True)
class TransferService:
    """Use cases of transfers."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def send(self, command: SendTransfer) -> Transfer:
        """Book the units out of one warehouse, and expect them in the other.

        Raises:
            SameWarehouse, UnknownWarehouse, InvalidLines, InvalidUnits, GoodUnitsOnly, StockBelowReserved,
            ReferenceUsed.
        """
        if command.warehouse == command.to:
            raise SameWarehouse(field="to")
        check_units(command.lines, 1, LARGEST_QUANTITY)
        check_good(command.lines)
        checked = evolve(command, reason=checked_reason(command.reason), reference=checked_reference(command.reference))
        numbers = self.numbering.pool(1, LETTERS[DocumentKind.TRANSFER])
        answer = self._send(checked, numbers)
        self.numbering.give_back(numbers)
        return answer

    @one_transaction
    def receive(self, command: ReceiveTransfer) -> Transfer:
        """Raises ``StockDocumentNotFound``, ``SkuNotOnDocument``, ``MoreThanOnTheWay``, ``MoveNotAllowed``."""
        receipt = checked_reference(command.receipt)

        def step(tx: Transaction, transfer: Transfer) -> tuple[Change[Transfer], Iterable[Movement]]:
            return transfer.receive(command.lines, receipt=receipt, at=self.now())

        return _act(self.begin, command, command.document_id, Transfer, step)

    @one_transaction
    def close(self, command: CloseTransfer) -> Transfer:
        """Raises ``StockDocumentNotFound``, ``MoveNotAllowed``."""
        reason = checked_reason(command.reason, needed=True)

        def step(tx: Transaction, transfer: Transfer) -> tuple[Change[Transfer], Iterable[Movement]]:
            return transfer.close(found=command.found, reason=reason, at=self.now())

        return _act(self.begin, command, command.document_id, Transfer, step)

    @one_transaction
    def _send(self, command: SendTransfer, numbers: NumberPool) -> Transfer:
        numbers.start()
        serves_all(command)
        with self.begin(command) as tx:
            if done := tx.recall(Transfer):
                return done
            known_warehouse(tx, command.warehouse)
            known_warehouse(tx, command.to, field="to")
            at = self.now()
            transfer = Transfer(
                id=StockDocumentId(self.new_id()),
                number=numbers.next(LETTERS[DocumentKind.TRANSFER]),
                warehouse=command.warehouse,
                to=command.to,
                lines=tuple(TransferLine(sku=line.sku, sent=line.units) for line in command.lines),
                reason=command.reason,
                reference=command.reference,
                created_at=at,
                updated_at=at,
            )
            if known := booked_before(tx, transfer):
                return known
            change, movements = transfer.sent(at=at)
            return _store(tx, change, movements)


@frozen(kw_only=True)
class StocktakeService:
    """Use cases of stocktakes."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def begin_counting(self, command: BeginStocktake) -> Stocktake:
        """Raises ``UnknownWarehouse``, ``ReferenceUsed``."""
        checked = evolve(command, reason=checked_reason(command.reason), reference=checked_reference(command.reference))
        numbers = self.numbering.pool(1, LETTERS[DocumentKind.STOCKTAKE])
        answer = self._begin(checked, numbers)
        self.numbering.give_back(numbers)
        return answer

    @one_transaction
    def count(self, command: CountStock) -> Stocktake:
        """Raises ``StockDocumentNotFound``, ``InvalidLines``, ``InvalidUnits``, ``MoveNotAllowed``."""

        def step(tx: Transaction, stocktake: Stocktake) -> tuple[Change[Stocktake], Iterable[Movement]]:
            levels = tx.stock.levels(stocktake.warehouse, sorted({line.sku for line in command.lines}))
            gone = {sku: units_gone(tx, level) for sku, level in levels.items()}
            return stocktake.count(command.lines, levels, gone=gone, at=self.now()), ()

        return _act(self.begin, command, command.document_id, Stocktake, step)

    @one_transaction
    def apply(self, command: ApplyStocktake) -> Stocktake:
        """Book the differences. Units that orders hold are taken from the newest that are not with a warehouse yet.

        Raises:
            StockDocumentNotFound, NothingCounted, MoveNotAllowed.
            NotThatMany: fewer defective units are there by now than are missing.
        """

        def step(tx: Transaction, stocktake: Stocktake) -> tuple[Change[Stocktake], Iterable[Movement]]:
            applied = stocktake.apply()
            if stocktake.state is StocktakeState.APPLIED:
                return Change(stocktake), ()
            shortfall = self._shortfall(tx, stocktake)
            movements = self._differences(applied, shortfall)
            change = applied.applied(movements, at=shortfall.at)
            opened = tuple(difference.opened() for difference in shortfall.opened)
            return Change(change.state, (*change.events, *opened)), movements

        return _act(self.begin, command, command.document_id, Stocktake, step)

    @one_transaction
    def cancel(self, command: CancelStocktake) -> Stocktake:
        """Raises ``StockDocumentNotFound``, ``MoveNotAllowed``."""
        reason = checked_reason(command.reason)

        def step(tx: Transaction, stocktake: Stocktake) -> tuple[Change[Stocktake], Iterable[Movement]]:
            return stocktake.cancel(reason=reason, at=self.now()), ()

        return _act(self.begin, command, command.document_id, Stocktake, step)

    @one_transaction
    def _begin(self, command: BeginStocktake, numbers: NumberPool) -> Stocktake:
        numbers.start()
        serves_all(command)
        with self.begin(command) as tx:
            if done := tx.recall(Stocktake):
                return done
            known_warehouse(tx, command.warehouse)
            at = self.now()
            stocktake = Stocktake(
                id=StockDocumentId(self.new_id()),
                number=numbers.next(LETTERS[DocumentKind.STOCKTAKE]),
                warehouse=command.warehouse,
                reason=command.reason,
                reference=command.reference,
                created_at=at,
                updated_at=at,
            )
            if known := booked_before(tx, stocktake):
                return known
            return _store(tx, stocktake.begun(at=at), ())

    def _shortfall(self, tx: Transaction, stocktake: Stocktake) -> Shortfall:
        return Shortfall(
            tx=tx,
            document_id=stocktake.id,
            number=stocktake.number,
            kind=stocktake.kind,
            warehouse=stocktake.warehouse,
            at=self.now(),
            new_id=self.new_id,
        )

    def _differences(self, stocktake: Stocktake, shortfall: Shortfall) -> tuple[Movement, ...]:
        kind, missing, entries = LedgerKind.STOCKTAKE, [], []
        for line in stocktake.differences:
            if line.units < 0 and line.quality is Quality.GOOD:
                missing.append(Gone(sku=line.sku, units=-line.units, kind=kind))
            else:
                entries.append(adds(line.sku, stocktake.warehouse, line.units, kind, line.quality))
        return (*entries, *shortfall.take_all(missing))


Step = Callable[[Transaction, Document], tuple[Change[Document], Iterable[Movement]]]


def _act(
    begin: Begin, command: StockCommand, document_id: StockDocumentId, kind: type[Document], step: Step[Document]
) -> Document:
    """Do a step of a document. Raises ``StockDocumentNotFound``, also for one of another kind."""
    serves_all(command)
    with begin(command) as tx:
        if done := tx.recall(kind):
            return done
        document = tx.stock_documents.get(document_id)
        if not isinstance(document, kind):
            raise StockDocumentNotFound(document_id=document_id)
        change, movements = step(tx, document)
        return _store(tx, change, movements)


def _store(tx: Transaction, change: Change[Document], movements: Iterable[Movement]) -> Document:
    document = change.state
    for state, events in change.steps:
        tx.stock_documents.save(state)
        tx.publish(events)
    tx.stock.move(movements, document=document.id)
    stored = evolve(document, version=document.version + (1 if change.events else 0))
    tx.remember(stored)
    tx.commit()
    return stored
