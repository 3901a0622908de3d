"""Whole units of a SKU."""

from __future__ import annotations

from typing import Final, NewType

from oms_domain.kernel.errors import InvalidQuantity

Quantity = NewType("Quantity", int)
"""Units, 1 to ``LARGEST_QUANTITY``. Made by ``quantity`` at the edge; from there the type is the proof."""

LARGEST_QUANTITY: Final = 10**6


def quantity(value: object, *, field: str = "quantity") -> Quantity:
    """Check a raw number of units.

    Raises:
        InvalidQuantity: no int (bool, float and text are none), below 1 or above ``LARGEST_QUANTITY``.

    >>> quantity(3)
    3
    >>> quantity(True)
    Traceback (most recent call last):
    oms_domain.kernel.errors.InvalidQuantity: quantity.invalid (field=quantity, value=True)
    """
    if type(value) is not int or not 1 <= value <= LARGEST_QUANTITY:
        raise InvalidQuantity(field=field, value=str(value)[:40])
    return Quantity(value)
