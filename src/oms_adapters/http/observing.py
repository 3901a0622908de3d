"""The outermost layer: a request id for every request, headers for every answer, one line of log."""

from __future__ import annotations

import re
import time
from typing import Any, Final
from uuid import uuid4

from attrs import frozen
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._\-]{1,100}", re.ASCII)

_ID: Final = "oms.request_id"
_HEADERS: Final = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


def request_id_of(scope: Scope) -> str:
    """Return the id that the request goes by in answers, log and operation log."""
    facts: Any = scope  # a dict to whoever adds to it
    if _ID not in facts:
        facts[_ID] = _sent_id(scope) or uuid4().hex
    return str(facts[_ID])


@frozen
class Observed:
    """Wraps the whole app, so that it also sees what no route answers."""

    app: ASGIApp
    log: Any

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        began = time.perf_counter()
        status = 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_own(list(message.get("headers", ())), request_id)
            await send(message)

        try:
            await self.app(scope, receive, sent)
        finally:
            self._tell(scope, status, request_id, time.perf_counter() - began)

    def _tell(self, scope: Scope, status: int, request_id: str, seconds: float) -> None:
        """Write where it went and how it ended: no body, no query, nothing that a caller chose but its id."""
        actor = scope.get("user")
        self.log.info(
            "request",
            method=scope["method"],  # type: ignore[typeddict-item]
            path=scope.get("path_template") or "(none)",
            status=status,
            duration_ms=round(seconds * 1000, 1),
            request_id=request_id,
            client=getattr(actor, "id", ""),
            shop=_shop(scope),
        )


def _with_own(headers: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    named = {name.lower() for name, _ in headers}
    own = [(b"x-request-id", request_id.encode()), *_HEADERS]
    if b"cache-control" not in named:
        own.append((b"cache-control", b"no-store"))
    return [*headers, *own]


def _sent_id(scope: Scope) -> str:
    sent = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return sent if REQUEST_ID.fullmatch(sent) else ""


def _shop(scope: Scope) -> str:
    shop = str(scope.get("path_params", {}).get("shop", ""))
    return shop if REQUEST_ID.fullmatch(shop) else ""
