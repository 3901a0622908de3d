"""Administrative divisions (行政区划): province, city, district, towns where the data has them, by code and name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum
from typing import Any, ClassVar, Final

from attrs import field, frozen

from oms_domain.addresses.names import SHORTEST, short_names
from oms_domain.kernel.errors import Invalid

STAND_INS: Final = ("省直辖县级行政区划", "自治区直辖县级行政区划", "直辖县级行政单位", "直辖县级", "市辖区", "县")
"""What official lists put where a level is missing. It is no name; longer ones come first."""

_CODE_LENGTHS: Final = (2, 4, 6, 9, 12)


class Level(IntEnum):
    """How deep a division stands. A county-level city right below its province counts as a city without districts."""

    PROVINCE = 1
    CITY = 2
    DISTRICT = 3
    TOWN = 4


@frozen(kw_only=True)
class InvalidDivisions(Invalid):
    """A file of divisions that cannot be read. ``line`` is 0 where it is not about one line."""

    code: ClassVar[str] = "addresses.invalid_divisions"
    field: str = "divisions"
    line: int
    why: str


@frozen(kw_only=True)
class Division:
    """An administrative division (行政区). ``parent`` is a code, empty for a province."""

    code: str
    name: str
    level: Level
    parent: str = ""


@frozen(kw_only=True)
class Named:
    """A division under one of its names. ``is_full``: the official name, or a former one (``is_former``)."""

    division: Division
    is_full: bool
    is_former: bool = False


@frozen(kw_only=True)
class Divisions:
    """All divisions, found by code and by every name that people use for them."""

    by_code: Mapping[str, Division] = field(repr=False)
    by_name: Mapping[str, tuple[Named, ...]] = field(repr=False)
    longest_name: int
    _parents: frozenset[str] = field(repr=False)

    def path(self, division: Division) -> tuple[Division, ...]:
        """Return the division with all above it, the province first."""
        above = self.by_code.get(division.parent)
        return (*self.path(above), division) if above else (division,)

    def has_parts(self, division: Division) -> bool:
        """Whether the data knows divisions within it."""
        return division.code in self._parents

    def is_within(self, division: Division, outer: Division) -> bool:
        """Whether ``division`` is ``outer`` or lies in it."""
        return outer in self.path(division)

    def named(self, text: str, start: int) -> Iterator[tuple[Named, int]]:
        """Yield each division whose name stands at ``start``, with where it stops; longer names first."""
        for stop in range(min(len(text), start + self.longest_name), start + 1, -1):
            for named in self.by_name.get(text[start:stop], ()):
                yield named, stop

    def find(self, *names: str) -> tuple[Division, ...]:
        """Return the path of divisions that bear these names, the province first, but for stand-ins and empty ones.

        As far as they can be told: it ends before the first name that is unknown there, or means several.

        >>> from oms_domain.addresses.bundled import bundled_divisions
        >>> [one.code for one in bundled_divisions().find("广东", "深圳市", "南山区")]
        ['44', '4403', '440305']
        >>> [one.name for one in bundled_divisions().find("", "深圳市", "虚构区")]
        ['广东省', '深圳市']
        """
        found: Division | None = None
        for name in names:
            if not name or name in STAND_INS:
                continue
            below = [one.division for one in self.by_name.get(name, ()) if found is None or self._below(one, found)]
            below = [one for one in below if one.level is min(each.level for each in below)]
            if len(below) != 1:
                break
            (found,) = below
        return self.path(found) if found else ()

    def _below(self, named: Named, outer: Division) -> bool:
        return named.division != outer and self.is_within(named.division, outer)


def read_divisions(text: str) -> Divisions:
    """Read divisions: lines ``code name`` (``@code name``: a former name), or JSON of ``code``, ``name``, ``children``.

    A code lies within the longest listed one that it begins with; 2 digits are a province, 4 a city, 6 a district,
    9 or 12 a town. ``china-division``'s ``pca-code.json``, and ``pcas-code.json`` with towns, can be read as they are.

    Raises:
        InvalidDivisions: a line or node is no code and name, a code stands twice or in nothing, or there is none.
    """
    rows, former = _from_json(text) if text.lstrip()[:1] == "[" else _from_lines(text)
    by_code = _tree(rows)
    names: dict[str, list[Named]] = {}
    for division in by_code.values():
        for name, is_full in _names_of(division, by_code.get(division.parent)):
            names.setdefault(name, []).append(Named(division=division, is_full=is_full))
    for number, code, name in former:
        if code not in by_code:
            raise InvalidDivisions(line=number, why="unknown_code")
        names.setdefault(name, []).append(Named(division=by_code[code], is_full=True, is_former=True))
    return Divisions(
        by_code=by_code,
        by_name={name: tuple(each) for name, each in names.items()},
        longest_name=max(map(len, names)),
        parents=frozenset(division.parent for division in by_code.values()),
    )


def _names_of(division: Division, parent: Division | None) -> Iterator[tuple[str, bool]]:
    """Yield the names of a division; one that begins with its city's is called by the rest, too: 苏州工业园区."""
    yield from short_names(division.name, is_province=parent is None)
    if parent is None or division.name == parent.name:
        return
    for outer, _ in short_names(parent.name, is_province=parent.level is Level.PROVINCE):
        rest = division.name.removeprefix(outer)
        if rest != division.name and len(rest) > SHORTEST:
            yield rest, False
            return


