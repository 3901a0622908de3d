"""Automatic review (订单自动审核): by the shop's policy, off by default. Rules as data come with a later capability."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from oms_domain.orders.sales_order import SalesOrder
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopPolicy

POLICY_RULE: Final = "shop_policy:auto_review"


class ReviewCondition(StrEnum):
    """What an order must fulfil to pass without a person (自动审核条件)."""

    SWITCHED_ON = "switched_on"  # the shop wants automatic review
    UNDER_REVIEW = "under_review"  # it waits for customer service's review, and no other
    NO_FLAG = "no_flag"
    NO_BUYER_REMARK = "no_buyer_remark"
    NO_SELLER_REMARK = "no_seller_remark"
    HAS_PROVINCE = "has_province"  # somewhere to send to
    WITHIN_LIMIT = "within_limit"  # not dearer than the policy's limit


NOT_JUDGED: Final = frozenset({ReviewCondition.SWITCHED_ON, ReviewCondition.UNDER_REVIEW})
"""Where one of these fails the automatic review had no business with the order, and there is nothing to tell."""


def auto_review(order: SalesOrder, policy: ShopPolicy) -> ReviewCondition | None:
    """Return the first condition that the order does not fulfil: a person must look. None: it passes."""
    return next((condition for condition, fulfilled in _CONDITIONS if not fulfilled(order, policy)), None)


def _within_limit(order: SalesOrder, policy: ShopPolicy) -> bool:
    return policy.auto_review_up_to is None or order.payable <= policy.auto_review_up_to


_CONDITIONS: Final[tuple[tuple[ReviewCondition, Callable[[SalesOrder, ShopPolicy], bool]], ...]] = (
    (ReviewCondition.SWITCHED_ON, lambda order, policy: policy.auto_review),
    (ReviewCondition.UNDER_REVIEW, lambda order, policy: order.state is OrderState.AWAITING_CS_REVIEW),
    (ReviewCondition.NO_FLAG, lambda order, policy: not order.flags),
    (ReviewCondition.NO_BUYER_REMARK, lambda order, policy: not order.buyer_remark),
    (ReviewCondition.NO_SELLER_REMARK, lambda order, policy: not order.seller_remark),
    (ReviewCondition.HAS_PROVINCE, lambda order, policy: bool(order.region.province)),
    (ReviewCondition.WITHIN_LIMIT, _within_limit),
)
