"""Use cases of mappings: which of our SKUs or bundles a shop's platform SKU is."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.catalog.mapping import AlreadyMapped, SkuMapping, UnknownTarget
from oms_domain.kernel.change import Change
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.identity import MappingId, ShopId, SkuCode
from oms_domain.shops.shop import ShopNotFound


@frozen(kw_only=True)
class MappingCommand:
    """An ask about mappings. ``expected_version``: refuse if it has changed since the caller read it."""

    permission: ClassVar[Permission] = Permission.STOCK_WRITE
    expected_version: int | None = None
    by: Actor


@frozen(kw_only=True)
class MapSku(MappingCommand):
    """Say what a platform's SKU is (对应). The orders that wait for it are converted afterwards."""

    shop_id: ShopId
    platform_sku_id: str = ""
    merchant_code: str = ""
    target: str


@frozen(kw_only=True)
class ChangeMapping(MappingCommand):
    """Let a mapping stand for something else, also one that was removed."""

    mapping_id: MappingId
    target: str


@frozen(kw_only=True)
class RemoveMapping(MappingCommand):
    """Let a mapping stand no longer."""

    mapping_id: MappingId


@frozen(kw_only=True)
class SkuMappingService:
    """Use cases of mappings."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause

    @one_transaction
    def map(self, command: MapSku) -> SkuMapping:
        """Raises ``AlreadyMapped`` (to something else), ``UnknownTarget``, ``MappingWithoutKey``, ``ShopNotFound``."""

        def step(tx: Transaction) -> Change[SkuMapping]:
            if not command.by.sees(command.shop_id):
                raise ShopNotFound(shop=str(command.shop_id))
            at, target = self.now(), _target(tx, command.target)
            new = SkuMapping(
                id=MappingId(self.new_id()),
                shop_id=tx.shops.get(command.shop_id).id,
                platform_sku_id=command.platform_sku_id.strip(),
                merchant_code=command.merchant_code.strip(),
                target=target,
                created_at=at,
                updated_at=at,
            )
            known = tx.sku_mappings.by_key(new.shop_id, [new.key]).get(new.key)
            if known is None:
                return new.added(at=at)
            if known.target != target and not known.is_deleted:
                raise AlreadyMapped(mapping_id=known.id, target=known.target)
            return known.mapped_to(target, at=at)

        return self._act(command, step)

    @one_transaction
    def change(self, command: ChangeMapping) -> SkuMapping:
        """Raises ``MappingNotFound``, ``UnknownTarget``, ``VersionIsNot``."""

        def step(tx: Transaction) -> Change[SkuMapping]:
            mapping = tx.sku_mappings.get(command.mapping_id)
            check_version(mapping, command.expected_version)
            return mapping.mapped_to(_target(tx, command.target), at=self.now())

        return self._act(command, step)

    @one_transaction
    def remove(self, command: RemoveMapping) -> SkuMapping:
        """Raises ``MappingNotFound``, ``VersionIsNot``."""

        def step(tx: Transaction) -> Change[SkuMapping]:
            mapping = tx.sku_mappings.get(command.mapping_id)
            check_version(mapping, command.expected_version)
            return mapping.removed(at=self.now())

        return self._act(command, step)

    def _act(self, command: MappingCommand, step: Callable[[Transaction], Change[SkuMapping]]) -> SkuMapping:
        with self.begin(command) as tx:
            if done := tx.recall(SkuMapping):
                return done
            change = step(tx)
            record(tx, tx.sku_mappings, change)
            mapping = change.state
            answer = evolve(mapping, version=mapping.version + 1) if change.events else mapping
            tx.remember(answer)
            tx.commit()
        return answer


def _target(tx: Transaction, text: str) -> SkuCode:
    code = sku_code(text, field="target")
    found = tx.skus.by_code([code]).get(code) or tx.bundles.by_code([code]).get(code)
    if found is None or found.is_deleted:
        raise UnknownTarget(value=code)
    return code
