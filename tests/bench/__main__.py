"""``make bench``: print the ratios, on SQLite and on PostgreSQL (OMS_TEST_PG_URL, else the embedded package)."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench import ingest
from tests.servers import Servers


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = Servers(stack, folder)
        for line in ingest.sqlite(folder):
            print(line, flush=True)
        for line in ingest.postgres(servers.fresh_url("postgres")):
            print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
