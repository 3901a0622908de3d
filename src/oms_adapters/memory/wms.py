"""Accounts, reports and traces in dicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from attrs import define, evolve, field

from oms_adapters.memory.shelves import Shelf
from oms_adapters.memory.tables import Tables
from oms_adapters.memory.work import Work
from oms_app.ports.reports import EarlyPush, KeptReport
from oms_app.ports.transaction import Duplicate, StaleVersion
from oms_domain.fulfilment.reports import ReportId, ReportNotFound
from oms_domain.fulfilment.sending import Sending
from oms_domain.fulfilment.tracking import Trace
from oms_domain.fulfilment.wms_account import WmsAccount, WmsAccountId, WmsAccountNotFound
from oms_domain.kernel.identity import FulfilmentOrderId, PackageId, WarehouseCode


@define
class MemoryWmsAccounts:
    """The warehouses' accounts."""

    work: Work
    shelf: Shelf[WmsAccount] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="wms_account",
            stored=self.work.tables.wms_accounts,
            index=self.work.tables.wms_warehouses,
            shop_of=lambda account: None,
            key_of=lambda account: account.warehouse,
            not_found=lambda id: WmsAccountNotFound(warehouse=str(id)),
        )

    def of(self, warehouse: WarehouseCode) -> WmsAccount:
        found = self.shelf.by_key(warehouse)
        if found is None:
            raise WmsAccountNotFound(warehouse=warehouse)
        return found

    def all(self) -> tuple[WmsAccount, ...]:
        return tuple(sorted(self.shelf.all(), key=lambda account: account.warehouse))

    def save(self, account: WmsAccount) -> None:
        self.shelf.save(account)

    def secret(self, account_id: WmsAccountId) -> bytes | None:
        with self.work.reading() as tables:
            return tables.wms_secrets.get(account_id)

    def save_secret(self, account_id: WmsAccountId, sealed: bytes) -> None:
        self.work.write(lambda tables: lambda: tables.wms_secrets.update({account_id: sealed}))


@define
class MemoryInbox:
    """All reports that warehouses have pushed."""

    work: Work

    def take(self, kept: KeptReport) -> bool:
        key = (kept.warehouse, kept.report.kind, kept.report.report_id)
        with self.work.reading() as tables:
            if key in tables.report_keys:
                return False

        def check(tables: Tables) -> Callable[[], None]:
            if key in tables.report_keys:
                raise Duplicate(what="report")

            def store() -> None:
                tables.report_keys[key] = kept.id
                tables.reports[kept.id] = kept

            return store

        self.work.write(check)
        return True

    def same(self, kept: KeptReport) -> KeptReport | None:
        with self.work.reading() as tables:
            id = tables.report_keys.get((kept.warehouse, kept.report.kind, kept.report.report_id))
            return tables.reports[id] if id is not None else None

    def get(self, report_id: ReportId) -> KeptReport:
        with self.work.reading() as tables:
            if report_id not in tables.reports:
                raise ReportNotFound(report_id=report_id)
            return tables.reports[report_id]

    def save(self, kept: KeptReport) -> None:
        self.work.write(lambda tables: lambda: tables.reports.update({kept.id: kept}))


@define
class MemorySendings:
    """How far sending to the warehouses has come."""

    work: Work

    def of(self, fulfilment_id: FulfilmentOrderId) -> Sending:
        with self.work.reading() as tables:
            return tables.sendings.get(fulfilment_id, Sending(fulfilment_id=fulfilment_id, may_be_there=True))

    def save(self, state: Sending) -> None:
        def check(tables: Tables) -> Callable[[], None]:
            stored = tables.sendings.get(state.fulfilment_id)
            if state.version != (stored.version if stored else 0):
                raise StaleVersion(what="sending")
            return lambda: tables.sendings.update({state.fulfilment_id: evolve(state, version=state.version + 1)})

        self.work.write(check)


@define
class MemoryTraces:
    """What carriers have told of parcels."""

    work: Work

    def of(self, package_ids: Sequence[PackageId]) -> dict[PackageId, tuple[Trace, ...]]:
        with self.work.reading() as tables:
            found = {id: tables.traces[id] for id in package_ids if id in tables.traces}
        return {id: tuple(sorted(traces, key=lambda trace: trace.at)) for id, traces in found.items()}

    def add(self, package_id: PackageId, traces: Sequence[Trace]) -> None:
        def check(tables: Tables) -> Callable[[], None]:
            known = tables.traces.get(package_id, ())
            if any(trace in known for trace in traces):
                raise Duplicate(what="trace")
            return lambda: tables.traces.update({package_id: (*known, *traces)})

        self.work.write(check)

    def keep(self, push: EarlyPush) -> None:
        key = (push.tracking_no, push.company)
        self.work.write(lambda tables: lambda: tables.early_pushes.update({key: push}))

    def kept(self, tracking_no: str) -> tuple[EarlyPush, ...]:
        with self.work.reading() as tables:
            found = [push for push in tables.early_pushes.values() if push.tracking_no == tracking_no]
        return tuple(sorted(found, key=lambda push: push.company))

    def let_go(self, *, tracking_no: str = "", company: str = "", before: datetime | None = None) -> None:
        def check(tables: Tables) -> Callable[[], None]:
            def store() -> None:
                for key, push in list(tables.early_pushes.items()):
                    if push.received_at < before if before else key == (tracking_no, company):
                        del tables.early_pushes[key]

            return store

        self.work.write(check)
