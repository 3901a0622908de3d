"""Rules of review and interception, blacklists, and orders around an order: tables, mapping, stores."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from attrs import define, field, frozen

from oms_adapters.db.codec import decode, encode
from oms_adapters.db.kept import Kept, KeptStore
from oms_adapters.db.orders import sales_order
from oms_adapters.db.shops import ShopStore
from oms_adapters.db.types import Id, Instant, Json, code, document_columns, table, text
from oms_adapters.db.vault import pii_vault
from oms_adapters.db.work import Work
from oms_app.actor import Actor
from oms_app.ports.rules import KeptRule, Neighbour
from oms_app.ports.transaction import Clock, NewId
from oms_domain.channels.standard import Region
from oms_domain.kernel.identity import ShopId
from oms_domain.orders.rules.blacklist import BlacklistEntry, BlacklistEntryId, BlacklistEntryNotFound, BlacklistKind
from oms_domain.orders.rules.rule import Rule
from oms_domain.orders.rules.rule_set import RuleSet, RuleSetId
from oms_domain.shops.shop import ShopNotFound

rule_set = table(
    "rule_set",
    sa.Column("id", Id, primary_key=True),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False, unique=True),
    sa.Column("content", Json, nullable=False),
    *document_columns(),
)

rule_version = table(
    "rule_version",
    sa.Column("rule_set_id", Id, sa.ForeignKey("rule_set.id"), primary_key=True),
    sa.Column("rule_id", text(64), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False),
    sa.Column("content", Json, nullable=False),
    sa.Column("actor", text(100), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_rule_version_rule", "shop_id", "rule_id", "version"),
)

blacklist_entry = table(
    "blacklist_entry",
    sa.Column("id", Id, primary_key=True),
    sa.Column("shop_id", Id, sa.ForeignKey("shop.id"), nullable=False),
    sa.Column("kind", code(), nullable=False),
    sa.Column("digest", code(), nullable=False),
    sa.Column("division", code(), nullable=False),
    sa.Column("is_listed", sa.Boolean, nullable=False),
    sa.Column("content", Json, nullable=False),
    *document_columns(),
    sa.UniqueConstraint("shop_id", "digest", "kind", "division", name="uq_blacklist_entry_who"),
)


class _RuleSets(Kept[RuleSet]):
    """Rule sets are read for every order that is judged: each version is taken apart once."""

    def document(self, row: Any) -> RuleSet:
        return _rule_set(_Row(row))


class _Row:
    """A row that is equal to another with the same end of its log: what it says is then the same, too."""

    __slots__ = ("key", "row")

    def __init__(self, row: Any) -> None:
        self.row = row
        self.key = (row.id, row.version, row.log_hash)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Row) and self.key == other.key


@lru_cache(maxsize=200)
def _rule_set(row: _Row) -> RuleSet:
    return decode(row.row.content | {"version": row.row.version}, RuleSet)  # type: ignore[no-any-return]


RULE_SETS: Final = _RuleSets(
    kind="rule_set",
    table=rule_set,
    cls=RuleSet,
    columns=lambda rules: {"created_at": rules.created_at, "updated_at": rules.updated_at},
    missing=lambda id: ShopNotFound(shop=str(id)),
)
ENTRIES: Final = Kept(
    kind="blacklist_entry",
    table=blacklist_entry,
    cls=BlacklistEntry,
    columns=lambda entry: {
        "kind": entry.kind,
        "digest": entry.digest,
        "division": entry.division,
        "is_listed": entry.is_listed,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
    },
    missing=lambda id: BlacklistEntryNotFound(entry_id=id),
)

_SET_OF = sa.select(rule_set).where(rule_set.c.shop_id == sa.bindparam("shop_id"))
_VERSIONS = (
    sa.select(rule_version)
    .where(rule_version.c.shop_id == sa.bindparam("shop_id"), rule_version.c.rule_id == sa.bindparam("rule_id"))
    .order_by(rule_version.c.version.desc())
)
_ENTRY = sa.select(blacklist_entry).where(
    blacklist_entry.c.shop_id == sa.bindparam("shop_id"),
    blacklist_entry.c.digest == sa.bindparam("digest"),
    blacklist_entry.c.kind == sa.bindparam("kind"),
    blacklist_entry.c.division == sa.bindparam("division"),
)
_LISTED = sa.select(blacklist_entry).where(
    blacklist_entry.c.shop_id == sa.bindparam("shop_id"),
    blacklist_entry.c.digest.in_(sa.bindparam("digests", expanding=True)),
    blacklist_entry.c.is_listed.is_(True),
)
_FIRST_PAGE = (
    sa.select(blacklist_entry)
    .where(blacklist_entry.c.shop_id == sa.bindparam("shop_id"), blacklist_entry.c.is_listed.is_(True))
    .order_by(blacklist_entry.c.id)
    .limit(sa.bindparam("most"))
)
_PAGE = _FIRST_PAGE.where(blacklist_entry.c.id > sa.bindparam("after", type_=Id))

_COUNTED = (sales_order.c.platform_order_no, sales_order.c.placed_at, sales_order.c.region)
_AT_ADDRESS = (
    sa.select(*_COUNTED)
    .select_from(pii_vault.join(sales_order, sales_order.c.receiver_id == pii_vault.c.id))
    .where(
        pii_vault.c.address_index == sa.bindparam("digest"),
        sales_order.c.shop_id == sa.bindparam("shop_id"),
        sales_order.c.placed_at > sa.bindparam("since"),
        sales_order.c.placed_at <= sa.bindparam("until"),
    )
    .order_by(sales_order.c.placed_at.desc())
    .limit(sa.bindparam("most"))
)
_OF_BUYER = (
    sa.select(*_COUNTED)
    .where(
        sales_order.c.shop_id == sa.bindparam("shop_id"),
        sales_order.c.platform_buyer_id == sa.bindparam("buyer_id"),
        sales_order.c.placed_at <= sa.bindparam("until"),
    )
    .order_by(sales_order.c.placed_at.desc())
    .limit(sa.bindparam("most"))
)


@define
class RuleSetStore:
    """``oms_app.ports.rules.RuleSets`` on a database."""

    work: Work
    actor: Actor
    shops: ShopStore
    now: Clock
    new_id: NewId
    _kept: KeptStore[RuleSet] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptStore(kept=RULE_SETS, work=self.work, actor=self.actor)

    def of(self, shop_id: ShopId) -> RuleSet:
        found = self._kept.where(_SET_OF, {"shop_id": shop_id}, lambda rules: rules.shop_id == shop_id)
        return found[0] if found else no_rules(self.shops.get(shop_id).id, self.new_id, self.now)

    def save(self, rules: RuleSet) -> None:
        self._kept.save(rules, parts=((rule_version, self._new_versions),))

    def versions(self, shop_id: ShopId, rule_id: str) -> tuple[KeptRule, ...]:
        self.shops.get(shop_id)
        rows = self.work.rows(_VERSIONS, {"shop_id": shop_id, "rule_id": rule_id})
        return tuple(KeptRule(rule=decode(row.content, Rule), at=row.at, by=row.actor) for row in rows)

    def _new_versions(self, before: RuleSet | None, after: RuleSet) -> list[dict[str, Any]]:
        known = {(rule.id, rule.version) for rule in before.rules} if before else set()
        return [
            {
                "rule_set_id": after.id,
                "rule_id": rule.id,
                "version": rule.version,
                "shop_id": after.shop_id,
                "content": encode(rule),
                "actor": self.actor.id,
                "at": after.updated_at,
            }
            for rule in after.rules
            if (rule.id, rule.version) not in known
        ]


def no_rules(shop_id: ShopId, new_id: NewId, now: Clock) -> RuleSet:
    """Return the rules of a shop that has put none."""
    at = now()
    return RuleSet(id=RuleSetId(new_id()), shop_id=shop_id, created_at=at, updated_at=at)


@define
class BlacklistStore:
    """``oms_app.ports.rules.Blacklist`` on a database."""

    work: Work
    actor: Actor
    _kept: KeptStore[BlacklistEntry] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._kept = KeptStore(kept=ENTRIES, work=self.work, actor=self.actor)

    def get(self, entry_id: BlacklistEntryId) -> BlacklistEntry:
        return self._kept.get(entry_id)

    def find(self, shop_id: ShopId, kind: BlacklistKind, digest: str, division: str) -> BlacklistEntry | None:
        key = {"shop_id": shop_id, "kind": kind, "digest": digest, "division": division}

        def fits(entry: BlacklistEntry) -> bool:
            return all(getattr(entry, name) == value for name, value in key.items())

        found = self._kept.where(_ENTRY, key, fits)
        return found[0] if found else None

    def listed(self, shop_id: ShopId, digests: Collection[str]) -> tuple[BlacklistEntry, ...]:
        def fits(entry: BlacklistEntry) -> bool:
            return entry.shop_id == shop_id and entry.digest in digests and entry.is_listed

        return self._kept.where(_LISTED, {"shop_id": shop_id, "digests": sorted(digests)}, fits) if digests else ()

    def page(self, shop_id: ShopId, *, after: BlacklistEntryId | None, limit: int) -> tuple[BlacklistEntry, ...]:
        asked = {"shop_id": shop_id, "most": limit}
        rows = self._kept.rows(_PAGE, asked | {"after": after}) if after else self._kept.rows(_FIRST_PAGE, asked)
        return tuple(rows)

    def save(self, entry: BlacklistEntry) -> None:
        self._kept.save(entry)


@frozen
class NeighbourStore:
    """``oms_app.ports.rules.Neighbours`` on a database."""

    work: Work
    actor: Actor

    def at_address(
        self, shop_id: ShopId, digest: str, *, since: datetime, until: datetime, limit: int
    ) -> tuple[Neighbour, ...]:
        asked = {"digest": digest, "since": since, "until": until, "most": limit}
        return self._found(_AT_ADDRESS, shop_id, asked)

    def of_buyer(self, shop_id: ShopId, buyer_id: str, *, until: datetime, limit: int) -> tuple[Neighbour, ...]:
        return self._found(_OF_BUYER, shop_id, {"buyer_id": buyer_id, "until": until, "most": limit})

    def _found(self, statement: sa.Select[Any], shop_id: ShopId, asked: dict[str, Any]) -> tuple[Neighbour, ...]:
        if not self.actor.sees(shop_id):
            return ()
        return tuple(
            Neighbour(order_no=row.platform_order_no, placed_at=row.placed_at, region=Region(**row.region))
            for row in self.work.rows(statement, asked | {"shop_id": shop_id})
        )
