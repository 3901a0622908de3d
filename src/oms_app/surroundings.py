"""What rules see around an order: looked up in the shop's blacklist and catalogue, counted among its other orders."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from attrs import frozen

from oms_app.address_doubts import address_doubts
from oms_app.ports.rules import Neighbour
from oms_app.ports.transaction import Transaction
from oms_app.ports.vault import IndexField, Sealed, Sealer, VaultRowGone
from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.catalog.sku import Sku
from oms_domain.channels.standard import Region
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money
from oms_domain.orders.rules.blacklist import BlacklistKind
from oms_domain.orders.rules.facts import SkuFacts, Surroundings
from oms_domain.orders.sales_order import SalesOrder

MOST_COUNTED: Final = 1_000
"""Other orders that are looked at for one count: a count of so many may be more."""

_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


@frozen(kw_only=True)
class Lookout:
    """Gathers what is known around orders, in a few bounded reads each. Nothing personal is opened."""

    sealer: Sealer

    def around(self, tx: Transaction, order: SalesOrder) -> Surroundings:
        """Return what is known around an order, as of when it was placed; ``None`` where nothing is known.

        Whether it waits to be merged is the caller's to say: of an order of the past it is over.
        """
        codes = division_codes(order.region)
        receiver = _receiver(tx, order)
        listed = self._listed(tx, order, receiver, codes)
        placed = self._at_address(tx, order, receiver)
        return Surroundings(
            tags=order.tags,
            region_codes=codes,
            address_complete=_is_complete(order.region, receiver),
            merge_window_open=False,
            phone_blacklisted=listed.get(BlacklistKind.PHONE),
            address_blacklisted=listed.get(BlacklistKind.ADDRESS),
            buyer_blacklisted=listed.get(BlacklistKind.BUYER),
            same_address_orders_1h=_since(placed, order.placed_at - _HOUR),
            same_address_orders_24h=_since(placed, order.placed_at - _DAY),
            same_address_orders_7d=_since(placed, order.placed_at - _WEEK),
            buyer_orders=self._of_buyer(tx, order),
            skus=_skus(tx, order),
        )

    def buyer_digest(self, platform: str, buyer_id: str) -> str:
        """Return the blind index of a platform's buyer; empty where there is no id."""
        return self.sealer.digest(IndexField.BUYER, f"{platform}\x1f{buyer_id}") if buyer_id else ""

    def _listed(
        self, tx: Transaction, order: SalesOrder, receiver: Sealed | None, codes: tuple[str, ...]
    ) -> dict[BlacklistKind, bool]:
        known = [(BlacklistKind.BUYER, self.buyer_digest(order.platform, order.buyer_id))]
        if receiver is not None:
            known += [(BlacklistKind.PHONE, digest) for digest in receiver.phones]
            known.append((BlacklistKind.ADDRESS, receiver.digest(IndexField.ADDRESS)))
        known = [(kind, digest) for kind, digest in known if digest]
        found = {
            (entry.kind, entry.digest)
            for entry in tx.blacklist.listed(order.shop_id, {digest for _, digest in known})
            if not entry.division or entry.division in codes
        }
        return {kind: any(each in found for each in known if each[0] is kind) for kind, _ in known}

    def _at_address(self, tx: Transaction, order: SalesOrder, receiver: Sealed | None) -> tuple[Neighbour, ...] | None:
        digest = receiver.digest(IndexField.ADDRESS) if receiver else ""
        if not digest:
            return None
        found = tx.neighbours.at_address(
            order.shop_id, digest, since=order.placed_at - _WEEK, until=order.placed_at, limit=MOST_COUNTED
        )
        there = _place(order.region)
        return tuple(
            each for each in found if each.order_no != order.platform_order_no and _place(each.region) == there
        )

    def _of_buyer(self, tx: Transaction, order: SalesOrder) -> int | None:
        if not order.buyer_id:
            return None
        found = tx.neighbours.of_buyer(order.shop_id, order.buyer_id, until=order.placed_at, limit=MOST_COUNTED)
        return len({each.order_no for each in found} - {order.platform_order_no})


@lru_cache(maxsize=10_000)
def division_codes(region: Region) -> tuple[str, ...]:
    """Return the codes of a region's divisions, the province first, as far as they are known."""
    return tuple(division.code for division in bundled_divisions().find(region.province, region.city, region.district))


def _place(region: Region) -> tuple[str, ...]:
    """What of a region tells two streets of one name apart, however a platform writes it."""
    return division_codes(region) or (region.province, region.city, region.district)


def _receiver(tx: Transaction, order: SalesOrder) -> Sealed | None:
    try:
        return tx.vault.get(order.receiver.vault_id)
    except VaultRowGone:
        return None


def _is_complete(region: Region, receiver: Sealed | None) -> bool | None:
    """Whether a carrier finds the place; None where nobody has looked at the street."""
    has_door = receiver.has_door if receiver else None
    if has_door is False or address_doubts(region):
        return False
    return True if has_door else None


def _since(placed: tuple[Neighbour, ...] | None, since: datetime) -> int | None:
    if placed is None:
        return None
    return len({each.order_no for each in placed if each.placed_at > since})


def _skus(tx: Transaction, order: SalesOrder) -> dict[SkuCode, SkuFacts]:
    known = tx.skus.by_code({line.sku for line in order.lines})
    return {code: _sku_facts(known.get(code), order.payable.currency) for code in _codes(order)}


def _codes(order: SalesOrder) -> Iterable[SkuCode]:
    return dict.fromkeys(line.sku for line in order.lines)


def _sku_facts(sku: Sku | None, currency: str) -> SkuFacts:
    if sku is None:
        return SkuFacts(is_mapped=False)
    return SkuFacts(
        is_mapped=not sku.is_deleted,
        floor_fen=_fen(sku.floor_price, currency),
        cost_fen=_fen(sku.purchase_cost, currency),
    )


def _fen(price: Money | None, currency: str) -> int | None:
    """An amount of another currency says nothing here."""
    return price.fen if price is not None and price.currency == currency else None
