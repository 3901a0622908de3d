"""A shop's word on what a platform's SKU is."""

import pytest
from attrs import evolve

from oms_domain.catalog.mapping import MappingWithoutKey, SkuMapped, SkuUnmapped
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import InvalidText
from oms_domain.testing.builders import HAT, NOW, SCARF, SHOP, a_mapping

LATER = NOW.replace(hour=3)


def told(mapping, **changes):
    return {
        "mapping_id": mapping.id,
        "shop_id": SHOP,
        "platform_sku_id": "5001",
        "merchant_code": "",
        "target": SCARF,
        "at": LATER,
    } | changes


def test_a_new_mapping_tells_what_stands_for_what():
    mapping = a_mapping()

    assert mapping.added(at=LATER) == Change(mapping, (SkuMapped(**told(mapping)),))
    assert SkuMapped(**told(mapping)).stream == mapping.id


def test_a_mapping_names_something_at_the_platform():
    with pytest.raises(MappingWithoutKey):
        a_mapping(platform_sku_id="")


@pytest.mark.parametrize("field", ["platform_sku_id", "merchant_code"])
def test_what_cannot_be_stored_names_nothing(field):
    with pytest.raises(InvalidText) as refused:
        a_mapping(**{field: "x" * 65})

    assert refused.value.field == field


def test_a_mapping_is_changed_to_something_else():
    changed = a_mapping().mapped_to(HAT, at=LATER)

    assert changed == Change(
        evolve(a_mapping(), target=HAT, updated_at=LATER), (SkuMapped(**told(a_mapping(), target=HAT)),)
    )


def test_a_removed_mapping_may_stand_again():
    removed = a_mapping().removed(at=LATER)
    again = removed.state.mapped_to(SCARF, at=LATER)

    assert removed == Change(
        evolve(a_mapping(), is_deleted=True, updated_at=LATER), (SkuUnmapped(**told(a_mapping())),)
    )
    assert again == Change(evolve(a_mapping(), updated_at=LATER), (SkuMapped(**told(a_mapping())),))


def test_what_stands_already_tells_nothing():
    assert a_mapping().mapped_to(SCARF, at=LATER) == Change(a_mapping())
    assert a_mapping(is_deleted=True).removed(at=LATER) == Change(a_mapping(is_deleted=True))
