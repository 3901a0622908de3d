"""Use cases of stock: documents that are booked at once, open differences, buckets, repairs."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar, Final, TypeVar
from uuid import UUID

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.numbering import Numbering, NumberPool
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.shortfall import Gone, Shortfall
from oms_app.transactions import Pause, one_transaction
from oms_domain.inventory.buckets import StockParted, split
from oms_domain.inventory.differences import StillHeld, StockDifference
from oms_domain.inventory.documents import LETTERS, DocumentKind, ReferenceUsed, Units, checked_reason
from oms_domain.inventory.drift import CountItFirst, Drift, StockRepaired
from oms_domain.inventory.movements import Movement, no_stock
from oms_domain.inventory.postings import Posting, checked_posting
from oms_domain.inventory.stock import NoStockThere, StockLevel, WarehouseNotFound
from oms_domain.inventory.stocktakes import Stocktake
from oms_domain.inventory.transfers import Transfer
from oms_domain.inventory.warehouses import UnknownWarehouse
from oms_domain.kernel.errors import Denied
from oms_domain.kernel.identity import LineId, OrderId, SkuCode, StockDocumentId, WarehouseCode
from oms_domain.kernel.quantity import Quantity

D = TypeVar("D", Posting, Transfer, Stocktake)

FREED: Final = "units_became_free"


@frozen(kw_only=True)
class StockCommand:
    """An ask about stock. A warehouse serves every shop, so only those who see every shop may give it."""

    permission: ClassVar[Permission] = Permission.STOCK_WRITE
    by: Actor


@frozen(kw_only=True)
class ReceiveStock(StockCommand):
    """Units of one SKU came into a warehouse (采购入库)."""

    sku: SkuCode
    warehouse: WarehouseCode
    quantity: Quantity
    reason: str = ""
    reference: str = ""


@frozen(kw_only=True)
class ReceiptAnswer:
    """The booked receipt."""

    id: UUID
    sku: SkuCode
    warehouse: WarehouseCode
    quantity: int
    number: str = ""


@frozen(kw_only=True)
class PostStock(StockCommand):
    """Book a stock document of a kind that is booked at once. ``reference``: once per kind, a repeat does nothing."""

    kind: DocumentKind
    warehouse: WarehouseCode
    lines: tuple[Units, ...]
    reason: str = ""
    reference: str = ""


@frozen(kw_only=True)
class PartStock(StockCommand):
    """Let the sellable units of a hot SKU lie in so many buckets (热点分桶); 0: in one again."""

    sku: SkuCode
    warehouse: WarehouseCode
    buckets: int


@frozen(kw_only=True)
class SettleDifference(StockCommand):
    """Write an open difference off as far as orders let it; or (``found``) its units have turned up again."""

    difference_id: UUID
    found: bool = False
    reason: str = ""


@frozen(kw_only=True)
class SettleOpen(StockCommand):
    """Write off what has become free of a row's open differences."""

    sku: SkuCode
    warehouse: WarehouseCode


@frozen(kw_only=True)
class RepairStock(StockCommand):
    """Put right what the doctor found of stock: each row by an entry of its own."""

    permission: ClassVar[Permission] = Permission.ADMIN
    reason: str


@frozen(kw_only=True)
class Repaired:
    """What was put right, and what only a stocktake can."""

    rows: tuple[Drift, ...]
    lines_released: int
    to_be_counted: tuple[tuple[SkuCode, WarehouseCode], ...]


