"""The two servers that the HTTP benchmark compares: ours, and a bare handler on the raw driver.

python -m tests.bench.server ours|bare URL PORT [FILE with the bare one's ready rows]
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

import uvicorn
from litestar import Controller, Litestar, Request, Response, get, post
from tests.bench.raw import RawPostgres, RawSqlite
from tests.bench.reading import as_json

from oms_app.queries.rows import DEFAULT_PAGE


def ours(url: str, port: int) -> None:
    """Our application on a migrated database, without workers: what is measured is the request."""
    os.environ["OMS_DATABASE_URL"] = url
    from oms_adapters.bootstrap.asgi import build_app
    from oms_adapters.bootstrap.container import Container
    from oms_adapters.bootstrap.logs import configure_logs
    from oms_adapters.bootstrap.settings import load_settings

    configure_logs("warning", quiet=True)
    uvicorn.run(build_app(Container(settings=load_settings())), port=port, log_config=None, access_log=False)


def bare(url: str, port: int, rows: Path) -> None:
    """Handlers that hand ready values to the driver: the limit of what the same framework can do."""
    shares = pickle.loads(rows.read_bytes())
    turn, lock = count(), Lock()
    writer: Any = RawPostgres(url) if url.startswith("postgresql") else RawSqlite(url.removeprefix("sqlite:///"))

    class Bare(Controller):
        path = "/api/v1"

        @post("/shops/bench/platform-orders", sync_to_thread=True)
        def create(self, request: Request[Any, Any, Any], body: bytes) -> Response[bytes]:
            with lock:
                share = shares[next(turn)]
                writer.write([share])
            return Response(json.dumps({"order_no": "1", "length": len(body)}).encode(), media_type="application/json")

        @get("/orders/{order_id:str}", sync_to_thread=True)
        def show(self, order_id: str) -> Response[bytes]:
            with lock:
                return Response(as_json(writer.get(UUID(order_id))), media_type="application/json")

        @get("/orders", sync_to_thread=True)
        def page(self) -> Response[bytes]:
            with lock:
                return Response(as_json(writer.page(DEFAULT_PAGE)), media_type="application/json")

    uvicorn.run(Litestar([Bare]), port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    kind, url_, port_ = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if kind == "ours":
        ours(url_, port_)
    else:
        bare(url_, port_, Path(sys.argv[4]))
