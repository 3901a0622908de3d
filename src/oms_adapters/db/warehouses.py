"""Warehouses: mapping and store."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from attrs import frozen

from oms_adapters.db.stock_tables import warehouse
from oms_adapters.db.work import Saved, Work
from oms_app.journal import Head
from oms_domain.inventory.stock import WarehouseNotFound
from oms_domain.inventory.warehouses import Place, Warehouse, WarehouseKind
from oms_domain.kernel.identity import WarehouseCode, WarehouseId

_BY_CODE = sa.select(warehouse).where(warehouse.c.code == sa.bindparam("code"))
_ALL = sa.select(warehouse).order_by(warehouse.c.code)


def warehouse_of(row: Any) -> Warehouse:
    return Warehouse(
        id=WarehouseId(row.id),
        code=WarehouseCode(row.code),
        name=row.name,
        kind=WarehouseKind(row.kind),
        place=Place(
            province=row.province,
            city=row.city,
            district=row.district,
            latitude_e6=row.latitude_e6,
            longitude_e6=row.longitude_e6,
        ),
        active=bool(row.active),
        created_at=row.created_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def row_of(state: Warehouse) -> dict[str, Any]:
    place = state.place
    return {
        "id": state.id,
        "code": state.code,
        "name": state.name,
        "kind": state.kind,
        "province": place.province,
        "city": place.city,
        "district": place.district,
        "latitude_e6": place.latitude_e6,
        "longitude_e6": place.longitude_e6,
        "active": state.active,
        "created_at": state.created_at,
        "updated_at": state.updated_at,
    }


@frozen
class WarehouseStore:
    """``oms_app.ports.stock.Warehouses`` on a database."""

    work: Work

    def by_code(self, code: WarehouseCode) -> Warehouse:
        rows = self.work.rows(_BY_CODE, {"code": code})
        if not rows:
            raise WarehouseNotFound(warehouse=code)
        return self._loaded(rows[0])

    def all(self) -> tuple[Warehouse, ...]:
        return tuple(self._loaded(row) for row in self.work.rows(_ALL))

    def save(self, state: Warehouse) -> None:
        self.work.journal.saved("warehouse", state.id, None, state)
        self.work.save(Saved(warehouse, state, row_of, (), self.work.loaded.get(state.id)))

    def _loaded(self, row: Any) -> Warehouse:
        found = warehouse_of(row)
        self.work.loaded.setdefault(found.id, found)
        self.work.tables["warehouse"] = warehouse
        self.work.journal.loaded("warehouse", found.id, None, found, Head(row.log_seq, row.log_hash))
        return found
