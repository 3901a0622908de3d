"""What lists of aftersales share: filters as they stand in a query, and pages by time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from oms_adapters.http.bodies import texts_of
from oms_adapters.http.order_views import LogView
from oms_adapters.http.paging import Page, Pages, Signer, by_time
from oms_adapters.http.shops import KnownShops
from oms_app.actor import Actor
from oms_app.journal import LogEntry
from oms_app.queries.aftersales import AftersalesFilter
from oms_domain.kernel.text import checked_text

D = TypeVar("D")
V = TypeVar("V")

LONGEST_NO: Final = 64


def wanted_of(
    actor: Actor, known_shops: KnownShops, shop: str | None = None, states: list[str] | None = None, **given: Any
) -> AftersalesFilter:
    """Return the filter that a query stands for. Raises ``ShopNotFound``, ``InvalidText``."""
    found: dict[str, Any] = {
        name: checked_text(value, field=name, longest=LONGEST_NO) if isinstance(value, str) else value
        for name, value in given.items()
        if value is not None
    }
    if shop is not None:
        found["shop_id"] = known_shops.of(shop, actor).id
    return AftersalesFilter(states=texts_of(states, field="state", longest=LONGEST_NO), **found)


def page_of(
    ask: Callable[..., tuple[Any, ...]],
    view: Callable[[Any], V],
    wanted: AftersalesFilter,
    *,
    name: str,
    actor: Actor,
    signer: Signer,
    cursor: str | None,
    limit: int,
) -> Page[V]:
    """Return a page of a list, newest first."""
    pages = Pages(signer, (name, str(wanted)))
    rows = ask(actor, wanted, after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit, view, lambda row: by_time(*place_of(row)))


def place_of(row: Any) -> tuple[datetime, UUID]:
    return getattr(row, "created_at", None) or row.opened_at, row.id


def log_of(entries: tuple[LogEntry, ...]) -> list[LogView]:
    return [LogView.of(entry) for entry in entries]
