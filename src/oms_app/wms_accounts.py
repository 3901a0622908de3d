"""Use cases of warehouses' accounts: over what a warehouse is spoken with."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin, Clock, NewId, Transaction
from oms_app.ports.vault import SecretSealer
from oms_app.transactions import Pause, one_transaction, record
from oms_domain.fulfilment.wms_account import WmsAccount, WmsAccountId, WmsAccountNotFound, WmsTerms
from oms_domain.kernel.errors import Denied
from oms_domain.kernel.identity import WarehouseCode


@frozen(kw_only=True)
class ConnectWarehouse:
    """Give a warehouse its account (对接仓库). ``secret`` empty: the one that is there stays."""

    permission: ClassVar[Permission] = Permission.ADMIN
    warehouse: WarehouseCode
    terms: WmsTerms
    secret: str = field(default="", repr=False)
    by: Actor


@frozen(kw_only=True)
class ListWmsAccounts:
    """All accounts, without their secrets."""

    permission: ClassVar[Permission] = Permission.ADMIN
    by: Actor


@frozen(kw_only=True)
class WmsAccountService:
    """Use cases of warehouses' accounts."""

    begin: Begin
    sealer: SecretSealer
    now: Clock
    new_id: NewId
    pause: Pause

    @one_transaction
    def connect(self, command: ConnectWarehouse) -> WmsAccount:
        """Raises ``InvalidWmsAccount``; ``Denied`` for an actor of some shops only: a warehouse serves every shop."""
        if command.by.shops is not None:
            raise Denied(permission=command.permission)
        with self.begin(command) as tx:
            if done := tx.recall(WmsAccount):
                return done
            account = self._known(tx, command)
            change = account.connected(command.terms, with_secret=bool(command.secret), at=self.now())
            record(tx, tx.wms_accounts, change)
            if command.secret:
                sealed = self.sealer.seal_secret(command.secret.encode(), account.id)
                tx.wms_accounts.save_secret(account.id, sealed)
            tx.remember(change.state)
            tx.commit()
        return change.state

    def all(self, command: ListWmsAccounts) -> tuple[WmsAccount, ...]:
        """Raises ``Denied`` as ``connect``."""
        if command.by.shops is not None:
            raise Denied(permission=command.permission)
        with self.begin(command) as tx:
            return tx.wms_accounts.all()

    def _known(self, tx: Transaction, command: ConnectWarehouse) -> WmsAccount:
        try:
            return tx.wms_accounts.of(command.warehouse)
        except WmsAccountNotFound:
            id, at = WmsAccountId(self.new_id()), self.now()
            return WmsAccount(id=id, warehouse=command.warehouse, terms=command.terms, created_at=at, updated_at=at)
