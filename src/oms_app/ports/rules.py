"""What decides about orders, as a transaction sees it: each shop's rules and blacklist, and what is counted around."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from attrs import frozen

from oms_domain.channels.standard import Region
from oms_domain.kernel.identity import ShopId
from oms_domain.orders.rules.blacklist import BlacklistEntry, BlacklistEntryId, BlacklistKind
from oms_domain.orders.rules.rule import Rule
from oms_domain.orders.rules.rule_set import RuleSet


@frozen(kw_only=True)
class KeptRule:
    """A rule as it was put, by whom and when: no version is ever changed or forgotten."""

    rule: Rule
    at: datetime
    by: str


@frozen(kw_only=True)
class Neighbour:
    """Another order of the shop, as far as it is counted."""

    order_no: str  # of the platform: parts of one order count once
    placed_at: datetime
    region: Region


class RuleSets(Protocol):
    """The rules of review and interception, one set for each shop."""

    def of(self, shop_id: ShopId) -> RuleSet:
        """Return the shop's rules; an empty set (version 0) where nobody has put any. Raises ``ShopNotFound``."""

    def save(self, rule_set: RuleSet, /) -> None:
        """Store as its next version, and keep each rule that is new in it. Raises ``StaleVersion``, ``Duplicate``."""

    def versions(self, shop_id: ShopId, rule_id: str) -> tuple[KeptRule, ...]:
        """Return every version of a rule, newest first; also of one that was removed. Raises ``ShopNotFound``."""


class Blacklist(Protocol):
    """The blacklists of all shops that the actor sees."""

    def get(self, entry_id: BlacklistEntryId) -> BlacklistEntry:
        """Raises ``BlacklistEntryNotFound``."""

    def find(self, shop_id: ShopId, kind: BlacklistKind, digest: str, division: str) -> BlacklistEntry | None:
        """Return the entry, listed or taken off."""

    def listed(self, shop_id: ShopId, digests: Collection[str]) -> tuple[BlacklistEntry, ...]:
        """Return the shop's listed entries with one of these blind indexes."""

    def page(self, shop_id: ShopId, *, after: BlacklistEntryId | None, limit: int) -> tuple[BlacklistEntry, ...]:
        """Return the shop's listed entries by id, those behind ``after``."""

    def save(self, entry: BlacklistEntry, /) -> None:
        """Store as its next version; version 0 is new. Raises ``StaleVersion``, ``Duplicate``."""


class Neighbours(Protocol):
    """Orders around one: those of the shop that were placed after ``since`` and not after ``until``, newest first."""

    def at_address(
        self, shop_id: ShopId, digest: str, *, since: datetime, until: datetime, limit: int
    ) -> tuple[Neighbour, ...]:
        """Return those whose receiver's street has this blind index."""

    def of_buyer(self, shop_id: ShopId, buyer_id: str, *, until: datetime, limit: int) -> tuple[Neighbour, ...]:
        """Return those of the platform's buyer."""
