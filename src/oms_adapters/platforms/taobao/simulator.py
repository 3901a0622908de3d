"""A Taobao to talk to over HTTP, for tests, demos and benchmarks: same wire form, same checks, same errors.

The adapter cannot tell it from the real one but by the base URL.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import parse_qsl

import uvicorn
from litestar import Litestar, Request, Response, post

from oms_adapters.platforms.taobao.fake_platform import FakeTaobao, Faults
from oms_adapters.platforms.taobao.fake_wire import answer

__all__ = ["FakeTaobao", "Faults", "create_app", "serve"]

LARGEST_FORM_BYTES: Final = 1024 * 1024
STOP_S: Final = 5


def create_app(platform: FakeTaobao) -> Litestar:
    """Return the platform's gateway: one route, which takes a signed form and answers JSON."""

    @post("/router/rest", status_code=200)
    async def rest(request: Request[Any, Any, Any]) -> Response[bytes]:
        form = parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True)
        media_type, body = answer(platform, form)
        return Response(body, media_type=media_type)

    return Litestar([rest], openapi_config=None, logging_config=None, request_max_body_size=LARGEST_FORM_BYTES)


@contextmanager
def serve(platform: FakeTaobao, *, port: int = 0) -> Iterator[str]:
    """Serve ``platform`` on 127.0.0.1 from a thread, and yield its base URL. Stops within twice ``STOP_S`` seconds.

    Args:
        port: 0 takes a free one.
    """
    with _listener(port) as listener:  # from here on, callers queue until the thread runs
        config = uvicorn.Config(
            create_app(platform),
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=STOP_S,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), name="fake-taobao", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(2 * STOP_S)


def _listener(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol; with it on, replies wait 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener
