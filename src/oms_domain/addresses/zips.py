"""Postcodes (邮编): which provinces one can lie in, by its first two digits. A few areas use their neighbour's."""

from __future__ import annotations

from typing import Final

_PREFIXES: Final = (
    "01:15 02:15 03:14 04:14 05:13 06:13 07:13 10:11 11:21 12:21 13:22,15 15:23 16:23,15 20:31 21:32 22:32 23:34 24:34 "
    "25:37 26:37 27:37 30:12 31:33 32:33 33:36 34:36 35:35 36:35 40:50 41:43 42:43 43:42 44:42 45:41 46:41 47:41 51:44 "
    "52:44 53:45 54:45 55:52 56:52 57:46 61:51 62:51 63:51,50 64:51 65:53 66:53 67:53 71:61 72:61 73:62 74:62 75:64,15 "
    "81:63 83:65 84:65 85:54 86:54 99:81,82"
)
PROVINCES_BY_ZIP: Final = {
    prefix: frozenset(codes.split(",")) for prefix, _, codes in (pair.partition(":") for pair in _PREFIXES.split())
}
"""Codes of the provinces that postcodes with these first two digits lie in."""


def zip_fits(zip_code: str, province_code: str) -> bool:
    """Whether a postcode can be one of the province. One with unknown first digits fits none.

    >>> zip_fits("518000", "44"), zip_fits("518000", "11")
    (True, False)
    """
    return province_code in PROVINCES_BY_ZIP.get(zip_code[:2], ())
