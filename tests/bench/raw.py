"""The comparators: the bare driver writes the same rows, with values made ready beforehand."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from tests.bench.sample import TABLES, columns

Rows = dict[str, list[tuple[Any, ...]]]

PAGE = (
    "SELECT id, number, shop_id, platform, platform_order_no, state, flags, payable, paid, currency, receiver_mask, "
    "units, created_at, updated_at, version FROM sales_order ORDER BY created_at DESC, id DESC LIMIT "
)
GET = (
    "SELECT row_to_json(o), "
    "(SELECT json_agg(l ORDER BY l.position) FROM sales_order_line l WHERE l.order_id = o.id), "
    "(SELECT json_agg(e ORDER BY e.seq) FROM operation_log e WHERE e.document_id = o.id) "
    "FROM sales_order o WHERE o.id = %s"
)


class RawSqlite:
    """sqlite3 with the pragmas that we pin."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.inserts = {name: self._insert(name) for name in (*TABLES, "idempotency")}

    def write(self, shares: Sequence[Rows]) -> None:
        """One transaction for each share."""
        for rows in shares:
            self.connection.execute("BEGIN IMMEDIATE")
            for name in rows:
                self.connection.executemany(self.inserts[name], rows[name])
            self.connection.execute("COMMIT")

    def get(self, order_id: UUID) -> list[Any]:
        """The order, its lines and its log: on SQLite a statement is a call."""
        run, key = self.connection.execute, (order_id.bytes,)
        return [
            run("SELECT * FROM sales_order WHERE id = ?", key).fetchone(),
            run("SELECT * FROM sales_order_line WHERE order_id = ? ORDER BY position", key).fetchall(),
            run("SELECT * FROM operation_log WHERE document_id = ? ORDER BY seq", key).fetchall(),
        ]

    def page(self, limit: int) -> list[Any]:
        return self.connection.execute(f"{PAGE}{limit}").fetchall()

    def _insert(self, name: str) -> str:
        names = [column.name for column in columns(name)]
        return f"INSERT INTO {name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"

    def close(self) -> None:
        self.connection.close()


class RawPostgres:
    """psycopg: one CTE statement a transaction (raw1), or COPY straight into the tables (the limit of a batch)."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self._statements: dict[tuple[tuple[str, int], ...], str] = {}

    def write(self, shares: Sequence[Rows]) -> None:
        """One statement, so one round trip and one transaction, for each share."""
        with psycopg.RawCursor(self.connection) as cursor:
            for rows in shares:
                counts = tuple((name, len(found)) for name, found in rows.items())
                if counts not in self._statements:
                    self._statements[counts] = self._statement(counts)
                values = [value for found in rows.values() for row in found for value in row]
                cursor.execute(self._statements[counts], values)

    def get(self, order_id: UUID) -> Any:
        """The order, its lines and its log in one round trip."""
        return self.connection.execute(GET, (order_id,)).fetchone()

    def page(self, limit: int) -> list[Any]:
        return self.connection.execute(f"{PAGE}{limit}").fetchall()

    def copy(self, shares: Sequence[Rows]) -> None:
        """COPY each table of a share, one transaction a share."""
        for rows in shares:
            with self.connection.transaction(), self.connection.cursor() as cursor:
                for name in TABLES:
                    names = ", ".join(column.name for column in columns(name))
                    with cursor.copy(f"COPY {name} ({names}) FROM STDIN") as copy:
                        for row in rows[name]:
                            copy.write_row(row)

    def _statement(self, counts: tuple[tuple[str, int], ...]) -> str:
        parts, marks = [], (f"${number}" for number in itertools.count(1))
        for name, rows in counts:
            if rows:
                names = [column.name for column in columns(name)]
                values = ", ".join(f"({', '.join(next(marks) for _ in names)})" for _ in range(rows))
                parts.append(f"t_{name} AS (INSERT INTO {name} ({', '.join(names)}) VALUES {values})")
        return f"WITH {', '.join(parts)} SELECT 1"

    def close(self) -> None:
        self.connection.close()
