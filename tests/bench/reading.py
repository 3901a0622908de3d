"""Get and list of the query service against the raw driver reading the same rows (P3, P4)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy.engine import make_url
from tests.bench.raw import RawPostgres, RawSqlite
from tests.bench.sample import ACTOR, fresh, payloads
from tests.bench.timing import ratio, rounds

from oms_adapters.bootstrap.clock import system_now
from oms_app.queries.rows import DEFAULT_PAGE, OrderFilter

ORDERS = 300
READS = 300
PAGES = 60


def figures(name: str, url: str) -> Iterator[str]:
    """Print-ready lines of one database."""
    bench = fresh(url)
    bench.take(tuple(bench.arrivals(payloads(ORDERS))))
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    raw: Any = RawPostgres(plain) if name == "PostgreSQL" else RawSqlite(url.removeprefix("sqlite:///"))
    queries, now = bench.database.queries, system_now()
    ids = [row.id for row in queries.orders(ACTOR, OrderFilter(), after=None, limit=200, now=now)]
    wanted = [ids[at % len(ids)] for at in range(READS)]

    gets = {
        "ours": _each(wanted, lambda id_: queries.order(ACTOR, id_)),
        "raw": _each(wanted, raw.get),
    }
    lists = {
        "ours": _each(range(PAGES), lambda _: queries.orders(ACTOR, OrderFilter(), after=None, limit=50, now=now)),
        "raw": _each(range(PAGES), lambda _: raw.page(DEFAULT_PAGE)),
    }
    for what, ways, count, goals in (
        ("get", gets, READS, "P3 ≤ 2.5, P4 ≤ 5"),
        (f"list of {DEFAULT_PAGE}", lists, PAGES, "P3 ≤ 2.0"),
    ):
        seconds = rounds(ways)
        yield (
            f"{name}: service {what}: {count / min(seconds['ours']):,.0f}/s, raw driver "
            f"{count / min(seconds['raw']):,.0f}/s; cost {1 / ratio(seconds, 'ours', 'raw'):.2f} of raw ({goals})"
        )
    raw.close()
    bench.database.close()


def _each(items: Any, act: Callable[[Any], object]) -> Callable[[], Callable[[], None]]:
    def prepare() -> Callable[[], None]:
        def run() -> None:
            for item in items:
                act(item)

        return run

    return prepare


def as_json(found: object) -> bytes:
    """What a bare handler answers with."""
    return json.dumps(found, default=str).encode()
