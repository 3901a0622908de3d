"""A shop's blacklist. Plain data come in and are never given out again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Controller, Request, get, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.batches import PutRows, Rows, each
from oms_adapters.http.bodies import Body
from oms_adapters.http.paging import DEFAULT_PAGE, Cursor, Limit, Page, Pages, Signer
from oms_adapters.http.shops import KnownShops
from oms_adapters.http.views import Given, View
from oms_app.actor import Actor, Permission
from oms_app.blacklist import LONGEST_ID, AddToBlacklist, BlacklistService, ReadBlacklist, TakeOffBlacklist
from oms_domain.channels.standard import Region
from oms_domain.kernel.identity import OrderId, ShopId
from oms_domain.kernel.text import checked_text
from oms_domain.orders.rules.blacklist import LONGEST_REASON, BlacklistEntry, BlacklistEntryId

READ: Final = needs(Permission.ORDERS_READ)
WRITE: Final = needs(Permission.ORDERS_WRITE, changes=True)
LONGEST_NAME: Final = 100
LONGEST_STREET: Final = 500

Name = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
Why = Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)]


class ListedAddressBody(Body):
    """A street with its house; without a region it counts wherever it is."""

    street: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_STREET)]
    province: Name = ""
    city: Name = ""
    district: Name = ""

    def region(self) -> Region:
        return Region(province=self.province, city=self.city, district=self.district)


class ListingBody(Body):
    """Whom to list: whatever is named, or all that an order can be told by. At least one."""

    phone: Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)] = ""
    address: ListedAddressBody | None = None
    buyer_id: Annotated[str, msgspec.Meta(max_length=LONGEST_ID)] = ""
    order_id: UUID | None = None
    reason: Why = ""

    def command(self, shop_id: ShopId, by: Actor) -> AddToBlacklist:
        return AddToBlacklist(
            shop_id=shop_id,
            phone=checked_text(self.phone, field="phone", longest=LONGEST_NAME),
            street=checked_text(self.address.street, field="address.street", longest=LONGEST_STREET)
            if self.address
            else "",
            region=self.address.region() if self.address else Region(),
            buyer_id=checked_text(self.buyer_id, field="buyer_id", longest=LONGEST_ID),
            order_id=OrderId(self.order_id) if self.order_id else None,
            reason=self.reason,
            by=by,
        )


class TakingOffBody(Body):
    """Why; kept in the operation log."""

    reason: Why = ""


class EntryView(View):
    """An entry: what may be shown of whom it lists. An address counts within ``division``, empty: anywhere."""

    id: UUID
    kind: str
    mask: str
    division: str
    reason: str
    created_at: datetime
    updated_at: datetime
    version: int

    @classmethod
    def of(cls, entry: BlacklistEntry) -> EntryView:
        return cls(
            id=entry.id,
            kind=entry.kind,
            mask=entry.mask,
            division=entry.division,
            reason=entry.reason,
            created_at=entry.created_at,
            updated_at=entry.updated_at,
            version=entry.version,
        )


class EntriesView(View):
    """The entries that stand now, one for each thing that was named."""

    items: list[EntryView]


class BlacklistController(Controller):
    """The blacklist of a shop (黑名单)."""

    path = "/shops/{shop:str}/blacklist"
    tags = ("Rules",)

    @get("/", operation_id="listBlacklist", opt=READ, sync_to_thread=True)
    def list_entries(
        self,
        shop: FromPath[str],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        blacklist: Given[BlacklistService],
        signer: Given[Signer],
        cursor: Cursor = None,
        limit: Limit = DEFAULT_PAGE,
    ) -> Page[EntryView]:
        """List who is on it, oldest first."""
        pages = Pages(signer, ("blacklist", shop))
        found = pages.after(cursor)
        rows = blacklist.page(
            ReadBlacklist(shop_id=known_shops.of(shop, actor).id, by=actor),
            after=BlacklistEntryId(UUID(found[0])) if found else None,
            limit=limit + 1,
        )
        return pages.page(rows, limit, EntryView.of, lambda entry: (str(entry.id), ""))

    @post("/", operation_id="addToBlacklist", opt=WRITE, status_code=200, sync_to_thread=True)
    def add(
        self,
        shop: FromPath[str],
        data: JSONBody[ListingBody],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        blacklist: Given[BlacklistService],
    ) -> EntriesView:
        """List a telephone number, address or buyer. Who is listed already stays, with the newer reason."""
        command = data.command(known_shops.of(shop, actor).id, actor)
        return EntriesView(items=[EntryView.of(entry) for entry in blacklist.add(command).entries])

    @post("/batch", operation_id="addManyToBlacklist", opt=WRITE, status_code=200, sync_to_thread=True)
    def add_many(
        self,
        shop: FromPath[str],
        request: Request[Any, Any, Any],
        data: JSONBody[Rows],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        blacklist: Given[BlacklistService],
    ) -> PutRows[EntriesView]:
        """List up to 100 at once."""
        shop_id = known_shops.of(shop, actor).id

        def put(row: ListingBody, by: Actor) -> tuple[str, EntriesView]:
            entries = blacklist.add(row.command(shop_id, by)).entries
            return "listed", EntriesView(items=[EntryView.of(entry) for entry in entries])

        return each(data, ListingBody, put, request=request, actor=actor)

    @post("/{entry_id:uuid}/removal", operation_id="takeOffBlacklist", opt=WRITE, status_code=200, sync_to_thread=True)
    def take_off(
        self,
        shop: FromPath[str],
        entry_id: FromPath[UUID],
        actor: Given[Actor],
        known_shops: Given[KnownShops],
        blacklist: Given[BlacklistService],
        data: JSONBody[TakingOffBody | None] = None,
    ) -> EntryView:
        """Take an entry off."""
        command = TakeOffBlacklist(
            shop_id=known_shops.of(shop, actor).id,
            entry_id=BlacklistEntryId(entry_id),
            reason=data.reason if data else "",
            by=actor,
        )
        return EntryView.of(blacklist.take_off(command))
