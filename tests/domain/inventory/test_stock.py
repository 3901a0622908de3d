"""Quantities of a SKU: what may still be reserved, and what several lines want together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oms_domain.inventory.stock import (
    InvalidWarehouse,
    StockLevel,
    StockReceived,
    Want,
    wanted_by_sku,
    warehouse_code,
)
from oms_domain.kernel.identity import LineId, SkuCode
from oms_domain.kernel.quantity import Quantity
from oms_domain.testing.builders import LINE, MAIN, NOW, SCARF, an_id
from oms_domain.testing.values import ids, quantities

wants = st.builds(
    Want, line_id=ids().map(LineId), sku=st.sampled_from(["A", "B", "C"]).map(SkuCode), quantity=quantities()
)


def test_available_is_what_is_on_hand_and_not_reserved():
    assert StockLevel(sku=SCARF, warehouse=MAIN, on_hand=10, reserved=3).available == 7


@given(st.lists(wants).map(tuple), st.randoms())
def test_wants_add_up_by_sku_in_one_order_however_they_come(wanted, random):
    shuffled = list(wanted)
    random.shuffle(shuffled)

    sums = wanted_by_sku(wanted)

    assert sums == wanted_by_sku(tuple(shuffled))
    assert list(sums) == sorted(sums)
    assert dict(sums) == {
        sku: sum(want.quantity for want in wanted if want.sku == sku) for sku in {want.sku for want in wanted}
    }


def test_one_sku_on_two_lines_is_wanted_once():
    other = Want(line_id=LineId(an_id(99)), sku=SCARF, quantity=Quantity(1))

    assert wanted_by_sku((Want(line_id=LINE, sku=SCARF, quantity=Quantity(2)), other)) == ((SCARF, 3),)


def test_a_receipt_of_stock_is_about_that_receipt():
    received = StockReceived(
        receipt_id=an_id(50), sku=SCARF, warehouse=MAIN, quantity=Quantity(5), reason="采购入库", at=NOW
    )

    assert received.stream == an_id(50)


@pytest.mark.parametrize("text", ["MAIN", "a", "0", "east-1_b", "x" * 32])
def test_a_warehouse_code_passes_unchanged(text):
    assert warehouse_code(text) == text


@pytest.mark.parametrize("text", ["", " ", "MAIN ", "a b", "华东", "a\n", "x" * 33])
def test_other_texts_are_no_warehouse_codes(text):
    with pytest.raises(InvalidWarehouse) as refusal:
        warehouse_code(text)

    assert refusal.value.fields() == {"field": "warehouse", "value": text[:40]}
