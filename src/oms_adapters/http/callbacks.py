"""What warehouses and carriers push. They sign instead of holding a key, and are answered in their own forms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from litestar import Controller, Request, Response, post
from litestar.concurrency import sync_to_thread
from litestar.exceptions import HTTPException

from oms_adapters.http.auth import PUBLIC
from oms_adapters.http.views import Given

LARGEST_BYTES: Final = 1024 * 1024
MOST_QUERY_BYTES: Final = 8 * 1024


class WmsCallbacks(Protocol):
    """Takes what a warehouse pushes."""

    def answer(self, query: Sequence[tuple[str, str]], body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer, for the URL's parameters and the body as it came."""


class TrackingCallbacks(Protocol):
    """Takes what a carrier pushes."""

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer, for the body as it came."""


async def _raw(request: Request[Any, Any, Any]) -> bytes:
    """Return the body; one that is too large comes out too large, so that whoever answers can say so."""
    try:
        return await request.body()
    except HTTPException as error:
        if error.status_code != 413:
            raise
        return b" " * (LARGEST_BYTES + 1)


class CallbacksController(Controller):
    """Pushes of warehouses and carriers."""

    path = "/"
    tags = ("Callbacks",)
    opt = PUBLIC
    request_max_body_size = LARGEST_BYTES
    include_in_schema = False  # their forms are theirs, and not JSON

    @post("/wms/qimen", operation_id="takeQimen", status_code=200)
    async def qimen(self, request: Request[Any, Any, Any], wms_callbacks: Given[WmsCallbacks]) -> Response[bytes]:
        """Take a report of a warehouse that speaks Qimen."""
        query = request.query_params.multi_items() if len(request.scope["query_string"]) <= MOST_QUERY_BYTES else []
        return await _answered(wms_callbacks.answer, list(query), await _raw(request), media_type="text/xml")

    @post("/tracking/kuaidi100", operation_id="takeKuaidi100", status_code=200)
    async def kuaidi100(
        self, request: Request[Any, Any, Any], tracking_callbacks: Given[TrackingCallbacks]
    ) -> Response[bytes]:
        """Take what Kuaidi100 tells of a parcel."""
        return await _answered(tracking_callbacks.answer, await _raw(request), media_type="application/json")


async def _answered(answer: Callable[..., tuple[int, bytes]], *arguments: Any, media_type: str) -> Response[bytes]:
    status, body = await sync_to_thread(answer, *arguments)
    return Response(body, status_code=status, media_type=f"{media_type}; charset=utf-8")
