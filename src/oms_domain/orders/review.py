"""Automatic review (订单自动审核): by the shop's policy, off by default. Rules as data come with a later capability."""

from __future__ import annotations

from typing import Final

from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopPolicy

POLICY_RULE: Final = "shop_policy:auto_review"


def auto_review(order: SalesOrder, policy: ShopPolicy) -> str:
    """Return the rule that passes the order, empty if a person must look.

    A person must look when the policy is off, the order is flagged, dearer than the limit, without a province to send
    to, or carries a remark of the buyer or the seller.
    """
    limit = policy.auto_review_up_to
    passes = (
        policy.auto_review
        and order.state is OrderState.AWAITING_CS_REVIEW
        and not order.flags
        and not order.buyer_remark
        and not order.seller_remark
        and bool(order.region.province)
        and (limit is None or order.payable <= limit)
    )
    return POLICY_RULE if passes else ""
