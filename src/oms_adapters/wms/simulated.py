"""A small simulated warehouse: takes orders, picks, packs and ships them a little later, and reports until confirmed.

What it does with an order follows from when it came, so nothing runs in it: a report is due when its time has come.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from attrs import define, field

from oms_app.ports.wms import (
    EntryNotice,
    Milestone,
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
from oms_domain.kernel.identity import FulfilmentOrderId, LineId, SkuCode, WarehouseCode
from oms_domain.kernel.quantity import Quantity

CARRIER: Final = "YTO"
STEPS: Final = ("picked", "packed", "shipped")
AT_THE_COUNTER: Final = ("picked", "packed", "ready")
"""What it does with an order that the buyer fetches: it lies ready, and is handed over there (门店自提)."""
LAST: Final = frozenset({STEPS[-1], AT_THE_COUNTER[-1]})
HAS_LEFT: Final = "already_left"
STOPPED_BEFORE: Final = "stopped_before"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS taken (
    number TEXT PRIMARY KEY, fulfilment_id TEXT NOT NULL, lines TEXT NOT NULL, taken_at TEXT NOT NULL, place INTEGER
);
CREATE TABLE IF NOT EXISTS confirmed (report_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS open_orders (number TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS stopped (number TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS expected (number TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS asked_carriers (number TEXT PRIMARY KEY, carrier TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pickups (number TEXT PRIMARY KEY);
"""


@define(eq=False)
class SimulatedWarehouse:
    """Implements ``oms_app.ports.wms.Wms``.

    Args:
        now: its clock.
        path: file that it survives a restart in; None keeps it in memory.
        pace: time between two steps of its work.
    """

    now: Callable[[], datetime]
    path: Path | None = None
    pace: timedelta = timedelta(seconds=1)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)
    _file: sqlite3.Connection = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._file = sqlite3.connect(self.path or ":memory:", check_same_thread=False, isolation_level=None)
        self._file.executescript("PRAGMA journal_mode=WAL; PRAGMA busy_timeout=5000;" + _SCHEMA)

    def send(self, order: ShipOrder) -> WmsAnswer:
        """Take an order. One without a province to send to is refused; sent twice, it is one order."""
        if not order.region.province:
            return WmsAnswer(accepted=False, reason="address_incomplete")
        lines = json.dumps([[str(line_id), units] for line_id, _, units in order.lines])
        with self._lock, self._file:
            self._file.execute("BEGIN IMMEDIATE")
            if self._file.execute("SELECT 1 FROM stopped WHERE number = ?", (order.number,)).fetchone():
                return WmsAnswer(accepted=False, reason=STOPPED_BEFORE)
            place = self._file.execute("SELECT count(*) FROM taken").fetchone()[0] + 1
            new = self._file.execute(
                "INSERT INTO taken VALUES (?, ?, ?, ?, ?) ON CONFLICT (number) DO NOTHING",
                (order.number, str(order.fulfilment_id), lines, self.now().isoformat(), place),
            )
            if new.rowcount:
                self._file.execute("INSERT INTO open_orders VALUES (?)", (order.number,))
                if order.pickup:
                    self._file.execute("INSERT INTO pickups VALUES (?)", (order.number,))
                if order.carrier:
                    self._file.execute("INSERT INTO asked_carriers VALUES (?, ?)", (order.number, order.carrier))
        return WmsAnswer(accepted=True)

    def stop(self, order: StopOrder) -> StopAnswer:
        """Stop what has not left. An order that it does not know is one that it will not take any more."""
        with self._lock, self._file:
            self._file.execute("BEGIN IMMEDIATE")
            by_carrier = "SELECT taken_at FROM taken WHERE number = ? AND number NOT IN (SELECT number FROM pickups)"
            taken = self._file.execute(by_carrier, (order.number,)).fetchone()
            if taken and self.now() >= datetime.fromisoformat(taken[0]) + self.pace * len(STEPS):
                return StopAnswer(outcome=Stop.NOT_STOPPED, reason=HAS_LEFT)
            self._file.execute("INSERT OR IGNORE INTO stopped VALUES (?)", (order.number,))
            self._file.execute("DELETE FROM taken WHERE number = ?", (order.number,))
            self._file.execute("DELETE FROM open_orders WHERE number = ?", (order.number,))
        return StopAnswer(outcome=Stop.STOPPED)

    def levels(self, warehouse: WarehouseCode, skus: tuple[SkuCode, ...]) -> tuple[WarehouseLevel, ...]:
        """Return nothing: it keeps no stock of its own."""
        return ()

    def expect_return(self, notice: ReturnNotice) -> WmsAnswer:
        """Take a notice. Nothing ever comes back to it."""
        return self._expect(notice.number)

    def expect_entry(self, notice: EntryNotice) -> WmsAnswer:
        """Take a notice. Receipts are booked by hand."""
        return self._expect(notice.number)

    def _expect(self, number: str) -> WmsAnswer:
        with self._lock, self._file:
            self._file.execute("INSERT OR IGNORE INTO expected VALUES (?)", (number,))
        return WmsAnswer(accepted=True)

    def reports(self, limit: int) -> tuple[WmsReport, ...]:
        """Return what is due and not confirmed, oldest order first."""
        with self._lock:
            rows = self._file.execute(
                "SELECT t.*, c.carrier, p.number FROM taken t JOIN open_orders o ON o.number = t.number"
                " LEFT JOIN asked_carriers c ON c.number = t.number LEFT JOIN pickups p ON p.number = t.number"
                " ORDER BY t.place LIMIT ?",
                (limit,),
            ).fetchall()
            done = {row[0] for row in self._file.execute("SELECT report_id FROM confirmed")}
        due = (report for row in rows for report in self._due(row) if report.report_id not in done)
        return tuple(due)[:limit]

    def confirm(self, report_ids: tuple[str, ...]) -> None:
        """Forget reports that are stored; after its last one the order is closed here."""
        with self._lock, self._file:
            self._file.execute("BEGIN IMMEDIATE")
            for report_id in report_ids:
                number, _, step = report_id.rpartition("/")
                if step in LAST:
                    self._file.execute("DELETE FROM open_orders WHERE number = ?", (number,))
                    self._file.execute("DELETE FROM confirmed WHERE report_id LIKE ?", (f"{number}/%",))
                else:
                    self._file.execute("INSERT OR IGNORE INTO confirmed VALUES (?)", (report_id,))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._file.close()

    def _due(self, row: tuple[Any, ...]) -> list[WmsReport]:
        number, fulfilment_id, lines, taken_at, place, carrier, pickup = row
        begun, now = datetime.fromisoformat(taken_at), self.now()
        reports: list[WmsReport] = []
        for count, step in enumerate(AT_THE_COUNTER if pickup else STEPS, 1):
            at = begun + self.pace * count
            if at > now:
                break
            id = FulfilmentOrderId(UUID(fulfilment_id))
            if step != STEPS[-1]:
                reports.append(Milestone(report_id=f"{number}/{step}", fulfilment_id=id, progress=step, at=at))
                continue
            contents = tuple((LineId(UUID(line_id)), Quantity(units)) for line_id, units in json.loads(lines))
            parcel = ParcelLeft(
                report_id=f"{number}/{step}",
                fulfilment_id=id,
                carrier=carrier or CARRIER,
                tracking_no=f"{carrier or 'YT'}{begun:%y%m%d}{place:07d}",
                contents=contents,
                at=at,
            )
            reports.append(parcel)
        return reports
