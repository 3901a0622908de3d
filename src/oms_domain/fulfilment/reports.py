"""A warehouse's report (仓库回传) as a document of its own: kept when it comes, and only then worked on."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, NewType
from uuid import UUID

from attrs import frozen

from oms_domain.kernel.change import Event
from oms_domain.kernel.errors import NotFound, Refused
from oms_domain.kernel.identity import WarehouseCode

ReportId = NewType("ReportId", UUID)


class ReportState(StrEnum):
    """What became of a report."""

    RECEIVED = "received"  # 已接收
    BOOKED = "booked"  # 已入账
    REFUSED = "refused"  # our table, or the stock, is in the way: for a person
    UNPLACED = "unplaced"  # no document of ours has this number: for a person
    KEPT = "kept"  # nothing books this kind yet


@frozen(kw_only=True)
class ReportNotFound(NotFound):
    """No such report."""

    code: ClassVar[str] = "wms.report_not_found"
    report_id: UUID


@frozen(kw_only=True)
class UnknownItems(Refused):
    """A warehouse has counted what nobody knows here: no SKU of this code is in the catalogue, or ever came in."""

    code: ClassVar[str] = "wms.unknown_items"
    skus: tuple[str, ...]


@frozen(kw_only=True)
class ReportReceived(Event):
    """A warehouse has reported; ``number`` is the document of ours that it names."""

    type: ClassVar[str] = "fulfilment.report_received"
    report_id: ReportId
    warehouse: WarehouseCode
    kind: str
    number: str

    @property
    def stream(self) -> UUID:
        return self.report_id
