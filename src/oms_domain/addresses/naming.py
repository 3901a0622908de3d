"""The name and the street of a pasted text: told apart in what nothing else has taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from attrs import evolve

from oms_domain.addresses.labels import LabelKind
from oms_domain.addresses.pieces import PieceKind
from oms_domain.addresses.placing import Place
from oms_domain.addresses.shapes import address_likeness, has_surname, name_likeness
from oms_domain.addresses.taking import Chunk, TakenText

_HOUSE_ENDS: Final = frozenset("号室楼栋座层幢元0123456789")
_LONGEST_GLUED_NAME: Final = 4


def choose_name(seen: TakenText, left: Sequence[Chunk], region_stop: int) -> Chunk | None:
    """Return the chunk that is the name: the labelled one, or the one that looks most like a name."""
    labelled = [chunk for chunk in left if chunk.label is LabelKind.NAME]
    if labelled:
        return evolve(labelled[0], stop=labelled[-1].stop if _is_latin(seen, labelled) else labelled[0].stop)
    open_to_it = _latin_joined(seen, [chunk for chunk in left if chunk.label is not LabelKind.OTHER])
    rated = [(name_likeness(seen.of(chunk)), chunk) for chunk in open_to_it]
    # Behind the address stand remarks too: there what is only perhaps a name is none. Nor is what is glued to it.
    least = [2 if 0 <= region_stop < chunk.start else 1 for _, chunk in rated]
    likely = [
        (rate, chunk)
        for (rate, chunk), needed in zip(rated, least, strict=True)
        if rate >= needed and chunk.start != region_stop
    ]
    if likely:
        return max(likely, key=lambda one: (one[0], _is_bound_to_phone(seen, one[1]), -one[1].start))[1]
    return _glued_name(seen, left)


def _is_latin(seen: TakenText, chunks: Sequence[Chunk]) -> bool:
    return bool(re.fullmatch(r"[A-Za-z.'\- ]+", seen.plain[chunks[0].start : chunks[-1].stop]))


def _latin_joined(seen: TakenText, chunks: Sequence[Chunk]) -> list[Chunk]:
    """Put Latin words side by side together: John Smith is one name."""
    joined: list[Chunk] = []
    for chunk in chunks:
        before = joined[-1] if joined else None
        if before and before.run == chunk.run and before.stop + 1 == chunk.start and _is_latin(seen, (before, chunk)):
            joined[-1] = evolve(before, stop=chunk.stop)
        else:
            joined.append(chunk)
    return joined


def _is_bound_to_phone(seen: TakenText, chunk: Chunk) -> bool:
    """Whether a telephone number stands right before or behind it."""
    phones = [(start, stop) for start, stop, kind in seen.spans if kind is PieceKind.PHONE]
    return any(
        not seen.plain[min(stop, chunk.stop) : max(start, chunk.start)].strip(" ,;:\n\t") for start, stop in phones
    )


def _glued_name(seen: TakenText, left: Sequence[Chunk]) -> Chunk | None:
    """Return a name that is glued to the end of the street, right before a telephone number: …1203室测试员130…"""
    phones = {start for start, _, kind in seen.spans if kind is PieceKind.PHONE}
    for chunk in left:
        if seen.run_stop(chunk.start) not in phones:
            continue
        for start in range(max(chunk.stop - _LONGEST_GLUED_NAME, chunk.start + 1), chunk.stop - 1):
            name = seen.plain[start : chunk.stop]
            if seen.plain[start - 1] in _HOUSE_ENDS and name_likeness(name) > 1 and has_surname(name):
                return evolve(chunk, start=start)
    return None


def take_street(seen: TakenText, left: Sequence[Chunk], place: Place, name: Chunk | None) -> None:
    """Take the street: what follows the region, or is under its label, or looks like an address."""
    following = [chunk for chunk in left if place.stop >= 0 and chunk.start >= place.stop]
    run = following[0].run if following else -1
    taken = False
    for chunk in left:
        text = seen.of(chunk)
        labelled = chunk.label in (LabelKind.ADDRESS, LabelKind.REGION)
        in_run = chunk.run == run and (name is None or chunk.stop <= name.start or name.stop <= place.stop)
        likely = address_likeness(text) and not (taken and chunk.run != run)
        if chunk.label is not LabelKind.OTHER and (labelled or in_run or likely):
            taken |= seen.take(chunk.start, chunk.stop, PieceKind.STREET)
