"""A platform in memory: orders that are put there, shipments that are told, and troubles on demand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from attrs import define, field

from oms_adapters.memory.platform_asks import MemoryAsksAtPlatform
from oms_app.ports.channels import NotConnected, OrderGone, OrderRef, ShipmentNotice, Translator
from oms_domain.channels.capabilities import Capability
from oms_domain.channels.standard import (
    AmountMismatch,
    Buyer,
    PersonalData,
    Platform,
    Receiver,
    StandardOrder,
    Translation,
    UnreadablePayload,
)
from oms_domain.kernel.identity import ShopId

PAGE: Final = 50
RECEIVER: Final = Receiver(name="测试员", mobile="10000000001", street="示例路1号", zip="000000")
BUYER: Final = Buyer(nick="样例买家")


@define
class MemoryPlatform(MemoryAsksAtPlatform):
    """``ChannelGateway`` and ``Gateways`` at once: every shop's account is at this one platform.

    A payload names a standard order that was put here by ``sells``. Each call first raises what stands in ``trouble``.
    """

    platform: Platform = Platform.TAOBAO
    capabilities: frozenset[Capability] = frozenset(Capability)
    orders: dict[str, StandardOrder] = field(factory=dict)
    payloads: dict[bytes, Translation] = field(factory=dict)
    broken: set[bytes] = field(factory=set)
    withheld: set[str] = field(factory=set)  # listed, and then said not to exist
    unconnected: set[ShopId] = field(factory=set)
    trouble: list[Exception] = field(factory=list)

    notices: list[ShipmentNotice] = field(factory=list)  # what was told and is in force, each once
    windows: list[tuple[datetime, datetime]] = field(factory=list)
    fetched: list[str] = field(factory=list)

    def sells(self, standard: StandardOrder, *mismatches: AmountMismatch, receiver: Receiver = RECEIVER) -> bytes:
        """Have an order at the platform, or a newer version of it, and return its payload."""
        raw = f"{standard.order_no}/{len(self.payloads)}".encode()
        personal = PersonalData(receiver=receiver, buyer=BUYER, raw=raw)
        self.payloads[raw] = Translation(order=standard, personal=personal, mismatches=mismatches)
        self.orders[standard.order_no] = standard
        return raw

    def breaks(self, order_no: str) -> None:
        """Let an order's payload be one that cannot be read."""
        self.broken.add(self._payload(order_no))

    def changed_orders(self, since: datetime, until: datetime) -> Iterable[tuple[OrderRef, ...]]:
        self._call()
        self.windows.append((since, until))
        found = [
            OrderRef(order_no=order.order_no, modified_at=order.modified_at)
            for order in self.orders.values()
            if since <= order.modified_at <= until
        ]
        for start in range(0, len(found), PAGE):
            yield tuple(found[start : start + PAGE])

    def fetch_order(self, order_no: str) -> bytes:
        self._call()
        if order_no in self.withheld or order_no not in self.orders:
            raise OrderGone(reason="no_such_order")
        self.fetched.append(order_no)
        return self._payload(order_no)

    def translate(self, raw: bytes) -> Translation:
        if raw in self.broken or raw not in self.payloads:
            raise UnreadablePayload(field="trade", why="missing")
        return self.payloads[raw]

    def write_shipment(self, notice: ShipmentNotice) -> None:
        self._call()
        if notice.order_no not in self.orders:
            raise OrderGone(reason="no_such_order")
        if notice not in self.notices:
            self.notices.append(notice)

    def of(self, shop_id: ShopId) -> MemoryPlatform:
        if shop_id in self.unconnected:
            raise NotConnected(shop_id=shop_id)
        return self

    def translator(self, platform: Platform) -> Translator:
        return self.translate

    def _payload(self, order_no: str) -> bytes:
        return [raw for raw in self.payloads if raw.startswith(f"{order_no}/".encode())][-1]

    def _call(self) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
