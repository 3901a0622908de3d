"""Use cases of warehouses' reports: kept as they come, each once; then booked, or shown to a person.

Two transactions on purpose: what is kept cannot be lost by a fault of the booking.
"""

from __future__ import annotations

import hashlib
from typing import ClassVar, Final

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.booking import book
from oms_app.inventory import PostStock, StockService
from oms_app.ports.reports import KeptReport
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.ports.wms import (
    EntryReceived,
    Grade,
    NumberedReport,
    ReturnReceived,
    ShippingReport,
    StockDiffers,
)
from oms_app.returns import book_returned
from oms_app.transactions import Pause, one_transaction
from oms_domain.fulfilment.reports import ReportId, ReportReceived, ReportState, UnknownItems
from oms_domain.inventory.documents import DocumentKind, Units
from oms_domain.inventory.postings import Posting
from oms_domain.inventory.stock import Quality
from oms_domain.kernel.errors import Denied, Invalid, NotFound, Refused
from oms_domain.kernel.identity import SkuCode, WarehouseCode
from oms_domain.kernel.text import storable

OPEN: Final = frozenset({ReportState.RECEIVED, ReportState.REFUSED, ReportState.UNPLACED})
LONGEST_REASON: Final = 300
COUNTED: Final = "warehouse_count"
LONGEST_ID: Final = 120
OTHER_CONTENT: Final = "wms.other_content"
"""Why a report is for a person that says something else than the one before it of the same id."""
QUALITIES: Final = {
    Grade.GOOD: Quality.GOOD,
    Grade.DEFECTIVE: Quality.DEFECTIVE,
    Grade.MACHINE_DAMAGE: Quality.DEFECTIVE,
    Grade.BOX_DAMAGE: Quality.DEFECTIVE,
}
"""What a grade is to our stock. Units in transit are not in the warehouse, and not counted here."""


@frozen(kw_only=True)
class TakeReport:
    """Keep what a warehouse has pushed."""

    permission: ClassVar[Permission] = Permission.STOCK_WRITE
    warehouse: WarehouseCode
    report: NumberedReport
    by: Actor


@frozen(kw_only=True)
class BookKept:
    """Book a report that is kept, also again after it was refused (重新入账)."""

    permission: ClassVar[Permission] = Permission.STOCK_WRITE
    report_id: ReportId
    by: Actor


@frozen(kw_only=True)
class ReportAnswer:
    """What became of a report."""

    id: ReportId
    state: ReportState
    reason: str = ""


