"""Mappings of platforms' SKUs, and the work list of those that nobody has mapped."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from oms_adapters.http.batches import PutRows, Rows, each
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import IfMatch, expected_version, version_of_edit
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Pages, Signer
from oms_adapters.http.shops import KnownShops
from oms_adapters.http.skus import READ, WRITE
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor
from oms_app.queries.catalog import CatalogQueries, UnmappedRow
from oms_app.sku_mappings import ChangeMapping, MapSku, RemoveMapping, SkuMappingService
from oms_domain.catalog.mapping import SkuMapping
from oms_domain.kernel.identity import MappingId

Shop = Annotated[str | None, QueryParameter(max_length=32, description="only of this shop, by its code")]


class MappingBody(Body):
    """What a platform's SKU is: by its id there, by the merchant's code there, or by both together."""

    shop: str
    target: str
    platform_sku_id: str = ""
    merchant_code: str = ""


class TargetBody(Body):
    """The code of our SKU or bundle that it is."""

    target: str


class MappingView(View):
    """A shop's word on what a platform's SKU is (平台 SKU 对应)."""

    id: UUID
    shop_id: UUID
    platform_sku_id: str
    merchant_code: str
    target: str
    is_deleted: bool
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, mapping: SkuMapping) -> MappingView:
        return cls(
            id=mapping.id,
            shop_id=mapping.shop_id,
            platform_sku_id=mapping.platform_sku_id,
            merchant_code=mapping.merchant_code,
            target=mapping.target,
            is_deleted=mapping.is_deleted,
            created_at=mapping.created_at,
            updated_at=mapping.updated_at,
            version=mapping.version,
        )


class UnmappedView(View):
    """A platform's SKU that orders wait for (未对应商品). ``why``: unknown, deleted, gift_is_sold, part_is_missing …"""

    shop_id: UUID
    platform_sku_id: str
    merchant_code: str
    title: str
    spec: str
    why: str
    orders: int
    waiting_since: datetime

    @classmethod
    def of(cls, row: UnmappedRow) -> UnmappedView:
        return cls(
            shop_id=row.shop_id,
            platform_sku_id=row.platform_sku_id,
            merchant_code=row.merchant_code,
            title=row.title,
            spec=row.spec,
            why=row.why,
            orders=row.orders,
            waiting_since=row.waiting_since,
        )


class SkuMappingsController(Controller):
    """Which of our SKUs or bundles a shop's platform SKU is."""

    path = "/sku-mappings"
    tags = ("Catalogue",)

    @get("/", operation_id="listSkuMappings", opt=READ, sync_to_thread=True)
    def list_mappings(
        self,
        actor: Given[Actor],
        catalog_queries: Given[CatalogQueries],
        signer: Given[Signer],
        known_shops: Given[KnownShops],
        shop: Shop = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[MappingView]:
        """List the mappings that stand, oldest first."""
        pages = Pages(signer, ("sku_mappings", shop))
        found = pages.after(cursor)
        rows = catalog_queries.mappings(
            actor,
            shop_id=known_shops.of(shop, actor).id if shop else None,
            after=MappingId(UUID(found[0])) if found else None,
            limit=limit + 1,
        )
        return pages.page(rows, limit, MappingView.of, lambda mapping: (str(mapping.id), ""))

    @get("/unmapped", operation_id="listUnmappedSkus", opt=READ, sync_to_thread=True)
    def unmapped(
        self,
        actor: Given[Actor],
        catalog_queries: Given[CatalogQueries],
        known_shops: Given[KnownShops],
        shop: Shop = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[UnmappedView]:
        """List the platforms' SKUs that orders wait for, what most wait for first."""
        shop_id = known_shops.of(shop, actor).id if shop else None
        return Page(
            items=[UnmappedView.of(row) for row in catalog_queries.unmapped(actor, shop_id=shop_id, limit=limit)]
        )

    @post("/", operation_id="mapSku", opt=WRITE, sync_to_thread=True)
    def map(
        self,
        data: JSONBody[MappingBody],
        actor: Given[Actor],
        sku_mappings: Given[SkuMappingService],
        known_shops: Given[KnownShops],
    ) -> Response[MappingView]:
        """Say what a platform's SKU is (对应); the orders that wait for it are converted afterwards."""
        return _answered(sku_mappings.map(_command(data, known_shops, actor)), status=201)

    @post("/batch", operation_id="mapSkus", opt=WRITE, status_code=200, sync_to_thread=True)
    def map_many(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Rows],
        actor: Given[Actor],
        sku_mappings: Given[SkuMappingService],
        known_shops: Given[KnownShops],
    ) -> PutRows[MappingView]:
        """Say it of up to 100 at once."""

        def put(row: MappingBody, by: Actor) -> tuple[str, MappingView]:
            return "mapped", MappingView.of(sku_mappings.map(_command(row, known_shops, by)))

        return each(data, MappingBody, put, request=request, actor=actor)

    @get("/{mapping_id:uuid}", operation_id="getSkuMapping", opt=READ, sync_to_thread=True)
    def get_mapping(
        self, mapping_id: FromPath[UUID], actor: Given[Actor], catalog_queries: Given[CatalogQueries]
    ) -> Response[MappingView]:
        """Get one mapping."""
        return _answered(catalog_queries.mapping(actor, MappingId(mapping_id)))

    @patch("/{mapping_id:uuid}", operation_id="changeSkuMapping", opt=WRITE, sync_to_thread=True)
    def change(
        self,
        mapping_id: FromPath[UUID],
        data: JSONBody[TargetBody],
        actor: Given[Actor],
        sku_mappings: Given[SkuMappingService],
        if_match: IfMatch = None,
    ) -> Response[MappingView]:
        """Let a mapping stand for something else; orders that are there keep what they have."""
        command = ChangeMapping(
            mapping_id=MappingId(mapping_id),
            target=data.target,
            expected_version=version_of_edit(if_match),
            by=actor,
        )
        return _answered(sku_mappings.change(command))

    @post(
        "/{mapping_id:uuid}/deletion", operation_id="removeSkuMapping", opt=WRITE, status_code=200, sync_to_thread=True
    )
    def remove(
        self,
        mapping_id: FromPath[UUID],
        actor: Given[Actor],
        sku_mappings: Given[SkuMappingService],
        if_match: IfMatch = None,
    ) -> Response[MappingView]:
        """Let a mapping stand no longer."""
        command = RemoveMapping(mapping_id=MappingId(mapping_id), expected_version=expected_version(if_match), by=actor)
        return _answered(sku_mappings.remove(command))


def _command(body: MappingBody, known_shops: KnownShops, by: Actor) -> MapSku:
    return MapSku(
        shop_id=known_shops.of(body.shop, by).id,
        platform_sku_id=body.platform_sku_id,
        merchant_code=body.merchant_code,
        target=body.target,
        by=by,
    )


def _answered(mapping: SkuMapping, *, status: int = 200) -> Response[MappingView]:
    return Response(content=MappingView.of(mapping), status_code=status, headers={"ETag": f'"{mapping.version}"'})
