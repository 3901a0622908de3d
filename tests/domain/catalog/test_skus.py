"""SKUs: what may be said of them, and what becomes of them."""

import pytest
from attrs import evolve

from oms_domain.catalog.sku import (
    InBundles,
    InvalidKind,
    InvalidMark,
    InvalidMeasure,
    IsDeleted,
    SkuAdded,
    SkuChanged,
    SkuDeleted,
    SkuFacts,
    SkuKind,
    SkuRestored,
    sku_kind,
)
from oms_domain.kernel.change import Change
from oms_domain.kernel.errors import CurrencyMismatch, InvalidAmount, InvalidText
from oms_domain.kernel.identity import SkuCode
from oms_domain.kernel.money import LARGEST_FEN, Money
from oms_domain.testing.builders import NOW, SCARF, a_sku

LATER = NOW.replace(hour=3)
SET = SkuCode("SET")


def told(sku):
    return {"sku_id": sku.id, "sku": sku.code, "at": LATER}


def test_a_new_sku_tells_that_it_was_added():
    sku = a_sku()

    assert sku.added(at=LATER) == Change(sku, (SkuAdded(**told(sku)),))


@pytest.mark.parametrize(
    ("fact", "refusal"),
    [
        ({"title": ""}, InvalidText),
        ({"title": "  "}, InvalidText),
        ({"title": "x" * 501}, InvalidText),
        ({"title": "a\0"}, InvalidText),
        ({"spec": "x" * 2001}, InvalidText),
        ({"tax_category": "x" * 41}, InvalidText),
        ({"category": "x" * 41}, InvalidText),
        ({"marks": ["gold"]}, InvalidMark),
        ({"weight_g": -1}, InvalidMeasure),
        ({"weight_g": 10**8 + 1}, InvalidMeasure),
        ({"weight_g": True}, InvalidMeasure),
        ({"volume_cm3": -1}, InvalidMeasure),
        ({"list_price": Money(-1)}, InvalidAmount),
        ({"floor_price": Money(LARGEST_FEN + 1)}, InvalidAmount),
        ({"purchase_cost": Money(1, "USD")}, CurrencyMismatch),
    ],
)
def test_what_cannot_be_said_of_a_sku_is_refused_by_its_field(fact, refusal):
    with pytest.raises(refusal) as refused:
        SkuFacts(**{"title": "样例"} | fact)

    assert refused.value.field == next(iter(fact))


def test_prices_of_another_currency_may_be_said_together():
    facts = SkuFacts(title="样例", list_price=Money(5, "JPY"), floor_price=Money(4, "JPY"))

    assert facts.list_price.currency == "JPY"


def test_a_change_takes_the_facts_over_and_tells_of_it():
    sku = a_sku()
    facts = SkuFacts(title="样例手套", weight_g=120, volume_cm3=900, list_price=Money(5))

    change = sku.changed(facts, at=LATER)

    assert change.state == evolve(
        sku, title="样例手套", weight_g=120, volume_cm3=900, list_price=Money(5), updated_at=LATER
    )
    assert change.events == (SkuChanged(**told(sku)),)
    assert change.state.facts == facts


def test_the_same_facts_again_change_nothing():
    assert a_sku().changed(a_sku().facts, at=LATER) == Change(a_sku())


def test_a_deleted_sku_is_restored_as_it_was():
    gone = a_sku().deleted(at=LATER)
    back = gone.state.restored(at=LATER)

    assert gone == Change(evolve(a_sku(), is_deleted=True, updated_at=LATER), (SkuDeleted(**told(a_sku())),))
    assert back == Change(evolve(a_sku(), updated_at=LATER), (SkuRestored(**told(a_sku())),))


def test_deleting_or_restoring_again_does_nothing():
    gone = a_sku(is_deleted=True)

    assert gone.deleted(at=LATER) == Change(gone)
    assert a_sku().restored(at=LATER) == Change(a_sku())


def test_a_deleted_sku_is_not_changed():
    with pytest.raises(IsDeleted) as refused:
        a_sku(is_deleted=True).changed(SkuFacts(title="新"), at=LATER)

    assert refused.value.fields() == {"value": SCARF}


def test_a_part_of_what_is_sold_is_neither_deleted_nor_made_a_gift():
    in_set = {"sku": SCARF, "bundles": (SET,)}

    with pytest.raises(InBundles) as deleting:
        a_sku().deleted(bundles=[SET], at=LATER)
    with pytest.raises(InBundles) as giving:
        a_sku().changed(evolve(a_sku().facts, kind=SkuKind.GIFT), bundles=[SET], at=LATER)

    assert (deleting.value.fields(), giving.value.fields()) == (in_set, in_set)


def test_a_part_of_what_is_sold_may_be_called_otherwise():
    change = a_sku().changed(evolve(a_sku().facts, title="新名"), bundles=[SET], at=LATER)

    assert change.state.title == "新名"


def test_the_facts_of_a_sku_are_about_it():
    assert SkuAdded(**told(a_sku())).stream == a_sku().id


def test_a_measure_that_is_refused_says_how_much_may_be():
    with pytest.raises(InvalidMeasure) as refused:
        SkuFacts(title="样例", weight_g=-5)

    assert refused.value.fields() == {"field": "weight_g", "value": "-5", "most": 10**8}


def test_a_kind_is_read_by_its_word_alone():
    with pytest.raises(InvalidKind) as refused:
        sku_kind("toy")

    assert [sku_kind(kind) for kind in SkuKind] == list(SkuKind)
    assert refused.value.fields() == {"field": "kind", "value": "toy"}
