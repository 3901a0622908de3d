"""Finding divisions in a text: from one place on, as deep as the names go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from oms_domain.addresses.divisions import STAND_INS, Division, Divisions, Level, Named

_GAP: Final = re.compile(r"[\s,/\\>·|\-]*")
_STAND_IN: Final = re.compile("|".join(name for name in STAND_INS if len(name) > 1))
_LONE_COUNTY: Final = re.compile(r"县(?=[\s,/\\>·|\-])")
# A short name before one of these is the name of a road or house: 北京路, 南山大道, 长安村.
_PART_OF_A_NAME: Final = re.compile(
    r"[东西南北中一二三四新老]?(?:路|街|道|大道|大街|大厦|巷|弄|里|村|镇|乡|小区|花园|花苑|广场|公园|公寓|酒店|宾馆|银行|"
    r"站|城|桥|店|府|苑|庄|大学|学院|中学|小学|学校|医院|工业|科技|机场|市场)"
)
_TOWN: Final = re.compile(
    r"[\u4e00-\u9fff]{1,8}?(?:街道办事处|街道|民族乡|苏木|镇|乡)(?![东西南北中新老]?(?:路|街|巷|弄|大道|桥))"
)


@frozen(kw_only=True)
class Link:
    """A name in the text, and the division that it means there."""

    named: Named
    start: int
    stop: int

    @property
    def division(self) -> Division:
        return self.named.division


@frozen(kw_only=True)
class RegionMatch:
    """Names that follow each other in a text, each within the one before. ``finals``: what the last one can mean."""

    links: tuple[Link, ...]
    finals: tuple[Division, ...]

    @property
    def start(self) -> int:
        return self.links[0].start

    @property
    def stop(self) -> int:
        return self.links[-1].stop

    @property
    def weight(self) -> tuple[int, int]:
        """How much it says: names, and characters."""
        return (len(self.links), self.stop - self.start)


def match_region(
    text: str, start: int, stop: int, divisions: Divisions, *, within: Division | None = None
) -> RegionMatch | None:
    """Return the divisions whose names begin at ``start`` and reach furthest before ``stop``, or None.

    Names may be short, with blanks and the like in between, and levels may be missing; a short name of a district
    counts only after one that it lies in. With ``within`` the first name must lie in that division too.
    """
    paths = [path for path in _paths(text, start, stop, within, divisions) if path]
    if not paths:
        return None
    best = max(map(_key, paths))
    longest = [path for path in paths if _key(path) == best]
    finals = dict.fromkeys(path[-1].division for path in longest)
    return RegionMatch(links=longest[0], finals=tuple(finals))


def match_town(text: str, start: int, stop: int) -> tuple[int, int] | None:
    """Return where a town (镇, 乡, 街道) stands that begins at ``start``, blanks before it not counted, or None."""
    begin = skip_gap(text, start, stop)
    found = _TOWN.match(text, begin, stop)
    return (begin, found.end()) if found and found.end() - begin > 1 else None


def skip_gap(text: str, start: int, stop: int) -> int:
    """Return where the next name may begin: after blanks, signs, and what official lists put for a missing level."""
    while True:
        at = _end(_GAP, text, start, stop)
        after = _end(_STAND_IN, text, at, stop)
        after = _end(_LONE_COUNTY, text, after, stop) if at > start else after
        if after == start:
            return start
        start = after


def _end(pattern: re.Pattern[str], text: str, start: int, stop: int) -> int:
    found = pattern.match(text, start, stop)
    return found.end() if found else start


def _key(path: tuple[Link, ...]) -> tuple[int, int, int]:
    return (path[-1].stop, len(path), sum(link.named.is_full for link in path))


def _paths(
    text: str, start: int, stop: int, above: Division | None, divisions: Divisions
) -> Iterator[tuple[Link, ...]]:
    """Yield each way to read names from ``start`` on; at most one a level, since each lies in the one before."""
    for named, end in divisions.named(text[:stop], start):
        division = named.division
        if above and (division == above or not divisions.is_within(division, above)):
            continue
        if not _is_name_here(named, text, start, end, stop, has_above=above is not None):
            continue
        link = Link(named=named, start=start, stop=end)
        yield (link,)
        for rest in _paths(text, skip_gap(text, end, stop), stop, division, divisions):
            yield (link, *rest)


def _is_name_here(named: Named, text: str, start: int, end: int, stop: int, *, has_above: bool) -> bool:
    division = named.division
    if not named.is_full:
        alone = not has_above and division.level >= Level.DISTRICT
        return not alone and not _PART_OF_A_NAME.match(text, end, stop)
    alone = not has_above and division.level >= Level.DISTRICT
    if alone and (text[start + 1 : end] == "区" or text.endswith(("镇", "乡", "街道"), start, end)):
        return False  # 城区, 东区: anybody's; 长安镇: there are many, and the data knows few
    return not text.startswith("场", end)  # 北京市场
