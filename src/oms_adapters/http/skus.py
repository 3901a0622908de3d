"""SKUs of the catalogue."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from attrs import evolve
from litestar import Controller, Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from oms_adapters.http.auth import needs
from oms_adapters.http.batches import PutRows, Rows, each
from oms_adapters.http.bodies import Body
from oms_adapters.http.idempotency import IfMatch, expected_version, version_of_edit
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Pages, Signer
from oms_adapters.http.shops import MoneyBody
from oms_adapters.http.views import Given, MoneyView, View
from oms_app.actor import Actor, Permission
from oms_app.catalog import CatalogService, ChangeSku, DeleteSku, PutSku, RestoreSku
from oms_app.queries.catalog import CatalogFilter, CatalogQueries
from oms_domain.catalog.sku import GoodsMark, Sku, SkuFacts, SkuKind
from oms_domain.kernel.codes import sku_code
from oms_domain.kernel.identity import SkuCode, SkuId
from oms_domain.kernel.money import Money

READ: Final = needs(Permission.STOCK_READ)
WRITE: Final = needs(Permission.STOCK_WRITE, changes=True)

Deleted: TypeAlias = Annotated[bool, QueryParameter(description="deleted ones instead of those that stand")]
CodeIs: TypeAlias = Annotated[str, QueryParameter(max_length=64, description="the one with this code")]


class SkuBody(Body):
    """A SKU as it is to be. Weight and volume are of one unit with its packing; prices are of one unit."""

    code: str
    title: str
    spec: str = ""
    kind: SkuKind = SkuKind.GOODS
    weight_g: int | None = None
    volume_cm3: int | None = None
    list_price: MoneyBody | None = None
    floor_price: MoneyBody | None = None
    purchase_cost: MoneyBody | None = None
    tax_category: str = ""
    category: str = ""
    marks: Annotated[list[GoodsMark], Meta(description="what not every carrier takes, or travels alone")] = []  # noqa: RUF012

    def facts(self) -> SkuFacts:
        return SkuFacts(
            title=self.title,
            spec=self.spec,
            kind=self.kind,
            weight_g=self.weight_g,
            volume_cm3=self.volume_cm3,
            list_price=self.list_price.money() if self.list_price else Money(0),
            floor_price=_money(self.floor_price),
            purchase_cost=_money(self.purchase_cost),
            tax_category=self.tax_category,
            category=self.category,
            marks=frozenset(self.marks),
        )


class SkuChanges(Body):
    """What is to be otherwise; what is not named stays. null: not told any more."""

    title: str | UnsetType = UNSET
    spec: str | UnsetType = UNSET
    kind: SkuKind | UnsetType = UNSET
    weight_g: int | UnsetType | None = UNSET
    volume_cm3: int | UnsetType | None = UNSET
    list_price: MoneyBody | UnsetType = UNSET
    floor_price: MoneyBody | UnsetType | None = UNSET
    purchase_cost: MoneyBody | UnsetType | None = UNSET
    tax_category: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    marks: list[GoodsMark] | UnsetType = UNSET

    def of(self, facts: SkuFacts) -> SkuFacts:
        named = {name: getattr(self, name) for name in self.__struct_fields__}
        told: dict[str, Any] = {name: value for name, value in named.items() if value is not UNSET}
        prices = {name: value.money() for name, value in told.items() if isinstance(value, MoneyBody)}
        return evolve(facts, **told | prices)


class SkuView(View):
    """A SKU (SKU, 赠品)."""

    id: UUID
    code: str
    title: str
    spec: str
    kind: str
    weight_g: int | None
    volume_cm3: int | None
    list_price: MoneyView
    floor_price: MoneyView | None
    purchase_cost: MoneyView | None
    tax_category: str
    category: str
    marks: list[str]
    is_deleted: bool
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, sku: Sku) -> SkuView:
        return cls(
            id=sku.id,
            code=sku.code,
            title=sku.title,
            spec=sku.spec,
            kind=sku.kind,
            weight_g=sku.weight_g,
            volume_cm3=sku.volume_cm3,
            list_price=MoneyView.of(sku.list_price),
            floor_price=MoneyView.maybe(sku.floor_price),
            purchase_cost=MoneyView.maybe(sku.purchase_cost),
            tax_category=sku.tax_category,
            category=sku.category,
            marks=sorted(sku.marks),
            is_deleted=sku.is_deleted,
            created_at=sku.created_at,
            updated_at=sku.updated_at,
            version=sku.version,
        )


class SkusController(Controller):
    """The catalogue's SKUs. They belong to every shop: a key of some shops may read them only."""

    path = "/skus"
    tags = ("Catalogue",)

    @get("/", operation_id="listSkus", opt=READ, sync_to_thread=True)
    def list_skus(
        self,
        actor: Given[Actor],
        catalog_queries: Given[CatalogQueries],
        signer: Given[Signer],
        code: CodeIs = "",
        kind: Annotated[SkuKind | None, QueryParameter()] = None,
        deleted: Deleted = False,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[SkuView]:
        """List SKUs by code."""
        pages = Pages(signer, ("skus", code, kind, deleted))
        wanted = CatalogFilter(code=sku_code(code, field="code") if code else "", kind=kind, is_deleted=deleted)
        rows = catalog_queries.skus(wanted, after=after_code(pages, cursor), limit=limit + 1)
        return pages.page(rows, limit, SkuView.of, lambda sku: (sku.code, ""))

    @post("/", operation_id="addSku", opt=WRITE, sync_to_thread=True)
    def add(self, data: JSONBody[SkuBody], actor: Given[Actor], catalog: Given[CatalogService]) -> Response[SkuView]:
        """Add a SKU; the orders that wait for its code are converted afterwards."""
        command = PutSku(code=data.code, facts=data.facts(), only_new=True, by=actor)
        return answered(catalog.put_sku(command).sku, status=201)

    @post("/batch", operation_id="putSkus", opt=WRITE, status_code=200, sync_to_thread=True)
    def put_many(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Rows],
        actor: Given[Actor],
        catalog: Given[CatalogService],
    ) -> PutRows[SkuView]:
        """Add SKUs, or change those that are there to what the rows say; up to 100 at once."""

        def put(row: SkuBody, by: Actor) -> tuple[str, SkuView]:
            done = catalog.put_sku(PutSku(code=row.code, facts=row.facts(), by=by))
            return done.kept, SkuView.of(done.sku)

        return each(data, SkuBody, put, request=request, actor=actor)

    @get("/{sku_id:uuid}", operation_id="getSku", opt=READ, sync_to_thread=True)
    def get_sku(
        self, sku_id: FromPath[UUID], actor: Given[Actor], catalog_queries: Given[CatalogQueries]
    ) -> Response[SkuView]:
        """Get one SKU."""
        return answered(catalog_queries.sku(SkuId(sku_id)))

    @patch("/{sku_id:uuid}", operation_id="changeSku", opt=WRITE, sync_to_thread=True)
    def change(
        self,
        sku_id: FromPath[UUID],
        data: JSONBody[SkuChanges],
        actor: Given[Actor],
        catalog: Given[CatalogService],
        catalog_queries: Given[CatalogQueries],
        if_match: IfMatch = None,
    ) -> Response[SkuView]:
        """Change a SKU; ``If-Match`` names the version that it was read in."""
        expected = version_of_edit(if_match)
        sku = catalog_queries.sku(SkuId(sku_id))
        command = ChangeSku(
            sku_id=sku.id, facts=data.of(sku.facts), expected_version=or_read(expected, sku.version), by=actor
        )
        return answered(catalog.change_sku(command).sku)

    @post("/{sku_id:uuid}/deletion", operation_id="deleteSku", opt=WRITE, status_code=200, sync_to_thread=True)
    def delete(
        self,
        sku_id: FromPath[UUID],
        actor: Given[Actor],
        catalog: Given[CatalogService],
        if_match: IfMatch = None,
    ) -> Response[SkuView]:
        """Take a SKU out of the catalogue (删除); its code stays taken."""
        command = DeleteSku(sku_id=SkuId(sku_id), expected_version=expected_version(if_match), by=actor)
        return answered(catalog.delete_sku(command).sku)

    @post("/{sku_id:uuid}/restoration", operation_id="restoreSku", opt=WRITE, status_code=200, sync_to_thread=True)
    def restore(
        self,
        sku_id: FromPath[UUID],
        actor: Given[Actor],
        catalog: Given[CatalogService],
        if_match: IfMatch = None,
    ) -> Response[SkuView]:
        """Put a deleted SKU back (恢复)."""
        command = RestoreSku(sku_id=SkuId(sku_id), expected_version=expected_version(if_match), by=actor)
        return answered(catalog.restore_sku(command).sku)


def answered(sku: Sku, *, status: int = 200) -> Response[SkuView]:
    return Response(content=SkuView.of(sku), status_code=status, headers={"ETag": f'"{sku.version}"'})


def after_code(pages: Pages, cursor: str | None) -> SkuCode | None:
    """Return the code behind which a list goes on. Raises ``CursorInvalid``."""
    found = pages.after(cursor)
    return SkuCode(found[0]) if found else None


def or_read(expected: int | None, version: int) -> int:
    """Of an edit of any version: the one that it was reckoned on, so that what came in between is not lost."""
    return version if expected is None else expected


def _money(body: MoneyBody | None) -> Money | None:
    return body.money() if body else None
