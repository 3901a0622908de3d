"""Use cases of the catalogue: SKUs and bundles. They belong to every shop, so an actor of some shops may only read."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, ClassVar, TypeVar

from attrs import asdict, evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction, VersionIsNot
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.catalog.bundle import Bundle, BundleFacts
from oms_domain.catalog.sku import CodeTaken, Sku, SkuFacts
from oms_domain.kernel.change import Change
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.errors import Denied
from oms_domain.kernel.identity import BundleId, SkuId


class Kept(StrEnum):
    """What putting something in the catalogue did."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@frozen(kw_only=True)
class CatalogCommand:
    """An ask about the catalogue. ``expected_version``: refuse if it has changed since the caller read it."""

    permission: ClassVar[Permission] = Permission.STOCK_WRITE
    expected_version: int | None = None
    by: Actor


@frozen(kw_only=True)
class PutSku(CatalogCommand):
    """Have a SKU as ``facts`` say, whether it is there already or not. ``only_new``: refuse if it is."""

    code: str
    facts: SkuFacts
    only_new: bool = False


@frozen(kw_only=True)
class ChangeSku(CatalogCommand):
    """Let other facts stand for a SKU (编辑)."""

    sku_id: SkuId
    facts: SkuFacts


@frozen(kw_only=True)
class DeleteSku(CatalogCommand):
    """Take a SKU out of the catalogue (删除)."""

    sku_id: SkuId


@frozen(kw_only=True)
class RestoreSku(CatalogCommand):
    """Put a deleted SKU back (恢复)."""

    sku_id: SkuId


@frozen(kw_only=True)
class PutBundle(CatalogCommand):
    """Have a bundle as ``facts`` say, whether it is there already or not. ``only_new``: refuse if it is."""

    code: str
    facts: BundleFacts
    only_new: bool = False


@frozen(kw_only=True)
class ChangeBundle(CatalogCommand):
    """Let other facts stand for a bundle (编辑)."""

    bundle_id: BundleId
    facts: BundleFacts


@frozen(kw_only=True)
class DeleteBundle(CatalogCommand):
    """Take a bundle out of the catalogue (删除)."""

    bundle_id: BundleId


@frozen(kw_only=True)
class RestoreBundle(CatalogCommand):
    """Put a deleted bundle back (恢复)."""

    bundle_id: BundleId


@frozen(kw_only=True)
class SkuAnswer:
    """A SKU as it stands now, and what was done."""

    sku: Sku
    kept: Kept


@frozen(kw_only=True)
class BundleAnswer:
    """A bundle as it stands now, and what was done."""

    bundle: Bundle
    kept: Kept


A = TypeVar("A")
D = TypeVar("D")


