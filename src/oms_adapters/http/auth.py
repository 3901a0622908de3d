"""Who calls: an API key in ``Authorization: Bearer``. Every route says what it needs, or it is shut."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from oms_app.access import AccessService, NotAuthenticated
from oms_app.actor import Permission
from oms_domain.kernel.errors import Denied

PERMISSION: Final = "permission"
CHANGES: Final = "changes"

PUBLIC: Final[dict[str, Any]] = {PERMISSION: None, CHANGES: False}
"""For a route that anybody may call."""

_TOKEN: Final = re.compile(r"bearer +([A-Za-z0-9_\-]{1,200})", re.ASCII | re.IGNORECASE)


def needs(permission: Permission, *, changes: bool = False) -> dict[str, Any]:
    """Return a route's options. ``changes``: it does something, so that it is asked under an idempotency key."""
    return {PERMISSION: permission, CHANGES: changes}


def guarding(access: Callable[[], AccessService]) -> Any:
    """Return the guard of all routes."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """Raises ``NotAuthenticated``, ``Denied``."""
        permission = handler.opt.get(PERMISSION, "undeclared")
        if permission is None:
            return
        token = _token(connection)
        # Most requests come with a key that was read a moment ago: those need no thread to wait for a database.
        service = access()
        actor = service.recognise(token)
        if actor is None:
            actor = await sync_to_thread(service.authenticate, token)
        connection.scope["user"] = actor
        if not isinstance(permission, Permission):
            raise Denied(permission=str(permission))
        actor.must(permission)

    return guard


def _token(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    found = _TOKEN.fullmatch(connection.headers.get("authorization", ""))
    if found is None:
        raise NotAuthenticated
    return found[1]
