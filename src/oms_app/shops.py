"""Use cases of shops."""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.inventory import known_warehouse
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.sourcing import known_strategy
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.channels.standard import Platform
from oms_domain.fulfilment.sourcing.records import UnknownCarrier
from oms_domain.kernel.errors import Denied
from oms_domain.kernel.identity import ShopId
from oms_domain.orders.placement import policy_of
from oms_domain.shops.shop import Authorisation, Shop, ShopCodeTaken, ShopNotFound, ShopPolicy, shop_code, shop_name
from oms_domain.split_merge.plan import rules_of


@frozen(kw_only=True)
class AddShop:
    """Take a shop on (新增店铺). ``account`` is sealed already, None if orders come by file or API only."""

    permission: ClassVar[Permission] = Permission.ADMIN
    code: str
    name: str
    platform: Platform
    policy: ShopPolicy = ShopPolicy()
    account: bytes | None = None
    by: Actor


@frozen(kw_only=True)
class ListShops:
    """All shops that the actor sees."""

    permission: ClassVar[Permission] = Permission.ORDERS_READ
    by: Actor


@frozen(kw_only=True)
class FindShop:
    """One shop by its code."""

    permission: ClassVar[Permission] = Permission.ORDERS_READ
    code: str
    by: Actor


@frozen(kw_only=True)
class ChangePolicy:
    """Let a shop work by another policy. ``expected_version``: refuse if it has changed since the caller read it."""

    permission: ClassVar[Permission] = Permission.ADMIN
    shop_id: ShopId
    policy: ShopPolicy
    expected_version: int | None = None
    by: Actor


@frozen(kw_only=True)
class MarkAuthorisation:
    """Note whether the platform lets us in; with a new sealed account where there is one."""

    permission: ClassVar[Permission] = Permission.ADMIN
    shop_id: ShopId
    authorisation: Authorisation
    account: bytes | None = None
    by: Actor


@frozen(kw_only=True)
class ShopService:
    """Use cases of shops."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause

    @one_transaction
    def add(self, command: AddShop) -> Shop:
        """Raises ``Denied`` for an actor of some shops only: it could not see what it added.

        Also ``UnknownWarehouse``, ``UnknownStrategy``, ``UnknownCarrier``, ``InvalidPolicy``, ``InvalidSplitRules``.
        """
        if command.by.shops is not None:
            raise Denied(permission=command.permission)
        with self.begin(command) as tx:
            if done := tx.recall(Shop):
                return done
            _check_named(tx, command.policy)
            code, at = shop_code(command.code), self.now()
            policy_of(command.policy)
            rules_of(command.policy)
            if _taken(tx, code):
                raise ShopCodeTaken(value=code)
            shop = Shop(
                id=ShopId(self.new_id()),
                code=code,
                name=shop_name(command.name),
                platform=command.platform,
                authorisation=Authorisation.VALID if command.account else Authorisation.NONE,
                policy=command.policy,
                created_at=at,
                updated_at=at,
            )
            change = shop.added(at=at)
            record(tx, tx.shops, change)
            if command.account:
                tx.shops.save_account(shop.id, command.account)
            stored = evolve(shop, version=1)
            tx.remember(stored)
            tx.commit()
        return stored

    def all(self, command: ListShops) -> tuple[Shop, ...]:
        with self.begin(command) as tx:
            return tx.shops.all()

    def find(self, command: FindShop) -> Shop:
        """Raises ``ShopNotFound``."""
        with self.begin(command) as tx:
            return tx.shops.by_code(command.code)

    @one_transaction
    def change_policy(self, command: ChangePolicy) -> Shop:
        """Raises ``UnknownWarehouse``, ``UnknownStrategy``, ``UnknownCarrier``, ``InvalidPolicy``,
        ``InvalidSplitRules``, ``VersionIsNot``."""
        policy_of(command.policy)
        rules_of(command.policy)
        with self.begin(command) as tx:
            if done := tx.recall(Shop):
                return done
            _check_named(tx, command.policy)
            shop = tx.shops.get(command.shop_id)
            check_version(shop, command.expected_version)
            change = shop.with_policy(command.policy, at=self.now())
            record(tx, tx.shops, change)
            stored = evolve(change.state, version=shop.version + len(change.events))
            tx.remember(stored)
            tx.commit()
        return stored

    @one_transaction
    def mark_authorisation(self, command: MarkAuthorisation) -> None:
        with self.begin(command) as tx:
            change = tx.shops.get(command.shop_id).authorised(command.authorisation, at=self.now())
            if command.account:
                tx.shops.save_account(command.shop_id, command.account)
            record(tx, tx.shops, change)
            tx.commit()


def _check_named(tx: Transaction, policy: ShopPolicy) -> None:
    """Raises ``UnknownWarehouse``, ``UnknownStrategy``, ``UnknownCarrier``."""
    known_warehouse(tx, policy.warehouse, field="policy.warehouse")
    known_strategy(tx, policy.strategy, field="policy.strategy")
    for name in ("carriers", "carriers_allowed"):
        for code in getattr(policy, name):
            if tx.carriers.find(code) is None:
                raise UnknownCarrier(field=f"policy.{name}", value=code)


def _taken(tx: Transaction, code: str) -> bool:
    try:
        tx.shops.by_code(code)
    except ShopNotFound:
        return False
    return True
