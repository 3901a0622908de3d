"""Use cases of warehouses."""

from __future__ import annotations

from contextlib import suppress
from typing import ClassVar

from attrs import evolve, frozen

from oms_app.actor import Actor, Permission
from oms_app.ports.transaction import Begin, Clock, NewId
from oms_app.transactions import Pause, check_version, one_transaction, record
from oms_domain.inventory.stock import WarehouseNotFound
from oms_domain.inventory.warehouses import Place, Warehouse, WarehouseCodeTaken, WarehouseKind
from oms_domain.kernel.errors import Denied
from oms_domain.kernel.identity import WarehouseCode, WarehouseId


@frozen(kw_only=True)
class AddWarehouse:
    """Have a place that stock can lie in (新增仓库)."""

    permission: ClassVar[Permission] = Permission.STOCK_WRITE
    code: WarehouseCode
    name: str
    kind: WarehouseKind = WarehouseKind.RDC
    place: Place = Place()
    active: bool = True
    by: Actor


@frozen(kw_only=True)
class ChangeWarehouse:
    """Say how a warehouse is now. ``expected_version``: refuse if it has changed since the caller read it."""

    permission: ClassVar[Permission] = Permission.STOCK_WRITE
    code: WarehouseCode
    name: str
    kind: WarehouseKind
    place: Place
    active: bool
    expected_version: int | None = None
    by: Actor


@frozen(kw_only=True)
class WarehouseService:
    """Use cases of warehouses."""

    begin: Begin
    now: Clock
    new_id: NewId
    pause: Pause

    @one_transaction
    def add(self, command: AddWarehouse) -> Warehouse:
        """Raises ``WarehouseCodeTaken``, ``InvalidWarehouse``, ``InvalidText``."""
        _serves_all(command.by, command.permission)
        with self.begin(command) as tx:
            if done := tx.recall(Warehouse):
                return done
            with suppress(WarehouseNotFound):
                raise WarehouseCodeTaken(value=tx.warehouses.by_code(command.code).code)
            at = self.now()
            warehouse = Warehouse(
                id=WarehouseId(self.new_id()),
                code=command.code,
                name=command.name,
                kind=command.kind,
                place=command.place,
                active=command.active,
                created_at=at,
                updated_at=at,
            )
            record(tx, tx.warehouses, warehouse.added(at=at))
            stored = evolve(warehouse, version=1)
            tx.remember(stored)
            tx.commit()
        return stored

    @one_transaction
    def change(self, command: ChangeWarehouse) -> Warehouse:
        """Raises ``WarehouseNotFound``, ``VersionIsNot``."""
        _serves_all(command.by, command.permission)
        with self.begin(command) as tx:
            if done := tx.recall(Warehouse):
                return done
            warehouse = tx.warehouses.by_code(command.code)
            check_version(warehouse, command.expected_version)
            change = warehouse.changed(
                name=command.name, kind=command.kind, place=command.place, active=command.active, at=self.now()
            )
            record(tx, tx.warehouses, change)
            stored = evolve(change.state, version=warehouse.version + len(change.events))
            tx.remember(stored)
            tx.commit()
        return stored


def _serves_all(actor: Actor, permission: Permission) -> None:
    if actor.shops is not None:
        raise Denied(permission=permission)
