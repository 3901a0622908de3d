"""The small world of the use cases on a database, and what is in it, row by row."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from tests.app.outside import Watch, WatchedCarriers, WatchedPlatform, WatchedWarehouse
from tests.app.world import World
from tests.servers import FakeClock

from oms_adapters.crypto.keys import KeyRing
from oms_adapters.crypto.sealer import AesSealer
from oms_adapters.db.database import Database
from oms_adapters.db.journal import document_counter
from oms_adapters.db.types import metadata
from oms_app.orders import AllocateOrder
from oms_app.queries.rows import Finding
from oms_domain.channels.standard import PlatformState
from oms_domain.kernel.identity import OrderId
from oms_domain.shops.shop import Shop
from oms_domain.testing.builders import a_standard_order


class StoredWorld(World):
    """As ``World``, with everything stored in a database."""

    def __init__(self, database: Database, clock: FakeClock, new_id: Any, ring: KeyRing | None = None) -> None:
        self.clock, self.new_id, self.store, self.open = clock, new_id, database, database.open
        self.watch = Watch()
        self.platform, self.warehouse = WatchedPlatform(watch=self.watch), WatchedWarehouse(watch=self.watch)
        self.wms = self.warehouse
        self.carriers = WatchedCarriers(watch=self.watch)
        self.sealer = AesSealer(ring or KeyRing.generate())
        self.pauses: list[int] = []
        self.ended: list[tuple[str, str]] = []
        self.wire()

    def a_backordered_order(self, shop: Shop, order_no: str) -> OrderId:
        """Take in an order, and let it find no stock."""
        order_id = self.an_order(shop, a_standard_order(order_no=order_no, state=PlatformState.TO_SHIP))
        self.give(AllocateOrder, order_id)
        return order_id

    def findings(self) -> list[Finding]:
        return list(self.store.doctor.findings(lambda name, count: None))


Rows = dict[str, list[tuple[Any, ...]]]


def everything(engine: sa.Engine) -> Rows:
    """Return every row of every table; numbers apart, of which a transaction that failed may have taken some."""
    with engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for table in metadata.sorted_tables
            if table is not document_counter
        }
