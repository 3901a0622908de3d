"""What a platform's adapter can do. A missing capability is refused with its code; nothing is faked."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from attrs import frozen

from oms_domain.kernel.errors import Refused


class Capability(StrEnum):
    """One thing that the gateway can ask of a platform."""

    PULL_ORDERS = "pull_orders"
    FETCH_ORDER = "fetch_order"
    PULL_AFTERSALES = "pull_aftersales"
    DECIDE_AFTERSALES = "decide_aftersales"
    WRITE_SHIPMENT = "write_shipment"
    WRITE_SPLIT_SHIPMENT = "write_split_shipment"
    UPDATE_REMARK = "update_remark"
    UPDATE_STOCK = "update_stock"
    DECRYPT_BUYER = "decrypt_buyer"
    RECEIVE_PUSH = "receive_push"
    DOWNLOAD_BILLS = "download_bills"
    LIST_GOODS = "list_goods"


@frozen(kw_only=True)
class CapabilityMissing(Refused):
    """The platform has no such function, or its adapter does not offer it."""

    code: ClassVar[str] = "channels.capability_missing"
    platform: str
    capability: Capability
