"""``make bench``: print the ratios, on SQLite and on PostgreSQL (OMS_TEST_PG_URL, else the embedded package)."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

from tests.bench import apportionment, engine, http, ingest, reading, sourcing, stock
from tests.servers import Servers


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = Servers(stack, folder)
        wanted = sys.argv[1:] or ["apportionment", "sourcing", "ingest", "reading", "stock", "http", "engine"]
        lines = []
        if "apportionment" in wanted:
            lines.append(apportionment.figures())
        if "sourcing" in wanted:
            lines.append(sourcing.figures())
        if "ingest" in wanted:
            lines += [ingest.sqlite(folder), ingest.postgres(servers.fresh_url("postgres"))]
        if "reading" in wanted:
            lines += [
                reading.figures("PostgreSQL", servers.fresh_url("postgres")),
                reading.figures("SQLite", f"sqlite:///{folder / 'reading.db'}"),
            ]
        if "stock" in wanted:
            lines.append(stock.figures(servers.fresh_url("postgres")))
        if "http" in wanted:
            lines += [
                http.figures("PostgreSQL", servers.fresh_url("postgres"), folder),
                http.figures("SQLite", f"sqlite:///{folder / 'http.db'}", folder),
            ]
        if "engine" in wanted:
            lines += [
                engine.figures("PostgreSQL", servers.fresh_url("postgres")),
                engine.figures("SQLite", f"sqlite:///{folder / 'engine.db'}"),
            ]
        for line in chain.from_iterable(lines):
            print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
