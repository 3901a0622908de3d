"""Business systems as we see them: they give virtual goods (a course, a code, a right), and take them back."""

from __future__ import annotations

from typing import Protocol

from attrs import field, frozen

from oms_domain.channels.standard import Receiver
from oms_domain.kernel.identity import CaseId, LineId, OrderId, ShopId, SkuCode


@frozen(kw_only=True)
class Right:
    """Units of virtual goods."""

    line_id: LineId
    sku: SkuCode
    title: str
    units: int


@frozen(kw_only=True)
class RightsToGive:
    """What a buyer is to have. ``order_id`` is the key: given twice under it, it is given once."""

    order_id: OrderId
    number: str
    shop_id: ShopId
    platform_order_no: str
    buyer: Receiver = field(repr=False)
    rights: tuple[Right, ...]


@frozen(kw_only=True)
class RightsToTakeBack:
    """What a buyer is to lose again, before the money goes. ``case_id`` is the key; ``order_id`` that of the giving."""

    case_id: CaseId
    order_id: OrderId
    shop_id: ShopId
    reason: str
    rights: tuple[Right, ...]


@frozen(kw_only=True)
class BusinessAnswer:
    """Whether it was done; if not, ``reason`` is their word."""

    done: bool
    reason: str = ""


class BusinessSystems(Protocol):
    """All systems that deliver virtual goods. Calls go out: never while a transaction is open.

    Calls raise ``RetryLater`` where there is no answer, and nothing else.
    """

    def serves(self, shop_id: ShopId) -> bool:
        """Whether one delivers a shop's virtual goods. If none does, a person does, and says so (当面交付)."""

    def give(self, wanted: RightsToGive) -> BusinessAnswer:
        """Open the course, send the code. Safe to repeat."""

    def take_back(self, wanted: RightsToTakeBack) -> BusinessAnswer:
        """Close the course, void the code. Safe to repeat; what was never given is not given any more."""
