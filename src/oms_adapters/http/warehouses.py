"""Warehouses: the list, adding one, and saying how one is now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import IfMatch, version_of_edit
from oms_adapters.http.paging import Page
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor, Permission
from oms_app.queries.rows import Queries
from oms_app.warehouses import AddWarehouse, ChangeWarehouse, WarehouseService
from oms_domain.inventory.stock import WarehouseNotFound, warehouse_code
from oms_domain.inventory.warehouses import LONGEST_NAME, LONGEST_REGION, Place, Warehouse, WarehouseKind
from oms_domain.kernel.errors import Invalid

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
Region = Annotated[str, msgspec.Meta(max_length=LONGEST_REGION)]


class PlaceBody(Body):
    """Where it stands. Coordinates are whole millionths of a degree, both or neither."""

    province: Region = ""
    city: Region = ""
    district: Region = ""
    latitude_e6: Annotated[int, msgspec.Meta(ge=-90_000_000, le=90_000_000)] | None = None
    longitude_e6: Annotated[int, msgspec.Meta(ge=-180_000_000, le=180_000_000)] | None = None

    def place(self) -> Place:
        return Place(
            province=self.province,
            city=self.city,
            district=self.district,
            latitude_e6=self.latitude_e6,
            longitude_e6=self.longitude_e6,
        )


class WarehouseBody(Body):
    """How a warehouse is now, whole."""

    name: Name
    kind: WarehouseKind = WarehouseKind.RDC
    place: PlaceBody = msgspec.field(default_factory=PlaceBody)
    active: bool = True


class NewWarehouseBody(WarehouseBody, kw_only=True):
    """A warehouse to add."""

    code: Annotated[str, msgspec.Meta(description="1 to 32 of A–Z, a–z, 0–9, ``-`` and ``_``; it never changes")]


class PlaceView(View):
    """Where it stands."""

    province: str
    city: str
    district: str
    latitude_e6: int | None
    longitude_e6: int | None


class WarehouseView(View):
    """A warehouse."""

    id: UUID
    code: str
    name: str
    kind: str
    place: PlaceView
    active: bool
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, warehouse: Warehouse) -> WarehouseView:
        place = warehouse.place
        return cls(
            id=warehouse.id,
            code=warehouse.code,
            name=warehouse.name,
            kind=warehouse.kind,
            place=PlaceView(
                province=place.province,
                city=place.city,
                district=place.district,
                latitude_e6=place.latitude_e6,
                longitude_e6=place.longitude_e6,
            ),
            active=warehouse.active,
            created_at=warehouse.created_at,
            updated_at=warehouse.updated_at,
            version=warehouse.version,
        )


class WarehousesController(Controller):
    """Warehouses."""

    path = "/warehouses"
    tags = ("Stock",)

    @get("/", operation_id="listWarehouses", opt=needs(Permission.STOCK_READ), sync_to_thread=True)
    def list_warehouses(self, actor: Given[Actor], queries: Given[Queries]) -> Page[WarehouseView]:
        """List the warehouses, by code."""
        return Page(items=[WarehouseView.of(warehouse) for warehouse in queries.warehouses()])

    @post("/", operation_id="addWarehouse", opt=needs(AddWarehouse.permission, changes=True), sync_to_thread=True)
    def add(
        self, data: JSONBody[NewWarehouseBody], actor: Given[Actor], warehouses: Given[WarehouseService]
    ) -> WarehouseView:
        """Add a warehouse (新增仓库)."""
        command = AddWarehouse(
            code=warehouse_code(data.code, field="code"),
            name=data.name,
            kind=data.kind,
            place=data.place.place(),
            active=data.active,
            by=actor,
        )
        return WarehouseView.of(warehouses.add(command))

    @post(
        "/{code:str}",
        operation_id="changeWarehouse",
        opt=needs(ChangeWarehouse.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def change(
        self,
        code: FromPath[str],
        data: JSONBody[WarehouseBody],
        actor: Given[Actor],
        warehouses: Given[WarehouseService],
        if_match: IfMatch = None,
    ) -> Response[WarehouseView]:
        """Say how a warehouse is now; the version that was read goes into ``If-Match``."""
        try:
            known = warehouse_code(code)
        except Invalid:
            raise WarehouseNotFound(warehouse=code[:40]) from None
        command = ChangeWarehouse(
            code=known,
            name=data.name,
            kind=data.kind,
            place=data.place.place(),
            active=data.active,
            expected_version=version_of_edit(if_match),
            by=actor,
        )
        view = WarehouseView.of(warehouses.change(command))
        return Response(content=view, headers={"ETag": f'"{view.version}"'})
