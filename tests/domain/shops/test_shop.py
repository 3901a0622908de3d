"""A shop: its code, its policy and whether the platform lets us in."""

from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import InvalidText
from oms_domain.kernel.money import Money
from oms_domain.shops.shop import (
    Authorisation,
    AuthorisationChanged,
    InvalidShopCode,
    ShopAdded,
    ShopPolicy,
    ShopPolicyChanged,
    shop_code,
    shop_name,
)
from oms_domain.testing.builders import NOW, SHOP, a_shop
from oms_domain.testing.strategies import policies, shops

LATER = NOW + timedelta(hours=1)


def test_everything_automatic_is_off_by_default():
    assert a_shop().policy == ShopPolicy(
        auto_review=False, auto_review_up_to=None, business_review=False, auto_release=False
    )


def test_a_new_shop_is_announced_with_its_code_and_platform():
    change = a_shop().added(at=NOW)

    assert change == Change(a_shop(), (ShopAdded(shop_id=SHOP, shop="tb-1", platform="taobao", at=NOW),))
    assert change.events[0].stream == SHOP


@given(st.sampled_from(Authorisation), st.sampled_from(Authorisation))
def test_the_authorisation_is_noted_once(before, after):
    shop = a_shop(authorisation=before)

    change = shop.authorised(after, at=LATER)

    told = () if before is after else (AuthorisationChanged(shop_id=SHOP, authorisation=after, at=LATER),)
    assert change.events == told
    assert change.state == (evolve(shop, authorisation=after, updated_at=LATER) if told else shop)


@given(policies(), policies())
def test_another_policy_is_taken_and_the_same_changes_nothing(before, after):
    shop = a_shop(policy=before)

    change = shop.with_policy(after, at=LATER)

    told = () if before == after else (ShopPolicyChanged(shop_id=SHOP, at=LATER),)
    assert change.events == told
    assert change.state == (evolve(shop, policy=after, updated_at=LATER) if told else shop)
    assert change.state.with_policy(after, at=LATER) == Change(change.state)


def test_a_policy_may_have_a_limit():
    assert ShopPolicy(auto_review=True, auto_review_up_to=Money(50000)).auto_review_up_to == Money(50000)


@given(shops())
def test_codes_and_names_of_shops_pass_their_checks(shop):
    assert (shop_code(shop.code), shop_name(shop.name)) == (shop.code, shop.name)


@pytest.mark.parametrize("text", ["", "-a", "A", "a b", "é", "a\n", "a" * 33])
def test_other_texts_are_no_shop_codes(text):
    with pytest.raises(InvalidShopCode) as refusal:
        shop_code(text)

    assert refusal.value.fields() == {"field": "code", "value": text[:40]}


@pytest.mark.parametrize(("text", "why"), [("", "empty"), ("  ", "empty"), ("x" * 101, "too_long"), ("a\0", "nul")])
def test_other_texts_are_no_shop_names(text, why):
    with pytest.raises(InvalidText) as refusal:
        shop_name(text)

    assert refusal.value.fields() == {"field": "name", "why": why}


@pytest.mark.parametrize(
    ("said", "of_platform", "minutes"),
    [(None, False, 30), (None, True, 0), (0, False, 0), (45, True, 45)],
)
def test_how_long_an_order_may_stay_unpaid(said, of_platform, minutes):
    assert ShopPolicy(unpaid_minutes=said).unpaid_minutes_of(of_platform=of_platform) == minutes
