"""Marks of an order apart from its type: where it came from, whom it serves, how it gets there."""

from __future__ import annotations

from enum import StrEnum


class OrderSource(StrEnum):
    """Where an order came from (订单来源)."""

    PLATFORM = "platform"
    MANUAL = "manual"  # 手工订单: a person has put it in; no platform is told of it


class Business(StrEnum):
    """Whom it serves (业务类型)."""

    RETAIL = "retail"  # ToC
    DISTRIBUTION = "distribution"  # 分销, B2B


class DeliveryMode(StrEnum):
    """How it gets to the buyer (配送方式)."""

    COURIER = "courier"  # 普通快递
    SAME_CITY = "same_city"  # 同城配送
    PICKUP = "pickup"  # 门店自提
