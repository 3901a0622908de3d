"""What is kept of warehouses and carriers: accounts, reports, traces of parcels. Tables, mapping, stores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Connection

from oms_adapters.db.codec import decode, encode
from oms_adapters.db.types import Id, Instant, Json, blob, code, document_columns, table, text
from oms_adapters.db.work import Saved, Work
from oms_app.journal import Head
from oms_app.ports.reports import EarlyPush, KeptReport
from oms_app.ports.transaction import NewId, StaleVersion
from oms_app.ports.wms import KINDS
from oms_domain.fulfilment.reports import ReportId, ReportNotFound, ReportState
from oms_domain.fulfilment.sending import Sending
from oms_domain.fulfilment.tracking import ParcelProgress, Trace
from oms_domain.fulfilment.wms_account import WmsAccount, WmsAccountId, WmsAccountNotFound, WmsTerms
from oms_domain.kernel.identity import FulfilmentOrderId, PackageId, WarehouseCode

wms_account = table(
    "wms_account",
    sa.Column("id", Id, primary_key=True),
    sa.Column("warehouse", text(32), nullable=False, unique=True),
    sa.Column("terms", Json, nullable=False),
    sa.Column("has_secret", sa.Boolean, nullable=False),
    *document_columns(),
)

wms_secret = table(
    "wms_secret",
    sa.Column("account_id", Id, sa.ForeignKey("wms_account.id"), primary_key=True),
    sa.Column("sealed", blob(), nullable=False),
)

wms_report = table(
    "wms_report",
    sa.Column("id", Id, primary_key=True),
    sa.Column("warehouse", text(32), nullable=False),
    sa.Column("kind", code(), nullable=False),
    sa.Column("report_id", text(150), nullable=False),
    sa.Column("number", text(64), nullable=False, index=True),
    sa.Column("content", Json, nullable=False),
    sa.Column("state", code(), nullable=False),
    sa.Column("reason", text(300), nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("warehouse", "kind", "report_id"),
    sa.Index("ix_wms_report_state", "state", "received_at", "id"),
)

sending = table(
    "sending",
    sa.Column("fulfilment_id", Id, sa.ForeignKey("fulfilment_order.id"), primary_key=True),
    sa.Column("tried_at", Instant, nullable=True),
    sa.Column("is_under_way", sa.Boolean, nullable=False),
    sa.Column("may_be_there", sa.Boolean, nullable=False),
    sa.Column("waits_since", Instant, nullable=True, index=True),
    sa.Column("reason", text(300), nullable=False),
    sa.Column("next_at", Instant, nullable=True),
    sa.Column("version", sa.Integer, nullable=False),
)

package_trace = table(
    "package_trace",
    sa.Column("id", Id, primary_key=True),
    sa.Column("package_id", Id, sa.ForeignKey("package.id"), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("progress", code(), nullable=False),
    sa.Column("text", text(500), nullable=False),
    sa.Column("place", text(100), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),  # of the text: an index over the text itself is too wide
    sa.UniqueConstraint("package_id", "at", "progress", "digest"),
)

early_push = table(
    "early_push",
    sa.Column("id", Id, primary_key=True),
    sa.Column("tracking_no", text(64), nullable=False),
    sa.Column("company", text(64), nullable=False),
    sa.Column("content", Json, nullable=False),
    sa.Column("received_at", Instant, nullable=False, index=True),
    sa.UniqueConstraint("tracking_no", "company"),
)

_BY_WAREHOUSE = sa.select(wms_account).where(wms_account.c.warehouse == sa.bindparam("warehouse"))
_ALL = sa.select(wms_account).order_by(wms_account.c.warehouse)
_SECRET = sa.select(wms_secret.c.sealed).where(wms_secret.c.account_id == sa.bindparam("account_id"))
_REPORT = sa.select(wms_report).where(wms_report.c.id == sa.bindparam("id"))
_SAME_REPORT = sa.select(wms_report).where(
    *(wms_report.c[name] == sa.bindparam(name) for name in ("warehouse", "kind", "report_id"))
)
_SENDING = sa.select(sending).where(sending.c.fulfilment_id == sa.bindparam("fulfilment_id"))
_TRACES = (
    sa.select(package_trace)
    .where(package_trace.c.package_id.in_(sa.bindparam("package_ids", expanding=True)))
    .order_by(package_trace.c.at, package_trace.c.id)
)


_EARLY = (
    sa.select(early_push).where(early_push.c.tracking_no == sa.bindparam("tracking_no")).order_by(early_push.c.company)
)


def account_of(row: Any) -> WmsAccount:
    return WmsAccount(
        id=WmsAccountId(row.id),
        warehouse=WarehouseCode(row.warehouse),
        terms=decode(row.terms, WmsTerms),
        has_secret=bool(row.has_secret),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def account_row(state: WmsAccount) -> dict[str, Any]:
    return {
        "id": state.id,
        "warehouse": state.warehouse,
        "terms": encode(state.terms),
        "has_secret": state.has_secret,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
    }


def report_of(row: Any) -> KeptReport:
    return KeptReport(
        id=ReportId(row.id),
        warehouse=WarehouseCode(row.warehouse),
        report=decode(row.content, KINDS[row.kind]),
        state=ReportState(row.state),
        reason=row.reason,
        received_at=row.received_at,
        updated_at=row.updated_at,
    )


def report_row(kept: KeptReport) -> dict[str, Any]:
    return {
        "id": kept.id,
        "warehouse": kept.warehouse,
        "kind": kept.report.kind,
        "report_id": kept.report.report_id,
        "number": kept.report.number,
        "content": encode(kept.report),
        "state": kept.state,
        "reason": kept.reason[:300],
        "received_at": kept.received_at,
        "updated_at": kept.updated_at,
    }


def sending_of(row: Any) -> Sending:
    return Sending(
        fulfilment_id=FulfilmentOrderId(row.fulfilment_id),
        tried_at=row.tried_at,
        is_under_way=bool(row.is_under_way),
        may_be_there=bool(row.may_be_there),
        waits_since=row.waits_since,
        reason=row.reason,
        next_at=row.next_at,
        version=row.version,
    )


def trace_of(row: Any) -> Trace:
    return Trace(at=row.at, progress=ParcelProgress(row.progress), text=row.text, place=row.place)


@frozen
class WmsAccountStore:
    """``oms_app.ports.reports.WmsAccounts`` on a database."""

    work: Work

    def of(self, warehouse: WarehouseCode) -> WmsAccount:
        rows = self.work.rows(_BY_WAREHOUSE, {"warehouse": warehouse})
        if not rows:
            raise WmsAccountNotFound(warehouse=warehouse)
        return self._loaded(rows[0])

    def all(self) -> tuple[WmsAccount, ...]:
        return tuple(map(self._loaded, self.work.rows(_ALL)))

    def save(self, account: WmsAccount) -> None:
        self.work.journal.saved("wms_account", account.id, None, account)
        self.work.save(Saved(wms_account, account, account_row, (), self.work.loaded.get(account.id)))

    def secret(self, account_id: WmsAccountId) -> bytes | None:
        rows = self.work.rows(_SECRET, {"account_id": account_id})
        return bytes(rows[0].sealed) if rows else None

    def save_secret(self, account_id: WmsAccountId, sealed: bytes) -> None:
        if self.secret(account_id) is None:
            self.work.add(wms_secret, {"account_id": account_id, "sealed": sealed})
        else:
            change = wms_secret.update().where(wms_secret.c.account_id == account_id).values(sealed=sealed)
            self.work.last.append((("wms_secret", account_id.hex), lambda connection: connection.execute(change)))

    def _loaded(self, row: Any) -> WmsAccount:
        found = account_of(row)
        self.work.loaded.setdefault(found.id, found)
        self.work.tables["wms_account"] = wms_account
        self.work.journal.loaded("wms_account", found.id, None, found, Head(row.log_seq, row.log_hash))
        return found


@frozen
class InboxStore:
    """``oms_app.ports.reports.Inbox`` on a database."""

    work: Work

    def take(self, kept: KeptReport) -> bool:
        if self.same(kept) is not None:
            return False
        self.work.add(wms_report, report_row(kept))
        return True

    def same(self, kept: KeptReport) -> KeptReport | None:
        row = report_row(kept)
        rows = self.work.rows(_SAME_REPORT, {name: row[name] for name in ("warehouse", "kind", "report_id")})
        return report_of(rows[0]) if rows else None

    def get(self, report_id: ReportId) -> KeptReport:
        rows = self.work.rows(_REPORT, {"id": report_id})
        if not rows:
            raise ReportNotFound(report_id=report_id)
        return report_of(rows[0])

    def save(self, kept: KeptReport) -> None:
        values = {"state": kept.state, "reason": kept.reason[:300], "updated_at": kept.updated_at}
        change = wms_report.update().where(wms_report.c.id == kept.id).values(**values)
        self.work.last.append((("wms_report", kept.id.hex), lambda connection: connection.execute(change)))


@frozen
class SendingStore:
    """``oms_app.ports.reports.Sendings`` on a database."""

    work: Work

    def of(self, fulfilment_id: FulfilmentOrderId) -> Sending:
        rows = self.work.rows(_SENDING, {"fulfilment_id": fulfilment_id})
        return sending_of(rows[0]) if rows else Sending(fulfilment_id=fulfilment_id, may_be_there=True)

    def save(self, state: Sending) -> None:
        facts = {name: getattr(state, name) for name in sending.c.keys()}  # noqa: SIM118  (of columns, not of a dict)
        row = facts | {"reason": state.reason[:300], "version": state.version + 1}
        if not state.version:
            self.work.add(sending, row)
            return
        mine = (sending.c.fulfilment_id == state.fulfilment_id, sending.c.version == state.version)
        change = sending.update().where(*mine).values(row)

        def send(connection: Connection) -> None:
            if connection.execute(change).rowcount != 1:
                raise StaleVersion(what="sending")

        self.work.last.append((("sending", state.fulfilment_id.hex), send))


@frozen
class TraceStore:
    """``oms_app.ports.reports.Traces`` on a database."""

    work: Work
    new_id: NewId

    def of(self, package_ids: Sequence[PackageId]) -> dict[PackageId, tuple[Trace, ...]]:
        found: dict[PackageId, tuple[Trace, ...]] = {}
        for row in self.work.rows(_TRACES, {"package_ids": list(package_ids)}) if package_ids else ():
            id = PackageId(row.package_id)
            found[id] = (*found.get(id, ()), trace_of(row))
        return found

    def add(self, package_id: PackageId, traces: Sequence[Trace]) -> None:
        for trace in traces:
            row = {
                "id": self.new_id(),
                "package_id": package_id,
                "at": trace.at,
                "progress": trace.progress,
                "text": trace.text,
                "place": trace.place,
                "digest": hashlib.sha256(trace.text.encode()).hexdigest(),
            }
            self.work.add(package_trace, row)

    def keep(self, push: EarlyPush) -> None:
        same = [row for row in self._early(push.tracking_no) if row.company == push.company]
        facts = {"content": encode(push), "received_at": push.received_at}
        if not same:
            named = {"tracking_no": push.tracking_no, "company": push.company}
            self.work.add(early_push, {"id": self.new_id(), **named, **facts})
            return
        change = early_push.update().where(early_push.c.id == same[0].id).values(**facts)
        self.work.last.append((("early_push", same[0].id.hex), lambda connection: connection.execute(change)))

    def kept(self, tracking_no: str) -> tuple[EarlyPush, ...]:
        return tuple(decode(row.content, EarlyPush) for row in self._early(tracking_no))

    def let_go(self, *, tracking_no: str = "", company: str = "", before: datetime | None = None) -> None:
        c = early_push.c
        which = c.received_at < before if before else sa.and_(c.tracking_no == tracking_no, c.company == company)
        gone = early_push.delete().where(which)
        self.work.last.append((("early_push", ""), lambda connection: connection.execute(gone)))

    def _early(self, tracking_no: str) -> Sequence[Any]:
        return self.work.rows(_EARLY, {"tracking_no": tracking_no})
