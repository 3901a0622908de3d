"""Whether an address is complete: enough for a carrier to find the door."""

from __future__ import annotations

from oms_domain.addresses.divisions import Divisions, Level
from oms_domain.addresses.pieces import PieceKind
from oms_domain.addresses.shapes import has_house_number

_PARTS = {Level.PROVINCE: PieceKind.PROVINCE, Level.CITY: PieceKind.CITY, Level.DISTRICT: PieceKind.DISTRICT}


def address_gaps(province: str, city: str, district: str, street: str, divisions: Divisions) -> tuple[PieceKind, ...]:
    """Return the parts that an address lacks; none: it is complete.

    Province, city and district must be given as far as the data has them: 仙桃市 has no districts, and a province
    without listed cities needs none. A name that the data does not know counts as given: platforms have newer lists.
    ``STREET`` is missing without a house number; in a village its name will do.

    >>> from oms_domain.addresses.bundled import bundled_divisions
    >>> [str(gap) for gap in address_gaps("广东省", "深圳市", "", "示例路", bundled_divisions())]
    ['district', 'street']
    >>> address_gaps("湖北省", "仙桃市", "", "示例路1号", bundled_divisions())
    ()
    """
    given = {Level.PROVINCE: province, Level.CITY: city, Level.DISTRICT: district}
    known = divisions.find(*given.values())
    ends_at = known[-1].level if known and not divisions.has_parts(known[-1]) else Level.DISTRICT
    gaps = [part for level, part in _PARTS.items() if level <= ends_at and not given[level].strip()]
    return tuple(gaps if has_house_number(street) else [*gaps, PieceKind.STREET])
