"""Whether the divisions of an address are there, and lie in one another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import frozen

from oms_domain.addresses.divisions import STAND_INS, Division, Divisions, Level
from oms_domain.addresses.names import short_names
from oms_domain.addresses.pieces import PieceKind

_NO_NAMES: Final = frozenset({*STAND_INS, "其它区", "其他区", "其它", "其他"})
"""What platforms put where a level is missing."""

_URBAN: Final = ("城区", "郊县", "郊区")
"""After the name of a municipality: 重庆郊县."""

_ZONES: Final = (
    "新区",
    "高新区",
    "经开区",
    "开发区",
    "园区",
    "工业区",
    "示范区",
    "保税区",
    "度假区",
    "管理区",
    "合作区",
)
"""No administrative divisions, so no list has them; platforms put them where a district stands."""


@frozen(kw_only=True)
class Misplaced:
    """A division that is not where an address puts it (区划不符). ``is_elsewhere``: one of its name lies elsewhere."""

    part: PieceKind
    is_elsewhere: bool


def misplaced(province: str, city: str, district: str, divisions: Divisions) -> tuple[Misplaced, ...]:
    """Return the divisions of an address that nobody knows, or that lie somewhere else; larger ones first.

    An empty name is missing, not misplaced. Short and former names will do, and a county that has become a district or
    a city since; a county right below its province may stand at either level. Where the data ends, as below 香港,
    every name is taken, and so is a development zone (高新区) in a city that is known.

    >>> from oms_domain.addresses.bundled import bundled_divisions
    >>> [str(each.part) for each in misplaced("广东省", "北京市", "", bundled_divisions())]
    ['city']
    >>> misplaced("湖北省", "省直辖县级行政区划", "仙桃市", bundled_divisions())
    ()
    """
    named = {PieceKind.PROVINCE: province, PieceKind.CITY: city, PieceKind.DISTRICT: district}
    wrong: list[Misplaced] = []
    within: tuple[Division, ...] = ()
    for part, given in named.items():
        name = given.strip()
        if not name or name in _NO_NAMES or _is_half(name, within):
            continue
        if within and not any(map(divisions.has_parts, within)) and not _same(name, within, divisions):
            break  # the data ends here
        known = tuple(_bearing(name, divisions))
        there = tuple(one for one in known if _fits(part, one, within, divisions))
        if there:
            within = there
        elif not (part is PieceKind.DISTRICT and within and name.endswith(_ZONES)):
            wrong.append(Misplaced(part=part, is_elsewhere=bool(known)))
    return tuple(wrong)


def _fits(part: PieceKind, one: Division, within: tuple[Division, ...], divisions: Divisions) -> bool:
    if part is PieceKind.PROVINCE:
        return one.level is Level.PROVINCE
    return not within or any(divisions.is_within(one, outer) for outer in within)


def _same(name: str, within: tuple[Division, ...], divisions: Divisions) -> bool:
    """Whether the larger division's name is said again: 济源市 济源市."""
    return any(one in within for one in _bearing(name, divisions))


def _is_half(name: str, within: tuple[Division, ...]) -> bool:
    return any(name.removesuffix(half) + "市" == one.name for one in within for half in _URBAN if name.endswith(half))


def _bearing(name: str, divisions: Divisions) -> Iterator[Division]:
    """Yield the divisions of a name, or of what is left of it without its kind: 新邵市 was 新邵县."""
    for each, _ in short_names(name, is_province=False):
        for named in divisions.by_name.get(each, ()):
            yield named.division
