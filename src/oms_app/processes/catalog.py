"""From the catalogue to the orders that waited for it: what a person has mapped or added is converted by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from attrs import frozen

from oms_app.actor import Actor, system
from oms_app.intake import ConvertWaiting, IntakeService
from oms_app.ports.jobs import Job
from oms_app.ports.transaction import Clock, OpenTransaction, Transaction, UnmappedGoods
from oms_app.runner import Handler
from oms_domain.catalog.bundle import BundleAdded, BundleChanged, BundleEvent, BundleRestored
from oms_domain.catalog.mapping import SkuMapped
from oms_domain.catalog.sku import SkuAdded, SkuChanged, SkuEvent, SkuRestored
from oms_domain.kernel.change import Event
from oms_domain.kernel.identity import PlatformOrderId, SkuCode
from oms_domain.orders.events import ConversionFailed
from oms_domain.orders.platform_order import UNMAPPED_SKU
from oms_domain.shops.shop import CataloguePolicy, ShopPolicyChanged

CHUNK: Final = 50
"""Orders converted in one transaction."""

ONE_RUN: Final = 1000
"""Orders tried in one run of a job, so that it ends well within its lease; then it is due again at once."""


@frozen(kw_only=True)
class CatalogProcess:
    """What happens to waiting orders by itself."""

    open: OpenTransaction
    intake: IntakeService
    now: Clock

    def handlers(self) -> tuple[Handler, ...]:
        mends = (
            SkuMapped,
            SkuAdded,
            SkuChanged,
            SkuRestored,
            BundleAdded,
            BundleChanged,
            BundleRestored,
            ShopPolicyChanged,
        )
        return (
            Handler(name="catalog.convert_waiting", run=self.convert_waiting, events=tuple(e.type for e in mends)),
            Handler(name="catalog.look_again", run=self.look_again, events=(ConversionFailed.type,)),
        )

    def convert_waiting(self, job: Job) -> datetime | None:
        """Convert the orders that waited for what was mapped, added or restored, chunk by chunk."""
        event, actor = _event(job), system("conversion", cause=job.envelope.id if job.envelope else None)
        with self.open(actor) as tx:
            wanted = tuple(_mended_by(event, tx))
        tried, helped = 0, False
        for goods in wanted:
            after: PlatformOrderId | None = None
            while ids := self._waiting(goods, after, actor):
                answers = self.intake.convert_waiting(ConvertWaiting(platform_order_ids=ids, by=actor))
                stuck = sum(answer.trouble is not None and _waits(answer.trouble.unmapped, goods) for answer in answers)
                tried, helped, after = tried + len(ids), helped or stuck < len(ids), ids[-1]
                if tried >= ONE_RUN:
                    return self.now() if helped else None
        return None

    def look_again(self, job: Job) -> datetime | None:
        """Try an order once more that fell out for its goods: while it was taken in they may have been mapped.

        Whoever maps looks for what waits after its commit, and this looks at the mappings after the order's commit: so
        one of both sees the other.
        """
        event = _event(job)
        assert isinstance(event, ConversionFailed)
        if event.reason == UNMAPPED_SKU:
            actor = system("conversion", cause=job.envelope.id if job.envelope else None)
            self.intake.convert_waiting(ConvertWaiting(platform_order_ids=(event.platform_order_id,), by=actor))
        return None

    def _waiting(
        self, goods: UnmappedGoods, after: PlatformOrderId | None, actor: Actor
    ) -> tuple[PlatformOrderId, ...]:
        with self.open(actor) as tx:
            return tx.platform_orders.waiting_for(goods, after=after, limit=CHUNK)


def _mended_by(event: Event, tx: Transaction) -> Iterator[UnmappedGoods]:
    """Yield what may be known by now that was not known before."""
    match event:
        case SkuMapped():
            yield UnmappedGoods(
                shop_id=event.shop_id, platform_sku_id=event.platform_sku_id, merchant_code=event.merchant_code
            )
        case SkuEvent():
            for code in (event.sku, *tx.bundles.with_part(event.sku)):
                yield from _meaning(code, tx)
        case BundleEvent():
            yield from _meaning(event.bundle, tx)
        case ShopPolicyChanged():
            if tx.shops.get(event.shop_id).policy.catalogue is CataloguePolicy.OPEN:
                yield UnmappedGoods(shop_id=event.shop_id)


def _meaning(code: SkuCode, tx: Transaction) -> Iterator[UnmappedGoods]:
    """Yield what stands for one of our codes: the merchant's same code in any shop, and what is mapped to it."""
    yield UnmappedGoods(merchant_code=code)
    for mapping in tx.sku_mappings.to(code):
        yield UnmappedGoods(
            shop_id=mapping.shop_id, platform_sku_id=mapping.platform_sku_id, merchant_code=mapping.merchant_code
        )


def _waits(unmapped: tuple[object, ...], goods: UnmappedGoods) -> bool:
    wanted = {"platform_sku_id": goods.platform_sku_id, "merchant_code": goods.merchant_code}
    return any(all(getattr(each, name) == value for name, value in wanted.items() if value) for each in unmapped)


def _event(job: Job) -> Event:
    assert job.envelope is not None
    return job.envelope.event
