"""What recognition gives back: the parts, the piece of text that each came from, and what is doubtful."""

from __future__ import annotations

from enum import StrEnum

from attrs import field, frozen

from oms_domain.addresses.divisions import Division, Level
from oms_domain.kernel.phones import Phone, PhoneKind


class PieceKind(StrEnum):
    """What a piece of a pasted text is (地址片段)."""

    NAME = "name"
    PHONE = "phone"
    ZIP = "zip"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    TOWN = "town"
    STREET = "street"
    LABEL = "label"  # 收货人：, 电话：
    SEPARATOR = "separator"
    LEFTOVER = "leftover"  # nothing that is known


class DoubtKind(StrEnum):
    """What a person should look at (识别疑问)."""

    AMBIGUOUS_REGION = "ambiguous_region"  # several divisions bear the name
    REGION_CONFLICT = "region_conflict"  # two places name different divisions
    INCOMPLETE = "incomplete"  # a part is missing
    ZIP_CONFLICT = "zip_conflict"  # the postcode lies in another province
    MASKED = "masked"  # a platform shows no more
    FORMER_NAME = "former_name"  # the division is called otherwise now
    LEFTOVER = "leftover"  # a piece of text was not understood
    TOO_LONG = "too_long"  # only the beginning was looked at


@frozen(kw_only=True)
class Piece:
    """A stretch of the pasted text. All pieces, one after the other, are the whole text."""

    kind: PieceKind
    start: int
    stop: int
    text: str = field(repr=False)


@frozen(kw_only=True)
class Doubt:
    """Something doubtful, with the part that it is about. Holds no personal data."""

    kind: DoubtKind
    part: PieceKind | None = None


@frozen(kw_only=True)
class RecognisedAddress:
    """Who, where, and how to call, as far as a pasted text says it (智能识别结果). Personal.

    ``region`` is the path of divisions, the province first, also those that the text leaves out. Where a name means
    several, it goes as far as they agree, and ``candidates`` are their paths.
    """

    name: str = field(repr=False)
    phones: tuple[Phone, ...]
    zip: str = field(repr=False)
    region: tuple[Division, ...]
    town: str = field(repr=False)
    street: str = field(repr=False)
    pieces: tuple[Piece, ...] = field(repr=False)
    doubts: tuple[Doubt, ...]
    candidates: tuple[tuple[Division, ...], ...] = ()

    @property
    def province(self) -> str:
        return self._at(Level.PROVINCE)

    @property
    def city(self) -> str:
        return self._at(Level.CITY)

    @property
    def district(self) -> str:
        return self._at(Level.DISTRICT)

    @property
    def region_codes(self) -> tuple[str, ...]:
        """Codes of the divisions, the province first."""
        return tuple(one.code for one in self.region)

    @property
    def mobile(self) -> Phone | None:
        """The first mobile, or the number that a platform put in its place."""
        kinds = (PhoneKind.MOBILE, PhoneKind.VIRTUAL, PhoneKind.MASKED)
        return next((phone for phone in self.phones if phone.kind in kinds), None)

    @property
    def landline(self) -> Phone | None:
        """The first number that is no mobile."""
        kinds = (PhoneKind.LANDLINE, PhoneKind.SERVICE, PhoneKind.LOCAL)
        return next((phone for phone in self.phones if phone.kind in kinds), None)

    def of(self, kind: PieceKind) -> tuple[str, ...]:
        """Return the pieces of the text of one kind."""
        return tuple(piece.text for piece in self.pieces if piece.kind is kind)

    def _at(self, level: Level) -> str:
        """The name at a level; where several divisions are meant, the name if they share it."""
        names = {one.name for path in self.candidates or (self.region,) for one in path if one.level is level}
        return names.pop() if len(names) == 1 else ""
