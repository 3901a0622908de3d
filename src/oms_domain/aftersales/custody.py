"""Whose goods are that come back, when the buyer asks for another kind: the linked case takes them over."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import frozen

from oms_domain.aftersales.case import AftersalesCase
from oms_domain.aftersales.returns import ReturnOrder, ReturnState
from oms_domain.aftersales.states import ASKS_GOODS_BACK, CaseKind
from oms_domain.kernel.errors import Refused
from oms_domain.kernel.identity import CaseId

SHELVED: Final = "goods_on_the_shelf"
"""The discrepancy of a case to be repaired whose goods we have taken for ours already."""


@frozen(kw_only=True)
class GoodsOnTheShelf(Refused):
    """The goods came back as ours and are in stock: they can be exchanged or refunded, and not repaired any more."""

    code: ClassVar[str] = "aftersales.goods_on_the_shelf"
    case_id: CaseId


def shelved(case: AftersalesCase, to: CaseKind, goods: ReturnOrder | None) -> bool:
    """Whether goods that are to be repaired came back for another claim, and are in our stock."""
    return to is CaseKind.REPAIR and case.kind is not CaseKind.REPAIR and goods is not None and goods.has_come


def goes_over(case: AftersalesCase, to: CaseKind, goods: ReturnOrder | None) -> bool:
    """Whether the goods go over to a case of another kind: here, on the way or asked back, they are the same goods."""
    return (
        goods is not None
        and to in ASKS_GOODS_BACK
        and goods.state is not ReturnState.CALLED_OFF
        and not shelved(case, to, goods)
    )


def custody(case: AftersalesCase, goods: ReturnOrder) -> dict[str, Any]:
    """Return what the linked case knows of the goods that it takes over. Accepted once, they are not judged again."""
    return {
        "return_id": goods.id,
        "carrier": goods.carrier,
        "tracking_no": goods.tracking_no,
        "secured": case.secured and goods.is_complete,
    }
