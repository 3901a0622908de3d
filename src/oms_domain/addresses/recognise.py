"""Recognition of a pasted address (智能粘贴): one text in, who, where and how to call out.

Whatever has a form of its own is taken first (telephone numbers, labels, postcode), then the divisions, then of what
is left the name and the street. No character is lost: pieces cover the text.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import evolve

from oms_domain.addresses.complete import address_gaps
from oms_domain.addresses.divisions import Division, Divisions
from oms_domain.addresses.forms import chunks_of, take_extensions, take_phones, take_zip
from oms_domain.addresses.labels import find_labels
from oms_domain.addresses.naming import choose_name, take_street
from oms_domain.addresses.pieces import Doubt, DoubtKind, Piece, PieceKind, RecognisedAddress
from oms_domain.addresses.placing import KIND_OF, Place, take_region
from oms_domain.addresses.taking import CHUNK, TakenText
from oms_domain.addresses.zips import zip_fits
from oms_domain.kernel.phones import Phone, PhoneKind, half_width

LONGEST_PASTE: Final = 1_000
"""Characters that are looked at."""


def recognise(text: str, divisions: Divisions) -> RecognisedAddress:
    """Return what a pasted text says of a receiver. Any text has an answer; what is unsure is among its ``doubts``.

    Args:
        text: of any length; only the first ``LONGEST_PASTE`` characters are looked at.
        divisions: the bundled ones, or others that were read.
    """
    seen = TakenText(half_width(text[:LONGEST_PASTE]))
    labels = tuple(find_labels(seen.plain))
    phones = take_phones(seen, labels)
    labels = tuple(label for label in labels if seen.take(label.start, label.stop, PieceKind.LABEL))
    zip_code = take_zip(seen, labels, divisions)
    phones = take_extensions(seen, phones)
    chunks = chunks_of(seen, labels)
    place = take_region(seen, chunks, divisions, zip_code)
    left = seen.untaken(chunks)
    name = choose_name(seen, left, place.stop)
    if name:
        seen.take(name.start, name.stop, PieceKind.NAME)
    take_street(seen, seen.untaken(chunks), place, name)
    return _answer(text, seen, phones, zip_code, place, divisions)


def _answer(
    text: str, seen: TakenText, phones: list[Phone], zip_code: str, place: Place, divisions: Divisions
) -> RecognisedAddress:
    pieces = tuple(_all_pieces(text, seen))

    def joined(kind: PieceKind) -> str:
        return " ".join(dict.fromkeys(seen.plain[one.start : one.stop] for one in pieces if one.kind is kind))

    found = RecognisedAddress(
        name=joined(PieceKind.NAME),
        phones=tuple(phones),
        zip=zip_code,
        region=_common(place.paths),
        town=joined(PieceKind.TOWN),
        street=joined(PieceKind.STREET),
        pieces=pieces,
        doubts=(),
        candidates=place.paths if len(place.paths) > 1 else (),
    )
    doubts = (*place.doubts, *_doubts(found, divisions))
    return evolve(found, doubts=(*doubts, Doubt(kind=DoubtKind.TOO_LONG)) if len(text) > LONGEST_PASTE else doubts)


def _common(paths: Sequence[Sequence[Division]]) -> tuple[Division, ...]:
    """Return what all paths begin with."""
    same = itertools.takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False))
    return tuple(level[0] for level in same)


def _all_pieces(text: str, seen: TakenText) -> Iterator[Piece]:
    """Yield what was taken, and between it what is left: signs, or text that nobody knows."""
    for start, stop, kind in sorted([*seen.spans, *_rest(seen)]):
        yield Piece(kind=kind, start=start, stop=stop, text=text[start:stop])
    if len(text) > LONGEST_PASTE:
        yield Piece(kind=PieceKind.LEFTOVER, start=LONGEST_PASTE, stop=len(text), text=text[LONGEST_PASTE:])


def _rest(seen: TakenText) -> Iterator[tuple[int, int, PieceKind]]:
    for start, stop in seen.runs():
        at = start
        for chunk in CHUNK.finditer(seen.plain, start, stop):
            is_text = any(char.isalnum() for char in chunk[0])
            if at < chunk.start():
                yield at, chunk.start(), PieceKind.SEPARATOR
            yield chunk.start(), chunk.end(), PieceKind.LEFTOVER if is_text else PieceKind.SEPARATOR
            at = chunk.end()
        if at < stop:
            yield at, stop, PieceKind.SEPARATOR


def _doubts(found: RecognisedAddress, divisions: Divisions) -> Iterator[Doubt]:
    if found.candidates:
        yield Doubt(kind=DoubtKind.AMBIGUOUS_REGION, part=KIND_OF[found.candidates[0][-1].level])
    if found.zip and found.region and not zip_fits(found.zip, found.region[0].code):
        yield Doubt(kind=DoubtKind.ZIP_CONFLICT, part=PieceKind.ZIP)
    for part, masked in (
        (PieceKind.NAME, "*" in found.name),
        (PieceKind.PHONE, any(phone.kind is PhoneKind.MASKED for phone in found.phones)),
        (PieceKind.STREET, "*" in found.street),
    ):
        if masked:
            yield Doubt(kind=DoubtKind.MASKED, part=part)
    missing = [PieceKind.NAME] if not found.name else []
    missing += [PieceKind.PHONE] if not found.phones else []
    missing += address_gaps(found.province, found.city, found.district, found.street, divisions)
    yield from (Doubt(kind=DoubtKind.INCOMPLETE, part=part) for part in missing)
    if found.of(PieceKind.LEFTOVER):
        yield Doubt(kind=DoubtKind.LEFTOVER, part=PieceKind.LEFTOVER)