_Row = tuple[int, str, str]  # line, code, name


def _from_lines(text: str) -> tuple[list[_Row], list[_Row]]:
    rows: list[_Row] = []
    former: list[_Row] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        code, _, name = line.removeprefix("@").strip().partition(" ")
        (former if line.startswith("@") else rows).append((number, code, name.strip()))
    return rows, former


def _from_json(text: str) -> tuple[list[_Row], list[_Row]]:
    try:
        nodes = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidDivisions(line=0, why="not_json") from None
    return list(_flat(nodes, 0)), []


def _flat(nodes: Any, depth: int) -> Iterator[_Row]:
    if not isinstance(nodes, list) or depth > len(_CODE_LENGTHS):
        raise InvalidDivisions(line=0, why="not_a_list")
    for node in nodes:
        if not isinstance(node, dict):
            raise InvalidDivisions(line=0, why="not_an_object")
        yield 0, str(node.get("code", "")), str(node.get("name", ""))
        yield from _flat(node.get("children", []), depth + 1)


def _tree(rows: Sequence[_Row]) -> dict[str, Division]:
    """Return the divisions by code, with stand-ins replaced by what they stand for."""
    by_code: dict[str, Division] = {}
    dropped: dict[str, str] = {}  # a stand-in that is nothing, and where its parts belong
    for number, code, name in rows:
        if len(code) not in _CODE_LENGTHS or not (code.isascii() and code.isdigit()) or not name:
            raise InvalidDivisions(line=number, why="not_code_and_name")
        if code in by_code or code in dropped:
            raise InvalidDivisions(line=number, why="code_stands_twice")
        prefix = next((code[:n] for n in reversed(_CODE_LENGTHS) if n < len(code) and code[:n] in by_code), "")
        stand_in = next((code[:n] for n in reversed(_CODE_LENGTHS) if n < len(code) and code[:n] in dropped), "")
        parent = by_code.get(dropped.get(stand_in, "") if len(stand_in) > len(prefix) else prefix)
        if parent is None and len(code) > _CODE_LENGTHS[0]:
            raise InvalidDivisions(line=number, why="lies_in_nothing")
        if name in STAND_INS and parent is not None:
            stands_for = _stands_for(name, parent, by_code)
            if stands_for:
                dropped[code] = stands_for.code
                continue
            name = parent.name
        level = Level(min(parent.level + 1, Level.TOWN)) if parent else Level.PROVINCE
        by_code[code] = Division(code=code, name=name, level=level, parent=parent.code if parent else "")
    if not by_code:
        raise InvalidDivisions(line=0, why="empty")
    return by_code


def _stands_for(stand_in: str, parent: Division, by_code: Mapping[str, Division]) -> Division | None:
    """Return whose parts those of a stand-in are; None: it becomes the municipality's one city, by its name."""
    if stand_in not in ("市辖区", "县"):
        return parent
    return next((one for one in by_code.values() if one.parent == parent.code and one.name == parent.name), None)