@frozen(kw_only=True)
class CatalogService:
    """Use cases of the catalogue. A code is one SKU's or one bundle's, also when that is deleted."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause

    @one_transaction
    def put_sku(self, command: PutSku) -> SkuAnswer:
        """Raises ``CodeTaken``, ``IsDeleted``, ``InBundles``, ``VersionIsNot``, ``InvalidSku``."""
        code = sku_code(command.code, field="code")

        def step(tx: Transaction) -> SkuAnswer:
            known = tx.skus.by_code([code]).get(code)
            if (known is not None and command.only_new) or code in tx.bundles.by_code([code]):
                raise CodeTaken(value=code)
            if known is not None:
                check_version(known, command.expected_version)
                return _keep_sku(tx, self._changed(tx, known, command.facts))
            _check_is_new(command)
            at = self.now()
            facts = asdict(command.facts, recurse=False)
            return _keep_sku(
                tx, Sku(id=SkuId(self.new_id()), code=code, created_at=at, updated_at=at, **facts).added(at=at)
            )

        return self._act(command, SkuAnswer, step)

    @one_transaction
    def change_sku(self, command: ChangeSku) -> SkuAnswer:
        """Raises ``SkuNotFound``, ``IsDeleted``, ``InBundles``, ``VersionIsNot``."""

        def step(tx: Transaction) -> SkuAnswer:
            sku = _sku(tx, command)
            return _keep_sku(tx, self._changed(tx, sku, command.facts))

        return self._act(command, SkuAnswer, step)

    @one_transaction
    def delete_sku(self, command: DeleteSku) -> SkuAnswer:
        """Raises ``SkuNotFound``, ``InBundles``, ``VersionIsNot``."""

        def step(tx: Transaction) -> SkuAnswer:
            sku = _sku(tx, command)
            return _keep_sku(tx, sku.deleted(bundles=tx.bundles.with_part(sku.code), at=self.now()))

        return self._act(command, SkuAnswer, step)

    @one_transaction
    def restore_sku(self, command: RestoreSku) -> SkuAnswer:
        """Raises ``SkuNotFound``, ``VersionIsNot``."""
        return self._act(command, SkuAnswer, lambda tx: _keep_sku(tx, _sku(tx, command).restored(at=self.now())))

    @one_transaction
    def put_bundle(self, command: PutBundle) -> BundleAnswer:
        """Raises ``CodeTaken``, ``IsDeleted``, ``InvalidPart``, ``VersionIsNot``, ``InvalidSku``."""
        code = sku_code(command.code, field="code")

        def step(tx: Transaction) -> BundleAnswer:
            known = tx.bundles.by_code([code]).get(code)
            if (known is not None and command.only_new) or code in tx.skus.by_code([code]):
                raise CodeTaken(value=code)
            _check_parts(tx, command.facts)
            if known is not None:
                check_version(known, command.expected_version)
                return _keep_bundle(tx, known.changed(command.facts, at=self.now()))
            _check_is_new(command)
            at = self.now()
            facts = asdict(command.facts, recurse=False)
            new = Bundle(id=BundleId(self.new_id()), code=code, created_at=at, updated_at=at, **facts)
            return _keep_bundle(tx, new.added(at=at))

        return self._act(command, BundleAnswer, step)

    @one_transaction
    def change_bundle(self, command: ChangeBundle) -> BundleAnswer:
        """Raises ``BundleNotFound``, ``IsDeleted``, ``InvalidPart``, ``VersionIsNot``."""

        def step(tx: Transaction) -> BundleAnswer:
            change = _bundle(tx, command).changed(command.facts, at=self.now())
            _check_parts(tx, command.facts)
            return _keep_bundle(tx, change)

        return self._act(command, BundleAnswer, step)

    @one_transaction
    def delete_bundle(self, command: DeleteBundle) -> BundleAnswer:
        """Raises ``BundleNotFound``, ``VersionIsNot``."""
        return self._act(
            command, BundleAnswer, lambda tx: _keep_bundle(tx, _bundle(tx, command).deleted(at=self.now()))
        )

    @one_transaction
    def restore_bundle(self, command: RestoreBundle) -> BundleAnswer:
        """Raises ``BundleNotFound``, ``InvalidPart`` (of a part that may not be sold any more), ``VersionIsNot``."""

        def step(tx: Transaction) -> BundleAnswer:
            bundle = _bundle(tx, command)
            _check_parts(tx, bundle)
            return _keep_bundle(tx, bundle.restored(at=self.now()))

        return self._act(command, BundleAnswer, step)

    def _act(self, command: CatalogCommand, kind: type[A], step: Callable[[Transaction], A]) -> A:
        if command.by.shops is not None:
            raise Denied(permission=command.permission)  # the catalogue is every shop's
        with self.begin(command) as tx:
            if done := tx.recall(kind):
                return done
            answer = step(tx)
            tx.remember(answer)
            tx.commit()
        return answer

    def _changed(self, tx: Transaction, sku: Sku, facts: SkuFacts) -> Change[Sku]:
        bundles = tx.bundles.with_part(sku.code) if facts.kind is not sku.kind else ()
        return sku.changed(facts, bundles=bundles, at=self.now())


def _sku(tx: Transaction, command: ChangeSku | DeleteSku | RestoreSku) -> Sku:
    sku = tx.skus.get(command.sku_id)
    check_version(sku, command.expected_version)
    return sku


def _bundle(tx: Transaction, command: ChangeBundle | DeleteBundle | RestoreBundle) -> Bundle:
    bundle = tx.bundles.get(command.bundle_id)
    check_version(bundle, command.expected_version)
    return bundle


def _keep_sku(tx: Transaction, change: Change[Sku]) -> SkuAnswer:
    record(tx, tx.skus, change)
    return SkuAnswer(sku=_stored(change), kept=_kept(change))


def _keep_bundle(tx: Transaction, change: Change[Bundle]) -> BundleAnswer:
    record(tx, tx.bundles, change)
    return BundleAnswer(bundle=_stored(change), kept=_kept(change))


def _stored(change: Change[D]) -> D:
    """Return the state with the version that the store gives it."""
    state: Any = change.state
    stored: D = evolve(state, version=state.version + 1) if change.events else state
    return stored


def _kept(change: Change[Any]) -> Kept:
    if not change.events:
        return Kept.UNCHANGED
    return Kept.CHANGED if change.state.version else Kept.ADDED


def _check_is_new(command: CatalogCommand) -> None:
    """Raises ``VersionIsNot`` if the caller has read what is not there."""
    if command.expected_version is not None:
        raise VersionIsNot(expected=command.expected_version, current=0)


def _check_parts(tx: Transaction, facts: BundleFacts) -> None:
    codes = [part.sku for part in facts.parts]
    skus = tx.skus.by_code(codes)
    facts.check_parts(skus, tx.bundles.by_code([code for code in codes if code not in skus]))
