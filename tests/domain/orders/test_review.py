"""Automatic review: off by default, and a person looks at whatever is out of the ordinary."""

import pytest

from oms_domain.channels.standard import Region
from oms_domain.kernel.money import Money
from oms_domain.orders.review import POLICY_RULE, auto_review
from oms_domain.orders.sales_order import Flag, FlagKind
from oms_domain.orders.states import OrderState
from oms_domain.shops.shop import ShopPolicy
from oms_domain.testing.builders import NOW, a_sales_order

ON = ShopPolicy(auto_review=True, auto_review_up_to=Money(23600))


def test_an_ordinary_order_passes_by_the_policys_name():
    assert auto_review(a_sales_order(), ON) == POLICY_RULE
    assert auto_review(a_sales_order(), ShopPolicy(auto_review=True)) == POLICY_RULE


@pytest.mark.parametrize(
    ("changes", "policy"),
    [
        ({}, ShopPolicy()),
        ({"state": OrderState.AWAITING_BUSINESS_REVIEW}, ON),
        ({"freight": Money(801)}, ON),
        ({"buyer_remark": "请用样例包装"}, ON),
        ({"seller_remark": "熟客"}, ON),
        ({"region": Region()}, ON),
        ({"flags": (Flag(kind=FlagKind.IN_AFTERSALES, reason="", by="platform", at=NOW),)}, ON),
    ],
)
def test_anything_out_of_the_ordinary_is_left_to_a_person(changes, policy):
    assert auto_review(a_sales_order(**changes), policy) == ""
