"""Where the fake platform keeps its trades over a restart: one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from oms_adapters.platforms.taobao.fake_trades import WireTrade

_TABLES = """
CREATE TABLE IF NOT EXISTS trades (tid INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class TradeFile:
    """Trades and notes in a file, or nowhere if ``path`` is None. The caller keeps calls apart by a lock."""

    def __init__(self, path: Path | None) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None) if path else None
        if self._db is not None:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_TABLES)

    def trades(self) -> dict[int, WireTrade]:
        rows = self._db.execute("SELECT tid, body FROM trades ORDER BY tid") if self._db else ()
        return {tid: json.loads(body) for tid, body in rows}

    def notes(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT name, value FROM notes")) if self._db else {}

    def put_trade(self, trade: WireTrade) -> None:
        if self._db is not None:
            body = json.dumps(trade, ensure_ascii=False)
            self._db.execute("REPLACE INTO trades VALUES (?, ?)", (trade["tid"], body))

    def put_note(self, name: str, value: str) -> None:
        if self._db is not None:
            self._db.execute("REPLACE INTO notes VALUES (?, ?)", (name, value))

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
