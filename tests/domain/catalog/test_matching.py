"""What a platform's line is of ours: by the merchant's code first, then by the shop's mappings, never by a guess."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.catalog.matching import (
    KnownGoods,
    Sold,
    SoldPart,
    UnmappedSku,
    first_seen,
    keys_of,
    match,
    merchant_code_of,
    platform_sku_of,
)
from oms_domain.catalog.sku import SkuKind
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import Money
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import HAT, NOW, SCARF, a_bundle, a_mapping, a_sku, a_standard_line

SET = SkuCode("SET")


def known(*items, mappings=()):
    """What is known: SKUs, bundles and mappings as they come."""
    return KnownGoods(
        skus={item.code: item for item in items if not hasattr(item, "parts")},
        bundles={item.code: item for item in items if hasattr(item, "parts")},
        mappings={mapping.key: mapping for mapping in mappings},
    )


def line(**changes):
    return a_standard_line(**{"platform_sku_id": "5001", "item_id": "77", "title": "围巾", "spec": "红"} | changes)


def one(sku, units=2, **changes):
    part = {"sku": sku, "title": "围巾", "spec": "红", "quantity": Quantity(units), "list_price": Money(9900)}
    return Sold(parts=(SoldPart(**part),), **changes)


def unmapped(why, code=SCARF):
    return UnmappedSku(line_no="1001", platform_sku_id="5001", merchant_code=code, title="围巾", spec="红", why=why)


def test_the_merchants_code_says_which_sku_it_is():
    assert match(line(), known(a_sku(SCARF))) == one(SCARF)


def test_the_merchants_code_comes_before_a_mapping():
    mapped = a_mapping(target=HAT)

    assert match(line(), known(a_sku(SCARF), a_sku(HAT), mappings=[mapped])) == one(SCARF)


def test_what_the_code_does_not_say_a_mapping_says():
    assert match(line(), known(a_sku(HAT), mappings=[a_mapping(target=HAT)])) == one(HAT)


def test_an_item_without_skus_is_mapped_by_its_own_id():
    bare = line(sku=None, platform_sku_id="")

    assert match(bare, known(a_sku(HAT), mappings=[a_mapping(platform_sku_id="77", target=HAT)])) == one(HAT)


def test_the_narrowest_mapping_wins():
    by_id, by_code = a_mapping(target=HAT), a_mapping(platform_sku_id="", merchant_code=SCARF, target=SET)
    by_both = a_mapping(merchant_code=SCARF, target=SkuCode("BAG"))
    goods = (a_sku(HAT), a_sku(SET), a_sku("BAG"))

    assert match(line(), known(*goods, mappings=[by_id, by_code, by_both])) == one(SkuCode("BAG"))
    assert match(line(), known(*goods, mappings=[by_id, by_code])) == one(HAT)
    assert match(line(), known(*goods, mappings=[by_code])) == one(SET)


@given(st.text(max_size=3), st.text(max_size=3))
def test_keys_never_match_everything_and_none_stands_twice(sku_id, code):
    keys = keys_of(sku_id, code)

    assert all(any(key) for key in keys)
    assert len(set(keys)) == len(keys)
    assert bool(keys) == bool(sku_id or code)


def test_what_nobody_says_is_unmapped_with_what_the_platform_calls_it():
    assert match(line(), known()) == unmapped("unknown")
    assert match(line(sku=None), known()) == unmapped("unknown", code="")


def test_a_deleted_sku_is_not_sold():
    assert match(line(), known(a_sku(SCARF, is_deleted=True))) == unmapped("deleted")


def test_a_mapping_stands_in_for_a_deleted_sku():
    goods = known(a_sku(SCARF, is_deleted=True), a_sku(HAT), mappings=[a_mapping(target=HAT)])

    assert match(line(), goods) == one(HAT)


def test_a_mapping_to_what_was_deleted_says_nothing():
    goods = known(a_sku(HAT, is_deleted=True), mappings=[a_mapping(target=HAT)])

    assert match(line(), goods) == unmapped("deleted")


def test_a_bundle_is_its_parts_for_the_whole_line():
    goods = known(a_bundle("SET", {SCARF: 2, HAT: 1}), a_sku(SCARF), a_sku(HAT, list_price=Money(5000)))

    assert match(line(sku=SET), goods) == Sold(
        parts=(
            SoldPart(sku=SCARF, title="样例 SCARF-RED", spec="", quantity=Quantity(4), list_price=Money(9900)),
            SoldPart(sku=HAT, title="样例 HAT-M", spec="", quantity=Quantity(2), list_price=Money(5000)),
        ),
        bundle=SET,
    )


@pytest.mark.parametrize("hat", [None, a_sku(HAT, is_deleted=True), a_sku(HAT, kind=SkuKind.GIFT)])
def test_a_bundle_whose_part_is_not_sold_any_more_is_unmapped(hat):
    goods = known(a_bundle("SET"), a_sku(SCARF), *([hat] if hat else []))

    assert match(line(sku=SET), goods) == unmapped("part_is_missing", code=SET)


def test_more_units_of_a_part_than_a_line_holds_are_unmapped():
    goods = known(a_bundle("SET", {SCARF: 2}), a_sku(SCARF))

    assert match(line(sku=SET, quantity=Quantity(500_000)), goods).parts[0].quantity == 1_000_000
    assert match(line(sku=SET, quantity=Quantity(500_001)), goods) == unmapped("too_many_units", code=SET)


def test_a_gift_is_put_on_an_order_for_nothing():
    free = line(unit_price=Money(0), line_discount=Money(0))

    assert match(free, known(a_sku(SCARF, kind=SkuKind.GIFT))) == one(SCARF, is_gift=True)
    assert match(evolve(free, is_gift=True), known(a_sku(SCARF))) == one(SCARF, is_gift=True)


def test_a_gift_that_the_buyer_pays_for_is_a_persons_to_judge():
    assert match(line(), known(a_sku(SCARF, kind=SkuKind.GIFT))) == unmapped("gift_is_sold")


@pytest.mark.parametrize(("raw", "code"), [(None, ""), ("", ""), (" A ", "A"), ("x" * 65, ""), ("a\nb", "")])
def test_a_code_that_could_be_none_of_ours_is_no_code(raw, code):
    assert merchant_code_of(line(sku=raw)) == code


def test_the_platform_calls_goods_by_the_sku_or_else_by_the_item():
    assert (platform_sku_of(line()), platform_sku_of(line(platform_sku_id=""))) == ("5001", "77")


def test_a_code_seen_first_is_a_sku_as_the_platform_describes_it():
    sku = first_seen(line(spec="x" * 3000), id=a_sku().id, at=NOW)

    assert sku == a_sku(SCARF, title="围巾", spec="x" * 2000)


def test_a_code_seen_first_without_a_title_is_called_by_its_code():
    assert first_seen(line(title=" "), id=a_sku().id, at=NOW).title == SCARF
