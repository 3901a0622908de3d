"""What a case is made of: who asked, for which units, how it ended, and what a person has to look at."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from attrs import frozen

from oms_domain.aftersales.states import CaseMove
from oms_domain.apportionment.units import Runs
from oms_domain.kernel.identity import LineId, SkuCode


class AskedBy(StrEnum):
    """Who asked."""

    BUYER = "buyer"  # at the platform
    CUSTOMER_SERVICE = "customer_service"  # for the buyer
    SYSTEM = "system"  # nobody: the goods will never leave, and what was paid for them is owed


class Responsibility(StrEnum):
    """Who is to blame (责任判定)."""

    BUYER = "buyer"
    SHOP = "shop"  # us
    WAREHOUSE = "warehouse"
    CARRIER = "carrier"
    SUPPLIER = "supplier"


@frozen(kw_only=True)
class CaseLine:
    """Units of one order line that the claim is about. ``replacement``: the SKU that is to be sent for them."""

    line_id: LineId
    sku: SkuCode
    units: Runs
    replacement: SkuCode | None = None


@frozen(kw_only=True)
class Parted:
    """The units of a case whose goods came, and those whose goods are missing."""

    kept: tuple[CaseLine, ...]
    missing: tuple[CaseLine, ...]


@frozen(kw_only=True)
class Sent:
    """How a person sent new or repaired goods, past any order of ours; both empty: an order of ours sent them."""

    carrier: str = ""
    tracking_no: str = ""

    @property
    def by_hand(self) -> bool:
        return bool(self.tracking_no)


BY_ORDER: Final = Sent()


@frozen(kw_only=True)
class Closing:
    """How a case ended without what was asked, and by whom."""

    how: CaseMove
    reason: str
    by: str


AGAINST_RULES: Final = "against_rules"
"""The discrepancy of a claim that is a fact although our rules refuse it: nobody grants it before a person said why."""


@frozen(kw_only=True)
class Difference:
    """A discrepancy with the platform that a person has not dealt with: both sides, as texts for people."""

    what: str  # refund, state, kind, refunded_after_close, refunded_before_receipt, …
    theirs: str
    ours: str
