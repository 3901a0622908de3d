"""All warehouses behind one port: the registry that knows which adapter speaks with which warehouse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

import httpx2
from attrs import field, frozen

from oms_adapters.wms.qimen.account import QimenAccount
from oms_adapters.wms.qimen.client import QimenClient
from oms_adapters.wms.qimen.warehouse import QimenWarehouse
from oms_app.actor import system
from oms_app.ports.channels import AuthorisationExpired
from oms_app.ports.transaction import OpenTransaction, Transaction
from oms_app.ports.vault import SealBroken
from oms_app.ports.wms import (
    EntryNotice,
    ReturnNotice,
    ShipOrder,
    StopAnswer,
    StopOrder,
    WarehouseLevel,
    Wms,
    WmsAnswer,
    WmsReport,
)
from oms_domain.fulfilment.wms_account import WmsAccount, WmsAccountNotFound, WmsKind
from oms_domain.kernel.identity import SkuCode, WarehouseCode


class ClosingWms(Wms, Protocol):
    """A warehouse that holds something open."""

    def close(self) -> None: ...


@frozen(kw_only=True)
class Warehouses:
    """``oms_app.ports.wms.Wms``, by warehouse. One without an account is the simulated one.

    ``open_secret`` opens an account's sealed secret.
    """

    open: OpenTransaction
    open_secret: Callable[[bytes, UUID], bytes] = field(repr=False)
    simulated: ClosingWms
    http: httpx2.Client = field(repr=False)
    now: Callable[[], datetime]

    def send(self, order: ShipOrder) -> WmsAnswer:
        return self.at(order.warehouse).send(order)

    def stop(self, order: StopOrder) -> StopAnswer:
        return self.at(order.warehouse).stop(order)

    def levels(self, warehouse: WarehouseCode, skus: tuple[SkuCode, ...]) -> tuple[WarehouseLevel, ...]:
        return self.at(warehouse).levels(warehouse, skus)

    def expect_return(self, notice: ReturnNotice) -> WmsAnswer:
        return self.at(notice.warehouse).expect_return(notice)

    def expect_entry(self, notice: EntryNotice) -> WmsAnswer:
        return self.at(notice.warehouse).expect_entry(notice)

    def reports(self, limit: int) -> tuple[WmsReport, ...]:
        """Return the simulated one's: the others push."""
        return self.simulated.reports(limit)

    def confirm(self, report_ids: tuple[str, ...]) -> None:
        self.simulated.confirm(report_ids)

    def close(self) -> None:
        """Let go of what is held open."""
        self.simulated.close()

    def at(self, warehouse: WarehouseCode) -> Wms:
        """Return who speaks with a warehouse. Raises ``AuthorisationExpired`` if its secret does not open."""
        with self.open(system("warehouses")) as tx:
            try:
                account = tx.wms_accounts.of(warehouse)
            except WmsAccountNotFound:
                return self.simulated
            if account.terms.kind is WmsKind.SIMULATED:
                return self.simulated
            qimen = self._opened(tx, account)
        return QimenWarehouse(client=QimenClient(account=qimen, http=self.http, now=self.now))

    def known_as(self, app_key: str, customer_id: str) -> tuple[QimenAccount, ...]:
        """Return the Qimen accounts that go by this key and id, with their secrets."""
        with self.open(system("warehouses")) as tx:
            return tuple(
                self._opened(tx, account)
                for account in tx.wms_accounts.all()
                if account.terms.kind is WmsKind.QIMEN
                and (account.terms.app_key, account.terms.customer_id) == (app_key, customer_id)
            )

    def _opened(self, tx: Transaction, account: WmsAccount) -> QimenAccount:
        terms, sealed = account.terms, tx.wms_accounts.secret(account.id)
        try:
            secret = self.open_secret(sealed or b"", account.id).decode()
        except SealBroken as broken:
            raise AuthorisationExpired(reason=broken.code) from None
        return QimenAccount(
            warehouse=account.warehouse,
            app_key=terms.app_key,
            secret=secret,
            customer_id=terms.customer_id,
            owner_code=terms.owner_code,
            base_url=terms.base_url,
            carrier=terms.carrier,
            sender=terms.sender,
        )
