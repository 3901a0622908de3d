"""What this adapter offers. A test holds that it is exactly what the gateway implements."""

from __future__ import annotations

from typing import Final

from oms_domain.channels.capabilities import Capability

CAPABILITIES: Final = frozenset(
    {
        Capability.PULL_ORDERS,
        Capability.FETCH_ORDER,
        Capability.PULL_AFTERSALES,
        Capability.DECIDE_AFTERSALES,  # refunds and returns; exchanges are agreed to at the platform
        Capability.WRITE_SHIPMENT,
        Capability.WRITE_SPLIT_SHIPMENT,  # by whole sub-orders; parts of one need alibaba.ascp.logistics.offline.send
    }
)
