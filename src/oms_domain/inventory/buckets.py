"""Buckets (分桶): the sellable units of a hot SKU lie in several parts, so that many orders can reserve at once.

Part 0 is the main one: it alone carries safety stock, locked, defective and expected units. The other parts hold
good units and what is reserved of them. What a level shows is the sum of the parts, and nothing is refused that the
sum would cover: a request larger than any part is served from several (the spill rule). While the main part lacks
units for what it must keep back, no other part has any to sell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final
from uuid import UUID

from attrs import evolve, frozen

from oms_domain.inventory.movements import Movement
from oms_domain.inventory.stock import StockLevel
from oms_domain.kernel.change import Event
from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.identity import SkuCode, WarehouseCode

MOST_BUCKETS: Final = 64


@frozen(kw_only=True)
class InvalidBuckets(Invalid):
    """The sellable units of a SKU lie in 2 to 64 parts, or, with 0, in one."""

    code: ClassVar[str] = "inventory.invalid_buckets"
    value: int


@frozen(kw_only=True)
class StockParted(Event):
    """The sellable units of a row lie in this many parts from now on; 0: in one."""

    type: ClassVar[str] = "inventory.stock_parted"
    change_id: UUID
    sku: SkuCode
    warehouse: WarehouseCode
    buckets: int

    @property
    def stream(self) -> UUID:
        return self.change_id


@frozen
class Part:
    """One part of a SKU's units. ``kept``: what the main part keeps back from sale (safety and locked units)."""

    number: int
    on_hand: int
    reserved: int
    kept: int = 0

    @property
    def sellable(self) -> int:
        """Below 0 where the main part must keep back more than it has."""
        return self.on_hand - self.reserved - self.kept


def main_part(level: StockLevel) -> Part:
    return Part(0, level.on_hand, level.reserved, level.safety + level.locked)


def reserved_from(parts: Sequence[Part], units: int, *, start: int) -> tuple[Part, ...]:
    """Return the parts that change when ``units`` are reserved; empty if all parts together have too few.

    A part that has enough is taken, looked for from ``start`` on so that callers spread; else several are.
    """
    others = [part for part in parts if part.number]
    enough = [part for part in _from(others, start) if part.sellable >= units]
    if enough:
        return (evolve(enough[0], reserved=enough[0].reserved + units),)
    changed, left = [], units
    for part in (*others, *(part for part in parts if not part.number)):
        if taken := min(max(part.sellable, 0), left):
            changed.append(evolve(part, reserved=part.reserved + taken))
            left -= taken
    return () if left else tuple(changed)


def spread(parts: Sequence[Part], movement: Movement, *, start: int) -> tuple[Part, ...]:
    """Return all parts as they are after a movement that was checked against their sum.

    Args:
        parts: the main part and the others.
        movement: of any kind; reserving goes by ``reserved_from``.
        start: where callers begin to look, so that they spread.
    """
    after = {part.number: part for part in parts}
    if movement.reserved > 0:
        after |= {part.number: part for part in reserved_from(parts, movement.reserved, start=start)}
    elif movement.reserved < 0:
        leaving = movement.on_hand if movement.on_hand < 0 else 0
        after |= {p.number: p for p in _given_back(parts, -movement.reserved, leaves=bool(leaving), start=start)}
        return _main_filled(after.values())
    main = after[0]
    kept = main.kept + movement.safety + movement.locked
    after[0] = evolve(main, on_hand=main.on_hand + movement.on_hand, kept=kept)
    filled = _main_filled(after.values())
    return _shared_out(filled, movement.on_hand) if movement.on_hand > 0 else filled


def split(level: StockLevel, buckets: int) -> tuple[Part, ...]:
    """Return the parts of a level whose sellable units are shared out over ``buckets`` new ones.

    Raises:
        InvalidBuckets: neither 0 nor 2 to ``MOST_BUCKETS``.

    >>> from oms_domain.kernel.identity import SkuCode, WarehouseCode
    >>> level = StockLevel(sku=SkuCode("S"), warehouse=WarehouseCode("W"), on_hand=8, reserved=1, safety=2)
    >>> [(part.number, part.on_hand, part.reserved) for part in split(level, 2)]
    [(0, 3, 1), (1, 3, 0), (2, 2, 0)]
    """
    if buckets != 0 and not 2 <= buckets <= MOST_BUCKETS:
        raise InvalidBuckets(field="buckets", value=buckets)
    empty = (Part(number, 0, 0) for number in range(1, buckets + 1))
    return _shared_out((main_part(level), *empty), level.available)


def _given_back(parts: Sequence[Part], units: int, *, leaves: bool, start: int) -> Iterable[Part]:
    """Take reserved units out of a part that has enough of them, else out of several."""
    enough = [part for part in _from(parts, start) if part.reserved >= units]
    left = units
    for part in enough[:1] or parts:
        taken = min(part.reserved, left)
        left -= taken
        yield evolve(part, reserved=part.reserved - taken, on_hand=part.on_hand - (taken if leaves else 0))


def _main_filled(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Bring units to the main part as long as it lacks some and another has any to sell."""
    main, *others = sorted(parts, key=lambda part: part.number)
    filled = []
    for part in others:
        taken = min(max(-main.sellable, 0), part.sellable)
        main = evolve(main, on_hand=main.on_hand + taken)
        filled.append(evolve(part, on_hand=part.on_hand - taken))
    return (main, *filled)


def _shared_out(parts: Sequence[Part], units: int) -> tuple[Part, ...]:
    """Share up to ``units`` sellable units of the main part over the others, as evenly as can be."""
    main, *others = parts
    units = max(min(units, main.sellable), 0) if others else 0
    each, over = divmod(units, len(others)) if others else (0, 0)
    shared = [evolve(part, on_hand=part.on_hand + each + (place < over)) for place, part in enumerate(others)]
    return (evolve(main, on_hand=main.on_hand - units), *shared)


def _from(parts: Sequence[Part], start: int) -> Sequence[Part]:
    first = start % len(parts) if parts else 0
    return (*parts[first:], *parts[:first])