@frozen(kw_only=True)
class StockService:
    """Use cases of stock."""

    begin: Begin
    now: Clock
    new_id: NewId
    numbering: Numbering
    pause: Pause

    def receive(self, command: ReceiveStock) -> ReceiptAnswer:
        """Book a receipt of one SKU; orders that wait for it are tried again afterwards, oldest first."""
        post = PostStock(
            kind=DocumentKind.PURCHASE_RECEIPT,
            warehouse=command.warehouse,
            lines=(Units(sku=command.sku, units=command.quantity),),
            reason=command.reason,
            reference=command.reference,
            by=command.by,
        )
        posted = self.post(post)
        return ReceiptAnswer(
            id=posted.id,
            sku=command.sku,
            warehouse=command.warehouse,
            quantity=command.quantity,
            number=posted.number,
        )

    def post(self, command: PostStock) -> Posting:
        """Book all lines or none.

        Raises:
            NotPosted, InvalidLines, InvalidUnits, GoodUnitsOnly, InvalidText, UnknownWarehouse: it cannot be booked.
            StockBelowReserved, NotThatMany: fewer units are there than it takes.
            ReferenceUsed: another document has this reference.
        """
        reason, reference = checked_posting(command.kind, command.lines, command.reason, command.reference)
        numbers = self.numbering.pool(1, LETTERS[command.kind])
        answer = self._post(evolve(command, reason=reason, reference=reference), numbers)
        self.numbering.give_back(numbers)
        return answer

    @one_transaction
    def part(self, command: PartStock) -> StockLevel:
        """Raises ``InvalidBuckets``, ``UnknownWarehouse``, ``NoStockThere``."""
        serves_all(command)
        with self.begin(command) as tx:
            if done := tx.recall(StockLevel):
                return done
            known_warehouse(tx, command.warehouse)
            level = tx.stock.levels(command.warehouse, [command.sku]).get(command.sku)
            if level is None:
                raise NoStockThere(sku=command.sku, warehouse=command.warehouse)
            split(level, command.buckets)
            tx.stock.part(command.sku, command.warehouse, command.buckets)
            event = StockParted(
                change_id=self.new_id(),
                sku=command.sku,
                warehouse=command.warehouse,
                buckets=command.buckets,
                at=self.now(),
            )
            tx.publish((event,))
            answer = evolve(level, buckets=command.buckets)
            tx.remember(answer)
            tx.commit()
        return answer

    @one_transaction
    def settle(self, command: SettleDifference) -> StockDifference:
        """Raises ``DifferenceNotOpen``, ``StillHeld``."""
        serves_all(command)
        reason = checked_reason(command.reason)
        with self.begin(command) as tx:
            if done := tx.recall(StockDifference):
                return done
            settled = self._settle(tx, tx.stock.difference(command.difference_id), command.found, reason)
            tx.remember(settled)
            tx.commit()
        return settled

    @one_transaction
    def settle_open(self, command: SettleOpen) -> int:
        """Return how many open differences of the row could be settled in part or whole."""
        serves_all(command)
        with self.begin(command) as tx:
            if not tx.stock.differences(command.sku, command.warehouse):
                return 0
            oldest = tx.stock.differences(command.sku, command.warehouse)[0]
            with suppress(StillHeld):
                self._settle(tx, oldest, found=False, reason=FREED)
                tx.commit()
                return 1
        return 0

    def repair(self, command: RepairStock) -> Repaired:
        """Bring every drifted row to what its ledger and its reservations add up to, each by an entry of its own.

        Then units that orders hold although their state must not are given back.
        """
        reason = checked_reason(command.reason, needed=True)
        repaired = self._repair_rows(evolve(command, reason=reason))
        return evolve(repaired, lines_released=self._release_strays(command))

    @one_transaction
    def _repair_rows(self, command: RepairStock) -> Repaired:
        serves_all(command)
        with self.begin(command) as tx:
            repaired, to_be_counted = [], []
            for drift in tx.stock.drifts():
                try:
                    drift.check()
                except CountItFirst:
                    to_be_counted.append((drift.stands.sku, drift.stands.warehouse))
                    continue
                self._repair(tx, drift, command.reason)
                repaired.append(drift)
            tx.commit()
        return Repaired(rows=tuple(repaired), lines_released=0, to_be_counted=tuple(to_be_counted))

    @one_transaction
    def _release_strays(self, command: RepairStock) -> int:
        with self.begin(command) as tx:
            lines: dict[OrderId, list[LineId]] = {}
            strays = tx.stock.strays()
            for order_id, line_id in strays:
                lines.setdefault(order_id, []).append(line_id)
            for order_id, line_ids in lines.items():
                tx.stock.release(order_id, line_ids)
            tx.commit()
        return len(strays)

    @one_transaction
    def _post(self, command: PostStock, numbers: NumberPool) -> Posting:
        numbers.start()
        serves_all(command)
        with self.begin(command) as tx:
            if done := tx.recall(Posting):
                return done
            known_warehouse(tx, command.warehouse)
            at = self.now()
            posting = Posting(
                id=StockDocumentId(self.new_id()),
                number=numbers.next(LETTERS[command.kind]),
                kind=command.kind,
                warehouse=command.warehouse,
                lines=command.lines,
                reason=command.reason,
                reference=command.reference,
                created_at=at,
                updated_at=at,
            )
            if known := booked_before(tx, posting):
                return known
            self._book(tx, posting)
            answer = evolve(posting, version=1)
            tx.remember(answer)
            tx.commit()
        return answer

    def _book(self, tx: Transaction, posting: Posting) -> None:
        at = posting.created_at
        shortfall = Shortfall(
            tx=tx,
            document_id=posting.id,
            number=posting.number,
            kind=posting.kind,
            warehouse=posting.warehouse,
            at=at,
            new_id=self.new_id,
        )
        levels = tx.stock.levels(posting.warehouse, sorted({line.sku for line in posting.lines}))
        entries: list[Movement] = []
        for line in posting.lines:
            level = levels.get(line.sku) or no_stock(line.sku, posting.warehouse)
            entry = posting.entry(line, level, gone=units_gone(tx, level))
            if posting.rule.may_fall_short and entry.on_hand < 0:
                gone = Gone(sku=line.sku, units=-entry.on_hand, kind=entry.kind, defective=entry.defective)
                entries += shortfall.take_all((gone,))
            else:
                entries.append(entry)
        tx.stock_documents.save(posting)
        tx.stock.move(entries, document=posting.id)
        tx.publish(posting.booked(tuple(entries), at=at).events)
        tx.publish([difference.opened() for difference in shortfall.opened])

    def _settle(self, tx: Transaction, difference: StockDifference, found: bool, reason: str) -> StockDifference:
        level = tx.stock.levels(difference.warehouse, [difference.sku])[difference.sku]
        change, movement = difference.settle(level, found=found, reason=reason, at=self.now())
        tx.stock_documents.get(difference.document_id)  # its log goes on
        tx.stock.settle(change.state, units=-movement.locked)
        tx.stock.move((movement,), document=difference.document_id)
        tx.publish(change.events)
        return change.state

    def _repair(self, tx: Transaction, drift: Drift, reason: str) -> None:
        repair_id = self.new_id()
        tx.stock.repair(drift, document=repair_id)
        event = StockRepaired(
            repair_id=repair_id,
            sku=drift.stands.sku,
            warehouse=drift.stands.warehouse,
            was=tuple((name, stands) for name, stands, _ in drift.differs),
            now=tuple((name, should) for name, _, should in drift.differs),
            reason=reason,
            at=self.now(),
        )
        tx.publish((event,))


def serves_all(command: StockCommand) -> None:
    """Raises ``Denied``: a warehouse serves every shop."""
    if command.by.shops is not None:
        raise Denied(permission=command.permission)


def known_warehouse(tx: Transaction, code: WarehouseCode, *, field: str = "warehouse") -> None:
    """Raises ``UnknownWarehouse``."""
    try:
        tx.warehouses.by_code(code)
    except WarehouseNotFound:
        raise UnknownWarehouse(field=field, value=code) from None


def units_gone(tx: Transaction, level: StockLevel) -> int:
    """Return the units of a row's open differences; while they are open they are locked."""
    return sum(each.units for each in tx.stock.differences(level.sku, level.warehouse)) if level.locked else 0


def booked_before(tx: Transaction, document: D) -> D | None:
    """Return the document that this one repeats. Raises ``ReferenceUsed`` if that has other contents."""
    known = tx.stock_documents.by_reference(document.kind, document.reference) if document.reference else None
    if known is None:
        return None
    if type(known) is not type(document) or known.contents != document.contents:
        raise ReferenceUsed(reference=document.reference, number=known.number)
    return known
