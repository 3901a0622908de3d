"""Ingest: orders/s of the intake service against the raw driver writing the same rows in the same run (P3, P4, P5)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from tests.bench.raw import RawPostgres, RawSqlite, Rows
from tests.bench.sample import TABLES, Bench, by_order, fresh, payloads, written_rows
from tests.bench.timing import ratio, rounds, spent_in

from oms_adapters.db.transaction import SqlTransaction
from oms_app.intake import CHUNK

BATCH = 2_000
SINGLE = 300


def sqlite(folder: Path) -> Iterator[str]:
    """Print-ready lines of the SQLite figures."""
    bench = fresh(f"sqlite:///{folder / 'ours.db'}")

    def empty_copy() -> RawSqlite:
        shutil.copy(folder / "empty.db", folder / "raw.db")
        for tail in ("-wal", "-shm"):
            (folder / f"raw.db{tail}").unlink(missing_ok=True)
        return RawSqlite(str(folder / "raw.db"))

    bench.database.close()  # the last connection's end writes the log back into the file
    shutil.copy(folder / "ours.db", folder / "empty.db")
    yield from _figures("SQLite", bench, empty_copy, lambda raw: raw.write, "executemany")


def postgres(url: str) -> Iterator[str]:
    """Print-ready lines of the PostgreSQL figures."""
    bench = fresh(url)
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    yield from _figures("PostgreSQL", bench, lambda: RawPostgres(plain), lambda raw: raw.copy, "COPY straight")


def _figures(name: str, bench: Bench, raw: Callable, batch: Callable, limit: str) -> Iterator[str]:  # type: ignore[type-arg]
    sent = payloads(BATCH)

    def wiped() -> None:
        with bench.database.engines.write.begin() as connection:
            if name == "PostgreSQL":
                connection.execute(sa.text(f"TRUNCATE {', '.join(TABLES)} CASCADE"))
            else:
                for table in reversed(TABLES):
                    connection.execute(sa.text(f"DELETE FROM {table}"))

    def ready(count: int, chunk: int) -> tuple[list, Rows]:  # type: ignore[type-arg]
        wiped()
        arrivals = bench.arrivals(sent[:count])
        for start in range(0, count, chunk):
            bench.take(tuple(arrivals[start : start + chunk]))
        rows = written_rows(bench)
        wiped()
        return arrivals, rows

    def ours(count: int, chunk: int) -> Callable[[], Callable[[], None]]:
        def prepare() -> Callable[[], None]:
            wiped()
            arrivals = bench.arrivals(sent[:count])
            chunks = [tuple(arrivals[start : start + chunk]) for start in range(0, count, chunk)]
            return lambda: [bench.take(one) for one in chunks] and None

        return prepare

    def from_bytes(count: int, chunk: int) -> Callable[[], Callable[[], None]]:
        def prepare() -> Callable[[], None]:
            wiped()

            def run() -> None:
                for start in range(0, count, chunk):
                    bench.take(tuple(bench.arrivals(sent[start : start + chunk])))

            return run

        return prepare

    def theirs(rows: Rows, shares: int, how: Callable) -> Callable[[], Callable[[], None]]:  # type: ignore[type-arg]
        def prepare() -> Callable[[], None]:
            wiped()
            driver = raw()
            dealt = by_order(rows, shares)

            def run() -> None:
                how(driver)(dealt)
                driver.close()

            return run

        return prepare

    _, single_rows = ready(SINGLE, 1)
    seconds = rounds(
        {
            "raw": theirs(single_rows, SINGLE, lambda driver: driver.write),
            "ours": ours(SINGLE, 1),
        }
    )
    per = sum(len(found) for found in single_rows.values()) / SINGLE
    cost = 1 / ratio(seconds, "ours", "raw")
    yield (
        f"{name}: one order a transaction ({per:.1f} rows an order): {SINGLE / min(seconds['ours']):,.0f} orders/s, "
        f"raw driver {SINGLE / min(seconds['raw']):,.0f}; cost {cost:.2f} of raw (P3 ≤ 2.2, P4 ≤ 4.5)"
    )
    _, batch_rows = ready(BATCH, CHUNK)
    ways = {"raw": theirs(batch_rows, BATCH // CHUNK, batch), "ours": ours(BATCH, CHUNK)}
    with spent_in(SqlTransaction, "commit") as commits:
        seconds = rounds(ways | {"bytes": from_bytes(BATCH, CHUNK)})
    # Rounds alternate ours and from bytes; of each, the commits of all but the first round count.
    chunks = BATCH // CHUNK
    stored = [sum(commits[at : at + chunks]) for at in range(0, len(commits), 2 * chunks)][1:]
    storing = median(limit_s / ours_s for limit_s, ours_s in zip(seconds["raw"], stored, strict=False))
    yield (
        f"{name}: chunks of {CHUNK}: sealed payload → committed {BATCH / min(seconds['ours']):,.0f} orders/s, "
        f"{limit} {BATCH / min(seconds['raw']):,.0f}; speed {ratio(seconds, 'ours', 'raw'):.2f} of it; "
        f"the storing alone (gathered → committed) {storing:.2f} of it (P5 ≥ 0.60 COPY, ≥ 0.35 executemany); "
        f"from payload bytes {BATCH / min(seconds['bytes']):,.0f} orders/s"
    )
