"""Codes that people write, checked where they come in."""

from __future__ import annotations

from typing import ClassVar, Final

from attrs import frozen

from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import SkuCode

LONGEST_SKU_CODE: Final = 64


@frozen(kw_only=True)
class InvalidSku(Invalid):
    """A SKU code is 1 to 64 printable characters without blanks at its ends."""

    code: ClassVar[str] = "inventory.invalid_sku"
    value: str


def sku_code(text: str, *, field: str = "sku") -> SkuCode:
    """Check a raw code of a SKU or bundle.

    Raises:
        InvalidSku: it is no such code.

    >>> sku_code("SCARF-RED-M")
    'SCARF-RED-M'
    """
    if not is_sku_code(text):
        raise InvalidSku(field=field, value=text[:LONGEST_SKU_CODE])
    return SkuCode(text)


def is_sku_code(text: str) -> bool:
    """Whether a text may be the code of a SKU or bundle.

    >>> is_sku_code("A"), is_sku_code(""), is_sku_code(" A"), is_sku_code("A" * 65)
    (True, False, False, False)
    """
    return 1 <= len(text) <= LONGEST_SKU_CODE and text == text.strip() and text.isprintable()
