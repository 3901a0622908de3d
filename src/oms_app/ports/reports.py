"""What is kept of warehouses and carriers in a transaction: reports, accounts, traces of parcels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from attrs import frozen

from oms_app.ports.wms import NumberedReport
from oms_domain.fulfilment.reports import ReportId, ReportState
from oms_domain.fulfilment.sending import Sending
from oms_domain.fulfilment.tracking import Trace
from oms_domain.fulfilment.wms_account import WmsAccount, WmsAccountId
from oms_domain.kernel.identity import FulfilmentOrderId, PackageId, WarehouseCode


@frozen(kw_only=True)
class KeptReport:
    """A report as it is kept: once for each warehouse, kind and report id."""

    id: ReportId
    warehouse: WarehouseCode
    report: NumberedReport
    state: ReportState = ReportState.RECEIVED
    reason: str = ""
    received_at: datetime
    updated_at: datetime


class Inbox(Protocol):
    """All reports that warehouses have pushed."""

    def take(self, kept: KeptReport) -> bool:
        """Keep a report; False, and nothing is kept, if it was here before. Raises ``Duplicate`` at commit."""

    def same(self, kept: KeptReport) -> KeptReport | None:
        """Return the report that is kept of the same warehouse, kind and report id."""

    def get(self, report_id: ReportId) -> KeptReport:
        """Raises ``ReportNotFound``."""

    def save(self, kept: KeptReport) -> None:
        """Store what became of it."""


class WmsAccounts(Protocol):
    """The warehouses' accounts, one at most for a warehouse. They are of no shop: whoever may ask sees them all."""

    def of(self, warehouse: WarehouseCode) -> WmsAccount:
        """Raises ``WmsAccountNotFound``."""

    def all(self) -> tuple[WmsAccount, ...]:
        """Return them by warehouse."""

    def save(self, account: WmsAccount) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate``."""

    def secret(self, account_id: WmsAccountId) -> bytes | None:
        """Return the sealed secret."""

    def save_secret(self, account_id: WmsAccountId, sealed: bytes) -> None:
        """Put a sealed secret in place."""


@frozen(kw_only=True)
class EarlyPush:
    """What a carrier told of a number that nobody knew then (提前到达的轨迹): its whole history, as it was told last.

    ``company``: as the provider calls the carrier. ``carriers``: by which codes we may know it. ``others``: those of
    other carriers.
    """

    tracking_no: str
    company: str
    carriers: tuple[str, ...]
    others: tuple[str, ...]
    traces: tuple[Trace, ...]
    received_at: datetime


class Traces(Protocol):
    """What carriers have told of parcels. Told again, it stands once."""

    def of(self, package_ids: Sequence[PackageId]) -> dict[PackageId, tuple[Trace, ...]]:
        """Return them oldest first."""

    def add(self, package_id: PackageId, traces: Sequence[Trace]) -> None:
        """Keep traces that are not there yet. Raises ``Duplicate`` at commit if somebody was first."""

    def keep(self, push: EarlyPush) -> None:
        """Keep what was told of a number that nobody knows, in place of what was told of it before.

        Raises:
            Duplicate: at commit, if somebody was first.
        """

    def kept(self, tracking_no: str) -> tuple[EarlyPush, ...]:
        """Return what is kept of a number, by company."""

    def let_go(self, *, tracking_no: str = "", company: str = "", before: datetime | None = None) -> None:
        """Keep no longer what is of a number and company, or else what came before a moment."""


class Sendings(Protocol):
    """How far sending to the warehouses has come, of each fulfilment order that was released."""

    def of(self, fulfilment_id: FulfilmentOrderId) -> Sending:
        """Return it; of one that nothing is kept of, that nobody knows whether it is there."""

    def save(self, sending: Sending) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate``, here or at commit."""
