"""Which warehouses' stock an actor of some shops sees: those that orders of these shops may ship from."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from oms_app.actor import Actor
from oms_domain.fulfilment.sourcing.records import ShippingRecord
from oms_domain.kernel.identity import WarehouseCode
from oms_domain.shops.shop import Shop

Places = Collection[WarehouseCode] | None
"""None: all of them."""


def seen_places(actor: Actor, shops: Iterable[Shop], shipping: Iterable[ShippingRecord]) -> Places:
    """Return the warehouses that the actor's shops name; of shops with a strategy, those that ship for them, too."""
    if actor.shops is None:
        return None
    seen = [shop for shop in shops if actor.sees(shop.id)]
    by_strategy = {shop.id for shop in seen if shop.policy.strategy}
    ships = (each.warehouse for each in shipping if by_strategy and _serves(each, by_strategy))
    return {shop.policy.warehouse for shop in seen}.union(ships)


def _serves(record: ShippingRecord, shops: Collection[object]) -> bool:
    return not record.terms.shops or any(shop in record.terms.shops for shop in shops)
