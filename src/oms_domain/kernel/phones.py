"""Telephone numbers of China (电话): mobile, landline, 400, and the numbers that platforms put in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar, Final

from attrs import field, frozen

from oms_domain.kernel.errors import Invalid
from oms_domain.kernel.text import mask_phone

LONGEST_PHONE: Final = 40
"""Characters of a text that can be one number; a longer one is not looked at."""


class PhoneKind(StrEnum):
    """What sort of number it is (电话类型)."""

    MOBILE = "mobile"
    VIRTUAL = "virtual"  # a platform's number in the place of the buyer's: useless without its extension
    LANDLINE = "landline"
    SERVICE = "service"  # 400 and 800
    LOCAL = "local"  # a landline without its area code
    MASKED = "masked"  # a platform shows no more


@frozen(kw_only=True)
class InvalidPhone(Invalid):
    """Not a telephone number of China. The number itself is personal, and stands nowhere in the refusal."""

    code: ClassVar[str] = "phones.invalid"
    why: str


@frozen(kw_only=True)
class Phone:
    """A telephone number by its digits, without blanks, country code and brackets. Personal."""

    kind: PhoneKind
    number: str = field(repr=False)
    extension: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.number}-{self.extension}" if self.extension else self.number

    @property
    def mask(self) -> str:
        """The last four digits of the number, and nothing of its extension.

        >>> parse_phone("13000000001-1234", field="phone").mask
        '*******0001-****'
        """
        hidden = mask_phone(self.number)
        return f"{hidden}-{'*' * len(self.extension)}" if self.extension else hidden


_EXTENSION: Final = (
    r"(?:[ ]?(?:-|\#|转|分机|ext\.?|_)[ ]?(?P<{0}>[0-9]{{1,6}})(?![0-9号室楼栋弄])|[ ]?\[(?P<{0}b>[0-9]{{3,6}})\])?"
)


def _with_extension(name: str, number: str) -> str:
    return rf"(?P<{name}>{number})" + _EXTENSION.format(f"{name}_x")


_PATTERN: Final = re.compile(
    r"(?<![0-9*])(?:"
    + "|".join(
        (
            r"(?:(?:\+|00)?86[ -]?)?" + _with_extension("mobile", r"1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4}"),
            r"(?:(?:\+|00)?86[ -]?)?(?P<masked>1[3-9][0-9]\*{4}[0-9]{4})",
            _with_extension("service", r"[48]00[ -]?[0-9]{3}[ -]?[0-9]{4}|[48]00[0-9][ -]?[0-9]{3}[ -]?[0-9]{3}"),
            r"(?:\+86[ -]?)?"
            + _with_extension(
                "landline",
                r"\(?0(?:10|2[0-9])\)?[ -]?[2-9][0-9]{3}[ -]?[0-9]{4}"
                r"|\(?0[3-9][0-9]{2}\)?[ -]?[2-9][0-9]{2,3}[ -]?[0-9]{4}",
            ),
        )
    )
    + r")(?![0-9*])",
    re.ASCII | re.IGNORECASE,
)
_LOCAL: Final = re.compile(
    r"(?<![0-9*])" + _with_extension("local", r"[2-9][0-9]{2,3}[ -]?[0-9]{4}") + r"(?![0-9*])", re.ASCII | re.IGNORECASE
)
_HALF_WIDTH: Final[dict[int, int | str]] = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: " ",
    0xA0: " ",
}
_HALF_WIDTH.update((ord(dash), "-") for dash in "‐‑‒–—―−")


def half_width(text: str) -> str:
    """Return the text with full-width forms, blanks and dashes as plain ones, character by character.

    >>> half_width("１３０　０００—１（Ａ）")
    '130 000-1(A)'
    """
    return text.translate(_HALF_WIDTH)


@frozen(kw_only=True)
class FoundPhone:
    """A number in a text, from ``start`` to ``stop``."""

    phone: Phone
    start: int
    stop: int


def find_phones(text: str, *, local: bool = False) -> Iterator[FoundPhone]:
    """Yield the numbers in a text of half-width characters, in order; ``local``: also those without an area code.

    Digits within a longer run of digits are no number.
    """
    for match in (_LOCAL if local else _PATTERN).finditer(text):
        name = next(
            name for name in ("mobile", "masked", "service", "landline", "local") if match.groupdict().get(name)
        )
        extension = "" if name == "masked" else match[f"{name}_x"] or match[f"{name}_xb"] or ""
        kind = PhoneKind.VIRTUAL if name == "mobile" and extension else PhoneKind(name)
        number = re.sub(r"[^0-9*]", "", match[name])
        if kind is PhoneKind.LANDLINE:
            number = _with_area_code(number)
        yield FoundPhone(
            phone=Phone(kind=kind, number=number, extension=extension), start=match.start(), stop=match.end()
        )


def _with_area_code(digits: str) -> str:
    area = 3 if digits[1] in "12" else 4
    return f"{digits[:area]}-{digits[area:]}"


_DIALLED: Final = re.compile(r"(?:[0-9+()\-#. ]|转|分机|ext)+", re.ASCII | re.IGNORECASE)
SHORTEST_PHONE: Final = 5


def check_dialled(text: str, *, field: str = "phone") -> None:
    """Check that somebody can dial what stands here, in this country or another; empty will do.

    Raises:
        InvalidPhone: ``why`` is too_long, masked or not_a_number. Never with the number in it.

    >>> check_dialled("+852 0000 0000"), check_dialled("0755-88880000转801"), check_dialled("")
    (None, None, None)
    """
    plain = half_width(text[: LONGEST_PHONE + 1]).strip()
    if len(text) > LONGEST_PHONE:
        raise InvalidPhone(field=field, why="too_long")
    if "*" in plain:
        raise InvalidPhone(field=field, why="masked")
    if plain and (not _DIALLED.fullmatch(plain) or sum(char.isdigit() for char in plain) < SHORTEST_PHONE):
        raise InvalidPhone(field=field, why="not_a_number")


def parse_phone(text: str, *, field: str = "phone") -> Phone:
    """Read a text that is one telephone number, in any of the usual ways to write it.

    Raises:
        InvalidPhone: ``why`` is empty, too_long, masked or not_a_number. Never with the number in it.

    >>> parse_phone("+86 130-0000-0001").number, str(parse_phone("(0755) 8888 0000转801"))
    ('13000000001', '0755-88880000-801')
    >>> parse_phone("400-000-0000").kind.value, parse_phone("1300000000１-1234").kind.value
    ('service', 'virtual')
    """
    plain = half_width(text[: LONGEST_PHONE + 1]).strip()
    if not plain or len(text) > LONGEST_PHONE:
        raise InvalidPhone(field=field, why="too_long" if plain else "empty")
    for local in (False, True):
        for found in find_phones(plain, local=local):
            if (found.start, found.stop) != (0, len(plain)):
                continue
            if found.phone.kind is PhoneKind.MASKED:
                raise InvalidPhone(field=field, why="masked")
            return found.phone
    raise InvalidPhone(field=field, why="not_a_number")
