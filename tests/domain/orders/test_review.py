"""Automatic review: off by default, and a person looks at whatever is out of the ordinary."""

import pytest

from oms_domain.channels.standard import Region
from oms_domain.kernel.money import Money
from oms_domain.orders.flags import Flag, FlagKind
from oms_domain.orders.review import ReviewCondition as C
from oms_domain.orders.review import auto_review
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopPolicy
from oms_domain.testing.builders import NOW, a_sales_order

IN_AFTERSALES = Flag(kind=FlagKind.IN_AFTERSALES, reason="", by="platform", at=NOW)
ON = ShopPolicy(auto_review=True, auto_review_up_to=Money(23600))


def test_an_ordinary_order_passes():
    assert auto_review(a_sales_order(), ON) is None
    assert auto_review(a_sales_order(), ShopPolicy(auto_review=True)) is None


@pytest.mark.parametrize(
    ("changes", "policy", "missed"),
    [
        ({}, ShopPolicy(), C.SWITCHED_ON),
        ({"state": OrderState.AWAITING_BUSINESS_REVIEW}, ON, C.UNDER_REVIEW),
        ({"freight": Money(801)}, ON, C.WITHIN_LIMIT),
        ({"buyer_remark": "请用样例包装"}, ON, C.NO_BUYER_REMARK),
        ({"seller_remark": "熟客"}, ON, C.NO_SELLER_REMARK),
        ({"region": Region()}, ON, C.HAS_PROVINCE),
        ({"flags": (IN_AFTERSALES,)}, ON, C.NO_FLAG),
        ({"flags": (IN_AFTERSALES,), "buyer_remark": "请用样例包装", "freight": Money(801)}, ON, C.NO_FLAG),
    ],
)
def test_anything_out_of_the_ordinary_is_left_to_a_person_for_the_first_condition(changes, policy, missed):
    assert auto_review(a_sales_order(**changes), policy) is missed
