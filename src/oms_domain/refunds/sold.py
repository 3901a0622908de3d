"""How many units gave money back (退款件数): counted once, however many refunds took a part of one."""

from __future__ import annotations

from collections.abc import Iterable

from oms_domain.kernel.identity import LineId
from oms_domain.refunds.layers import Layer, plus
from oms_domain.refunds.ledger import Taken


def refunded_units_of(taken: Iterable[Taken]) -> dict[LineId, int]:
    """Return by line how many units something was taken of. What moved for goods is to be given, nothing else.

    >>> from uuid import UUID
    >>> from oms_domain.refunds.ledger import CASH, Charge
    >>> line = LineId(UUID(int=1))
    >>> both = (((0, 2, 500),), ((1, 3, 100),))
    >>> refunded_units_of(Taken(line_id=line, charge=Charge.GOODS, tender=CASH, layer=each) for each in both)[line]
    3
    """
    layers: dict[LineId, Layer] = {}
    for each in taken:
        layers[each.line_id] = plus(layers.get(each.line_id, ()), each.layer)
    return {line_id: sum(stop - first for first, stop, _ in layer) for line_id, layer in layers.items()}
