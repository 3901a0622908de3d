"""Warehouses (仓库): the places that stock lies in, as records that people keep."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final
from uuid import UUID

from attrs import evolve, field, frozen

from oms_domain.inventory.stock import warehouse_code
from oms_domain.kernel.change import Change, Event
from oms_domain.kernel.errors import Invalid, Refused
from oms_domain.kernel.identity import WarehouseCode, WarehouseId
from oms_domain.kernel.text import checked_text

LONGEST_NAME: Final = 100
LONGEST_REGION: Final = 50


class WarehouseKind(StrEnum):
    """What a warehouse is for (仓库类型)."""

    CDC = "cdc"  # 中央配送中心
    RDC = "rdc"  # 区域配送中心
    FDC = "fdc"  # 前置配送中心
    CATEGORY = "category"  # 品类仓
    SHARED = "shared"  # 协同仓
    OVERSEAS = "overseas"  # 海外仓
    PLATFORM = "platform"  # 平台仓
    STORE = "store"  # 门店


@frozen(kw_only=True)
class UnknownWarehouse(Invalid):
    """The field names a warehouse that there is not."""

    code: ClassVar[str] = "inventory.unknown_warehouse"
    value: str


@frozen(kw_only=True)
class WarehouseCodeTaken(Refused):
    """Another warehouse has this code."""

    code: ClassVar[str] = "inventory.warehouse_code_taken"
    value: str


@frozen(kw_only=True)
class InvalidPlace(Invalid):
    """Coordinates are both given or neither: latitude within ±90 degrees, longitude within ±180."""

    code: ClassVar[str] = "inventory.invalid_place"
    value: str


@frozen(kw_only=True)
class Place:
    """Where it stands: codes or names of province, city and district, and coordinates in millionths of a degree."""

    province: str = ""
    city: str = ""
    district: str = ""
    latitude_e6: int | None = None
    longitude_e6: int | None = None

    def __attrs_post_init__(self) -> None:
        for name in ("province", "city", "district"):
            checked_text(getattr(self, name), field=name, longest=LONGEST_REGION)
        if (self.latitude_e6 is None) is not (self.longitude_e6 is None):
            raise InvalidPlace(field="longitude_e6" if self.longitude_e6 is None else "latitude_e6", value="")
        for name, most in (("latitude_e6", 90_000_000), ("longitude_e6", 180_000_000)):
            value = getattr(self, name)
            if value is not None and not -most <= value <= most:
                raise InvalidPlace(field=name, value=str(value))


@frozen(kw_only=True)
class WarehouseEvent(Event):
    """A fact about a warehouse."""

    warehouse_id: WarehouseId
    warehouse: WarehouseCode

    @property
    def stream(self) -> UUID:
        return self.warehouse_id


@frozen(kw_only=True)
class WarehouseAdded(WarehouseEvent):
    """Stock may lie there."""

    type: ClassVar[str] = "inventory.warehouse_added"


@frozen(kw_only=True)
class WarehouseChanged(WarehouseEvent):
    """``what`` lists the fields that are different now."""

    type: ClassVar[str] = "inventory.warehouse_changed"
    what: tuple[str, ...]


@frozen(kw_only=True)
class Warehouse:
    """A place that stock lies in. One that is not active gets no new orders; its stock can still be worked on."""

    id: WarehouseId
    code: WarehouseCode
    name: str
    kind: WarehouseKind = WarehouseKind.RDC
    place: Place = Place()
    active: bool = True
    created_at: datetime
    updated_at: datetime
    version: int = field(default=0)

    def __attrs_post_init__(self) -> None:
        warehouse_code(self.code, field="code")
        checked_text(self.name, field="name", longest=LONGEST_NAME, allow_empty=False)

    def added(self, *, at: datetime) -> Change[Warehouse]:
        return Change(self, (WarehouseAdded(warehouse_id=self.id, warehouse=self.code, at=at),))

    def changed(self, *, name: str, kind: WarehouseKind, place: Place, active: bool, at: datetime) -> Change[Warehouse]:
        """Take over how it is now; its code stays. Nothing different: nothing happens."""
        after = evolve(self, name=name, kind=kind, place=place, active=active)
        what = tuple(
            each for each in ("name", "kind", "place", "active") if getattr(after, each) != getattr(self, each)
        )
        if not what:
            return Change(self)
        event = WarehouseChanged(warehouse_id=self.id, warehouse=self.code, what=what, at=at)
        return Change(evolve(after, updated_at=at), (event,))
