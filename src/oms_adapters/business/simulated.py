"""A small simulated business system: opens and closes courses in a file of its own, each key once."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Final
from uuid import UUID

from attrs import define, field

from oms_app.ports.business import BusinessAnswer, RightsToGive, RightsToTakeBack
from oms_domain.kernel.identity import ShopId

NOBODY: Final = "nobody_to_give_it_to"
TAKEN_BACK: Final = "taken_back_before"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS given (order_id TEXT PRIMARY KEY, number TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS closed (order_id TEXT NOT NULL, case_id TEXT NOT NULL, PRIMARY KEY (order_id, case_id));
"""


@define(eq=False)
class SimulatedBusiness:
    """Implements ``oms_app.ports.business.BusinessSystems``.

    Args:
        path: file that it survives a restart in; None keeps it in memory.
    """

    path: Path | None = None
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)
    _file: sqlite3.Connection = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._file = sqlite3.connect(self.path or ":memory:", check_same_thread=False, isolation_level=None)
        self._file.executescript("PRAGMA journal_mode=WAL; PRAGMA busy_timeout=5000;" + _SCHEMA)

    def serves(self, shop_id: ShopId) -> bool:
        return True

    def give(self, wanted: RightsToGive) -> BusinessAnswer:
        """Give it once. To nobody nothing is given, and nothing that was taken back before it was given."""
        if not (wanted.buyer.name or wanted.buyer.mobile):
            return BusinessAnswer(done=False, reason=NOBODY)
        key = str(wanted.order_id)
        with self._lock, self._file:
            self._file.execute("BEGIN IMMEDIATE")
            if self.is_given(wanted.order_id):
                return BusinessAnswer(done=True)
            if self._file.execute("SELECT 1 FROM closed WHERE order_id = ?", (key,)).fetchone():
                return BusinessAnswer(done=False, reason=TAKEN_BACK)
            self._file.execute("INSERT INTO given VALUES (?, ?)", (key, wanted.number))
        return BusinessAnswer(done=True)

    def take_back(self, wanted: RightsToTakeBack) -> BusinessAnswer:
        with self._lock, self._file:
            closed = (str(wanted.order_id), str(wanted.case_id))
            self._file.execute("INSERT OR IGNORE INTO closed VALUES (?, ?)", closed)
        return BusinessAnswer(done=True)

    def is_given(self, order_id: UUID) -> bool:
        """Whether it has ever given what the order is for."""
        found = self._file.execute("SELECT 1 FROM given WHERE order_id = ?", (str(order_id),)).fetchone()
        return found is not None

    def close(self) -> None:
        self._file.close()
