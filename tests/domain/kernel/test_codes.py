"""Codes that people write."""

import pytest
from hypothesis import given

from oms_domain.kernel.codes import InvalidSku, sku_code
from oms_domain.testing.values import skus


@given(skus())
def test_a_sku_code_that_is_printable_passes_unchanged(sku):
    assert sku_code(sku) == sku


@pytest.mark.parametrize("text", ["", " ", " A", "A ", "A\n", "A\0", "\u200bA", "x" * 65])
def test_other_texts_are_no_sku_codes(text):
    with pytest.raises(InvalidSku) as refusal:
        sku_code(text, field="sku_code")

    assert refusal.value.fields() == {"field": "sku_code", "value": text[:64]}
