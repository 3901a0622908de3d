"""What of an address a person should look at: missing parts, and divisions that are not where the address puts them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from oms_domain.addresses.bundled import bundled_divisions
from oms_domain.addresses.complete import address_gaps
from oms_domain.addresses.misplaced import Misplaced, misplaced
from oms_domain.channels.standard import Region

HERE: Final = frozenset({"", "中国", "中国大陆", "CN", "CHN", "China"})
"""How platforms name the country that the divisions are of; of others nobody here knows any."""
_DOOR: Final = "1号"
"""Stands for a street that has a door: what else it says does not matter to whether an address is complete."""


def address_doubts(region: Region, street: str = _DOOR) -> tuple[str, ...]:
    """Return ``incomplete_``, ``unknown_`` and ``elsewhere_`` with the part that it is about; none: all is well.

    Without a ``street`` nothing is said of it.
    """
    gaps = address_gaps(region.province, region.city, region.district, street, bundled_divisions())
    return (*(f"incomplete_{gap}" for gap in gaps), *told(misplaced_in(region)))


@lru_cache(maxsize=10_000)
def misplaced_in(region: Region) -> tuple[Misplaced, ...]:
    """Return the divisions of a region that nobody knows where it puts them."""
    if region.country.strip() not in HERE:
        return ()
    return misplaced(region.province, region.city, region.district, bundled_divisions())


def told(wrong: Sequence[Misplaced]) -> tuple[str, ...]:
    return tuple(f"{'elsewhere' if each.is_elsewhere else 'unknown'}_{each.part}" for each in wrong)
