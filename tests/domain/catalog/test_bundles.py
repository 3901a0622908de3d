"""Bundles: parts that fit, how many can be made, and what becomes of them."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.catalog.bundle import (
    BundleAdded,
    BundleChanged,
    BundleDeleted,
    BundleFacts,
    BundlePart,
    BundleRestored,
    InvalidPart,
)
from oms_domain.catalog.sku import IsDeleted, SkuKind
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import InvalidText
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import HAT, NOW, SCARF, a_bundle, a_sku

LATER = NOW.replace(hour=3)
BOTH = {SCARF: a_sku(SCARF), HAT: a_sku(HAT)}


def told(bundle):
    return {"bundle_id": bundle.id, "bundle": bundle.code, "at": LATER}


def part(sku, units=1):
    return BundlePart(sku=SkuCode(sku), quantity=Quantity(units))


def why(act):
    with pytest.raises(InvalidPart) as refused:
        act()
    return (refused.value.field, refused.value.sku, refused.value.why)


@pytest.mark.parametrize(
    ("parts", "refused"),
    [
        ((), ("parts", "", "none")),
        (tuple(part(f"S{n}") for n in range(51)), ("parts", "", "too_many")),
        ((part("A"), part("B"), part("A")), ("parts[2].sku", "A", "twice")),
        ((part("A"), part("B", 0)), ("parts[1].quantity", "B", "quantity")),
        ((part("A", 1001),), ("parts[0].quantity", "A", "quantity")),
    ],
    ids=["none", "too many", "twice", "no units", "too many units"],
)
def test_parts_that_cannot_be_are_refused_by_their_place(parts, refused):
    assert why(lambda: BundleFacts(title="样例", parts=parts)) == refused


def test_a_bundle_has_a_title():
    with pytest.raises(InvalidText):
        BundleFacts(title="", parts=(part("A"),))


@pytest.mark.parametrize(
    ("skus", "bundles", "reason"),
    [
        ({}, {}, "unknown"),
        ({HAT: a_sku(HAT, is_deleted=True)}, {}, "deleted"),
        ({HAT: a_sku(HAT, kind=SkuKind.GIFT)}, {}, "gift"),
        ({}, {HAT: a_bundle(HAT)}, "bundle"),
    ],
)
def test_a_part_is_a_sku_that_is_sold(skus, bundles, reason):
    found = why(lambda: a_bundle().check_parts({SCARF: a_sku(SCARF)} | skus, bundles))

    assert found == ("parts[1].sku", HAT, reason)


def test_parts_that_are_sold_pass():
    assert a_bundle().check_parts(BOTH, {}) is None


@given(st.dictionaries(st.sampled_from("ABCD"), st.integers(1, 9), min_size=1), st.data())
def test_as_many_bundles_are_available_as_can_be_made_and_no_more(parts, data):
    units = {SkuCode(sku): data.draw(st.integers(-3, 40)) for sku in parts}
    made = a_bundle("SET", parts).available(units)

    assert all(made * each <= max(units[SkuCode(sku)], 0) for sku, each in parts.items())
    assert any((made + 1) * each > max(units[SkuCode(sku)], 0) for sku, each in parts.items())


def test_the_scarcest_part_decides():
    assert a_bundle(parts={SCARF: 2, HAT: 1}).available({SCARF: 7, HAT: 5}) == 3
    assert a_bundle(parts={SCARF: 2, HAT: 1}).available({SCARF: 7}) == 0


def test_a_bundle_is_added_changed_deleted_and_restored():
    bundle = a_bundle()
    facts = BundleFacts(title="新名", spec="两件", parts=(part(HAT, 3),))
    changed = bundle.changed(facts, at=LATER)
    gone = changed.state.deleted(at=LATER)
    back = gone.state.restored(at=LATER)

    assert bundle.added(at=LATER) == Change(bundle, (BundleAdded(**told(bundle)),))
    assert changed == Change(
        evolve(bundle, title="新名", spec="两件", parts=(part(HAT, 3),), updated_at=LATER),
        (BundleChanged(**told(bundle)),),
    )
    assert gone == Change(evolve(changed.state, is_deleted=True), (BundleDeleted(**told(bundle)),))
    assert back == Change(changed.state, (BundleRestored(**told(bundle)),))
    assert changed.state.facts == facts


def test_what_changes_nothing_tells_nothing():
    bundle, gone = a_bundle(), a_bundle(is_deleted=True)

    assert bundle.changed(bundle.facts, at=LATER) == Change(bundle)
    assert gone.deleted(at=LATER) == Change(gone)
    assert bundle.restored(at=LATER) == Change(bundle)


def test_a_deleted_bundle_is_not_changed():
    with pytest.raises(IsDeleted):
        a_bundle(is_deleted=True).changed(a_bundle().facts, at=LATER)


def test_the_facts_of_a_bundle_are_about_it():
    assert BundleAdded(**told(a_bundle())).stream == a_bundle().id
