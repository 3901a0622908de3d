"""What stands on the work list of discrepancies."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import frozen

from oms_domain.kernel.identity import OrderId, ShopId


@frozen(kw_only=True)
class Difference:
    """A discrepancy (差异): what the platform or the warehouse states, and where we stood. Newest last."""

    id: UUID
    order_id: OrderId
    shop_id: ShopId
    ours: str
    theirs: str
    what: str
    at: datetime
