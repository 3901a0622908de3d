"""Rows for the contract tests: documents as the use cases would store them, with ids of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from attrs import evolve
from hypothesis import HealthCheck, settings
from tests.servers import Backend

from oms_app.actor import Actor, JobClaim, Permission, system
from oms_app.ports.jobs import Job
from oms_domain.fulfilment.fulfilment_order import FulfilmentOrder
from oms_domain.inventory.movements import Movement, adds
from oms_domain.inventory.stock import LedgerKind, Quality, Reservation, StockLevel
from oms_domain.kernel.identity import ShopId, SkuCode, WarehouseCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.orders.events import OrderRevised
from oms_domain.orders.lines import OrderLine
from oms_domain.orders.platform_order import PlatformOrder
from oms_domain.orders.sales_order import SalesOrder
from oms_domain.shops.shop import Shop
from oms_domain.testing.builders import (
    MAIN,
    a_fulfilment_order,
    a_platform_order,
    a_sales_order,
    a_shop,
    a_standard_order,
    an_order_line,
)

ROOT: Final = system("tests")
NUMBERS: Final = iter(range(1, 10**9))

STORED: Final = settings(max_examples=25, suppress_health_check=list(HealthCheck))
"""For laws over what is stored: few examples, since each is several commits. A law empties the store itself."""


def of(*shops: ShopId) -> Actor:
    """Return an actor that may do everything, on these shops."""
    return Actor(id="test:scoped", shops=frozenset(shops), permissions=frozenset(Permission))


def a_new_shop(backend: Backend, **changes: Any) -> Shop:
    facts = {"id": backend.new_id(), "code": f"shop-{next(NUMBERS)}", "created_at": backend.clock.now}
    return a_shop(**facts | {"updated_at": backend.clock.now} | changes)


def a_line(backend: Backend, **changes: Any) -> OrderLine:
    return an_order_line(**{"id": backend.new_id(), "platform_line_no": str(next(NUMBERS))} | changes)


def an_order(backend: Backend, shop: Shop, **changes: Any) -> SalesOrder:
    """Return a new order of ``shop`` with two lines, that came from nowhere."""
    facts = {
        "id": backend.new_id(),
        "number": f"S20261123-{next(NUMBERS):06d}",
        "shop_id": shop.id,
        "platform_order_id": None,
        "platform_order_no": str(next(NUMBERS)),
        "lines": (a_line(backend), a_line(backend, sku=SkuCode("HAT-M"), quantity=Quantity(1))),
        "created_at": backend.clock.now,
        "updated_at": backend.clock.now,
    }
    return a_sales_order(**facts | changes)


def a_new_platform_order(backend: Backend, shop: Shop, **changes: Any) -> PlatformOrder:
    """Return a new platform order of ``shop``."""
    order_no = changes.get("order_no", str(next(NUMBERS)))
    facts = {
        "id": backend.new_id(),
        "number": f"P20261123-{next(NUMBERS):06d}",
        "shop_id": shop.id,
        "order_no": order_no,
        "standard": a_standard_order(order_no=order_no),
        "created_at": backend.clock.now,
        "updated_at": backend.clock.now,
    }
    return a_platform_order(**facts | changes)


def a_fulfilment(backend: Backend, order: SalesOrder, **changes: Any) -> FulfilmentOrder:
    facts = {
        "id": backend.new_id(),
        "number": f"F20261123-{next(NUMBERS):06d}",
        "order_id": order.id,
        "shop_id": order.shop_id,
        "created_at": backend.clock.now,
        "updated_at": backend.clock.now,
    }
    return a_fulfilment_order(**facts | changes)


# --- storing ---------------------------------------------------------------------------------------------------------


def put(tx: Any, document: Any, backend: Backend) -> None:
    """Save a document with a fact that tells of it."""
    at = backend.clock.now
    match document:
        case Shop():
            tx.shops.save(document)
            tx.publish(document.added(at=at).events)
        case PlatformOrder():
            tx.platform_orders.save(document)
            tx.publish((document.received(at=at),))
        case SalesOrder():
            tx.orders.save(document)
            tx.publish((revised(document, backend),))
        case FulfilmentOrder():
            tx.fulfilments.save(document)
            tx.publish(document.made(at=at).events)


def revised(order: SalesOrder, backend: Backend, *what: str) -> OrderRevised:
    """Return a fact about an order that says little."""
    return OrderRevised(order_id=order.id, state=order.state, what=what, at=backend.clock.now)


def transact(backend: Backend, act: Callable[[Any], Any], by: Actor = ROOT) -> Any:
    """Do something in one transaction and commit it."""
    with backend.open(by) as tx:
        answer = act(tx)
        tx.commit()
    return answer


def store(backend: Backend, *documents: Any, by: Actor = ROOT) -> Any:
    """Store documents in one transaction; return them (one: it) as they are stored."""
    with backend.open(by) as tx:
        for document in documents:
            put(tx, document, backend)
        tx.commit()
    stored = tuple(evolve(document, version=document.version + 1) for document in documents)
    return stored[0] if len(stored) == 1 else stored


def a_stored_order(backend: Backend, **changes: Any) -> SalesOrder:
    """Return an order stored in a shop of its own."""
    shop = store(backend, a_new_shop(backend))
    order: SalesOrder = store(backend, an_order(backend, shop, **changes))
    return order


def change_order(backend: Backend, order: SalesOrder, by: Actor = ROOT, **changes: Any) -> SalesOrder:
    """Load, change and store an order; return it as it is stored."""
    with backend.open(by) as tx:
        changed = evolve(tx.orders.get(order.id), **changes)
        tx.orders.save(changed)
        tx.publish((revised(changed, backend, *changes),))
        tx.commit()
    return evolve(changed, version=changed.version + 1)


def load_order(backend: Backend, order: SalesOrder, by: Actor = ROOT) -> SalesOrder:
    with backend.open(by) as tx:
        found: SalesOrder = tx.orders.get(order.id)
    return found


# --- stock -----------------------------------------------------------------------------------------------------------


def receive(backend: Backend, sku: str, units: int, warehouse: WarehouseCode = MAIN) -> None:
    with backend.open(ROOT) as tx:
        tx.stock.move((received(sku, units, warehouse),), document=backend.new_id())
        tx.commit()


def received(sku: str, units: int, warehouse: WarehouseCode = MAIN) -> Movement:
    """Return the entry of good units that came in."""
    return adds(SkuCode(sku), warehouse, units, LedgerKind.PURCHASE_RECEIPT, Quality.GOOD)


def level(backend: Backend, sku: str, warehouse: WarehouseCode = MAIN) -> StockLevel | None:
    with backend.open(ROOT) as tx:
        found: StockLevel | None = tx.stock.levels(warehouse, [SkuCode(sku)]).get(SkuCode(sku))
    return found


def units(backend: Backend, sku: str, warehouse: WarehouseCode = MAIN) -> tuple[int, int]:
    """Return on-hand and reserved units."""
    found = level(backend, sku, warehouse)
    return (found.on_hand, found.reserved) if found else (0, 0)


def reservations(order: SalesOrder, warehouse: WarehouseCode = MAIN) -> tuple[Reservation, ...]:
    """Return what would hold all of an order."""
    return tuple(
        Reservation(order_id=order.id, line_id=line.id, sku=line.sku, warehouse=warehouse, quantity=line.quantity)
        for line in order.lines
    )


def reserve(backend: Backend, order: SalesOrder) -> None:
    with backend.open(ROOT) as tx:
        tx.stock.reserve(order.id, reservations(order))
        tx.commit()


# --- work ------------------------------------------------------------------------------------------------------------


def relay(backend: Backend, **handlers: tuple[str, ...]) -> int:
    """Relay everything to handlers of ``OrderRevised``: ``relay(backend, orders=("a", "b"))``."""
    by_type = {OrderRevised.type: handlers.get("orders", ("work",))}
    relayed: int = backend.jobs.relay(by_type, now=backend.clock.now, limit=500)
    return relayed


def claim(backend: Backend, limit: int = 10) -> tuple[Job, ...]:
    """Claim due work under a lease of one minute."""
    now = backend.clock.now
    claimed: tuple[Job, ...] = backend.jobs.claim(now=now, lease_until=now + timedelta(minutes=1), limit=limit)
    return claimed


def holding(job: JobClaim) -> Actor:
    """Return an actor whose transaction finishes a job."""
    return system("tests", job=job)
