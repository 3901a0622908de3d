"""Whether the server runs, and whether it can work."""

from __future__ import annotations

from collections.abc import Callable

from litestar import Controller, get

from oms_adapters.http.auth import PUBLIC
from oms_adapters.http.refusals import NotReady
from oms_adapters.http.views import Given, View


class HealthView(View):
    """It runs."""

    status: str
    version: str


class HealthController(Controller):
    """For whatever watches the process."""

    path = "/"
    tags = ("Health",)

    @get("/health", operation_id="health", opt=PUBLIC, sync_to_thread=False)
    def health(self, version: Given[str]) -> HealthView:
        """Tell that the process runs."""
        return HealthView(status="ok", version=version)

    @get("/ready", operation_id="ready", opt=PUBLIC, sync_to_thread=True)
    def ready(self, alive: Given[Callable[[], bool]], version: Given[str]) -> HealthView:
        """Tell whether the database answers and its schema is up to date."""
        if not alive():
            raise NotReady
        return HealthView(status="ready", version=version)
