"""Our carrier codes ⇄ Qimen's ``logisticsCode``. Source: the standard's code list.

Going out, a carrier that the list does not have is ``OTHER``. Coming in, whatever a warehouse has shipped with is taken
as it names it: it replaces what was planned.
"""

from __future__ import annotations

from typing import Final

OTHER: Final = "OTHER"
LISTED: Final = frozenset(
    {"SF", "EMS", "EYB", "ZJS", "YTO", "ZTO", "HTKY", "UC", "STO", "TTKDEX", "QFKD", "FAST", "POSTB", "GTO", "YUNDA"}
    | {"JD", "DD", "AMAZON"}
)


def to_qimen(carrier: str) -> str:
    """Return the standard's code of a carrier.

    >>> to_qimen("ZTO"), to_qimen("SXJD")
    ('ZTO', 'OTHER')
    """
    return carrier if carrier in LISTED else OTHER
