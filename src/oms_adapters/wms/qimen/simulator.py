"""A warehouse to talk to over HTTP: same wire form, same checks, same refusals as a real one, and it pushes too.

The adapter cannot tell it from a real one but by its address.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import httpx2
import uvicorn
from litestar import Litestar, Request, Response, post

from oms_adapters.wms.qimen.fake_warehouse import FakeQimen, Post
from oms_adapters.wms.qimen.fake_wire import reply_to

__all__ = ["FakeQimen", "create_app", "posting_to", "serve"]

ROUTE: Final = "/router/qimen/service"
LARGEST_BODY_BYTES: Final = 1024 * 1024
STOP_S: Final = 5


def create_app(warehouse: FakeQimen) -> Litestar:
    """Return the warehouse's gateway: one route, which takes signed XML."""

    @post(ROUTE, status_code=200)
    async def service(request: Request[Any, Any, Any]) -> Response[bytes]:
        query = list(request.query_params.multi_items())
        status, media_type, body = reply_to(warehouse, query, await request.body())
        return Response(body, status_code=status, media_type=media_type)

    return Litestar([service], openapi_config=None, logging_config=None, request_max_body_size=LARGEST_BODY_BYTES)


def posting_to(http: httpx2.Client, url: str) -> Post:
    """Return what brings a warehouse's messages to ``url``. One that does not arrive counts as not answered."""

    def send(params: Sequence[tuple[str, str]], body: bytes) -> tuple[int, bytes]:
        try:
            reply = http.post(url, params=list(params), content=body, headers={"Content-Type": "text/xml"})
        except httpx2.HTTPError:
            return 0, b""
        return reply.status_code, reply.content

    return send


@contextmanager
def serve(warehouse: FakeQimen, *, port: int = 0) -> Iterator[str]:
    """Serve on 127.0.0.1 from a thread, and yield the address that messages are posted to.

    Args:
        port: 0 takes a free one.
    """
    # A named protocol, so that asyncio turns Nagle's algorithm off: replies would wait 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()  # from here on, callers queue until the thread runs
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(warehouse),
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=STOP_S,
            )
        )
        thread = threading.Thread(target=server.run, args=([listener],), name="fake-qimen", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}{ROUTE}"
        finally:
            server.should_exit = True
            thread.join(2 * STOP_S)
