"""The collections of one transaction, by the words of the ports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import define, field

from oms_adapters.memory.shelves import Shelf
from oms_adapters.memory.tables import Opening, Tables
from oms_adapters.memory.work import Work
from oms_app.ports.transaction import (
    Duplicate,
    FulfilmentNotFound,
    NumberUnknown,
    OrderNotFound,
    PlatformOrderNotFound,
    UnmappedGoods,
)
from oms_app.ports.vault import Sealed, VaultRowGone
from oms_domain.fulfilment.fulfilment_order import FulfilmentOrder
from oms_domain.kernel.identity import (
    FulfilmentOrderId,
    OrderId,
    PlatformOrderId,
    ShopId,
    SkuCode,
    VaultId,
    WarehouseCode,
)
from oms_domain.orders.platform_order import PlatformOrder
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import Shop, ShopNotFound


def _no_shop(id: object) -> ShopNotFound:
    return ShopNotFound(shop=str(id))


@define
class MemoryShops:
    """All shops that the actor sees."""

    work: Work
    shelf: Shelf[Shop] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="shop",
            stored=self.work.tables.shops,
            index=self.work.tables.shop_codes,
            shop_of=lambda shop: shop.id,
            key_of=lambda shop: shop.code,
            not_found=_no_shop,
        )

    def get(self, shop_id: ShopId) -> Shop:
        return self.shelf.get(shop_id)

    def by_code(self, code: str) -> Shop:
        shop = self.shelf.by_key(code)
        if shop is None:
            raise _no_shop(code)
        return shop

    def all(self) -> tuple[Shop, ...]:
        return tuple(sorted(self.shelf.all(), key=lambda shop: shop.code))

    def save(self, shop: Shop) -> None:
        self.shelf.save(shop)

    def account(self, shop_id: ShopId) -> bytes | None:
        with self.work.reading() as tables:
            return tables.accounts.get(shop_id) if self.work.sees(shop_id) else None

    def save_account(self, shop_id: ShopId, sealed: bytes) -> None:
        if not self.work.sees(shop_id):
            raise _no_shop(shop_id)
        self.work.write(lambda tables: lambda: tables.accounts.update({shop_id: sealed}))


@define
class MemoryPlatformOrders:
    """All platform orders, one per (shop, order number)."""

    work: Work
    shelf: Shelf[PlatformOrder] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="platform_order",
            stored=self.work.tables.platform_orders,
            index=self.work.tables.order_nos,
            shop_of=lambda platform_order: platform_order.shop_id,
            key_of=lambda platform_order: (platform_order.shop_id, platform_order.order_no),
            not_found=lambda id: PlatformOrderNotFound(platform_order_id=id),
        )

    def get(self, platform_order_id: PlatformOrderId) -> PlatformOrder:
        return self.shelf.get(platform_order_id)

    def get_many(self, ids: Sequence[PlatformOrderId]) -> dict[PlatformOrderId, PlatformOrder]:
        return {PlatformOrderId(found.id): found for found in self.shelf.many(ids)}

    def waiting_for(
        self, wanted: UnmappedGoods, *, after: PlatformOrderId | None, limit: int
    ) -> tuple[PlatformOrderId, ...]:
        def waits(state: PlatformOrder) -> bool:
            return (
                self.work.sees(state.shop_id)
                and wanted.shop_id in (None, state.shop_id)
                and (after is None or state.id > after)
                and any(
                    wanted.platform_sku_id in ("", each.platform_sku_id)
                    and wanted.merchant_code in ("", each.merchant_code)
                    for each in (state.trouble.unmapped if state.trouble else ())
                )
            )

        with self.work.reading() as tables:
            return tuple(sorted(state.id for state in tables.platform_orders.values() if waits(state))[:limit])

    def by_order_no(self, shop_id: ShopId, order_nos: Sequence[str]) -> dict[str, PlatformOrder]:
        with self.work.reading():
            found = {order_no: self.shelf.by_key((shop_id, order_no)) for order_no in order_nos}
        return {order_no: platform_order for order_no, platform_order in found.items() if platform_order is not None}

    def save(self, platform_order: PlatformOrder) -> None:
        self.shelf.save(platform_order)


@define
class MemorySalesOrders:
    """All sales orders."""

    work: Work
    shelf: Shelf[SalesOrder] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="sales_order",
            stored=self.work.tables.orders,
            index={},
            shop_of=lambda order: order.shop_id,
            key_of=lambda order: order.id,
            not_found=lambda id: OrderNotFound(order_id=id),
        )

    def get(self, order_id: OrderId) -> SalesOrder:
        return self.shelf.get(order_id)

    def get_many(self, order_ids: Sequence[OrderId]) -> dict[OrderId, SalesOrder]:
        return {order.id: order for order in self.shelf.many(order_ids)}

    def waiting_for(
        self, sku: SkuCode, warehouse: WarehouseCode, limit: int, *, after: OrderId | None = None
    ) -> tuple[OrderId, ...]:
        def key(order: SalesOrder) -> tuple[Any, ...]:
            return order.created_at, order.id

        def waits(order: SalesOrder) -> bool:
            policy = tables.shops[order.shop_id].policy
            return (
                self.work.sees(order.shop_id)
                and any(wanted == sku for _, wanted, _ in order.contents)
                and (bool(policy.strategy) or (order.warehouse or policy.warehouse) == warehouse)
            )

        with self.work.reading() as tables:
            waiting = [order for id in tables.backordered if waits(order := tables.orders[id])]
            behind = None if after is None else key(tables.orders[after])
        waiting = sorted((order for order in waiting if behind is None or key(order) > behind), key=key)
        return tuple(order.id for order in waiting[:limit])

    def siblings(self, order: SalesOrder, limit: int) -> tuple[OrderId, ...]:
        def key(order: SalesOrder) -> tuple[Any, ...]:
            return order.shop_id, order.receiver.digest, order.buyer_id

        if not all(key(order)):
            return ()
        with self.work.reading() as tables:
            found = [
                each
                for each in tables.orders.values()
                if each.state is OrderState.AWAITING_CS_REVIEW and key(each) == key(order) and each.id != order.id
            ]
        found.sort(key=lambda each: (each.placed_at, each.id))
        return tuple(each.id for each in found[:limit])

    def number_holder(self, shop_id: ShopId, order_no: str) -> OrderId | None:
        with self.work.reading() as tables:
            return tables.own_numbers.get((shop_id, order_no))

    def claim_number(self, order: SalesOrder, *, instead_of: OrderId | None = None) -> None:
        key = (order.shop_id, order.platform_order_no)

        def claim(tables: Tables) -> Callable[[], None]:
            if tables.own_numbers.get(key) != instead_of:
                raise Duplicate(what="own_number")
            return lambda: tables.own_numbers.update({key: order.id})

        self.work.write(claim)

    def save(self, order: SalesOrder) -> None:
        self.shelf.save(order)

    def check(self, tables: Tables) -> Callable[[], None]:
        store = self.shelf.check(tables)

        def store_and_queue() -> None:
            store()
            for id, order in self.shelf.saved.items():
                if order.state is OrderState.BACKORDERED:
                    tables.backordered[id] = None
                else:
                    tables.backordered.pop(id, None)

        return store_and_queue


@define
class MemoryFulfilmentOrders:
    """All fulfilment orders."""

    work: Work
    shelf: Shelf[FulfilmentOrder] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.shelf = Shelf(
            work=self.work,
            kind="fulfilment_order",
            stored=self.work.tables.fulfilments,
            index=self.work.tables.fulfilment_numbers,
            shop_of=lambda fulfilment: fulfilment.shop_id,
            key_of=lambda fulfilment: fulfilment.number,
            not_found=lambda id: FulfilmentNotFound(fulfilment_id=id),
        )

    def get(self, fulfilment_id: FulfilmentOrderId) -> FulfilmentOrder:
        return self.shelf.get(fulfilment_id)

    def by_number(self, number: str) -> FulfilmentOrder:
        found = self.shelf.by_key(number)
        if found is None:
            raise NumberUnknown(number=number)
        return found

    def by_tracking_no(self, tracking_no: str) -> tuple[FulfilmentOrder, ...]:
        found = [each for each in self.shelf.all() if each.has_parcel(tracking_no)]
        return tuple(sorted(found, key=lambda each: each.id))

    def save(self, fulfilment: FulfilmentOrder) -> None:
        self.shelf.save(fulfilment)


@define
class MemoryVault:
    """The sealed rows of this transaction's shops."""

    work: Work
    put_here: dict[VaultId, Sealed] = field(factory=dict)

    def put(self, sealed: Sealed) -> None:
        if not self.work.sees(sealed.shop_id):
            raise VaultRowGone(vault_id=sealed.id)
        self.work.write(lambda tables: lambda: tables.vault.update({sealed.id: sealed}))
        self.put_here[sealed.id] = sealed

    def get(self, vault_id: VaultId) -> Sealed:
        found = self.get_many([vault_id])
        if vault_id not in found:
            raise VaultRowGone(vault_id=vault_id)
        return found[vault_id]

    def get_many(self, vault_ids: Collection[VaultId]) -> Mapping[VaultId, Sealed]:
        with self.work.reading() as tables:
            rows = ((id, self.put_here.get(id) or tables.vault.get(id)) for id in vault_ids)
            return {id: sealed for id, sealed in rows if sealed is not None and self.work.sees(sealed.shop_id)}

    def log_opening(self, vault_id: VaultId, *, order_id: OrderId | None, purpose: str) -> None:
        opening = Opening(
            vault_id=vault_id,
            shop_id=self.get(vault_id).shop_id,
            order_id=order_id,
            purpose=purpose,
            actor=self.work.actor.id,
            at=self.work.now(),
        )
        self.work.write(lambda tables: lambda: tables.openings.append(opening))


@define
class MemoryCursors:
    """How far something outside has been read."""

    work: Work

    def get(self, shop_id: ShopId, name: str) -> datetime | None:
        with self.work.reading() as tables:
            return tables.cursors.get((shop_id, name)) if self.work.sees(shop_id) else None

    def move(self, shop_id: ShopId, name: str, to: datetime) -> None:
        if not self.work.sees(shop_id):
            raise _no_shop(shop_id)

        def check(tables: Tables) -> Callable[[], None]:
            furthest = max(to, tables.cursors.get((shop_id, name), to))
            return lambda: tables.cursors.update({(shop_id, name): furthest})

        self.work.write(check)
