"""Sharing of amounts (优惠分摊): every minor unit placed on a line, on each unit of it, and never lost."""

from oms_domain.apportionment.allocate import allocate, allocate_money, shares
from oms_domain.apportionment.rules import (
    ASCENDING_REST,
    CUMULATIVE,
    LARGEST_REMAINDER,
    LAST_TAKES_REST,
    AllocationRule,
    Order,
    Rest,
    Rounding,
    Rule,
    family,
)

__all__ = [
    "ASCENDING_REST",
    "CUMULATIVE",
    "LARGEST_REMAINDER",
    "LAST_TAKES_REST",
    "AllocationRule",
    "Order",
    "Rest",
    "Rounding",
    "Rule",
    "allocate",
    "allocate_money",
    "family",
    "shares",
]
