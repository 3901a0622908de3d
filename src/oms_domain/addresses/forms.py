"""What has a form of its own in a pasted text: telephone numbers, postcode, and the chunks between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from attrs import evolve

from oms_domain.addresses.divisions import Divisions
from oms_domain.addresses.labels import Label, LabelKind
from oms_domain.addresses.pieces import PieceKind
from oms_domain.addresses.regions import match_region
from oms_domain.addresses.taking import BLANK, CHUNK, Chunk, TakenText
from oms_domain.addresses.zips import PROVINCES_BY_ZIP
from oms_domain.kernel.phones import Phone, PhoneKind, find_phones

_LINE: Final = re.compile(r"[\n\r;|]")
_ZIP: Final = re.compile(r"(?<![0-9A-Za-z#*\-])[0-9]{6}(?![0-9A-Za-z\-号室楼栋弄])")
_BRACKETED: Final = re.compile(r"\[([0-9]{3,6})\]")


def take_phones(seen: TakenText, labels: Sequence[Label]) -> list[Phone]:
    """Take the telephone numbers; one without its area code counts right behind a label."""
    found = [one for one in find_phones(seen.plain) if seen.take(one.start, one.stop, PieceKind.PHONE)]
    starts = {label.stop for label in labels if label.kind is LabelKind.PHONE}
    local = [one for one in find_phones(seen.plain, local=True) if one.start in starts]
    found += [one for one in local if seen.take(one.start, one.stop, PieceKind.PHONE)]
    return [one.phone for one in sorted(found, key=lambda one: one.start)]


def take_extensions(seen: TakenText, phones: list[Phone]) -> list[Phone]:
    """A platform writes the extension of its number in brackets, behind the name or the street, too."""
    for match in _BRACKETED.finditer(seen.plain):
        at = next((n for n, phone in enumerate(phones) if phone.kind in (PhoneKind.MOBILE, PhoneKind.VIRTUAL)), None)
        if at is None or phones[at].extension not in ("", match[1]):
            continue
        if seen.take(match.start(), match.end(), PieceKind.PHONE):
            phones[at] = evolve(phones[at], kind=PhoneKind.VIRTUAL, extension=match[1])
    return phones


def take_zip(seen: TakenText, labels: Sequence[Label], divisions: Divisions) -> str:
    """Take the postcode: under its label, alone, or right before a region."""
    starts = {label.stop for label in labels if label.kind is LabelKind.ZIP}
    for match in _ZIP.finditer(seen.plain):
        start, stop = match.span()
        stands_alone = _is_bound(seen, start - 1) and _is_bound(seen, stop)
        before_region = _is_bound(seen, start - 1) and match_region(seen.plain, stop, len(seen.plain), divisions)
        known = match[0][:2] in PROVINCES_BY_ZIP
        if (start in starts or (known and (stands_alone or before_region))) and seen.take(start, stop, PieceKind.ZIP):
            return match[0]
    return ""


def _is_bound(seen: TakenText, at: int) -> bool:
    """Whether a place is no part of what stands beside it."""
    if not 0 <= at < len(seen.plain) or seen.is_taken(at):
        return True
    return bool(re.match(rf"{BLANK}|[()\[\]]", seen.plain[at]))


def chunks_of(seen: TakenText, labels: Sequence[Label]) -> list[Chunk]:
    """Return the chunks of what was not taken yet, each with the label that it is under."""
    chunks: list[Chunk] = []
    for run, (start, stop) in enumerate(seen.runs()):
        for match in CHUNK.finditer(seen.plain, start, stop):
            label = _label_of(seen, match.start(), labels, chunks)
            chunks.append(Chunk(start=match.start(), stop=match.end(), label=label, run=run))
    return chunks


def _label_of(seen: TakenText, start: int, labels: Sequence[Label], before: Sequence[Chunk]) -> LabelKind | None:
    """Return which label a chunk is under: an address goes on to the next one, a name is the first chunk alone."""
    label = next((one for one in reversed(labels) if one.stop <= start and one.kind is not LabelKind.MARK), None)
    if label is None:
        return None
    between = seen.plain[label.stop : start]
    match label.kind:
        case LabelKind.ADDRESS | LabelKind.REGION:
            return label.kind
        case LabelKind.NAME:
            first = not any(chunk.start >= label.stop for chunk in before)
            return LabelKind.NAME if first or _goes_on(seen, label, start) else None
        case LabelKind.OTHER:
            return None if _LINE.search(between) else LabelKind.OTHER
    return None


def _goes_on(seen: TakenText, label: Label, start: int) -> bool:
    """Whether a Latin name goes on after a blank."""
    return bool(re.fullmatch(r"[A-Za-z.'\- ]+", seen.plain[label.stop : start + 1]))
