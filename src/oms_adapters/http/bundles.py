"""Bundles of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from attrs import evolve
from litestar import Controller, Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from oms_adapters.http.batches import PutRows, Rows, each
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import IfMatch, expected_version, version_of_edit
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Pages, Signer
from oms_adapters.http.skus import READ, WRITE, CodeIs, Deleted, after_code, or_read
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor
from oms_app.catalog import CatalogService, ChangeBundle, DeleteBundle, PutBundle, RestoreBundle
from oms_app.queries.catalog import CatalogFilter, CatalogQueries, bundle_stock
from oms_domain.catalog.bundle import MOST_UNITS_OF_A_PART, Bundle, BundleFacts, BundlePart
from oms_domain.inventory.stock import StockLevel
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.identity import BundleId
from oms_domain.kernel.quantity import quantity


class PartBody(Body):
    """Units of a SKU in one bundle."""

    sku: str
    quantity: Annotated[int, msgspec.Meta(ge=1, le=MOST_UNITS_OF_A_PART)]


class BundleBody(Body):
    """A bundle as it is to be."""

    code: str
    title: str
    parts: list[PartBody]
    spec: str = ""

    def facts(self) -> BundleFacts:
        return BundleFacts(title=self.title, spec=self.spec, parts=_parts(self.parts))


class BundleChanges(Body):
    """What is to be otherwise; what is not named stays. ``parts`` are named all or not at all."""

    title: str | UnsetType = UNSET
    spec: str | UnsetType = UNSET
    parts: list[PartBody] | UnsetType = UNSET

    def of(self, facts: BundleFacts) -> BundleFacts:
        named: dict[str, Any] = {
            name: value for name in ("title", "spec") if (value := getattr(self, name)) is not UNSET
        }
        if self.parts is not UNSET:
            named["parts"] = _parts(self.parts)
        return evolve(facts, **named)


class PartView(View):
    """Units of a SKU in one bundle."""

    sku: str
    quantity: int


class AvailableView(View):
    """How many bundles can be made of what a warehouse has to spare."""

    warehouse: str
    available: int


class BundleView(View):
    """Several SKUs sold under one code (组合商品)."""

    id: UUID
    code: str
    title: str
    spec: str
    parts: list[PartView]
    is_deleted: bool
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, bundle: Bundle) -> BundleView:
        return cls(**_shown(bundle))


class BundleDetailView(BundleView):
    """A bundle with what there is of it, by warehouse."""

    available: list[AvailableView]

    @classmethod
    def with_stock(cls, bundle: Bundle, levels: Sequence[StockLevel]) -> BundleDetailView:
        return cls(**_shown(bundle), available=[AvailableView(*each) for each in bundle_stock(bundle, levels)])


class BundlesController(Controller):
    """The catalogue's bundles. They belong to every shop: a key of some shops may read them only."""

    path = "/bundles"
    tags = ("Catalogue",)

    @get("/", operation_id="listBundles", opt=READ, sync_to_thread=True)
    def list_bundles(
        self,
        actor: Given[Actor],
        catalog_queries: Given[CatalogQueries],
        signer: Given[Signer],
        code: CodeIs = "",
        deleted: Deleted = False,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[BundleView]:
        """List bundles by code."""
        pages = Pages(signer, ("bundles", code, deleted))
        wanted = CatalogFilter(code=sku_code(code, field="code") if code else "", is_deleted=deleted)
        rows = catalog_queries.bundles(wanted, after=after_code(pages, cursor), limit=limit + 1)
        return pages.page(rows, limit, BundleView.of, lambda bundle: (bundle.code, ""))

    @post("/", operation_id="addBundle", opt=WRITE, sync_to_thread=True)
    def add(
        self, data: JSONBody[BundleBody], actor: Given[Actor], catalog: Given[CatalogService]
    ) -> Response[BundleView]:
        """Add a bundle; the orders that wait for its code are converted afterwards."""
        command = PutBundle(code=data.code, facts=data.facts(), only_new=True, by=actor)
        return _answered(catalog.put_bundle(command).bundle, status=201)

    @post("/batch", operation_id="putBundles", opt=WRITE, status_code=200, sync_to_thread=True)
    def put_many(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Rows],
        actor: Given[Actor],
        catalog: Given[CatalogService],
    ) -> PutRows[BundleView]:
        """Add bundles, or change those that are there to what the rows say; up to 100 at once."""

        def put(row: BundleBody, by: Actor) -> tuple[str, BundleView]:
            done = catalog.put_bundle(PutBundle(code=row.code, facts=row.facts(), by=by))
            return done.kept, BundleView.of(done.bundle)

        return each(data, BundleBody, put, request=request, actor=actor)

    @get("/{bundle_id:uuid}", operation_id="getBundle", opt=READ, sync_to_thread=True)
    def get_bundle(
        self, bundle_id: FromPath[UUID], actor: Given[Actor], catalog_queries: Given[CatalogQueries]
    ) -> Response[BundleDetailView]:
        """Get one bundle, with how many of it each warehouse could ship."""
        bundle = catalog_queries.bundle(BundleId(bundle_id))
        levels = catalog_queries.levels(actor, [part.sku for part in bundle.parts])
        view = BundleDetailView.with_stock(bundle, levels)
        return Response(content=view, headers={"ETag": f'"{bundle.version}"'})

    @patch("/{bundle_id:uuid}", operation_id="changeBundle", opt=WRITE, sync_to_thread=True)
    def change(
        self,
        bundle_id: FromPath[UUID],
        data: JSONBody[BundleChanges],
        actor: Given[Actor],
        catalog: Given[CatalogService],
        catalog_queries: Given[CatalogQueries],
        if_match: IfMatch = None,
    ) -> Response[BundleView]:
        """Change a bundle for orders to come; ``If-Match`` names the version that it was read in."""
        expected = version_of_edit(if_match)
        bundle = catalog_queries.bundle(BundleId(bundle_id))
        command = ChangeBundle(
            bundle_id=bundle.id,
            facts=data.of(bundle.facts),
            expected_version=or_read(expected, bundle.version),
            by=actor,
        )
        return _answered(catalog.change_bundle(command).bundle)

    @post("/{bundle_id:uuid}/deletion", operation_id="deleteBundle", opt=WRITE, status_code=200, sync_to_thread=True)
    def delete(
        self,
        bundle_id: FromPath[UUID],
        actor: Given[Actor],
        catalog: Given[CatalogService],
        if_match: IfMatch = None,
    ) -> Response[BundleView]:
        """Take a bundle out of the catalogue (删除); its code stays taken."""
        command = DeleteBundle(bundle_id=BundleId(bundle_id), expected_version=expected_version(if_match), by=actor)
        return _answered(catalog.delete_bundle(command).bundle)

    @post(
        "/{bundle_id:uuid}/restoration", operation_id="restoreBundle", opt=WRITE, status_code=200, sync_to_thread=True
    )
    def restore(
        self,
        bundle_id: FromPath[UUID],
        actor: Given[Actor],
        catalog: Given[CatalogService],
        if_match: IfMatch = None,
    ) -> Response[BundleView]:
        """Put a deleted bundle back (恢复)."""
        command = RestoreBundle(bundle_id=BundleId(bundle_id), expected_version=expected_version(if_match), by=actor)
        return _answered(catalog.restore_bundle(command).bundle)


def _parts(parts: list[PartBody]) -> tuple[BundlePart, ...]:
    return tuple(
        BundlePart(
            sku=sku_code(part.sku, field=f"parts[{place}].sku"),
            quantity=quantity(part.quantity, field=f"parts[{place}].quantity"),
        )
        for place, part in enumerate(parts)
    )


def _shown(bundle: Bundle) -> dict[str, Any]:
    return {
        "id": bundle.id,
        "code": bundle.code,
        "title": bundle.title,
        "spec": bundle.spec,
        "parts": [PartView(sku=part.sku, quantity=part.quantity) for part in bundle.parts],
        "is_deleted": bundle.is_deleted,
        "created_at": bundle.created_at,
        "updated_at": bundle.updated_at,
        "version": bundle.version,
    }


def _answered(bundle: Bundle, *, status: int = 200) -> Response[BundleView]:
    return Response(content=BundleView.of(bundle), status_code=status, headers={"ETag": f'"{bundle.version}"'})
