"""Rules of review and interception, blacklists, and orders around an order, in dicts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from attrs import define, field

from oms_adapters.memory.documents import MemoryShops
from oms_adapters.memory.shelves import Shelf
from oms_adapters.memory.tables import Tables
from oms_adapters.memory.work import Work
from oms_app.ports.rules import KeptRule, Neighbour
from oms_app.ports.transaction import NewId
from oms_app.ports.vault import IndexField
from oms_domain.kernel.identity import ShopId
from oms_domain.orders.rules.blacklist import BlacklistEntry, BlacklistEntryId, BlacklistEntryNotFound, BlacklistKind
from oms_domain.orders.rules.rule_set import RuleSet, RuleSetId
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.shops.shop import ShopNotFound


@define
class MemoryRuleSets:
    """``oms_app.ports.rules.RuleSets``."""

    work: Work
    shops: MemoryShops
    new_id: NewId
    shelf: Shelf[RuleSet] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="rule_set",
            stored=self.work.tables.rule_sets,
            index=self.work.tables.rule_sets_of,
            shop_of=lambda rules: rules.shop_id,
            key_of=lambda rules: rules.shop_id,
            not_found=lambda id: ShopNotFound(shop=str(id)),
        )

    def of(self, shop_id: ShopId) -> RuleSet:
        found, at = self.shelf.by_key(shop_id), self.work.now()
        if found is not None:
            return found
        id = RuleSetId(self.new_id())
        return RuleSet(id=id, shop_id=self.shops.get(shop_id).id, created_at=at, updated_at=at)

    def save(self, rule_set: RuleSet) -> None:
        self.shelf.save(rule_set)
        self.work.write(lambda tables: lambda: self._keep(tables, rule_set))

    def _keep(self, tables: Tables, rule_set: RuleSet) -> None:
        for rule in rule_set.rules:
            kept = tables.rule_versions.setdefault((rule_set.shop_id, rule.id), [])
            if rule.version not in {each.rule.version for each in kept}:
                kept.append(KeptRule(rule=rule, at=rule_set.updated_at, by=self.work.actor.id))

    def versions(self, shop_id: ShopId, rule_id: str) -> tuple[KeptRule, ...]:
        self.shops.get(shop_id)
        with self.work.reading() as tables:
            return tuple(reversed(tables.rule_versions.get((shop_id, rule_id), ())))


@define
class MemoryBlacklist:
    """``oms_app.ports.rules.Blacklist``."""

    work: Work
    shelf: Shelf[BlacklistEntry] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="blacklist_entry",
            stored=self.work.tables.blacklist,
            index=self.work.tables.blacklisted,
            shop_of=lambda entry: entry.shop_id,
            key_of=lambda entry: (entry.shop_id, entry.kind, entry.digest, entry.division),
            not_found=lambda id: BlacklistEntryNotFound(entry_id=id),
        )

    def get(self, entry_id: BlacklistEntryId) -> BlacklistEntry:
        return self.shelf.get(entry_id)

    def find(self, shop_id: ShopId, kind: BlacklistKind, digest: str, division: str) -> BlacklistEntry | None:
        return self.shelf.by_key((shop_id, kind, digest, division))

    def listed(self, shop_id: ShopId, digests: Collection[str]) -> tuple[BlacklistEntry, ...]:
        return tuple(entry for entry in self._of(shop_id) if entry.digest in digests)

    def page(self, shop_id: ShopId, *, after: BlacklistEntryId | None, limit: int) -> tuple[BlacklistEntry, ...]:
        return tuple(entry for entry in self._of(shop_id) if after is None or entry.id > after)[:limit]

    def save(self, entry: BlacklistEntry) -> None:
        self.shelf.save(entry)

    def _of(self, shop_id: ShopId) -> list[BlacklistEntry]:
        found = [entry for entry in self.shelf.all() if entry.shop_id == shop_id and entry.is_listed]
        return sorted(found, key=lambda entry: entry.id)


@define
class MemoryNeighbours:
    """``oms_app.ports.rules.Neighbours``."""

    work: Work

    def at_address(
        self, shop_id: ShopId, digest: str, *, since: datetime, until: datetime, limit: int
    ) -> tuple[Neighbour, ...]:
        def lives_there(order: SalesOrder) -> bool:
            sealed = self.work.tables.vault.get(order.receiver.vault_id)
            return order.placed_at > since and sealed is not None and sealed.digest(IndexField.ADDRESS) == digest

        return self._found(shop_id, until, limit, lives_there)

    def of_buyer(self, shop_id: ShopId, buyer_id: str, *, until: datetime, limit: int) -> tuple[Neighbour, ...]:
        return self._found(shop_id, until, limit, lambda order: order.buyer_id == buyer_id)

    def _found(
        self, shop_id: ShopId, until: datetime, limit: int, fits: Callable[[SalesOrder], bool]
    ) -> tuple[Neighbour, ...]:
        if not self.work.sees(shop_id):
            return ()
        with self.work.reading() as tables:
            orders = [
                order
                for order in tables.orders.values()
                if order.shop_id == shop_id and order.placed_at <= until and fits(order)
            ]
        orders.sort(key=lambda order: order.placed_at, reverse=True)
        return tuple(
            Neighbour(order_no=order.platform_order_no, placed_at=order.placed_at, region=order.region)
            for order in orders[:limit]
        )
