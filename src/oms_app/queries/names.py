"""Names of what is kept by people that stand for nothing (I14): a rule of the doctors, in the words of all stores."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from attrs import frozen

from oms_app.queries.rows import Finding
from oms_domain.fulfilment.sourcing import DEFAULT_STRATEGY
from oms_domain.fulfilment.sourcing.records import ShippingRecord
from oms_domain.shops.shop import Shop


@frozen(kw_only=True)
class Known:
    """What may be named."""

    shops: Collection[object]
    warehouses: Collection[str]
    carriers: Collection[str]
    strategies: Collection[str]


def dangling(shops: Iterable[Shop], shipping: Iterable[ShippingRecord], known: Known) -> Iterator[Finding]:
    """Yield the names in shops' policies and warehouses' terms that stand for nothing."""
    for shop in shops:
        policy = shop.policy
        where = f"shop {shop.code}"
        if policy.warehouse not in known.warehouses:
            yield dangles(where, "warehouse", policy.warehouse)
        if policy.strategy not in ("", DEFAULT_STRATEGY.name, *known.strategies):
            yield dangles(where, "strategy", policy.strategy)
        for code in sorted({*policy.carriers, *policy.carriers_allowed} - set(known.carriers)):
            yield dangles(where, "carrier", code)
    for record in shipping:
        where = f"shipping of {record.warehouse}"
        if record.warehouse not in known.warehouses:
            yield dangles(where, "warehouse", record.warehouse)
        for code in sorted({contract.carrier for contract in record.terms.contracts} - set(known.carriers)):
            yield dangles(where, "carrier", code)
        for shop_id in sorted(record.terms.shops - set(known.shops)):
            yield dangles(where, "shop", str(shop_id))


def dangles(where: str, what: str, name: str) -> Finding:
    return Finding(invariant="I14", where=where, seen=f"there is no {what} {name}")