@frozen(kw_only=True)
class ReportService:
    """Use cases of reports."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause
    stock: StockService

    @one_transaction
    def take(self, command: TakeReport) -> bool:
        """Keep a report and have it booked; False if it was here before: then nothing is done.

        What says something else under the same id is kept for a person, and is not booked by itself either.
        """
        with self.begin(command) as tx:
            at, report = self.now(), command.report
            kept = KeptReport(
                id=ReportId(self.new_id()),
                warehouse=command.warehouse,
                report=report,
                received_at=at,
                updated_at=at,
            )
            if not tx.inbox.take(kept):
                self._keep_other(tx, kept)
                return False
            received = ReportReceived(
                report_id=kept.id, warehouse=kept.warehouse, kind=report.kind, number=report.number, at=at
            )
            tx.publish((received,))
            tx.commit()
        return True

    def _keep_other(self, tx: Transaction, kept: KeptReport) -> None:
        first, report = tx.inbox.same(kept), kept.report
        # Of a message that tells no time, the time is when it came.
        if first is None or evolve(report, at=first.report.at) == first.report:
            return
        digest = _digest(repr(evolve(report, at=first.report.at)))
        other = evolve(report, report_id=f"{report.report_id[:LONGEST_ID]}/{digest}")
        if tx.inbox.take(evolve(kept, report=other, state=ReportState.REFUSED, reason=OTHER_CONTENT)):
            tx.commit()

    def book(self, command: BookKept) -> ReportAnswer:
        """Book a report; booked already: nothing. What is in the way stands in the answer, and in what is kept.

        Raises:
            Denied: for an actor of some shops only: a warehouse serves every shop.
        """
        if command.by.shops is not None:
            raise Denied(permission=command.permission)
        try:
            unknown = self._post_count(command)
            if unknown:
                raise UnknownItems(skus=unknown)
            return self._book(command)
        except (Refused, Invalid) as refusal:  # the store's own condition, at commit: of what was booked nothing stays
            return self._refuse(command, refusal)

    def _post_count(self, command: BookKept) -> tuple[SkuCode, ...]:
        """Post what a count has changed; return the SKUs that nobody knows, of which nothing is posted.

        Each posting is a transaction of its own, that the report's id lets happen once. What is known by now and was
        not when the report was booked first has one for each SKU.
        """
        with self.begin(command) as tx:
            kept = tx.inbox.get(command.report_id)
            report = kept.report
            if not isinstance(report, StockDiffers) or kept.state not in OPEN:
                return ()
            lines = _lines(report)
            skus = sorted({line.sku for line in lines})
            known = set(tx.skus.by_code(skus)).union(*tx.stock.everywhere(skus).values()) if skus else set()
            before = tx.stock_documents.by_reference(DocumentKind.ADJUSTMENT, str(kept.id))
        posted = {line.sku for line in before.lines} if isinstance(before, Posting) else set[SkuCode]()
        parts = dict[str, list[Units]]()
        for line in lines:
            if line.sku in known and line.sku not in posted:
                reference = f"{kept.id}/{_digest(line.sku)}" if posted else str(kept.id)
                parts.setdefault(reference, []).append(line)
        for reference, part in parts.items():
            post = PostStock(
                kind=DocumentKind.ADJUSTMENT,
                warehouse=kept.warehouse,
                lines=tuple(part),
                reason=COUNTED,
                reference=reference,
                by=evolve(command.by, once=None, job=None),
            )
            self.stock.post(post)
        return tuple(sku for sku in skus if sku not in known)

    @one_transaction
    def _book(self, command: BookKept) -> ReportAnswer:
        with self.begin(command) as tx:
            if done := tx.recall(ReportAnswer):
                return done
            kept = tx.inbox.get(command.report_id)
            if kept.state in OPEN:
                try:
                    kept = self._placed(tx, kept)
                except NotFound as missing:
                    kept = evolve(kept, state=ReportState.UNPLACED, reason=missing.code)
            return self._end(tx, kept)

    @one_transaction
    def _refuse(self, command: BookKept, refusal: Refused | Invalid) -> ReportAnswer:
        with self.begin(command) as tx:
            kept = tx.inbox.get(command.report_id)
            reason = storable(str(refusal), longest=LONGEST_REASON)
            return self._end(tx, evolve(kept, state=ReportState.REFUSED, reason=reason))

    def _end(self, tx: Transaction, kept: KeptReport) -> ReportAnswer:
        kept = evolve(kept, updated_at=self.now())
        tx.inbox.save(kept)
        answer = ReportAnswer(id=kept.id, state=kept.state, reason=kept.reason)
        tx.remember(answer)
        tx.commit()
        return answer

    def _placed(self, tx: Transaction, kept: KeptReport) -> KeptReport:
        """Raises ``NotFound`` where the number is not ours."""
        report = kept.report
        if isinstance(report, StockDiffers):
            return evolve(kept, state=ReportState.BOOKED, reason="")  # by the posting that came before
        if isinstance(report, EntryReceived):
            return evolve(kept, state=ReportState.KEPT, reason="")
        if isinstance(report, ReturnReceived):
            return self._returned(tx, kept, report)
        return self._shipping(tx, kept, report)

    def _returned(self, tx: Transaction, kept: KeptReport, report: ReturnReceived) -> KeptReport:
        goods = tx.returns.by_number(report.number)
        if goods.warehouse != kept.warehouse:
            return evolve(kept, state=ReportState.UNPLACED, reason="returns.other_warehouse")
        book_returned(tx, report, goods, now=self.now)
        return evolve(kept, state=ReportState.BOOKED, reason="")

    def _shipping(self, tx: Transaction, kept: KeptReport, report: ShippingReport) -> KeptReport:
        fulfilment = tx.fulfilments.by_number(report.number)
        if fulfilment.warehouse != kept.warehouse:  # another warehouse's order is none of this one's business
            return evolve(kept, state=ReportState.UNPLACED, reason="fulfilment.other_warehouse")
        order = tx.orders.get(fulfilment.order_id)
        refusal = book(tx, report, fulfilment, order, new_id=self.new_id, at=self.now())
        if refusal is None:
            return evolve(kept, state=ReportState.BOOKED, reason="")
        return evolve(kept, state=ReportState.REFUSED, reason=storable(str(refusal), longest=LONGEST_REASON))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _lines(report: StockDiffers) -> tuple[Units, ...]:
    """Return what a count has changed, by SKU and quality."""
    sums: dict[tuple[SkuCode, Quality], int] = {}
    for each in report.counted:
        if each.grade in QUALITIES:
            key = (each.sku, QUALITIES[each.grade])
            sums[key] = sums.get(key, 0) + each.units
    return tuple(Units(sku=sku, quality=quality, units=units) for (sku, quality), units in sums.items() if units)
