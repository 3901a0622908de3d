"""A warehouse in memory that does what it is told."""

from __future__ import annotations

from datetime import datetime

from attrs import define, field

from oms_app.ports.wms import (
    EntryNotice,
    ParcelLeft,
    ReturnNotice,
    ShipOrder,
    Stop,
    StopAnswer,
    StopOrder,
    WarehouseLevel,
    WmsAnswer,
    WmsReport,
)
from oms_domain.kernel.identity import SkuCode, WarehouseCode


@define
class MemoryWarehouse:
    """``oms_app.ports.wms.Wms``. ``refuses`` is its reason to take nothing; ``trouble`` is raised by the next calls."""

    sent: list[ShipOrder] = field(factory=list)  # what it was asked; one that it took already is not asked again
    taken: set[str] = field(factory=set)
    waiting: list[WmsReport] = field(factory=list)
    refuses: str = ""
    stopped: list[StopOrder] = field(factory=list)
    stops: StopAnswer | None = None  # its answer whatever is asked; None: it stops what has not left
    left: set[str] = field(factory=set)
    stock: dict[SkuCode, int] = field(factory=dict)
    expected: dict[str, ReturnNotice | EntryNotice] = field(factory=dict)
    trouble: list[Exception] = field(factory=list)

    def send(self, order: ShipOrder) -> WmsAnswer:
        self._call()
        if any(order.number == stop.number for stop in self.stopped):
            return WmsAnswer(accepted=False, reason="stopped_before")
        if order.number in self.taken:
            return WmsAnswer(accepted=True)
        self.sent.append(order)
        if self.refuses:
            return WmsAnswer(accepted=False, reason=self.refuses)
        self.taken.add(order.number)
        return WmsAnswer(accepted=True)

    def stop(self, order: StopOrder) -> StopAnswer:
        self._call()
        if self.stops is not None:
            return self.stops
        if order.number in self.left:
            return StopAnswer(outcome=Stop.NOT_STOPPED, reason="already_left")
        self.stopped.append(order)
        return StopAnswer(outcome=Stop.STOPPED)

    def levels(self, warehouse: WarehouseCode, skus: tuple[SkuCode, ...]) -> tuple[WarehouseLevel, ...]:
        self._call()
        return tuple(WarehouseLevel(sku=sku, free=self.stock[sku]) for sku in skus if sku in self.stock)

    def expect_return(self, notice: ReturnNotice) -> WmsAnswer:
        return self._expect(notice)

    def expect_entry(self, notice: EntryNotice) -> WmsAnswer:
        return self._expect(notice)

    def _expect(self, notice: ReturnNotice | EntryNotice) -> WmsAnswer:
        self._call()
        if self.refuses:
            return WmsAnswer(accepted=False, reason=self.refuses)
        self.expected.setdefault(notice.number, notice)
        return WmsAnswer(accepted=True)

    def reports(self, limit: int) -> tuple[WmsReport, ...]:
        self._call()
        return tuple(self.waiting[:limit])

    def confirm(self, report_ids: tuple[str, ...]) -> None:
        self._call()
        self.waiting = [report for report in self.waiting if report.report_id not in report_ids]

    def ships(self, order: ShipOrder, at: datetime, tracking_no: str = "SF0000000000001") -> None:
        """Let a parcel with all of an order leave."""
        self.left.add(order.number)
        self.waiting.append(
            ParcelLeft(
                report_id=f"r{len(self.sent)}-{tracking_no}",
                fulfilment_id=order.fulfilment_id,
                carrier="SF",
                tracking_no=tracking_no,
                contents=tuple((line_id, quantity) for line_id, _, quantity in order.lines),
                at=at,
            )
        )

    def _call(self) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
