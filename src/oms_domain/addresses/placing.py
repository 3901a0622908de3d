"""The divisions of a pasted text: the names that say most, and what repeats or completes them elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from oms_domain.addresses.divisions import Division, Divisions, Level
from oms_domain.addresses.labels import LabelKind
from oms_domain.addresses.pieces import Doubt, DoubtKind, PieceKind
from oms_domain.addresses.regions import RegionMatch, match_region, match_town
from oms_domain.addresses.taking import Chunk, TakenText
from oms_domain.addresses.zips import zip_fits

FURTHEST_GLUED: Final = 10
"""Characters before a region that a name glued to it may have."""
MOST_NAMINGS: Final = 8
"""Places of one text that are looked at for divisions: a label each, and all of them again in the address."""
KIND_OF: Final = {
    Level.PROVINCE: PieceKind.PROVINCE,
    Level.CITY: PieceKind.CITY,
    Level.DISTRICT: PieceKind.DISTRICT,
    Level.TOWN: PieceKind.TOWN,
}


@frozen(kw_only=True)
class Place:
    """The divisions found: the path of each that the last name can mean, and where in the text it ends."""

    paths: tuple[tuple[Division, ...], ...] = ()
    stop: int = -1
    doubts: tuple[Doubt, ...] = ()


def take_region(seen: TakenText, chunks: Sequence[Chunk], divisions: Divisions, zip_code: str) -> Place:
    """Take the names of divisions: those that say most first, then what repeats or completes them elsewhere."""
    first = _best_match(seen, chunks, divisions)
    if first is None:
        return Place()
    doubts = list(_taken(seen, first))
    finals, stop = first.finals, first.stop
    begun = {first.start}
    while len(begun) < MOST_NAMINGS:
        more = _next_match(seen, chunks, divisions, finals, stop, begun)
        if more is None:
            break
        begun.add(more.start)
        agreed = _agreed(finals, more.finals, divisions)
        if agreed:
            doubts += _taken(seen, more)
            finals, stop = agreed, max(stop, more.stop)
        elif len(more.links) > 1:
            doubts.append(Doubt(kind=DoubtKind.REGION_CONFLICT, part=KIND_OF[more.finals[0].level]))
    if zip_code and len(finals) > 1:
        finals = tuple(one for one in finals if zip_fits(zip_code, one.code[:2])) or finals
    return Place(paths=tuple(map(divisions.path, finals)), stop=stop, doubts=tuple(dict.fromkeys(doubts)))


def _best_match(seen: TakenText, chunks: Sequence[Chunk], divisions: Divisions) -> RegionMatch | None:
    """Return the names that say most: at the start of a chunk, or in it behind a name that is glued to them."""
    found: list[tuple[tuple[int, int, int, int], RegionMatch]] = []
    for chunk in chunks:
        if chunk.label in (LabelKind.NAME, LabelKind.OTHER):
            continue
        stop = seen.run_stop(chunk.start)
        for at in range(chunk.start, min(chunk.stop, chunk.start + FURTHEST_GLUED)):
            match = match_region(seen.plain, at, stop, divisions)
            is_glued = at > chunk.start
            if match and (not is_glued or len(match.links) > 1 or _is_plain_province(match)):
                found.append(((*match.weight, not is_glued, -at), match))
    return max(found, key=lambda one: one[0])[1] if found else None


def _is_plain_province(match: RegionMatch) -> bool:
    link = match.links[0]
    return link.named.is_full and link.division.level is Level.PROVINCE


def _next_match(
    seen: TakenText,
    chunks: Sequence[Chunk],
    divisions: Divisions,
    finals: Sequence[Division],
    stop: int,
    begun: set[int],
) -> RegionMatch | None:
    """Return the next names of divisions, right behind those that were found or at the start of another chunk."""
    left = [chunk for chunk in seen.untaken(chunks) if chunk.label not in (LabelKind.NAME, LabelKind.OTHER)]
    labelled = {chunk.start for chunk in left if chunk.label in (LabelKind.ADDRESS, LabelKind.REGION)}
    for chunk in left:
        if chunk.start in begun:
            continue
        end = seen.run_stop(chunk.start)
        within = [match_region(seen.plain, chunk.start, end, divisions, within=one) for one in finals]
        match = next(filter(None, within), None) or match_region(seen.plain, chunk.start, end, divisions)
        if match and (chunk.start == stop or chunk.start in labelled or _says_enough(match, seen, chunk)):
            return match
    return None


def _says_enough(match: RegionMatch, seen: TakenText, chunk: Chunk) -> bool:
    """Whether a chunk far from an address is divisions, and no name that happens to begin like one."""
    return len(match.links) > 1 or match.links[0].named.is_full or match.stop >= chunk.stop


def _taken(seen: TakenText, match: RegionMatch) -> list[Doubt]:
    for link, before in zip(match.links, (None, *match.links), strict=False):
        if before:  # blanks, or what official lists put for a missing level
            seen.take(before.stop, link.start, PieceKind.SEPARATOR)
        seen.take(link.start, link.stop, KIND_OF[link.division.level])
    _take_town(seen, match)
    former = [link for link in match.links if link.named.is_former]
    return [Doubt(kind=DoubtKind.FORMER_NAME, part=KIND_OF[link.division.level]) for link in former]


def _take_town(seen: TakenText, match: RegionMatch) -> None:
    """Take the town that stands behind a district, or behind a city, with a sign in between."""
    if match.finals[0].level is Level.PROVINCE:
        return
    town = match_town(seen.plain, match.stop, seen.run_stop(match.stop))
    behind = town[1] if town and seen.take(*town, PieceKind.TOWN) else match.stop
    for at in (match.stop, behind):
        if seen.plain[at : at + 1] in ("-", "/", "·", ">"):
            seen.take(at, at + 1, PieceKind.SEPARATOR)


def _agreed(finals: Sequence[Division], others: Sequence[Division], divisions: Divisions) -> tuple[Division, ...]:
    """Return the deeper one of each pair in which one lies in the other."""
    pairs = [(one, other) for one in finals for other in others]
    inner = [one for one, other in pairs if divisions.is_within(one, other)]
    inner += [other for one, other in pairs if divisions.is_within(other, one)]
    return tuple(dict.fromkeys(inner))
