"""What a test knows of a route: how it is called, and who may."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from oms_app.actor import Permission

ABSENT: Final = "019b7ca9-8f2e-7e6a-8000-000000000001"


@frozen(kw_only=True)
class Call:
    """``path`` has names in braces for a test to fill in. ``scoped``: what another's key gets, None where all see."""

    operation: str
    method: str = "GET"
    path: str
    body: Any = None
    permission: Permission | None
    changes: bool = False
    scoped: int | None = 404
