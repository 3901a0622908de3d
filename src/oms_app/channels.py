"""Pulling a shop's orders: window by window, page by page; the cursor moves only after everything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar, Final

from attrs import frozen

from oms_app.actor import Actor, Permission
from oms_app.arrivals import Arrival, Preparation
from oms_app.conversion import IntakeAnswer
from oms_app.intake import IntakeService, TakeIn
from oms_app.ports.channels import ChannelGateway, Gateways, OrderGone, OrderRef
from oms_app.ports.transaction import Begin, Clock, Transaction
from oms_app.transactions import Pause, one_transaction
from oms_domain.channels.standard import UnreadablePayload
from oms_domain.kernel.identity import ShopId

ORDERS: Final = "orders"
OVERLAP: Final = timedelta(minutes=10)
"""Read again on purpose: clocks differ, and platforms store late."""

FIRST_WINDOW: Final = timedelta(days=1)
SETTLED: Final = timedelta(minutes=2)
"""A version seen this long after its own time cannot have a twin of the same second that we have not seen."""

FETCH: Final = 50
"""Orders fetched before they are stored."""


@frozen(kw_only=True)
class PullOrders:
    """Take in what changed at the platform since the last time. ``since``: from there, whatever the cursor says."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    shop_id: ShopId
    since: datetime | None = None
    by: Actor


@frozen(kw_only=True)
class FetchOrder:
    """Take in one order as the platform has it now."""

    permission: ClassVar[Permission] = Permission.ORDERS_WRITE
    shop_id: ShopId
    order_no: str
    by: Actor


@frozen(kw_only=True)
class PullService:
    """Pulls orders through the gateway. Calls go out between transactions, never in one."""

    begin: Begin
    now: Clock
    gateways: Gateways
    preparation: Preparation
    intake: IntakeService
    pause: Pause

    def pull(self, command: PullOrders) -> int:
        """Return how many orders were taken in. A failure on the way leaves the cursor, so that all comes again."""
        until = self.now()
        gateway = self.gateways.of(command.shop_id)
        since = command.since or self._since(command, until)
        taken = 0
        for page in gateway.changed_orders(since, until):
            wanted = self._unknown(command, page)
            for start in range(0, len(wanted), FETCH):
                taken += len(self._take(command, gateway, wanted[start : start + FETCH]))
        self._move(command, until)
        return taken

    def fetch(self, command: FetchOrder) -> IntakeAnswer:
        """Take in one order anew; what the platform says now wins."""
        gateway = self.gateways.of(command.shop_id)
        answers = self._take(command, gateway, [command.order_no])
        if not answers:
            raise OrderGone(reason="order_not_given")
        return answers[0]

    def _take(
        self, command: PullOrders | FetchOrder, gateway: ChannelGateway, order_nos: Sequence[str]
    ) -> tuple[IntakeAnswer, ...]:
        fetched = (self._fetch(command.shop_id, gateway, order_no) for order_no in order_nos)
        arrivals = tuple(arrival for arrival in fetched if arrival is not None)
        return self.intake.take_in(
            TakeIn(shop_id=command.shop_id, platform=gateway.platform, arrivals=arrivals, by=command.by)
        )

    def _fetch(self, shop_id: ShopId, gateway: ChannelGateway, order_no: str) -> Arrival | None:
        try:
            raw = gateway.fetch_order(order_no)
        except OrderGone:
            return None  # it lists the order and does not give it: there is nothing to keep, and the others go on
        try:
            return self.preparation.prepare(raw, gateway.translate, shop_id=shop_id, fetched=True)
        except UnreadablePayload as error:
            return self.preparation.quarantine(raw, order_no, error, shop_id=shop_id)

    @one_transaction
    def _since(self, command: PullOrders, until: datetime) -> datetime:
        with self.begin(command) as tx:
            read_to = tx.cursors.get(command.shop_id, ORDERS)
        return read_to - OVERLAP if read_to else until - FIRST_WINDOW

    @one_transaction
    def _unknown(self, command: PullOrders, page: Sequence[OrderRef]) -> list[str]:
        with self.begin(command) as tx:
            return _not_yet_seen(tx, command.shop_id, page)

    @one_transaction
    def _move(self, command: PullOrders, to: datetime) -> None:
        with self.begin(command) as tx:
            tx.cursors.move(command.shop_id, ORDERS, to)
            tx.commit()


def _not_yet_seen(tx: Transaction, shop_id: ShopId, page: Sequence[OrderRef]) -> list[str]:
    known = tx.platform_orders.by_order_no(shop_id, [ref.order_no for ref in page])
    return [
        ref.order_no
        for ref in page
        if ref.order_no not in known
        or known[ref.order_no].modified_at < ref.modified_at
        or known[ref.order_no].updated_at < ref.modified_at + SETTLED
    ]
