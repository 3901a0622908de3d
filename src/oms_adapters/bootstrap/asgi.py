"""The HTTP application, wired: the container's providers handed to the controllers by name."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from litestar import Litestar

from oms_adapters.bootstrap.clock import new_id, system_now
from oms_adapters.bootstrap.container import Container
from oms_adapters.bootstrap.settings import Settings
from oms_adapters.http.app import HttpOptions, create_app


def build_app(container: Container) -> Litestar:
    """Return the application over a container's objects."""
    settings: Settings = container.settings()
    return create_app(
        # Litestar cannot read a provider's signature; a bare function it can.
        {name: _calls(getattr(container, name)) for name in _PROVIDED}
        | {"now": lambda: system_now, "new_id": lambda: new_id, "alive": lambda: lambda: _alive(container)},
        options=HttpOptions(body_limit=settings.http.body_limit, threads=settings.http.threads, version=version("oms")),
    )


_PROVIDED = (
    "desk",
    "batches",
    "splits",
    "merges",
    "edits",
    "evidence",
    "manual_orders",
    "intake",
    "preparation",
    "shops",
    "stock",
    "transfers",
    "stocktakes",
    "warehouses",
    "catalog",
    "sku_mappings",
    "sourcing",
    "catalog_queries",
    "personal",
    "access",
    "queries",
    "gateways",
    "sealer",
    "signer",
    "job_service",
    "buyer_views",
    "discrepancies",
    "review_rules",
    "blacklist",
    "cases",
    "refunds",
    "returns",
    "asks",
    "tickets",
    "aftersales_terms",
    "aftersales_queries",
    "wms_accounts",
    "wms_reports",
    "levels",
    "wms_callbacks",
    "tracking_callbacks",
)


def _calls(provider: Any) -> Any:
    return lambda: provider()


def _alive(container: Container) -> bool:
    database = container.database()
    if not database.answers():
        return False
    found, wanted = database.revision()
    return bool(found == wanted)
